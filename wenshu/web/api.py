"""`/api/v1`, for programs, and the probes. Shapes and statuses are contracts.md section 7; every route is described in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Response, jsonify, request

from wenshu.web import openapi, security
from wenshu.web.context import service, web
from wenshu.web.language import current, say
from wenshu.web.language import translate as _
from wenshu.web.models import (
    AnswerModel,
    AskRequest,
    CheckpointModel,
    EventsModel,
    HealthModel,
    MeModel,
    MetricsModel,
    ProofModel,
    QueryRequest,
    ReadyModel,
)
from wenshu.web.problems import bad_request

bp = Blueprint("api", __name__)
probes = Blueprint("probes", __name__)
registry = openapi.Registry()

FILTERS: Mapping[str, str] = {
    "type": "intent, outcome …",
    "actor": "the account",
    "department": "the account's department",
    "role": "the account's role",
    "purpose": "the purpose stated",
    "metric": "a metric's id",
    "decision": "allow, refuse …",
    "outcome": "answered, refused or failed",
    "code": "a refusal's code",
    "rule": "the rule that decided",
    "case": "the case it was asked for",
    "data_class": "a class of data that was touched",
    "session": "one session",
    "surface": "web, api, cli, mcp …",
    "request": "the id that joins an intent and its outcome",
    "day": "a local day, YYYY-MM-DD",
    "since": "first local day, YYYY-MM-DD",
    "until": "last local day, YYYY-MM-DD",
    "text": "words that must all occur in the event",
}
"""Filters of the ledger; several values of one are separated by commas."""
PAGE = {"cursor": "`next` of the page before", "limit": "1–200, 50 by default"}
MAX_LIMIT = 200


@registry.route(bp, "/api/v1/ask", method="POST", summary="Ask a question in Chinese or English", body=AskRequest, response=AnswerModel)
def ask() -> Response:
    asked = openapi.body(AskRequest)
    answer = service().ask(
        security.actor(),
        asked.question,
        purpose=asked.purpose,
        conversation=asked.conversation,
        session=security.session_id(),
        case=asked.case,
    )
    return _answered(answer.to_json())


@registry.route(bp, "/api/v1/query", method="POST", summary="Run a MetricQuery", body=QueryRequest, response=AnswerModel)
def query() -> Response:
    asked = openapi.body(QueryRequest)
    answer = service().query(
        security.actor(), asked.query, purpose=asked.purpose, language=current(), session=security.session_id(), case=asked.case
    )
    return _answered(answer.to_json())


def _answered(document: dict[str, Any]) -> Response:
    web().telemetry.answers.labels(str(document.get("status"))).inc()
    return jsonify(document)


@registry.route(bp, "/api/v1/metrics", summary="The metrics that the caller may use", response=MetricsModel)
def metrics() -> Response:
    return jsonify({"metrics": [plain_card(card) for card in service().metric_cards(security.actor())]})


def plain_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metric card with every word in the reader's language."""
    dimensions = [{"id": choice_id(choice), "label": choice_label(choice)} for choice in card["dimensions"]]
    words = {key: say(card[key]) if card.get(key) is not None else None for key in ("label", "definition", "unit", "caveat")}
    plain = {key: str(card[key]) for key in ("approved_on", "version")} | {key: say(card.get(f"{key}_label") or card[key]) for key in ("owner", "approver")}
    lists = {key: [say(word) for word in card.get(key) or ()] for key in ("synonyms", "examples")}
    return {"id": card["id"], "stage": card["stage"], **words, **plain, **lists, "dimensions": dimensions}


def choice_id(choice: Any) -> str:
    """The id of a dimension given as `{id, label}` or as bare id."""
    return str(choice["id"] if isinstance(choice, Mapping) else choice)


def choice_label(choice: Any) -> str:
    """The label of a dimension given as `{id, label}` or as bare id."""
    return say(choice["label"]) if isinstance(choice, Mapping) else str(choice)


