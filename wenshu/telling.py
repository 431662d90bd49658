"""One understanding becomes one answer: through the gateway where there is a query, through a record where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit import Receipt
from governance.access import redline
from governance.access.authorize import allowed_dimensions
from governance.errors import InvalidQuery, UnsoundQuery
from governance.gateway import Answered, Ask
from governance.terms import Actor, Language, MetricQuery, Refusal, Text
from nlq.answers.answer import (
    Answer,
    Option,
    answered,
    clarify,
    companions_beside,
    not_understood,
    refused,
    tell,
    unsound,
)
from nlq.answers.companions import Companion, companions_for
from nlq.answers.explanation import query_in_words
from nlq.answers.reasons import with_reasons
from nlq.answers.suggestions import suggest
from nlq.reading import Reading
from nlq.understand import LanguageRefusal, Understanding
from wenshu.house import InForce
from wenshu.knowing import Knowing


def not_used(unused: Sequence[str], language: Language) -> str:
    return f"没有用到的词：{'、'.join(unused)}" if language == "zh" else f"words not used: {', '.join(unused)}"


def stored(answer: Answer) -> dict[str, Any]:
    """Return the answer's document for its owner's conversation, with what its display needs beside the contract: the smallest group that may be shown."""
    group = answer.minimum_group
    return answer.to_json() | ({} if group is None else {"minimum_group": {"entity": group.entity, "k": group.k}})


def kept(understood: Understanding, answer: Answer) -> dict[str, Any]:
    """Return the answer as it may be stored: without the asker's own unrecognised or mistyped words, which might name someone."""
    document = stored(answer)
    explanation = document["explanation"]
    if answer.status in ("clarify", "not_understood"):
        said = {"clarify": ("请选择：", "Please choose:"), "not_understood": ("没有听懂这个问题。", "The question was not understood.")}[answer.status]
        explanation["summary"] = said[0 if answer.language == "zh" else 1]
        if document["clarify"]:
            document["clarify"]["ask"] = explanation["summary"]
    unused = {not_used(reading.unused, answer.language) for reading in understood.readings if reading.unused}
    slips = {fix.told()[answer.language]: fix.kept()[answer.language] for reading in understood.readings for fix in reading.corrections}
    explanation["assumptions"] = [slips.get(line, line) for line in explanation["assumptions"] if line not in unused]
    return document


