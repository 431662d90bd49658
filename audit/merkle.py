"""The Merkle tree of RFC 6962, section 2: pure functions over 32-byte SHA-256 hashes.

A tree of `size` leaves is made of *complete* subtrees, each named by `(level, position)`: its leaves are those numbered
`position << level` up to `(position + 1) << level`. Complete subtrees never change once made, so they are stored, and a proof
needs only stored ones. `node_id` gives interior nodes (level 1 and up) consecutive numbers in the order in which they
come into being, so that storing them is appending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from audit.errors import InvalidProof

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves: SHA-256 of nothing."""

HASH_LENGTH = 32
"""Bytes in a SHA-256 hash."""

NodeReader = Callable[[int, int], bytes]
"""Hash of the complete subtree `(level, position)`; level 0 is a leaf hash."""


class Node(NamedTuple):
    """A complete subtree and its hash."""

    level: int
    position: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def node_id(level: int, position: int) -> int:
    """Number of an interior node in order of completion, from 0 without gaps; `level` is at least 1."""
    leaves = (position + 1) << level  # the tree size that completes it
    return interior_count(leaves - 1) + level - 1


def interior_count(size: int) -> int:
    """How many complete interior nodes a tree of `size` leaves has."""
    return size - size.bit_count()


def peaks(size: int) -> list[tuple[int, int]]:
    """The maximal complete subtrees of a tree of `size` leaves as (level, position), largest and leftmost first."""
    found: list[tuple[int, int]] = []
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


class CompactRange:
    """A growing tree that remembers only its peaks: O(log n) memory, O(1) amortised per leaf."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """A tree of `size` leaves whose peaks, largest first, have these hashes."""
        if len(hashes) != size.bit_count():
            message = f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(hashes)}"
            raise ValueError(message)
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> list[bytes]:
        """The peaks' hashes, largest first."""
        return list(self._hashes)

    @classmethod
    def read(cls, size: int, read: NodeReader) -> CompactRange:
        """The tree of the first `size` leaves, its peaks taken from stored nodes."""
        return cls(size, [read(level, position) for level, position in peaks(size)])

    def copy(self) -> CompactRange:
        """An independent tree with the same leaves."""
        return CompactRange(self.size, self._hashes)

    def append(self, leaf: bytes) -> list[Node]:
        """Add one leaf hash; returns the interior nodes that it completes, lowest first."""
        hashes = self._hashes
        done: list[Node] = []
        current, level, carry = leaf, 0, self.size
        while carry & 1:
            current = sha256(b"\x01" + hashes.pop() + current).digest()
            level += 1
            carry >>= 1
            done.append(Node(level, carry, current))
        hashes.append(current)
        self.size += 1
        return done

    def extend(self, leaves: Iterable[bytes]) -> list[bytes]:
        """Add leaf hashes; returns the hashes of the interior nodes that they complete, in order of completion."""
        hashes, carry = self._hashes, self.size
        done: list[bytes] = []
        for current in leaves:
            left = carry
            carry += 1
            while left & 1:
                current = sha256(b"\x01" + hashes.pop() + current).digest()  # noqa: PLW2901 - it climbs
                left >>= 1
                done.append(current)
            hashes.append(current)
        self.size = carry
        return done

    def root(self) -> bytes:
        """The RFC 6962 root of all leaves so far."""
        return _fold(self._hashes)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Root over peaks, largest first."""
    if not hashes:
        return EMPTY_ROOT
    current = hashes[-1]
    for left in reversed(hashes[:-1]):
        current = node_hash(left, current)
    return current


def root(leaves: Iterable[bytes]) -> bytes:
    """The RFC 6962 root over leaf *hashes*."""
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def root_at(size: int, read: NodeReader) -> bytes:
    """The root that the tree had at `size` leaves, from stored nodes."""
    return CompactRange.read(size, read).root()


def _range_hash(start: int, end: int, read: NodeReader) -> bytes:
    """Hash of the subtree over leaves [start, end), `start` being a multiple of a power of two at least as large."""
    return _fold([read(level, (start >> level) + position) for level, position in peaks(end - start)])


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (RFC 6962's k)."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf upwards; raises `InvalidProof` out of range."""
    if not 0 <= index < size:
        message = f"no leaf {index} in a tree of {size}"
        raise InvalidProof(message)
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_hash(middle, end, read))
            end = middle
        else:
            proof.append(_range_hash(start, middle, read))
            start = middle
    proof.reverse()
    return proof


def consistency_proof(old: int, new: int, read: NodeReader) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2; empty for equal sizes. An empty old tree has none."""
    _expect_growth(old, new)
    if old == new:
        return []
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range_hash(middle, end, read))
            end = middle
        else:
            proof.append(_range_hash(start, middle, read))
            start, whole = middle, False
    if not whole:
        proof.append(_range_hash(start, end, read))
    proof.reverse()
    return proof


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `InvalidProof` unless `proof` shows that leaf hash `leaf` is number `index` of the tree with that root."""
    if not 0 <= index < size:
        message = f"no leaf {index} in a tree of {size}"
        raise InvalidProof(message)
    _expect_hashes(leaf, *proof, root)
    inner = (index ^ (size - 1)).bit_length()
    _expect_length(proof, inner + (index >> inner).bit_count())
    current = leaf
    for level, sibling in enumerate(proof):
        left = level >= inner or index >> level & 1
        current = node_hash(sibling, current) if left else node_hash(current, sibling)
    _expect_root(current, root)


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raise `InvalidProof` unless `proof` shows that the first `old` leaves of the new tree are the old tree."""
    _expect_growth(old, new)
    if old == new:
        _expect_length(proof, 0)
        _expect_root(old_root, new_root)
        if old == 0:
            _expect_root(EMPTY_ROOT, old_root)
        return
    _expect_hashes(*proof, old_root, new_root)
    # The path runs from the old tree's last peak up to the new root; a power of two is its own first node.
    shift = (old & -old).bit_length() - 1
    power = old == 1 << shift
    path = [old_root, *proof] if power else list(proof)
    inner = ((old - 1) ^ (new - 1)).bit_length() - shift
    _expect_length(path, 1 + inner + ((old - 1) >> inner + shift).bit_count())
    was = now = path[0]
    for level, sibling in enumerate(path[1:]):
        if level >= inner or (old - 1) >> shift + level & 1:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
        else:
            now = node_hash(now, sibling)
    _expect_root(was, old_root)
    _expect_root(now, new_root)


def _expect_growth(old: int, new: int) -> None:
    if not 0 <= old <= new:
        message = f"a tree of {new} leaves can't extend one of {old}"
        raise InvalidProof(message)
    if old == 0 < new:
        message = "every tree extends the empty one, so such a proof says nothing (RFC 6962 has none)"
        raise InvalidProof(message)


def _expect_hashes(*hashes: bytes) -> None:
    if any(len(found) != HASH_LENGTH for found in hashes):
        message = f"a hash is not {HASH_LENGTH} bytes long"
        raise InvalidProof(message)


def _expect_length(proof: Sequence[bytes], length: int) -> None:
    if len(proof) != length:
        message = f"the proof has {len(proof)} hashes where {length} are needed"
        raise InvalidProof(message)


def _expect_root(computed: bytes, given: bytes) -> None:
    if computed != given:
        message = "the proof leads to another root"
        raise InvalidProof(message)
