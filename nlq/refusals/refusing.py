"""Refusals that the words alone give reason for, in the contracts' order: the bundle's guard, persons named, persons listed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from governance.terms import Text
from nlq.draft import Draft
from nlq.guard import ORDER
from nlq.lexicon.lexicon import LexiconView
from nlq.matching import Token
from nlq.words.grammar import DIMENSION, FILLER, GROUP, METRIC, NOUN, TIME, UNKNOWN, VALUE, WHO
from nlq.words.normalise import normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRefusal:
    """A refusal that the words alone give reason for. `contact` is an id of the bundle's contacts."""

    code: str
    message: Text
    rule: str
    contact: str | None = None


_ROSTERS = frozenset(("名单", "名录", "名册", "花名册", "roster", "rosters", "name list"))
_PARTICULARS = re.compile(
    r"(?:手机|电话|联系|身份证|证件|银行卡|微信|编)(?:号码?|方式)|姓名|住址|家庭地址|邮箱|(?<![a-z])(?:phone|mobile|cell|telephone|contact|id|account|card) (?:numbers?|details?|info)|(?<![a-z])(?:e-?mail|home|postal) address(?:es)?|(?<![a-z])names of(?![a-z])|(?<![a-z])(?:full )?names (?:and|of)(?![a-z])"
)
_COUNTED = re.compile(r"\b(?:number|count|total|how many) ")
_COUNTS = ("数", "数量", "率", "比例", "count", "number")


