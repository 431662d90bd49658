"""An ordinary user at the one door to data, and a judge who knows the truth.

The player sees nothing but answers. What the player claims (this group has this value) is held against the unprotected table, which no user can get.
"""

from __future__ import annotations

import atexit
import datetime as dt
import math
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import local
from typing import Any

import duckdb
import sqlalchemy as sa

from governance.bundle.loading import load_bundle
from governance.disclosure.memory import Memory
from governance.errors import InvalidQuery
from governance.gateway import Answered, Ask, Gateway
from governance.inforce import Active, put_in_force
from governance.metrics.execution import Sources
from governance.metrics.parsing import query_from_json
from governance.protecting import Protection
from governance.terms import Actor, Disclosed, Refusal
from governance.warehouse.building import LOAD_TABLE
from governance.warehouse.engine import Warehouse

POLICIES = Path(__file__).parents[3] / "policies"
MARKET = Actor(id="market", role="marketing", department="marketing")
COLLEAGUE = Actor(id="market_2", role="marketing", department="marketing")
MEDICAL = Actor(id="medical", role="medical", department="medical")
K = {"marketing": 10, "medical": 5}
CLOSE = 0.10
COLUMNS = {name: f"h.{name}" for name in ("region", "province", "city", "specialty", "title", "segment", "potential")} | {
    "hospital": "o.hospital_name",
    "years_in_practice": "h.years_in_practice_band",
    "is_target": "case when h.is_target then '是' else '否' end",
}


class ForgetfulLedger:
    """Takes every event and keeps none: the ledger is not what these tests are about."""

    def append(self, event: object) -> Any:
        return None

    def append_many(self, events: Sequence[object]) -> list[Any]:
        return [None for _ in events]


@dataclass(frozen=True)
class Company:
    """One company in force over one load. Its file never changes, so that one connection a thread serves all questions."""

    active: Active
    warehouse: Warehouse
    today: dt.date
    file: Path
    open_ones: local = field(default_factory=local)

    @contextmanager
    def sources(self) -> Iterator[Sources]:
        if not hasattr(self.open_ones, "sources"):
            self.open_ones.stack = ExitStack()
            self.open_ones.sources = self.open_ones.stack.enter_context(Sources.open(self.warehouse))
        yield self.open_ones.sources

    def door(self, *, key: bytes = b"k" * 32, clock: Sequence[dt.date] | None = None, memory: Memory | None = None, load: Sequence[Company] | None = None) -> Gateway:
        """A fresh installation: nothing was asked yet. `clock`: a list whose only element is the day, for plays in which days pass; `load`: the same for the company whose data are loaded."""
        days = clock if clock is not None else [self.today]
        return Gateway(
            active=lambda: self.active,
            data=lambda: self.sources() if load is None else load[0].sources(),
            ledger=ForgetfulLedger(),  # type: ignore[arg-type]
            today=lambda: days[0],
            protection=Protection(memory if memory is not None else Memory.passing(), key),
        )


def opened(file: Path, threads: int) -> Warehouse:
    """Open a warehouse file as the product does."""
    return Warehouse.open(f"duckdb:///{file}", threads=threads)


OPENING: list[Callable[[Path, int], Warehouse]] = [opened]
"""How warehouse files are opened; long runs hold them in memory (`held`)."""


def open_company(file: Path, today: dt.date, *, policies: Path = POLICIES, threads: int = 2) -> Company:
    """Open a warehouse file as a company. `threads`: of the warehouse; 1 where many play beside each other."""
    warehouse = OPENING[0](file, threads)

    def fetch(select: Any) -> Any:
        with warehouse.session() as session:
            return session.run(select, timeout_s=60, max_rows=1_000_000)

    return Company(active=put_in_force(load_bundle(policies), fetch=fetch, today=today), warehouse=warehouse, today=today, file=file)


