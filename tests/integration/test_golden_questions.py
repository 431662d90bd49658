"""No metric comes in force, new or changed, without golden questions in both languages that are read as approved; what isn't changed asks for nothing."""

from __future__ import annotations

from functools import lru_cache
from shutil import copytree, ignore_patterns

import pytest
import yaml

from governance.errors import InvalidQuery
from tests.fixtures.committee import POLICIES, TODAY, make_committee
from wenshu.committee.chinese import in_chinese
from wenshu.committee.errors import GateClosed
from wenshu.committee.splicing import add_item, drop, put
from wenshu.validating import look_over

REACH, WORDS = "metrics/reach.yaml", "lexicon/words.yaml"
ZH = {"ask": "上个月各大区的新指标值", "query": {"metrics": ["new_thing"], "group_by": ["region"]}}
EN = {"ask": "new thing value by region last month", "query": {"metrics": ["new_thing"], "group_by": ["region"]}}


@lru_cache(maxsize=1)
def new_thing() -> dict:
    """The definition of an approved metric under another name, without golden questions."""
    known = next(item for item in yaml.safe_load((POLICIES / REACH).read_text("utf-8"))["metrics"] if item["id"] == "reached_hcps")
    other = {"id": "new_thing", "label": {"zh": "新指标值", "en": "New thing value"}, "synonyms": {"zh": [], "en": []}}
    return {key: value for key, value in (known | other).items() if key != "golden"}


@pytest.fixture
def committee(tmp_path):
    return make_committee(tmp_path)


class Drafting:
    """A draft as one member writes it."""

    def __init__(self, committee) -> None:
        self.room, self.actor = committee.room, committee.actor("a")
        self.line = self.room.begin(self.actor, title="指标")

    def text(self, path: str) -> str:
        return self.room.file(self.actor, self.line["id"], path)

    def write(self, path: str, text: str) -> Drafting:
        self.line = self.room.write(self.actor, self.line["id"], path, text, expected=self.line["version"])
        return self

    def change(self, metric: str, key: str, value: object, path: str = REACH) -> Drafting:
        place = ("metrics", metric)
        return self.write(path, drop(self.text(path), place, key) if value is None else put(self.text(path), place, key, value))

    def add(self, **fields: object) -> Drafting:
        return self.write(REACH, add_item(self.text(REACH), "metrics", new_thing() | fields))

    def refusal(self) -> str:
        """Why it can't be submitted, in English; nothing where it can."""
        why = self.room.draft(self.actor, self.line["id"])["may"]["why_not"].get("submit")
        if why is None:
            assert self.room.submit(self.actor, self.line["id"])["state"] == "submitted"
            return ""
        with pytest.raises(GateClosed):
            self.room.submit(self.actor, self.line["id"])
        return why["en"]

    def golden(self) -> list:
        return self.room.draft(self.actor, self.line["id"])["golden"]


@pytest.fixture
def draft(committee):
    return Drafting(committee)


@pytest.mark.parametrize(
    ("golden", "told"),
    [
        ([], "no golden question in Chinese"),
        ([ZH], "no golden question in English"),
        ([EN], "no golden question in Chinese"),
        ([ZH, EN | {"lang": "zh"}], "no golden question in English"),
        ([ZH, EN, {"ask": "去年各渠道的新指标值", "query": ZH["query"]}], "no longer read as the approved query"),
        ([ZH, EN, {"ask": "上个月各大区的触达率", "query": {"metrics": ["reach_rate"], "group_by": ["region"]}}], "does not ask new_thing"),
        ([ZH, EN, {"ask": "各大区的新指标值", "query": {"metrics": ["new_thing"], "sql": "select 1"}}], "no valid query"),
        ([ZH, EN, {"ask": "列出每位医生的姓名和手机号", "query": {"metrics": ["new_thing"]}}], "golden question"),
        ([ZH, EN], ""),
        ([ZH, EN, {"ask": "大区新指标情况如何", "query": ZH["query"]}], ""),
    ],
    ids=["none", "zh", "en", "both said to be zh", "another query", "another metric", "no query", "refused", "both", "with one that is taught"],
)
def test_a_new_metric_needs_a_question_in_each_language_that_is_read_as_its_query(draft, golden, told):
    why = draft.add(**({"golden": golden} if golden else {})).refusal()
    assert (told in why) if told else why == ""
    if told:
        assert "new_thing" in why


def test_the_refusal_names_the_metric_the_language_and_the_field_in_both_languages(draft):
    draft.add(golden=[ZH])
    why = draft.room.draft(draft.actor, draft.line["id"])["may"]["why_not"]["submit"]
    assert all(word in why["zh"] for word in ("new_thing", "英文", "标准问题", "golden"))
    assert all(word in why["en"] for word in ("new_thing", "English", "Golden questions", "`golden`"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("owner", {"zh": "甲部门", "en": "Another department"}), ("version", "v9"), ("effective_from", "2026-11-01"), ("approved_on", "2026-11-14"), ("retired_on", "2026-11-01")],
)
def test_what_touches_neither_number_nor_words_asks_for_no_question(draft, key, value):
    draft.write(REACH, drop(draft.text(REACH), ("metrics", "planned_touches"), "golden"))
    assert "planned_touches" in draft.refusal(), "taking the questions away is a change of its own"
    draft.write(REACH, (POLICIES / REACH).read_text("utf-8"))
    assert draft.change("planned_touches", key, value).golden() == []


