"""Onboarding in the steward's page: files that no mapping names, a mapping proposed for each, confirmed by the steward, and the load itself.

What a steward confirms is kept in `<home>/stewardship/extracts/` beside the bundle's own mappings and counts like them; each confirmation is in
the ledger, by the SHA-256 of what was confirmed, before it is written. The bundle stays the committee's. A load runs as a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from audit import Event
from governance.errors import BundleError, IngestError
from governance.terms import Actor
from wenshu import columns
from wenshu.desk.door import NotPermitted

if TYPE_CHECKING:
    from governance.bundle.loading import Bundle
    from governance.ingest.carriers import Source

INBOX = "inbox"
STEWARDSHIP = "stewardship"
"""The folder of a home with what its stewards confirmed: `extracts/` and `classification/`, beside the bundle's."""
PROGRESS, SOURCE = "progress.json", "source"
"""In `<home>/ingest/`: how far a load is, and the folder that the last one read."""
WORDS: Mapping[str, Mapping[str, str]] = {
    "plain": {"level": "general", "handling": "keep"},
    "personal": {"level": "personal", "handling": "drop"},
    "sensitive": {"level": "sensitive", "handling": "drop"},
}
"""What a steward can say about one column in the page, and what it means."""
_LONGEST = 200
_MOST = 60_000
"""Characters of a mapping; a long one has a few thousand."""


