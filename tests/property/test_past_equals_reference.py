"""The past of values: the compiled evaluation and the specification agree on every customer (rules S8, S15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_worlds as worlds
from random_history import past_customers, past_definitions
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation import past, scan
from satsuma.evaluation.roster import some_customers
from satsuma.language import reference
from satsuma.language.types import Segment, Segmentation
from small_world import checked, fill, member_ids, run, world_of

HALF = settings(max_examples=max(settings().max_examples // 2, 10))


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as found:
        yield found


@given(data=st.data())
def test_the_past_of_values_has_the_answers_of_the_specification(
    engine: DuckDB, patch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(past_customers(setting))
    files = data.draw(past_definitions(setting))
    known_at = data.draw(st.sampled_from([None, None, setting.moment.as_of, setting.moment.as_of - 1]))
    # One byte of memory is one point of the past at a time, and one row a chunk eight customers.
    patch.setattr(past, "MOST_HELD", data.draw(st.sampled_from([1, 300, 512 << 20])))
    patch.setattr(scan, "CHUNK_ROWS", data.draw(st.sampled_from([1, 2_000_000])))
    found = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)
    fill(engine, worlds.CATALOG, everybody, is_sorted=data.draw(st.booleans()))
    evaluation = run(engine, found, setting.moment, known_at=known_at)
    world = world_of(found, setting.moment, everybody, known_at=known_at)
    for name, segment in found.of(Segment).items():
        expected = {person.id for person in everybody if reference.holds(segment.where, person, world)}
        assert member_ids(evaluation, everybody, name) == expected, name
    for name in found.of(Segmentation):
        labels = evaluation.labels[name]
        for number, person in enumerate(everybody):
            if reference.in_population(person, world):
                assert labels.names[labels.codes[number]] == reference.label(name, person, world), name


@HALF
@given(data=st.data())
def test_some_customers_have_the_same_past_as_among_everybody(engine: DuckDB, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(past_customers(setting))
    files = data.draw(past_definitions(setting).filter(_is_about_each_alone))
    found = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)
    fill(engine, worlds.CATALOG, everybody)
    whole = run(engine, found, setting.moment)
    chosen = sorted(data.draw(st.sets(st.integers(0, max(len(everybody) - 1, 0)), max_size=len(everybody))))
    part = run(engine, found, setting.moment, roster=some_customers(np.array(chosen, np.uint32)))
    for name in found.of(Segment):
        expected = member_ids(whole, everybody, name) & {everybody[number].id for number in chosen}
        assert member_ids(part, [everybody[number] for number in chosen], name) == expected, name


def _is_about_each_alone(files: dict[str, Any]) -> bool:
    """Say whether no condition compares customers with each other."""
    return "'rank'" not in repr(files) and "'percentile'" not in repr(files)
