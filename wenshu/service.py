"""The facade over one home: the same answers for the pages, the API and the command line.

Words go to the language engine, queries to the gateway; nothing here touches data. What a caller may know of metrics, dimensions and values is
asked of the policy each time, so that no surface tells more than another.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any, Self

from audit import AuditError, Event, Ledger
from audit.shredding import PersonKeys
from governance.bundle.loading import Bundle
from governance.errors import BundleError, ConfigurationError, InvalidQuery, WarehouseError, nearest
from governance.gateway import Ask, DryRun, Gateway, scope_in_words
from governance.identity.reidentification import checked_case
from governance.metrics.execution import Sources
from governance.metrics.explaining import plan_tree
from governance.metrics.parsing import query_from_json, query_to_json
from governance.terms import Actor, Grant, Language, MetricQuery, Refusal
from governance.warehouse.engine import Warehouse
from nlq.answers.answer import Answer
from nlq.answers.explanation import query_in_words
from nlq.dialogue.pointing import Rows
from nlq.past_refusals import past_refusals
from nlq.understand import Understanding, understand
from wenshu import cards
from wenshu.accounts import Accounts, UnknownUser
from wenshu.answer_files import AnswerFiles
from wenshu.committee_opening import open_committee
from wenshu.conversations import Conversations, Turn
from wenshu.desk import Desk, NotPermitted
from wenshu.granting.campaigns import CampaignStore
from wenshu.granting.store import RequestStore
from wenshu.granting_room import Grants
from wenshu.handing_on import HANDED_ON, Handed, Outbox
from wenshu.home import Home
from wenshu.house import House, InForce
from wenshu.identities import Identities
from wenshu.inbox import Inbox
from wenshu.keys_room import KeysRoom
from wenshu.knowing import MAX_QUESTION, Knowing
from wenshu.marker import read_marker
from wenshu.pace import Pace
from wenshu.persons_room import PersonsRoom
from wenshu.protection import open_protection
from wenshu.retention_room import RetentionRoom
from wenshu.reviewing_room import AccessReviews
from wenshu.second_look import SecondLook, open_advisor
from wenshu.settings import Environment, now
from wenshu.setup import open_ledger, shipped_bundle
from wenshu.standing import FromHome, timezone_of
from wenshu.stewardship import Stewardship
from wenshu.subject_room import SubjectRoom
from wenshu.telling import Telling, kept, stored

QUESTIONS_A_MINUTE = 240
"""Of one person in one process: far above a person's pace, far below what a probing script would like."""


