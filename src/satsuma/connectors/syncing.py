"""A sync: every stream of a source, page by page, each batch landed with how far it has come."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from satsuma.connectors import templates
from satsuma.connectors.clocks import Clock
from satsuma.connectors.landing import Batch, Landed
from satsuma.connectors.paging import Page
from satsuma.connectors.records import Record, moment_of, record_of, text_of
from satsuma.connectors.state import State
from satsuma.connectors.vendor import Stream, Vendor
from satsuma.errors import VendorError, WrongUse

#: Records that land together: a landing costs about the same for one as for some thousands.
BATCH_RECORDS = 2_000
_UTC = ZoneInfo("UTC")


class Asker(Protocol):
    """What a sync asks: an API, or a database. server_now : by its own clock, UTC without a zone."""

    vendor: Vendor
    clock: Clock
    server_now: datetime | None

    def pages(self, stream: Stream, values: Mapping[str, Any], *, cursor: Any = None) -> Iterator[Page]: ...


class Warehouse(Protocol):
    """What a sync needs of the warehouse, wherever that is owned."""

    def state(self, stream: str, part: str) -> State | None: ...

    def land(self, batch: Batch) -> Landed: ...

    def items(self, stream: str) -> list[str]: ...

    def known(self, stream: str, keys: list[str], before: datetime) -> set[str]: ...


#: Told what is read, and how many records so far; it may end the sync by raising.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is read: the streams, in their order, and from when on each."""

    streams: tuple[Stream, ...]
    starts: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOutcome:
    """What a sync did with one stream. is_partial : it was not read whole, or the vendor kept some records back."""

    stream: str
    landed: Landed
    is_partial: bool = False

    def as_dict(self) -> dict[str, Any]:
        landed = self.landed
        return {
            "stream": self.stream,
            "records": landed.records,
            "unchanged": landed.unchanged,
            "deleted": landed.deleted,
            "erased": landed.erased,
            "rows": {kind: dict(counts) for kind, counts in landed.rows.items()},
            "events": dict(landed.events),
            "customers_new": landed.customers_new,
            "partial": self.is_partial,
            "notes": list(landed.notes),
        }


def sync(
    client: Asker, plan: Plan, warehouse: Warehouse, values: Mapping[str, Any], *, progress: Progress
) -> Iterator[StreamOutcome]:
    """Read every stream to its end, and give what came of each.

    Raises
    ------
    VendorError
        When the vendor refuses or does not answer; what was landed before stays, and the next sync goes on there.
    """
    for stream in plan.streams:
        reading = _Reading(client, stream, warehouse, values, progress, plan.starts.get(stream.name))
        try:
            reading.read()
        except VendorError:
            yield StreamOutcome(stream=stream.name, landed=reading.landed, is_partial=True)
            raise
        yield StreamOutcome(stream=stream.name, landed=reading.landed, is_partial=reading.is_partial)


