"""A batch of records into the warehouse: rows, raw records and how far the stream is, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from satsuma.catalog import Catalog
from satsuma.connectors import figures, state
from satsuma.connectors.paths import Path
from satsuma.connectors.people import People, asked_people
from satsuma.connectors.records import Record, record_of
from satsuma.connectors.rows import Made, incoming_rows, make_rows
from satsuma.connectors.state import Known, State
from satsuma.connectors.vendor import Stream
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.landing import records as beside
from satsuma.landing import store
from satsuma.landing.outcome import LoadOutcome
from satsuma.landing.storing import storing
from satsuma.landing.writing import land_within as land_rows
from satsuma.sources.names import slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """Where records land, and by what rules: the source's name, who is a customer, and what the workspace says."""

    source: str
    streams: Mapping[str, Stream]
    person: str | Path
    currency: str
    region: str | None = None

    @property
    def deleted_as(self) -> str:
        """The trait of customers and accounts that were deleted at the vendor."""
        return f"deleted_in_{slug(self.source)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one part of a stream, and how far it is when they have landed.

    is_first : the part was never read to its end before.
    """

    stream: Stream
    part: str
    records: Sequence[Record]
    state: State
    extracted_at: datetime
    zone: ZoneInfo
    is_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What came of batches. records : that were read; unchanged : among them, known as they are.

    rows : by kind, how many rows were loaded, updated, unchanged, put into quarantine.
    """

    records: int = 0
    unchanged: int = 0
    deleted: int = 0
    erased: int = 0
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    customers_new: int = 0
    notes: tuple[str, ...] = ()
    catalog: Catalog = field(default_factory=Catalog)

    def plus(self, other: Landed) -> Landed:
        """Return what both did."""
        kinds = {*self.rows, *other.rows}
        return Landed(
            records=self.records + other.records,
            unchanged=self.unchanged + other.unchanged,
            deleted=self.deleted + other.deleted,
            erased=self.erased + other.erased,
            rows={
                kind: dict(Counter(self.rows.get(kind, {})) + Counter(other.rows.get(kind, {})))
                for kind in sorted(kinds)
            },
            events=dict(Counter(self.events) + Counter(other.events)),
            customers_new=self.customers_new + other.customers_new,
            notes=tuple(dict.fromkeys((*self.notes, *other.notes))),
            catalog=self.catalog.merged(other.catalog),
        )


def land(engine: DuckDB, into: Into, batch: Batch, *, now: datetime, catalog: Catalog) -> Landed:
    """Land a batch, whole or not at all; a record that does not fit what is stored waits in quarantine.

    Raises
    ------
    WorkspaceError
        When the warehouse cannot be written.
    """
    try:
        return _land(engine, into, batch, now, catalog)
    except SourceError as error:
        if len(batch.records) <= 1:
            if not batch.records:
                raise
            return _put_aside(engine, into, batch, now, error)
    # One record does not fit, and must not hold up the others: look for it in halves. The state goes with the last.
    half = len(batch.records) // 2
    before = state.read_state(engine, into.source, batch.stream.name, batch.part)
    held = before or State(began_at=batch.state.began_at)
    first = replace(batch, records=batch.records[:half], state=held)
    landed = land(engine, into, first, now=now, catalog=catalog)
    second = replace(batch, records=batch.records[half:])
    return landed.plus(land(engine, into, second, now=now, catalog=catalog.merged(landed.catalog)))


def land_within(engine: DuckDB, into: Into, batch: Batch, *, now: datetime, catalog: Catalog) -> Landed:
    """Land a batch within the caller's transaction; how far its stream is read stays as it is.

    Raises
    ------
    SourceError
        When a record does not fit what is stored.
    """
    work = _Landing(engine, into, batch, now, catalog)
    work.land()
    for table in work.tables:
        beside.drop(engine, table)
    return work.landed


def _land(engine: DuckDB, into: Into, batch: Batch, now: datetime, catalog: Catalog) -> Landed:
    work = _Landing(engine, into, batch, now, catalog)
    hint = "Check that the disk is not full and that there is memory left, and sync again."
    try:
        with (
            storing("The records", failed="Nothing of this batch was kept.", hint=hint),
            engine.transaction(),
        ):
            work.land()
            state.write_state(engine, into.source, batch.stream.name, batch.part, batch.state)
    finally:
        for table in work.tables:
            beside.drop(engine, table)
    return work.landed


