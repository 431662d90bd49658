"""Which past answers a person's data could have taken part in, when persons, hospitals, links and even the file itself have changed since: never too few.

The oracle remembers every state of the company and judges each answer by the state it was given in; it shares no code with what is tested, which remembers only since when things are as they are.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from audit.pruning import prune
from audit.search import Reader
from governance.documents.warehouse import WarehouseSchema
from governance.identity.directory import Directory
from governance.identity.keys import KeyRing
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.states import stood_then
from governance.identity.vault import Person, Vault
from governance.inforce import canonical
from governance.metrics.reach import Reach
from governance.rights.changed import link_tables, note_state, state_of
from governance.rights.replay import Replay
from tests.fakes.clock import FakeClock
from tests.fixtures.bundle import POLICIES, catalogue_of
from tests.fixtures.ledgers import intent, new_home, outcome
from tests.fixtures.small_warehouse import COLUMNS

DOCTORS, REPS, HOSPITALS = 3, 2, ("S-A", "S-B")
REGIONS, LEVELS, SEGMENTS = ("华东", "华北", "华南"), ("三级", "二级"), ("A", "B")
TODAY = date(2026, 11, 15)
NOW = datetime(2026, 11, 15, 9, 30)


@cache
def _schema() -> WarehouseSchema:
    return WarehouseSchema.model_validate(yaml.safe_load((POLICIES / "warehouse" / "schema.yaml").read_text(encoding="utf-8")))


doctor = st.fixed_dictionaries({"region": st.sampled_from(REGIONS), "segment": st.sampled_from([*SEGMENTS, None]), "hospital": st.sampled_from(HOSPITALS), "rep": st.sampled_from([0, 1, None])})
state = st.fixed_dictionaries({"doctors": st.lists(doctor, min_size=DOCTORS, max_size=DOCTORS), "levels": st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS))})
where = st.one_of(
    st.tuples(st.just("region"), st.sampled_from(["in", "not_in"]), st.lists(st.sampled_from(REGIONS), min_size=1, max_size=2, unique=True)),
    st.tuples(st.just("segment"), st.sampled_from(["in", "not_in"]), st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=2, unique=True)),
    st.tuples(st.just("hospital_level"), st.sampled_from(["in", "not_in"]), st.lists(st.sampled_from(LEVELS), min_size=1, max_size=1)),
)
question = st.fixed_dictionaries(
    {"where": st.lists(where, max_size=2), "scope": st.sampled_from(["", "region in 华东", "region in 华北,华南", "own"]), "compare": st.booleans(), "metric": st.sampled_from(["reached_hcps", "revenue"])}
)
step = st.tuples(state, st.lists(question, max_size=3), st.sampled_from(["load", "load", "load", "same", "killed", "unnoted", "restored"]))


@dataclass
class Company:
    """A company whose warehouse goes through states, and what was asked in each of them."""

    folder: Path
    vault: Vault
    keys: KeyRing
    stood: dict[str, Any] | None = None
    states: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def key(self, entity: str, number: int) -> str:
        return Pseudonymizer(key=self.keys.warehouse, prefix=entity[0].upper(), entity=entity).of(uid_of(entity, number))

    def write(self, path: Path, version: str, told: dict[str, Any]) -> None:
        with duckdb.connect(str(path)) as store:
            for name, columns in COLUMNS.items():
                store.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")
            store.execute("INSERT INTO wenshu_load (load_id) VALUES (?)", [version])
            for number, level in enumerate(told["levels"]):
                store.execute("INSERT INTO dim_hospital (hospital_key, hospital_level) VALUES (?, ?)", [HOSPITALS[number], level])
            for number, one in enumerate(told["doctors"]):
                store.execute("INSERT INTO dim_hcp (hcp_key, region, segment, hospital_key) VALUES (?, ?, ?, ?)", [self.key("hcp", number), one["region"], one["segment"], one["hospital"]])
                if one["rep"] is not None:
                    store.execute("INSERT INTO dim_assignment VALUES (?, ?, '2026-01-01', NULL)", [self.key("rep", one["rep"]), self.key("hcp", number)])

    def publish(self, told: dict[str, Any], how: str) -> None:
        version = f"v{len(self.states)}-{random.randrange(10**9)}"
        if how == "restored" and (self.folder / "backup").exists():
            # The machine's owner puts a backup back; nobody notes anything.
            shutil.copy(self.folder / "backup", self.file)
            self.states.append(next(item for item in reversed(self.states) if item[0] == self._version()))
            return
        fresh = self.folder / f"{version}.new"
        self.write(fresh, version, self.states[-1][1] if how == "same" and self.states else told)
        if how != "unnoted":
            with duckdb.connect(str(fresh), read_only=True) as connection:
                note_state(self.vault, _schema(), self.file, connection, version)
        if how == "killed" and self.states:
            fresh.unlink()
            return
        fresh.replace(self.file)
        self.states.append((version, self.states[-1][1] if how == "same" and self.states else told))
        if len(self.states) == 2:
            shutil.copy(self.file, self.folder / "backup")

    def _version(self) -> str:
        with duckdb.connect(str(self.file), read_only=True) as store:
            return store.execute("SELECT load_id FROM wenshu_load").fetchone()[0]

    def replay(self, number: int) -> Replay:
        catalogue = catalogue_of()

        def fetch(select: sa.Select) -> list[tuple]:
            text = str(select.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
            with duckdb.connect(str(self.file), read_only=True) as store:
                return store.execute(text).fetchall()

        active = SimpleNamespace(catalogue=catalogue, policy=SimpleNamespace(version="now"), reach=Reach(catalogue.graph, fetch, lambda name, stored: canonical(catalogue, name, stored)))
        directory = Directory(self.keys, {"hcp": "H", "rep": "R"}, self.vault.uids)
        uid = uid_of("hcp", number)
        return Replay(
            active, directory, "hcp", uid, lambda _user, name: self.key(name, 0),
            stood=lambda version: stood_then(self.vault, uid, version, now=state_of(self.file)), meant=lambda _bundle: None, linked=link_tables(_schema()),
        )  # fmt: skip


def uid_of(entity: str, number: int) -> str:
    return f"{entity}{number}".encode().hex().ljust(32, "0")


def intent_of(asked: dict[str, Any]) -> dict[str, Any]:
    query = {"metrics": [asked["metric"]], "where": [{"dimension": name, "op": op, "values": values} for name, op, values in asked["where"]]}
    if asked["compare"]:
        query |= {"compare": {"dimension": "region", "base": "华南"}}
    scope = [{"own": "hcp linked to own rep on 2026-11-15"}.get(asked["scope"], asked["scope"])] if asked["scope"] else []
    return {"actor": "someone", "purpose": "market_analysis", "detail": {"query": query, "companions": [], "scope": scope, "bundle": "now"}}


def inside(told: dict[str, Any], number: int, asked: dict[str, Any]) -> bool:
    """Whether a doctor was inside a question, by the state it was asked in."""
    one = told["doctors"][number]
    has = {"region": one["region"], "segment": one["segment"], "hospital_level": told["levels"][HOSPITALS.index(one["hospital"])]}
    scope = {"": True, "region in 华东": one["region"] == "华东", "region in 华北,华南": one["region"] in {"华北", "华南"}, "own": one["rep"] == 0}[asked["scope"]]
    return (
        asked["metric"] == "reached_hcps"
        and scope
        and all((has[name] in values) == (op == "in") or (asked["compare"] and name == "region") for name, op, values in asked["where"])
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.ensure(tmp_path_factory.mktemp("keys"), random.Random(5).randbytes)


_HERE = {"region": "华东", "segment": "A", "hospital": "S-A", "rep": 0}
_ASKED = {"where": [("region", "in", ["华东"])], "scope": "", "compare": False, "metric": "reached_hcps"}


@settings(max_examples=12)
@example(steps=[({"doctors": [_HERE] * DOCTORS, "levels": LEVELS}, [_ASKED], "load"), ({"doctors": [_HERE | {"region": "华北"}] * DOCTORS, "levels": LEVELS}, [], "unnoted")])
@given(steps=st.lists(step, min_size=1, max_size=5))
def test_every_answer_that_a_person_was_in_is_named_whatever_has_changed_since(keys: KeyRing, steps: list[tuple]) -> None:
    with TemporaryDirectory() as place:
        vault = Vault.at(Path(place) / "vault.db", keys, tenant="test")
        people = {entity: [Person(uid=uid_of(entity, number), fields={}, indexed=()) for number in range(count)] for entity, count in (("hcp", DOCTORS), ("rep", REPS))}
        for entity, persons in people.items():
            vault.enroll(entity, persons, now=NOW, random=random.Random(1).randbytes)
        company = Company(folder=Path(place), vault=vault, keys=keys)
        for told, questions, how in steps:
            company.publish(told, how)
            company.asked += [(len(company.states) - 1, company.states[-1][0], question) for question in questions]
        noted = all(how in {"load", "same"} for _, _, how in steps)
        for number in range(DOCTORS):
            replay = company.replay(number)
            for at, version, asked in company.asked:
                judged, was = replay.judge(intent_of(asked), version), inside(company.states[at][1], number, asked)
                assert judged is not None or not was, "an answer that the person was in is missing"
                if asked["metric"] == "revenue":
                    assert judged is None
                later = [told for _, told in company.states[at:]]
                steady = all(told["doctors"][number] == later[0]["doctors"][number] and told["levels"] == later[0]["levels"] for told in later)
                if noted and steady:
                    assert judged == ("attributes_then" if was else None), "nothing has changed, so it is known"
        vault.close()


def test_what_a_bundle_meant_that_nobody_has_any_more_excludes_nobody(keys: KeyRing, tmp_path: Path) -> None:
    vault = Vault.at(tmp_path / "vault.db", keys, tenant="test")
    vault.enroll("hcp", [Person(uid=uid_of("hcp", 0), fields={}, indexed=())], now=NOW, random=random.Random(1).randbytes)
    company = Company(folder=tmp_path, vault=vault, keys=keys)
    one = {"region": "华东", "segment": "A", "hospital": "S-A", "rep": None}
    company.publish({"doctors": [one] * DOCTORS, "levels": LEVELS}, "load")
    elsewhere = intent_of({"metric": "reached_hcps", "where": [("region", "in", ["华北"])], "scope": "", "compare": False})
    replay, version = company.replay(0), company.states[0][0]
    assert replay.judge(elsewhere, version) is None
    elsewhere["detail"]["bundle"] = "another"
    assert replay.judge(elsewhere, version) == "attributes_unknown"
    asked_of_sales = {"query": {"metrics": ["revenue"]}, "metrics": ["revenue"], "bundle": "another"}
    assert replay.judge(elsewhere | {"detail": asked_of_sales}, version) == "attributes_unknown"
    assert replay.judge(elsewhere | {"detail": asked_of_sales | {"classes": ["prescribing"]}}, version) is None, "the ledger says who was behind it"
    replay = company.replay(0)
    replay._meant = lambda _bundle: catalogue_of()
    assert replay.judge(elsewhere, version) is None
    other = replace(catalogue_of(), dimensions={**catalogue_of().dimensions, "region": catalogue_of().dimensions["region"].model_copy(update={"translate": {"x": "华北"}})})
    replay = company.replay(0)
    replay._meant = lambda _bundle: other
    assert replay.judge(elsewhere, version) == "attributes_unknown"
    assert replay.judge(elsewhere | {"detail": elsewhere["detail"] | {"query": {"metrics": ["revenue"]}}}, version) is None
    vault.close()


@pytest.mark.parametrize(
    "row",
    [
        "INSERT INTO fct_touch (touch_id, hcp_key, rep_key, channel, occurred_at) VALUES ('t1', $hcp, $rep, '微信', '2026-10-01 09:00')",
        "INSERT INTO fct_stage VALUES ($hcp, '糖衡', '知晓', 1, '2026-10-01 09:00')",
    ],
)
def test_rows_that_stood_under_another_key_could_have_counted_as_that_persons(keys: KeyRing, tmp_path: Path, row: str) -> None:
    vault = Vault.at(tmp_path / "vault.db", keys, tenant="test")
    for entity, count in (("hcp", DOCTORS), ("rep", REPS)):
        vault.enroll(entity, [Person(uid=uid_of(entity, number), fields={}, indexed=()) for number in range(count)], now=NOW, random=random.Random(1).randbytes)
    company = Company(folder=tmp_path, vault=vault, keys=keys)
    told = {"doctors": [{"region": "华东", "segment": "A", "hospital": "S-A", "rep": None}] * DOCTORS, "levels": LEVELS}
    for version, doctor_number in (("v1", 0), ("v2", 1), ("v3", 1)):
        fresh = tmp_path / f"{version}.new"
        company.write(fresh, version, told)
        with duckdb.connect(str(fresh)) as store:
            store.execute(row, {name: value for name, value in (("hcp", company.key("hcp", doctor_number)), ("rep", company.key("rep", 0))) if f"${name}" in row})
        with duckdb.connect(str(fresh), read_only=True) as connection:
            note_state(vault, _schema(), company.file, connection, version)
        fresh.replace(company.file)
    stood = [[stood_then(vault, uid_of("hcp", number), version, now="v3").rows for version in ("v1", "v2", "v3")] for number in range(DOCTORS)]
    assert stood == [[False, True, True], [False, True, True], [True, True, True]]
    assert all(stood_then(vault, uid_of("hcp", number), "v1", now="v3").attributes is (number == 2) for number in range(DOCTORS))
    assert stood_then(vault, uid_of("rep", 0), "v1", now="v3").rows, "the same representative stands there"
    named = {"actor": "a", "purpose": "p", "detail": {"query": {"metrics": ["reached_hcps"], "where": [{"dimension": "hcp", "op": "in", "values": ["H1-SOMEBODYELSE"]}]}, "bundle": "now"}}
    company.stood = told
    assert company.replay(1).judge(named, "v1") is not None
    assert company.replay(1).judge(named, "v2") is None
    vault.close()


def test_questions_that_retention_pruned_are_told_and_one_without_its_question_is_listed_as_unknown(keys: KeyRing, tmp_path: Path) -> None:
    vault = Vault.at(tmp_path / "vault.db", keys, tenant="test")
    vault.enroll("hcp", [Person(uid=uid_of("hcp", number), fields={}, indexed=()) for number in range(DOCTORS)], now=NOW, random=random.Random(1).randbytes)
    company, clock = Company(folder=tmp_path, vault=vault, keys=keys), FakeClock(datetime(2022, 1, 1, tzinfo=UTC))
    company.publish({"doctors": [{"region": "华东", "segment": "A", "hospital": "S-A", "rep": None}] * DOCTORS, "levels": LEVELS}, "load")
    home = new_home(tmp_path / "ledger")
    answered = {"outcome": "answered", "data_version": company.states[0][0], "metrics": ["reached_hcps"]}
    with home.open(create=True, clock=clock) as ledger:
        for request in ("a", "b"):
            ledger.append(intent(request, detail={"query": {"metrics": ["reached_hcps"]}, "bundle": "now"}))
            ledger.append(outcome(request, detail=answered))
        clock.forward(days=4 * 366)
        ledger.append(intent("c", detail={"query": {"metrics": ["reached_hcps"]}, "bundle": "now"}))
        for request in ("c", "lost"):
            ledger.append(outcome(request, detail=answered))
        reader = Reader(home.path)
        replay = company.replay(0)
        assert [item["judged_by"] for item in replay.answers(reader)] == ["attributes_then"] * 3 + ["question_pruned"]
        assert replay.pruned(reader) == []
        prune(ledger, home.path, actor="local_admin", now=clock())
    told = replay.pruned(Reader(home.path))
    assert [(item["entries"], item["first"], item["last"]) for item in told] == [(4, 1, 4)]
    assert [item["judged_by"] for item in replay.answers(Reader(home.path))] == ["attributes_then", "question_pruned"]
    vault.close()
