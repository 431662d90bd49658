"""The impact report's figures as bars: who loses and gains what, by department, and which roles change. Widths are drawn as SVG, since the pages allow no inline style."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wenshu.web.language import say

BARS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of a chart: cells before, lost and gained; `kept`, `lost` and `gained` are widths in hundredths of the longest line."""

    name: str
    of: str
    before: int
    lost_cells: int
    gained_cells: int
    lost_answers: int
    gained_answers: int
    kept: float
    lost: float
    gained: float

    @property
    def share(self) -> float:
        return self.lost_cells / self.before if self.before else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One line of the exhaustive comparison: a role, what changes for it, and how many combinations."""

    role: str
    text: str
    looser: bool
    combinations: int
    never: int
    wide: float
    metrics: Sequence[str]
    groups: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """All charts of a report."""

    departments: Sequence[Bar]
    people: Sequence[Bar]
    openings: Sequence[Opening]


def charts_of(report: Mapping[str, Any]) -> Charts:
    """Return the charts of an impact report."""
    called = caller(report)
    lines = report["exhaustive"]["lines"]
    most = max((line["combinations"] for line in lines), default=1)
    openings = [
        Opening(
            role=called("roles", line["role"]), text=say(line["text"]), looser=bool(line["looser"]), combinations=line["combinations"], never=line["never_asked"],
            wide=round(100 * line["combinations"] / most, 1), metrics=[called("metrics", name) for name in line["metrics"]], groups=", ".join(f"{was} → {now}" for was, now in line.get("groups") or ()),
        )
        for line in lines
    ]
    return Charts(departments=_bars(report["replay"]["by_department"], called, "departments"), people=_bars(report["replay"]["by_person"], called), openings=openings)


def caller(report: Mapping[str, Any]) -> Callable[[str, str], str]:
    """Return what calls the report's ids by their labels in the reader's language; an older report has none, and ids stay ids."""
    labels = report.get("labels") or {}

    def called(kind: str, name: str) -> str:
        return say(labels.get(kind, {}).get(name)) or name

    return called


def _bars(lines: Sequence[Mapping[str, Any]], called: Callable[[str, str], str], kind: str = "") -> list[Bar]:
    longest = max((line["cells_before"] + line["gained"] for line in lines), default=0) or 1
    return [
        Bar(
            name=called(kind, line["name"]), of=called("departments", line["department"]), before=line["cells_before"], lost_cells=line["lost"], gained_cells=line["gained"],
            lost_answers=line["lost_answers"], gained_answers=line["gained_answers"],
            kept=round(100 * (line["cells_before"] - line["lost"]) / longest, 2), lost=round(100 * line["lost"] / longest, 2), gained=round(100 * line["gained"] / longest, 2),
        )
        for line in lines[:BARS]
    ]
