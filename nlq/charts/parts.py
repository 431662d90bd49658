"""What bars and lines share: the column that is drawn, its labels and marks, the data that goes into the spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nlq.tables.formatting import number, scale_for
from nlq.tables.view import View

WIDTH = 600
Row = dict[str, Any]
"""A datum: what a mark needs to know of one cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is drawn: one metric's column, or several metrics as panels."""

    view: View
    metrics: tuple[str, ...]
    role: str
    small: bool = False
    """Beside a single number: as high as a few lines of text."""


def short(value: float, view: View, metric: str, role: str) -> str:
    style = view.style(metric, role)
    scale = scale_for(value, style, view.language)
    return number(value, style, view.language) + (f" {scale.word}" if scale.word else "")


def why(view: View, reason: str | None) -> str:
    if reason is None:
        return ""
    k = view.table.minimum_group.k
    if reason == "small_group":
        return f"少于 {k} 人，不显示" if view.zh else f"fewer than {k} people, not shown"
    return "为保护其他小组而不显示" if view.zh else "hidden to protect other small groups"


def answer_data() -> Any:
    """The data by name: the rows are put beside it at the end, so that Altair needn't copy them through every layer."""
    import altair as alt

    return alt.NamedData(name="answer")
