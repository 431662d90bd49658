"""Answers as files: a button under an answer, and `POST /api/v1/export` for programs. Who may is the policy's to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from wenshu.answer_files import AnswerFile
from wenshu.web import forms, openapi
from wenshu.web.api import bp as programs
from wenshu.web.api import registry
from wenshu.web.context import service
from wenshu.web.language import current
from wenshu.web.language import translate as _
from wenshu.web.models import QueryRequest
from wenshu.web.ports.shapes import AnswerLike
from wenshu.web.problems import Problem, forbidden
from wenshu.web.security import actor, session_id

bp = Blueprint("answer_files", __name__)


@bp.post("/answer-file")
def take() -> Response:
    """The answer under which the button stands, as a file."""
    return _file(forms.read_query(request.form.get("query", "")), request.form.get("purpose") or None)


@registry.route(programs, "/api/v1/export", method="POST", summary="An answer as a CSV file, where the policy lets it leave", body=QueryRequest, response=None, media="text/csv")
def export() -> Response:
    asked = openapi.body(QueryRequest)
    return _file(asked.query, asked.purpose, asked.case)


def _file(query: Mapping[str, Any], purpose: str | None, case: str | None = None) -> Response:
    found = service().answer_files.take(actor(), query, purpose=purpose, language=current(), session=session_id(), case=case)
    if not isinstance(found, AnswerFile):
        raise _refused(found)
    response = Response(found.body, content_type=found.media)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(answer: AnswerLike) -> Problem:
    refusal = answer.to_json().get("refusal") or {}
    you_may = [str(item) for item in refusal.get("you_may", ())]
    problem = forbidden(" ".join([str(refusal.get("message") or _("There is no answer to put into a file.")), *you_may]), code=str(refusal.get("code") or "no_answer"))
    problem.more = {"rule": refusal.get("rule"), "you_may": you_may}
    return problem
