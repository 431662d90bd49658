"""The marker: the file that makes a folder a home. Light to import: a server reads it before it forks, when nothing may have started a thread."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from governance.errors import ConfigurationError
from wenshu.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What the home was made as; kept in its marker file."""

    origin: str
    demo: bool
    seed: int | None
    today: str | None


def read_marker(home: Home) -> Marker:
    """Return what `init` wrote, or raise ConfigurationError."""
    try:
        data = yaml.safe_load(home.require().marker.read_text(encoding="utf-8"))
        return Marker(origin=data["origin"], demo=data["demo"], seed=data.get("seed"), today=data.get("today"))
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{home.marker.name} of the home can't be read ({type(error).__name__}); restore it from a backup.") from error
