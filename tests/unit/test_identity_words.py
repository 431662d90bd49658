"""Sentences built of the dictionary's words name nobody: places, things and deeds that begin with a surname are no persons."""

from __future__ import annotations

import random
import re

from governance.identity import names
from governance.identity.recognizers import Screener

FRAMES = ("{place}、{other}的终端统一配送。", "{place}和{other}的接驳车合并。", "{place}暂不设点。", "{place}、{other}两地的{thing}", "{thing}和{more}{deed}。", "{thing}的{more}不在范围内")
SEED, ROUNDS = 7, 60


def _words(tag: str, least: int) -> list[str]:
    begins = names.SURNAMES | {surname[0] for surname in names.COMPOUND_SURNAMES}
    return sorted(word for word, count in re.findall(rf"\n(\S{{2,4}}) (\d+) {tag}(?=\n)", names.dictionary()) if word[0] in begins and int(count) >= least)


def test_fewer_than_two_of_a_hundred_sentences_of_places_things_and_deeds_are_taken_to_name_somebody() -> None:
    chance, screener = random.Random(SEED), Screener()
    places, things, deeds = _words("ns", 1), _words("n", 80), _words("v", 50)
    sentences = [
        frame.format(place=chance.choice(places), other=chance.choice(places), thing=chance.choice(things), more=chance.choice(things), deed=chance.choice(deeds)) for frame in FRAMES for _ in range(ROUNDS)
    ]
    alarms = [sentence for sentence in sentences if any(finding.kind == "name" for finding in screener.find(sentence, running=True))]
    assert len(alarms) < 0.02 * len(sentences), alarms


def test_a_place_or_a_medicine_is_nobody_and_becomes_somebody_beside_a_title() -> None:
    screener = Screener()
    for text in ("彭泽县没有三级医院。", "徐长卿和白芍在处方里同时出现。", "阳朔、荔浦由同一家配送。", "左旋多巴与司美格鲁肽"):
        assert screener.find(text, running=True) == [], text
    found = screener.find("今天张北主任与贠丽娟医生来电", running=True)
    assert [(finding.start, finding.end) for finding in found] == [(2, 4), (7, 10)]


def test_telephones_abroad_foreign_passports_and_doors_are_found_and_versions_are_no_addresses_of_machines() -> None:
    screener = Screener()
    kinds = {text: [finding.kind for finding in screener.find(text, running=True)] for text in ("台湾手机+886 911-222-333", "香港电话+852 6123 4567", "加拿大护照AB123456", "住北二区12号楼3单元702室", "客户端升级到8.1.49.16之后")}
    assert list(kinds.values()) == [["landline"], ["landline"], ["passport"], ["address"], []]
