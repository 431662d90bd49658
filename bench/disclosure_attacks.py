"""The attack suite at length, on several processes: what each attack recovers in thousands of adversarial questions.

    OPENBLAS_NUM_THREADS=1 nice -n 10 python -m bench.disclosure_attacks --warehouse HOME/warehouse.duckdb [--today DAY] [--questions 10000] [--residual 500] [--session 250] [--minutes 40] [--state FILE]

Each attack (`tests/soundness/attacks`) is played in sessions, each against an installation in which nothing was asked before and with dice of its own; within a session everything that was
asked is remembered. Attacks take turns, so that a run that ends early has played all of them about equally long; the result says how many questions each was. With `--state` a later run goes on where this one ended, as
long as the code is the same (what hides, what asks and the bundle); with other code it begins anew; `--minutes 0` writes the result of what was played. `--policies` plays against another bundle, into another result. Questions go to the one door that the
API, the chat and the command line pass (`governance.gateway`): through HTTP one person may ask 240 questions a minute, which a short run does (`tests/soundness/attacks`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import hashlib
import json
import os
import platform
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.soundness.attacks.held import HeldWarehouse
from tests.soundness.attacks.more_plays import MORE, MORE_RESIDUAL
from tests.soundness.attacks.other_plays import OTHER, OTHER_RESIDUAL
from tests.soundness.attacks.player import OPENING, POLICIES, Company, Score, open_company
from tests.soundness.attacks.plays import PLAYS, RESIDUAL, play

RESULTS = Path(__file__).resolve().parent / "results" / "disclosure_attacks.json"
LEFT_OUT = (
    "common_subexpressions,common_aggregate,compressed_materialization,duplicate_groups,sampling_pushdown,join_filter_pushdown,materialized_cte,sum_rewriter,late_materialization,"
    "cte_inlining,top_n,limit_pushdown,statistics_propagation,build_side_probe_side,join_order,reorder_filter,unnest_rewriter,regex_range,empty_result_pullup"
)
CLAIMED = {**PLAYS, **MORE, **OTHER}
ALL = {**CLAIMED, **RESIDUAL, **MORE_RESIDUAL, **OTHER_RESIDUAL}


class _Hurried(HeldWarehouse):
    """Statements on so few rows take longer to plan than to run, so that most of the planner's passes are left out; what they return is the same."""

    def _made(self) -> sa.Engine:
        engine = super()._made()
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SET disabled_optimizers = '{LEFT_OUT}'")
        return engine


@lru_cache(maxsize=1)
def _company(file: Path, today: dt.date, policies: Path) -> Company:
    OPENING[0] = lambda held, _: _Hurried.of(held)
    # What is opened once stays; looking through it again and again takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return open_company(file, today, policies=policies, threads=1)


def session(name: str, file: Path, today: dt.date, policies: Path, questions: int, seed: int) -> Score:
    """Play one session of one attack."""
    return play(name, ALL[name], _company(file, today, policies), questions=questions, seed=seed)


