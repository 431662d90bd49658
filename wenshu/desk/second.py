"""Two officers for what is about identities: where the bundle says so, an event of such a type is opened only once another officer has agreed.

Request and agreement are events of the ledger and nothing else: `review.opening_requested` and `review.opening_agreed`, each with the event they are about in `case`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from audit.events import parse_time
from audit.search import Filter
from governance.documents.review import SecondOfficer
from governance.errors import InvalidQuery, WenshuError
from governance.terms import Actor
from wenshu.desk.door import Door, sayable_event

REQUESTED, AGREED = "review.opening_requested", "review.opening_agreed"
CLOSED = ("detail", "case", "question")
QUESTIONS = ("intent", "outcome", "question")


class SecondOfficerNeeded(WenshuError):
    """Another compliance officer must agree before this event is opened."""

    def __init__(self) -> None:
        super().__init__("A second compliance officer must agree before this event is opened. Ask for it on the event's page.")


def case_of(event_id: str) -> str:
    """How request and agreement name the event that they are about."""
    return f"open-{event_id}"


class SecondOfficers:
    """Who may open which event now. `rule` gives what the bundle in force says."""

    def __init__(self, door: Door, rule: Callable[[], SecondOfficer]) -> None:
        self._door, self._rule = door, rule

    def concerns(self, body: Mapping[str, Any]) -> bool:
        """Whether an event is of a type, or a question or answer of a department, that needs a second officer."""
        rule = self._rule()
        if body["type"] in QUESTIONS and body.get("department") in rule.departments:
            return True
        return any(body["type"].startswith(kind) if kind.endswith(".") else body["type"] == kind for kind in rule.types)

    def standing(self, actor: Actor, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return `{needed, open, mine, requested_by, agreed_by}`: may the actor open it now, and who asked and agreed within the hours."""
        standing: dict[str, Any] = {"needed": self.concerns(body), "open": True, "mine": False, "requested_by": [], "agreed_by": []}
        if not standing["needed"]:
            return standing
        since = self._door.clock() - dt.timedelta(hours=self._rule().hours)
        acts = self._door.search(Filter(case=(case_of(body["id"]),), type=(REQUESTED, AGREED)), limit=200).events
        fresh = [act.body for act in acts if parse_time(act.body["time"]) >= since]
        standing["requested_by"] = sorted({act["actor"] for act in fresh if act["type"] == REQUESTED})
        agreed = [act for act in fresh if act["type"] == AGREED]
        standing["agreed_by"] = sorted({act["actor"] for act in agreed})
        standing["mine"] = actor.id in standing["requested_by"]
        # Open to the one who asked when another agreed to that one's request.
        standing["open"] = any(act["actor"] != actor.id and act["detail"].get("for") == actor.id for act in agreed)
        return standing

    def held_back(self, actor: Actor, event: dict[str, Any]) -> dict[str, Any]:
        """Return an event as the actor may see it: without detail where a second officer is needed and has not agreed."""
        return event if self.concerns(event) and self.standing(actor, event)["open"] else self.listed(event)

    def listed(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return an event as it stands in a list or a file: without detail where it must be opened by two, whoever looks."""
        if not self.concerns(event):
            return event
        return {name: value for name, value in event.items() if name not in CLOSED} | {"detail": {}, "closed": True}

    def insist(self, actor: Actor, body: Mapping[str, Any]) -> None:
        """Raise SecondOfficerNeeded unless the actor may open the event now."""
        if not self.standing(actor, body)["open"]:
            raise SecondOfficerNeeded

    def request(self, actor: Actor, event_id: str) -> None:
        """Ask another officer to agree that this event is opened."""
        self._door.enter(actor, "opening", {"event": sayable_event(event_id)})
        body = self._door.reader.event(event_id).body
        if self.standing(actor, body)["open"]:
            raise InvalidQuery("this event can be opened as it is; nothing was recorded")
        self._door.record(actor, REQUESTED, {"case": case_of(event_id), "event": event_id})

    def agree(self, actor: Actor, event_id: str, requester: str) -> None:
        """Agree to another officer's request. Raises InvalidQuery where there is none, or where it is one's own."""
        self._door.enter(actor, "opening", {"event": sayable_event(event_id)})
        standing = self.standing(actor, self._door.reader.event(event_id).body)
        if requester == actor.id:
            raise InvalidQuery("nobody agrees to a request of their own; ask another compliance officer")
        if requester not in standing["requested_by"]:
            raise InvalidQuery("there is no such request any more; its hours may have passed")
        self._door.record(actor, AGREED, {"case": case_of(event_id), "event": event_id, "for": requester})
