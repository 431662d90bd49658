"""Every possible reading of every span of a sentence: names, times, numbers, names with words in between, in another order, in part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from governance.terms import Language
from nlq.lexicon.entries import Meaning
from nlq.lexicon.lexicon import LexiconView
from nlq.times import Clock, TimeHit, When
from nlq.words.grammar import BOUND, DIMENSION, FILLER, LINK_WORDS, LINKERS, METRIC, NOUN, NUMBER, TIME, VALUE
from nlq.words.normalise import Unit, derivations, root, units
from nlq.words.numbers import Number, match_number

_KINDS = {"metric": METRIC, "dimension": DIMENSION, "value": VALUE, "term": VALUE, "noun": NOUN, "bound": BOUND}
_UNIT_WEIGHT = {"c": 1.0, "w": 2.0, "n": 1.5, "p": 0.2}
_TOKEN_COST = 0.25
OF_MEMBERS = frozenset(("for", "of", "except", "excluding", "without", "than", "versus", "vs", "except for"))
"""Words after which a word of the language that is also a member's name is the member."""
_CONFUSABLE = 0.6
"""What a name is given that a time before it could cut through: 9月 and 2号机组, not 9月2号 and 机组."""
_SHORT_HEAD, _SHARED = 2, 3
_COUNTING = frozenset(("多", "少", "几", "数"))
_DIGITS = frozenset("一二两三四五六七八九十")
_MEASURES = frozenset("个家位名条款种类")
_COUNT_ENDINGS = frozenset("数量")


_TO_DATE = (("ytd",), ("mtd",), ("qtd",), ("wtd",))
"""YTD的sales: a time before 的 is when."""


@lru_cache(maxsize=4096)
def _metrics(metrics: tuple[str, ...], rank: int) -> tuple[Meaning, ...]:
    """`rate` is a part of the names of hundreds of metrics."""
    return tuple(Meaning("metric", metric, rank=rank) for metric in metrics)


@dataclass(slots=True)
class Token:
    """A span of the normalised text and what it may mean. `kind` is the letter of `words.py`; `used` is set by the reader of the shape."""

    kind: str
    start: int
    end: int
    text: str
    meanings: tuple[Meaning, ...] = ()
    when: When | None = None
    number: Number | None = None
    partial: bool = False
    """Only a part of a name, or a name in another order."""
    body: bool = False
    """A counting metric's name without its 数: a whole name, or only a noun (活跃医生的打开率)."""
    listed: bool = False
    """A metric in a list of metrics, joined by a comma or a word for `and`: each is asked for itself."""
    beside: str = ""
    """What stands right before and after a member's name."""
    joined: bool = False
    """In such a list, with a word for `and`."""
    used: bool = False
    also_filler: bool = False
    alternatives: list[Token] = field(default_factory=list)

    @property
    def value(self) -> object:
        """The value of a cue (a grain, a direction, an operator)."""
        return self.meanings[0].value if self.meanings else None

    def ids(self, kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(meaning.id for meaning in self.meanings if meaning.kind == kind))


@dataclass(slots=True)
class Candidate:
    end: int
    weight: float
    tokens: tuple[Token, ...]


