"""The order in which a sentence is understood: names first, then numbers, members, time, and last what is grouped and filtered."""

from __future__ import annotations

import re

from governance.terms import UNKNOWN, Language
from nlq.draft import Draft
from nlq.lexicon.entries import Meaning
from nlq.lexicon.lexicon import LexiconView
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.shape import absorbing as shape_absorbing
from nlq.shape import belonging as shape_belonging
from nlq.shape import common_nouns as shape_common_nouns
from nlq.shape import comparisons as shape_comparisons
from nlq.shape import counted as shape_counted
from nlq.shape import doubts as shape_doubts
from nlq.shape import events as shape_events
from nlq.shape import exclusions as shape_exclusions
from nlq.shape import groupings as shape_groupings
from nlq.shape import limits as shape_limits
from nlq.shape import meant as shape_meant
from nlq.shape import measures as shape_measures
from nlq.shape import named as shape_named
from nlq.shape import nouns as shape_nouns
from nlq.shape import numbers as shape_numbers
from nlq.shape import objects as shape_objects
from nlq.shape import orders as shape_orders
from nlq.shape import paired as shape_paired
from nlq.shape import periods as shape_periods
from nlq.shape import ratios as shape_ratios
from nlq.shape import shares as shape_shares
from nlq.shape import targets as shape_targets
from nlq.shape import trailing as shape_trailing
from nlq.shape import verbed as shape_verbed
from nlq.shape import wholes as shape_wholes
from nlq.shape import words as shape_words
from nlq.times import Clock
from nlq.words.grammar import FILLER, METRIC
from nlq.words.normalise import keys

_NAMES = frozenset("MDVn")


def read_shape(tokens: list[Token], view: LexiconView, clock: Clock, language: Language) -> Draft:
    """Return the draft of a sentence. Tokens that were understood are marked `used`; the rest is left for the scorer."""
    shape_words.better(tokens)
    sentence = Sentence(tokens, view, language)
    shape_words.who(sentence)
    shape_words.named_changes(sentence)
    shape_words.judged(sentence)
    shape_words.catalogue(sentence)
    shape_words.pluses(sentence)
    shape_common_nouns.common_nouns(sentence)
    shape_verbed.verbed(sentence)
    shape_ratios.ratios(sentence)
    _coordinated(sentence)
    shape_counted.counted(sentence)
    _listed(sentence)
    _choose(sentence)
    shape_meant.early(sentence)
    _split_names(sentence)
    _join_names(sentence)
    _unknown_members(sentence)
    shape_belonging.belonging(sentence)
    shape_measures.measures(sentence)
    shape_targets.targets(sentence)
    shape_objects.counted_times(sentence)
    shape_nouns.read(sentence)
    _own(sentence)
    _copulas(sentence)
    _any(sentence)
    shape_numbers.named_bounds(sentence)
    _tails(sentence)
    shape_events.events(sentence)
    shape_meant.late(sentence)
    shape_limits.unsaid(sentence)
    shape_doubts.doubts(sentence)
    shape_absorbing.absorb(sentence)
    shape_nouns.grouped(sentence)
    shape_named.named(sentence)
    shape_trailing.trailing(sentence)
    shape_numbers.thresholds(sentence)
    shape_absorbing.flags(sentence)
    shape_paired.paired(sentence)
    text = "".join(token.text if not token.text.isascii() else token.text + " " for token in sorted(tokens, key=lambda token: token.start)).strip()
    shape_wholes.wholes(sentence, text)
    shape_targets.whether(sentence, text)
    shape_exclusions.exclusions(sentence)
    shape_orders.orderings(sentence)
    shape_targets.whether_the_most(sentence, text)
    shape_shares.shares(sentence)
    shape_periods.periods(sentence, clock)
    shape_comparisons.comparisons(sentence)
    shape_groupings.groupings(sentence)
    shape_groupings.members(sentence)
    draft = sentence.draft
    draft.metrics = [token for token in tokens if token.kind == METRIC]
    for token in draft.metrics:
        token.used = True
    return draft


def _coordinated(sentence: Sentence) -> None:
    """Open and click rates, 触达和打开率: the end of the second name is the end of the first, too."""
    entries = sentence.view.lexicon.words.entries
    for match in re.finditer("[Mu?V]&M", sentence.kinds):
        first, last = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        whole = first.kind == METRIC and not first.partial and len({m.id for m in first.meanings if m.kind == "metric"}) == 1
        if whole or (first.kind == METRIC and any(m.value is None and m.rank < _PART for m in first.meanings)):
            continue
        said, end = keys(first.text), keys(last.text)
        for size in (1, 2):
            meant = tuple(m for m in entries.get((*said, *end[-size:]), ()) if m.kind == "metric")
            if len(end) > size and meant:
                first.kind, first.meanings, first.partial = METRIC, meant, False
                first.alternatives = []
                break


