"""The Merkle tree against RFC 6962's own recursive definitions and the public vectors."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audit import merkle
from audit.errors import InvalidProof

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


# The oracle: RFC 6962, section 2.1, word for word, over raw entries.


def mth(entries: list[bytes]) -> bytes:
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m: int, entries: list[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: list[bytes], known: bool) -> list[bytes]:
    if m == len(entries):
        return [] if known else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], known), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def stored(entries: list[bytes]) -> tuple[merkle.CompactRange, dict[tuple[int, int], bytes]]:
    tree, nodes = merkle.CompactRange(), {}
    for number, entry in enumerate(entries):
        leaf = merkle.leaf_hash(entry)
        nodes[0, number] = leaf
        for node in tree.append(leaf):
            nodes[node.level, node.position] = node.hash
    return tree, nodes


entry_lists = st.lists(st.binary(max_size=3), min_size=1, max_size=40)


@given(st.lists(st.binary(max_size=3), max_size=70))
def test_the_root_is_rfc_6962s(entries):
    tree, _ = stored(entries)
    assert tree.root() == merkle.root(map(merkle.leaf_hash, entries)) == mth(entries)


@given(entry_lists, st.data())
def test_inclusion_proofs_are_rfc_6962s_and_hold(entries, data):
    tree, nodes = stored(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    proof = merkle.inclusion_proof(index, len(entries), lambda *node: nodes[node])
    assert proof == path(index, entries)
    merkle.verify_inclusion(merkle.leaf_hash(entries[index]), index, len(entries), proof, tree.root())


@given(entry_lists, st.data())
def test_consistency_proofs_are_rfc_6962s_and_hold(entries, data):
    tree, nodes = stored(entries)
    old = data.draw(st.integers(1, len(entries)))
    proof = merkle.consistency_proof(old, len(entries), lambda *node: nodes[node])
    assert proof == subproof(old, entries, True)
    merkle.verify_consistency(old, len(entries), proof, mth(entries[:old]), tree.root())


@given(entry_lists, st.data())
def test_an_inclusion_proof_with_anything_changed_is_refused(entries, data):
    size = len(entries)
    index = data.draw(st.integers(0, size - 1))
    proof, leaf, root = path(index, entries), merkle.leaf_hash(entries[index]), mth(entries)
    what = data.draw(st.sampled_from(["leaf", "index", "root", "drop", "add", "flip"]))
    if what == "leaf":
        leaf = merkle.leaf_hash(b"other, longer than any")
    elif what == "index":
        other = data.draw(st.integers(-1, size + 1))
        assume(other != index and not (0 <= other < size and entries[other] == entries[index]))
        index = other
    elif what == "root":
        root = merkle.leaf_hash(b"other, longer than any")
    elif what == "add":
        proof.insert(data.draw(st.integers(0, len(proof))), bytes(32))
    else:
        assume(proof)
        at = data.draw(st.integers(0, len(proof) - 1))
        if what == "drop":
            del proof[at]
        else:
            proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    with pytest.raises(InvalidProof):
        merkle.verify_inclusion(leaf, index, size, proof, root)


@given(entry_lists, entry_lists)
def test_no_proof_joins_two_histories(one, two):
    """The honest proof of one history never shows that it extends the other."""
    old = min(len(one), len(two))
    assume(one[:old] != two[:old])
    proof = subproof(old, two, True)
    with pytest.raises(InvalidProof):
        merkle.verify_consistency(old, len(two), proof, mth(one[:old]), mth(two))


@given(st.integers(0, 300))
def test_interior_nodes_are_numbered_in_order_of_completion(size):
    tree = merkle.CompactRange()
    numbers = [merkle.node_id(node.level, node.position) for _ in range(size) for node in tree.append(bytes(32))]
    assert numbers == list(range(merkle.interior_count(size)))


@given(entry_lists, st.data())
def test_a_tree_taken_up_from_stored_nodes_grows_as_if_never_put_down(entries, data):
    at = data.draw(st.integers(0, len(entries)))
    whole, nodes = stored(entries)
    tree = merkle.CompactRange.read(at, lambda *node: nodes[node])
    for entry in entries[at:]:
        tree.append(merkle.leaf_hash(entry))
    assert (tree.size, tree.root()) == (whole.size, whole.root())
    assert merkle.root_at(at, lambda *node: nodes[node]) == mth(entries[:at])


def test_the_empty_trees_root_is_the_hash_of_nothing():
    assert merkle.CompactRange().root() == merkle.root([]) == hashlib.sha256().digest()


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (1, 1), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(index, size):
    with pytest.raises(InvalidProof):
        merkle.inclusion_proof(index, size, lambda *_: bytes(32))


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (0, 1)])
def test_a_tree_that_does_not_grow_has_no_consistency_proof(old, new):
    with pytest.raises(InvalidProof):
        merkle.consistency_proof(old, new, lambda *_: bytes(32))


def test_peaks_must_belong_to_the_size():
    with pytest.raises(ValueError, match="peaks"):
        merkle.CompactRange(3, [bytes(32)])


# Public vectors of transparency-dev/merkle, kept beside the repository.


def vectors(kind: str) -> list[dict]:
    file = VECTORS / f"merkle-{kind}.json"
    return json.loads(file.read_text()) if file.exists() else []


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def missing(kind: str) -> list[pytest.ParameterSet]:
    found = [pytest.param(case, id=case["name"]) for case in vectors(kind)]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="../shared/vectors is not beside this clone"))]


@pytest.mark.parametrize("case", missing("inclusion"))
def test_public_inclusion_vectors_are_judged_as_they_say(case):
    proof = [raw(text) for text in case["proof"] or []]
    arguments = (raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, raw(case["root"]))
    if case["wantErr"]:
        with pytest.raises(InvalidProof):
            merkle.verify_inclusion(*arguments)
    else:
        merkle.verify_inclusion(*arguments)


@pytest.mark.parametrize("case", missing("consistency"))
def test_public_consistency_vectors_are_judged_as_they_say(case):
    proof = [raw(text) for text in case["proof"] or []]
    arguments = (case["size1"], case["size2"], proof, raw(case["root1"]), raw(case["root2"]))
    if case["wantErr"]:
        with pytest.raises(InvalidProof):
            merkle.verify_consistency(*arguments)
    else:
        merkle.verify_consistency(*arguments)
