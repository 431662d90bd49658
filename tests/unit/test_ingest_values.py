"""Cells as companies write them become numbers, flags and local times; what can't be read is marked, never guessed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from governance.documents.extracts import Value
from governance.ingest.columns import Column, first_filled, group_numbers
from governance.ingest.values import Reader, parse_number

READER = Reader(zone="Asia/Shanghai", codes={"product": {"KSP": "康舒平", "ＴＨ": "糖衡", "none": None}})


def _read(kind: str, cells: list[str], **how: object) -> tuple[list[object], list[bool], list[bool]]:
    value = Value(column="c", **how)
    read = READER.read(value, kind, {"c": Column.made(cells)}, len(cells))
    return read.values.to_pylist(), read.bad.tolist(), read.unknown.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12.0), ("-1.5", -1.5), ("1,234.50", 1234.5), ("¥ 1 234", 1234.0), ("１２３", 123.0), ("(20.00)", -20.0), ("63%", 0.63),
        ("1.5万", 15000.0), ("2亿", 2e8), ("1e3", 1000.0), ("1E+3", 1000.0), (".5", 0.5), ("5.", 5.0), ("", None), ("abc", None), ("1-2", None), ("1.2.3", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, expected: float | None) -> None:
    assert parse_number(text) == pytest.approx(expected) if expected is not None else parse_number(text) is None


def test_units_are_stripped_scaled_and_bounded() -> None:
    values, bad, _ = _read(
        "integer", ["25分钟", "1.5 分钟", "", "很久", "9999分钟"], strip="分钟", scale=60, range=[0, 86400]
    )
    assert values == [1500, 90, None, None, None]
    assert bad == [False, False, False, True, True]


def test_a_fraction_is_no_whole_number() -> None:
    assert _read("integer", ["1.5", "2.0"])[:2] == ([None, 2], [True, False])


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2026/10/3 14:05", "%Y/%m/%d %H:%M", datetime(2026, 10, 3, 14, 5)),
        ("2026年10月3日 08:45", "%Y年%m月%d日 %H:%M", datetime(2026, 10, 3, 8, 45)),
        ("２０２６年１０月３日 下午2:05", "%Y年%m月%d日 %p%I:%M", datetime(2026, 10, 3, 14, 5)),
        ("1759471500000", "epoch_ms", datetime(2025, 10, 3, 14, 5)),
        ("1759471500", "epoch_s", datetime(2025, 10, 3, 14, 5)),
        ("46298.5", "excel", datetime(2026, 10, 3, 12)),
        ("2026-10-03T06:05:00+0000", "%Y-%m-%dT%H:%M:%S%z", datetime(2026, 10, 3, 14, 5)),
        ("03-Oct-2026 02:05 PM", "%d-%b-%Y %I:%M %p", datetime(2026, 10, 3, 14, 5)),
    ],
)
def test_times_of_every_form_become_local_times(text: str, form: str, expected: datetime) -> None:
    assert _read("time", [text], times=form) == ([expected], [False], [False])


def test_a_zone_is_converted_to_the_companys_own() -> None:
    assert _read("time", ["2026-10-03T18:05:00Z"], times="%Y-%m-%dT%H:%M:%SZ", zone="UTC")[0] == [
        datetime(2026, 10, 4, 2, 5)
    ]


def test_several_forms_are_tried_in_order_and_the_rest_is_bad() -> None:
    values, bad, _ = _read("time", ["20261003", "03/10/2026", "soon", ""], times=["%Y%m%d", "%d/%m/%Y"])
    assert values == [datetime(2026, 10, 3), datetime(2026, 10, 3), None, None]
    assert bad == [False, False, True, False]


def test_days_that_do_not_exist_are_bad() -> None:
    assert _read("date", ["2026-02-30", "2026-02-28", "0001-01-01"])[:2] == (
        [None, date(2026, 2, 28), None],
        [True, False, True],
    )


def test_a_month_is_its_first_day() -> None:
    assert _read("month", ["202610", "2026-10", "2026年10月", "2026-10-17"])[0] == [date(2026, 10, 1)] * 4


def test_codes_ignore_width_case_and_blanks_and_unknown_ones_are_told() -> None:
    values, bad, unknown = _read("text", ["ksp", " ＫＳＰ ", "th", "", "NONE", "XYZ"], map="product")
    assert values == ["康舒平", "康舒平", "糖衡", None, None, None]
    assert unknown == [False] * 5 + [True]
    assert not any(bad)


def test_an_unknown_code_can_be_kept_or_left_out() -> None:
    assert _read("text", ["XYZ"], map="product", otherwise="keep") == (["XYZ"], [False], [False])
    assert _read("text", ["XYZ"], map="product", otherwise="empty") == ([None], [False], [False])


def test_flags_are_read_by_their_words() -> None:
    assert _read("flag", ["是", "否", "", "也许"])[:2] == ([True, False, None, None], [False, False, False, True])
    assert _read("flag", ["HELD", "MISSED", "x"], is_true="HELD", is_false="MISSED")[:2] == (
        [True, False, None],
        [False, False, True],
    )
    assert _read("flag", ["done", "anything"], is_true="done")[0] == [True, False]
    assert _read("flag", ["C1", "N1"], map={"C1": True, "N1": False})[0] == [True, False]


def test_numbers_fall_into_bands() -> None:
    bands = [{"below": 5, "label": "0-4"}, {"below": 10, "label": "5-9"}, {"label": "10+"}]
    assert _read("text", ["0", "4.9", "5", "10", ""], bands=bands)[0] == ["0-4", "0-4", "5-9", "10+", None]


def test_an_empty_cell_can_have_a_default() -> None:
    assert _read("text", ["", "KSP"], map="product", default="未分")[0] == ["未分", "康舒平"]


def test_text_for_people_keeps_its_punctuation_and_loses_what_nobody_sees() -> None:
    assert _read("text", ["  高血压：指南\u200b （２０２６）  更新"])[0] == ["高血压：指南 （2026） 更新"]


def test_seconds_between_two_times() -> None:
    value = Value(seconds_between=("a", "b"), times="%H:%M", range=(0, 7200))
    columns = {"a": Column.made(["10:00", "10:00", "", "12:00"]), "b": Column.made(["11:00", "", "11:00", "10:00"])}
    read = READER.read(Value(seconds_between=("a", "b"), times="%Y-%m-%d %H:%M", range=(0, 7200)), "integer", {
        name: Column.made([f"2026-10-03 {cell}" if cell else "" for cell in column.texts()]) for name, column in columns.items()
    }, 4)  # fmt: skip
    assert value.range == (0, 7200)
    assert read.values.to_pylist() == [3600, None, None, None]
    assert read.bad.tolist() == [False, False, False, True]


def test_the_first_filled_of_several_columns_counts() -> None:
    merged = first_filled([Column.made(["a", "", ""]), Column.made(["b", "b", ""]), Column.made(["c", "c", "c"])])
    assert merged.texts() == ["a", "b", "c"]


def test_equal_rows_have_equal_numbers() -> None:
    columns = [Column.made(["a", "a", "b", "a"]), Column.made(["x", "y", "x", "x"])]
    assert group_numbers(columns).tolist() == [0, 1, 2, 0]


def test_money_is_exact_to_the_cent_and_an_amount_too_large_for_cents_is_bad() -> None:
    values, bad, _ = _read("money", ["12.34", "1,000.005", "(5.1)", "12.3456万", "0.1", "1e15", "", "x"])
    assert values == [Decimal("12.34"), Decimal("1000.01"), Decimal("-5.10"), Decimal("123456.00"), Decimal("0.10"), None, None, None]
    assert bad == [False, False, False, False, False, True, False, True]
