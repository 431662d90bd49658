"""Doubtful cases of linking: what neither an identifier nor a unique name in a place settles, and what a steward decided about it.

A case is named by a *token*, a keyed digest of what was said, so that a decision is found again in the next load without keeping who was meant.
Decisions outrank every rule but one: two different licenses stay two doctors.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from governance.identity.evidence import NONE
from governance.identity.likeness import Described, Pair, compare
from governance.identity.register import alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from governance.identity.evidence import Evidence, Interner
    from governance.identity.keys import Key

    IntArray = npt.NDArray[np.int64]

Verdict = Literal["same", "apart"]
MOST_CANDIDATES = 3
TOKEN = 20
"""Characters of a token."""
_MOST_PROVED = 8_000
_MOST_ALIKE = 6
"""Records of one name in one place beyond which nobody can tell them apart by looking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From `accept` on a likeness links by itself, if no other person reaches `runner_up`; from `review` on a steward is asked."""

    accept: float = 0.95
    runner_up: float = 0.05
    review: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a steward said of a case: the candidate record that is the `same` person, or that all of them are `apart`.

    `pair` holds both records' tokens where the case was about two records.
    """

    verdict: Verdict
    record: str | None = None
    pair: tuple[str, str] | tuple[()] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record of the register that may be meant: its token, row, the likeness and how far each comparison agrees."""

    token: str
    row: int
    probability: float
    agreement: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One case. `kind` row: whose are these rows of `source`? · record: are two records one doctor? · merged: two that were taken for one.

    `row` is the number of the distinct description in its source (of the first record for the other kinds); `rows` says how many rows hang on it.
    """

    token: str
    kind: Literal["row", "record", "merged"]
    source: str
    row: int
    rows: int
    candidates: tuple[Candidate, ...]
    evidence: Evidence
    record: str = ""
    """The token of the first record, where the case is about two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How small integers are told from load to load: names, places and traits as words, and the keyed digest that makes tokens."""

    names: Interner[str]
    place: Callable[[int], str]
    trait: Callable[[str, int], str]
    digest: Callable[..., bytes]

    def row_token(self, evidence: Evidence, row: int) -> str:
        """The token of a description: names, place and traits, whatever extract says them."""
        names = sorted(self.names.things[code] for codes in evidence.names if (code := int(codes[row])) != NONE)
        place = int(evidence.place[row]) if evidence.place is not None else NONE
        traits = [
            f"{trait}={self.trait(trait, code)}" for trait, codes in sorted(evidence.traits.items()) if (code := int(codes[row])) != NONE
        ]
        return self._token("row", *names, self.place(place) if place >= 0 else "", *traits)

    def record_token(self, identifier: tuple[str, str]) -> str:
        """The token of a record of the register, by its strongest identifier."""
        return self._token("record", *identifier)

    def pair_token(self, one: str, other: str) -> str:
        """The token of two records, in either order."""
        return self._token("pair", *sorted((one, other)))

    def _token(self, *parts: str) -> str:
        return self.digest(*parts).hex()[:TOKEN]


def token_key(key: Key, entity: str) -> Key:
    """The key that makes the tokens of one entity's cases."""
    return key.derive("linking", entity)


