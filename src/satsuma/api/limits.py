"""How much each caller may ask in a time: a bucket of tokens for each, filled as time goes by."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from satsuma.errors import TooMany

#: Callers that are remembered; of more, those that were quiet longest start with a full bucket again.
MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many a second on average, and so many at once."""

    per_second: float
    at_once: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many requests a caller has left at once, of how many, and in how many seconds all of them again."""

    most: int
    now: int
    full_in: int


CALLERS = Rate(per_second=50, at_once=200)
#: Requests that show no key, or a wrong one, by address.
STRANGERS = Rate(per_second=2, at_once=40)


class Buckets:
    """A bucket for each caller. Belongs to one event loop: nothing here waits or locks."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = rate, clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, caller: str) -> Left:
        """Return what a caller has left since the last look."""
        rate = self.rate
        held = self._held.get(caller, (rate.at_once, 0.0))[0]
        return Left(most=int(rate.at_once), now=int(held), full_in=ceil((rate.at_once - held) / rate.per_second))

    def take(self, caller: str, cost: float = 1.0) -> None:
        """Take tokens from a caller's bucket.

        Raises
        ------
        TooMany
            When there are not enough; the bucket keeps what it has.
        """
        now, rate = self._clock(), self.rate
        held, since = self._held.pop(caller, (rate.at_once, now))
        held = min(rate.at_once, held + (now - since) * rate.per_second)
        enough = held >= cost
        self._held[caller] = (held - cost if enough else held, now)
        if len(self._held) > MOST_CALLERS:
            self._held.popitem(last=False)
        if not enough:
            seconds = int((cost - held) / rate.per_second) + 1
            raise TooMany(
                "There were too many requests.",
                hint=f"Wait {seconds} {'second' if seconds == 1 else 'seconds'}, and spread them over time.",
                retry_after=seconds,
            )
