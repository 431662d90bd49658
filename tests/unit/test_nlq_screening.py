"""What is kept of a question: nothing of a personal number, in whatever form it was typed, and all that the question is read as."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import yaml

from governance.identity.recognizers import Screener
from nlq.understand import understand
from tests.fixtures.identifiers import FORMS, numbers, surviving
from tests.fixtures.language import QUESTIONS, TODAY, lexicon_of, view_of

CARRIERS = ("手机{}上个月触达次数", "{}", "{}的触达率", "触达次数 {}", "reach rate of {}", "call {} about touches", "触达次数超过{}的大区", "查一下{}，按大区", "身份证号{}的医生打开率", "工号{}达成率", "从{}到今天的销售额")
SEEN = 3
"""Digits in a row that anything may share with a number: 前10名, 2026."""


@pytest.fixture(scope="module")
def view():
    lexicon = replace(lexicon_of(), screener=Screener())
    return replace(view_of(), lexicon=lexicon)


@pytest.mark.parametrize("form", list(FORMS))
def test_nothing_of_a_personal_number_survives_in_what_is_kept_of_a_question(form, view):
    chance = random.Random(f"{form} 20261123")
    left = []
    for number in numbers(chance, 6):
        for carrier in CARRIERS:
            question = carrier.format(FORMS[form](number))
            kept = understand(question, lexicon=view, today=TODAY).screened
            if surviving(number, kept) > SEEN:
                left.append((question, kept))
    assert left == []


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("触达次数超过5000的大区", "触达次数超过5000的大区"),
        ("2026-10-01到2026-10-31触达率", "2026-10-01到2026-10-31触达率"),
        ("20261001到20261031触达次数", "20261001到20261031触达次数"),
        ("触达次数在10000到20000之间的渠道", "触达次数在10000到20000之间的渠道"),
        ("前10名医院的触达次数", "前10名医院的触达次数"),
        ("近三个月活跃医生数", "近三个月活跃医生数"),
        ("触达率大于60%且打开率小于20%的大区", "触达率大于60%且打开率小于20%的大区"),
        ("上个月王小明和李雷的触达率", "上个月▢的触达率"),
        ("触达次数 138 大于 1234 且 5678", "触达次数▢大于1234且▢"),
    ],
)
def test_what_the_question_is_read_as_stays_and_other_numerals_do_not(question, kept):
    assert understand(question, lexicon=view_of(), today=TODAY).screened == kept


CODES = {
    "persons": {"identity_in_question", "prescription_by_doctor"},
    "adverse": {"adverse_event"},
    "off_label": {"off_label"},
    "prescriptions": {"prescription_by_doctor", "identity_in_question"},
}
ASIDE = {"persons": 51, "adverse": 54, "off_label": 46, "prescriptions": 46}
"""How many of the sentences kept aside were recognised at least, of 53, 54, 51 and 51, when the rules were first tried on them."""


def _missed(view, sentences, codes):
    found = [(sentence, understand(sentence, lexicon=view, today=TODAY).refusal) for sentence in sentences]
    return [(sentence, refusal and refusal.code) for sentence, refusal in found if refusal is None or refusal.code not in codes]


@pytest.mark.parametrize("kind", list(CODES))
def test_sentences_that_must_be_refused_are_for_the_right_reason(kind, view):
    sentences = yaml.safe_load((QUESTIONS / "screening.yaml").read_text(encoding="utf-8"))[kind]
    assert len(_missed(view, sentences[0::2], CODES[kind])) <= 1
    missed = _missed(view, sentences[1::2], CODES[kind])
    assert len(sentences[1::2]) - len(missed) >= ASIDE[kind], missed


def test_business_sentences_that_only_look_like_them_are_not_refused(view):
    sentences = yaml.safe_load((QUESTIONS / "screening.yaml").read_text(encoding="utf-8"))["business"]
    refused = [sentence for sentence in sentences if understand(sentence, lexicon=view, today=TODAY).status == "refused"]
    assert len(refused) <= 2, refused


@pytest.mark.parametrize("question", ["康书平销售额", "上个月Tanheng的触达率", "高明市触达率", "方正的触达率", "白云山医院触达次数", "王府井医院触达次数", "马鞍山触达次数"])
def test_a_slip_in_a_products_name_and_a_places_name_are_no_person(question, view):
    refusal = understand(question, lexicon=view, today=TODAY).refusal
    assert refusal is None or refusal.code != "identity_in_question"
