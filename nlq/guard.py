"""The intent guard: questions that end before they are read as a query, by rules whose words the bundle holds.

Beside the rules there is one check of the machine itself: text that is SQL is no question (it is never run in any case).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from governance.documents.lexicon import GuardRule
from governance.terms import Text
from nlq.words.phrase_index import PhraseIndex

ORDER = ("adverse_event", "off_label", "prescription_by_doctor", "identity_in_question", "individual_level", "row_scope", "not_understood")
"""The order in which reasons are given (contracts.md section 3); what is no question at all comes last."""

_SQL = re.compile(
    r"\bselect\b.{1,200}\bfrom\b|\b(?:drop|truncate|alter|create)\s+(?:table|database|view|schema|user)\b|\bunion\s+(?:all\s+)?select\b|\binsert\s+into\b"
    r"|\bdelete\s+from\b|\bupdate\s+\S+\s+set\b|;\s*--|\bor\s+1\s*=\s*1\b|\bexec(?:ute)?\s*\(|\binformation_schema\b|\bpg_catalog\b|\bgrant\s+all\b|'\s*or\s*'",
    re.IGNORECASE | re.DOTALL,
)


def is_sql(text: str) -> bool:
    """Return whether the text is, or contains, a statement in SQL."""
    return _SQL.search(text) is not None


@dataclass(frozen=True, slots=True)
class _Group:
    words: int
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    rule: GuardRule
    groups: tuple[_Group, ...]
    unless: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A rule that holds for a question."""

    rule: str
    code: str
    message: Text
    contact: str | None


@dataclass(frozen=True, slots=True)
class Guard:
    """The compiled rules, in the order of their codes; a group's words, and those that lift a rule, are the numbers of lists in the index."""

    rules: tuple[_Rule, ...]
    _index: PhraseIndex

    @classmethod
    def compile(cls, rules: Iterable[GuardRule]) -> Guard:
        compiled: list[_Rule] = []
        lists: list[tuple[str, ...]] = []
        for rule in sorted(rules, key=lambda rule: ORDER.index(rule.code)):
            first = len(lists)
            lists += [group.words.all for group in rule.all_of]
            groups = tuple(_Group(first + at, group.marks) for at, group in enumerate(rule.all_of))
            compiled.append(_Rule(rule, groups, len(lists)))
            lists.append(rule.unless.all)
        return cls(tuple(compiled), PhraseIndex.build(lists))

    def contact_for(self, code: str) -> str | None:
        """Return the contact that the first rule of this code names."""
        return next((item.rule.contact for item in self.rules if item.rule.code == code and item.rule.contact is not None), None)

    def find(self, text: str, marked: Callable[[str], bool]) -> tuple[Guarded, ...]:
        """Return the rules that hold for normalised `text`, first reason first. `marked` tells whether a mark holds."""
        found = []
        said = self._index.within(text)
        for item in self.rules:
            if item.unless in said:
                continue
            if all(group.words in said or any(marked(mark) for mark in group.marks) for group in item.groups):
                rule = item.rule
                found.append(Guarded(rule=rule.id, code=rule.code, message=rule.message.text(), contact=rule.contact))
        return tuple(found)
