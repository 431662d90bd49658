"""Roles × catalogue: a metric, dimension, value or verified question that somebody may not know shows in no completion, card, example, suggestion, "did you mean" or label.

What a role may know is worked out here by asking the policy for each thing alone (`would_allow` of a whole query), not by the code that filters offers.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from functools import cache

import pytest

from governance.errors import InvalidQuery
from governance.metrics.parsing import query_from_json
from governance.terms import Filter, MetricQuery
from nlq.understand import understand
from tests.fixtures.home import TODAY
from wenshu.home import Home
from wenshu.pace import Pace
from wenshu.service import Service
from wenshu.settings import Environment

PEOPLE = ("market", "manager_east", "rep_east_1", "medical", "compliance", "committee_a", "engineer")
LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def service(demo_home):
    environment = Environment(home=demo_home.path, pinned_today=dt.date.fromisoformat(TODAY))
    with Service.open(Home(demo_home.path), environment) as opened, pytest.MonkeyPatch.context() as patch:
        # Hundreds of questions a minute are asked here; how many a person may is tested elsewhere.
        patch.setattr(opened, "_pace", Pace(limit=10**9, clock=time.monotonic))
        yield opened


class Knowledge:
    """What one person may be told of, under any of the purposes that the person may state."""

    def __init__(self, service: Service, user: str) -> None:
        self.service, self.actor = service, service.accounts.actor(user, "session")
        self.here = service.house.current()
        self.catalogue = self.here.active.catalogue
        self.purposes = [item["id"] for item in service.purposes(self.actor)]
        self.metrics = {name for name in self.catalogue.metrics if any(self._may(MetricQuery(metrics=(name,), group_by=by)) for by in [(), *((d,) for d in self.catalogue.groupable_by(name))])}
        self.dimensions = {d for name in self.metrics for d in self.catalogue.dimensions_for(name) if self._by(name, d) or self.values(d)}

    def _may(self, query: MetricQuery) -> bool:
        return any(self.service.gateway.would_allow(self.actor, purpose, query, self.here.active) for purpose in self.purposes)

    def _by(self, metric: str, dimension: str) -> bool:
        """Some questions are sound only beside a second dimension: an experiment's groups are those of one experiment."""
        return any(self._may(MetricQuery(metrics=(metric,), group_by=by)) for by in [(dimension,), *((dimension, d) for d in self.catalogue.groupable_by(metric) if d != dimension)])

    @cache  # noqa: B019 - lives as long as the test
    def values(self, dimension: str) -> frozenset[object]:
        """The listed values that some question of the person's could name."""
        asked = [name for name in self.metrics if dimension in self.catalogue.dimensions_for(name)]
        listed = [item.value for item in self.catalogue.dimensions[dimension].values]
        return frozenset(v for v in listed if any(self._may(MetricQuery(metrics=(name,), group_by=by, where=(Filter(dimension=dimension, op="in", values=(v,)),))) for name in asked for by in ((), ("experiment",)) if not by or "experiment" in self.catalogue.groupable_by(name)))

    def listed(self, dimension: str) -> set[object]:
        return {item.value for item in self.catalogue.dimensions[dimension].values}

    def allows(self, query: MetricQuery) -> bool:
        return self._may(query)


@pytest.fixture(scope="module", params=PEOPLE)
def knowledge(request, service):
    return Knowledge(service, request.param)