def code_of(policies: Path) -> str:
    """Return a fingerprint of all that an attack's result depends on: what measures and hides, what asks, and the bundle."""
    root = Path(__file__).resolve().parents[1]
    files = [*(root / "governance").rglob("*.py"), *(root / "tests/soundness/attacks").glob("*.py"), *policies.rglob("*.yaml")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class Played:
    """What was played so far: of each attack the score and the questions given out; kept in a file, if there is one."""

    code: str
    scores: dict[str, Score]
    given: dict[str, int]
    seconds: float = 0.0

    @classmethod
    def read(cls, state: Path | None, code: str, names: list[str]) -> Played:
        """Return what the file has, or a beginning where it has nothing that was played with this code."""
        fresh = cls(code, {name: Score(name) for name in names}, dict.fromkeys(names, 0))
        if state is None or not state.exists():
            return fresh
        kept = json.loads(state.read_text(encoding="utf-8"))
        if kept["code"] != code:
            return fresh
        fresh.scores |= {name: Score(**score) for name, score in kept["scores"].items()}
        fresh.given |= {name: kept["given"].get(name, 0) for name in fresh.scores}
        return replace(fresh, seconds=kept["seconds"])

    def write(self, state: Path | None) -> None:
        # Questions given out and not played are given again.
        if state is not None:
            done = {name: score.questions for name, score in self.scores.items()}
            text = json.dumps({"code": self.code, "seconds": self.seconds, "given": done, "scores": {name: asdict(score) for name, score in self.scores.items()}}, ensure_ascii=False)
            part = state.with_suffix(".part")
            part.write_text(text, encoding="utf-8")
            part.replace(state)


def told(played: Played, seconds: float, file: Path, setting: str) -> dict[str, Any]:
    """Return the result as it is kept."""
    scores = played.scores
    return {
        "setting": setting,
        "code": played.code,
        "doctors": _doctors(file),
        "minutes": round(seconds / 60, 1),
        "load": [round(value, 1) for value in os.getloadavg()],
        "python": platform.python_version(),
        "attacks": {name: score.told() | {"sessions_failed": score.failed} for name, score in sorted(scores.items()) if name in CLAIMED},
        "residual": {name: score.told() | {"sessions_failed": score.failed} for name, score in sorted(scores.items()) if name not in CLAIMED},
        "recovered": {name: score.details[:10] for name, score in sorted(scores.items()) if score.details and name in CLAIMED},
    }


def _doctors(file: Path) -> int:
    import duckdb

    with duckdb.connect(str(file), read_only=True) as store:
        row = store.execute("select count(*) from dim_hcp").fetchone()
    return int(row[0]) if row else 0


def _write(given: argparse.Namespace, played: Played) -> None:
    found = told(played, played.seconds, given.warehouse, given.setting)
    given.result.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def run(given: argparse.Namespace) -> None:
    """Play until each attack has asked its questions or the time is over; the result is written after each session."""
    begun, names = time.monotonic(), given.only or list(ALL)
    played = Played.read(given.state, code_of(given.policies), names)
    before = played.seconds
    left: dict[Future[Score], str] = {}
    with ProcessPoolExecutor(given.workers) as pool:
        while True:
            while len(left) < given.workers + 1 and time.monotonic() - begun < given.minutes * 60:
                wanted = {name: given.questions if name in CLAIMED else min(given.questions, given.residual) for name in names}
                open_ones = [name for name in names if played.given[name] < wanted[name]]
                if not open_ones:
                    break
                name = min(open_ones, key=lambda one: played.given[one])
                count = min(given.session, wanted[name] - played.given[name])
                left[pool.submit(session, name, given.warehouse, given.today, given.policies, count, given.seed * 100_003 + played.given[name])] = name
                played.given[name] += count
            if not left:
                _write(given, played)
                return
            done, _ = wait(left, return_when=FIRST_COMPLETED)
            for future in done:
                name = left.pop(future)
                if future.exception() is not None:
                    played.scores[name].failed += 1
                    print(name, repr(future.exception()), file=sys.stderr, flush=True)
                    continue
                played.scores[name] = played.scores[name].plus(future.result())
                print(json.dumps(played.scores[name].told(), ensure_ascii=False), flush=True)
            played.seconds = before + time.monotonic() - begun
            played.write(given.state)
            _write(given, played)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 11, 15))
    parser.add_argument("--policies", type=Path, default=POLICIES)
    parser.add_argument("--setting", default="default bundle (policies/)", help="what the bundle is called in the result")
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--residual", type=int, default=500, help="questions for each of the attacks that are measured and not claimed to recover nothing")
    parser.add_argument("--session", type=int, default=250)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--result", type=Path, default=RESULTS)
    parser.add_argument("--only", action="append", choices=sorted(ALL))
    run(parser.parse_args())


if __name__ == "__main__":
    main()
