"""The patterns behind the recognizers: on folded text, each yields (start, end, score). Sources: GB 11643 (ID cards), ISO/IEC 7812
(bank cards), YD/T numbering (mobile 1[3-9], landline area codes), the licence numbers of the health authority by length (15 and 27 digits).
A score below one half is believed only beside a word of `papers.CONTEXT`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from governance.identity import digit_runs, latin_names, names, papers, sounded_names
from governance.identity.papers import UNSURE
from governance.identity.written import DIGIT, NUMERALS, is_id_card, is_old_id_card, may_be_id_card, passes_luhn

Span = tuple[int, int, float]
Finder = Callable[[str], Iterator[Span]]

_SEPARATOR = r"[ \t\r\n.\-_/()·~]"
_GAP = rf"(?:{_SEPARATOR}{{0,2}})"
_ONE = "[1一幺壹]"
_SHORTEST_CARD = 16
_MOBILE = re.compile(
    rf"(?<!{DIGIT})(?<!{DIGIT}[.,\-])(?:[(\[【]?(?:\+|00|〇〇|零零)?{_GAP}(?:86|八六)[\])】]?{_GAP}(?:\(0\){_GAP})?|[0零〇])?((?:\((?=\d{{3}}\)))?{_ONE}{_GAP}(?:{DIGIT}{_GAP}){{9}}{DIGIT})(?!{DIGIT})(?![.,]{DIGIT})"
)
_MOBILE_IN_DIGITS = re.compile(rf"(?<!\d)(?<!\d[.,\-])((?:\((?=\d{{3}}\)))?1{_GAP}(?:\d{_GAP}){{9}}\d)(?!\d)(?![.,]\d)(?={DIGIT})")
"""Before a Chinese numeral that is no part of it: 138-0013-8000三次."""
_MARKED_MOBILE = re.compile(rf"(?<!{DIGIT})(?<!{DIGIT}[.,\-])(1[3-9]\d)\s?([^\w\s]|_)\s?(\d{{4}})\s?\2\s?(\d{{4}})(?!{DIGIT})(?![.,]{DIGIT})")
"""Groups with one and the same mark between them, whichever it is."""
_LISTING = ",、;"
"""Marks that stand between numbers of a list as well: with these a word beside it must say that it is a telephone."""
_AMOUNT = re.compile(r"\s?(?:元|万|亿|块钱|分(?![机别钟享])|次(?![日数])|人次|盒(?!子)|rmb|cny|yuan)", re.IGNORECASE)
_ROUND = re.compile(r"1\d{2,4}0{6,8}")
"""A number so round is an amount, where nothing says that it is a telephone's."""
_AREA = r"(?:[(\[【]?(?:\+\s?|00)?[(\[]?86[)\]】]?[-· ]{0,2}(?:\(0\)[1-9]\d{1,2}|\(0?[1-9]\d{1,2}\)|0?[1-9]\d{1,2})|[(\[【]0?[1-9]\d{1,2}[)\]】]|0[1-9]\d{1,2})"
_LANDLINE = re.compile(
    rf"(?<!\d)(?<!\d\.){_AREA}[- /._]{{0,3}}[2-9]\d{{2,3}}[- .]?\d{{4}}(?:(?:[-转#, ]|ext\.?|x|分机){{1,3}}\d{{1,5}}|\s?\((?:转|分机|ext\.?)?\s?\d{{1,5}}\))?(?![\d.]*\d)",
    re.IGNORECASE,
)
_BARE_LINE = re.compile(r"(?<![\d.\-/年月])(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))[2-9]\d{2,3}[- ]?\d{4}(?![\d.\-/年月%万亿元个])")
_ABROAD = re.compile(
    r"(?<![\d+])(?:\+|(?<!\d)00)\s?(?:(?:852|853)(?:[\s\-.()]{0,2}\d){8}|886(?:[\s\-.()]{0,2}\d){8,10}|(?:1|7)(?:[\s\-.()]{0,2}\d){10}|(?:81|82|65|44|49|33|39|34|31|41|46|47|45|43|32|61|64|60|66|62|63|84|91|55|52|90)(?:[\s\-.()]{0,3}\d){8,11}|(?:353|358|351|971|966|972|855|856|976|998)(?:[\s\-.()]{0,3}\d){8,10})(?![\d.,]*\d|%)"
    r"|(?<![\d.\-])(?:852|853|886)-\d{1,4}(?:[\s\-]?\d{3,4}){1,3}(?![\d.\-]*\d)"
)
"""Telephones abroad, Hong Kong, Macao and Taiwan, written with their country's code (ITU-T E.164)."""
_LOCAL = r"[A-Za-z0-9_](?:[A-Za-z0-9._%+'\-]{0,62}[A-Za-z0-9_])?"
_AT, _DOT = r"(?:@|[(\[{<](?:at|a)[)\]}>]|艾特|圈a|_at_)", r"(?:[.。]|[(\[{<](?:dot|点)[)\]}>]|点)"
_LABEL, _LAST = r"(?:[A-Za-z0-9][A-Za-z0-9\-]{0,61}|[\u4e00-\u9fff][0-9\-\u4e00-\u9fff]{0,61})", r"(?:[A-Za-z]{2,24}|中国|公司|网络)"
_PROVIDERS = "163|126|139|189|qq|foxmail|gmail|outlook|hotmail|live|yahoo|sina|sohu|aliyun|icloud|yeah|21cn|tom"
_EMAIL = re.compile(
    rf"{_LOCAL}\s?{_AT}\s?(?:{_LABEL}\s?{_DOT}\s?)+{_LAST}"
    rf"|{_LOCAL}\s+at\s+[A-Za-z0-9\-]{{1,62}}(?:\s+dot\s+[A-Za-z0-9\-]{{2,24}}){{1,3}}"
    rf"|{_LOCAL}\s+at\s+(?:{_PROVIDERS})\.(?:com|cn|net)(?:\.cn)?(?![A-Za-z])"
    rf"|(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{{2,4}}@(?:[A-Za-z0-9\-]{{1,62}}\.)+[A-Za-z]{{2,24}}",
    re.IGNORECASE,
)
_ID_CARD = re.compile(rf"(?<![A-Za-z0-9])(?<!{DIGIT}){DIGIT}(?:{_GAP}{DIGIT}){{16}}{_GAP}(?:{DIGIT}|[{digit_runs.CROSS}])(?![A-Za-z0-9])(?!{DIGIT})")
_DIGITS = re.compile(r"(?<![A-Za-z0-9.])(?:\d{27}|\d{15}|\d{3}(?:[ \-]\d{3}){4}|\d{5}[ \-]\d{5}[ \-]\d{5})(?![A-Za-z0-9.])")
_GROUPED = re.compile(r"(?<![A-Za-z0-9.\-])\d{3,9}(?:[ \-]\d{3,9}){1,8}(?![A-Za-z0-9.\-])")
"""Digits in groups of any size; by how many there are they can be a paper's number."""
_ENDS_IN_X = re.compile(r"(?<![A-Za-z0-9.])\d{26}[Xx×](?![A-Za-z0-9])")
_OLD_ID, _LICENSE, _QUALIFICATION = 15, 15, 27
_CARD = re.compile(r"(?<![A-Za-z0-9.])[3-6]\d{3}(?:[ \-./·_]{0,2}\d){9,15}(?![A-Za-z0-9.])")
_CARD_IN_WORDS = re.compile(rf"(?<!{DIGIT}){DIGIT}{{16,19}}(?!{DIGIT})")
_OPENID = re.compile(r"(?<![A-Za-z0-9_\-])o[A-Za-z0-9_\-]{27}(?![A-Za-z0-9_\-])")
_WECHAT_NAME = r"[A-Za-z][A-Za-z0-9_\-]{5,19}"
_WECHAT = r"(?:微信|威信|薇信|v信|(?<![A-Za-z])(?:wechat|weixin|wx|vx))"
_QUOTE = r"[\"'“”「『\[【(<]"
_WECHAT_ID = re.compile(
    rf"wxid_[a-z0-9]{{6,}}"
    rf"|{_WECHAT}\s?(?:账号|帐号|名片|号码|昵称|号|id)?\s?(?:(?:是|为|系|叫|:|=|\bis\b|号){_QUOTE}?\s?{_QUOTE}?|{_QUOTE})\s?{_WECHAT_NAME}(?![A-Za-z0-9_\-])"
    rf"|{_WECHAT}\s?(?:账号|帐号|名片|号码|昵称|号|id)?[\u4e00-\u9fff]{{0,4}}[\s:]{{0,2}}(?=[A-Za-z0-9_\-]*[0-9_]){_WECHAT_NAME}(?![A-Za-z0-9_\-])"
    rf"|(?<![A-Za-z])(?:weixin|wx|vx)\s{_WECHAT_NAME}(?![A-Za-z0-9_\-])"
    rf"|(?:加|[+➕])\s?(?:我|他|她)?v(?:信)?\s?:?\s?(?=[A-Za-z0-9_\-]*[0-9_]){_WECHAT_NAME}(?![A-Za-z0-9_\-])",
    re.IGNORECASE,
)


