"""The receiver of webhooks: makes deliveries durable, and lands what is in their journal, one part after another.

It has a journal of its own beside that of tracking messages: a source that cannot be landed now must not hold up the
messages of pages, nor they it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from satsuma.collecting.errors import JournalUnavailable
from satsuma.collecting.journal import START
from satsuma.connectors.webhooks.records import Hook, record_of
from satsuma.errors import SatsumaError

if TYPE_CHECKING:
    from satsuma.collecting.journal import Journal
    from satsuma.connectors.webhooks.landing import LandedHooks
    from satsuma.workspace import Workspace

log = logging.getLogger("satsuma.api")

#: Runs a function in the one thread that works on the warehouse.
Do = Callable[[Callable[["Workspace"], Any]], Awaitable[Any]]

#: Seconds between two landings at least: vendors send in bursts, and many deliveries together cost little more than
#: one.
PAUSE = 1.0
#: Bytes that wait for the disk before no more are taken.
MOST_WAITING = 16 * 1024 * 1024
#: Bytes of the journal that wait to be landed before no more are taken; vendors send again later.
MOST_BEHIND = 1024**3
#: Bytes that the disk has left at least when deliveries are taken.
LEAST_FREE = 256 * 1024**2
#: Seconds that landing goes on when the server stops; what is left waits in the journal for the next start.
LONGEST_CLOSING = 10.0
_LONGEST_BACK_OFF = 60.0
_PART_BYTES = 4 * 1024 * 1024


class Receiver:
    """Between deliveries and the warehouse. Belongs to one event loop.

    Parameters
    ----------
    do : runs a function in the thread of the warehouse.
    most_behind, least_free : beyond them nothing is accepted; see `MOST_BEHIND` and `LEAST_FREE`.
    """

    def __init__(
        self, journal: Journal, do: Do, *, pause: float = PAUSE, most_behind: int = MOST_BEHIND,
        least_free: int = LEAST_FREE,
    ) -> None:  # fmt: skip
        self.journal = journal
        self._do, self._pause = do, pause
        self._most_behind, self._least_free = most_behind, least_free
        self._waiting = 0
        self._wake = asyncio.Event()
        self._wake.set()  # what a crash left in the journal is landed first
        self._is_closing = False
        self._closing_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._landed_to = START
        #: Since the start: deliveries that were made durable, those landed, and of these those that came again.
        self.accepted = self.landed = self.repeated = self.quarantined = 0
        #: The error of the last landing that failed, None once one went well.
        self.trouble: SatsumaError | None = None

    async def start(self) -> None:
        """Begin to land."""
        self._landed_to = await self._do(lambda workspace: workspace.hooks.landed_to())
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Land what is accepted, and end; the journal is closed with it."""
        self._is_closing = True
        self._closing_until = time.monotonic() + LONGEST_CLOSING
        self._wake.set()
        if self._task is not None:
            await self._task
        await anyio.to_thread.run_sync(self.journal.close)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the journal that are not landed."""
        return self.journal.bytes_after(self._landed_to)

    def as_dict(self) -> dict[str, Any]:
        return {"waiting_bytes": self.waiting_bytes, "is_failing": self.trouble is not None}

    async def accept(self, hook: Hook) -> None:
        """Make a delivery durable; returns when it is.

        Raises
        ------
        JournalUnavailable
            When it cannot be made durable now.
        """
        if self._waiting > MOST_WAITING or self.waiting_bytes > self._most_behind:
            raise JournalUnavailable("Too much waits to be stored.", hint="Send it again later.", retry_after=30)
        if self.journal.free_bytes() < self._least_free:
            raise JournalUnavailable("The disk is nearly full.", hint="Send it again later.", retry_after=60)
        record = record_of(hook)
        self._waiting += len(record)
        try:
            await asyncio.wrap_future(self.journal.append(record))
        finally:
            self._waiting -= len(record)
        self.accepted += 1
        self._wake.set()

    async def _run(self) -> None:
        back_off = 1.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._land()
                self.trouble, back_off = None, 1.0
            except Exception as error:  # what is not landed stays in the journal, and is tried again
                self._note(error)
                self._wake.set()
                if self._is_closing:
                    return
                await self._rest(back_off)
                back_off = min(2 * back_off, _LONGEST_BACK_OFF)
            if self._is_closing and (not self._wake.is_set() or time.monotonic() > self._closing_until):
                return
            await self._rest(self._pause)

    async def _rest(self, seconds: float) -> None:
        """Wait, unless the server is stopping."""
        until = time.monotonic() + seconds
        while not self._is_closing and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.1))

    async def _land(self) -> None:
        landed: LandedHooks = await self._do(lambda shop: shop.hooks.land(self.journal, most_bytes=_PART_BYTES))
        if landed.end is None:
            return
        self._landed_to = landed.end
        self.landed += landed.deliveries
        self.repeated += landed.repeated
        self.quarantined += landed.quarantined
        self._wake.set()  # there may be more
        if landed.quarantined:
            log.warning("hooks quarantined=%s", landed.quarantined)

    def _note(self, error: Exception) -> None:
        self.trouble = error if isinstance(error, SatsumaError) else SatsumaError(type(error).__name__)
        # The sentence of our own errors holds no data; another's may.
        log.error("landing hooks failed: %s", error if isinstance(error, SatsumaError) else type(error).__name__)