def tokens_of(key: Key, entity: str, identifiers: Iterable[tuple[str, str]]) -> set[str]:
    """The tokens that a person's record can have, by any of the person's (type, normalised value) pairs."""
    own = token_key(key, entity)
    return {own.mac("record", *pair).hex()[:TOKEN] for pair in identifiers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """Distinct rows of one source: who each is so far, which of them are open to likeness, and how many rows each stands for."""

    evidence: Evidence
    person: IntArray
    open: IntArray
    counts: IntArray


@dataclass(slots=True, kw_only=True)
class Settled:
    """What likeness and stewards settled: per source the persons of open rows, and the cases that are left."""

    persons: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    decided: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    doubts: list[Doubt] = field(default_factory=list)
    labels: int = 0
    compared: int = 0


def settle(
    residues: Sequence[Residue],
    records: Evidence,
    persons: IntArray,
    record_tokens: Sequence[str],
    *,
    words: Words,
    thresholds: Thresholds,
    decisions: Mapping[str, Decision],
) -> Settled:
    """Settle the open rows: by a steward's decision, else by likeness where it is beyond doubt, else as a case for a steward."""
    result = Settled()
    by_token = {token: int(persons[row]) for row, token in enumerate(record_tokens) if token}
    rows: list[tuple[Residue, int, str]] = []
    for residue in residues:
        for row in residue.open.tolist():
            token = words.row_token(residue.evidence, row)
            decision = decisions.get(token)
            if decision is not None and decision.verdict == "same" and decision.record in by_token:
                result.decided[residue.evidence.source][row] = by_token[decision.record]
            elif decision is None or decision.verdict == "same":
                # A decision for a record that has left the register is asked again.
                rows.append((residue, row, token))
    if not rows:
        return result
    described = _described([(residue.evidence, row, None) for residue, row, _ in rows], words, records)
    found = compare(described, _proved(residues, words, records), _register(records, persons, words), least=min(thresholds.review, thresholds.accept))
    result.labels, result.compared = found.labels, len(rows)
    pairs: dict[int, list[Pair]] = defaultdict(list)
    for pair in found.pairs:
        if pair.agreement["place"] in {"same", "former"} or any(pair.agreement[trait] == "same" for trait in records.traits):
            pairs[pair.number].append(pair)
    cases: dict[str, Doubt] = {}
    for number, likely in pairs.items():
        residue, row, token = rows[number]
        best = _best_by_person(likely, persons)
        sure = best[0].probability >= thresholds.accept and (len(best) == 1 or best[1].probability < thresholds.runner_up)
        # Two who agree in name only, wherever they work, are never one by themselves.
        if sure and best[0].agreement["place"] in {"same", "former"} and best[0].agreement["name"] != "differs":
            result.persons[residue.evidence.source][row] = int(persons[best[0].record])
            continue
        count = int(residue.counts[row]) + (cases[token].rows if token in cases else 0)
        cases[token] = Doubt(
            token=token,
            kind="row",
            source=residue.evidence.source,
            row=row,
            rows=count,
            evidence=residue.evidence,
            candidates=tuple(
                Candidate(token=record_tokens[pair.record], row=pair.record, probability=round(pair.probability, 4), agreement=pair.agreement)
                for pair in best[:MOST_CANDIDATES]
                if record_tokens[pair.record]
            ),
        )
    result.doubts = [case for case in cases.values() if case.candidates]
    return result


def _best_by_person(pairs: Sequence[Pair], persons: IntArray) -> list[Pair]:
    """The best pair of each person, the likeliest first."""
    best: dict[int, Pair] = {}
    for pair in pairs:
        who = int(persons[pair.record])
        if who not in best or pair.probability > best[who].probability:
            best[who] = pair
    return sorted(best.values(), key=lambda pair: (-pair.probability, pair.record))


def _described(items: Sequence[tuple[Evidence, int, int | None]], words: Words, records: Evidence) -> Described:
    """Rows as likeness compares them. Of several names of a row the first counts."""

    def said(codes: IntArray | None, row: int) -> int | None:
        return None if codes is None or codes[row] < 0 else int(codes[row])

    names = []
    for evidence, row, _ in items:
        code = next((int(codes[row]) for codes in evidence.names if codes[row] != NONE), None)
        names.append(None if code is None else words.names.things[code])
    return Described(
        number=range(len(items)),
        name=names,
        place=[said(evidence.place, row) for evidence, row, _ in items],
        former=[said(next(iter(evidence.former), None), row) for evidence, row, _ in items],
        traits={trait: [said(evidence.traits.get(trait), row) for evidence, row, _ in items] for trait in records.traits},
        person=[person for _, _, person in items],
    )


def _proved(residues: Sequence[Residue], words: Words, records: Evidence) -> Described:
    """Rows whose person is known, spread evenly over the sources, to learn from."""
    items: list[tuple[Evidence, int, int | None]] = []
    for residue in residues:
        known = [row for row, who in enumerate(residue.person.tolist()) if who >= 0]
        step = max(1, len(known) * len(residues) // _MOST_PROVED)
        items += [(residue.evidence, row, int(residue.person[row])) for row in known[::step]]
    return _described(items, words, records)


def _register(records: Evidence, persons: IntArray, words: Words) -> Described:
    return _described([(records, row, int(persons[row])) for row in range(records.rows)], words, records)


def record_doubts(records: Evidence, persons: IntArray, record_tokens: Sequence[str], *, words: Words, decisions: Mapping[str, Decision]) -> Iterator[Doubt]:
    """Records of the register that a steward should look at: two of one name, place and traits that are two doctors so far (`record`), and
    two that were taken for one (`merged`). Two different licenses are never asked about.
    """
    licenses: list[set[int]] = [set() for _ in range(records.rows)]
    for kind, nodes in records.identifiers:
        if kind == "license":
            for row, node in enumerate(nodes.tolist()):
                if node != NONE:
                    licenses[row].add(node)
    for doubtful, kind in ((_alike_records(records, persons), "record"), (_merged_records(persons), "merged")):
        for one, other in doubtful:
            if not record_tokens[one] or not record_tokens[other]:
                continue
            token = words.pair_token(record_tokens[one], record_tokens[other])
            if token in decisions or (kind == "record" and licenses[one] and licenses[other] and licenses[one] != licenses[other]):
                continue
            yield Doubt(
                token=token,
                kind="record" if kind == "record" else "merged",
                source=records.source,
                row=one,
                rows=1,
                evidence=records,
                record=record_tokens[one],
                candidates=(Candidate(token=record_tokens[other], row=other, probability=0.5 if kind == "record" else 1.0, agreement=_agreement(records, words, one, other)),),
            )


def _agreement(records: Evidence, words: Words, one: int, other: int) -> dict[str, str]:
    names = [
        {words.names.things[code] for codes in records.names if (code := int(codes[row])) != NONE} for row in (one, other)
    ]
    said = {"name": "same" if names[0] & names[1] else "same sound" if any(alike(a, b) for a in names[0] for b in names[1]) else "differs"}
    columns = {"place": records.place, **records.traits}
    for name, codes in columns.items():
        if codes is not None:
            pair = int(codes[one]), int(codes[other])
            said[name] = "unknown" if min(pair) < 0 else "same" if pair[0] == pair[1] else "differs"
    return said


def _alike_records(records: Evidence, persons: IntArray) -> Iterator[tuple[int, int]]:
    """Pairs of records of two persons that agree in name, place and every trait."""
    if not records.names or records.place is None:
        return
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row in range(records.rows):
        key = (int(records.names[0][row]), int(records.place[row]), *(int(codes[row]) for codes in records.traits.values()))
        if key[0] != NONE and key[1] >= 0:
            groups[key].append(row)
    for rows in groups.values():
        if 1 < len(rows) <= _MOST_ALIKE:
            for index, one in enumerate(rows):
                for other in rows[index + 1 :]:
                    if persons[one] != persons[other]:
                        yield one, other


def _merged_records(persons: IntArray) -> Iterator[tuple[int, int]]:
    """Each record that was merged, with the first of its person."""
    first: dict[int, int] = {}
    for row, who in enumerate(persons.tolist()):
        if who in first:
            yield first[who], row
        else:
            first[who] = row