def expression_finder(expression: str, score: float = 0.9) -> Finder:
    """A finder of everything that `expression` matches and no letter or digit touches."""
    compiled = re.compile(rf"(?<![A-Za-z0-9])(?:{expression})(?![A-Za-z0-9])", re.IGNORECASE)

    def find(text: str) -> Iterator[Span]:
        for match in compiled.finditer(text):
            yield match.start(), match.end(), score

    return find


def mobiles(text: str) -> Iterator[Span]:
    """Mobile numbers in every written form: +86, 0086, blanks, dashes, dots, brackets, full width (folded before), Chinese numerals."""
    for match in (*_MOBILE.finditer(text), *_MOBILE_IN_DIGITS.finditer(text)):
        digits = re.sub(_SEPARATOR, "", match[1]).translate(NUMERALS)
        groups = [part for part in re.split(rf"{_SEPARATOR}+", match[1].translate(NUMERALS)) if part]
        if digits[1] in "3456789" and not _is_dates(groups) and not (match[1].isdigit() and _AMOUNT.match(text, match.end())):
            yield match.start(), match.end(), UNSURE if _ROUND.fullmatch(match[1]) else 0.95
    for match in _MARKED_MOBILE.finditer(text):
        yield match.start(), match.end(), UNSURE if match[2] in _LISTING else 0.9
    yield from digit_runs.mobiles(text)


