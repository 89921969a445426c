"""How far each stream is read, and the records as they came: two tables of the warehouse.

Both are written in the transaction of the rows that they are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from satsuma.connectors.records import Record
from satsuma.engines.duckdb import DuckDB
from satsuma.sources.temporary import free_name


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far one stream is read, or one part of it (of a form, of a list).

    last_value : the last moment of a change that was read. day : the last day of a window that was read whole.
    place : a cursor that stays good. records : read so far, 0 when it is to be read from its beginning. began_at : when
    the first reading began. completed_at : when the last reading that came to its end began; None before the first has.
    """

    last_value: datetime | None = None
    day: date | None = None
    place: str | None = None
    records: int = 0
    began_at: datetime
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is kept of a record."""

    updated_at: datetime | None
    digest: UUID | None
    is_deleted: bool
    is_erased: bool
    customer_id: str | None


def read_state(engine: DuckDB, source: str, stream: str, part: str) -> State | None:
    """Return how far a stream is read, None when it never was."""
    rows = engine.rows(
        """SELECT last_value, day, place, records, began_at, completed_at FROM source_states
        WHERE source = ? AND stream = ? AND part = ?""",
        [source, stream, part],
    )
    if not rows:
        return None
    last_value, day, place, records, began_at, completed_at = rows[0]
    return State(last_value=last_value, day=day, place=place, records=records, began_at=began_at,
                 completed_at=completed_at)  # fmt: skip


def write_state(engine: DuckDB, source: str, stream: str, part: str, state: State) -> None:
    """Keep how far a stream is read."""
    where = "source = ? AND stream = ? AND part = ?"
    engine.execute(f"DELETE FROM source_states WHERE {where}", [source, stream, part])
    engine.execute(
        "INSERT INTO source_states VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [source, stream, part, state.last_value, state.day, state.place, state.records, state.began_at,
         state.completed_at],
    )  # fmt: skip


def begin_anew(engine: DuckDB, source: str, streams: Sequence[str]) -> None:
    """Let streams be read from their beginning, and each record land as if it were new; who is erased stays so."""
    with _Given(engine, {"stream": list(streams)}) as given, engine.transaction():
        engine.execute(
            f"""UPDATE source_states SET last_value = NULL, day = NULL, place = NULL, records = 0
            WHERE source = ? AND stream IN (SELECT stream FROM {given})""",
            [source],
        )
        engine.execute(
            f"""UPDATE source_records SET digest = NULL
            WHERE source = ? AND NOT erased AND stream IN (SELECT stream FROM {given})""",
            [source],
        )


def known_records(engine: DuckDB, source: str, stream: str, keys: Iterable[str]) -> dict[str, Known]:
    """Return what is kept of records, by their keys."""
    with _Given(engine, {"key": sorted(set(keys))}) as given:
        rows = engine.rows(
            f"""SELECT r.record_id, r.updated_at, r.digest, r.deleted, r.erased, r.customer_id
            FROM source_records r SEMI JOIN {given} g ON g.key = r.record_id WHERE r.source = ? AND r.stream = ?""",
            [source, stream],
        )
    return {
        key: Known(updated_at=updated, digest=digest, is_deleted=deleted, is_erased=erased, customer_id=customer)
        for key, updated, digest, deleted, erased, customer in rows
    }


def known_people(engine: DuckDB, source: str, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the customers of records, by stream and key."""
    pairs = sorted(set(asked))
    with _Given(engine, {"stream": [one for one, _ in pairs], "key": [two for _, two in pairs]}) as given:
        rows = engine.rows(
            f"""SELECT r.stream, r.record_id, r.customer_id FROM source_records r
            SEMI JOIN {given} g ON g.stream = r.stream AND g.key = r.record_id
            WHERE r.source = ? AND r.customer_id IS NOT NULL""",
            [source],
        )
    return {(stream, key): customer for stream, key, customer in rows}


