"""Shares of a total, and whose share is asked: 占比, 微信占多少, what share of East is WeChat."""

from __future__ import annotations

import re

from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.normalise import keys


def shares(sentence: Sentence) -> None:
    """Take 占比 and 占多少; a member named beside it is the one whose share is asked."""
    draft = sentence.draft
    match = sentence.find("[Hh]")
    if match is None:
        return
    if draft.ordering is not None and sentence.rest[match.start()].text in _CONTRIBUTES:
        sentence.take(match.start())  # 贡献最大: the largest, not its share
        return
    draft.share = True
    if len({token.ids("metric") for token in sentence.rest if token.kind == "M"}) > 1:
        sentence.problem(sentence.rest[match.start()].text, 0.5)  # one metric's share of another is no approved metric
    if (draft.thresholds or sentence.find("ID[Hh]") is not None) and match.start() and sentence.rest[match.start() - 1].kind == "D":
        sentence.problem(sentence.rest[match.start() - 1].text + sentence.rest[match.start()].text, 0.5)  # 增长的大区占比: a share of the rows
    index = match.start()
    held = next((token for token in sentence.rest if token.kind in "Hh" and token.text.startswith("占") and not token.text.startswith("占比")), None)
    if held is not None and (each := sentence.find("[Hh]G(?=D)", sentence.rest.index(held))) is not None and each.start() == sentence.rest.index(held):
        sentence.problem(held.text + sentence.rest[each.start() + 1].text, 0.5)  # 占各大区的比例: of each one's own total, which has no form in a query
    owned = sentence.find("V[Dn]?[Hh]")
    if owned is None and not sentence.chinese and (named := sentence.find("HVM")) is not None:
        value, metric = sentence.rest[named.start() + 1], sentence.rest[named.end() - 1]
        owned = named if any(value.end <= token.start < metric.start and token.text in ("in", "within", "among") for token in sentence.all) else None
    sentence.take(*[i for i, token in enumerate(sentence.rest) if token.kind in "HhA"])  # the share of the total
    explicit = [token for token in sentence.rest if token.kind == "D" and not sentence.identifies(token)]
    values = [(i, token) for i, token in enumerate(sentence.rest) if token.kind == "V"]
    if not values:
        return
    grouped = {name for token in explicit for name in sentence.dimension_of(token)}
    grouped |= {name for token in sentence.rest if token.kind == "M" and (name := sentence.view.lexicon.words.implied.get(keys(token.text))) is not None}
    if grouped and not explicit:
        chosen = [token for _, token in values if set(sentence.dimension_of(token)) & grouped]  # share of doctors at each stage for one product
    elif explicit:
        chosen = [token for _, token in values if set(sentence.dimension_of(token)) & grouped]
        if not chosen and owned is not None:
            sentence.problem(explicit[0].text, 0.45)  # 各大区微信占比: a member's share inside each row has no form in a query
        elif not chosen and not sentence.chinese and _in_total(sentence, values):
            sentence.problem(explicit[0].text, 0.45)  # the share of P in total units, by region
    else:
        nearest = _before(sentence, values, held) or _part(sentence, values, index)
        dimensions = set(sentence.dimension_of(nearest))
        chosen = [token for _, token in values if set(sentence.dimension_of(token)) & dimensions]
        others = [token for _, token in values if token not in chosen]
        if others:
            names = "、".join(token.text for token in others)
            sentence.assume(f"占比在“{names}”之内计算", f"the share is within {names}")
    draft.share_of = chosen
    for token in chosen:
        sentence.take(sentence.rest.index(token))


def _in_total(sentence: Sentence, values: list[tuple[int, Token]]) -> bool:
    """Whether a share is said to be a member's in the whole: the share of P in total units, P as a share of all sales."""
    for _, value in values:
        behind = " ".join([token.text for token in sentence.all if token.start >= value.end][:4])
        if _WHOLE.match(behind):
            return True
    return False


def _before(sentence: Sentence, values: list[tuple[int, Token]], held: Token | None) -> Token | None:
    """浙江的销售额占华东多少: what stands before 占 is the part, and what stands behind it the whole, where they are of different dimensions."""
    if held is None:
        return None
    parts, wholes = [token for _, token in values if token.end <= held.start], [token for _, token in values if token.start >= held.end]
    whole = {name for token in wholes for name in sentence.dimension_of(token)}
    apart = [token for token in parts if not set(sentence.dimension_of(token)) & whole]
    again = {token.text for token in wholes}
    return apart[-1] if wholes and apart and all(token in apart or token.text in again for token in parts) else None


def _part(sentence: Sentence, values: list[tuple[int, Token]], index: int) -> Token:
    """Return the member whose share is asked, the others being the whole: 糖衡在华东销售额里占几成, P's share of R's sales, what share of R's sales is P."""
    first, last = values[0], values[-1]
    between = [token.text for token in sentence.all if first[1].end <= token.start and token.end <= last[1].start]
    if len({name for _, token in values for name in sentence.dimension_of(token)}) > 1:
        if "在" in between or ("于" in between and sentence.chinese):
            return first[1]
        owned = any(token.start >= first[1].end and token.text in _OWNS for token in sentence.all)
        if not sentence.chinese and index <= first[0]:  # share of P in R; what share of R's sales is, comes from, P accounts for
            return last[1] if owned else first[1]
        if not sentence.chinese and first[0] < index <= last[0]:
            return first[1]  # P's share of R's sales, P as a share of R
    return min(values, key=lambda item: (abs(item[0] - index), item[0]))[1]


_WHOLE = re.compile(r"(?:in|of|as) (?:a share of |the )?(?:total|all|overall|whole)(?![a-z])")
_OWNS = frozenset(("is", "are", "was", "were", "do", "does", "did", "come", "comes", "came", "from", "through", "via"))
_CONTRIBUTES = frozenset(("贡献", "contribution", "contribute", "contributes", "contributed"))
