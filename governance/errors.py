"""One root for everything that can go wrong, and the values that a person is told.

A *refusal* is not an error: it is a value (`terms.Refusal`) that a question can end in. Errors here are faults of input,
configuration or infrastructure. Each message names the cause and the next step, and carries nothing personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class WenshuError(Exception):
    """Root of all errors that a surface may show. `str(error)` is one clear line without personal information."""


class ConfigurationError(WenshuError):
    """The home, its keys or its settings can't be used as they are. Exit status 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a document: where (`file:line`), what, and what was probably meant."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class BundleError(WenshuError):
    """A policy bundle that can't be loaded; every problem found is listed, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidQuery(WenshuError):
    """A MetricQuery with an unknown key, name, value or operator (contracts.md section 2). Exit status 2, HTTP 400."""

    code = "invalid_query"


class UnsoundQuery(InvalidQuery):
    """A well-formed question that the metric can't soundly answer; `alternatives` are queries (JSON form) that it can."""

    code = "unsound_query"

    def __init__(self, message: str, *, alternatives: Iterable[dict[str, object]] = (), zh: str = "") -> None:
        super().__init__(message)
        self.alternatives = tuple(alternatives)
        self.zh = zh or message


class DimensionNotAllowed(InvalidQuery):
    """A known dimension that the metric can't be asked by; becomes the refusal `dimension_not_allowed`."""

    code = "dimension_not_allowed"

    def __init__(self, *, metric: str, dimension: str, valid: Iterable[str]) -> None:
        self.metric = metric
        self.dimension = dimension
        self.valid = tuple(valid)
        super().__init__(f"{metric} can't be asked by {dimension}; it can be asked by: {', '.join(self.valid)}")


class WarehouseError(WenshuError):
    """The warehouse could not answer: unreachable, timed out, too many rows. Nothing was released."""


class WarehouseTimeout(WarehouseError):
    """The statement ran longer than the role may wait and was cancelled."""


class IngestError(WenshuError):
    """An extract or a mapping that can't be used. Nothing was loaded and the old warehouse is untouched."""


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> str:
    """Return ` Did you mean a, b?` for the known names nearest to `name`, or an empty string."""
    hits = get_close_matches(name, sorted(set(known)), n=count, cutoff=0.5)
    return f" Did you mean {', '.join(hits)}?" if hits else ""
