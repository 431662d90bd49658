"""The picture of an answer: a Vega-Lite spec made with Altair, or nothing where one number says all.

Trends become lines, groups horizontal bars from zero in the table's order, two dimensions panels. Titles are findings, labels stand at
what they name, hidden cells are gaps with their mark. The data inside are the disclosed rows, and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from governance.calendar import shift, unit_start, units_in
from governance.terms import MemberCompare
from nlq.chart_layout import Axis, axis, spread, tick_label, width, wrapped
from nlq.chart_style import Spec, config
from nlq.explanation import filters_in_words
from nlq.formatting import header_unit, hidden_mark, metric_label, number, period_dates, period_name, scale_for
from nlq.narration import Finding
from nlq.view import View

WIDTH, LINE_HEIGHT, BAR_STEP = 600, 240, 26
MOST_BARS, MOST_PANELS, MOST_LINES, MOST_TICKS = 30, 8, 8, 12
_TITLE_COLUMNS, _SUBTITLE_COLUMNS = 78, 104
_LABEL_GAP = 15.0
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """What is drawn: one metric's column, or several metrics as panels."""

    view: View
    metrics: tuple[str, ...]
    role: str


def chart(view: View, finding: Finding) -> Spec | None:
    """Return the chart of a disclosed table, titled with its finding; None for one number, one row, or nothing that may be drawn."""
    role = "share" if view.query.share else "value"
    metrics = tuple(m for m in view.metrics if view.column(m, role) is not None and any(view.number(row, m, role) is not None for row in view.rows()))
    if len(view.table.rows) < 2 or not metrics:
        return None
    plot = _Plot(view=view, metrics=metrics, role=role)
    periods = {view.period_key(row) for row in view.rows()} if view.has_period else set()
    by_time = view.query.grain is not None and len(periods) > 1 and not (view.query.order and view.query.order[0].by != "period")
    drawn, notes = _lines(plot) if by_time else _bars(plot)
    return _finished(drawn, view, finding, notes, metrics)


def _finished(drawn: Any, view: View, finding: Finding, notes: list[str], metrics: tuple[str, ...]) -> Spec:
    # Altair checks a spec against the schema in about 100 ms; tests do that, an answer need not wait for it.
    spec: Spec = drawn.to_dict(validate=False)
    rows = spec.pop("datasets", {})
    spec["data"] = {"name": "answer", "values": next(iter(rows.values()))} if rows else spec["data"]
    spec["title"] = {"text": wrapped(finding.headline, _TITLE_COLUMNS), "subtitle": wrapped(_subtitle(view, metrics, notes), _SUBTITLE_COLUMNS)}
    spec["description"] = finding.sentence
    spec["config"] = config("light")
    spec["usermeta"] = {"dark": config("dark")}
    return spec


def _subtitle(view: View, metrics: tuple[str, ...], notes: list[str]) -> str:
    """What is drawn, for which slice and when: `触达率（%） · 华东 · 2026-10-01 至 10-31`."""
    role = "share" if view.query.share else "value"
    what = []
    for metric in metrics[:3]:
        label = metric_label(metric, view.names, view.language)
        if role == "share":
            label = f"{label}占比" if view.zh else f"Share of {view.metric(metric)}"
        style = view.style(metric, role)
        unit = None if style.format in {"percent", "growth"} else header_unit(style, view.language)
        what.append(label + (f"（{unit}）" if view.zh else f" ({unit})") if unit else label)
    parts = [("、" if view.zh else ", ").join(what), *filters_in_words(view)]
    if view.table.period is not None:
        parts.append(period_dates(view.table.period, view.language))
    return " · ".join([*parts, *notes])


# --------------------------------------------------------------------------- bars


