"""Putting a bundle in force: catalogue, policy and the values of one data load become one immutable whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, literal_column, select
from sqlalchemy import table as sql_table

from governance.access import redline
from governance.access.policy import Policy, build_policy
from governance.access.validating import forbidden
from governance.access.vocabulary import DimensionFacts, MetricFacts, Vocabulary
from governance.access.vocabulary import Reach as ReachPort
from governance.bundle.loading import Bundle
from governance.disclosure.settings import Disclosure, settings_of
from governance.documents.access import AccessDocument
from governance.documents.disclosure import DisclosureDocument
from governance.documents.metrics import MetricsDocument
from governance.documents.reading import Read
from governance.errors import BundleError, Problem, WarehouseError, nearest
from governance.metrics.catalogue import Catalogue
from governance.metrics.reach import Reach
from governance.metrics.values import data_range, load_days, load_values
from governance.terms import Value

Fetch = Callable[[Select[Any]], Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """What is in force: one bundle's catalogue and policy with one load's values. Immutable, swapped whole.

    `data_from` and `data_to` are the first and last day that the loaded facts speak of.
    """

    catalogue: Catalogue
    policy: Policy
    reach: ReachPort
    data_from: dt.date
    data_to: dt.date
    disclosure: Disclosure = field(default_factory=Disclosure)


def vocabulary_of(catalogue: Catalogue) -> Vocabulary:
    """Return what access must know of the catalogue."""
    about_person = catalogue.person_dimensions
    closed = {name: dimension for name, dimension in catalogue.dimensions.items() if dimension.values and not dimension.open}
    return Vocabulary(
        metrics=MappingProxyType(
            {
                name: MetricFacts(
                    id=name,
                    label=metric.label.text(),
                    stage=metric.stage,
                    tags=catalogue.tags_of(name),
                    prescribing=catalogue.has_tag(name, redline.PRESCRIBING),
                    person=catalogue.persons_behind(name),
                    ignores_consent=metric.ignores_consent,
                    dimensions=catalogue.dimensions_for(name),
                    retired_on=metric.retired_on,
                    successor=metric.successor,
                )
                for name, metric in catalogue.metrics.items()
            }
        ),
        dimensions=MappingProxyType(
            {
                name: DimensionFacts(
                    id=name,
                    label=dimension.label.text(),
                    tags=dimension.tags,
                    about_person=name in about_person,
                    identifying=dimension.identifies is not None,
                    coarser=_coarser(catalogue, name),
                )
                for name, dimension in catalogue.dimensions.items()
            }
        ),
        persons=frozenset(entity.name for model in catalogue.models.values() for entity in model.entities if entity.person),
        links=MappingProxyType(
            {name: frozenset(entity.name for entity in model.entities) for name, model in catalogue.models.items() if model.validity is not None}
        ),
        values=MappingProxyType({name: frozenset(str(item.value) for item in dimension.values) for name, dimension in closed.items()}),
    )


def _coarser(catalogue: Catalogue, name: str) -> frozenset[str]:
    """Return the dimensions that tell less of the same thing, however many steps away."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        finer = waiting.pop()
        above = set(catalogue.dimensions[finer].within)
        above |= {other for other, dimension in catalogue.dimensions.items() if dimension.derived is not None and dimension.derived.dimension == finer}
        waiting.extend(above - found)
        found |= above
    return frozenset(found - {name})


def catalogue_of(bundle: Bundle) -> Catalogue:
    """Build the bundle's catalogue and hold it against the red line, or raise BundleError."""
    reads = bundle.of("metrics", MetricsDocument)
    catalogue = Catalogue.build(bundle.settings, reads)
    facts = ((name, catalogue.columns_of(name), catalogue.has_tag(name, redline.PRESCRIBING)) for name in catalogue.metrics)
    untagged = redline.untagged(facts)
    if untagged:
        raise BundleError(
            Problem(where=_place(reads, name), message=f"{name} reads sales or targets and must carry the tag `{redline.PRESCRIBING}`")
            for name in untagged
        )
    return catalogue


