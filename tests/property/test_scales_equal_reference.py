"""Scores of scales, and places among respondents, are those of the specification (rule S15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.engines.duckdb import DuckDB
from satsuma.language import reference
from satsuma.language.types import Segment, Trait
from satsuma.statistics.psychometrics import norms
from small_world import checked, fill, member_ids, run, world_of

FEWER = settings(max_examples=12)
ITEMS = ["age", "points", "score", "spend", "mean_n", "orders"]
COMPUTED = {f"traits/{name}": {"from": worlds.COMPUTED[name][0]} for name in ("mean_n", "orders")}


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


@st.composite
def scales(draw: st.DrawFn, norm: st.SearchStrategy[str]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=5, unique=True))
    items = [{"reverse": name} if draw(st.booleans()) else name for name in names]
    low = draw(st.sampled_from([-5, 0, 0.1, 1]))
    scale = {"items": items, "of": [low, low + draw(st.sampled_from([1, 1.9, 4, 45]))], "norm": draw(norm),
             "score": draw(st.sampled_from(["mean", "sum"]))}  # fmt: skip
    if draw(st.booleans()):
        scale["min_answered"] = draw(st.integers(1, len(items)))
    return scale


@given(data=st.data())
@FEWER
def test_every_score_is_that_of_the_specification(engine: DuckDB, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting))
    test = data.draw(worlds.tests("number", setting))
    held = {"trait": "s", "has_been": data.draw(st.sampled_from([0, 1, 1.5])), "for": {"gte": "1d"}}
    definitions = checked({
        **COMPUTED, "traits/s": {"scale": data.draw(scales(st.just("none")))},
        "segments/now": {"where": {"trait": "s", **test}}, "segments/held": {"where": held},
    }, worlds.CATALOG, setting.zone)  # fmt: skip
    fill(engine, worlds.CATALOG, everybody)
    evaluation = run(engine, definitions, setting.moment)
    world = world_of(definitions, setting.moment, everybody)
    for number, person in enumerate(everybody):
        assert evaluation.column("s").python(number) == reference.value("s", person, world)
    for name, segment in definitions.of(Segment).items():
        expected = {person.id for person in everybody if reference.holds(segment.where, person, world)}
        assert member_ids(evaluation, everybody, name) == expected, name


@given(data=st.data())
@FEWER
def test_every_place_among_the_respondents_is_that_of_the_specification(engine: DuckDB, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting))
    scale = data.draw(scales(st.sampled_from(["t", "percentile"])))
    definitions = checked({**COMPUTED, "traits/s": {"scale": scale}}, worlds.CATALOG, setting.zone)
    fill(engine, worlds.CATALOG, everybody)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(norms, "FEWEST", 2)
        evaluation = run(engine, definitions, setting.moment)
    world = world_of(definitions, setting.moment, everybody)
    asked_for = definitions.of(Trait)["s"].settings
    asked = [person for person in everybody if reference.in_population(person, world)]
    scores = [reference.scale_score(asked_for, person, world) for person in asked]
    respondents = [score for score in scores if score is not None]
    column = evaluation.column("s")
    if len(respondents) < 2 or len(set(respondents)) < 2:
        assert not column.present.any()
        assert any("has no values" in warning for warning in evaluation.warnings)
        return
    world = replace(world, norms={"s": respondents})
    for number, person in enumerate(everybody):
        found, expected = column.python(number), reference.value("s", person, world)
        if person in asked and asked_for.norm == "percentile":
            assert found == expected
        elif person in asked:
            assert (found is None) == (expected is None)
            assert found is None or found == pytest.approx(expected, rel=1e-9, abs=1e-9)
