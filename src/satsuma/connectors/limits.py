"""At most so many requests in some time: one limiter for each vendor and account, whoever asks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from satsuma.connectors.clocks import Clock
from satsuma.connectors.vendor import Limit


class Limiter:
    """Lets a request go when all limits allow it."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._sent: deque[float] = deque(maxlen=max((limit.requests for limit in self._limits), default=1))
        self._not_before = 0.0
        self._lock = threading.Lock()

    def wait(self, clock: Clock, waiting: Callable[[float], None]) -> None:
        """Wait for the turn of one request.

        Parameters
        ----------
        waiting : sleeps; what stops a job stops it here as well.
        """
        while True:
            with self._lock:
                now = clock.ticks()
                seconds = self._seconds(now)
                if seconds <= 0:
                    self._sent.append(now)
                    return
            waiting(seconds)

    def hold(self, clock: Clock, seconds: float) -> None:
        """Let nobody ask this account for so many seconds."""
        with self._lock:
            self._not_before = max(self._not_before, clock.ticks() + seconds)

    def _seconds(self, now: float) -> float:
        until = self._not_before
        for limit in self._limits:
            if len(self._sent) >= limit.requests:
                until = max(until, self._sent[-limit.requests] + limit.seconds)
        return until - now


_limiters: dict[tuple[str, str], Limiter] = {}
_lock = threading.Lock()


def limiter(vendor: str, account: str, limits: Sequence[Limit]) -> Limiter:
    """Return the limiter of an account: the limits of most vendors are the account's, not the key's."""
    with _lock:
        return _limiters.setdefault((vendor, account), Limiter(limits))
