"""Free text is masked before it is stored."""

from __future__ import annotations

from governance.documents.extracts import Value
from governance.ingest.columns import Column
from governance.ingest.masking import Masker
from governance.ingest.values import Reader

NOTE = "拜访了王建国，手机１３８-0013-8000，他认可疗效。"


def test_a_masked_field_keeps_what_was_said_and_loses_who_it_was() -> None:
    reader = Reader(zone="Asia/Shanghai", codes={})
    columns = {"note": Column.made([NOTE, "", "没有新情况"])}
    read = reader.read(Value(column=("note",), masked=True), "text", columns, 3)
    assert read.values.to_pylist() == ["拜访了[name]，手机[mobile]，他认可疗效。", None, "没有新情况"]


def test_a_name_that_the_load_knows_is_found_where_no_rule_would_see_it() -> None:
    masker = Masker()
    text = "转张江河科室群通知"
    masker.learn(["张江河"])
    assert masker(text) == "转[name]科室群通知"
    traditional = Masker()
    traditional.learn(["張國榮".replace("張國榮", "张国荣")])
    assert "國" not in traditional("约好与張國榮复诊")


def test_the_companys_own_words_are_no_names_but_persons_called_like_them_are() -> None:
    masker = Masker()
    assert "[name]" in masker("讨论了安欣宁的疗效")
    masker.spare(["安欣宁", "康舒平", "王建国纪念医院"])
    for text in ("讨论了安欣宁的疗效", "介绍康舒平和糖衡，反馈好", "在王建国纪念医院拜访"):
        assert masker(text) == text
    assert masker("王建国说安欣宁好") == "[name]说安欣宁好"
    assert masker("安欣宁 主任认可") == "[name] 主任认可"
    masker.learn(["安欣宁"])
    assert masker("讨论了安欣宁的疗效") == "讨论了[name]的疗效"
