"""The WSGI entry: `gunicorn wenshu.web.wsgi:application` serves the home that the environment names. `wenshu serve` does without it."""

from __future__ import annotations

import datetime as dt
import gc
from pathlib import Path
from typing import Any

from flask import Flask

from governance.errors import WenshuError
from nlq.understand import understand
from wenshu.home import Home
from wenshu.memory import seal
from wenshu.service import Service
from wenshu.settings import Environment, now, read_environment
from wenshu.web.app import create_app


def make_application(home: Path, pinned_today: dt.date | None, *, secure_cookies: bool = False, trusted_proxies: int = 0) -> Flask:
    """Open the home's service and return the app over it. Raises ConfigurationError where there is no home."""
    seal()
    place = Home(home).require()
    service = Service.open(place, Environment(home=home, pinned_today=pinned_today))
    app = create_app(
        service,
        secret_key=place.session_key.read_bytes(),
        secure_cookies=secure_cookies,
        clock=now,
        zone=service.timezone,
        trusted_proxies=trusted_proxies,
    )
    service.outbox.resume()
    _settle(service)
    service.desk.warm()  # in the background: nobody waits for it, and an officer's first page doesn't either
    service.desk.streaming.begin()
    app.extensions["wenshu.close"] = service.close
    return app


def _settle(service: Service) -> None:
    """Make what every question needs before the first one comes, and take it out of the garbage collector's sight: it stays as long as the worker."""
    try:
        here = service.house.current()
    except WenshuError:
        return  # nothing is loaded yet; the pages say so
    for words in ("王医生上月触达率", "reach rate of Dr Wang"):  # the recognisers of names read their lists at the first name
        understand(words, lexicon=here.lexicon, today=service.today())
    gc.collect()
    gc.freeze()


def __getattr__(name: str) -> Any:
    """Make `application` when a server asks for it, so that importing this module alone opens nothing."""
    if name != "application":
        raise AttributeError(name)
    environment = read_environment()
    return make_application(environment.home, environment.pinned_today)
