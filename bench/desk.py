"""The desk over a million events: what each click costs at the server, beside what a page may cost (300 ms).

    python -m bench.desk [EVENTS] [--folder DIR] [--record]

The ledger is generated in the ledger's own format and kept in DIR, where it is taken up again the next time; then every click is made several times by the desk as the pages make
it, and the slowest of the warm ones is told. Apart from them: the same clicks right after a start, while the desk still reads the ledger in the background (pages that need all of
it wait then, and say so), and how long that reading takes. `--record` writes `results/desk.json`.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from audit import AuditUnavailable, Event, Ledger
from audit.keys import generate_key, load_key
from governance.bundle.loading import load_bundle
from governance.terms import Actor
from wenshu.desk import Desk
from wenshu.setup import shipped_bundle

ORIGIN = "bench.example/desk"
OFFICER = Actor(id="compliance", role="compliance", department="compliance")
METRICS = ("reach_rate", "revenue", "touches", "visits", "nps", "spend", "open_rate")
BATCH = 2_000
BOUND_MS = 300.0
RESULTS = Path(__file__).resolve().parent / "results" / "desk.json"
BEGINNING = dt.datetime(2024, 11, 1, tzinfo=dt.UTC)
TIMES = 6


class Clock:
    """Goes through two years while the ledger is filled."""

    def __init__(self) -> None:
        self.at = BEGINNING

    def __call__(self) -> dt.datetime:
        return self.at


def fill(ledger: Ledger, clock: Clock, events: int) -> None:
    """Append that many events."""
    draw, step = random.Random(7), dt.timedelta(days=730) / events
    for begin in range(0, events, BATCH):
        batch = []
        for number in range(begin, min(begin + BATCH, events), 2):
            who, request = draw.randrange(200), f"{number:032x}"
            refused = draw.random() < 0.06
            detail: dict[str, object] = {"metrics": [draw.choice(METRICS)], "session": f"s{number // 40}", "surface": "web", "question": f"上个月各大区的触达率 {number % 997}"}
            common: dict[str, str] = {"actor": f"user{who}", "role": "marketing", "department": f"d{who % 6}", "purpose": "market_analysis", "request": request, "decision": "refuse" if refused else "allow"}
            end: dict[str, object] = {"outcome": "refused", "code": "row_scope", "rule": "own_region"} if refused else {"outcome": "answered", "rows": 7}
            batch += [Event(type="intent", **common, detail=detail), Event(type="outcome", **common, detail=detail | end)]
        ledger.append_many(batch)
        clock.at += step * len(batch)


def clicks_of(desk: Desk, event: str, session: str, middle: int) -> dict[str, Callable[[], object]]:
    """Every page that an officer opens."""

    def overview(filters: Mapping[str, str], cursor: str | None = None) -> Callable[[], object]:
        return lambda: desk.overview(OFFICER, filters, cursor, 50)

    return {
        "first page": overview({}),
        "older events": overview({}, str(middle)),
        "a person": overview({"actor": "user7"}),
        "a person's refusals": overview({"actor": "user7", "outcome": "refused"}),
        "a department": overview({"department": "d3"}),
        "refused, a metric, a month": overview({"outcome": "refused", "metric": "nps", "since": "2025-03-01", "until": "2025-03-31"}),
        "free text": overview({"text": "own_region spend"}),
        "free text, Chinese": overview({"text": "触达率 99"}),
        "free text, not there": overview({"text": "查无此词"}),
        "one event": lambda: desk.event(OFFICER, event),
        "its proof": lambda: desk.proof(OFFICER, event),
        "a session": lambda: desk.looking.session(OFFICER, session),
        "findings": lambda: desk.findings.findings(OFFICER),
        "sign-offs": lambda: desk.signing.look(OFFICER),
        "controls": lambda: desk.controls.look(OFFICER),
        "registers": lambda: desk.registers.look(OFFICER),
    }


def timed(click: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds that a click took: by the clock, and of the processor."""
    begun, spent = time.perf_counter(), time.thread_time()
    click()
    return (time.perf_counter() - begun) * 1000, (time.thread_time() - spent) * 1000


def measure(folder: Path, events: int) -> dict[str, object]:
    """What is told of a ledger of that many events in `folder`, which is made if there is none."""
    clock, path = Clock(), folder / "ledger.db"
    old = path.exists()
    key = (load_key if old else generate_key)(folder / "key.pem", ORIGIN)
    told: dict[str, object] = {"events": events, "bound_ms": BOUND_MS, "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    with Ledger.open(path, key=key, origin=ORIGIN, clock=clock, timezone="Asia/Shanghai", create=not old, patience_s=60) as ledger:
        if not old:
            begun = time.perf_counter()
            fill(ledger, clock, events)
            told["fill_s"] = round(time.perf_counter() - begun, 1)
        with contextlib.suppress(AuditUnavailable):  # on a busy machine: then it goes on beside what follows
            ledger.catch_up()
        clock.at = BEGINNING + dt.timedelta(days=730, seconds=1)
        (folder / "desk.db").unlink(missing_ok=True)  # a desk of its own each time, that has kept nothing
        bundle = load_bundle(shipped_bundle())
        begun = time.perf_counter()
        desk = Desk(
            ledger=ledger, path=path, checkpoint=folder / "ledger.db.checkpoint", notes=folder / "desk.db", timezone="Asia/Shanghai", clock=clock,
            may_review=lambda _: True, bundle=lambda: bundle, shipped=shipped_bundle,
        )  # fmt: skip
        one = desk.door.reader.search(limit=1, after=events // 2).events[0]
        clicks = clicks_of(desk, one.body["id"], one.body["session"], events // 2)
        cold = {name: round(timed(clicks[name])[0], 1) for name in ("first page", "older events", "a person", "free text", "one event", "its proof", "a session")}
        told["first_page_after_start_ms"] = cold["first page"]
        told["right_after_start_ms"] = cold
        desk.warm()
        while not desk.ready():
            time.sleep(0.05)
        told["all_read_s"] = round(time.perf_counter() - begun, 1)
        desk.findings.keep_up(wait=True)
        told["findings_s"] = round(time.perf_counter() - begun, 1)
        desk.integrity_of.verify(OFFICER)
        found = {name: [timed(click) for _ in range(TIMES)] for name, click in clicks.items()}
        told["first_ms"] = {name: round(took[0][0], 1) for name, took in found.items()}
        told["slowest_ms"] = {name: round(max(wall for wall, _ in took[1:]), 1) for name, took in found.items()}
        told["processor_ms"] = {name: round(max(cpu for _, cpu in took[1:]), 1) for name, took in found.items()}
    return told | {"load_average": round(os.getloadavg()[0], 1), "measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}


def main(given: list[str] | None = None) -> int:
    """Measure and print; 1 where a click is over the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("events", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is kept for the next time (default: nowhere)")
    parser.add_argument("--record", action="store_true", help="write the result beside the others")
    asked = parser.parse_args(given)
    with contextlib.ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        told = measure(folder, asked.events)
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if asked.record:
        RESULTS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    slowest = told["slowest_ms"]
    return int(isinstance(slowest, dict) and max(slowest.values()) > BOUND_MS)


if __name__ == "__main__":
    sys.exit(main())
