"""Handing the whole ledger over: the stored lines, the signed checkpoint, and what is needed to check them.

The folder's form is a contract (docs/reference/ledger.md): `events.jsonl`, `checkpoint`, `vkey`, `README`; beside them `leaves`, which lets
a checker name the line that is wrong, and `verify.py`, which needs nothing of this project.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from audit.bulk import own_hash
from audit.causes import HELP
from audit.errors import AuditUnavailable, ExportError
from audit.notes import Checkpoint, VerifierKey
from audit.place import Place, Reads
from audit.reading import connect, snapshot

README = """\
Wenshu ledger export / 问数审计账本导出
=====================================

events.jsonl  one stored event a line, byte for byte, in order / 每行一个已存事件，按序，逐字节原样
checkpoint    signed head: origin, size, base64 root (C2SP signed note) / 已签名的检查点：来源、条数、根
vkey          the ledger's verifier key; compare it with one from elsewhere / 验证公钥，请与另行取得的公钥核对
leaves        the leaf hash of each event in hex; names a line that was changed / 每个事件的叶哈希
verify.py     checks all of this with Python's standard library alone / 只用 Python 标准库的验证程序

    python3 verify.py . vkey

Leaf hash: SHA-256(0x00 || line without its newline). Node: SHA-256(0x01 || left || right). Tree and root: RFC 6962,
section 2.1. Signature: Ed25519 over the checkpoint's text (c2sp.org/signed-note, c2sp.org/tlog-checkpoint).
A line {"pruned":"<hex>"} stands for a body that was removed; its leaf hash is kept.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: where, how many events, and the signed checkpoint over them."""

    folder: Path
    events: int
    checkpoint: str


def export(path: Place, out: Path, *, vkey: str) -> Exported:
    """Write the ledger at `path` into the new or empty folder `out`; all of it or nothing.

    One snapshot of the database, up to its newest signed checkpoint. What is written is what is stored: whether it holds is for
    `verify` to say. Raises `ExportError` if `out` is not empty or can't be written, `AuditUnavailable` if the ledger can't be read,
    `InvalidNote` if `vkey` is malformed.
    """
    key = VerifierKey.parse(vkey)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out.name} is there already and not an empty folder; name a new one")
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise ExportError(f"{out.name} can't be made: {error.strerror}") from error
    try:
        with closing(connect(path)) as connection, snapshot(connection):
            result = _write(connection, partial, key)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        raise ExportError(f"{out.name} can't be written: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Exported(folder=out, events=result.size, checkpoint=result.note)


@dataclass(frozen=True, slots=True)
class _Written:
    size: int
    note: str


def _write(connection: Reads, folder: Path, key: VerifierKey) -> _Written:
    row = connection.execute("SELECT note FROM head").fetchone()
    if row is None:
        raise AuditUnavailable("corrupt", HELP["corrupt"])
    note = str(row[0])
    size = Checkpoint.parse(note.rpartition("\n\n")[0] + "\n").size
    with (folder / "events.jsonl").open("wb") as events, (folder / "leaves").open("w", encoding="ascii") as leaves:
        for line in _lines(connection, size):
            events.write(line + b"\n")
            leaves.write(own_hash(line).hex() + "\n")
        for file in (events, leaves):
            file.flush()
            os.fsync(file.fileno())
    (folder / "checkpoint").write_bytes(note.encode())
    (folder / "vkey").write_bytes(f"{key}\n".encode())
    (folder / "README").write_bytes(README.encode())
    (folder / "verify.py").write_bytes(files("audit").joinpath("standalone.py").read_bytes())
    return _Written(size, note)


def _lines(connection: Reads, size: int) -> Iterator[bytes]:
    rows = connection.execute("SELECT CAST(body AS BLOB) FROM entry WHERE idx < ? ORDER BY idx", (size,))
    for (line,) in rows:
        yield line
