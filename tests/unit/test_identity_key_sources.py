"""Every source of keys keeps one contract: files, the environment, a key service on this machine and its loud fake."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from governance.errors import ConfigurationError
from governance.identity.key_sources import EndpointKeys, EnvironmentKeys, FileKeys, KeySource, key_name
from governance.identity.keys import PURPOSES, KeyRing


class FakeKeys:
    """A source in memory that says what was done to it."""

    writable = True
    place = "the fake's "

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.done: list[str] = []

    def read(self, purpose: str) -> str | None:
        return self.held.get(purpose)

    def write(self, purpose: str, text: str, *, first: bool) -> None:
        self.done.append(purpose)
        if not (first and purpose in self.held):
            self.held[purpose] = text


class Service(ThreadingHTTPServer):
    token, status = "s3cret", 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.held: dict[str, bytes] = {}


class Handler(BaseHTTPRequestHandler):
    server: Service

    def _answer(self, status: int, body: bytes = b"{}") -> None:
        self.send_response(self.server.status or status)
        if self.server.status == 302:
            self.send_header("Location", "http://127.0.0.1:1/stolen")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _known(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {self.server.token}"

    def do_GET(self) -> None:
        found = self.server.held.get(self.path)
        self._answer(*((401,) if not self._known() else (404,) if found is None else (200, found)))

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._known():
            return self._answer(401)
        if self.headers["If-None-Match"] == "*" and self.path in self.server.held:
            return self._answer(409)
        self.server.held[self.path] = body
        return self._answer(200)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["files", "service", "fake"])
def source(request: pytest.FixtureRequest, tmp_path: Path, service: Service) -> KeySource:
    return {
        "files": FileKeys(tmp_path / "keys"),
        "service": EndpointKeys(url=f"http://127.0.0.1:{service.server_port}/keys", token=service.token),
        "fake": FakeKeys(),
    }[request.param]


def test_a_source_gives_back_what_it_was_given_and_the_first_writer_wins(source: KeySource) -> None:
    assert source.read("vault") is None
    source.write("vault", "one\n", first=True)
    source.write("vault", "two\n", first=True)
    assert source.read("vault") == "one\n"
    source.write("vault", "three\n", first=False)
    assert source.read("vault") == "three\n"
    assert source.read("index") is None


def test_a_ring_lives_in_any_source_and_turns_over_there(source: KeySource) -> None:
    ring = KeyRing.ensured(source, os.urandom)
    assert KeyRing.ensured(source, os.urandom) == ring
    grown = ring.with_next("index", ring.index.suite.name, os.urandom).promoted("index")
    grown.save(source, "index")
    assert KeyRing.of(source) == grown


def test_the_environment_holds_keys_that_can_not_be_written(source: KeySource) -> None:
    KeyRing.ensured(source, os.urandom)
    environ = {f"WENSHU_IDENTITY_KEY_{purpose.upper()}": source.read(purpose) or "" for purpose in PURPOSES}
    held = EnvironmentKeys(environ)
    assert KeyRing.ensured(held, os.urandom) == KeyRing.of(source)
    with pytest.raises(ConfigurationError, match="WENSHU_IDENTITY_KEY_VAULT") as caught:
        held.write("vault", "secret text", first=False)
    assert "secret text" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="missing"):
        KeyRing.ensured(EnvironmentKeys({}), os.urandom)


@pytest.mark.parametrize("status", [302, 400, 403, 500])
def test_a_service_that_refuses_or_sends_elsewhere_is_one_clear_error(service: Service, status: int) -> None:
    service.status = status
    keys = EndpointKeys(url=f"http://127.0.0.1:{service.server_port}", token=service.token)
    for call in (lambda: keys.read("vault"), lambda: keys.write("vault", "text", first=False)):
        with pytest.raises(ConfigurationError, match=f"refused .{status}.") as caught:
            call()
        assert service.token not in str(caught.value)
    assert service.token not in repr(keys)


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"value": 3}', json.dumps({"value": "x" * 100_000}).encode()])
def test_what_is_no_key_is_not_taken_for_one(service: Service, body: bytes) -> None:
    service.held[f"/{key_name('vault')}"] = body
    with pytest.raises(ConfigurationError, match="no key"):
        EndpointKeys(url=f"http://127.0.0.1:{service.server_port}", token=service.token).read("vault")


def test_a_service_is_reached_by_tls_or_on_this_machine_only() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        EndpointKeys(url="http://keys.example/", token="t")
    gone = EndpointKeys(url="http://127.0.0.1:1", token="t", timeout_s=1)
    with pytest.raises(ConfigurationError, match="can't be reached"):
        gone.read("vault")
