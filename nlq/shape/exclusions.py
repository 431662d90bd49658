"""What is left out or lifted: 除了华东, 不含微信, excluding East; 去掉大区筛选, 不限渠道, 去掉同比."""

from __future__ import annotations

import re

from nlq.draft import Member
from nlq.matching import Token
from nlq.sentence import Sentence


def exclusions(sentence: Sentence) -> None:
    """Take 除了华东, 不含微信和邮件, 华东除外, excluding East, not WeChat."""
    for pattern in _LIFTED:
        sentence.each(pattern, lambda match: _lifted(sentence, match))
    sentence.each("[X!y]D?V(?:[&|,~]*V)*x?", lambda match: _left_out(sentence, match))
    sentence.each("(?:V[&|,]?)*Vx", lambda match: _left_out(sentence, _alike(sentence, match)))
    sentence.each("V(?:[&|]V)*X(?!V)", lambda match: _left_out(sentence, match))
    if any(member.exclude for member in sentence.draft.members):
        sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind == "x"])  # 其他大区
    sentence.each("-(?:G?D(?:&D)*|V)?", lambda match: _unfiltered(sentence, match))
    sentence.each("[X!y][YQKsHgRzCm]+", lambda match: _dropped(sentence, match))
    sentence.each("[X!]G?D(?:&D)*(?![V&])", lambda match: _ungrouped(sentence, match))
    sentence.each("yG?D(?:&D)*", lambda match: _ungrouped(sentence, match))


def _left_out(sentence: Sentence, match: re.Match[str]) -> bool:
    """Take the values that an exclusion reaches: 不含微信的线上渠道 leaves out 微信 only."""
    start, end = match.span()
    taken: list[int] = []
    previous: Token | None = None
    for index in range(start, end):
        token = sentence.rest[index]
        if token.kind == "V":
            joined = previous is None or sentence.rest[index - 1].kind in "&|~"
            if not joined and previous is not None and not set(sentence.dimension_of(previous)) & set(sentence.dimension_of(token)):
                break
            sentence.draft.members.append(Member(token, exclude=True))
            previous = token
        taken.append(index)
    sentence.take(*taken)
    return True


def _alike(sentence: Sentence, match: re.Match[str]) -> re.Match[str]:
    """华东华南之外, 心内科、肿瘤科以外: the whole list before the word is meant, as far back as its members are of the last one's dimension."""
    last = set(sentence.dimension_of(sentence.rest[match.end() - 2]))
    start = match.end() - 2
    for index in range(match.end() - 3, match.start() - 1, -1):
        token = sentence.rest[index]
        if token.kind == "V":
            if not last & set(sentence.dimension_of(token)):
                break
            start = index
        elif token.kind == "," and sentence.chinese:
            break
    found = sentence.find("V(?:[&|,]?V)*x", start)
    return found if found is not None else match


def _unfiltered(sentence: Sentence, match: re.Match[str]) -> bool:
    """取消筛选, 不限渠道: filters that a follow-up takes away."""
    named = {name for token in sentence.rest[match.start() : match.end()] if token.kind in "DV" for name in sentence.dimension_of(token)}
    sentence.draft.unfilter |= named or {"*"}
    sentence.take(*range(match.start(), match.end()))
    return True


_NAMED = "[DV](?:[&|,]?[DV])*"
_LIFTED = (
    f"[X!y-]G?{_NAMED}[jO]",  # 去掉大区筛选, remove the oncology filter
    f"[X!y-]jG?{_NAMED}",  # remove the filter on East
    f"{_NAMED}j[X!y-]",  # 把科室条件去掉
    f"!?[X!]O{_NAMED}",  # 不要限定渠道
    "D(?:[X!]O|-)",  # 渠道不限
    "[X!y-]L?j(?![DV])",  # remove that condition
)


def _lifted(sentence: Sentence, match: re.Match[str]) -> bool:
    """Take the words that lift a dimension's filter: the filter, the condition, 限定 of what is named beside."""
    tokens = sentence.rest[match.start() : match.end()]
    named = [token for token in tokens if token.kind in "DV"]
    if not any(token.kind in "j-" for token in tokens):
        negation = next(token for token in tokens if token.kind in "X!y")
        last = tokens[-1].kind == "O"
        if (not negation.text.startswith(("不", "别")) and not (last and named)) or sentence.count("V") > 1:
            return False  # drop only East; 不只看华东，也看华南
    sentence.draft.unfilter |= {name for token in named for name in sentence.dimension_of(token)} or {"*"}
    sentence.take(*range(match.start(), match.end()))
    return True


_PARTS = {"Y": "compare", "Q": "compare", "z": "compare", "K": "order", "s": "order", "H": "share", "g": "grain", "R": "grain", "m": "grain", "C": "having"}


def _dropped(sentence: Sentence, match: re.Match[str]) -> bool:
    """去掉同比, 不要排名, 不按月: parts that a follow-up takes away."""
    if match.end() < len(sentence.rest) and sentence.rest[match.end()].kind in "NVM":
        return False
    sentence.draft.dropped |= {_PARTS[token.kind] for token in sentence.rest[match.start() + 1 : match.end()]}
    end = match.end()
    if "compare" in sentence.draft.dropped and end < len(sentence.rest) and sentence.rest[end].kind == "T":
        end += 1  # the comparison with last year
    sentence.take(*range(match.start(), end))
    return True


def _ungrouped(sentence: Sentence, match: re.Match[str]) -> bool:
    sentence.draft.ungroup = True
    sentence.draft.ungrouped |= {name for token in sentence.rest[match.start() : match.end()] if token.kind == "D" for name in sentence.dimension_of(token)}
    sentence.take(*range(match.start(), match.end()))
    return True
