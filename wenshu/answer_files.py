"""An answer as a file, for those whose rules let answers leave: the same request through the same gateway, recorded as an export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from governance.identity.labels import WORDS
from governance.identity.reidentification import checked_case
from governance.metrics.parsing import query_from_json
from governance.terms import Actor, Language
from nlq.answers.answer import Answer
from wenshu.knowing import Knowing
from wenshu.telling import Telling

SURFACE = "export"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile:
    """A file to hand over. `answer` is what it was made of."""

    name: str
    media: str
    body: bytes
    answer: Answer


class AnswerFiles:
    """Makes files of answers. Safe for threads."""

    def __init__(self, service: Knowing, *, pace: Callable[[str], Mapping[str, int]]) -> None:
        """`pace` raises TooManyQuestions for a caller who asks too fast; files count like questions."""
        self._service, self._pace = service, pace

    def take(
        self, actor: Actor, query: Mapping[str, object], *, purpose: str | None = None, language: Language = "zh", session: str | None = None, case: str | None = None
    ) -> AnswerFile | Answer:
        """Run the query as an export. Returns the file, or the answer that is none: a refusal (`export_not_allowed` among them) is recorded like any other.

        CSV in UTF-8 with a byte order mark: labels in the first line, numbers as stored, a hidden cell empty. The file's name says what it is in law
        (`wenshu-48213-aggregate.csv`), since a name goes where the file goes and a line in it would be read as data. Raises what `Service.query` raises.
        """
        case = checked_case(case) if case is not None else None
        budget = self._pace(actor.id)
        here = self._service.house.current()
        asked = self._service.purpose(here, actor, purpose)
        told = Telling(self._service, here, actor, asked, language, 0.0, session, None, SURFACE, case=case, budget=budget)
        answer = told.run(query_from_json(query), question=None, leaves=True)
        if answer.status != "answered":
            return answer
        document = answer.to_json()
        number = (document["receipt"] or {}).get("index", "")
        return AnswerFile(name=f"wenshu-{number}{_label(document)}.csv", media="text/csv; charset=utf-8", body=_csv(document), answer=answer)


def _label(document: Mapping[str, object]) -> str:
    """What the answer says that it is in law, as the end of a name; '' where it doesn't say."""
    explanation = document.get("explanation")
    said = " ".join(map(str, explanation.get("policy", ()))) if isinstance(explanation, Mapping) else ""
    # "de-identified personal information" holds "personal information": the longest words are looked for first.
    labels = sorted(WORDS.items(), key=lambda item: -len(item[1].en))
    return next((f"-{label}" for label, words in labels if f"数据标签：{words.zh}" in said or f"Label: {words.en}" in said), "")


def _csv(document: Mapping[str, object]) -> bytes:
    columns, rows = document["columns"], document["rows"]
    assert isinstance(columns, list)  # noqa: S101 - the answer's own document
    assert isinstance(rows, list)  # noqa: S101
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(column["label"]) for column in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(value: object) -> object:
    # A text that begins like a formula would be run by a spreadsheet.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
