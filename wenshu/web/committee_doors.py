"""What the committee's pages share: refusals told where they happened, and how large a sent text may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Blueprint, Response, request

from governance.errors import BundleError, InvalidQuery
from governance.terms import Text
from wenshu.committee.chinese import in_chinese
from wenshu.committee.errors import ChangedMeanwhile, ChangeRefused, GateClosed
from wenshu.web import problems
from wenshu.web.language import current, say
from wenshu.web.language import translate as _

MAX_TEXT = 2 * 1024 * 1024
"""Bytes of one file of a bundle, as a form sends it."""
REFUSALS = (ChangeRefused, GateClosed, ChangedMeanwhile, BundleError, InvalidQuery, problems.Problem)


def told(error: Exception) -> problems.Problem:
    """Return a refusal of the committee's room as a problem: 403 for four eyes and role, 400 for gates and for what changed meanwhile."""
    text: Text | None = getattr(error, "text", None)
    match error:
        case problems.Problem():
            return error
        case ChangeRefused():
            return problems.forbidden(say(text), code="not_permitted")
        case GateClosed():
            return problems.bad_request(say(text), code="gate_closed")
        case ChangedMeanwhile():
            return problems.bad_request(say(text), code="changed_meanwhile")
        case BundleError() if error.problems:
            first = error.problems[0]
            return problems.bad_request(_("The bundle can't be read: %(problem)s", problem=f"{first.where}: {_worded(first.message)}"), code="bundle")
        case InvalidQuery():
            found = problems.describe(error)
            found.detail = _worded(found.detail)
            return found
        case _:
            return problems.describe(error)


def _worded(message: str) -> str:
    return in_chinese(message) if current() == "zh" else message


@dataclass(slots=True)
class Caught:
    """Whether the act was refused, and why."""

    problem: problems.Problem | None = None

    def outdated(self) -> None:
        """Refuse because the reader saw something older."""
        self.problem = told(ChangedMeanwhile())


@contextmanager
def catching() -> Iterator[Caught]:
    """Catch a refusal of the committee's room, so that the page can say it beside what it is about."""
    caught = Caught()
    try:
        yield caught
    except REFUSALS as error:
        caught.problem = told(error)


def install(bp: Blueprint) -> None:
    """Let the blueprint tell refusals as problems, and take texts as large as a bundle's files."""

    @bp.url_value_preprocessor
    def _room(_endpoint: str | None, _values: dict[str, object] | None) -> None:
        request.max_content_length = request.max_form_memory_size = MAX_TEXT

    def answer(error: Exception) -> Response:
        return problems.respond(told(error))

    for kind in (ChangeRefused, GateClosed, ChangedMeanwhile, BundleError, InvalidQuery):
        bp.register_error_handler(kind, answer)