def _bar_rows(plot: _Plot) -> tuple[list[Row], bool]:
    """One datum a drawn cell: its name, panel, number, label or mark, and the compared number."""
    view, out, based = plot.view, [], False
    panelled = _panel_dimension(view) if len(plot.metrics) == 1 else None
    for row in view.rows():
        words = {column.name: view.named(column.name, view.cell(row, column.name)) for column in view.dimensions}
        panel = words.pop(panelled, "") if panelled else ""
        if view.has_period:
            words["period"] = view.when(row)
        for metric in plot.metrics:
            value, reason = view.number(row, metric, plot.role), view.hidden(row, metric, plot.role)
            style, base = view.style(metric, plot.role), view.number(row, metric, "base") if plot.role == "value" else None
            change = view.number(row, metric, "change") if plot.role == "value" else None
            label = "" if value is None else _short(value, view, metric, plot.role)
            if change is not None and value is not None:
                label += f" ({_move(view, row, metric, change)})"
            mark = hidden_mark(reason, view.table.minimum_group) if reason else "—" if value is None else ""
            based = based or base is not None
            out.append({
                "name": " · ".join(words.values()) or panel, "panel": metric_label(metric, view.names, view.language) if len(plot.metrics) > 1 else panel,
                "value": value, "base": base, "label": ("≈" if style.approximate and label else "") + label, "mark": mark, "why": _why(view, reason), "zero": 0,
            })  # fmt: skip
    return out, based


def _move(view: View, row: int, metric: str, change: float) -> str:
    """A rate's change in points, anything else's growth where there is one."""
    style, growth = view.style(metric, "change"), view.number(row, metric, "growth")
    if style.format == "pp" or growth is None:
        return number(change, style, view.language) + (" pp" if style.format == "pp" else "")
    return number(growth, view.style(metric, "growth"), view.language)


def _short(value: float, view: View, metric: str, role: str) -> str:
    style = view.style(metric, role)
    scale = scale_for(value, style, view.language)
    return number(value, style, view.language) + (f" {scale.word}" if scale.word else "")


def _why(view: View, reason: str | None) -> str:
    if reason is None:
        return ""
    k = view.table.minimum_group.k
    if reason == "small_group":
        return f"少于 {k} 人，不显示" if view.zh else f"fewer than {k} people, not shown"
    return "为保护其他小组而不显示" if view.zh else "hidden to protect other small groups"


def _panel_dimension(view: View) -> str | None:
    """Of two dimensions the one with fewer members makes the panels; of one or many, none does."""
    if len(view.dimensions) != 2 or view.has_period:
        return None
    sizes = {column.name: len({view.cell(row, column.name) for row in view.rows()}) for column in view.dimensions}
    smallest = min(reversed(list(sizes)), key=lambda name: sizes[name])
    return smallest if 1 < sizes[smallest] <= MOST_PANELS and max(sizes.values()) > 1 else None


def _bars(plot: _Plot) -> tuple[Any, list[str]]:
    import altair as alt

    view = plot.view
    rows, based = _bar_rows(plot)
    names, panels = list(dict.fromkeys(row["name"] for row in rows)), list(dict.fromkeys(row["panel"] for row in rows))
    notes = []
    if len(names) > MOST_BARS:
        notes.append(f"前 {MOST_BARS} 个，共 {len(names)} 个" if view.zh else f"first {MOST_BARS} of {len(names)}")
        names = names[:MOST_BARS]
        rows = [row for row in rows if row["name"] in set(names)]
    if based:
        notes.append(f"竖线：{_base_name(view)}" if view.zh else f"tick: {_base_name(view)}")
    several = len(plot.metrics) > 1
    columns = min(len(panels), 4 if len(panels) not in {5, 6} else 3)
    wide = WIDTH if columns == 1 else round((WIDTH - 20) / columns)
    room = max((width(row["label"]) for row in rows), default=0) * 7.0 + 14
    for row in rows:
        # The label stands clear of both the bar and the tick of the compared value.
        ends = [v for v in (row["value"], row["base"]) if v is not None]
        row["end"] = max(ends) if ends else None

    def layer(panel: str | None, *, labelled: bool = True) -> Any:
        mine = [row for row in rows if panel is None or row["panel"] == panel]
        low, high = _bar_domain([v for row in mine for v in (row["value"], row["base"]) if v is not None], room, wide)
        scale = alt.Scale(domain=[low, high], nice=False, zero=True)
        y_axis = alt.Axis() if labelled else None
        base = alt.Chart().encode(y=alt.Y("name:N", sort=names, title=None, axis=y_axis, scale=alt.Scale(paddingInner=0.28, paddingOuter=0.1)))
        x, end, zero = (alt.X(f, scale=scale, axis=None) for f in ("value:Q", "end:Q", "zero:Q"))
        tooltip = [alt.Tooltip("name:N", title=view.noun() or " "), alt.Tooltip("label:N", title=view.metric(plot.metrics[0]) if not several else " ")]
        layers = [
            base.transform_filter("isValid(datum.value)").mark_bar().encode(x=x, tooltip=tooltip),
            base.transform_filter("isValid(datum.value) && datum.value >= 0").mark_text(align="left", dx=6).encode(x=end, text="label:N"),
            base.transform_filter("isValid(datum.value) && datum.value < 0").mark_text(align="right", dx=-6).encode(x=x, text="label:N"),
            base.transform_filter("datum.mark != ''").mark_text(align="left", dx=4, style="quiet").encode(x=zero, text="mark:N", tooltip="why:N"),
        ]
        if based:
            layers.insert(1, base.transform_filter("isValid(datum.base)").mark_tick(style="base-tick", height=BAR_STEP * 0.8).encode(x=alt.X("base:Q", scale=scale, axis=None)))
        if low < 0:
            layers.append(base.mark_rule(style="zero").encode(x=zero, y=alt.Y()))
        return alt.layer(*layers).properties(width=wide, height=alt.Step(BAR_STEP))

    if columns == 1:
        return layer(None).properties(data=_inline(rows)), notes
    if not several:
        return layer(None).facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=columns, spacing=18, data=_inline(rows)), notes
    made = [
        layer(panel, labelled=index % columns == 0).transform_filter(alt.datum.panel == panel).properties(title=alt.TitleParams(panel, fontSize=12, offset=6))
        for index, panel in enumerate(panels)
    ]
    return alt.concat(*made, columns=columns, spacing=14, data=_inline(rows)), notes


