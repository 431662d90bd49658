"""Who may sign in: the accounts store (`<home>/accounts.db`). It knows roles by name only; what a role may do is the bundle's.

Passwords are kept as argon2id hashes (RFC 9106, the library's defaults), bearer tokens as SHA-256 of 256 random bits behind a public id.
A user and a role of the same name have nothing to do with each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from governance.errors import ConfigurationError, WenshuError
from governance.terms import Actor, TemporaryGrant, Text
from wenshu.accounts_schema import metadata, sessions, sqlite_engine, tokens, users
from wenshu.throttle import PER_ACCOUNT, PER_CLIENT, Limit, Throttle

Clock = Callable[[], datetime]
Entropy = Callable[[int], bytes]

MIN_PASSWORD = 10
MAX_PASSWORD = 256
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
MIN_DIFFERENT = 6
"""Different characters of a password."""
_TOKEN = re.compile(r"wst_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})")
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that can be taken for another

class UnknownUser(WenshuError):
    """No account has this id."""

    def __init__(self, user: str) -> None:
        super().__init__(f"There is no account {user!r}. `wenshu user list` shows them all.")


class SignInFailed(WenshuError):
    """The same for an unknown user, a wrong password and a disabled account, so that it tells nothing."""

    def __init__(self) -> None:
        super().__init__("User and password don't match.")


class WeakPassword(WenshuError):
    """The new password can't be taken; `reason` says why."""

    def __init__(self, reason: Literal["short", "long", "same", "name", "simple"]) -> None:
        super().__init__(
            {
                "short": f"A password needs at least {MIN_PASSWORD} characters.",
                "long": f"A password has at most {MAX_PASSWORD} characters.",
                "same": "The new password must differ from the old one.",
                "name": "The password must not contain the user's name.",
                "simple": "The password is too simple: use more different characters, not one repeated or counted up.",
            }[reason]
        )
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person's account, without any secret. `must_change`: the password is a one-time one."""

    id: str
    role: str
    department: str
    name: Text
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    must_change: bool = False
    disabled: bool = False
    grants: tuple[TemporaryGrant, ...] = ()
    """What the person may ask beside the role today."""

    def actor(self, via: Literal["session", "token", "local_admin"]) -> Actor:
        return Actor(id=self.id, role=self.role, department=self.department, attributes=self.attributes, via=via, grants=self.grants)


def system_clock() -> datetime:
    """Return the time now, aware, in UTC."""
    return datetime.now(UTC)