def _place(reads: Sequence[Read[MetricsDocument]], name: str) -> str:
    for item in reads:
        for index, metric in enumerate(item.document.metrics):
            if metric.id == name:
                return item.where("metrics", index)
    return "metrics"


def policy_of(bundle: Bundle, catalogue: Catalogue) -> Policy:
    """Build the bundle's policy and hold it against the firewall, or raise BundleError."""
    persons = [entity.name for model in catalogue.models.values() for entity in model.entities if entity.person]
    person = persons[0] if persons else "person"
    reads = bundle.of("access", AccessDocument)
    policy = build_policy(reads, vocabulary_of(catalogue), version=bundle.version, person=person)
    problems = forbidden(policy, reads)
    if problems:
        raise BundleError(problems)
    return policy


def disclosure_of(bundle: Bundle, catalogue: Catalogue) -> Disclosure:
    """Build the bundle's disclosure settings, or raise BundleError for a metric that nobody has."""
    reads = bundle.of("disclosure", DisclosureDocument)
    problems = [
        Problem(where=item.where("perturbation", index), message=f"unknown metric {name!r}.{nearest(name, catalogue.metrics)}")
        for item in reads
        for index, entry in enumerate(item.document.perturbation)
        for name in entry.metrics
        if name not in catalogue.metrics
    ]
    if problems:
        raise BundleError(problems)
    return settings_of([item.document for item in reads], {name: metric.sensitivity for name, metric in catalogue.metrics.items()})


def canonical(catalogue: Catalogue, dimension: str, stored: Any) -> Value:
    """Return a stored value as the dimension's own (translated, derived)."""
    document = catalogue.dimensions[dimension]
    if document.derived is not None:
        base = canonical(catalogue, document.derived.dimension, stored)
        found = document.derived.map.get(str(base), document.derived.otherwise)
        return base if found is None else found
    key = str(stored).lower() if isinstance(stored, bool) else str(stored)
    if key in document.translate:
        return document.translate[key]
    return stored if isinstance(stored, int) and not isinstance(stored, bool) else str(stored)


def _has_narrower(catalogue: Catalogue, fetch: Fetch) -> bool:
    """Whether the warehouse has the table of consents for single values. Only where the other consents can be read is it known to be lacking; else WarehouseError."""
    model = next((item for item in catalogue.models.values() if item.narrower is not None), None)
    if model is None or model.narrower is None:
        return False
    try:
        fetch(_first_row(model.narrower.table))
    except WarehouseError:
        fetch(_first_row(model.table))
        return False
    return True


def _first_row(name: str) -> Select[Any]:
    schema, _, table = name.rpartition(".")
    return select(literal_column("1")).select_from(sql_table(table, schema=schema or None)).limit(1)


def put_in_force(bundle: Bundle, *, fetch: Fetch, today: dt.date) -> Active:
    """Return the bundle in force over one data load; `fetch` reads from that load.

    Raises BundleError for a bundle that can't be (the caller keeps the old one then) and WarehouseError where its tables can't be read. `today` stands for
    the days of a warehouse without dated facts.
    """
    bare = catalogue_of(bundle)
    days = load_days(bare, fetch)
    catalogue = bare.with_values(load_values(bare, fetch)).with_days(days).with_narrower_consents(present=_has_narrower(bare, fetch))
    data_from, data_to = data_range(bare, days) or (today, today)
    return Active(
        catalogue=catalogue,
        policy=policy_of(bundle, catalogue).compiled(),
        reach=Reach(catalogue.graph, fetch, lambda dimension, stored: canonical(catalogue, dimension, stored)),
        data_from=data_from,
        data_to=data_to,
        disclosure=disclosure_of(bundle, catalogue),
    )
