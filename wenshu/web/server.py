"""Serving: gunicorn with threads, started from our own command. Everything is opened in the worker, after the fork."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS = 8
GRACE_S = 30
REQUEST_S = 90
"""A worker that doesn't come back for so long is replaced; a warehouse statement is cancelled long before."""

AppFactory = Callable[[], Flask]


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn with our settings and nobody else's: no configuration file, no environment, no control socket."""

    def __init__(self, factory: AppFactory, settings: dict[str, Any]) -> None:
        self._factory, self._settings = factory, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._factory()


def run(
    home: Path, *, pinned_today: dt.date | None, host: str, port: int, workers: int, secure_cookies: bool = False, trusted_proxies: int = 0
) -> None:
    """Serve a home until SIGTERM or SIGINT; running requests get `GRACE_S` seconds to end.

    `pinned_today` fixes the day for relative dates. Set `secure_cookies` and `trusted_proxies` where a proxy ends TLS in front.
    """

    def factory() -> Flask:
        from wenshu.web.wsgi import make_application

        return make_application(home, pinned_today, secure_cookies=secure_cookies, trusted_proxies=trusted_proxies)

    serve(factory, host=host, port=port, workers=workers)


def serve(factory: AppFactory, *, host: str, port: int, workers: int = 1, announce: Callable[[str], None] | None = None) -> None:
    """Serve what `factory` makes, called once in each worker. `announce` gets the address once it can be reached."""
    configure_logging()
    with ExitStack() as stack:
        if workers > 1:
            # The Prometheus library adds up its counters over processes only if this is set before its first import.
            folder = stack.enter_context(_own_folder("wenshu-counters-"))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _Server(factory, settings(host, port, workers, announce or _announce)).run()


@contextmanager
def _own_folder(prefix: str) -> Iterator[str]:
    """Give a temporary folder that only this process removes: a worker that ends early unwinds the same stack and must leave it to the others."""
    owner, folder = os.getpid(), tempfile.mkdtemp(prefix=prefix)
    try:
        yield folder
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def settings(host: str, port: int, workers: int, announce: Callable[[str], None]) -> dict[str, Any]:
    """Return gunicorn's settings."""

    def ready(server: Any) -> None:
        for listener in server.LISTENERS:
            name, bound = listener.sock.getsockname()[:2]
            announce(f"http://{f'[{name}]' if ':' in name else name}:{bound}")

    return {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": REQUEST_S,
        "graceful_timeout": GRACE_S,
        "keepalive": 15,
        "preload_app": False,
        "loglevel": "error",  # lower levels name addresses of clients; our own access line does not
        "control_socket_disable": True,
        "when_ready": ready,
        "post_worker_init": _warm,
        "worker_exit": _close,
    }


def configure_logging() -> None:
    """Send our own lines to stderr; of others' only warnings, since their chatter may repeat what people typed."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("wenshu").setLevel(logging.INFO)


def _announce(address: str) -> None:
    sys.stderr.write(f"Wenshu 问数 is ready: {address}\n")
    sys.stderr.flush()


def _warm(worker: Any) -> None:
    """Begin the slow starts beside the first requests: the chart converter, and whatever the service opens lazily."""
    app = worker.wsgi

    def begin() -> None:
        from wenshu.web import charts
        from wenshu.web.context import KEY

        charts.warm()
        app.extensions[KEY].service.ready()

    threading.Thread(target=begin, name="warm-up", daemon=True).start()


def _close(_server: Any, worker: Any) -> None:
    """Let the service close its ledger and stores."""
    close = getattr(worker.wsgi, "extensions", {}).get("wenshu.close")
    if close is not None:
        close()
