"""The only place that reads the environment: where the home is, which day it is, where temporary secrets come from."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from governance.errors import ConfigurationError

HOME_VARIABLE = "WENSHU_HOME"
TODAY_VARIABLE = "WENSHU_TODAY"
DEFAULT_HOME = "wenshu-home"
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the process was told from outside. `pinned_today` fixes the day for relative dates (tests, evaluation, demonstrations)."""

    home: Path
    pinned_today: dt.date | None

    def today(self, timezone: str) -> dt.date:
        """Return the pinned day or the current day in `timezone`."""
        return self.pinned_today or now().astimezone(ZoneInfo(timezone)).date()


def key_secrets(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what the environment holds for the identity keys: the keys themselves or the token of a key service. Never shown, never logged."""
    values = os.environ if environ is None else environ
    return {name: value for name, value in values.items() if name.startswith(("WENSHU_IDENTITY_KEY_", "WENSHU_KEY_SERVICE_"))}


def now() -> dt.datetime:
    """Return the present as an aware datetime; the one place where the product looks at the clock."""
    return dt.datetime.now(dt.UTC)


def parse_day(text: str, name: str) -> dt.date:
    """Read YYYY-MM-DD, or raise ConfigurationError naming the setting."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{name} must be a date like 2026-11-15, not {text!r}.") from None


def read_environment(home: str | None = None, environ: Mapping[str, str] | None = None) -> Environment:
    """Return the environment; `home` from the command line goes before the variable, the variable before the default."""
    values = os.environ if environ is None else environ
    pinned = values.get(TODAY_VARIABLE)
    return Environment(
        home=Path(home or values.get(HOME_VARIABLE) or DEFAULT_HOME).absolute(),
        pinned_today=parse_day(pinned, TODAY_VARIABLE) if pinned else None,
    )
