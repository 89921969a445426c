"""Results of past days that were kept before a load answer after it as new ones do, whatever the load brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_worlds as worlds
from random_history import past_customers, past_definitions
from satsuma.engines.duckdb import DuckDB
from satsuma.language.reference import Customer
from satsuma.segments.history_cache import history_cache
from small_world import checked, fill, run

FEWER = settings(max_examples=max(settings().max_examples // 3, 10))


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


#: What one load brings: a change of one kind, so that no other hides that it was overlooked.
KINDS = ("events", "replaced", "changes", "first_seen", "traits", "customers")


@st.composite
def before_a_load(draw: st.DrawFn, everybody: Sequence[Customer], setting: worlds.Setting) -> list[Customer]:
    """Return the customers as they were before a load brought something about a few of them."""
    kind = draw(st.sampled_from(KINDS))
    chance = Random(draw(st.integers(0, 2**32)))  # noqa: S311  the same for the same seed is what is wanted
    if kind == "customers":
        return list(everybody[: chance.randint(0, len(everybody))])
    return [_before(kind, person, chance, setting) if chance.random() < 0.3 else person for person in everybody]


def _before(kind: str, person: Customer, chance: Random, setting: worlds.Setting) -> Customer:
    if kind == "events":
        return replace(person, events=[event for event in person.events if chance.random() < 0.5])
    if kind == "replaced":
        return replace(person, events=[replace(event, superseded_at=None) for event in person.events])
    if kind == "changes":
        return replace(person, trait_changes=[item for item in person.trait_changes if chance.random() < 0.5])
    if kind == "first_seen":
        return replace(person, first_seen=chance.choice([None, setting.at - timedelta(hours=chance.randint(0, 96))]))
    return replace(person, traits={name: value for name, value in person.traits.items() if chance.random() < 0.5})


def _load(engine: DuckDB, before: Sequence[Customer], after: Sequence[Customer]) -> None:
    """Put the second state into the warehouse as a second load would have."""
    fill(engine, worlds.CATALOG, after)
    engine.execute("INSERT INTO loads SELECT 2, * EXCLUDE (load_id) FROM loads")
    known = {event.event_id: event for person in before for event in person.events}
    for number, person in enumerate(after):
        for event in person.events:
            if event.event_id not in known:
                engine.execute(f"UPDATE events SET load_id = 2 WHERE event_id = '{event.event_id}'::UUID")
            elif known[event.event_id].superseded_at != event.superseded_at:
                engine.execute(f"INSERT INTO supersessions VALUES (2, {number}, '{event.name}', '{event.time}')")


@FEWER
@given(data=st.data())
def test_kept_days_answer_as_new_ones_do(engine: DuckDB, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    after = data.draw(past_customers(setting))
    before = data.draw(before_a_load(after, setting))
    definitions = checked(data.draw(past_definitions(setting)), worlds.CATALOG, setting.zone, **worlds.NAMES)
    engine.create_schema()
    for table in ("loads", "supersessions"):
        engine.execute(f"DELETE FROM {table}")
    engine.execute("INSERT INTO loads VALUES (1, '2024-01-01', 'events', ['x'], '{}'::JSON, '{}'::JSON)")
    with TemporaryDirectory() as folder:
        kept = history_cache(engine, Path(folder))
        fill(engine, worlds.CATALOG, before)
        run(engine, definitions, setting.moment, open_cache=kept)
        _load(engine, before, after)
        again = run(engine, definitions, setting.moment, open_cache=kept)
    anew = run(engine, definitions, setting.moment)
    assert {name: bits.tobytes() for name, bits in again.members.items()} == {
        name: bits.tobytes() for name, bits in anew.members.items()
    }