def payloads(engine: DuckDB, source: str, stream: str, keys: Iterable[str]) -> dict[str, str]:
    """Return the content of records, by their keys."""
    with _Given(engine, {"key": sorted(set(keys))}) as given:
        rows = engine.rows(
            f"""SELECT r.record_id, CAST(r.payload AS VARCHAR) FROM source_records r
            SEMI JOIN {given} g ON g.key = r.record_id
            WHERE r.source = ? AND r.stream = ? AND r.payload IS NOT NULL""",
            [source, stream],
        )
    return dict(rows)


def stream_payloads(engine: DuckDB, source: str, stream: str) -> list[str]:
    """Return the content of all records of a stream that are there: what another stream is read for."""
    rows = engine.rows(
        """SELECT CAST(payload AS VARCHAR) FROM source_records
        WHERE source = ? AND stream = ? AND NOT deleted AND payload IS NOT NULL ORDER BY record_id""",
        [source, stream],
    )
    return [row[0] for row in rows]


def read_before(engine: DuckDB, source: str, stream: str, keys: Iterable[str], moment: datetime) -> set[str]:
    """Return which records a sync that began at a moment, or before, brought."""
    with _Given(engine, {"key": sorted(set(keys))}) as given:
        rows = engine.rows(
            f"""SELECT r.record_id FROM source_records r SEMI JOIN {given} g ON g.key = r.record_id
            WHERE r.source = ? AND r.stream = ? AND r.extracted_at <= ?""",
            [source, stream, moment],
        )
    return {row[0] for row in rows}


def keep_records(
    engine: DuckDB, source: str, stream: str, records: Sequence[Record], whose: dict[str, str], extracted_at: datetime
) -> None:
    """Keep records as they came, in place of what was kept of them."""
    columns: dict[str, list[object]] = {
        "key": [record.key for record in records],
        "updated_at": [record.updated_at for record in records],
        "deleted": [record.is_deleted for record in records],
        "customer": [whose.get(record.key) for record in records],
        "digest": [str(record.digest) for record in records],
        "payload": [record.payload for record in records],
    }
    with _Given(engine, columns) as given:
        # Whose a record is stays known when it is gone and says so no more.
        engine.execute(
            f"""CREATE OR REPLACE TEMP TABLE kept_records AS
            SELECT g.*, coalesce(g.customer, r.customer_id) AS customer_id FROM {given} g
            LEFT JOIN source_records r ON r.record_id = g.key AND r.source = ? AND r.stream = ?""",
            [source, stream],
        )
    engine.execute(
        """DELETE FROM source_records WHERE source = ? AND stream = ?
        AND record_id IN (SELECT key FROM kept_records)""",
        [source, stream],
    )
    engine.execute(
        """INSERT INTO source_records SELECT ?, ?, key, CAST(updated_at AS TIMESTAMP), CAST(? AS TIMESTAMP), deleted,
            false, customer_id, CAST(digest AS UUID), CAST(payload AS JSON) FROM kept_records ORDER BY key""",
        [source, stream, extracted_at],
    )
    engine.execute("DROP TABLE kept_records")


def reserve_people(engine: DuckDB, source: str, people: Mapping[tuple[str, str], str], extracted_at: datetime) -> None:
    """Keep whose records will be that are not read yet: by stream and key, the customer."""
    columns = {
        "stream": [stream for stream, _ in people],
        "key": [key for _, key in people],
        "customer": list(people.values()),
    }
    with _Given(engine, columns) as given:
        engine.execute(
            f"""INSERT INTO source_records SELECT ?, g.stream, g.key, NULL, CAST(? AS TIMESTAMP), false, false,
                g.customer, NULL, NULL FROM {given} g
            WHERE NOT EXISTS (SELECT 1 FROM source_records r
                WHERE r.source = ? AND r.stream = g.stream AND r.record_id = g.key)""",
            [source, extracted_at, source],
        )


