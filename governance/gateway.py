"""The gateway: the only door to data.

authorize → ledger intent → plan → execute → disclose → ledger outcome → release. The intent is durable before the warehouse hears of
the question, the outcome before anything is told. Nothing here decides, measures or hides: each step is a wing's, the order is ours.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from audit import AuditUnavailable, Event, Ledger, Receipt
from governance.access.authorize import authorize, default_purpose, dimension_refusal, masked_values
from governance.access.leaving import kept_in
from governance.access.masking import without_values
from governance.disclosure.memory import Memory
from governance.disclosure.protect import all_hidden
from governance.errors import DimensionNotAllowed, InvalidQuery, UnsoundQuery, WarehouseError
from governance.inforce import Active
from governance.metrics.arranging import arrange
from governance.metrics.checking import check
from governance.metrics.execution import Sources, execute
from governance.metrics.parsing import query_from_json, query_to_json
from governance.metrics.planner import plan
from governance.metrics.plans import Plan
from governance.metrics.recorded import BLANK, recorded
from governance.protecting import Protection, refusal_words
from governance.reconciling import reconciled
from governance.releasing import Pseudonyms, inward, outward, released
from governance.terms import Actor, DimensionScope, Disclosed, Grant, Measured, MetricQuery, Refusal, RowScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request at the door. `question` holds only recognised words; `companions` are queries that the answer's sentence needs."""

    actor: Actor
    purpose: str | None
    query: MetricQuery
    companions: tuple[MetricQuery, ...] = ()
    question: str | None = None
    surface: str = "api"
    session: str | None = None
    conversation: str | None = None
    leaves: bool = False
    """Whether the answer is to leave as a file; then the rules behind it must let it."""
    case: str | None = None
    """The case it is asked for, as a number that may be recorded for good (`identity.reidentification.checked_case`)."""
    budget: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """What the caller has used up of a limited number, and of how many: `questions` (of the last minute), `questions_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Data that may be told, with its proof. `companions` stand where their queries stood, None where they could not be had."""

    disclosed: Disclosed
    companions: tuple[Disclosed | None, ...]
    grant: Grant
    receipt: Receipt
    data_as_of: dt.date
    data_version: str
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refusal, recorded like an answer."""

    refusal: Refusal
    receipt: Receipt
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would be done: the normalised query, the decision and the plan. Nothing ran."""

    query: MetricQuery
    decision: Grant | Refusal
    plan: Plan | None


class _Stopwatch:
    """Milliseconds per step, for the answer's `timings_ms`."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.ms[name] = self.ms.get(name, 0.0) + (time.perf_counter() - begun) * 1000


def _not_disclosed(grant: Grant, code: str) -> Refusal:
    message, instead, rule = refusal_words(code, grant.minimum_group.k)
    return Refusal(code=code, message=message, rule=rule, you_may=(instead,))


RECORD = 3
"""Version of what an intent, an outcome and a question tell (docs/reference/ledger.md); records without it are of versions 1 and 2."""


def _exact(value: object) -> object:
    """Return plain data with floats written as text: the ledger's canonical JSON has integers only."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value


def _written(query: MetricQuery, active: Active, *, judged: bool) -> object:
    """Return the query for the ledger, which can't forget: without anything that neither bundle nor load knows."""
    return _exact(query_to_json(recorded(query, active.catalogue, judged=judged)))


def scope_in_words(scope: RowScope) -> str:
    """Describe a row scope without naming a member: a link scope is told by its table, not by its keys."""
    if isinstance(scope, DimensionScope):
        return f"{scope.dimension} in {','.join(scope.values)}"
    return f"{scope.entity} linked to own {scope.to_entity} on {scope.on.isoformat()}"


