"""The hash tree a level at a time: thousands of leaves in few steps, each a plain loop over one level.

Only complete, aligned pieces of the tree are made this way; what is left over at the end grows leaf by leaf (`audit.merkle`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any

from audit.merkle import CompactRange, node_id


class Growing:
    """A tree that grows by `piece` leaves (a power of two) at a time, and by fewer only at its end."""

    def __init__(self, tree: CompactRange, piece: int) -> None:
        """Go on from `tree`."""
        self._piece = piece
        self._level = piece.bit_length() - 1
        self._tree = tree

    def root(self) -> bytes:
        """The RFC 6962 root of all leaves so far."""
        return self._tree.root()

    def extend(self, leaves: Sequence[bytes]) -> bytes:
        """Add leaf hashes; returns the interior nodes that they complete, in order of completion, one after the other."""
        size = self._tree.size
        if len(leaves) != self._piece or self._piece < 2 or size % self._piece:
            return b"".join(self._tree.extend(leaves))
        inner = interior(leaves)
        # A whole piece is one leaf of the tree of pieces.
        upper = CompactRange(size >> self._level, self._tree.hashes)
        above = upper.extend([inner[-1]])
        self._tree = CompactRange(size + self._piece, upper.hashes)
        return b"".join([*inner, *above])


def interior(leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """The interior nodes over a power of two of leaf hashes (two at least), in order of completion; the last is their root."""
    found: list[bytes] = []
    level = leaves
    while len(level) > 1:
        two = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(two, two, strict=True)]
        found += level
    return tuple(_order(len(leaves))(found)) if len(found) > 1 else tuple(found)


@lru_cache(8)
def _order(size: int) -> Any:
    """Takes the nodes of a complete tree of `size` leaves, level by level, and gives them in order of completion."""
    places = [(level, position) for level in range(1, size.bit_length()) for position in range(size >> level)]
    return itemgetter(*sorted(range(len(places)), key=lambda number: node_id(*places[number])))