_PART = 3


def _listed(sentence: Sentence) -> None:
    """Mark the metrics of a list: planned touches、touches和plan completion; buyers, orders and refund rate."""
    for match in re.finditer("M(?:[&,]+M)+", sentence.kinds):
        if match.start() and sentence.rest[match.start() - 1].kind in "GWLUl":
            continue
        for token in sentence.rest[match.start() : match.end()]:
            token.listed = token.kind == METRIC
            token.joined = token.listed and "&" in match.group()


def _choose(sentence: Sentence) -> None:
    """Choose between readings of the same words: a metric where none is named otherwise, else a member or a cue."""
    exact = [token for token in sentence.rest if token.kind == METRIC and not token.partial]
    for index, token in enumerate(list(sentence.rest)):
        options = {other.kind: other for other in (token, *token.alternatives)}
        if len(options) > 1:
            if token.kind == "X" and "I" in options and not (index == 0 and sentence.kinds[1:2] in ("V", "D", "Y", "Q", "H", "z")):
                token.kind, token.meanings = "I", options["I"].meanings  # the drop in reach, but: drop the call centre
                continue
            if token.kind == METRIC and "X" in options and sentence.has("j"):
                token.kind, token.meanings = "X", options["X"].meanings  # lift the channel filter
                continue
            others = [other for other in exact if other is not token]
            if token.kind == METRIC and others and not (token.joined or (token.listed and all(kind in (METRIC, "D") for kind in options))):
                chosen = next((options[kind] for kind in ("D", "V", "I", "H") if kind in options), token)
            else:
                chosen = token
            if chosen is not token:
                token.kind, token.meanings = chosen.kind, chosen.meanings
        bodies = sentence.view.lexicon.words.bodies.get(keys(token.text)) if token.kind in "DV" and not exact else None
        if bodies and sentence.has("U") and sentence.find("[GW]D") is None:
            # 目标医生有多少: the noun that is counted is a metric's
            token.kind, token.meanings = METRIC, tuple(Meaning("metric", metric, rank=2) for metric in bodies)
        if token.also_filler and token.kind in "DB":
            before = sentence.rest[index - 1].kind if index else ""
            if token.kind == "B" or before not in ("G", "W", "L"):
                listed = before == "&" and index >= 2 and "GD" in sentence.kinds[:index]  # 按目的和结果
                if listed and token.kind == "D":
                    continue
                # 结果, 时间段: a dimension only when something says that it is one
                following = sentence.rest[index + 1 : index + 2]
                if not (token.kind == "B" and following and following[0].kind == "N"):
                    token.kind = "f"
    sentence.rest = [token for token in sentence.rest if token.kind != "f"]


_OWN = re.compile(r"(?:我们|我|咱们|咱|本|我们的|我的|(?<![a-z])(?:our own|our|my own|my|your))\s*$")


def _own(sentence: Sentence) -> None:
    """我们大区, my region: the caller's own slice, which the row scope gives anyway; not a cut."""
    for token in [token for token in sentence.rest if token.kind == "D"]:
        before = [other.text for other in sentence.all if other.end <= token.start][-2:]
        if _OWN.search(("" if sentence.chinese else " ").join(before)) and not sentence.identifies(token):
            sentence.take(sentence.rest.index(token))
            token.kind = FILLER
            sentence.draft.unfilter |= {*token.ids("dimension")}  # 还是我们区, after another one: that filter is over
            label = sentence.view.lexicon.dimensions[token.ids("dimension")[0]].label
            sentence.assume(f"“{token.text}”按您自己的数据范围理解", f"your own {label.en.lower()} is taken as your own data scope")


def _any(sentence: Sentence) -> None:
    """Are any regions below plan: beside a bound, `any` asks which."""
    for token in sentence.rest:
        if token.text == "any" and token.kind == "-" and sentence.find("[bCc]") is not None:
            token.kind = "W"


_UNKNOWN_WORDS = frozenset(("未知", "unknown", "不详", "未填", "空白", "unspecified"))


