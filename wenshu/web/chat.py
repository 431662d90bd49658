"""`/`: a question, its answer, and what one can do with it. Every address works as a plain form; our script asks for the same pieces."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wenshu.conversations import UnknownConversation
from wenshu.web import charts, forms, problems
from wenshu.web.context import service, web
from wenshu.web.language import current, say
from wenshu.web.language import translate as _
from wenshu.web.models import MAX_QUESTION
from wenshu.web.places import places
from wenshu.web.ports.shapes import JSON, AnswerLike
from wenshu.web.present import Card, card
from wenshu.web.security import actor, session_id, visitor

bp = Blueprint("chat", __name__)
_CONVERSATION = re.compile(r"[A-Za-z0-9_-]{1,64}")
DRAWN = 3
"""So many of a conversation's newest charts are drawn at once; older answers keep their tables."""


@bp.get("/")
def home() -> AnyResponse:
    """An empty page that teaches by example; who may ask nothing goes to the first place of their own."""
    if not service().purposes(actor()):
        own = places(actor())
        return redirect(own[0].address if own else url_for("account.show"), 303)
    return _page([], conversation=None)


@bp.get("/c/<conversation>")
def past(conversation: str) -> AnyResponse:
    """A conversation of the reader's own; anyone else's isn't there."""
    return _page(_cards(list(service().conversation(actor(), conversation))), conversation=conversation)


@bp.post("/ask")
def ask() -> AnyResponse:
    """Ask in words."""
    question = request.form.get("question", "").strip()
    if not question:
        raise problems.bad_request(_("Type a question first, for example one of those on the page."), code="empty_question")
    if len(question) > MAX_QUESTION:
        raise problems.bad_request(_("A question has at most 2,000 characters."), code="too_large")
    conversation = _conversation() or secrets.token_urlsafe(12)
    purpose = request.form.get("purpose") or None
    answer = service().ask(actor(), question, purpose=purpose, conversation=conversation, session=session_id(), surface="web")
    return _answered(answer, question=question, conversation=conversation)


@bp.post("/query")
def query() -> AnyResponse:
    """Ask with the form fields, or with an option that was offered."""
    if "query" in request.form:
        wanted, said = forms.read_query(request.form["query"]), request.form.get("label")
    else:
        wanted, said = forms.read_form(request.form, _catalogue()), None
    purpose = request.form.get("purpose") or None
    conversation = _conversation()
    answer = service().query(actor(), wanted, purpose=purpose, conversation=conversation, language=current(), session=session_id(), surface="web")
    return _answered(answer, question=said, conversation=conversation)


@bp.post("/hand-on")
def hand_on() -> AnyResponse:
    """Hand a message on to drug safety or medical information; the page says what happened to it."""
    handed = service().hand_on(actor(), request.form.get("code", ""), request.form.get("message", ""))
    return make_response(render_template("_handed.html" if problems.wants_fragment() else "handed.html", handed=handed))


@bp.post("/complete")
def complete() -> Response:
    """What could be typed next. A POST, so that half a question is in no address, log or history."""
    text = request.form.get("text", "")[:MAX_QUESTION]
    found = [
        {
            "text": item["text"],
            "kind": item["kind"],
            "label": say(item.get("label")),
            "description": say(item.get("description")),
            "replace": item.get("replace"),
        }
        for item in service().complete(actor(), text, current())
    ]
    return jsonify({"completions": found})


@bp.get("/receipt/<event>")
def receipt(event: str) -> str:
    """An answer's proof, for the one who asked and for compliance."""
    return render_template("receipt.html", proof=service().audit_proof(actor(), event), event=event)


@bp.get("/assets/vega.js")
def vega() -> AnyResponse:
    """The chart library, from the installed package, for signed-in browsers."""
    script, tag = charts.bundle()
    response = make_response(script)
    response.mimetype = "text/javascript"
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response.make_conditional(request)


# ---------------------------------------------------------------------- within


def _conversation() -> str | None:
    given = request.form.get("conversation", "")
    return given if _CONVERSATION.fullmatch(given) else None


def _turns(conversation: str) -> list[JSON]:
    try:
        return list(service().conversation(actor(), conversation))
    except UnknownConversation:
        return []


def _catalogue() -> list[JSON]:
    """The reader's metric cards, asked for once a request."""
    if "catalogue" not in g:
        g.catalogue = list(service().metric_cards(actor()))
    found: list[JSON] = g.catalogue
    return found


def _metrics() -> dict[str, JSON]:
    return {str(item["id"]): item for item in _catalogue()}


def _cards(turns: list[JSON]) -> list[Card]:
    metrics = _metrics()
    newest = reversed(turns)
    return [
        card(turn["answer"], metrics=metrics, question=turn["question"], asked_at=turn["asked_at"], draw=place < DRAWN)
        for place, turn in enumerate(newest)
    ]


def _answered(given: AnswerLike, *, question: str | None, conversation: str | None) -> AnyResponse:
    document = given.to_json()
    web().telemetry.answers.labels(str(document.get("status"))).inc()
    metrics = _metrics()
    answer = card(document, metrics=metrics, question=question, asked_at=web().clock().isoformat(), table=service().display(given))
    if problems.wants_fragment():
        response = make_response(render_template("_answer.html", **_around([answer], conversation), answer=answer, fresh=document))
        if conversation:
            response.headers["X-Wenshu-Conversation"] = conversation
        return response
    event = (document.get("receipt") or {}).get("event")
    earlier = [turn for turn in (_turns(conversation) if conversation else []) if _event(turn) != event or event is None]
    return _page([answer, *_cards(earlier)], conversation=conversation, fresh=document)


def _event(turn: JSON) -> Any:
    return (turn["answer"].get("receipt") or {}).get("event")


def _around(cards: list[Card], conversation: str | None) -> dict[str, Any]:
    edits = {id(item): forms.query_form(item.raw["query"], _catalogue()) for item in cards if item.raw.get("query")}
    return {
        "conversation": conversation,
        "purposes": service().purposes(actor()),
        "chosen_purpose": request.form.get("purpose"),
        "edit_form": lambda item: edits.get(id(item)),
    }


def _page(cards: list[Card], *, conversation: str | None, fresh: JSON | None = None) -> AnyResponse:
    return make_response(
        render_template(
            "chat.html",
            cards=cards,
            examples=service().examples(actor(), current()) if not cards else (),
            conversations=service().conversations(actor()),
            who=visitor().account,
            most=MAX_QUESTION,
            fresh=fresh,
            **_around(cards, conversation),
        )
    )