class _Landing:
    """One batch under way, within its transaction."""

    def __init__(self, engine: DuckDB, into: Into, batch: Batch, now: datetime, catalog: Catalog) -> None:
        self.engine, self.into, self.batch, self.now = engine, into, batch, now
        self.catalog = catalog
        self.landed = Landed()
        self.tables: list[str] = []
        self.load_id: int | None = None

    def land(self) -> None:
        stream, records = self.batch.stream, list(self.batch.records)
        self.landed = Landed(records=len(records))
        target = stream.erases or stream.deletes
        if target is None:
            self._land_records(stream, records)
            return
        own = self._fresh(stream.name, records)[0]
        keys = [record.key for record in records]
        if stream.erases is not None:
            erased = state.forget_records(self.engine, self.into.source, target, keys, self.now)
            if erased:
                self._tell_of_erased(f"{self.into.source}/{stream.name}")
            self._add(Landed(erased=erased, unchanged=len(records) - erased))
            # What says whom to forget need not say it for ever.
            own = [replace(record, payload="{}") for record in own]
        else:
            self._delete(self.into.streams[target], records)
        state.keep_records(self.engine, self.into.source, stream.name, own, {}, self.batch.extracted_at)

    # ------------------------------------------------------------------------------------------------------- records

    def _land_records(self, stream: Stream, records: list[Record]) -> None:
        fresh, known = self._fresh(stream.name, records)
        self._add(Landed(unchanged=len(records) - len(fresh), deleted=sum(record.is_deleted for record in fresh)))
        if not fresh:
            return
        whose = self._store(stream, fresh, known)
        state.keep_records(self.engine, self.into.source, stream.name, fresh, whose, self.batch.extracted_at)

    def _fresh(self, stream: str, records: Sequence[Record]) -> tuple[list[Record], dict[str, Known]]:
        """Return the records that say something new, the newest of each, and what is kept of them."""
        known = state.known_records(self.engine, self.into.source, stream, (record.key for record in records))
        newest: dict[str, Record] = {}
        for record in records:
            other = newest.get(record.key)
            if other is None or _is_not_older(record.updated_at, other.updated_at):
                newest.pop(record.key, None)
                newest[record.key] = record
        return [record for record in newest.values() if _is_new(record, known.get(record.key))], known

    def _store(self, stream: Stream, records: Sequence[Record], known: Mapping[str, Known]) -> dict[str, str]:
        """Land the rows of records; returns whose each record is."""
        standing = state.known_people(self.engine, self.into.source, asked_people(stream, records))
        people = People(self.into.source, self.into.person, standing)
        returned = frozenset(
            record.key for record in records
            if not record.is_deleted and record.key in known and known[record.key].is_deleted
        )  # fmt: skip
        whose: dict[str, str] = {}
        for spec in stream.rows:
            made, found = make_rows(
                stream, spec, records, people, source=self.into.source, returned=returned,
                deleted_as=self.into.deleted_as,
            )  # fmt: skip
            whose = {**found, **whose}
            if spec.load == "figures":
                count = figures.keep(self.engine, self.into.source, stream.name, made)
                self._add(Landed(rows={"figures": {"loaded": count}} if count else {}))
            elif made.rows:
                self._land_rows(stream, made)
        if people.reserved:
            state.reserve_people(self.engine, self.into.source, people.reserved, self.batch.extracted_at)
        if people.earlier:
            state.keep_earlier_ids(self.engine, self.into.source, people.earlier, load_id=self.load_id)
        return whose

    def _land_rows(self, stream: Stream, made: Made) -> None:
        label = f"{self.into.source}/{stream.name}"
        zone = made.spec.timezone or str(self.batch.zone)
        incoming, raw = incoming_rows(
            self.engine, made, label=label, catalog=self.catalog, timezone=zone, region=self.into.region,
            currency=self.into.currency, now=self.now, person_is_email=self.into.person != "id",
        )  # fmt: skip
        self.tables += [raw.table, incoming.table, incoming.rejected]
        outcome = land_rows(
            self.engine, incoming, now=self.now, catalog=self.catalog, is_first=self._is_first(incoming.load_kind)
        )
        self._add(_landed(outcome))
        self.load_id = outcome.load_id
        self.catalog = self.catalog.merged(outcome.catalog)

    def _is_first(self, kind: str) -> bool:
        """Return whether facts are known at their own time: as on the first load of a kind of files.

        The first reading of a source is one load, however many batches it takes.
        """
        if not self.batch.is_first:
            return False
        return not self.engine.value(
            "SELECT count(*) FROM loads WHERE kind = ? AND NOT starts_with(sources[1], ?)",
            [kind, f"{self.into.source}/"],
        )

    def _add(self, landed: Landed) -> None:
        self.landed = self.landed.plus(landed)

    # ------------------------------------------------------------------------------------------------------- deletes

    def _delete(self, target: Stream, records: Sequence[Record]) -> None:
        """Mark the records of another stream that these say are gone."""
        source = self.into.source
        known = state.known_records(self.engine, source, target.name, (record.key for record in records))
        held = state.payloads(self.engine, source, target.name, known)
        gone: dict[str, Record] = {}
        for record in records:
            there = known.get(record.key)
            if there is not None and (there.is_deleted or there.is_erased):
                continue
            if there is not None and not _is_not_older(record.updated_at, there.updated_at):
                continue  # it came back since
            payload = json.loads(held.get(record.key, "{}"))
            made = record_of(target, payload, {}, self.batch.zone)
            gone[record.key] = replace(
                made, key=record.key, is_deleted=True,
                updated_at=record.updated_at or (there.updated_at if there is not None else None),
            )  # fmt: skip
        self._add(Landed(deleted=len(gone), unchanged=len(records) - len(gone)))
        marked = list(gone.values())
        whose = self._store(target, [record for record in marked if record.key in held], known)
        state.keep_records(self.engine, source, target.name, marked, whose, self.batch.extracted_at)

    def _tell_of_erased(self, label: str) -> None:
        """Keep who was erased just now as a load of its own, so that a refresh looks at them again."""
        load_id = store.next_number(self.engine, "loads", "load_id")
        note = "Customers were erased, as the source asked."
        outcome = LoadOutcome.nothing(load_id, "customers", (label,), quarantined=0, note=note)
        self.engine.execute(
            "INSERT INTO loads (load_id, loaded_at, kind, sources, mapping, outcome) VALUES (?, ?, ?, ?, '{}', ?)",
            [load_id, self.now, "customers", [label], json.dumps(outcome.as_dict())],
        )
        self.engine.execute(
            f"""INSERT INTO fact_changes SELECT {load_id}, 'customer', customer_no FROM customers
            WHERE erased_at = CAST(? AS TIMESTAMP)""",
            [self.now],
        )


