"""What a bundle says about disclosure, as one immutable object; silence means the defaults, which protect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from governance.documents.disclosure import DisclosureDocument, Method

DEFAULT_INTERVAL = 0.25
DEFAULT_SPREAD, DEFAULT_BASE = 3, 5
DEFAULT_DAYS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Blur:
    """How one metric's numbers are told; see `documents.disclosure.Perturbation`."""

    method: Method
    spread: int = DEFAULT_SPREAD
    base: int = DEFAULT_BASE
    bounds: tuple[float, float] | None = None


_SENSITIVE = Blur(method="cell_key")
EXACT = Blur(method="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """The bundle's settings. `interval`: the share of a hidden number by which its bounds must stay away from it, on each side."""

    interval: float = DEFAULT_INTERVAL
    blurs: Mapping[str, Blur] = field(default_factory=lambda: MappingProxyType({}))
    remember_days: int = DEFAULT_DAYS
    together: Literal["department", "person", "company"] = "department"

    def blur(self, metric: str) -> Blur:
        return self.blurs.get(metric, EXACT)


def settings_of(documents: Iterable[DisclosureDocument], sensitivity: Mapping[str, str]) -> Disclosure:
    """Return the settings for the metrics in `sensitivity` (id → `normal` or `sensitive`).

    Raises KeyError with the name of a metric that a document names and nobody has.
    """
    blurs = {name: _SENSITIVE for name, kind in sensitivity.items() if kind == "sensitive"}
    interval, days = DEFAULT_INTERVAL, DEFAULT_DAYS
    together: Literal["department", "person", "company"] = "department"
    for document in documents:
        interval = document.protection_interval if document.protection_interval is not None else interval
        if document.differencing is not None:
            days, together = document.differencing.remember_days, document.differencing.together
        for item in document.perturbation:
            named = item.metrics or tuple(name for name, kind in sensitivity.items() if kind == item.sensitivity)
            for name in named:
                if name not in sensitivity:
                    raise KeyError(name)
                blurs[name] = Blur(method=item.method, spread=item.spread, base=item.base, bounds=item.bounds)
    return Disclosure(interval=interval, blurs=MappingProxyType(blurs), remember_days=days, together=together)
