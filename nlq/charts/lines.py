"""Trends as lines: a place for every unit, names at the ends, gaps where cells are hidden or missing."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from governance.calendar import unit_start, units_in
from nlq.charts.layout import Axis, axis, spread, tick_label
from nlq.charts.parts import WIDTH, Plot, Row, answer_data, short, why
from nlq.tables.formatting import hidden_mark, metric_label
from nlq.tables.view import View

LINE_HEIGHT, MOST_LINES, MOST_TICKS, LABEL_GAP = 240, 8, 12, 15.0


def _units(view: View) -> list[str]:
    """Every unit of the asked period, so that one without rows is a gap and not a bridge."""
    seen = {view.period_key(row) for row in view.rows()}
    grain, period = view.query.grain, view.table.period
    if grain is not None and period is not None:
        seen |= {unit_start(u.start, grain, fiscal_start=view.fiscal_start).isoformat() for u in units_in(period, grain, fiscal_start=view.fiscal_start)}
    return sorted(seen)


def _line_rows(plot: Plot, metric: str, units: list[str]) -> tuple[dict[str, list[Row]], int]:
    """Series by name, each with a datum for every unit; the largest at the end come first. Returns how many there were."""
    view, series = plot.view, dict[str, dict[str, Row]]()
    for row in view.rows():
        value, reason = view.number(row, metric, plot.role), view.hidden(row, metric, plot.role)
        name = " · ".join(view.named(column.name, view.cell(row, column.name)) for column in view.dimensions)
        label = "" if value is None else short(value, view, metric, plot.role)
        mark = hidden_mark(reason, view.table.minimum_group) if reason else ""
        series.setdefault(name, {})[view.period_key(row)] = {
            "kind": "point", "t": view.period_key(row), "when": view.when(row), "series": name, "value": value, "label": label, "mark": mark, "why": why(view, reason),
            "open": view.in_part(row),
        }  # fmt: skip
    empty = {"kind": "point", "value": None, "label": "", "mark": "", "why": "", "when": "", "open": False}
    full = {name: [cells.get(t, empty | {"t": t, "series": name}) for t in units] for name, cells in series.items()}
    weight = {name: next((row["value"] for row in reversed(rows) if row["value"] is not None), float("-inf")) for name, rows in full.items()}
    chosen = sorted(full, key=lambda name: -weight[name])[:MOST_LINES]
    return {name: full[name] for name in chosen}, len(full)


def lines(plot: Plot) -> tuple[Any, list[Row], list[str]]:
    import altair as alt

    view, units, notes = plot.view, _units(plot.view), []
    grain = view.query.grain or "month"
    ticks = units[:: -(-len(units) // MOST_TICKS)]
    shown = {t: tick_label(date.fromisoformat(t), grain, view.language, with_year=i == 0 or t[:4] != ticks[i - 1][:4]) for i, t in enumerate(ticks)}
    time = alt.X("t:O", sort=units, title=None, axis=alt.Axis(values=ticks, labelAngle=0, labelExpr=f"({json.dumps(shown, ensure_ascii=False)})[datum.value]", grid=False), scale=alt.Scale(type="point", padding=0.3 if view.dimensions else 0.6))
    if view.unfinished:
        notes.append("虚线：最后一段未满" if view.zh else f"dashed: the last {view.query.grain} is not complete")
    if view.begun_late:
        notes.append("虚线：最前一段不完整" if view.zh else f"dashed: the first {view.query.grain} is there in part only")
    panels, values = [], []
    height = LINE_HEIGHT * (0.45 if plot.small else 1.0 if len(plot.metrics) == 1 else 0.6)
    for metric in plot.metrics:
        series, total = _line_rows(plot, metric, units)
        if total > len(series):
            notes.append(f"画出 {len(series)} 条，共 {total} 条" if view.zh else f"{len(series)} of {total} lines")
        based = _base_line(view, metric, units) if not view.dimensions else []
        panel = metric_label(metric, view.names, view.language)
        numbers = [row["value"] for rows in series.values() for row in rows if row["value"] is not None]
        scale = axis([*numbers, *(row["value"] for row in based if row["value"] is not None)], from_zero=False, foot=2 * LABEL_GAP / height)
        rows = [row for cells in series.values() for row in cells + _loose_ends(cells)] + based + _end_labels(series, based, scale, height, units, view)
        values += [row | {"panel": panel} for row in rows]
        panels.append(_line_panel(view, metric, plot.role, time, scale, list(series), based=bool(based)).transform_filter(alt.datum.panel == panel)
                      .properties(width=WIDTH - (110 if view.dimensions or based else 30), height=height))  # fmt: skip
    if len(panels) == 1:
        return panels[0].properties(data=answer_data()), values, notes
    titled = [p.properties(title=alt.TitleParams(metric_label(m, view.names, view.language), fontSize=12, offset=6)) for p, m in zip(panels, plot.metrics, strict=True)]
    return alt.vconcat(*titled, spacing=16, data=answer_data()), values, notes


def _loose_ends(cells: list[Row]) -> list[Row]:
    """The first or last piece of a line whose unit is there only in part: drawn apart, so that it isn't read as a rise or a fall."""
    told = [row for row in cells if row["value"] is not None]
    if len(told) < 2:
        return []
    first = [row | {"kind": "head"} for row in told[:2]] if told[0]["open"] else []
    return first + ([row | {"kind": "tail"} for row in told[-2:]] if told[-1]["open"] else [])


