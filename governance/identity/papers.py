"""Finders of what papers, vehicles, places and machines are known by: passports, permits, plates, addresses, credit codes, IP addresses, QQ numbers.

Each works on folded text and yields (start, end, score). A score below one half says that only a word nearby can make it believable
(`CONTEXT`; the enhancer in `recognizers` looks for it). Sources: GA 36-2018 (plates), GB 32100-2015 (credit codes), GB/T 2260 (region codes).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from governance.identity.written import is_credit_code

Span = tuple[int, int, float]
Finder = Callable[[str], Iterator[Span]]
UNSURE = 0.3

_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_PASSPORT = re.compile(rf"{_NO_LETTER_BEFORE}(?:[DEGPS][A-HJ-NP-Z]?\d{{7,8}}|1[45]\d{{7}}){_NO_LETTER_AFTER}", re.IGNORECASE)
_PERMIT = re.compile(rf"{_NO_LETTER_BEFORE}(?:[CHM]W?\d{{8}}(?:\d{{2}})?|\d{{8}}|[A-Z]{{3}}\d{{12}}){_NO_LETTER_AFTER}", re.IGNORECASE)
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_PLATE = re.compile(
    rf"[{_PROVINCE}][A-HJ-NP-Z][ ·\-.]{{0,2}}(?:(?:[DF][A-HJ-NP-Z0-9]\d{{4}}|\d{{5}}[DF])|(?=[A-HJ-NP-Z]{{0,4}}\d)[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳领])(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_HAN = r"\u3400-\u9fff"
_NUMBER = r"[0-9零〇一二三四五六七八九十百]{1,6}"
_DOOR = rf"(?:{_NUMBER}(?:-\d{{1,4}})?(?:号楼|号院|号|弄|栋|幢|座|楼|单元|室|层|门)[ ]?)"
_ADDRESS = re.compile(
    rf"(?:[{_HAN}]{{2,9}}?(?:省|自治区|特别行政区|市|区|县|旗|镇|乡|街道)){{0,4}}[{_HAN}\d]{{1,12}}?"
    rf"(?:路|街|大道|大街|胡同|巷|弄|村|里|小区|花园|公寓|新村|社区|苑|庄|屯|府|庭|家园)(?:[东南西北中]?[一二三四五六七八九十]段)?{_DOOR}(?:[{_HAN}]{{0,8}}?(?:小区|花园|公寓|大厦|苑|园))?{_DOOR}{{0,4}}(?:\d{{2,4}}室?)?"
)
_CREDIT_CODE = re.compile(rf"{_NO_LETTER_BEFORE}[0-9A-HJ-NPQRTUWXY]{{2}}\d{{6}}[0-9A-HJ-NPQRTUWXY]{{10}}{_NO_LETTER_AFTER}", re.IGNORECASE)
_IP4 = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\d.]*\d)")
_IP6 = re.compile(r"(?<![0-9A-Fa-f:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![0-9A-Fa-f:])")
_IP6_GROUPS = 3
_QQ = re.compile(r"(?<![A-Za-z])(?:Q{1,2}|扣扣|企鹅号)\s?(?:号码?|群)?\s?(?:是|为|:)?\s?(?P<number>[1-9]\d{4,10})(?!\d)", re.IGNORECASE)


def passports(text: str) -> Iterator[Span]:
    """Passports of China and others of that form; believed beside a word that says so."""
    for match in _PASSPORT.finditer(text):
        yield match.start(), match.end(), UNSURE


def permits(text: str) -> Iterator[Span]:
    """Travel permits of Hong Kong, Macao and Taiwan residents and foreigners' residence permits; believed beside a word that says so."""
    for match in _PERMIT.finditer(text):
        yield match.start(), match.end(), UNSURE


def plates(text: str) -> Iterator[Span]:
    """Number plates, those of new-energy vehicles too."""
    for match in _PLATE.finditer(text):
        yield match.start(), match.end(), 0.85


def addresses(text: str) -> Iterator[Span]:
    """Postal addresses down to a house number."""
    for match in _ADDRESS.finditer(text):
        yield match.start(), match.end(), 0.75


def credit_codes(text: str) -> Iterator[Span]:
    """统一社会信用代码 whose check character is right: a firm's, and so a one-person firm's owner's."""
    for match in _CREDIT_CODE.finditer(text):
        if is_credit_code(match[0].upper()):
            yield match.start(), match.end(), 0.95


def ip_addresses(text: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses."""
    for match in _IP4.finditer(text):
        yield match.start(), match.end(), 0.8
    for match in _IP6.finditer(text):
        told = match[0].count(":") >= _IP6_GROUPS or "::" in match[0]
        if told and len(match[0]) > _IP6_GROUPS and _is_ip6(match[0]):
            yield match.start(), match.end(), 0.85


def _is_ip6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def qq_numbers(text: str) -> Iterator[Span]:
    """QQ numbers, named as such."""
    for match in _QQ.finditer(text):
        yield match.start("number"), match.end("number"), 0.85


CONTEXT = {
    "mobile": ("手机", "电话", "号码", "号是", "拨打", "打给", "致电", "回电", "联系", "短信", "mobile", "phone", "cell", "tel"),
    "passport": ("护照", "passport"),
    "permit": ("通行证", "回乡证", "台胞证", "居住证", "居留证", "居留许可", "permit", "港澳证", "台湾证"),
    "landline": ("电话", "座机", "固话", "办公室", "分机", "总机", "传真", "tel", "phone", "fax"),
    "license": ("执业", "资格", "医师证", "证书", "证号", "编码", "license", "licence", "certificate"),
    "id_card": ("身份证", "证件", "id card", "id no", "identity"),
    "bank_card": ("卡号", "银行卡", "账号", "账户", "信用卡", "借记卡", "bank", "card", "account"),
}
"""Words that make an unsure finding of a kind believable."""
