r"""The screener: finds identities of persons in a question, before anything else reads it.

Presidio runs the recognizers (no network, no language model: an empty NLP engine and a registry of our own). They see the text in its
folded form (`written.fold`), because people type numbers in full width, dashed, spaced or in Chinese numerals, and because `\b` is no
boundary between Chinese and Latin characters: every pattern brings look-arounds of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governance.identity import papers, patterns
from governance.identity.asked import asked_names, asked_numbers, nicknames, ranks, spoken_of
from governance.identity.free_names import names_in_text
from governance.identity.listed_names import listed_names, spaced_names
from governance.identity.written import fold_with_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LANGUAGE = "zh"
_FREE_NAME = "name_in_running_text"
_ASKED_NAME, _ASKED_NUMBER = "name_in_question", "number_in_question"
_REPORTED = {_FREE_NAME: "name", _ASKED_NAME: "name", _ASKED_NUMBER: "staff_number"}
_WINDOW = 16
_SURE = 0.9
_REACH = 6
"""How many characters beyond a name a catalogue word that contains it may stretch (高潜 in 高潜力医生数)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A person's identifier in a text: its kind, the half-open range of characters, and how sure (0 to 1)."""

    kind: str
    start: int
    end: int
    score: float


class Screener:
    r"""Finds persons' identifiers in short texts. Make one and keep it: making it takes about a second, asking it well under 3 ms.

    `extra` adds patterns of a company's own identifiers: kind to regular expression, on folded text (a CRM number such as `C\d{7}`).
    """

    def __init__(self, *, extra: Mapping[str, str] | None = None) -> None:
        finders = dict(patterns.FINDERS)
        for kind, expression in (extra or {}).items():
            finders[kind] = patterns.expression_finder(expression)
        self._kinds = list(finders)
        self._engine = _engine(finders | {_FREE_NAME: _names_in_running_text, _ASKED_NAME: asked_names, _ASKED_NUMBER: asked_numbers})

    def find(
        self,
        text: str,
        *,
        allow: Callable[[str], bool] = lambda _: False,
        threshold: float = 0.5,
        running: bool = False,
    ) -> list[Finding]:
        """Return the identifiers in `text`, in order, overlaps resolved in favour of the surer and longer.

        `running` says that the text is running text (a visit note), in which names stand anywhere, not a question: more is found, and more words
        that are no names with it.

        `allow` says whether a span of text is a word of the catalogue (康舒平, 高潜力): a name that is one, or lies inside one,
        is no finding. Numbers and addresses are never exempt; only what runs into a word of the catalogue (里十号 and 十号仓) is no address.
        """
        folded = fold_with_origin(text)
        if not folded.text.strip():
            return []
        entities = [*self._kinds, _FREE_NAME] if running else [*self._kinds, _ASKED_NAME, _ASKED_NUMBER]
        results = self._engine.analyze(text=folded.text, language=LANGUAGE, entities=entities, score_threshold=threshold)
        findings: list[Finding] = []
        for result in sorted(results, key=lambda r: (-r.score, r.start - r.end, r.start)):
            start, end = folded.span(result.start, result.end)
            if any(start < other.end and other.start < end for other in findings):
                continue
            kind = _REPORTED.get(str(result.entity_type), str(result.entity_type))
            if kind == "name" and (
                _exempt(text, start, end, allow) or _exempt(folded.text, result.start, result.end, allow)
            ):
                continue
            if kind == "address" and _runs_into(text, start, end, allow):
                continue
            findings.append(Finding(kind=kind, start=start, end=end, score=float(result.score)))
        return sorted(findings, key=lambda finding: finding.start)


def _names_in_running_text(text: str) -> Iterator[tuple[int, int, float]]:
    found = list(names_in_text(text))
    yield from found
    yield from listed_names(text, frozenset((start, end) for start, end, _ in found))
    yield from spaced_names(text)
    yield from nicknames(text)
    yield from ranks(text)
    yield from spoken_of(text)


def _exempt(text: str, start: int, end: int, allow: Callable[[str], bool]) -> bool:
    for left in range(start, max(-1, start - _REACH - 1), -1):
        for right in range(end, min(len(text), end + _REACH) + 1):
            if allow(text[left:right]):
                return True
    words = text[start:end].split(" ")
    return len(words) > _TWO and text[start:end].isascii() and allow(" ".join(words[:_TWO]))  # Li Bai in, where Li Bai is a hero of the catalogue


def _runs_into(text: str, start: int, end: int, allow: Callable[[str], bool]) -> bool:
    """Whether a word of the catalogue begins inside a finding and ends behind it: 里十号, of 里程里十号仓."""
    return any(allow(text[left:right]) for left in range(max(start + 1, end - _REACH), end) for right in range(end + 1, min(len(text), end + _REACH) + 1))


_TWO = 2


def _engine(finders: Mapping[str, patterns.Finder]) -> Any:
    from presidio_analyzer import (
        AnalyzerEngine,
        ContextAwareEnhancer,
        EntityRecognizer,
        RecognizerRegistry,
        RecognizerResult,
    )
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    class Adapter(EntityRecognizer):
        """One finder as a Presidio recognizer."""

        def __init__(self, kind: str, finder: patterns.Finder) -> None:
            self._finder = finder
            super().__init__(supported_entities=[kind], supported_language=LANGUAGE, name=f"wenshu_{kind}")

        def load(self) -> None:
            """Nothing to load."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ARG002
            kind = self.supported_entities[0]
            return [RecognizerResult(kind, start, end, score) for start, end, score in self._finder(text)]

    nlp = NoOpNlpEngine(models=[{"lang_code": LANGUAGE, "model_name": "none"}])
    nlp.load()
    registry = RecognizerRegistry(
        recognizers=[Adapter(kind, finder) for kind, finder in finders.items()], supported_languages=[LANGUAGE]
    )

    class Window(ContextAwareEnhancer):
        """Looks for words of context in the characters around a finding. Presidio's own looks for lemmas, which an empty engine hasn't."""

        def __init__(self) -> None:
            super().__init__(0.35, 0.4, _WINDOW, _WINDOW)

        def enhance_using_context(
            self, text: str, raw_results: list[Any], nlp_artifacts: Any, recognizers: list[Any], context: list[str] | None = None
        ) -> list[Any]:
            del nlp_artifacts, recognizers, context
            return [_enhanced(result, text) for result in raw_results]

    return AnalyzerEngine(
        registry=registry, nlp_engine=nlp, supported_languages=[LANGUAGE], context_aware_enhancer=Window()
    )


def _enhanced(result: Any, text: str) -> Any:
    """A finding beside a word of its kind's context is sure."""
    words = papers.CONTEXT.get(str(result.entity_type))
    if words and result.score < _SURE:
        near, wide = (f"{text[max(0, result.start - reach) : result.start]} {text[result.end : result.end + reach]}".lower() for reach in (_WINDOW, 2 * _WINDOW))
        if any(word in (wide if word.isascii() else near) for word in words):
            result.score = _SURE
    return result


def mask(text: str, findings: list[Finding]) -> str:
    """The text with each finding replaced by its kind in brackets, for echoing a refused question."""
    pieces, at = [], 0
    for finding in sorted(findings, key=lambda f: f.start):
        pieces += [text[at : finding.start], f"[{finding.kind}]"]
        at = finding.end
    return "".join([*pieces, text[at:]])
