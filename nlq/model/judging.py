"""What a model's reply is worth: read strictly, held against what was offered, compared with the parser's own readings.

A model can settle a doubt between readings that the parser made itself, and it can add something to choose. It can't answer alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from governance.errors import InvalidQuery
from governance.metrics.parsing import query_from_json
from governance.terms import MetricQuery, Text
from nlq.lexicon.lexicon import LexiconView
from nlq.model.payload import Offer, within
from nlq.options import Option, describe
from nlq.reading import Reading
from nlq.understand import BLANK, Understanding
from nlq.verified import same_form

Verdict = Literal["agreed", "confirmed", "disagreed", "invalid", "not_offered", "not_allowed"]
VERDICTS: tuple[Verdict, ...] = ("agreed", "confirmed", "disagreed", "invalid", "not_offered", "not_allowed")
Doubt = Literal["doubtful", "tied", "lost"]
Allowed = Callable[[MetricQuery], bool]

MAX_OPTIONS = 6
MAX_DEPTH_TEXT = 20_000

HELPED = Text(zh="问句有不止一种理解，语言模型帮助选择了这一种", en="The question can be read in several ways; a language model helped to choose this one")
SECONDED = Text(zh="没有十足把握，语言模型的理解与此一致", en="The reading was not certain; a language model read it the same way")
ASK = Text(zh="这个问题有几种理解（其中有语言模型的建议），请选择：", en="The question can be read in several ways, one suggested by a language model; which one?")
SUGGEST = Text(zh="没有完全听懂。语言模型建议了下面的问法，是想问这个吗？", en="I did not fully understand. A language model suggests this; did you mean it?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What becomes of the question, and how the model's reply compared."""

    understanding: Understanding
    verdict: Verdict


def doubt_of(understanding: Understanding, view: LexiconView, sure: float) -> Doubt | None:
    """Return why a model may be asked, or None where it may not.

    Refusals, the guard and SQL are never in doubt. Neither is a question that lacks something (which experiment, share by what): its
    answer is with the asker. Nor are words of which the bundle itself says that they ask back.
    """
    if understanding.act is not None or understanding.refusal is not None:
        return None
    if understanding.status == "read" and understanding.readings:
        return "doubtful" if understanding.readings[0].score < sure else None
    if understanding.status == "clarify":
        readings = [reading.query for reading in understanding.readings]
        ours = bool(understanding.options) and all(option.query in readings for option in understanding.options)
        return "tied" if ours and not _declared_ambiguous(understanding, view) else None
    if understanding.status == "not_understood":
        guarded = {item.rule.message.text() for item in view.lexicon.guard.rules}
        return "lost" if understanding.message not in guarded else None
    return None


def _declared_ambiguous(understanding: Understanding, view: LexiconView) -> bool:
    asked = {name for option in understanding.options for name in option.query.metrics}
    declared = [*(word.metrics for word in view.lexicon.ambiguous), *(noun.metrics for noun in view.lexicon.nouns)]
    return len(asked) > 1 and any(asked <= set(metrics) for metrics in declared)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(text)


def read_reply(text: str) -> MetricQuery | None:
    """Return the MetricQuery of a reply that is nothing but one (in a code fence at most), else None."""
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and len(body) > 6:
        body = body.removeprefix("```").removeprefix("json").removesuffix("```").strip()
    if len(body) > MAX_DEPTH_TEXT:
        return None
    try:
        return query_from_json(json.loads(body, object_pairs_hook=_once, parse_constant=_no_number))
    except (ValueError, RecursionError, InvalidQuery, OverflowError):
        return None


def judge(reply: str, understanding: Understanding, doubt: Doubt, *, view: LexiconView, offer: Offer, allowed: Allowed) -> Judged:
    """Return what becomes of the question: the parser's own result, one of its own readings, or a choice among queries that the caller may ask."""
    query = read_reply(reply)
    if query is None:
        return Judged(understanding=understanding, verdict="invalid")
    if not within(query, offer):
        return Judged(understanding=understanding, verdict="not_offered")
    same = same_form(query)
    for index, reading in enumerate(understanding.readings):
        if same_form(reading.query) == same:
            return _agreed(understanding, doubt, index, view=view, allowed=allowed)
    if not allowed(query):
        return Judged(understanding=understanding, verdict="not_allowed")
    return Judged(understanding=_asked(understanding, doubt, query, view=view, allowed=allowed), verdict="disagreed")


def _agreed(understanding: Understanding, doubt: Doubt, index: int, *, view: LexiconView, allowed: Allowed) -> Judged:
    """Settle a doubt. Where a word was withheld the model did not see the whole question, so that its agreement settles nothing."""
    reading = understanding.readings[index]
    if doubt == "lost" or BLANK in understanding.screened or not allowed(reading.query):
        return Judged(understanding=understanding, verdict="confirmed")
    if doubt == "doubtful" and index > 0:
        return Judged(understanding=_asked(understanding, doubt, reading.query, view=view, allowed=allowed), verdict="disagreed")
    note = SECONDED if doubt == "doubtful" or len(understanding.options) == 1 else HELPED
    chosen = replace(reading, assumptions=(note, *reading.assumptions))
    others = tuple(other for at, other in enumerate(understanding.readings) if at != index)
    settled = replace(understanding, status="read", readings=(chosen, *others), ask=None, options=())
    return Judged(understanding=settled, verdict="agreed")


def _asked(understanding: Understanding, doubt: Doubt, query: MetricQuery, *, view: LexiconView, allowed: Allowed) -> Understanding:
    """Return a question back that offers the parser's own options or reading beside the model's query."""
    own: Sequence[Option] = understanding.options
    if doubt == "doubtful":
        own = (_option(understanding.readings[0], view),)
    elif doubt == "lost":
        own = tuple(option for option in understanding.nearest if allowed(option.query))
    theirs = Option(label=describe(query, view.lexicon), query=query)
    same = same_form(query)
    rest = [option for option in own if same_form(option.query) != same]
    options = (theirs, *rest) if doubt == "lost" else (*rest[: MAX_OPTIONS - 1], theirs)
    return replace(understanding, status="clarify", ask=SUGGEST if doubt == "lost" else ASK, options=options[:MAX_OPTIONS], message=None)


def _option(reading: Reading, view: LexiconView) -> Option:
    return Option(label=describe(reading.query, view.lexicon), query=reading.query)
