"""`wenshu evaluate`: a local administrator's act that releases verdicts, never tables; one event in the ledger.

With another bundle and warehouse, a user whom that bundle doesn't know may ask all of its metrics without scope (contracts.md section 4).
"""

from __future__ import annotations

import datetime as dt
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from audit import Event, Ledger
from governance.access.authorize import allowed_dimensions, allowed_metrics, default_purpose
from governance.access.policy import Policy, build_policy
from governance.bundle.loading import load_bundle
from governance.disclosure.protect import all_hidden, protect
from governance.documents.access import AccessDocument, Purpose, Role, Rule, Selection
from governance.documents.base import Words
from governance.documents.reading import Read
from governance.errors import InvalidQuery, UnsoundQuery
from governance.gateway import Ask, Gateway
from governance.inforce import vocabulary_of
from governance.metrics.execution import Sources
from governance.terms import Actor, Language, MetricQuery, MinimumGroup, Refusal
from governance.warehouse.engine import Warehouse
from nlq.dialogue.acts import after
from nlq.dialogue.pointing import Rows
from nlq.evaluation.cases import Case, read_cases
from nlq.evaluation.scores import Ran, Understood, evaluate
from nlq.lexicon.lexicon import LexiconView
from nlq.past_refusals import past_refusals
from nlq.understand import Understanding, understand
from wenshu.accounts import Accounts
from wenshu.commands.common import Context, tell
from wenshu.house import House, InForce, value_filter
from wenshu.marker import read_marker
from wenshu.setup import open_ledger

ANYONE = "evaluator"
"""Role of users whom the evaluated bundle doesn't know."""

_PURPOSE = "evaluation"


