"""What officers said of findings, and what follows from it: a rule that was wrong about a person must see more before it speaks of that person again.

Nothing here is stored: it is worked out from the entries of the ledger, so that it shows where it comes from, and opening a finding again takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wenshu.desk.findings.rules import RULES, Finding

STEP = 1.5
"""Each false alarm of a rule about a person raises by this factor what the rule must see; each confirmed misuse takes one back."""
MOST_STEPS = 4
FALSE = "false_alarm"


@dataclass(slots=True)
class Standing:
    """What officers did about one finding."""

    state: str = "open"
    verdict: str | None = None
    assignee: str | None = None
    resolved_by: str | None = None
    acts: list[dict[str, Any]] = field(default_factory=list)


Standings = Mapping[str, Standing]
Raised = Mapping[tuple[str, str], float]


def is_false(standing: Standing | None) -> bool:
    """Whether officers found it to be a false alarm."""
    return standing is not None and standing.verdict == FALSE


def raised_by(everything: Iterable[Finding], standings: Standings) -> dict[tuple[str, str], float]:
    """Return by rule and person how many times as much as usual the rule must see; those of whom it speaks as usual are left out."""
    steps: dict[tuple[str, str], int] = {}
    for item in everything if standings else ():
        verdict = standings[item.id].verdict if item.id in standings else None
        if verdict in (FALSE, "confirmed"):
            steps[item.rule, item.person] = steps.get((item.rule, item.person), 0) + (1 if verdict == FALSE else -1)
    return {who: float(STEP ** min(step, MOST_STEPS)) for who, step in steps.items() if step > 0}


def speaks(item: Finding, standings: Standings, raised: Raised) -> bool:
    """Whether a finding is shown: always once somebody acted on it, else when it is strong enough after what officers said of its like."""
    return item.id in standings or item.strength >= raised.get((item.rule, item.person), 1.0)


def precision(everything: list[Finding], standings: Standings) -> list[dict[str, Any]]:
    """For each rule how often officers found it right: `confirmed` and `explained` were worth a look, `false_alarm` was not."""
    told = []
    for rule, (label, _) in RULES.items():
        mine = [item for item in everything if item.rule == rule]
        verdicts = [standings[item.id].verdict for item in mine if item.id in standings and standings[item.id].verdict]
        worth = sum(verdict != FALSE for verdict in verdicts)
        told.append({"rule": rule, "label": label, "found": len(mine), "judged": len(verdicts), "precision": worth / len(verdicts) if verdicts else None})
    return told
