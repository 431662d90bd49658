"""The demo's four weeks before today: ordinary days of the invented colleagues, and misuse that the desk must find. Played through the gateway with a clock of its own.

Every event says `surface: demo`. What the stories ask is decided, run, protected and recorded like anything else; nothing is written to the ledger by hand. The memory of
answers is the stories' own, so that nobody's budget is spent by them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from audit import Ledger
from audit.shredding import PersonKeys
from governance.bundle.loading import Bundle
from governance.errors import WenshuError
from governance.gateway import Answered, Ask, Gateway
from governance.inforce import Active, put_in_force
from governance.metrics.execution import Sources
from governance.metrics.parsing import query_from_json
from governance.terms import Actor, Refusal, Text
from governance.warehouse.engine import Warehouse
from wenshu.accounts import Accounts
from wenshu.home import Home
from wenshu.identities import Identities
from wenshu.persons_room import PersonsRoom

DAYS = 28
"""How far the stories go back."""
SURFACE = "demo"
Queries = Sequence[Mapping[str, Any]]

ORDINARY: Mapping[str, tuple[str, Queries]] = {
    "market": ("market_analysis", ({"metrics": ["spend"], "group_by": ["product"]},)),
    "manager_east": ("performance_review", ({"metrics": ["revenue"], "group_by": ["product"]},)),
    "medical": ("medical_insight", ({"metrics": ["survey_responses"]},)),
}
"""What colleagues ask on an ordinary working day."""
FINER: Queries = (
    {"metrics": ["touches"], "group_by": ["region", "hospital_level"]},
    {"metrics": ["visits"], "group_by": ["city"]},
    {"metrics": ["visits"], "group_by": ["hospital_level", "segment"], "where": [{"dimension": "region", "op": "in", "values": ["西北"]}]},
    {"metrics": ["active_hcps"], "group_by": ["specialty", "channel"]},
)
"""What marketing looks into besides, one a day in turn: tables fine enough that a larger smallest group takes something from them."""


class StoryClock:
    """A clock that can be set while the stories are told and is the real one afterwards."""

    def __init__(self, real: Callable[[], dt.datetime], begin: dt.datetime) -> None:
        self._real, self._at = real, begin
        self._told = False

    def __call__(self) -> dt.datetime:
        if self._told:
            return self._real()
        self._at += dt.timedelta(milliseconds=1)
        return self._at

    def to(self, moment: dt.datetime) -> None:
        """Go on to a moment; never back."""
        self._at = max(self._at, moment)

    def release(self) -> None:
        """From here on, tell the real time."""
        self._told = True


def beginning(day: dt.date, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """When the stories begin: early on the day `DAYS` before the demo's today, or before the real one where that is earlier."""
    last = min(day, now.astimezone(zone).date())
    return dt.datetime.combine(last - dt.timedelta(days=DAYS), dt.time(6, 0), zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """Where the stories play: the gateway, who asks, the clock."""

    gateway: Gateway
    people: Mapping[str, Actor]
    clock: StoryClock
    zone: ZoneInfo
    persons: PersonsRoom | None

    def at(self, day: dt.date, hour: int, minute: int = 0) -> None:
        self.clock.to(dt.datetime.combine(day, dt.time(hour, minute), self.zone))

    def ask(self, who: str, purpose: str, query: Mapping[str, Any]) -> Answered | None:
        """Ask one query; None where it was refused or can't be asked of this company's data."""
        self.clock.to(self.clock() + dt.timedelta(seconds=20))
        asked = Ask(actor=self.people[who], purpose=purpose, query=query_from_json(query), surface=SURFACE, session=f"demo-{who}")
        with contextlib.suppress(WenshuError):
            answer = self.gateway.run(asked)
            return answer if isinstance(answer, Answered) else None
        return None

    def turned_away(self, who: str, purpose: str, code: str, rule: str, message: Text) -> None:
        """A question that the language engine refuses by itself; its words are not kept."""
        self.clock.to(self.clock() + dt.timedelta(seconds=30))
        self.gateway.refuse(self.people[who], purpose, Refusal(code=code, message=message, rule=rule), surface=SURFACE, session=f"demo-{who}")


def play(home: Home, bundle: Bundle, ledger: Ledger, clock: StoryClock, *, begin: dt.datetime) -> None:
    """Tell the stories of the days from `begin` on. Raises AuditUnavailable; a question that this company can't be asked is left out."""
    zone = ZoneInfo(bundle.settings.timezone)
    accounts = Accounts.open(home.accounts)
    people = {account.id: accounts.actor(account.id, "session") for account in accounts.list()}
    with _warehouse(home) as warehouse, contextlib.closing(Identities(home, lambda: bundle)) as identities:

        def fetch(statement: Any) -> list[tuple[Any, ...]]:
            with warehouse.session() as session:
                return session.run(statement, timeout_s=30.0, max_rows=1_000_000)

        active: Active = put_in_force(bundle, fetch=fetch, today=begin.date())
        gateway = Gateway(
            active=lambda: active,
            data=lambda: Sources.open(warehouse, ledger=home.ledger_file),
            ledger=ledger,
            today=lambda: clock().astimezone(zone).date(),
            pseudonyms=lambda: identities.directory() if identities.available() else None,
        )
        persons = PersonsRoom(
            identities=identities,
            gateway=gateway,
            active=lambda: active,
            ledger=ledger,
            keys=PersonKeys(home.person_keys),
            zone=bundle.settings.timezone,
            clock=clock,
            random=secrets.token_bytes,
        )
        stage = _Stage(gateway=gateway, people=people, clock=clock, zone=zone, persons=persons if identities.available() else None)
        _tell(stage, [begin.date() + dt.timedelta(days=number) for number in range(DAYS)])


@contextlib.contextmanager
def _warehouse(home: Home) -> Iterator[Warehouse]:
    warehouse = Warehouse.open(f"duckdb:///{home.warehouse}")
    try:
        yield warehouse
    finally:
        warehouse.close()


def _tell(stage: _Stage, days: Sequence[dt.date]) -> None:
    working = [day for day in days if day.weekday() < 5]
    saturday = next(day for day in days[14:] if day.weekday() == 5)
    ordinary, busy = set(working[:10:2]) | {working[-1]}, working[14:]
    stories = {busy[0]: _volume, busy[1]: _red_line, busy[2]: _purpose_shopping, busy[3]: _differencing, busy[4]: _strange_metrics, saturday: _at_night}
    for day in days:
        if day in ordinary:
            _an_ordinary_day(stage, day)
            stage.ask("market", "market_analysis", FINER[sorted(ordinary).index(day) % len(FINER)])
        if day in stories:
            stories[day](stage, day)
        if day == working[-1]:
            _reidentification(stage, day)


def _an_ordinary_day(stage: _Stage, day: dt.date) -> None:
    for hour, (who, (purpose, queries)) in enumerate(ORDINARY.items(), start=9):
        stage.at(day, hour)
        for query in queries:
            stage.ask(who, purpose, query)


def _volume(stage: _Stage, day: dt.date) -> None:
    """Somebody copies a whole table, one small question after the other."""
    stage.at(day, 15)
    for number in range(32):
        dimension = ("product", "region", "channel")[number % 3]
        stage.ask("manager_east", "performance_review", {"metrics": ["spend"], "group_by": [dimension], "limit": number + 1})


def _red_line(stage: _Stage, day: dt.date) -> None:
    """Somebody will have a doctor's prescriptions, in other words each time."""
    stage.at(day, 11)
    message = Text(zh="不能按医生查看处方或销售。", en="Prescriptions or sales by doctor are never told.")
    for _ in range(4):
        stage.turned_away("rep_east_1", "visit_preparation", "prescription_by_doctor", "redline.prescribing", message)


def _purpose_shopping(stage: _Stage, day: dt.date) -> None:
    """Refused for one purpose, the same question comes again under another."""
    stage.at(day, 10)
    query = {"metrics": ["reached_hcps"], "group_by": ["region"]}
    stage.ask("market", "medical_insight", query)
    stage.ask("market", "market_analysis", query)


def _differencing(stage: _Stage, day: dt.date) -> None:
    """The same number again and again, each time without a little group more."""
    stage.at(day, 14)
    stopped = 0
    for specialty in ("肾内科", "消化科", "全科", "呼吸科", "神经内科"):
        where = [{"dimension": "specialty", "op": "in", "values": [specialty]}, {"dimension": "region", "op": "in", "values": ["西北"]}]
        stage.ask("market", "market_analysis", {"metrics": ["reached_hcps"], "where": where})
        for title in ("主任医师", "副主任医师", "主治医师", "住院医师"):
            without = {"metrics": ["reached_hcps"], "where": [*where, {"dimension": "title", "op": "not_in", "values": [title]}]}
            stopped += stage.ask("market", "market_analysis", without) is None
            if stopped == 2:
                return


def _strange_metrics(stage: _Stage, day: dt.date) -> None:
    """Somebody with settled habits asks for everything else in one afternoon."""
    stage.at(day, 16)
    for metric in ("touches", "reached_hcps", "objective_completion", "plan_completion", "engagement_minutes"):
        stage.ask("medical", "medical_insight", {"metrics": [metric]})


def _at_night(stage: _Stage, day: dt.date) -> None:
    """A Saturday night's work."""
    stage.at(day, 23, 10)
    for region in ("华东", "华北", "华南", "华中", "西南", "西北"):
        stage.ask("market", "market_analysis", {"metrics": ["spend"], "where": [{"dimension": "region", "op": "in", "values": [region]}]})


def _reidentification(stage: _Stage, day: dt.date) -> None:
    """One lawful look behind a pseudonym, by two officers."""
    stage.at(day, 17)
    told = stage.ask("rep_east_1", "visit_preparation", {"metrics": ["touches"], "group_by": ["hcp"], "limit": 1})
    stage.ask("compliance", "compliance_audit", {"metrics": ["data_accesses"]})
    if stage.persons is None or told is None or not told.disclosed.rows:
        return
    officer, second = stage.people["compliance"], stage.people["compliance_2"]
    asked = stage.persons.request(officer, str(told.disclosed.rows[0][0]), case="DEMO-2026-001", purpose="compliance_audit")
    if asked.request is not None:
        stage.persons.decide(second, str(asked.request["id"]), approved=True)
        stage.persons.reveal(officer, str(asked.request["id"]), unmasked=False)