def _open_policy(here: InForce) -> Policy:
    """Return a policy under which one role may ask everything, without scope and without minimum groups. The red line still holds."""
    reason = Words(zh="评测", en="evaluation")
    document = AccessDocument(
        purposes=(Purpose(id=_PURPOSE, label=reason),),
        roles=(Role(id=ANYONE, label=reason, department=ANYONE, purposes=(_PURPOSE,)),),
        rules=(
            Rule(
                id="everything", roles=(ANYONE,), effect="allow", metrics=Selection(all=True), dimensions=Selection(all=True), purposes=(_PURPOSE,), reason=reason
            ),
        ),
    )
    read = Read(document=document, file="evaluation", lines={})
    return build_policy([read], vocabulary_of(here.active.catalogue), version=here.bundle.version, person="person")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asker:
    """A user with the policy that applies and what the user may know."""

    actor: Actor
    gateway: Gateway
    view: LexiconView
    allows: Callable[[MetricQuery], bool]
    offerable: Callable[[MetricQuery], MetricQuery | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turns:
    """What a dialogue's turns so far leave for the next: the queries in force, and the options of the last turn if it asked back."""

    asked: tuple[MetricQuery, ...] = ()
    offered: tuple[MetricQuery, ...] = ()


def _missed(found: Understanding) -> bool:
    """Whether a turn was lost: what was asked back before it still waits."""
    return found.status == "not_understood" and found.act is None


class _Bench:
    """Understands and runs for named users at a given day, over one house."""

    def __init__(self, house: House, warehouse: Warehouse, accounts: Accounts | None, ledger: Ledger | None, ledger_file: Path | None) -> None:
        self._here = house.current()
        self._warehouse, self._ledger_file = warehouse, ledger_file
        self._known = {account.id: account for account in accounts.list()} if accounts is not None else {}
        self._ledger = ledger
        self._day = dt.date.min
        self._open = replace(self._here.active, policy=_open_policy(self._here))
        self._askers: dict[tuple[str, dt.date], _Asker] = {}

    def _today(self) -> dt.date:
        return self._day

    def _sources(self) -> AbstractContextManager[Sources]:
        return Sources.open(self._warehouse, ledger=self._ledger_file, fresh=None if self._ledger is None else self._ledger.catch_up)

    def _asker(self, user: str) -> _Asker:
        key = (user, self._day)
        if key not in self._askers:
            account = self._known.get(user)
            known = account is not None and account.role in self._here.active.policy.roles
            actor = account.actor("local_admin") if account is not None and known else Actor(id=user, role=ANYONE, department=ANYONE, via="local_admin")
            active = self._here.active if known else self._open
            gateway = Gateway(active=lambda: active, data=self._sources, ledger=self._ledger, today=self._today)
            purpose = default_purpose(actor, active.policy)
            metrics = allowed_metrics(actor, purpose, active.policy) if purpose else frozenset()
            dimensions = frozenset(d for m in metrics for d in allowed_dimensions(actor, purpose or "", m, active.policy))
            allowed: Callable[[str, Any], bool] = value_filter(active, actor, purpose, self._day) if known and purpose else lambda _d, _v: True
            view = self._here.lexicon.visible(metrics, dimensions, allowed, role=actor.role)
            allows, offerable = partial(gateway.would_allow, actor, purpose, active=active), partial(gateway.offerable, actor, purpose, active=active)
            self._askers[key] = _Asker(actor=actor, gateway=gateway, view=view, allows=allows, offerable=offerable)
        return self._askers[key]

    def warm(self, users: Iterable[tuple[str, dt.date]]) -> None:
        """Make what each user may know before anything is timed, as a running service has it."""
        for user, today in set(users):
            self._day = today
            understand("?", lexicon=self._asker(user).view, today=today)

    def understand(self, user: str, words: str, today: dt.date, context: object) -> Understood:
        """Read the words as the user's question of that day."""
        self._day = today
        asker = self._asker(user)
        language: Language | None = None
        before = context if isinstance(context, _Turns) else _Turns()
        asked = before.asked

        def read(queries: Sequence[MetricQuery]) -> Understanding:
            last, earlier = (queries[-1], tuple(queries[:-1])) if queries else (None, ())
            return understand(
                words, lexicon=asker.view, today=today, language=language, context=last, earlier=earlier, offered=before.offered, shown=lambda: self._shown(user, last)
            )

        found = past_refusals(read, asked, asker.allows)
        context = _Turns(
            asked=after(asked, found.act, found.readings[0].query if found.status == "read" else None),
            offered=tuple(option.query for option in found.options) if found.status == "clarify" else before.offered if _missed(found) else (),
        )
        if found.status == "refused" and found.refusal is not None:
            return Understood(status="refused", code=found.refusal.code, context=context)
        if found.status == "clarify":
            # As the service does: an option that would be refused is not offered, and where all would be the refusal is the answer.
            options = tuple(query for option in found.options if (query := asker.offerable(option.query)) is not None)
            if found.options and not options:
                return Understood(status="answered", query=found.options[0].query, context=context)
            return Understood(status="clarify", options=options, context=context)
        if found.status == "read":
            query = found.readings[0].query
            return Understood(status="answered", query=query, context=context)
        return Understood(status="not_understood", context=context)

    def _shown(self, user: str, query: MetricQuery | None) -> Rows:
        """The rows of the answer before, for what points at them; the choice of a member is all that is made of them."""
        try:
            table = None if query is None else self.run(user, query).table
        except (InvalidQuery, UnsoundQuery):
            return []
        return [] if table is None else [dict(zip((column.name for column in table.columns), cells, strict=True)) for cells in table.rows]

    def run(self, user: str, query: MetricQuery) -> Ran:
        """Run the query with the user's rights; the table before disclosure, and whether disclosure would have refused it."""
        asker = self._asker(user)
        result = asker.gateway.measure_unprotected(Ask(actor=asker.actor, purpose=None, query=query, surface="evaluation"))
        if isinstance(result, Refusal):
            return Ran(refused=result.code)
        grant, measured, table = result
        group: MinimumGroup = grant.minimum_group
        hidden = protect(measured, group)
        return Ran(table=table, refused="group_too_small" if all_hidden(measured.columns, len(measured.rows), hidden) else None)


@contextmanager
def _bench(context: Context, bundle_folder: Path | None, url: str | None) -> Iterator[tuple[_Bench, Ledger | None]]:
    from governance.identity.recognizers import Screener

    home = context.home
    with ExitStack() as stack:
        installed = home.exists()
        if bundle_folder is None:
            home.require()
        bundle = load_bundle(bundle_folder if bundle_folder is not None else home.bundle)
        ledger = None
        accounts = None
        if installed:
            timezone = load_bundle(home.bundle).settings.timezone
            ledger = stack.enter_context(open_ledger(home, read_marker(home).origin, timezone))
            accounts = Accounts.open(home.accounts)
        else:
            tell("There is no home here, so this evaluation is in no ledger.")
        warehouse = Warehouse.open(url or f"duckdb:///{home.warehouse}")
        stack.callback(warehouse.close)
        house = House(bundle, warehouse, file=None if url else home.warehouse, screener=Screener())
        yield _Bench(house, warehouse, accounts, ledger, home.ledger_file if installed else None), ledger


def evaluate_cases(context: Context, paths: Sequence[Path], *, bundle: Path | None, warehouse: str | None) -> dict[str, Any]:
    """Score the cases and return the verdict as contracts.md section 4 prints it."""
    cases: tuple[Case, ...] = read_cases(paths, today=context.environment.pinned_today)
    with _bench(context, bundle, warehouse) as (bench, ledger):
        bench.warm((case.user, case.today) for case in cases)
        gc.collect()
        gc.freeze()  # as `wenshu serve` does: a full collection walks every word of the lexicon, a tenth of a second in the middle of a question
        if ledger is not None:
            detail = {"cases": len(cases), "files": [path.name for path in paths], "other_bundle": bundle is not None}
            ledger.append(Event(type="evaluation", actor="local_admin", detail=detail))
        return evaluate(cases, bench.understand, bench.run, time.perf_counter).to_json()
