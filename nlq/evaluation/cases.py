"""Evaluation cases as files say them (contracts.md section 4), read strictly: an error names the file and the case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from governance.errors import InvalidQuery, WenshuError, nearest
from governance.metrics.parsing import query_from_json
from governance.terms import MetricQuery

Status = Literal["answered", "clarify", "refused", "not_understood"]
_STATUSES: tuple[Status, ...] = ("answered", "clarify", "refused", "not_understood")
_EXPECT_KEYS = ("query", "status", "code", "options_include", "any_of")
_CASE_KEYS = ("id", "as", "ask", "turns", "expect")


class CaseError(WenshuError):
    """A file of cases that can't be used: which file, which case, what and how to mend it. Nothing was evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a turn must come to: a query's table, a status (with code or options), or any of several. `raw` is it as written, for reports."""

    status: Status
    query: MetricQuery | None = None
    code: str | None = None
    options: tuple[Mapping[str, Any], ...] = ()
    any_of: tuple[Expectation, ...] = ()
    raw: Mapping[str, Any]

    def alternatives(self) -> tuple[Expectation, ...]:
        return self.any_of or (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question. `id` is the case's, with `#n` from 1 on in a dialogue."""

    id: str
    ask: str
    expect: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question or a dialogue of one user, on the day that its file is pinned to."""

    id: str
    user: str
    today: dt.date
    turns: tuple[Turn, ...]


def read_cases(paths: Iterable[Path], *, today: dt.date | None = None) -> tuple[Case, ...]:
    """Read all cases of the files. `today` stands in for files that pin no day. Raises CaseError for the first thing wrong."""
    cases: list[Case] = []
    seen: dict[str, Path] = {}
    for path in paths:
        for case in _read_file(path, today):
            if case.id in seen:
                raise CaseError(f"{path}: case {case.id!r} is already in {seen[case.id]}; ids must differ.")
            seen[case.id] = path
            cases.append(case)
    if not cases:
        raise CaseError("There are no cases to evaluate; give at least one file with `cases:`.")
    return tuple(cases)


def _read_file(path: Path, today: dt.date | None) -> list[Case]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CaseError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CaseError(f"{path} isn't UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise CaseError(f"{path}{line}: not valid YAML ({getattr(error, 'problem', None) or 'syntax'}).") from None
    top = _mapping(document, ("today", "cases"), f"{path}")
    pinned = top.get("today", today)
    if isinstance(pinned, str):
        try:
            pinned = dt.date.fromisoformat(pinned)
        except ValueError:
            raise CaseError(f"{path}: today must be a date like 2026-11-15, not {pinned!r}.") from None
    if not isinstance(pinned, dt.date) or isinstance(pinned, dt.datetime):
        raise CaseError(f"{path}: today is missing; pin the day with `today: 2026-11-15`.")
    listed = top.get("cases")
    if not isinstance(listed, list):
        raise CaseError(f"{path}: `cases` must be a list.")
    return [_case(item, pinned, f"{path} case {index}") for index, item in enumerate(listed, start=1)]


def _case(item: Any, today: dt.date, where: str) -> Case:
    given = _mapping(item, _CASE_KEYS, where)
    name = given.get("id")
    if not isinstance(name, str) or not name:
        raise CaseError(f"{where}: needs an `id`.")
    where = f"{where} ({name})"
    user = given.get("as")
    if not isinstance(user, str) or not user:
        raise CaseError(f"{where}: needs `as`, the user who asks.")
    if ("turns" in given) == ("ask" in given):
        raise CaseError(f"{where}: needs either `ask` with `expect`, or `turns`.")
    if "ask" in given:
        return Case(id=name, user=user, today=today, turns=(_turn(name, given, where),))
    turns = given["turns"]
    if not isinstance(turns, list) or not turns or "expect" in given:
        raise CaseError(f"{where}: `turns` must be a list of `ask` with `expect`, each with its own.")
    read = [_turn(f"{name}#{n}", _mapping(turn, ("ask", "expect"), f"{where} turn {n}"), f"{where} turn {n}") for n, turn in enumerate(turns, start=1)]
    return Case(id=name, user=user, today=today, turns=tuple(read))


def _turn(name: str, given: Mapping[str, Any], where: str) -> Turn:
    ask = given.get("ask")
    if not isinstance(ask, str):
        raise CaseError(f"{where}: `ask` must be a text.")
    if "expect" not in given:
        raise CaseError(f"{where}: `expect` is missing.")
    return Turn(id=name, ask=ask, expect=_expectation(given["expect"], where))


def _expectation(value: Any, where: str) -> Expectation:
    given = _mapping(value, _EXPECT_KEYS, f"{where}: expect")
    raw = cast("Mapping[str, Any]", plain(given))
    if "any_of" in given:
        if len(given) > 1 or not isinstance(given["any_of"], list) or not given["any_of"]:
            raise CaseError(f"{where}: `any_of` must stand alone and list expectations.")
        choices = tuple(_expectation(item, f"{where} any_of {n}") for n, item in enumerate(given["any_of"], start=1))
        return Expectation(status=choices[0].status, any_of=choices, raw=raw)
    status = given.get("status", "answered" if "query" in given else None)
    if status not in _STATUSES:
        raise CaseError(f"{where}: expect needs a `query` or a `status` out of {', '.join(_STATUSES)}, not {status!r}.{nearest(str(status), _STATUSES)}")
    if "query" in given and status != "answered":
        raise CaseError(f"{where}: a `query` goes with status answered, not {status}.")
    code = given.get("code")
    if code is not None and (status != "refused" or not isinstance(code, str)):
        raise CaseError(f"{where}: `code` is a text and goes with status refused.")
    options = given.get("options_include", [])
    if not isinstance(options, list) or not all(isinstance(o, Mapping) and o for o in options) or (options and status != "clarify"):
        raise CaseError(f"{where}: `options_include` lists parts of queries and goes with status clarify.")
    query = _query(given["query"], where) if "query" in given else None
    return Expectation(status=status, query=query, code=code, options=tuple(cast("Mapping[str, Any]", plain(o)) for o in options), raw=raw)


def _query(value: Any, where: str) -> MetricQuery:
    try:
        return query_from_json(plain(value))
    except InvalidQuery as error:
        raise CaseError(f"{where}: {error}") from None


def _mapping(value: Any, keys: tuple[str, ...], where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CaseError(f"{where}: must be a mapping with {', '.join(keys)}.")
    for key in value:
        if key not in keys:
            raise CaseError(f"{where}: unknown key {key!r}.{nearest(str(key), keys) or ' Known: ' + ', '.join(keys) + '.'}")
    return value


def plain(value: Any) -> object:
    """Return YAML's values as JSON has them: dates as ISO texts."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value
