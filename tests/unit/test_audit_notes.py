"""Signed notes and checkpoints against the examples that their specifications publish."""

from __future__ import annotations

import base64
import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import InvalidNote
from audit.notes import Checkpoint, Signer, VerifierKey, open_note

# c2sp.org/signed-note, section "Verifier keys", example.
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_TEXT = "This is an example message.\n"
SPEC_NOTE = (
    SPEC_TEXT
    + "\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

# golang.org/x/mod/sumdb/note, package documentation: the format's first implementation.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# c2sp.org/tlog-checkpoint, example.
SPEC_CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

SIGNER = Signer("kangheng.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_the_specifications_example_opens():
    assert open_note(SPEC_NOTE, [VerifierKey.parse(SPEC_VKEY)]) == SPEC_TEXT


def test_the_first_implementations_note_is_reproduced_byte_for_byte():
    signer = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(GO_SEED))
    assert str(signer.verifier) == GO_VKEY
    assert signer.sign(GO_NOTE.split("\n\n")[0] + "\n") == GO_NOTE


def test_a_verifier_key_is_written_as_it_was_read():
    for text in (SPEC_VKEY, GO_VKEY, str(SIGNER.verifier)):
        assert str(VerifierKey.parse(f" {text}\n")) == text


def test_a_note_with_unknown_signatures_before_and_after_still_opens():
    other = Signer("witness.example", Ed25519PrivateKey.generate())
    stranger_line = other.sign(SPEC_TEXT).rpartition("\n\n")[2]
    text, _, own_line = SPEC_NOTE.rpartition("\n\n")
    key = VerifierKey.parse(SPEC_VKEY)
    assert open_note(f"{text}\n\n{stranger_line}{own_line}{stranger_line}", [key]) == SPEC_TEXT
    assert open_note(f"{text}\n\n{stranger_line}{own_line}", [key, other.verifier]) == SPEC_TEXT


def test_text_with_blank_lines_is_separated_at_the_last_one():
    text = "one\n\ntwo\n"
    assert open_note(SIGNER.sign(text), [SIGNER.verifier]) == text


def test_a_note_by_nobody_trusted_is_refused():
    with pytest.raises(InvalidNote, match="trusted"):
        open_note(SPEC_NOTE, [VerifierKey.parse(GO_VKEY)])


def test_one_bad_signature_of_a_trusted_key_spoils_the_note():
    good = SIGNER.sign("text\n").rpartition("\n\n")[2]
    bad = SIGNER.sign("other\n").rpartition("\n\n")[2]
    with pytest.raises(InvalidNote, match="does not belong"):
        open_note(f"text\n\n{good}{bad}", [SIGNER.verifier])


@given(st.integers(0, len(SPEC_NOTE) - 1), st.characters(codec="utf-8"))
def test_no_changed_letter_goes_unnoticed(at, letter):
    changed = SPEC_NOTE[:at] + letter + SPEC_NOTE[at + 1 :]
    if changed != SPEC_NOTE:
        with pytest.raises(InvalidNote):
            open_note(changed, [VerifierKey.parse(SPEC_VKEY)])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        SPEC_NOTE[:-1],
        SPEC_NOTE + "\n",
        SPEC_NOTE.replace("—", "-"),
        SPEC_NOTE.replace("— ", "—"),
        SPEC_NOTE.replace("example message", "example\tmessage"),
        SPEC_NOTE.replace("=\n", "\n"),
        SPEC_NOTE.replace("Uw2Q", "Uw2 Q"),
        SPEC_TEXT + "\n— example.com/foo \n",
        SPEC_TEXT + "\n—  Uw2QOg==\n",
        SPEC_TEXT + "\n" + SPEC_NOTE.splitlines(keepends=True)[-1] * 65,
        "\ud800\n\n" + SPEC_NOTE.splitlines(keepends=True)[-1],
    ],
)
def test_any_departure_from_the_form_is_refused(note):
    with pytest.raises(InvalidNote):
        open_note(note, [VerifierKey.parse(SPEC_VKEY)])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        SPEC_VKEY.replace("530d903a", "530d903b"),
        SPEC_VKEY.replace("foo+", "bar+"),
        SPEC_VKEY.replace("Aeky", "AEky"),
        SPEC_VKEY[:-4],
        SPEC_VKEY + "AAAA",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_a_malformed_verifier_key_is_refused(vkey):
    with pytest.raises(InvalidNote):
        VerifierKey.parse(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a\x00"])
def test_a_name_that_no_key_may_have_is_refused(name):
    with pytest.raises(InvalidNote):
        Signer(name, Ed25519PrivateKey.generate())


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "nul\x00\n", "lone \ud800\n"])
def test_text_that_no_note_may_hold_is_not_signed(text):
    with pytest.raises(InvalidNote):
        SIGNER.sign(text)


@pytest.mark.parametrize("work", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_private_key_does_not_travel(work):
    with pytest.raises(TypeError):
        work(SIGNER)


def test_the_checkpoint_of_the_specification_is_read_and_written():
    checkpoint = Checkpoint.parse(SPEC_CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == SPEC_CHECKPOINT


def test_extension_lines_of_a_checkpoint_are_ignored():
    assert Checkpoint.parse(SPEC_CHECKPOINT + "extension\n") == Checkpoint.parse(SPEC_CHECKPOINT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n1\n",
        SPEC_CHECKPOINT[:-1],
        SPEC_CHECKPOINT + "\n",
        SPEC_CHECKPOINT.replace("20852163", "020852163"),
        SPEC_CHECKPOINT.replace("20852163", "-1"),
        SPEC_CHECKPOINT.replace("20852163", "２"),
        SPEC_CHECKPOINT.replace("20852163", "x"),
        SPEC_CHECKPOINT.replace("CsUY", ""),
        SPEC_CHECKPOINT.replace("CsUY", "Cs Y"),
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text):
    with pytest.raises(InvalidNote):
        Checkpoint.parse(text)


@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_survives_signing(size, root):
    checkpoint = Checkpoint(origin="kangheng.example/ledger", size=size, root=root)
    assert Checkpoint.open(SIGNER.sign(checkpoint.text()), [SIGNER.verifier]) == checkpoint
