"""From text to tokens: the cheapest cover of the sentence by all its possible readings (longest names win)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from nlq.lexicon.entries import Meaning
from nlq.short_members import settled
from nlq.spans import OF_MEMBERS, Candidate, Spans, Token
from nlq.times import TimeHit, scan
from nlq.words.dictionary import is_word
from nlq.words.grammar import (
    DIFFERENCE,
    DIMENSION,
    EXCLUDE,
    EXCLUDED,
    FILLER,
    FIRST,
    GROUP,
    LAST,
    METRIC,
    NUMBER,
    SUPERLATIVE,
    TIME,
    UNKNOWN,
    UNSUPPORTED,
    VALUE,
    WHICH,
)
from nlq.words.normalise import keys

_TAKES = frozenset(("取", "取出", "列", "选", "选出", "挑", "挑出", "留", "留下", "保留", "截取", "截", "抽", "抓", "取个", "pick", "keep", "choose", "select", "return"))


_TIME_ENDS = frozenset("0123456789年月日号周季度天份半末底初期间内旬")
_DATE_ENDS = frozenset("年月份周度")
_COUNTED_BEHIND = re.compile("(?<=[周期拜])[一二三四五六]个(?!月|周|星期|季|小时|工作日)")
_NUMERALS = frozenset("一二三四五六七八九十")


_GOOD = {"好": "best", "好的": "best", "不错": "best", "差": "worst", "不好": "worst", "不理想": "worst"}

_SHORTEST = 3


class Matcher(Spans):
    """Tokenises one question for one caller."""

    def tokens(self) -> list[Token]:
        """Return the tokens of the best cover, in order; what nothing covers is `UNKNOWN`, a run of it one token."""
        festivals = self.view.lexicon.festivals
        times: dict[int, list[TimeHit]] = {}
        for hit in scan(self.text, self.clock, festivals.names if festivals else None):
            times.setdefault(hit.start, []).append(hit)
        for hit in [*self._cut_short(times, festivals.names if festivals else None), *self._counted_behind(times, festivals.names if festivals else None)]:
            times.setdefault(hit.start, []).append(hit)
        count = len(self.units)
        best: list[float] = [0.0] * (count + 1)
        choice: list[Candidate | None] = [None] * count
        for at in range(count - 1, -1, -1):
            best[at] = best[at + 1]
            for candidate in self.candidates(at, times):
                score = candidate.weight + best[candidate.end]
                if score > best[at] + 1e-9:
                    best[at], choice[at] = score, candidate
        found: list[Token] = []
        at = 0
        while at < count:
            chosen = choice[at]
            if chosen is None:
                self._unknown(found, at)
                at += 1
            else:
                found.extend(chosen.tokens)
                at = chosen.end
        for token in found:
            if token.kind == VALUE:
                token.beside = f"{self.text[max(0, token.start - 2) : token.start]}|{self.text[token.end : token.end + 2]}"
        return self._letters(self._whole_words(self._praised(self._taking(self._short(self._weak(settled(found, self.capitals)))))))

    def _cut_short(self, times: Mapping[int, Sequence[TimeHit]], festivals: dict[str, str] | None) -> Iterator[TimeHit]:
        """Yield the times that end where a name begins which looks like a part of them: 上周 before 一号仓, 8月 before 月度会员, 10月 before 7日留存率."""
        ends = {hit.end for hits in times.values() for hit in hits}
        for at, unit in enumerate(self.units):
            stop = unit.start - (self.text[unit.start - 1 : unit.start] in ("的", " "))
            if stop < 1 or (self.text[stop - 1] not in _TIME_ENDS and unit.kind != "n") or not self._begins_name(at):
                continue
            if self.text[stop - 1] in _DATE_ENDS and (unit.kind == "n" or unit.key in _NUMERALS):
                self.confusable.add(at)
            if stop in ends:
                continue
            ends.add(stop)
            yield from (hit for hit in scan(self.text[:stop], self.clock, festivals) if hit.end == stop)

    def _counted_behind(self, times: dict[int, list[TimeHit]], festivals: dict[str, str] | None) -> Iterator[TimeHit]:
        """Yield the weeks before a number of things, in place of the weekdays that they look like: 上周 in 上周四个网点, 过去两周 in 过去两周三个年级."""
        for match in _COUNTED_BEHIND.finditer(self.text):
            for hits in times.values():
                hits[:] = [hit for hit in hits if hit.end != match.end() - 1]
            yield from (hit for hit in scan(self.text[: match.end() - 2], self.clock, festivals) if hit.end == match.end() - 2)

    def _begins_name(self, at: int) -> bool:
        sizes = (size for size in self.book.lengths.get(self.units[at].key, ()) if 1 < size <= len(self.units) - at or self.units[at].kind == "w")
        found = (self.book.entries.get(tuple(unit.key for unit in self.units[at : at + size]), ()) for size in sizes)
        return any(meaning.kind in ("metric", "dimension", "value", "term") for meanings in found for meaning in meanings)

    def _praised(self, tokens: list[Token]) -> list[Token]:
        """触达率好的大区, 哪些省卖得好, 达成率差的产品: good and bad rank by the metric before them, or by the one that is named, where something is chosen."""
        asks = any(token.kind == WHICH for token in tokens)
        for index, token in enumerate(tokens):
            if token.text not in _GOOD or token.kind not in (FILLER, DIFFERENCE, UNKNOWN):
                continue
            before = next((other for other in reversed(tokens[:index]) if other.kind != FILLER), None)
            named = before is not None and before.kind == METRIC and token.start - before.end <= 1
            if (named and (asks or token.text.endswith("的") or self.text.startswith("的", token.end))) or (asks and self.text[:token.start].endswith("得")):
                token.kind, token.meanings = SUPERLATIVE, (Meaning("cue", SUPERLATIVE, _GOOD[token.text]),)
        return tokens

    def _taking(self, tokens: list[Token]) -> list[Token]:
        """取前十, 列前三, take the top 10: the verb before a rank says nothing of its own."""
        for index, token in enumerate(tokens):
            following = next((other.kind for other in tokens[index + 1 :] if other.kind != FILLER), "")
            if token.kind == UNKNOWN and token.text in _TAKES and following in (FIRST, LAST, SUPERLATIVE, NUMBER):
                token.kind = FILLER
        return tokens

    def _short(self, tokens: list[Token]) -> list[Token]:
        """各科, 每省: after 各 one character may stand for a dimension's name."""
        for before, token in itertools.pairwise(tokens):
            meanings = self.book.short.get(token.text)
            if meanings and token.kind == UNKNOWN and before.kind == GROUP and before.end == token.start:
                token.kind, token.meanings = DIMENSION, meanings
        for before, token in itertools.pairwise([token for token in tokens if token.kind != FILLER]):
            if token.kind not in (UNKNOWN, UNSUPPORTED) or token.value is not None:
                continue
            ends = self.book.tails.get(keys(token.text), frozenset())
            own = {m.id for m in before.meanings if m.kind == "value"} if before.kind == VALUE else set()
            if before.kind == GROUP and len(ends) == 1:
                token.kind, token.meanings = DIMENSION, (Meaning("dimension", next(iter(ends)), rank=2),)  # delays by reason
            elif before.kind == GROUP and not ends and (named := self._abbreviated(token.text)) is not None:
                token.kind, token.meanings = DIMENSION, (Meaning("dimension", named, rank=2),)  # by prov, per seg
            elif before.kind == EXCLUDED and len(ends) == 1 and any(m.kind == "value" and m.id in ends for other in tokens if other.kind == VALUE and other.end <= before.start for m in other.meanings):
                token.kind = FILLER  # 除了美团，其他渠道: the noun of what was left out
            elif ends & own:
                token.kind = FILLER  # 天气原因, 金卡会员: the noun is the end of its dimension's name
        return tokens

    def _abbreviated(self, text: str) -> str | None:
        """Return the one dimension of which a Latin word is the beginning of a one-word English name: prov of province."""
        if not (len(text) >= _SHORTEST and text.isascii() and text.isalpha()):
            return None
        infos = self.view.lexicon.dimensions
        found = {name for name in self.view.dimensions if (info := infos.get(name)) is not None and any(said.lower().startswith(text) and " " not in said for said in (info.label.en, *info.synonyms))}
        return found.pop() if len(found) == 1 else None

    def _whole_words(self, tokens: list[Token]) -> list[Token]:
        """天 and an unknown 气 are an unknown 天气: an ordinary word is not cut into one that is known and one that isn't."""
        if any(token.kind == METRIC and not token.partial for token in tokens):
            return tokens
        joined: list[Token] = []
        for token in tokens:
            last = joined[-1] if joined else None
            if last is not None and last.end == token.start and UNKNOWN in (last.kind, token.kind) and not token.text.isascii() and not last.text.isascii():
                known = token if last.kind == UNKNOWN else last
                single = known.kind == UNKNOWN or (len(known.text) == 1 and known.kind not in (METRIC, DIMENSION, VALUE, TIME, NUMBER))
                if single and is_word(self.text[last.start : token.end]):
                    joined[-1] = Token(UNKNOWN, last.start, token.end, self.text[last.start : token.end])
                    continue
            joined.append(token)
        return joined

    def _letters(self, tokens: list[Token]) -> list[Token]:
        """A single Latin letter beside Chinese is a name of something, never an article."""
        for token in tokens:
            around = self.text[max(0, token.start - 1) : token.start] + self.text[token.end : token.end + 1]
            if token.kind == FILLER and len(token.text) == 1 and token.text.isascii() and token.text.isalpha() and not around.strip().isascii():
                token.kind = UNKNOWN
        return tokens

    def _weak(self, tokens: list[Token]) -> list[Token]:
        """Read values too short to stand alone: beside another value or the name of their dimension, or a lone capital letter."""
        if not self.book.weak:
            return tokens
        changed = True
        while changed:
            changed = False
            for index, token in enumerate(tokens):
                if token.kind in (METRIC, DIMENSION, VALUE, TIME):
                    continue
                meanings = self.book.weak.get(keys(token.text))
                if not meanings:
                    continue
                beside = self._beside(tokens, index)
                kept = tuple(m for m in meanings if m.id in beside and self.view.knows(m))
                capital = token.text.isascii() and token.text.isalpha() and self.capitals[token.start : token.end].isupper()
                named = any(t.kind == DIMENSION and not self._entity(t) for t in tokens[max(0, index - 1) : index + 2])
                hyphened = capital and self.text[token.end : token.end + 1] == "-" and index + 1 < len(tokens) and tokens[index + 1].start == token.end + 1
                if not kept and hyphened:
                    kept = tuple(m for m in meanings if self.view.knows(m))
                    if kept and tokens[index + 1].kind == DIMENSION:
                        tokens[index + 1].kind = FILLER  # A-tier doctors: the noun belongs to the letter
                if not kept and token.kind != UNKNOWN and not token.text.isdigit() and len(token.text) > 1 and index and tokens[index - 1].text in OF_MEMBERS and tokens[index - 1].end + 1 == token.start:
                    kept = tuple(m for m in meanings if self.view.knows(m))  # matches for ranked, except global
                if not kept and token.kind == EXCLUDE and index and tokens[index - 1].text == "the" and tokens[index - 1].end + 1 == token.start:
                    kept = tuple(m for m in meanings if self.view.knows(m))  # comes from the bar, where Bar is a member
                if not kept and capital and not named and (index or self._several_follow(tokens, index)):
                    kept = tuple(m for m in meanings if self.view.knows(m))
                if kept and capital and index + 1 < len(tokens) and tokens[index + 1].kind == DIMENSION and self._entity(tokens[index + 1]):
                    kept = tuple(m for m in kept if self._attribute(m, tokens[index + 1])) or kept  # B doctors: an attribute of theirs
                if kept:
                    tokens[index] = Token(VALUE, token.start, token.end, token.text, meanings=kept)
                    changed = True
        return tokens

    def _entity(self, token: Token) -> bool:
        """Whether a word names what is counted (doctors), of which a letter before it is an attribute: B doctors."""
        dimensions = self.view.lexicon.dimensions
        return all(name in dimensions and dimensions[name].identifies is not None for name in token.ids("dimension"))

    def _attribute(self, meaning: Meaning, entity: Token) -> bool:
        info, dimensions = self.view.lexicon.dimensions.get(meaning.id), self.view.lexicon.dimensions
        return info is not None and info.about_person and any(dimensions[name].person for name in entity.ids("dimension"))

    def _several_follow(self, tokens: list[Token], index: int) -> bool:
        """A doctors: no article stands before a plural."""
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        return following is not None and following.text.isascii() and following.text.endswith("s") and following.kind in (DIMENSION, "n") and self._entity(following)

    @staticmethod
    def _beside(tokens: list[Token], index: int) -> set[str]:
        found: set[str] = set()
        for step in (-1, 1):
            at = index + step
            joined = False
            while 0 <= at < len(tokens) and tokens[at].kind in ("&", "|", ",", "~", "Z"):
                at += step
                joined = True
            if 0 <= at < len(tokens):
                other = tokens[at]
                if other.kind == DIMENSION or (other.kind == VALUE and (joined or len(other.text) < 4)):
                    found |= {m.id for m in other.meanings}
        return found

    def _unknown(self, found: list[Token], at: int) -> None:
        unit = self.units[at]
        if unit.kind == "p":
            if unit.key in ",;:":
                found.append(Token(",", unit.start, unit.end, unit.key))
            return
        last = found[-1] if found else None
        joined = last is not None and last.kind == UNKNOWN and last.end == unit.start and unit.kind == "c"
        if joined and last is not None:
            last.end, last.text = unit.end, self.text[last.start : unit.end]
        else:
            found.append(Token(UNKNOWN, unit.start, unit.end, self.text[unit.start : unit.end]))


__all__ = ["Matcher", "Token"]
