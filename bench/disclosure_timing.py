"""Whether the time of an answer tells of a hidden cell: the same questions put to pairs of companies that differ in hidden cells only.

    OPENBLAS_NUM_THREADS=1 python -m bench.disclosure_timing --warehouse HOME/warehouse.duckdb [--today DAY] [--rounds 200]

Three pairs, made of a copy with a planted group of three doctors: *nothing or something* (the group's touches belong to another hidden group: nobody or three behind the number), *small or
hardly small* (three or eight doctors), *absent or hidden* (nobody or three, asked for alone). Each question is asked of both companies and of a byte copy of the first (the control) in turns of random order,
again and again of the same installation (`again`) and of an installation in which only something else was asked (`fresh`). Timed is the door to data, in wall time and in processor time of the thread, which has
far less noise than anybody outside can have. Told is the area under the ROC curve (one half: the time tells nothing; Mann and Whitney 1947) with a 95% interval and how many observations of each side somebody would
need who wants to be right in 19 of 20 cases; a difference counts where the interval excludes a half, which of twenty controls one does by chance.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb
from scipy.stats import mannwhitneyu

from governance.disclosure.memory import Memory
from governance.gateway import Answered, Ask, Gateway
from governance.metrics.parsing import query_from_json
from tests.soundness.attacks.player import MARKET, POLICIES, Company, open_company
from tests.soundness.planted import Planted, plant

RESULTS = Path(__file__).resolve().parent / "results" / "disclosure_timing.json"
SURE = 0.95
WARM = 4
"""Rounds that are not timed."""
Times = dict[str, list[float]]


@dataclass(frozen=True)
class Pair:
    """Two companies that nobody may tell apart, the first one's copy, and what is asked of all three."""

    name: str
    one: Path
    other: Path
    questions: Mapping[str, Mapping[str, Any]]


@dataclass
class Sample:
    """What one question took at each of the three companies, in ms."""

    wall: Times = field(default_factory=lambda: {"one": [], "other": [], "copy": []})
    processor: Times = field(default_factory=lambda: {"one": [], "other": [], "copy": []})


def told_apart(one: Sequence[float], other: Sequence[float]) -> dict[str, Any]:
    """Return how well the times tell the sides apart: the area under the ROC curve, its 95% interval (Hanley and McNeil 1982), and the observations needed."""
    n, m = len(one), len(other)
    area = float(mannwhitneyu(other, one).statistic) / (n * m)
    first, second = area / (2 - area), 2 * area * area / (1 + area)
    error = math.sqrt(max(1e-9, area * (1 - area) + (n - 1) * (first - area * area) + (m - 1) * (second - area * area)) / (n * m))
    low, high = max(0.0, area - 1.96 * error), min(1.0, area + 1.96 * error)
    shift = math.sqrt(2) * NormalDist().inv_cdf(min(max(area, 1e-6), 1 - 1e-6))
    # Two means of as many observations, one standard deviation times `shift` apart.
    needed = math.ceil(2 * (2 * NormalDist().inv_cdf(SURE) / shift) ** 2) if abs(shift) > 1e-6 else None
    return {
        "area": round(area, 3),
        "interval": [round(low, 3), round(high, 3)],
        "differs": not low <= 0.5 <= high,
        "median_ms": [round(statistics.median(one), 2), round(statistics.median(other), 2)],
        "observations_needed": needed,
    }


# ---------------------------------------------------------------------- pairs


def _copied(file: Path, name: str, change: Callable[[duckdb.DuckDBPyConnection], None] | None = None) -> Path:
    copy = file.with_name(f"{name}.duckdb")
    shutil.copyfile(file, copy)
    if change is not None:
        with duckdb.connect(str(copy)) as store:
            change(store)
    return copy


def _hidden_beside(planted: Planted, query: Mapping[str, Any]) -> str:
    """Return another specialty that the table hides."""
    told = planted.company.door().run(Ask(actor=MARKET, purpose=None, query=query_from_json(query)))
    if not isinstance(told, Answered):
        raise SystemExit("The company is too small for this bench: its table by specialty is refused.")
    hidden = [str(told.disclosed.rows[cell.row][0]) for cell in told.disclosed.hidden]
    return next(name for name in hidden if name != planted.specialty)


