"""Keys turn over under load and under kill; nobody is lost, and nothing is opened by what should be gone."""

from __future__ import annotations

import os
import random
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.errors import ConfigurationError
from governance.identity import rotation
from governance.identity.directory import Directory
from governance.identity.key_sources import FileKeys
from governance.identity.keys import Key, KeyRing
from governance.identity.rotation import drop_old_indexes, in_use, reindex, rewrap
from governance.identity.standing import IN_VAULT, Tombstones, bury, correct, corrections
from governance.identity.suites import SUITES
from governance.identity.vault import Person, Vault, context

NOW = datetime(2026, 11, 15, 9, 30)
NATIONAL = "hmac-sm3+sm4-gcm"


def _people(count: int) -> list[Person]:
    return [
        Person(uid=f"{n:032x}", fields={"crm_id": [f"C{n}"], "mobile": [f"138{n:08d}"], "name": ["张伟"]}, indexed=[("crm_id", f"C{n}"), ("mobile", f"138{n:08d}")])
        for n in range(1, count + 1)
    ]


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.ensure(tmp_path / "keys", os.urandom)


def _vault(tmp_path: Path, ring: KeyRing) -> Vault:
    return Vault.at(tmp_path / "vault.db", ring, tenant="kangheng")


class Killed(Exception):
    pass


@pytest.mark.parametrize("suite_name", list(SUITES))
@pytest.mark.parametrize("purpose", ["vault", "index"])
def test_a_rotation_killed_anywhere_goes_on_and_loses_nobody(tmp_path: Path, ring: KeyRing, purpose: str, suite_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)
    people = _people(10)
    with_people = _vault(tmp_path, ring)
    with_people.enroll("hcp", people, now=NOW, random=os.urandom)
    with_people.close()
    ring = ring.with_next(purpose, suite_name, os.urandom)

    def once(stop_after: int) -> None:
        vault = _vault(tmp_path, ring)

        def progress(done: int) -> None:
            # Readers find everybody at every moment.
            assert all(vault.find("hcp", "mobile", one.fields["mobile"][0]) == one.uid for one in people)
            if done >= stop_after:
                raise Killed

        try:
            rewrap(vault, random=os.urandom, progress=progress) if purpose == "vault" else reindex(vault, progress=progress)
        finally:
            vault.close()

    with pytest.raises(Killed):
        once(3)
    with pytest.raises(Killed):
        once(6)
    # A load in between writes under the current key; the rotation takes it along.
    between = _vault(tmp_path, ring)
    changed = Person(uid=people[0].uid, fields={**people[0].fields, "name": ["张薇"]}, indexed=people[0].indexed)
    assert between.enroll("hcp", [changed, *people[1:]], now=NOW, random=os.urandom) == 1
    between.close()
    once(10**6)
    ring = ring.promoted(purpose)
    after = _vault(tmp_path, ring)
    if purpose == "index":
        assert drop_old_indexes(after) == 20
    assert in_use(after, purpose, 1) is None
    after.close()
    alone = _vault(tmp_path, ring.without(purpose, 1))
    for one in people:
        assert alone.find("hcp", "crm_id", one.fields["crm_id"][0]) == one.uid
        assert alone.open_fields(one.uid)["mobile"] == list(one.fields["mobile"])
    assert alone.open_fields(changed.uid)["name"] == ["张薇"]
    assert alone.enroll("hcp", [changed, *people[1:]], now=NOW, random=os.urandom) == 0
    alone.close()


def test_corrections_survive_every_rotation_and_every_load(tmp_path: Path, ring: KeyRing) -> None:
    one = _people(1)[0]
    vault = _vault(tmp_path, ring)
    vault.enroll("hcp", [one], now=NOW, random=os.urandom)
    with vault.changing() as connection:
        correct(vault, connection, one.uid, IN_VAULT, {"mobile": ["13900001234"]}, case_number="C-1", now=NOW, random=os.urandom)
    vault.enroll("hcp", [one], now=NOW, random=os.urandom)
    vault.close()
    for purpose, name in (("vault", NATIONAL), ("index", NATIONAL), ("vault", "hmac-sha256+aes-256-gcm")):
        ring = ring.with_next(purpose, name, os.urandom)
        vault = _vault(tmp_path, ring)
        rewrap(vault, random=os.urandom) if purpose == "vault" else reindex(vault)
        vault.close()
        ring = ring.promoted(purpose)
    vault = _vault(tmp_path, ring)
    drop_old_indexes(vault)
    assert corrections(vault) == {one.uid: {IN_VAULT: {"mobile": ["13900001234"]}}}
    assert vault.find("hcp", "mobile", "13900001234") == vault.find("hcp", "mobile", one.fields["mobile"][0]) == one.uid
    vault.enroll("hcp", [one], now=NOW, random=os.urandom)
    assert vault.open_fields(one.uid)["mobile"] == ["13900001234"]
    vault.close()


