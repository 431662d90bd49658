"""How many questions a person may ask a minute. A limit against probing scripts; people never meet it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from governance.errors import WenshuError

WINDOW_S = 60.0


class TooManyQuestions(WenshuError):
    """The person asked more than the limit in the last minute; `retry_after` seconds until the next may be asked. HTTP 429."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many questions in a minute. Please wait {retry_after} seconds and ask again.")
        self.retry_after = retry_after


class Pace:
    """Counts each person's questions of the last minute. Safe for threads; of one process."""

    def __init__(self, *, limit: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = limit, clock
        self._asked: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def step(self, person: str) -> dict[str, int]:
        """Count one question and return how many that are, of how many; or raise TooManyQuestions."""
        now = self._clock()
        with self._lock:
            times = self._asked.setdefault(person, deque())
            while times and times[0] <= now - WINDOW_S:
                times.popleft()
            if len(times) >= self._limit:
                raise TooManyQuestions(int(times[0] + WINDOW_S - now) + 1)
            times.append(now)
            return {"questions": len(times), "questions_of": self._limit}
