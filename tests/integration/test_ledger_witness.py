"""A witness cosigns only growth, remembers it, and so makes a rewritten or cut history visible even to those without the key."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.cosigning import Cosigner, CosignerKey
from audit.errors import InvalidNote
from audit.notes import Checkpoint, Signer, VerifierKey
from audit.search import Reader
from audit.verify import verify
from audit.witness import Witness, WitnessError, compose
from audit.witness_http import server
from audit.witnessing import Witnesses, WitnessRefused
from tests.fixtures.ledgers import ORIGIN, Home, filled_home, intent

NOW = datetime(2026, 11, 15, 4, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOW


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return filled_home(tmp_path / "home", 3)


@pytest.fixture
def witness(tmp_path: Path, home: Home) -> Witness:
    Witness.make(tmp_path / "witness", "audit.example/w1", [VerifierKey.parse(home.vkey)])
    return Witness.open(tmp_path / "witness", clock)


@pytest.fixture
def witnesses(home: Home, witness: Witness) -> Witnesses:
    found = Witnesses(home.folder / "witnesses", home.vkey)
    found.add(witness.key, None)
    return found


@contextmanager
def serving(witness: Witness):
    found = server(witness, "127.0.0.1", 0)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{found.server_address[1]}"
    finally:
        found.shutdown()
        found.server_close()


def carry(home: Home, witness: Witness, witnesses: Witnesses) -> None:
    """A cosignature by file, as on a stick."""
    request = witnesses.request(Reader(home.path), witness.key)
    answer = witness.add_checkpoint(request)
    assert answer.status == 200, answer
    witnesses.accept(request, answer.body)


def grow(home: Home, count: int = 1) -> None:
    with home.open() as ledger:
        for number in range(count):
            ledger.append(intent(f"later{number}"))


def test_the_specifications_example_of_a_cosignature_holds_its_form():
    line = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    import base64

    blob = base64.b64decode(line.rsplit(" ", 1)[1])
    assert (len(blob), int.from_bytes(blob[4:12], "big")) == (76, 1679315147)


def test_a_cosignature_binds_text_and_time_and_goes_with_the_ledgers_own_signature(home):
    cosigner = Cosigner("audit.example/w1", Ed25519PrivateKey.generate())
    note = Reader(home.path).head()
    text = note.rpartition("\n\n")[0] + "\n"
    signed = note + cosigner.line(text, 1679315147)
    assert CosignerKey.parse(str(cosigner.key)).seen_at(signed) == 1679315147
    assert Checkpoint.open(signed, [home.key.verifier]).size == 7
    with pytest.raises(InvalidNote):
        cosigner.key.seen_at(note)
    with pytest.raises(InvalidNote):
        cosigner.key.seen_at(signed.replace("\n7\n", "\n8\n"))


def test_growth_is_cosigned_again_and_again_and_its_age_is_told(home, witness, witnesses):
    for size in (7, 8, 11):
        carry(home, witness, witnesses)
        assert witness.sizes() == {ORIGIN: size}
        grow(home, {7: 1, 8: 3, 11: 1}[size])
    report = verify(home.path, home.vkey, now=NOW, witnesses=home.folder / "witnesses")
    assert report.ok, report
    (found,) = report.witnesses
    assert (found.name, found.size, found.age_s, found.behind) == ("audit.example/w1", 11, 0, 1)


def test_over_http_a_witness_that_knows_more_than_we_remember_is_asked_again(home, witness, witnesses):
    with serving(witness) as url:
        witnesses.add(witness.key, url)
        (known,) = witnesses.known()
        assert witnesses.ask(Reader(home.path), known) == 7
        shutil.rmtree(home.folder / "witnesses")
        witnesses.add(witness.key, url)
        grow(home, 5)
        assert witnesses.ask(Reader(home.path), known) == 12


def test_a_fork_is_refused_with_the_size_that_the_witness_knows(home, witness, witnesses):
    carry(home, witness, witnesses)
    forged = home.key.sign(Checkpoint(origin=ORIGIN, size=7, root=bytes(32)).text())
    answer = witness.add_checkpoint(compose(7, (), forged))
    assert (answer.status, answer.body, answer.kind) == (409, "7\n", "text/x.tlog.size")
    longer = home.key.sign(Checkpoint(origin=ORIGIN, size=9, root=bytes(32)).text())
    assert witness.add_checkpoint(compose(7, [bytes(32)] * 4, longer)).status == 422
    assert witness.add_checkpoint(compose(0, (), longer)).status == 409
    assert witness.sizes() == {ORIGIN: 7}


def test_an_old_copy_put_back_with_its_checkpoint_is_seen_by_the_witness_alone(home, witness, witnesses, tmp_path):
    old = home.copy(tmp_path / "old")
    grow(home, 4)
    carry(home, witness, witnesses)
    shutil.copytree(home.folder / "witnesses", old.folder / "witnesses", dirs_exist_ok=True)
    assert old.verify().ok, "consistent in itself, with its own checkpoint"
    report = verify(old.path, old.vkey, now=NOW, witnesses=old.folder / "witnesses")
    assert {problem.kind for problem in report.problems} == {"rolled_back"}
    with pytest.raises(WitnessRefused) as refused:
        Witnesses(old.folder / "witnesses", old.vkey).request(Reader(old.path), witness.key)
    assert refused.value.forked


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (lambda note, stranger: b"", 400),
        (lambda note, stranger: b"old 0\n\nno checkpoint", 404),
        (lambda note, stranger: b"old 00\n\n" + note.encode(), 400),
        (lambda note, stranger: b"old 99\n\n" + note.encode(), 400),
        (lambda note, stranger: b"old 0\nnot base64!\n\n" + note.encode(), 400),
        (lambda note, stranger: compose(0, [bytes(32)] * 64, note), 400),
        (lambda note, stranger: compose(0, [bytes(32)], note), 422),
        (lambda note, stranger: compose(0, (), stranger.sign(note.rpartition("\n\n")[0] + "\n")), 403),
        (lambda note, stranger: compose(0, (), note.replace(ORIGIN, "other.example/log")), 404),
        (lambda note, stranger: compose(3, (), note), 409),
        (lambda note, stranger: b"\xff\xfe", 400),
    ],
)
def test_whatever_is_no_sound_request_is_refused_and_changes_nothing(home, witness, request_of, status):
    stranger = Signer(ORIGIN, Ed25519PrivateKey.generate())
    assert witness.add_checkpoint(request_of(Reader(home.path).head(), stranger)).status == status
    assert witness.sizes() == {ORIGIN: 0}


def test_a_witness_remembers_across_its_own_restarts_and_never_forgets_silently(home, witness, witnesses, tmp_path):
    carry(home, witness, witnesses)
    again = Witness.open(tmp_path / "witness", clock)
    assert again.sizes() == {ORIGIN: 7}
    for memory in (tmp_path / "witness").glob("*.checkpoint"):
        memory.unlink()
    assert again.add_checkpoint(compose(0, (), Reader(home.path).head())).status == 503
    with pytest.raises(WitnessError):
        Witness.make(tmp_path / "witness", "again", [VerifierKey.parse(home.vkey)])


def test_an_answer_by_an_unknown_witness_is_not_kept(home, witnesses, tmp_path):
    Witness.make(tmp_path / "other", "audit.example/w2", [VerifierKey.parse(home.vkey)])
    other = Witness.open(tmp_path / "other", clock)
    request = witnesses.request(Reader(home.path), other.key)
    with pytest.raises(WitnessRefused):
        witnesses.accept(request, other.add_checkpoint(request).body)
    assert list(witnesses.notes()) == []


def test_a_spoilt_cosignature_is_a_problem(home, witness, witnesses):
    carry(home, witness, witnesses)
    (path,) = (home.folder / "witnesses").glob("*.cosigned")
    path.write_text(path.read_text()[:-10] + "AAAAAAA=\n")
    report = verify(home.path, home.vkey, now=NOW, witnesses=home.folder / "witnesses")
    assert {problem.kind for problem in report.problems} == {"bad_signature"}
