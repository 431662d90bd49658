"""Evaluation (contracts.md section 4): right is right, wrong is wrong, and only verdicts leave."""

import json
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import DimensionNotAllowed, InvalidQuery, UnsoundQuery
from governance.terms import Column, MetricQuery, Order, Text
from nlq.evaluation.cases import CaseError, read_cases
from nlq.evaluation.scores import Ran, Understood, asked_in, difference, evaluate, percentile

RATE, REACHED = MetricQuery(metrics=("reach_rate",), group_by=("region",)), MetricQuery(metrics=("reached",), group_by=("region",))


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]


def table(names, *rows: tuple[object, ...]):
    label = Text(zh="x", en="x")
    kinds = {"region": "dimension", "channel": "dimension", "period": "period"}
    return Table(columns=tuple(Column(name=n, label=label, kind=kinds.get(n, "metric")) for n in names), rows=rows)


TABLES = {
    RATE: table(["region", "reach_rate"], ("华东", 0.5), ("华北", 0.25)),
    REACHED: table(["region", "reached"], ("华东", 50), ("华北", 25)),
}


def run(user, query):
    if user == "manager" and query == REACHED:
        return Ran(refused="row_scope")
    return Ran(table=TABLES[query])


def clock():
    ticks = count(0, 0.002)
    return lambda: next(ticks)


