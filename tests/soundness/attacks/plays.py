"""The attacks. Each asks `questions` questions as an ordinary user and claims what it computed of groups that were not told.

Each is written against what is answered, not against how protection works; which doctors' attributes exist is known to any user (the form offers them).
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from governance.terms import Disclosed
from tests.soundness.attacks.player import COLLEAGUE, MARKET, Claim, Company, Player, Score, with_filter, without

COUNTS = ("reached_hcps", "touches", "visits", "active_hcps", "multichannel_hcps")
OWN = ("specialty", "title", "segment", "potential", "is_target", "years_in_practice")
PLACES = ("region", "province", "city")


class World:
    """What any user can see of the dimensions' members."""

    def __init__(self, company: Company) -> None:
        catalogue = company.active.catalogue
        self.values: dict[str, list[Any]] = {name: list(catalogue.values(name)) for name in (*OWN, *PLACES, "hospital", "channel", "product")}
        self.today = company.today

    def month(self, dice: random.Random) -> dict[str, str]:
        first = self.today.replace(day=1)
        for _ in range(dice.randrange(1, 12)):
            first = (first - dt.timedelta(days=1)).replace(day=1)
        after = (first + dt.timedelta(days=32)).replace(day=1)
        return {"start": first.isoformat(), "end": after.isoformat()}

    def slice(self, dice: random.Random, *, narrow: int = 1) -> dict[str, Any]:
        """A question about doctors of a place and `narrow` more attributes."""
        query: dict[str, Any] = {"metrics": [dice.choice(COUNTS)], "period": self.month(dice)}
        place = dice.choice(("province", "city"))
        query = with_filter(query, place, [dice.choice(self.values[place])])
        for name in dice.sample(OWN, narrow):
            query = with_filter(query, name, [dice.choice(self.values[name])])
        return query


def _cells(table: Disclosed, metric: str) -> Iterator[tuple[tuple[Any, ...], float | None]]:
    at = next(i for i, column in enumerate(table.columns) if column.name == metric)
    keys = [i for i, column in enumerate(table.columns) if column.kind == "dimension"]
    for row in table.rows:
        value = row[at]
        yield tuple(row[i] for i in keys), float(value) if isinstance(value, (int, float)) else None


