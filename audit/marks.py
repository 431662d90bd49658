"""What was marked and counted for a filter before: a ledger only grows, so only the events since then are looked at again.

Whether an event is meant depends on that event alone, so a mask of the first n events stays true, and so do counts over them. When rows go away (pruning), the
columns are read anew and everything kept here is forgotten with them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from audit.columns import Mask, Numbers, View

KEPT_MASKS = 24
KEPT_COUNTS = 512


class Marks:
    """Masks and counts by what was asked; the least used ones go. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._masks: OrderedDict[Hashable, tuple[int, Mask]] = OrderedDict()
        self._counts: OrderedDict[Hashable, tuple[int, int, Numbers]] = OrderedDict()

    def mask(self, key: Hashable, view: View, marked: Callable[[View], Mask]) -> Mask:
        """The mask of `key` over the whole view; `marked` works it out for a view of the events that are new."""
        with self._lock:
            prunings, mask = self._masks.get(key, (view.prunings, np.zeros(0, bool)))
        if prunings != view.prunings or len(mask) > len(view.index):
            mask = np.zeros(0, bool)
        if len(mask) < len(view.index):
            new = marked(view.tail(len(mask)))
            mask = np.concatenate([mask, new]) if len(mask) else new
            mask.flags.writeable = False
            _keep(self._lock, self._masks, key, (view.prunings, mask), KEPT_MASKS)
        return mask

    def counts(self, key: Hashable, view: View, mask: Mask, width: int, places: Callable[[View], Any]) -> Numbers:
        """How often each of `width` places occurs among the events of the mask; `places` gives each event's place."""
        with self._lock:
            prunings, seen, counted = self._counts.get(key, (view.prunings, 0, np.zeros(0, np.int64)))
        if prunings != view.prunings or seen > len(view.index):
            seen, counted = 0, np.zeros(0, np.int64)
        found = np.zeros(max(width, len(counted)), np.int64)
        found[: len(counted)] = counted
        if seen < len(view.index):
            new = places(view.tail(seen))
            here = mask[seen:]
            more = np.bincount(new if here.all() else new[here], minlength=len(found))
            found = found + more
            _keep(self._lock, self._counts, key, (view.prunings, len(view.index), found), KEPT_COUNTS)
        return found[:width]


def _keep(lock: threading.Lock, kept: OrderedDict[Any, Any], key: Hashable, value: object, most: int) -> None:
    with lock:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > most:
            kept.popitem(last=False)
