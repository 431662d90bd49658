"""The gate of a real load: a column that is personal, that a mapping would store as it is written, and that no steward confirmed stops it.

What a mapping turns into keys, bands, flags, codes of a list or masked text is handled by that; what is left reaches the warehouse letter by
letter. Such a column must be nothing personal, or a steward must have said under `classification/` what it is and that it may be kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from governance.errors import IngestError
from governance.ingest.profile import LEVEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from governance.documents.extracts import Mapping as ExtractMapping
    from governance.documents.extracts import Value
    from governance.documents.warehouse import WarehouseSchema
    from governance.ingest.files import Extract
    from governance.ingest.profile import Profiler

_AS_WRITTEN = frozenset({"text", "integer", "number", "money", "date", "time", "month"})
_SAID_BY_HEADER = frozenset({"text", "date"})
"""Types for which the header alone is enough to ask: an amount called 收入 is business, a text or a day called so may be a person's."""
_MAY_STAY = frozenset({"keep", "generalize"})


def as_written(mapping: ExtractMapping, schema: WarehouseSchema, headers: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """The columns of the file whose cells reach the warehouse as they are, each with the (table.column, type) that it reaches."""
    found: dict[str, list[tuple[str, str]]] = {}
    made = _made(mapping, tuple(headers))
    for load in mapping.load:
        for name, value in load.fields.items():
            spec = schema.tables[load.table].columns[name]
            if spec.type in _AS_WRITTEN and _kept(value):
                for column in value.column or ():
                    for source in made.get(column, (column,)):
                        found.setdefault(source, []).append((f"{load.table}.{name}", spec.type))
    return found


def _kept(value: Value) -> bool:
    return value.column is not None and not value.masked and not value.bands and (value.map is None or value.otherwise == "keep")


def _made(mapping: ExtractMapping, headers: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Columns that reading makes out of cells of the file, with the columns whose cells they hold."""
    made: dict[str, tuple[str, ...]] = {}
    if mapping.fold is not None:
        made |= {name: (collect.column,) if collect.column is not None else () for name, collect in mapping.fold.collect.items()}
    if mapping.unpivot is not None:
        made |= {mapping.unpivot.header: (), mapping.unpivot.cell: mapping.unpivot.matching(headers)}
    return made


def personal(profiled: Mapping[str, Any], types: Iterable[str]) -> bool:
    """Whether a column, as profiled, may not be stored as it is written in columns of these types.

    A steward's word outranks what was found, also where it says that the column must not stay.
    """
    if profiled["confirmed"]:
        return profiled["handling"] not in _MAY_STAY
    if profiled["category"] == "none" or profiled["handling"] == "keep":
        return False
    if profiled["category"] == "free_text" and profiled["by"] == "cells" and not set(profiled["inside"]) - {"name"}:
        # Titles and topics are text too, and their words can look like names; a number or an address in them is no chance.
        return False
    return profiled["by"] in {"cells", "both"} or bool(_SAID_BY_HEADER & set(types))


def check(extract: Extract, mapping: ExtractMapping, schema: WarehouseSchema, profiler: Profiler) -> None:
    """Raise IngestError, naming file, column and what to do, where a personal column would be stored unconfirmed."""
    stored = as_written(mapping, schema, extract.headers)
    stopped = [
        (item, stored[item["column"]])
        for item in profiler.profile(extract, mapping, only=frozenset(stored))
        if personal(item, [kind for _, kind in stored[item["column"]]])
    ]
    if stopped:
        raise IngestError(told(extract.files, *stopped[0], more=len(stopped) - 1))


def warnings(extract: Extract, mapping: ExtractMapping, schema: WarehouseSchema, profiles: Iterable[Mapping[str, Any]]) -> list[str]:
    """What would stop a real load, a line a column, from the profiles of a dry run."""
    stored = as_written(mapping, schema, extract.headers)
    return [
        told(extract.files, item, reached).replace("; nothing was loaded.", "; a real load stops here.")
        for item in profiles
        if (reached := stored.get(item["column"])) and personal(item, [kind for _, kind in reached])
    ]


def told(files: tuple[str, ...], item: Mapping[str, Any], reached: list[tuple[str, str]], *, more: int = 0) -> str:
    """The one line about a column that is stopped."""
    names = files[0] + (f" (and {len(files) - 1} more files)" if len(files) > 1 else "")
    others = f" {more} more columns of it are held as well." if more else ""
    why = "a steward confirmed it as" if item["confirmed"] else "it looks like"
    return (
        f"{names}: the column {item['column']!r} would be stored as written in {reached[0][0]}, and {why} {item['category']} "
        f"({LEVEL_LABELS[item['level']]}: {item['handling']}); nothing was loaded.{others} In extracts/{item['extract']}.yaml make it a key, a code list or "
        f"`masked: true`, or leave it out under `ignore`; or confirm in classification/ that it may be kept, with the reason"
    )