def _touched(query: MetricQuery, active: Active) -> dict[str, object]:
    """Return what the query reads: `objects`, the columns added up or tested, and `classes`, the persons behind them and the metrics' marks."""
    definitions = [active.catalogue.definitions[name] for name in query.metrics]
    objects = {f"{table}.{column}" for definition in definitions for table, column in definition.columns}
    classes = {definition.person for definition in definitions if definition.person is not None}
    classes |= {tag for definition in definitions for tag in definition.document.tags}
    classes |= {"sensitive" for definition in definitions if definition.document.sensitivity == "sensitive"}
    return {"objects": sorted(objects), "classes": sorted(classes)}


def _legal_basis(purpose: str, active: Active) -> str | None:
    known = active.policy.purposes.get(purpose)
    basis = known.legal_basis if known is not None else None
    return basis.text().zh if basis is not None else None


@dataclass(frozen=True, slots=True)
class _Who:
    """The members that all events of one request share."""

    actor: Actor
    purpose: str | None
    request: str

    def event(self, kind: str, decision: str, detail: Mapping[str, object]) -> Event:
        via = self.actor.via
        # The account in whose name something else asked: its owner's program, or whoever owns the machine.
        told = {"record": RECORD, "via": via, "on_behalf_of": None if via == "session" else self.actor.id}
        return Event(
            type=kind,
            request=self.request,
            actor=self.actor.id,
            role=self.actor.role,
            department=self.actor.department,
            purpose=self.purpose,
            decision=decision,
            detail={**told, **detail},
        )


