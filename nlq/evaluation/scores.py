"""Scores questions against expected queries by comparing result tables (contracts.md section 4).

Verdicts leave, tables don't: a failure names the kind of difference and never a number. Tables are compared before disclosure control, since two hidden
tables would pass for equal. Understanding and running are passed in, so that the same scoring serves every bundle, warehouse and engine.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from governance.errors import DimensionNotAllowed, InvalidQuery, UnsoundQuery
from governance.metrics.parsing import query_from_json, query_to_json
from governance.terms import Cell, Column, MetricQuery
from nlq.evaluation.cases import Case, Expectation, Turn

RELATIVE = 1e-9
_ABSOLUTE = 1e-12
"""What floating-point arithmetic leaves where the exact result is zero."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]*[a-z][A-Za-z]+|[A-Za-z]+[a-z][A-Za-z]*")
AskedIn = Literal["zh", "en", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What the language engine made of a question. `context` is handed to the next turn of the same dialogue."""

    status: Literal["answered", "clarify", "refused", "not_understood"]
    query: MetricQuery | None = None
    options: tuple[MetricQuery, ...] = ()
    code: str | None = None
    context: object = None


class Table(Protocol):
    """A full table, arranged as the query says, with nothing hidden."""

    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def rows(self) -> Sequence[Sequence[Cell]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What running a query came to: a table, or a refusal's code. Both, where disclosure control refused what was measured."""

    table: Table | None = None
    refused: str | None = None


Understand = Callable[[str, str, dt.date, object], Understood]
"""(user, words, today, context of the turn before or None) → what was understood."""
Run = Callable[[str, MetricQuery], Ran]
"""(user, query) → table or refusal; may raise InvalidQuery and its kinds. Runs with histories and budgets of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A turn that came to something else than expected, and how it differs."""

    id: str
    ask: str
    expected: Mapping[str, Any]
    got: Mapping[str, Any]
    why: str

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "ask": self.ask, "expected": dict(self.expected), "got": dict(self.got), "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The verdict over all turns. A language without cases has no accuracy (null)."""

    cases: int
    accuracy: Mapping[str, float | None]
    answered_but_wrong: float
    understand_ms: Mapping[str, float]
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Return contracts.md section 4's document; rates are fractions of the cases."""
        return {
            "cases": self.cases, "accuracy": dict(self.accuracy), "answered_but_wrong": self.answered_but_wrong,
            "understand_ms": dict(self.understand_ms), "failures": [failure.to_json() for failure in self.failures],
        }  # fmt: skip


@dataclass(slots=True)
class _Score:
    asked: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    answered_but_wrong: int = 0
    times: list[float] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def evaluate(cases: Iterable[Case], understand: Understand, run: Run, clock: Callable[[], float]) -> Evaluation:
    """Ask every case and score it. `clock` returns seconds (such as `time.perf_counter`) and times understanding alone.

    Errors of the warehouse or the ledger are not verdicts and pass through.
    """
    score = _Score()
    for case in cases:
        context: object = None
        for turn in case.turns:
            begun = clock()
            understood = understand(case.user, turn.ask, case.today, context)
            score.times.append((clock() - begun) * 1000)
            context = understood.context
            _judge(score, case, turn, understood, run)
    total = sum(score.asked.values())
    rates = {name: _rate(score.right[name], score.asked[name]) for name in ("zh", "en", "mixed")}
    return Evaluation(
        cases=total,
        accuracy={"overall": _rate(sum(score.right.values()), total), **rates},
        answered_but_wrong=score.answered_but_wrong / total if total else 0.0,
        understand_ms={name: round(percentile(score.times, share), 3) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))},
        failures=tuple(score.failures),
    )


def asked_in(words: str) -> AskedIn:
    """Return the language of a question: mixed where Chinese holds an English word; acronyms (ROI, Q3, NPS) don't make it mixed."""
    if not _HAN.search(words):
        return "en"
    return "mixed" if _LATIN_WORD.search(words) else "zh"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile, or 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def _rate(count: int, of: int) -> float | None:
    return count / of if of else None


# --------------------------------------------------------------------------- one turn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Got:
    """Where a turn ended: the engine's own end, or what running its query came to."""

    status: str
    query: MetricQuery | None = None
    options: tuple[MetricQuery, ...] = ()
    code: str | None = None
    table: Table | None = None
    withheld: str | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"status": self.status}
        if self.query is not None:
            out["query"] = query_to_json(self.query)
        if self.code or self.withheld:
            out["code"] = self.code or self.withheld
        if self.status == "clarify":
            out["options"] = [query_to_json(option) for option in self.options]
        if self.error:
            out["error"] = self.error
        return out


def _judge(score: _Score, case: Case, turn: Turn, understood: Understood, run: Run) -> None:
    language = asked_in(turn.ask)
    score.asked[language] += 1
    got = _follow(case.user, understood, run)
    reasons = []
    for expected in turn.expect.alternatives():
        why = _compare(case.user, expected, got, run)
        if why is None:
            score.right[language] += 1
            return
        reasons.append(why)
    if got.status == "answered":
        score.answered_but_wrong += 1
    score.failures.append(Failure(id=turn.id, ask=turn.ask, expected=turn.expect.raw, got=got.to_json(), why="; or: ".join(dict.fromkeys(reasons))))