def test_the_erased_stay_out_under_rotated_keys_and_leave_nothing_behind(tmp_path: Path, ring: KeyRing) -> None:
    gone, stays = _people(2)
    vault = _vault(tmp_path, ring)
    vault.enroll("hcp", [gone, stays], now=NOW, random=os.urandom)
    with vault.engine.begin() as connection:
        assert bury(vault, connection, gone.uid, "certificate") == 2
    vault.close()
    ring = ring.with_next("index", NATIONAL, os.urandom)
    vault = _vault(tmp_path, ring)
    reindex(vault)
    vault.close()
    vault = _vault(tmp_path, ring.promoted("index"))
    drop_old_indexes(vault)
    assert in_use(vault, "index", 1) == "tombstones of the erased"
    assert vault.enroll("hcp", [gone, stays], now=NOW, random=os.urandom) == 0
    assert vault.open_fields(gone.uid) == {}
    stones = Tombstones(vault, "hcp")
    assert stones.covers(gone.indexed)
    assert not stones.covers(stays.indexed)
    # A phone passes on to somebody else, who has a number of their own.
    assert not stones.covers([("crm_id", "C99"), ("mobile", gone.fields["mobile"][0])])
    assert stones.covers([("mobile", gone.fields["mobile"][0])])
    vault.close()


def test_the_ring_keeps_every_state_over_files_and_never_loses_the_current_key(tmp_path: Path, ring: KeyRing) -> None:
    source = FileKeys(tmp_path / "keys")
    grown = ring.with_next("release", NATIONAL, os.urandom)
    grown.save(source, "release")
    assert KeyRing.of(source) == grown
    grown = grown.promoted("release")
    grown.save(source, "release")
    assert KeyRing.of(source) == grown
    assert [(held.state, held.key.version) for held in grown.held("release")] == [("retired", 1), ("current", 2)]
    with pytest.raises(ConfigurationError):
        grown.without("release", 2)
    assert not [path.name for path in (tmp_path / "keys").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", list(SUITES))
@given(plain=st.binary(max_size=200), bound=st.binary(min_size=1, max_size=40))
@settings(max_examples=25)
def test_each_suite_opens_what_it_sealed_and_nothing_else(name: str, plain: bytes, bound: bytes) -> None:
    kind = SUITES[name]
    key = random.Random(1).randbytes(kind.key_bytes)
    sealed = kind.seal(key, plain, bound, os.urandom)
    assert kind.unseal(key, sealed, bound) == plain
    for wrong in ((bytes(kind.key_bytes), sealed, bound), (key, sealed[:-1] + bytes([sealed[-1] ^ 1]), bound), (key, sealed, bound + b"x"), (key, b"", bound)):
        with pytest.raises(ConfigurationError):
            kind.unseal(*wrong)
    with pytest.raises(ConfigurationError, match="context"):
        kind.seal(key, plain, b"", os.urandom)


@pytest.mark.parametrize("parts", [("", "u", "f", 1), ("t", "", "f", 1), ("t", "u", "", 1), ("t", "u", "f", 0)])
def test_a_missing_part_of_the_context_is_an_error(parts: tuple[str, str, str, int]) -> None:
    with pytest.raises(ConfigurationError, match="tenant, UID, field and version"):
        context(*parts)


def test_rows_of_two_purposes_have_nothing_in_common(ring: KeyRing) -> None:
    uids = [f"{n:032x}" for n in range(50)]
    directory = Directory(ring, {"hcp": "H", "rep": "R"}, lambda _entity: uids)
    purposes = ("market_analysis", "performance_review")
    inner = [directory.inner("hcp", uid) for uid in uids]
    one, other = (directory.release("hcp", purpose, inner) for purpose in purposes)
    assert len({*inner, *one.values(), *other.values(), *directory.release("rep", purposes[0], []).values()}) == 150
    for key in inner:
        assert directory.admit("hcp", purposes[0], one[key]) == key
        assert directory.admit("hcp", purposes[1], one[key]) is None
        assert directory.admit("hcp", purposes[0], key) is None
        assert directory.find(one[key], purposes).uid == directory.find(key, ()).uid
    assert directory.find(one[inner[0]], (purposes[1],)) is None
    # A key that no vault made is not let out as it is either.
    assert directory.release("hcp", purposes[0], ["H1-STRANGER"])["H1-STRANGER"] not in {"H1-STRANGER", *one.values()}


def test_things_keep_their_key_when_the_persons_key_turns_over(ring: KeyRing) -> None:
    first: Key = ring.things
    assert ring.with_next("warehouse", NATIONAL, os.urandom).promoted("warehouse").things == first
