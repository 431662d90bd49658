"""The picture of an answer: a Vega-Lite spec made with Altair, or nothing where one number says all.

Trends become lines, groups horizontal bars from zero in the table's order, two dimensions panels. Titles are findings, labels stand at
what they name, hidden cells are gaps with their mark. The data inside are the disclosed rows, and nothing else.
"""

from __future__ import annotations

from typing import Any

from nlq.answers.explanation import filters_in_words
from nlq.answers.narration import Finding
from nlq.charts.bars import bars
from nlq.charts.layout import wrapped
from nlq.charts.lines import lines
from nlq.charts.parts import Plot, Row
from nlq.charts.style import Spec, config
from nlq.tables.formatting import header_unit, metric_label
from nlq.tables.periods import period_dates
from nlq.tables.view import View

_TITLE_COLUMNS, _SUBTITLE_COLUMNS = 78, 104


def chart(view: View, finding: Finding, *, small: bool = False) -> Spec | None:
    """Return the chart of a disclosed table, titled with its finding; None for one number, one row, or nothing that may be drawn."""
    role = "share" if view.query.share else "value"
    metrics = tuple(m for m in view.metrics if view.column(m, role) is not None and any(view.number(row, m, role) is not None for row in view.rows()))
    if len(view.table.rows) < 2 or not metrics:
        return None
    plot = Plot(view=view, metrics=metrics, role=role, small=small)
    periods = {view.period_key(row) for row in view.rows()} if view.has_period else set()
    by_time = view.query.grain is not None and len(periods) > 1 and not (view.query.order and view.query.order[0].by != "period")
    drawn, rows, notes = lines(plot) if by_time else bars(plot)
    return _finished(drawn, rows, view, finding, notes, metrics)


def _finished(drawn: Any, rows: list[Row], view: View, finding: Finding, notes: list[str], metrics: tuple[str, ...]) -> Spec:
    # Altair checks a spec against the schema in about 100 ms; tests do that, an answer need not wait for it.
    spec: Spec = drawn.to_dict(validate=False)
    spec["data"] = {"name": "answer", "values": rows}
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
    if view.table.period is not None and not view.timeless:
        parts.append(period_dates(view.table.period, view.language))
    return " · ".join([*parts, *notes])
