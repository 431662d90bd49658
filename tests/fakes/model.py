"""A loud fake of `nlq.model.port.Model`: it replies what it was told to, keeps what left, and fails when asked once more than scripted."""

from __future__ import annotations

import json
from collections.abc import Callable

from nlq.model.port import Leaving, Request


class FakeModel:
    """`replies` are texts, errors to raise, or functions of the request, in order."""

    endpoint = "model.example:443"
    name = "fake"

    def __init__(self, *replies: str | Exception | Callable[[Request], str]) -> None:
        self._replies = list(replies)
        self.left: list[bytes] = []

    def complete(self, request: Request, *, leaving: Leaving, timeout_s: float) -> str:
        assert self._replies, "the fake model was asked more often than the test scripted"
        assert timeout_s > 0, "a call without time"
        body = json.dumps({"instructions": request.instructions, "material": request.material, "schema": request.schema}, ensure_ascii=False).encode()
        leaving(body)
        self.left.append(body)
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, str) else reply(request)

    @property
    def unused(self) -> int:
        return len(self._replies)
