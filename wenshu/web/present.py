"""An answer's document made ready for a page: cells as text, hidden cells with their why, the quiet line. No number is computed here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.terms import Cell, Grain, Language, MinimumGroup, Text
from nlq.answers.display import DisplayTable
from nlq.tables.formatting import NO_VALUE, ONE, Scale, Style, column_scale, header_unit, hidden_mark, number
from nlq.tables.periods import unit_tick
from wenshu.web import charts
from wenshu.web.language import current, say
from wenshu.web.language import translate as _

_HAN = re.compile(r"[\u4e00-\u9fff]")
_ADDED = {"growth": "growth", "share": "percent", "rank": "rank", "p_value": "p_value"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column's heading; numbers stand on the right, their unit in the heading."""

    label: str
    unit: str | None
    numeric: bool
    protection: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A cell as text. `exact` is the unrounded number; `why` says why a cell is hidden or empty."""

    text: str
    numeric: bool
    exact: str | None = None
    why: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A metric as the answer used it, with who approved it where the reader's catalogue knows."""

    id: str
    label: str
    definition: str
    owner: str
    version: str
    approver: str | None
    approved_on: str | None
    caveat: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One answer on a page. `raw` is the document it came from."""

    raw: Mapping[str, Any]
    question: str | None
    asked_at: str | None
    status: str
    sentence: str
    heads: tuple[Head, ...] = ()
    rows: tuple[tuple[Shown, ...], ...] = ()
    hidden_count: int = 0
    chart: charts.Chart | None = None
    definitions: tuple[Definition, ...] = ()
    explanation: Mapping[str, Any] = field(default_factory=dict)
    language: Language = "zh"


def card(
    document: Mapping[str, Any],
    *,
    metrics: Mapping[str, Mapping[str, Any]],
    question: str | None = None,
    asked_at: str | None = None,
    table: DisplayTable | None = None,
    draw: bool = True,
) -> Card:
    """Return the card of an answer (contracts.md section 3).

    `metrics` are the reader's metric cards by id. `table` is the answer's table as the language engine displays it; an answer of the past has
    only its document, and is written from that. `draw`: with picture.
    """
    explanation = document.get("explanation") or {}
    columns: Sequence[Mapping[str, Any]] = document.get("columns") or ()
    language = _language(columns, explanation)
    sentence = str(explanation.get("summary") or "")
    heads, rows = _displayed(table) if table else _table(document, columns, language)
    spec = document.get("chart")
    return Card(
        raw=document,
        question=question,
        asked_at=asked_at,
        status=str(document.get("status")),
        sentence=sentence,
        heads=heads,
        rows=rows,
        hidden_count=len(document.get("suppressed") or ()),
        chart=charts.chart(spec, label=sentence.partition("\n")[0]) if isinstance(spec, dict) and draw else None,
        definitions=tuple(_definition(used, metrics) for used in explanation.get("metrics") or ()),
        explanation=explanation,
        language=language,
    )


def _language(columns: Sequence[Mapping[str, Any]], explanation: Mapping[str, Any]) -> Language:
    """The language that the answer was given in: that of its labels; numbers beside them are written alike."""
    words = [str(column.get("label", "")) for column in columns] or [str(explanation.get("summary") or "")]
    if not any(words):
        return current()
    return "zh" if any(_HAN.search(word) for word in words) else "en"


def _definition(used: Mapping[str, Any], metrics: Mapping[str, Mapping[str, Any]]) -> Definition:
    known = metrics.get(str(used["id"]), {})
    same = str(known.get("version")) == str(used.get("version"))  # the catalogue may have moved on since the answer
    approver = used.get("approver") or (known.get("approver_label") or known.get("approver") if same else None)
    approved = used.get("approved_on") or (known.get("approved_on") if same else None)
    return Definition(
        id=str(used["id"]),
        label=say(used.get("label") or known.get("label")) or str(used["id"]),
        definition=say(used.get("definition")),
        owner=say(used.get("owner")),
        version=str(used.get("version") or ""),
        approver=say(approver) or None,
        approved_on=str(approved) if approved else None,
        caveat=say(known.get("caveat")) or None,
    )


# ---------------------------------------------------------------------- the table


def style(column: Mapping[str, Any]) -> Style:
    """Return how a metric column's numbers are written, from the column's own description."""
    role = str(column["name"]).rpartition("__")[2] if "__" in str(column["name"]) else "value"
    unit = Text(zh=str(column["unit"]), en=str(column["unit"])) if column.get("unit") else None
    written = _ADDED.get(role) or str(column.get("format") or "decimal")
    signed = role in {"change", "growth", "ci_low", "ci_high"}
    if written == "percent" and role in {"change", "ci_low", "ci_high"}:
        return Style(format="pp", signed=True)
    return Style(format=written, signed=signed, unit=None if role in _ADDED else unit)


def _displayed(table: DisplayTable) -> tuple[tuple[Head, ...], tuple[tuple[Shown, ...], ...]]:
    heads = tuple(Head(label=c.label, unit=c.unit, numeric=c.numeric, protection=c.note) for c in table.columns)
    rows = tuple(
        tuple(
            Shown(
                text=cell.text,
                numeric=head.numeric,
                exact=repr(cell.raw) if head.numeric and isinstance(cell.raw, float) else None,
                why=cell.why or (_nothing() if head.numeric and cell.raw is None else None),
                hidden=cell.why is not None,
            )
            for cell, head in zip(row, heads, strict=True)
        )
        for row in table.rows
    )
    return heads, rows


def _nothing() -> str:
    return _("There is no value: nothing to divide by, or nothing happened.")


def _table(
    document: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], language: Language
) -> tuple[tuple[Head, ...], tuple[tuple[Shown, ...], ...]]:
    rows: Sequence[Sequence[Cell]] = document.get("rows") or ()
    hidden = {(item["row"], item["column"]): item for item in document.get("suppressed") or ()}
    grain = (document.get("query") or {}).get("grain")
    least = document.get("minimum_group")
    group = MinimumGroup(entity=str(least["entity"]), k=int(least["k"])) if least else None
    heads: list[Head] = []
    styles: list[tuple[Style | None, Scale]] = []
    for position, column in enumerate(columns):
        if column["kind"] != "metric":
            heads.append(Head(label=say(column["label"]), unit=None, numeric=False, protection=None))
            styles.append((None, ONE))
            continue
        how = style(column)
        scale = column_scale((row[position] for row in rows), how, language)
        unit = None if how.format in {"percent", "growth"} else header_unit(how, language, scale)
        protection = {"rounded": _("rounded"), "noisy": _("with protective noise")}.get(str(column.get("protection")))
        heads.append(Head(label=say(column["label"]), unit=unit, numeric=True, protection=protection))
        styles.append((how, scale))
    shown = tuple(
        tuple(
            _cell(value, column, how, scale, hidden.get((index, column["name"])), grain, language, group)
            for value, column, (how, scale) in zip(row, columns, styles, strict=True)
        )
        for index, row in enumerate(rows)
    )
    return tuple(heads), shown


def _cell(
    value: Cell,
    column: Mapping[str, Any],
    how: Style | None,
    scale: Scale,
    hidden: Mapping[str, Any] | None,
    grain: Grain | None,
    language: Language,
    group: MinimumGroup | None,
) -> Shown:
    if hidden is not None:
        small = hidden.get("reason") == "small_group"
        mark = hidden_mark(str(hidden.get("reason")), group)
        why = _("Fewer people than the smallest group that may be shown.") if small else _("Hidden so that a hidden neighbour can't be worked out.")
        return Shown(text=mark, numeric=True, why=why, hidden=True)
    if how is None:
        if column["kind"] == "period" and grain and value is not None:
            return Shown(text=_tick(value, grain), numeric=False)
        return Shown(text=NO_VALUE if value is None else str(value), numeric=False)
    if not isinstance(value, (int, float)):
        return Shown(text=NO_VALUE, numeric=True, why=_nothing())
    text = number(value, how, language, scale=scale)
    # The unit of a scaled column stands in its heading.
    text = text.removesuffix(scale.word) if scale.word else text
    return Shown(text=text, numeric=True, exact=repr(value) if isinstance(value, float) or scale.word else None)


def _tick(value: Cell, grain: Grain) -> str:
    try:
        return unit_tick(value, grain)
    except ValueError:
        return str(value)
