"""What the advisor needs of a language model: one request out, one text back, and a hook that runs before anything leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from governance.errors import WenshuError

Leaving = Callable[[bytes], None]
"""Called with the exact bytes about to leave, once per outbound call. If it raises, nothing leaves and its error comes out unchanged."""

Failure = Literal["unreachable", "timeout", "status", "redirect", "too_large", "malformed"]
FAILURES: tuple[Failure, ...] = ("unreachable", "timeout", "status", "redirect", "too_large", "malformed")


class ModelFailed(WenshuError):
    """The model gave no usable text. `kind` says how; `status` is the HTTP status where there was one; nothing of the reply is in it."""

    def __init__(self, kind: Failure, *, status: int | None = None) -> None:
        self.kind, self.status = kind, status
        super().__init__(f"the language model failed: {kind}" + (f" {status}" if status is not None else ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model: instructions, the material as JSON text, and the JSON Schema that the reply must satisfy."""

    instructions: str
    material: str
    schema: Mapping[str, object]
    max_tokens: int


class Model(Protocol):
    """A language model behind an endpoint. Safe for threads."""

    @property
    def endpoint(self) -> str:
        """Host and port, as the ledger names it; no path, no credentials."""

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""

    def complete(self, request: Request, *, leaving: Leaving, timeout_s: float) -> str:
        """Return the reply's text. Every outbound call is announced to `leaving` first. Raises ModelFailed, or what `leaving` raised."""
