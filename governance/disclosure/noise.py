"""Perturbation: rounding, and cell-key noise that belongs to a set of persons and not to a question.

The cell-key method (Fraser and Wooton 2005; Thompson, Broadfoot and Elazar 2013) draws the noise of a number from a key of the records behind it: however the same records are
asked for, the same noise is added, so that paraphrases can't average it out. Here the key is an HMAC over a fingerprint of the set of persons, what is measured and its true value.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from governance.disclosure.settings import Blur

Number = int | float | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A measured number before it is blurred.

    `what` names the measure, however it is asked for; `mark` is a fingerprint of the persons behind the number (of those behind the whole cell where the number itself has
    none); `most` is what the number can't exceed, if anything.
    """

    what: str
    value: Number
    kind: Literal["count", "sum"]
    persons: int
    mark: int | None
    most: Number | None = None


class Noise:
    """Blurs numbers with one installation's secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def blurred(self, number: Counted, blur: Blur) -> Number:
        """Return the number as it may be told: counts stay whole numbers of at least 0."""
        if blur.method == "none":
            return number.value
        if blur.method == "rounding":
            return self._inside(number, round(float(number.value) / blur.base) * blur.base)
        step = self._step(number, blur.spread)
        if number.kind == "count":
            return self._inside(number, int(number.value) + step)
        # A sum moves by about what single persons add to it.
        return float(number.value) + step / blur.spread * abs(float(number.value)) / max(1, number.persons)

    @staticmethod
    def _inside(number: Counted, value: int) -> Number:
        least = max(0, value)
        return least if number.most is None else min(least, number.most)

    def _step(self, number: Counted, spread: int) -> int:
        text = f"{number.what}\0{number.mark}\0{number.persons}\0{float(number.value)!r}"
        drawn = int.from_bytes(hmac.digest(self._key, text.encode(), "sha256")[:8], "big")
        return drawn % (2 * spread + 1) - spread