def cases(tmp_path, text, name="cases.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_cases([path])


def scored(tmp_path, text, understood, runner=run):
    answers = understood if callable(understood) else lambda user, words, today, context: understood[words]
    return evaluate(cases(tmp_path, text), answers, runner, clock())


ONE = """
today: 2026-11-15
cases:
  - id: zh-001
    as: {user}
    ask: 上个月各大区的触达率
    expect: {expect}
"""
WANT_RATE = "{query: {metrics: [reach_rate], group_by: [region]}}"


def one(tmp_path, expect, understood, *, user="market", runner=run):
    return scored(tmp_path, ONE.format(user=user, expect=expect), lambda *_: understood, runner)


def test_the_same_table_passes_whatever_query_gave_it(tmp_path):
    other = replace(RATE, order=(Order(by="region"),))
    tables = TABLES | {other: table(["reach_rate", "region"], (0.25, "华北"), (0.5 + 1e-12, "华东"))}
    result = one(tmp_path, WANT_RATE, Understood(status="answered", query=other), runner=lambda _, q: Ran(table=tables[q]))
    assert result.to_json()["accuracy"]["overall"] == 1.0
    assert result.failures == ()


def test_a_wrong_table_is_wrong_and_counts_as_answered_but_wrong(tmp_path):
    wrong = replace(RATE, limit=5)
    tables = TABLES | {wrong: table(["region", "reach_rate"], ("华东", 0.5), ("华北", 0.26))}
    result = one(tmp_path, WANT_RATE, Understood(status="answered", query=wrong), runner=lambda _, q: Ran(table=tables[q]))
    assert (result.accuracy["overall"], result.accuracy["zh"], result.answered_but_wrong) == (0.0, 0.0, 1.0)
    assert result.failures[0].why == "other numbers in reach_rate"


def test_the_output_has_exactly_the_contracts_shape(tmp_path):
    said = one(tmp_path, WANT_RATE, Understood(status="answered", query=REACHED)).to_json()
    assert list(said) == ["cases", "accuracy", "answered_but_wrong", "understand_ms", "failures"]
    assert list(said["accuracy"]) == ["overall", "zh", "en", "mixed"]
    assert said["understand_ms"] == {"p50": 2.0, "p95": 2.0, "p99": 2.0}
    assert list(said["failures"][0]) == ["id", "ask", "expected", "got", "why"]
    assert said["failures"][0]["expected"] == {"query": {"metrics": ["reach_rate"], "group_by": ["region"]}}
    assert said["failures"][0]["got"] == {"status": "answered", "query": {"metrics": ["reached"], "group_by": ["region"]}}
    assert (said["accuracy"]["en"], said["accuracy"]["mixed"]) == (None, None)
    json.dumps(said, allow_nan=False)


def test_a_failure_tells_no_number_of_any_table(tmp_path):
    secret = {RATE: table(["region", "reach_rate"], ("华东", 0.987654321)), REACHED: table(["region", "reach_rate"], ("华东", 0.123456789))}
    result = one(tmp_path, WANT_RATE, Understood(status="answered", query=REACHED), runner=lambda _, q: Ran(table=secret[q]))
    said = json.dumps(result.to_json())
    assert result.failures
    assert "987654321" not in said
    assert "123456789" not in said


def test_refusals_match_by_status_and_by_code_where_given(tmp_path):
    refusal = Understood(status="refused", code="prescription_by_doctor")
    assert one(tmp_path, "{status: refused, code: prescription_by_doctor}", refusal).failures == ()
    assert one(tmp_path, "{status: refused}", refusal).failures == ()
    wrong = one(tmp_path, "{status: refused, code: row_scope}", refusal)
    assert wrong.failures[0].why == "refused with prescription_by_doctor, not row_scope"
    assert wrong.answered_but_wrong == 0.0


def test_a_refusal_by_policy_counts_like_one_of_language(tmp_path):
    understood = Understood(status="answered", query=REACHED)
    assert one(tmp_path, "{status: refused, code: row_scope}", understood, user="manager").failures == ()
    assert one(tmp_path, "{status: refused, code: row_scope}", understood).answered_but_wrong == 1.0


def test_a_refusal_of_disclosure_control_leaves_the_table_comparable(tmp_path):
    def withheld(_user, query):
        return Ran(table=TABLES[query], refused="group_too_small")

    understood = Understood(status="answered", query=RATE)
    assert one(tmp_path, WANT_RATE, understood, runner=withheld).failures == ()
    assert one(tmp_path, "{status: refused, code: group_too_small}", understood, runner=withheld).failures == ()


def test_a_dimension_the_metric_lacks_is_a_refusal_and_an_unsound_question_asks_back(tmp_path):
    def lacks(_user, _query):
        raise DimensionNotAllowed(metric="reach_rate", dimension="region", valid=["channel"])

    def unsound(_user, _query):
        raise UnsoundQuery("no", alternatives=[{"metrics": ["reached"], "group_by": ["region"]}])

    def invalid(_user, _query):
        raise InvalidQuery("unknown metric")

    understood = Understood(status="answered", query=RATE)
    assert one(tmp_path, "{status: refused, code: dimension_not_allowed}", understood, runner=lacks).failures == ()
    assert one(tmp_path, "{status: clarify, options_include: [{metrics: [reached]}]}", understood, runner=unsound).failures == ()
    assert one(tmp_path, "{status: not_understood}", understood, runner=invalid).failures[0].got["status"] == "error"


def test_options_include_matches_the_keys_given_and_no_more(tmp_path):
    asks_back = Understood(status="clarify", options=(RATE, REACHED))
    assert one(tmp_path, "{status: clarify, options_include: [{metrics: [reached]}, {metrics: [reach_rate], group_by: [region]}]}", asks_back).failures == ()
    missing = one(tmp_path, "{status: clarify, options_include: [{metrics: [revenue]}]}", asks_back)
    assert "no option has" in missing.failures[0].why
    assert one(tmp_path, "{status: clarify}", Understood(status="not_understood")).failures[0].why == "expected clarify, got not_understood"


def test_any_of_passes_with_either(tmp_path):
    either = "{any_of: [{query: {metrics: [reached], group_by: [region]}}, {status: not_understood}]}"
    assert one(tmp_path, either, Understood(status="answered", query=REACHED)).failures == ()
    assert one(tmp_path, either, Understood(status="not_understood")).failures == ()
    assert one(tmp_path, either, Understood(status="answered", query=RATE)).answered_but_wrong == 1.0


def test_an_expected_query_the_user_may_not_ask_is_a_fault_of_the_case(tmp_path):
    expect = "{query: {metrics: [reached], group_by: [region]}}"
    result = one(tmp_path, expect, Understood(status="answered", query=RATE), user="manager")
    assert result.failures[0].why.startswith("the case itself is wrong")


DIALOGUE = """
today: 2026-11-15
cases:
  - id: d1
    as: market
    turns:
      - {ask: 触达率, expect: {query: {metrics: [reach_rate], group_by: [region]}}}
      - {ask: show doctors reached, expect: {query: {metrics: [reached], group_by: [region]}}}
      - {ask: 换成 revenue 呢, expect: {status: not_understood}}
  - {id: s1, as: market, ask: 触达率, expect: {query: {metrics: [reach_rate], group_by: [region]}}}
"""


def test_each_turn_of_a_dialogue_counts_and_carries_the_context_of_the_turn_before(tmp_path):
    seen = []

    def understand(user, words, today, context):
        seen.append((user, words, today, context))
        return Understood(status="answered", query=RATE, context=words)

    result = scored(tmp_path, DIALOGUE, understand)
    assert result.cases == 4
    assert [f.id for f in result.failures] == ["d1#2", "d1#3"]
    assert result.accuracy == {"overall": 0.5, "zh": 1.0, "en": 0.0, "mixed": 0.0}
    assert [context for *_, context in seen] == [None, "触达率", "show doctors reached", None]
    assert {today for _, _, today, _ in seen} == {date(2026, 11, 15)}


# --------------------------------------------------------------------------- tables

BASE = table(["region", "reach_rate"], ("华东", 0.5), ("华北", 0.25), ("华南", None))


@pytest.mark.parametrize(
    ("got", "ordered", "why"),
    [
        (table(["reach_rate", "region"], (0.25, "华北"), (None, "华南"), (0.5, "华东")), False, None),
        (table(["region", "reach_rate"], ("华北", 0.25), ("华东", 0.5), ("华南", None)), True, "the rows stand in another order"),
        (table(["region", "reach_rate"], ("华东", 0.5 * (1 + 5e-10)), ("华北", 0.25), ("华南", None)), True, None),
        (table(["region", "reach_rate"], ("华东", 0.5 * (1 + 1e-8)), ("华北", 0.25), ("华南", None)), True, "other numbers in reach_rate"),
        (table(["region", "reach_rate"], ("华东", 0.5), ("华北", 0.25), ("华南", 0)), False, "other numbers in reach_rate"),
        (table(["region", "reach_rate"], ("华东", 0.5), ("华北", 0.25)), False, "2 rows instead of 3"),
        (table(["region", "reach_rate"], ("华东", 0.5), ("华北", 0.25), ("华中", None)), False, "other groups in region"),
        (table(["region", "reach_rate", "reach_rate__rank"], ("华东", 0.5, 1), ("华北", 0.25, 2), ("华南", None, None)), False, "extra columns reach_rate__rank"),
        (table(["channel", "reach_rate"], ("华东", 0.5), ("华北", 0.25), ("华南", None)), False, "extra columns channel and missing columns region"),
    ],
)
def test_tables_differ_in_columns_groups_order_or_numbers(got, ordered, why):
    assert difference(BASE, got, ordered=ordered) == why


@given(
    rows=st.dictionaries(st.text(min_size=1, max_size=3), st.one_of(st.none(), st.floats(-1e12, 1e12), st.integers(-9, 9)), min_size=1, max_size=8),
    data=st.data(),
)
def test_a_table_equals_its_shuffles_and_no_table_with_one_cell_changed(rows, data):
    given_rows = list(rows.items())
    shuffled = data.draw(st.permutations(given_rows))
    assert difference(table(["region", "m"], *given_rows), table(["region", "m"], *shuffled), ordered=False) is None
    at = data.draw(st.integers(0, len(given_rows) - 1))
    name, value = given_rows[at]
    changed = 1.0 if value is None else (value * 1.001 + 1e-6)
    spoiled = [(name, changed) if i == at else row for i, row in enumerate(given_rows)]
    assert difference(table(["region", "m"], *given_rows), table(["region", "m"], *spoiled), ordered=False) == "other numbers in m"


@pytest.mark.parametrize(
    ("words", "language"),
    [("上个月各大区的触达率", "zh"), ("ROI 最高的产品", "zh"), ("2026Q3 的 NPS", "zh"), ("上个月 WeChat 打开率", "mixed"), ("华东的 reach rate", "mixed"), ("reach rate by region", "en"), ("ROI?", "en")],
)
def test_the_language_of_a_question(words, language):
    assert asked_in(words) == language


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_a_value_with_that_share_at_or_below_it(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values)


# --------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cases: []", "today is missing"),
        ("today: soon\ncases: []", "today must be a date"),
        ("today: 2026-11-15\ncases: []", "no cases"),
        ("today: 2026-11-15\ncases: {}", "`cases` must be a list"),
        ("today: 2026-11-15\ncase: []", "unknown key 'case'. Did you mean cases?"),
        ("today: 2026-11-15\ncases: [{as: market, ask: x, expect: {status: refused}}]", "case 1: needs an `id`"),
        ("today: 2026-11-15\ncases: [{id: a, ask: x, expect: {status: refused}}]", "(a): needs `as`"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, expect: {status: refused}}]", "(a): needs either `ask`"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, ask: x}]", "(a): `expect` is missing"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, ask: x, expect: {status: refuse}}]", "Did you mean refused"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, ask: x, expect: {query: {metric: [x]}}}]", "(a): MetricQuery: unknown key 'metric'"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, ask: x, expect: {status: clarify, code: x}}]", "`code` is a text and goes with status refused"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, turns: [{ask: x, expects: {}}]}]", "(a) turn 1: unknown key 'expects'. Did you mean expect?"),
        ("today: 2026-11-15\ncases: [{id: a, as: m, ask: x, expect: {status: refused}}, {id: a, as: m, ask: x, expect: {status: refused}}]", "'a' is already in"),
        ("today: [", "line 1: not valid YAML"),
    ],
)
def test_a_bad_file_is_one_clear_error_with_file_and_case(tmp_path, text, message):
    with pytest.raises(CaseError, match=r"cases\.yaml|no cases") as caught:
        cases(tmp_path, text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_foreign_file_is_one_clear_error(tmp_path):
    with pytest.raises(CaseError, match="can't be read"):
        read_cases([tmp_path / "none.yaml"])
    path = tmp_path / "gb.yaml"
    path.write_bytes("cases: 触达".encode("gb18030"))
    with pytest.raises(CaseError, match="isn't UTF-8"):
        read_cases([path])


def test_a_file_without_a_day_takes_the_callers(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text("cases: [{id: a, as: m, ask: x, expect: {status: refused}}]", encoding="utf-8")
    assert read_cases([path], today=date(2026, 1, 2))[0].today == date(2026, 1, 2)


def test_quoted_and_bare_dates_in_queries_are_alike(tmp_path):
    text = "today: '2026-11-15'\ncases: [{id: a, as: m, ask: x, expect: {query: {metrics: [m], period: {start: 2026-10-01, end: '2026-11-01'}}}}]"
    expected = cases(tmp_path, text)[0].turns[0].expect
    assert expected.query.period.start == date(2026, 10, 1)
    assert expected.raw["query"]["period"] == {"start": "2026-10-01", "end": "2026-11-01"}
