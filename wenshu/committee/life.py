"""Draft → submit → approve → activate → roll back: who may do which step when, and the record of it before it takes effect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit import AuditError
from governance.bundle.loading import Bundle
from governance.bundle.standing import Standing
from governance.bundle.store import Activation, Draft, Kind
from governance.bundle.trees import Tree, write_tree
from governance.errors import BundleError, ConfigurationError, WenshuError
from governance.metrics.catalogue import Catalogue
from governance.terms import Actor, Text
from wenshu.committee import views
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words
from wenshu.committee.chinese import in_chinese
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused, GateClosed
from wenshu.committee.gates import SKEW, closed, holding, missing_approvals, signature, stale
from wenshu.committee.impact import Progress, impact_of
from wenshu.committee.members import NOT_MEMBER, Members
from wenshu.committee.shapes import ActivationView, DraftSummary, DraftView, GoldenMetricView, HistoryView

ROLLBACK = dt.timedelta(days=7)
PROOF_SAMPLE = 500


def _nothing(_before: Bundle, _after: Bundle) -> Sequence[Text]:
    return ()


class Life(Members):
    """The steps of a bundle's life in one home."""

    unassessed: Callable[[Bundle, Bundle], Sequence[Text]] = staticmethod(_nothing)
    """Names of the impact assessments without which a bundle may not follow another; set where the room is opened over a home."""

    # ------------------------------------------------------------------ views

    def summary(self, draft: Draft, in_force: str) -> DraftSummary:
        """Return a draft's line."""
        return views.summary(draft, in_force)

    def view(self, actor: Actor, draft: Draft) -> DraftView:
        """Return everything about a draft."""
        _, before = self.in_force()
        tree = self.store.tree(draft.content)
        validation = self.gates.validation(tree)
        cases = diff = None
        golden: Sequence[GoldenMetricView] = ()
        if validation["ok"]:
            known = self.gates.inherited(before, tree)
            cases, diff = self.gates.cases(tree), self.gates.diff(before, tree)
            cases = {**cases, "unnoticed": [{**item, "inherited": (item["rule"], item["change"]) in known} for item in cases["unnoticed"]]}
            golden = self.gates.golden(before, tree, self._catalogue)
        signs = signature(draft, tree)
        given = self.store.approvals(draft.id)
        have = holding(given, signs=signs, authors=draft.authors, may_approve=self.may_approve)
        needed = None if diff is None else diff["approvals_needed"]
        fresh = self.gates.fresh(draft, before.version)
        obstacles = {
            "edit": None if draft.state in ("draft", "submitted") else views.CLOSED,
            "withdraw": None if draft.state in ("draft", "submitted") else views.CLOSED,
            "submit": self._submit_obstacle(draft, tree),
            "approve": self._approve_obstacle(actor, draft, tree, have, fresh=fresh),
            "activate": self._activate_obstacle(draft, tree, have, needed or 2, fresh=fresh),
        }
        return views.draft_view(
            views.summary(draft, before.version),
            before=before,
            tree=tree,
            validation=validation,
            cases=cases,
            diff=diff,
            golden=golden,
            impact=draft.impact,
            fresh=fresh,
            signs=signs,
            approvals=[{"by": item.approver, "at": item.at.isoformat(), "signs": item.signs, "holds": item.approver in have and item.signs == signs} for item in given],
            needed=needed,
            obstacles=obstacles,
        )

    def told_history(self) -> HistoryView:
        """Return what stands and how it came to."""
        standing, tree = self.in_force()
        target, why_not = self._rollback_target()
        return {
            "in_force": tree.version,
            "seq": standing.seq,
            "activations": [self._activation_view(item, standing) for item in self.store.activations()],
            "drafts": [views.summary(draft, tree.version) for draft in self.store.drafts()],
            "rollback": target,
            "rollback_why_not": None if why_not is None else words(why_not),
            "alarm": self._alarm(),
        }

    def _activation_view(self, item: Activation, standing: Standing) -> ActivationView:
        draft = None if item.draft is None else self.store.draft(item.draft)
        approvers = [approval.approver for approval in self.store.approvals(draft.id)] if draft else []
        return views.activation_view(item, draft, approvers, standing)

    # ------------------------------------------------------------------ obstacles

    def _gate(self, tree: Tree) -> Text | None:
        validation, before = self.gates.validation(tree), self.in_force()[1]
        if not validation["ok"]:
            return closed(validation, None)
        return closed(validation, self.gates.cases(tree), self.gates.inherited(before, tree)) or self.gates.metrics(before, tree, self._catalogue)

    def _catalogue(self, candidate: Candidate) -> Catalogue:
        """Return the candidate's catalogue with the values of the loaded data, where the two fit."""
        try:
            active = self._evidence.active(candidate.bundle)
        except WenshuError:
            return candidate.catalogue
        return candidate.catalogue if active is None else active.catalogue

    def _submit_obstacle(self, draft: Draft, tree: Tree) -> Text | None:
        return views.NOT_DRAFT if draft.state != "draft" else self._gate(tree)

    def _approve_obstacle(self, actor: Actor, draft: Draft, tree: Tree, have: list[str], *, fresh: bool) -> Text | None:
        if draft.state != "submitted":
            return views.NOT_SUBMITTED
        if actor.id in draft.authors:
            return views.OWN
        if actor.id in have:
            return views.ALREADY
        return self._gate(tree) or (None if fresh else stale(draft))

    def _activate_obstacle(self, draft: Draft, tree: Tree, have: list[str], needed: int, *, fresh: bool) -> Text | None:
        if draft.state != "submitted":
            return views.NOT_SUBMITTED
        return self._gate(tree) or (None if fresh else stale(draft)) or missing_approvals(needed, have) or (views.CLOCK_BEHIND if self._clock_behind() else None)

    def _rollback_target(self) -> tuple[str | None, Text | None]:
        standing = self._standings.read()
        last = next((item for item in self.store.activations() if item.seq == standing.seq), None)
        if last is None or standing.previous is None:
            return None, views.NOTHING_BEFORE
        if last.kind == "rollback":
            return None, views.ROLLED_BACK
        if self._clock() - last.at >= ROLLBACK:
            return None, views.TOO_LATE
        return (None, views.CLOCK_BEHIND) if self._clock_behind() else (standing.previous, None)

    def _clock_behind(self) -> bool:
        """Return whether the machine's clock stands before something that is kept: then no term can be judged by it."""
        latest = self.store.latest()
        return latest is not None and self._clock() + SKEW < latest

    # ------------------------------------------------------------------ steps

    def impact(self, actor: Actor, draft: str, *, days: int = 30, progress: Progress | None = None) -> dict[str, Any]:
        """Make the draft's impact report, keep it with the draft, and return it. `progress(what, share)` hears how far it is.

        Approvals given to an earlier report no longer hold. Raises GateClosed for a draft that is not valid.
        """
        self.look(actor)
        found = self.found(draft)
        tree = self.store.tree(found.content)
        validation = self.gates.validation(tree)
        if not validation["ok"]:
            raise GateClosed(closed(validation, None) or views.CLOSED)
        _, before = self.in_force()
        self.record(actor, "policy.impact", {"draft": found.id, "content": tree.version, "base": before.version, "days": days})
        report = impact_of(
            self.gates.candidate(before), self.gates.candidate(tree), diff=self.gates.diff(before, tree), evidence=self._evidence, today=self._today(),
            now=self._clock(), days=days, progress=progress or (lambda _what, _share: None),
        )
        if found.state in ("draft", "submitted") and not self.store.set_impact(found.id, content=found.content, impact=report):
            raise ChangedMeanwhile
        return report

    def submit(self, actor: Actor, draft: str, *, progress: Progress | None = None) -> DraftView:
        """Put a draft before the others. It must be valid, its cases green and complete; a missing or old impact report is made."""
        self.enter(actor)
        found = self.found(draft)
        obstacle = self._submit_obstacle(found, self.store.tree(found.content))
        if obstacle is not None:
            raise GateClosed(obstacle) if found.state == "draft" else ChangeRefused(obstacle)
        if not self.gates.fresh(found, self.in_force()[1].version):
            self.impact(actor, draft, progress=progress)
        self.record(actor, "policy.submit", {"draft": found.id, "content": found.content})
        if not self.store.move(found.id, content=found.content, since=("draft",), to="submitted"):
            raise ChangedMeanwhile
        return self.view(actor, self.store.draft(found.id))

    def withdraw(self, actor: Actor, draft: str) -> DraftView:
        """Close a draft for good without putting it in force."""
        self.enter(actor)
        with self.alone():
            found = self.found(draft)
            if found.state not in ("draft", "submitted"):
                raise ChangeRefused(views.CLOSED)
            self.record(actor, "policy.withdraw", {"draft": found.id, "content": found.content})
            if not self.store.move(found.id, content=found.content, since=("draft", "submitted"), to="withdrawn"):
                raise ChangedMeanwhile
        return self.view(actor, self.store.draft(found.id))

    def approve(self, actor: Actor, draft: str, *, signs: str | None = None) -> DraftView:
        """Approve exactly what the draft is now: bundle, cases and impact report. `signs` is the draft view's that the approver saw; None: as it is.

        Nobody approves what they wrote or changed, administrators and service accounts included.
        """
        self.enter(actor)
        with self.alone():
            found = self.found(draft)
            tree = self.store.tree(found.content)
            now = signature(found, tree)
            have = holding(self.store.approvals(found.id), signs=now, authors=found.authors, may_approve=self.may_approve)
            obstacle = self._approve_obstacle(actor, found, tree, have, fresh=self.gates.fresh(found, self.in_force()[1].version))
            if obstacle is not None or now is None:
                own = found.state != "submitted" or obstacle in (views.OWN, views.ALREADY)
                raise (ChangeRefused if own else GateClosed)(obstacle or stale(found))
            if signs is not None and signs != now:
                raise ChangedMeanwhile
            if not self.may_approve(actor.id):
                raise ChangeRefused(NOT_MEMBER)
            self.record(actor, "policy.approve", {"draft": found.id, "content": found.content, "signs": now})
            self.store.approve(found.id, approver=actor.id, signs=now)
        return self.view(actor, self.store.draft(found.id))

    def activate(self, actor: Actor, draft: str) -> HistoryView:
        """Put an approved draft in force. Every process uses it from its next request on."""
        self.enter(actor)
        with self.alone():
            found = self.found(draft)
            standing, before = self.in_force()
            if found.state != "submitted":
                raise ChangeRefused(views.NOT_SUBMITTED)
            tree = self.store.tree(found.content)
            gate = self._gate(tree) or (None if self.gates.fresh(found, before.version) else stale(found)) or self._unassessed(before, tree)
            if gate is not None:
                raise GateClosed(gate)
            signs, needed = signature(found, tree), self.gates.diff(before, tree)["approvals_needed"]
            have = holding(self.store.approvals(found.id), signs=signs, authors=found.authors, may_approve=self.may_approve)
            lacking = missing_approvals(needed, have) or (views.CLOCK_BEHIND if self._clock_behind() else None)
            if lacking is not None:
                raise ChangeRefused(lacking)
            self._prove(tree)
            detail = {"draft": found.id, "signs": signs, "approved_by": have, "needed": needed}
            self._put(actor, "activate", standing, before, tree, draft=found.id, detail=detail)
        return self.told_history()

    def rollback(self, actor: Actor) -> HistoryView:
        """Put the bundle back in force that stood before the last activation; one member may, within seven days."""
        self.enter(actor)
        with self.alone():
            target, why_not = self._rollback_target()
            if target is None:
                raise ChangeRefused(why_not or views.NOTHING_BEFORE)
            standing, before = self.in_force()
            self._put(actor, "rollback", standing, before, self.store.tree(target), draft=None, detail={})
        return self.told_history()

    def _unassessed(self, before: Tree, tree: Tree) -> Text | None:
        """What says that an impact assessment is not signed; None where nothing is missing."""
        names = self.unassessed(self.gates.candidate(before).bundle, self.gates.candidate(tree).bundle)
        if not names:
            return None
        zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
        return Text(zh=f"个人信息保护影响评估尚未签署：{zh}。请合规官在 /review/registers 签署后再激活。", en=f"Impact assessments are not signed yet: {en}. A compliance officer signs them at /review/registers; then activate.")

    def _prove(self, tree: Tree) -> None:
        """Hold the compiled decisions against casbin, and the bundle against the data that is loaded."""
        candidate = self.gates.candidate(tree)
        different = candidate.policy.judge.prove(sample=PROOF_SAMPLE, seed=int(tree.version[:8], 16))
        if different is not None:
            raise GateClosed(Text(zh=f"编译结果与 casbin 不一致：{different}", en=f"The compiled decisions differ from casbin's at {different}; nothing was changed."))
        try:
            self._evidence.fits(candidate.bundle)
        except WenshuError as error:
            first = str(error).splitlines()[0]
            problem = error.problems[0] if isinstance(error, BundleError) and error.problems else None
            said = f"{problem.where}：{in_chinese(problem.message)}" if problem else first
            raise GateClosed(Text(zh=f"策略包与现有数据不符：{said}", en=f"The bundle does not fit the data that is loaded: {first}")) from error

    def _put(self, actor: Actor, kind: Kind, standing: Standing, before: Tree, tree: Tree, *, draft: int | None, detail: Mapping[str, object]) -> None:
        """Record, keep, reserve, replace the pointer: in this order, so that no act is unrecorded and no half-written bundle is ever pointed at."""
        for kept in (before, tree):
            self.store.keep(kept)
            if not self._standings.folder(kept.version).exists():
                write_tree(kept, self._standings.folder(kept.version))
        self.record(actor, f"policy.{kind}", {"from": before.version, "to": tree.version, **detail})
        seq = self.store.begin_activation(version=tree.version, previous=before.version, draft=draft, actor=actor.id, kind=kind)
        if seq <= standing.seq:
            raise ConfigurationError("The policy store is older than the bundle in force; restore policy.db from a backup. Nothing was changed.")
        try:
            self._standings.put(Standing(seq=seq, version=tree.version, previous=before.version))
        except OSError as error:
            self._failed(actor, kind, seq)
            reason = Text(zh=f"无法写入（{error.strerror}），原策略包仍有效", en=f"The pointer can't be written ({error.strerror}); the old bundle stays in force.")
            raise GateClosed(reason) from error
        self.store.settle(seq)

    def _failed(self, actor: Actor, kind: Kind, seq: int) -> None:
        try:
            self.record(actor, "policy.activation_failed", {"kind": kind, "seq": seq})
        except AuditError:
            return  # the act itself is recorded; that it failed shows in the history
