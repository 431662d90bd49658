"""A bundle's problems are told in Chinese too: broken rules of every usual kind, found by the real checks."""

from __future__ import annotations

import datetime as dt
import re
import shutil

import pytest

import wenshu.validating
from governance.errors import InvalidQuery
from tests.fixtures.home import ROOT
from wenshu.committee.chinese import in_chinese
from wenshu.committee.errors import GateClosed
from wenshu.committee.gates import Gate
from wenshu.committee.texts import find, with_value

ORIGIN = next(path.parent for path in sorted(ROOT.glob("policies/**/bundle.yaml")))
RULE = """
  - id: marketing_again
    roles: [{role}]
    effect: allow
    purposes: [{purpose}]
    metrics: {{names: [{metric}]}}
    dimensions: {{{dimensions}}}
    reason: {{zh: 试, en: try}}
{more}"""
USUAL = {"role": "marketing", "purpose": "market_analysis", "metric": "reached_hcps", "dimensions": "names: [region]", "more": ""}


def problems(folder, text=None, *, change=("", "")):
    target = folder / "bundle"
    shutil.copytree(ORIGIN, target)
    if text is not None:
        (target / "access/zz_more.yaml").write_text("rules:" + text, encoding="utf-8")
    if change[0]:
        path = target / "access/roles.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    return wenshu.validating.look_over(target, today=dt.date(2026, 11, 15)).problems


def chinese(told):
    plain = re.sub(r"“[^”]*”|（[^）]*）", "", told)
    return re.search(r"[\u4e00-\u9fff]", told) is not None and not re.search(r"\b(?:the|is|unknown|should|can|never|by)\b", plain)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"role": "marketting"}, "没有名为“marketting”的角色。是否指：marketing"),
        ({"metric": "reached_hcp"}, "没有名为“reached_hcp”的指标"),
        ({"purpose": "medical_insight"}, "永不适用"),
        ({}, "覆盖"),
        ({"role": "medical", "purpose": "medical_insight", "metric": "revenue"}, "防火墙"),
        ({"more": "    effective_from: 2026-12-01\n    effective_until: 2026-11-01\n"}, "永不适用：截止日不晚于生效日"),
        ({"more": "    minimum_group: {entity: hcp, k: many}\n"}, "应为数字"),
        ({"more": "    reasons: x\n"}, "没有名为“reasons”的键"),
        ({"more": "    rows: [{dimension: region, values: [火星]}]\n"}, "没有取值“火星”"),
    ],
)
def test_each_usual_problem_of_a_rule_is_told_in_chinese(tmp_path, wrong, told):
    found = [in_chinese(item.message) for item in problems(tmp_path, RULE.format(**USUAL | wrong))]
    assert found
    assert any(told in item for item in found), found
    assert all(chinese(item) for item in found), found


def test_a_broken_role_and_broken_yaml_are_told_in_chinese(tmp_path):
    for number, change in enumerate((("k: 10", "k: ten"), ("roles:", "roles: ["), ("id: marketing", "id: Marketing!"))):
        found = [in_chinese(item.message) for item in problems(tmp_path / str(number), change=change)]
        assert found
        assert all(re.search(r"[\u4e00-\u9fff]", item) for item in found), found


def test_an_unknown_wording_stays_whole():
    assert in_chinese("something else is wrong. Did you mean it?") == "something else is wrong. Did you mean it?"


def test_a_closed_gate_names_the_act_that_opens_it_and_no_command():
    closed = GateClosed(Gate(zh="没有报告。", en="There is no report.", remedy="impact"))
    assert (closed.remedy, "wenshu" in str(closed)) == ("impact", False)


@pytest.mark.parametrize("asked", [lambda: find("a: [", ("a",)), lambda: find("a: 1", ("b",)), lambda: with_value("a: {b: 1}", ("a",), 2)])
def test_what_can_not_be_changed_in_a_text_is_told_in_chinese(asked):
    with pytest.raises(InvalidQuery) as refused:
        asked()
    assert chinese(in_chinese(str(refused.value)))
