"""What the ledger says of a person can be forgotten: the key goes, every hash stays, and nobody opens the field again."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import Event
from audit.errors import AuditUnavailable
from audit.export import export
from audit.search import Reader
from audit.shredding import ERASED, GONE, PersonKeys, is_sealed, left
from audit.verify import verify
from tests.fixtures.ledgers import Home, new_home

TYPES = ("identity.", "subject.")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path / "home")


@pytest.fixture
def keys(tmp_path: Path) -> PersonKeys:
    return PersonKeys(tmp_path / "persons")


def about(keys: PersonKeys, person: str, text: str, kind: str = "identity.requested") -> Event:
    return Event(type=kind, actor="compliance", detail={"person": keys.seal(person, text), "note": "n"})


def test_a_shredded_person_is_read_by_nobody_and_every_proof_holds(home, keys, tmp_path):
    with home.open(create=True) as ledger:
        receipts = [ledger.append(about(keys, who, text)) for who, text in (("u1", "H1-AAA"), ("u1", "H2-BBB"), ("u2", "H1-CCC"))]
        reader = Reader(home.path, keys)
        told = [reader.event(receipt.event).told()["detail"]["person"] for receipt in receipts]
        assert told == ["H1-AAA", "H2-BBB", "H1-CCC"]
        before = [reader.proof(receipt.event) for receipt in receipts]
        assert not any(word in home.path.read_bytes() for word in (b"H1-AAA", b"H2-BBB"))

        destroyed = keys.shred("u1")
        assert destroyed is not None
        assert not destroyed.key_left
        assert keys.shred("u1") is None, "it can be destroyed once"
        found = left(home.path, keys, destroyed.key, ["H1-AAA", "H2-BBB"], TYPES)
        assert (found.sealed, found.open, found.plain) == (2, 0, 0)
        told = [reader.event(receipt.event).told()["detail"] for receipt in receipts]
        assert [detail["person"] for detail in told] == [ERASED, ERASED, "H1-CCC"]
        assert told[0]["note"] == "n"
        again = ledger.append(about(keys, "u1", "H1-AAA", "identity.refused"))
        assert reader.event(again.event).told()["detail"]["person"] == ERASED, "what comes later opens no better"
    assert [Reader(home.path).proof(receipt.event).line for receipt in receipts] == [proof.line for proof in before]
    assert home.verify().ok
    out = export(home.path, tmp_path / "out", vkey=home.vkey)
    assert verify(out.folder, home.vkey).ok
    assert b"H1-" not in (out.folder / "events.jsonl").read_bytes()


def test_keys_lie_apart_readable_by_their_owner_alone_and_are_overwritten(keys, tmp_path):
    keys.seal("u1", "H1-AAA")
    folder = tmp_path / "persons"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = {path.name: path for path in folder.iterdir()}
    assert len(files) == 2
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files.values())
    assert not any("u1" in name for name in files)
    (key,) = (path for path in files.values() if path.stat().st_size == 32 and not path.read_bytes().isalnum())
    with key.open("rb") as held:  # the file's own blocks, after its name is gone
        secret = held.read()
        keys.shred("u1")
        held.seek(0)
        assert held.read() == bytes(len(secret))
    assert [path.read_text() for path in folder.iterdir()] == [GONE]


def test_entries_of_a_release_that_did_not_seal_are_counted(home, keys):
    with home.open(create=True) as ledger:
        ledger.append(Event(type="subject.access", actor="compliance", detail={"person": "H1-OLD"}))
        ledger.append(Event(type="intent", actor="compliance", request="r", detail={"person": "H1-OLD"}))
        ledger.append(about(keys, "u1", "H1-OLD"))
    destroyed = keys.shred("u1")
    assert destroyed is not None
    found = left(home.path, keys, destroyed.key, ["H1-OLD"], TYPES)
    assert (found.sealed, found.open, found.plain) == (1, 0, 1)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(min_size=1), st.integers(0, 200), st.integers(1, 255))
def test_a_sealed_field_opens_unaltered_or_not_at_all(tmp_path_factory, text, person, place, mask):
    keys = PersonKeys(tmp_path_factory.mktemp("keys") / "persons")
    person = person.encode(errors="replace").decode()
    sealed = keys.seal(person, text)
    assert is_sealed(sealed)
    assert keys.open(sealed) == text
    assert keys.seal(person, text)["sealed"] != sealed["sealed"], "equal texts can't be told to be equal"
    letters = bytearray(sealed["sealed"].encode())
    letters[place % len(letters)] ^= mask
    assert keys.open(sealed | {"sealed": letters.decode("latin-1")}) in {None, text}  # base64 has one form of each box
    other = keys.seal(person + "x", text)
    assert keys.open(sealed | {"key": other["key"]}) is None


@pytest.mark.parametrize("value", ["H1-AAA", None, 3, {}, {"key": "k", "sealed": "s"}, {"key": "../../x" * 4, "sealed": ""}, {"key": 1, "sealed": 2}])
def test_what_is_not_sealed_is_left_alone(keys, value):
    assert not is_sealed(value)
    assert keys.open(value) is None
    assert keys.told({"person": value}) == {"person": value}


def seal_one(folder: Path, out: Path, number: int) -> None:
    sealed = PersonKeys(folder).seal("u1", f"H{number}")
    out.with_name(f"{number}").write_text(sealed["key"])


def test_processes_that_meet_a_person_at_once_agree_on_one_key(tmp_path):
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=seal_one, args=(tmp_path / "persons", tmp_path / "out", number)) for number in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert len({(tmp_path / str(number)).read_text() for number in range(6)}) == 1
    assert len(list((tmp_path / "persons").iterdir())) == 2


def test_without_a_place_for_keys_nothing_is_recorded(tmp_path):
    (tmp_path / "persons").write_text("a file")
    with pytest.raises(AuditUnavailable):
        PersonKeys(tmp_path / "persons").seal("u1", "H1-AAA")