def _is_not_older(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or one >= other


def _is_new(record: Record, known: Known | None) -> bool:
    if known is None:
        return True
    if known.is_erased or not _is_not_older(record.updated_at, known.updated_at):
        return False
    same: UUID | None = known.digest
    return same != record.digest or known.is_deleted != record.is_deleted


def _landed(outcome: LoadOutcome) -> Landed:
    landed = outcome.landed
    counts = {"loaded": landed.loaded, "updated": landed.updated, "unchanged": landed.unchanged,
              "quarantined": outcome.quarantined}  # fmt: skip
    return Landed(
        rows={outcome.load_kind: {name: count for name, count in counts.items() if count}},
        events=landed.events,
        customers_new=landed.customers_new,
        notes=outcome.notes,
        catalog=outcome.catalog,
    )


def _put_aside(engine: DuckDB, into: Into, batch: Batch, now: datetime, error: SourceError) -> Landed:
    """Put one record that does not fit what is stored into quarantine, and go on behind it."""
    record, stream = batch.records[0], batch.stream
    label = f"{into.source}/{stream.name}"
    kind = next((spec.load for spec in stream.rows if spec.load != "figures"), "events")
    with engine.transaction():
        load_id = store.next_number(engine, "loads", "load_id")
        outcome = LoadOutcome.nothing(load_id, kind, (label,), quarantined=1, note=str(error))  # type: ignore[arg-type]
        engine.execute(
            "INSERT INTO loads (load_id, loaded_at, kind, sources, mapping, outcome) VALUES (?, ?, ?, ?, '{}', ?)",
            [load_id, now, kind, [label], json.dumps(outcome.as_dict())],
        )
        number = store.next_number(engine, "quarantine", "quarantine_id")
        engine.execute(
            """INSERT INTO quarantine (quarantine_id, load_id, source, kind, row_no, column_name, reason, raw)
            VALUES (?, ?, ?, ?, 1, NULL, 'cannot_be_stored', CAST(? AS JSON))""",
            [number, load_id, label, kind, record.payload],
        )
        state.keep_records(engine, into.source, stream.name, [record], {}, batch.extracted_at)
        state.write_state(engine, into.source, stream.name, batch.part, batch.state)
    return Landed(records=1, rows={kind: {"quarantined": 1}}, notes=(str(error),))


__all__ = ["Batch", "Into", "Landed", "land", "land_within"]
