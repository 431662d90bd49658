"""More attacks: by days and batches of withdrawals, by what stands beside a number, and by ways of asking that nobody meant for that.

Like `plays`: each asks as an ordinary user and claims what it computed.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from governance.gateway import Ask
from governance.metrics.parsing import query_from_json
from governance.terms import Disclosed, Refusal
from tests.soundness.attacks.player import (
    COLLEAGUE,
    MARKET,
    MEDICAL,
    Claim,
    Company,
    K,
    Player,
    later_load,
    with_filter,
)
from tests.soundness.attacks.plays import OWN, Play, World, _cells

THIRD = replace(MARKET, id="market_3")


def in_turns(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Three colleagues ask for a group, the group without one attribute, and the group without two, on different days and for different metrics of one count."""
    player.actors = (MARKET, COLLEAGUE, THIRD)
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice(OWN)
        some = dice.sample(world.values[by], min(2, len(world.values[by])))
        told = [player.number(query)]
        for leave in (some[:1], some):
            player.clock[0] -= dt.timedelta(days=dice.randrange(2))
            told.append(player.number(with_filter(query, by, leave, "not_in")))
        player.clock[0] = player.company.today
        for (first, second), group in (((told[0], told[1]), some[:1]), ((told[0], told[2]), some), ((told[1], told[2]), some[1:])):
            if first is not None and second is not None and group:
                claims.append(Claim(with_filter(query, by, group), metric, first - second))
    return claims


def _on(player: Player, day: dt.date, query: Mapping[str, Any], metric: str) -> tuple[float | None, int | None]:
    """Return the true value and the persons behind it as of a day: the judge's."""
    before, player.clock[0] = player.clock[0], day
    found = player.door.measure_unprotected(Ask(actor=player.actors[0], purpose=None, query=query_from_json(query)))
    player.clock[0] = before
    if isinstance(found, Refusal) or len(found[1].rows) != 1:
        return None, None
    measured = found[1]
    at = next(i for i, column in enumerate(measured.columns) if column.name == metric)
    value = measured.rows[0][at]
    return (float(value) if isinstance(value, (int, float)) else None), measured.contributors[0].get(metric)


def _withdrawn(player: Player, query: Mapping[str, Any], metric: str, days: tuple[dt.date, dt.date], value: float) -> Claim:
    """Claim the numbers of those who counted on the one day and not on the other; where nobody did there is nothing to claim."""

    def truth() -> tuple[float | None, int | None]:
        (first, before), (second, after) = _on(player, days[0], query, metric), _on(player, days[1], query, metric)
        lost, gained = player.changed(query, days)
        if first is None or second is None or before is None or after is None or bool(lost) == bool(gained):
            return None, None  # nobody, or some came as others went: the difference is no group's number
        return abs(first - second), abs(before - after)

    return Claim(query, metric, value, truth)