def _inline(rows: list[Row]) -> Any:
    import altair as alt

    return alt.InlineData(values=rows)


def _bar_domain(numbers: list[float], room: float, wide: float) -> tuple[float, float]:
    """Return ends that hold zero, every bar, and `room` pixels beyond the longest for its label."""
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    span = (high - low) or 1.0
    free = max(wide - room * ((high > 0) + (low < 0)), wide * 0.3)
    beyond = span * room / free
    return (low - beyond if low < 0 else 0.0), (high + beyond if high > 0 or low == 0 else 0.0)


def _base_name(view: View) -> str:
    if isinstance(view.query.compare, MemberCompare):
        return view.named(view.query.compare.dimension, view.query.compare.base)
    base = view.table.base_period
    return "" if base is None else period_name(base, view.language, view.today, fiscal_start=view.fiscal_start)


# --------------------------------------------------------------------------- lines


def _units(view: View) -> list[str]:
    """Every unit of the asked period, so that one without rows is a gap and not a bridge."""
    seen = {view.period_key(row) for row in view.rows()}
    grain, period = view.query.grain, view.table.period
    if grain is not None and period is not None:
        seen |= {unit_start(u.start, grain, fiscal_start=view.fiscal_start).isoformat() for u in units_in(period, grain, fiscal_start=view.fiscal_start)}
    return sorted(seen)


def _line_rows(plot: _Plot, metric: str, units: list[str]) -> tuple[dict[str, list[Row]], int]:
    """Series by name, each with a datum for every unit; the largest at the end come first. Returns how many there were."""
    view, series = plot.view, dict[str, dict[str, Row]]()
    for row in view.rows():
        value, reason = view.number(row, metric, plot.role), view.hidden(row, metric, plot.role)
        name = " · ".join(view.named(column.name, view.cell(row, column.name)) for column in view.dimensions)
        label = "" if value is None else _short(value, view, metric, plot.role)
        mark = hidden_mark(reason, view.table.minimum_group) if reason else ""
        series.setdefault(name, {})[view.period_key(row)] = {
            "kind": "point", "t": view.period_key(row), "when": view.when(row), "series": name, "value": value, "label": label, "mark": mark, "why": _why(view, reason),
        }  # fmt: skip
    empty = {"kind": "point", "value": None, "label": "", "mark": "", "why": "", "when": ""}
    full = {name: [cells.get(t, empty | {"t": t, "series": name}) for t in units] for name, cells in series.items()}
    weight = {name: next((row["value"] for row in reversed(rows) if row["value"] is not None), float("-inf")) for name, rows in full.items()}
    chosen = sorted(full, key=lambda name: -weight[name])[:MOST_LINES]
    return {name: full[name] for name in chosen}, len(full)


