"""The compliance audit pack: each rule of law, what answers it, and how that stands in live data. Never from a tick in a box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from governance.bundle.loading import Bundle
from governance.documents.reading import Read, read
from governance.documents.review import Control, ControlsDocument, Evidence
from governance.terms import Actor, Text
from wenshu.desk.door import Door
from wenshu.desk.evidence import QUERIES, Sources


class Controls:
    """Judges the controls of the bundle in force; those that ship with the product where the bundle has none."""

    def __init__(self, door: Door, *, bundle: Callable[[], Bundle], shipped: Callable[[], Path], sources: Callable[[], Sources]) -> None:
        self._door, self._bundle, self._shipped, self._sources = door, bundle, shipped, sources

    def documents(self) -> list[ControlsDocument]:
        """The laws with their controls, in the order of their files."""
        own = [item.document for item in self._bundle().of("controls", ControlsDocument)]
        return own or [item.document for item in shipped_controls(self._shipped())]

    def look(self, actor: Actor) -> dict[str, Any]:
        """Return `summary` `{met, partly, not_met}` and `laws`, each with its controls: `state` and the `evidence` with values and bounds. Recorded."""
        self._door.enter(actor, "controls")
        return self.told()

    def told(self) -> dict[str, Any]:
        """What `look` says; the caller has entered."""
        sources = self._sources()
        values: dict[str, int | None] = {}
        laws = [
            {
                "law": document.law.text(),
                "source": document.source.text(),
                "in_force": document.in_force.isoformat() if document.in_force else None,
                "controls": [_judged(control, sources, values) for control in document.controls],
            }
            for document in self.documents()
        ]
        states = [control["state"] for law in laws for control in law["controls"]]  # type: ignore[index, union-attr] # made just above
        summary = {state: states.count(state) for state in ("met", "partly", "not_met")}
        return {"bundle": sources.bundle.version, "at": self._door.clock().isoformat(), "summary": summary, "laws": laws}


def shipped_controls(folder: Path) -> list[Read[ControlsDocument]]:
    """Read the controls that lie in a bundle's folder."""
    return [read(path, ControlsDocument, folder) for path in sorted((folder / "controls").glob("*.yaml"))]


def _judged(control: Control, sources: Sources, values: dict[str, int | None]) -> dict[str, Any]:
    evidence = [_seen(item, sources, values) for item in control.evidence]
    holding = [seen["holds"] for seen, item in zip(evidence, control.evidence, strict=True) if can_fail(item)]
    if holding and all(holding):
        state = "partly" if control.outside is not None else "met"
    else:
        state = "partly" if any(holding) else "not_met"
    return {
        "id": control.id,
        "articles": list(control.articles),
        "demand": control.demand.text(),
        "capability": control.capability.text(),
        "tests": list(control.tests),
        "outside": control.outside.text() if control.outside else None,
        "verified": control.verified,
        "note": control.note.text() if control.note else None,
        "state": state,
        "evidence": evidence,
    }


def can_fail(item: Evidence) -> bool:
    """Whether the number could lie outside its bounds: one that can't (`at_least: 0`) is shown and proves nothing."""
    return item.at_most is not None or bool(item.at_least)


def _seen(item: Evidence, sources: Sources, values: dict[str, int | None]) -> dict[str, Any]:
    """What a query gives now, and whether it lies within its bounds; one that is unknown never does."""
    label, query = QUERIES.get(item.query, (Text(zh=item.query, en=item.query), None))
    if item.query not in values:
        values[item.query] = query(sources) if query is not None else None
    value = values[item.query]
    low, high = item.at_least, item.at_most
    holds = value is not None and (low is None or value >= low) and (high is None or value <= high)
    bound = " ".join(word for word in (f"≥ {low}" if low is not None else "", f"≤ {high}" if high is not None else "") if word)
    return {"query": item.query, "label": label, "value": value, "bound": bound, "holds": holds}


def problems_of(documents: Mapping[str, ControlsDocument]) -> list[str]:
    """Return what is wrong with controls by themselves: evidence queries that nothing answers."""
    return [
        f"{file}: {control.id} asks for evidence {item.query!r}, which nothing answers"
        for file, document in documents.items()
        for control in document.controls
        for item in control.evidence
        if item.query not in QUERIES
    ]

