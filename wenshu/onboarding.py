"""Onboarding a company's extracts: profile a folder nobody has described, propose a mapping for each file, leave them for a steward to confirm."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.bundle.loading import Bundle
from governance.errors import IngestError
from governance.ingest import proposing, unknown
from governance.ingest.carriers import sources
from governance.ingest.files import find
from governance.ingest.mappings import load_plan
from governance.ingest.profile import Profiler


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """What was found in a folder: the proposals, the profile of every column of the files that no mapping names, and what could not be read."""

    proposals: tuple[proposing.Proposal, ...]
    columns: tuple[dict[str, Any], ...]
    unread: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data: a proposal has `extract`, `file`, `table`, `lacking` and `mapping` (the document)."""
        return {
            "proposals": [
                {"extract": item.extract, "file": item.file, "table": item.table, "lacking": list(item.lacking), "mapping": dict(item.document)} for item in self.proposals
            ],
            "columns": list(self.columns),
            "unread": list(self.unread),
        }


def examine(bundle: Bundle, place: Path | str, *, more: Path | None = None) -> Onboarding:
    """Profile what no mapping of the bundle, or of the stewards' folder `more`, names and propose a mapping for each. Changes nothing. Raises IngestError, BundleError."""
    plan = load_plan(bundle.folder, unmapped=True, more=more)
    among = sources(place)
    named = {source.name for mapping in plan.mappings for source in find(among, mapping)}
    profiler = Profiler(plan.classes)
    proposals: list[proposing.Proposal] = []
    columns: list[dict[str, Any]] = []
    unread: list[str] = []
    for item in unknown.seen([source for source in among if source.name not in named]):
        if isinstance(item, str):
            unread.append(item)
            continue
        mapping, extract = item
        profiles = profiler.profile(extract, None)
        columns += profiles
        proposals.append(proposing.propose(mapping, profiles, extract.rows, plan.schema))
    return Onboarding(proposals=tuple(proposals), columns=tuple(columns), unread=tuple(unread))


def write(found: Onboarding, out: Path) -> list[str]:
    """Write `extracts/<name>.yaml` for each proposal into `out` (mode 0700) and return their names; an existing file stops it before anything is written."""
    folder = out / "extracts"
    paths = [(folder / f"{item.extract}.yaml", item) for item in found.proposals]
    twice = {item.extract for _, item in paths if sum(other.extract == item.extract for _, other in paths) > 1}
    if twice:
        message = f"two files would both be the extract {min(twice)!r}; rename one of them, or put files of one kind into a folder of their own"
        raise IngestError(message)
    there = next((path for path, _ in paths if path.exists()), None)
    if there is not None:
        message = f"{there.name} already lies in {out.name!r}; choose another folder or remove it; nothing was written"
        raise IngestError(message)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, item in paths:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(item.text())
    except OSError as error:
        message = f"{out.name!r} can't be written: {error.strerror}; choose another folder"
        raise IngestError(message) from error
    return [f"extracts/{path.name}" for path, _ in paths]
