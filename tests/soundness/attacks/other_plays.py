"""Attacks by someone whom a mask keeps from something, and by two who hand their answers on.

Like `plays`: each asks as an ordinary user and claims what it computed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from governance.gateway import Ask
from governance.metrics.parsing import query_from_json
from governance.terms import Actor, Refusal
from tests.soundness.attacks.player import MARKET, MEDICAL, Claim, K, Player, with_filter
from tests.soundness.attacks.plays import COUNTS, OWN, Play, World

EAST = "华东"
MANAGER = Actor(id="manager_east", role="sales_manager", department="sales", attributes={"region": EAST})
MASKED, BAND = "years_in_practice", "practice_band"
ANYBODY = 10**9


def _alone(player: Player, query: Mapping[str, Any], metric: str) -> Callable[[], tuple[float | None, int | None]]:
    """Return what tells the true number of a masked group: the judge asks as someone whom no mask keeps from it, in the manager's region."""

    def truth() -> tuple[float | None, int | None]:
        asked = with_filter(query, "region", [EAST])
        found = player.door.measure_unprotected(Ask(actor=MARKET, purpose=None, query=query_from_json(asked)))
        if isinstance(found, Refusal) or len(found[1].rows) != 1:
            return None, None
        value = found[1].rows[0][-1]
        return (float(value) if isinstance(value, (int, float)) else None), found[1].contributors[0].get(metric)

    return truth


def _asked(query: Mapping[str, Any], metric: str, by: Sequence[str], years: Sequence[Any], dice: random.Random) -> dict[str, Any]:
    """Return a way to ask by what is masked."""
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"order": [{"by": MASKED, "direction": dice.choice(("asc", "desc"))}], "limit": dice.randrange(1, 6)},
        {"order": [{"by": metric, "direction": "desc"}], "limit": dice.randrange(1, 6)},
        {"share": True},
        {"compare": "previous_period"},
        {"having": [{"metric": metric, "op": ">", "value": dice.randrange(1, 400)}]},
        {"keep": [{"dimension": MASKED, "values": [dice.choice(years)]}]},
        {"compare": {"dimension": MASKED, "base": dice.choice(years)}},
        {"where": [*query.get("where", []), {"dimension": MASKED, "op": dice.choice(("in", "not_in")), "values": dice.sample(list(years), 2)}]},
    )
    return dict(query) | {"group_by": list(by)} | dice.choice(ways)


def masks(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """Years in practice are told in bands to managers: asked for in every way, a row of its own for a year's group, or several rows of one band, are what the mask hides."""
    player.actors, player.k = (MANAGER,), ANYBODY
    years, claims = world.values[MASKED], []
    while player.score.questions < questions:
        metric = dice.choice(COUNTS)
        query: dict[str, Any] = {"metrics": [metric], "period": world.month(dice)}
        other = dice.choice([name for name in OWN if name != MASKED])
        if dice.random() < 0.5:
            query = with_filter(query, other, [dice.choice(world.values[other])])
        by = dice.choice(([MASKED], [MASKED, other], [other, MASKED], [MASKED, BAND], [BAND, MASKED]))
        table = player.ask(_asked(query, metric, by, years, dice))
        if table is None:
            continue
        names = [column.name for column in table.columns]
        keys = [at for at, column in enumerate(table.columns) if column.kind == "dimension"]
        rows = [(tuple(row[at] for at in keys), row[names.index(metric)]) for row in table.rows]
        often = Counter(key for key, _ in rows)
        for key, value in rows:
            if not isinstance(value, (int, float)):
                continue
            rest = [(names[at], cell) for at, cell in zip(keys, key, strict=True) if names[at] not in (MASKED, BAND)]
            told = [cell for cell in key if cell in years]
            for year in told or (years if often[key] > 1 else ()):
                group = with_filter(query, MASKED, [year])
                for name, cell in rest:
                    group = with_filter(group, name, [cell])
                claims.append(Claim(group, metric, float(value), _alone(player, group, metric)))
    return claims


def handed_on(player: Player, world: World, dice: random.Random, questions: int) -> list[Claim]:
    """A group asked in one department and the group without one attribute in another, which was handed the first answer."""
    player.k = K["medical"]
    claims = []
    while player.score.questions < questions:
        query = world.slice(dice, narrow=dice.choice((0, 1)))
        metric, by = query["metrics"][0], dice.choice([*OWN, "hospital"])
        value = dice.choice(world.values[by])
        pair = [query, with_filter(query, by, [value], "not_in")]
        who = dice.sample((MARKET, MEDICAL), 2)
        told = [player.number(asked, actor=actor) for asked, actor in zip(pair, who, strict=True)]
        if told[0] is not None and told[1] is not None:
            claims.append(Claim(with_filter(query, by, [value]), metric, told[0] - told[1]))
    return claims


OTHER: Mapping[str, Play] = {"masks": masks}
OTHER_RESIDUAL: Mapping[str, Play] = {"answers handed on": handed_on}
"""Measured and published; nothing with `together: company`."""
