"""A refresh gives what a full run gives, whatever was loaded and however far the clock moved (rule S15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import random_worlds
import small_world
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.language.reference import Account, Customer
from satsuma.segments.refresh import refresh_definitions
from satsuma.segments.run import run_definitions
from satsuma.segments.store import RunStore, StoredRun

#: How long before the moment of the refresh the run before it looked.
STEPS = [timedelta(), timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=8),
         timedelta(days=40)]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    found = DuckDB(None)
    yield found
    found.close()


@dataclass(frozen=True)
class Later:
    """What the second load brings: customers, traits of known customers, events, and corrections, by number."""

    customers: frozenset[int]
    facts: frozenset[int]
    events: frozenset[str]
    superseded: frozenset[str]


def some(items: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(items), unique=True) if items else st.just([])


@st.composite
def histories(
    draw: st.DrawFn,
) -> tuple[random_worlds.Setting, list[Customer], list[Account], dict[str, Any], Later, datetime]:
    setting = draw(random_worlds.settings_of_time)
    customers = draw(random_worlds.customers(setting))
    accounts = draw(random_worlds.accounts(setting, customers))
    definitions = draw(random_worlds.definitions(setting))
    ids = sorted(event.event_id for customer in customers for event in customer.events)
    people = list(range(len(customers)))
    later = Later(*(frozenset(draw(some(part))) for part in (people, people, ids, ids)))
    return setting, customers, accounts, definitions, later, setting.at - draw(st.sampled_from(STEPS))


def take_out(engine: DuckDB, later: Later) -> None:
    """Leave in the warehouse what the first load brought."""
    ids = ", ".join(f"'{item}'::UUID" for item in sorted(later.events)) or "NULL"
    late = ", ".join(map(str, sorted(later.customers))) or "NULL"
    facts = ", ".join(map(str, sorted(later.facts))) or "NULL"
    engine.execute("DROP TABLE IF EXISTS later_events")
    engine.execute("DROP TABLE IF EXISTS later_customers")
    engine.execute(
        f"CREATE TABLE later_events AS SELECT * FROM events WHERE event_id IN ({ids}) OR customer_no IN ({late})"
    )
    engine.execute(f"DELETE FROM events WHERE event_id IN ({ids}) OR customer_no IN ({late})")
    whom = f"customer_no IN ({late}) OR customer_no IN ({facts})"
    engine.execute(f"CREATE TABLE later_customers AS SELECT * FROM customers WHERE {whom}")
    engine.execute(f"DELETE FROM customers WHERE customer_no IN ({late})")
    for table in ("account_members", "consents"):
        engine.execute(f"DROP TABLE IF EXISTS later_{table}")
        engine.execute(f"CREATE TABLE later_{table} AS SELECT * FROM {table} WHERE {whom}")
        engine.execute(f"DELETE FROM {table} WHERE {whom}")
    traits = ", ".join(f'"{name}" = NULL' for name in random_worlds.TRAITS)
    engine.execute(f"UPDATE customers SET {traits} WHERE customer_no IN ({facts})")


def bring_in(engine: DuckDB, later: Later, at: datetime) -> None:
    """Load what was taken out, as the second load."""
    engine.execute("INSERT INTO events SELECT * REPLACE (2 AS load_id) FROM later_events")
    engine.execute("DELETE FROM customers WHERE customer_no IN (SELECT customer_no FROM later_customers)")
    engine.execute("INSERT INTO customers SELECT * FROM later_customers")
    engine.execute("INSERT INTO fact_changes SELECT 2, 'customer', customer_no FROM later_customers")
    for table in ("account_members", "consents"):
        engine.execute(f"INSERT INTO {table} SELECT * REPLACE (2 AS load_id) FROM later_{table}")
    for item in sorted(later.superseded):
        which = f"FROM events WHERE event_id = '{item}'::UUID AND superseded_at IS NULL AND load_id = 1"
        engine.execute(f"INSERT INTO supersessions SELECT 2, customer_no, name, time {which}")
        engine.execute(
            f"UPDATE events SET superseded_at = {literal(str(at))}::TIMESTAMP "
            f"WHERE event_id = '{item}'::UUID AND superseded_at IS NULL AND load_id = 1"
        )
    engine.execute("UPDATE warehouse_state SET value = 'false' WHERE key = 'events_sorted'")
    loads = "load_id, loaded_at, kind, sources, mapping, outcome"
    engine.execute(f"INSERT INTO loads ({loads}) VALUES (2, TIMESTAMP '2024-01-01', 'events', [], '{{}}', '{{}}')")


def told(run: StoredRun) -> dict[str, Any]:
    """Return everything that a run says, but how it came from the one before it."""
    keys = ("name", "size", "share", "value")
    traits = run.traits(sorted(run.trait_names()))
    labels = run.labels(sorted(run.label_columns()))
    return {
        "population": sorted(run.population()),
        "members": {name: sorted(run.members(name)) for name in sorted(run.segment_names())},
        "rows": [{key: row[key] for key in keys} for row in run.outcome["segments"]],
        "segmentations": run.outcome["segmentations"],
        "traits": traits.to_pylist(),
        "labels": [{key: str(value) for key, value in row.items()} for row in labels.to_pylist()],
        "value": run.outcome["value"],
    }


#: Each evaluates three times and writes files: a quarter of the usual number takes as long.
@settings(max_examples=max(settings().max_examples // 4, 10))
@given(histories())
def test_a_refresh_equals_a_full_run(engine: DuckDB, history: Any) -> None:
    setting, customers, accounts, definitions, later, before = history
    note(f"{setting} {later} {before}")
    engine.execute("DROP TABLE IF EXISTS runs")
    small_world.fill(engine, random_worlds.CATALOG, customers, accounts)
    for table in ("loads", "fact_changes", "supersessions"):
        engine.execute(f"DELETE FROM {table}")
    take_out(engine, later)
    checked = small_world.checked(definitions, random_worlds.CATALOG, setting.zone, **random_worlds.NAMES)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "lists").mkdir()
        (root / "lists" / "guests.txt").write_text("0é\n3é\n", encoding="utf-8")
        now = datetime(2024, 7, 1)
        options: dict[str, Any] = {"now": now, "clock": lambda: now, "root": root}
        run_definitions(engine, checked, as_of=before, known_at=None, **options)
        first = RunStore(engine, root / "state").required()
        bring_in(engine, later, setting.at)
        small = pytest.MonkeyPatch()
        small.setattr("satsuma.segments.refresh_plan.MOST_TOUCHED", 100.0)
        try:
            outcome = refresh_definitions(engine, checked, as_of=setting.at, **options)
        finally:
            small.undo()
        assert "touched" in outcome.facts["refresh"]
        refreshed = RunStore(engine, root / "state").required()
        run_definitions(engine, checked, as_of=setting.at, known_at=None, **options)
        full = RunStore(engine, root / "state").required()
        assert refreshed.run_id == full.run_id - 1
        assert told(refreshed) == told(full)
        for name in full.segment_names():
            was, now_in = first.members(name), full.members(name)
            for word, moved in (("entered", now_in - was), ("left", was - now_in)):
                parts = [refreshed.changes.read(key) for key in refreshed.changes.names()
                         if key.startswith(f"{name}/{word}/")]  # fmt: skip
                assert sorted(number for part in parts for number in part) == sorted(moved)
