"""What of the question before can't be carried over to another metric: the cuts and conditions by which it can't be asked."""

from __future__ import annotations

from dataclasses import replace

from governance.terms import MemberCompare, MetricQuery, Text
from nlq.lexicon.lexicon import LexiconView


def carried(merged: MetricQuery, change: MetricQuery, view: LexiconView) -> tuple[MetricQuery, tuple[str, ...]]:
    """Return the query without the dimensions by which its metrics can't be asked, and those dimensions. What `change` says itself stays, to be refused.

    A prescribing measure keeps those that belong to persons: the gateway refuses it, and a total is no answer to it.
    """
    infos, dimensions = [view.lexicon.metrics[name] for name in merged.metrics], view.lexicon.dimensions
    said = {*change.group_by, *(item.dimension for item in change.where), *(keep.dimension for keep in change.keep)}
    if isinstance(change.compare, MemberCompare):
        said.add(change.compare.dimension)
    sold = any("prescribing" in info.tags for info in infos)
    before = {*merged.group_by, *(item.dimension for item in merged.where), *(keep.dimension for keep in merged.keep)}
    if isinstance(merged.compare, MemberCompare):
        before.add(merged.compare.dimension)

    def falls(name: str) -> bool:
        personal = sold and dimensions[name].about_person
        return name in before and name not in said and not personal and not all(name in info.dimensions for info in infos)

    fallen = tuple(name for name in dimensions if falls(name))
    if not fallen:
        return merged, ()
    left = replace(
        merged,
        group_by=tuple(name for name in merged.group_by if name not in fallen),
        where=tuple(item for item in merged.where if item.dimension not in fallen),
        keep=tuple(keep for keep in merged.keep if keep.dimension not in fallen),
        compare=None if isinstance(merged.compare, MemberCompare) and merged.compare.dimension in fallen else merged.compare,
    )
    if left.group_by or left.grain or isinstance(left.compare, MemberCompare):
        return left, fallen
    return replace(left, order=(), limit=None, share=False, having=()), fallen


def told(merged: MetricQuery, fallen: tuple[str, ...], view: LexiconView) -> tuple[Text, ...]:
    """Return what is said of the dimensions that fell, as assumptions."""
    if not fallen:
        return ()
    label = view.lexicon.metrics[merged.metrics[0]].label
    names = [view.lexicon.dimensions[name].label for name in fallen]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en.lower() for name in names)
    return (Text(zh=f"{label.zh}不能按{zh}看，不再沿用", en=f"{label.en} can't be asked by {en}, which is not carried over"),)


__all__ = ["carried", "told"]
