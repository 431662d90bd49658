"""Identifier by written form by carrier: what the screener finds of numbers made up with right checks, in cells, running text and questions.

The makers below know the standards (GB 11643, GB 32100, Luhn, GA 36), not the recognizers.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pytest

from governance.identity.recognizers import Screener

CHANCE = random.Random(20261122)
ROUNDS = 12

FULL = str.maketrans("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@.-+() ", "".join(chr(ord(c) + 0xFEE0) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@.-+()") + "\u3000")
HAN = str.maketrans("0123456789", "零一二三四五六七八九")
SPOKEN = str.maketrans("0123456789", "〇幺二三四五六七八九")


def _wide(text: str) -> str:
    return text.translate(FULL)


def _digits(count: int) -> str:
    return "".join(CHANCE.choice("0123456789") for _ in range(count))


def _day() -> dt.date:
    return dt.date(1950, 1, 1) + dt.timedelta(days=CHANCE.randrange(20_000))


def id_card() -> str:
    body = CHANCE.choice(("110105", "310104", "440305", "510107", "650102", "810000")) + _day().strftime("%Y%m%d") + _digits(3)
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def old_id_card() -> str:
    return CHANCE.choice(("110105", "320102", "420106")) + _day().strftime("%y%m%d") + _digits(3)


def mobile() -> str:
    return "1" + CHANCE.choice("3456789") + _digits(9)


def bank_card(size: int = 19) -> str:
    body = "62" + _digits(size - 3)
    for check in "0123456789":
        total = sum(sum(divmod(int(d) * (2 if i % 2 else 1), 10)) for i, d in enumerate(reversed(body + check)))
        if total % 10 == 0:
            return body + check
    raise AssertionError


def credit_code() -> str:
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "91" + "310115" + "".join(CHANCE.choice(letters) for _ in range(9))
    return body + letters[(31 - sum(letters.index(c) * 3**i for i, c in enumerate(body)) % 31) % 31]


def open_id() -> str:
    return "o" + "".join(CHANCE.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") for _ in range(26)) + "A"


def _split(text: str, mark: str, *sizes: int) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return mark.join([*parts, text[at:]] if at < len(text) else parts)


FORMS: dict[str, tuple[Callable[[], str], ...]] = {
    "mobile": (
        mobile,
        lambda: _split(mobile(), "-", 3, 4, 4),
        lambda: _split(mobile(), " ", 3, 4, 4),
        lambda: _split(mobile(), ".", 3, 4, 4),
        lambda: "+86" + mobile(),
        lambda: "+86 " + _split(mobile(), " ", 3, 4, 4),
        lambda: "0086-" + mobile(),
        lambda: "86" + mobile(),
        lambda: "(+86)" + mobile(),
        lambda: _wide(mobile()),
        lambda: _wide("+86" + mobile()),
        lambda: mobile().translate(HAN),
        lambda: mobile().translate(SPOKEN),
        lambda: _split(mobile(), "\u200b", 3, 4, 4),
        lambda: _split(mobile(), "—", 3, 4, 4),
        lambda: _split(mobile(), "\u3000", 3, 4, 4),
    ),
    "landline": (
        lambda: "010-8" + _digits(7),
        lambda: "(021)6" + _digits(7),
        lambda: "0755 8" + _digits(7),
        lambda: "0571-8" + _digits(6) + "-801",
        lambda: "+86-21-6" + _digits(7),
        lambda: _wide("010-6" + _digits(7)),
        lambda: "010-8" + _digits(3) + "-" + _digits(4),
    ),
    "email": (
        lambda: f"li.na{_digits(2)}@example.com",
        lambda: f"LI_NA{_digits(2)}@EXAMPLE.COM.CN",
        lambda: _wide(f"zhang{_digits(3)}@hospital.org"),
        lambda: f"wang{_digits(2)}＠example.cn",
        lambda: f"zhao{_digits(2)} @ example.net",
        lambda: f"zhao{_digits(2)}(at)example.net",
    ),
    "id_card": (
        id_card,
        lambda: id_card().lower(),
        lambda: _split(id_card(), " ", 6, 8, 4),
        lambda: _split(id_card(), "-", 6, 8, 4),
        lambda: _wide(id_card()),
        old_id_card,
        lambda: _wide(old_id_card()),
    ),
    "license": (
        lambda: "1103101050" + _digits(5),
        lambda: _wide("1413100000" + _digits(5)),
        lambda: "2019" + "11110" + id_card()[:17] + "1",
    ),
    "bank_card": (bank_card, lambda: bank_card(16), lambda: _split(bank_card(), " ", 4, 4, 4, 4), lambda: _split(bank_card(16), "-", 4, 4, 4), lambda: _wide(bank_card())),
    "credit_code": (credit_code, lambda: _wide(credit_code())),
    "plate": (
        lambda: "京A" + _digits(5),
        lambda: "沪B·" + _digits(4) + "K",
        lambda: "粤BD" + _digits(5),
        lambda: "浙A" + _digits(5) + "F",
        lambda: "苏E-" + _digits(5),
        lambda: _wide("鲁C" + _digits(5)),
    ),
    "wechat_id": (open_id, lambda: "wxid_" + _digits(6) + "abcdef", lambda: "微信号：drli_" + _digits(3), lambda: "微信 drli" + _digits(4)),
    "ip": (
        lambda: f"10.{CHANCE.randrange(256)}.{CHANCE.randrange(256)}.{CHANCE.randrange(1, 255)}",
        lambda: f"2001:db8:{CHANCE.randrange(16**4):x}::{CHANCE.randrange(1, 16**4):x}",
        lambda: ":".join(f"{CHANCE.randrange(1, 16**4):x}" for _ in range(8)),
    ),
    "address": (
        lambda: f"北京市朝阳区建国路{CHANCE.randrange(1, 300)}号",
        lambda: f"杭州市西湖区文三路{CHANCE.randrange(1, 300)}号{CHANCE.randrange(1, 20)}幢{CHANCE.randrange(101, 999)}室",
        lambda: f"广东省深圳市南山区科技园社区{CHANCE.randrange(1, 30)}栋",
        lambda: f"中山北路{CHANCE.randrange(1, 300)}弄{CHANCE.randrange(1, 30)}号",
    ),
    "passport": (lambda: "护照E" + _digits(8), lambda: "护照号码：EA" + _digits(7), lambda: "passport no. G" + _digits(8)),
    "permit": (lambda: "港澳居民来往内地通行证H" + _digits(8), lambda: "台胞证" + _digits(8), lambda: "回乡证号 M" + _digits(10)),
}
CARRIERS = {
    "cell": "{}",
    "running text": "今天拜访时留了联系方式{}，下周再谈。",
    "running text without stops": "请记一下{}谢谢",
    "English text": "He left {} with us.",
    "question": "{}的医生上个月触达了几次",
    "question in the middle": "查一下{}上个月的拜访次数",
}
LABELLED = {"wechat_id", "passport", "permit"}


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener()


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_written_form_is_found_in_every_carrier(screener: Screener, kind: str, carrier: str) -> None:
    missed = []
    for form in FORMS[kind]:
        for _ in range(ROUNDS):
            written = form()
            text = CARRIERS[carrier].format(written)
            at = text.index(written)
            found = screener.find(text, running="question" not in carrier)
            # Where a word says what follows, what follows is what counts.
            start = at + len(written) - 6 if kind in LABELLED else at
            if not any(finding.start <= start and finding.end >= at + len(written) for finding in found):
                missed.append(text)
    assert missed == []


@pytest.mark.parametrize(
    "written",
    ["110105194912310021", "990105194912310020", "110105194913310021"],
    ids=["wrong check", "no such region", "no such month"],
)
def test_a_number_whose_check_fails_is_no_id_card(screener: Screener, written: str) -> None:
    assert "id_card" not in {finding.kind for finding in screener.find(f"编号{written}")}


@pytest.mark.parametrize("text", ["订单 H12345678 已发货", "批号E12345678", "货号 12345678", "85551234个", "合计 20261001", "版本 3.2", "12:30:45", "2026-10-01 12:30"])
def test_what_only_a_word_beside_it_makes_an_identifier_is_none_without(screener: Screener, text: str) -> None:
    assert screener.find(text, running=True) == []


def test_context_is_looked_for_in_the_characters_around_not_in_lemmas(screener: Screener) -> None:
    assert [finding.kind for finding in screener.find("他的护照是E12345678")] == ["passport"]
    assert [finding.kind for finding in screener.find("座机66668888")] == ["landline"]
