"""Tokens of a question, after mending what is probably a slip: a correction stands only where fewer words stay unknown with it."""

from __future__ import annotations

from collections.abc import Sequence

from governance.terms import Language
from nlq.building import Correction
from nlq.lexicon.fuzzy import replaced
from nlq.lexicon.lexicon import LexiconView
from nlq.matching import Matcher, Token
from nlq.times import Clock
from nlq.words.dictionary import is_word
from nlq.words.grammar import FILLER, UNKNOWN, VALUE

MAX_CORRECTIONS = 3
_SCATTERED = 4
"""Single characters in a row that are taken for a name with a slip."""
_SMALL = frozenset((FILLER, "C", "c", "Z", "z", "E", "X"))
_LINKS = "的和与是在有了"


class Tokeniser:
    """Tokenises one question. `tokens`, `text` and `corrections` hold the outcome of `run`."""

    def __init__(self, view: LexiconView, text: str, clock: Clock, language: Language, capitals: str) -> None:
        self.view, self.text, self.clock, self.language = view, text, clock, language
        self.typed, self.capitals = text, capitals
        self.tokens: list[Token] = []
        self.corrections: list[Correction] = []
        self.unmended: list[Token] = []
        """The tokens of the words as typed, before any correction."""

    def run(self) -> None:
        """Tokenise; where words stay unknown, try the names they may be slips of, as long as fewer stay unknown."""
        self.tokens = self.unmended = self._match(self.text)
        for _ in range(MAX_CORRECTIONS):
            doubt = _doubt(self.tokens)
            better = min(
                ((found, made, text) for made, text in self._proposals() if _doubt(found := self._match(text)) < doubt - 0.3),
                key=lambda item: _doubt(item[0]),
                default=None,
            )
            if better is None:
                return
            self.tokens, made, self.text = better
            self.corrections += made

    def _match(self, text: str) -> list[Token]:
        return Matcher(self.view, text, self.clock, self.language, self.capitals if text == self.typed else "").tokens()

    def _proposals(self) -> list[tuple[tuple[Correction, ...], str]]:
        corrector = self.view.lexicon.words.corrector
        found: list[tuple[tuple[Correction, ...], str]] = []
        doubtful = [t for t in self.tokens if t.kind == UNKNOWN or (t.partial and all(m.rank == 3 for m in t.meanings))]
        words: list[Correction] = []
        text = self.text
        for token in sorted(doubtful, key=lambda t: -t.start):
            if token.kind == UNKNOWN and token.text.isascii() and token.text.isalpha() and (word := corrector.word(token.text)) is not None:
                words.insert(0, Correction(said=token.text, taken=word))
                text = replaced(text, token.start, token.end, word)
        if words:
            found.append((tuple(words), text))
        chinese = [(t.start, t.end) for t in doubtful if not t.text.isascii()] + _scattered(self.tokens)
        solid = [(t.start, t.end) for t in self.tokens if t.kind in "MDVT" and not t.partial]
        slips = corrector.names(self.text, chinese, solid, self.view.may_offer) if chinese else []
        for slip in slips[:2]:
            said = self.text[slip.start : slip.end]
            if len(said) != len(slip.name) and any(slip.start <= t.start and t.end <= slip.end for t in self.tokens if t.kind == VALUE):
                continue  # 急诊人次 is of the member 急诊, no slip of 门急诊人次
            if self._cuts_word(slip.start, solid) or self._cuts_word(slip.end, solid):
                continue  # 加盟店 is no 加 and a slip of 门店
            found.append(((Correction(said=said, taken=slip.name),), replaced(self.text, slip.start, slip.end, slip.name)))
        return found

    def _cuts_word(self, at: int, solid: Sequence[tuple[int, int]]) -> bool:
        """Whether an ordinary word of two characters lies across a place, outside of what is surely known."""
        across = self.text[at - 1 : at + 1]
        return 0 < at < len(self.text) and not across.isascii() and not any(start < at + 1 and at - 1 < end for start, end in solid) and is_word(across)


def _doubt(tokens: Sequence[Token]) -> float:
    """How much of a sentence is not surely known: unknown words, and parts of names."""
    unknown = sum((2.0 if t.text.isascii() else float(len(t.text))) for t in tokens if t.kind == UNKNOWN)
    return unknown + sum(0.5 for t in tokens if t.partial and all(m.rank == 3 for m in t.meanings)) + 0.01 * len(tokens) + len(_scattered(tokens))


def _scattered(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Return where four or more single characters follow one another, each a small word of its own: nobody speaks so, it is a name with a slip (出达次数)."""
    found: list[tuple[int, int]] = []
    run: list[Token] = []
    for token in (*tokens, None):
        if token is not None and token.kind in _SMALL and len(token.text) == 1 and not token.text.isascii() and (not run or run[-1].end == token.start):
            run.append(token)
            continue
        while run and run[0].text in _LINKS:
            run.pop(0)
        if len(run) >= _SCATTERED:
            found.append((run[0].start, run[-1].end))
        run = [token] if token is not None and token.kind in _SMALL and len(token.text) == 1 and not token.text.isascii() else []
    return found
