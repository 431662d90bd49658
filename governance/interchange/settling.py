"""The last gate: what was carried must build as a catalogue. Whatever does not is left out with the catalogue's own reason, never forced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance.access import redline
from governance.documents.base import Document
from governance.documents.metrics import Dimension, Metric, MetricsDocument, SemanticModel
from governance.documents.reading import Read
from governance.documents.settings import Settings
from governance.errors import BundleError
from governance.interchange.report import Report
from governance.metrics.catalogue import Catalogue

MAX_ROUNDS = 200


@dataclass(slots=True)
class Carried:
    """The documents that will be written."""

    settings: Settings
    models: list[SemanticModel]
    dimensions: list[Dimension]
    metrics: list[Metric]

    def sections(self) -> Mapping[str, list[Document]]:
        """Return the three lists by their section; the lists are the record's own."""
        return {"models": self.models, "dimensions": self.dimensions, "metrics": self.metrics}  # type: ignore[dict-item]


def _reads(carried: Carried) -> list[Read[MetricsDocument]]:
    """Return each section as if read from a file in which object n stands on line n + 1."""
    return [
        Read(
            document=MetricsDocument.model_validate({section: tuple(items)}),
            file=section,
            lines={(section, index): index + 1 for index in range(len(items))},
        )
        for section, items in carried.sections().items()
    ]


def settle(carried: Carried, report: Report) -> Catalogue:
    """Leave out what keeps the catalogue from being built, until it is. Raises BundleError if it never is."""
    catalogue: Catalogue | None = None
    for _ in range(MAX_ROUNDS):
        try:
            catalogue = Catalogue.build(carried.settings, _reads(carried))
            break
        except BundleError as error:
            if not _without(carried, error, report):
                raise
    if catalogue is None:
        raise BundleError([])
    facts = ((name, catalogue.columns_of(name), catalogue.has_tag(name, redline.PRESCRIBING)) for name in catalogue.metrics)
    marked = set(redline.untagged(facts))
    for index, metric in enumerate(carried.metrics):
        if metric.id in marked:
            carried.metrics[index] = metric.model_copy(update={"tags": metric.tags | {redline.PRESCRIBING}})
            report.add("decide", f"metric {metric.id}", f"the tag {redline.PRESCRIBING}", "it reads sales or targets; the tag was added and can't be taken off")
    return catalogue


def _without(carried: Carried, error: BundleError, report: Report) -> bool:
    """Leave out the objects that the problems name; return whether there were any."""
    sections = carried.sections()
    doomed: dict[str, dict[int, str]] = {}
    for problem in error.problems:
        section, _, line = problem.where.partition(":")
        if section in sections and line.isdigit() and 0 < int(line) <= len(sections[section]):
            doomed.setdefault(section, {}).setdefault(int(line) - 1, problem.message)
    # What a table or dimension brings down with it is seen in the next round.
    for section, found in list(doomed.items())[:1]:
        for index in sorted(found, reverse=True):
            gone = sections[section].pop(index)
            name = getattr(gone, "id", None) or getattr(gone, "name", "")
            report.lost(f"{section.removesuffix('s')} {name}", "the definition", found[index])
    return bool(doomed)
