"""What holds for every definition, whatever it says: complements, laws of groups, and what must change nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import Bits
from satsuma.evaluation.context import Evaluation
from satsuma.language.reference import Account, Customer
from small_world import checked, fill, run

#: These evaluate several times each; fewer examples show as much.
HALF = settings(max_examples=max(settings().max_examples // 3, 10))


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def lists_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "guests.csv").write_text("name,customer_id,account_id\nAnn,0é,A1\nBob,3é,\n", encoding="utf-8")
    return folder


class Asked:
    """Evaluates one set of definitions over changing customers."""

    def __init__(
        self, engine: DuckDB, folder: Path, setting: worlds.Setting, files: dict[str, Any],
        accounts: Sequence[Account] = (),
    ) -> None:  # fmt: skip
        self.engine, self.folder, self.setting, self.accounts = engine, folder, setting, accounts
        self.definitions = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)

    def __call__(self, everybody: list[Customer], *, is_sorted: bool = False, **options: Any) -> Evaluation:
        fill(self.engine, worlds.CATALOG, everybody, self.accounts, is_sorted=is_sorted)
        return run(self.engine, self.definitions, self.setting.moment, lists_folder=self.folder, **options)


def members(evaluation: Evaluation) -> dict[str, bytes]:
    both = [evaluation, *([] if evaluation.accounts is None else [evaluation.accounts])]
    return {name: bits.tobytes() for asked in both for name, bits in asked.members.items()}


@HALF
@given(data=st.data())
def test_groups_obey_the_laws_of_sets(engine: DuckDB, lists_folder: Path, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    leaf = st.one_of(
        worlds.trait_leaves(setting), worlds.event_leaves(setting), worlds.population_leaves(()),
        worlds.consent_leaves(), worlds.account_leaves(setting),
    )  # fmt: skip
    one, two = data.draw(worlds.groups(leaf)), data.draw(worlds.groups(leaf))
    files = worlds.computed_traits()
    conditions = {
        "one": one, "two": two, "not_one": {"not": one}, "not_not": {"not": {"not": one}},
        "both": {"all": [one, two]}, "either": {"any": [one, two]}, "neither": {"none": [one, two]},
        "de_morgan": {"not": {"any": [one, two]}}, "single": {"all": [one]},
        "absorbed": {"any": [one, {"all": [one, two]}]},
        "outside": {"not_in_segment": "one"},
    }  # fmt: skip
    files |= {f"segments/{name}": {"where": where} for name, where in conditions.items()}
    everybody_there = data.draw(worlds.customers(setting))
    accounts = data.draw(worlds.accounts(setting, everybody_there))
    evaluation = Asked(engine, lists_folder, setting, files, accounts)(everybody_there)
    have: dict[str, Bits] = evaluation.members
    everybody = evaluation.everybody
    assert not (have["one"] & have["not_one"]).any()
    assert np.array_equal(have["one"] | have["not_one"], everybody), "a segment and its not are everybody"
    assert np.array_equal(have["not_not"], have["one"])
    assert np.array_equal(have["both"], have["one"] & have["two"])
    assert np.array_equal(have["either"], have["one"] | have["two"])
    assert np.array_equal(have["neither"], everybody & ~have["either"])
    assert np.array_equal(have["neither"], have["de_morgan"])
    assert np.array_equal(have["single"], have["one"])
    assert np.array_equal(have["absorbed"], have["one"])
    assert np.array_equal(have["outside"], have["not_one"])


@HALF
@given(data=st.data())
def test_events_after_the_moment_change_nothing(engine: DuckDB, lists_folder: Path, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting))
    accounts = data.draw(worlds.accounts(setting, everybody))
    asked = Asked(engine, lists_folder, setting, data.draw(worlds.definitions(setting)), accounts)
    past = [
        replace(person, events=[event for event in person.events if event.time <= setting.at]) for person in everybody
    ]
    later = [
        replace(
            person,
            events=[
                *person.events,
                *(
                    replace(event, time=setting.at + timedelta(microseconds=1), event_id=f"{number:032x}")
                    for number, event in enumerate(person.events)
                ),
            ],
        )
        for person in everybody
    ]
    assert members(asked(past)) == members(asked(everybody)) == members(asked(later))


@HALF
@given(data=st.data())
def test_the_order_of_rows_changes_nothing(engine: DuckDB, lists_folder: Path, data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting))
    accounts = data.draw(worlds.accounts(setting, everybody))
    asked = Asked(engine, lists_folder, setting, data.draw(worlds.definitions(setting)), accounts)
    shuffled = [
        replace(person, events=random.Random(number).sample(list(person.events), len(person.events)))  # noqa: S311
        for number, person in enumerate(everybody)
    ]
    assert members(asked(everybody, is_sorted=True)) == members(asked(everybody)) == members(asked(shuffled))


@HALF
@given(data=st.data())
def test_what_was_superseded_counts_as_long_as_nobody_knew(
    engine: DuckDB, lists_folder: Path, data: st.DataObject
) -> None:
    """Replacing every event afterwards does not change what was known before (rule S8)."""
    setting = data.draw(worlds.settings_of_time)
    everybody = [
        replace(
            person,
            # Without a sign-up date a customer is first seen by the first event at the latest.
            first_seen=person.first_seen and min([person.first_seen, *(event.time for event in person.events)]),
            events=[replace(event, received_at=event.time, superseded_at=None) for event in person.events],
        )
        for person in data.draw(worlds.customers(setting))
    ]
    accounts = data.draw(worlds.accounts(setting, everybody))
    asked = Asked(engine, lists_folder, setting, data.draw(worlds.definitions(setting)), accounts)
    known = setting.moment.as_of
    after = setting.at + timedelta(seconds=1)
    corrected = [
        replace(person, events=[replace(event, superseded_at=after) for event in person.events]) for person in everybody
    ]
    assert members(asked(everybody, known_at=known)) == members(asked(corrected, known_at=known))
