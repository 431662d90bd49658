"""Golden questions in a metric's form: tried as they are typed, and given the query that their words are read as where none is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.errors import BundleError
from wenshu.committee.golden_views import lacking_languages
from wenshu.committee.shapes import GoldenQuestionView
from wenshu.committee.splicing import flow
from wenshu.web.committee_objects import Thing, changed_text
from wenshu.web.context import service
from wenshu.web.language import say
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request
from wenshu.web.security import actor

KEY = "golden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A thing's text as the sent fields make it, and how its golden questions are read then; none where the draft can't be read."""

    text: str
    questions: tuple[GoldenQuestionView, ...] = ()

    def settle(self) -> None:
        """Refuse a question that has no query and that nobody understands."""
        for item in self.questions:
            if not item["query"]:
                raise bad_request(_("“%(ask)s” is not understood: phrase it another way, or write its query.", ask=item["ask"]))


def as_sent(draft: str, text: str, thing: Thing, values: Mapping[str, Any]) -> Tried:
    """Return the text with the changed fields; questions without a query get the one that their words are read as in it."""
    asked = values.get(KEY)
    if thing.kind != "metric" or not asked:
        return Tried(text=changed_text(text, thing, values))
    bare = changed_text(text, thing, {**values, KEY: [{**item, "query": item["query"] or {}} for item in asked]})
    questions = _tried(draft, thing, asked, bare)
    if not questions:
        return Tried(text=bare)
    filled = [{**item, "query": item["query"] or dict(read["query"])} for item, read in zip(asked, questions, strict=True)]
    return Tried(text=changed_text(text, thing, {**values, KEY: filled}), questions=questions)


def as_kept(draft: str, text: str, thing: Thing) -> Tried:
    """Return how the golden questions are read that the draft has."""
    asked = [item for item in thing.value.get(KEY) or () if isinstance(item, Mapping) and isinstance(item.get("ask"), str) and isinstance(item.get("query"), Mapping)]
    return Tried(text=text, questions=_tried(draft, thing, asked, text) if thing.kind == "metric" and asked else ())


def _tried(draft: str, thing: Thing, asked: list[Any], text: str) -> tuple[GoldenQuestionView, ...]:
    try:
        return tuple(service().committee.try_golden(actor(), draft, thing.id, asked, path=thing.path, text=text))
    except BundleError:
        # The page says beside the fields what keeps the draft from being read.
        return ()


def lines(tried: Tried) -> list[dict[str, Any]]:
    """Return a line a question: whether it passes, its language, what is said of it, and its query as text."""
    return [{"passes": item["passes"], "lang": item["lang"], "said": line(item), "query": flow(dict(item["query"])) if item["query"] else ""} for item in tried.questions]


def line(item: GoldenQuestionView) -> str:
    """Return in the reader's words how a golden question is read."""
    read_as, approved = say(item["read_as"]) if item["read_as"] else "", say(item["approved"]) if item["approved"] else ""
    if item["why"]:
        return str(say(item["why"]))
    match item["status"]:
        case "read":
            return _("read as: %(query)s", query=read_as)
        case "taught":
            return _("the parser is unsure; these very words are answered with: %(query)s", query=approved)
        case "refused":
            return _("it is refused, or is no question; phrase it another way")
        case _ if read_as:
            return _("read as: %(query)s; approved is: %(approved)s", query=read_as, approved=approved)
        case _:
            return _("not understood; approved is: %(approved)s", approved=approved)


def lacking(tried: Tried) -> str:
    """Return which languages still need a golden question, empty where none does."""
    missing = [say(language) for language in lacking_languages(tried.questions)]
    return _("Still needed: one in %(languages)s", languages=_(" and one in ").join(missing)) if missing else ""
