"""Keys: made once, kept private, never completed, never shown; pseudonyms and blind indexes made from them."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.errors import ConfigurationError
from governance.identity.keys import Key, KeyRing
from governance.identity.pseudonyms import ALPHABET, Pseudonymizer, blind_index, is_pseudonym
from governance.identity.suites import DEFAULT_SUITE, suite


def _key(secret: bytes = b"k" * 32, version: int = 1) -> Key:
    return Key(purpose="warehouse", version=version, suite=suite(DEFAULT_SUITE), secret=secret)


def test_a_ring_is_made_once_and_then_opened(tmp_path: Path) -> None:
    first = KeyRing.ensure(tmp_path / "keys", os.urandom)
    assert KeyRing.ensure(tmp_path / "keys", os.urandom) == first == KeyRing.open(tmp_path / "keys")
    assert len({first.vault.secret, first.index.secret, first.warehouse.secret}) == 3


def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    KeyRing.ensure(tmp_path / "keys", os.urandom)
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "keys").iterdir()} == {"0o600"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    KeyRing.ensure(tmp_path, os.urandom)
    (tmp_path / "identity-index.key").chmod(mode)
    with pytest.raises(ConfigurationError, match=r"identity-index\.key may be read by others .* chmod 600"):
        KeyRing.open(tmp_path)


def test_a_ring_that_lost_a_key_is_not_completed(tmp_path: Path) -> None:
    KeyRing.ensure(tmp_path, os.urandom)
    (tmp_path / "identity-warehouse.key").unlink()
    with pytest.raises(ConfigurationError, match=r"identity-warehouse\.key is missing"):
        KeyRing.ensure(tmp_path, os.urandom)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "wenshu-identity-key vault 1 hmac-sha256+aes-256-gcm AAAA",
        "wenshu-identity-key index 1 rot13 AAAA",
    ],
)
def test_a_damaged_key_is_one_clear_error(tmp_path: Path, content: str) -> None:
    KeyRing.ensure(tmp_path, os.urandom)
    path = tmp_path / "identity-index.key"
    path.write_text(content)
    with pytest.raises(ConfigurationError):
        KeyRing.open(tmp_path)


def test_a_key_never_shows_its_secret() -> None:
    assert "kkk" not in repr(_key())


def test_a_sealed_value_opens_only_with_its_key_and_context() -> None:
    kind = suite(DEFAULT_SUITE)
    sealed = kind.seal(b"k" * 32, b"plain", b"here", os.urandom)
    assert kind.unseal(b"k" * 32, sealed, b"here") == b"plain"
    for key, value, context in (
        (b"j" * 32, sealed, b"here"),
        (b"k" * 32, sealed, b"there"),
        (b"k" * 32, sealed[:-1], b"here"),
        (b"k" * 32, b"", b"here"),
    ):
        with pytest.raises(ConfigurationError):
            kind.unseal(key, value, context)


def test_parts_of_a_digest_are_told_apart() -> None:
    assert _key().mac("ab", "c") != _key().mac("a", "bc")
    assert _key().macs(["ab", "c"]) == [_key().mac("ab"), _key().mac("c")]


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_pseudonym_is_stable_prefixed_versioned_and_checked(uid: str) -> None:
    maker = Pseudonymizer(key=_key(version=3), prefix="H", entity="hcp")
    made = maker.of(uid)
    assert made == maker.of(uid)
    assert made.startswith("H3-")
    assert is_pseudonym(made)
    assert uid not in made


@settings(max_examples=30)
@given(st.integers(0, 10**9), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_mistyped_character_of_a_pseudonym_is_caught(seed: int, at: int, char: str) -> None:
    made = Pseudonymizer(key=_key(), prefix="H", entity="hcp").of(random.Random(seed).randbytes(16).hex())
    position = made.index("-") + 1 + at
    wrong = made[:position] + char + made[position + 1 :]
    assert is_pseudonym(wrong) == (wrong == made)


def test_pseudonyms_of_two_keys_or_entities_have_nothing_in_common() -> None:
    uid = "00" * 16
    made = {
        Pseudonymizer(key=_key(), prefix="H", entity="hcp").of(uid),
        Pseudonymizer(key=_key(b"j" * 32), prefix="H", entity="hcp").of(uid),
        Pseudonymizer(key=_key(), prefix="H", entity="rep").of(uid),
    }
    assert len(made) == 3


def test_a_blind_index_depends_on_key_entity_and_type() -> None:
    digests = {
        blind_index(_key(), "hcp", "mobile", "13800138000"),
        blind_index(_key(), "hcp", "crm_id", "13800138000"),
        blind_index(_key(), "rep", "mobile", "13800138000"),
        blind_index(_key(b"j" * 32), "hcp", "mobile", "13800138000"),
    }
    assert len(digests) == 4