def pairs(warehouse: Path, today: dt.date, folder: Path) -> list[Pair]:
    """Make the companies and say what is asked of them."""
    planted = plant(warehouse, folder, today)
    year = {"start": f"{today.year}-01-01", "end": f"{today.year}-{today.month:02d}-01"}
    place = {"dimension": "province", "op": "in", "values": [planted.province]}
    table = {"metrics": ["touches"], "group_by": ["specialty"], "period": year, "where": [place]}
    beside = _hidden_beside(planted, table)
    of = f"select hcp_key from dim_hcp where province = '{planted.province}' and specialty = "
    small = f"({of} '{planted.specialty}')"
    reached = f"select hcp_key from fct_touch where delivered and occurred_at >= date '{year['start']}' and occurred_at < date '{year['end']}'"

    def moved(store: duckdb.DuckDBPyConnection) -> None:
        taker = store.execute(f"{of} '{beside}' and hcp_key in ({reached}) order by 1 limit 1").fetchone()
        store.execute(f"update fct_touch set hcp_key = ? where hcp_key in {small}", [taker[0] if taker else None])

    def larger(store: duckdb.DuckDBPyConnection) -> None:
        store.execute(f"update dim_hcp set specialty = '{planted.specialty}' where hcp_key in ({of} '{beside}' and hcp_key in ({reached}) order by 1 limit 5)")

    def absent(store: duckdb.DuckDBPyConnection) -> None:
        store.execute(f"update dim_hcp set specialty = '{beside}' where hcp_key in {small}")

    alone = {"metrics": ["touches"], "period": year, "where": [place, {"dimension": "specialty", "op": "in", "values": [planted.specialty]}]}
    tables: dict[str, Mapping[str, Any]] = {
        "table": table,
        "shares": table | {"share": True},
        "ordered": table | {"order": [{"by": "touches", "direction": "desc"}], "limit": 5},
        "having": table | {"having": [{"metric": "touches", "op": ">", "value": 0}]},
        "doctors": table | {"metrics": ["reached_hcps"]},
        "by two": table | {"group_by": ["specialty", "title"]},
        "alone": alone,
        "all others": alone | {"where": [place, {"dimension": "specialty", "op": "not_in", "values": [planted.specialty]}]},
    }
    lone: dict[str, Mapping[str, Any]] = {
        "alone": alone,
        "doctors": alone | {"metrics": ["reached_hcps"]},
        "narrower": alone | {"where": [*alone["where"], {"dimension": "is_target", "op": "in", "values": ["是"]}]},  # type: ignore[misc]
        "by month": alone | {"grain": "month"},
    }
    return [
        Pair("nothing or something", planted.file, _copied(planted.file, "moved", moved), tables),
        Pair("small or hardly small", planted.file, _copied(planted.file, "larger", larger), tables),
        Pair("absent or hidden", planted.file, _copied(planted.file, "absent", absent), lone),
    ]


# ---------------------------------------------------------------------- timing


def _timed(door: Gateway, query: Mapping[str, Any]) -> tuple[float, float, str]:
    ask = Ask(actor=MARKET, purpose=None, query=query_from_json(query))
    wall, processor = time.perf_counter(), time.thread_time()
    told = door.run(ask)
    took = (time.perf_counter() - wall) * 1000, (time.thread_time() - processor) * 1000
    return *took, (repr((told.disclosed.rows, told.disclosed.hidden)) if isinstance(told, Answered) else told.refusal.code)


def _prepared(company: Company, other: Mapping[str, Any]) -> Gateway:
    """Return an installation in which only something else was asked, so that what is read once is read."""
    door = company.door(memory=Memory.passing())
    door.run(Ask(actor=MARKET, purpose=None, query=query_from_json(other)))
    return door


def sampled(companies: Mapping[str, Company], query: Mapping[str, Any], other: Mapping[str, Any], rounds: int, *, fresh: bool, dice: random.Random) -> tuple[Sample, bool]:
    """Ask one question in turns; also return whether all companies answered alike. Where they don't, the time need tell nothing, and nothing is timed."""
    sample, answers = Sample(), set()
    doors = {name: _prepared(company, other) for name, company in companies.items()}
    for turn in range(rounds + WARM):
        if turn == WARM and len(answers) > 1:
            break
        for name in dice.sample(list(companies), len(companies)):
            door = _prepared(companies[name], other) if fresh else doors[name]
            wall, processor, answer = _timed(door, query)
            answers.add(answer)
            if turn >= WARM:
                sample.wall[name].append(wall)
                sample.processor[name].append(processor)
    return sample, len(answers) == 1


def measure(warehouse: Path, today: dt.date, rounds: int, seed: int, only: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Time all questions of the pairs (`only`: of these; empty: of all); yields what is known after each of them."""
    dice = random.Random(seed)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for pair in pairs(warehouse, today, Path(name)):
            if only and pair.name not in only:
                continue
            files = {"one": pair.one, "other": pair.other, "copy": _copied(pair.one, "copy")}
            companies = {side: open_company(file, today, policies=POLICIES, threads=1) for side, file in files.items()}
            of_pair: dict[str, Any] = {}
            for asked, query in pair.questions.items():
                other = {"metrics": ["visits"], "period": query["period"], "group_by": ["region"]}
                for way in ("again", "fresh"):
                    sample, alike = sampled(companies, query, other, rounds, fresh=way == "fresh", dice=dice)
                    if not alike:
                        continue
                    of_pair[f"{asked}, {way}"] = {
                        "wall": told_apart(sample.wall["one"], sample.wall["other"]),
                        "processor": told_apart(sample.processor["one"], sample.processor["other"]),
                        "control_wall": told_apart(sample.wall["one"], sample.wall["copy"]),
                        "control_processor": told_apart(sample.processor["one"], sample.processor["copy"]),
                    }
                    found[pair.name] = of_pair
                    yield found
            for company in companies.values():
                company.warehouse.close()


def summed(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return over all questions how many tell the sides apart, and how well the best does, beside the controls."""
    every = [one for of_pair in found.values() for one in of_pair.values()]
    out: dict[str, Any] = {"comparisons": len(every)}
    for kind in ("wall", "processor", "control_wall", "control_processor"):
        areas = [one[kind]["area"] for one in every]
        out[kind] = {"differ": sum(one[kind]["differs"] for one in every), "furthest_area": max(areas, key=lambda area: abs(area - 0.5))}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 11, 15))
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pair", action="append", default=[], help="only this pair; goes on with the pairs of the result that is there")
    parser.add_argument("--result", type=Path, default=RESULTS)
    given = parser.parse_args()
    before = json.loads(given.result.read_text(encoding="utf-8"))["pairs"] if given.pair and given.result.exists() else {}
    for now in measure(given.warehouse, given.today, given.rounds, given.seed, given.pair):
        found = before | now
        told = {"summary": summed(found), "rounds": given.rounds, "load": [round(value, 1) for value in os.getloadavg()], "python": platform.python_version(), "pairs": found}
        given.result.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told["summary"], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
