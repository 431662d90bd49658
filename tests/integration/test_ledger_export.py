"""An export can be checked by anyone: by our verifier, by the one that ships in the folder, and by a program that knows only
RFC 6962 and signed notes, which is written here and shares no code with either."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import audit
from audit import Event, standalone, verify
from audit.errors import AuditUnavailable, ExportError
from audit.export import export
from audit.keys import generate_key
from audit.notes import Signer
from tests.fixtures.ledgers import ORIGIN, Home, filled_home, intent, new_home

# RFC 6962 and C2SP signed notes, and nothing else.


def tree_hash(lines: list[bytes]) -> bytes:
    if not lines:
        return hashlib.sha256().digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\x00" + lines[0]).digest()
    k = 1 << (len(lines) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_hash(lines[:k]) + tree_hash(lines[k:])).digest()


def signed_head(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    name, _, rest = vkey.partition("+")
    key = base64.b64decode(rest.partition("+")[2])
    text, signatures = note.rsplit(b"\n\n", 1)
    dash, signer, blob = signatures.decode().split()
    assert (dash, signer) == ("—", name)
    raw = base64.b64decode(blob)
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], text + b"\n")
    origin, size, root = text.decode().split("\n")
    return origin, int(size), base64.b64decode(root)


def assert_independently_whole(folder: Path, vkey: str) -> list[bytes]:
    data = (folder / "events.jsonl").read_bytes()
    assert data.endswith(b"\n")
    lines = data[:-1].split(b"\n")
    assert signed_head((folder / "checkpoint").read_bytes(), vkey) == (ORIGIN, len(lines), tree_hash(lines))
    assert (folder / "vkey").read_text().strip() == vkey
    return lines


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return filled_home(tmp_path_factory.mktemp("honest") / "home", 6)


@pytest.fixture
def exported(honest: Home, tmp_path: Path) -> Path:
    return export(honest.path, tmp_path / "export", vkey=honest.vkey).folder


def test_an_independent_program_recomputes_the_root_from_the_lines(exported, honest):
    lines = assert_independently_whole(exported, honest.vkey)
    first = json.loads(lines[1])
    names = {"id", "index", "time", "type", "request", "actor", "role", "department", "purpose", "decision"}
    assert names <= set(first)
    assert (first["index"], first["type"], first["actor"]) == (1, "intent", "market")


texts = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz_", max_size=5), inner, max_size=3),
    max_leaves=6,
)
events = st.builds(
    Event,
    type=st.sampled_from(["question", "signed_in", "policy.activated"]),
    actor=st.text(min_size=1, max_size=12),
    request=st.none() | texts,
    role=st.none() | texts,
    department=st.none() | texts,
    purpose=st.none() | texts,
    decision=st.none() | texts,
    detail=st.dictionaries(st.text("abcmetrics_", max_size=8) | st.just("metrics"), json_values, max_size=4),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(events, min_size=1, max_size=4), max_size=8))
def test_any_sequence_of_events_exports_and_verifies_everywhere(tmp_path, batches):
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    home = new_home(folder)
    with home.open(create=True) as ledger:
        receipts = [receipt for batch in batches for receipt in ledger.append_many(batch)]
    assert home.verify().ok
    out = export(home.path, folder / "export", vkey=home.vkey).folder
    lines = assert_independently_whole(out, home.vkey)
    assert [json.loads(lines[receipt.index])["id"] for receipt in receipts] == [receipt.event for receipt in receipts]
    assert verify(out, home.vkey).ok
    problems, _ = standalone.check(out, home.vkey)
    assert problems == []


def test_an_export_is_all_or_nothing(honest, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").write_text("keep me")
    with pytest.raises(ExportError, match="empty"):
        export(honest.path, full, vkey=honest.vkey)
    assert [path.name for path in full.iterdir()] == ["something"]
    with pytest.raises(AuditUnavailable):
        export(tmp_path / "absent.db", tmp_path / "out", vkey=honest.vkey)
    with pytest.raises(ExportError):
        export(honest.path, full / "something" / "below a file", vkey=honest.vkey)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


def test_an_empty_folder_may_be_named(honest, tmp_path):
    (tmp_path / "out").mkdir()
    assert export(honest.path, tmp_path / "out", vkey=honest.vkey).events == 13
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README",
        "checkpoint",
        "events.jsonl",
        "leaves",
        "verify.py",
        "vkey",
    ]


def test_an_export_made_while_the_ledger_is_written_is_of_one_moment(tmp_path):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        for number in range(5):
            ledger.append_many([intent("r")] * 7)
            assert_independently_whole(export(home.path, tmp_path / f"out{number}", vkey=home.vkey).folder, home.vkey)


# The verifier in the folder.


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With Python alone: no packages, no environment, from elsewhere."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), *arguments],
        capture_output=True,
        text=True,
        env={"PYTHONIOENCODING": "utf-8"},
        cwd=os.sep,
        check=False,
    )


def test_the_verifier_in_the_folder_needs_the_standard_library_alone(exported, honest):
    tree = ast.parse((exported / "verify.py").read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names
    done = run(exported, str(exported), honest.vkey)
    assert (done.returncode, done.stdout[:16]) == (0, "holds: 13 events")


def test_the_verifier_says_when_it_only_had_the_folders_own_key(exported):
    done = run(exported)
    assert done.returncode == 0
    assert "compare it" in done.stdout


def change(folder: Path, work: Callable[[list[bytes]], list[bytes]]) -> None:
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(work(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda lines: [*lines[:5], lines[5].replace(b"market", b"markes"), *lines[6:]], "event 5 was changed"),
        (lambda lines: lines[:5] + lines[6:], "line 5 says it is event 6"),
        (lambda lines: [*lines[:5], lines[4], *lines[5:]], "line 5 says it is event 4"),
        (lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], "line 5 says it is event 6"),
        (lambda lines: lines[:-1], "12 lines"),
        (lambda lines: [], "0 lines"),
        (lambda lines: [*lines, lines[-1]], "14 lines"),
        (lambda lines: [*lines[:5], b"{}\n", *lines[6:]], "line 5 says it is event None"),
        (lambda lines: [*lines[:5], b'{"pruned":"%b"}\n' % (b"0" * 64), *lines[6:]], "do not hash"),
    ],
)
def test_the_verifier_in_the_folder_names_what_does_not_hold(exported, honest, work, words):
    change(exported, work)
    done = run(exported, str(exported), honest.vkey)
    assert done.returncode == 1
    assert words in done.stdout


def test_the_verifier_refuses_another_key(exported, tmp_path):
    stranger = generate_key(tmp_path / "key", ORIGIN)
    done = run(exported, str(exported), str(stranger.verifier))
    assert done.returncode == 1
    assert "not signed" in done.stdout


def test_the_verifier_refuses_a_spoilt_signature(exported, honest):
    note = (exported / "checkpoint").read_text()
    (exported / "checkpoint").write_text(note.replace("\n13\n", "\n12\n"))
    done = run(exported, str(exported), honest.vkey)
    assert done.returncode == 1
    assert "signature" in done.stdout


def test_the_verifier_tells_an_absent_file_from_a_bad_one(exported, honest):
    (exported / "events.jsonl").unlink()
    assert run(exported, str(exported), honest.vkey).returncode == 2


def test_the_verifiers_signatures_are_rfc_8032s():
    """RFC 8032, section 7.1, tests 1 and 2."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert standalone.signature_holds(public, b"", signature)
    assert not standalone.signature_holds(public, b"\x00", signature)
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert standalone.signature_holds(public, b"\x72", signature)


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(0, 511), st.booleans())
def test_the_verifiers_signatures_are_those_of_another_implementation(seed, message, bit, spoil):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    signature = bytearray(private.sign(message))
    if spoil:
        signature[bit // 8] ^= 1 << bit % 8
    public = private.public_key().public_bytes_raw()
    assert standalone.signature_holds(public, message, bytes(signature)) is not spoil


def test_a_signature_with_a_scalar_beyond_the_order_is_refused():
    """Else every signature would have a twin (RFC 8032, section 5.1.7: 0 <= S < L)."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = private.sign(b"x")
    scalar = int.from_bytes(signature[32:], "little") + standalone.ORDER
    twin = signature[:32] + scalar.to_bytes(32, "little")
    assert not standalone.signature_holds(private.public_key().public_bytes_raw(), b"x", twin)


def test_verifying_imports_nothing_heavy():
    """`wenshu audit verify` and a checker on another machine start at once."""
    program = "import sys, audit.verify, audit.search, audit.export; print(*sys.modules)"
    root = Path(audit.__file__).resolve().parents[1]
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True
    ).stdout.split()
    assert not {"pandas", "numpy", "sqlalchemy", "flask", "pydantic", "duckdb"} & set(loaded)
    assert not [name for name in loaded if name.split(".")[0] in {"governance", "nlq", "wenshu"}]


def test_a_ledger_of_another_name_does_not_pass_for_this_one(tmp_path, exported, honest):
    other = Signer("other.example/ledger", Ed25519PrivateKey.generate())
    assert not verify(exported, str(other.verifier)).ok
