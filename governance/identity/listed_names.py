"""Names in lists and behind a role: 签到：曹正阳 袁小曼 许可; 主持白雪，讨论嘉宾常青、黎明. What stands beside a word in a list says whether it is somebody's name.

Only running text is read so. Words that nobody bears (`names.everyday_words`) are never names here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from governance.identity import names, not_names

Span = tuple[int, int, float]

_SCORE = 0.6
_RUN = re.compile(r"[\u3400-\u9fff·]+")
_BRACKETED = re.compile(r"\([^()]{0,12}\)|（[^（）]{0,12}）")
_BETWEEN = re.compile(r"[\s、，,/;；.\d|+&\[\]【】<>\-_#*()@:：\"'“”]*")
_LABEL = re.compile(
    r"(?:人员|名单|名字|姓名|签到|接龙|缺席|出席|列席|参会|与会|到会|到场|在场|嘉宾|讲者|讲师|报名|请假|成员|同事|医生|专家|老师|代表|客户|评委|委员|值班|排班|入住|住宿|陪同|抄送|收件人|发件人|联系人|负责人|参加者|参与者|受访者|学员|组员)(?:有|是|为|如下)?$"
)
_ROLE = re.compile(
    r"(?:讲者|主持|主席|作者|一作|受访人|受访者|委托人|代理人|监护人|授权人|见证人|推荐人|介绍人|审核人|审批人|点评|嘉宾|主讲|翻译|记录|联系人|收件人|寄件人|发件人|负责人|经办人|申请人|签收人|接待人|跟进人|收款人|付款人|投诉人|报告人|反馈人|提交人|填写人|录入人|上报人|参与者|研究护士|主任委员|秘书长|会长|陪同|讨论|带教|值班|主刀|助手|护士|医生|教授|代表|经理|患者|家属|姓名|同事|客户)(?:人)?(?:是|为|有)?$"
)
_LEAST, _MOST = 2, 4
_LABEL_REACH = 7
"""How long labels and roles are at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One run of Chinese characters of a list: where what may be a name begins and ends, whether it surely is one, whether a label or a role goes before."""

    start: int
    end: int
    sure: bool
    told: bool


def listed_names(text: str, found: frozenset[tuple[int, int]]) -> Iterator[Span]:
    """The names in the lists of a folded text, in which the names `found` were found."""
    blanked = _BRACKETED.sub(lambda match: " " * len(match[0]), text) if "(" in text or "（" in text else text
    items: list[_Item] = []
    last, told = 0, False
    for run in _RUN.finditer(blanked):
        if not _BETWEEN.fullmatch(blanked, last, run.start()):
            yield from _of(items)
            items, told = [], False
        last = run.end()
        item = _item(run, found, told=told)
        if item is not None:
            items.append(item)
            told = False
            continue
        yield from _of(items)
        items, told = [], _LABEL.search(run[0][-_LABEL_REACH:]) is not None and re.match(r"\s?[:：\s]", blanked[run.end() : run.end() + 2]) is not None
    yield from _of(items)


_APART = re.compile(r"(?<![\u3400-\u9fff\s])[\u3400-\u9fff]\s{1,2}[\u3400-\u9fff]{2}(?![\u3400-\u9fff\s])")
"""A surname and a given name with a blank between, and nothing else beside them: “晏 紫萱”."""


def spaced_names(text: str) -> Iterator[Span]:
    """The names of a folded text that are written with a blank behind the surname and stand by themselves, in quotation marks or brackets or a cell."""
    for match in _APART.finditer(text):
        surname, given = match[0][0], match[0][-2:]
        if surname in names.SURNAMES and given not in names.everyday_words() and given not in names.word_counts() and all(char in names.GIVEN and char not in names.NOT_GIVEN for char in given):
            yield match.start(), match.end(), _SCORE


def _item(run: re.Match[str], found: frozenset[tuple[int, int]], *, told: bool) -> _Item | None:
    if _LEAST <= len(run[0]) <= _MOST and _may_be(run[0]):
        return _Item(start=run.start(), end=run.end(), sure=(run.start(), run.end()) in found and run[0] not in not_names.ALSO_NAMES, told=told)
    for length in (3, 2):
        word, before = run[0][-length:], run[0][:-length]
        if before and _may_be(word) and _ROLE.search(before[-_LABEL_REACH:]):
            return _Item(start=run.end() - length, end=run.end(), sure=(run.end() - length, run.end()) in found, told=True)
    return None


def _may_be(word: str) -> bool:
    parts = names.split_name(word)
    if parts is None or word in names.everyday_words():
        return False
    if word in not_names.ALSO_NAMES:
        return True
    return word not in names.named_places() and all(char in names.GIVEN and char not in names.NOT_GIVEN for char in parts[1])


def _of(items: list[_Item]) -> Iterator[Span]:
    """The names of one list: all that may be, where one of them surely is or a label tells."""
    if not items or not (items[0].told or any(item.told for item in items) or (len(items) > 1 and any(item.sure for item in items))):
        return
    for item in items:
        yield item.start, item.end, _SCORE
