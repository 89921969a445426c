"""The compiled evaluation and the specification agree on every customer (rule S15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation import scan
from satsuma.evaluation.context import Evaluation
from satsuma.language import reference
from satsuma.language.checker import Checked
from satsuma.language.reference import Account, Customer, World
from satsuma.language.types import Segment, Trait
from small_world import checked, fill, member_ids, run, world_of

GUESTS = frozenset({"0é", "3é", "A1", "nobody"})


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def lists_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "guests.txt").write_text("\n".join(sorted(GUESTS)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chunk_rows() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


class Compared:
    """One random world: definitions, customers, and both ways to ask."""

    def __init__(self, engine: DuckDB, lists_folder: Path, setting: worlds.Setting, files: dict[str, Any]) -> None:
        self.engine = engine
        self.lists_folder = lists_folder
        self.setting = setting
        self.definitions: Checked = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)

    def evaluated(
        self, everybody: Sequence[Customer], accounts: Sequence[Account], *, is_sorted: bool, known_at: int | None
    ) -> Evaluation:
        fill(self.engine, worlds.CATALOG, everybody, accounts, is_sorted=is_sorted)
        return run(
            self.engine, self.definitions, self.setting.moment, known_at=known_at, lists_folder=self.lists_folder
        )

    def world(self, everybody: Sequence[Customer], accounts: Sequence[Account], known_at: int | None) -> World:
        return world_of(
            self.definitions, self.setting.moment, everybody, accounts=accounts, known_at=known_at,
            lists={"guests": GUESTS},
        )  # fmt: skip


@given(data=st.data())
def test_every_segment_and_trait_has_the_answers_of_the_specification(
    engine: DuckDB, lists_folder: Path, chunk_rows: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting))
    accounts = data.draw(worlds.accounts(setting, everybody))
    compared = Compared(engine, lists_folder, setting, data.draw(worlds.definitions(setting)))
    known_at = data.draw(st.sampled_from([None, setting.moment.as_of, setting.moment.as_of - 1]))
    # One row a chunk makes a chunk of every eight customers.
    chunk_rows.setattr(scan, "CHUNK_ROWS", data.draw(st.sampled_from([1, 5, 2_000_000])))
    evaluation = compared.evaluated(everybody, accounts, is_sorted=data.draw(st.booleans()), known_at=known_at)
    world = compared.world(everybody, accounts, known_at)
    worlds_of = {"customer": world, "account": reference.of_accounts(world)}
    for name, segment in compared.definitions.of(Segment).items():
        asked = worlds_of[segment.entity]
        found = member_ids(evaluation.of(segment.entity), asked.customers, name)
        expected = {person.id for person in asked.customers if reference.holds(segment.where, person, asked)}
        assert found == expected, name
    for name, trait in compared.definitions.of(Trait).items():
        column, asked = evaluation.of(trait.entity).column(name), worlds_of[trait.entity]
        for number, person in enumerate(asked.customers):
            assert column.python(number) == reference.value(name, person, asked), name
