"""Drafts and activations as they are told, and the standing sentences of what can't be done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from governance.bundle.standing import Standing
from governance.bundle.store import Activation, Draft
from governance.bundle.trees import Tree
from governance.terms import Text
from wenshu.committee.cases import words
from wenshu.committee.shapes import (
    ActivationView,
    ApprovalView,
    CasesView,
    DiffView,
    DraftSummary,
    DraftView,
    FileView,
    GoldenMetricView,
    May,
    Validation,
)

CLOSED = Text(zh="这份草案已结束。", en="The draft is closed.")
NOT_DRAFT = Text(zh="只有草案可以提交；这一份已提交或已结束。", en="Only a draft can be submitted; this one was submitted or is closed.")
NOT_SUBMITTED = Text(zh="这份草案还没有提交，或已结束。", en="The draft has not been submitted, or is closed.")
OWN = Text(zh="不能批准自己写过或改过的草案，请另一位委员批准。", en="Nobody approves a draft that they wrote or changed; ask another member.")
ALREADY = Text(zh="您已批准这份草案。", en="You have approved it already.")
NOTHING_BEFORE = Text(zh="之前没有生效过的策略包。", en="There is no bundle that was in force before.")
ROLLED_BACK = Text(zh="刚刚已回退；要再换，请从历史中新建草案。", en="It was rolled back already; for another change begin a draft from the history.")
CLOCK_BEHIND = Text(
    zh="本机时钟早于已记录的步骤，期限无法判断；请先校准时钟（wenshu check）。", en="The machine's clock stands before steps that are recorded, so no term can be judged; set it right first (wenshu check)."
)
TOO_LATE = Text(zh="生效已超过 7 天；请从历史中新建草案。", en="It has been in force for more than 7 days; begin a draft from the history.")


def summary(draft: Draft, in_force: str) -> DraftSummary:
    """Return a draft's line. `outdated`: another bundle is in force than the one it began from."""
    return {
        "id": str(draft.id),
        "title": draft.title,
        "author": draft.author,
        "authors": list(draft.authors),
        "state": draft.state,
        "version": draft.content,
        "base": draft.base,
        "outdated": draft.state in ("draft", "submitted") and draft.base != in_force,
        "created_at": draft.created_at.isoformat(),
        "updated_at": draft.updated_at.isoformat(),
    }


def draft_view(
    line: DraftSummary,
    *,
    before: Tree,
    tree: Tree,
    validation: Validation,
    cases: CasesView | None,
    diff: DiffView | None,
    golden: Sequence[GoldenMetricView],
    impact: Mapping[str, Any] | None,
    fresh: bool,
    signs: str | None,
    approvals: Sequence[ApprovalView],
    needed: int | None,
    obstacles: Mapping[str, Text | None],
) -> DraftView:
    """Return a draft with everything that a page shows."""
    may: May = {
        "edit": obstacles["edit"] is None,
        "submit": obstacles["submit"] is None,
        "approve": obstacles["approve"] is None,
        "activate": obstacles["activate"] is None,
        "withdraw": obstacles["withdraw"] is None,
        "why_not": {name: words(text) for name, text in obstacles.items() if text is not None},
    }
    return {
        **line,
        "files": files(before, tree),
        "validation": validation,
        "cases": cases,
        "diff": diff,
        "golden": golden,
        "impact": impact,
        "impact_fresh": fresh,
        "signs": signs,
        "approvals": approvals,
        "approvals_needed": needed,
        "may": may,
    }


def files(before: Tree, tree: Tree) -> list[FileView]:
    """Return every file of either, with what became of it."""
    found: list[FileView] = []
    for path in sorted({*before.files, *tree.files}):
        was, now = before.files.get(path), tree.files.get(path)
        data = was if now is None else now
        change: Any = "same" if was == now else "added" if was is None else "removed" if now is None else "changed"
        found.append({"path": path, "sha256": hashlib.sha256(data or b"").hexdigest(), "bytes": len(data or b""), "change": change})
    return found


def activation_view(item: Activation, draft: Draft | None, approvers: Sequence[str], standing: Standing) -> ActivationView:
    """Return one activation of the history. One that a crash cut off before the pointer was replaced never took effect."""
    found: ActivationView = {
        "seq": item.seq,
        "version": item.version,
        "previous": item.previous,
        "draft": None if item.draft is None else str(item.draft),
        "approved_by": list(dict.fromkeys(approvers)),
        "by": item.actor,
        "kind": item.kind,
        "at": item.at.isoformat(),
        "took_effect": item.stands or item.seq == standing.seq,
        "stands": item.seq == standing.seq,
    }
    if draft is not None:
        found["title"], found["author"] = draft.title, draft.author
    return found
