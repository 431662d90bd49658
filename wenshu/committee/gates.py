"""What stands between a draft and the door: validation, cases, a fresh impact report, approvals. Each gate says what is missing, in both languages."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from governance.access.mutants import always_asked
from governance.bundle.store import Approval, Draft
from governance.bundle.trees import Tree, laid_out
from governance.errors import BundleError, InvalidQuery, Problem
from governance.metrics.catalogue import Catalogue
from governance.terms import Text
from wenshu.committee.candidates import Candidate, Candidates, candidate_in
from wenshu.committee.cases import run_cases
from wenshu.committee.chinese import in_chinese
from wenshu.committee.differences import differences
from wenshu.committee.golden import Goldens, obstacles
from wenshu.committee.golden_views import Lexicons, shown, tried
from wenshu.committee.shapes import CasesView, DiffView, GoldenMetricView, GoldenQuestionView, ProblemView, Validation
from wenshu.validating import look_over

Remedy = Literal["impact", "accept_cases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Text):
    """What is missing, and the act that would mend it, if one would: each surface says in its own way how to do that."""

    remedy: Remedy | None = None


SKEW = dt.timedelta(minutes=5)
"""So far the clocks of the machines that share a home may differ; a report of a later instant is not believed."""
FRESH = dt.timedelta(days=7)
"""An impact report older than this must be made again."""
KEPT = 12


class Gates:
    """Looks at bundles for one home. What depends on bytes and day alone is worked out once. Safe for threads."""

    def __init__(self, *, today: Callable[[], dt.date], clock: Callable[[], dt.datetime]) -> None:
        self._today, self._clock = today, clock
        self.candidates = Candidates()
        self.lexicons = Lexicons()
        self._kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    def _once(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT * 3:
                self._kept.popitem(last=False)
        return made

    def validation(self, tree: Tree) -> Validation:
        """Return what is wrong with a bundle by itself."""
        today = self._today()

        def make() -> Validation:
            with laid_out(tree) as folder:
                found = look_over(folder, today=today)
            problems, warnings = ([_told(item) for item in items] for items in (found.problems, found.warnings))
            return {"ok": not problems, "problems": problems, "warnings": warnings}

        found: Validation = self._once(("validation", tree.version, today), make)
        return found

    def candidate(self, tree: Tree) -> Candidate:
        """Return the tree read far enough to judge by, or raise BundleError."""
        return self.candidates.of(tree)

    def cases(self, tree: Tree) -> CasesView:
        """Return the cases' verdict. Raises BundleError for a bundle that can't be read."""
        today = self._today()
        found: CasesView = self._once(("cases", tree.version, today), lambda: run_cases(self.candidate(tree), today=today))
        return found

    def inherited(self, before: Tree, after: Tree) -> frozenset[tuple[str, str]]:
        """Return the gaps in the cases (rule or role, change) that don't stop `after`: the bundle in force has them too, and the rule or role is as it was.

        Whether a rule is deleted or flipped, and its rows, masks, groups and rights, must be tested whatever its age.
        """
        try:
            old, was, now = self.cases(before), self.candidate(before).policy, self.candidate(after).policy
        except BundleError:
            return frozenset()
        known = {(item["rule"], item["change"]) for item in old["unnoticed"] if not always_asked(item["change"])}

        def same(name: str) -> bool:
            rules = [policy.rules[name].rule if name in policy.rules else None for policy in (was, now)]
            return rules[0] == rules[1] and was.roles.get(name) == now.roles.get(name)

        return frozenset((rule, change) for rule, change in known if same(rule))

    def metrics(self, before: Tree, after: Tree, catalogue_of: Callable[[Candidate], Catalogue]) -> Text | None:
        """Return what keeps the draft's metrics from going in force: not approved, or golden questions that are read otherwise. None: nothing."""
        return self._metrics(before, after, catalogue_of)[0]

    def golden(self, before: Tree, after: Tree, catalogue_of: Callable[[Candidate], Catalogue]) -> Sequence[GoldenMetricView]:
        """Return the golden questions of the metrics that the draft brings in or changes, and how each is read."""
        return self._metrics(before, after, catalogue_of)[1]

    def _metrics(self, before: Tree, after: Tree, catalogue_of: Callable[[Candidate], Catalogue]) -> tuple[Text | None, Sequence[GoldenMetricView]]:
        today = self._today()

        def make() -> tuple[Text | None, Sequence[GoldenMetricView]]:
            old, new = self.candidate(before), self.candidate(after)
            catalogue = catalogue_of(new)
            goldens = Goldens(old, new, catalogue, today=today, compiled=self.lexicons.of)
            shown_of = shown(goldens, new, self.lexicons.of(new, catalogue)) if goldens.changed or goldens.words_changed else []
            return next(obstacles(new, goldens, today=today), None), shown_of

        found: tuple[Text | None, Sequence[GoldenMetricView]] = self._once(("metrics", before.version, after.version, today), make)
        return found

    def tried(self, tree: Tree, metric: str, asked: Sequence[Mapping[str, Any]], catalogue_of: Callable[[Candidate], Catalogue]) -> list[GoldenQuestionView]:
        """Return how questions would be read as golden ones of a metric of the tree. Raises BundleError for a tree that can't be read."""
        with laid_out(tree) as folder:
            candidate = candidate_in(folder, tree)
        if metric not in candidate.catalogue.metrics:
            raise InvalidQuery(f"the draft has no metric {metric!r}")
        catalogue = catalogue_of(candidate)
        return tried(candidate.catalogue.metrics[metric], asked, catalogue=catalogue, lexicon=self.lexicons.of(candidate, catalogue), today=self._today())

    def diff(self, before: Tree, after: Tree) -> DiffView:
        """Return the differences in words. Raises BundleError."""
        today = self._today()
        key = ("diff", before.version, after.version, today)
        found: DiffView = self._once(key, lambda: differences(self.candidate(before), self.candidate(after), today=today))
        return found

    def fresh(self, draft: Draft, in_force: str) -> bool:
        """Return whether the draft's report was made of its content, against what is in force now, and not too long ago."""
        report = draft.impact
        if report is None or report.get("before") != in_force or report.get("after") != draft.content:
            return False
        age = self._clock() - dt.datetime.fromisoformat(str(report["made_at"]))
        return -SKEW <= age < FRESH


