"""The loss report: what was left out, what was carried but counts otherwise in named cases, and what the committee must still decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Grade = Literal["lost", "differs", "decide"]
GRADES: tuple[Grade, ...] = ("lost", "differs", "decide")
_HEADINGS: dict[Grade, str] = {
    "lost": "Left out",
    "differs": "Carried, but different in the case named",
    "decide": "To be decided by the committee before approval",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of the report: the object (`metric revenue`), what of it, and why."""

    grade: Grade
    object: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.object}: {self.what}: {self.why}"


@dataclass(slots=True)
class Report:
    """Collects the notes of one import or export, each once, in the order in which they arise; counts what was carried."""

    notes: list[Note] = field(default_factory=list)
    carried: dict[str, int] = field(default_factory=dict)

    def add(self, grade: Grade, item: str, what: str, why: str) -> None:
        note = Note(grade=grade, object=item, what=what, why=why)
        if note not in self.notes:
            self.notes.append(note)

    def lost(self, item: str, what: str, why: str) -> None:
        self.add("lost", item, what, why)

    def of(self, grade: Grade) -> list[Note]:
        """Return the notes of one grade."""
        return [note for note in self.notes if note.grade == grade]

    def to_json(self) -> dict[str, Any]:
        """Return `carried` (kind → number) and for each grade the list of `{object, what, why}`."""
        listed: dict[str, Any] = {grade: [{"object": note.object, "what": note.what, "why": note.why} for note in self.of(grade)] for grade in GRADES}
        return {"carried": dict(self.carried), **listed}

    def lines(self) -> list[str]:
        """Return the report as lines for people, Markdown that also reads as plain text."""
        out = ["Carried: " + (", ".join(f"{count} {kind}" for kind, count in self.carried.items()) or "nothing") + "."]
        for grade in GRADES:
            found = self.of(grade)
            if found:
                out += ["", f"{_HEADINGS[grade]} ({len(found)}):", ""]
                out += [f"- {note}" for note in found]
        if not self.of("lost"):
            out += ["", "Nothing was left out."]
        return out
