"""Entries stream out at least once and in order; a sink that fails is seen, resumes, and never meets the writer."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from audit import sinks
from audit.search import Reader
from tests.fixtures.ledgers import Home, filled_home, intent, real_clock


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return filled_home(tmp_path / "home", 3)


def lines(home: Home) -> list[bytes]:
    return [event.line for event in Reader(home.path).search(limit=1000, newest_first=False).events]


def test_a_file_gets_every_entry_once_and_then_only_what_is_new(home, tmp_path):
    folder, out = tmp_path / "sinks", tmp_path / "out.jsonl"
    sinks.add(folder, "archive", f"file://{out}")
    assert sinks.pump(home.path, folder, real_clock) == 7
    assert sinks.pump(home.path, folder, real_clock) == 0
    with home.open() as ledger:
        ledger.append(intent("later"))
    assert [found.behind for found in sinks.standing(folder, 8)] == [1]
    assert sinks.pump(home.path, folder, real_clock) == 1
    assert out.read_bytes().split(b"\n")[:-1] == lines(home)


def test_after_a_crash_before_the_cursor_moved_entries_come_twice_but_none_is_missing(home, tmp_path, monkeypatch):
    folder, out = tmp_path / "sinks", tmp_path / "out.jsonl"
    monkeypatch.setattr(sinks, "BATCH", 2)
    sinks.add(folder, "archive", f"file://{out}")
    real, calls = sinks._put, []

    def dies(path, content):
        calls.append(path)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(sinks, "_put", dies)
    with pytest.raises(KeyboardInterrupt):
        sinks.pump(home.path, folder, real_clock)
    out.write_bytes(out.read_bytes()[:-9])
    sinks.pump(home.path, folder, real_clock)
    got = [line for line in out.read_bytes().split(b"\n") if line]
    assert set(lines(home)) <= set(got)
    assert len(got) > 7


def test_syslog_over_tcp_is_rfc_5424_with_octet_counts(home, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        received: list[bytes] = []

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(65536):
                    received.append(data)

        thread = threading.Thread(target=take)
        thread.start()
        sinks.add(tmp_path / "sinks", "siem", f"tcp://127.0.0.1:{server.getsockname()[1]}")
        assert sinks.pump(home.path, tmp_path / "sinks", real_clock) == 7
        thread.join(30)
    data, messages = b"".join(received), []
    while data:
        length, _, data = data.partition(b" ")
        messages.append(data[: int(length)])
        data = data[int(length) :]
    header = re.compile(rb'<110>1 (\S+) - wenshu - (\S+) \[meta sequenceId="\d+"\] (.*)', re.DOTALL)
    taken = [header.fullmatch(message) for message in messages]
    assert [found[3] for found in taken] == lines(home)
    for found in taken:
        body = json.loads(found[3])
        assert (found[1].decode(), found[2].decode()) == (body["time"], body["type"])


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_syslog_in_datagrams_tells_a_line_too_long_by_its_hash(home, tmp_path, kind):
    with home.open() as ledger:
        ledger.append(intent("long", detail={"x": "y" * 70_000}))
    family = socket.AF_INET if kind == "udp" else socket.AF_UNIX
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server.settimeout(30)
        server.bind(("127.0.0.1", 0) if kind == "udp" else str(tmp_path / "log"))
        target = f"udp://127.0.0.1:{server.getsockname()[1]}" if kind == "udp" else f"unix://{tmp_path / 'log'}"
        sinks.add(tmp_path / "sinks", "siem", target)
        assert sinks.pump(home.path, tmp_path / "sinks", real_clock) == 8
        messages = [server.recv(70_000) for _ in range(8)]
    assert json.loads(messages[-1].split(b"] ", 1)[1])["index"] == 7


def test_a_sink_that_fails_is_seen_and_the_others_go_on(home, tmp_path):
    folder = tmp_path / "sinks"
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    sinks.add(folder, "a-dead", f"tcp://127.0.0.1:{port}")
    sinks.add(folder, "b-file", f"file://{tmp_path / 'out'}")
    for _ in range(2):
        sinks.pump(home.path, folder, real_clock)
    dead, file = sinks.standing(folder, 7)
    assert (dead.behind, file.behind) == (7, 0)
    assert dead.failing_since is not None
    assert dead.error
    assert file.failing_since is None
    with closing(socket.create_server(("127.0.0.1", port))):
        sinks.pump(home.path, folder, real_clock)
    assert sinks.standing(folder, 7)[0].failing_since is None


@pytest.mark.parametrize("target", ["", "http://x", "tcp://x", "udp://:5", "file://host/x", "unix:rel", "tcp://x:99999"])
def test_a_target_that_leads_nowhere_is_refused(tmp_path, target):
    with pytest.raises(sinks.SinkError):
        sinks.add(tmp_path / "sinks", "x", target)
    assert not (tmp_path / "sinks").exists()