class Telling:
    """Turns one understanding into one answer: through the gateway where there is a query, through a record where there is none."""

    def __init__(
        self,
        service: Knowing,
        here: InForce,
        actor: Actor,
        purpose: str | None,
        language: Language,
        took: float,
        session: str | None,
        conversation: str | None,
        surface: str,
        *,
        case: str | None = None,
        budget: Mapping[str, int] | None = None,
    ) -> None:
        """`case`: the case it is asked for; `budget`: what of a limited number is used up (`gateway.Ask`)."""
        self._service, self._here, self._actor, self._purpose = service, here, actor, purpose
        self._language, self._took, self._session, self._conversation, self._surface = language, took, session, conversation, surface
        self._case, self._budget = case, dict(budget or {})
        self._gateway = service.gateway
        self._catalogue = here.active.catalogue

    def of(self, understood: Understanding) -> Answer:
        """Return the answer for whatever the language engine made of the words."""
        if understood.status == "refused" and understood.refusal is not None:
            return self._refused(understood.refusal)
        if understood.status == "read":
            reading = understood.readings[0]
            try:
                told = self.run(reading.query, question=understood.screened, reading=reading)
                return with_reasons(told) if understood.act == "explain" else told
            except UnsoundQuery as error:
                receipt = self._note("clarify", understood)
                return unsound(error, self._catalogue, self._language, receipt=receipt, understand_ms=self._took)
        offered = [(choice, query) for choice in understood.options if (query := self._offerable(choice.query)) is not None]
        if understood.options and not offered:
            # Whichever was meant would be refused: the refusal is the answer, and nothing is offered that may not be had.
            try:
                return self.run(understood.options[0].query, question=understood.screened)
            except InvalidQuery:
                pass
        receipt = self._note(understood.status, understood)
        if understood.status == "clarify":
            options = [
                Option(label=choice.label[self._language] if query == choice.query else query_in_words(query, self._catalogue, self._language), query=query)
                for choice, query in offered
            ]
            ask = understood.ask or Text(zh="您指的是哪一个？", en="Which one do you mean?")
            return clarify(ask[self._language], options, self._language, receipt=receipt, understand_ms=self._took)
        message = understood.message or Text(zh="没有听懂这个问题。", en="The question was not understood.")
        near = [choice.label[self._language] for choice in understood.nearest if self._may(choice.query)]
        return not_understood(message[self._language], self._language, nearest=near, receipt=receipt, understand_ms=self._took)

    def _note(self, status: str, understood: Understanding) -> Receipt:
        words = understood.screened
        return self._gateway.note(self._actor, self._purpose, status, surface=self._surface, question=words, session=self._session, conversation=self._conversation, case=self._case)

    def _may(self, query: MetricQuery) -> bool:
        return self._gateway.would_allow(self._actor, self._purpose, query, self._here.active)

    def _offerable(self, query: MetricQuery) -> MetricQuery | None:
        return self._gateway.offerable(self._actor, self._purpose, query, self._here.active)

    def _refused(self, said: LanguageRefusal) -> Answer:
        contacts = self._here.bundle.settings.contacts
        contact = contacts.get(said.contact) if said.contact else None
        instead: tuple[Text, ...] = ()
        if contact is not None:
            instead = (Text(zh=f"{contact.label.zh}：{contact.how}", en=f"{contact.label.en}: {contact.how}"),)
        elif said.code == "prescription_by_doctor":
            instead = redline.INSTEAD
        refusal = Refusal(code=said.code, message=said.message, rule=said.rule, you_may=instead)
        told = self._gateway.refuse(self._actor, self._purpose, refusal, surface=self._surface, session=self._session, conversation=self._conversation, case=self._case)
        return refused(refusal, self._language, receipt=told.receipt, timings_ms=told.timings_ms, understand_ms=self._took)

    def run(self, query: MetricQuery, *, question: str | None, reading: Reading | None = None, leaves: bool = False) -> Answer:
        """Run one query through the gateway and tell it. `leaves`: the answer is to leave as a file."""
        companions = companions_for(query, self._catalogue, fiscal_start=self._catalogue.settings.fiscal_year_start) if reading is not None else ()
        ask = Ask(
            actor=self._actor,
            purpose=self._purpose,
            query=query,
            companions=tuple(companion.query for companion in companions),
            question=question,
            surface=self._surface,
            session=self._session,
            conversation=self._conversation,
            leaves=leaves,
            case=self._case,
            budget=self._budget,
        )
        told = self._gateway.run(ask)
        if not isinstance(told, Answered):
            return refused(told.refusal, self._language, receipt=told.receipt, query=query, timings_ms=told.timings_ms, understand_ms=self._took)
        assumptions = [text[self._language] for text in reading.assumptions] if reading is not None else []
        if reading is not None and reading.unused:
            assumptions.append(not_used(reading.unused, self._language))
        purpose = self._here.active.policy.purposes[told.grant.purpose].label.text()
        return answered(
            told,
            self._catalogue,
            self._language,
            companions=companions,
            assumptions=assumptions,
            suggestions=self._suggestions(told, companions) if reading is not None else (),
            purpose=purpose,
            understand_ms=self._took,
            fiscal_start=self._catalogue.settings.fiscal_year_start,
        )

    def _suggestions(self, told: Answered, companions: Sequence[Companion]) -> tuple[str, ...]:
        fiscal = self._catalogue.settings.fiscal_year_start
        view, _ = tell(told, self._catalogue, self._language, companions=companions, fiscal_start=fiscal)
        metric = told.grant.query.metrics[0]
        dimensions = allowed_dimensions(self._actor, told.grant.purpose, metric, self._here.active.policy)
        accept = self._service.accepts(self._here, self._actor, told.grant.purpose)
        return suggest(view, self._catalogue, dimensions, accept, peers=companions_beside(told, view, companions).peers)
