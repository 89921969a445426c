"""Spark gives the very arrays that DuckDB gives, for every definition and everybody (rule S15).

DuckDB is held to the specification by `test_compiled_equals_reference`. Starting tasks costs far more than counting
the rows of a dozen customers, so that many random worlds at one moment are put together and evaluated at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation
from satsuma.language.reference import Account, Customer
from satsuma.segments import methods  # noqa: F401  registers the methods
from small_world import checked, fill, run

#: Worlds that are evaluated together.
TOGETHER = 30
GUESTS = ("0é", "3é", "40é", "A1")

#: One of each method that scans by itself or reads what a scan measured.
SEGMENTATIONS: dict[str, Any] = {
    "segmentations/recency": {"method": "rfm", "event": "Order Completed", "value": "revenue"},
    "segmentations/stage": {"method": "lifecycle", "event": "Order Completed"},
    "segmentations/favourite_channel": {"method": "affinity", "event": "Order Completed", "of": "channel"},
    "segmentations/spenders": {"method": "bands", "trait": "spend", "quantiles": 3},
}


@pytest.fixture(scope="module")
def lists_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "guests.txt").write_text("\n".join(GUESTS), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest) -> Iterator[tuple[DuckDB, DuckDB]]:
    """Return a warehouse that evaluates itself, and one that leaves it to Spark."""
    if request.config.getoption("--engine") != "spark":
        pytest.skip("asks Spark; make test-spark runs it")
    from on_spark import OnSpark

    here, there = DuckDB(None), DuckDB(None)
    spark = OnSpark(there)
    yield here, there
    spark.close()
    here.close()
    there.close()


class Together:
    """Many random worlds at one moment, as one: the customers of all, and the definitions of all about everybody."""

    def __init__(self, setting: worlds.Setting, chance: int) -> None:
        self.customers: list[Customer] = []
        self.accounts: list[Account] = []
        self.files: dict[str, Any] = dict(SEGMENTATIONS)
        self._count = 0

        @seed(chance)
        @settings(max_examples=TOGETHER, phases=[Phase.generate], database=None, derandomize=False, deadline=None)
        @given(data=st.data())
        def draw(data: st.DataObject) -> None:
            people = data.draw(worlds.customers(setting))
            self.add(people, data.draw(worlds.accounts(setting, people)), data.draw(worlds.definitions(setting)))

        draw()

    def add(self, people: list[Customer], accounts: list[Account], files: dict[str, Any]) -> None:
        ids = {person.id: f"{len(self.customers) + place}é" for place, person in enumerate(people)}
        self.customers += [replace(person, id=ids[person.id]) for person in people]
        for account in accounts:
            members = frozenset(ids[name] for name in account.members if name in ids)
            self.accounts.append(replace(account, id=f"A{len(self.accounts)}", members=members))
        names = {path.split("/")[1]: f"w{self._count}_{path.split('/')[1]}"
                 for path in files if path.startswith("segments/")}  # fmt: skip
        for path, body in files.items():
            folder, name = path.split("/")
            self.files[f"{folder}/{names.get(name, name)}"] = _renamed(body, names)
        self._count += 1


def _renamed(body: Any, names: dict[str, str]) -> Any:
    """Return a definition with the segments that it names called otherwise."""
    if isinstance(body, list):
        return [_renamed(item, names) for item in body]
    if not isinstance(body, dict):
        return body
    words = ("in_segment", "not_in_segment", "segment", "entered", "left")
    return {
        key: names[value] if key in words and value in names else _renamed(value, names) for key, value in body.items()
    }


def _same_column(left: Column, right: Column) -> bool:
    return (
        (left.type, left.scale, left.words) == (right.type, right.scale, right.words)
        and np.array_equal(left.present, right.present)
        and (
            np.array_equal(left.values, right.values)
            if left.offsets is not None
            else np.array_equal(left.values[left.present], right.values[right.present])
        )
    )


def _differences(here: Evaluation, there: Evaluation) -> list[str]:
    """Return the definitions that the two engines answer differently."""
    found = [name for name, bits in here.members.items() if not np.array_equal(bits, there.members[name])]
    for name, labels in here.labels.items():
        other = there.labels[name]
        if labels.names != other.names or not np.array_equal(labels.codes, other.codes):
            found.append(name)
    return found + [name for name, column in here.columns.items() if not _same_column(column, there.columns[name])]


@pytest.mark.parametrize("place", range(len(worlds.MOMENTS)))
def test_both_engines_give_the_same_bitmaps_labels_and_values(
    engines: tuple[DuckDB, DuckDB], lists_folder: Path, place: int
) -> None:
    setting = worlds.Setting(worlds.MOMENTS[place], worlds.ZoneInfo(worlds.ZONES[place % len(worlds.ZONES)]))
    world = Together(setting, place)
    definitions = checked(world.files, worlds.CATALOG, setting.zone, **worlds.NAMES)
    known_at = (None, setting.moment.as_of, setting.moment.as_of - 1)[place % 3]
    answers = []
    for engine in engines:
        fill(engine, worlds.CATALOG, world.customers, world.accounts, is_sorted=place % 2 == 0)
        answers.append(run(engine, definitions, setting.moment, known_at=known_at, lists_folder=lists_folder))
    here, there = answers
    assert there.engine.name == "spark"
    assert len(world.customers) > TOGETHER
    assert _differences(here, there) == []
    assert here.accounts is not None
    assert there.accounts is not None
    assert _differences(here.accounts, there.accounts) == []
