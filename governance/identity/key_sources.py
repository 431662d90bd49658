"""Where keys come from, behind one small port: files that only their owner may read, secrets of the environment, or a key-management endpoint.

A source holds one text a key (its versions, one a line); what the text says is `keys`' business. A source never prints what it holds.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from governance.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 64 * 1024
_NOT_FOUND, _CONFLICT = 404, 409
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class KeySource(Protocol):
    """What a source of keys can do. `place` begins its names in messages; every failure is a ConfigurationError without the secret."""

    @property
    def place(self) -> str:
        """How names of its keys begin in messages."""

    @property
    def writable(self) -> bool:
        """Whether keys can be written from here."""

    def read(self, purpose: str) -> str | None:
        """The text of a key, or None where there is none."""

    def write(self, purpose: str, text: str, *, first: bool) -> None:
        """Keep the text, durably, whole or not at all. `first`: there must be none yet."""


def key_name(purpose: str) -> str:
    """What a key is called in its source and in messages."""
    return f"identity-{purpose}.key"


class FileKeys:
    """Files `identity-<purpose>.key`, mode 0600, in a folder of mode 0700. A file that others may read is refused."""

    writable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = "keys/"

    def read(self, purpose: str) -> str | None:
        path = self._folder / key_name(purpose)
        name = f"{self.place}{path.name}"
        try:
            mode = path.stat().st_mode
            if stat.S_IMODE(mode) & 0o077:
                message = f"{name} may be read by others (mode {stat.S_IMODE(mode):04o}); run: chmod 600 on it and find out who read it"
                raise ConfigurationError(message)
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            message = f"{name} can't be read as a key file; restore it from its backup"
            raise ConfigurationError(message) from error

    def write(self, purpose: str, text: str, *, first: bool) -> None:
        path = self._folder / key_name(purpose)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=self._folder)
            try:
                with os.fdopen(handle, "w", encoding="ascii") as stream:
                    stream.write(text)
                    stream.flush()
                    os.fsync(stream.fileno())
                if first:
                    os.link(fresh, path)  # fails where another process was first
                else:
                    Path(fresh).replace(path)
            finally:
                Path(fresh).unlink(missing_ok=True)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileExistsError:
            return
        except OSError as error:
            message = f"keys can't be written in {self._folder.name}/: {error.strerror}"
            raise ConfigurationError(message) from error


class EnvironmentKeys:
    """Secrets in environment variables `WENSHU_IDENTITY_KEY_<PURPOSE>`, as an orchestrator hands them in. They can't be written from here."""

    writable = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.place = "the environment's "

    def read(self, purpose: str) -> str | None:
        return self._environ.get(f"WENSHU_IDENTITY_KEY_{purpose.upper()}") or None

    def write(self, purpose: str, text: str, *, first: bool) -> None:  # noqa: ARG002 - the port's words; nothing of the text may be told
        message = f"the key {purpose!r} comes from the environment and can't be written from here; change WENSHU_IDENTITY_KEY_{purpose.upper()} where it is kept"
        raise ConfigurationError(message)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None  # following would hand the token to somebody else


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointKeys:
    """A key-management service: `GET <url>/<name>` gives `{"value": text}` or 404, `PUT` keeps it (`If-None-Match: *` where it must be new).

    `token` goes into the Authorization header. Plain http is taken only from this machine itself. No proxy, no redirect.
    """

    url: str
    token: str = field(repr=False)
    timeout_s: float = 5.0
    place: str = "the key service's "
    writable: bool = True

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            message = "the key service is reached by https (plain http only on this machine itself)"
            raise ConfigurationError(message)

    def read(self, purpose: str) -> str | None:
        answer = self._call("GET", purpose, None, {})
        if answer is None:
            return None
        try:
            value = json.loads(answer)["value"]
        except (ValueError, KeyError, TypeError) as error:
            message = "the key service answered something that is no key; see its log"
            raise ConfigurationError(message) from error
        if not isinstance(value, str):
            message = "the key service answered something that is no key; see its log"
            raise ConfigurationError(message)
        return value

    def write(self, purpose: str, text: str, *, first: bool) -> None:
        self._call("PUT", purpose, json.dumps({"value": text}).encode(), {"If-None-Match": "*"} if first else {})

    def _call(self, method: str, purpose: str, body: bytes | None, headers: Mapping[str, str]) -> bytes | None:
        address = f"{self.url.rstrip('/')}/{quote(key_name(purpose))}"
        request = Request(address, data=body, method=method, headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers})  # noqa: S310 (the scheme was checked)
        try:
            with build_opener(ProxyHandler({}), _NoRedirects()).open(request, timeout=self.timeout_s) as answer:
                found: bytes = answer.read(_MOST + 1)
        except HTTPError as error:
            error.close()
            if error.code == _NOT_FOUND and method == "GET":
                return None
            if error.code == _CONFLICT:
                return None
            message = f"the key service refused ({error.code}); check its address and the token"
            raise ConfigurationError(message) from None
        except (URLError, OSError, ValueError) as error:
            message = f"the key service can't be reached ({type(error).__name__}); nothing was changed"
            raise ConfigurationError(message) from None
        if len(found) > _MOST:
            message = "the key service answered something that is no key; see its log"
            raise ConfigurationError(message)
        return found
