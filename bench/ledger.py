"""Durable ledger events per second, beside a bare loop that commits each event to SQLite with the same settings.

    python -m bench.ledger [--full]

Ours is what an acknowledgement waits for: canonical line, Merkle tree with stored nodes, read-back, signed checkpoint, fsync, checkpoint file outside. The search
index trails; `drained_events_per_s` counts until it covers everything, as under a load that never ends. The peer does nothing but INSERT and COMMIT of the same line
(WAL, synchronous=FULL); its line and our events are made beforehand. Both are run in turns on the same disk, in rounds; medians are printed with the ratio. Also: verification a second (by one process and by as many as there are cores) and inclusion proofs; with `--large N` on a ledger
of N entries, with searches over it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from audit import Event, Ledger, verify
from audit.bulk import CHUNK
from audit.keys import generate_key
from audit.levels import Growing
from audit.merkle import CompactRange, interior_count
from audit.notes import Checkpoint
from audit.reading import connect, snapshot
from audit.search import Filter, Reader
from audit.sources import DatabaseSource

ORIGIN = "bench.example/ledger"
RESULTS = Path(__file__).resolve().parent / "results" / "ledger.json"
THREADS = (1, 16, 64)


def event(number: int) -> Event:
    """An intent as the gateway writes it, about 470 bytes a line."""
    query = {
        "metrics": ["reach_rate"],
        "group_by": ["region", "channel"],
        "period": {"start": "2026-10-01", "end": "2026-11-01"},
    }
    return Event(
        type="intent",
        request=f"01a2039f-f343-7bc2-a415-{number:012x}",
        actor="market",
        role="marketing",
        department="市场部",
        purpose="market_analysis",
        decision="allow",
        detail={"metrics": ["reach_rate"], "query": query, "rule": "marketing/reach"},
    )


def timed(threads: int, events: int, work: Callable[[int], object]) -> tuple[float, list[float]]:
    """Events per second and each call's seconds, over that many threads."""
    spent: list[float] = []
    each = max(1, events // threads)
    start = threading.Barrier(threads + 1)

    def run(name: int) -> None:
        own: list[float] = []
        start.wait()
        for number in range(each):
            before = time.perf_counter()
            work(name * each + number)
            own.append(time.perf_counter() - before)
        spent.extend(own)

    workers = [threading.Thread(target=run, args=(name,)) for name in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    return each * threads / (time.perf_counter() - begun), spent


def bare(folder: Path, events: int, line: str) -> float:
    """The peer: one thread, one INSERT and COMMIT an event."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS entry (idx INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")

        def work(_: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO entry (body) VALUES (?)", (line,))
            connection.execute("COMMIT")

        begun = time.perf_counter()
        for number in range(events):
            work(number)
        return events / (time.perf_counter() - begun)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(folder: Path, *, rounds: int, events: int, seeded: int) -> dict[str, object]:
    key = generate_key(folder / "key", ORIGIN)
    path = folder / "ledger.db"
    with Ledger.open(path, key=key, origin=ORIGIN, clock=lambda: datetime.now(UTC), create=True) as ledger:
        for first in range(0, seeded, 500):
            ledger.append_many([event(number) for number in range(first, first + 500)])
        line = Reader(path).search(limit=1).events[0].line.decode()
        bare_rates: list[float] = []
        rates: dict[int, list[float]] = {threads: [] for threads in THREADS}
        waits: dict[int, list[float]] = {threads: [] for threads in THREADS}
        drained: dict[int, list[float]] = {threads: [] for threads in THREADS}
        for _ in range(rounds):
            for threads in THREADS:
                ledger.catch_up()  # nothing of ours runs beside the peer
                bare_rates.append(bare(folder, events // 4, line))
                given = [event(number) for number in range(events)]
                rate, spent = timed(threads, events, lambda number, given=given: ledger.append(given[number]))  # type: ignore[misc]
                begun = time.perf_counter()
                ledger.catch_up()
                drained[threads].append(len(spent) / (len(spent) / rate + time.perf_counter() - begun))
                rates[threads].append(rate)
                waits[threads] += spent
    peer = statistics.median(bare_rates)
    begun = time.perf_counter()
    report = verify(path, ledger.vkey)
    verified = report.entries / (time.perf_counter() - begun)
    if not report.ok:
        raise SystemExit(f"the ledger does not hold: {report.summary()}")
    reader = Reader(path)
    events_found = reader.search(limit=200, newest_first=False).events
    proofs = []
    for found in events_found:
        begun = time.perf_counter()
        proof = reader.proof(found.body["id"])
        proofs.append(time.perf_counter() - begun)
    return {
        "events_in_ledger": report.entries,
        "line_bytes": len(line.encode()),
        "bare_commits_per_s": round(peer),
        "ours": {
            str(threads): {
                "events_per_s": round(statistics.median(rates[threads])),
                "ratio_to_bare": round(statistics.median(rates[threads]) / peer, 2),
                "drained_events_per_s": round(statistics.median(drained[threads])),
                "p50_ms": round(percentile(waits[threads], 0.5) * 1000, 2),
                "p99_ms": round(percentile(waits[threads], 0.99) * 1000, 2),
            }
            for threads in THREADS
        },
        "verify_events_per_s": round(verified),
        "inclusion_proof_ms": round(statistics.median(proofs) * 1000, 3),
        "inclusion_proof_bytes": 32 * len(proof.path),
    }


def event_pair(number: int) -> list[Event]:
    """A question and its answer, as varied as a company's."""
    who = {
        "request": f"01a2039f-f343-7bc2-a415-{number:012x}",
        "actor": f"user_{number % 200}",
        "role": "marketing",
        "department": ("市场部", "医学部", "销售部", "合规部")[number % 4],
        "purpose": "market_analysis",
        "decision": "allow",
    }
    shared: dict[str, object] = {"metrics": [("reach_rate", "touches", "revenue", "open_rate", "nps")[number % 5]], "session": f"s{number // 20}", "surface": "web"}
    query = {"group_by": ["region", "channel"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
    asked: dict[str, object] = {"query": query, "rule": "marketing/reach", "question": f"上个月各大区的触达率 {number % 997}"}
    told: dict[str, object] = {"outcome": "answered", "rows": 7} if number % 9 else {"outcome": "refused", "code": "row_scope"}
    return [Event(type="intent", detail=shared | asked, **who), Event(type="outcome", detail=shared | told, **who)]


def measure_large(folder: Path, entries: int) -> dict[str, object]:
    """A ledger of so many entries: verification, proofs, pages, facets."""
    key = generate_key(folder / "large.key", ORIGIN)
    path = folder / "large.db"
    with Ledger.open(path, key=key, origin=ORIGIN, clock=lambda: datetime.now(UTC), create=True, patience_s=60) as ledger:
        for first in range(0, entries // 2, 250):
            ledger.append_many([item for number in range(first, first + 250) for item in event_pair(number)])
        vkey = ledger.vkey
    return large_figures(path, vkey)


def tree_alone(path: Path, size: int) -> float:
    """Seconds of CPU in which every line is read and hashed, the whole tree made, and leaves, nodes and root held against what is stored.

    The part of `verify` that proves the entries; the rest compares the search index with them and has SQLite look at its own file.
    """
    with closing(connect(path)) as connection, snapshot(connection):
        source = DatabaseSource(connection)
        begun = time.process_time()
        tree = Growing(CompactRange(), CHUNK)
        for first in range(0, size, CHUNK):
            last = min(first + CHUNK, size)
            rows = connection.execute("SELECT CAST(body AS BLOB) FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (first, last)).fetchall()
            leaves = [sha256(b"\x00" + body).digest() for (body,) in rows]
            grown = tree.extend(leaves)
            nodes = (interior_count(first), interior_count(last))
            if source.hashes("entry", first, last)[1] != b"".join(leaves) or source.hashes("node", *nodes)[1] != grown:
                raise SystemExit("the ledger does not hold")
        if tree.root() != Checkpoint.parse(str(source.head()).rpartition("\n\n")[0] + "\n").root:
            raise SystemExit("the ledger does not hash to its head")
        return time.process_time() - begun


def large_figures(path: Path, vkey: str) -> dict[str, object]:
    verified: dict[str, dict[str, int]] = {}
    for processes in sorted({1, os.cpu_count() or 1}):
        begun, spent = time.perf_counter(), os.times()
        report = verify(path, vkey, processes=processes)
        if not report.ok:
            raise SystemExit(f"the ledger does not hold: {report.summary()}")
        ended = os.times()
        cpu = sum(ended[:4]) - sum(spent[:4])
        verified[str(processes)] = {
            "events_per_s": round(report.entries / (time.perf_counter() - begun)),
            "events_per_cpu_s": round(report.entries / cpu),
        }
    verified["tree alone"] = {"events_per_cpu_s": round(report.entries / tree_alone(path, report.entries))}
    reader = Reader(path)
    begun = time.perf_counter()
    reader.warm()
    warmed = time.perf_counter() - begun
    filters = {
        "none": Filter(),
        "person": Filter(actor="user_7"),
        "refusals of a department": Filter(department="市场部", outcome="refused"),
        "words": Filter(text="触达率 99"),
    }
    clicks = {}
    for name, wanted in filters.items():
        times = {}
        for what, work in (
            ("page", reader.search),
            ("count", reader.count),
            ("facets", lambda f: reader.facets(f, ("department", "actor", "purpose", "outcome", "code", "type", "metrics"))),
            ("timeline", reader.timeline),
        ):
            begun = time.perf_counter()
            work(wanted)
            times[f"{what}_ms"] = round((time.perf_counter() - begun) * 1000, 1)
        clicks[name] = times
    proofs, length = [], 0
    for found in reader.search(limit=200).events:
        begun = time.perf_counter()
        length = len(reader.proof(found.body["id"]).path)
        proofs.append(time.perf_counter() - begun)
    return {
        "entries": report.entries,
        "verify": verified,
        "columns_read_s": round(warmed, 2),
        "clicks": clicks,
        "inclusion_proof_ms": round(statistics.median(proofs) * 1000, 3),
        "inclusion_proof_bytes": 32 * length,
    }


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="more rounds on a larger ledger (minutes)")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure (default: the temporary folder)")
    parser.add_argument("--large", type=int, default=0, help="also measure a ledger of so many entries")
    arguments = parser.parse_args(given)
    size = (
        {"rounds": 5, "events": 8000, "seeded": 200_000}
        if arguments.full
        else {"rounds": 3, "events": 8000, "seeded": 2000}
    )
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = measure(Path(folder), **size)
        if arguments.large:
            found["large"] = measure_large(Path(folder), arguments.large)
    found |= {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "full": arguments.full,
        "load_average": round(os.getloadavg()[0], 1),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    json.dump(found, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