class _Reading:
    """One stream under way."""

    def __init__(
        self, client: Asker, stream: Stream, warehouse: Warehouse, values: Mapping[str, Any], progress: Progress,
        start: datetime | None,
    ) -> None:  # fmt: skip
        self.client, self.stream, self.warehouse, self.start = client, stream, warehouse, start
        self.values, self.progress = values, progress
        self.zone = _zone(stream.timezone, values)
        self.landed, self.is_partial = Landed(), False
        self.extracted_at = client.clock.now()

    def read(self) -> None:
        for part, item in self._parts():
            self._read_part(part, item)

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """Give what the stream is read for one by one."""
        stream = self.stream
        if stream.each_setting is not None:
            found = self.values["settings"].get(stream.each_setting) or []
            for item in found if isinstance(found, list) else [found]:
                yield text_of(item), item if isinstance(item, dict) else {"id": item}
        elif stream.each_stream is not None:
            for payload in self.warehouse.items(stream.each_stream):
                item = json.loads(payload)
                yield text_of(item.get("id", payload)), item
        else:
            yield "", None

    # -------------------------------------------------------------------------------------------------------- a part

    def _read_part(self, part: str, item: Any) -> None:
        stream = self.stream
        before = self.warehouse.state(stream.name, part) or State(began_at=self.extracted_at)
        walk = _Walk(self, part, item, before)
        if stream.window is not None:
            for first, last in self._windows(before.day):
                walk.read(first, last)
                walk.state = replace(walk.state, day=last)
                walk.land()
        else:
            walk.read()
        walk.complete()

    def _windows(self, day: date | None) -> Iterator[tuple[date, date]]:
        """Give the days that are to be asked for, some at a time; the last is today by the vendor's clock and zone."""
        window = self.stream.window
        if window is None:  # pragma: no cover - asked of streams with windows
            return
        today = self.client.server_now or self.client.clock.now()
        last = today.replace(tzinfo=_UTC).astimezone(self.zone).date()
        start = self.start.date() if self.start is not None else _day(templates.fill(window.start, self.values), last)
        first = start if day is None else max(start, min(day, last) - timedelta(days=max(window.again - 1, 0)))
        while first <= last:
            end = min(first + timedelta(days=window.days - 1), last)
            yield first, end
            first = end + timedelta(days=1)


