"""The attack suite at length, on several processes: what each attack recovers in thousands of adversarial questions.

    OPENBLAS_NUM_THREADS=1 nice -n 10 python -m bench.disclosure_attacks --warehouse HOME/warehouse.duckdb [--today DAY] [--questions 10000] [--session 250] [--minutes 40]

Each attack (`tests/soundness/attacks`) is played in sessions, each against an installation in which nothing was asked before and with dice of its own; within a session everything that was
asked is remembered. Attacks take turns, so that a run that ends early has played all of them about equally long; the result says how many questions each was. Questions go to the one door that the
API, the chat and the command line pass (`governance.gateway`): through HTTP one person may ask 240 questions a minute, which a short run does (`tests/soundness/attacks`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.soundness.attacks.more_plays import MORE, MORE_RESIDUAL
from tests.soundness.attacks.player import Company, Score, open_company
from tests.soundness.attacks.plays import PLAYS, RESIDUAL, play

RESULTS = Path(__file__).resolve().parent / "results" / "disclosure_attacks.json"
ALL = {**PLAYS, **MORE, **RESIDUAL, **MORE_RESIDUAL}


@lru_cache(maxsize=1)
def _company(file: Path, today: dt.date) -> Company:
    return open_company(file, today, threads=1)


def session(name: str, file: Path, today: dt.date, questions: int, seed: int) -> Score:
    """Play one session of one attack."""
    return play(name, ALL[name], _company(file, today), questions=questions, seed=seed)


def told(scores: dict[str, Score], begun: float, file: Path) -> dict[str, Any]:
    """Return the result as it is kept."""
    claimed = {**PLAYS, **MORE}
    return {
        "setting": "default bundle (policies/)",
        "doctors": _doctors(file),
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "load": [round(value, 1) for value in os.getloadavg()],
        "python": platform.python_version(),
        "attacks": {name: score.told() | {"sessions_failed": score.failed} for name, score in sorted(scores.items()) if name in claimed},
        "residual": {name: score.told() | {"sessions_failed": score.failed} for name, score in sorted(scores.items()) if name not in claimed},
        "recovered": {name: score.details[:10] for name, score in sorted(scores.items()) if score.details and name in claimed},
    }


def _keep(found: dict[str, Any]) -> None:
    """Write the result beside what other attacks achieved in earlier runs."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for part in ("attacks", "residual", "recovered"):
        before = {name: item for name, item in known.get(part, {}).items() if name in ALL and not any(name in found[other] for other in ("attacks", "residual"))}
        found[part] = dict(sorted({**before, **found[part]}.items()))
    RESULTS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _doctors(file: Path) -> int:
    import duckdb

    with duckdb.connect(str(file), read_only=True) as store:
        row = store.execute("select count(*) from dim_hcp").fetchone()
    return int(row[0]) if row else 0


def run(file: Path, today: dt.date, *, questions: int, each: int, minutes: float, workers: int, names: list[str], seed: int = 1) -> None:
    """Play until each attack has asked its questions or the time is over; the result is written after each session."""
    begun = time.monotonic()
    scores = {name: Score(name) for name in names}
    given = dict.fromkeys(names, 0)
    left: dict[Future[Score], str] = {}
    with ProcessPoolExecutor(workers) as pool:
        while True:
            while len(left) < workers + 1 and time.monotonic() - begun < minutes * 60:
                open_ones = [name for name in names if given[name] < questions]
                if not open_ones:
                    break
                name = min(open_ones, key=lambda one: given[one])
                left[pool.submit(session, name, file, today, each, seed * 100_003 + given[name])] = name
                given[name] += each
            if not left:
                return
            done, _ = wait(left, return_when=FIRST_COMPLETED)
            for future in done:
                name = left.pop(future)
                if future.exception() is not None:
                    scores[name].failed += 1
                    print(name, repr(future.exception()), file=sys.stderr, flush=True)
                    continue
                scores[name] = scores[name].plus(future.result())
                print(json.dumps(scores[name].told(), ensure_ascii=False), flush=True)
            _keep(told(scores, begun, file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 11, 15))
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--session", type=int, default=250)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", action="append", choices=sorted(ALL))
    given = parser.parse_args()
    run(
        given.warehouse, given.today, questions=given.questions, each=given.session, minutes=given.minutes, workers=given.workers, names=given.only or list(ALL)
    )


if __name__ == "__main__":
    main()
