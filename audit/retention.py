"""How long records are kept: by class, never below each class's floor.

A class is told from an entry's type alone, so that anyone can check a pruning without knowing more than the search index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.errors import AuditError
from audit.records import LEAST_DAYS

MONTH_DAYS = 30.5


class PruneRefused(AuditError, ValueError):
    """What was asked must not be pruned; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClass:
    """A class of entries. `types` are types of events or what stands before their first dot; `months` is the default, `least` the floor."""

    name: str
    types: frozenset[str]
    months: int
    least: int
    why: str


ACCESS = RecordClass(
    name="access",
    types=frozenset({"intent", "outcome", "session", "identity", "ledger", "evaluation", "question"}),
    months=36,
    least=6,
    why="network logs: six months at least (Cybersecurity Law, its rule on logs)",
)
ASSESSMENTS = RecordClass(
    name="assessments",
    types=frozenset({"assessment", "incident", "subject", "retention", "review", "finding"}),
    months=36,
    least=36,
    why="impact assessments and the records of what they cover: three years at least (PIPL article 56)",
)
OPERATIONS = RecordClass(
    name="operations",
    types=frozenset(),
    months=36,
    least=6,
    why="everything else (policies, loads, keys, accounts): network logs, six months at least",
)
CLASSES = {found.name: found for found in (ACCESS, ASSESSMENTS, OPERATIONS)}
"""Classes by name; `operations` is whatever is in no other."""

_BY_TYPE = {prefix: found for found in CLASSES.values() for prefix in found.types}


def class_of(event_type: str) -> RecordClass:
    """The class of an entry by its type."""
    return _BY_TYPE.get(event_type.partition(".")[0], OPERATIONS)


def days_of(months: int) -> int:
    """At least so many days as the months can have: 36 months are 1,098."""
    return -int(-months * MONTH_DAYS // 1)


def kept_days(months: Mapping[str, int] | None = None, *, days: int | None = None) -> dict[str, int]:
    """Days that each class is kept, by name: from `months` by class (absent: its default), or `days` for all of them.

    Raises `PruneRefused` for an unknown class or a time below a class's floor. `days` below the floor of a class leaves that class at its
    floor, but never goes below six months.
    """
    if days is not None:
        if days < LEAST_DAYS:
            raise PruneRefused(f"the ledger is kept for at least {LEAST_DAYS} days (six months); name a longer time")
        return {name: max(days, days_of(found.least)) for name, found in CLASSES.items()}
    said = dict(months or {})
    for name, count in said.items():
        if name not in CLASSES:
            raise PruneRefused(f"the ledger knows no class of records {name!r}; name one of {', '.join(CLASSES)}")
        if count < CLASSES[name].least:
            raise PruneRefused(
                f"records of class {name} are kept for at least {CLASSES[name].least} months; name a longer time"
            )
    return {name: days_of(said.get(name, found.months)) for name, found in CLASSES.items()}