def _is_dates(groups: list[str]) -> bool:
    """Whether the digit groups read as counts and dates (15 2026-10-01), not as a grouped number."""
    return any(
        re.fullmatch(r"(?:19|20)\d\d", group) and index + 1 < len(groups) for index, group in enumerate(groups)
    ) and any(len(group) == 2 and int(group) <= 31 for group in groups[1:])


def landlines(text: str) -> Iterator[Span]:
    """Telephone numbers with an area code, and without one where a word says what it is."""
    for match in _LANDLINE.finditer(text):
        yield match.start(), match.end(), 0.85
    for match in _BARE_LINE.finditer(text):
        yield match.start(), match.end(), UNSURE
    if "+" in text or "00" in text or "85" in text or "886" in text:
        for match in _ABROAD.finditer(text):
            yield match.start(), match.end(), 0.96
    yield from digit_runs.landlines(text)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses, also directly behind Chinese characters, with blanks, (at) or spelt-out `at` and `dot`."""
    for match in _EMAIL.finditer(text):
        yield match.start(), match.end(), 0.95


def id_cards(text: str) -> Iterator[Span]:
    """居民身份证 numbers of 18 characters whose check character is right; of 15 digits whose region and date can be."""
    for match in _ID_CARD.finditer(text):
        plain = re.sub(_SEPARATOR, "", match[0]).translate(NUMERALS)
        if plain[-1] in digit_runs.CROSS:
            plain = plain[:-1] + "X"
        if is_id_card(plain):
            yield match.start(), match.end(), 1.0
        elif may_be_id_card(plain):
            yield match.start(), match.end(), UNSURE  # a slip of the pen, or a check that somebody made up
    for match in _DIGITS.finditer(text):
        if is_old_id_card(re.sub(_SEPARATOR, "", match[0])) and not papers.is_called_otherwise(text, match.start()):
            yield match.start(), match.end(), 0.68
    for match in _GROUPED.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if len(digits) == _OLD_ID and is_old_id_card(digits):
            yield match.start(), match.end(), 0.68
    yield from digit_runs.id_cards(text)


def licenses(text: str) -> Iterator[Span]:
    """医师执业证书 and 资格证书 numbers (15 and 27 digits), surer with a word of context nearby. Old ID cards have 15 digits too."""
    for match in _DIGITS.finditer(text):
        if not papers.is_called_otherwise(text, match.start()):
            yield match.start(), match.end(), 1.0 if sum(char.isdigit() for char in match[0]) > _LICENSE else 0.7
    for match in _GROUPED.finditer(text):
        count = sum(char.isdigit() for char in match[0])
        if count in {_LICENSE, _QUALIFICATION}:
            yield match.start(), match.end(), 1.0 if count == _QUALIFICATION else UNSURE
    for match in _ENDS_IN_X.finditer(text):
        yield match.start(), match.end(), 1.0
    yield from digit_runs.licenses(text)


def bank_cards(text: str) -> Iterator[Span]:
    """Card numbers of 16 to 19 digits that pass Luhn; others beginning with 62 (UnionPay) only beside a word that says so."""
    for match in _CARD.finditer(text):
        if papers.is_called_otherwise(text, match.start()):
            continue
        digits = re.sub(r"\D", "", match[0])
        if len(digits) >= _SHORTEST_CARD and passes_luhn(digits):
            # Surer than a mobile number that seems to stand inside it.
            yield match.start(), match.end(), 0.97
        elif len(digits) >= _SHORTEST_CARD and digits.startswith("62"):
            yield match.start(), match.end(), UNSURE
    for match in _CARD_IN_WORDS.finditer(text):
        if not match[0].isdigit() and passes_luhn(match[0].translate(NUMERALS)):
            yield match.start(), match.end(), 0.97
    yield from digit_runs.bank_cards(text)


def wechat_ids(text: str) -> Iterator[Span]:
    """Unionid and openid (28 characters beginning with o), wxid and a named WeChat id."""
    for match in _OPENID.finditer(text):
        if re.search(r"[A-Z0-9_\-]", match[0][1:]):
            yield match.start(), match.end(), 0.95
    for match in _WECHAT_ID.finditer(text):
        yield match.start(), match.end(), 0.9


# --------------------------------------------------------------------------- names

_HAN = r"\u3400-\u9fff"
_TITLE = re.compile("|".join(sorted(names.TITLES, key=len, reverse=True)))
_LEAD = re.compile(rf"(?:{'|'.join(names.LEADING_TITLES)})(?:是|为|叫|:|\s)?\s?(?=[{_HAN}])")
_ASK = re.compile(
    r"(?:^|[\s,,。;;::、!?!?(()《“\"'])(?:请|帮我|麻烦|给我)?(?:查一下|查查|查询|查|看一下|看看|看|找一下|找|问一下|关于|告诉我|显示|列出|拜访过|联系过|问过|拜访|联系|问|给|把|对比|比较)?\s?"
)
_AFTER = re.compile(
    r"(?:$|[\s,,。;;::、!?!?))》”\"']|的|上个?月|上个?周|上季|这个?月|本月|今年|去年|昨天|今天|最近|近|属于|吗|谁|哪|怎么|为什么|收到|被|开了|开过|开的|有没有|有几|有多|和|与|跟|是|在|电话|手机|邮箱|处方|拜访|参加|触达|覆盖|打开|阅读|了)"
)
_SPACED = re.compile(rf"(?<![{_HAN}])[{_HAN}](?:\s[{_HAN}]){{1,3}}(?=\s?(?:{'|'.join(names.TITLES)}))")
_NOT_PERSON_AFTER = re.compile(
    rf"[{_HAN}]{{0,6}}?(?:医院|卫生院|医学院|卫生服务|诊所|大学|公司|药业|集团)|[{_HAN}]{{0,2}}?[省市县区州镇路街]"
)
_LONGEST_NAME = 4
_AND = "和与跟及、"

def person_names(text: str) -> Iterator[Span]:
    """Names of persons: beside a title, after a title, in a place where a question names someone, with a middle dot, in Latin letters."""
    yield from _before_titles(text)
    for match in _LEAD.finditer(text):
        yield from _name_at(text, match.end(), 0.75)
    for match in _ASK.finditer(text):
        for start, end, score in _name_at(text, match.end(), 0.6):
            yield start, end, score
            yield from _pairs(text, end)
    yield from sounded_names.sounded_names(text)
    for match in _SPACED.finditer(text):
        if names.is_titled_name(re.sub(r"\s", "", match[0])):
            yield match.start(), match.end(), 0.85
    yield from latin_names.latin_names(text)


def _pairs(text: str, end: int) -> Iterator[Span]:
    """Who stands beside a name with an “and” between: 冯小刚和邓超, as long as it goes on."""
    if text[end : end + 1] in _AND and text[end : end + 1]:
        for start, stop, score in _name_at(text, end + 1, 0.6):
            yield start, stop, score
            yield from _pairs(text, stop)


def _is_place_or_house(text: str, start: int, end: int) -> bool:
    return _NOT_PERSON_AFTER.match(text, end) is not None and start >= 0


_OF_A_PLACE = frozenset(("医生", "医师", "大夫", "护士", "药师", "专家", "代表", "客户", "老师", "先生", "女士"))


def _is_places(word: str, title: str) -> bool:
    """Whether a place stands before a title as its own: 昌平医生 are those of Changping; 张北主任 may be called so."""
    return title in _OF_A_PLACE and word in names.named_places() and word not in names.named_words()


def _before_titles(text: str) -> Iterator[Span]:
    for title in _TITLE.finditer(text):
        end = title.start()
        while end > 0 and text[end - 1] == " ":
            end -= 1
        for length in range(_LONGEST_NAME, 0, -1):
            start = end - length
            if start < 0:
                continue
            word = text[start:end]
            if length == 1 or (length == 2 and word in names.COMPOUND_SURNAMES):
                personal = title[0] in names.PERSONAL_TITLES and not text.startswith("医", title.end())
                if personal and names.is_lone_surname(word) and not re.match(rf"[{_HAN}]", text[start - 1 : start]):
                    yield start, title.end(), 0.6
                    break
            elif length == _LONGEST_NAME and names.is_married_name(word) and not re.match(rf"[{_HAN}]", text[start - 1 : start]):
                yield start, end, 0.85
                break
            elif _is_places(word, title[0]):
                break
            elif names.is_titled_name(word) and (word[:2] in names.COMPOUND_SURNAMES or not names.crosses_word(text, start, end)):
                yield start, end, 0.85
                break


def _name_at(text: str, start: int, score: float) -> Iterator[Span]:
    for length in range(_LONGEST_NAME, 1, -1):
        end = start + length
        word = text[start:end]
        if (
            len(word) == length
            and names.is_bare_name(word)
            and _AFTER.match(text, end)
            and not _is_place_or_house(text, start, end)
        ):
            yield start, end, score
            return


FINDERS: dict[str, Finder] = {
    "mobile": mobiles,
    "landline": landlines,
    "email": emails,
    "id_card": id_cards,
    "license": licenses,
    "bank_card": bank_cards,
    "wechat_id": wechat_ids,
    "passport": papers.passports,
    "permit": papers.permits,
    "plate": papers.plates,
    "address": papers.addresses,
    "credit_code": papers.credit_codes,
    "ip": papers.ip_addresses,
    "qq": papers.qq_numbers,
    "name": person_names,
}
