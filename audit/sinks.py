"""Streaming the ledger out: to files and to syslog (RFC 5424 over UDP, TCP or a Unix socket).

A pump is a reader like any other: it never meets the writer, so no sink, however slow, slows or loses an event. Each sink has a cursor
on disk that moves only after delivery, so every entry is delivered at least once; after a crash some come twice, and their
`index` tells. A sink that fails is tried again, and its standing says since when and why.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from audit.errors import AuditError
from audit.events import format_time
from audit.merkle import leaf_hash
from audit.place import Place
from audit.reading import connect, snapshot

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
BATCH = 500
"""Entries delivered before the cursor moves."""

PATIENCE_S = 5.0
DATAGRAM = 60_000
"""Longest message sent in a datagram; a longer line is told by its number and hash."""

PRIORITY = 13 * 8 + 6
"""Facility "log audit", severity "informational" (RFC 5424 section 6.2.1)."""


class SinkError(AuditError):
    """A sink can't be added as asked; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one sink stands: the next entry it gets, how many it is behind, and since when it fails and why (None: it doesn't)."""

    name: str
    kind: str
    cursor: int
    behind: int
    delivered_at: str | None
    failing_since: str | None
    error: str | None


def add(folder: Path, name: str, target: str) -> None:
    """Add a sink (or give a known one another target): `file:///path`, `udp://host:port`, `tcp://host:port` or `unix:///path`."""
    if not NAME.fullmatch(name):
        raise SinkError("a sink's name is lower-case letters, digits, - and _")
    parts = urlsplit(target)
    try:
        port = parts.port
    except ValueError:
        port = None
    remote = parts.scheme in {"udp", "tcp"} and parts.hostname and port
    local = parts.scheme in {"file", "unix"} and not parts.netloc and parts.path.startswith("/")
    if not remote and not local:
        raise SinkError("a sink's target is file:///path, udp://host:port, tcp://host:port or unix:///path")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put(folder / f"{name}.json", {"target": target})


def standing(folder: Path, size: int) -> list[Standing]:
    """How the sinks in `folder` stand, the ledger having `size` entries; empty if there are none."""
    return [_stands(folder, name, target, size) for name, target in _known(folder)]


def pump(path: Place, folder: Path, clock: Callable[[], datetime]) -> int:
    """Deliver to every sink what it has not had; returns how many deliveries there were. One sink's failure is not another's.

    Raises `AuditUnavailable` if the ledger can't be read.
    """
    delivered = 0
    for name, target in _known(folder):
        state = _state(folder, name)
        try:
            with _opened(target) as deliver:
                for lines in _batches(path, int(str(state["next"]))):
                    deliver(lines)
                    delivered += len(lines)
                    at = format_time(clock())
                    state = {"next": lines[-1][0] + 1, "at": at, "failing_since": None, "error": None}
                    _put(folder / f"{name}.cursor", state)
        except OSError as error:
            since = state.get("failing_since") or format_time(clock())
            reason = error.strerror or type(error).__name__
            _put(folder / f"{name}.cursor", state | {"failing_since": since, "error": reason})
    return delivered


Lines = Sequence[tuple[int, bytes]]


def _batches(path: Place, start: int) -> Iterator[Lines]:
    while True:
        with closing(connect(path)) as connection, snapshot(connection):
            rows: Lines = connection.execute(
                "SELECT idx, CAST(body AS BLOB) FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?", (start, BATCH)
            ).fetchall()
        if not rows:
            return
        yield rows
        start = rows[-1][0] + 1


@contextmanager
def _opened(target: str) -> Iterator[Callable[[Lines], None]]:
    parts = urlsplit(target)
    if parts.scheme == "file":
        with _File(Path(parts.path)) as file:
            yield file.deliver
        return
    kind = socket.SOCK_STREAM if parts.scheme == "tcp" else socket.SOCK_DGRAM
    if parts.scheme == "unix":
        made, address = socket.socket(socket.AF_UNIX, kind), parts.path
        made.settimeout(PATIENCE_S)
        made.connect(address)
    elif parts.scheme == "tcp":
        made = socket.create_connection((parts.hostname or "", parts.port or 0), PATIENCE_S)
    else:
        family, _, _, _, where = socket.getaddrinfo(parts.hostname, parts.port, type=kind)[0]
        made = socket.socket(family, kind)
        made.connect(where)
    with made:
        yield lambda lines: _send(made, lines, framed=parts.scheme == "tcp")


class _File:
    """A file that grows by whole lines, on the disk before delivery counts."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        # A line cut short by a crash or a full disk is ended, so that the next ones stay whole; it comes again.
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def deliver(self, lines: Lines) -> None:
        data = memoryview(b"".join(line + b"\n" for _, line in lines))
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)


def _send(made: socket.socket, lines: Lines, *, framed: bool) -> None:
    for number, line in lines:
        message = _syslog(number, line)
        if framed:
            made.sendall(b"%d %b" % (len(message), message))  # octet counting, RFC 6587 section 3.4.1
        else:
            made.send(message if len(message) <= DATAGRAM else _syslog(number, _long(number, line)))


def _syslog(number: int, line: bytes) -> bytes:
    """One RFC 5424 message: time and type of the event in the header, the line as it is stored as the message."""
    try:
        body = json.loads(line)
        time, kind = str(body["time"]), str(body["type"])[:32]
    except (ValueError, KeyError, TypeError):  # a pruned line
        time, kind = "-", "pruned"
    return f'<{PRIORITY}>1 {time} - wenshu - {kind} [meta sequenceId="{number % 2**31 or 1}"] '.encode() + line


def _long(number: int, line: bytes) -> bytes:
    return json.dumps({"index": number, "leaf": leaf_hash(line).hex(), "bytes": len(line)}).encode()


def _known(folder: Path) -> list[tuple[str, str]]:
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append((path.stem, str(json.loads(path.read_text(encoding="utf-8"))["target"])))
        except (ValueError, KeyError, TypeError) as error:
            raise SinkError(f"the settings of the sink {path.stem} are damaged; add it anew") from error
    return found


def _state(folder: Path, name: str) -> dict[str, object]:
    try:
        found = json.loads((folder / f"{name}.cursor").read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and type(found.get("next")) is int else _fresh()
    except (OSError, ValueError):
        return _fresh()  # rather everything again than anything lost


def _fresh() -> dict[str, object]:
    return {"next": 0, "at": None, "failing_since": None, "error": None}


def _stands(folder: Path, name: str, target: str, size: int) -> Standing:
    state = _state(folder, name)
    cursor = int(str(state["next"]))
    at, since, error = (None if state.get(key) is None else str(state[key]) for key in ("at", "failing_since", "error"))
    return Standing(
        name=name,
        kind=urlsplit(target).scheme,
        cursor=cursor,
        behind=max(0, size - cursor),
        delivered_at=at,
        failing_since=since,
        error=error,
    )


def _put(path: Path, content: dict[str, object]) -> None:
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
