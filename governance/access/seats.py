"""A seat: one role stating one purpose, with everything that its decisions look up laid side by side, so that a request costs a few microseconds.

It says yes only. What it can't say yes to is judged once more, step by step, for the first refusal that applies (`authorize`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from governance.access.judge import ALONE
from governance.access.snapshot import Pair
from governance.access.terms import Terms
from governance.access.vocabulary import Vocabulary
from governance.documents.access import Role


@dataclass(frozen=True, slots=True)
class Opening:
    """A metric at this seat: its rules as bits of the pair, and the dimensions that it can soundly be asked by without crossing the red line."""

    bits: int
    by: frozenset[str]
    ignores_consent: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """`openings` holds the metrics that some rule speaks about and that are not retired; `terms` what is known of sets of rules so far."""

    role: Role
    pair: Pair
    openings: Mapping[str, Opening]
    terms: dict[int, Terms] = field(default_factory=dict)

    def together(self, metrics: Sequence[str], names: Sequence[str]) -> tuple[int, bool] | None:
        """Return the rules behind the whole query as bits, and whether all its metrics ignore consent; None where any part of it is not surely allowed."""
        pair, openings = self.pair, self.openings
        grants, denials, about = pair.grants, pair.denials, pair.dimensions
        found, ignores = 0, True
        for metric in metrics:
            opening = openings.get(metric)
            if opening is None:
                return None
            mine, by = opening.bits, opening.by
            ignores = ignores and opening.ignores_consent
            for name in names or _ALONE:
                bits = mine & about.get(name, 0)
                if not bits & grants or bits & denials or (name not in by and name != ALONE):
                    return None
                found |= bits
        return found, ignores


_ALONE = (ALONE,)


def seat_of(role: Role, pair: Pair, vocabulary: Vocabulary, gone: frozenset[str]) -> Seat:
    """Lay out the seat of a role that may state the pair's purpose."""
    persons = frozenset(name for name, facts in vocabulary.dimensions.items() if facts.about_person)
    openings = {
        name: Opening(bits, facts.offered - persons if facts.prescribing else facts.offered, facts.ignores_consent)
        for name, bits in pair.metrics.items()
        if (facts := vocabulary.metrics.get(name)) is not None and name not in gone
    }
    return Seat(role, pair, openings)
