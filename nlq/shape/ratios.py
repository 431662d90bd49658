"""Approved ratios said by their parts: the ratio of revenue to spend, revenue divided by spend, completed less than 80% of planned touches, 完成了计划的百分之几."""

from __future__ import annotations

from nlq.draft import Threshold
from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import DIMENSION, FILLER, METRIC, UNKNOWN

_RATIO = frozenset(("ratio of", "the ratio of", "ratio between", "比值"))
_DIVIDED = frozenset(("divided by", "除以"))
_DONE = frozenset(("completed", "complete", "done", "delivered", "deliver", "achieved", "achieve", "did", "do", "reached", "executed", "fulfilled", "made", "hit", "met", "完成", "完成了", "达成", "达成了", "做到", "做了", "实现", "实现了"))


def ratios(sentence: Sentence) -> None:
    """Apply the rules; the parts are taken, the ratio stays in their place. Nothing happens where the bundle approves no such ratio, or several."""
    _quotients(sentence)
    _completed(sentence)
    _missed(sentence)
    _unmet(sentence)


def _one(token: Token) -> str | None:
    ids = token.ids("metric")
    return ids[0] if len(ids) == 1 else None


def _ratio(sentence: Sentence, part: str, whole: str) -> str | None:
    found = [name for name, info in sentence.view.infos.items() if info.numerator == part and info.denominator == whole]
    return found[0] if len(found) == 1 else None


def _named(sentence: Sentence, token: Token, metric: str) -> None:
    token.meanings, token.partial, token.alternatives, token.body = (Meaning("metric", metric, rank=1),), False, [], False
    label = sentence.view.infos[metric].label
    sentence.assume(f"按{label.zh}理解", f"taken as {label.en.lower()}")


def _quotients(sentence: Sentence) -> None:
    for pattern, cues, first, last, cue in ((r"\?M[~&]M", _RATIO, 1, 3, 0), (r"M\?M", _DIVIDED, 0, 2, 1)):
        match = sentence.find(pattern)
        if match is None or sentence.count(METRIC) != len(("part", "whole")) or sentence.rest[match.start() + cue].text not in cues:
            continue
        part, whole = sentence.rest[match.start() + first], sentence.rest[match.start() + last]
        names = _one(part), _one(whole)
        meant = _ratio(sentence, names[0], names[1]) if names[0] is not None and names[1] is not None else None
        if meant is not None:
            _named(sentence, part, meant)
            whole.kind = FILLER
            sentence.take(*[at for at in range(match.start(), match.end()) if sentence.rest[at] is not part])
            return


def _completed(sentence: Sentence) -> None:
    """A bound in percent of a plan, with a verb of doing before it, is a bound of the ratio to that plan."""
    match = sentence.find("CN(?=M)")
    if match is None:
        return
    number, plan = sentence.rest[match.end() - 1].number, sentence.rest[match.end()]
    between = [token.text for token in sentence.all if sentence.rest[match.end() - 1].end <= token.start and token.end <= plan.start]
    before = sentence.rest[match.start() - 1] if match.start() else None
    earlier = [token for token in sentence.all if token.end <= sentence.rest[match.start()].start][-1:]
    verb = next((token for token in (before, *earlier) if token is not None and token.text in _DONE), None)
    name = _one(plan)
    if number is None or number.said != "percent" or verb is None or name is None or between not in (["of"], ["of", "the"], ["of", "their"], ["of", "its"], ["的"]):
        return
    meant = [each for each, info in sentence.view.infos.items() if info.planned and info.denominator == name and info.format == "percent"]
    if len(meant) != 1:
        return
    _named(sentence, plan, meant[0])
    if verb in sentence.rest and verb.kind in (METRIC, UNKNOWN) and verb is not plan:
        sentence.take(sentence.rest.index(verb))
        verb.kind = FILLER


def _missed(sentence: Sentence) -> None:
    """Branches behind plan, clubs under target, 目标没达成的门店: rows, where the one rate of what was planned is below, or above, the whole of it."""
    if not sentence.has(DIMENSION) or sentence.has("N"):
        return
    infos = sentence.view.infos
    for index, token in enumerate(sentence.rest):
        name = _one(token) if token.kind == METRIC and token.partial and token.text in _PLANS else None
        if name is None or name not in infos or infos[name].format != "percent" or sentence.count(METRIC) > len(("plan", "met")):
            continue
        before = sentence.rest[index - 1] if index else None
        if before is not None and (before.value in ("<", ">") if before.kind == "C" else before.kind == UNKNOWN and before.text == "behind"):
            sentence.draft.thresholds.append(Threshold(token, "", ">" if before.value == ">" else "<", None, 1.0))
            sentence.take(index - 1)
            _named(sentence, token, name)
        else:
            continue
        return


def _unmet(sentence: Sentence) -> None:
    """目标没达成的门店, 计划未完成的: the plan first, and the verb behind it."""
    infos = sentence.view.infos
    match = sentence.find("M![Mu]")
    if match is None or not sentence.has(DIMENSION) or sentence.has("N"):
        return
    plan, _, verb = sentence.rest[match.start() : match.end()]
    name = _one(plan)
    if name is None or verb.text not in _DONE or (plan.partial and plan.text not in _PLANS):
        return
    rates = [name] if name in infos and infos[name].format == "percent" else [each for each, info in infos.items() if info.planned and info.denominator == name and info.format == "percent"]
    if len(rates) == 1 and (verb.kind == UNKNOWN or rates[0] in verb.ids("metric")):
        sentence.draft.thresholds.append(Threshold(plan, "", "<", None, 1.0))
        sentence.take(match.start() + 1, match.start() + 2)
        verb.kind = FILLER
        _named(sentence, plan, rates[0])


_PLANS = frozenset(("target", "targets", "plan", "plans", "goal", "goals", "budget", "quota", "目标", "计划", "指标", "预算", "任务"))
__all__ = ["ratios"]
