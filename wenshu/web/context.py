"""What one app's request handlers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app

from wenshu.web.ports.house import ServicePort
from wenshu.web.security import Guard
from wenshu.web.telemetry import Telemetry

KEY = "wenshu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The parts of one app."""

    service: ServicePort
    guard: Guard
    telemetry: Telemetry
    clock: Callable[[], datetime]


def web() -> Web:
    """The parts of the app that answers this request."""
    return cast(Web, current_app.extensions[KEY])


def service() -> ServicePort:
    """The house behind the web."""
    return web().service
