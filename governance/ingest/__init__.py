"""Loading a company's extracts: mapped, linked, pseudonymized, checked, published whole.

`ingest` orders the wings: `documents` say what is what, `identity` links and keeps persons apart in the vault, `warehouse` swaps the new
file in. Nothing else writes the warehouse.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from governance.ingest.pipeline import Places
    from governance.ingest.report import ExtractReport, LoadReport
    from governance.ingest.run import ingest

_ROOMS = {"ExtractReport": "report", "LoadReport": "report", "Places": "pipeline", "ingest": "run"}

__all__ = ["ExtractReport", "LoadReport", "Places", "ingest"]


def __getattr__(name: str) -> Any:
    """Load a room when it is asked for: whoever reads one file of an extract needs neither linking nor pandas."""
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{room}"), name)
