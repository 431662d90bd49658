"""Charts: valid Vega-Lite, told from disclosed rows only, drawn offline, readable in both themes."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.terms import MetricQuery, Order, Period
from nlq.answers.narration import find
from nlq.charts.chart import chart
from nlq.charts.layout import axis, spread, width, wrapped
from nlq.charts.style import CATEGORIES, GROUND, THEMES, config, themed, to_png, to_svg
from nlq.tables.view import View
from tests.unit.answer_samples import CHANNELS, NAMES, OCTOBER, REGIONS, SEPTEMBER, TODAY, YEAR, table

MONTHS = ["2025-11-01", "2025-12-01", *(f"2026-{m:02}-01" for m in range(1, 11))]


def query(*metrics: str, **shape: object):
    return MetricQuery(**({"metrics": metrics, "period": OCTOBER} | shape))


def compared(metric):
    return [metric, f"{metric}__base", f"{metric}__change", f"{metric}__growth"]


def drawn(q, t, language="zh"):
    view = View(query=q, table=t, names=NAMES, language=language, today=TODAY)
    return chart(view, find(view))


REGIONAL = table(["region", "reach_rate"], [(r, None if i == 3 else 0.5 + i / 100) for i, r in enumerate(REGIONS)], hidden=[(3, "reach_rate", "small_group")])
CASES = {
    "bars": (query("reach_rate", group_by=("region",)), REGIONAL),
    "negative bars": (query("nps", group_by=("region",)), table(["region", "nps"], [(r, 0.3 - i / 10) for i, r in enumerate(REGIONS)])),
    "compared bars": (
        query("revenue", group_by=("region",), compare="previous_period"),
        table(["region", *compared("revenue")], [(r, 9e6 + i, 8e6, 1e6 + i, 0.125) for i, r in enumerate(REGIONS)], base_period=SEPTEMBER),
    ),
    "shares": (query("reached", group_by=("channel",), share=True), table(["channel", "reached", "reached__share"], [(c, 100, 0.25) for c in CHANNELS])),
    "panels": (query("reached", group_by=("region", "channel")), table(["region", "channel", "reached"], [(r, c, 40 + i * 7 + j) for i, r in enumerate(REGIONS) for j, c in enumerate(CHANNELS)])),
    "several metrics": (query("reached", "reach_rate", group_by=("region",)), table(["region", "reached", "reach_rate"], [(r, 400 + i, 0.5) for i, r in enumerate(REGIONS)])),
    "trend": (query("reach_rate", grain="month", period=YEAR), table(["period", "reach_rate"], [(m, None if i == 4 else 0.5 + i / 100) for i, m in enumerate(MONTHS)], period=YEAR, hidden=[(4, "reach_rate", "small_group")])),
    "lines": (query("reached", grain="month", group_by=("channel",), period=YEAR), table(["period", "channel", "reached"], [(m, c, 500 + 10 * i + j) for i, m in enumerate(MONTHS) for j, c in enumerate(CHANNELS)], period=YEAR)),
    "compared trend": (query("revenue", grain="month", compare="previous_year", period=YEAR), table(["period", *compared("revenue")], [(m, 9e6 + i, 8e6, 1e6 + i, 0.125) for i, m in enumerate(MONTHS)], period=YEAR)),
    "several trends": (query("reached", "reach_rate", grain="month", period=YEAR), table(["period", "reached", "reach_rate"], [(m, 500 + i, 0.5) for i, m in enumerate(MONTHS)], period=YEAR)),
    "best months": (query("reached", grain="month", order=(Order(by="reached"),), limit=3, period=YEAR), table(["period", "reached"], [(m, 500 - i) for i, m in enumerate(MONTHS[:3])], period=YEAR)),
}  # fmt: skip
BARS = [name for name in CASES if "trend" not in name and name != "lines"]


def walk(node):
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from walk(child)


def marks(spec, kind):
    return [n for n in walk(spec) if (n.get("mark") if not isinstance(n.get("mark"), dict) else n["mark"].get("type")) == kind]


@pytest.mark.parametrize(("name", "language"), [*((name, "zh") for name in CASES), ("bars", "en"), ("lines", "en")])
def test_every_chart_is_valid_vega_lite_and_plain_json(name, language):
    import altair as alt

    spec = drawn(*CASES[name], language)
    json.dumps(spec, allow_nan=False)
    alt.Chart.from_dict(spec, validate=True)


@pytest.mark.parametrize("name", CASES)
def test_a_chart_is_drawn_without_a_network_as_svg_and_png(name):
    spec = drawn(*CASES[name])
    svg = to_svg(spec)
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert "Infinity" not in svg
    if name in {"bars", "trend"}:
        assert to_png(spec, "dark", scale=1.0)[:8] == b"\x89PNG\r\n\x1a\n"
    assert "url" not in {key for node in walk(spec) for key in node}


@pytest.mark.parametrize("name", BARS)
def test_bars_begin_at_zero(name):
    spec = drawn(*CASES[name])
    bars = marks(spec, "bar")
    assert bars
    for bar in bars:
        low, high = bar["encoding"]["x"]["scale"]["domain"]
        assert low <= 0 <= high
        assert "x2" not in bar["encoding"]


def test_bars_stand_in_the_tables_order():
    spec = drawn(*CASES["bars"])
    for bar in marks(spec, "bar"):
        assert bar["encoding"]["y"]["sort"] == list(REGIONS)


def test_titles_are_findings_and_the_subtitle_names_what_is_drawn():
    spec = drawn(*CASES["bars"])
    assert spec["title"]["text"] == ["可显示的 6 个大区中东北最高（56.0%），华东最低（50.0%）"]
    assert spec["title"]["subtitle"] == ["触达率 · 2026-10-01 至 10-31"]
    assert spec["description"].startswith("10 月各大区触达率")


def test_a_hidden_cell_is_a_gap_with_its_mark_and_reason():
    for name in ("bars", "trend"):
        spec = drawn(*CASES[name])
        rows = spec["data"]["values"]
        marked = [row for row in rows if row["mark"] == "‹10"]
        assert marked
        assert all(row["value"] is None for row in marked)
        assert all("少于 10 人" in row["why"] for row in marked)
        assert "‹10" in to_svg(spec)


def test_a_unit_without_rows_is_a_gap_and_not_a_bridge():
    q, t = CASES["trend"]
    fewer = replace(t, rows=tuple(row for row in t.rows if row[0] != "2026-02-01"), hidden=())
    points = {row["t"]: row["value"] for row in drawn(q, fewer)["data"]["values"] if row["kind"] == "point"}
    assert list(points) == MONTHS
    assert points["2026-02-01"] is None


@pytest.mark.parametrize(
    ("q", "t"),
    [
        (query("reach_rate"), table(["reach_rate"], [(0.5,)])),
        (query("reach_rate", group_by=("region",)), table(["region", "reach_rate"], [("华东", 0.5)])),
        (query("reach_rate", group_by=("region",)), table(["region", "reach_rate"], [])),
        (query("reach_rate", group_by=("region",)), table(["region", "reach_rate"], [("华东", None), ("华北", None)], hidden=[(0, "reach_rate", "small_group"), (1, "reach_rate", "small_group")])),
    ],
)  # fmt: skip
def test_one_number_or_nothing_to_show_gets_no_chart(q, t):
    assert drawn(q, t) is None


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.integers(3_000, 9_999), min_size=5, max_size=5, unique=True), gone=st.sets(st.integers(0, 4), min_size=1, max_size=3), language=st.sampled_from(["zh", "en"]))
def test_nothing_hidden_is_anywhere_in_the_spec(numbers, gone, language):
    rows = [(r, None if i in gone else numbers[i]) for i, r in zip(range(5), REGIONS, strict=False)]
    spec = drawn(query("reached", group_by=("region",)), table(["region", "reached"], rows, hidden=[(i, "reached", "small_group") for i in gone]), language)
    digits = set(re.findall(r"\d+", json.dumps(spec, ensure_ascii=False).replace(",", "").replace("#", "#x")))
    assert not {str(numbers[i]) for i in gone} & digits


def test_long_lists_are_cut_and_the_cut_is_said():
    t = table(["hospital", "reached"], [(f"第{i}医院", 100 - i) for i in range(45)])
    spec = drawn(query("reached", group_by=("hospital",)), t)
    assert len(spec["data"]["values"]) == 30
    assert "前 30 个，共 45 个" in spec["title"]["subtitle"][0]


def test_a_first_unit_that_is_there_in_part_is_said_and_drawn_apart():
    period = Period(start=date(2026, 8, 20), end=date(2026, 11, 1))
    t = table(["period", "reached"], [("2026-08-01", 1), ("2026-09-01", 7), ("2026-10-01", 8)], period=period)
    spec = drawn(query("reached", grain="month", period=period), t)
    assert "最前一段不完整" in spec["title"]["subtitle"][0]
    assert {row["t"] for row in spec["data"]["values"] if row["kind"] == "head"} == {"2026-08-01", "2026-09-01"}
    assert not any(row["kind"] == "tail" for row in spec["data"]["values"])


def test_an_unfinished_last_unit_is_said():
    period = Period(start=date(2026, 9, 1), end=date(2026, 11, 16))
    t = table(["period", "reached"], [("2026-09-01", 5), ("2026-10-01", 7), ("2026-11-01", 3)], period=period)
    assert "最后一段未满" in drawn(query("reached", grain="month", period=period), t)["title"]["subtitle"][0]
    assert "最后一段未满" not in drawn(*CASES["trend"])["title"]["subtitle"][0]


def test_weeks_are_placed_by_their_mondays():
    period = Period(start=date(2026, 10, 1), end=date(2026, 11, 1))
    mondays = [date(2026, 9, 28) + timedelta(weeks=n) for n in range(5)]
    t = table(["period", "reached"], [(m.isoformat(), 10) for m in mondays], period=period)
    points = [row["t"] for row in drawn(query("reached", grain="week", period=period), t)["data"]["values"] if row["kind"] == "point"]
    assert points == [m.isoformat() for m in mondays]


# --------------------------------------------------------------------------- looks


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_line_labels_have_contrast_aa(theme):
    made = config(theme)
    texts = [made["title"]["color"], made["title"]["subtitleColor"], made["axis"]["labelColor"], made["axisY"]["labelColor"], made["text"]["color"], made["style"]["quiet"]["color"]]
    for colour in [*texts, *CATEGORIES[theme]]:
        assert contrast(colour, GROUND[theme]) >= 4.5, colour
    assert contrast(made["bar"]["color"], GROUND[theme]) >= 3


def test_a_theme_changes_the_config_only():
    spec = drawn(*CASES["bars"])
    dark = themed(spec, "dark", ground=True)
    assert {key for key in spec if spec[key] != dark[key]} == {"config"}
    assert dark["config"]["background"] == GROUND["dark"]
    assert spec["config"]["background"] == "transparent"
    assert spec["usermeta"]["dark"] == config("dark")


def test_fonts_are_the_systems_own_with_chinese_first():
    assert config("light")["font"].startswith("PingFang SC, Microsoft YaHei, Noto Sans CJK SC")


# --------------------------------------------------------------------------- arithmetic


@given(values=st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=20), from_zero=st.booleans())
def test_an_axis_holds_its_values_on_even_ticks(values, from_zero):
    made = axis(values, from_zero=from_zero)
    slack = 1e-6 * max(1.0, *(abs(v) for v in values))
    assert made.low - slack <= min(values)
    assert made.high + slack >= max(values)
    assert made.low < made.high
    assert (made.low, made.high) == (made.ticks[0], made.ticks[-1])
    if from_zero:
        assert made.low <= 0 <= made.high


@given(st.lists(st.floats(0, 240), min_size=1, max_size=8))
def test_labels_are_moved_apart_in_their_order(positions):
    moved = spread(positions, 15, low=0, high=240)
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = [moved[i] for i in order]
    assert all(b - a >= 15 - 1e-6 for a, b in pairwise(placed))


@given(st.text(alphabet="华东高（），；: abcDEF 0123.5%−", min_size=1, max_size=120), st.integers(30, 80))
def test_wrapping_loses_no_character_and_keeps_within_the_width(text, columns):
    lines = wrapped(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    longest_piece = max((width(p) for p in re.findall(r"[^\s\u4e00-\u9fff]+", text)), default=1)
    assert all(width(line) <= max(columns, longest_piece) + 2 for line in lines)
