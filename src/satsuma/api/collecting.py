"""Collecting beside the other routes: the collector lives as long as the app, and is closed before the warehouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import Request

from satsuma.api.callers import now, parts_of
from satsuma.api.collector import Collector
from satsuma.errors import Busy

if TYPE_CHECKING:
    from satsuma.api.app import Companion, Parts


def collecting(**settings: Any) -> Companion:
    """Return the companion of an app that lets it take messages; `collector_of` finds the collector.

    Parameters
    ----------
    settings : of the `Collector`.
    """

    def companion(parts: Parts) -> AbstractAsyncContextManager[None]:
        return _living(parts, settings)

    return companion


@asynccontextmanager
async def _living(parts: Parts, settings: dict[str, Any]) -> AsyncIterator[None]:
    def scopes_of(key: str) -> set[str]:
        found = parts.access.keys.find(key, now=now())
        return set() if found is None else set(found.scopes)

    journal = await parts.thread.do(lambda shop: shop.open_journal())
    collector = Collector(journal, parts.thread.do, scopes_of, **settings)
    _watch(parts, collector)
    await collector.start()
    parts.collector = collector
    try:
        yield
    finally:
        parts.collector = None
        await collector.close()


def collector_of(request: Request) -> Collector:
    """Return the collector of the app.

    Raises
    ------
    Busy
        When the server is starting or stopping.
    """
    found = parts_of(request).collector
    if found is None:
        raise Busy("The server is starting or stopping.", hint="Send it again in a moment.", retry_after=5)
    return found


def _watch(parts: Parts, collector: Collector) -> None:
    """Let the metrics say what the collector has done, and how far behind it is."""
    watched = {
        "accepted_messages": ("Messages that were made durable since the start.", lambda: collector.accepted),
        "landed_messages": ("Messages that were landed since the start.", lambda: collector.landed),
        "refreshed_messages": ("Of those, messages that membership knows of.", lambda: collector.refreshed),
        "rejected_messages": ("Messages that count for nothing, since the start.", lambda: collector.rejected),
        "waiting_bytes": ("Bytes of the journal that are not landed.", lambda: collector.waiting_bytes),
        "landing_behind_seconds": ("Age of the oldest message that is not landed.", collector.landing_behind),
        "membership_behind_seconds": ("Age of the oldest one that membership lacks.", collector.membership_behind),
        "failing": ("Whether landing or refreshing failed last.", lambda: float(collector.trouble is not None)),
    }
    for name, (words, look) in watched.items():
        parts.metrics.watch(f"satsuma_collecting_{name}", words, look)