class _Walk:
    """The reading of one part of a stream, from what was read before to the end."""

    def __init__(self, reading: _Reading, part: str, item: Any, before: State) -> None:
        self.reading, self.part, self.item = reading, part, item
        self.before = self.state = before
        self.records: list[Record] = []
        self.newest: datetime | None = None
        self.is_sorted = True
        self.began: datetime | None = None
        self.is_resumed = False
        self.count = before.records

    @property
    def stream(self) -> Stream:
        return self.reading.stream

    def read(self, first: date | None = None, last: date | None = None) -> None:
        """Read all pages, in as many searches as the vendor's largest answer takes."""
        since = self._since()
        place = self.state.place if self.stream.paging.resume else None
        self.is_resumed = place is not None
        while True:
            try:
                restart = self._search(since, place, first, last)
            except VendorError as error:
                if place is None or error.facts.get("again"):
                    raise
                # What was kept of a broken reading is not taken any more: it begins anew.
                self.state, place = replace(self.state, place=None), None
                continue
            if restart is None:
                return
            if since is not None and restart <= since:
                raise VendorError(
                    f"More records of '{self.stream.name}' changed at one moment than "
                    f"{self.reading.client.vendor.title} gives in one search.",
                    hint="They cannot be read by this stream; ask the vendor for an export.", again=False,
                )  # fmt: skip
            since, place = restart, None

    def _since(self) -> datetime | None:
        stream = self.stream
        if not stream.is_incremental:
            return None
        value = self.state.last_value
        since = None if value is None else value - stream.overlap
        start = self.reading.start
        return start if since is None else since if start is None else max(since, start)

    def _search(self, since: datetime | None, place: Any, first: date | None, last: date | None) -> datetime | None:
        """Read the pages of one search; returns from when on another has to follow, or None."""
        reading, stream = self.reading, self.stream
        until = reading.client.server_now or reading.client.clock.now()
        values = {
            **reading.values, "since": since, "since_local": _local(since, reading.zone), "until": until,
            "asks": list(stream.asks), "each": self.item, "window": {"from": first, "to": last} if first else None,
        }  # fmt: skip
        count = 0
        for page in reading.client.pages(stream, values, cursor=place):
            if self.began is None:
                self.began = min(page.server_now or reading.extracted_at, reading.extracted_at)
            ended = self._take(page)
            count += len(page.records)
            reading.progress(stream.name, reading.landed.records + len(self.records))
            most = stream.paging.most
            full = most is not None and count + stream.paging.size > most and page.cursor is not None
            if full and stream.paging.kind == "offset" and since is not None and (self.newest or since) <= since:
                # All of one moment so far, so that a new search would give the same: on by number.
                full = False
            if stream.paging.resume:
                self.state = replace(self.state, place=None if page.cursor is None else text_of(page.cursor))
            if len(self.records) >= BATCH_RECORDS:
                self.land()
            if ended:
                return None
            if full and not self.is_sorted:
                raise VendorError(
                    f"{reading.client.vendor.title} gives '{stream.name}' in another order than was asked for.",
                    hint="More records than one search gives cannot be read then.", again=False,
                )  # fmt: skip
            if full:
                self.land()
                return self.newest
        return None

    def _take(self, page: Page) -> bool:
        """Take the records of a page; true when the reading ends here."""
        reading, stream = self.reading, self.stream
        reading.is_partial = reading.is_partial or page.is_partial
        others = {"$each": self.item, "$settings": reading.values["settings"], "$body": page.body}
        taken = [record_of(stream, value, others, reading.zone) for value in page.records]
        ended = False
        if stream.paging.until_known and self.before.completed_at is not None and self.before.records and taken:
            known = reading.warehouse.known(stream.name, [record.key for record in taken], self.before.completed_at)
            ended = bool(known)
        for record in taken:
            if record.updated_at is not None:
                if self.newest is not None and record.updated_at < self.newest:
                    self.is_sorted = False
                else:
                    self.newest = record.updated_at
        self.records += taken
        return ended

    def land(self) -> None:
        """Land what was read, with how far it has come: as far as is sure not to leave anything out."""
        if self.stream.order == "ascending" and self.is_sorted:
            self.state = replace(self.state, last_value=self._capped(self.newest))
        self._keep()

    def complete(self) -> None:
        """Land the rest, and say that the part was read to its end."""
        stream = self.stream
        newest = self.newest if stream.updated is not None else self.began
        if stream.order != "ascending" and newest is not None and self.began is not None:
            # Out of order, a record that changed under the reading may have stood among those that were read already.
            earlier = (self.before.completed_at or self.before.began_at) if self.is_resumed else self.began
            newest = min(newest, earlier)
        value = self._capped(newest)
        self.state = replace(self.state, last_value=value, place=None, completed_at=self.reading.extracted_at)
        self._keep()

    def _keep(self) -> None:
        reading = self.reading
        self.count += len(self.records)
        self.state = replace(self.state, records=self.count)
        batch = Batch(stream=self.stream, part=self.part, records=tuple(self.records), state=self.state,
                      extracted_at=reading.extracted_at, zone=reading.zone,
                      is_first=self.before.completed_at is None)  # fmt: skip
        reading.landed = reading.landed.plus(reading.warehouse.land(batch))
        self.records = []

    def _capped(self, value: datetime | None) -> datetime | None:
        """Return the last value, never behind what it was, never ahead of the vendor's clock.

        A record from the future would hide all that changes until then.
        """
        before = self.state.last_value
        if value is None:
            return before
        client = self.reading.client
        value = min(value, client.server_now or client.clock.now())
        return value if before is None or value > before else before


def _zone(text: str | None, values: Mapping[str, Any]) -> ZoneInfo:
    name = templates.fill(text, values) if text else None
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else _UTC
    except (ValueError, OSError, KeyError):
        raise WrongUse(f"'{name}' is no time zone.", hint="Name one such as Europe/Paris or UTC.") from None


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=_UTC).astimezone(zone).replace(tzinfo=None)


def _day(text: Any, today: date) -> date:
    """Return a day that is written as one, or as so many days ago (`30d`)."""
    ago = re.fullmatch(r"(\d{1,5})d", str(text).strip())
    if ago is not None:
        return today - timedelta(days=int(ago[1]))
    moment = moment_of(text, "time", _UTC)
    if moment is None:
        raise WrongUse(
            "The first day of a window is no date.", hint="Write a day such as 2026-01-31, or 30d for 30 days ago."
        )
    return moment.date()