class Spans:
    """The candidates of one question for one caller."""

    def __init__(self, view: LexiconView, text: str, clock: Clock, language: Language, capitals: str = "") -> None:
        self.view, self.text, self.clock, self.language = view, text, clock, language
        self.book = view.lexicon.words
        self.units: list[Unit] = [unit if (noun := self.book.same.get(unit.key)) is None else replace(unit, key=noun) for unit in units(text)]
        self.ends = {unit.end: index + 1 for index, unit in enumerate(self.units)}
        self.ends |= {end + 2: index for end, index in self.ends.items() if text.startswith("'s", end)}
        self.capitals = capitals if len(capitals) == len(text) else text
        self.weights = [_UNIT_WEIGHT[unit.kind] for unit in self.units]
        self.parted = any(unit.key == "的" for unit in self.units)
        self.confusable: set[int] = set()
        """Where names begin that look like the rest of a time before them: 2号机组 after 9月."""
        self.counting = any(unit.key in _COUNTING for unit in self.units)

    # ------------------------------------------------------------------ candidates

    def _span(self, at: int, end: int) -> tuple[int, int, str]:
        start, stop = self.units[at].start, self.units[end - 1].end
        return start, stop, self.text[start:stop]

    def _weight(self, at: int, end: int, quality: float) -> float:
        return max(sum(self.weights[at:end]) * quality - _TOKEN_COST, 0.02)

    def candidates(self, at: int, times: dict[int, list[TimeHit]]) -> list[Candidate]:
        unit = self.units[at]
        found: list[Candidate] = []
        self._named(at, found)
        for hit in times.get(unit.start, ()):
            end = self.ends.get(hit.end)
            if end is not None:
                token = Token(TIME, *self._span(at, end), when=hit.when)
                article = 0.45 if unit.key == "the" else 0.0  # no better than the article read over
                found.append(Candidate(end, self._weight(at, end, 1.0) - article, (token,)))
        counted = at + 1
        for number in match_number(self.text, unit.start, self.view.lexicon.units):
            stop = self.ends.get(number.end)
            if stop is not None:
                counted = counted if number.classifier else stop
                token = Token(NUMBER, *self._span(at, stop), number=number)
                # a classifier gives way to a name that begins with the same word: more than 100 units
                weight = self._classified(at, counted, stop) if number.classifier and number.seconds is None else self._weight(at, stop, 0.93)
                found.append(Candidate(stop, weight, (token,)))
        if unit.kind == "c":
            if self.parted:
                self._parted(at, found)
            self._gapped(at, found)
        elif unit.kind == "n" and self.parted:
            self._parted_words(at, found)
        elif unit.kind == "w":
            if self.parted:
                self._parted_words(at, found)
            self._bag(at, found)
            self._patterned(at, found)
            self._derived(at, found)
        self._partial(at, found)
        return found

    def _classified(self, at: int, counted: int, end: int) -> float:
        """Weigh a number whose own words end at `counted` and its classifier's at `end`."""
        rest = sum(self.weights[index] * (0.8 if self.units[index].kind == "c" else 0.6) for index in range(counted, end))
        return sum(self.weights[at:counted]) * 0.93 + rest - _TOKEN_COST

    def _named(self, at: int, found: list[Candidate]) -> None:
        remaining = len(self.units) - at
        for size in self.book.lengths.get(self.units[at].key, ()):
            if size > remaining:
                continue
            key = tuple(unit.key for unit in self.units[at : at + size])
            meanings = self.book.entries.get(key)
            if meanings is None:
                continue
            known = tuple(meaning for meaning in meanings if self.view.knows(meaning))
            if any(meaning.kind == "metric" for meaning in known) and (self._swallows(at, size) or (at and self.units[at - 1].key == "占" and "的" in key)):
                continue  # 占线上的比例: of what is online, no name
            if size > 1 and (self.units[at].key,) in self.book.weak and at and self.units[at - 1].key in OF_MEMBERS and all(m.kind == "cue" for m in known):
                continue  # for ranked by hero, where Ranked is a member
            if size > 1 and all(m.kind == "bound" for m in known) and self._begins_a_metric(at + size - 1):
                continue  # lagging on plan completion: the plan's, and no bound
            if size > 1 and key[-1] in _DIGITS and self._key(at + size) in _MEASURES and all(m.short for m in known):
                continue  # 华南华北三个大区: three of them, not the third group of 华北
            if known and not self._plural_name(at, size, known):
                candidate = self._as_candidate(at, at + size, known)
                if at in self.confusable and candidate.tokens[0].kind in (METRIC, VALUE):
                    candidate.weight += _CONFUSABLE
                found.append(candidate)
                self._shared_end(at, at + size, known, found)

    def _key(self, at: int) -> str:
        return self.units[at].key if at < len(self.units) else ""

    def _begins_a_metric(self, at: int) -> bool:
        """Whether a metric's whole name begins at a unit, and has more units than that one."""
        for size in self.book.lengths.get(self.units[at].key, ()):
            if 1 < size <= len(self.units) - at and any(m.kind == "metric" and m.rank < 2 for m in self.book.entries.get(tuple(unit.key for unit in self.units[at : at + size]), ())):
                return True
        return False

    def _shared_end(self, at: int, end: int, meanings: tuple[Meaning, ...], found: list[Candidate]) -> None:
        """Find a member whose end is the beginning of a metric's name: 二食堂流水 is 二食堂 and 食堂流水, 大手术量 is 大手术 and 手术量."""
        if self.units[at].kind != "c" or end - at < _SHARED or end >= len(self.units) or self.units[end].kind != "c":
            return
        values = tuple(meaning for meaning in meanings if meaning.kind in ("value", "term"))
        if not values or len(values) < len(meanings):
            return
        for start in range(at + 1, end - 1):
            for size in self.book.lengths.get(self.units[start].key, ()):
                stop = start + size
                if not end < stop <= len(self.units):
                    continue
                name = self.book.entries.get(tuple(unit.key for unit in self.units[start:stop]), ())
                rest = self.book.entries.get(tuple(unit.key for unit in self.units[end:stop]), ())
                if name and all(m.kind == "metric" for m in name) and not any(m.kind == "metric" for m in rest):
                    value = Token(VALUE, *self._span(at, end), meanings=values)
                    found.append(Candidate(stop, self._weight(at, stop, 1.0) + 0.1, (value, Token(METRIC, *self._span(end, stop), meanings=name))))

    def _plural_name(self, at: int, size: int, meanings: tuple[Meaning, ...]) -> bool:
        """Whether a cue only seems to stand there because a name's plural has lost its ending: orders by platform is no `order by`."""
        unit = self.units[at]
        if unit.kind != "w" or size == 1 or any(meaning.kind != "cue" for meaning in meanings):
            return False
        plural = self.text[unit.start : unit.end] != unit.key
        return plural and any(meaning.kind == "metric" and meaning.rank < 2 for meaning in self.book.entries.get((unit.key,), ()))

    def _swallows(self, at: int, size: int) -> bool:
        """Whether a metric's name takes the end of a member's from it: 三甲医院覆盖率 is 三甲医院 and 覆盖率, not 医院覆盖率."""
        if at == 0 or self.units[at].kind != "c":
            return False
        for end in range(at + 1, at + size):
            if not any(m.kind == "metric" for m in self.book.entries.get(tuple(unit.key for unit in self.units[end : at + size]), ())):
                continue
            for start in range(max(0, at - 8), at):
                said = self.book.entries.get(tuple(unit.key for unit in self.units[start:end]), ())
                if any(m.kind in ("value", "term") and self.view.knows(m) for m in said):
                    return True
        return False

    def _derived(self, at: int, found: list[Candidate]) -> None:
        """Find a member by an adjective made of its name, or the name by which an adjective was made: rainy for Rain, oncological for Oncology."""
        unit = self.units[at]
        if (unit.key,) in self.book.entries:
            return
        if spelt := tuple(m for m in self.book.spelt.get(self.text[unit.start : unit.end], ()) if self.view.knows(m)):
            found.append(Candidate(at + 1, self._weight(at, at + 1, 0.9), (Token(VALUE, *self._span(at, at + 1), meanings=spelt),)))
        meant = {m for base in derivations(unit.key) for m in self.book.entries.get((base,), ()) if m.kind != "cue"}
        values = {(m.id, m.value) for m in meant}
        if len(values) == 1 and all(m.kind == "value" and self.view.knows(m) for m in meant):
            found.append(Candidate(at + 1, self._weight(at, at + 1, 0.8), (Token(VALUE, *self._span(at, at + 1), meanings=(next(iter(meant)),)),)))

    def _parted(self, at: int, found: list[Candidate]) -> None:
        """Find metric names with 的 inside: 知晓到尝试的转化率."""
        if self.units[at].key == "的":
            return
        if self._within_name(at) or (at and self.units[at - 1].key == "占"):
            return
        places = [index for index in range(at, min(at + 16, len(self.units))) if self.units[index].key != "的"]
        parts = tuple(self.units[index].key for index in places)
        for size in self.book.lengths.get(parts[0], ()):
            if size < 4 or size > len(places) or places[size - 1] == at + size - 1:
                continue
            meanings = tuple(m for m in self.book.entries.get(parts[:size], ()) if m.kind == "metric")
            if meanings:
                end = places[size - 1] + 1
                found.append(Candidate(end, self._weight(at, end, 0.99), (Token(METRIC, *self._span(at, end), meanings=meanings),)))

    def _parted_words(self, at: int, found: list[Candidate]) -> None:
        """Find English metric names with 的 inside: rolling 12 months的sales, aware到trial的conversion."""
        places = [index for index in range(at, min(at + 10, len(self.units))) if self.units[index].key != "的"]
        parts = tuple(self.units[index].key for index in places)
        for size in self.book.lengths.get(parts[0], ()):
            if size < len(("word", "word")) or size > len(places) or places[size - 1] == at + size - 1:
                continue
            cut = next(index for index in range(size) if places[index] != at + index)
            if parts[:cut] in _TO_DATE or any(m.kind in ("dimension", "value", "term", "noun") for m in self.book.entries.get(parts[:cut], ())):
                continue  # Reps的visits排名: of the representatives, no `rep visits`
            meanings = tuple(m for m in self.book.entries.get(parts[:size], ()) if m.kind == "metric")
            if meanings:
                end = places[size - 1] + 1
                found.append(Candidate(end, self._weight(at, end, 0.99), (Token(METRIC, *self._span(at, end), meanings=meanings),)))

    def _within_name(self, at: int) -> bool:
        """Whether the word up to 的 is the end of a member's name: 三甲医院的覆盖率 is not 医院覆盖率."""
        end = next((index for index in range(at, min(at + 8, len(self.units))) if self.units[index].key == "的"), None)
        if end is None:
            return False
        return any(
            any(m.kind in ("value", "term") for m in self.book.entries.get(tuple(unit.key for unit in self.units[start:end]), ()))
            for start in range(max(0, at - 6), at)
        )

    def _as_candidate(self, at: int, end: int, meanings: tuple[Meaning, ...]) -> Candidate:
        named = tuple(meaning for meaning in meanings if meaning.kind != "cue")
        others = tuple(meaning for meaning in meanings if meaning.kind == "cue" and meaning.id != FILLER)
        filler = any(meaning.kind == "cue" and meaning.id == FILLER for meaning in meanings)
        span = self._span(at, end)
        if named:
            kinds = sorted({_KINDS[meaning.kind] for meaning in named}, key="bMDVn".index)
            tokens = [Token(kind, *span, meanings=tuple(m for m in named if _KINDS[m.kind] == kind), also_filler=filler) for kind in kinds]
            tokens += [Token(meaning.id, *span, meanings=(meaning,)) for meaning in others]
            tokens[0].alternatives = tokens[1:]
            bonus = 0.15 + 0.01 * (end - at) if tokens[0].kind == METRIC else 0.0
            # less than a token costs, so that one long name is still better than two short ones
            return Candidate(end, self._weight(at, end, 1.0) + bonus, (tokens[0],))
        if others:
            tokens = [Token(meaning.id, *span, meanings=(meaning,), also_filler=filler) for meaning in others]
            tokens[0].alternatives = tokens[1:]
            return Candidate(end, self._weight(at, end, 0.97), (tokens[0],))
        return Candidate(end, self._weight(at, end, 0.9), (Token(FILLER, *span),))

    def _patterned(self, at: int, found: list[Candidate]) -> None:
        for before, after, meaning in self.book.patterns:
            if tuple(unit.key for unit in self.units[at : at + len(before)]) != before:
                continue
            for gap in range(1, 4):
                start = at + len(before) + gap
                if after and tuple(unit.key for unit in self.units[start : start + len(after)]) == after:
                    # The words in between are read for themselves: only the frame is the cue.
                    frame = Token(meaning.id, *self._span(at, at + len(before)), meanings=(meaning,))
                    found.append(Candidate(at + len(before), self._weight(at, at + len(before), 1.2), (frame,)))

    def _metric(self, at: int, end: int, metrics: tuple[str, ...], rank: int) -> Token:
        return Token(METRIC, *self._span(at, end), meanings=_metrics(metrics, rank), partial=True)

    def _gapped(self, at: int, found: list[Candidate]) -> None:
        for size in self.book.body_lengths.get(self.units[at].key, ()):
            key = tuple(unit.key for unit in self.units[at : at + size])
            metrics = self.book.bodies.get(key)
            if metrics and len(key) == size and key not in self.book.entries:
                token = self._metric(at, at + size, metrics, 2)
                token.body = True
                found.append(Candidate(at + size, self._weight(at, at + size, 1.0) + 0.1, (token,)))
        for size in self.book.gapped_lengths.get(self.units[at].key, ()):
            key = tuple(unit.key for unit in self.units[at : at + size])
            for rest, metric in self.book.gapped.get(key, ()) if len(key) == size else ():
                end = self._after_gap(at + size, rest)
                if end is not None:
                    found.append(Candidate(end, self._weight(at, end, 0.96), (self._metric(at, end, (metric,), 2),)))

    def _after_gap(self, start: int, rest: tuple[str, ...]) -> int | None:
        """Return where a name ends whose other part follows after linking words, when the sentence counts."""
        asked = False
        for at in range(start, min(start + 7, len(self.units) - len(rest) + 1)):
            here = tuple(unit.key for unit in self.units[at : at + len(rest)])
            if here == rest and at > start:
                end = at + len(rest)
                counted = end < len(self.units) and self.units[end].key in _COUNT_ENDINGS
                if len(rest) == 1 and not asked:
                    return None
                if counted:
                    return end + 1
                return end if asked or self.counting else None
            key = self.units[at].key
            if key not in LINKERS:
                return None
            asked = asked or key in _COUNTING
        return None

    def _bag(self, at: int, found: list[Candidate]) -> None:
        roots: list[str] = []
        for index in range(at, min(at + 8, len(self.units))):
            unit = self.units[index]
            if unit.kind != "w":
                return
            if unit.key in LINK_WORDS:
                if not roots:
                    return
                continue
            word = root(unit.key)
            if word not in self.book.bag_roots:
                return
            roots.append(word)
            metrics = self.book.bags.get(tuple(sorted(roots))) if len(roots) > 1 else None
            if metrics:
                found.append(Candidate(index + 1, self._weight(at, index + 1, 0.9), (self._metric(at, index + 1, metrics, 2),)))

    def _partial(self, at: int, found: list[Candidate]) -> None:
        for size in self.book.partial_lengths.get(self.units[at].key, ()):
            key = tuple(unit.key for unit in self.units[at : at + size])
            metrics = self.book.partial.get(key)
            if metrics and len(key) == size:
                end = at + size
                head = self.book.heads.get(key)
                meant, quality = ((head,), 0.85 if size > _SHORT_HEAD else 0.6) if head is not None else (self.book.ends.get(key, metrics), 0.6)
                found.append(Candidate(end, self._weight(at, end, quality), (self._metric(at, end, meant, 3),)))
