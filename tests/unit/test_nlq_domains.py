"""Ten organisations known by their bundles alone are read right in the ways contracts.md section 5 lists; the truth is made together with each question."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from governance.identity.recognizers import Screener
from governance.metrics.parsing import query_from_json, query_to_json
from nlq.understand import understand
from tests.fixtures.asked_of_domains import TODAY, questions
from tests.fixtures.domains import WRITTEN, domain
from tests.fixtures.language import canonical

SEED = 20261123
"""Another seed asks other questions."""


@pytest.fixture(scope="module")
def screener():
    return Screener()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_questions_made_of_a_bundles_own_words_are_read_as_they_were_meant(name, language, screener):
    known = domain(name)
    view = replace(known.lexicon, screener=screener).everything
    verdicts: Counter[str] = Counter()
    told = []
    for made in questions(known, language, SEED, 110):
        understood = understand(made.ask, lexicon=view, today=TODAY)
        read = understood.query if understood.status == "read" else None
        right = read is not None and canonical(read, known.lexicon, TODAY) == canonical(query_from_json(made.query), known.lexicon, TODAY)
        verdict = "right" if right else "wrong" if read is not None else "asked back"
        verdicts[verdict] += 1
        if not right:
            told.append(f"{verdict} ({made.way}): {made.ask} → {query_to_json(read) if read is not None else understood.status}")
    assert verdicts["right"] >= 107, told
    assert verdicts["wrong"] <= 1, told
