"""What the operators see: one access line a request, and Prometheus counters. No question, no user, no address, no path with an id in it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

access = logging.getLogger("wenshu.access")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """Counters of one app, in a registry of their own. With several worker processes they are added up at each scrape."""

    def __init__(self) -> None:
        # Imported here: whether the counters are shared between processes is fixed when the library is first imported (see `server`).
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = CollectorRegistry()
        self.requests = Counter("wenshu_http_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry)
        self.seconds = Histogram("wenshu_http_seconds", "Time to answer.", ["route"], registry=self.registry, buckets=BUCKETS)
        self.answers = Counter("wenshu_answers", "Questions answered, by status.", ["status"], registry=self.registry)
        self.sign_ins = Counter("wenshu_sign_ins", "Sign-in attempts, by outcome.", ["outcome"], registry=self.registry)

    def exposition(self) -> tuple[bytes, str]:
        """Return the text exposition and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, values

        return generate_latest(self._whole(shared=values.ValueClass is not values.MutexValue)), CONTENT_TYPE_LATEST

    def _whole(self, *, shared: bool) -> CollectorRegistry:
        if not shared:
            return self.registry
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library has no types here
        return registry

    def install(self, app: Flask) -> None:
        """Measure and log every request of the app."""

        @app.before_request
        def begin() -> None:
            g.began = time.perf_counter()

        @app.after_request
        def end(response: Response) -> Response:
            # The rule (`/c/<conversation>`), never the path; an unknown address has none.
            route = request.url_rule.rule if request.url_rule else "-"
            took = time.perf_counter() - g.get("began", time.perf_counter())
            self.requests.labels(route, request.method if request.url_rule else "-", str(response.status_code)).inc()
            self.seconds.labels(route).observe(took)
            access.info(
                "%s %s %d %.0fms reference=%s", request.method, route, response.status_code, took * 1000, g.get("reference", "-")
            )
            return response