class Gateway:
    """The door. One per process; safe for threads, since everything it holds is immutable or guards itself."""

    def __init__(
        self,
        *,
        active: Callable[[], Active],
        data: Callable[[], AbstractContextManager[Sources]],
        ledger: Ledger | None,
        today: Callable[[], dt.date],
        new_request: Callable[[], str] = lambda: secrets.token_hex(16),
        pseudonyms: Callable[[], Pseudonyms | None] = lambda: None,
        protection: Protection | None = None,
    ) -> None:
        """`protection` holds the installation's memory of answers; none: one that ends with this gateway.

        `pseudonyms` gives the keys under which persons are released; none: a warehouse that no vault belongs to, whose keys stay as they are.
        """
        self._active, self._data, self._recorder, self._pseudonyms = active, data, ledger, pseudonyms
        self._today, self._new_request = today, new_request
        self._protection = protection if protection is not None else Protection(Memory.passing(), secrets.token_bytes(32))

    @property
    def _ledger(self) -> Ledger:
        """The ledger; a gateway without one (the evaluation of a bundle outside any home) can tell nothing."""
        if self._recorder is None:
            raise AuditUnavailable("closed", "there is no ledger here, so nothing can be told")
        return self._recorder

    # ------------------------------------------------------------------ the one way to data

    def run(self, ask: Ask) -> Answered | Refused:
        """Answer or refuse one query.

        Raises InvalidQuery or UnsoundQuery for a question that can't be asked (nothing is recorded, nothing was looked at), AuditUnavailable
        when the ledger can't be written (no data), WarehouseError when the warehouse can't answer (recorded as failed).
        """
        watch, active, request = _Stopwatch(), self._active(), self._new_request()
        with watch.step("decide"):
            decision = self._decide(ask.actor, ask.purpose, ask.query, active)
            if ask.leaves and isinstance(decision, Grant):
                decision = kept_in(decision, active.policy) or decision
        if isinstance(decision, Refusal):
            with watch.step("audit"):
                receipt = self._refuse(ask, decision, request, active)
            return Refused(refusal=decision, receipt=receipt, timings_ms=watch.ms)
        companions = tuple(self._companion(ask, query, active) for query in ask.companions)
        with watch.step("audit"):
            self._append_intent(ask, decision, companions, request, active)
        return self._answer(ask, decision, companions, request, active, watch)

    def dry_run(self, ask: Ask) -> DryRun:
        """Return query, decision and plan. Recorded as a question, since decisions are knowledge too."""
        active = self._active()
        decision = self._decide(ask.actor, ask.purpose, ask.query, active)
        planned = plan(decision, active.catalogue) if isinstance(decision, Grant) else None
        self.note(ask.actor, ask.purpose, "dry_run", surface=ask.surface, question=ask.question, session=ask.session, conversation=ask.conversation, case=ask.case)
        return DryRun(query=self._told(decision, active).query if isinstance(decision, Grant) else ask.query, decision=decision, plan=planned)

    def would_allow(self, actor: Actor, purpose: str | None, query: MetricQuery, active: Active) -> bool:
        """Return whether the caller might ask this; for suggestions and forms. Nothing is recorded, since nothing is told but our own words."""
        try:
            return isinstance(self._decide(actor, purpose, query, active), Grant)
        except InvalidQuery:
            return False

    def offerable(self, actor: Actor, purpose: str | None, query: MetricQuery, active: Active) -> MetricQuery | None:
        """Return the query if the caller might ask it, or, of one that can't soundly be answered, the first sound one instead that the caller might ask; else None."""
        try:
            return query if isinstance(self._decide(actor, purpose, query, active), Grant) else None
        except UnsoundQuery as error:
            sound = (query_from_json(alternative) for alternative in error.alternatives)
            return next((item for item in sound if self.would_allow(actor, purpose, item, active)), None)
        except InvalidQuery:
            return None

    def measure_unprotected(self, ask: Ask) -> tuple[Grant, Measured, Disclosed] | Refusal:
        """For evaluation only: the table as measured and as arranged, before disclosure control. The caller releases verdicts, never tables.

        Not recorded singly: an evaluation is one event (contracts.md section 4), written by `note`.
        """
        active = self._active()
        decision = self._decide(ask.actor, ask.purpose, ask.query, active)
        if isinstance(decision, Refusal):
            return decision
        with self._data() as sources:
            measured = execute(plan(decision, active.catalogue), sources)
        return decision, measured, arrange(measured, decision.query, {}, minimum_group=decision.minimum_group)

    # ------------------------------------------------------------------ what carries no data is recorded as well

    def refuse(
        self, actor: Actor, purpose: str | None, refusal: Refusal, *, surface: str, session: str | None = None, conversation: str | None = None, case: str | None = None
    ) -> Refused:
        """Record a refusal that language alone decided (a person named, 统方, an adverse event). The words are not kept."""
        who = _Who(actor, self._known_purpose(purpose), self._new_request())
        told: dict[str, object] = {"code": refusal.code, "rule": refusal.rule, "metrics": [], "surface": surface, "session": session, "case": case}
        detail: dict[str, object] = {"conversation": conversation, "question": None, "legal_basis": self._basis(who.purpose)}
        events = [who.event("intent", "refuse", detail | told), who.event("outcome", "refuse", {"outcome": "refused", **told})]
        return Refused(refusal=refusal, receipt=self._ledger.append_many(events)[-1])

    def note(
        self,
        actor: Actor,
        purpose: str | None,
        status: str,
        *,
        surface: str,
        question: str | None = None,
        session: str | None = None,
        conversation: str | None = None,
        case: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> Receipt:
        """Record a question that ended without a query (`clarify`, `not_understood`), or another act worth proving."""
        who = _Who(actor, self._known_purpose(purpose), self._new_request())
        told = {"surface": surface, "question": question, "session": session, "conversation": conversation, "case": case, "legal_basis": self._basis(who.purpose)}
        return self._ledger.append(who.event("question", status, told | dict(detail or {})))

    # ------------------------------------------------------------------ steps

    def _decide(self, actor: Actor, purpose: str | None, query: MetricQuery, active: Active) -> Grant | Refusal:
        today = self._today()
        if (names := self._names(query, active)) is not None:
            query = inward(query, actor, purpose or default_purpose(actor, active.policy), active.catalogue, names)
        decision = authorize(actor, purpose, query, active.policy, today=today, reach=active.reach)
        if isinstance(decision, Refusal):
            return decision
        try:
            checked = check(decision.query, active.catalogue, today=today, data_from=active.data_from, data_to=active.data_to)
        except DimensionNotAllowed as error:
            return dimension_refusal(error.metric, error.dimension, error.valid, active.policy, rule="metric_definition")
        return replace(decision, query=checked)

    def _names(self, query: MetricQuery, active: Active) -> Pseudonyms | None:
        """Return the pseudonyms where the query uses a dimension whose values are single members."""
        dimensions = active.catalogue.dimensions
        used = any(name in dimensions and dimensions[name].identifies is not None for name in query.named_dimensions())
        return self._pseudonyms() if used else None

    def _told(self, grant: Grant, active: Active) -> Grant:
        """Return the grant as it may be told and recorded: with released keys in place of the warehouse's."""
        names = self._names(grant.query, active)
        return grant if names is None else replace(grant, query=outward(grant.query, grant.purpose, active.catalogue, names))

    def _companion(self, ask: Ask, query: MetricQuery, active: Active) -> Grant | None:
        try:
            decision = self._decide(ask.actor, ask.purpose, query, active)
        except InvalidQuery:
            return None
        return decision if isinstance(decision, Grant) else None

    def _measure(self, grant: Grant, active: Active, sources: Sources, watch: _Stopwatch) -> tuple[Disclosed, str | None, dict[str, int | None]]:
        """Return the table as it may be told, the code of the refusal if nothing of it may, and what of disclosure control's budget is used up."""
        blur, marked = self._protection.blurring(active.disclosure, grant)
        with watch.step("plan"):
            planned = plan(grant, active.catalogue, marked=marked)
        with watch.step("execute"):
            measured = execute(planned, sources, blur=blur)
        with watch.step("disclose"):
            protected = self._protection.protect(active.disclosure, grant, planned, measured, sources)
            measured, hidden = reconciled(protected.measured, protected.hidden, grant.minimum_group.k), protected.hidden
            if (names := self._names(grant.query, active)) is not None:
                before = {id(counts): row for row, counts in enumerate(measured.contributors)}
                measured, grant = released(measured, grant.purpose, active.catalogue, names), self._told(grant, active)
                # Rows stand in the order of the released keys; what is hidden goes with them.
                now = {before[id(counts)]: row for row, counts in enumerate(measured.contributors)}
                hidden = {(now[row], name): reason for (row, name), reason in hidden.items()}
            disclosed = arrange(measured, grant.query, hidden, minimum_group=grant.minimum_group)
            shown = {(cell.row, cell.column): cell.reason for cell in disclosed.hidden}
            nothing_left = all_hidden(disclosed.columns, len(disclosed.rows), shown)
        return disclosed, protected.refused or ("group_too_small" if nothing_left else None), protected.budget

    def _answer(
        self, ask: Ask, grant: Grant, companions: tuple[Grant | None, ...], request: str, active: Active, watch: _Stopwatch
    ) -> Answered | Refused:
        begun = time.perf_counter()
        beside: list[Disclosed | None] = []
        try:
            with self._data() as sources:
                disclosed, refused, budget = self._measure(grant, active, sources, watch)
                beside = [self._beside(companion, active, sources) for companion in companions if refused is None]
                data_version, data_as_of = sources.data_version, sources.data_as_of
        except WarehouseError:
            self._append_outcome(ask, grant, request, {"outcome": "failed", "code": "warehouse"})
            raise
        except AuditUnavailable:
            raise
        except Exception as error:
            # Whatever went wrong, the intent must not stay without its end; the kind of error is told, its text is not.
            self._append_outcome(ask, grant, request, {"outcome": "failed", "code": type(error).__name__})
            raise
        detail: dict[str, object] = {
            "rows": len(disclosed.rows),
            "groups": disclosed.total_groups,
            "suppressed": len(disclosed.hidden) + disclosed.hidden_groups,
            "protection": sorted({column.protection for column in disclosed.columns if column.kind == "metric"}),
            "budget": budget,
            "data_version": data_version,
            "duration_us": int((time.perf_counter() - begun) * 1_000_000),
        }
        if refused is not None:
            refusal = _not_disclosed(grant, refused)
            with watch.step("audit"):
                receipt = self._append_outcome(
                    ask, grant, request, detail | {"outcome": "refused", "code": refusal.code, "rule": refusal.rule, "rows": 0}
                )
            return Refused(refusal=refusal, receipt=receipt, timings_ms=watch.ms)
        with watch.step("audit"):
            receipt = self._append_outcome(ask, grant, request, detail | {"outcome": "answered"})
        return Answered(
            disclosed=disclosed,
            companions=tuple(beside),
            grant=self._told(grant, active),
            receipt=receipt,
            data_as_of=data_as_of,
            data_version=data_version,
            timings_ms=watch.ms,
        )

    def _beside(self, grant: Grant | None, active: Active, sources: Sources) -> Disclosed | None:
        if grant is None:
            return None
        try:
            disclosed, refused, _ = self._measure(grant, active, sources, _Stopwatch())
        except (InvalidQuery, WarehouseError):
            return None
        return disclosed if refused is None else None

    # ------------------------------------------------------------------ ledger events

    def _known_purpose(self, purpose: str | None) -> str | None:
        """Return the purpose if the policy has it: nothing that a caller invented is recorded as one."""
        return purpose if purpose in self._active().policy.purposes else None

    def _basis(self, purpose: str | None) -> str | None:
        return None if purpose is None else _legal_basis(purpose, self._active())

    def _asked(self, ask: Ask, active: Active) -> dict[str, object]:
        metrics = active.catalogue.metrics
        return {
            "case": ask.case,
            "budget": dict(ask.budget),
            "query": _written(ask.query, active, judged=False),
            "metrics": list(ask.query.metrics),
            "versions": {name: metrics[name].version for name in ask.query.metrics},
            "question": ask.question,
            "surface": ask.surface,
            "session": ask.session,
            "conversation": ask.conversation,
            "bundle": active.policy.version,
            **_touched(ask.query, active),
        }

    def _append_intent(self, ask: Ask, grant: Grant, companions: tuple[Grant | None, ...], request: str, active: Active) -> None:
        beside = [_written(self._told(item, active).query, active, judged=bool(item.scopes)) for item in companions if item is not None]
        detail = self._asked(ask, active) | {
            "query": _written(self._told(grant, active).query, active, judged=bool(grant.scopes)),
            "companions": beside,
            "rule": ",".join(grant.rules),
            "legal_basis": _legal_basis(grant.purpose, active),
            "scope": [scope_in_words(scope) for scope in grant.scopes],
            "k": grant.minimum_group.k,
            "model_egress": grant.model_egress,
        }
        if grant.masks:
            detail["masks"] = [mask.dimension for mask in grant.masks]
        self._ledger.append(_Who(ask.actor, grant.purpose, request).event("intent", "allow", detail))

    def _append_outcome(self, ask: Ask, grant: Grant, request: str, detail: Mapping[str, object]) -> Receipt:
        same = {"metrics": list(ask.query.metrics), "surface": ask.surface, "session": ask.session, "case": ask.case, "rule": ",".join(grant.rules)}
        full = same | {"bundle": grant.policy_version, **detail}
        decision = "refuse" if detail.get("outcome") == "refused" else "allow"
        return self._ledger.append(_Who(ask.actor, grant.purpose, request).event("outcome", decision, full))

    def _refuse(self, ask: Ask, refusal: Refusal, request: str, active: Active) -> Receipt:
        who = _Who(ask.actor, self._known_purpose(ask.purpose), request)
        told: dict[str, object] = {"code": refusal.code, "rule": refusal.rule}
        outcome = {"outcome": "refused", "metrics": list(ask.query.metrics), "surface": ask.surface, "session": ask.session, "case": ask.case, **told}
        masked = masked_values(ask.actor, ask.purpose, ask.query, active.policy, today=self._today())
        kept = replace(ask, query=without_values(ask.query, masked, BLANK)) if masked else ask
        basis = None if who.purpose is None else _legal_basis(who.purpose, active)
        events = [who.event("intent", "refuse", self._asked(kept, active) | told | {"legal_basis": basis}), who.event("outcome", "refuse", outcome)]
        return self._ledger.append_many(events)[-1]
