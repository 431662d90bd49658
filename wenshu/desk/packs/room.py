"""Making an evidence pack: a commitment in the ledger first, then the files, all of them or none."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from audit import standalone
from audit.errors import ExportError
from audit.events import format_time
from audit.merkle import inclusion_proof, root_at
from audit.reading import connect, read_node, snapshot
from audit.records import RECORD
from audit.search import FILTERED
from governance.bundle.loading import Bundle, bundle_files
from governance.errors import InvalidQuery
from governance.terms import Actor
from wenshu.desk.door import Door, read_head
from wenshu.desk.filters import read_filter, sayable
from wenshu.desk.four_eyes import FourEyes
from wenshu.desk.integrity import Integrity
from wenshu.desk.labels import Labels
from wenshu.desk.packs.report import Report, write_reports
from wenshu.desk.second import SecondOfficers
from wenshu.desk.signing import Signing

MADE = "ledger.pack"
PROOFS = 5_000
"""Events that get a proof of their own, to be handed on singly; the leaves prove all of them together."""
PRUNED = b'{"pruned":"'
README = """\
Wenshu evidence pack / 问数证据包
================================

report.zh.html report.zh.pdf report.en.html report.en.pdf   to read / 可读报告
events.jsonl   the events of the filter, as they are stored, and the entry that committed to this pack / 符合筛选条件的事件原文
facets.jsonl   every other entry: its number and the values that show that it does not match / 其余条目的编号与不符合条件的字段
leaves         the leaf hash of every entry / 全部条目的叶哈希
prunings.jsonl   the signed records of what was pruned / 已签名的清除记录
proofs.jsonl   for each event the hashes on its way to the root (RFC 6962) / 每个事件的包含证明
checkpoint     signed head of the ledger (C2SP signed note) · vkey: its verifier key / 已签名的检查点与验证公钥
policies/      the rules that were in force / 当时有效的规则
pack.json      the filter and what it covers / 筛选条件与范围
verify.py      the checker, with Python's standard library alone / 只用 Python 标准库的验证程序

    python3 verify.py . vkey
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a pack holds: `matched` events of `size` entries, under the checkpoint's `root` (hex); `event` committed to it."""

    matched: int
    size: int
    root: str
    event: str
    index: int


