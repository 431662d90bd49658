"""Typing errors: short words stay exact, the distance allowed grows with length, homophones are mended, a known word never becomes another, and it is said."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlq.lexicon.fuzzy import syllables
from nlq.understand import understand
from nlq.words.normalise import normalise
from tests.fixtures.asked_of_domains import TODAY
from tests.fixtures.domains import WRITTEN, domain
from tests.fixtures.language import asked, lexicon_of

COMMON = "的一是不人在有这个上们来到时大地为子中说生国年那要出里后以会家可下而过天去能对小多于心学都好看起发当成只如事用样道想作种开美总从无情己面女但现前些所同手又行意动方期它头经长儿回位分"


def distance(a: str, b: str) -> int:
    """How many letters are inserted, left out, replaced or exchanged with their neighbour."""
    rows = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text(string.ascii_lowercase, min_size=1, max_size=14), st.data())
def test_a_latin_word_is_mended_only_within_a_distance_that_grows_with_its_length(noise, data):
    corrector = lexicon_of().words.corrector
    known = sorted({word for words in corrector.latin.values() for word in words})
    word = data.draw(st.sampled_from(known))
    at = data.draw(st.integers(0, len(word)))
    for typed in (noise, word[:at] + noise[:1] + word[at:], word[: max(0, at - 1)] + word[at:]):
        taken = corrector.word(typed)
        if taken is not None:
            assert len(typed) >= 4
            assert distance(typed, taken) <= (2 if len(typed) >= 10 else 1) or typed.endswith("s")


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_no_name_of_a_bundle_is_ever_taken_for_a_slip_of_another(name):
    known = domain(name)
    for metric in known.metrics:
        for said in (*metric.zh, *metric.en):
            for question in (f"上个月{said}", f"{said} last month"):
                reading = next(iter(understand(question, lexicon=known.lexicon, today=TODAY).readings), None)
                assert reading is not None, question
                assert reading.corrections == (), question
                assert reading.query.metrics == (metric.id,), question


def test_one_character_that_sounds_the_same_is_mended_and_the_answer_says_so():
    chance = random.Random(20261123)
    by_sound: dict[str, list[str]] = {}
    for char in COMMON:
        by_sound.setdefault(syllables(char)[0], []).append(char)
    tried, wrong = 0, []
    for name in sorted(WRITTEN):
        known = domain(name)
        for metric in known.metrics:
            label = normalise(metric.zh[0])
            places = [at for at, char in enumerate(label) if not char.isascii() and set(by_sound.get(syllables(char)[0], [])) - {char}]
            if len(label) < 4 or not places or any(char.isascii() for char in label):
                continue
            at = chance.choice(places)
            other = chance.choice(sorted(set(by_sound[syllables(label[at])[0]]) - {label[at]}))
            typed = label[:at] + other + label[at + 1 :]
            found = understand(f"上个月{typed}", lexicon=known.lexicon, today=TODAY)
            tried += 1
            reading = found.readings[0] if found.status == "read" else None
            if reading is None or reading.query.metrics != (metric.id,):
                wrong.append(f"{typed} for {label}: {found.status}")
            elif typed not in {name for each in (metric, *known.metrics) for name in each.zh}:
                assert reading.corrections, typed
                assert any("理解" in text.zh for text in reading.assumptions), typed
    assert tried >= 20
    assert len(wrong) <= 1, wrong


def test_a_word_that_was_meant_is_no_slip_of_a_name_that_looks_like_it():
    for question in ("净增触达医生数", "总触达医生率", "reach date by region", "shared rate last month"):
        found = asked(question)
        assert found.status != "read" or not found.readings[0].corrections, question
