"""The label verified is for the approved question in any wording, and for nothing beside it: another period, another member, a negation, a further condition."""

from __future__ import annotations

import pytest

from governance.metrics.parsing import query_from_json
from nlq.verified_reading import read_golden
from tests.fixtures.bundle import catalogue_of
from tests.unit.test_verified import TODAY, VIEW, lexicon, match

APPROVED = {
    "reach": "上个月各大区的触达率", "channels": "上个月各渠道触达医生数", "east": "reach rate by channel in East last month", "visits": "上周各大区的拜访次数",
    "lowest": "上季度指标达成率最低的3个大区", "below": "上个月计划完成率低于80%的大区", "without": "visits by product last month excluding North", "share": "上季度各渠道的营销费用占比",
    "trend": "近6个月每月的线上触达占比", "year": "click rate by product last month year on year",
}  # fmt: skip

PARAPHRASES = [
    ("reach", "各大区上月触达率"), ("reach", "reach rate by region last month"), ("reach", "上个月按大区看触达率"), ("reach", "触达率，上个月，按大区"),
    ("channels", "按渠道看上个月的触达医生数"), ("channels", "上月各渠道覆盖医生数"), ("east", "上个月华东各渠道的触达率"), ("east", "last month's reach rate in East by channel"),
    ("visits", "上周按大区看拜访量"), ("visits", "visits by region last week"), ("lowest", "上季度达成率后3的大区"), ("lowest", "上季度指标达成率倒数3名的大区"),
    ("below", "上个月哪些大区的计划完成率低于80%"), ("below", "上个月计划完成率不到八成的大区"), ("without", "上个月各产品的拜访次数，不含华北"), ("without", "last month visits by product except North"),
    ("share", "上季度按渠道看营销费用占比"), ("trend", "过去6个月每月线上触达占比"), ("year", "上个月各产品的点击率同比"), ("year", "last month click rate by product, year on year"),
]  # fmt: skip

NEAR_MISSES = [
    ("reach", "上上个月各大区的触达率"), ("reach", "本月各大区的触达率"), ("reach", "上个月各大区的触达率环比"), ("reach", "上个月除华东外各大区的触达率"), ("reach", "上个月没有触达的各大区医生比例"),
    ("reach", "上个月各省份的触达率"), ("reach", "上个月各大区微信的触达率"), ("channels", "上个月各渠道没触达的医生数"), ("channels", "上个月各渠道新触达医生数"), ("channels", "上周各渠道触达医生数"),
    ("east", "reach rate by channel in South last month"), ("east", "reach rate by channel outside East last month"), ("east", "reach rate by channel in East this month"), ("visits", "上周华东各大区的拜访次数"),
    ("lowest", "上季度指标达成率最高的3个大区"), ("lowest", "上季度指标达成率最低的5个大区"), ("below", "上个月计划完成率高于80%的大区"), ("below", "上个月计划完成率低于70%的大区"),
    ("without", "visits by product last month in North"), ("without", "visits by product last month excluding South"), ("share", "上季度各渠道的营销费用"), ("trend", "近12个月每月的线上触达占比"),
    ("year", "click rate by product last month"), ("year", "click rate by product last month versus the month before"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "question"), PARAPHRASES)
def test_the_same_question_in_other_words_is_verified(which, question):
    found = match(question)
    assert found is not None
    assert found.query == match(APPROVED[which]).query


@pytest.mark.parametrize(("which", "question"), NEAR_MISSES)
def test_a_question_beside_an_approved_one_is_not_verified_as_it(which, question):
    found = match(question)
    assert found is None or (found.ask != APPROVED[which] and found.query != match(APPROVED[which]).query)


@pytest.mark.parametrize("metric", list(catalogue_of().metrics.values()), ids=lambda item: item.id)
def test_every_metric_of_the_bundle_has_golden_questions_in_both_languages_that_are_read_as_approved(metric):
    read = [read_golden(item, metric.id, metrics=catalogue_of().metrics, lexicon=lexicon(), view=VIEW, today=TODAY, approved_on=metric.approved_on) for item in metric.golden]
    assert all(item.passes for item in read), [item for item in read if not item.passes]
    assert {item.language for item in read if item.status == "read"} == {"zh", "en"}


@pytest.mark.parametrize("metric", list(catalogue_of().metrics.values()), ids=lambda item: item.id)
def test_a_caller_who_may_not_know_something_that_a_question_names_gets_no_label_for_its_very_words(metric):
    for golden in metric.golden:
        query = query_from_json(golden.query)
        all_metrics, all_dimensions = frozenset(catalogue_of().metrics), frozenset(catalogue_of().dimensions)
        blind = [lexicon().visible(all_metrics - {metric.id}, all_dimensions)]
        blind += [lexicon().visible(all_metrics, all_dimensions - {name}) for name in query.named_dimensions()]
        if query.where:
            hidden = query.where[0]
            blind.append(lexicon().visible(all_metrics, all_dimensions, lambda d, v, hidden=hidden: (d, v) != (hidden.dimension, hidden.values[0])))
        assert [match(golden.ask, view=view) for view in blind] == [None] * len(blind)
