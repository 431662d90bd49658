"""What happens between the parser and the gateway: an approved question is recognised, a doubtful one is put to the language model if there is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from governance.terms import Actor, MetricQuery
from nlq.lexicon.lexicon import LexiconView
from nlq.understand import Understanding
from nlq.verified import VerifiedQuestions, label
from wenshu.egress import egress_of
from wenshu.house import InForce

if TYPE_CHECKING:
    from nlq.model.advisor import Advisor

Record = Callable[[str, Mapping[str, object]], None]


def open_advisor(home: Path) -> Advisor | None:
    """Return the advisor that `<home>/model.yaml` describes, None without that file. Raises ConfigurationError for a wrong one; connects to nothing."""
    from nlq.model.settings import read_key, read_settings

    settings = read_settings(home)
    if settings is None:
        return None
    from nlq.model.advisor import Advisor
    from nlq.model.openai_like import OpenAILikeModel

    return Advisor(OpenAILikeModel(settings, key=read_key(home, settings)), settings)


class SecondLook:
    """One per service. Keeps the verified questions of what is in force."""

    def __init__(self, advisor: Advisor | None) -> None:
        self._advisor = advisor
        self._verified: tuple[InForce, VerifiedQuestions] | None = None

    def at(
        self,
        question: str,
        understood: Understanding,
        *,
        here: InForce,
        actor: Actor,
        purpose: str | None,
        view: LexiconView,
        today: dt.date,
        context: MetricQuery | None,
        record: Record,
        allowed: Callable[[MetricQuery], bool],
    ) -> Understanding:
        """Return the understanding, labelled verified, settled or asked back where that is warranted, else as it came. Refusals stay refusals.

        A model hears of a question only if the policy lets out everything that the question may mean, and is told of nothing that is kept in.
        """
        verified = self._questions(here).match(question, understood, view=view, today=today)
        if verified is not None:
            return label(understood, verified)
        if self._advisor is None:
            return understood
        egress = egress_of(here.active, actor, purpose, view, today=today)
        if egress is None or any(egress.keeps_in(query) for query in _meant(understood, context)):
            return understood
        permits = egress.permits
        return self._advisor.advise(
            understood, view=egress.view, today=today, user=actor.id, record=record, allowed=lambda query: permits(query) and allowed(query), context=context
        )

    def _questions(self, here: InForce) -> VerifiedQuestions:
        kept = self._verified
        if kept is None or kept[0] is not here:
            kept = (here, VerifiedQuestions(here.active.catalogue.metrics, here.lexicon))
            self._verified = kept
        return kept[1]


def _meant(understood: Understanding, context: MetricQuery | None) -> Iterator[MetricQuery]:
    """Yield every query that the question may mean, and the one before it that it may change."""
    yield from (reading.query for reading in understood.readings)
    yield from (option.query for option in understood.options)
    if context is not None:
        yield context