def _unknown_members(sentence: Sentence) -> None:
    """未知产品, 产品未知: beside a dimension's name these words are its unknown group."""

    def read(match: re.Match[str]) -> bool:
        for value, name in ((match.start(), match.end() - 1), (match.end() - 1, match.start())):
            token, dimension = sentence.rest[value], sentence.rest[name]
            if token.text in _UNKNOWN_WORDS and dimension.kind == "D":
                token.kind, token.meanings = "V", (Meaning("value", dimension.ids("dimension")[0], UNKNOWN),)
                sentence.take(name)
                return True
        return False

    sentence.each("[uV]D|D[uV]", read)


def _copulas(sentence: Sentence) -> None:
    """渠道=微信, 渠道!=微信: an equation with a member, not with a number."""

    def read(match: re.Match[str]) -> bool:
        at = match.start()
        sign = sentence.rest[at].value
        if sign not in ("=", "!="):
            return False
        if sign == "!=":
            sentence.rest[at].kind = "X"
            return True
        sentence.take(at)
        return True

    sentence.each("C(?=V)", read)


def _join_names(sentence: Sentence) -> None:
    """至少触达500个医生: a counting metric's name with the bound inside it."""
    gapped, entries = sentence.view.lexicon.words.gapped, sentence.view.lexicon.words.entries

    def join(match: re.Match[str]) -> bool:
        start, end = match.start(), match.end() - 1
        first, last = sentence.rest[start], sentence.rest[end]
        for left, right in ((first, last), (last, first)):
            metrics = tuple(m for rest, m in gapped.get(keys(left.text), ()) if rest == keys(right.text))
            if metrics:
                name = first if first.kind == METRIC else last
                name.kind, name.meanings, name.partial = METRIC, tuple(Meaning("metric", m, rank=2) for m in metrics), True
                sentence.take(end if name is first else start)
                return True
        return False

    sentence.each("M[CNc]+[Dn]|[Dn][CNc]*M", join)

    def counted(match: re.Match[str]) -> bool:
        """触达了多少A类医生, 触达了多少目标医生: the members stand between the parts of the name."""
        name, last = sentence.rest[match.start()], sentence.rest[match.end() - 1]
        parts = [(rest, m) for rest, m in gapped.get(keys(name.text), ()) if len(rest) > 1]
        found = [(rest, m) for rest, m in parts if last.text.endswith("".join(rest))]
        if not found and last.kind == "D" and sentence.identifies(last):
            found = [(keys(last.text), m) for rest, m in parts if any(each.kind == "dimension" and each.id in last.ids("dimension") for each in entries.get(rest, ()))]  # 触达了多少 doctors
        if not found:
            return False
        name.meanings, name.partial = tuple(Meaning("metric", m, rank=2) for _, m in found), True
        name.body = False
        if any(last.text == "".join(rest) for rest, _ in found):
            sentence.take(match.end() - 1)
        sentence.take(match.start() + 1)
        return True

    if sentence.chinese:
        sentence.each("MU[VD&|]*[DVn]", counted)


def _tails(sentence: Sentence) -> None:
    """Face-to-face visits, 线上拜访: where no metric is named, a member's name that ends with a metric's word names that one too."""
    if sentence.has(METRIC) or len(sentence.rest) < 2:
        return
    entries = sentence.view.lexicon.words.entries
    found = set()
    for token in sentence.rest:
        if token.kind != "V":
            continue
        said = keys(token.text)
        for start in range(1, len(said)):
            meant = entries.get(said[start:], ())
            if meant and all(m.kind == "metric" and m.value is None for m in meant) and (len(said) - start > 1 or not sentence.chinese):
                found.add((meant[0].id, token.start, token.end, token.text))
                break
    if len({metric for metric, *_ in found}) == 1:
        metric, _, end, text = min(found, key=lambda item: item[1])
        name = Token(METRIC, end, end, text, meanings=(Meaning("metric", metric, rank=1),))
        sentence.rest.append(name)
        sentence.all.append(name)


def _split_names(sentence: Sentence) -> None:
    """各实验转化率: a name that begins with a dimension's name, after 各, also names the dimension."""
    entries = sentence.view.lexicon.words.entries
    for index, token in enumerate(sentence.rest):
        if token.kind != METRIC or index == 0 or sentence.rest[index - 1].kind not in "GW" or not sentence.chinese:
            continue
        for cut in range(len(token.text) - 1, 1, -1):
            named = tuple(m for m in entries.get(tuple(token.text[:cut]), ()) if m.kind == "dimension")
            if named:
                name = Token("D", token.start, token.start + cut, token.text[:cut], meanings=named)
                sentence.rest.insert(index, name)
                sentence.all.append(name)
                return