def keep_earlier_ids(engine: DuckDB, source: str, earlier: Mapping[str, str], *, load_id: int | None) -> None:
    """Keep that ids of customers belong to others: from the earlier to the later, for whoever merges them."""
    with _Given(engine, {"earlier": list(earlier), "later": list(earlier.values())}) as given:
        engine.execute(
            f"""INSERT INTO identifiers (kind, value, profile_no, source, load_id)
            SELECT 'customer_id', g.earlier, p.profile_no, ?, ? FROM {given} g
            JOIN profiles p ON p.kind = 'customer_id' AND p.profile_key = g.later
            WHERE NOT EXISTS (SELECT 1 FROM identifiers i WHERE i.kind = 'customer_id' AND i.value = g.earlier
                AND i.profile_no = p.profile_no) ORDER BY g.earlier""",
            [source, load_id],
        )


def forget_records(engine: DuckDB, source: str, stream: str, keys: Sequence[str], now: datetime) -> int:
    """Take away what records held, for ever, and mark their customers as erased; returns how many records."""
    with _Given(engine, {"key": sorted(set(keys))}) as given:
        engine.execute(
            f"""CREATE OR REPLACE TEMP TABLE forgotten AS
            SELECT g.key, r.customer_id, r.erased IS NOT DISTINCT FROM true AS before FROM {given} g
            LEFT JOIN source_records r ON r.record_id = g.key AND r.source = ? AND r.stream = ?""",
            [source, stream],
        )
    fresh = int(engine.value("SELECT count(*) FROM forgotten WHERE NOT before"))
    if fresh:
        engine.execute(
            """DELETE FROM source_records WHERE source = ? AND stream = ?
            AND record_id IN (SELECT key FROM forgotten WHERE NOT before)""",
            [source, stream],
        )
        # The id alone stays, so that the record comes never again.
        engine.execute(
            """INSERT INTO source_records SELECT ?, ?, key, NULL, CAST(? AS TIMESTAMP), true, true, customer_id, NULL,
                NULL FROM forgotten WHERE NOT before""",
            [source, stream, now],
        )
        engine.execute(
            """UPDATE source_records SET payload = NULL, digest = NULL, erased = true
            WHERE customer_id IN (SELECT customer_id FROM forgotten WHERE NOT before AND customer_id IS NOT NULL)"""
        )
        engine.execute(
            """UPDATE quarantine SET raw = CAST('{}' AS JSON), settled_at = coalesce(settled_at, CAST(? AS TIMESTAMP))
            WHERE json_extract_string(raw, '$.customer_id') IN (
                SELECT customer_id FROM forgotten WHERE NOT before AND customer_id IS NOT NULL)""",
            [now],
        )
        engine.execute(
            """UPDATE customers SET erased_at = CAST(? AS TIMESTAMP) WHERE erased_at IS NULL AND customer_id IN (
                SELECT customer_id FROM forgotten WHERE NOT before)""",
            [now],
        )
    engine.execute("DROP TABLE forgotten")
    return fresh


def forget_source(engine: DuckDB, source: str) -> dict[str, int]:
    """Take away the raw records and the state of a source; the rows that came of them stay."""
    counts = {}
    with engine.transaction():
        for table in ("source_records", "source_states", "source_figures"):
            counts[table] = int(engine.value(f"SELECT count(*) FROM {table} WHERE source = ?", [source]))
            engine.execute(f"DELETE FROM {table} WHERE source = ?", [source])
    return counts


class _Given:
    """Makes columns readable as a relation, for as long as the block lasts."""

    def __init__(self, engine: DuckDB, columns: Mapping[str, Sequence[object]]) -> None:
        self._engine, self._columns, self._name = engine, columns, free_name("given")

    def __enter__(self) -> str:
        import pyarrow as pa

        types = {"updated_at": pa.timestamp("us"), "deleted": pa.bool_()}
        arrays = {
            name: pa.array(values, types.get(name, pa.string()))  # an empty column has no type of its own
            for name, values in self._columns.items()
        }
        self._engine.register(self._name, pa.table(arrays))
        return self._name

    def __exit__(self, *_: object) -> None:
        self._engine.unregister(self._name)
