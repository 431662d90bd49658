"""The desk over a million events: what each click costs at the server, beside what a page may cost (300 ms).

    python bench/desk.py [EVENTS]

The ledger is generated in the ledger's own format by many threads of one process; then every click is made several times by the desk as the pages make it, and the slowest of
the warm ones is printed. The desk's first look (reading the searchable members into memory, looking for findings) is measured apart: it happens once, in the background.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from audit import Event, Ledger
from audit.keys import generate_key
from governance.bundle.loading import load_bundle
from governance.terms import Actor
from wenshu.desk import Desk
from wenshu.setup import shipped_bundle

ORIGIN = "bench.example/desk"
OFFICER = Actor(id="compliance", role="compliance", department="compliance")
METRICS = ("reach_rate", "revenue", "touches", "visits", "nps", "spend", "open_rate")
BATCH = 2_000
BOUND_MS = 300.0


class Clock:
    """Goes through two years while the ledger is filled."""

    def __init__(self) -> None:
        self.at = dt.datetime(2024, 11, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.at


def fill(ledger: Ledger, clock: Clock, events: int) -> list[str]:
    """Append that many events; returns some ids."""
    draw, step, ids = random.Random(7), dt.timedelta(days=730) / events, []
    for begin in range(0, events, BATCH):
        batch = []
        for number in range(begin, min(begin + BATCH, events), 2):
            who, request = f"user{draw.randrange(200)}", f"{number:032x}"
            refused = draw.random() < 0.06
            detail = {"metrics": [draw.choice(METRICS)], "session": f"s{number // 40}", "surface": "web"}
            common = {"actor": who, "role": "marketing", "department": f"d{hash(who) % 6}", "purpose": "market_analysis", "request": request, "decision": "refuse" if refused else "allow"}
            end = {"outcome": "refused", "code": "row_scope", "rule": "own_region"} if refused else {"outcome": "answered", "rows": 7}
            batch += [Event(type="intent", **common, detail=detail), Event(type="outcome", **common, detail=detail | end)]
        receipts = ledger.append_many(batch)
        ids.append(receipts[-1].event)
        clock.at += step * len(batch)
    return ids


def main(events: int) -> int:
    """Measure and print; 1 where a click is over the bound."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, clock = Path(scratch), Clock()
        key = generate_key(folder / "key.pem", ORIGIN)
        with Ledger.open(folder / "ledger.db", key=key, origin=ORIGIN, clock=clock, timezone="Asia/Shanghai", create=True) as ledger:
            begun = time.perf_counter()
            ids = fill(ledger, clock, events)
            told: dict[str, object] = {"events": events, "fill_s": round(time.perf_counter() - begun, 1), "cores": os.cpu_count()}
            bundle = load_bundle(shipped_bundle())
            desk = Desk(
                ledger=ledger, path=folder / "ledger.db", checkpoint=folder / "ledger.db.checkpoint", notes=folder / "desk.db", timezone="Asia/Shanghai", clock=clock,
                may_review=lambda _: True, bundle=lambda: bundle, shipped=shipped_bundle,
            )  # fmt: skip
            begun = time.perf_counter()
            desk.door.reader.warm()
            told["warm_s"] = round(time.perf_counter() - begun, 1)
            begun = time.perf_counter()
            desk.findings.keep_up(wait=True)
            told["findings_s"] = round(time.perf_counter() - begun, 1)
            desk.integrity_of.verify(OFFICER)
            clicks: dict[str, Callable[[], object]] = {
                "first page": lambda: desk.overview(OFFICER, {}, None, 50),
                "older events": lambda: desk.overview(OFFICER, {}, str(events // 2), 50),
                "a person": lambda: desk.overview(OFFICER, {"actor": "user7"}, None, 50),
                "refused, a metric, a month": lambda: desk.overview(OFFICER, {"outcome": "refused", "metric": "nps", "since": "2025-03-01", "until": "2025-03-31"}, None, 50),
                "free text": lambda: desk.overview(OFFICER, {"text": "own_region spend"}, None, 50),
                "one event": lambda: desk.event(OFFICER, ids[len(ids) // 2]),
                "its proof": lambda: desk.proof(OFFICER, ids[len(ids) // 2]),
                "a session": lambda: desk.looking.session(OFFICER, f"s{events // 80}"),
                "findings": lambda: desk.findings.findings(OFFICER),
                "sign-offs": lambda: desk.signing.look(OFFICER),
                "controls": lambda: desk.controls.look(OFFICER),
                "registers": lambda: desk.registers.look(OFFICER),
            }
            slowest = {}
            for name, click in clicks.items():
                took = []
                for _ in range(6):
                    begun = time.perf_counter()
                    click()
                    took.append((time.perf_counter() - begun) * 1000)
                slowest[name] = round(max(took[1:]), 1)
            told |= {"slowest_ms": slowest, "bound_ms": BOUND_MS}
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return int(max(slowest.values()) > BOUND_MS)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
