"""import_project: a foreign project becomes a bundle folder of drafts and a report of everything that could not be carried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from governance.documents.base import Words
from governance.documents.settings import Settings
from governance.interchange.files import documents
from governance.interchange.layout import Layout
from governance.interchange.metricflow import read_metricflow
from governance.interchange.metrics import MetricCarrier
from governance.interchange.nouns import Project
from governance.interchange.ossie_reading import is_ossie, read_ossie
from governance.interchange.report import Report
from governance.interchange.resolving import compared_types
from governance.interchange.settling import Carried, settle
from governance.interchange.writing import require_free, write_bundle

Types = Mapping[tuple[str, str], str]
"""Column types in lower case by (table without schema, column), both in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The result of one import: where it was read from, what was written, and the report."""

    origin: str
    carried: Carried
    report: Report


def carry(project: Project, report: Report, *, today: dt.date, types: Types | None = None) -> Carried:
    """Return the documents that the project becomes; what it does not become is in the report. Raises BundleError if nothing stands."""
    layout = Layout(project, report, types or {}, compared_types(project))
    metrics = MetricCarrier(project, layout, report, today=today)
    metrics.carry()
    settings = Settings(
        format=1, name="imported",
        title=Words(zh=f"由 {project.origin} 导入的草稿（未批准）", en=f"Draft imported from {project.origin} (not approved)"),
    )
    carried = Carried(settings=settings, models=list(layout.models.values()), dimensions=list(layout.dimensions.values()), metrics=metrics.documents)
    settle(carried, report)
    _to_decide(carried, report)
    report.carried = {section: len(items) for section, items in carried.sections().items()}
    return carried


def import_project(path: Path, out: Path, *, today: dt.date, types: Types | None = None) -> Imported:
    """Read the project at `path` and write it as a bundle into the new folder `out`.

    `types` are the warehouse's column types, if it was asked. Raises BundleError for a project that can't be read and ConfigurationError for an `out`
    that can't be used; either way nothing is written.
    """
    require_free(out)
    report = Report()
    found = list(documents(path))
    foreign = [item for item in found if is_ossie(item)]
    project = read_ossie(foreign, report) if foreign else read_metricflow(found, report)
    if foreign and len(foreign) < len(found):
        report.lost(f"{len(found) - len(foreign)} documents", "all of them", "an Ossie document was found; import other formats by themselves")
    carried = carry(project, report, today=today, types=types)
    write_bundle(carried, report, out, origin=project.origin, today=today)
    return Imported(origin=project.origin, carried=carried, report=report)


def _to_decide(carried: Carried, report: Report) -> None:
    """State what no foreign format says and governance needs."""
    entities = sorted({entity.name for model in carried.models for entity in model.entities})
    if entities:
        report.add("decide", f"entities {', '.join(entities)}", "person, employee", "none is marked; mark those that are people, else nothing protects small groups of them")
    if carried.metrics:
        why = "nothing is zero of it here, also in arithmetic; there such cells are empty unless fill_nulls_with says 0"
        report.add("differs", "all metrics", "cells without rows or values", why)
        report.add("decide", "all metrics", "owner, approver, effective date, sensitivity, unit, tags", "they are placeholders of an unapproved draft")
    report.add("decide", "bundle.yaml", "timezone, fiscal_year_start, holidays", "they are this product's defaults, not the project's")
    report.add("decide", "access rules", "who may ask", "none were imported: until the committee writes them, nobody may ask anything")
