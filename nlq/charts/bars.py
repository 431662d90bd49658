"""Groups as horizontal bars from zero, in the table's order; two dimensions or several metrics as panels."""

from __future__ import annotations

from typing import Any

from governance.terms import MemberCompare
from nlq.charts.layout import width
from nlq.charts.parts import WIDTH, Plot, Row, answer_data, short, why
from nlq.tables.formatting import hidden_mark, metric_label, number
from nlq.tables.periods import period_name
from nlq.tables.view import View

BAR_STEP, MOST_BARS, MOST_PANELS = 26, 30, 8


def _bar_rows(plot: Plot) -> tuple[list[Row], bool]:
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
            label = "" if value is None else short(value, view, metric, plot.role)
            if change is not None and value is not None:
                label += f" ({_move(view, row, metric, change)})"
            mark = hidden_mark(reason, view.table.minimum_group) if reason else "—" if value is None else ""
            based = based or base is not None
            out.append({
                "name": " · ".join(words.values()) or panel, "panel": metric_label(metric, view.names, view.language) if len(plot.metrics) > 1 else panel,
                "value": value, "base": base, "label": ("≈" if style.approximate and label else "") + label, "mark": mark, "why": why(view, reason), "zero": 0,
            })  # fmt: skip
    return out, based


def _move(view: View, row: int, metric: str, change: float) -> str:
    """A rate's change in points, anything else's growth where there is one."""
    style, growth = view.style(metric, "change"), view.number(row, metric, "growth")
    if style.format == "pp" or growth is None:
        return number(change, style, view.language) + (" pp" if style.format == "pp" else "")
    return number(growth, view.style(metric, "growth"), view.language)


def _panel_dimension(view: View) -> str | None:
    """Of two dimensions the one with fewer members makes the panels; of one or many, none does."""
    if len(view.dimensions) != 2 or view.has_period:
        return None
    sizes = {column.name: len({view.cell(row, column.name) for row in view.rows()}) for column in view.dimensions}
    smallest = min(reversed(list(sizes)), key=lambda name: sizes[name])
    return smallest if 1 < sizes[smallest] <= MOST_PANELS and max(sizes.values()) > 1 else None


def bars(plot: Plot) -> tuple[Any, list[Row], list[str]]:
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
            base.transform_filter("isValid(datum.value) && datum.value >= 0").mark_text(align="left", dx=6).encode(x=end, text=alt.Text("label:N")),
            base.transform_filter("isValid(datum.value) && datum.value < 0").mark_text(align="right", dx=-6).encode(x=x, text=alt.Text("label:N")),
            base.transform_filter("datum.mark != ''").mark_text(align="left", dx=4, style="quiet").encode(x=zero, text=alt.Text("mark:N"), tooltip=alt.Tooltip("why:N")),
        ]
        if based:
            layers.insert(1, base.transform_filter("isValid(datum.base)").mark_tick(style="base-tick", height=BAR_STEP * 0.8).encode(x=alt.X("base:Q", scale=scale, axis=None)))
        if low < 0:
            layers.append(base.mark_rule(style="zero").encode(x=zero, y=alt.Y()))
        return alt.layer(*layers).properties(width=wide, height=alt.Step(BAR_STEP))

    if columns == 1:
        return layer(None).properties(data=answer_data()), rows, notes
    if not several:
        return layer(None).facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=columns, spacing=18, data=answer_data()), rows, notes
    made = [
        layer(panel, labelled=index % columns == 0).transform_filter(alt.datum.panel == panel).properties(title=alt.TitleParams(panel, fontSize=12, offset=6))
        for index, panel in enumerate(panels)
    ]
    return alt.concat(*made, columns=columns, spacing=14, data=answer_data()), rows, notes


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
