"""Access reviews: from time to time each account and each rule of each role is looked at beside what it was used for, and kept or revoked.

One member decides about a line, nobody about the own account; another member, who revoked nothing in it, closes the review. Then the revoked accounts are closed,
and what was revoked of rules is taken out in a draft that goes the way of every draft. Every act is a ledger event before it takes effect.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from governance.errors import InvalidQuery
from governance.terms import Actor, Text
from wenshu.accounts import Accounts
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused
from wenshu.committee.impact import Evidence
from wenshu.committee.splicing import put, remove_item
from wenshu.committee.usage import REQUEST, Use
from wenshu.committee_room import CommitteeRoom
from wenshu.granting.campaigns import Campaign, CampaignStore, Decision, Kind

OPEN = Text(zh="还有一次权限复核没有结束。", en="An access review is open still; close it first.")
CLOSED = Text(zh="这次权限复核已经结束。", en="The access review is closed already.")
SELF = Text(zh="不能复核自己的账号。", en="Nobody reviews the own account.")
UNDECIDED = Text(zh="还有未决定的行。", en="Some lines are not decided yet.")
OWN = Text(zh="结束复核的委员不能是其中决定收回的人。", en="Who revoked something in it does not close it; another member does.")
TOO_FEW = Text(zh="收回后委员会可用的账号不足两个。", en="Fewer than two accounts of the committee would remain.")


class AccessReviews:
    """One home's access reviews. Safe for threads and across processes."""

    def __init__(self, *, store: CampaignStore, committee: CommitteeRoom, accounts: Accounts, evidence: Evidence, clock: Callable[[], dt.datetime]) -> None:
        """`evidence` says what people's requests rested on."""
        self._store, self._committee, self._accounts, self._evidence, self._clock = store, committee, accounts, evidence, clock

    def all(self, actor: Actor) -> list[Campaign]:
        """Return all reviews, newest first."""
        self._committee.look(actor)
        return self._store.all()

    def one(self, actor: Actor, number: int) -> Campaign:
        """Return one review; raise InvalidQuery where there is none."""
        self._committee.look(actor)
        return self._store.get(number)

    def begin(self, actor: Actor, *, days: int = 90) -> Campaign:
        """Begin a review with the evidence of the last `days` days. One is open at a time."""
        self._committee.enter(actor)
        if not 1 <= days <= 3660:
            raise InvalidQuery("an access review looks back 1 to 3660 days")
        since = self._clock() - dt.timedelta(days=days)
        uses = self._evidence.uses(since)
        found = [*self._of_accounts(uses, since), *self._of_rules(uses)]
        self._committee.record(actor, "policy.review_begin", {"days": days, "lines": len(found)})
        number = self._store.begin(actor.id, days, found)
        if number is None:
            raise ChangeRefused(OPEN)
        return self._store.get(number)

    def decide(self, actor: Actor, number: int, decisions: Mapping[int, Decision]) -> Campaign:
        """Decide about some lines, all or none."""
        self._committee.enter(actor)
        with self._committee.alone():
            campaign = self._open(number)
            known = {line.id: line for line in campaign.lines}
            changed = {line: decision for line, decision in decisions.items() if line in known and known[line].decision != decision}
            if any(known[line].kind == "account" and known[line].name == actor.id for line in changed):
                raise ChangeRefused(SELF)
            if changed:
                self._committee.record(actor, "policy.review_decide", {"review": number, "decisions": [f"{known[line].kind} {known[line].name} {decision}" for line, decision in changed.items()]})
            for line, decision in changed.items():
                if not self._store.decide(number, line, decision, actor.id):
                    raise ChangedMeanwhile
        return self._store.get(number)

    def close(self, actor: Actor, number: int) -> Campaign:
        """Close a review whose lines are all decided, and do what was decided."""
        self._committee.enter(actor)
        with self._committee.alone():
            campaign = self._open(number)
            revoked = [line for line in campaign.lines if line.decision == "revoke"]
            if any(line.decision is None for line in campaign.lines):
                raise ChangeRefused(UNDECIDED)
            if actor.id in {line.decided_by for line in revoked}:
                raise ChangeRefused(OWN)
            users = [line.name for line in revoked if line.kind == "account"]
            left = [account.id for account in self._accounts.list() if account.id not in users and self._committee.may_approve(account.id)]
            if users and len(left) < 2:
                raise ChangeRefused(TOO_FEW)
            rules = [(line.name, line.role) for line in revoked if line.kind == "rule"]
            self._committee.record(actor, "policy.review_close", {"review": number, "accounts": users, "rules": [f"{rule} {role}" for rule, role in rules]})
            draft = self._draft(actor, number, rules) if rules else None
            # First what was decided, then the close: whoever is cut off between the two finds the review open and closes it again.
            for user in users:
                self._accounts.disable(user)
            if not self._store.close(number, actor.id, draft=draft):
                raise ChangedMeanwhile
        return self._store.get(number)

    def _open(self, number: int) -> Campaign:
        campaign = self._store.get(number)
        if campaign.closed_at is not None:
            raise ChangeRefused(CLOSED)
        return campaign

    def _of_accounts(self, uses: Sequence[Use], since: dt.datetime) -> list[tuple[Kind, str, str, int, dt.date | None]]:
        found: list[tuple[Kind, str, str, int, dt.date | None]] = []
        for account in self._accounts.list():
            if not account.disabled:
                # Who asks nothing, as the committee itself, has used the account by what else the ledger has.
                times = sum(use.times for use in uses if use.user == account.id and use.role == account.role and use.name == REQUEST)
                found.append(("account", account.id, account.role, times, self._evidence.last_act(account.id, since)))
        return found

    def _of_rules(self, uses: Sequence[Use]) -> list[tuple[Kind, str, str, int, dt.date | None]]:
        found: list[tuple[Kind, str, str, int, dt.date | None]] = []
        policy = self._committee.gates.candidate(self._committee.in_force()[1]).policy
        for name, compiled in policy.rules.items():
            for role in compiled.rule.roles if compiled.rule.effect == "allow" else ():
                own = [use for use in uses if use.name == name and use.role == role]
                found.append(("rule", name, role, sum(use.times for use in own), max((use.last for use in own), default=None)))
        return found

    def _draft(self, actor: Actor, number: int, rules: Sequence[tuple[str, str]]) -> str:
        """Begin a draft in which the rules no longer speak for the roles; it is approved like any other."""
        policy = self._committee.gates.candidate(self._committee.in_force()[1]).policy
        line = self._committee.begin(actor, title=f"权限复核 {number} / access review {number}")
        _summary, texts = self._committee.texts(actor, line["id"])
        gone: dict[str, set[str]] = {}
        for rule, role in rules:
            gone.setdefault(rule, set()).add(role)
        for rule, roles in gone.items():
            if rule not in policy.rules:
                continue
            left = [role for role in policy.rules[rule].rule.roles if role not in roles]
            path = self._committee.place_of(rule)
            text = put(texts[path], ("rules", rule), "roles", left) if left else remove_item(texts[path], "rules", rule)
            texts[path] = text
            line = self._committee.write(actor, line["id"], path, text, expected=line["version"])
        return line["id"]
