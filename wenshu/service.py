"""The facade over one home: the same answers for the pages, the API and the command line.

Words go to the language engine, queries to the gateway; nothing here touches data. What a caller may know of metrics, dimensions and values is
asked of the policy each time, so that no surface tells more than another.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from audit import AuditError, Event, Ledger
from governance.access import redline
from governance.access.authorize import allowed_dimensions, allowed_metrics, default_purpose
from governance.bundle.loading import load_bundle
from governance.documents.metrics import Metric
from governance.errors import ConfigurationError, InvalidQuery, UnsoundQuery, WarehouseError, nearest
from governance.gateway import Answered, Ask, DryRun, Gateway, scope_in_words
from governance.metrics.execution import Sources
from governance.metrics.parsing import query_from_json, query_to_json
from governance.terms import Actor, Grant, Language, MetricQuery, Refusal, Text
from governance.warehouse.engine import Warehouse
from nlq.answer import Answer, Option, answered, clarify, companions_beside, not_understood, refused, tell, unsound
from nlq.companions import Companion, companions_for
from nlq.display import DisplayTable, display_rows
from nlq.lexicon import LexiconView
from nlq.reading import Reading
from nlq.suggestions import Suggestion, suggest
from nlq.understand import LanguageRefusal, Understanding, understand
from wenshu import cards
from wenshu.accounts import Accounts, UnknownUser
from wenshu.conversations import Conversations, Turn
from wenshu.desk import Desk, NotPermitted
from wenshu.home import Home
from wenshu.house import House, InForce, value_filter
from wenshu.pace import Pace
from wenshu.second_look import SecondLook, open_advisor
from wenshu.settings import Environment, now
from wenshu.setup import open_ledger, read_marker

MAX_QUESTION = 2_000
"""Characters of a question; people's are far shorter."""

EXAMPLES = 6
"""Questions offered on an empty page."""


MAX_CARDS = 200
"""Callers whose cards are remembered."""

QUESTIONS_A_MINUTE = 240
"""Of one person in one process: far above a person's pace, far below what a probing script would like."""


