"""What an answer may tell of the fact rows it rests on, in words and as data: rows used, rows without a match.

Beside the gateway, since what metrics counted goes through disclosure control here. A count of rows is told only where it gives away no more than the table: not for blurred metrics, not
beside a hidden cell, and never a few rows, or many rows of a few persons. That there is no row without a match is always told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from governance.terms import UNKNOWN, FactRows, Language, Measured, Note, Text

Hidden = Mapping[tuple[int, str], str]
_SIDES: Mapping[str, Text] = {
    "numerator": Text(zh="分子", en="numerator"),
    "denominator": Text(zh="分母", en="denominator"),
    "input": Text(zh="输入", en="input"),
    "exposure": Text(zh="接触记录", en="exposure"),
    "all_numerator": Text(zh="全体的分子", en="numerator of all"),
    "all_denominator": Text(zh="全体的分母", en="denominator of all"),
}


def reconciled(measured: Measured, hidden: Hidden, k: int) -> Measured:
    """Return the table with the row counts that may be told, and a note that says them. `hidden`: the cells that are; `k`: the minimum group."""
    if not measured.facts:
        return measured
    facts = tuple(_tellable(item, measured, hidden, k) for item in measured.facts)
    return replace(measured, facts=facts, notes=(*measured.notes, *rows_in_words(facts, {column.name: column.label for column in measured.columns})))


# --------------------------------------------------------------------------- what may be told


def _tellable(item: FactRows, measured: Measured, hidden: Hidden, k: int) -> FactRows:
    bare = replace(item, persons={})
    if not item.personal or k <= 1:
        return bare
    columns = {column.name for column in measured.columns if column.metric == item.metric}
    blurred = any(column.metric == item.metric and column.protection != "exact" for column in measured.columns)
    if blurred or any(name in columns for _, name in hidden):
        return replace(bare, rows=None, unmatched=_only_zero(item.unmatched), unknown=_only_zero(item.unknown))
    unmatched = {way: count if _many(item, way, measured, k) else None for way, count in item.unmatched.items()}
    return replace(bare, rows=_enough(item.rows, k), unmatched=unmatched, unknown={name: _enough(count, k) for name, count in item.unknown.items()})


def _only_zero(counts: Mapping[str, int | None]) -> dict[str, int | None]:
    return {name: 0 if count == 0 else None for name, count in counts.items()}


def _enough(count: int | None, k: int) -> int | None:
    """Fewer rows than k are of fewer than k persons."""
    return None if count is not None and 0 < count < k else count


def _many(item: FactRows, way: str, measured: Measured, k: int) -> bool:
    """Return whether at least k persons are behind the unmatched rows and behind the others, or no row is unmatched."""
    if item.unmatched[way] == 0:
        return True
    lost = item.persons.get(way) or 0
    if lost < k:
        return False
    name = item.metric if item.of == "asked" else f"{item.metric}__base"
    places = [at for at, column in enumerate(measured.columns) if column.kind == "dimension"]
    known = [
        counts.get(name) or 0 for row, counts in zip(measured.rows, measured.contributors, strict=True) if all(row[at] != UNKNOWN for at in places)
    ]
    least = max(known, default=0)
    return least >= k if places else least - lost >= k


# --------------------------------------------------------------------------- as data and in words


def rows_to_json(facts: Sequence[FactRows], language: Language) -> list[dict[str, Any]]:
    """Return the counts as the answer's `explanation.rows`; null is what is not told."""
    return [
        {
            "metric": item.metric, "side": item.side, "of": item.of, "fact": item.label[language], "table": item.table,
            "rows": item.rows, "last": item.last, "unmatched": dict(item.unmatched), "unknown": dict(item.unknown),
        }
        for item in facts
    ]  # fmt: skip


def rows_in_words(facts: Sequence[FactRows], labels: Mapping[str, Text]) -> tuple[Note, ...]:
    """Return a note for each number of rows of each fact; `labels` are the metrics' names, said where two numbers of one fact must be told apart."""
    alike: dict[tuple[object, ...], list[FactRows]] = {}
    for item in facts:
        if item.of == "asked" or any(count != 0 for count in item.unmatched.values()):
            alike.setdefault((item.of, item.table, item.rows, item.last, tuple(item.unmatched.items())), []).append(item)
    several = {table for _, table, *_ in alike if sum(key[0] == "asked" and key[1] == table for key in alike) > 1}
    return tuple(_note(items, labels, named=items[0].table in several) for items in alike.values())


def _note(items: Sequence[FactRows], labels: Mapping[str, Text], *, named: bool) -> Note:
    item = items[0]
    zh, en = [], []
    whose = _whose(items, labels) if named else Text(zh="", en="")
    of = Text(zh="对比期，", en="Compared period, ") if item.of == "compared" else Text(zh="", en="")
    if item.rows is None:
        zh.append(f"{of.zh}“{item.label.zh}”的行数{whose.zh}不给出，以免推算出受保护的数")
        en.append(f"{of.en}{item.label.en}{whose.en}: the number of rows is not told, since it would give away what is protected")
    else:
        last = Text(zh="最后一段", en=" in the last row of time") if item.last else Text(zh="", en="")
        zh.append(f"{of.zh}“{item.label.zh}”{last.zh}使用了 {item.rows:,} 行{whose.zh}")
        en.append(f"{of.en}{item.label.en}{whose.en}: {item.rows:,} {'row' if item.rows == 1 else 'rows'} used{last.en}")
    matched: list[Text] = []
    for way, count in item.unmatched.items():
        other = item.labels[way]
        if count is None:
            zh.append(f"其中有行没有对应的“{other.zh}”，归入“{UNKNOWN}”，行数不给出")
            en.append(f"some of them, not told how many, without a match in {other.en}, which are in the unknown group")
        elif count > 0:
            zh.append(f"其中 {count:,} 行没有对应的“{other.zh}”，归入“{UNKNOWN}”")
            en.append(f"{count:,} of them without a match in {other.en}; {'it is' if count == 1 else 'they are'} in the unknown group")
        elif item.rows != 0:
            matched.append(other)
    if matched:
        zh.append(f"都有对应的{'、'.join(f'“{other.zh}”' for other in matched)}")
        en.append(f"all matched in {', '.join(other.en for other in matched)}")
    unmatched = any(count != 0 for count in item.unmatched.values())
    return Note(code="unmatched" if unmatched else "rows", text=Text(zh="，".join(zh) + "。", en=", ".join(en) + "."))


def _whose(items: Sequence[FactRows], labels: Mapping[str, Text]) -> Text:
    zh, en = [], []
    for item in items:
        label, side = labels.get(item.metric, Text(zh=item.metric, en=item.metric)), _SIDES.get(item.side)
        zh.append(label.zh if side is None else f"{label.zh}的{side.zh}")
        en.append(label.en if side is None else f"{label.en}, {side.en}")
    return Text(zh=f"（{'、'.join(dict.fromkeys(zh))}）", en=f" ({'; '.join(dict.fromkeys(en))})")