def _line_names(view: View) -> tuple[str, str]:
    """What the asked and the compared line are called: each point has its own counterpart, so dates would mislead."""
    zh, en = {"previous_year": ("上年同期", "a year earlier"), "previous_period": ("上一期", "the period before")}.get(str(view.query.compare), ("对比期", "compared with"))
    return ("本期", zh) if view.zh else ("this period", en)


def _base_line(view: View, metric: str, units: list[str]) -> list[Row]:
    """The compared period's numbers, each at its counterpart's place."""
    if view.column(metric, "base") is None:
        return []
    name, found = _line_names(view)[1], {view.period_key(row): view.number(row, metric, "base") for row in view.rows()}
    said = {t: "" if value is None else short(value, view, metric, "base") for t, value in found.items()}
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
    places = spread([scale.pixel(row["value"], height) for _, row, _ in ends], LABEL_GAP, low=0, high=height)
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

    said = {tick: short(tick, view, metric, role).replace(".0%", "%") for tick in scale.ticks}
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
        points.transform_filter("!datum.open").mark_line(invalid="break-paths-show-domains").encode(y=y, **colour),
        points.transform_filter("isValid(datum.value) && !datum.open").mark_point(opacity=1).encode(y=y, tooltip=tooltip, **colour),
        base.transform_filter("datum.kind == 'mark'").mark_text(style="quiet", baseline="bottom", dy=-2).encode(y=alt.value("height"), text=alt.Text("mark:N"), tooltip=alt.Tooltip("why:N")),
    ]
    loose = [kind for kind, there in (("head", view.begun_late), ("tail", view.unfinished)) if there]
    layers.extend(base.transform_filter(f"datum.kind == '{kind}'").mark_line(strokeDash=[2, 4]).encode(y=y, **colour) for kind in loose)
    if loose:
        layers.append(points.transform_filter("isValid(datum.value) && datum.open").mark_point(filled=False, opacity=1).encode(y=y, tooltip=tooltip, **colour))
    at = alt.Y("y:Q", scale=y_scale, axis=value_axis)
    if based:
        layers.insert(0, base.transform_filter("datum.kind == 'base'").mark_line(style="base-line", invalid="break-paths-show-domains").encode(y=y))
        layers.append(base.transform_filter("datum.kind == 'base-end'").mark_text(align="left", dx=10, style="base-text").encode(y=at, text=alt.Text("label:N")))
    layers.append(base.transform_filter("datum.kind == 'end'").mark_text(align="left", dx=10).encode(y=at, text=alt.Text("label:N"), **colour))
    if not coloured and not based:
        layers.append(base.transform_filter("datum.kind == 'high'").mark_text(dy=-11).encode(y=at, text=alt.Text("label:N")))
        layers.append(base.transform_filter("datum.kind == 'low'").mark_text(dy=13).encode(y=at, text=alt.Text("label:N")))
    return alt.layer(*layers)
