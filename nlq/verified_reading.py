"""How a golden question is read: whether its words still are the query that the committee approves with them.

`read`: the parser takes the words for exactly that query, so that everybody's wording of it is verified as well. `taught`: the parser is unsure of the
words, they name no time, and the product therefore runs the approved query for these words alone. `other`: they are read as something else, or not
at all where the query can't be taught. `refused`: the words are an act, or are refused before anything is read. `invalid`: the query is none, or does not ask
the metric that it stands under.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from governance.documents.metrics import GoldenQuestion, MetricsDocument
from governance.documents.reading import Read
from governance.errors import InvalidQuery, Problem
from governance.metrics.parsing import query_from_json
from governance.terms import Language, MetricQuery, Text
from nlq.lexicon.lexicon import Lexicon, LexiconView
from nlq.understand import Understanding, understand
from nlq.verified import names_time, same_form

Status = Literal["read", "taught", "other", "refused", "invalid"]
SHOWN = 5
ELSEWHEN = timedelta(days=401)
"""Words that mean the same days so much later name days of their own; 上个月 does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenReading:
    """One golden question as it is read. `wanted` is the approved query (None where it is no query), `got` what the words are read as (None where nothing is)."""

    ask: str
    language: Language
    status: Status
    wanted: MetricQuery | None
    got: MetricQuery | None
    why: Text | None = None

    @property
    def passes(self) -> bool:
        return self.status in ("read", "taught")


def read_golden(golden: GoldenQuestion, metric: str, *, metrics: Collection[str], lexicon: Lexicon, view: LexiconView, today: date, approved_on: date) -> GoldenReading:
    """Read one golden question of `metric` today, and on the day of approval where its query was pinned to days that its words meant then."""
    understood = understand(golden.ask, lexicon=view, today=today)
    got = _of(understood)
    status: Status
    why, wanted = None, None
    try:
        wanted = query_from_json(golden.query)
    except InvalidQuery as error:
        status, why = "invalid", Text(zh=f"查询无效：{error}", en=f"no valid query: {error}")
    else:
        if metric not in wanted.metrics:
            status, why = "invalid", Text(zh=f"查询问的不是 {metric}", en=f"its query does not ask {metric}")
        elif unknown := [name for name in wanted.metrics if name not in metrics]:
            status, why = "invalid", Text(zh=f"没有指标 {unknown[0]}", en=f"there is no metric {unknown[0]}")
        elif understood.status == "refused" or understood.act is not None:
            status = "refused"
        elif got is not None:
            status = "read" if agrees(got, wanted) or _meant_then(golden.ask, wanted, view, approved_on) else "other"
        else:
            status = "other" if wanted.period is not None or names_time(golden.ask, lexicon, today=today, language=understood.language) or _guarded(understood, lexicon) else "taught"
    return GoldenReading(ask=golden.ask, language=golden.language, status=status, wanted=wanted, got=got, why=why)


def goldenless(reads: Sequence[Read[MetricsDocument]], *, today: date) -> list[Problem]:
    """Return, a file and a language each, the metrics that can still be asked and have no golden question: a change of theirs will need one."""
    found = []
    for read in reads:
        for language, called in (("zh", "Chinese"), ("en", "English")):
            metrics = read.document.metrics
            asked = [at for at, metric in enumerate(metrics) if metric.retired_on is None or metric.retired_on > today]
            lacking = [at for at in asked if all(item.language != language for item in metrics[at].golden)]
            if lacking:
                named, more = ", ".join(metrics[at].id for at in lacking[:SHOWN]), len(lacking) - SHOWN
                names = f"{named} and {more} more" if more > 0 else named
                found.append(Problem(where=read.where("metrics", lacking[0]), message=f"no golden question in {called} for {names}; a draft that changes such a metric needs one."))
    return found


def agrees(got: MetricQuery, wanted: MetricQuery) -> bool:
    """Return whether a reading is the approved query; a query without a period leaves the days to the words."""
    return same_form(replace(got, period=None) if wanted.period is None else got) == same_form(wanted)


def query_of(ask: str, *, view: LexiconView, today: date) -> MetricQuery | None:
    """Return the query that an approval of these words would be for: what they are read as, its period only where the words name the days themselves."""
    now, later = _of(understand(ask, lexicon=view, today=today)), _of(understand(ask, lexicon=view, today=today + ELSEWHEN))
    if now is None or later is None:
        return None
    return now if now.period == later.period else replace(now, period=None)


def _of(understood: Understanding) -> MetricQuery | None:
    return understood.readings[0].query if understood.status == "read" and understood.act is None else None


def _meant_then(ask: str, wanted: MetricQuery, view: LexiconView, approved_on: date) -> bool:
    if wanted.period is None:
        return False
    then = _of(understand(ask, lexicon=view, today=approved_on))
    return then is not None and agrees(then, wanted)


def _guarded(understood: Understanding, lexicon: Lexicon) -> bool:
    return understood.status == "not_understood" and understood.message in {item.rule.message.text() for item in lexicon.guard.rules}
