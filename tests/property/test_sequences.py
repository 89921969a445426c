"""Sequences alone, with longer histories: the compiled answers are those of the specification (rules S10 and S15)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import random_worlds as worlds
from random_sequences import histories, sequence_leaves
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation import scan, sequence_rows
from satsuma.language import reference
from satsuma.language.types import Segment
from small_world import checked, fill, member_ids, run, world_of


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def sizes() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@given(data=st.data())
def test_every_sequence_has_the_answers_of_the_specification(
    engine: DuckDB, sizes: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(histories(setting))
    leaves = data.draw(st.lists(sequence_leaves(setting), min_size=1, max_size=5))
    definitions = checked(
        {f"segments/s{number}": {"where": leaf} for number, leaf in enumerate(leaves)}, worlds.CATALOG, setting.zone
    )
    known_at = data.draw(st.sampled_from([None, setting.moment.as_of, setting.moment.as_of - 1]))
    sizes.setattr(scan, "CHUNK_ROWS", data.draw(st.sampled_from([1, 2_000_000])))
    # A few pairs at a time, so that ways that go on are joined from several parts.
    sizes.setattr(sequence_rows, "PAIRS", data.draw(st.sampled_from([1, 3, 4_000_000])))
    fill(engine, worlds.CATALOG, everybody, is_sorted=data.draw(st.booleans()))
    evaluation = run(engine, definitions, setting.moment, known_at=known_at)
    world = world_of(definitions, setting.moment, everybody, known_at=known_at)
    for name, segment in definitions.of(Segment).items():
        expected = {person.id for person in everybody if reference.holds(segment.where, person, world)}
        assert member_ids(evaluation, everybody, name) == expected, name
