"""Two policies held against each other, request by request: who gains, who loses, whose rows or groups change. Text is not compared, decisions are.

Compared are all roles × purposes × metrics × dimensions that either knows, today and on every later day on which a rule of either begins or ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from governance.access.authorize import shown_as
from governance.access.judge import ALONE
from governance.access.masking import coarser
from governance.access.policy import Policy
from governance.access.vocabulary import Vocabulary
from governance.documents.access import RowRule

Change = Literal[
    "gains", "loses", "wider_rows", "narrower_rows", "other_rows", "smaller_group", "larger_group", "other_group",
    "lighter_mask", "heavier_mask", "other_mask", "may_export", "no_export", "to_model", "not_to_model",
]  # fmt: skip
LOOSER: frozenset[Change] = frozenset({"gains", "wider_rows", "other_rows", "smaller_group", "other_group", "lighter_mask", "other_mask", "may_export", "to_model"})
"""Rows, groups or masks that can't be compared count as looser: what is not provably narrower may be wider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a request is allowed. `shown` is the dimension that its values are told by, None without a dimension."""

    rows: frozenset[RowRule]
    entity: str
    k: int
    rules: tuple[str, ...]
    shown: str | None
    export: bool
    model_egress: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One request whose decision or terms differ; `since` is the first day on which they do. `dimension` is None for the metric alone."""

    role: str
    purpose: str
    metric: str
    dimension: str | None
    change: Change
    before: Terms | None
    after: Terms | None
    since: dt.date

    @property
    def looser(self) -> bool:
        return self.change in LOOSER


class _View:
    """One policy on one day, with the terms of each set of rules worked out once."""

    def __init__(self, policy: Policy, day: dt.date) -> None:
        self.policy = policy.on(day)
        self._known: dict[tuple[str, str, int, str | None], Terms] = {}

    def terms(self, role: str, purpose: str, metric: str, dimension: str) -> Terms | None:
        """Return the terms of a request, None where it is refused; the red line and what a metric can't be asked by included."""
        vocabulary, found = self.policy.vocabulary, self.policy.roles.get(role)
        facts = vocabulary.metrics.get(metric)
        if found is None or facts is None or purpose not in found.purposes or metric in self.policy.gone:
            return None
        if dimension != ALONE:
            other = vocabulary.dimensions.get(dimension)
            if other is None or dimension not in facts.dimensions or (facts.prescribing and other.about_person):
                return None
        if not self.policy.judge.allows(role, purpose, metric, dimension):
            return None
        shown = None
        if dimension != ALONE:
            shown = shown_as(role, purpose, metric, dimension, self.policy)
            if shown is None:
                return None
        key = (role, purpose, self.policy.judge.pair(role, purpose).bits(metric, dimension), shown)
        if key not in self._known:
            self._known[key] = self._terms(*key)
        return self._known[key]

    def _terms(self, role: str, purpose: str, bits: int, shown: str | None) -> Terms:
        found = self.policy.terms(role, purpose, bits)
        return Terms(
            rows=frozenset(found.rows), entity=found.group.entity, k=found.group.k, rules=found.rules, shown=shown, export=found.export,
            model_egress=found.model_egress,
        )


def shifts(before: Policy, after: Policy, *, today: dt.date) -> Iterator[Shift]:
    """Yield every request whose decision or terms differ, each kind of change once, with the first day on which it shows."""
    days = sorted({today, *(day for policy in (before, after) for day in policy.turning_days() if day > today)})
    seen: set[tuple[str, str, str, str, Change]] = set()
    roles = dict.fromkeys((*before.roles, *after.roles))
    purposes = dict.fromkeys((*before.purposes, *after.purposes))
    metrics = dict.fromkeys((*before.vocabulary.metrics, *after.vocabulary.metrics))
    for day in days:
        old, new = _View(before, day), _View(after, day)
        for role in roles:
            for purpose in purposes:
                if not any(role in policy.roles and purpose in policy.roles[role].purposes for policy in (before, after)):
                    continue
                for metric in metrics:
                    for dimension in _asked_by(before, after, metric):
                        was, now = old.terms(role, purpose, metric, dimension), new.terms(role, purpose, metric, dimension)
                        for change in changes(was, now, dimension=dimension, vocabulary=after.vocabulary):
                            key = (role, purpose, metric, dimension, change)
                            if key not in seen:
                                seen.add(key)
                                named = None if dimension == ALONE else dimension
                                yield Shift(role=role, purpose=purpose, metric=metric, dimension=named, change=change, before=was, after=now, since=day)


def _asked_by(before: Policy, after: Policy, metric: str) -> list[str]:
    found = [policy.vocabulary.metrics[metric].dimensions for policy in (before, after) if metric in policy.vocabulary.metrics]
    return [ALONE, *dict.fromkeys(name for names in found for name in names)]


def combinations(policy: Policy) -> int:
    """Return how many requests the comparison looks at on one day for one policy."""
    cells = sum(1 + len(facts.dimensions) for facts in policy.vocabulary.metrics.values())
    return cells * sum(len(role.purposes) for role in policy.roles.values())


def changes(was: Terms | None, now: Terms | None, *, dimension: str, vocabulary: Vocabulary) -> list[Change]:
    """Return how the terms of one request changed; nothing where they are the same. `vocabulary` says what is coarser: the later policy's."""
    if was is None or now is None:
        if was is now:
            return []
        return ["gains"] if was is None else ["loses"]
    found: list[Change] = []
    narrower, wider = _implies(now.rows, was.rows), _implies(was.rows, now.rows)
    if not (narrower and wider):
        found.append("narrower_rows" if narrower else "wider_rows" if wider else "other_rows")
    if now.entity != was.entity and max(now.k, was.k) > 1:
        found.append("other_group")
    elif now.k != was.k and max(now.k, was.k) > 1:
        found.append("smaller_group" if now.k < was.k else "larger_group")
    if now.shown != was.shown:
        heavier, lighter = coarser(now.shown, was.shown, dimension, vocabulary), coarser(was.shown, now.shown, dimension, vocabulary)
        found.append("heavier_mask" if heavier else "lighter_mask" if lighter else "other_mask")
    if now.export != was.export:
        found.append("may_export" if now.export else "no_export")
    if now.model_egress != was.model_egress:
        found.append("to_model" if now.model_egress else "not_to_model")
    return found


def _implies(rows: frozenset[RowRule], others: frozenset[RowRule]) -> bool:
    """Return whether all rows that satisfy `rows` surely satisfy `others`: each of the others is implied by one of them."""
    return all(any(_one_implies(row, other) for row in rows) for other in others)


def _one_implies(row: RowRule, other: RowRule) -> bool:
    applies = not row.only_with or (bool(other.only_with) and set(other.only_with) <= set(row.only_with))
    if row.dimension is not None:
        return applies and row.dimension == other.dimension and set(row.values) <= set(other.values)
    same = (row.link, row.entity, row.to_entity) == (other.link, other.entity, other.to_entity)
    return applies and other.dimension is None and same and set(row.keys) <= set(other.keys)
