"""One identifier, a hundred written forms, one normal form; and what is no identifier stays none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.identity import normalise
from governance.identity.written import fold, fold_with_origin, is_id_card

CHINESE = "零一二三四五六七八九"
WIDE = "０１２３４５６７８９"
mobiles = st.tuples(st.sampled_from("3456789"), st.text("0123456789", min_size=9, max_size=9)).map(
    lambda t: f"1{t[0]}{t[1]}"
)


def _as_chinese(number: str) -> str:
    return "".join(CHINESE[int(digit)] for digit in number)


def _as_wide(number: str) -> str:
    return "".join(WIDE[int(digit)] for digit in number)


@given(
    mobiles,
    st.sampled_from(["", "+86", "86", "0086", "+86 ", "0086-", "（+86）", "＋８６"]),
    st.sampled_from(["", " ", "-", ".", "—", "\u3000", "\u200b"]),
)
def test_a_mobile_number_has_one_form_however_it_is_typed(number: str, prefix: str, gap: str) -> None:
    typed = (
        number,
        _as_wide(number),
        _as_chinese(number),
        gap.join((number[:3], number[3:7], number[7:])),
        gap.join(number),
    )
    assert {normalise.mobile(prefix + form) for form in typed} == {number}


@pytest.mark.parametrize(
    "text", ["1380013800", "138001380001", "12800138000", "", "010-88886666", "1.38E+10", "电话", "2139001380000"]
)
def test_what_is_no_mobile_number_stays_none(text: str) -> None:
    assert normalise.mobile(text) is None


def test_a_spreadsheets_number_is_still_a_number() -> None:
    assert normalise.mobile("13800138000.0") == "13800138000"


@pytest.mark.parametrize(
    "text",
    [
        "Zhang.Wei@Hospital.CN",
        " zhang.wei@hospital.cn ",
        "ｚｈａｎｇ．ｗｅｉ＠ｈｏｓｐｉｔａｌ．ｃｎ",
        "mailto:zhang.wei@hospital.cn",
    ],
)
def test_an_address_has_one_form(text: str) -> None:
    assert normalise.email(text) == "zhang.wei@hospital.cn"


@pytest.mark.parametrize("text", ["zhang.wei", "a@b", "a@@b.cn", "@b.cn", "a@b..cn", "无", "a b@"])
def test_what_is_no_address_stays_none(text: str) -> None:
    assert normalise.email(text) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("110310105012341", "110310105012341"), ("1103 1010 5012 341", "110310105012341")]
)
def test_a_license_has_fifteen_digits(text: str, expected: str) -> None:
    assert normalise.license_number(text) == expected
    assert normalise.license_number(text[:-1]) is None
    assert normalise.license_number(text + "1") is None


def test_a_repeated_digit_is_no_license() -> None:
    assert normalise.license_number("0" * 15) is None


def test_the_case_of_a_unionid_matters() -> None:
    assert normalise.unionid("oAbC" + "x" * 24) == "oAbC" + "x" * 24 != normalise.unionid("oabc" + "x" * 24)
    assert normalise.unionid("oAbC") is None


@pytest.mark.parametrize(
    "text",
    [
        "买买提·艾山",
        "买买提•艾山",
        "买买提‧艾山",
        "买买提・艾山",
        "买买提．艾山",
        "買買提 艾山",
        "买买提艾山 医生",
        "买买提\u200b·艾山（退休）",
    ],
)
def test_a_name_has_one_form_with_every_middle_dot(text: str) -> None:
    assert normalise.name(text) == "买买提艾山"


def test_traditional_characters_are_simplified() -> None:
    assert normalise.name("張偉 教授") == "张伟"
    assert normalise.house("臨江市第一人民醫院(東院區)") == normalise.house("临江市第一人民医院（东院区）")


@pytest.mark.parametrize("text", ["", "张", "12345", "·"])
def test_what_is_no_name_stays_none(text: str) -> None:
    assert normalise.name(text) is None


@pytest.mark.parametrize(
    ("one", "other"), [("张伟", "张玮"), ("王小明", "王晓明"), ("王小明", "王小"), ("欧阳明", "欧明阳")]
)
def test_one_typing_error_is_still_the_same_name(one: str, other: str) -> None:
    assert normalise.same_name(one, other)
    assert normalise.same_name(other, one)


@pytest.mark.parametrize(("one", "other"), [("张伟", "李娜"), ("王小明", "李小刚"), ("张伟", "买买提艾山")])
def test_two_errors_are_another_name(one: str, other: str) -> None:
    assert not normalise.same_name(one, other)


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    for kind in ("mobile", "email", "license", "unionid", "crm_id", "account_x"):
        function = normalise.normaliser(kind)
        value = function(text)
        assert value is None or function(value) == value


@given(st.text(max_size=60))
def test_folding_keeps_the_way_back(text: str) -> None:
    folded = fold_with_origin(text)
    assert len(folded.text) == len(folded.origin)
    assert list(folded.origin) == sorted(folded.origin)
    for index in range(len(folded.text)):
        start, end = folded.span(index, index + 1)
        assert folded.text[index] in fold_with_origin(text[start:end]).text


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_the_check_character_of_an_id_card_decides() -> None:
    assert is_id_card("11010519491231002X")
    assert [is_id_card(f"1101051949123100{d}X") for d in "0123456789"].count(True) == 1
    assert not is_id_card("11010519491331002X")
