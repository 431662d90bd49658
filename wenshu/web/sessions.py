"""Browser sessions, kept on the server beside the accounts, so that sign-out, a new password and a closed account end them at once.

The cookie holds 256 random bits that are made only at sign-in; the store keeps their SHA-256. A value planted in a browser beforehand is
therefore never a session (no fixation).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from wenshu.accounts import Account, Accounts, Entropy, SignInFailed, UnknownUser
from wenshu.accounts_schema import sessions

IDLE = timedelta(hours=2)
"""A session that nobody used for so long is over."""
LONGEST = timedelta(hours=12)
"""No session lives longer, however much it is used."""
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `id` is public: it is what the ledger records; `secret` stays in the cookie."""

    id: str
    secret: str
    account: Account


class Sessions:
    """The session store on the accounts' database."""

    def __init__(self, accounts: Accounts, *, entropy: Entropy = secrets.token_bytes) -> None:
        self._accounts = accounts
        self._entropy = entropy
        self._writes = accounts.engine.execution_options(writes=True)

    def open(self, account: Account) -> Session:
        """Begin a session for an account whose password was just verified; also sweeps out those that are over."""
        session = Session(id=_text(self._entropy(12)), secret=_text(self._entropy(32)), account=account)
        now = self._accounts.now()
        with self._writes.begin() as db:
            db.execute(delete(sessions).where((sessions.c.created_at < now - LONGEST) | (sessions.c.seen_at < now - IDLE)))
            db.execute(
                insert(sessions).values(
                    secret=_sha256(session.secret), id=session.id, user=account.id, created_at=now, seen_at=now
                )
            )
        return session

    def find(self, secret: str) -> Session | None:
        """Return the live session behind a cookie, or None."""
        now: datetime = self._accounts.now()
        with self._accounts.engine.connect() as db:
            row = db.execute(select(sessions).where(sessions.c.secret == _sha256(secret))).one_or_none()
        if row is None or now - row.seen_at > IDLE or now - row.created_at > LONGEST:
            return None
        try:
            account = self._accounts.get(row.user)
        except UnknownUser:
            return None
        if account.disabled:
            return None
        if now - row.seen_at > _TOUCH:
            with self._writes.begin() as db:
                db.execute(update(sessions).where(sessions.c.secret == row.secret).values(seen_at=now))
        return Session(id=row.id, secret=secret, account=account)

    def close(self, secret: str) -> None:
        """End the session; a second time is no error."""
        with self._writes.begin() as db:
            db.execute(delete(sessions).where(sessions.c.secret == _sha256(secret)))

    def sign_in(self, user: str, password: str, *, client: str) -> Session:
        """Verify and open. Raises Throttled or SignInFailed."""
        account = self._accounts.verify_password(user, password, client=client)
        if account.disabled:
            raise SignInFailed
        return self.open(account)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
