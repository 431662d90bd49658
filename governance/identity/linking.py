"""Linking rows to the persons of the register: strong identifiers first, a unique name in a place second, likeness third, never a name alone.

Precision comes first: what points at two persons points at nobody. A phone that several doctors or a representative use decides
only together with the name in the row; identifiers that contradict each other decide nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from governance.identity.doubts import Decision, Doubt, Residue, Settled, Thresholds, Words, record_doubts, settle
from governance.identity.evidence import NONE, WEAK, Evidence, Identifier, Interner, strength
from governance.identity.normalise import same_name
from governance.identity.register import SHARED, Register, alike, read_register

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

REASONS = (
    "linked",
    "no_usable_identifier",
    "unknown_person",
    "shared_identifier",
    "conflicting_identifiers",
    "unlinked_name",
)
"""Why a row has no person; index 0 means that it has one."""
LINKED, NO_IDENTIFIER, UNKNOWN, SHARED_ONLY, CONFLICT, UNLINKED = range(len(REASONS))
HOW = ("nobody", "identifier", "name_in_place", "likeness", "steward")
"""What linked a row."""
NOBODY, IDENTIFIER, NAME_IN_PLACE, LIKENESS, STEWARD = range(len(HOW))
_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The person of each row (NONE: nobody), why not (an index of REASONS) and what linked it (an index of HOW).

    Where equal rows were gathered into one, `counts` says how many rows of the extract each entry stands for.
    """

    person: IntArray
    reason: IntArray
    how: IntArray
    counts: IntArray | None = None

    def count(self, chosen: npt.NDArray[np.bool_]) -> int:
        """How many rows of the extract are chosen."""
        return int(chosen.sum() if self.counts is None else self.counts[chosen].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The outcome: per extract its rows' persons; `register` says what belongs to whom, with what the channels taught added."""

    register: Register
    rows: dict[str, Linked]
    learned: int
    by_name: int
    doubts: tuple[Doubt, ...] = ()
    labels: int = 0
    compared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What settles doubtful cases: thresholds of the bundle, decisions of stewards by token, and how descriptions are told in words."""

    words: Words
    thresholds: Thresholds
    decisions: Mapping[str, Decision]


class Linker:
    """Links the extracts of one kind of person."""

    def __init__(
        self,
        records: Evidence,
        directory: Interner[Identifier],
        names: Interner[str],
        blocked: frozenset[int],
        judge: Judge | None = None,
    ) -> None:
        self._records = records
        self._names = names
        self._blocked = blocked
        self._judge = judge
        self._tokens = _record_tokens(records, directory, judge.words) if judge is not None else []
        together, apart = self._decided_pairs()
        self.register = read_register(records, names, blocked, together=together, apart=apart)
        self._where = self._name_index()
        self._traits = self._person_traits()
        self._by_name = 0
        self._owners = np.full(len(directory), NONE, dtype=np.int64)
        for node, who in self.register.owner.items():
            self._owners[node] = who
        if blocked:
            self._owners[np.fromiter(blocked, dtype=np.int64)] = SHARED

    def link(self, others: Sequence[Evidence]) -> Links:
        """Link every row of the other extracts, after learning what new identifiers rows with two of them teach."""
        tuples = {evidence.source: _distinct(evidence) for evidence in others}
        learned = 0
        for _ in range(_ROUNDS):
            more = self._learn(distinct for distinct, _ in tuples.values())
            learned += more
            if not more:
                break
        rows: dict[str, Linked] = {}
        own = self.register.person
        rows[self._records.source] = Linked(
            person=own, reason=np.zeros(len(own), dtype=np.int64), how=np.full(len(own), IDENTIFIER, dtype=np.int64)
        )
        resolved = {source: self._resolve(distinct) for source, (distinct, _) in tuples.items()}
        settled, doubts = self._settle(tuples, resolved)
        for source, (_, back) in tuples.items():
            person, reason, how = resolved[source]
            for means, found in ((LIKENESS, settled.persons), (STEWARD, settled.decided)):
                for row, who in found.get(source, {}).items():
                    person[row], reason[row], how[row] = who, LINKED, means
            rows[source] = Linked(person=person[back], reason=reason[back], how=how[back], counts=tuples[source][0].counts)
            self._by_name += rows[source].count(rows[source].how == NAME_IN_PLACE)
        return Links(
            register=self.register,
            rows=rows,
            learned=learned,
            by_name=self._by_name,
            doubts=doubts,
            labels=settled.labels,
            compared=settled.compared,
        )

    # ----------------------------------------------------------------- doubtful cases

    def _decided_pairs(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The pairs of records that stewards decided to be one, and two."""
        if self._judge is None or not self._judge.decisions:
            return [], []
        rows = {token: row for row, token in enumerate(self._tokens)}
        together: list[tuple[int, int]] = []
        apart: list[tuple[int, int]] = []
        for decision in self._judge.decisions.values():
            if decision.pair and all(token in rows for token in decision.pair):
                one, other = (rows[token] for token in decision.pair)
                (together if decision.verdict == "same" else apart).append((one, other))
        return together, apart

    def _settle(
        self,
        tuples: Mapping[str, tuple[Evidence, IntArray]],
        resolved: Mapping[str, tuple[IntArray, IntArray, IntArray]],
    ) -> tuple[Settled, tuple[Doubt, ...]]:
        if self._judge is None:
            return Settled(), ()
        residues = []
        for source, (distinct, back) in tuples.items():
            if not distinct.names or distinct.place is None:
                continue
            person, reason, _ = resolved[source]
            said = np.any([codes != NONE for codes in distinct.names], axis=0)
            residues.append(
                Residue(
                    evidence=distinct,
                    person=person,
                    open=np.flatnonzero((person == NONE) & (reason != CONFLICT) & said),
                    counts=np.bincount(back, minlength=distinct.rows) if distinct.counts is None else distinct.counts,
                )
            )
        words, decisions = self._judge.words, self._judge.decisions
        settled = settle(
            residues,
            self._records,
            self.register.person,
            self._tokens,
            words=words,
            thresholds=self._judge.thresholds,
            decisions=decisions,
        )
        between = record_doubts(self._records, self.register.person, self._tokens, words=words, decisions=decisions)
        return settled, (*settled.doubts, *between)

    # ----------------------------------------------------------------- strong identifiers

    def _owned(self, evidence: Evidence) -> list[tuple[str, IntArray, IntArray]]:
        """Per identifier column: type, nodes, and the owner of each row's node; weak ones count only where the name agrees."""
        found = []
        for kind, nodes in evidence.ranked():
            owners = np.where(nodes == NONE, NONE, self._owners[nodes])
            if kind in WEAK and evidence.names:
                self._check_names(evidence, nodes, owners)
            found.append((kind, nodes, owners))
        return found

    def _check_names(self, evidence: Evidence, nodes: IntArray, owners: IntArray) -> None:
        """Let the name in the row decide about a phone: it confirms the owner, picks one of several, or speaks against."""
        for row in np.flatnonzero(owners != NONE).tolist():
            said = [self._names.things[code] for codes in evidence.names if (code := int(codes[row])) != NONE]
            who = int(owners[row])
            if who == SHARED:
                claimants = self.register.claimants.get(int(nodes[row]), set())
                fitting = [p for p in claimants if any(alike(a, b) for a in said for b in self.register.names[p])]
                if len(fitting) == 1 and int(nodes[row]) not in self._blocked:
                    owners[row] = fitting[0]
            elif said and not any(same_name(a, b) for a in said for b in self.register.names.get(who, ())):
                owners[row] = SHARED

    def _decide(self, owned: list[tuple[str, IntArray, IntArray]], count: int) -> tuple[IntArray, IntArray]:
        """Person and reason of each row by its identifiers: the strongest wins over a weak one, equals that differ decide nothing."""
        person = np.full(count, NONE, dtype=np.int64)
        reason = np.full(count, NO_IDENTIFIER, dtype=np.int64)
        decided_by = np.full(count, 99, dtype=np.int64)
        for kind, nodes, owners in owned:
            known = owners >= 0
            level = strength(kind) if kind not in WEAK else strength("email")
            clash = (
                known & (person >= 0) & (person != owners) & ((kind not in WEAK) | (decided_by >= strength("email")))
            )
            person[clash], reason[clash] = SHARED, CONFLICT
            fresh = known & (person == NONE)
            person[fresh], reason[fresh], decided_by[fresh] = owners[fresh], LINKED, level
            undecided = person == NONE
            reason[undecided & (nodes != NONE) & (owners == NONE) & (reason == NO_IDENTIFIER)] = UNKNOWN
            reason[undecided & (owners == SHARED)] = SHARED_ONLY
        person[person == SHARED] = NONE
        return person, reason

    def _learn(self, tuples: Iterable[Evidence]) -> int:
        """Give unknown nodes to the person whom the known nodes of the same rows name; those given to two are shared."""
        proposals: dict[int, set[int]] = defaultdict(set)
        for evidence in tuples:
            if len(evidence.identifiers) > 1:
                owned = self._owned(evidence)
                person, _ = self._decide(owned, evidence.rows)
                for _, nodes, owners in owned:
                    for row in np.flatnonzero((nodes != NONE) & (owners == NONE) & (person >= 0)).tolist():
                        proposals[int(nodes[row])].add(int(person[row]))
        for node, persons in proposals.items():
            if len(persons) == 1:
                self._owners[node] = self.register.owner[node] = next(iter(persons))
            else:
                self._owners[node] = self.register.owner[node] = SHARED
                self.register.claimants[node] = set(persons)
        return len(proposals)

    # ----------------------------------------------------------------- names in places

    def _name_index(self) -> dict[tuple[int, int], set[int]]:
        where: dict[tuple[int, int], set[int]] = defaultdict(set)
        places = [column for column in (self._records.place, *self._records.former) if column is not None]
        for codes in self._records.names:
            for column in places:
                pairs = zip(codes.tolist(), column.tolist(), self.register.person.tolist(), strict=True)
                for name, place, person in pairs:
                    if NONE not in {name, place}:
                        where[name, place].add(person)
        return where

    def _person_traits(self) -> dict[str, dict[int, set[int]]]:
        traits: dict[str, dict[int, set[int]]] = {}
        for trait, values in self._records.traits.items():
            known = traits[trait] = defaultdict(set)
            for person, value in zip(self.register.person.tolist(), values.tolist(), strict=True):
                if value != NONE:
                    known[person].add(value)
        return traits

    def _resolve(self, evidence: Evidence) -> tuple[IntArray, IntArray, IntArray]:
        person, reason = self._decide(self._owned(evidence), evidence.rows)
        how = np.where(person == NONE, NOBODY, IDENTIFIER)
        if evidence.names and evidence.place is not None:
            for row in np.flatnonzero((person == NONE) & (reason != CONFLICT)).tolist():
                who = self._by_name_and_place(evidence, row)
                if who is None:
                    if reason[row] == NO_IDENTIFIER and any(codes[row] != NONE for codes in evidence.names):
                        reason[row] = UNLINKED
                else:
                    person[row], reason[row], how[row] = who, LINKED, NAME_IN_PLACE
        return person, reason, how

    def _by_name_and_place(self, evidence: Evidence, row: int) -> int | None:
        """The one person of this name in this place; traits must not contradict and narrow, in their order, when several are left."""
        place = int(evidence.place[row]) if evidence.place is not None else NONE
        found: set[int] = set()
        for codes in evidence.names:
            if codes[row] != NONE and place != NONE:
                found |= self._where.get((int(codes[row]), place), set())
        for order, (trait, values) in enumerate(evidence.traits.items()):
            value = int(values[row])
            known = self._traits.get(trait)
            if value == NONE or known is None or not found:
                continue
            fitting = {who for who in found if value in known.get(who, {value})}
            if order == 0 or len(found) > 1:
                found = fitting
        return next(iter(found)) if len(found) == 1 else None


def _record_tokens(records: Evidence, directory: Interner[Identifier], words: Words) -> list[str]:
    """The token of each record, by its strongest identifier; '' where it has none."""
    tokens = [""] * records.rows
    for _, nodes in reversed(records.ranked()):
        for row in np.flatnonzero(nodes != NONE).tolist():
            tokens[row] = words.record_token(directory.things[int(nodes[row])])
    return tokens


def _distinct(evidence: Evidence) -> tuple[Evidence, IntArray]:
    """The evidence with each combination once, and for each row the number of its combination."""
    columns = evidence.columns()
    if not columns or evidence.counts is not None:
        return evidence, np.arange(evidence.rows)
    frame = pd.DataFrame(dict(enumerate(columns)))
    numbers = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy().astype(np.int64)
    _, first = np.unique(numbers, return_index=True)
    return (
        Evidence(
            source=evidence.source,
            rows=len(first),
            identifiers=tuple((kind, nodes[first]) for kind, nodes in evidence.identifiers),
            names=tuple(codes[first] for codes in evidence.names),
            place=None if evidence.place is None else evidence.place[first],
            former=tuple(codes[first] for codes in evidence.former),
            traits={trait: values[first] for trait, values in evidence.traits.items()},
        ),
        numbers,
    )


def count_reasons(linked: Linked) -> dict[str, int]:
    """How many rows each reason has."""
    return {REASONS[code]: count for code, count in sorted(Counter(linked.reason.tolist()).items())}