def _lines(plot: _Plot) -> tuple[Any, list[str]]:
    import altair as alt

    view, units, notes = plot.view, _units(plot.view), []
    grain = view.query.grain or "month"
    ticks = units[:: -(-len(units) // MOST_TICKS)]
    shown = {t: tick_label(date.fromisoformat(t), grain, view.language, with_year=i == 0 or t[:4] != ticks[i - 1][:4]) for i, t in enumerate(ticks)}
    time = alt.X("t:O", sort=units, title=None, axis=alt.Axis(values=ticks, labelAngle=0, labelExpr=f"({json.dumps(shown, ensure_ascii=False)})[datum.value]", grid=False), scale=alt.Scale(type="point", padding=0.3))
    if _partial(view):
        notes.append("最后一段未满" if view.zh else f"the last {view.query.grain} is not complete")
    panels, values = [], []
    height = LINE_HEIGHT if len(plot.metrics) == 1 else LINE_HEIGHT * 0.6
    for metric in plot.metrics:
        series, total = _line_rows(plot, metric, units)
        if total > len(series):
            notes.append(f"画出 {len(series)} 条，共 {total} 条" if view.zh else f"{len(series)} of {total} lines")
        based = _base_line(view, metric, units) if not view.dimensions else []
        panel = metric_label(metric, view.names, view.language)
        numbers = [row["value"] for rows in series.values() for row in rows if row["value"] is not None]
        scale = axis([*numbers, *(row["value"] for row in based if row["value"] is not None)], from_zero=False, foot=2 * _LABEL_GAP / height)
        rows = [row for cells in series.values() for row in cells] + based + _end_labels(series, based, scale, height, units, view)
        values += [row | {"panel": panel} for row in rows]
        panels.append(_line_panel(view, metric, plot.role, time, scale, list(series), based=bool(based)).transform_filter(alt.datum.panel == panel)
                      .properties(width=WIDTH - (110 if view.dimensions or based else 30), height=height))  # fmt: skip
    if len(panels) == 1:
        return panels[0].properties(data=_inline(values)), notes
    titled = [p.properties(title=alt.TitleParams(metric_label(m, view.names, view.language), fontSize=12, offset=6)) for p, m in zip(panels, plot.metrics, strict=True)]
    return alt.vconcat(*titled, spacing=16, data=_inline(values)), notes


def _partial(view: View) -> bool:
    """Tell whether the last unit of a trend isn't over at the period's end, so that its point isn't read as a fall."""
    grain, period = view.query.grain, view.table.period
    if grain is None or period is None:
        return False
    return shift(unit_start(period.end - timedelta(days=1), grain, fiscal_start=view.fiscal_start), grain, 1) > period.end


def _line_names(view: View) -> tuple[str, str]:
    """What the asked and the compared line are called: each point has its own counterpart, so dates would mislead."""
    zh, en = {"previous_year": ("上年同期", "a year earlier"), "previous_period": ("上一期", "the period before")}.get(str(view.query.compare), ("对比期", "compared with"))
    return ("本期", zh) if view.zh else ("this period", en)


def _base_line(view: View, metric: str, units: list[str]) -> list[Row]:
    """The compared period's numbers, each at its counterpart's place."""
    if view.column(metric, "base") is None:
        return []
    name, found = _line_names(view)[1], {view.period_key(row): view.number(row, metric, "base") for row in view.rows()}
    said = {t: "" if value is None else _short(value, view, metric, "base") for t, value in found.items()}
    return [{"kind": "base", "t": t, "series": name, "value": found.get(t), "label": said.get(t, ""), "mark": "", "why": "", "when": name} for t in units]


def _end_labels(series: dict[str, list[Row]], based: list[Row], scale: Axis, height: float, units: list[str], view: View) -> list[Row]:
    """Names at the ends of lines, moved apart; of a lone line the first, last, highest and lowest numbers."""
    marks = _hidden_marks(series, units, view)
    if not view.dimensions and not based:
        told = [row for rows in series.values() for row in rows if row["value"] is not None]
        if not told:
            return marks
        high, low = max(told, key=lambda r: r["value"]), min(told, key=lambda r: r["value"])
        chosen = {row["t"]: row for row in (told[0], told[-1], high, low)}
        # A label stands on the side that the line leaves free.
        below = {low["t"]: low is not high, told[0]["t"]: len(told) > 1 and told[1]["value"] > told[0]["value"]}
        return marks + [
            {"kind": "low" if below.get(t, False) else "high", "t": t, "series": "", "value": row["value"], "y": row["value"], "label": row["label"], "mark": ""}
            for t, row in chosen.items()
        ]
    ends = []
    current = _line_names(view)[0] if based else ""
    for name, rows in [*series.items(), *([(based[0]["series"], based)] if based else [])]:
        last = next((row for row in reversed(rows) if row["value"] is not None), None)
        if last is not None:
            ends.append((name, last, "end" if last["kind"] == "point" else "base-end"))
    places = spread([scale.pixel(row["value"], height) for _, row, _ in ends], _LABEL_GAP, low=0, high=height)
    return marks + [
        {"kind": kind, "t": units[-1], "series": name, "value": row["value"], "y": scale.value(place, height), "label": f"{name or current} {row['label']}", "mark": ""}
        for (name, row, kind), place in zip(ends, places, strict=True)
    ]


def _hidden_marks(series: dict[str, list[Row]], units: list[str], view: View) -> list[Row]:
    """One mark a unit at the foot of the plot, naming the lines that have a gap there."""
    marks: list[Row] = []
    for t in units:
        gone = [row for rows in series.values() for row in rows if row["t"] == t and row["mark"]]
        if gone:
            who = "" if not view.dimensions else " ".join(row["series"] for row in gone) if len(gone) < 3 else f"{len(gone)} ×"
            marks.append({"kind": "mark", "t": t, "series": "", "value": None, "label": "", "mark": f"{who} {gone[0]['mark']}".strip(), "why": gone[0]["why"]})
    return marks


def _line_panel(view: View, metric: str, role: str, time: Any, scale: Axis, series: list[str], *, based: bool) -> Any:
    import altair as alt

    said = {tick: _short(tick, view, metric, role).replace(".0%", "%") for tick in scale.ticks}
    if all(word.endswith(".00") for word in said.values()):
        said = {tick: word.removesuffix(".00") for tick, word in said.items()}
    labels = "".join(f"abs(datum.value - {tick!r}) < 1e-9 ? {json.dumps(word, ensure_ascii=False)} : " for tick, word in said.items()) + "''"
    y_scale = alt.Scale(domain=[scale.low, scale.high], nice=False, zero=False)
    value_axis = alt.Axis(values=list(scale.ticks), labelExpr=labels.replace("abs(datum.value - 0.0)", "abs(datum.value)"), title=None)
    y = alt.Y("value:Q", scale=y_scale, axis=value_axis)
    base = alt.Chart().encode(x=time)
    coloured = bool(view.dimensions)
    colour = {"color": alt.Color("series:N", sort=series, scale=alt.Scale(domain=series), legend=None)} if coloured else {}
    tooltip = [alt.Tooltip("when:N", title=" "), *([alt.Tooltip("series:N", title=view.noun() or " ")] if coloured else []), alt.Tooltip("label:N", title=view.metric(metric))]
    points = base.transform_filter("datum.kind == 'point'")
    layers = [
        points.mark_line(invalid="break-paths-show-domains").encode(y=y, **colour),
        points.transform_filter("isValid(datum.value)").mark_point(opacity=1).encode(y=y, tooltip=tooltip, **colour),
        base.transform_filter("datum.kind == 'mark'").mark_text(style="quiet", baseline="bottom", dy=-2).encode(y=alt.value("height"), text="mark:N", tooltip="why:N"),
    ]
    at = alt.Y("y:Q", scale=y_scale, axis=value_axis)
    if based:
        layers.insert(0, base.transform_filter("datum.kind == 'base'").mark_line(style="base-line", invalid="break-paths-show-domains").encode(y=y))
        layers.append(base.transform_filter("datum.kind == 'base-end'").mark_text(align="left", dx=10, style="base-text").encode(y=at, text="label:N"))
    layers.append(base.transform_filter("datum.kind == 'end'").mark_text(align="left", dx=10).encode(y=at, text="label:N", **colour))
    if not coloured and not based:
        layers.append(base.transform_filter("datum.kind == 'high'").mark_text(dy=-11).encode(y=at, text="label:N"))
        layers.append(base.transform_filter("datum.kind == 'low'").mark_text(dy=13).encode(y=at, text="label:N"))
    return alt.layer(*layers)