def names_of(document, language: str) -> list[str]:
    label = getattr(document.label.text(), language)
    return [label, *(document.synonyms.zh if language == "zh" else document.synonyms.en)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_completion_offers_only_what_the_person_may_know(service, knowledge, language):
    labels: dict[tuple[str, str], set[str]] = {}
    for name, metric in knowledge.catalogue.metrics.items():
        labels.setdefault(("metric", getattr(metric.label, language)), set()).add("known" if name in knowledge.metrics else "hidden")
    for name, dimension in knowledge.catalogue.dimensions.items():
        labels.setdefault(("dimension", getattr(dimension.label, language)), set()).add("known" if name in knowledge.dimensions else "hidden")
        if dimension.identifies is None:
            known = knowledge.values(name) if name in knowledge.dimensions else frozenset()
            for item in dimension.values:
                text = getattr(item.label, language) if item.label else str(item.value)
                labels.setdefault(("value", text), set()).add("known" if item.value in known else "hidden")
    hidden = {key for key, found in labels.items() if found == {"hidden"}}
    typed = {word[:length] for (_, word) in labels for length in (1, 2, 4)} | {word for _, word in labels}
    leaked = {(item["kind"], item["text"], text) for text in typed for item in service.complete(knowledge.actor, text, language) if (item["kind"], item["text"]) in hidden}
    assert leaked == set()


def test_cards_and_examples_are_of_the_persons_own_and_every_shown_question_may_be_asked(service, knowledge):
    cards = service.metric_cards(knowledge.actor)
    assert {card["id"] for card in cards} <= knowledge.metrics
    goldens = {item.ask: item for metric in knowledge.catalogue.metrics.values() for item in metric.golden}
    for card in cards:
        for ask in card["examples"]:
            assert ask not in goldens or knowledge.allows(query_from_json(goldens[ask].query)), ask
    for language in LANGUAGES:
        for ask in service.examples(knowledge.actor, language):
            assert knowledge.allows(understand(ask, lexicon=knowledge.here.lexicon, today=dt.date.fromisoformat(TODAY)).readings[0].query)


def test_no_verified_question_of_somebody_elses_is_confirmed(service, knowledge):
    for metric in knowledge.catalogue.metrics.values():
        for golden in metric.golden:
            if knowledge.allows(query_from_json(golden.query)):
                continue
            document = service.ask(knowledge.actor, golden.ask).to_json()
            told = json.dumps(document, ensure_ascii=False)
            assert "已验证" not in told, golden.ask
            assert "verified:" not in told, golden.ask
            assert document["status"] != "answered" or metric.id not in document["query"]["metrics"] or knowledge.allows(query_from_json(document["query"])), golden.ask


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_offered_beside_an_answer_or_a_refusal_may_be_asked(service, knowledge, language):
    today = dt.date.fromisoformat(TODAY)
    for name, metric in knowledge.catalogue.metrics.items():
        label = getattr(metric.label, language)
        for question in (f"上个月的{label}" if language == "zh" else f"{label} last month", f"{label[:-1]}咯" if language == "zh" else f"{label[:-1]}q"):
            document = service.ask(knowledge.actor, question).to_json()
            offers = [option["query"] for option in (document.get("clarify") or {}).get("options", ())]
            for query in map(query_from_json, offers):
                # An offer may still be unsound (a share of a rate); here it is asked only whether it tells more than the person may know.
                assert set(query.metrics) <= knowledge.metrics, (question, query)
                assert set(query.named_dimensions()) <= knowledge.dimensions, (question, query)
                named = [(item.dimension, value) for condition in (query.where, query.keep) for item in condition for value in item.values]
                assert all(value in knowledge.values(d) or value not in knowledge.listed(d) for d, value in named), (question, query)
            for text in document["suggestions"]:
                read = understand(text, lexicon=knowledge.here.lexicon, today=today)
                assert read.status != "read" or knowledge.allows(read.readings[0].query), (question, text)
            if name not in knowledge.metrics:
                beside = json.dumps([document["suggestions"], (document.get("refusal") or {}).get("you_may")], ensure_ascii=False)
                assert label not in beside, (question, beside)


@pytest.mark.parametrize("typed", ["revenu", "visit", "attainmen", "nsp", "hospital_name", "reach_rat", "denied_access", "华南省", "Souht"])
def test_an_error_that_names_the_nearest_names_only_what_the_person_may_know(service, knowledge, typed):
    known = next(iter(sorted(knowledge.metrics)), None)
    for query in (
        {"metrics": [typed]}, {"metrics": [known], "group_by": [typed]}, {"metrics": [known], "where": [{"dimension": "region", "op": "in", "values": [typed]}]},
        {"metrics": [known], "where": [{"dimension": typed, "op": "in", "values": ["x"]}]},
    ):  # fmt: skip
        if query["metrics"] == [None]:
            continue
        try:
            told = json.dumps(service.query(knowledge.actor, query).to_json().get("refusal"), ensure_ascii=False)
        except InvalidQuery as error:
            told = str(error)
        words = set(re.findall(r"[a-z][a-z0-9_]+", told))
        assert not words & (set(knowledge.catalogue.metrics) - knowledge.metrics - {typed}), (query, told)
        if query["metrics"] == [known] and "where" in query and query["where"][0]["dimension"] == "region" and "region" in knowledge.dimensions:
            hidden = {item.value for item in knowledge.catalogue.dimensions["region"].values} - knowledge.values("region") - {typed}
            assert not [value for value in hidden if str(value) in told], (query, told)