def test_a_metric_that_is_computed_from_a_changed_one_is_changed_with_it(committee):
    drafting = Drafting(committee)
    place = "metrics/engagement.yaml"
    text = put(drafting.text(place), ("metrics", "touches"), "measure", {"model": "touch", "agg": "count", "where": [{"column": "opened", "equals": True}]})
    shown = {item["metric"]: item for item in drafting.write(place, text).golden()}
    assert shown["touches"]["because"] is None
    assert "touches" in shown["touches_per_hcp"]["because"]["en"]
    assert all(item["ok"] for item in shown.values())


def test_a_word_that_takes_another_metrics_question_is_told_with_that_metric(draft):
    draft.change("reached_hcps", "synonyms", {"zh": ["客户分型的多渠道覆盖率"], "en": []})
    why = draft.refusal()
    assert "multichannel_rate" in why
    assert "no longer read" in why
    assert [item["metric"] for item in draft.golden() if not item["ok"]] == ["multichannel_rate"]


def test_an_imported_draft_that_is_taken_up_needs_its_questions_like_any_new_metric(draft):
    draft.add(tags=["imported_draft"])
    assert "imported_draft" in draft.refusal()
    draft.change("new_thing", "tags", [])
    assert "no golden question in Chinese" in draft.refusal()
    assert draft.change("new_thing", "golden", [ZH, EN]).refusal() == ""


def test_the_view_says_of_every_question_what_it_is_read_as(draft):
    [shown] = draft.add(golden=[ZH, EN | {"query": {"metrics": ["new_thing"], "group_by": ["channel"]}}]).golden()
    good, bad = shown["questions"]
    assert (good["lang"], good["passes"], bad["lang"], bad["passes"]) == ("zh", True, "en", False)
    assert "新指标值" in good["read_as"]["zh"]
    assert bad["read_as"]["en"] != bad["approved"]["en"]
    assert "channel" in bad["approved"]["en"]


def test_a_question_can_be_tried_before_it_is_kept_and_gets_the_query_it_is_read_as(draft):
    draft.add()
    text, version = draft.text(REACH), draft.room.draft(draft.actor, draft.line["id"])["version"]
    asked = [{"ask": ZH["ask"], "query": None}, {"ask": "2026年3月各渠道的新指标值", "query": None}, {"ask": "天上有多少星星", "query": None}]
    read, dated, unread = draft.room.try_golden(draft.actor, draft.line["id"], "new_thing", asked, path=REACH, text=text)
    assert (read["passes"], read["query"]) == (True, ZH["query"]), "what 上个月 means today is no part of an approval"
    assert dated["query"]["period"] == {"start": "2026-03-01", "end": "2026-04-01"}
    assert (unread["passes"], unread["query"]) == (False, {})
    assert draft.room.draft(draft.actor, draft.line["id"])["version"] == version
    with pytest.raises(InvalidQuery):
        draft.room.try_golden(draft.actor, draft.line["id"], "no_such", asked, path=REACH, text=text)


def test_validation_warns_of_metrics_without_questions_in_a_language_and_refuses_nothing(tmp_path):
    bundle = tmp_path / "bundle"
    copytree(POLICIES, bundle, ignore=ignore_patterns("__pycache__", "*.py"))
    assert look_over(bundle, today=TODAY).warnings == ()
    text = (bundle / REACH).read_text("utf-8")
    text = put(drop(text, ("metrics", "planned_touches"), "golden"), ("metrics", "target_hcps"), "golden", [{"ask": "各大区的目标医生数", "query": {"metrics": ["target_hcps"], "group_by": ["region"]}}])
    text = put(drop(text, ("metrics", "newly_reached_hcps"), "golden"), ("metrics", "newly_reached_hcps"), "retired_on", TODAY)
    (bundle / REACH).write_text(text, "utf-8")
    found = look_over(bundle, today=TODAY)
    assert found.problems == ()
    told = [(item.message.partition(";")[0], in_chinese(item.message)) for item in found.warnings]
    assert [english for english, _ in told] == ["no golden question in Chinese for planned_touches", "no golden question in English for target_hcps, planned_touches"]
    assert all("标准问题" in chinese for _, chinese in told)


def test_the_difference_names_the_questions_that_came_and_went(draft):
    known = next(item for item in yaml.safe_load((POLICIES / REACH).read_text("utf-8"))["metrics"] if item["id"] == "planned_touches")["golden"]
    draft.change("planned_touches", "golden", [*known[1:], {"ask": "上季度各大区的计划触达次数", "query": {"metrics": ["planned_touches"], "group_by": ["region"]}}])
    [change] = draft.room.draft(draft.actor, draft.line["id"])["diff"]["changes"]
    [detail] = change["details"]
    assert detail["zh"] == f"标准问题：“{known[0]['ask']}” → “上季度各大区的计划触达次数”"
    assert detail["en"].startswith("golden questions: ")
