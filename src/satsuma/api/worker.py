"""The one thread that works on the warehouse, and the queue before it.

DuckDB and the workspace know one caller at a time. Requests wait here in a queue, never in the event loop; when too
many wait, or one too long, the answer is to come back later.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from satsuma.errors import Busy

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

T = TypeVar("T")

#: More requests than this do not wait.
MOST_WAITING = 100
#: Seconds that a request waits for its answer before it is told to come back.
LONGEST_WAIT = 30.0


class WorkspaceThread:
    """Calls functions of a workspace one after another, in a thread of its own."""

    def __init__(self, workspace: Workspace, *, most_waiting: int = MOST_WAITING, wait: float = LONGEST_WAIT) -> None:
        self._workspace = workspace
        self._wait = wait
        self._most_waiting = most_waiting
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[Workspace], Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="workspace", daemon=True)
        #: What is under way that takes long, in words: whoever is sent away hears it.
        self.long_work: str | None = None
        self.is_closing = False

    def start(self) -> None:
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return self._queue.qsize()

    async def call(self, function: Callable[[Workspace], T], *, wait: float | None = None) -> T:
        """Return what a function makes of the workspace.

        Parameters
        ----------
        wait : seconds to wait for the answer.

        Raises
        ------
        Busy
            When too many wait already, or the answer takes too long.
        """
        seconds = self._wait if wait is None else wait
        if self._queue.qsize() >= self._most_waiting:
            raise self._busy("Too many requests wait for the warehouse.")
        future = self._put(function)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            if future.done() and not future.cancelled():
                # The function's own error, not our clock's.
                return future.result()
            raise self._busy("This takes longer than a request may wait.") from None

    async def do(self, function: Callable[[Workspace], T]) -> T:
        """Return what a function makes of the workspace, however long it takes: for background work."""
        return await asyncio.wrap_future(self._put(function))

    def wait_for(self, function: Callable[[Workspace], T]) -> T:
        """Return what a function makes of the workspace, to another thread that waits for it: work apart."""
        return self._put(function).result()

    async def close(self) -> None:
        """Finish what waits, and end the thread."""
        self.is_closing = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, function: Callable[[Workspace], T]) -> Future[T]:
        if self.is_closing:
            raise Busy("The server is stopping.", hint="Try again in a minute.", retry_after=30)
        # Background work is little, and its own to lose: it always finds a place.
        future: Future[T] = Future()
        self._queue.put((future, function))
        return future

    def _busy(self, message: str) -> Busy:
        what = f" Under way: {self.long_work}." if self.long_work else ""
        return Busy(f"{message}{what}", hint="Try again in a few seconds.", retry_after=5)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            future, function = item
            # Whoever gave up waiting need not be answered.
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answer = function(self._workspace)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(answer)
            # Neither the answer nor the caller is kept alive until the next call.
            del future, function, item
