"""A confident wrong answer is the worst: a word that matters and that no query can say is asked about, never read over."""

from __future__ import annotations

import json
from typing import Any

import yaml

from governance.metrics.parsing import query_from_json, query_to_json
from tests.fixtures.language import QUESTIONS, TODAY, asked, canonical, lexicon_of


def _said() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((QUESTIONS / "unsayable.yaml").read_text(encoding="utf-8"))
    return found


def test_a_sentence_whose_words_no_query_can_say_is_never_answered():
    never = _said()["never_answered"]
    answered = [f"{ask} → {query_to_json(found.query)}" for ask in never if (found := asked(ask)).status == "read" and found.query is not None]
    assert len(never) >= 250
    assert answered == []


def test_the_same_words_are_read_where_a_query_can_say_them():
    lexicon = lexicon_of()
    wrong = []
    for case in _said()["read"]:
        wanted = query_from_json(json.loads(json.dumps(case["query"], default=str)))
        found = asked(case["ask"])
        if found.status != "read" or found.query is None or canonical(found.query, lexicon, TODAY) != canonical(wanted, lexicon, TODAY):
            wrong.append(f"{case['ask']} → {found.status} {query_to_json(found.query) if found.query is not None else ''}")
    assert wrong == []
