"""The vault gives back what was put in, to the right keys only, and shows nothing to whoever reads its file."""

from __future__ import annotations

import os
import random
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from governance.errors import ConfigurationError
from governance.identity.keys import KeyRing
from governance.identity.vault import Person, Vault

NOW = datetime(2026, 11, 15, 9, 30)
ZHANG = Person(
    uid="a" * 32,
    fields={"crm_id": ["C0000001"], "mobile": ["13800138000", "13900139000"], "name": ["张伟"]},
    indexed=[("crm_id", "C0000001"), ("mobile", "13800138000")],
)
LI = Person(uid="b" * 32, fields={"crm_id": ["C0000002"], "name": ["李娜"]}, indexed=[("crm_id", "C0000002")])


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.ensure(tmp_path / "keys", os.urandom)


@pytest.fixture
def vault(tmp_path: Path, keys: KeyRing):
    opened = Vault.at(tmp_path / "vault.db", keys, tenant="kangheng")
    yield opened
    opened.close()


def _enroll(vault: Vault, *persons: Person) -> int:
    return vault.enroll("hcp", persons, now=NOW, random=random.Random(1).randbytes)


def test_what_was_put_in_comes_back(vault: Vault) -> None:
    assert _enroll(vault, ZHANG, LI) == 2
    assert vault.open_fields(ZHANG.uid) == {name: list(values) for name, values in ZHANG.fields.items()}
    assert vault.find("hcp", "mobile", "13800138000") == ZHANG.uid
    assert vault.find("hcp", "crm_id", "C0000002") == LI.uid
    assert vault.find("rep", "crm_id", "C0000002") is None
    assert vault.find("hcp", "mobile", "13900139000") is None
    assert vault.open_fields("c" * 32) == {}


def test_unchanged_persons_are_not_written_again(vault: Vault) -> None:
    _enroll(vault, ZHANG, LI)
    assert _enroll(vault, ZHANG, LI) == 0


def test_a_changed_person_is_replaced_whole(vault: Vault) -> None:
    _enroll(vault, ZHANG)
    moved = Person(uid=ZHANG.uid, fields={"crm_id": ["C0000001"]}, indexed=[("crm_id", "C0000001")])
    assert _enroll(vault, moved) == 1
    assert vault.open_fields(ZHANG.uid) == {"crm_id": ["C0000001"]}
    assert vault.find("hcp", "mobile", "13800138000") is None


def test_an_identifier_that_changed_hands_points_at_its_new_owner(vault: Vault) -> None:
    _enroll(vault, ZHANG, LI)
    _enroll(vault, Person(uid=LI.uid, fields={"mobile": ["13800138000"]}, indexed=[("mobile", "13800138000")]))
    assert vault.find("hcp", "mobile", "13800138000") == LI.uid


def test_the_file_shows_no_identifier(vault: Vault, tmp_path: Path) -> None:
    _enroll(vault, ZHANG, LI)
    vault.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("vault.db*"))
    assert not any(
        value.encode() in raw for person in (ZHANG, LI) for values in person.fields.values() for value in values
    )


def test_a_sealed_field_can_not_be_moved_to_another_person_or_field(vault: Vault, tmp_path: Path) -> None:
    _enroll(vault, ZHANG, LI)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE field SET sealed = (SELECT sealed FROM field WHERE uid = :a AND name = 'name') WHERE uid = :b AND name = 'name'"
            ),
            {"a": ZHANG.uid, "b": LI.uid},
        )
    engine.dispose()
    with pytest.raises(ConfigurationError, match="can't be opened"):
        vault.open_fields(LI.uid)


@pytest.mark.parametrize("lost", ["vault", "index", "warehouse"])
def test_a_vault_refuses_other_keys_than_its_own(vault: Vault, tmp_path: Path, keys: KeyRing, lost: str) -> None:
    other = KeyRing.ensure(tmp_path / "other", os.urandom)
    mixed = {name: getattr(other if name == lost else keys, name) for name in ("vault", "index", "warehouse")}
    with pytest.raises(ConfigurationError, match="restore the matching keys"):
        Vault.at(tmp_path / "vault.db", KeyRing(**mixed), tenant="kangheng")


def test_a_vault_refuses_another_tenant(vault: Vault, tmp_path: Path, keys: KeyRing) -> None:
    with pytest.raises(ConfigurationError):
        Vault.at(tmp_path / "vault.db", keys, tenant="another")


def test_a_vault_that_others_may_read_is_refused(vault: Vault, tmp_path: Path, keys: KeyRing) -> None:
    (tmp_path / "vault.db").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Vault.at(tmp_path / "vault.db", keys, tenant="kangheng")


def test_every_person_has_a_data_key_of_their_own(vault: Vault, tmp_path: Path) -> None:
    twins = [Person(uid=uid * 32, fields={"name": ["张伟"]}, indexed=[]) for uid in "cd"]
    _enroll(vault, *twins)
    with sa.create_engine(f"sqlite:///{tmp_path / 'vault.db'}").connect() as connection:
        rows = (
            connection.execute(sa.text("SELECT data_key FROM person UNION ALL SELECT sealed FROM field"))
            .scalars()
            .all()
        )
    assert len(set(rows)) == 4
