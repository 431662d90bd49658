"""The application: parts put together, nothing else. No state outside the app; the clock and the key are handed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask, g
from werkzeug.middleware.proxy_fix import ProxyFix

from wenshu.web import (
    access_reviews,
    account,
    answer_files,
    api,
    catalogue,
    chat,
    committee,
    committee_drafts,
    committee_editor,
    data,
    data_files,
    granting,
    language,
    ledger_words,
    persons,
    problems,
    review,
    review_desk,
    rights,
    signin,
)
from wenshu.web.context import KEY, Web
from wenshu.web.places import Place, places
from wenshu.web.ports.house import ServicePort
from wenshu.web.security import Guard, Visitor
from wenshu.web.sessions import Sessions
from wenshu.web.telemetry import Telemetry

MAX_BODY = 64 * 1024
"""Bytes of a request's body; a question is far smaller."""


def create_app(
    service: ServicePort,
    *,
    secret_key: bytes,
    secure_cookies: bool,
    clock: Callable[[], datetime],
    zone: str = "Asia/Shanghai",
    trusted_proxies: int = 0,
) -> Flask:
    """Return the web service over `service`.

    `secret_key`: at least 32 bytes, the same in every worker. `secure_cookies`: the site is reached by TLS. `clock` gives aware datetimes.
    `zone`: IANA name of the company's time zone. `trusted_proxies`: how many proxies in front may say who the client is.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # Flask's default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies)  # type: ignore[method-assign]
    guard = Guard(service.accounts, Sessions(service.accounts), secret_key=secret_key, secure=secure_cookies)
    parts = Web(service=service, guard=guard, telemetry=Telemetry(), clock=clock)
    app.extensions[KEY] = parts
    app.jinja_env.globals.update(ledger_words.names())
    app.jinja_env.globals.update(request_address=granting.request_address, waiting_requests=granting.waiting)
    parts.telemetry.install(app)
    guard.install(app)
    language.install(app, zone)
    problems.install(app)
    for blueprint in (signin.bp, chat.bp, catalogue.bp, review.bp, review_desk.bp, persons.bp, rights.bp, data.bp, data_files.bp, committee.bp, committee_drafts.bp, committee_editor.bp, granting.bp, access_reviews.bp, account.bp, answer_files.bp, api.bp, api.probes):
        app.register_blueprint(blueprint)
    app.context_processor(lambda: _frame(parts))
    return app


def _frame(parts: Web) -> dict[str, Any]:
    """What every page's frame needs."""
    here: Visitor | None = g.get("visitor")
    # A page that says what is broken must not ask the broken part.
    ready = here is not None and not here.account.must_change and not g.get("broken", False)
    own: list[Place] = places(here.actor) if here and ready else []
    return {
        "visitor": here,
        "places": own,
        "say": language.say,
        "language": language.current(),
        "language_tag": language.TAGS[language.current()],
        "languages": language.NAMES,
        "exact": language.exact,
        "ago": lambda value: language.ago(value, parts.clock()),
    }
