"""Who may enter the committee's room, what is in force, and what a name means; every act goes into the ledger here."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from audit import Event, Ledger
from governance.bundle.standing import Standing, Standings
from governance.bundle.store import BundleStore, Draft
from governance.bundle.trees import Tree, read_tree
from governance.errors import InvalidQuery
from governance.terms import Actor, Text
from wenshu.committee.errors import ChangeRefused
from wenshu.committee.gates import Gates
from wenshu.committee.impact import Evidence

if TYPE_CHECKING:
    from wenshu.accounts import Accounts

PAGE = "committee"
_NUMBER = re.compile(r"[0-9]{1,9}")
_HASH = re.compile(r"[0-9a-f]{8,64}")
ACTIVE = "active"

OWNER = Actor(id="local_admin", role="local_admin", department="local_admin", via="local_admin")
"""The person who owns the machine and the home: may look and have a report made, recorded as such, and takes no step. This very object; an account of that name is not it."""

NOT_MEMBER = Text(zh="只有数据治理委员会的成员可以这样做。", en="Only members of the data governance committee may do this.")


class Members:
    """The room of one home: who may be in it, and what its names mean."""

    def __init__(
        self,
        *,
        standings: Standings,
        store: BundleStore,
        ledger: Ledger,
        accounts: Accounts,
        evidence: Evidence,
        today: Callable[[], dt.date],
        clock: Callable[[], dt.datetime],
        alarm: Callable[[], str | None],
    ) -> None:
        """`evidence` is what an impact report rests on; `alarm` says what is wrong with the bundle that should be in force."""
        self._standings, self.store, self._ledger, self._accounts = standings, store, ledger, accounts
        self._evidence, self._today, self._clock, self._alarm = evidence, today, clock, alarm
        self.gates = Gates(today=today, clock=clock)

    @property
    def evidence(self) -> Evidence:
        """What reports and reviews rest on."""
        return self._evidence

    def alone(self) -> AbstractContextManager[None]:
        """Hold the right to take a step: between looking at what stands and acting on it nobody else acts, in this process or another. May be entered again."""
        return self._standings.exclusively()

    # ------------------------------------------------------------------ who and what

    def enter(self, actor: Actor) -> None:
        """Raise ChangeRefused, recorded, unless the caller's role has the committee's page in the bundle in force."""
        self._settled()
        if not self._member(actor.role):
            self.record(actor, "policy.denied", {})
            raise ChangeRefused(NOT_MEMBER)

    def look(self, actor: Actor) -> None:
        """Like `enter`, and the machine's owner may come in too: for what changes nothing that is in force."""
        if actor is OWNER:
            self._settled()
            self.record(actor, "policy.read", {})
        else:
            self.enter(actor)

    def _settled(self) -> None:
        """Finish what a crash cut off between the pointer and its note in the store."""
        seq = self._standings.read().seq
        last = next(iter(self.store.activations()), None)
        if last is not None and last.seq == seq and not last.stands:
            self.store.settle(seq)

    def _member(self, role: str) -> bool:
        roles = self.gates.candidate(self.in_force()[1]).policy.roles
        return role in roles and PAGE in roles[role].pages

    def may_approve(self, user: str) -> bool:
        """Return whether that account still exists, is not disabled, and is still of the committee."""
        account = next((item for item in self._accounts.list() if item.id == user), None)
        return account is not None and not account.disabled and self._member(account.role)

    def has_role(self, user: str, role: str) -> bool:
        """Return whether that account still exists, is not disabled, and has this role."""
        return any(item.id == user and not item.disabled and item.role == role for item in self._accounts.list())

    def record(self, actor: Actor, kind: str, detail: Mapping[str, object]) -> None:
        """Write an act into the ledger; raises AuditUnavailable, and then the act does not happen."""
        self._ledger.append(
            Event(type=kind, actor=actor.id, role=actor.role, department=actor.department, request=self._ledger.new_request(), detail={"via": actor.via, **detail})
        )

    def in_force(self) -> tuple[Standing, Tree]:
        """Return what stands, and its files. A bundle that was changed after its activation can't be read: BundleError."""
        standing = self._standings.read()
        if not standing.version:
            return standing, read_tree(self._standings.founding)
        return standing, self.store.tree(standing.version)

    def found(self, draft: str) -> Draft:
        """Return the draft of that number."""
        if not _NUMBER.fullmatch(draft):
            raise InvalidQuery("a draft is named by its number; the history lists them")
        return self.store.draft(int(draft))

    def named(self, which: str) -> Tree:
        """Return the bundle that `active`, a draft's number, or at least eight letters of a content hash mean."""
        if which == ACTIVE:
            return self.in_force()[1]
        if _NUMBER.fullmatch(which) and len(which) < 8:
            return self.store.tree(self.found(which).content)
        hits = self.store.known(which) if _HASH.fullmatch(which) else []
        if len(hits) != 1:
            raise InvalidQuery("a bundle is named by `active`, a draft's number, or the first letters of its content hash; the history lists them")
        return self.store.tree(hits[0])
