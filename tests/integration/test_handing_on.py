"""A message that is handed on reaches its contact, is sealed until then, and is in no ledger, log or file name."""

from __future__ import annotations

import datetime as dt
import mailbox
import socketserver
import stat
import threading

import pytest

from governance.errors import ConfigurationError, InvalidQuery
from governance.terms import Actor
from wenshu.handing_on import Outbox, UnknownMessage
from wenshu.mailboxes import read_mailboxes

NOW = dt.datetime(2026, 11, 15, 9, 0, tzinfo=dt.UTC)
WHO = Actor(id="market", role="marketing", department="marketing")
WORDS = "患者服用后皮疹，电话 13812345678"
CONTACTS = {"drug_safety": object()}


class Kept:
    """Collects what is recorded."""

    def __init__(self):
        self.events = []

    def __call__(self, actor, kind, detail):
        self.events.append((actor.id if actor else None, kind, dict(detail)))


def outbox(tmp_path, mailboxes="", record=None):
    (tmp_path / "keys").mkdir(exist_ok=True)
    (tmp_path / "mailboxes.yaml").write_text(mailboxes, encoding="utf-8")
    return Outbox.open(tmp_path, tmp_path / "keys", record=record or Kept(), clock=lambda: NOW)


def test_a_message_without_a_mailbox_waits_sealed_and_can_be_read_out(tmp_path):
    record = Kept()
    box = outbox(tmp_path, record=record)
    handed = box.hand_on(WHO, "drug_safety", WORDS, contacts=CONTACTS)
    assert handed.delivered_at is None
    assert [m.reference for m in box.waiting()] == [handed.reference]
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "mailboxes.yaml":
            assert WORDS.encode() not in path.read_bytes()
            assert "13812345678" not in path.name
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert box.show(handed.reference)[1] == WORDS
    assert [kind for _, kind, _ in record.events] == ["handed_on", "handed_on.read"]
    assert record.events[0][0] == "market"
    assert "13812345678" not in repr(record.events)


def test_a_folder_mailbox_gets_the_whole_message_and_nothing_of_it_stays(tmp_path):
    record = Kept()
    box = outbox(tmp_path, f"drug_safety: {{folder: '{tmp_path / 'inbox'}'}}", record)
    handed = box.hand_on(WHO, "drug_safety", WORDS, contacts=CONTACTS)
    assert handed.delivered_at is not None
    letters = list(mailbox.Maildir(tmp_path / "inbox", create=False))
    assert len(letters) == 1
    assert WORDS in letters[0].get_payload(decode=True).decode()
    with pytest.raises(UnknownMessage):
        box.show(handed.reference)
    assert [kind for _, kind, _ in record.events] == ["handed_on", "handed_on.delivered"]


def test_a_mailbox_that_is_away_loses_nothing_and_gets_it_later(tmp_path):
    place = tmp_path / "share" / "inbox"
    box = outbox(tmp_path, f"drug_safety: {{folder: '{place}'}}")
    try:
        handed = box.hand_on(WHO, "drug_safety", WORDS, contacts=CONTACTS)
        assert (handed.delivered_at, handed.attempts, handed.problem) == (None, 1, "FileNotFoundError")
    finally:
        box.close()
    place.parent.mkdir()
    again = outbox(tmp_path, f"drug_safety: {{folder: '{place}'}}")
    (delivered,) = again.deliver_all()
    assert delivered.delivered_at is not None
    assert not again.waiting()
    assert len(list(mailbox.Maildir(place, create=False))) == 1


def test_a_ledger_that_is_down_is_an_error_and_the_message_is_kept_all_the_same(tmp_path):
    def down(actor, kind, detail):
        raise OSError("no ledger")

    box = outbox(tmp_path, record=down)
    with pytest.raises(OSError, match="no ledger"):
        box.hand_on(WHO, "drug_safety", WORDS, contacts=CONTACTS)
    assert len(outbox(tmp_path).waiting()) == 1


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                if self.server.refuse:
                    self.wfile.write(b"451 later\r\n")
                    continue
                self.server.got.append(b"".join(lines))
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def server():
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as made:
        made.got, made.refuse = [], False
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()


def test_a_mail_server_gets_it_once_and_one_that_says_later_is_tried_again(tmp_path, server):
    said = f"drug_safety: {{smtp: '127.0.0.1:{server.server_address[1]}', from: wenshu@kangheng.example, to: drug.safety@kangheng.example}}"
    box = outbox(tmp_path, said)
    server.refuse = True
    try:
        assert box.hand_on(WHO, "drug_safety", "rash after the second dose", contacts=CONTACTS).problem is not None
        server.refuse = False
        box.deliver_all()
        box.deliver_all()
    finally:
        box.close()
    assert len(server.got) == 1
    assert b"rash after the second dose" in server.got[0]


@pytest.mark.parametrize("message", ["", "   ", "x" * 4_001])
def test_an_empty_or_overlong_message_is_one_clear_error_and_keeps_nothing(tmp_path, message):
    box = outbox(tmp_path)
    with pytest.raises(InvalidQuery):
        box.hand_on(WHO, "drug_safety", message, contacts=CONTACTS)
    with pytest.raises(InvalidQuery):
        box.hand_on(WHO, "nobody", "words", contacts=CONTACTS)
    assert not box.list()


@pytest.mark.parametrize("said", ["- a", "drug_safety: 3", "drug_safety: {smtp: nowhere, from: a@b, to: c@d}", "drug_safety: {folder: a, smtp: 'b:1'}", "a: {"])
def test_a_mailboxes_file_that_is_wrong_is_told_with_its_name(tmp_path, said):
    (tmp_path / "mailboxes.yaml").write_text(said, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"mailboxes\.yaml"):
        read_mailboxes(tmp_path / "mailboxes.yaml")


def test_a_sealed_file_that_was_changed_is_told_and_not_read(tmp_path):
    box = outbox(tmp_path)
    reference = box.hand_on(WHO, "drug_safety", WORDS, contacts=CONTACTS).reference
    path = tmp_path / "handed-on" / f"{reference}.sealed"
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))
    with pytest.raises(ConfigurationError):
        box.show(reference)