@lru_cache(maxsize=2)
def later_load(file: Path, today: dt.date, seed: int = 1) -> Company:
    """The same company after its next load: every hundredth doctor is gone with all facts, about a doctor in each small place, and no other number has changed."""
    folder = Path(tempfile.mkdtemp(prefix="later-load-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = folder / "warehouse.duckdb"
    shutil.copyfile(file, copy)
    with duckdb.connect(str(copy)) as store:
        doctors = [row[0] for row in store.execute("select hcp_key from dim_hcp order by 1").fetchall()]
        gone = random.Random(seed).sample(doctors, len(doctors) // 100)
        for table in ("fct_touch", "fct_survey", "fct_stage", "fct_experiment", "fct_consent", "dim_assignment", "dim_hcp"):
            store.execute(f"delete from {table} where hcp_key in (select unnest(?))", [gone])
        store.execute(f"update {LOAD_TABLE} set load_id = load_id || ' and the next'")
    return open_company(copy, today, threads=1)


@dataclass(frozen=True)
class Claim:
    """What an attacker says of a group: the query that would be it alone, and its value.

    `of`: where no query is the group alone (those who withdrew between two days), a function of the judge's that tells its true value and the persons behind it.
    """

    query: Mapping[str, Any]
    metric: str
    value: float
    of: Callable[[], tuple[float | None, int | None]] | None = None


@dataclass
class Score:
    """What an attack achieved. `singled`: claims about a group of one or fewer than k that were right; `exact`: of those, the value itself."""

    name: str
    questions: int = 0
    refused: int = 0
    claims: int = 0
    recovered: int = 0
    singled: int = 0
    baseline: int = 0
    details: list[str] = field(default_factory=list)
    failed: int = 0
    invalid: int = 0

    def plus(self, other: Score) -> Score:
        """Return both together: the same attack, played again."""
        numbers = {name: getattr(self, name) + getattr(other, name) for name in ("questions", "refused", "claims", "recovered", "singled", "baseline", "details", "failed", "invalid")}
        return Score(self.name, **numbers)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of the share of hidden groups recovered."""
        return wilson(self.recovered, self.claims)

    def told(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "attack": self.name,
            "questions": self.questions,
            "refused": self.refused,
            "not_askable": self.invalid,
            "hidden_groups_claimed": self.claims,
            "recovered_within_10_percent": self.recovered,
            "interval": [round(low, 4), round(high, 4)],
            "recovered_per_question_95": [round(part, 5) for part in wilson(self.recovered, self.questions)],
            "by_guessing": self.baseline,
            "doctors_singled_out": self.singled,
        }


def wilson(hits: int, tries: int) -> tuple[float, float]:
    if tries == 0:
        return 0.0, 1.0
    z, p = 1.96, hits / tries
    middle = (p + z * z / (2 * tries)) / (1 + z * z / tries)
    spread = z / (1 + z * z / tries) * math.sqrt(p * (1 - p) / tries + z * z / (4 * tries * tries))
    return max(0.0, middle - spread), min(1.0, middle + spread)


class Player:
    """Asks as one user, counting; `judge` holds claims against the truth."""

    def __init__(self, company: Company, score: Score, *, actors: Sequence[Actor] = (MARKET,)) -> None:
        self.company, self.score, self.actors = company, score, actors
        self.clock, self.load, self.k = [company.today], [company], K["marketing"]
        self.door = company.door(clock=self.clock, load=self.load)

    def ask(self, query: Mapping[str, Any], *, actor: Actor | None = None) -> Disclosed | None:
        """Return the answer, or None for a refusal or a question that can't be asked."""
        who = actor or self.actors[self.score.questions % len(self.actors)]
        self.score.questions += 1
        try:
            told = self.door.run(Ask(actor=who, purpose=None, query=query_from_json(query)))
        except InvalidQuery:
            self.score.invalid += 1
            return None
        if isinstance(told, Answered):
            return told.disclosed
        self.score.refused += 1
        return None

    def number(self, query: Mapping[str, Any], *, actor: Actor | None = None) -> float | None:
        """Return the single number that answers, None if it is hidden."""
        table = self.ask(query, actor=actor)
        if table is None or len(table.rows) != 1:
            return None
        value = table.rows[0][-1]
        return float(value) if isinstance(value, (int, float)) else None

    def truth(self, query: Mapping[str, Any], metric: str) -> tuple[float | None, int | None]:
        """Return the true value and the persons behind it; what only the judge knows."""
        found = self.door.measure_unprotected(Ask(actor=self.actors[0], purpose=None, query=query_from_json(query)))
        if isinstance(found, Refusal):
            return None, None
        _, measured, _ = found
        at = next(i for i, column in enumerate(measured.columns) if column.name == metric)
        if len(measured.rows) != 1:
            return None, None
        value = measured.rows[0][at]
        return (float(value) if isinstance(value, (int, float)) else None), measured.contributors[0].get(metric)

    def _where(self, query: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the query's filters on doctors in own SQL, over the demo's tables."""
        tests, values = ["true"], {}
        for number, item in enumerate(query.get("where", [])):
            column = COLUMNS.get(item["dimension"])
            if column is None:
                continue
            names = ", ".join(f":v{number}_{i}" for i in range(len(item["values"])))
            tests.append(f"{column} {'in' if item['op'] == 'in' else 'not in'} ({names})")
            values |= {f"v{number}_{i}": value for i, value in enumerate(item["values"])}
        return " and ".join(tests), values

    def _counted(self, tests: str, values: Mapping[str, Any]) -> int:
        tables = sa.text("dim_hcp h left join dim_hospital o on o.hospital_key = h.hospital_key")
        select = sa.select(sa.func.count()).select_from(tables).where(sa.text(tests).bindparams(**values))
        with self.company.sources() as sources:
            return int(sources.session("warehouse").run(select, timeout_s=30, max_rows=10)[0][0])

    def _doctors(self, query: Mapping[str, Any]) -> int:
        """Return how many doctors there are of whom the query speaks; of nobody nothing can be given away."""
        return self._counted(*self._where(query))

    def changed(self, query: Mapping[str, Any], days: tuple[dt.date, dt.date], *, purpose: str = "market_analysis") -> tuple[int, int]:
        """Return how many of the query's doctors stopped counting between the days, and how many began to. Own SQL."""
        tests, values = self._where(query)
        out = (
            "h.hcp_key in (select c.hcp_key from fct_consent c where c.purpose = :purpose and c.effective_at <= :{0} and not exists (select 1 from fct_consent g "
            "where g.hcp_key = c.hcp_key and g.purpose = c.purpose and g.granted_at > c.withdrawn_at and g.granted_at <= :{0}))"
        )
        moments = {"first": dt.datetime.combine(days[0], dt.time()), "second": dt.datetime.combine(days[1], dt.time()), "purpose": purpose}
        first, second = out.format("first"), out.format("second")
        values |= moments
        return self._counted(f"{tests} and {second} and not {first}", values), self._counted(f"{tests} and {first} and not {second}", values)

    def judge(self, claims: Sequence[Claim], dice: random.Random) -> None:
        """Count the claims about groups that must stay hidden, and those that are right."""
        for claim in claims:
            value, persons = claim.of() if claim.of is not None else self.truth(claim.query, claim.metric)
            if value is None or persons is None or persons >= self.k or (claim.of is None and not self._doctors(claim.query)):
                continue
            self.score.claims += 1
            if _near(claim.value, value):
                self.score.recovered += 1
                self.score.singled += persons == 1
                self.score.details.append(f"{dict(claim.query)}: said {claim.value}, is {value} by {persons}")
            self.score.baseline += _near(float(dice.randrange(self.k)), value)


def _near(said: float, is_: float) -> bool:
    return abs(said - is_) <= CLOSE * abs(is_) + 1e-9


def with_filter(query: Mapping[str, Any], dimension: str, values: Sequence[Any], op: str = "in") -> dict[str, Any]:
    """Return the query with one more filter."""
    return dict(query) | {"where": [*query.get("where", []), {"dimension": dimension, "op": op, "values": list(values)}]}


def without(query: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in query.items() if name not in keys}


__all__ = ["COLLEAGUE", "MARKET", "MEDICAL", "Claim", "Company", "Player", "Score", "open_company", "replace", "wilson", "with_filter", "without"]
