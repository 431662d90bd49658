"""Doubtful cases as a steward sees them: what was said and whom it may mean, side by side, masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governance.identity.doubts import Decision, Thresholds, Words, token_key
from governance.identity.evidence import NONE
from governance.identity.linking import Judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from governance.documents.extracts import Linking
    from governance.identity.evidence import Evidence, Interner
    from governance.identity.keys import Key
    from governance.ingest.persons import Persons
    from governance.ingest.things import Things

_ENDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How one entity's persons are described: its places and traits in words."""

    persons: Persons
    places: Things | None
    traits: Mapping[str, Interner[str]]

    def judge(self, key: Key, linking: Linking, decisions: Mapping[str, Decision]) -> Judge:
        """The judge of doubtful cases; `key` makes tokens that nobody else can make."""
        own = token_key(key, self.persons.entity)
        return Judge(
            words=Words(
                names=self.persons.names,
                place=lambda thing: "" if self.places is None else self.places.keys[thing],
                trait=lambda trait, code: self.traits[trait].things[code],
                digest=own.mac,
            ),
            thresholds=Thresholds(accept=linking.accept, runner_up=linking.runner_up, review=linking.review),
            decisions=decisions,
        )

    def cases(self) -> list[dict[str, Any]]:
        """The doubtful cases, masked: `token`, `kind`, `source`, `rows`, `said` and `candidates` (each `token`, `likeness`, `agreement`, `said`).

        What may be about somebody who was erased on request is no case: nobody is shown that person again.
        """
        persons = self.persons
        if persons.links is None:
            return []
        labels = self.places.labels() if self.places is not None else {}
        records, who = persons.evidence[persons.register], persons.links.register.person
        erased = {person for person, key in enumerate(persons.keys) if key is None}
        return [
            {
                "token": doubt.token,
                "kind": doubt.kind,
                "entity": persons.entity,
                "source": doubt.source,
                "rows": doubt.rows,
                "said": self._said(records if doubt.kind != "row" else doubt.evidence, doubt.row, labels),
                "record": doubt.record,
                "candidates": [
                    {
                        "token": candidate.token,
                        "likeness": candidate.probability,
                        "agreement": dict(candidate.agreement),
                        "said": self._said(records, candidate.row, labels),
                    }
                    for candidate in doubt.candidates
                ],
            }
            for doubt in persons.links.doubts
            if not erased or erased.isdisjoint(int(who[row]) for row in (*(item.row for item in doubt.candidates), *([] if doubt.kind == "row" else [doubt.row])))
        ]

    def _said(self, evidence: Evidence, row: int, labels: Mapping[int, str]) -> dict[str, str]:
        """One description, masked: a name by its first character, an identifier by its end; places and traits in clear."""
        told: dict[str, str] = {}
        names = [self.persons.names.things[code] for codes in evidence.names if (code := int(codes[row])) != NONE]
        if names:
            told["name"] = mask_name(names[0])
        if evidence.place is not None and evidence.place[row] >= 0:
            told["place"] = labels.get(int(evidence.place[row]), "")
        for trait, codes in evidence.traits.items():
            if codes[row] != NONE:
                told[trait] = self.traits[trait].things[int(codes[row])]
        for kind, nodes in evidence.ranked():
            if nodes[row] != NONE and kind not in told:
                told[kind] = mask_identifier(self.persons.nodes.things[int(nodes[row])][1])
        return told


def mask_name(name: str) -> str:
    """A name by its first character and its length: 张**."""
    return name[:1] + "*" * (len(name) - 1)


def mask_identifier(value: str) -> str:
    """An identifier by its last two characters: enough to tell two apart, not to find anybody."""
    return "…" + value[-_ENDING:] if len(value) > 3 * _ENDING else "…"
