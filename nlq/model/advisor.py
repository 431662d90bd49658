"""The advisor: puts a doubtful question to the model within time and budget, records what leaves before it does, and judges what comes back.

Whatever goes wrong, the parser's own result comes back unchanged.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from governance.errors import WenshuError
from governance.terms import MetricQuery
from nlq.lexicon.lexicon import LexiconView
from nlq.model.judging import Allowed, Doubt, Judged, doubt_of, judge
from nlq.model.limits import Allowance, BudgetSpent, CircuitBreaker, tokens_in
from nlq.model.payload import Offer, compose
from nlq.model.port import Model, ModelFailed, Request
from nlq.model.settings import ModelDocument
from nlq.understand import Understanding

Record = Callable[[str, Mapping[str, object]], None]
"""Writes one event durably, or raises; the caller binds who asks."""

_LOG = logging.getLogger(__name__)
CALL, RESULT = "model.call", "model.result"
ATTEMPTS = 2
_AGAIN = frozenset({429, 502, 503, 504})
_NO_USE = frozenset({"invalid", "not_offered"})
"""Replies that speak against the endpoint, not about the question."""


class _TooLate(WenshuError):
    """The question no longer waits; nothing was sent."""


class _Unrecorded(WenshuError):
    """The call could not be recorded; nothing was sent."""


@dataclass(slots=True)
class _Call:
    """One consultation: what was sent so far and whether anybody still waits."""

    request: Request
    user: str
    record: Record
    screened: str
    offer: Offer
    sent: int = 0
    over: bool = False


class Advisor:
    """One process's way to the model. Safe for threads. `clock` counts seconds and is the only clock used."""

    def __init__(self, model: Model, settings: ModelDocument, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._model, self._settings, self._clock = model, settings, clock
        budget, breaker = settings.budget, settings.breaker
        self._allowance = Allowance(user_calls=budget.user_calls, user_tokens=budget.user_tokens, all_calls=budget.all_calls, clock=clock)
        self._breaker = CircuitBreaker(failures=breaker.failures, open_s=breaker.open_s, clock=clock)
        self._places = threading.BoundedSemaphore(settings.max_at_once)

    def advise(
        self,
        understanding: Understanding,
        *,
        view: LexiconView,
        today: date,
        user: str,
        record: Record,
        allowed: Allowed,
        context: MetricQuery | None = None,
    ) -> Understanding:
        """Return the understanding, settled or turned into a question back where the model's reply warrants it, else as it came. Never raises.

        `allowed` says whether the caller may ask a query and whether it is sound. `record` is called before each outbound call and after the last.
        """
        try:
            doubt = doubt_of(understanding, view, self._settings.sure)
            # What the gateway would refuse is left to it: a model must not lead round a refusal.
            if doubt is None or not all(allowed(reading.query) for reading in understanding.readings):
                return understanding
            composed = compose(understanding, view, self._settings, today=today, context=context)
        except Exception as error:  # noqa: BLE001 - as in _consult
            _LOG.error("a question was not put to the language model: %s", type(error).__name__)
            return understanding
        if composed is None or not self._breaker.enter():
            return understanding
        request, offer = composed
        call = _Call(request=request, user=user, record=record, screened=understanding.screened, offer=offer)
        return self._consult(call, understanding, doubt, view, allowed)

    def _consult(self, call: _Call, understanding: Understanding, doubt: Doubt, view: LexiconView, allowed: Allowed) -> Understanding:
        begun = self._clock()
        judged: Judged | None = None
        result: str
        try:
            reply = self._waited(call)
            judged = judge(reply, understanding, doubt, view=view, offer=call.offer, allowed=allowed)
            result = judged.verdict
        except ModelFailed as failure:
            result = failure.kind
        except (BudgetSpent, _TooLate, _Unrecorded):
            result = "not_sent"
        except Exception as error:  # noqa: BLE001 - a fault on this way must not cost the asker the parser's answer; the ledger names it
            result = f"fault:{type(error).__name__}"
        self._learn(call, failed=judged is None or judged.verdict in _NO_USE)
        if not call.sent:
            return understanding
        try:
            detail = {"endpoint": self._model.endpoint, "model": self._model.name, "result": result, "calls": call.sent}
            call.record(RESULT, detail | {"milliseconds": round((self._clock() - begun) * 1000)})
        except Exception:  # noqa: BLE001 - what can't be recorded is not used
            return understanding
        return understanding if judged is None else judged.understanding

    def _learn(self, call: _Call, *, failed: bool) -> None:
        if not call.sent:
            self._breaker.left()
        elif failed:
            self._breaker.failed()
        else:
            self._breaker.succeeded()

    def _waited(self, call: _Call) -> str:
        """Return the reply, or raise when the time is over; a call that then still runs can send nothing more and its reply is dropped."""
        if not self._places.acquire(blocking=False):
            raise BudgetSpent("too many questions wait for the language model at once")
        out: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()

        def run() -> None:
            try:
                out.put(self._tried(call))
            except Exception as error:  # noqa: BLE001 - handed to the one who waits
                out.put(error)
            finally:
                self._places.release()

        threading.Thread(target=run, name="language-model", daemon=True).start()
        try:
            came = out.get(timeout=self._settings.timeout_s)
        except queue.Empty:
            call.over = True
            raise ModelFailed("timeout") from None
        if isinstance(came, Exception):
            raise came
        return came

    def _tried(self, call: _Call) -> str:
        """Call once, and once more if the connection failed or the server was busy and there is time."""
        until = self._clock() + self._settings.timeout_s
        for attempt in range(1, ATTEMPTS + 1):
            try:
                left = until - self._clock()
                if left <= 0:
                    raise ModelFailed("timeout")
                reply = self._model.complete(call.request, leaving=lambda body: self._leaving(call, body), timeout_s=left)
                self._allowance.charge(call.user, tokens_in(len(reply.encode("utf-8", "replace"))))
            except ModelFailed as failure:
                if attempt == ATTEMPTS or not (failure.kind == "unreachable" or failure.status in _AGAIN):
                    raise
            else:
                return reply
        raise ModelFailed("unreachable")

    def _leaving(self, call: _Call, body: bytes) -> None:
        if call.over:
            raise _TooLate
        self._allowance.take(call.user, tokens_in(len(body)))
        detail: dict[str, object] = {
            "endpoint": self._model.endpoint,
            "model": self._model.name,
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "question": call.screened,
            "offered": {"metrics": len(call.offer.metrics), "dimensions": len(call.offer.dimensions)},
        }
        try:
            call.record(CALL, detail)
        except Exception as error:
            raise _Unrecorded(type(error).__name__) from error
        call.sent += 1
