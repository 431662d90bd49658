"""Metrics said by the verb in their names: 办了多少张卡 for 办卡数, 赔了多少钱 for 赔付金额, how many cards did they sell for Cards sold.

A Chinese name is a verb of one character, what it is done to, and what is counted. A phrase stands for a metric only with the noun or with the unit that it is
counted in; the verb alone could be of anything (开了多少家店 is not 开课数).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from nlq.lexicon.entries import Meaning, MetricInfo
from nlq.lexicon.wordbook import WordbookBuilder
from nlq.words.dictionary import part_of_speech
from nlq.words.normalise import has_chinese, keys, stem

_COUNTED = ("件数", "单数", "笔数", "数量", "金额", "总额", "数", "量", "额")
_PLAIN_UNITS = frozenset(("个", "次", "人", "人次", "家", "位", "名", "元", "万元", "%", ""))
_MONEY = ("元", "万元", "亿元")
_ASKED, _MANY = ("了多少", "多少", "过多少", "了几", "过几"), ("了多少", "多少")
_VERBS = frozenset("报还交订领产运投")
"""Verbs that are more often of another part of speech in the word list."""
_BODY = 2
_IRREGULAR = {"sold": "sell", "spent": "spend", "paid": "pay", "made": "make", "won": "win", "lost": "lose", "held": "hold", "sent": "send", "given": "give", "taken": "take", "bought": "buy", "written": "write", "drawn": "draw", "lent": "lend", "built": "build", "shipped": "ship", "booked": "book", "signed": "sign", "served": "serve"}
"""Participles that end English names, with the verb that they are of."""


def verb_phrases(builder: WordbookBuilder, metrics: Mapping[str, MetricInfo]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Add the phrases, where nothing else has them; return the verbs, each with the nouns it is done to and their metrics."""
    verbs: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for metric, names in builder.names.items():
        info = metrics.get(metric)
        if info is None or (info.ratio and info.format != "currency"):
            continue
        for name in names:
            if has_chinese(name):
                body = next((name[: -len(end)] for end in _COUNTED if name.endswith(end)), "")
                if len(body) == _BODY and body.isalpha() and not body.isascii() and (part_of_speech(body[0])[:1] == "v" or body[0] in _VERBS):
                    verbs[body[0]].add((body[1], metric))
            else:
                words = keys(name)
                if len(words) == _BODY and words[1] in _IRREGULAR:
                    verbs[_IRREGULAR[words[1]]].add((stem(words[0]), metric))
    phrases: dict[str, set[str]] = defaultdict(set)
    for verb, found in verbs.items():
        if verb.isascii():
            continue
        units: dict[str, set[str]] = defaultdict(set)
        for noun, metric in found:
            unit = metrics[metric].unit.split(" ")[0]
            units[unit].add(metric)
            for asked in _ASKED:
                phrases[f"{verb}{asked}{noun}"].add(metric)
                if unit not in _PLAIN_UNITS:
                    phrases[f"{verb}{asked}{unit}{noun}"].add(metric)
        for unit, meant in units.items():
            if len({metric for _, metric in found}) == len(meant) and unit not in _PLAIN_UNITS:
                for asked in _ASKED:
                    phrases[f"{verb}{asked}{unit}"] |= meant
            elif unit in _MONEY and len({metric for _, metric in found}) == len(meant):
                for asked in _MANY:
                    phrases[f"{verb}{asked}钱"] |= meant
                    phrases[f"{verb}{asked}"] |= meant
    for phrase, meant in phrases.items():
        if (key := keys(phrase)) not in builder.entries:
            for metric in sorted(meant):
                builder.add_key(key, Meaning("metric", metric, rank=2))
    return {verb: tuple(sorted(found)) for verb, found in verbs.items()}


__all__ = ["verb_phrases"]
