"""Disclosure control as a user meets it: through the one door to data, over the demo company."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace

import duckdb
import pytest

from governance.disclosure.settings import Blur
from governance.gateway import Answered, Ask, Refused
from governance.metrics.parsing import query_from_json
from governance.terms import Actor
from tests.fixtures.home import TODAY
from tests.soundness.attacks.player import COLLEAGUE, MARKET, MEDICAL, open_company
from tests.soundness.planted import plant

YEAR = {"start": "2026-01-01", "end": "2026-11-01"}
STAGES = {"metrics": ["hcps_in_stage"], "group_by": ["stage"], "period": YEAR}


@pytest.fixture(scope="module")
def company(demo_home):
    return open_company(demo_home.path / "warehouse.duckdb", dt.date.fromisoformat(TODAY))


def ask(door, query, actor=MARKET):
    return door.run(Ask(actor=actor, purpose=None, query=query_from_json(query)))


def shown(door, query, actor=MARKET):
    told = ask(door, query, actor)
    assert isinstance(told, Answered), told
    return told.disclosed


def _in(dimension: str, *values: object, op: str = "in") -> dict:
    return {"dimension": dimension, "op": op, "values": list(values)}


def test_perception_is_told_with_noise_and_says_so_and_evaluation_sees_it_exactly(company):
    table = shown(company.door(), STAGES)
    assert table.columns[-1].protection == "noisy"
    door = company.door()
    _, measured, exact = door.measure_unprotected(Ask(actor=MARKET, purpose=None, query=query_from_json(STAGES)))
    assert exact.columns[-1].protection == "exact"
    true = {row[0]: row[-1] for row in measured.rows}
    told = {row[0]: row[-1] for row in table.rows if row[-1] is not None}
    assert told
    assert all(isinstance(value, int) and abs(value - true[stage]) <= 3 for stage, value in told.items())
    assert any(value != true[stage] for stage, value in told.items())


def test_other_words_for_the_same_doctors_get_the_same_noise(company):
    door = company.door()
    regions = company.active.catalogue.values("region")
    plain = shown(door, STAGES | {"where": [_in("region", *regions[:3])]}).rows
    assert shown(door, STAGES | {"where": [_in("region", *regions[2::-1])]}).rows == plain
    assert shown(door, STAGES | {"where": [_in("region", *regions[3:], "未知", op="not_in")]}).rows == plain
    assert shown(company.door(), STAGES | {"where": [_in("region", *regions[:3])]}).rows == plain
    assert shown(company.door(key=b"another" * 8), STAGES | {"where": [_in("region", *regions[:3])]}).rows != plain


def test_changes_and_shares_of_noisy_numbers_agree_with_the_table(company):
    table = shown(company.door(), STAGES | {"compare": "previous_year"})
    names = [column.name for column in table.columns]
    for row in table.rows:
        cells = dict(zip(names, row, strict=True))
        if None not in (cells["hcps_in_stage"], cells["hcps_in_stage__base"], cells["hcps_in_stage__change"]):
            assert cells["hcps_in_stage__change"] == cells["hcps_in_stage"] - cells["hcps_in_stage__base"]


def test_a_representative_preparing_visits_sees_own_doctors_stages_as_they_are(company, demo_home):
    from wenshu.accounts import Accounts

    rep = Accounts.open(demo_home.path / "accounts.db").actor("rep_east_1", "local_admin")
    told = ask(company.door(), {"metrics": ["hcps_in_stage"], "group_by": ["hcp", "stage"], "period": YEAR}, rep)
    assert isinstance(told, Answered)
    assert {row[-1] for row in told.disclosed.rows} <= {0, 1}
    assert told.disclosed.columns[-1].protection == "exact"


@pytest.fixture(scope="module")
def planted(demo_home, tmp_path_factory):
    return plant(demo_home.path / "warehouse.duckdb", tmp_path_factory.mktemp("planted"), dt.date.fromisoformat(TODAY))


def test_a_group_with_and_without_a_few_is_refused_to_colleagues_and_not_to_another_department(planted):
    company, place, name, value = planted.company, planted.province, "specialty", planted.specialty
    base = {"metrics": ["reached_hcps"], "period": YEAR}
    whole, part = base | {"where": [_in("province", place)]}, base | {"where": [_in("province", place), _in(name, value, op="not_in")]}
    for order in ((whole, part), (part, whole)):
        door = company.door()
        assert isinstance(ask(door, order[0]), Answered)
        refused = ask(door, order[1], COLLEAGUE)
        assert isinstance(refused, Refused)
        assert refused.refusal.code == "differencing"
        assert isinstance(ask(door, order[1], MEDICAL), Answered)
        # What was answered stays answered.
        assert isinstance(ask(door, order[0], COLLEAGUE), Answered)


@pytest.fixture(scope="module")
def quiet(planted, tmp_path_factory):
    """A company in which a specialty of the province has many doctors, of whom three were reached."""
    file = tmp_path_factory.mktemp("quiet") / "quiet.duckdb"
    shutil.copyfile(planted.file, file)
    with duckdb.connect(str(file)) as store:
        of = "select specialty from dim_hcp where province = ? and specialty <> ? group by 1 having count(*) >= 25 order by count(*), 1 limit 1"
        name = store.execute(of, [planted.province, planted.specialty]).fetchone()[0]
        group = "select hcp_key from dim_hcp where province = ? and specialty = ?"
        kept = f"select hcp_key from fct_touch where delivered and occurred_at >= timestamp '2026-01-01' and occurred_at < timestamp '2026-11-01' and hcp_key in ({group}) group by 1 order by 1 limit 3"
        store.execute(f"delete from fct_touch where hcp_key in ({group}) and hcp_key not in ({kept})", [planted.province, name] * 2)
    return open_company(file, dt.date.fromisoformat(TODAY)), planted.province, name


@pytest.mark.parametrize("method", ["none", "rounding", "cell_key"])
@pytest.mark.parametrize("metric", ["reached_hcps", "touches"])
def test_blurred_numbers_are_not_subtracted_either(quiet, method, metric):
    """What is blurred is told less exactly, and never where it would not be told exactly."""
    company, place, name = quiet
    settings = replace(company.active.disclosure, blurs={**company.active.disclosure.blurs, metric: Blur(method=method)})
    door = replace(company, active=replace(company.active, disclosure=settings)).door()
    whole = {"metrics": [metric], "period": YEAR, "where": [_in("province", place)]}
    assert shown(door, whole).columns[-1].protection == {"none": "exact", "rounding": "rounded", "cell_key": "noisy"}[method]
    refused = ask(door, whole | {"where": [_in("province", place), _in("specialty", name, op="not_in")]}, COLLEAGUE)
    assert isinstance(refused, Refused)
    assert refused.refusal.code == "differencing"


@pytest.mark.parametrize("roles", [("marketing", "medical"), ("medical", "marketing")])
@pytest.mark.parametrize("first", ["whole", "part"])
def test_a_few_are_not_the_difference_of_two_purposes_though_others_withdrew_for_each(planted, roles, first):
    """One person with two roles: who counts differs by some on both sides, so that neither group holds the other."""
    base = {"metrics": ["reached_hcps"], "period": YEAR, "where": [_in("province", planted.province)]}
    part = base | {"where": [*base["where"], _in("specialty", planted.specialty, op="not_in")]}
    actors = [MARKET if role == "marketing" else replace(MEDICAL, id=MARKET.id) for role in roles]
    door = planted.company.door()
    asked = (base, part) if first == "whole" else (part, base)
    assert isinstance(ask(door, asked[0], actors[0]), Answered)
    refused = ask(door, asked[1], actors[1])
    assert isinstance(refused, Refused)
    assert refused.refusal.code == "differencing"


def test_shares_tell_the_whole_so_that_the_rest_is_refused(planted):
    company, place, value = planted.company, planted.province, planted.specialty
    base = {"metrics": ["touches"], "period": YEAR, "where": [_in("province", place)]}
    part = base | {"where": [*base["where"], _in("specialty", value, op="not_in")]}
    door = company.door()
    assert isinstance(ask(door, base | {"group_by": ["specialty"], "share": True}), Answered)
    assert isinstance(ask(door, part), Refused)
    door = company.door()
    assert isinstance(ask(door, part), Answered)
    told = ask(door, base | {"group_by": ["specialty"], "share": True})
    assert isinstance(told, Refused) or all(row[-1] is None for row in told.disclosed.rows)


def test_a_question_asked_beside_another_counts_as_told(planted):
    company, place, name, value = planted.company, planted.province, "specialty", planted.specialty
    base = {"metrics": ["touches"], "period": YEAR}
    whole, part = base | {"where": [_in("province", place)]}, base | {"where": [_in("province", place), _in(name, value, op="not_in")]}
    door = company.door()
    beside = door.run(Ask(actor=MARKET, purpose=None, query=query_from_json(base), companions=(query_from_json(whole),)))
    assert isinstance(beside, Answered)
    assert beside.companions[0] is not None
    assert isinstance(ask(door, part), Refused)


def test_a_group_of_doctors_without_facts_stands_hidden_like_a_small_one(company):
    query = {"metrics": ["reached_hcps"], "group_by": ["hospital"], "period": {"start": "2026-10-01", "end": "2026-10-08"}}
    door = company.door()
    _, measured, _ = door.measure_unprotected(Ask(actor=MARKET, purpose=None, query=query_from_json(query)))
    told = ask(door, query)
    if isinstance(told, Refused):
        assert told.refusal.code == "group_too_small"
        return
    present, listed = {row[0] for row in measured.rows}, {row[0]: row[1] for row in told.disclosed.rows}
    assert set(listed) > present
    assert all(listed[name] is None for name in set(listed) - present)


def test_ordinary_tables_are_told_as_they_are(company):
    query = {"metrics": ["reach_rate"], "group_by": ["region"], "period": YEAR}
    door = company.door()
    _, measured, _ = door.measure_unprotected(Ask(actor=MARKET, purpose=None, query=query_from_json(query)))
    assert [tuple(row) for row in measured.rows] == [tuple(row) for row in shown(door, query).rows]


def test_a_manager_gets_the_representatives_of_the_own_region_with_the_doctors_they_reached(company):
    # The rule's scope on the representative's region is no attribute of a doctor: it must not make the question unanswerable.
    manager = Actor(id="manager", role="sales_manager", department="sales", attributes={"region": company.active.catalogue.values("region")[0]})
    query = {"metrics": ["reached_hcps"], "group_by": ["rep"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
    assert shown(company.door(), query, manager).rows


@pytest.fixture(scope="module")
def narrowed(demo_home, tmp_path_factory):
    """The company with three doctors of its largest province who withdraw from WeChat on the ninth of November."""
    file = tmp_path_factory.mktemp("narrowed") / "warehouse.duckdb"
    shutil.copyfile(demo_home.path / "warehouse.duckdb", file)
    with duckdb.connect(str(file)) as store:
        (province,) = store.execute("select province from dim_hcp where province is not null group by 1 order by count(*) desc, 1 limit 1").fetchone()
        written = "delivered and channel = '微信' and occurred_at >= timestamp '2026-10-01' and occurred_at < timestamp '2026-11-01'"
        out = "select hcp_key from fct_consent where withdrawn_at is not null"
        chosen = f"select distinct hcp_key from fct_touch join dim_hcp using (hcp_key) where province = ? and {written} and hcp_key not in ({out}) order by 1 limit 3"
        for (key,) in store.execute(chosen, [province]).fetchall():
            store.execute("insert into fct_channel_consent values (?, 'market_analysis', '微信', null, timestamp '2026-11-07 12:00', timestamp '2026-11-09 00:00')", [key])
    return open_company(file, dt.date.fromisoformat(TODAY)), province


@pytest.mark.parametrize("parts", [[None], ["in", "not_in"]], ids=["asked again", "from two parts"])
def test_who_withdrew_from_one_channel_is_not_the_difference_of_two_answers(narrowed, parts):
    company, province = narrowed
    query = {"metrics": ["touches"], "period": {"start": "2026-10-01", "end": "2026-11-01"}, "where": [_in("province", province)]}
    clock = [dt.date(2026, 11, 8)]
    door = company.door(clock=clock)
    asked = [query if op is None else query | {"where": [*query["where"], _in("channel", "微信", op=op)]} for op in parts]
    before = sum(shown(door, one).rows[0][-1] for one in asked)
    clock[0] = dt.date(2026, 11, 9)
    refused = ask(door, query)
    assert isinstance(refused, Refused)
    assert refused.refusal.code == "differencing"
    after = shown(company.door(clock=clock), query).rows[0][-1]
    assert before - after > 0


def test_a_member_compared_with_another_is_told_and_members_that_nobody_asked_for_are_no_hidden_rows(company):
    """East against South was refused as too small: the other regions stood beside it as groups of nobody."""
    regions = {"compare": {"dimension": "region", "base": "华南"}, "metrics": ["visits"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
    table = shown(company.door(), regions | {"where": [_in("region", "华东")]})
    assert [row[0] for row in table.rows] == ["华东"]
    assert None not in table.rows[0]
    both = shown(company.door(), regions | {"where": [_in("region", "华东", "华北")]})
    assert {row[0] for row in both.rows} == {"华东", "华北"}
    others = shown(company.door(), regions | {"where": [_in("region", "华东", op="not_in")]})
    assert "华东" not in {row[0] for row in others.rows}
