"""What every command shares: the context, JSON to stdout, progress to stderr, exit statuses in one place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import east_asian_width

import click

from wenshu.home import Home
from wenshu.settings import Environment

if TYPE_CHECKING:
    from wenshu.service import Service

DONE, FAILED, USAGE, CLARIFY, REFUSED, NOT_UNDERSTOOD = range(6)
STATUS_OF_ANSWER: Mapping[str, int] = {"answered": DONE, "clarify": CLARIFY, "refused": REFUSED, "not_understood": NOT_UNDERSTOOD}

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Context:
    """What the root command found out."""

    environment: Environment

    @property
    def home(self) -> Home:
        return Home(self.environment.home)

    def service(self) -> Service:
        """Open the installed home's service, or raise ConfigurationError."""
        from wenshu.service import Service

        return Service.open(self.home.require(), self.environment)


pass_context = click.make_pass_decorator(Context)


def json_option(command: F) -> F:
    """Add `--json`: one JSON document on stdout and nothing else."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def emit(document: Any) -> None:
    """Print one JSON document to stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def tell(message: str) -> None:
    """Print a line for people to stderr."""
    click.echo(message, err=True)


class Progress:
    """A line that says what is being done and how far it is; on a terminal it is rewritten, else each step is a line."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = ""
        self._furthest = 0.0

    def __call__(self, what: str, share: float) -> None:
        """`share` of the work is done, 0 to 1; what is shown never goes back."""
        share = self._furthest = max(share, self._furthest)
        if self._live:
            click.echo(f"\r\x1b[K{share:4.0%}  {what}", err=True, nl=False)
        elif what != self._last:
            click.echo(f"{share:4.0%}  {what}", err=True)
        self._last = what

    def end(self) -> None:
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)


def width(text: str) -> int:
    """Return how many terminal cells a text takes; Chinese characters take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool] = ()) -> None:
    """Print a plain table to stdout; `right[j]` aligns column j to the right."""
    widths = [max(width(cell) for cell in column) for column in zip(headers, *rows, strict=True)] if rows else [width(h) for h in headers]
    aligned = list(right) + [False] * (len(headers) - len(right))
    for row in (headers, ["-" * w for w in widths], *rows):
        cells = []
        for cell, wide, to_right in zip(row, widths, aligned, strict=True):
            pad = " " * (wide - width(cell))
            cells.append(pad + cell if to_right else cell + pad)
        click.echo("  ".join(cells).rstrip())
