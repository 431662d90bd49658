"""Time-stamps: those of OpenSSL are read, everything wrong with one is refused, and a stamped checkpoint convicts a ledger that was rewritten since."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import verify
from audit.errors import InvalidNote, InvalidStamp
from audit.search import Reader
from audit.stamping import Stamps
from audit.stamps import ask, check
from tests.fixtures.authority import DAY, NOW, Authority
from tests.fixtures.ledgers import Home, filled_home, intent, new_home

GOLDEN = json.loads((Path(__file__).parents[1] / "fixtures" / "stamps.json").read_text(encoding="utf-8"))
"""Answers that OpenSSL 3.0 gave (`openssl ts -reply`), and what it says of them."""

DATA, REQUEST = GOLDEN["data"].encode(), base64.b64decode(GOLDEN["request"])
TRUSTED = x509.load_pem_x509_certificates(GOLDEN["authority"].encode())


@pytest.mark.parametrize("name", GOLDEN["answers"])
def test_a_stamp_of_openssl_is_read_as_openssl_reads_it(name):
    stamp = check(base64.b64decode(GOLDEN["answers"][name]), REQUEST, DATA, TRUSTED)
    serial, time = GOLDEN["told"][name]
    assert (f"0x{stamp.serial:02X}", f"{stamp.time:%b %d %H:%M:%S %Y} GMT") == (serial, time)


def test_the_request_is_the_one_that_openssl_answered():
    assert ask(DATA, GOLDEN["nonce"]) == REQUEST


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(GOLDEN["answers"])), st.data())
def test_no_changed_byte_of_an_answer_makes_it_say_something_else(name, data):
    answer = bytearray(base64.b64decode(GOLDEN["answers"][name]))
    honest = check(bytes(answer), REQUEST, DATA, TRUSTED)
    place = data.draw(st.integers(0, len(answer) - 1))
    answer[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(InvalidStamp):
        assert check(bytes(answer), REQUEST, DATA, TRUSTED) == honest  # a byte that nothing rests on


@given(st.binary(max_size=200))
def test_whatever_comes_back_is_a_stamp_or_refused(answer):
    with pytest.raises(InvalidStamp):
        check(answer, REQUEST, DATA, TRUSTED)


def told(authority: Authority, trusted: Authority | None = None, *, data: bytes = DATA, nonce: int = 5, **answer: object) -> object:
    response = authority.answer(hashlib.sha256(data).digest(), nonce, **answer)
    return check(response, ask(DATA, 5), DATA, [(trusted or authority).root])


def test_an_honest_authority_is_believed():
    assert told(Authority()).time == NOW


WRONG = {
    "another authority": lambda: told(Authority(), Authority()),
    "of something else": lambda: told(Authority(), data=b"other"),
    "answers another request": lambda: told(Authority(), nonce=6),
    "refused": lambda: told(Authority(), status=2),
    "not for time-stamps": lambda: told(Authority(usage=(ExtendedKeyUsageOID.SERVER_AUTH,))),
    "for more than time-stamps": lambda: told(Authority(usage=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH))),
    "usage not critical": lambda: told(Authority(critical=False)),
    "expired": lambda: told(Authority(until=NOW - DAY)),
    "not yet valid": lambda: told(Authority(), time=NOW - 1000 * DAY),
    "names another certificate": lambda: told(Authority(), signer=Authority().certificate),
    "signed by another key": lambda: told(Authority(), key=ec.generate_private_key(ec.SECP256R1())),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_stamp_is_refused(what):
    with pytest.raises(InvalidStamp):
        WRONG[what]()


def stamped(home: Home, folder: Path, authority: Authority) -> Stamps:
    stamps = Stamps(folder, home.vkey)
    stamps.trust(authority.pem)
    note = Reader(home.path).head()
    request = stamps.request(note, lambda size: bytes(range(1, size + 1)))
    answer = authority.answer(hashlib.sha256(note.encode()).digest(), int.from_bytes(bytes(range(1, 9)), "big"))
    stamps.accept(request, answer)
    return stamps


def test_a_stamped_ledger_that_grew_is_intact_and_says_when_it_was_stamped(tmp_path):
    home = filled_home(tmp_path / "home", 3)
    stamped(home, tmp_path / "stamps", Authority())
    with home.open() as ledger:
        ledger.append(intent("later"))
    report = verify(home.path, home.vkey, stamps=tmp_path / "stamps")
    assert report.ok
    assert [(stamp.size, dt.datetime.fromisoformat(stamp.time)) for stamp in report.stamps] == [(7, NOW)]
    assert "time-stamped" in report.summary()


@pytest.mark.parametrize(("questions", "kind"), [(2, "rolled_back"), (3, "forked"), (5, "forked")])
def test_a_history_written_anew_with_the_same_key_is_convicted_by_the_stamp(tmp_path, questions, kind):
    home = filled_home(tmp_path / "home", 3)
    stamped(home, tmp_path / "stamps", Authority())
    other = Home(tmp_path / "other", home.key)
    other.folder.mkdir()
    with other.open(create=True) as ledger:
        ledger.append_many([intent(f"x{number}") for number in range(2 * questions)])
    report = verify(other.path, home.vkey, stamps=tmp_path / "stamps")
    assert report.verdict == "tampered"
    assert kind in {problem.kind for problem in report.problems}


@pytest.mark.parametrize("name", ["*.stamp", "*.note", "authorities.pem"])
def test_a_stamp_that_was_edited_is_a_problem(tmp_path, name):
    home = filled_home(tmp_path / "home", 1)
    stamped(home, tmp_path / "stamps", Authority())
    (path,) = (tmp_path / "stamps").glob(name)
    path.write_bytes(Authority().pem if name == "authorities.pem" else path.read_bytes()[::-1])
    report = verify(home.path, home.vkey, stamps=tmp_path / "stamps")
    assert (report.verdict, {problem.kind for problem in report.problems}) == ("tampered", {"bad_signature"})


def test_only_a_checkpoint_of_this_ledger_is_stamped_and_only_asked_answers_are_kept(tmp_path):
    home, other = filled_home(tmp_path / "home", 1), new_home(tmp_path / "other")
    other.open(create=True).close()
    stamps = Stamps(tmp_path / "stamps", home.vkey)
    with pytest.raises(InvalidNote):
        stamps.request(Reader(other.path).head(), lambda size: b"\1" * size)
    with pytest.raises(InvalidStamp, match="not one that this ledger made"):
        stamps.accept(REQUEST, b"")
    with pytest.raises(InvalidStamp, match="PEM"):
        stamps.trust(b"no certificate")


def test_an_authority_is_asked_over_http(tmp_path):
    home, authority = filled_home(tmp_path / "home", 1), Authority()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            at = body.index(b"\x04\x20") + 2
            answer = authority.answer(body[at : at + 32], int.from_bytes(b"\1" * 8, "big"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stamps = Stamps(tmp_path / "stamps", home.vkey)
    stamps.trust(authority.pem)
    try:
        assert stamps.ask(f"http://127.0.0.1:{server.server_port}/tsa", Reader(home.path).head(), lambda size: b"\1" * size).size == 3
        with pytest.raises(InvalidStamp, match="begins with"):
            stamps.ask("file:///etc/hosts", Reader(home.path).head(), lambda size: b"\1" * size)
    finally:
        server.shutdown()
        server.server_close()
