"""A bundle's words are checked: names that lead nowhere and words that would mean two things are told with file and line."""

from __future__ import annotations

import pytest

from governance.documents.lexicon import LexiconDocument
from governance.documents.reading import read
from governance.documents.settings import Settings
from nlq.lexicon.conflicts import check_words, ownerless, unguarded
from nlq.lexicon.lexicon import Lexicon
from tests.fixtures.bundle import POLICIES, catalogue_of

SETTINGS = read(POLICIES / "bundle.yaml", Settings, POLICIES).document


def problems(tmp_path, text):
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    document = read(path, LexiconDocument, tmp_path)
    Lexicon.compile(catalogue_of(), [document.document], SETTINGS)  # what leads nowhere never breaks the compiling
    return [str(problem) for problem in check_words([document], catalogue_of(), SETTINGS)]


def test_the_repository_s_own_words_are_in_order():
    reads = [read(path, LexiconDocument, POLICIES) for path in sorted((POLICIES / "lexicon").glob("*.yaml"))]
    assert check_words(reads, catalogue_of(), SETTINGS) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aliases:\n  - words: [卖钱]\n    means: {metric: revenu}\n", "words.yaml:3: there is no metric 'revenu'. Did you mean revenue"),
        ("aliases:\n  - words: [东边]\n    means: {dimension: region, value: 华动}\n", "there is no value of region '华动'. Did you mean 华"),
        ("terms:\n  - id: t\n    label: 大户\n    filters: [{dimension: segmen, values: [A]}]\n    owner: x\n", "there is no dimension 'segmen'. Did you mean segment"),
        ("ambiguous:\n  - words: [比率]\n    metrics: [reach_rate, opne_rate]\n", "there is no metric 'opne_rate'. Did you mean open_rate"),
        ("nouns:\n  - words: [顾客]\n    ask_back: [nobody]\n", "there is no metric 'nobody'"),
        ("guard:\n  - id: g\n    code: off_label\n    contact: nobody\n    all_of: [{words: [甲]}]\n    message: 不\n", "there is no contact 'nobody'"),
        ("guard:\n  - id: g\n    code: off_label\n    all_of: [{marks: [persn]}]\n    message: 不\n", "there is no mark 'persn'. Did you mean person"),
        ("guard:\n  - id: g\n    code: off_label\n    all_of: [{words: []}]\n    message: 不\n", "would never hold"),
        ("aliases:\n  - words: [触达率]\n    means: {metric: open_rate}\n", "'触达率' means open_rate, reach_rate; declare it under `ambiguous`"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path, text, said):
    found = problems(tmp_path, text)
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("terms:\n  - id: t\n    label: 触达率\n    filters: [{dimension: segment, values: [A]}]\n    owner: x\n", "'触达率' is both metric reach_rate and term t"),
        ("bounds:\n  - words: [优良]\n    metric: open_rate\n    value: 0.5\n  - words: [优良]\n    metric: open_rate\n    value: 0.6\n", "'优良' is both bound on open_rate >= 0.5 and bound on open_rate >= 0.6"),
        ("ignore: [打开率]\n", "'打开率' is both ignore and metric open_rate"),
        ("unsupported: [渠道]\n", "'渠道' is both dimension channel and unsupported"),
    ],
)
def test_words_that_would_be_two_things_are_told(tmp_path, text, said):
    found = problems(tmp_path, text)
    assert any(said in problem for problem in found), found


def test_a_term_kept_to_a_role_that_nobody_has_is_told(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("terms:\n  - id: t\n    label: 大户\n    filters: [{dimension: segment, values: [A]}]\n    owner: x\n    roles: [marketting]\n", encoding="utf-8")
    found = check_words([read(path, LexiconDocument, tmp_path)], catalogue_of(), SETTINGS, roles={"marketing", "medical"})
    assert any("there is no role 'marketting'. Did you mean marketing" in str(problem) for problem in found)


def test_a_bound_that_nobody_owns_is_doubtful(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("bounds:\n  - words: [优良]\n    metric: open_rate\n    value: 0.5\n", encoding="utf-8")
    assert ["优良" in str(found) for found in ownerless([read(path, LexiconDocument, tmp_path)])] == [True]
    assert ownerless([read(file, LexiconDocument, POLICIES) for file in sorted((POLICIES / "lexicon").glob("*.yaml"))]) == []


def test_a_bundle_without_an_intent_guard_loads_and_is_warned(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("ignore: [那个啥]\n", encoding="utf-8")
    assert ["no intent guard" in str(found) for found in unguarded([read(path, LexiconDocument, tmp_path)])] == [True]
    rule = "guard:\n  - {id: case, code: adverse_event, all_of: [{words: {zh: [过敏]}}], message: {zh: 请联系, en: call}}\n"
    path.write_text(rule, encoding="utf-8")
    told = [str(found) for found in unguarded([read(path, LexiconDocument, tmp_path)])]
    assert len(told) == 3
    assert any("off_label" in line for line in told)
    assert any("names no contact" in line for line in told)
    assert unguarded([read(file, LexiconDocument, POLICIES) for file in sorted((POLICIES / "lexicon").glob("*.yaml"))]) == []