class Inbox:
    """The folder that loads come from, as a steward sees it. `may` says who may enter; `record` appends to the ledger; `start` runs a command."""

    def __init__(
        self,
        *,
        root: Path,
        bundle: Callable[[], Bundle],
        record: Callable[[Event], object],
        may: Callable[[Actor], bool],
        start: Callable[[list[str]], None] | None = None,
    ) -> None:
        self._root, self._bundle, self._record, self._may = root, bundle, record, may
        self._start = start or _run
        self._seen: tuple[object, dict[str, Any]] | None = None
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where the last load's files lay, or `<home>/inbox` before the first."""
        try:
            last = Path((self._root / "ingest" / SOURCE).read_text(encoding="utf-8").strip())
        except OSError:
            return self._root / INBOX
        return last if last.is_dir() else self._root / INBOX

    def look(self, actor: Actor) -> Mapping[str, Any]:
        """The files with their mappings, a proposal for each that has none, what can't be read, and how far a load is.

        `files` are {name, extract}; `without_file` the extracts of the bundle of which no file is here; `proposals` {extract, file, table, lacking, text, columns}; `loading` is {state: running | done | failed, step, share,
        error} or None. Raises NotPermitted.
        """
        self._check(actor)
        return {**self._found(), "loading": self.loading()}

    def confirm(self, actor: Actor, extract: str, text: str) -> str:
        """Make a mapping count, and return its name. Raises IngestError, with nothing written, saying what is wrong with it."""
        self._check(actor)
        proposal = next((item for item in self._found()["proposals"] if item["extract"] == extract), None)
        if proposal is None:
            raise IngestError(f"there is no file without a mapping for the extract {extract!r}")
        if len(text) > _MOST:
            raise IngestError(f"a mapping has at most {_MOST:,} characters")
        plain = text.replace("\r\n", "\n")
        self._try(extract, plain)
        digest = hashlib.sha256(plain.encode()).hexdigest()
        self._record(Event(type="mapping.confirmed", actor=actor.id, role=actor.role, department=actor.department, detail={"extract": extract, "sha256": digest}))
        self._write(f"{extract}.yaml", plain)
        self._seen = None
        return extract

    def leave_out(self, actor: Actor, extracts: Sequence[str]) -> None:
        """Say that this company doesn't have some extracts of the bundle, of which no file is here: their mappings count no longer. Raises IngestError."""
        from governance.ingest.mappings import LEFT_OUT, left_out_of

        self._check(actor)
        wanted = set(extracts)
        if not wanted or not wanted <= set(self._found()["without_file"]):
            raise IngestError("choose extracts of the bundle of which no file is in the folder")
        all_of_them = sorted(wanted | left_out_of(self._root / STEWARDSHIP))
        text = yaml.safe_dump({"format": 1, "extracts": all_of_them})
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._record(Event(type="mapping.left_out", actor=actor.id, role=actor.role, department=actor.department, detail={"extracts": sorted(wanted), "sha256": digest}))
        self._write(LEFT_OUT, text)
        self._seen = None

    def classify(self, actor: Actor, extract: str, column: str, word: str, reason: str) -> None:
        """Keep a steward's word about one column: `plain` (nothing personal, may stay), `personal` or `sensitive` (stays out). It counts for proposals and loads.

        Raises IngestError, with nothing written, saying what is wrong.
        """
        self._check(actor)
        found = self._found()
        extracts = {item["extract"] for item in found["proposals"]} | {item["extract"] for item in found["files"] if item["extract"]}
        if extract not in extracts:
            raise IngestError(f"there is no extract {extract!r} in this folder")
        profiles = {item["column"]: item for proposal in found["proposals"] if proposal["extract"] == extract for item in proposal["columns"]}
        name, why = column.strip(), reason.strip()
        if not name or len(name) > _LONGEST or (profiles and name not in profiles):
            raise IngestError(f"the extract {extract} has no such column; choose one of its header")
        if not why or len(why) > _LONGEST:
            raise IngestError("say why in a few words; the reason stands beside the word in the classification")
        if word not in WORDS:
            raise IngestError(f"{word!r} is no word about a column; use {', '.join(WORDS)}")
        category = "none" if word == "plain" else str(profiles.get(name, {}).get("category", "free_text"))
        said = {"extract": extract, "column": name, **WORDS[word], "category": category if word == "plain" or category != "none" else "free_text", "reason": why}
        columns.add(self._root / STEWARDSHIP, said, lambda told: self._record(Event(type="column.confirmed", actor=actor.id, role=actor.role, department=actor.department, detail=told)))
        self._seen = None

    def load(self, actor: Actor) -> None:
        """Begin a load of the folder. Raises IngestError where one is running."""
        self._check(actor)
        now = self.loading()
        if now is not None and now["state"] == "running":
            raise IngestError("a load is running; wait until it has ended")
        self._record(Event(type="ingest.requested", actor=actor.id, role=actor.role, department=actor.department))
        (self._root / "ingest").mkdir(mode=0o700, exist_ok=True)
        _note(self._root, {"state": "running", "step": "", "share": 0.0, "error": None})
        self._start([sys.executable, "-c", "from wenshu.cli import main; main()", "--home", str(self._root), "ingest", str(self.folder)])

    def loading(self) -> dict[str, Any] | None:
        """How far a load is, or how the last one ended; None: none was begun."""
        try:
            found: dict[str, Any] = json.loads((self._root / "ingest" / PROGRESS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if found.get("state") == "running" and found.get("pid") and not _lives(int(found["pid"])):
            return found | {"state": "failed", "error": "the load was ended from outside; nothing was changed"}
        return found

    # ------------------------------------------------------------------ helpers

    def _check(self, actor: Actor) -> None:
        if not self._may(actor):
            raise NotPermitted

    def _found(self) -> dict[str, Any]:
        """What lies in the folder; looked at anew when a file or a mapping has changed."""
        folder, bundle = self.folder, self._bundle()
        if not folder.is_dir():
            return {"folder": str(folder), "files": [], "proposals": [], "unread": [], "without_file": []}
        stamp = (
            str(folder), bundle.version,
            tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for where in (folder, self._root / STEWARDSHIP / "extracts", self._root / STEWARDSHIP / "classification") if where.is_dir() for path in sorted(where.iterdir())),
        )  # fmt: skip
        with self._lock:
            if self._seen is None or self._seen[0] != stamp:
                self._seen = (stamp, self._look(bundle, folder))
            return self._seen[1]

    def _look(self, bundle: Bundle, folder: Path) -> dict[str, Any]:
        from governance.ingest.carriers import sources
        from governance.ingest.files import find
        from governance.ingest.mappings import load_plan
        from wenshu.onboarding import examine

        more = self._root / STEWARDSHIP
        among: list[Source] = sources(folder)
        mappings = load_plan(bundle.folder, unmapped=True, more=more).mappings
        named = {source.name: mapping.extract for mapping in mappings for source in find(among, mapping)}
        own = {path.stem for path in (more / "extracts").glob("*.yaml")}
        found = examine(bundle, folder, more=more)
        return {
            "folder": str(folder),
            "files": [{"name": source.name, "extract": named.get(source.name)} for source in among],
            "proposals": [
                {
                    "extract": item.extract, "file": item.file, "table": item.table, "lacking": list(item.lacking), "text": item.text(),
                    "columns": [column for column in found.columns if column["extract"] == item.extract],
                }
                for item in found.proposals
            ],
            "unread": list(found.unread),
            "without_file": sorted({mapping.extract for mapping in mappings} - set(named.values()) - own) if among else [],
        }  # fmt: skip

    def _try(self, extract: str, text: str) -> None:
        """Read the mapping beside all others, as a load would, from a folder that goes away."""
        from governance.ingest.mappings import load_plan

        standing = self._root / STEWARDSHIP / "extracts"
        with tempfile.TemporaryDirectory(dir=self._root) as trial:
            (Path(trial) / "extracts").mkdir()
            for path in sorted(standing.glob("*.yaml")) if standing.is_dir() else ():
                (Path(trial) / "extracts" / path.name).write_bytes(path.read_bytes())
            (Path(trial) / "extracts" / f"{extract}.yaml").write_text(text, encoding="utf-8")
            try:
                plan = load_plan(self._bundle().folder, more=Path(trial))
            except BundleError as error:
                raise IngestError("; ".join(f"{problem.where}: {problem.message}" for problem in error.problems)) from error
        if extract not in {mapping.extract for mapping in plan.mappings}:
            raise IngestError(f"the mapping must say `extract: {extract}`")

    def _write(self, name: str, text: str) -> None:
        folder = self._root / STEWARDSHIP / "extracts"
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=folder, suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(fresh).replace(folder / name)


def _note(root: Path, told: Mapping[str, Any]) -> None:
    (root / "ingest" / PROGRESS).write_text(json.dumps(told), encoding="utf-8")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _run(command: list[str]) -> None:
    """Run a load apart from this process: it goes on when a worker is replaced. What it says stands in the progress file and its report."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=process.wait, daemon=True).start()
