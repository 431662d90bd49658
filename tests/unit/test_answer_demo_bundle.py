"""The demo company's own bundle, told: every metric and dimension has words, and what is suggested is understood as it was meant."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from governance.bundle.loading import load_bundle
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import MetricsDocument
from governance.metrics.catalogue import Catalogue
from governance.terms import Column, Disclosed, Filter, MetricQuery, MinimumGroup, Period
from nlq.answers.companions import companions_for
from nlq.answers.narration import find
from nlq.answers.suggestions import suggest
from nlq.lexicon.lexicon import Lexicon
from nlq.tables.view import View
from nlq.understand import understand

BUNDLE = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 11, 15)
OCTOBER = Period(start=date(2026, 10, 1), end=date(2026, 11, 1))
NUMBERS = {"integer": 4812, "decimal": 3.456, "percent": 0.632, "currency": 1_234_567.8, "duration_s": 85.3, "points": 0.352}


@cache
def bundle():
    return load_bundle(BUNDLE)


@cache
def catalogue():
    return Catalogue.build(bundle().settings, bundle().of("metrics", MetricsDocument))


@cache
def lexicon():
    return Lexicon.compile(catalogue(), [read.document for read in bundle().of("lexicon", LexiconDocument)], bundle().settings)


def told(query, language, rows, dimension=None):
    metric = catalogue().metrics[query.metrics[0]]
    columns = [Column(name=metric.id, label=metric.label.text(), kind="metric", metric=metric.id, format=metric.format)]
    if dimension is not None:
        columns.insert(0, Column(name=dimension.id, label=dimension.label.text(), kind="dimension"))
    table = Disclosed(
        columns=tuple(columns), rows=tuple(rows), hidden=(), period=OCTOBER, base_period=None, notes=(), minimum_group=MinimumGroup(entity="hcp", k=10), total_groups=len(rows)
    )  # fmt: skip
    return View(query=query, table=table, names=catalogue(), language=language, today=TODAY)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_metric_is_told_by_its_label(language):
    for metric in catalogue().metrics.values():
        said = find(told(MetricQuery(metrics=(metric.id,), period=OCTOBER), language, [(NUMBERS[metric.format],)])).sentence
        assert metric.label.text()[language].lower() in said.lower()
        assert any(digit in said for digit in "123456789")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_dimension_is_told_by_its_values_labels(language):
    for dimension in catalogue().dimensions.values():
        by = next((m for m in catalogue().metrics if dimension.id in catalogue().groupable_by(m)), None)
        if by is None or not dimension.values:
            continue
        rows = [(value.value, 100 + at) for at, value in enumerate(dimension.values)]
        said = find(told(MetricQuery(metrics=(by,), period=OCTOBER, group_by=(dimension.id,)), language, rows, dimension)).sentence
        highest = dimension.values[-1]
        assert (highest.label.text()[language] if highest.label else str(highest.value)) in said


def test_the_marketing_managers_question_takes_its_companions_along():
    query = MetricQuery(metrics=("reach_rate",), period=OCTOBER, where=(Filter(dimension="region", op="in", values=("华东",)),))
    kinds = {companion.kind: companion.query for companion in companions_for(query, catalogue())}
    assert kinds["previous"].compare == "previous_period"
    assert kinds["peers"].group_by == ("region",)
    assert kinds["peers"].where == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_suggested_is_read_as_it_was_meant_and_hardly_any_metric_has_nothing_to_suggest(language):
    tried, read, without = 0, 0, []

    def accept(suggestion):
        nonlocal tried, read
        tried += 1
        understood = understand(suggestion.text, lexicon=lexicon(), today=TODAY)
        right = understood.status == "read" and understood.readings[0].query == suggestion.query
        read += right
        return right

    for metric in catalogue().metrics.values():
        view = told(MetricQuery(metrics=(metric.id,), period=OCTOBER), language, [(1,)])
        if len(suggest(view, catalogue(), list(catalogue().dimensions), accept)) < 2:
            without.append(metric.id)
    assert read >= 0.85 * tried, "the words of suggestions and the parser have drifted apart"
    assert len(without) <= 2, without
