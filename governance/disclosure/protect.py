"""Small-cell suppression over one answer (domain.md section 5: minimum groups count distinct persons, in every arm).

Primary: a cell resting on fewer than k distinct persons is hidden, an empty cell included, since a shown zero would tell as much.
Secondary: what is computed from a hidden cell is hidden with it (change, growth, share, rank); and where shares give the total away, so many further cells
are hidden that the hidden ones together hold at least k persons and are at least two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from governance.terms import Cell, Column, Measured, MinimumGroup

SMALL, COMPLEMENTARY = "small_group", "complementary"
Hidden = dict[tuple[int, str], str]
"""(row of the measured table, column name) → why it is hidden."""

_DERIVED = ("__change", "__growth", "__ci_low", "__ci_high", "__p_value")


def _base_name(column: Column) -> str:
    return column.metric or column.name


def _too_small(count: int | None, k: int) -> bool:
    return count is not None and count < k


def _primary(measured: Measured, k: int) -> Hidden:
    hidden: Hidden = {}
    for index, contributors in enumerate(measured.contributors):
        for column in measured.columns:
            if column.kind != "metric":
                continue
            if column.name not in contributors:
                # A metric cell without a count of persons was not accounted for: fail closed.
                hidden[index, column.name] = SMALL
            elif _too_small(contributors[column.name], k):
                hidden[index, column.name] = SMALL
    return hidden


def _with_dependants(measured: Measured, hidden: Hidden) -> Hidden:
    names = {column.name for column in measured.columns if column.kind == "metric"}
    out = dict(hidden)
    for (index, name), reason in hidden.items():
        metric = next(_base_name(c) for c in measured.columns if c.name == name)
        if name in (metric, f"{metric}__base"):
            for suffix in _DERIVED:
                if metric + suffix in names:
                    out.setdefault((index, metric + suffix), reason)
        if name == metric and f"{metric}__share" in names:
            out.setdefault((index, f"{metric}__share"), reason)
        if name == f"{metric}__share":
            out.setdefault((index, metric), reason)
        if name.endswith(_DERIVED):
            for suffix in _DERIVED:
                if metric + suffix in names:
                    out.setdefault((index, metric + suffix), reason)
            # One arm is too small. Where neither side stands in a column of its own, the metric is the difference itself.
            if not {(index, metric), (index, f"{metric}__base")} & set(hidden):
                out.setdefault((index, metric), reason)
    return out


_COUNTED = frozenset({"integer"})


def _beside_hidden_counts(measured: Measured, hidden: Hidden) -> Hidden:
    """Hide the ratios of a row in which a count of persons' facts is hidden: a shown count times a shown ratio would be the hidden one."""
    out = dict(hidden)
    columns = [column for column in measured.columns if column.kind == "metric"]
    if len({_base_name(column) for column in columns}) < 2:
        return out
    for index, contributors in enumerate(measured.contributors):
        if any((index, column.name) in hidden and column.format in _COUNTED for column in columns):
            for column in columns:
                if column.format not in _COUNTED and contributors.get(column.name) is not None:
                    out.setdefault((index, column.name), COMPLEMENTARY)
    return out


def _share_groups(measured: Measured) -> Mapping[Cell, list[int]]:
    """Rows whose shares are of one total: those of the same period."""
    at = next((j for j, column in enumerate(measured.columns) if column.kind == "period"), None)
    groups: dict[Cell, list[int]] = defaultdict(list)
    for index, row in enumerate(measured.rows):
        groups[None if at is None else row[at]].append(index)
    return groups


def _complementary(measured: Measured, hidden: Hidden, k: int) -> Hidden:
    out = dict(hidden)
    names = [column.name for column in measured.columns]
    for name in names:
        if not name.endswith("__share"):
            continue
        metric = name.removesuffix("__share")
        for rows in _share_groups(measured).values():
            gone = [i for i in rows if (i, metric) in out]
            left = sorted(
                (i for i in rows if (i, metric) not in out),
                key=lambda i: (measured.contributors[i].get(metric) or 0, [str(cell) for cell in measured.rows[i][:2]]),
            )
            persons = sum(measured.contributors[i].get(metric) or 0 for i in gone)
            while gone and left and (len(gone) < 2 or persons < k):
                index = left.pop(0)
                gone.append(index)
                persons += measured.contributors[index].get(metric) or 0
                out[index, metric] = COMPLEMENTARY
    return out


def protect(measured: Measured, group: MinimumGroup) -> Hidden:
    """Return the cells of `measured` to hide. k of 0 or 1 hides nothing; a metric cell without a person count is hidden."""
    if group.k <= 1:
        return {}
    hidden = _with_dependants(measured, _beside_hidden_counts(measured, _primary(measured, group.k)))
    return _with_dependants(measured, _complementary(measured, hidden, group.k))


def all_hidden(columns: tuple[Column, ...], count: int, hidden: Mapping[tuple[int, str], str]) -> bool:
    """Return whether a table of `count` rows has metric cells and every one of them is hidden."""
    names = [column.name for column in columns if column.kind == "metric"]
    return bool(count and names) and all((index, name) in hidden for index in range(count) for name in names)