def batches(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """The same group asked again when a batch of withdrawals has taken effect, by a colleague, in tables and alone."""
    player.actors = (MARKET, COLLEAGUE)
    claims = []
    today = player.company.today
    while player.score.questions < questions:
        query = world.slice(dice, narrow=0) if dice.random() < 0.7 else {"metrics": [dice.choice(("reached_hcps", "touches"))], "period": world.month(dice)}
        metric = query["metrics"][0]
        days = (today - dt.timedelta(days=dice.randrange(5, 60)), today)
        told = []
        for day in days:
            player.clock[0] = day
            told.append(player.number(query))
        player.clock[0] = today
        if told[0] is not None and told[1] is not None and told[0] != told[1]:
            claims.append(_withdrawn(player, query, metric, days, abs(told[0] - told[1])))
    return claims


def batches_in_parts(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A number before a batch as the sum of its channels, or from other metrics, and after it as a whole."""
    claims = []
    today = player.company.today
    while player.score.questions < questions:
        query = world.slice(dice, narrow=0)
        query["metrics"] = ["touches"]
        days = (today - dt.timedelta(days=dice.randrange(5, 60)), today)
        player.clock[0] = days[0]
        how = dice.choice(("channels", "rate"))
        before: float | None = None
        if how == "channels":
            table = player.ask(query | {"group_by": ["channel"]})
            shown = [value for _, value in _cells(table, "touches")] if table is not None else [None]
            before = None if None in shown else sum(value for value in shown if value is not None)
        else:
            rate, of = player.number(query | {"metrics": ["touches_per_hcp"]}), player.number(query | {"metrics": ["reached_hcps"]})
            before = None if rate is None or of is None else rate * of
        player.clock[0] = today
        after = player.number(query)
        if before is not None and after is not None and abs(before - after) > 0.5:
            claims.append(_withdrawn(player, query, "touches", days, abs(before - after)))
    return claims


def loads(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """The same group before and after a load that some doctors are gone with: alone, in tables, as the sum of its channels, and as touches a doctor times doctors."""
    player.actors = (MARKET, COLLEAGUE)
    loaded = (player.company, later_load(player.company.file, player.company.today))
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=0)
        metric = query["metrics"][0]
        how = dice.choice(("alone", "channels", "rate")) if metric == "touches" else "alone"
        order = dice.sample((0, 1), 2)
        told: dict[int, float | None] = {}
        for turn, at in enumerate(order):
            player.load[0] = loaded[at]
            told[at] = _in_parts(player, query, how) if turn == 0 else player.number(query)
        player.load[0] = loaded[0]
        if told[0] is not None and told[1] is not None and abs(told[0] - told[1]) > 0.5:
            claims.append(_gone(player, query, metric, loaded, told[0] - told[1]))
    return claims


def _in_parts(player: Player, query: Mapping[str, Any], how: str) -> float | None:
    if how == "alone":
        return player.number(query)
    if how == "rate":
        rate, of = player.number(dict(query) | {"metrics": ["touches_per_hcp"]}), player.number(dict(query) | {"metrics": ["reached_hcps"]})
        return None if rate is None or of is None else rate * of
    table = player.ask(dict(query) | {"group_by": ["channel"]})
    shown = [value for _, value in _cells(table, "touches")] if table is not None else [None]
    return None if None in shown else sum(value for value in shown if value is not None)


def _gone(player: Player, query: Mapping[str, Any], metric: str, loaded: tuple[Company, Company], value: float) -> Claim:
    """Claim the number of those who are gone with a load."""

    def truth() -> tuple[float | None, int | None]:
        found = []
        for company in loaded:
            player.load[0] = company
            found.append(player.truth(query, metric))
        player.load[0] = loaded[0]
        (first, before), (second, after) = found
        if first is None or second is None or before is None or after is None or before == after:
            return None, None
        return first - second, before - after

    return Claim(query, metric, value, truth)


def grants(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """One person with two roles, one of them for some days only: half of a difference is asked as the one, half as the other, whose minimum group is 5."""
    player.k = K["medical"]
    lent = replace(MEDICAL, id=MARKET.id)
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        value = dice.choice(world.values[by])
        pair = [query, with_filter(query, by, [value], "not_in")]
        who = dice.sample((MARKET, lent), 2)
        order = dice.sample((0, 1), 2)
        told = {at: player.number(pair[at], actor=who[at]) for at in order}
        if told[0] is not None and told[1] is not None:
            claims.append(Claim(with_filter(query, by, [value]), metric, told[0] - told[1]))
    return claims


def side_channels(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """What stands beside the numbers: how many groups and rows there are, facts and notes, the place of a hidden row, a refusal's words."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        asked = query | {"group_by": [by]}
        if dice.random() < 0.5:
            asked |= {"order": [{"by": metric, "direction": dice.choice(("asc", "desc"))}], "limit": dice.randrange(1, 50)}
        table = player.ask(asked)
        if table is None:
            continue
        claims += _from_rows_used(table, query, metric, by)
        claims += _from_order(table, query, metric, by) if "order" in asked else []
    return claims


def _from_rows_used(table: Disclosed, query: Mapping[str, Any], metric: str, by: str) -> list[Claim]:
    """Rows used less what is shown is what is hidden."""
    cells = list(_cells(table, metric))
    hidden = [key for key, value in cells if value is None]
    claims = []
    for item in table.facts:
        if item.rows is not None and len(hidden) == 1:
            claims.append(Claim(with_filter(query, by, hidden[0]), metric, item.rows - sum(value for _, value in cells if value is not None)))
        for count in (*item.unmatched.values(), *item.unknown.values()):
            if count and hidden:
                claims += [Claim(with_filter(query, by, key), metric, float(count)) for key in hidden[:2]]
    return claims


def _from_order(table: Disclosed, query: Mapping[str, Any], metric: str, by: str) -> list[Claim]:
    """A hidden row between shown ones lies between their numbers; one that no limit lists is smaller."""
    cells = list(_cells(table, metric))
    shown = [value for _, value in cells if value is not None]
    claims = []
    if shown != sorted(shown) and shown != sorted(shown, reverse=True):
        return claims
    for at, (key, value) in enumerate(cells):
        before, after = [v for _, v in cells[:at] if v is not None], [v for _, v in cells[at + 1 :] if v is not None]
        if value is None and before and after:
            claims.append(Claim(with_filter(query, by, key), metric, (before[-1] + after[0]) / 2))
    return claims


def members(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A member compared with another, with one side small: change, growth and the order of changes."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice(OWN)
        base = dice.choice(world.values[by])
        table = player.ask(query | {"group_by": [by], "compare": {"dimension": by, "base": base}})
        known = player.number(with_filter(query, by, [base]))
        for row in table.rows if table is not None else ():
            cells = dict(zip([column.name for column in table.columns], row, strict=True))  # type: ignore[union-attr]
            now, change, growth = (cells.get(metric + suffix) for suffix in ("", "__change", "__growth"))
            against = cells.get(f"{metric}__base", known)
            if now is None and against is not None and (change is not None or growth is not None):
                value = float(against) + float(change) if change is not None else float(against) * (1 + float(growth))  # type: ignore[arg-type]
                claims.append(Claim(with_filter(query, by, [row[0]]), metric, value))
            if against is None and now is not None and change is not None:
                claims.append(Claim(with_filter(query, by, [base]), metric, float(now) - float(change)))  # type: ignore[arg-type]
    return claims


def kept_ranks(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """`keep` shows one row and its rank among all: kept one after another, ranks that nobody has are of hidden rows, and lie between their neighbours'."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice(OWN)
        ranks: dict[int, float] = {}
        gone = []
        for value in world.values[by]:
            table = player.ask(query | {"group_by": [by], "order": [{"by": metric, "direction": "desc"}], "keep": [{"dimension": by, "values": [value]}]})
            if table is None or not table.rows:
                continue
            names = [column.name for column in table.columns]
            number, rank = table.rows[0][names.index(metric)], table.rows[0][names.index(f"{metric}__rank")]
            if number is None:
                gone.append((value, rank))
            elif rank is not None:
                ranks[int(rank)] = float(number)  # type: ignore[arg-type]
        missing = [rank for rank in range(1, max(ranks, default=0)) if rank not in ranks and rank - 1 in ranks and rank + 1 in ranks]
        for value, rank in gone:
            at = rank if rank is not None else missing[0] if len(missing) == len(gone) == 1 else None
            if isinstance(at, int) and at - 1 in ranks and at + 1 in ranks:
                claims.append(Claim(with_filter(query, by, [value]), metric, (ranks[at - 1] + ranks[at + 1]) / 2))
    return claims


def windows(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A small group's number as the sum or difference of overlapping periods: a grain's rows, a quarter over its months, a fiscal year over a calendar one."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((1, 2)))
        query["metrics"] = [metric := dice.choice(("touches", "visits"))]
        first = dt.date.fromisoformat(query["period"]["start"])
        span = {"start": (first - dt.timedelta(days=62)).replace(day=1).isoformat(), "end": query["period"]["end"]}
        long, short = player.number(query | {"period": span}), player.number(query | {"period": span | {"end": first.isoformat()}})
        if long is not None and short is not None:
            claims.append(Claim(query, metric, long - short))
        table = player.ask(query | {"period": span, "grain": "month"})
        if table is None or long is None:
            continue
        values = [row[-1] for row in table.rows]
        if sum(value is None for value in values) == 1 and values[-1] is None:
            claims.append(Claim(query, metric, long - sum(float(value) for value in values[:-1])))  # type: ignore[arg-type]
    return claims


def _product(player: Player, world: World, dice: random.Random, questions: int, chains: Sequence[tuple[str, str, str]]) -> list[Claim]:
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1, 2)))
        wanted, rate, of = dice.choice(chains)
        query["metrics"] = [wanted]
        if of == "target_hcps":
            query = with_filter(query, "is_target", ["是"])
        if player.number(query) is not None:
            continue
        part, whole = player.number(query | {"metrics": [rate]}), player.number(query | {"metrics": [of]})
        if part is not None and whole is not None:
            claims.append(Claim(query, wanted, part * whole))
    return claims


def derived(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A hidden count from a rate and what it is a rate of, asked apart."""
    return _product(player, world, dice, questions, (("touches", "touches_per_hcp", "reached_hcps"),))


def numerators(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """The residual risk: a rate is shown where its denominator is large enough (domain rule), and times the denominator is its numerator, however small."""
    return _product(player, world, dice, questions, (("multichannel_hcps", "multichannel_rate", "reached_hcps"), ("reached_hcps", "reach_rate", "target_hcps")))


def shares(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A share beside its number tells the whole, which nobody asked for; from it the group without one member is taken."""
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric = query["metrics"][0] = dice.choice(("touches", "reached_hcps", "visits"))
        by, other = dice.sample(OWN, 2)
        value = dice.choice(world.values[other])
        asked = [query | {"group_by": [by], "share": True}, with_filter(query, other, [value], "not_in")]
        first = dice.random() < 0.5
        table, rest = (player.ask(asked[0]), player.number(asked[1])) if first else (player.number(asked[1]), player.ask(asked[0]))[::-1]
        if table is None or rest is None:
            continue
        names = [column.name for column in table.columns]
        at, part = names.index(metric), names.index(f"{metric}__share")
        wholes = [float(row[at]) / float(row[part]) for row in table.rows if row[at] and row[part]]  # type: ignore[arg-type]
        if wholes:
            claims.append(Claim(with_filter(query, other, [value]), metric, wholes[0] - rest))
    return claims


MORE: Mapping[str, Play] = {
    "collusion in turns": in_turns,
    "batches of withdrawals": batches,
    "batches in parts": batches_in_parts,
    "loads": loads,
    "two roles": grants,
    "side channels": side_channels,
    "member against member": members,
    "ranks of kept rows": kept_ranks,
    "derived metrics": derived,
    "shares": shares,
}
MORE_RESIDUAL: Mapping[str, Play] = {"overlapping periods": windows, "numerators of rates": numerators}
"""What is measured and published, and not claimed to be nothing."""
