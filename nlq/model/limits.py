"""How much may be asked of a model, and when it is left alone. Kept in memory, per process; the clock is passed in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from governance.errors import WenshuError

HOUR = 3_600.0
BYTES_PER_TOKEN = 3
"""Chinese text takes about three bytes a token and English four, so that counting by three overstates."""

Seconds = Callable[[], float]


def tokens_in(size: int) -> int:
    """Return how many tokens `size` bytes are counted as."""
    return -(-size // BYTES_PER_TOKEN)


class BudgetSpent(WenshuError):
    """The hour's allowance is used up; nothing was sent."""


class Allowance:
    """Calls and tokens of each user in the last hour, and calls of all. Safe for threads."""

    def __init__(self, *, user_calls: int, user_tokens: int, all_calls: int, clock: Seconds) -> None:
        self._user_calls, self._user_tokens, self._all_calls, self._clock = user_calls, user_tokens, all_calls, clock
        self._lock = threading.Lock()
        self._spent: dict[str, deque[tuple[float, int, int]]] = {}

    def take(self, user: str, tokens: int) -> None:
        """Take one call of `tokens`, or raise BudgetSpent and take nothing."""
        with self._lock:
            self._forget()
            own = self._spent.get(user, ())
            calls, used = sum(item[1] for item in own), sum(item[2] for item in own)
            total = sum(item[1] for items in self._spent.values() for item in items)
            if calls + 1 > self._user_calls or used + tokens > self._user_tokens or total + 1 > self._all_calls:
                raise BudgetSpent("the hour's allowance for the language model is used up; ask again later, or raise the budget in model.yaml")
            self._spent.setdefault(user, deque()).append((self._clock(), 1, tokens))

    def charge(self, user: str, tokens: int) -> None:
        """Count the tokens of a reply, which has come whether or not there was room for it."""
        with self._lock:
            self._spent.setdefault(user, deque()).append((self._clock(), 0, tokens))

    def _forget(self) -> None:
        since = self._clock() - HOUR
        for user in list(self._spent):
            items = self._spent[user]
            while items and items[0][0] <= since:
                items.popleft()
            if not items:
                del self._spent[user]


class CircuitBreaker:
    """Closed: all pass. Open after `failures` in a row: none pass for `open_s`. Then half open: one passes and decides. Safe for threads."""

    def __init__(self, *, failures: int, open_s: float, clock: Seconds) -> None:
        self._limit, self._open_s, self._clock = failures, open_s, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened: float | None = None
        self._probing = False

    def enter(self) -> bool:
        """Return whether one may pass; who passed says afterwards how it went, by one of the other methods."""
        with self._lock:
            if self._opened is None:
                return True
            if self._probing or self._clock() - self._opened < self._open_s:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failed, self._opened, self._probing = 0, None, False

    def failed(self) -> None:
        with self._lock:
            self._failed += 1
            if self._probing or self._failed >= self._limit:
                self._opened, self._probing = self._clock(), False

    def left(self) -> None:
        """Say that nothing was learnt: it passed, but nothing was sent."""
        with self._lock:
            self._probing = False
