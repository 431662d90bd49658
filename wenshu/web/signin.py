"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wenshu.accounts import SignInFailed
from wenshu.throttle import Throttled
from wenshu.web.context import web
from wenshu.web.language import translate as _
from wenshu.web.security import client, local_path, visitor

bp = Blueprint("signin", __name__)


@bp.get("/signin")
def show() -> Response:
    """The sign-in page."""
    return make_response(render_template("signin.html", next=local_path(request.args.get("next")), user="", error=None))


@bp.post("/signin")
def enter() -> Response:
    """Verify and open a session; one message for every kind of mismatch."""
    user, password = request.form.get("user", "").strip()[:64], request.form.get("password", "")[:512]
    target = local_path(request.form.get("next"))
    telemetry = web().telemetry
    try:
        session = web().guard.sessions.sign_in(user, password, client=client())
    except SignInFailed:
        telemetry.sign_ins.labels("failed").inc()
        web().service.record_sign_in(user, "failed")
        error = _("User and password don't match. Check both; after several tries you will have to wait a little.")
        return make_response(render_template("signin.html", next=target, user=user, error=error), 401)
    except Throttled as throttled:
        telemetry.sign_ins.labels("throttled").inc()
        web().service.record_sign_in(user, "throttled")
        error = _("Too many wrong attempts. Please wait %(seconds)d seconds and try again.", seconds=throttled.retry_after)
        response = make_response(render_template("signin.html", next=target, user=user, error=error), 429)
        response.headers["Retry-After"] = str(throttled.retry_after)
        return response
    web().service.record_sign_in(user, "signed_in")
    telemetry.sign_ins.labels("done").inc()
    changes = session.account.must_change
    answer = redirect(url_for("account.password") if changes else target or url_for("chat.home"), 303)
    web().guard.enter(answer, session)
    return answer


@bp.post("/signout")
def leave() -> Response:
    """End the session here and on the server."""
    answer = redirect(url_for("signin.show"), 303)
    user = visitor().account.id
    web().guard.leave(answer)
    web().service.record_sign_in(user, "signed_out")
    return answer
