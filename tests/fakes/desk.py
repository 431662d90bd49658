"""The compliance desk of the fake service: the real desk over a real small ledger of its own, so that its pages have something true to show.

What the pages of the ledger itself show (events, proofs) stays with `FakeService`, whose lines it also pages through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from audit import Event, Ledger
from audit.keys import generate_key
from governance.bundle.loading import load_bundle
from governance.terms import Actor
from wenshu.desk import Desk, NotPermitted
from wenshu.setup import shipped_bundle

ORIGIN = "fake.example/desk"


class FakeDesk(Desk):
    """A desk whose first page shows the fake service's events."""

    def __init__(self, folder: Path, clock: Any, events: Callable[..., dict[str, Any]], integrity: Callable[[], dict[str, Any]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        key = generate_key(folder / "key.pem", ORIGIN)
        ledger = Ledger.open(folder / "ledger.db", key=key, origin=ORIGIN, clock=clock, timezone="Asia/Shanghai", create=True)
        for _ in range(4):
            for kind, decision, more in (("intent", "refuse", {}), ("outcome", "refuse", {"outcome": "refused"})):
                ledger.append(
                    Event(type=kind, actor="market", role="marketing", department="marketing", purpose="market_analysis", request=f"r{_}", decision=decision, detail={"code": "prescription_by_doctor", "metrics": [], "session": "s1", **more})
                )
        bundle = load_bundle(shipped_bundle())
        self._events, self._told = events, integrity
        super().__init__(
            ledger=ledger,
            path=folder / "ledger.db",
            checkpoint=folder / "ledger.db.checkpoint",
            notes=folder / "desk.db",
            timezone="Asia/Shanghai",
            clock=clock,
            may_review=lambda actor: actor.role == "compliance",
            bundle=lambda: bundle,
            shipped=shipped_bundle,
            officers=lambda: ["compliance", "compliance_2"],
        )

    def overview(self, actor: Actor, filters: Mapping[str, str], cursor: str | None, limit: int) -> dict[str, Any]:
        if actor.role != "compliance":
            raise NotPermitted
        page = self._events(actor, filters, cursor, limit)
        return super().overview(actor, {}, None, 1) | {"page": page, "integrity": self._told()}