class Accounts:
    """The accounts store. Every method opens its own short transaction; safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock = system_clock,
        entropy: Entropy = secrets.token_bytes,
        hasher: PasswordHasher | None = None,
    ) -> None:
        """`clock` gives aware datetimes; `entropy(n)` gives n unpredictable bytes; `hasher` defaults to argon2id of RFC 9106."""
        self.engine = engine
        self.clock = clock
        self._writes = engine.execution_options(writes=True)
        self._entropy = entropy
        self._hasher = hasher or PasswordHasher()
        self._throttle = Throttle(engine, clock)
        self.grants: Callable[[str], tuple[TemporaryGrant, ...]] = lambda _user: ()
        self.as_held: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda attributes: attributes
        """Says what a person may ask beside the role; set where a service is opened over a home."""

    @classmethod
    def open(cls, path: Path | str, **options: Any) -> Accounts:
        """Open the SQLite store at `path`, making it (mode 0600) if it is not there. `options` as for the constructor.

        Raises ConfigurationError when the file can't be read or written or is something else.
        """
        path = Path(path)
        try:
            # Only where it is missing: to close a second descriptor of an open SQLite file drops the process's locks on it (fcntl).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            engine = sqlite_engine(path)
            with engine.execution_options(writes=True).begin() as db:
                metadata.create_all(db)
        except (OSError, DatabaseError) as error:
            message = f"The accounts store {path.name} can't be opened ({type(error).__name__}); `wenshu check` says more."
            raise ConfigurationError(message) from error
        return cls(engine, **options)

    # ------------------------------------------------------------------ the accounts

    def add(self, user: str, *, role: str, department: str, name: Text, attributes: Mapping[str, str] | None = None) -> Account:
        """Make an account without a password; `one_time_password` gives it one. `attributes` are what row scopes refer to."""
        if not _USER.fullmatch(user):
            raise ConfigurationError(f"{user!r} can't be a user id: 1–64 letters, digits and . _ @ - are allowed.")
        for word, value in (("role", role), ("department", department)):
            if not _NAME.fullmatch(value):
                raise ConfigurationError(f"{value!r} can't be a {word}: lower-case letters, digits and _ are allowed.")
        values = {"role": role, "department": department, "attributes": dict(attributes or {}), "name_zh": name.zh, "name_en": name.en}
        try:
            with self._writes.begin() as db:
                db.execute(insert(users).values(id=user, must_change=True, disabled=False, created_at=self.now(), **values))
        except IntegrityError as error:
            raise ConfigurationError(f"There is already an account {user!r}; nothing was changed.") from error
        return self.get(user)

    def forget_attributes(self, values: Collection[str]) -> int:
        """Take attributes with one of the values (keys of a person who was erased) out of every account, and return how many accounts there were.

        Whose scope is by such an attribute is then in no scope at all.
        """
        count = 0
        with self._writes.begin() as db:
            for row in db.execute(select(users.c.id, users.c.attributes)).all():
                left = {name: value for name, value in row.attributes.items() if value not in values}
                if left != dict(row.attributes):
                    db.execute(update(users).where(users.c.id == row.id).values(attributes=left))
                    count += 1
        return count

    def get(self, user: str) -> Account:
        """Return the account or raise UnknownUser."""
        return self._account(self._row(user))

    def list(self) -> tuple[Account, ...]:
        """Return all accounts, disabled ones too, by id."""
        with self.engine.connect() as db:
            return tuple(self._account(row) for row in db.execute(select(users).order_by(users.c.id)))

    def actor(self, user: str, via: Literal["session", "token", "local_admin"] = "local_admin") -> Actor:
        """Return the actor for an account that may act; a disabled one may not (SignInFailed)."""
        account = self.get(user)
        if account.disabled:
            raise SignInFailed
        return account.actor(via)

    def disable(self, user: str) -> None:
        """Close an account: its sessions and tokens end with this call."""
        self._row(user)
        with self._writes.begin() as db:
            db.execute(update(users).where(users.c.id == user).values(disabled=True))
            db.execute(sessions.delete().where(sessions.c.user == user))
            db.execute(update(tokens).where(tokens.c.user == user, tokens.c.revoked_at.is_(None)).values(revoked_at=self.now()))

    # ------------------------------------------------------------------ passwords

    def one_time_password(self, user: str) -> str:
        """Set and return a new password that must be changed at the next sign-in. Shown once; ends the user's sessions."""
        self._row(user)
        groups = ["".join(_READABLE[b % len(_READABLE)] for b in self._unbiased(4)) for _ in range(4)]
        password = "-".join(groups)
        self._store(user, password, must_change=True)
        return password

    def verify_password(self, user: str, password: str, *, client: str) -> Account:
        """Return the account whose password this is. `client` is who asks (an address), for throttling.

        Raises Throttled (nothing was checked) or SignInFailed. Takes as long for an unknown user as for a known one.
        """
        decoy = self._decoy  # made before anything is looked up: the first unknown user of a process must not take longer
        subjects = {"account": f"account:{user}", "client": f"client:{client}"}
        self._throttle.enter({subjects["account"]: PER_ACCOUNT, subjects["client"]: PER_CLIENT})
        with self.engine.connect() as db:
            row = db.execute(select(users).where(users.c.id == user)).one_or_none()
        known = row.password if row is not None and row.password else None
        right = self._matches(known or decoy, password[: MAX_PASSWORD + 1])
        if row is None or known is None or not right or row.disabled:
            raise SignInFailed
        self._throttle.succeed(forget=subjects["account"], take_back=subjects["client"])
        if self._hasher.check_needs_rehash(known):
            self._store(user, password, must_change=row.must_change, keep_sessions=True)
        return self._account(row)

    def change_password(self, user: str, old: str, new: str, *, client: str) -> None:
        """Replace the password, checked and throttled like a sign-in; ends all of the user's sessions. Raises WeakPassword."""
        account = self.verify_password(user, old, client=client)
        if len(new) < MIN_PASSWORD:
            raise WeakPassword("short")
        if len(new) > MAX_PASSWORD:
            raise WeakPassword("long")
        if hmac.compare_digest(old.encode(), new.encode()):
            raise WeakPassword("same")
        if account.id.lower() in new.lower():
            raise WeakPassword("name")
        if _too_simple(new):
            raise WeakPassword("simple")
        self._store(user, new, must_change=False)

    # ------------------------------------------------------------------ bearer tokens

    def token(self, user: str) -> str:
        """Make and return a bearer token `wst_<id>_<secret>`; only its hash is kept, so it can't be shown again."""
        self._row(user)
        public = "".join(_READABLE[b % len(_READABLE)] for b in self._unbiased(12))
        secret = _base64url(self._entropy(32))
        with self._writes.begin() as db:
            db.execute(insert(tokens).values(id=public, user=user, secret=_sha256(secret), created_at=self.now()))
        return f"wst_{public}_{secret}"

    def verify_token(self, token: str) -> Account:
        """Return the account that the token belongs to, or raise SignInFailed. 256 random bits need no throttle."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise SignInFailed
        joined = select(tokens.c.secret, tokens.c.revoked_at, users).join(users, users.c.id == tokens.c.user)
        with self.engine.connect() as db:
            row = db.execute(joined.where(tokens.c.id == match[1])).one_or_none()
        known = row.secret if row is not None else _sha256("")
        right = hmac.compare_digest(known, _sha256(match[2]))
        if row is None or not right or row.revoked_at is not None or row.disabled:
            raise SignInFailed
        return self._account(row)

    def count_failure(self, subject: str, limit: Limit) -> None:
        """Count a wrong secret shown by `subject` (`client:…`) at another door; raises Throttled when it was one too many."""
        self._throttle.enter({subject: limit})

    def revoke_token(self, token_id: str) -> None:
        """End the token with this public id; an unknown one is no error."""
        with self._writes.begin() as db:
            db.execute(update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=self.now()))

    # ------------------------------------------------------------------ within

    def now(self) -> datetime:
        """The clock's time as stored: UTC without zone, since SQLite keeps none."""
        return self.clock().astimezone(UTC).replace(tzinfo=None)

    def _account(self, row: Row[Any]) -> Account:
        return _account(row, self.grants(row.id), self.as_held)

    def _row(self, user: str) -> Row[Any]:
        with self.engine.connect() as db:
            row = db.execute(select(users).where(users.c.id == user)).one_or_none()
        if row is None:
            raise UnknownUser(user)
        return row

    def _store(self, user: str, password: str, *, must_change: bool, keep_sessions: bool = False) -> None:
        hashed = self._hasher.hash(password)
        with self._writes.begin() as db:
            db.execute(update(users).where(users.c.id == user).values(password=hashed, must_change=must_change))
            if not keep_sessions:
                db.execute(sessions.delete().where(sessions.c.user == user))

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False

    @cached_property
    def _decoy(self) -> str:
        """A hash that no password matches, so that an unknown user costs the same work."""
        return self._hasher.hash(_base64url(self._entropy(32)))

    def _unbiased(self, count: int) -> bytes:
        """Return `count` random bytes below the largest multiple of the alphabet's size."""
        limit = 256 - 256 % len(_READABLE)
        out = b""
        while len(out) < count:
            out += bytes(b for b in self._entropy(count) if b < limit)
        return out[:count]


def _account(row: Row[Any], grants: tuple[TemporaryGrant, ...], as_held: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Account:
    return Account(
        grants=grants,
        id=row.id,
        role=row.role,
        department=row.department,
        name=Text(zh=row.name_zh, en=row.name_en),
        attributes=MappingProxyType(dict(as_held({str(k): str(v) for k, v in row.attributes.items()}))),
        must_change=row.must_change,
        disabled=row.disabled,
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _too_simple(password: str) -> bool:
    """Return whether a password is one of those that are tried first: few different characters, or mostly one counted up, down or repeated."""
    if len(set(password)) < MIN_DIFFERENT:
        return True
    steps = [ord(after) - ord(before) for before, after in pairwise(password)]
    return sum(step in {-1, 0, 1} for step in steps) > 0.7 * len(steps)