def small_cell(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Ask for small groups outright, alone and in tables."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((1, 2, 3)))
        metric = query["metrics"][0]
        if dice.random() < 0.5:
            value = player.number(query)
            claims += [Claim(query, metric, value)] if value is not None else []
            continue
        by = dice.choice(OWN)
        table = player.ask(query | {"group_by": [by]})
        for key, value in _cells(table, metric) if table is not None else ():
            if value is not None:
                claims.append(Claim(with_filter(query, by, key), metric, value))
    return claims


def complementary(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A table, its total and its subtotals asked apart, and every other hidden group asked alone: what is missing is subtracted."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        table = player.ask(query | {"group_by": [by]})
        total = player.number(query)
        if table is None or total is None:
            continue
        cells = dict(_cells(table, metric))
        hidden = [key for key, value in cells.items() if value is None]
        for key in hidden[:6]:
            cells[key] = player.number(with_filter(query, by, key))
            if cells[key] is None:
                rest = player.number(with_filter(query, by, key, "not_in"))
                cells[key] = None if rest is None else total - rest
                if rest is not None:
                    claims.append(Claim(with_filter(query, by, key), metric, total - rest))
        left = [key for key, value in cells.items() if value is None]
        if len(left) == 1:
            value = total - sum(value for value in cells.values() if value is not None)
            claims.append(Claim(with_filter(query, by, left[0]), metric, value))
    return claims


def tracker(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Denning's tracker: A and B = A without (A and B) taken from A, the small group in the middle; in one step and in two."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=0)
        metric = query["metrics"][0]
        first, second = dice.sample(OWN, 2)
        a, b = dice.choice(world.values[first]), dice.choice(world.values[second])
        of_a = with_filter(query, first, [a])
        whole, part = player.number(of_a), player.number(with_filter(of_a, second, [b], "not_in"))
        if whole is not None and part is not None:
            claims.append(Claim(with_filter(of_a, second, [b]), metric, whole - part))
            continue
        # B, B without A, and everybody: |A and B| again.
        of_b = with_filter(query, second, [b])
        whole, part = player.number(of_b), player.number(with_filter(of_b, first, [a], "not_in"))
        if whole is not None and part is not None:
            claims.append(Claim(with_filter(of_a, second, [b]), metric, whole - part))
            continue
        every, neither = player.number(query), player.number(with_filter(with_filter(query, first, [a], "not_in"), second, [b], "not_in"))
        only_a, only_b = player.number(with_filter(of_a, second, [b], "not_in")), player.number(with_filter(of_b, first, [a], "not_in"))
        if None not in (every, neither, only_a, only_b):
            claims.append(Claim(with_filter(of_a, second, [b]), metric, every - neither - only_a - only_b))  # type: ignore[operator]
    return claims


def _differenced(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        value = dice.choice(world.values[by])
        others = [item for item in world.values[by] if item != value]
        pair = [query, with_filter(query, by, [value], "not_in") if dice.random() < 0.5 else with_filter(query, by, others[:400])]
        dice.shuffle(pair)
        first, second = player.number(pair[0]), player.number(pair[1])
        if first is not None and second is not None:
            claims.append(Claim(with_filter(query, by, [value]), metric, abs(first - second)))
    return claims


def by_filter(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A group with and without one member of a dimension, written both ways, in both orders."""
    return _differenced(player, world, dice, questions)


def collusion(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """The same by two colleagues of one department, each asking one half."""
    player.actors = (MARKET, COLLEAGUE)
    return _differenced(player, world, dice, questions)


def by_partition(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A group less the groups that another dimension, filtered, divides it into: sums of parts that together miss a few."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=0)
        metric = query["metrics"][0]
        by, other = dice.sample(OWN, 2)
        value = dice.choice(world.values[by])
        total = player.number(query)
        parts = player.ask(with_filter(query, by, [value], "not_in") | {"group_by": [other]})
        if total is None or parts is None:
            continue
        shown = [number for _, number in _cells(parts, metric)]
        if all(number is not None for number in shown):
            claims.append(Claim(with_filter(query, by, [value]), metric, total - sum(number for number in shown if number is not None)))
    return claims


def linear(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Random unions of the hospitals of a city, solved by least squares (Dinur and Nissim 2003)."""
    claims = []
    rounds = max(1, questions // 50)
    for _ in range(rounds):
        query = {"metrics": [dice.choice(COUNTS)], "period": world.month(dice)}
        metric = query["metrics"][0]
        query = with_filter(query, "city", [dice.choice(world.values["city"])])
        table = player.ask(query | {"group_by": ["hospital"]})
        names = [key[0] for key, _ in _cells(table, metric)] if table is not None else dice.sample(world.values["hospital"], 12)
        names = names[:40]
        rows, answers = [], []
        for name, value in _cells(table, metric) if table is not None else ():
            if value is not None and name[0] in names:
                rows.append([float(n == name[0]) for n in names])
                answers.append(value)
        for _ in range(48):
            chosen = [name for name in names if dice.random() < 0.5]
            if not chosen:
                continue
            value = player.number(with_filter(query, "hospital", chosen))
            if value is not None:
                rows.append([float(name in chosen) for name in names])
                answers.append(value)
        if len(rows) < 2:
            continue
        matrix, right = np.array(rows), np.array(answers)
        solved = np.linalg.lstsq(matrix, right, rcond=None)[0]
        _, values, basis = np.linalg.svd(matrix, full_matrices=False)
        known = (basis[values > 1e-9] ** 2).sum(axis=0) > 1 - 1e-6
        # What the answers determine; a least-squares guess at the rest is a guess.
        claims += [Claim(with_filter(query, "hospital", [name]), metric, float(x)) for name, x, sure in zip(names, solved, known, strict=True) if sure]
    return claims


def having(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Thresholds, halved until a hidden group shows itself by appearing or not."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        table = player.ask(query | {"group_by": [by]})
        hidden = [key for key, value in _cells(table, metric) if value is None] if table is not None else []
        low, high, seen = 0, 64, False
        while hidden and low < high and player.score.questions < questions:
            middle = (low + high) // 2
            found = player.ask(query | {"group_by": [by], "having": [{"metric": metric, "op": ">", "value": middle}]})
            passed = found is not None and any(key == hidden[0] for key, _ in _cells(found, metric))
            seen = seen or passed
            low, high = (middle + 1, high) if passed else (low, middle)
        if hidden and seen:
            claims.append(Claim(with_filter(query, by, hidden[0]), metric, float(low)))
    return claims


def ranking(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Where a hidden group stands among the shown ones, with limits and without."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        way = dice.choice(("asc", "desc"))
        asked = query | {"group_by": [by], "order": [{"by": metric, "direction": way}]}
        table = player.ask(asked | ({"limit": dice.randrange(1, 8)} if dice.random() < 0.5 else {}))
        cells = list(_cells(table, metric)) if table is not None else []
        for position, (key, value) in enumerate(cells):
            before = next((v for _, v in reversed(cells[:position]) if v is not None), None)
            after = next((v for _, v in cells[position + 1 :] if v is not None), None)
            if value is None and before is not None and after is not None:
                claims.append(Claim(with_filter(query, by, key), metric, (before + after) / 2))
    return claims


def algebra(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Share times total, change plus base, base times growth, a rate times its denominator."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice(OWN)
        how = dice.choice(("share", "compare", "several"))
        if how == "share":
            table = player.ask(query | {"group_by": [by], "share": True})
            if table is None:
                continue
            names = [column.name for column in table.columns]
            at, part = names.index(metric), names.index(f"{metric}__share")
            totals = [row[at] / row[part] for row in table.rows if row[at] and row[part]]  # type: ignore[operator]
            gone = [row[0] for row in table.rows if row[at] is None]
            if totals and len(gone) == 1:
                value = totals[0] - sum(row[at] for row in table.rows if row[at] is not None)  # type: ignore[misc]
                claims.append(Claim(with_filter(query, by, gone), metric, float(value)))
            claims += [Claim(with_filter(query, by, [row[0]]), metric, float(row[part] * totals[0])) for row in table.rows if row[at] is None and row[part] is not None and totals]  # type: ignore[operator]
        elif how == "compare":
            table = player.ask(query | {"group_by": [by], "compare": "previous_period"})
            for row in table.rows if table is not None else ():
                cells = dict(zip([column.name for column in table.columns], row, strict=True))  # type: ignore[union-attr]
                now, base, change, growth = (cells.get(metric + suffix) for suffix in ("", "__base", "__change", "__growth"))
                if now is None and base is not None and (change is not None or growth is not None):
                    value = base + change if change is not None else base * (1 + growth)  # type: ignore[operator]
                    claims.append(Claim(with_filter(query, by, [row[0]]), metric, float(value)))
        else:
            both = query | {"metrics": ["reached_hcps", "multichannel_hcps", "multichannel_rate"], "group_by": [by]}
            table = player.ask(both)
            for row in table.rows if table is not None else ():
                reached, several, rate = row[-3:]
                if several is None and reached is not None and rate is not None:
                    claims.append(Claim(with_filter(query | {"metrics": ["multichannel_hcps"]}, by, [row[0]]), "multichannel_hcps", float(reached) * float(rate)))
    return claims


def unions(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Two overlapping unions of attributes: (A or B) less B, (A or B) less A, over a small place."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=1)
        metric, by = query["metrics"][0], dice.choice(OWN)
        values = dice.sample(world.values[by], min(3, len(world.values[by])))
        both = player.number(with_filter(query, by, values))
        for value in values:
            rest = player.number(with_filter(query, by, [v for v in values if v != value])) if len(values) > 1 else None
            if both is not None and rest is not None:
                claims.append(Claim(with_filter(query, by, [value]), metric, both - rest))
    return claims


def by_time(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """The residual risk: a period with and without one day. Touch attributes are told exactly (architecture.md, decisions)."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=0)
        metric, period = "touches", query["period"]
        query = query | {"metrics": [metric]}
        last = (dt.date.fromisoformat(period["end"]) - dt.timedelta(days=1)).isoformat()
        whole, part = player.number(query), player.number(query | {"period": {"start": period["start"], "end": last}})
        if whole is not None and part is not None:
            claims.append(Claim(query | {"period": {"start": last, "end": period["end"]}}, metric, whole - part))
    return claims


def averaging(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Noisy numbers asked again in other words and as sums over several divisions, averaged, and a group taken from the average of the whole."""
    claims = []
    while player.score.questions < questions:
        query = {"metrics": [dice.choice(("survey_responses", "advanced_hcps", "hcps_in_stage"))], "period": world.month(dice)}
        metric = query["metrics"][0]
        query = with_filter(query, "province", [dice.choice(world.values["province"])])
        by = dice.choice(OWN)
        value = dice.choice(world.values[by])
        rest = [item for item in world.values[by] if item != value]
        whole: list[float | None] = [player.number(query), player.number(with_filter(query, by, world.values[by]))]
        for other in dice.sample(OWN, 3):
            table = player.ask(query | {"group_by": [other]})
            shown = [number for _, number in _cells(table, metric)] if table is not None else [None]
            whole.append(None if None in shown else sum(number for number in shown if number is not None))
        part = [player.number(with_filter(query, by, [value], "not_in")), player.number(with_filter(query, by, rest)), player.number(with_filter(query, by, rest[::-1]))]
        known, less = [n for n in whole if n is not None], [n for n in part if n is not None]
        if known and less:
            claims.append(Claim(with_filter(query, by, [value]), metric, sum(known) / len(known) - sum(less) / len(less)))
    return claims


Play = Callable[[Player, World, random.Random, int], list[Claim]]
PLAYS: Mapping[str, Play] = {
    "small cells": small_cell,
    "complementary": complementary,
    "tracker": tracker,
    "differencing by filter": by_filter,
    "sums of parts": by_partition,
    "unions": unions,
    "linear reconstruction": linear,
    "collusion": collusion,
    "having": having,
    "ranking": ranking,
    "algebra": algebra,
}
RESIDUAL: Mapping[str, Play] = {"differencing by time": by_time, "averaging noise": averaging}
"""What is measured and published, beside guessing, and not claimed to be nothing."""


def play(name: str, act: Play, company: Company, *, questions: int, seed: int) -> Score:
    """Play one attack on a fresh installation and return what it achieved."""
    dice, score = random.Random(seed), Score(name)
    player = Player(company, score)
    claims: Sequence[Claim] = act(player, World(company), dice, questions)
    player.judge(claims, dice)
    return score


__all__ = ["PLAYS", "RESIDUAL", "World", "play", "without"]
