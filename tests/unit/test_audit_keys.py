"""The key file is refused unless only its owner could have read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from audit.errors import KeyFileError
from audit.keys import generate_key, load_key
from audit.notes import open_note

NAME = "kangheng.example/ledger"


def test_a_new_key_is_for_its_owner_alone_and_is_read_back(tmp_path):
    made = generate_key(tmp_path / "key", NAME)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    read = load_key(tmp_path / "key", NAME)
    assert str(read.verifier) == str(made.verifier)
    assert open_note(read.sign("x\n"), [made.verifier]) == "x\n"


def test_a_new_key_is_for_its_owner_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        generate_key(tmp_path / "key", NAME)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_an_existing_key_is_never_overwritten(tmp_path):
    generate_key(tmp_path / "key", NAME)
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(KeyFileError, match="exists"):
        generate_key(tmp_path / "key", NAME)
    assert (tmp_path / "key").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o777, 0o610])
def test_a_key_open_to_others_is_refused_with_the_way_to_mend_it(tmp_path, mode):
    generate_key(tmp_path / "key", NAME)
    (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(tmp_path / "key", NAME)


def test_an_absent_key_is_said(tmp_path):
    with pytest.raises(KeyFileError, match="init"):
        load_key(tmp_path / "key", NAME)


def test_a_folder_in_place_of_the_key_is_refused(tmp_path):
    with pytest.raises(KeyFileError):
        load_key(tmp_path, NAME)


def test_a_pipe_in_place_of_the_key_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(KeyFileError, match="regular"):
        load_key(tmp_path / "key", NAME)


def write(path: Path, data: bytes) -> Path:
    path.touch(0o600)
    path.write_bytes(data)
    return path


def test_what_is_no_key_is_refused_without_showing_it(tmp_path):
    with pytest.raises(KeyFileError) as error:
        load_key(write(tmp_path / "key", b"secret words"), NAME)
    assert "secret" not in str(error.value)


def test_another_kind_of_key_is_refused(tmp_path):
    data = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(KeyFileError, match="Ed25519"):
        load_key(write(tmp_path / "key", data), NAME)


def test_an_encrypted_key_is_refused(tmp_path):
    data = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    with pytest.raises(KeyFileError):
        load_key(write(tmp_path / "key", data), NAME)


def test_a_key_can_not_be_made_where_there_is_no_folder(tmp_path):
    with pytest.raises(KeyFileError):
        generate_key(tmp_path / "absent" / "key", NAME)