@registry.route(bp, "/api/v1/me", summary="Who the caller is", response=MeModel)
def me() -> Response:
    account = security.visitor().account
    purposes = [
        {"id": purpose["id"], "label": say(purpose["label"]), "default": bool(purpose["default"])}
        for purpose in service().purposes(security.actor())
    ]
    return jsonify(
        {
            "id": account.id,
            "name": say(account.name),
            "role": account.role,
            "department": account.department,
            "attributes": dict(account.attributes),
            "purposes": purposes,
        }
    )


# ---------------------------------------------------------------------- the ledger


@registry.route(bp, "/api/v1/audit/events", summary="Search the ledger", response=EventsModel, query={**FILTERS, **PAGE})
def audit_events() -> Response:
    filters, cursor, limit = ledger_filters()
    return jsonify(dict(service().audit_events(security.actor(), filters, cursor, limit)))


def ledger_filters(*, default: int = 50) -> tuple[dict[str, str], str | None, int]:
    """Read filters, cursor and limit from the address; an unknown or malformed one is a problem, never ignored."""
    unknown = set(request.args) - set(FILTERS) - set(PAGE) - {"lang"}
    if unknown:
        raise bad_request(_("Unknown filter: %(names)s. Known ones: %(known)s.", names=", ".join(sorted(unknown))[:100], known=", ".join(FILTERS)))
    filters = {name: value for name in FILTERS if (value := request.args.get(name, "").strip())}
    try:
        limit = int(request.args.get("limit", default))
    except ValueError:
        limit = 0
    if not 1 <= limit <= MAX_LIMIT:
        raise bad_request(_("limit must be a number from 1 to %(most)d.", most=MAX_LIMIT))
    return filters, request.args.get("cursor") or None, limit


@registry.route(bp, "/api/v1/audit/checkpoint", summary="The newest signed checkpoint", response=CheckpointModel)
def audit_checkpoint() -> Response:
    return jsonify({"checkpoint": service().audit_checkpoint()})


@registry.route(bp, "/api/v1/audit/proof/<event>", summary="Proof that an event is in the ledger", response=ProofModel)
def audit_proof(event: str) -> Response:
    return jsonify(dict(service().audit_proof(security.actor(), event)))


# ---------------------------------------------------------------------- probes and description


@registry.route(probes, "/healthz", summary="The process is alive", response=HealthModel, public=True, statuses=())
def healthz() -> Response:
    return jsonify(dict(service().health()))


@registry.route(probes, "/readyz", summary="Stores, ledger and policy answer", response=ReadyModel, public=True, statuses=(503,))
def readyz() -> Response:
    state = service().ready()
    checks, ready = dict(state["parts"]), bool(state["ready"])
    document: dict[str, Any] = {"status": "ready" if ready else "not_ready", "checks": checks}
    if not ready:
        failed = ", ".join(sorted(name for name, state in checks.items() if state != "ok"))
        document |= {"type": "urn:wenshu:problem:not_ready", "title": "Not ready", "code": "not_ready"}
        document |= {"detail": f"Not ready: {failed}. `wenshu check` says how to mend each.", "checks": checks}
        response = jsonify(document | {"status": 503})
        response.mimetype, response.status_code = "application/problem+json", 503
        return response
    return jsonify(document)


@registry.route(probes, "/metrics", summary="Prometheus counters", response=None, public=True, statuses=(), media="text/plain")
def metrics_exposition() -> Response:
    text, content_type = web().telemetry.exposition()
    return Response(text, content_type=content_type)


@registry.route(bp, "/api/openapi.json", summary="This interface's description", response=None, public=True, statuses=())
def openapi_document() -> Response:
    return jsonify(openapi.document(registry.operations, version=release()))


def release() -> str:
    """The installed version, or `0` when run from an uninstalled checkout."""
    try:
        return version("wenshu")
    except PackageNotFoundError:
        return "0"
