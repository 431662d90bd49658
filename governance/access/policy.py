"""The policy as loaded: roles, purposes and rules with every name resolved, immutable, swapped whole when a bundle is activated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from governance.access.granting import with_grants
from governance.access.judge import CompiledRule
from governance.access.seats import Seat, seat_of
from governance.access.snapshot import Snapshot, indices
from governance.access.terms import DEFAULT_MINIMUM_GROUP, Terms, joined, terms_of
from governance.access.vocabulary import Vocabulary
from governance.documents.access import AccessDocument, Purpose, Role, RowRule, Rule, Selection
from governance.documents.reading import Read
from governance.errors import BundleError, Problem, nearest
from governance.terms import Actor, DimensionScope, LinkScope, MetricQuery, RowScope, TemporaryGrant

ACTOR_PREFIX = "$actor."

MAX_DAYS = 400
"""Days whose compiled policy is remembered."""

MAX_TERMS = 50_000
"""Sets of rules whose terms are remembered."""

MAX_GRANTED = 1_000
"""Sets of temporary grants whose policy is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `authorize` judges by. `version` is the hash of the bundle that it came from."""

    roles: Mapping[str, Role]
    purposes: Mapping[str, Purpose]
    rules: Mapping[str, CompiledRule]
    vocabulary: Vocabulary
    version: str
    judge: Snapshot
    person: str
    gone: frozenset[str] = frozenset()
    """The metrics that are retired on this policy's day."""
    _days: dict[dt.date, Policy] = field(default_factory=dict, init=False, repr=False, compare=False)
    _seats: dict[tuple[str, str], Seat] = field(default_factory=dict, init=False, repr=False, compare=False)
    _granted: dict[tuple[str, tuple[TemporaryGrant, ...]], Policy] = field(default_factory=dict, init=False, repr=False, compare=False)

    def seat(self, role: str, purpose: str) -> Seat | None:
        """Return all that the decisions about one role and purpose need, worked out once; None where the role may not state the purpose."""
        key = (role, purpose)
        seat = self._seats.get(key)
        if seat is None and (found := self.roles.get(role)) is not None and purpose in found.purposes and purpose in self.purposes:
            seat = self._seats[key] = seat_of(found, self.judge.pair(role, purpose), self.vocabulary, self.gone)
        return seat

    def of(self, actor: Actor) -> Policy:
        """Return the policy as it is for one person: with the rules that temporary grants add for this person alone."""
        if not actor.grants:
            return self
        key = (actor.role, actor.grants)
        found = self._granted.get(key)
        if found is None:
            if len(self._granted) >= MAX_GRANTED:
                self._granted.clear()
            found = self._granted[key] = with_grants(self, actor)
        return found

    def terms(self, role: str, purpose: str, bits: int) -> Terms:
        """Return on what terms the rules of `bits` (of the role's and purpose's pair) let the role ask, worked out once. No denial is among them."""
        seat = self.seat(role, purpose)
        found = seat.terms.get(bits) if seat is not None else None
        if found is None:
            rules = self.judge.pair(role, purpose).matching(bits)
            if len(rules) == 1:
                found = terms_of(rules[0].rule, self.roles[role], self.person)
            else:
                found = joined([self.terms(role, purpose, 1 << index) for index in indices(bits)])
            if seat is not None:
                if len(seat.terms) >= MAX_TERMS:
                    seat.terms.clear()
                seat.terms[bits] = found
        return found

    def on(self, day: dt.date) -> Policy:
        """Return the policy with only the rules and metrics in force on `day`. Compiled once a day."""
        found = self._days.get(day)
        if found is None:
            live = {name: rule for name, rule in self.rules.items() if in_force(rule.rule, day)}
            found = self if len(live) == len(self.rules) else self.with_rules(live)
            gone = frozenset(name for name, facts in self.vocabulary.metrics.items() if facts.retired_on is not None and facts.retired_on <= day)
            if gone != found.gone:
                found = replace(found, gone=gone)
            if len(self._days) > MAX_DAYS:
                self._days.clear()
            self._days[day] = found
        return found

    def compiled(self) -> Policy:
        """Return the policy itself, with the terms of every rule worked out beforehand, so that no request pays for them. Meant for the moment of activation."""
        for (role, purpose), pair in self.judge.pairs.items():
            if self.seat(role, purpose) is not None:
                for index in indices(((1 << len(pair.rules)) - 1) & ~pair.denials):
                    self.terms(role, purpose, 1 << index)
        return self

    def with_rules(self, rules: Mapping[str, CompiledRule]) -> Policy:
        """Return the policy with other rules."""
        return replace(self, rules=MappingProxyType(dict(rules)), judge=Snapshot.compile(rules.values()))

    def turning_days(self) -> tuple[dt.date, ...]:
        """Return the days on which a rule begins or ends or a metric is retired, in order."""
        days = {day for rule in self.rules.values() for day in (rule.rule.effective_from, rule.rule.effective_until) if day is not None}
        days |= {facts.retired_on for facts in self.vocabulary.metrics.values() if facts.retired_on is not None}
        return tuple(sorted(days))

    def largest_group(self) -> int:
        """Return the largest minimum group of any role or rule; withdrawals of consent are batched by it."""
        groups = [role.minimum_group for role in self.roles.values()] + [rule.rule.minimum_group for rule in self.rules.values()]
        return max((group.k for group in groups if group is not None), default=DEFAULT_MINIMUM_GROUP)


