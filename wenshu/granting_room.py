"""The room of temporary rights: a person asks for what a refusal kept, two members of the committee approve, and it ends by itself on its day.

Opening something to one person for a while loosens the policy, so it needs what a loosening needs: two members, neither of them the one who asked. Every act is a
ledger event before it takes effect. The reason that was given stands in the store alone, never in the ledger. Errors are the committee's (`wenshu.committee.errors`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from governance.access.authorize import authorize, default_purpose
from governance.access.cases import own_dimension_only
from governance.access.explaining import nearest_rule
from governance.access.granting import masks_of, obstacle, rows_of, rule_id, smallest_group
from governance.access.policy import Policy
from governance.errors import InvalidQuery
from governance.terms import Actor, MetricQuery, Refusal, TemporaryGrant, Text
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused, GateClosed
from wenshu.committee.members import Members
from wenshu.granting.store import Request, RequestStore, SecondEmergency

NEEDED = 2
"""Approvals, as for every loosening."""
MAX_DAYS = 90
MAX_WAITING = 20
"""Requests of one person that wait at the same time."""
MAX_REASON = 500
OWN = Text(zh="不能批准自己的申请。", en="Nobody approves a request of their own.")
ALREADY = Text(zh="您已批准过这份申请。", en="You have approved this request already.")
CLOSED = Text(zh="这份申请已经结束。", en="The request is closed already.")
NOT_YOURS = Text(zh="只有申请人可以撤回申请。", en="Only the person who asked can take a request back.")
ALLOWED = Text(zh="您已经可以这样提问，不需要申请。", en="You may ask this already; there is nothing to request.")
GONE = Text(zh="申请人的账号已停用，或已换了角色。", en="The account that asked is closed, or has another role now.")
NO_GLASS = Text(zh="您的角色没有应急权限。", en="Your role has no emergency rights.")
UNREVIEWED = Text(zh="您上一次的应急权限还没有复核。", en="Your last emergency right was not reviewed yet.")
RUNNING = Text(zh="应急权限还在生效：先提前结束，或到期后再复核。", en="The emergency right is still open: end it, or review it when it is over; what is done with it until then belongs to the review.")
OWN_REVIEW = Text(zh="不能复核自己的应急权限。", en="Nobody reviews an emergency right of their own.")
TOO_MANY = Text(zh=f"您已有 {MAX_WAITING} 份申请在等待。", en=f"{MAX_WAITING} requests of yours are waiting already.")


class Offer(TypedDict):
    """What a request would ask for: `obstacle` is None where the committee could grant it."""

    metrics: Sequence[str]
    dimensions: Sequence[str]
    purpose: str
    obstacle: Text | None
    whom: Text | None
    k: int
    narrowed: bool
    masked: Sequence[str]
    labels: Mapping[str, Text]
    hours: int
    """For how long the role may open it at once in an emergency; 0: it may not."""


class RequestView(TypedDict):
    """One request as it is shown. `state`: asked, granted, over (its last day has passed), declined, withdrawn, ended. `signs`: what an approval would sign."""

    id: int
    user: str
    role: str
    state: str
    days: int
    since: str | None
    until: str | None
    asked_at: str
    reason: str
    approved_by: Sequence[str]
    needed: int
    ended_by: str | None
    offer: Offer
    signs: str
    why_not: Text | None
    """Why the reader can't approve it; None where the reader can."""
    rule: str
    emergency: bool
    closes_at: str | None
    reviewed_by: str | None
    justified: bool | None