class Refuser:
    """Judges one question. `said` is the normalised text as typed, `person` whether the screener found an identity in it.

    `mended` tells that a word was taken for a slip of another: it was not read as it stands.
    """

    def __init__(self, view: LexiconView, draft: Draft, tokens: Sequence[Token], *, said: str, person: bool, mended: bool = False) -> None:
        self.view, self.draft, self.tokens, self.said, self.person, self.mended = view, draft, tokens, said, person, mended

    def _marked(self, mark: str) -> bool:
        name, _, argument = mark.partition(":")
        if name == "person":
            return self.person
        if name == "metric_tag":
            return any(self._tagged(token, argument) for token in self.tokens)
        if name in ("dimension", "dimension_name"):
            kinds = ("dimension",) if name == "dimension_name" else ("dimension", "value")
            return any(m.kind in kinds and m.id == argument for token in self.tokens if token.kind != FILLER for m in token.meanings)
        if name == "unread":
            return self.mended or any(token.kind == UNKNOWN and any(char.isalpha() for char in token.text) for token in self.tokens)
        if name == "no_metric":
            return all(token.partial for token in self.draft.metrics)
        return name == "asks_members" and self._asks_members()

    def _tagged(self, token: Token, tag: str) -> bool:
        """Whether a word is a metric of this tag, or a noun that is counted by nothing else (卖, sold)."""
        metrics = self.view.lexicon.metrics
        if token.kind == METRIC:
            return not token.partial and any(tag in metrics[m.id].tags for m in token.meanings if m.id in metrics)
        nouns = [self.view.lexicon.nouns[int(m.id)] for m in token.meanings if m.kind == "noun" and token.kind == NOUN]
        return any(noun.metrics and all(tag in metrics[name].tags for name in noun.metrics if name in metrics) for noun in nouns)

    def _about_person(self, token: Token) -> bool:
        """Whether a word names a dimension, or a member of one, that belongs to persons (their team and territory included)."""
        known = self.view.lexicon
        found = [m.id for m in token.meanings if m.kind in ("dimension", "value")]
        found += [f.dimension for m in token.meanings if m.kind == "term" for f in known.terms[m.id].filters]
        return bool(found) and all((info := known.dimensions.get(name)) is not None and info.about_person for name in found)

    def _crosses(self) -> bool:
        """Whether a prescribing measure is asked by, or of, persons: as a cut, as a filter, or as the noun beside it (代表的业绩, doctor-level sales)."""
        said = [token for token in self.tokens if token.kind not in (FILLER, UNKNOWN, TIME, GROUP)]
        sold = [index for index, token in enumerate(said) if self._tagged(token, "prescribing")]
        if not sold:
            return False
        ranked = self.draft.ordering is not None
        cut = [group.token for group in self.draft.groups if group.explicit or group.listed or (ranked and self._ranked(group.token))]
        named = [*cut, *(member.token for member in self.draft.members), *self.draft.share_of]
        if any(self._about_person(token) and not self._bare(token) for token in named) or self._asks_who():
            return True
        beside = [said[near] for index in sold for near in (index - 1, index + 1) if 0 <= near < len(said)]
        return any(token.kind in (DIMENSION, VALUE) and self._about_person(token) and not self._bare(token) for token in beside)

    def _bare(self, token: Token) -> bool:
        """Whether a word is only the adjective of a yes-or-no dimension, with nobody named whom it describes: the target of `target vs actual revenue`."""
        dimensions = self.view.lexicon.dimensions
        found = [dimensions[m.id] for m in token.meanings if m.kind == "value" and m.id in dimensions]
        if not found or len(found) < len(token.meanings) or any(info.yes is None for info in found):
            return False
        if any(normalise(name) in token.text for info in found for name in (info.label.zh, info.label.en, *info.synonyms)):
            return False  # 目标医生 names them itself
        return not any(other.kind == NOUN or (other.kind == DIMENSION and self._about_person(other)) for other in self.tokens)

    def _asks_who(self) -> bool:
        """谁, who, 哪位, with no members to choose from: a person is the answer. 谁家 asks for a house."""
        if "谁家" in self.said or sum(token.kind == VALUE for token in self.tokens) > 1 or not any(token.kind == "W" and token.text in WHO for token in self.tokens):
            return False
        return not any(token.kind == DIMENSION and not self._about_person(token) for token in self.tokens)

    def _colleagues(self) -> bool:
        """Whether the persons that are named are of a kind that the caller may ask by, none of them protected: who are my top 5 reps."""
        named = [name for token in self.tokens if token.kind == DIMENSION and self._about_person(token) for name in token.ids("dimension")]
        return bool(named) and all(name in self.view.dimensions and not self.view.lexicon.dimensions[name].person for name in named)

    def _of_persons(self) -> bool:
        """Whether a metric or something of persons is said beside 谁: not 你是谁."""
        return bool(self.draft.metrics) or any(token.kind in (DIMENSION, VALUE, NOUN) and (token.kind == NOUN or self._about_person(token)) for token in self.tokens)

    def _lists_counted(self) -> bool:
        """列出触达的医生, list doctors reached: the persons that a metric counts, with nothing that groups them and no number asked for."""
        counts = any(token.kind == "U" for token in self.tokens) or _COUNTED.search(self.said) is not None
        if not any(token.kind == "l" for token in self.tokens) or self.draft.groups or counts:
            return False
        dimensions = self.view.lexicon.dimensions
        persons = {info.identifies for info in dimensions.values() if info.person}
        if not self.draft.metrics:
            return any(token.text in _ROSTERS for token in self.tokens) and not any(
                token.kind in (DIMENSION, VALUE) and not self._about_person(token) for token in self.tokens
            )
        known = self.view.lexicon.metrics
        if any(each.kind == DIMENSION and self._person(each) for token in self.draft.metrics for each in token.alternatives):
            return True  # passenger list, where passengers are a number too
        return any(
            known[m.id].counts in persons and not token.text.endswith(_COUNTS)
            for token in self.draft.metrics
            for m in token.meanings
            if m.id in known
        )

    def _particulars(self) -> bool:
        """所有车主的手机号, each owner's number: particulars of persons, by the names that the bundle's tables have for them."""
        if any(not token.partial for token in self.draft.metrics) or not _PARTICULARS.search(self.said):
            return False
        dimensions = self.view.lexicon.dimensions.values()
        called = {said for info in dimensions if info.person for said in (*info.carriers, normalise(info.label.zh), normalise(info.label.en)) if len(said) > 1}
        called |= {said[:-1] for said in called if said.isascii() and said.endswith("s")}
        return any(said in self.said for said in called)

    def _person(self, token: Token) -> bool:
        dimensions = self.view.lexicon.dimensions
        return any((info := dimensions.get(name)) is not None and info.person for name in token.ids("dimension"))

    def _averaged(self) -> bool:
        """平均每位医生…: an average over persons asks for none of them."""
        kinds = [token.kind for token in self.tokens if token.kind != FILLER]
        return "?G" in "".join(kinds) or "GD?" in "".join(kinds)

    def _asks_members(self) -> bool:
        """Whether single members of a protected person's dimension are asked for, by name, list or rank."""
        dimensions = self.view.lexicon.dimensions
        for group in self.draft.groups:
            person = any((info := dimensions.get(name)) is not None and info.person for name in group.token.ids("dimension"))
            alone = not self.draft.metrics and any(token.kind == "L" for token in self.tokens) and not self.said.endswith(_COUNTS)
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
        if self._crosses() or (self._asks_members() and self._marked("metric_tag:prescribing")):
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
        if hidden and (self._asks_members() or self._lists_counted() or self._particulars() or (self._asks_who() and self._of_persons() and not self._colleagues())):
            message = Text(zh="这里不提供个人层级的数据或名单，可以按大类汇总查询。", en="Individual-level data and lists of persons are not available; ask for groups instead.")
            found.append(LanguageRefusal(code="individual_level", message=message, rule="language.individual"))
        return min(found, key=lambda item: ORDER.index(item.code), default=None)
