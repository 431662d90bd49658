"""Persons' names in Latin letters that no list holds: told by their spelling and their place; places, houses and firms are none."""

from __future__ import annotations

from datetime import date

import pytest

from governance.documents.lexicon import LexiconDocument
from governance.documents.reading import read
from governance.documents.settings import Settings
from governance.identity.recognizers import Screener
from nlq.lexicon.lexicon import Lexicon
from nlq.understand import understand
from tests.fixtures.bundle import POLICIES, catalogue_of


@pytest.fixture(scope="module")
def view():
    documents = [read(path, LexiconDocument, POLICIES).document for path in sorted((POLICIES / "lexicon").glob("*.yaml"))]
    lexicon = Lexicon.compile(catalogue_of(POLICIES), documents, read(POLICIES / "bundle.yaml", Settings, POLICIES).document, screener=Screener())
    return lexicon.visible(frozenset(lexicon.metrics), frozenset(lexicon.dimensions) - {name for name, info in lexicon.dimensions.items() if info.person})


def code_of(view, question):
    found = understand(question, lexicon=view, today=date(2026, 11, 23))
    return found.refusal.code if found.refusal is not None else None


@pytest.mark.parametrize("question", ["Priya Sharma touches last month", "how many visits did Marcus Ferrari get", "open rate for Yuki Tanaka", "Maria Gonzalez's reach rate", "touches by Ahmed Hassan in Q3"])
def test_two_unknown_words_in_capitals_are_a_person(view, question):
    assert code_of(view, question) == "identity_in_question"


@pytest.mark.parametrize(
    "question",
    [
        "touches in Los Angeles last month", "Acme Pharma touches last month", "touches for Project Phoenix", "Northwind Hospital touches", "Golden Gate campaign touches", "Show Me Touches By Region",
        "please show Touches by Region for Last Month", "Heart Failure Summit attendees", "touches vs Novartis Entresto", "WeChat Article open rate", "reach rate in East China by Title",
    ],
)  # fmt: skip
def test_a_place_a_house_a_firm_and_a_title_are_nobody(view, question):
    assert code_of(view, question) is None
