"""The doors: who is asking, what is closed, forged requests, headers.

Everything is closed unless its endpoint is in `PUBLIC`. Programs show a bearer token on `/api/`; browsers a session cookie, and with every
request that changes something a token that only our own pages know (as form field or header).
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from governance.terms import Actor
from wenshu.accounts import Account, Accounts, SignInFailed
from wenshu.throttle import PER_CLIENT
from wenshu.web import problems
from wenshu.web.language import translate as _
from wenshu.web.sessions import Session, Sessions

PUBLIC = frozenset({"static", "signin.show", "signin.enter", "probes.healthz", "probes.readyz", "probes.metrics_exposition", "api.openapi_document"})
"""The only endpoints that answer without signing in: the sign-in page and its style, the probes, the description of the interface."""
BEFORE_NEW_PASSWORD = PUBLIC | {"account.password", "account.set_password", "signin.leave"}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who sends this request, and through which door."""

    account: Account
    via: Literal["session", "token"]
    session: Session | None = None

    @property
    def actor(self) -> Actor:
        return self.account.actor(self.via)


class Guard:
    """Stands before every request of one app."""

    def __init__(self, accounts: Accounts, sessions: Sessions, *, secret_key: bytes, secure: bool) -> None:
        """`secret_key`: at least 32 bytes, the same for all workers. `secure`: cookies travel over TLS only."""
        if len(secret_key) < 32:
            raise ValueError("the web secret key needs at least 32 bytes")
        self._accounts, self.sessions = accounts, sessions
        self._key, self._secure = secret_key, secure
        prefix = "__Host-" if secure else ""
        self.cookie, self._visit = f"{prefix}wenshu", f"{prefix}wenshu_visit"

    def install(self, app: Flask) -> None:
        app.before_request(self.check)
        app.after_request(self._finish)
        app.jinja_env.globals["csrf_token"] = self.csrf_token

    # ------------------------------------------------------------------ each request

    def check(self) -> AnyResponse | None:
        """Let the request in, or answer it: sign-in page, problem document."""
        g.reference, g.secure_cookies = secrets.token_hex(4), self._secure
        g.visitor = self._recognise()
        if request.endpoint is None or request.routing_exception is not None:
            return None  # there is nothing behind this address; the error handler says so
        visitor: Visitor | None = g.visitor
        if visitor is None and request.endpoint not in PUBLIC:
            if problems.wants_json() or problems.wants_fragment():
                raise problems.not_authenticated()
            back = request.path if request.method == "GET" else None
            return redirect(url_for("signin.show", next=back), 303)
        if visitor and visitor.via == "session" and visitor.account.must_change and request.endpoint not in BEFORE_NEW_PASSWORD:
            if problems.wants_json():
                raise problems.forbidden(_("Choose a password of your own first, on the page /password."), code="password_change_required")
            return redirect(url_for("account.password"), 303)
        if request.method not in SAFE and not (visitor and visitor.via == "token"):
            self._refuse_forgery()
        return None

    def _recognise(self) -> Visitor | None:
        header = request.headers.get("Authorization")
        if header is not None and request.path.startswith("/api/"):
            # A program that shows a token means the token: a cookie beside it must not rescue a wrong one.
            scheme, _space, token = header.partition(" ")
            try:
                account = self._accounts.verify_token(token.strip() if scheme.lower() == "bearer" else "")
            except SignInFailed:
                self._accounts.count_failure(f"client:{client()}", PER_CLIENT)
                raise problems.not_authenticated() from None
            return Visitor(account=account, via="token")
        secret = request.cookies.get(self.cookie)
        session = self.sessions.find(secret) if secret else None
        return Visitor(account=session.account, via="session", session=session) if session else None

    # ------------------------------------------------------------------ forged requests

    def csrf_token(self) -> str:
        """The token that this browser's forms must carry: bound to its session, or to its visit before signing in."""
        visitor: Visitor | None = g.get("visitor")
        if visitor and visitor.session:
            return self._bind(visitor.session.secret)
        if "visit" not in g:
            g.visit = request.cookies.get(self._visit) or secrets.token_urlsafe(32)
            g.new_visit = g.visit
        return self._bind(g.visit)

    def _bind(self, value: str) -> str:
        digest = hmac.digest(self._key, b"csrf\0" + value.encode("utf-8", "surrogateescape"), sha256)
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _refuse_forgery(self) -> None:
        shown = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
        visitor: Visitor | None = g.get("visitor")
        bound = visitor.session.secret if visitor and visitor.session else request.cookies.get(self._visit)
        same_site = request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}
        if bound is None or not same_site or not hmac.compare_digest(self._bind(bound).encode(), shown.encode()):
            detail = _("The page you sent this from is too old, or it was not ours. Nothing was done; open the page again and repeat.")
            raise problems.forbidden(detail, code="csrf")

    # ------------------------------------------------------------------ cookies and headers

    def enter(self, response: AnyResponse, session: Session) -> None:
        """Give the browser its session, under a value that it never had before."""
        self._set(response, self.cookie, session.secret)
        response.delete_cookie(self._visit, secure=self._secure, httponly=True, samesite="Lax")
        g.pop("new_visit", None)

    def leave(self, response: AnyResponse) -> None:
        """End the session on both sides."""
        visitor: Visitor | None = g.get("visitor")
        if visitor and visitor.session:
            self.sessions.close(visitor.session.secret)
        response.delete_cookie(self.cookie, secure=self._secure, httponly=True, samesite="Lax")
        response.headers["Clear-Site-Data"] = '"cache", "storage"'

    def _set(self, response: AnyResponse, name: str, value: str) -> None:
        response.set_cookie(name, value, httponly=True, samesite="Lax", secure=self._secure, path="/")

    def _finish(self, response: Response) -> Response:
        if "new_visit" in g:
            self._set(response, self._visit, g.new_visit)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if self._secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.endpoint != "static" and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def client() -> str:
    """The address that a throttle counts by; behind a proxy the app was told how many to trust."""
    return request.remote_addr or "-"


def visitor() -> Visitor:
    """Who sends this request; only for endpoints that aren't public."""
    return cast(Visitor, g.visitor)


def actor() -> Actor:
    """Who asks, as the service knows them."""
    return visitor().actor


def session_id() -> str | None:
    """The public id of the browser's session, for the ledger; None for a token."""
    session = visitor().session
    return session.id if session else None


def local_path(target: str | None) -> str | None:
    """Return `target` if it is a path on this site and nothing else, for redirects after signing in."""
    if not target or not target.startswith("/") or target[1:2] in {"/", "\\"} or any(ord(c) < 33 for c in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


