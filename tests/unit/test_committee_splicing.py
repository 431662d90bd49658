"""Forms write one place of a text: what the text then says is what was put there, and everything else is as it was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import InvalidQuery
from wenshu.committee.splicing import add_item, drop, flow, put, remove_item

POLICIES = Path(__file__).parents[2] / "policies"
FILES = [*sorted(POLICIES.glob("access/*.yaml")), POLICIES / "metrics/compliance.yaml"]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
SCALARS = WORDS | st.integers(-10**6, 10**6) | st.booleans() | st.dates() | st.sampled_from(["yes", "no", "null", "~", "1e3", "0x1f", "2026-01-01", "- a", "a: b", "#x", "{", "华东", "a, b", "on"])
LONG = [{"ask": f"第{n}季度各大区的销售额，从高到低: “怎么样”？", "query": {"metrics": ["revenue"], "group_by": ["region"]}} for n in range(3)]
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["zh", "en", "k"]), inner, max_size=3), max_leaves=6)


@given(value=VALUES)
def test_a_value_is_written_so_that_it_is_read_again(value):
    assert yaml.safe_load(f"key: {flow(value)}") == {"key": value}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_field_of_every_thing_can_be_replaced_removed_and_added_alone(file):
    text = file.read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    for listed, items in document.items():
        for item in [item for item in items if isinstance(item, dict) and "id" in item][:2]:
            for key in [*list(item)[1:], "something_new"]:
                for value in ({"zh": "新", "en": "new, it is"}, dt.date(2026, 12, 1), LONG, None):
                    changed = drop(text, (listed, item["id"]), key) if value is None else put(text, (listed, item["id"]), key, value)
                    wanted = yaml.safe_load(text)
                    mine = next(other for other in wanted[listed] if other.get("id") == item["id"])
                    if value is None:
                        mine.pop(key, None)
                    else:
                        mine[key] = value
                    assert yaml.safe_load(changed) == wanted, (listed, item["id"], key, value)
                    assert [line for line in changed.splitlines() if line.startswith("#")] == [line for line in text.splitlines() if line.startswith("#")]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_thing_is_added_at_the_end_and_taken_out_again(file):
    text = file.read_text(encoding="utf-8")
    for listed, items in yaml.safe_load(text).items():
        more = add_item(text, listed, {"id": "brand_new", "label": {"zh": "新", "en": "New"}})
        assert yaml.safe_load(more)[listed] == [*items, {"id": "brand_new", "label": {"zh": "新", "en": "New"}}]
        assert yaml.safe_load(remove_item(more, listed, "brand_new")) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["rules: [{id: x}]\n", "rules:\n- {id: x, roles: [a]}\n", "rules:\n- id: x\n  golden:\n  - {a: 1}\n  # said of the next\n- id: y\n", "rules:\n  - id: x\n    reason: |\n      long\n"])
def test_a_long_list_of_fields_is_written_one_a_line_in_any_layout(text):
    for key in ("golden", "roles", "reason"):
        changed = put(text, ("rules", "x"), key, LONG)
        assert yaml.safe_load(changed)["rules"] == [{**item, key: LONG} if item["id"] == "x" else item for item in yaml.safe_load(text)["rules"]]
        assert changed.count("#") == text.count("#")


@pytest.mark.parametrize("text", ["", "# only a remark\n", "rules: []\n", "roles:\n  - id: a\n", "rules:\n- {id: x, roles: [a]}\n", "rules:\n  - id: x\n    reason: |\n      long\n"])
def test_lists_of_any_layout_take_a_new_thing(text):
    before = (yaml.safe_load(text) or {}).get("rules", [])
    assert yaml.safe_load(add_item(text, "rules", {"id": "n"}))["rules"] == [*before, {"id": "n"}]


def test_a_change_of_one_line_changes_one_line():
    text = (POLICIES / "access/roles.yaml").read_text(encoding="utf-8")
    changed = put(text, ("roles", "marketing"), "minimum_group", {"entity": "hcp", "k": 20})
    assert [(was, now) for was, now in zip(text.splitlines(), changed.splitlines(), strict=True) if was != now] == [
        ("    minimum_group: {entity: hcp, k: 10}", "    minimum_group: {entity: hcp, k: 20}")
    ]


@pytest.mark.parametrize("text", ["rules: [", "rules: 3", "other: []"])
def test_what_is_not_there_is_one_clear_error(text):
    with pytest.raises(InvalidQuery):
        put(text, ("rules", "x"), "reason", "y")
