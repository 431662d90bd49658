"""What goes wrong, in one place: every fault becomes an RFC 9457 problem document for programs and a friendly page for people.

The only statuses are those of contracts.md section 7. A wrong method is a page that isn't there (404), an oversized body a bad request
(400), and what nobody foresaw 503 with a reference for the log. Nothing personal is in any of them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from audit.errors import AuditUnavailable
from audit.errors import NotFound as NoSuchEvent
from governance.errors import ConfigurationError, InvalidQuery, UnsoundQuery, WarehouseError, WenshuError
from wenshu.accounts import SignInFailed
from wenshu.conversations import UnknownConversation
from wenshu.desk import NotPermitted
from wenshu.pace import TooManyQuestions
from wenshu.throttle import Throttled
from wenshu.web.language import current
from wenshu.web.language import translate as _

TYPE = "urn:wenshu:problem:"
"""Problem types are names, not addresses: nothing is fetched inside a company's network."""
log = logging.getLogger("wenshu.web")


@dataclass(kw_only=True, eq=False)
class Problem(Exception):
    """A fault with its HTTP status, its stable `code`, a title and what to do next."""

    status: int
    code: str
    title: str
    detail: str
    retry_after: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The RFC 9457 document."""
        base = {"type": TYPE + self.code, "title": self.title, "status": self.status, "detail": self.detail, "code": self.code}
        return base | self.more


def not_found() -> Problem:
    return Problem(status=404, code="not_found", title=_("Not found"), detail=_("There is nothing at this address, or it isn't yours to see."))


def not_authenticated() -> Problem:
    return Problem(
        status=401,
        code="not_authenticated",
        title=_("Please sign in"),
        detail=_("Send a bearer token (`wenshu user token USER` prints one) or sign in with the browser. Nothing was done."),
    )


def bad_request(detail: str, *, code: str = "bad_request", **more: Any) -> Problem:
    return Problem(status=400, code=code, title=_("This request can't be read"), detail=detail, more=more)


def forbidden(detail: str, *, code: str = "forbidden") -> Problem:
    return Problem(status=403, code=code, title=_("This is not open to you"), detail=detail)


def unavailable(code: str, detail: str) -> Problem:
    return Problem(status=503, code=code, title=_("Not available right now"), detail=detail, retry_after=5)


def describe(error: BaseException) -> Problem:
    """Return the problem that an exception means. Never carries an unforeseen exception's own text."""
    match error:
        case Problem():
            return error
        case TooManyQuestions():
            detail = _("Too many questions in a minute. Please wait %(seconds)d seconds; nothing is lost.", seconds=error.retry_after)
            return Problem(status=429, code="throttled", title=_("Please wait a moment"), detail=detail, retry_after=error.retry_after)
        case Throttled():
            detail = _("Too many wrong attempts. Please wait %(seconds)d seconds and try again; nothing is lost.", seconds=error.retry_after)
            return Problem(status=429, code="throttled", title=_("Please wait a moment"), detail=detail, retry_after=error.retry_after)
        case SignInFailed():
            return not_authenticated()
        case UnsoundQuery():
            detail = error.zh if current() == "zh" else str(error)
            return bad_request(detail, code=error.code, alternatives=list(error.alternatives))
        case InvalidQuery():
            return bad_request(str(error), code=error.code)
        case NotPermitted():
            return forbidden(_("Your role may not see this page. If you need it, ask the data governance committee."), code="not_permitted")
        case NoSuchEvent() | UnknownConversation():
            return not_found()
        case AuditUnavailable():
            detail = _("The audit ledger can't be written or read now, so no data is released. Nothing is lost; try again in a moment.")
            return unavailable("audit_unavailable", detail)
        case WarehouseError():
            return unavailable("warehouse_unavailable", _("The data warehouse did not answer in time. Nothing is lost; try again in a moment."))
        case ConfigurationError():
            return unavailable("misconfigured", _("The service is not set up completely. An administrator finds the cause with `wenshu check`."))
        case WenshuError():
            return bad_request(str(error))
        case RequestEntityTooLarge():
            return bad_request(_("The request is too large; a question has at most 2,000 characters."), code="too_large")
        case HTTPException(code=404 | 405):
            return not_found()
        case HTTPException(code=int(code)) if code < 500:
            return bad_request(_("The request is malformed."))
        case _:
            return unavailable(
                "unexpected",
                _("Something went wrong on our side. Nothing is lost. If it happens again, tell the administrators the reference %(reference)s.", reference=g.get("reference", "—")),
            )


def install(app: Flask) -> None:
    """Answer every error of the app."""
    app.register_error_handler(Exception, _handle)


def _handle(error: Exception) -> Response:
    problem = describe(error)
    if problem.status == 503:
        report(error)
    return respond(problem)


def report(error: BaseException) -> None:
    """Log where an error came from: types and places only, since messages and arguments can carry what people typed."""
    places, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_qualname if hasattr(code, 'co_qualname') else code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    cause = type(error.__cause__).__name__ if error.__cause__ else "-"
    log.error("reference=%s error=%s cause=%s at=%s", g.get("reference", "-"), type(error).__name__, cause, " > ".join(places[-12:]))


def wants_json() -> bool:
    """Whether a program is asking: by address, by content or by preference."""
    if request.path.startswith("/api/") or request.path in {"/healthz", "/readyz", "/metrics"} or request.is_json:
        return True
    accepts = request.accept_mimetypes
    return accepts["application/json"] > accepts["text/html"]


def wants_fragment() -> bool:
    """Whether our own script asks for the piece of page that it will insert."""
    return request.headers.get("X-Wenshu-Fragment") == "1"


def respond(problem: Problem) -> Response:
    """Return the problem as document, fragment or page, whichever was asked for."""
    g.broken = problem.status == 503
    if wants_json() and not wants_fragment():
        response = jsonify(problem.document())
        response.mimetype = "application/problem+json"
    else:
        template = "_problem.html" if wants_fragment() else "problem.html"
        response = make_response(render_template(template, problem=problem))
    response.status_code = problem.status
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="wenshu"'
    return response
