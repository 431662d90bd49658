"""The whole ledger in a form that other systems read: a file of JSON lines, in OCSF or as OpenTelemetry log records.

Such a file proves nothing by itself (`audit.export` makes the one that does); every event in it carries its stored line and leaf hash, which
can be held against the ledger.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from audit import canonical
from audit.bulk import PRUNED_START
from audit.causes import HELP
from audit.errors import AuditUnavailable, ExportError
from audit.notes import Checkpoint
from audit.ocsf import ocsf
from audit.otel import logs, record
from audit.place import Place, Reads
from audit.reading import connect, snapshot

Form = Literal["ocsf", "otel"]
RECORDS = 512
"""Log records of one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What was written: how many events, how many had been pruned and are left out, and the signed checkpoint over all of them."""

    file: Path
    events: int
    pruned: int
    checkpoint: str


def hand_over(path: Place, out: Path, form: Form, *, release: str) -> Handed:
    """Write the ledger at `path`, as of its newest checkpoint, into the new file `out` (mode 0600); all of it or nothing.

    `release` is the product's version, told in each event. Raises `ExportError` if `out` is there already or can't be written,
    `AuditUnavailable` if the ledger can't be read or holds a line that is no event.
    """
    if out.exists():
        raise ExportError(f"{out.name} is there already; name a new file")
    partial = out.with_name(f".{out.name}.partial")
    try:
        with closing(connect(path)) as connection, snapshot(connection):
            done = _write(connection, partial, out, form, release)
        partial.rename(out)
    except OSError as error:
        raise ExportError(f"{out.name} can't be written: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise AuditUnavailable("corrupt", HELP["corrupt"]) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return done


def _write(connection: Reads, partial: Path, out: Path, form: Form, release: str) -> Handed:
    row = connection.execute("SELECT note FROM head").fetchone()
    if row is None:
        raise AuditUnavailable("corrupt", HELP["corrupt"])
    note = str(row[0])
    head = Checkpoint.parse(note.rpartition("\n\n")[0] + "\n")
    events = 0
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        batch = []
        for line in _lines(connection, head.size):
            body = json.loads(line)
            events += 1
            if form == "ocsf":
                file.write(_json(ocsf(line, body, origin=head.origin, release=release)))
                continue
            batch.append(record(line, body))
            if len(batch) == RECORDS:
                file.write(_json(logs(batch, origin=head.origin, release=release)))
                batch = []
        if batch:
            file.write(_json(logs(batch, origin=head.origin, release=release)))
        file.flush()
        os.fsync(file.fileno())
    return Handed(file=out, events=events, pruned=head.size - events, checkpoint=note)


def _json(made: object) -> bytes:
    return canonical.encode(made).encode() + b"\n"


def _lines(connection: Reads, size: int) -> Iterator[bytes]:
    """The lines whose bodies are kept."""
    for (found,) in connection.execute("SELECT CAST(body AS BLOB) FROM entry WHERE idx < ? ORDER BY idx", (size,)):
        if not found.startswith(PRUNED_START):
            yield found
