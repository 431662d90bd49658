"""The impact report: what a draft would have changed for the people who ask, everything it could change, and what old and new answers together give away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Protocol

from governance.access.comparing import Shift, combinations, shifts
from governance.bundle.loading import Bundle
from governance.inforce import Active
from governance.metrics.execution import Sources
from governance.terms import Actor, Text
from wenshu.committee.candidates import Candidate
from wenshu.committee.cases import words
from wenshu.committee.gates import as_json
from wenshu.committee.phrases import CHANGES
from wenshu.committee.privacy import isolating
from wenshu.committee.replay import Asked, Pair, Progress, Scales, as_asked, changed, readable, replay, summed
from wenshu.committee.shapes import DiffView, Words
from wenshu.committee.usage import Use

__all__ = ["Evidence", "Progress", "impact_of"]

LISTED = 100
"""Requests, shifts and isolating questions that the report lists; all are counted."""
PROBES = 60
"""Questions measured beside the replayed ones, where rows or groups change."""


class Evidence(Protocol):
    """What a report rests on: the ledger's requests, the accounts, and the loaded data."""

    def fits(self, bundle: Bundle) -> None:
        """Raise BundleError or WarehouseError where the bundle can't be put in force over the loaded data; pass where none is loaded."""
        ...

    def active(self, bundle: Bundle) -> Active | None:
        """Return the bundle over the loaded data, None where none is loaded."""
        ...

    def sources(self) -> AbstractContextManager[Sources]: ...

    def requests(self, since: dt.datetime, *, until: dt.datetime, heard: Callable[[float], None]) -> Iterable[Asked]:
        """Return the ledger's requests since then, equal ones added up. `heard` is told now and then which share of the time up to `until` was read."""
        ...

    def uses(self, since: dt.datetime) -> Sequence[Use]:
        """Return how many requests of each person since then rested on each rule, or were refused by it."""
        ...

    def last_act(self, user: str, since: dt.datetime) -> dt.date | None:
        """Return the last day since then on which the ledger has anything of the person, questions or not; None where it has nothing."""
        ...

    def people(self) -> Sequence[Actor]:
        """Return the accounts that may sign in."""
        ...


def impact_of(
    before: Candidate, after: Candidate, *, diff: DiffView, evidence: Evidence, today: dt.date, now: dt.datetime, days: int, progress: Progress
) -> dict[str, Any]:
    """Return the report as plain JSON data. Nothing in it is a measured value: counts of requests, rows, cells and combinations only."""
    progress("compare decisions 比较决定", 0.02)
    found = list(shifts(before.policy, after.policy, today=today))
    progress("read the ledger 读取账本", 0.1)
    ran = evidence.requests(now - dt.timedelta(days=days), until=now, heard=lambda share: progress("read the ledger 读取账本", 0.1 + 0.1 * share))
    asked = [as_asked(item, before.policy.vocabulary) for item in ran]
    people = {actor.id: actor for actor in evidence.people()}

    def actor_of(item: Asked) -> Actor:
        known = people.get(item.user)
        same = known is not None and known.role == item.role
        attributes, grants = (known.attributes, known.grants) if known is not None and same else (MappingProxyType({}), ())
        return Actor(id=item.user, role=item.role, department=item.department, attributes=attributes, via="local_admin", grants=grants)

    old, new = evidence.active(before.bundle), evidence.active(after.bundle)
    if old is None or new is None:
        pairs, unread, unmeasured = replay(asked, None, None, actor_of=actor_of, progress=progress)
        probes: list[Pair] = []
    else:
        with evidence.sources() as sources:
            shared: dict[object, Any] = {}
            tables = [item.tree.part("metrics") for item in (before, after)]
            scales = [Scales(active, sources, today=today, shared=shared, tables=key) for active, key in zip((old, new), tables, strict=True)]
            pairs, unread, unmeasured = replay(asked, scales[0], scales[1], actor_of=actor_of, progress=lambda what, share: progress(what, 0.2 + 0.6 * share))
            progress("privacy 隐私", 0.8)
            probing, _, _ = replay(_probes(found, people.values()), scales[0], scales[1], actor_of=actor_of, progress=lambda what, share: progress(what, 0.8 + 0.18 * share))
            probes = probing
    looked, cells, lines = isolating([*pairs, *probes], LISTED)
    report = {
        "before": before.version,
        "after": after.version,
        "made_at": now.isoformat(),
        "today": today.isoformat(),
        "days": days,
        "direction": diff["direction"],
        "approvals_needed": diff["approvals_needed"],
        "replay": {
            "requests": sum(item.times for item in asked),
            "distinct": len(asked),
            "not_readable": unread,
            "decided_only": unmeasured,
            "data": old is not None,
            "by_person": summed(pairs, lambda pair: pair.asked.user),
            "by_department": summed(pairs, lambda pair: pair.asked.department),
            "changed": changed(pairs, LISTED),
        },
        "exhaustive": _exhaustive(before, after, found, asked),
        "privacy": {"looked_at": looked, "probes": len(probes), "cells": cells, "requests": lines},
        "labels": _labels(before, after),
    }
    report["summary"] = _summary(report)
    return as_json(report)


