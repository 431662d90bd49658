"""The one sentence that answers, in Chinese or English, for every shape of MetricQuery.

It is told from a disclosed table only. The change and the rank of a single number come from companion tables (nlq/answers/companions.py).
Every sentence also says what is hidden, what is approximate and the metric's own caveat.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.terms import Filter, MemberCompare
from nlq.answers.telling import shape
from nlq.tables.formatting import glue, listed, value_label
from nlq.tables.periods import period_name
from nlq.tables.view import NOTHING_BESIDE, Beside, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an answer found: a `sentence` for readers, and `headline`, the same without period and scope, for a chart's title."""

    sentence: str
    headline: str


def find(view: View, beside: Beside = NOTHING_BESIDE) -> Finding:
    """Return the sentence that answers the view's question, and the headline of its chart."""
    clauses = shape(view, beside)
    said = ("；" if view.zh else "; ").join(clause.text(zh=view.zh) for clause in clauses)
    where = setting(view)
    if view.zh:
        said = f"{where}，{said}" if where and (said[0].isdigit() or where.endswith("日")) else glue(where, said)
    elif where:
        said = f"{where}{', ' if ': ' in said else ': '}{said}"
    sentences = [_capital(said) + ("。" if view.zh else "."), *_asides(view)]
    return Finding(sentence=("" if view.zh else " ").join(sentences), headline=_capital(clauses[0].body))


def setting(view: View) -> str:
    """Where and when: `华东 10 月`, `East, October`. The period is left to the rows where they are periods themselves."""
    period = view.table.period
    when = "" if period is None or view.has_period or view.timeless else period_name(period, view.language, view.today, fiscal_start=view.fiscal_start)
    parts = [part for part in (scope(view), when) if part]
    if not view.zh:
        return ", ".join(parts)
    plain = not parts or (" " not in parts[0] and not parts[0].startswith("不含") and "为" not in parts[0])
    return glue(*parts) if plain or len(parts) == 1 else "，".join(parts)


def scope(view: View) -> str:
    """The filters in words: `华东、华南`, `华东（不含微信）`, `East, excluding WeChat`; long lists are counted."""
    compared = view.query.compare.dimension if isinstance(view.query.compare, MemberCompare) else None
    kept = {keep.dimension for keep in view.query.keep}
    shown = [f for f in view.query.where if f.dimension not in kept and (f.dimension != compared or f.op == "not_in")]
    within, without = ([_filter_words(f, view) for f in shown if f.op == op] for op in ("in", "not_in"))
    if not view.zh:
        return ", ".join([*within, *(f"excluding {words}" for words in without)])
    bare = all(" " not in words and "为" not in words for words in within)
    left_out = f"不含{'、'.join(without)}" if without else ""
    if not within:
        return left_out
    return ("" if bare else "，").join(within) + (f"（{left_out}）" if left_out else "")


def _filter_words(condition: Filter, view: View) -> str:
    """The values of one filter; those that say nothing alone (`A`, `是`) follow their dimension's name."""
    values = [value_label(condition.dimension, value, view.names, view.language) for value in condition.values[:3]]
    rest = len(condition.values) - len(values)
    words = listed(values, view.language) if not rest else f"{'、'.join(values)}等 {len(condition.values)} 个" if view.zh else f"{', '.join(values)} and {rest} more"
    named = view.named(condition.dimension, condition.values[0])
    if named == values[0]:
        return words
    own = named[: named.rindex(values[0])]
    known = view.names.dimensions.get(condition.dimension)
    boolean = known is not None and known.type == "boolean"
    return f"{own.rstrip()}{'为' if view.zh else ': '}{words}" if boolean else f"{own}{words}"


# --------------------------------------------------------------------------- what every sentence adds


def _asides(view: View) -> list[str]:
    """Hidden cells and groups, and the metrics' own caveats, each a sentence of its own."""
    said = []
    hidden = len({cell.row for cell in view.table.hidden})
    k = view.table.minimum_group.k
    if hidden:
        said.append(f"另有 {hidden} 行因人数少于 {k} 或为保护它们而不显示。" if view.zh else f"{hidden} {'row is' if hidden == 1 else 'rows are'} hidden: fewer than {k} people, or hidden to protect those.")
    if view.table.hidden_groups:
        count = view.table.hidden_groups
        said.append(f"{count} 个组人数不足，未参与排序，也未列出。" if view.zh else f"{count} {'group' if count == 1 else 'groups'} with too few people {'is' if count == 1 else 'are'} not ranked and not listed.")
    for metric in view.metrics:
        known = view.names.metrics.get(metric)
        if known is not None and known.caveat is not None:
            text = known.caveat.text()[view.language].rstrip("。. ")
            said.append(f"注意：{text}。" if view.zh else f"Note: {text}.")
    return said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