class Service:
    """One process's service over one home. Safe for threads. Close it, or use it as a context."""

    def __init__(
        self, *, home: Home, environment: Environment, house: House, ledger: Ledger, warehouse: Warehouse, accounts: Accounts, conversations: Conversations
    ) -> None:
        """Use `Service.open`."""
        self.home, self._environment, self._house, self._ledger, self._warehouse = home, environment, house, ledger, warehouse
        self.accounts = accounts
        self._conversations = conversations
        self._second_look = SecondLook(open_advisor(home.root))
        self._cards: dict[object, list[dict[str, Any]]] = {}
        self._pace = Pace(limit=QUESTIONS_A_MINUTE, clock=time.monotonic)
        self._zone = house.bundle.settings.timezone
        self._gateway = Gateway(active=house.active, data=self._sources, ledger=ledger, today=self.today)
        self._desk = Desk(
            ledger=ledger, path=home.ledger, checkpoint=home.checkpoint, timezone=self._zone, clock=now, may_review=lambda actor: "review" in self.pages(actor)
        )

    @classmethod
    def open(cls, home: Home, environment: Environment) -> Self:
        """Open the service of an installed home. Raises ConfigurationError, BundleError or AuditError; nothing is left open then."""
        from governance.identity.recognizers import Screener

        marker = read_marker(home)
        bundle = load_bundle(home.bundle)
        ledger = open_ledger(home, marker.origin, bundle.settings.timezone)
        try:
            warehouse = Warehouse.open(f"duckdb:///{home.warehouse}")
            house = House(bundle, warehouse, file=home.warehouse, screener=Screener())
            return cls(
                home=home,
                environment=environment,
                house=house,
                ledger=ledger,
                warehouse=warehouse,
                accounts=Accounts.open(home.accounts),
                conversations=Conversations.open(home.conversations, now),
            )
        except BaseException:
            ledger.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Write what is waiting and release files."""
        self._ledger.close()
        self._warehouse.close()

    @property
    def timezone(self) -> str:
        """The bundle's time zone."""
        return self._zone

    def today(self) -> dt.date:
        """Return the day that relative dates refer to."""
        return self._environment.today(self._zone)

    def _sources(self) -> AbstractContextManager[Sources]:
        return Sources.open(self._warehouse, ledger=self.home.ledger)

    def local_actor(self, user: str) -> Actor:
        """Return the account as acted for by the machine's owner; an unknown user is a configuration error that names the nearest."""
        try:
            return self.accounts.actor(user, "local_admin")
        except UnknownUser as error:
            known = [account.id for account in self.accounts.list()]
            raise ConfigurationError(f"There is no user {user!r}.{nearest(user, known)} See: wenshu user list") from error

    # ------------------------------------------------------------------ asking

    def ask(
        self,
        actor: Actor,
        question: str,
        *,
        purpose: str | None = None,
        conversation: str | None = None,
        language: Language | None = None,
        session: str | None = None,
        surface: str = "api",
    ) -> Answer:
        """Answer a question in words. With `conversation`, a follow-up may change the last query of it; `new` begins one."""
        self._pace.step(actor.id)
        if not question.strip():
            raise InvalidQuery("the question is empty; ask something such as 上个月各大区的触达率")
        if len(question) > MAX_QUESTION:
            raise InvalidQuery(f"the question has more than {MAX_QUESTION} characters; ask a shorter one")
        here = self._house.current()
        asked = self._purpose(here, actor, purpose)
        context = self._context(actor, conversation)
        begun = time.perf_counter()
        view, today = self._view(here, actor, asked), self.today()
        understood = understand(question, lexicon=view, today=today, language=language, context=context)
        understood = self._second_look.at(
            question,
            understood,
            here=here,
            actor=actor,
            view=view,
            today=today,
            context=context,
            record=lambda kind, detail: self.record(actor, kind, detail),
            allowed=lambda query: self._gateway.would_allow(actor, asked, query, here.active),
        )
        took = (time.perf_counter() - begun) * 1000
        told = _Telling(self, here, actor, asked, understood.language, took, session, _handle(conversation), surface)
        answer = told.of(understood)
        self._remember(actor, conversation, understood, answer)
        return answer

    def query(
        self,
        actor: Actor,
        query: Mapping[str, object],
        *,
        purpose: str | None = None,
        language: Language = "zh",
        session: str | None = None,
        surface: str = "api",
    ) -> Answer:
        """Answer a MetricQuery. Raises InvalidQuery or UnsoundQuery for one that can't be asked, TooManyQuestions for too many."""
        self._pace.step(actor.id)
        here = self._house.current()
        asked = self._purpose(here, actor, purpose)
        told = _Telling(self, here, actor, asked, language, 0.0, session, None, surface)
        return told.run(query_from_json(query), question=None)

    def dry_run_question(self, actor: Actor, question: str, *, purpose: str | None, conversation: str | None = None) -> dict[str, Any]:
        """Return what asking would do: query, decision, plan, SQL; nothing runs."""
        here = self._house.current()
        asked = self._purpose(here, actor, purpose)
        understood = understand(question, lexicon=self._view(here, actor, asked), today=self.today(), context=self._context(actor, conversation))
        if understood.status != "read":
            told = _Telling(self, here, actor, asked, understood.language, 0.0, None, None, "cli")
            document = told.of(understood).to_json()
            return {"status": document["status"], "query": document["query"], "decision": document["refusal"] or document["clarify"], "plan": "", "sql": []}
        return self._dry(actor, asked, understood.readings[0].query, understood.screened)

    def dry_run_query(self, actor: Actor, query: Mapping[str, object], *, purpose: str | None) -> dict[str, Any]:
        """Like `dry_run_question` for a MetricQuery."""
        here = self._house.current()
        return self._dry(actor, self._purpose(here, actor, purpose), query_from_json(query), None)

    def _dry(self, actor: Actor, purpose: str | None, query: MetricQuery, question: str | None) -> dict[str, Any]:
        result: DryRun = self._gateway.dry_run(Ask(actor=actor, purpose=purpose, query=query, question=question, surface="cli"))
        if isinstance(result.decision, Refusal) or result.plan is None:
            refusal = result.decision
            code = refusal.code if isinstance(refusal, Refusal) else ""
            message = refusal.message.zh if isinstance(refusal, Refusal) else ""
            return {"status": "refused", "query": query_to_json(result.query), "decision": {"refused": code, "message": message}, "plan": "", "sql": []}
        grant = result.decision
        return {
            "status": "answered",
            "query": query_to_json(result.query),
            "decision": _grant_json(grant),
            "plan": result.plan.explain(),
            "sql": [self._warehouse.sql(statement.select) for statement in result.plan.statements],
        }

    def _purpose(self, here: InForce, actor: Actor, purpose: str | None) -> str | None:
        policy = here.active.policy
        if purpose is not None and purpose not in policy.purposes:
            raise InvalidQuery(f"unknown purpose {purpose!r}.{nearest(purpose, policy.purposes)}")
        return purpose or default_purpose(actor, policy)

    def _context(self, actor: Actor, conversation: str | None) -> MetricQuery | None:
        if conversation is None:
            return None
        last = self._conversations.last_query(actor.id, conversation)
        return None if last is None else query_from_json(last)

    def _remember(self, actor: Actor, conversation: str | None, understood: Understanding, answer: Answer) -> None:
        if conversation is None:
            return
        query = query_to_json(understood.readings[0].query) if understood.status == "read" and understood.readings else None
        turn = Turn(question=understood.screened, query=query, answer=_kept(understood, answer), asked_at=now().isoformat())
        self._conversations.add(actor.id, conversation, turn)

    def _view(self, here: InForce, actor: Actor, purpose: str | None) -> LexiconView:
        active = here.active
        if purpose is None:
            return here.lexicon.visible(frozenset(), frozenset(), lambda _d, _v: False, role=actor.role)
        metrics = allowed_metrics(actor, purpose, active.policy)
        dimensions = frozenset(name for metric in metrics for name in allowed_dimensions(actor, purpose, metric, active.policy))
        return here.lexicon.visible(metrics, dimensions, value_filter(active, actor, purpose, self.today()), role=actor.role)

    # ------------------------------------------------------------------ what a caller may know

    def purposes(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the purposes that the caller may state, the default first."""
        policy = self._policy()
        role = policy.roles.get(actor.role)
        return [
            {"id": name, "label": cards.words(policy.purposes[name].label), "default": index == 0}
            for index, name in enumerate(role.purposes if role else ())
        ]

    def _policy(self) -> Any:
        return self._house.current().active.policy

    def pages(self, actor: Actor) -> tuple[str, ...]:
        """Return the pages beyond chat and catalogue that the role may open."""
        role = self._policy().roles.get(actor.role)
        return role.pages if role else ()

    def roles(self) -> dict[str, str]:
        """Return role → department, for making accounts."""
        return {name: role.department for name, role in self._policy().roles.items()}

    def metric_cards(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the metrics that the caller may ask, under any of the caller's purposes, the default's view first."""
        here, today = self._house.current(), self.today()
        key = (id(here), today, actor.role, tuple(sorted(actor.attributes.items())))
        kept = self._cards.get(key)
        if kept is None:
            if len(self._cards) > MAX_CARDS:
                self._cards.clear()
            kept = self._cards[key] = self._made_cards(here, actor)
        return kept

    def _made_cards(self, here: InForce, actor: Actor) -> list[dict[str, Any]]:
        active = here.active
        found: dict[str, dict[str, Any]] = {}
        for purpose in (item["id"] for item in self.purposes(actor)):
            allowed = value_filter(active, actor, purpose, self.today())
            for card in cards.cards_for(active.catalogue, active.policy, actor, purpose, allowed):
                found.setdefault(card["id"], card | {"examples": _asked_as(active.catalogue.metrics[card["id"]])})
        return list(found.values())

    def all_metric_cards(self) -> list[dict[str, Any]]:
        """Return every metric of the bundle, for the machine's owner and the committee."""
        catalogue = self._house.current().active.catalogue
        return [cards.metric_card(catalogue, metric, catalogue.dimensions_for(name)) for name, metric in catalogue.metrics.items()]

    def examples(self, actor: Actor, language: Language) -> list[str]:
        """Return questions that the caller may ask and that are understood, from different stages."""
        here = self._house.current()
        purpose = default_purpose(actor, here.active.policy)
        if purpose is None:
            return []
        view, today = self._view(here, actor, purpose), self.today()

        def may_ask(text: str) -> bool:
            understood = understand(text, lexicon=view, today=today)
            return understood.status == "read" and self._gateway.would_allow(actor, purpose, understood.readings[0].query, here.active)

        return _examples(here, view, language, may_ask)

    def _accepts(self, here: InForce, actor: Actor, purpose: str) -> Callable[[Suggestion], bool]:
        view, active, today = self._view(here, actor, purpose), here.active, self.today()

        def accept(suggestion: Suggestion) -> bool:
            understood = understand(suggestion.text, lexicon=view, today=today)
            if understood.status != "read" or understood.readings[0].query != suggestion.query:
                return False
            return self._gateway.would_allow(actor, purpose, understood.readings[0].query, active)

        return accept

    def complete(self, actor: Actor, text: str, language: Language) -> list[dict[str, Any]]:
        """Return completions of what is being typed, from what the caller may know."""
        here = self._house.current()
        purpose = default_purpose(actor, here.active.policy)
        if purpose is None or len(text) > MAX_QUESTION:
            return []
        view = self._view(here, actor, purpose)
        catalogue = here.active.catalogue
        metrics = [name for name in catalogue.metrics if name in view.metrics]
        dimensions = [name for name in catalogue.dimensions if name in view.dimensions]
        return cards.complete(catalogue, metrics, dimensions, view.value_allowed, text, language)

    def conversations(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the caller's conversations, newest first."""
        return self._conversations.list(actor.id)

    def conversation(self, actor: Actor, id: str) -> list[dict[str, Any]]:  # noqa: A002 - the port's own word
        """Return the turns of one of the caller's conversations."""
        turns = self._conversations.get(actor.id, id)
        return [{"question": turn.question, "answer": turn.answer, "asked_at": turn.asked_at} for turn in turns]

    def display(self, answer: Answer) -> DisplayTable:
        """Return the answer's table as people read it."""
        return display_rows(answer, self._house.current().active.catalogue, answer.language)

    # ------------------------------------------------------------------ ledger and bundle

    def audit_events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        return self._desk.events(actor, filters, cursor, limit)

    def audit_event(self, actor: Actor, event_id: str) -> dict[str, Any]:
        return self._desk.event(actor, event_id)

    def audit_proof(self, actor: Actor, event_id: str) -> dict[str, Any]:
        return self._desk.proof(actor, event_id)

    def audit_verify(self, actor: Actor) -> dict[str, Any]:
        return self._desk.verify(actor)

    def audit_checkpoint(self) -> str:
        return self._desk.checkpoint()

    def integrity(self) -> dict[str, Any]:
        return self._desk.integrity()

    def bundle_view(self, actor: Actor) -> dict[str, Any]:
        """Return the bundle in force, readable; for roles with the committee's page. The look is recorded."""
        if "committee" not in self.pages(actor):
            raise NotPermitted
        here = self._house.current()
        self.record(actor, "bundle.read", {"bundle": here.bundle.version})
        return cards.bundle_view(here.bundle, here.active.catalogue, here.active.policy)

    def record(self, actor: Actor, kind: str, detail: Mapping[str, object]) -> None:
        """Record an act that carries no data."""
        self._ledger.append(Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, detail=dict(detail)))

    def record_sign_in(self, user: str, outcome: str) -> None:
        """Record that someone signed in or out, or was turned away. An unknown name is not kept: it may be a password typed in the wrong field."""
        known = next((account for account in self.accounts.list() if account.id == user), None)
        if known is None:
            self._ledger.append(Event(type="session", actor="unknown", decision=outcome))
        else:
            self._ledger.append(Event(type="session", actor=known.id, role=known.role, department=known.department, decision=outcome))

    def record_administration(self, kind: str, detail: Mapping[str, object]) -> None:
        """Record an act of the machine's owner."""
        self._ledger.append(Event(type=kind, actor="local_admin", detail=dict(detail)))

    # ------------------------------------------------------------------ health

    def health(self) -> dict[str, Any]:
        """Return that the process lives."""
        return {"status": "ok"}

    def ready(self) -> dict[str, Any]:
        """Return, for each part, `ok` or what is wrong with it."""
        parts: dict[str, str] = {}
        looks: Sequence[tuple[str, Callable[[], object]]] = (
            ("ledger", self._ledger.check),
            ("policy", self._policy),
            ("warehouse", self._house.current),
            ("stores", self.accounts.list),
        )
        for name, look in looks:
            try:
                look()
                parts[name] = "ok"
            except (AuditError, WarehouseError, ConfigurationError, OSError) as error:
                parts[name] = f"failed: {error}"
        return {"ready": all(value == "ok" for value in parts.values()), "parts": parts}


def _handle(conversation: str | None) -> str | None:
    """Return what the ledger calls a conversation: callers choose its id, and might write a name into it."""
    return None if conversation is None else hashlib.sha256(conversation.encode()).hexdigest()[:16]


def _grant_json(grant: Grant) -> dict[str, Any]:
    return {
        "allowed": True,
        "purpose": grant.purpose,
        "rules": list(grant.rules),
        "scopes": [scope_in_words(scope) for scope in grant.scopes],
        "minimum_group": {"entity": grant.minimum_group.entity, "k": grant.minimum_group.k},
        "obligations": [text.zh for text in grant.obligations],
        "policy_version": grant.policy_version,
    }


def _asked_as(metric: Metric) -> list[str]:
    """Return questions for the metric: its golden ones, else its names."""
    return [item.ask for item in metric.golden][:3] or [metric.label.zh, metric.label.en]


def _not_used(unused: Sequence[str], language: Language) -> str:
    return f"没有用到的词：{'、'.join(unused)}" if language == "zh" else f"words not used: {', '.join(unused)}"


def _kept(understood: Understanding, answer: Answer) -> dict[str, Any]:
    """Return the answer as it may be stored: without the asker's own unrecognised words, which might name someone."""
    document = answer.to_json()
    explanation = document["explanation"]
    if answer.status in ("clarify", "not_understood"):
        said = {"clarify": ("请选择：", "Please choose:"), "not_understood": ("没有听懂这个问题。", "The question was not understood.")}[answer.status]
        explanation["summary"] = said[0 if answer.language == "zh" else 1]
        if document["clarify"]:
            document["clarify"]["ask"] = explanation["summary"]
    unused = {_not_used(reading.unused, answer.language) for reading in understood.readings if reading.unused}
    explanation["assumptions"] = [line for line in explanation["assumptions"] if line not in unused]
    return document


def _examples(here: InForce, view: LexiconView, language: Language, may_ask: Callable[[str], bool]) -> list[str]:
    """Make questions out of the catalogue's own labels, one a stage before a second one of any, and keep those that are understood."""
    catalogue = here.active.catalogue
    by_stage: dict[str, list[str]] = {}
    for name, metric in catalogue.metrics.items():
        if name in view.metrics:
            by_stage.setdefault(metric.stage, []).append(name)
    order: list[str] = [name for index in range(3) for names in by_stage.values() for name in names[index : index + 1]]
    out: list[str] = []
    for turn, name in enumerate(order):
        groupable = [d for d in catalogue.groupable_by(name) if d in view.dimensions and catalogue.dimensions[d].identifies is None]
        group = groupable[turn % min(len(groupable), 4)] if groupable else None
        label: str = catalogue.metrics[name].label.text()[language]
        by: str = catalogue.dimensions[group].label.text()[language] if group is not None else ""
        if language == "zh":
            text = f"上个月各{by}的{label}" if by else f"上个月的{label}"
        else:
            text = f"{label} by {by.lower()} last month" if by else f"{label} last month"
        if may_ask(text):
            out.append(text)
        if len(out) == EXAMPLES:
            break
    return out


class _Telling:
    """Turns one understanding into one answer: through the gateway where there is a query, through a record where there is none."""

    def __init__(
        self, service: Service, here: InForce, actor: Actor, purpose: str | None, language: Language, took: float, session: str | None, conversation: str | None, surface: str
    ) -> None:
        self._service, self._here, self._actor, self._purpose = service, here, actor, purpose
        self._language, self._took, self._session, self._conversation, self._surface = language, took, session, conversation, surface
        self._gateway = service._gateway  # noqa: SLF001 - the facade's own helper
        self._catalogue = here.active.catalogue

    def of(self, understood: Understanding) -> Answer:
        """Return the answer for whatever the language engine made of the words."""
        if understood.status == "refused" and understood.refusal is not None:
            return self._refused(understood.refusal)
        if understood.status == "read":
            reading = understood.readings[0]
            try:
                return self.run(reading.query, question=understood.screened, reading=reading)
            except UnsoundQuery as error:
                receipt = self._gateway.note(self._actor, self._purpose, "clarify", surface=self._surface, question=understood.screened)
                return unsound(error, self._catalogue, self._language, receipt=receipt, understand_ms=self._took)
        offered = [choice for choice in understood.options if self._may(choice.query)]
        if understood.options and not offered:
            # Whichever was meant would be refused: the refusal is the answer, and nothing is offered that may not be had.
            try:
                return self.run(understood.options[0].query, question=understood.screened)
            except InvalidQuery:
                pass
        receipt = self._gateway.note(self._actor, self._purpose, understood.status, surface=self._surface, question=understood.screened)
        if understood.status == "clarify":
            options = [Option(label=choice.label[self._language], query=choice.query) for choice in offered]
            ask = understood.ask or Text(zh="您指的是哪一个？", en="Which one do you mean?")
            return clarify(ask[self._language], options, self._language, receipt=receipt, understand_ms=self._took)
        message = understood.message or Text(zh="没有听懂这个问题。", en="The question was not understood.")
        near = [choice.label[self._language] for choice in understood.nearest if self._may(choice.query)]
        return not_understood(message[self._language], self._language, nearest=near, receipt=receipt, understand_ms=self._took)

    def _may(self, query: MetricQuery) -> bool:
        return self._gateway.would_allow(self._actor, self._purpose, query, self._here.active)

    def _refused(self, said: LanguageRefusal) -> Answer:
        contacts = self._here.bundle.settings.contacts
        contact = contacts.get(said.contact) if said.contact else None
        instead: tuple[Text, ...] = ()
        if contact is not None:
            instead = (Text(zh=f"{contact.label.zh}：{contact.how}", en=f"{contact.label.en}: {contact.how}"),)
        elif said.code == "prescription_by_doctor":
            instead = redline.INSTEAD
        refusal = Refusal(code=said.code, message=said.message, rule=said.rule, you_may=instead)
        told = self._gateway.refuse(self._actor, self._purpose, refusal, surface=self._surface, session=self._session, conversation=self._conversation)
        return refused(refusal, self._language, receipt=told.receipt, timings_ms=told.timings_ms, understand_ms=self._took)

    def run(self, query: MetricQuery, *, question: str | None, reading: Reading | None = None) -> Answer:
        """Run one query through the gateway and tell it."""
        companions = companions_for(query, self._catalogue) if reading is not None else ()
        ask = Ask(
            actor=self._actor,
            purpose=self._purpose,
            query=query,
            companions=tuple(companion.query for companion in companions),
            question=question,
            surface=self._surface,
            session=self._session,
            conversation=self._conversation,
        )
        told = self._gateway.run(ask)
        if not isinstance(told, Answered):
            return refused(told.refusal, self._language, receipt=told.receipt, query=query, timings_ms=told.timings_ms, understand_ms=self._took)
        assumptions = [text[self._language] for text in reading.assumptions] if reading is not None else []
        if reading is not None and reading.unused:
            assumptions.append(_not_used(reading.unused, self._language))
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
        accept = self._service._accepts(self._here, self._actor, told.grant.purpose)  # noqa: SLF001 - the facade's own helper
        return suggest(view, self._catalogue, dimensions, accept, peers=companions_beside(told, view, companions).peers)