class Packs:
    """Makes packs for reviewers. `bundle_folder(version)` gives the folder of a bundle that was in force, None where it isn't kept."""

    def __init__(
        self,
        door: Door,
        second: SecondOfficers,
        eyes: FourEyes,
        *,
        bundle: Callable[[], Bundle],
        bundle_folder: Callable[[str], Path | None],
        integrity: Integrity,
        signing: Signing,
        labels: Labels,
    ) -> None:
        self._door, self._second, self._eyes, self._integrity, self._signing = door, second, eyes, integrity, signing
        self._bundle, self._bundle_folder, self._labels = bundle, bundle_folder, labels

    def zipped(self, actor: Actor, filters: Mapping[str, str]) -> bytes:
        """Return a pack as the bytes of a ZIP file."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "wenshu-evidence"
            self.make(actor, filters, folder)
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        packed.write(path, path.relative_to(folder.parent).as_posix())
            return buffer.getvalue()

    def make(self, actor: Actor, filters: Mapping[str, str], out: Path) -> Made:
        """Write the pack of a filter into the new or empty folder `out`.

        Raises InvalidQuery for a filter that completeness can't be proved for (`text`), SecondOfficerNeeded where an event of it must be opened by two,
        ExportError where the folder can't be written.
        """
        wanted = self.spec(filters)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ExportError(f"{out.name} is there already and not an empty folder; name a new one")
        self._door.enter(actor, "pack", {"filters": sayable(filters, self._door)})
        self._eyes.insist(actor, "pack", filters, sayable(filters, self._door))
        partial_folder = out.with_name(f".{out.name}.partial")
        try:
            partial_folder.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise ExportError(f"{out.name} can't be made: {error.strerror}") from error
        try:
            made = self._write(actor, filters, wanted, partial_folder)
            if out.exists():
                out.rmdir()
            partial_folder.rename(out)
        except OSError as error:
            raise ExportError(f"{out.name} can't be written: {error.strerror}") from error
        finally:
            shutil.rmtree(partial_folder, ignore_errors=True)
        return made

    def spec(self, filters: Mapping[str, str]) -> dict[str, Any]:
        """Return the filter as the checker reads it: values by member, `since` and `until` as UTC texts."""
        read = read_filter(filters, self._door.zone)
        if read.text or read.day:
            raise InvalidQuery("a pack is made by person, case, period, purpose … since free words can't be proved complete; leave out `text` and `day`, use since and until")
        wanted: dict[str, Any] = {name: list(value) for name in (*FILTERED, "request") if (value := getattr(read, name))}
        for name in ("since", "until"):
            moment: dt.datetime | None = getattr(read, name)
            if moment is not None:
                wanted[name] = format_time(moment)
        return wanted

    # ------------------------------------------------------------------ the files

    def _write(self, actor: Actor, filters: Mapping[str, str], wanted: Mapping[str, Any], folder: Path) -> Made:
        names = standalone.fields(wanted)
        size = self._door.signed()  # not how many events there are: pruned entries have their numbers, too
        commitment, matching, bundles = hashlib.sha256(), [], set()
        with (folder / "events.jsonl").open("wb") as events, (folder / "facets.jsonl").open("wb") as others, (folder / "prunings.jsonl").open("wb") as prunings:
            for number, line in self._lines(size):
                if line.startswith(PRUNED):
                    facet: dict[str, Any] = {"index": number, "pruned": True}
                    others.write(standalone.written(facet))
                else:
                    body = json.loads(line)
                    facet = standalone.facets(body, names)
                    if body["type"] == RECORD:
                        prunings.write(line + b"\n")
                    if standalone.matches(facet, wanted):
                        self._second.insist(actor, body)
                        events.write(line + b"\n")
                        matching.append(body)
                        bundles.add(str(body["detail"].get("bundle") or ""))
                    else:
                        others.write(standalone.written(facet))
                commitment.update(standalone.written(facet))
            detail = {
                "filters": sayable(filters, self._door),
                "facets_sha256": commitment.hexdigest(),
                "size": size,
                "root": self._root(size),
                "events": len(matching),
            }
            receipt = self._door.record(actor, MADE, detail)
            made_line = self._door.reader.event(receipt.event).line
            events.write(made_line + b"\n")
        head = self._prove(folder, [body["index"] for body in matching])
        pack = {"filter": wanted, "asked": dict(filters), "size": size, "made_by": receipt.index, "matched": len(matching), "made_at": json.loads(made_line)["time"]}
        (folder / "pack.json").write_text(json.dumps(pack, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        (folder / "vkey").write_text(f"{self._door.ledger.vkey}\n", encoding="utf-8")
        (folder / "README").write_text(README, encoding="utf-8")
        (folder / "verify.py").write_bytes(files("audit").joinpath("standalone.py").read_bytes())
        policies = self._policies(folder / "policies", bundles - {""})
        write_reports(
            folder,
            Report(
                made_by=actor.id,
                made_at=pack["made_at"],
                filters=dict(filters),
                events=matching,
                size=size,
                root=head[1],
                policies=policies,
                signoffs=self._signing.told()["signoffs"],
                integrity=self._integrity.told(),
                zone=self._door.zone,
                called=self._labels.text,
            ),
        )
        return Made(matched=len(matching), size=head[0], root=head[1], event=receipt.event, index=receipt.index)

    def _lines(self, size: int) -> Iterator[tuple[int, bytes]]:
        with closing(connect(self._door.path)) as connection, snapshot(connection):
            yield from connection.execute("SELECT idx, CAST(body AS BLOB) FROM entry WHERE idx < ? ORDER BY idx", (size,))

    def _root(self, size: int) -> str:
        with closing(connect(self._door.path)) as connection, snapshot(connection):
            return root_at(size, partial(read_node, connection)).hex()

    def _prove(self, folder: Path, numbers: list[int]) -> tuple[int, str]:
        """Write checkpoint, leaves and proofs of one moment; returns size and root (hex)."""
        with closing(connect(self._door.path)) as connection, snapshot(connection):
            note = str(connection.execute("SELECT note FROM head").fetchone()[0])
            head = read_head(note)
            (folder / "checkpoint").write_bytes(note.encode())
            with (folder / "leaves").open("w", encoding="ascii") as leaves:
                for (leaf,) in connection.execute("SELECT leaf FROM entry WHERE idx < ? ORDER BY idx", (head.size,)):
                    leaves.write(bytes(leaf).hex() + "\n")
            with (folder / "proofs.jsonl").open("w", encoding="ascii") as proofs:
                for number in numbers[:PROOFS]:
                    path = inclusion_proof(number, head.size, partial(read_node, connection))
                    proofs.write(json.dumps({"index": number, "path": [item.hex() for item in path]}) + "\n")
        return head.size, head.root.hex()

    def _policies(self, folder: Path, versions: set[str]) -> list[tuple[str, bool]]:
        """Copy the bundles that the events name, and the one in force; returns their hashes, and whether each could be had."""
        current = self._bundle()
        kept = []
        for version in sorted(versions | {current.version}):
            source = current.folder if version == current.version else self._bundle_folder(version)
            kept.append((version, source is not None and source.is_dir()))
            if source is None or not source.is_dir():
                continue
            for path in bundle_files(source):
                target = folder / version[:16] / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        return kept