class Grants:
    """One home's temporary rights. Safe for threads and across processes."""

    def __init__(self, *, store: RequestStore, committee: Members, policy: Callable[[], Policy], today: Callable[[], dt.date], clock: Callable[[], dt.datetime]) -> None:
        """`committee` says who is a member and records; `policy` is the one in force; `clock` gives aware instants."""
        self._store, self._committee, self._policy, self._today, self._clock = store, committee, policy, today, clock

    # ------------------------------------------------------------------ what holds

    def held(self, user: str) -> tuple[TemporaryGrant, ...]:
        """Return what the person may ask beside the role today."""
        found = (item.grant() for item in self._store.granted(user, self._today()))
        return tuple(item for item in found if item is not None)

    # ------------------------------------------------------------------ asking

    def requestable(self, actor: Actor, metrics: Sequence[str], dimensions: Sequence[str], purpose: str | None) -> bool:
        """Return whether a refused question could be requested: nothing forbids it to everybody, and the role has somebody to ask."""
        policy = self._policy().on(self._today())
        asked = purpose or default_purpose(actor, policy)
        role = policy.roles.get(actor.role)
        return asked is not None and role is not None and role.ask_instead is not None and obstacle(policy, actor.role, asked, metrics, dimensions) is None

    def offer(self, actor: Actor, metrics: Sequence[str], dimensions: Sequence[str], purpose: str | None) -> Offer:
        """Return what a request would ask for and on what terms, or why nobody can grant it."""
        policy = self._policy().on(self._today())
        asked = purpose or default_purpose(actor, policy) or ""
        offered = self._offer(policy, actor.role, asked, metrics, dimensions)
        if offered["obstacle"] is None and self._allowed(actor, asked, metrics, dimensions):
            offered["obstacle"] = ALLOWED
        return offered

    def request(self, actor: Actor, metrics: Sequence[str], dimensions: Sequence[str], *, purpose: str | None, days: int, reason: str) -> RequestView:
        """Ask for a temporary right. Raises ChangeRefused for what nobody can grant, InvalidQuery for a bad number of days or an empty reason."""
        metrics, dimensions, reason = tuple(dict.fromkeys(metrics)), tuple(dict.fromkeys(dimensions)), _reason(reason)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidQuery(f"a temporary right holds for 1 to {MAX_DAYS} days")
        offered = self.offer(actor, metrics, dimensions, purpose)
        if offered["obstacle"] is not None:
            raise ChangeRefused(offered["obstacle"])
        if sum(item.state == "asked" for item in self._store.all(actor.id)) >= MAX_WAITING:
            raise ChangeRefused(TOO_MANY)
        asked = offered["purpose"]
        told = {"metrics": list(metrics), "dimensions": list(dimensions), "purpose": asked, "days": days}
        self._committee.record(actor, "policy.grant_request", told)
        made = self._store.add(user=actor.id, role=actor.role, purpose=asked, metrics=metrics, dimensions=dimensions, days=days, reason=reason)
        return self._view(made, None)

    def break_glass(self, actor: Actor, metrics: Sequence[str], dimensions: Sequence[str], *, purpose: str | None, reason: str) -> RequestView:
        """Open at once, for the hours that the bundle gives the role, what the committee could grant. It is on record, the desk sees it, and it is reviewed afterwards.

        The same terms hold as for every temporary right: the red line, the firewall, the rows of the role and the smallest group stay.
        """
        metrics, dimensions, reason = tuple(dict.fromkeys(metrics)), tuple(dict.fromkeys(dimensions)), _reason(reason)
        offered = self.offer(actor, metrics, dimensions, purpose)
        if offered["obstacle"] is not None or not offered["hours"]:
            raise ChangeRefused(offered["obstacle"] or NO_GLASS)
        if any(item.kind == "break_glass" and item.reviewed_by is None for item in self._store.all(actor.id)):
            raise ChangeRefused(UNREVIEWED)
        asked, hours, today = offered["purpose"], offered["hours"], self._today()
        told = {"metrics": list(metrics), "dimensions": list(dimensions), "purpose": asked, "hours": hours}
        self._committee.record(actor, "break_glass.opened", told)
        closes = self._clock() + dt.timedelta(hours=hours)
        try:
            made = self._store.add(
                user=actor.id, role=actor.role, purpose=asked, metrics=metrics, dimensions=dimensions, days=1, reason=reason, until=(today, today + dt.timedelta(days=2), closes)
            )
        except SecondEmergency as error:  # two at the same moment
            raise ChangeRefused(UNREVIEWED) from error
        return self._view(made, None)

    def review(self, actor: Actor, number: int, *, justified: bool) -> RequestView:
        """Say of an emergency right that is over, used or not, whether it was justified. For members other than the person."""
        self._committee.enter(actor)
        found = self._store.get(number)
        if found.user == actor.id:
            raise ChangeRefused(OWN_REVIEW)
        if found.kind != "break_glass" or found.reviewed_by is not None:
            raise ChangeRefused(CLOSED)
        if found.state == "granted" and found.closes_at is not None and found.closes_at > self._clock():
            raise ChangeRefused(RUNNING)
        self._committee.record(actor, "break_glass.reviewed", {"grant": found.id, "justified": justified})
        if not self._store.review(number, actor.id, justified=justified):
            raise ChangedMeanwhile
        return self._view(self._store.get(number), actor)

    def withdraw(self, actor: Actor, number: int) -> None:
        """Take back a request of one's own, or give up the right that it gave."""
        found = self._store.get(number)
        if found.user != actor.id:
            raise ChangeRefused(NOT_YOURS)
        self._end(actor, found, "withdrawn", ("asked", "granted"))

    def mine(self, actor: Actor) -> list[RequestView]:
        """Return the caller's own requests, newest first."""
        return [self._view(item, None) for item in self._store.all(actor.id)]

    # ------------------------------------------------------------------ deciding

    def all(self, actor: Actor) -> list[RequestView]:
        """Return everybody's requests, those that wait first. For members."""
        self._committee.look(actor)
        views = [self._view(item, actor) for item in self._store.all()]
        return sorted(views, key=lambda view: (not (view["emergency"] and view["reviewed_by"] is None), view["state"] != "asked", view["state"] != "granted"))

    def waiting(self) -> int:
        """Return how many requests and emergencies wait for a member."""
        return self._store.waiting()

    def one(self, actor: Actor, number: int) -> RequestView:
        """Return one request. For members."""
        self._committee.look(actor)
        return self._view(self._store.get(number), actor)

    def approve(self, actor: Actor, number: int, *, signs: str) -> RequestView:
        """Approve exactly what was seen. The second member's yes opens it, from today for the days that were asked for."""
        self._committee.enter(actor)
        with self._committee.alone():
            found = self._store.get(number)
            view = self._view(found, actor)
            if view["why_not"] is not None:
                raise ChangeRefused(view["why_not"])
            if view["offer"]["obstacle"] is not None:
                raise GateClosed(view["offer"]["obstacle"])
            if signs != view["signs"]:
                raise ChangedMeanwhile
            today = self._today()
            until = today + dt.timedelta(days=found.days)

            def opens(by: Sequence[str]) -> bool:
                return sum(self._committee.may_approve(member) for member in by) >= NEEDED

            expected = opens([*(item.by for item in found.approvals if item.signs == signs), actor.id])
            self._committee.record(actor, "policy.grant_approve", {"grant": found.id, "signs": signs, "opens": expected, "until": until.isoformat()})
            if not self._store.approve(number, actor.id, signs=signs, opens=opens, grant=(today, until)):
                raise ChangedMeanwhile
        return self._view(self._store.get(number), actor)

    def decline(self, actor: Actor, number: int) -> None:
        """Refuse a request that waits."""
        self._committee.enter(actor)
        self._end(actor, self._store.get(number), "declined", ("asked",))

    def end(self, actor: Actor, number: int) -> None:
        """End a right before its day; one member may, since it takes away."""
        self._committee.enter(actor)
        self._end(actor, self._store.get(number), "ended", ("granted",))

    def _end(self, actor: Actor, found: Request, to: Any, since: Any) -> None:
        if found.state not in since:
            raise ChangeRefused(CLOSED)
        self._committee.record(actor, "policy.grant_end", {"grant": found.id, "to": to})
        if not self._store.move(found.id, actor.id, since=since, to=to):
            raise ChangedMeanwhile

    # ------------------------------------------------------------------ telling

    def _why_not(self, found: Request, reader: Actor, holding: Sequence[str]) -> Text | None:
        if found.state != "asked":
            return CLOSED
        if found.user == reader.id:
            return OWN
        if reader.id in holding:
            return ALREADY
        return None if self._committee.has_role(found.user, found.role) else GONE

    def _view(self, found: Request, reader: Actor | None) -> RequestView:
        policy, over = self._policy().on(self._today()), found.until is not None and found.until <= self._today()
        over = over or (found.closes_at is not None and found.closes_at <= self._clock())
        offer = self._offer(policy, found.role, found.purpose, found.metrics, found.dimensions)
        signs = self._signs(found, policy, offer)
        holding = [item.by for item in found.approvals if found.state != "asked" or item.signs == signs]
        grant = TemporaryGrant(id=found.id, role="", purpose="", metrics=(), dimensions=(), since=dt.date.min, until=dt.date.max, kind=found.kind)
        return {
            "id": found.id, "user": found.user, "role": found.role, "state": "over" if found.state == "granted" and over else found.state, "days": found.days,
            "since": found.since.isoformat() if found.since else None, "until": found.until.isoformat() if found.until else None, "asked_at": found.asked_at.isoformat(),
            "reason": found.reason, "approved_by": holding, "needed": NEEDED, "ended_by": found.ended_by, "offer": offer,
            "signs": signs, "why_not": None if reader is None else self._why_not(found, reader, holding), "rule": rule_id(grant),
            "emergency": found.kind == "break_glass", "closes_at": found.closes_at.isoformat() if found.closes_at else None, "reviewed_by": found.reviewed_by, "justified": found.justified,
        }  # fmt: skip

    def _signs(self, found: Request, policy: Policy, offer: Offer) -> str:
        """Return the hash of what is asked for and of all terms on which it would be had: an approval of other terms does not count."""
        terms = [] if found.role not in policy.roles else [*rows_of(policy, found.role), *masks_of(policy, found.role, found.dimensions)]
        asked = [found.id, found.user, found.role, found.purpose, found.metrics, found.dimensions, found.days]
        signed = [*asked, offer["k"], [item.model_dump(mode="json") for item in terms]]
        return hashlib.sha256(json.dumps(signed, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def _offer(self, policy: Policy, role: str, purpose: str, metrics: Sequence[str], dimensions: Sequence[str]) -> Offer:
        why = obstacle(policy, role, purpose, metrics, dimensions)
        vocabulary, found = policy.vocabulary, policy.roles.get(role)
        labels = {name: vocabulary.metrics[name].label for name in metrics if name in vocabulary.metrics}
        labels |= {name: vocabulary.dimensions[name].label for name in dimensions if name in vocabulary.dimensions}
        labels |= {purpose: policy.purposes[purpose].label.text()} if purpose in policy.purposes else {}
        labels |= {role: found.label.text()} if found is not None else {}
        return {
            "metrics": list(metrics), "dimensions": list(dimensions), "purpose": purpose, "obstacle": why,
            "whom": found.ask_instead.text() if found is not None and found.ask_instead is not None else None,
            "k": smallest_group(policy, role, metrics).k if found is not None else 0, "narrowed": bool(rows_of(policy, role)),
            "masked": [name for name in dimensions if any(mask.dimension == name for mask in masks_of(policy, role, dimensions))], "labels": labels, "hours": found.break_glass_hours if found is not None else 0,
        }  # fmt: skip

    def _allowed(self, actor: Actor, purpose: str, metrics: Sequence[str], dimensions: Sequence[str]) -> bool:
        query = MetricQuery(metrics=tuple(metrics), group_by=tuple(dimensions))
        return not isinstance(authorize(actor, purpose, query, self._policy(), today=self._today(), reach=own_dimension_only), Refusal)

    def near(self, actor: Actor, metrics: Sequence[str], dimensions: Sequence[str], purpose: str | None) -> Text:
        """Return which rule comes nearest to allowing it."""
        policy = self._policy()
        query = MetricQuery(metrics=tuple(metrics), group_by=tuple(dimensions))
        return nearest_rule(actor.role, purpose or default_purpose(actor, policy), query, policy, today=self._today()).told


def _reason(said: str) -> str:
    reason = " ".join(said.split())
    if not reason or len(reason) > MAX_REASON or not reason.isprintable():
        raise InvalidQuery(f"a request has a reason of 1 to {MAX_REASON} letters")
    return reason
