"""Deliveries of the journal to stored rows: in one transaction with how far landing has come.

A delivery that came before adds nothing. What has to outlive a crash beside the warehouse (who asks to be forgotten,
which streams are to be read soon) is written before that transaction ends, and may be written twice: it says the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from satsuma.catalog import Catalog
from satsuma.collecting.journal import START, Position
from satsuma.connectors.webhooks.planning import Part, Plan, PrivacyRequest, plan_of
from satsuma.connectors.webhooks.reading import UnreadableError
from satsuma.connectors.webhooks.records import Hook, read_record
from satsuma.connectors.webhooks.topics import Topics
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.landing import store
from satsuma.landing.outcome import LoadOutcome
from satsuma.landing.storing import storing

#: The entry of `warehouse_state` that says how far the journal of deliveries is landed.
STATE_KEY = "hooks_position"
#: A delivery that comes again after longer than this is taken for a new one; vendors send again for some days.
REMEMBERED = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What came of records: rows that are new or changed, and what the catalogue gains.

    asks : streams that have to be read for the records that cannot be understood alone; those were not stored.
    """

    rows: int = 0
    asks: frozenset[str] = frozenset()
    catalog: Catalog = field(default_factory=Catalog)


class Sink(Protocol):
    """A source of the workspace, as far as its deliveries are concerned."""

    topics: Topics
    streams: frozenset[str]

    def store(self, part: Part, records: Sequence[Mapping[str, Any]], *, now: datetime) -> Stored:
        """Store records within the caller's transaction, as a sync would.

        Raises
        ------
        SourceError
            When they do not fit what is stored.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What deliveries cause outside the warehouse.

    ask : a source is to be read soon, some of its streams, or all. keep : somebody asks to be forgotten.
    """

    ask: Callable[[str, frozenset[str]], None]
    keep: Callable[[PrivacyRequest], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedHooks:
    """What one landing did.

    deliveries : that were read. repeated : of them, those that came before. rows : stored. unknown : items that
    nobody described. end : the place behind the last delivery, None when there was nothing.
    """

    deliveries: int = 0
    repeated: int = 0
    rows: int = 0
    syncs: int = 0
    privacy: int = 0
    skipped: int = 0
    unknown: int = 0
    quarantined: int = 0
    catalog: Catalog = field(default_factory=Catalog)
    end: Position | None = None

    def plus(self, other: LandedHooks) -> LandedHooks:
        """Return what both did."""
        counts: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return LandedHooks(**counts, catalog=self.catalog.merged(other.catalog), end=other.end or self.end)


COUNTS = ("deliveries", "repeated", "rows", "syncs", "privacy", "skipped", "unknown", "quarantined")

Records = Sequence[tuple[bytes, Position]]


def landed_position(engine: DuckDB) -> Position:
    """Return how far the journal of deliveries is landed."""
    text = store.state(engine, STATE_KEY)
    return START if text is None else Position.read(text)


def land_hooks(
    engine: DuckDB, records: Records, *, clock: Callable[[], datetime], sink_of: Callable[[str], Sink | None],
    beside: Beside,
) -> LandedHooks:  # fmt: skip
    """Land deliveries, which follow what is landed.

    Parameters
    ----------
    records : of the journal, each with the place behind it.
    clock : gives the moment at which rows become known, UTC without a zone.
    sink_of : gives a source by its name; None when there is none (any more).

    Raises
    ------
    WorkspaceError
        When the warehouse cannot be written; what is not landed then stays in the journal.
    """
    if not records:
        return LandedHooks()
    try:
        return _land(engine, records, clock(), sink_of, beside)
    except SourceError as error:
        if len(records) == 1:
            return _put_aside(engine, records[0], clock(), str(error))
    # One delivery does not fit, and must not hold up the others: look for it in halves.
    half = len(records) // 2
    first = land_hooks(engine, records[:half], clock=clock, sink_of=sink_of, beside=beside)
    return first.plus(land_hooks(engine, records[half:], clock=clock, sink_of=sink_of, beside=beside))


def _land(
    engine: DuckDB, records: Records, now: datetime, sink_of: Callable[[str], Sink | None], beside: Beside
) -> LandedHooks:
    hooks = [read_record(record) for record, _ in records]
    sinks = {hook.source: sink_of(hook.source) for hook in hooks}
    failed = "It stays in the journal and is tried again."
    hint = "Check that the disk is not full and that there is memory left."
    with storing("The delivery", failed=failed, hint=hint):
        plans, landed = _new(engine, hooks, sinks)
        landed = replace(landed, end=records[-1][1])
        for hook, plan in plans:
            for request in plan.privacy:
                beside.keep(request)
            if plan.syncs:
                beside.ask(hook.source, frozenset(plan.sync))
        with engine.transaction():
            for (source, part), rows in _together(plans).items():
                sink = sinks[source]
                if sink is None:  # pragma: no cover - `_new` has refused it
                    raise AssertionError(source)
                stored = sink.store(part, rows, now=now)
                if stored.asks:
                    beside.ask(source, stored.asks)
                landed = landed.plus(LandedHooks(rows=stored.rows, catalog=stored.catalog))
            _remember(engine, [(hook.source, plan.delivery_id, hook.received_at) for hook, plan in plans], now)
            store.set_state(engine, STATE_KEY, str(records[-1][1]))
    return landed


def _new(
    engine: DuckDB, hooks: Sequence[Hook], sinks: Mapping[str, Sink | None]
) -> tuple[list[tuple[Hook, Plan]], LandedHooks]:
    """Return the deliveries that did not come before, each with what it brings."""
    read = [(hook, _planned(hook, sinks[hook.source])) for hook in hooks]
    seen = _seen(engine, [(hook.source, plan.delivery_id) for hook, plan in read])
    plans = []
    counts: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    for hook, plan in read:
        key = (hook.source, plan.delivery_id)
        counts["deliveries"] += 1
        if key in seen:
            counts["repeated"] += 1
            continue
        seen.add(key)
        plans.append((hook, plan))
        counts["syncs"] += plan.syncs
        counts["privacy"] += len(plan.privacy)
        counts["skipped"] += plan.skipped
        counts["unknown"] += plan.unknown
    return plans, LandedHooks(**counts)


def _planned(hook: Hook, sink: Sink | None) -> Plan:
    if sink is None:
        raise SourceError("The source takes no deliveries any more.")
    try:
        plan = plan_of(hook, sink.topics)
    except UnreadableError:
        raise SourceError("The delivery is not what its vendor writes.") from None
    # A source need not have every stream that its vendor has.
    missing = {part for part in plan.records if part.stream not in sink.streams}
    for part in missing:
        plan.skipped += len(plan.records.pop(part))
    if plan.sync and not (plan.sync & sink.streams):
        plan.syncs = False
        plan.skipped += 1
    plan.sync &= sink.streams
    return plan


def _together(plans: Sequence[tuple[Hook, Plan]]) -> dict[tuple[str, Part], list[Any]]:
    """Return the records of all deliveries by source and part, in the order in which they came."""
    found: dict[tuple[str, Part], list[Any]] = {}
    for hook, plan in plans:
        for part, records in plan.records.items():
            found.setdefault((hook.source, part), []).extend(records)
    return found


def _seen(engine: DuckDB, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which of these deliveries were landed before."""
    import pyarrow as pa

    sources, ids = zip(*keys, strict=True)
    engine.register("hook_keys", pa.table({"source": pa.array(sources), "id": pa.array(ids)}))
    try:
        rows = engine.rows(
            "SELECT d.source, d.delivery_id FROM hook_deliveries d SEMI JOIN hook_keys k "
            "ON k.source = d.source AND k.id = d.delivery_id"
        )
    finally:
        engine.unregister("hook_keys")
    return {(source, number) for source, number in rows}


def _remember(engine: DuckDB, deliveries: Sequence[tuple[str, str, datetime]], now: datetime) -> None:
    engine.execute("DELETE FROM hook_deliveries WHERE received_at < ?", [now - REMEMBERED])
    if not deliveries:
        return
    import pyarrow as pa

    columns = list(zip(*deliveries, strict=True))
    table = pa.table({"source": pa.array(columns[0]), "id": pa.array(columns[1]),
                      "moment": pa.array(columns[2], pa.timestamp("us"))})  # fmt: skip
    engine.register("hook_new", table)
    try:
        engine.execute("INSERT INTO hook_deliveries SELECT source, id, moment FROM hook_new")
    finally:
        engine.unregister("hook_new")


def _put_aside(engine: DuckDB, record: tuple[bytes, Position], now: datetime, why: str) -> LandedHooks:
    """Put one delivery that cannot be landed into quarantine, and go on behind it."""
    content, end = record
    hook = read_record(content)
    try:
        raw = json.dumps(hook.content(), ensure_ascii=False)
    except UnreadableError:
        raw = json.dumps(hook.body.decode("utf-8", "replace"), ensure_ascii=False)
    raw = raw.encode("utf-8", "replace").decode()
    if not engine.value("SELECT json_valid(?)", [raw]):
        raw = json.dumps(raw)
    with engine.transaction():
        load_id = store.next_number(engine, "loads", "load_id")
        outcome = LoadOutcome.nothing(load_id, "events", (hook.source,), quarantined=1, note=why)
        engine.execute(
            "INSERT INTO loads (load_id, loaded_at, kind, sources, mapping, outcome) "
            "VALUES (?, ?, 'events', ?, '{}', ?)",
            [load_id, now, [hook.source], json.dumps(outcome.as_dict())],
        )
        number = store.next_number(engine, "quarantine", "quarantine_id")
        engine.execute(
            """INSERT INTO quarantine (quarantine_id, load_id, source, kind, row_no, column_name, reason, raw)
            VALUES (?, ?, ?, 'events', 1, NULL, 'cannot_be_stored', ?)""",
            [number, load_id, hook.source, raw],
        )
        store.set_state(engine, STATE_KEY, str(end))
    return LandedHooks(deliveries=1, quarantined=1, end=end)