def _labels(before: Candidate, after: Candidate) -> dict[str, dict[str, Words]]:
    """Return how the ids of the report are called, so that a reader of it needs neither bundle."""
    found: dict[str, dict[str, Words]] = {"roles": {}, "departments": {}, "purposes": {}, "metrics": {}, "dimensions": {}}
    for candidate in (before, after):
        policy = candidate.policy
        found["roles"] |= {name: words(role.label.text()) for name, role in policy.roles.items()}
        found["purposes"] |= {name: words(purpose.label.text()) for name, purpose in policy.purposes.items()}
        found["metrics"] |= {name: words(facts.label) for name, facts in policy.vocabulary.metrics.items()}
        found["dimensions"] |= {name: words(facts.label) for name, facts in policy.vocabulary.dimensions.items()}
        departments: dict[str, list[Words]] = {}
        for role in policy.roles.values():
            departments.setdefault(role.department, []).append(words(role.label.text()))
        # Departments have no labels of their own; they are called as their roles are.
        found["departments"] |= {
            name: {"zh": "、".join(label["zh"] for label in labels), "en": ", ".join(label["en"] for label in labels)} for name, labels in departments.items()
        }
    return found


def _probes(found: Sequence[Shift], people: Iterable[Actor]) -> list[Asked]:
    """Return questions about what changes its rows or groups, for the accounts concerned: the ledger of a young home has few."""
    telling = [item for item in found if item.change not in ("gains", "loses")]
    actors = list(people)
    probes: dict[tuple[str, str, str, str | None], Asked] = {}
    for item in telling:
        for actor in [person for person in actors if person.role == item.role][:5]:
            query: dict[str, Any] = {"metrics": [item.metric]} | ({"group_by": [item.dimension]} if item.dimension else {})
            probes.setdefault(
                (actor.id, item.metric, item.purpose, item.dimension), Asked(user=actor.id, role=actor.role, department=actor.department, purpose=item.purpose, query=query)
            )
    step = max(1, len(probes) // PROBES)
    return list(probes.values())[::step][:PROBES]


def _exhaustive(before: Candidate, after: Candidate, found: Sequence[Shift], asked: Sequence[Asked]) -> dict[str, Any]:
    exercised = _exercised(asked)
    by: dict[tuple[str, str], list[Shift]] = {}
    for item in found:
        by.setdefault((item.role, item.change), []).append(item)
    lines = []
    for (role, change), items in by.items():
        unused = [item for item in items if (item.role, item.purpose, item.metric, item.dimension) not in exercised]
        lines.append(
            {
                "role": role,
                "change": change,
                "looser": items[0].looser,
                "text": words(CHANGES[items[0].change]),
                "combinations": len(items),
                "never_asked": len(unused),
                "purposes": sorted({item.purpose for item in items}),
                "metrics": sorted({item.metric for item in items}),
                "dimensions": sorted({item.dimension for item in items if item.dimension}),
                "groups": sorted({(item.before.k, item.after.k) for item in items if item.before and item.after and item.before.k != item.after.k}),
                "since": sorted({item.since.isoformat() for item in items}),
            }
        )
    gains = [item for item in found if item.looser]
    return {
        "combinations": max(combinations(before.policy), combinations(after.policy)),
        "changed": len(found),
        "gains": len(gains),
        "gains_never_asked": sum((item.role, item.purpose, item.metric, item.dimension) not in exercised for item in gains),
        "lines": lines,
        "listed": [
            {"role": item.role, "purpose": item.purpose, "metric": item.metric, "dimension": item.dimension, "change": item.change, "since": item.since.isoformat()}
            for item in sorted(found, key=lambda item: not item.looser)[:LISTED]
        ],
    }


def _exercised(asked: Sequence[Asked]) -> set[tuple[str, str, str, str | None]]:
    """Return what was asked for lately, refused or not: role, purpose, metric, dimension."""
    found = set()
    for item in asked:
        query = readable(item.query)
        for metric in query.metrics if query else ():
            for dimension in (query.named_dimensions() if query else ()) or (None,):
                found.add((item.role, item.purpose or "", metric, dimension))
    return found


NAMED = 3
"""So many people are named in the report's sentence; more are counted there and listed below it."""


def _people(lines: Sequence[Mapping[str, Any]]) -> str:
    return "one person" if len(lines) == 1 else f"{len(lines)} people"


def _named(lines: Sequence[Mapping[str, Any]], before: str, between: str, after: str) -> str:
    return before + between.join(str(line["name"]) for line in lines) + after if len(lines) <= NAMED else ""


def _share(share: float, least: str) -> str:
    return least if 0 < share < 0.0005 else f"{share:.1%}"


def _summary(report: Mapping[str, Any]) -> dict[str, Any]:
    people = report["replay"]["by_person"]
    before, lost, gained = (sum(line[name] for line in people) for name in ("cells_before", "lost", "gained"))
    losers = [line for line in people if line["lost"] or line["lost_answers"]]
    gainers = [line for line in people if line["gained"] or line["gained_answers"]]
    share = lost / before if before else 0.0
    days, isolated = report["days"], report["privacy"]["cells"]
    never = report["exhaustive"]["gains_never_asked"]
    zh = [
        f"{len(losers)} 人{_named(losers, '（', '、', '）')}失去近 {days} 天所见单元格的 {_share(share, '不到 0.1%')}" if losers else f"近 {days} 天的提问中无人有损失",
        f"{len(gainers)} 人{_named(gainers, '（', '、', '）')}得到更多" if gainers else "无人得到更多",
        f"新旧答案合看会暴露 {isolated} 个小组" if isolated else "没有新的办法识别到个人",
    ]
    en = [
        f"{_people(losers)}{_named(losers, ' (', ', ', ')')} {'loses' if len(losers) == 1 else 'lose'} {_share(share, 'less than 0.1%')} of the cells seen in the last {days} days" if losers else f"nobody loses anything asked in the last {days} days",
        f"{_people(gainers)}{_named(gainers, ' (', ', ', ')')} {'gains' if len(gainers) == 1 else 'gain'}" if gainers else "nobody gains",
        f"old and new answers together isolate {isolated} small groups" if isolated else "no new way to single a person out",
    ]
    if never:
        zh.append(f"另有 {never} 种放宽还没有人用过")
        en.append(f"{never} ways are opened that nobody has asked for yet")
    said = "; ".join(en) + "."
    text = Text(zh="；".join(zh) + "。", en=said[0].upper() + said[1:])
    return {
        "people": len(people), "losers": len(losers), "gainers": len(gainers), "cells_before": before, "cells_lost": lost, "cells_gained": gained,
        "share_lost": round(share, 6), "isolated": isolated, "text": words(text),
    }
