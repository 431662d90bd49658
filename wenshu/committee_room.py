"""The committee's room: the one door to drafts, differences, cases, impact, approvals and activation, for the pages and the command line alike.

Every act is a ledger event before it takes effect; without the ledger nothing changes. Every method asks first whether the caller's role has the page
`committee` in the bundle in force. Methods return the shapes of `wenshu.committee.shapes`, texts in both languages. Errors: `ChangeRefused` (four eyes, not
permitted), `GateClosed` (problems, cases, impact), `ChangedMeanwhile` (someone was faster), `InvalidQuery` (no such draft, file or value), `AuditUnavailable`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from governance.access.validating import Places
from governance.bundle.store import MAX_TITLE, Draft
from governance.bundle.trees import Tree, read_tree, write_tree
from governance.documents.access import AccessDocument
from governance.errors import InvalidQuery
from governance.terms import Actor, Text
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused
from wenshu.committee.explaining import explain
from wenshu.committee.life import Life
from wenshu.committee.shapes import (
    CasesView,
    DiffView,
    DraftSummary,
    DraftView,
    GoldenQuestionView,
    HistoryView,
    Validation,
)
from wenshu.committee.silence import silent
from wenshu.committee.texts import Step, with_value
from wenshu.committee.usage import by_name

PREFIX = 8
"""Letters of a content hash that are enough to name a bundle."""


class CommitteeRoom(Life):
    """What a committee member can do. Safe for threads and across processes. `Life` holds submit, approve, activate, rollback, impact."""

    # ------------------------------------------------------------------ looking

    def drafts(self, actor: Actor) -> list[DraftSummary]:
        """Return every draft, newest first."""
        self.look(actor)
        in_force = self.in_force()[1].version
        return [self.summary(draft, in_force) for draft in self.store.drafts()]

    def draft(self, actor: Actor, draft: str) -> DraftView:
        """Return one draft with its files, validation, cases, differences, report, approvals, and what this caller may do with it."""
        self.look(actor)
        return self.view(actor, self.found(draft))

    def file(self, actor: Actor, draft: str, path: str) -> str:
        """Return the text of one of the draft's files."""
        self.look(actor)
        files = self.store.tree(self.found(draft).content).files
        if path not in files:
            raise InvalidQuery(f"the draft has no file {path!r}")
        return files[path].decode("utf-8", errors="replace")

    def texts(self, actor: Actor, which: str) -> tuple[DraftSummary | None, dict[str, str]]:
        """Return the texts of all files of a draft, a content hash, or `active`, by path; with a draft's line where it is one."""
        self.look(actor)
        in_force = self.in_force()[1]
        draft = self.found(which) if which.isdigit() and len(which) < PREFIX else None
        tree = self.store.tree(draft.content) if draft else self.named(which)
        return self.summary(draft, in_force.version) if draft else None, {path: data.decode("utf-8", errors="replace") for path, data in tree.files.items()}

    def validate(self, actor: Actor, draft: str, path: str | None = None, text: str | None = None) -> Validation:
        """Return what is wrong with a draft; with `path` and `text`, as if that file had that text (for an editor, nothing is kept)."""
        self.look(actor)
        tree = self.store.tree(self.found(draft).content)
        if path is not None and text is not None:
            tree = tree.changed(path, text.encode())
        return self.gates.validation(tree)

    def try_golden(self, actor: Actor, draft: str, metric: str, asked: Sequence[Mapping[str, Any]], *, path: str, text: str) -> list[GoldenQuestionView]:
        """Return how questions (`ask`, `query`, `lang`) would be read as golden ones of a metric, as if the draft's file `path` had that text. Nothing is kept.

        One without a `query` is given the query that its words are read as. Raises BundleError for a draft that can't be read.
        """
        self.look(actor)
        tree = self.store.tree(self.found(draft).content).changed(path, text.encode())
        return self.gates.tried(tree, metric, asked, self._catalogue)

    def diff(self, actor: Actor, before: str, after: str) -> DiffView:
        """Return the differences between two of: `active`, a draft's number, a content hash. Raises BundleError for one that can't be read."""
        self.look(actor)
        return self.gates.diff(self.named(before), self.named(after))

    def cases(self, actor: Actor, which: str = "active") -> CasesView:
        """Return the verdict of the cases of a draft, of a content hash, or of what is in force."""
        self.look(actor)
        return self.gates.cases(self.named(which))

    def history(self, actor: Actor) -> HistoryView:
        """Return what stands, every activation, and every draft."""
        self.look(actor)
        return self.told_history()

    # ------------------------------------------------------------------ drafting

    def begin(self, actor: Actor, *, title: str, source: str | Path = "active") -> DraftSummary:
        """Begin a draft from what is in force, from a content hash of the history, or from a folder. It need not be valid yet."""
        self.enter(actor)
        title = _title(title)
        tree = read_tree(source) if isinstance(source, Path) else self.named(source)
        standing, in_force = self.in_force()
        self.record(actor, "policy.draft", {"content": tree.version, "base": in_force.version, "from": "folder" if isinstance(source, Path) else "kept", "seq": standing.seq})
        return self.summary(self.store.add(tree, title=title, author=actor.id, base=in_force.version), in_force.version)

    def write(self, actor: Actor, draft: str, path: str, text: str | None, *, expected: str) -> DraftSummary:
        """Replace one file's text (None removes it). `expected` is the draft's `version` that the caller saw; ChangedMeanwhile if it has another now.

        Approvals given so far no longer hold and the impact report is void; a submitted draft is a draft again.
        """
        self.enter(actor)
        before = self.found(draft)
        return self._replace(actor, before, self.store.tree(before.content).changed(path, None if text is None else text.encode()), expected)

    def set_value(self, actor: Actor, draft: str, path: str, at: Sequence[Step], value: str | int | bool, *, expected: str) -> DraftSummary:
        """Change one single value of a file and nothing else of its text: `at` are keys and positions; members of lists may be named by their `id`.

        `set_value(actor, "3", "access/roles.yaml", ("roles", "marketing", "minimum_group", "k"), 20, expected=…)`
        """
        return self.write(actor, draft, path, with_value(self.file(actor, draft, path), at, value), expected=expected)

    def accept_cases(self, actor: Actor, draft: str, *, expected: str) -> DraftSummary:
        """Write the draft's own minimum groups into the cases that differ in nothing else. The changed cases are part of what is approved."""
        self.enter(actor)
        before = self.found(draft)
        tree = self.store.tree(before.content)
        for failure in self.gates.cases(tree)["failures"]:
            if failure["accept_k"] is not None:
                path = failure["where"].rsplit(":", 1)[0]
                text = tree.files[path].decode("utf-8")
                tree = tree.changed(path, with_value(text, ("cases", failure["id"], "expect", "k"), failure["accept_k"]).encode())
        return self._replace(actor, before, tree, expected)

    def replace(self, actor: Actor, draft: str, folder: Path, *, title: str | None = None) -> DraftSummary:
        """Replace the whole content of a draft by a folder's, as a later commit of the same change."""
        self.enter(actor)
        before = self.found(draft)
        return self._replace(actor, before, read_tree(folder), before.content, title=None if title is None else _title(title))

    def _replace(self, actor: Actor, before: Draft, tree: Tree, expected: str, title: str | None = None) -> DraftSummary:
        if before.state not in ("draft", "submitted"):
            raise ChangeRefused(Text(zh="这份草案已结束，不能再改；请新建一份。", en="The draft is closed and can't be changed; begin a new one."))
        in_force = self.in_force()[1].version
        if before.content != expected:
            raise ChangedMeanwhile
        if tree.version == before.content and title is None:
            return self.summary(before, in_force)
        with self.alone():
            self.record(actor, "policy.edit", {"draft": before.id, "content": tree.version, "before": before.content})
            if not self.store.edit(before.id, tree, author=actor.id, expected=expected, title=title):
                raise ChangedMeanwhile
        return self.summary(self.store.draft(before.id), in_force)

    # ------------------------------------------------------------------ why not

    def explain(self, actor: Actor, metric: str, dimensions: Sequence[str] = (), purpose: str | None = None) -> dict[str, Any]:
        """Return what the caller is granted or refused for a metric, by which rule, and for a refusal the nearest rule and whom to ask. For everybody."""
        candidate = self.gates.candidate(self.in_force()[1])
        self.record(actor, "policy.explain", {"metrics": [name for name in (metric,) if name in candidate.catalogue.metrics]})
        return explain(candidate, actor, metric, dimensions, purpose, today=self._today())

    def silent(self, actor: Actor, *, days: int = 90) -> dict[str, Any]:
        """Return the rules and roles that no request of the last `days` days rested on, and the refusals' rules that none met."""
        self.look(actor)
        return silent(self.gates.candidate(self.in_force()[1]), by_name(self._evidence.uses(self._clock() - dt.timedelta(days=days))), today=self._today(), days=days)

    def place_of(self, rule: str) -> str:
        """Return the file in which a rule of the bundle in force stands."""
        return Places(self.gates.candidate(self.in_force()[1]).bundle.of("access", AccessDocument)).rule(rule).rpartition(":")[0]

    # ------------------------------------------------------------------ GitOps

    def export(self, actor: Actor, which: str, out: Path) -> str:
        """Write a bundle (`active`, a draft's number, a content hash) into a new folder, byte for byte, and return its content hash."""
        self.look(actor)
        tree = self.named(which)
        self.record(actor, "policy.export", {"content": tree.version})
        write_tree(tree, out)
        return tree.version


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE or not title.isprintable():
        raise InvalidQuery(f"a draft has a title of 1 to {MAX_TITLE} letters")
    return title
