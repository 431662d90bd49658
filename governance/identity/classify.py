"""Classifying a column: what it holds, judged by its cells first and its header second, with the evidence and nothing of the cells themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from governance.identity import names, patterns
from governance.identity.normalise import normaliser
from governance.identity.written import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from governance.identity.recognizers import Screener

_SAMPLE = 1_000
_READ = 200
_MOST, _SOME = 0.6, 0.02
_NEARLY_ALL = 0.95
_SENTENCE = 12
_HOUSE = re.compile(r"(?:医院|卫生院|中心|诊所|门诊部|公司|集团|大学|学院|药店|药房|分院|院区|科|部|局|会)$")
_FEW = 3

_VALIDATED = ("mobile", "email", "id_card", "bank_card", "credit_code", "plate", "wechat_id", "license", "ip", "address", "landline")
"""In this order: the surer checks first."""
_BY_FORM = frozenset({"passport", "permit", "qq"})
"""Forms that many numbers have: believed only where the header says so."""

_HEADERS: tuple[tuple[str, str], ...] = (
    ("none", r"医院|hospital|机构|单位名|公司|product|产品|活动|campaign|会议|content|标题|title_|文章"),
    ("id_card", r"身份证|证件号|id_?card|identity|id_?no$|national_?id"),
    ("license", r"执业|资格证|licen[cs]e|证书编"),
    ("passport", r"护照|passport"),
    ("permit", r"通行证|居留|permit"),
    ("bank_card", r"卡号|银行账|bank|card_?no|account_?no"),
    ("mobile", r"手机|移动电话|mobile|cell"),
    ("landline", r"座机|固话|电话|tel|phone"),
    ("email", r"邮箱|邮件地址|e_?mail"),
    ("wechat_id", r"unionid|openid|微信号|wechat_?id|external_?user"),
    ("qq", r"^qq"),
    ("ip", r"\bip\b|ip_?addr"),
    ("plate", r"车牌|plate"),
    ("address", r"地址|住址|address"),
    ("birth_date", r"出生|生日|birth|dob"),
    ("gender", r"性别|gender|^sex$"),
    ("biometric", r"指纹|人脸|虹膜|声纹|biometric|face_?id|fingerprint"),
    ("belief", r"宗教|信仰|religio"),
    ("location", r"经度|纬度|latitude|longitude|gps|定位|轨迹"),
    ("health", r"诊断|病史|病情|症状|用药史|过敏史|diagnos|symptom|patient|患者|adverse|不良反应"),
    ("finance", r"工资|薪|收入|salary|income|余额"),
    ("minor", r"监护人|未成年|guardian"),
    ("free_text", r"备注|说明|内容|意见|评论|note|comment|remark|memo|feedback_text"),
    ("name", r"姓名|医生姓名|客户姓名|联系人|^name$|doctor_?name|hcp_?name|full_?name|contact"),
    ("system_id", r"crm_?id|hcp_?id|doctor_?id|customer_?id|客户(?:号|编号|id)|医生(?:号|编号|id)|user_?id|用户(?:号|编号)|员工(?:号|编号)|rep_?id|employee|工号|agent_?id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a column holds. `validated` says per category which share of the sampled different cells passed its check; `by` what decided:
    `cells`, `header`, `both` or `nothing`. `inside` counts identities found inside running text, by kind, per hundred cells.
    """

    type: str
    category: str
    by: str
    validated: Mapping[str, float] = field(default_factory=dict)
    inside: Mapping[str, float] = field(default_factory=dict)