def signature(draft: Draft, tree: Tree) -> str | None:
    """Return what an approval of the draft signs: the hash over bundle, cases and impact report; None without a report."""
    if draft.impact is None:
        return None
    report = json.dumps(draft.impact, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    parts = {"bundle": tree.version, "cases": tree.part("cases"), "impact": hashlib.sha256(report.encode()).hexdigest()}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def holding(approvals: Sequence[Approval], *, signs: str | None, authors: Sequence[str], may_approve: Callable[[str], bool]) -> list[str]:
    """Return who has approved exactly this, is no author of it, and may still approve; each once."""
    return list(
        dict.fromkeys(item.approver for item in approvals if signs is not None and item.signs == signs and item.approver not in authors and may_approve(item.approver))
    )


def _told(problem: Problem) -> ProblemView:
    return {"where": problem.where, "message": problem.message, "text": {"zh": in_chinese(problem.message), "en": problem.message}}


def closed(validation: Validation, cases: CasesView | None, inherited: frozenset[tuple[str, str]] = frozenset()) -> Text | None:
    """Return why validation or cases keep the draft from going on, or None. `inherited`: gaps in the cases that don't stop it."""
    if not validation["ok"]:
        first = validation["problems"][0]
        count = len(validation["problems"])
        return Text(
            zh=f"策略包有 {count} 个问题，先改正：{first['where']}：{first['text']['zh']}", en=f"The bundle has {count} problems; mend them first: {first['where']}: {first['message']}"
        )
    if cases is None or cases["failures"]:
        failed = [item["id"] for item in cases["failures"]] if cases else []
        meant = cases is not None and all(item["accept_k"] is not None for item in cases["failures"])
        return Gate(
            zh=f"{len(failed)} 个用例未通过，需要新的预期：{'、'.join(failed[:5])}。",
            en=f"{len(failed)} policy cases fail and need a new expectation: {', '.join(failed[:5])}.",
            remedy="accept_cases" if meant else None,
        )
    left = [item for item in cases["unnoticed"] if (item["rule"], item["change"]) not in inherited]
    if left:
        first_mutant = left[0]["text"]
        untested = ", ".join(list(dict.fromkeys(item["rule"] for item in left))[:5])
        return Text(
            zh=f"没有用例检验这些规则：{untested}（如 {first_mutant['zh']}，仍全部通过）",
            en=f"No case tests these rules: {untested} ({first_mutant['en']}, and all cases stay green). Add cases under cases/",
        )
    return None


def missing_approvals(needed: int, have: Sequence[str]) -> Text | None:
    """Return that approvals are missing, or None."""
    if len(have) >= needed:
        return None
    en = "One approval by somebody other than the authors is needed" if needed == 1 else f"{needed} approvals by others than the authors are needed"
    return Text(zh=f"需要 {needed} 位作者以外的委员批准，现有 {len(have)} 位。", en=f"{en}; {len(have)} given so far.")


def stale(draft: Draft) -> Text:
    """Return that the impact report must be made (again)."""
    if draft.impact is None:
        return Gate(zh="还没有影响报告。", en="There is no impact report yet.", remedy="impact")
    return Gate(zh="影响报告已过时，请重做。", en="The impact report is out of date; make it again.", remedy="impact")


def as_json(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report as it will be kept: plain JSON data."""
    plain: dict[str, Any] = json.loads(json.dumps(report, ensure_ascii=False))
    return plain
