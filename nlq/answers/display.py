"""An answer's table as a page shows it: text in every cell, units in the headers, marks with their reasons."""

from __future__ import annotations

from dataclasses import dataclass

from governance.terms import Cell, Column, Language, Text
from nlq.answers.answer import Answer
from nlq.tables.formatting import (
    NO_VALUE,
    ONE,
    Names,
    Scale,
    Style,
    column_scale,
    header_unit,
    hidden_mark,
    number,
    style_of,
    value_label,
)
from nlq.tables.periods import unit_tick

_WHY = {
    "small_group": Text(zh="少于 {k} 人，为避免识别到个人而不显示", en="fewer than {k} people, hidden so that no one can be singled out"),
    "complementary": Text(zh="一并隐去，否则能推算出人数过少的小组", en="hidden as well, since it would give a small group away"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayColumn:
    """A header. `numeric` columns are right-aligned in tabular figures; `note` says that the numbers were rounded or noised."""

    name: str
    label: str
    unit: str | None
    numeric: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayCell:
    """A cell's text. A hidden one has its mark as text and `why` for hover and focus; `raw` is the exact value, None where hidden."""

    text: str
    raw: Cell = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayTable:
    """Headers and rows of equal length."""

    columns: tuple[DisplayColumn, ...]
    rows: tuple[tuple[DisplayCell, ...], ...]


def display_rows(answer: Answer, names: Names, language: Language) -> DisplayTable:
    """Return the answer's table for people, in either language, whatever language it was asked in."""
    written = [_written(index, column, answer, names, language) for index, column in enumerate(answer.columns)]
    hidden = {(cell.row, cell.column): cell.reason for cell in answer.suppressed}
    rows = []
    for at, row in enumerate(answer.rows):
        cells = []
        for index, column in enumerate(answer.columns):
            reason = hidden.get((at, column.name))
            style, scale = written[index]
            cells.append(_hidden(reason, answer, language) if reason else _shown(row[index], column, style, scale, answer, names, language))
        rows.append(tuple(cells))
    return DisplayTable(columns=tuple(_header(c, *written[i], language) for i, c in enumerate(answer.columns)), rows=tuple(rows))


def _written(index: int, column: Column, answer: Answer, names: Names, language: Language) -> tuple[Style, Scale]:
    if column.kind != "metric":
        return Style(format="text"), ONE
    style = style_of(column, names)
    return style, column_scale([row[index] for row in answer.rows], style, language)


def _header(column: Column, style: Style, scale: Scale, language: Language) -> DisplayColumn:
    notes = {"rounded": Text(zh="已取整", en="rounded"), "noisy": Text(zh="含保护性噪声", en="with protective noise")}
    note = notes[column.protection][language] if column.protection in notes else None
    unit = header_unit(style, language, scale) if column.kind == "metric" else None
    return DisplayColumn(name=column.name, label=column.label[language], unit=unit, numeric=column.kind == "metric", note=note)


def _hidden(reason: str, answer: Answer, language: Language) -> DisplayCell:
    group = answer.minimum_group
    why = _WHY.get(reason, _WHY["complementary"])[language].format(k=group.k if group else "")
    return DisplayCell(text=hidden_mark(reason, group), why=why)


def _shown(value: Cell, column: Column, style: Style, scale: Scale, answer: Answer, names: Names, language: Language) -> DisplayCell:
    if column.kind == "period":
        grain = answer.query.grain if answer.query else None
        return DisplayCell(text=unit_tick(value, grain) if grain and value is not None else str(value or NO_VALUE), raw=value)
    if column.kind == "dimension":
        return DisplayCell(text=value_label(column.name, value, names, language), raw=value)
    if not isinstance(value, (int, float)):
        return DisplayCell(text=NO_VALUE)
    return DisplayCell(text=("≈" if style.approximate else "") + number(float(value), style, language, scale=scale), raw=value)
