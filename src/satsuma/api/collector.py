"""The collector: accepts messages into the journal, and lands what is in it, one batch after another."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import secrets
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from satsuma.collecting.contract import Kind, Request, count_messages, parse_json
from satsuma.collecting.errors import JournalUnavailable
from satsuma.collecting.journal import START, Position
from satsuma.collecting.landing import landed_position, record_of
from satsuma.errors import SatsumaError

if TYPE_CHECKING:
    from satsuma.collecting.journal import Journal
    from satsuma.workspace import Workspace

log = logging.getLogger("satsuma.collecting")

#: Gives what a key may do; asked in a thread of its own, as it may read the ledger.
ScopesOf = Callable[[str], set[str]]
#: Runs a function in the one thread that works on the warehouse.
Do = Callable[[Callable[["Workspace"], Any]], Awaitable[Any]]

#: Seconds between two landings at least: many messages together cost little more than one.
PAUSE = 0.5
#: Bytes that wait for the disk before no more are taken.
MOST_WAITING = 32 * 1024 * 1024
#: Bytes of the journal that wait to be landed before no more are taken: about half an hour of five thousand a second.
MOST_BEHIND = 2 * 1024**3
#: Bytes that the disk has left at least when messages are taken: landing needs room for what is accepted.
LEAST_FREE = 256 * 1024**2
#: Seconds for which what a key may do is remembered: a revoked one is refused after at most that long.
REMEMBERED = 10.0
#: Seconds that landing goes on when the server stops; what is left waits in the journal for the next start.
LONGEST_CLOSING = 10.0
_MOST_KEYS = 1_000
_LONGEST_BACK_OFF = 30.0
#: Seconds between two looks at how much waits and how full the disk is.
LOOK_EVERY = 0.2
#: Bytes of the journal that are landed together, and seconds after which a thread gives way.
_PART_BYTES = 16 * 1024 * 1024
_SWITCH = 0.0005
#: Objects made, and younger collections, between two looks for garbage.
_COLLECTIONS = (50_000, 20, 100)


class Collector:
    """Between the requests and the warehouse. Belongs to one event loop.

    Parameters
    ----------
    do : runs a function in the thread of the warehouse.
    refreshes : bring membership up after each landing.
    most_behind, least_free : beyond them nothing is accepted; see `MOST_BEHIND` and `LEAST_FREE`.
    """

    def __init__(
        self,
        journal: Journal,
        do: Do,
        scopes_of: ScopesOf,
        *,
        refreshes: bool = True,
        pause: float = PAUSE,
        most_behind: int = MOST_BEHIND,
        least_free: int = LEAST_FREE,
    ) -> None:
        self.journal = journal
        self._do, self._scopes_of, self._refreshes, self._pause = do, scopes_of, refreshes, pause
        self.most_behind, self.least_free = most_behind, least_free
        self._keys: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._wake.set()  # what a crash left in the journal is landed first
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._before: tuple[float, tuple[int, int, int]] | None = None
        self._pressure: tuple[float, JournalUnavailable | None] = (-math.inf, None)
        self._landed_to, self._closing_until = START, math.inf
        self._to_land, self._to_refresh = Ages(), Ages()
        #: Messages since the start: accepted, landed, and of those how many membership knows of.
        self.accepted = self.rejected = self.landed = self.refreshed = 0
        #: The error of the last landing or refresh that failed, None once one went well.
        self.trouble: SatsumaError | None = None
        #: Seconds between the start of the last landing and the end of its refresh.
        self.last_cycle = 0.0

    async def start(self) -> None:
        """Begin to land; what a crash left in the journal comes first."""
        # Landing is Python too: requests must not wait five milliseconds for each turn beside it, nor for looks through
        # all that was loaded at the start whenever some messages were read.
        self._before = (sys.getswitchinterval(), gc.get_threshold())
        sys.setswitchinterval(_SWITCH)
        gc.freeze()
        gc.set_threshold(*_COLLECTIONS)
        self._landed_to = await self._do(lambda workspace: landed_position(workspace.engine))
        if self._landed_to < self.journal.end:
            self._note_accepted(time.monotonic(), self.journal.end)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Land what is accepted, and end; the journal is closed with it."""
        self._is_closing = True
        self._closing_until = time.monotonic() + LONGEST_CLOSING
        self._wake.set()
        if self._task is not None:
            await self._task
        await anyio.to_thread.run_sync(self.journal.close)
        if self._before is not None:
            # What was put aside is collected again, or the engine complains of leaks when the process ends.
            sys.setswitchinterval(self._before[0])
            gc.unfreeze()
            gc.set_threshold(*self._before[1])

    # ------------------------------------------------------------------------------------------------- how it stands

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the journal that are not landed."""
        return self.journal.bytes_after(self._landed_to)

    def landing_behind(self) -> float:
        """Return the age in seconds of the oldest message that is not landed; 0 when all are."""
        return self._to_land.oldest(time.monotonic())

    def membership_behind(self) -> float:
        """Return the age in seconds of the oldest message that no finished refresh knows of; 0 when there is none."""
        return self._to_refresh.oldest(time.monotonic()) if self._refreshes else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "landing_behind_seconds": round(self.landing_behind(), 3),
            "membership_behind_seconds": round(self.membership_behind(), 3),
            "waiting_bytes": self.waiting_bytes,
            "is_failing": self.trouble is not None,
        }

    def _note_accepted(self, since: float, end: Position) -> None:
        self._to_land.add(since, end)
        if self._refreshes:
            self._to_refresh.add(since, end)

    # ----------------------------------------------------------------------------------------------------- accepting

    def forget_keys(self) -> None:
        """Ask anew what keys may do: one was revoked."""
        self._keys.clear()

    async def may_write(self, key: str) -> bool:
        """Return whether a key may send messages."""
        now = time.monotonic()
        known = self._keys.get(key)
        if known is not None and known[0] > now:
            return known[1]
        may = bool({"write", "admin"} & await anyio.to_thread.run_sync(self._scopes_of, key))
        self._keys[key] = (now + REMEMBERED, may)
        self._keys.move_to_end(key)
        while len(self._keys) > _MOST_KEYS:
            self._keys.popitem(last=False)
        return may

    async def accept(
        self, body: bytes, kind: Kind | None, *, opted_out: bool, user_agent: str | None, parsed: dict[str, Any] | None
    ) -> int:
        """Make a body durable; returns when it is, with how many messages it brings.

        What each of them says is looked at when it is landed: the answer depends on their number alone.

        Raises
        ------
        Malformed, TooLarge
            When it is refused as a whole.
        JournalUnavailable
            When it cannot be made durable now.
        """
        request = Request(
            number=secrets.token_hex(12),
            received_at=datetime.now(UTC).replace(tzinfo=None),
            kind=kind,
            opted_out=opted_out,
            user_agent=user_agent[:2_000] if user_agent else None,
        )
        messages = count_messages(parse_json(body) if parsed is None else parsed, kind)
        self._refuse_beyond()
        since = time.monotonic()
        record = record_of(request, body)
        self._waiting += len(record)
        try:
            end = await asyncio.wrap_future(self.journal.append(record))
        finally:
            self._waiting -= len(record)
        self._note_accepted(since, end)
        self.accepted += messages
        self._wake.set()
        return messages

    def _refuse_beyond(self) -> None:
        """Refuse what could not be kept, or not be landed in time.

        Raises
        ------
        JournalUnavailable
            With how long to wait.
        """
        if self._waiting > MOST_WAITING:
            raise JournalUnavailable("Too much waits for the disk.", hint="Send it again later.", retry_after=2)
        now = time.monotonic()
        if now >= self._pressure[0] + LOOK_EVERY:
            self._pressure = (now, self._look())
        if self._pressure[1] is not None:
            raise self._pressure[1]

    def _look(self) -> JournalUnavailable | None:
        if self.waiting_bytes > self.most_behind:
            return JournalUnavailable(
                "Too many messages wait to be landed.", hint="Send them again later.", retry_after=30
            )
        if self.journal.free_bytes() < self.least_free:
            return JournalUnavailable("The disk is nearly full.", hint="Send them again later.", retry_after=60)
        return None

    # ------------------------------------------------------------------------------------------------------- landing

    async def _run(self) -> None:
        back_off = 1.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            started = time.monotonic()
            try:
                await self._land()
                self.trouble, back_off = None, 1.0
            except Exception as error:  # what is not landed stays in the journal, and is tried again
                self._note(error)
                self._wake.set()
                if self._is_closing:
                    return  # it waits in the journal for the next start
                await asyncio.sleep(back_off)
                back_off = min(2 * back_off, _LONGEST_BACK_OFF)
            spent = time.monotonic() - started
            if self._is_closing and (not self._wake.is_set() or time.monotonic() > self._closing_until):
                return
            if not self._is_closing:
                await asyncio.sleep(max(0.0, self._pause - spent))

    async def _land(self) -> None:
        """Land a part of what waits, and let membership follow before the next part."""
        started = time.monotonic()
        landed = await self._do(lambda workspace: workspace.collect(self.journal, most_bytes=_PART_BYTES))
        self.landed += landed.messages
        self.rejected += sum(landed.rejected.values())
        if landed.end is not None:
            self._landed_to = landed.end
            self._to_land.reached(landed.end)
        if landed.quarantined:
            log.warning("collected quarantined=%s", landed.quarantined)
        if not (landed.messages or landed.quarantined or landed.rejected):
            return
        self._wake.set()  # there may be more
        if landed.messages and self._refreshes and not self._is_closing:
            await self._do(lambda workspace: workspace.refresh())
            self.refreshed = self.landed
        self._to_refresh.reached(self._landed_to)
        self.last_cycle = time.monotonic() - started

    def _note(self, error: Exception) -> None:
        self.trouble = error if isinstance(error, SatsumaError) else SatsumaError(type(error).__name__)
        # The sentence of our own errors holds no data; another's may.
        log.error("collecting failed: %s", error if isinstance(error, SatsumaError) else type(error).__name__)


class Ages:
    """Since when messages wait for a stage to reach them, by their places in the journal."""

    #: Messages that came within so many seconds of each other wait since the first of them.
    GRAIN = 0.05

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Position]] = deque()

    def add(self, since: float, end: Position) -> None:
        """Note messages that came at a moment and stand before a place."""
        if self._waiting and since < self._waiting[-1][0] + self.GRAIN:
            first, last = self._waiting[-1]
            self._waiting[-1] = (first, max(last, end))
        else:
            self._waiting.append((since, end))

    def reached(self, end: Position) -> None:
        """Note that the stage is done with all before a place."""
        while self._waiting and self._waiting[0][1] <= end:
            self._waiting.popleft()

    def oldest(self, now: float) -> float:
        return now - self._waiting[0][0] if self._waiting else 0.0
