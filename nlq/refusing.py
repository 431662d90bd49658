"""Refusals that the words alone give reason for, in the contracts' order: the bundle's guard, persons named, persons listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.terms import Text
from nlq.draft import Draft
from nlq.guard import ORDER
from nlq.lexicon import LexiconView
from nlq.matching import Token
from nlq.words import FILLER


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRefusal:
    """A refusal that the words alone give reason for. `contact` is an id of the bundle's contacts."""

    code: str
    message: Text
    rule: str
    contact: str | None = None


class Refuser:
    """Judges one question. `said` is the normalised text as typed, `person` whether the screener found an identity in it."""

    def __init__(self, view: LexiconView, draft: Draft, tokens: Sequence[Token], *, said: str, person: bool) -> None:
        self.view, self.draft, self.tokens, self.said, self.person = view, draft, tokens, said, person

    def _marked(self, mark: str) -> bool:
        name, _, argument = mark.partition(":")
        if name == "person":
            return self.person
        if name == "metric_tag":
            metrics = self.view.lexicon.metrics
            return any(argument in metrics[m.id].tags for token in self.draft.metrics if not token.partial for m in token.meanings if m.id in metrics)
        if name in ("dimension", "dimension_name"):
            kinds = ("dimension",) if name == "dimension_name" else ("dimension", "value")
            return any(m.kind in kinds and m.id == argument for token in self.tokens for m in token.meanings)
        return name == "asks_members" and self._asks_members()

    def _averaged(self) -> bool:
        """平均每位医生…: an average over persons asks for none of them."""
        kinds = [token.kind for token in self.tokens if token.kind != FILLER]
        return "?G" in "".join(kinds) or "GD?" in "".join(kinds)

    def _asks_members(self) -> bool:
        """Whether single members of a protected person's dimension are asked for, by name, list or rank."""
        dimensions = self.view.lexicon.dimensions
        for group in self.draft.groups:
            person = any((info := dimensions.get(name)) is not None and info.person for name in group.token.ids("dimension"))
            alone = not self.draft.metrics and any(token.kind == "L" for token in self.tokens)
            if person and alone:
                return True
            if person and not self._averaged() and (group.explicit or self.draft.lists or (self.draft.ordering is not None and self._ranked(group.token))):
                return True
        return False

    def _ranked(self, name: Token) -> bool:
        """Whether nothing else that is grouped could be what is ranked: 触达最多的医生, but not 医生触达最多的大区."""
        return not any(group.token is not name for group in self.draft.groups) and not self.draft.periods and self.draft.grain is None

    def refusal(self) -> LanguageRefusal | None:
        """Return the first reason that applies, or None."""
        found = [
            LanguageRefusal(code=rule.code, message=rule.message, rule=rule.rule, contact=rule.contact)
            for rule in self.view.lexicon.guard.find(self.said, self._marked)
        ]
        hidden = [name for name, info in self.view.lexicon.dimensions.items() if info.person and name not in self.view.dimensions]
        if self._asks_members() and self._marked("metric_tag:prescribing"):
            message = Text(
                zh="这类指标属于红线，不能与个人关联，任何人都不能查询。",
                en="Measures of this kind can't be linked to a person, by anyone.",
            )
            found.append(LanguageRefusal(code="prescription_by_doctor", message=message, rule="language.prescribing_by_person"))
        if self.person:
            message = Text(
                zh="问题里有可以识别到个人的信息。这里只回答汇总数据；您的原话没有被保存。",
                en="The question identifies a person. Only aggregates are answered here; your words were not stored.",
            )
            found.append(LanguageRefusal(code="identity_in_question", message=message, rule="language.identity"))
        if self._asks_members() and hidden:
            message = Text(zh="这里不提供个人层级的数据或名单，可以按大类汇总查询。", en="Individual-level data and lists of persons are not available; ask for groups instead.")
            found.append(LanguageRefusal(code="individual_level", message=message, rule="language.individual"))
        return min(found, key=lambda item: ORDER.index(item.code), default=None)