def in_force(rule: Rule, day: dt.date) -> bool:
    """Return whether the rule holds on `day` (`effective_until` itself is excluded)."""
    return (rule.effective_from is None or rule.effective_from <= day) and (rule.effective_until is None or day < rule.effective_until)


def _select(selection: Selection, facts: Mapping[str, tuple[str | None, frozenset[str]]]) -> frozenset[str]:
    chosen = set(facts) if selection.all else set(selection.names)
    for name, (stage, tags) in facts.items():
        if (stage is not None and stage in selection.stages) or tags & set(selection.tags):
            chosen.add(name)
    dropped = {name for name, (_, tags) in facts.items() if tags & set(selection.without_tags)}
    return frozenset(chosen - set(selection.without) - dropped)


def selected(rule: Rule, vocabulary: Vocabulary) -> CompiledRule:
    """Return the rule with its selections resolved to the names of the vocabulary."""
    metrics = {name: (metric.stage, metric.tags) for name, metric in vocabulary.metrics.items()}
    dimensions = {name: (None, dimension.tags) for name, dimension in vocabulary.dimensions.items()}
    return CompiledRule(rule=rule, metrics=_select(rule.metrics, metrics), dimensions=_select(rule.dimensions, dimensions))


class _Checker:
    """Collects what is wrong with the access documents, with file and line."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.stages = {metric.stage for metric in vocabulary.metrics.values()}
        self.problems: list[Problem] = []

    def known(self, where: str, what: str, names: Sequence[str], known: Sequence[str]) -> None:
        self.problems.extend(
            Problem(where=where, message=f"unknown {what} {name!r}.{nearest(name, known)}") for name in names if name not in known
        )

    def rule(self, read: Read[AccessDocument], index: int, roles: Mapping[str, Role], purposes: Mapping[str, Purpose]) -> None:
        rule = read.document.rules[index]

        def at(*path: str | int) -> str:
            return read.where("rules", index, *path)

        self.known(at("roles"), "role", rule.roles, list(roles))
        self.known(at("purposes"), "purpose", rule.purposes, list(purposes))
        metrics, dimensions = list(self.vocabulary.metrics), list(self.vocabulary.dimensions)
        self.known(at("metrics"), "metric", (*rule.metrics.names, *rule.metrics.without), metrics)
        self.known(at("metrics"), "stage", rule.metrics.stages, sorted(self.stages))
        self.known(at("dimensions"), "dimension", (*rule.dimensions.names, *rule.dimensions.without), dimensions)
        for number, row in enumerate(rule.rows):
            self.known(at("rows", number), "dimension", (*row.only_with, *((row.dimension,) if row.dimension else ())), dimensions)
        for number, mask in enumerate(rule.masks):
            self.known(at("masks", number), "dimension", (mask.dimension, *((mask.to,) if mask.to else ())), dimensions)
        if rule.effect == "deny" and (rule.rows or rule.minimum_group or rule.masks or rule.export is not None or rule.model_egress is not None):
            self.problems.append(Problem(where=at(), message=f"{rule.id}: a denial has no rows, no minimum group, no masks and no rights"))
        if rule.effect == "limit":
            self._limit(rule, at)

    def _limit(self, rule: Rule, at: Callable[..., str]) -> None:
        for right in ("export", "model_egress"):
            if getattr(rule, right):
                self.problems.append(Problem(where=at(right), message=f"{rule.id}: a limit only takes away; {right} can't be true there"))
        withheld = rule.export is False or rule.model_egress is False
        if not (rule.rows or rule.minimum_group or rule.masks or withheld or rule.obligation):
            self.problems.append(Problem(where=at(), message=f"{rule.id}: a limit needs rows, masks, a minimum group, an obligation, or a right to take away"))


def _unique(items: Sequence[tuple[str, str]], what: str, problems: list[Problem]) -> None:
    seen: dict[str, str] = {}
    for name, where in items:
        if name in seen:
            problems.append(Problem(where=where, message=f"the {what} {name!r} is defined twice, first at {seen[name]}"))
        seen.setdefault(name, where)


def build_policy(reads: Sequence[Read[AccessDocument]], vocabulary: Vocabulary, *, version: str, person: str) -> Policy:
    """Compile the access documents, or raise BundleError with every unknown or doubled name.

    `person` is the entity that minimum groups count where neither rule nor role names one.
    """
    checker = _Checker(vocabulary)
    named: dict[str, list[tuple[str, str]]] = {"role": [], "purpose": [], "rule": []}
    for read in reads:
        named["role"] += [(item.id, read.where("roles", i)) for i, item in enumerate(read.document.roles)]
        named["purpose"] += [(item.id, read.where("purposes", i)) for i, item in enumerate(read.document.purposes)]
        named["rule"] += [(item.id, read.where("rules", i)) for i, item in enumerate(read.document.rules)]
    for what, items in named.items():
        _unique(items, what, checker.problems)
    roles = {role.id: role for read in reads for role in read.document.roles}
    purposes = {purpose.id: purpose for read in reads for purpose in read.document.purposes}
    for read in reads:
        for index, role in enumerate(read.document.roles):
            checker.known(read.where("roles", index, "purposes"), "purpose", role.purposes, list(purposes))
        for index in range(len(read.document.rules)):
            checker.rule(read, index, roles, purposes)
    if checker.problems:
        raise BundleError(checker.problems)
    compiled = {rule.id: selected(rule, vocabulary) for read in reads for rule in read.document.rules}
    return Policy(
        roles=MappingProxyType(roles),
        purposes=MappingProxyType(purposes),
        rules=MappingProxyType(compiled),
        vocabulary=vocabulary,
        version=version,
        judge=Snapshot.compile(compiled.values()),
        person=person,
    )


def _filled(values: Sequence[str], actor: Actor) -> tuple[str, ...]:
    """Replace `$actor.x` by the caller's attribute; an attribute that the caller lacks leaves nothing."""
    out = []
    for value in values:
        if not value.startswith(ACTOR_PREFIX):
            out.append(value)
        elif attribute := actor.attributes.get(value.removeprefix(ACTOR_PREFIX)):
            out.append(attribute)
    return tuple(out)


def row_scope(row: RowRule, actor: Actor, query: MetricQuery, today: dt.date) -> RowScope | None:
    """Return the typed predicate that the row rule means for this caller, or None where it does not apply to the query."""
    if row.only_with and not set(row.only_with) & set(query.named_dimensions()):
        return None
    if row.dimension is not None:
        return DimensionScope(dimension=row.dimension, values=_filled(row.values, actor))
    if row.link is None or row.entity is None or row.to_entity is None:  # the document's validator excludes it
        raise ValueError("a row rule without form")
    return LinkScope(model=row.link, entity=row.entity, to_entity=row.to_entity, keys=_filled(row.keys, actor), on=today)
