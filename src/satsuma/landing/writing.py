"""Clean rows to stored rows, in one transaction: the stage of their kind, the quarantine, the quality, the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.errors import SourceError
from satsuma.identity import numbers
from satsuma.landing import consents, customers, deals, events, labels, order_files, products, records, store, surveys
from satsuma.landing.outcome import Landed, Landing, LoadOutcome, Progress, silent
from satsuma.quality.incoming import Incoming, LoadKind

_STAGES: Mapping[LoadKind, Callable[[Landing], Landed]] = {
    "customers": customers.land_customers,
    "accounts": customers.land_accounts,
    "events": events.land_events,
    "orders": order_files.land_orders,
    "order-lines": order_files.land_orders,
    "products": products.land_products,
    "consents": consents.land_consents,
    "surveys": surveys.land_surveys,
    "deals": deals.land_deals,
    "text-labels": labels.land_labels,
}


class _DryRunDone(Exception):  # noqa: N818 not an error: it carries a result
    """Carries the outcome out of a transaction that is taken back."""

    def __init__(self, outcome: LoadOutcome) -> None:
        super().__init__()
        self.outcome = outcome


def land_incoming(
    engine: DuckDB,
    incoming: Incoming,
    *,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    catalog: Catalog | None = None,
    progress: Progress = silent,
    after: Callable[[], None] | None = None,
    facts: Incoming | None = None,
) -> LoadOutcome:
    """Store rows that are typed and clean, in one transaction.

    Parameters
    ----------
    mapping : field -> column, to be kept with the load.
    after : done last, within the transaction.
    facts : what the rows say of their customers beside what they are, as rows of customers; part of the same load.

    Returns
    -------
    LoadOutcome

    Raises
    ------
    SourceError
        When the rows do not fit what is stored; nothing is kept then.
    """
    import duckdb

    try:
        with engine.transaction():
            outcome = _land(engine, incoming, now, mapping or {}, dry_run, catalog or Catalog(), progress, facts)
            if after is not None:
                after()
            if dry_run:
                raise _DryRunDone(outcome)
    except _DryRunDone as done:
        return done.outcome
    except duckdb.OutOfMemoryException:
        raise SourceError(
            "There is not enough memory for this load. Nothing was loaded.",
            hint="Load fewer files at once, or give the computer more free memory or disk for temporary files.",
        ) from None
    except duckdb.Error as error:
        # The engine's own message may repeat a value of the file.
        raise SourceError(
            f"The rows cannot be stored ({type(error).__name__}). Nothing was loaded.",
            hint="Try the load with --dry-run and fewer columns to find the one that does not fit.",
            engine_error=type(error).__name__,
        ) from None
    return outcome


def land_within(
    engine: DuckDB, incoming: Incoming, *, now: datetime, catalog: Catalog, is_first: bool | None = None
) -> LoadOutcome:
    """Store rows within a transaction that the caller has begun, and settles: several kinds of rows that came together.

    Errors are the engine's own; the caller takes everything back.

    Parameters
    ----------
    is_first : whether facts are taken as known at their own time; by default, when no such rows were loaded before.
    """
    return _land(engine, incoming, now, {}, False, catalog, silent, is_first=is_first)


def _land(
    engine: DuckDB,
    incoming: Incoming,
    now: datetime,
    mapping: Mapping[str, str],
    dry_run: bool,
    catalog: Catalog,
    progress: Progress,
    facts: Incoming | None = None,
    *,
    is_first: bool | None = None,
) -> LoadOutcome:
    _name_own_columns(engine, incoming)
    load_id = store.next_number(engine, "loads", "load_id")
    landing = Landing(
        engine=engine,
        incoming=incoming,
        load_id=load_id,
        now=now,
        is_first=_is_first(engine, incoming) if is_first is None else is_first,
        catalog=catalog,
        progress=progress,
    )
    readable = landing.incoming_rows()
    rows = readable + records.rejected_rows(engine, incoming)
    new_from = {entity: numbers.next_free(engine, f"{entity}s", f"{entity}_no") for entity in ("customer", "account")}
    landed = _STAGES[incoming.load_kind](landing)
    if facts is not None:
        _name_own_columns(engine, facts)
        said = customers.land_customers(replace(landing, incoming=facts))
        landed = replace(landed, catalog=landed.catalog.merged(said.catalog))
    _note_arrivals(landing, new_from)
    appended = sum(landed.events.values())
    if appended:
        progress("keeping events in order")
        # Purchases among events come from two statements, so that their names may stand in two runs.
        exploded = engine.value("SELECT count(*) FROM orders WHERE load_id = ?", [load_id])
        is_one_run = not (incoming.load_kind == "events" and exploded)
        store.settle_order(engine, appended=appended, is_one_run=is_one_run)
    quarantined = records.rejected_rows(engine, incoming)
    records.keep_rejected(engine, incoming, load_id)
    records.keep_quality(engine, incoming, load_id)
    outcome = LoadOutcome(
        load_id=load_id,
        load_kind=incoming.load_kind,
        sources=incoming.sources,
        rows=rows,
        quarantined=quarantined,
        landed=landed,
        mapping=dict(mapping) or {item.name: item.column for item in incoming.fields},
        reasons=records.reasons(engine, incoming),
        notes=tuple(dict.fromkeys((*incoming.notes, *landed.notes))),
        is_dry_run=dry_run,
    )
    engine.execute(
        "INSERT INTO loads (load_id, loaded_at, kind, sources, mapping, outcome) VALUES (?, ?, ?, ?, ?, ?)",
        [
            load_id,
            now,
            incoming.load_kind,
            list(incoming.sources),
            json.dumps(outcome.mapping),
            json.dumps(outcome.as_dict()),
        ],
    )
    return outcome


def _is_first(engine: DuckDB, incoming: Incoming) -> bool:
    return not engine.value("SELECT count(*) FROM loads WHERE kind = ?", [incoming.load_kind])


def _note_arrivals(landing: Landing, new_from: Mapping[str, int]) -> None:
    """Keep since when those whom this load brought are known: since ever on a first load, else from the load on.

    A column that says when its rows were known says it of their customers as well.
    """
    engine = landing.engine
    if not landing.is_first:
        for entity, first in new_from.items():
            number = f"{entity}_no"
            engine.execute(f"UPDATE {entity}s SET arrived_at = {landing.now_sql} WHERE {number} >= {first}")
    if landing.incoming.has("received_at"):
        engine.execute(
            f"""UPDATE customers SET arrived_at = s.known FROM (
                SELECT customer_no, min(received_at) AS known FROM events
                WHERE load_id = {landing.load_id} AND customer_no IS NOT NULL GROUP BY 1) s
            WHERE customers.customer_no = s.customer_no AND CASE WHEN customers.arrived_at IS NULL
                THEN customers.customer_no >= {new_from["customer"]} ELSE customers.arrived_at > s.known END"""
        )


def _name_own_columns(engine: DuckDB, incoming: Incoming) -> None:
    """Give the row's own facts names that no field can have, and fields their names back."""
    table = identifier(incoming.table)
    present = engine.columns(incoming.table)
    for name, moved in (("row_no", "row_number"), ("source", "consent_source")):
        engine.execute(f"ALTER TABLE {table} RENAME COLUMN {name} TO _{name}")
        if moved in present and any(item.name == name for item in incoming.fields):
            engine.execute(f"ALTER TABLE {table} RENAME COLUMN {moved} TO {name}")
