"""A model behind an OpenAI-compatible endpoint, by llama-index. The library is loaded on the first call; no environment variable is heeded.

All traffic goes through one narrow door: one URL, four headers, no redirects, no compression, a bounded reply, and a hook before each request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from nlq.model.port import Leaving, ModelFailed, Request
from nlq.model.settings import ModelDocument

if TYPE_CHECKING:
    import httpx

Format = Literal["json_schema", "json_object", "plain"]
FORMATS: tuple[Format, ...] = ("json_schema", "json_object", "plain")
_FORMAT_REFUSED = frozenset({400, 415, 422, 500, 501})
"""Statuses by which servers say that they don't know a response format (llama.cpp's: 500); then the next one is tried."""
_CHUNK = 4_096
_NO_KEY = "none"


class OpenAILikeModel:
    """The real model. One HTTP connection a call, so that it is safe for threads and holds nothing between questions."""

    def __init__(self, settings: ModelDocument, *, key: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Take `key` for the Authorization header; without one none is sent."""
        self._settings, self._key, self._clock = settings, key, clock
        fixed = settings.response_format
        self._formats: tuple[Format, ...] = FORMATS if fixed == "auto" else (fixed,)
        self._liked: Format | None = None
        """The format that the endpoint last accepted."""

    @property
    def endpoint(self) -> str:
        return self._settings.host

    @property
    def name(self) -> str:
        return self._settings.model

    def complete(self, request: Request, *, leaving: Leaving, timeout_s: float) -> str:
        """See `port.Model`. A format that the endpoint refuses costs one more call, and is not tried again once another one was accepted."""
        until = self._clock() + timeout_s
        formats = (self._liked,) if self._liked is not None else self._formats
        for index, form in enumerate(formats):
            left = until - self._clock()
            if left <= 0:
                raise ModelFailed("timeout")
            try:
                text = self._call(request, form, leaving, left)
            except ModelFailed as failure:
                if failure.status in _FORMAT_REFUSED and index + 1 < len(formats):
                    continue
                raise
            self._liked = form
            return text
        raise ModelFailed("status")

    def _call(self, request: Request, form: Format, leaving: Leaving, timeout_s: float) -> str:
        import httpx
        from llama_index.core.base.llms.types import ChatMessage, MessageRole
        from llama_index.llms.openai_like import OpenAILike

        door = _door(self._settings, self._key, leaving, self._clock, timeout_s)
        with httpx.Client(transport=door, trust_env=False, follow_redirects=False, timeout=timeout_s) as client:
            model = OpenAILike(
                model=self._settings.model,
                api_base=self._settings.endpoint,
                api_key=self._key or _NO_KEY,
                is_chat_model=True,
                is_function_calling_model=False,
                temperature=0.0,
                max_tokens=request.max_tokens,
                max_retries=0,
                timeout=timeout_s,
                http_client=client,
            )
            messages = [ChatMessage(role=MessageRole.SYSTEM, content=request.instructions), ChatMessage(role=MessageRole.USER, content=request.material)]
            try:
                reply = model.chat(messages, **_format(form, request))
                content = reply.message.content
            except Exception as error:
                # The libraries wrap what the door raised; what it raised is what happened.
                if door.stopped_by is not None:
                    raise door.stopped_by from None
                raise ModelFailed("malformed") from error
        if not isinstance(content, str) or not content.strip():
            raise ModelFailed("malformed")
        return content


def _format(form: Format, request: Request) -> dict[str, Any]:
    if form == "json_schema":
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "metric_query", "strict": False, "schema": dict(request.schema)}}}
    if form == "json_object":
        return {"response_format": {"type": "json_object", "schema": dict(request.schema)}}
    return {}


def _door(settings: ModelDocument, key: str | None, leaving: Leaving, clock: Callable[[], float], timeout_s: float) -> Any:
    """Return the transport through which everything goes; made inside a function because httpx is loaded with the library only."""
    import httpx

    url = httpx.URL(f"{settings.endpoint}/chat/completions")
    until = clock() + timeout_s

    class Door(httpx.BaseTransport):
        def __init__(self) -> None:
            self.stopped_by: Exception | None = None
            self._way = httpx.HTTPTransport(trust_env=False, retries=0)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return self._passed(request)
            except Exception as error:
                self.stopped_by = error
                raise

        def _passed(self, request: httpx.Request) -> httpx.Response:
            if request.method != "POST" or request.url != url:
                raise ModelFailed("malformed")
            body = request.read()
            headers = {"Host": url.netloc.decode("ascii"), "Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
            if key is not None:
                headers["Authorization"] = f"Bearer {key}"
            out = httpx.Request("POST", url, headers=headers, content=body, extensions=request.extensions)
            leaving(body)
            try:
                response = self._way.handle_request(out)
                try:
                    return self._taken(response)
                finally:
                    response.close()
            except httpx.TimeoutException:
                raise ModelFailed("timeout") from None
            except (httpx.HTTPError, OSError):
                raise ModelFailed("unreachable") from None

        def _taken(self, response: httpx.Response) -> httpx.Response:
            if 300 <= response.status_code < 400:
                raise ModelFailed("redirect", status=response.status_code)
            if response.status_code != 200:
                raise ModelFailed("status", status=response.status_code)
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json" or response.headers.get("content-encoding", "identity") != "identity":
                raise ModelFailed("malformed")
            data = bytearray()
            for chunk in response.iter_raw(_CHUNK):
                data += chunk
                if len(data) > settings.max_answer_bytes:
                    raise ModelFailed("too_large")
                if clock() > until:
                    raise ModelFailed("timeout")
            return httpx.Response(200, headers={"Content-Type": "application/json"}, content=bytes(data))

        def close(self) -> None:
            self._way.close()

    return Door()