def _follow(user: str, understood: Understood, run: Run) -> _Got:
    if understood.status != "answered" or understood.query is None:
        return _Got(status=understood.status, query=understood.query, options=understood.options, code=understood.code)
    query = understood.query
    try:
        ran = run(user, query)
    except UnsoundQuery as error:
        # From `ask`, an unsound reading asks back with the nearest sound ones (contracts.md section 2).
        return _Got(status="clarify", query=query, options=tuple(query_from_json(a) for a in error.alternatives))
    except DimensionNotAllowed as error:
        return _Got(status="refused", query=query, code=error.code)
    except InvalidQuery as error:
        return _Got(status="error", query=query, error=str(error))
    if ran.table is None:
        return _Got(status="refused", query=query, code=ran.refused)
    return _Got(status="answered", query=query, table=ran.table, withheld=ran.refused)


def _compare(user: str, expected: Expectation, got: _Got, run: Run) -> str | None:
    """Return why a turn is wrong, or None where it is right."""
    if expected.status == "answered":
        return _compare_tables(user, expected, got, run)
    status, code = got.status, got.code
    if expected.status == "refused" and got.withheld is not None:
        status, code = "refused", got.withheld
    if status != expected.status:
        return f"expected {expected.status}, got {status}"
    if expected.code is not None and code != expected.code:
        return f"refused with {code}, not {expected.code}"
    for part in expected.options:
        if not any(_includes(query_to_json(option), part) for option in got.options):
            return f"no option has {part}"
    return None


def _compare_tables(user: str, expected: Expectation, got: _Got, run: Run) -> str | None:
    if got.status == "clarify" and got.query is not None and got.query == expected.query:
        # Read as it should be; what kept it from an answer is the warehouse (no data for the period), for the expected query as well.
        return None
    if got.status != "answered" or got.table is None:
        return f"expected an answer, got {got.status}" + (f" ({got.code})" if got.code else "")
    if expected.query is None or expected.query == got.query:
        return None
    try:
        wanted = run(user, expected.query)
    except InvalidQuery as error:
        return f"the case itself is wrong: its expected query can't be asked ({error})"
    if wanted.table is None:
        return f"the case itself is wrong: its expected query is refused to {user} ({wanted.refused})"
    return difference(wanted.table, got.table, ordered=bool(expected.query.order))


def _includes(whole: Any, part: Any) -> bool:
    """Tell whether an option has the keys given: metrics and groupings in any order, everything else equal."""
    return all(key in whole and _alike(whole[key], value, key) for key, value in part.items())


def _alike(one: Any, other: Any, key: str) -> bool:
    if key in {"metrics", "group_by"} and isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(any(_alike(a, b, "") for b in other) for a in one)
    return bool(one == other)


# --------------------------------------------------------------------------- tables


def difference(expected: Table, got: Table, *, ordered: bool) -> str | None:
    """Return in what two tables differ, without telling a value, or None where they are the same.

    Same columns in any order (an extra `__base`, `__change`, `__growth`, `__share`, `__rank` is a difference), the same rows, in the same order
    where `ordered`, numbers within a relative 1e-9, no value only equal to no value.
    """
    names, own = [column.name for column in expected.columns], [column.name for column in got.columns]
    if set(names) != set(own) or len(names) != len(own):
        extra, missing = sorted(set(own) - set(names)), sorted(set(names) - set(own))
        parts = [f"extra columns {', '.join(extra)}" if extra else "", f"missing columns {', '.join(missing)}" if missing else ""]
        return " and ".join(part for part in parts if part) or "a column appears twice"
    keys = [column.name for column in expected.columns if column.kind != "metric"]
    numbers = [column.name for column in expected.columns if column.kind == "metric"]
    wanted, given = _keyed(expected, keys, numbers), _keyed(got, keys, numbers)
    if len(wanted) != len(given):
        return f"{len(given)} rows instead of {len(wanted)}"
    if Counter(key for key, _ in wanted) != Counter(key for key, _ in given):
        return f"other groups in {', '.join(keys)}"
    if ordered and [key for key, _ in wanted] != [key for key, _ in given]:
        return "the rows stand in another order"
    if not ordered:
        wanted, given = sorted(wanted, key=_sortable), sorted(given, key=_sortable)
    for (_, one), (_, other) in zip(wanted, given, strict=True):
        for index, name in enumerate(numbers):
            if not _same(one[index], other[index]):
                return f"other numbers in {name}"
    return None


def _keyed(table: Table, keys: list[str], numbers: list[str]) -> list[tuple[tuple[Cell, ...], tuple[Cell, ...]]]:
    at = {column.name: index for index, column in enumerate(table.columns)}
    return [(tuple(row[at[name]] for name in keys), tuple(row[at[name]] for name in numbers)) for row in table.rows]


def _sortable(row: tuple[tuple[Cell, ...], tuple[Cell, ...]]) -> tuple[list[tuple[bool, str]], list[tuple[bool, float]]]:
    return [(cell is not None, str(cell)) for cell in row[0]], [(cell is not None, float(cell) if isinstance(cell, (int, float)) else 0.0) for cell in row[1]]


def _same(one: Cell, other: Cell) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=_ABSOLUTE) or (math.isnan(one) and math.isnan(other))
    return one == other
