"""having → order and rank → keep → limit, with hidden cells as contracts.md section 3 says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.metrics.arranging import arrange
from governance.metrics.parsing import query_from_json
from governance.terms import Column, Disclosed, Measured, MinimumGroup, Text

LABEL = Text(zh="列", en="column")
K = MinimumGroup(entity="person", k=10)


def measured(rows: list[list[Any]], *names: str) -> Measured:
    columns = tuple(Column(name=name, label=LABEL, kind="dimension" if name in {"region", "channel"} else "period" if name == "period" else "metric", metric="m") for name in names)
    return Measured(columns=columns, rows=rows, contributors=[{} for _ in rows], period=None)


def arranged(rows: list[list[Any]], query: dict[str, Any], hidden: dict[tuple[int, str], str] | None = None, names: tuple[str, ...] = ("region", "m")) -> Disclosed:
    return arrange(measured(rows, *names), query_from_json({"metrics": ["m"], **query}), hidden or {}, minimum_group=K)


ROWS = [["华东", 3], ["华北", 1], ["华南", None], ["西南", 3], ["未知", 2]]


def test_without_order_the_rows_stay_as_they_were_measured() -> None:
    assert [row[0] for row in arranged(ROWS, {}).rows] == ["华东", "华北", "华南", "西南", "未知"]


def test_ties_break_by_dimension_value_in_code_points_in_both_directions_and_nulls_come_last() -> None:
    assert [row[0] for row in arranged(ROWS, {"order": [{"by": "m", "direction": "desc"}]}).rows] == ["华东", "西南", "未知", "华北", "华南"]
    assert [row[0] for row in arranged(ROWS, {"order": [{"by": "m", "direction": "asc"}]}).rows] == ["华北", "未知", "华东", "西南", "华南"]


def test_several_keys_order_one_inside_the_other() -> None:
    rows = [["华东", 1, 5], ["华北", 1, 7], ["华南", 2, 0]]
    query = {"order": [{"by": "m", "direction": "asc"}, {"by": "n", "direction": "desc"}]}
    assert [row[0] for row in arranged(rows, query, names=("region", "m", "n")).rows] == ["华北", "华东", "华南"]


def test_having_drops_rows_before_the_limit_and_null_never_passes() -> None:
    assert [row[0] for row in arranged(ROWS, {"having": [{"metric": "m", "op": "!=", "value": 3}], "limit": 5}).rows] == ["华北", "未知"]


@pytest.mark.parametrize(("op", "passing"), [("<", 1), ("<=", 2), (">", 2), (">=", 3), ("=", 1), ("!=", 3)])
def test_each_threshold_operator_keeps_what_it_says(op: str, passing: int) -> None:
    assert len(arranged(ROWS, {"having": [{"metric": "m", "op": op, "value": 2}]}).rows) == passing


def test_a_hidden_cell_never_passes_a_threshold() -> None:
    found = arranged(ROWS, {"having": [{"metric": "m", "op": ">", "value": 0}]}, {(0, "m"): "small_group"})
    assert [row[0] for row in found.rows] == ["华北", "西南", "未知"]


def test_a_row_whose_ordering_cell_is_hidden_comes_after_all_others_by_dimension_value() -> None:
    hidden = {(0, "m"): "small_group", (4, "m"): "small_group"}
    found = arranged(ROWS, {"order": [{"by": "m", "direction": "desc"}]}, hidden)
    assert found.rows == (("西南", 3), ("华北", 1), ("华南", None), ("华东", None), ("未知", None))
    assert [(cell.row, cell.column, cell.reason) for cell in found.hidden] == [(3, "m", "small_group"), (4, "m", "small_group")]


def test_with_a_limit_hidden_rows_are_not_listed_but_counted() -> None:
    found = arranged(ROWS, {"order": [{"by": "m", "direction": "desc"}], "limit": 3}, {(0, "m"): "small_group"})
    assert [row[0] for row in found.rows] == ["西南", "未知", "华北"]
    assert (found.hidden_groups, found.total_groups, found.hidden) == (1, 5, ())


def test_ordered_by_a_dimension_a_hidden_row_keeps_its_place_also_under_a_limit() -> None:
    found = arranged(ROWS, {"order": [{"by": "region", "direction": "asc"}], "limit": 1}, {(0, "m"): "small_group"})
    assert found.rows == (("华东", None),)
    assert found.hidden_groups == 0


def test_rank_is_1_2_2_4_over_all_rows_before_keep_and_nulls_have_none() -> None:
    rows = [["甲", 9], ["乙", 7], ["丙", 7], ["丁", 1], ["戊", None]]
    query = {"group_by": ["region"], "order": [{"by": "m", "direction": "desc"}], "keep": [{"dimension": "region", "values": ["丁", "丙", "戊", "甲"]}]}
    found = arranged(rows, query)
    assert [column.name for column in found.columns] == ["region", "m", "m__rank"]
    assert found.rows == (("甲", 9, 1), ("丙", 7, 2), ("丁", 1, 4), ("戊", None, None))


def test_rank_appears_only_with_keep_and_an_order_by_a_metric() -> None:
    kept = {"group_by": ["region"], "keep": [{"dimension": "region", "values": ["华东"]}]}
    assert [column.name for column in arranged(ROWS, kept).columns] == ["region", "m"]
    assert [column.name for column in arranged(ROWS, {**kept, "order": [{"by": "region"}]}).columns] == ["region", "m"]
    assert [column.name for column in arranged(ROWS, {"order": [{"by": "m"}]}).columns] == ["region", "m"]


def test_a_hidden_cell_hides_its_rank_and_takes_no_place_in_the_others() -> None:
    query = {"group_by": ["region"], "order": [{"by": "m", "direction": "desc"}], "keep": [{"dimension": "region", "values": ["华东", "华北"]}]}
    found = arranged(ROWS, query, {(0, "m"): "small_group"})
    assert found.rows == (("华北", 1, 3), ("华东", None, None))
    assert {cell.column for cell in found.hidden} == {"m", "m__rank"}


def test_periods_can_be_ordered_and_kept_beside_groups() -> None:
    rows = [["2026-09-01", "华东", 1], ["2026-10-01", "华东", 5], ["2026-10-01", "华北", 4]]
    query = {"group_by": ["region"], "grain": "month", "order": [{"by": "period", "direction": "desc"}], "keep": [{"dimension": "region", "values": ["华东"]}]}
    assert [row[0] for row in arranged(rows, query, names=("period", "region", "m")).rows] == ["2026-10-01", "2026-09-01"]


@given(
    values=st.lists(st.one_of(st.none(), st.integers(0, 5), st.floats(0, 5)), min_size=1, max_size=12),
    hidden=st.sets(st.integers(0, 11)),
    limit=st.one_of(st.none(), st.integers(1, 12)),
    direction=st.sampled_from(["asc", "desc"]),
)
def test_whatever_is_hidden_no_hidden_value_is_told_and_no_row_is_invented_or_doubled(values: list[Any], hidden: set[int], limit: int | None, direction: str) -> None:
    rows = [[f"g{number:02d}", value] for number, value in enumerate(values)]
    gone = {(number, "m"): "small_group" for number in hidden if number < len(rows)}
    query: dict[str, Any] = {"order": [{"by": "m", "direction": direction}]}
    if limit is not None:
        query["limit"] = limit
    found = arranged(rows, query, gone)
    names = [row[0] for row in found.rows]
    assert len(set(names)) == len(names)
    told = dict(found.rows)
    for number in hidden:
        if number < len(rows):
            assert told.get(f"g{number:02d}") is None
    shown = [value for name, value in found.rows if value is not None]
    assert shown == sorted(shown, reverse=direction == "desc")
    if limit is None:
        assert len(found.rows) == len(rows)
    else:
        assert found.hidden_groups == len(gone)
        assert len(found.rows) == min(limit, len(rows) - len(gone))