class Service(Knowing):
    """One process's service over one home. Safe for threads. Close it, or use it as a context."""

    def __init__(
        self, *, home: Home, environment: Environment, house: House, ledger: Ledger, warehouse: Warehouse, accounts: Accounts, conversations: Conversations
    ) -> None:
        """Use `Service.open`."""
        self._zone = house.bundle.settings.timezone
        self.home, self._environment, self._ledger, self._warehouse = home, environment, ledger, warehouse
        self._identities = Identities(home, lambda: house.bundle)
        pseudonyms = self._identities
        gateway = Gateway(
            active=house.active,
            data=self._sources,
            ledger=ledger,
            today=self._today,
            pseudonyms=lambda: pseudonyms.directory() if pseudonyms.available() else None,
            protection=open_protection(home),
        )
        super().__init__(house=house, gateway=gateway, today=self._today)
        self.accounts = accounts
        self.keys = KeysRoom(home=home, identities=self._identities, ledger=ledger, accounts=accounts, zone=self._zone, clock=now)
        self.retention = RetentionRoom(
            home=home,
            identities=self._identities,
            ledger=ledger,
            accounts=accounts,
            zone=self._zone,
            clock=now,
            today=self._today,
            purposes=lambda: house.active().policy.purposes,
            answers=conversations.forget,
        )
        self.subjects = SubjectRoom(
            home=home,
            identities=self._identities,
            active=house.active,
            ledger=ledger,
            accounts=accounts,
            zone=self._zone,
            clock=now,
            random=os.urandom,
            forget=conversations.forget,
        )
        self.persons = PersonsRoom(
            identities=self._identities,
            gateway=gateway,
            active=house.active,
            ledger=ledger,
            keys=PersonKeys(home.person_keys),
            zone=self._zone,
            clock=now,
            random=os.urandom,
        )
        self.committee = open_committee(home, house=house, ledger=ledger, accounts=accounts, sources=self._sources, today=self._today)
        requests = RequestStore.open(home.policy, now)
        self.reviews = AccessReviews(store=CampaignStore(requests.engine, now), committee=self.committee, accounts=accounts, evidence=self.committee.evidence, clock=now)
        self.grants = Grants(store=requests, committee=self.committee, policy=house.policy, today=self._today, clock=now)
        accounts.grants = self.grants.held
        accounts.as_held = self._identities.as_held
        self._conversations = conversations
        self.outbox = Outbox.open(home.root, home.keys, record=self._record_by, clock=now)
        self._second_look = SecondLook(open_advisor(home.root))
        self.stewardship = Stewardship(root=home.root, record=ledger.append, may=lambda actor: "data" in self.pages(actor), clock=now, zone=self._zone)
        self.inbox = Inbox(root=home.root, bundle=lambda: house.bundle, record=ledger.append, may=lambda actor: "data" in self.pages(actor))
        self._pace = Pace(limit=QUESTIONS_A_MINUTE, clock=time.monotonic)
        self.answer_files = AnswerFiles(self, pace=self._pace.step)
        self.desk = Desk(
            ledger=ledger,
            path=home.ledger,
            checkpoint=home.checkpoint,
            notes=home.desk,
            timezone=self._zone,
            clock=now,
            may_review=lambda actor: "review" in self.pages(actor),
            bundle=lambda: house.bundle,
            shipped=shipped_bundle,
            bundle_folder=home.standings.folder,
            drafts=self._waiting,
            officers=lambda: [account.id for account in accounts.list() if "review" in self.pages(accounts.actor(account.id, "local_admin"))],
            persons=PersonKeys(home.person_keys),
        )

    @classmethod
    def open(cls, home: Home, environment: Environment) -> Self:
        """Open the service of an installed home. Raises ConfigurationError, BundleError or AuditError; nothing is left open then."""
        from governance.identity.recognizers import Screener

        marker = read_marker(home)
        source = FromHome(home.standings)
        ledger = open_ledger(home, marker.origin, timezone_of(source))
        try:
            warehouse = Warehouse.open(f"duckdb:///{home.warehouse}")
            house = House(source, warehouse, file=home.warehouse, screener=Screener(), on_alarm=partial(_alarm, ledger))
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
        self.desk.streaming.stop()
        self._ledger.close()
        self._warehouse.close()
        self._identities.close()
        self.outbox.close()

    @property
    def timezone(self) -> str:
        """The bundle's time zone."""
        return self._zone

    def _today(self) -> dt.date:
        return self._environment.today(self._zone)

    def _sources(self) -> AbstractContextManager[Sources]:
        return Sources.open(self._warehouse, ledger=self.home.ledger_file, fresh=self._ledger.catch_up)

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
        case: str | None = None,
    ) -> Answer:
        """Answer a question in words. With `conversation`, a follow-up may change the last query of it; `new` begins one. `case`: the case's number, recorded."""
        case = checked_case(case) if case is not None else None
        budget = self._pace.step(actor.id)
        if not question.strip():
            raise InvalidQuery("the question is empty; ask something such as 上个月各大区的触达率")
        if len(question) > MAX_QUESTION:
            raise InvalidQuery(f"the question has more than {MAX_QUESTION} characters; ask a shorter one")
        here = self.house.current()
        asked = self.purpose(here, actor, purpose)
        begun = time.perf_counter()
        understood = self._understood(here, actor, asked, question, conversation, language)
        took = (time.perf_counter() - begun) * 1000
        told = Telling(self, here, actor, asked, understood.language, took, session, _handle(conversation), surface, case=case, budget=budget)
        answer = told.of(understood)
        self._remember(actor, conversation, understood, answer)
        return answer

    def _understood(self, here: InForce, actor: Actor, purpose: str | None, question: str, conversation: str | None, language: Language | None) -> Understanding:
        """Read the words against the conversation's queries in force; what is approved is recognised, what is doubtful looked at twice."""
        in_force = self._in_force(actor, conversation)
        context = in_force[-1] if in_force else None
        view, today, offered = self.view(here, actor, purpose), self.today(), self._offered(actor, conversation)

        def allowed(query: MetricQuery) -> bool:
            return self.gateway.would_allow(actor, purpose, query, here.active)

        def read(before: Sequence[MetricQuery]) -> Understanding:
            last, earlier = (before[-1], tuple(before[:-1])) if before else (None, ())
            return understand(
                question, lexicon=view, today=today, language=language, context=last, earlier=earlier, offered=offered, shown=lambda: self._shown(actor, conversation, last)
            )

        understood = past_refusals(read, in_force, allowed)
        if understood.act is not None:
            return understood
        return self._second_look.at(
            question,
            understood,
            here=here,
            actor=actor,
            purpose=purpose,
            view=view,
            today=today,
            context=context,
            record=lambda kind, detail: self.record(actor, kind, detail),
            allowed=allowed,
        )

    def query(
        self,
        actor: Actor,
        query: Mapping[str, object],
        *,
        purpose: str | None = None,
        conversation: str | None = None,
        language: Language = "zh",
        session: str | None = None,
        surface: str = "api",
        case: str | None = None,
    ) -> Answer:
        """Answer a MetricQuery; with `conversation`, the next follow-up there changes it.

        Raises InvalidQuery or UnsoundQuery for one that can't be asked, TooManyQuestions for too many.
        """
        case = checked_case(case) if case is not None else None
        budget = self._pace.step(actor.id)
        here = self.house.current()
        asked = self.purpose(here, actor, purpose)
        told = Telling(self, here, actor, asked, language, 0.0, session, _handle(conversation), surface, case=case, budget=budget)
        wanted = query_from_json(query)
        answer = told.run(wanted, question=None)
        if conversation is not None:
            said = query_in_words(wanted, here.active.catalogue, language) if answer.status == "answered" else ""
            turn = Turn(question=said, query=query_to_json(wanted), answer=stored(answer), asked_at=now().isoformat())
            self._conversations.add(actor.id, conversation, turn)
        return answer

    def dry_run_question(self, actor: Actor, question: str, *, purpose: str | None, conversation: str | None = None) -> dict[str, Any]:
        """Return what asking would do: query, decision, plan, SQL; nothing runs."""
        here = self.house.current()
        asked = self.purpose(here, actor, purpose)
        understood = self._understood(here, actor, asked, question, conversation, None)
        if understood.status != "read":
            told = Telling(self, here, actor, asked, understood.language, 0.0, None, None, "cli")
            document = told.of(understood).to_json()
            return {"status": document["status"], "query": document["query"], "decision": document["refusal"] or document["clarify"], "plan": "", "sql": []}
        return self._dry(actor, asked, understood.readings[0].query, understood.screened)

    def dry_run_query(self, actor: Actor, query: Mapping[str, object], *, purpose: str | None) -> dict[str, Any]:
        """Like `dry_run_question` for a MetricQuery."""
        here = self.house.current()
        return self._dry(actor, self.purpose(here, actor, purpose), query_from_json(query), None)

    def _dry(self, actor: Actor, purpose: str | None, query: MetricQuery, question: str | None) -> dict[str, Any]:
        result: DryRun = self.gateway.dry_run(Ask(actor=actor, purpose=purpose, query=query, question=question, surface="cli"))
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
            "plan": plan_tree(result.plan),
            "sql": [self._warehouse.sql(statement.select) for statement in result.plan.statements],
        }

    def _in_force(self, actor: Actor, conversation: str | None) -> tuple[MetricQuery, ...]:
        if conversation is None:
            return ()
        return tuple(query_from_json(query) for query in self._conversations.in_force(actor.id, conversation))

    def _offered(self, actor: Actor, conversation: str | None) -> tuple[MetricQuery, ...]:
        if conversation is None:
            return ()
        return tuple(query_from_json(query) for query in self._conversations.offered(actor.id, conversation))

    def _shown(self, actor: Actor, conversation: str | None, query: MetricQuery | None) -> Rows:
        return [] if conversation is None or query is None else self._conversations.shown(actor.id, conversation, query_to_json(query))

    def _remember(self, actor: Actor, conversation: str | None, understood: Understanding, answer: Answer) -> None:
        if conversation is None:
            return
        query = query_to_json(understood.readings[0].query) if understood.status == "read" and understood.readings else None
        turn = Turn(question=understood.screened, query=query, answer=kept(understood, answer), asked_at=now().isoformat(), act=understood.act)
        self._conversations.add(actor.id, conversation, turn)

    # ------------------------------------------------------------------ what a caller may know

    def conversations(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the caller's conversations, newest first."""
        return self._conversations.list(actor.id)

    def conversation(self, actor: Actor, id: str) -> list[dict[str, Any]]:  # noqa: A002 - the port's own word
        """Return the turns of one of the caller's conversations."""
        turns = self._conversations.get(actor.id, id)
        return [{"question": turn.question, "answer": turn.answer, "asked_at": turn.asked_at} for turn in turns]

    # ------------------------------------------------------------------ ledger and bundle

    def audit_events(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        return self.desk.events(actor, filters, cursor, limit)

    def audit_event(self, actor: Actor, event_id: str) -> dict[str, Any]:
        return self.desk.event(actor, event_id)

    def audit_proof(self, actor: Actor, event_id: str) -> dict[str, Any]:
        return self.desk.proof(actor, event_id)

    def audit_verify(self, actor: Actor) -> dict[str, Any]:
        return self.desk.verify(actor)

    def audit_checkpoint(self) -> str:
        return self.desk.checkpoint()

    def _waiting(self) -> list[Bundle]:
        """The bundles that were submitted and can be read."""
        committee, found = self.committee, []
        for draft in committee.store.drafts():
            if draft.state == "submitted":
                with contextlib.suppress(BundleError):
                    found.append(committee.gates.candidate(committee.store.tree(draft.content)).bundle)
        return found

    def integrity(self) -> dict[str, Any]:
        return self.desk.integrity()

    def bundle_view(self, actor: Actor) -> dict[str, Any]:
        """Return the bundle in force, readable; for roles with the committee's page. The look is recorded."""
        if "committee" not in self.pages(actor):
            raise NotPermitted
        here = self.house.current()
        self.record(actor, "bundle.read", {"bundle": here.bundle.version})
        return cards.bundle_view(here.bundle, here.active.catalogue, here.active.policy)

    def record(self, actor: Actor, kind: str, detail: Mapping[str, object]) -> None:
        """Record an act that carries no data."""
        self._ledger.append(Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, detail=dict(detail)))

    def _record_by(self, actor: Actor | None, kind: str, detail: Mapping[str, object]) -> None:
        if actor is None:
            self.record_administration(kind, detail)
        else:
            self.record(actor, kind, detail)

    def hand_on(self, actor: Actor, code: str, message: str) -> Handed:
        """Hand a message on to the contact of the guard's rule for `code` (adverse_event, off_label); see `wenshu.handing_on`."""
        here = self.house.current()
        contact = here.lexicon.guard.contact_for(code) if code in HANDED_ON else None
        if contact is None:
            raise InvalidQuery(f"nothing is handed on for {code!r}; ask the contact that the answer names")
        return self.outbox.hand_on(actor, contact, message, contacts=here.bundle.settings.contacts)

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
            ("warehouse", self.house.current),
            ("stores", self.accounts.list),
        )
        for name, look in looks:
            try:
                look()
                parts[name] = "ok" if name != "policy" or self.house.alarm is None else f"failed: {self.house.alarm}"
            except (AuditError, WarehouseError, ConfigurationError, OSError) as error:
                parts[name] = f"failed: {error}"
        return {"ready": all(value == "ok" for value in parts.values()), "parts": parts}


def _alarm(ledger: Ledger, version: str, problem: str) -> None:
    """Record that a bundle could not be put in force. Where even the ledger fails, `ready` still tells, and nothing is answered anyway."""
    with contextlib.suppress(AuditError):
        ledger.append(Event(type="policy.load_failed", actor="system", detail={"bundle": version, "problem": problem}))


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
        "masks": {mask.dimension: mask.to for mask in grant.masks},
        "export": grant.export,
        "model_egress": grant.model_egress,
        "policy_version": grant.policy_version,
    }
