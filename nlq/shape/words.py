"""Words whose meaning depends on what else was said: better and worse, who, a change that is itself a metric's name."""

from __future__ import annotations

from nlq.lexicon.entries import Meaning
from nlq.matching import Token
from nlq.sentence import Sentence
from nlq.words.grammar import FILLER, METRIC, WHO
from nlq.words.normalise import keys


def better(tokens: list[Token]) -> None:
    """比上个月好的, 比上季度差的: after what is compared with, the adjective is better or worse, no filler and no difference."""
    listed = any(token.kind in "DW" for token in tokens)
    for index, token in enumerate(tokens):
        if token.text not in _JUDGING or not listed:
            continue
        before = [other.kind for other in tokens[:index] if other.kind != FILLER][-2:]
        if before in (["Z", "T"], ["Z", "V"]):
            kind, value, text = "S", _JUDGING[token.text], "更好" if _JUDGING[token.text] == "best" else "更差"
            token.kind, token.text, token.meanings, token.alternatives = kind, text, (Meaning("cue", "S", value),), []


_JUDGING = {"好": "best", "好的": "best", "好了": "best", "优": "best", "强": "best", "差": "worst", "差了": "worst", "差的": "worst", "坏": "worst", "弱": "worst"}


def who(sentence: Sentence) -> None:
    """谁的拜访最多: asked by those who may see one kind of colleague by name, the colleagues are meant; persons of other kinds never are."""
    dimensions = sentence.view.lexicon.dimensions
    asked = next((token for token in sentence.rest if token.kind == "W" and token.text in WHO and token.text != "whose"), None)
    if asked is None or sentence.has("D") or sentence.count("V") > 1 or any(token.kind == "V" and sentence.about_person(token) for token in sentence.rest):
        return
    named = {name for token in sentence.rest if token.kind == METRIC for name in token.ids("metric")}
    metrics = sentence.view.lexicon.metrics
    meant = [
        name
        for name in sorted(sentence.view.dimensions)
        if (info := dimensions.get(name)) is not None and info.identifies is not None and info.about_person and not info.person
        and named and all(name in metrics[metric].dimensions for metric in named)
    ]  # fmt: skip
    if len(meant) != 1:
        return
    name = Token("D", asked.end, asked.end, "", meanings=(Meaning("dimension", meant[0]),))
    at = sentence.rest.index(asked)
    sentence.rest.insert(at + 1, name)
    sentence.all.insert(sentence.all.index(asked) + 1, name)
    label = dimensions[meant[0]].label
    sentence.assume(f"“{asked.text}”按{label.zh}理解", f"'{asked.text}' taken as {label.en.lower()}")


def named_changes(sentence: Sentence) -> None:
    """线上拜访时长实验的提升, the experiment with the largest lift: where no metric is named, a word of change beside a dimension is the metric so named."""
    if any(token.kind == METRIC and not _part(token) for token in sentence.rest):
        return
    entries, dimensions = sentence.view.lexicon.words.entries, sentence.view.lexicon.dimensions
    for token in sentence.rest:
        if token.kind != "I" and not (token.kind == METRIC and sentence.chinese):
            continue
        for other in sentence.rest:
            if other.kind not in "DV":
                continue
            for name in sentence.dimension_of(other):
                labels = (dimensions[name].label.zh, dimensions[name].label.en) if name in dimensions else ()
                said = dict.fromkeys((token.text, token.text.removesuffix("多少").removesuffix("了")))
                found = [m for label in labels for text in said for m in entries.get((*keys(label), *keys(text)), ()) if m.kind == "metric" and m.value is None]
                if found:
                    token.kind, token.meanings, token.alternatives, token.partial = METRIC, (found[0],), [], False
                    _said_again(sentence, token)
                    return


def pluses(sentence: Sentence) -> None:
    """10k+ touches, 2+ channels: no less than that; Shanghai plus Beijing: both."""
    for index, token in enumerate(sentence.rest):
        before = sentence.rest[index - 1] if index else None
        if token.text == "+" and token.kind == "&" and before is not None and before.kind == "N" and before.end == token.start and (index + 1 == len(sentence.rest) or sentence.rest[index + 1].kind in _BOUNDED):
            token.kind, token.meanings, token.alternatives = "c", (Meaning("cue", "c", ">="),), []
        elif token.text == "plus" and token.kind == "c" and before is not None and before.kind == "V" and index + 1 < len(sentence.rest) and sentence.rest[index + 1].kind == "V":
            token.kind = "&"


_BOUNDED = (METRIC, "D", ",", "T", "f")
"""What may follow 10k+: not years, which are a member's (20+ years of practice)."""


def _part(token: Token) -> bool:
    """Whether a metric's word is only a part of its name."""
    return token.partial and all(meaning.rank == len(("label", "synonym", "rule")) for meaning in token.meanings)


def _said_again(sentence: Sentence, named: Token) -> None:
    """实验的提升是否显著, B组比A组提升多少: parts of the same metric's name, and members that the metric compares itself, say nothing more."""
    metric = named.ids("metric")[0]
    allowed = sentence.view.lexicon.metrics[metric].dimensions
    compared = sentence.find("VZV")
    pair = sentence.rest[compared.start() : compared.end()] if compared is not None else []
    own = pair if pair and not any(set(sentence.dimension_of(token)) & allowed for token in pair if token.kind == "V") else []
    for token in [token for token in sentence.rest if token in own or (token is not named and token.kind == METRIC and _part(token) and metric in token.ids("metric"))]:
        token.kind, token.used = FILLER, True
        sentence.rest.remove(token)


def catalogue(sentence: Sentence) -> None:
    """所有的指标, 有哪些指标: what can be asked, and no figure."""
    said = [token for token in sentence.rest if token.kind not in ("F", ",")]
    if len(said) > 1 and said[-1].kind == METRIC and said[-1].text in _METRIC and all(token.kind in "Ll" for token in said[:-1]):
        sentence.problem(said[-1].text, 0.5)


_METRIC = frozenset(("指标", "metric", "metrics", "kpi", "kpis"))


def judged(sentence: Sentence) -> None:
    """Improved, 改善, 恶化: for a metric of which less is better, an improvement is a fall."""
    metrics = sentence.view.lexicon.metrics
    named = {name for token in sentence.rest if token.kind == METRIC for name in token.ids("metric")}
    if not named or not all(metrics[name].lower_is_better for name in named):
        return
    for token in sentence.rest:
        if token.kind == "I" and token.text.startswith(_EVALUATED) and isinstance(token.value, tuple):
            direction, sort = token.value
            token.meanings = (Meaning("cue", "I", ("down" if direction == "up" else "up", sort)),)


_EVALUATED = ("improve", "improving", "improvement", "worsen", "变好", "改善", "好转", "变差", "变坏", "恶化", "进步", "退步", "better", "worse")


__all__ = ["better", "catalogue", "judged", "named_changes", "pluses", "who"]
