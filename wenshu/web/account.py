"""One's own account: who one is here, and a new password."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wenshu.accounts import MAX_PASSWORD, MIN_PASSWORD, SignInFailed, WeakPassword
from wenshu.throttle import Throttled
from wenshu.web.context import service, web
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request
from wenshu.web.security import actor, client, visitor

bp = Blueprint("account", __name__)


@bp.get("/account")
def show() -> str:
    """Who the service takes the reader for, and the purposes that may be stated."""
    return render_template("account.html", account=visitor().account, purposes=service().purposes(actor()))


@bp.get("/password")
def password() -> Response:
    """The form for a new password."""
    return _form(None, 200)


@bp.post("/password")
def set_password() -> Response:
    """Change the password; all other sessions of the account end."""
    account = visitor().account
    if visitor().session is None:
        raise bad_request(_("A password is changed in the browser."))
    old, new, again = (request.form.get(name, "")[: MAX_PASSWORD + 1] for name in ("old", "new", "again"))
    if new != again:
        return _form(_("The two new passwords differ. Nothing was changed."), 400)
    try:
        web().service.accounts.change_password(account.id, old, new, client=client())
    except WeakPassword as error:
        return _form(_weakness(error), 400)
    except SignInFailed:
        return _form(_("The present password is not right. Nothing was changed."), 400)
    except Throttled as error:
        return _form(_("Too many wrong attempts. Please wait %(seconds)d seconds and try again.", seconds=error.retry_after), 429)
    # The old session ended with the old password; this browser gets a fresh one.
    session = web().guard.sessions.open(web().service.accounts.get(account.id))
    answer = redirect(url_for("chat.home"), 303)
    web().guard.enter(answer, session)
    return answer


def _form(error: str | None, status: int) -> Response:
    account = visitor().account
    return make_response(render_template("password.html", account=account, error=error, least=MIN_PASSWORD), status)


def _weakness(error: WeakPassword) -> str:
    return {
        "short": _("Use at least %(least)d characters; a short sentence is easy to remember.", least=MIN_PASSWORD),
        "long": _("Use at most %(most)d characters.", most=MAX_PASSWORD),
        "same": _("The new password must differ from the present one."),
        "name": _("The password must not contain your user name."),
        "simple": _("That is among the first a stranger would try; use more different characters."),
    }[error.reason]