def classify(header: str, words: Sequence[str], screener: Screener) -> Found:
    """Classify a column by its header and its different cells, which are not empty."""
    sample = [fold(word).strip() for word in words[:_SAMPLE]]
    hinted = header_category(header)
    kind = data_type(sample)
    if not sample:
        return Found(type="empty", category=hinted or "none", by="header" if hinted else "nothing")
    shares = {category: _share(category, sample) for category in _VALIDATED}
    if hinted in _BY_FORM:
        shares[hinted] = _share(hinted, sample)
    shares["name"] = sum(_is_name(word) for word in sample) / len(sample)
    told = {category: round(share, 4) for category, share in shares.items() if share >= _SOME}
    sure = next((category for category in _VALIDATED if shares[category] >= _MOST and not _only_form(category, hinted)), None)
    if sure is None and hinted in _BY_FORM and shares[hinted] >= _MOST:
        sure = hinted
    if sure is not None:
        return Found(type=kind, category=sure, by="both" if sure == hinted else "cells", validated=told)
    if shares["name"] >= _MOST and hinted in {None, "name"} and (hinted == "name" or (len(sample) > _FEW and shares["name"] >= 0.8)):
        return Found(type=kind, category="name", by="both" if hinted == "name" else "cells", validated=told)
    if sum(_HOUSE.search(word) is not None for word in sample) >= _MOST * len(sample):
        return Found(type=kind, category="none", by="cells", validated=told)
    if kind == "text" and _is_running_text(sample):
        inside = _inside(sample, screener)
        category = hinted if hinted not in {None, "none", "name"} else "free_text"
        return Found(type="long text", category=category or "free_text", by="cells", validated=told, inside=inside)
    if hinted is not None:
        return Found(type=kind, category=hinted, by="header", validated=told)
    # Some cells hold identifiers though most don't: nobody knows what such a column is until a person has looked.
    mixed = next((category for category in _VALIDATED if shares[category] >= _SOME and not _only_form(category, hinted)), None)
    return Found(type=kind, category=mixed or "none", by="cells" if mixed else "nothing", validated=told)


def header_category(header: str) -> str | None:
    """What the header alone says, or None. `none` is said of headers that name things, not persons."""
    plain = fold(header).strip().lower()
    for category, expression in _HEADERS:
        if re.search(expression, plain):
            if category == "none" and re.search(r"姓名|手机|电话|联系", plain):
                continue
            return category
    return None


def data_type(sample: Sequence[str]) -> str:
    """The type of the cells: empty, flag, date, whole number, number or text."""
    if not sample:
        return "empty"
    if {word.lower() for word in sample} <= {"0", "1", "y", "n", "yes", "no", "true", "false", "是", "否", "有", "无"}:
        return "flag"
    forms = (
        ("date", r"(?:19|20)\d\d[-/.年]?(?:0?[1-9]|1[0-2])(?:[-/.月]?(?:0?[1-9]|[12]\d|3[01])日?)?(?:[ T]?\d{1,2}:?\d{2}(?::?\d{2})?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"),
        ("whole number", r"[-+]?\d{1,3}(?:,\d{3})+|[-+]?\d+"),
        ("number", r"[-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?%?"),
    )
    for name, expression in forms:
        if sum(re.fullmatch(expression, word) is not None for word in sample) >= _NEARLY_ALL * len(sample):
            return name
    return "text"


def _share(category: str, sample: Sequence[str]) -> float:
    return sum(_is_whole(category, word) for word in sample) / len(sample)


def _is_whole(category: str, word: str) -> bool:
    """Whether the cell as a whole is such an identifier."""
    if category in {"mobile", "email", "license"}:
        return normaliser(category)(word) is not None
    return any(start == 0 and end == len(word) for start, end, _ in patterns.FINDERS[category](word))


def _only_form(category: str, hinted: str | None) -> bool:
    """Fifteen digits can be any number; they are a license where the header doesn't say something else."""
    return category in {"license", "landline"} and hinted not in {category, None, "landline", "mobile", "id_card"}


def _is_name(word: str) -> bool:
    return names.is_titled_name(word) or next(iter(patterns.person_names(word)), None) is not None


def _is_running_text(sample: Sequence[str]) -> bool:
    longer = [word for word in sample if len(word) >= _SENTENCE]
    han = sum(any("\u3400" <= char <= "\u9fff" for char in word) or " " in word for word in longer)
    return len(longer) >= len(sample) / 3 and han >= len(longer) / 2


def _inside(sample: Sequence[str], screener: Screener) -> dict[str, float]:
    read = sample[:_READ]
    counts: dict[str, int] = {}
    for word in read:
        for kind in {finding.kind for finding in screener.find(word, running=True)}:
            counts[kind] = counts.get(kind, 0) + 1
    return {kind: round(100 * count / len(read), 1) for kind, count in sorted(counts.items())}
