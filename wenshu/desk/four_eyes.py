"""Acts that take two officers: where the bundle names an act, one asks for it, another agrees, and then it is done once, exactly as it was asked for.

Everything is an event of the ledger and nothing else: `review.act_requested`, `review.act_agreed`, `review.act_declined` and `review.act_done`, each with the act's own case.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from audit.events import parse_time
from audit.search import Filter
from governance.documents.review import Act, SecondOfficer
from governance.errors import InvalidQuery
from governance.terms import Actor, Text
from wenshu.desk.door import Door
from wenshu.desk.second import SecondOfficerNeeded

REQUESTED, AGREED, DECLINED, DONE = "review.act_requested", "review.act_agreed", "review.act_declined", "review.act_done"
ACTS: Mapping[Act, Text] = {
    "pack": Text(zh="制作证据包", en="Make an evidence pack"),
    "export": Text(zh="导出事件", en="Export events"),
    "sign_off": Text(zh="签阅", en="Sign off"),
    "verdict": Text(zh="处理发现", en="Resolve a finding"),
    "incident": Text(zh="登记事件", en="Open an incident"),
}
"""Acts that a bundle may ask a second officer for."""


class SecondOfficerAsked(SecondOfficerNeeded):
    """The act waits for another officer, who was asked just now or before."""

    def __init__(self) -> None:
        Exception.__init__(self, "This takes two compliance officers. The request is on record; once another officer has agreed on the review page, do the same again.")


class FourEyes:
    """Who may do which act now. `rule` gives what the bundle in force says."""

    def __init__(self, door: Door, rule: Callable[[], SecondOfficer]) -> None:
        self._door, self._rule = door, rule

    def insist(self, actor: Actor, act: Act, particulars: Mapping[str, object], said: Mapping[str, object]) -> None:
        """Return only where one officer is enough, or another one agreed to exactly these particulars; uses the agreement up. What follows is recorded as the act itself.

        `said` is how the ledger and the other officer may see the particulars. Without an agreement a request is recorded and SecondOfficerAsked raised, before anything is done.
        """
        if act not in self._rule().acts:
            return
        case = case_of(act, particulars)
        agreed = self._agreed(actor, case)
        if agreed is None:
            self._ask(actor, act, case, said)
            raise SecondOfficerAsked
        # Used up before the act begins: an agreement never serves twice, even where the act fails half-way.
        self._door.record(actor, DONE, {"case": case, "act": act, "agreed_by": agreed})

    def _fresh(self, wanted: Filter) -> list[dict[str, Any]]:
        since = self._door.clock() - dt.timedelta(hours=self._rule().hours)
        found = self._door.search(wanted, limit=500).events
        return [event.told() for event in reversed(found) if parse_time(event.body["time"]) >= since]

    def _agreed(self, actor: Actor, case: str) -> str | None:
        """Who agreed that the actor does it, since it was done last."""
        agreed = None
        for event in self._fresh(Filter(case=(case,))):
            if event["type"] == AGREED and event["detail"].get("for") == actor.id and event["actor"] != actor.id:
                agreed = str(event["actor"])
            elif event["type"] in (DONE, DECLINED) and actor.id in (event["actor"], event["detail"].get("for")):
                agreed = None
        return agreed

    def _ask(self, actor: Actor, act: Act, case: str, said: Mapping[str, object]) -> None:
        if not any(item["case"] == case and item["by"] == actor.id for item in self._pending()):
            self._door.record(actor, REQUESTED, {"case": case, "act": act, "said": {name: str(value) for name, value in said.items() if value not in (None, "")}})

    def _pending(self) -> list[dict[str, Any]]:
        waiting: dict[tuple[str, str], dict[str, Any]] = {}
        if not self._rule().acts:
            return []
        for event in self._fresh(Filter(type=(REQUESTED, AGREED, DECLINED, DONE))):
            detail = event["detail"]
            case = str(detail.get("case"))
            whose = (case, str(event["actor"] if event["type"] in (REQUESTED, DONE) else detail.get("for")))
            if event["type"] == REQUESTED:
                waiting[whose] = {"case": case, "act": detail["act"], "label": ACTS[detail["act"]], "said": detail["said"], "by": event["actor"], "at": event["time"], "agreed_by": None, "event": event["id"]}
            elif event["type"] == AGREED and whose in waiting:
                waiting[whose]["agreed_by"] = event["actor"]
            else:
                waiting.pop(whose, None)
        return list(waiting.values())

    def pending(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the requests that are not done, declined or too old, oldest first, each with `mine`; the caller has entered."""
        return [item | {"mine": item["by"] == actor.id} for item in self._pending()]

    def decide(self, actor: Actor, case: str, requester: str, *, agree: bool) -> None:
        """Agree to another officer's act or decline it. Raises InvalidQuery where there is no such request, or where it is one's own."""
        self._door.enter(actor, "four_eyes")
        if requester == actor.id:
            raise InvalidQuery("nobody agrees to a request of their own; ask another compliance officer")
        if not any(item["case"] == case and item["by"] == requester for item in self._pending()):
            raise InvalidQuery("there is no such request any more; its hours may have passed, or it was done or declined")
        self._door.record(actor, AGREED if agree else DECLINED, {"case": case, "for": requester})


def case_of(act: str, particulars: Mapping[str, object]) -> str:
    """The same act with the same particulars has the same case, which tells nothing of them."""
    plain = json.dumps([act, {name: value for name, value in sorted(particulars.items()) if value not in (None, "")}], ensure_ascii=False, separators=(",", ":"))
    return f"act-{hashlib.sha256(plain.encode()).hexdigest()[:24]}"
