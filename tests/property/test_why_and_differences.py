"""Why, differences and steps hold for any definition, customer and days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

import random_worlds as worlds
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import WrongUse
from satsuma.language import reference
from satsuma.language.durations import day_end, local_day, microseconds
from satsuma.language.types import Segment
from satsuma.segments.difference import compare
from satsuma.segments.standing import Asked, Standing
from satsuma.segments.steps import Every, moments
from satsuma.segments.why import Node, why
from small_world import checked, fill, world_of

GUESTS = frozenset({"0é", "3é", "A1", "nobody"})


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "lists").mkdir()
    (folder / "lists" / "guests.txt").write_text("\n".join(sorted(GUESTS)), encoding="utf-8")
    return folder


def follows(node: Node) -> bool:
    """Say whether the answer of a condition follows from those of its parts, all the way down."""
    answers = [part.held for part in node.parts]
    expected = {
        "all": all(answers), "any": any(answers), "none": not any(answers), "not": not all(answers),
        "in_segment": all(answers), "not_in_segment": not all(answers), "account": all(answers), "leaf": node.held,
    }[node.kind]  # fmt: skip
    return node.held == expected and all(map(follows, node.parts))


# Each example evaluates every segment for one customer alone: fewer of them than elsewhere.
@settings(max_examples=max(10, settings().max_examples // 4))
@given(data=st.data())
def test_why_gives_the_answer_of_the_specification_and_its_parts_explain_it(
    engine: DuckDB, root: Path, data: st.DataObject
) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting, most=5).filter(bool))
    accounts = data.draw(worlds.accounts(setting, everybody))
    definitions = checked(data.draw(worlds.definitions(setting, most=3)), worlds.CATALOG, setting.zone, **worlds.NAMES)
    known = data.draw(st.sampled_from([None, setting.at]))
    fill(engine, worlds.CATALOG, everybody, accounts, is_sorted=data.draw(st.booleans()))
    known_at = None if known is None else microseconds(known)
    world = world_of(
        definitions, setting.moment, everybody, accounts=accounts, known_at=known_at, lists={"guests": GUESTS}
    )
    person = data.draw(st.sampled_from([person for person in everybody if not person.is_erased] or [None]))
    if person is None:
        return
    for name, segment in definitions.of(Segment).items():
        if segment.entity != "customer":
            continue
        found = why(
            engine, Asked(name, segment, definitions), person.id, as_of=setting.at, known_at=known, root=root
        )  # fmt: skip
        assert found.is_member == reference.holds(segment.where, person, world), name
        assert (found.tree is not None) == reference.in_population(person, world)
        assert found.tree is None or follows(found.tree), name
        assert bool(found.to_change) == (found.tree is not None and not found.is_member)


numbers = st.sets(st.integers(0, 40)).map(lambda members: BitMap(sorted(members)))


@given(first=numbers, second=numbers, before=numbers, after=numbers)
def test_the_parts_of_a_difference_add_up(first: BitMap, second: BitMap, before: BitMap, after: BitMap) -> None:
    def standing(members: BitMap, others: BitMap) -> Standing:
        at = datetime(2024, 7, 1)
        return Standing("s", "customer", at, None, members, members | others, lambda some: float(sum(some)))

    found = compare(standing(first, before), standing(second, after))
    sizes: dict[str, Any] = {part.name: part.size for part in found.parts}
    assert sizes["both"] + sizes["only_first"] == found.first.size == len(first)
    assert sizes["both"] + sizes["only_second"] == found.second.size == len(second)
    assert sum(part.value for part in found.parts) == sum(first | second)
    assert found.newcomers == len(second - first - before)
    assert found.jaccard == (sizes["both"] / len(first | second) if first | second else None)
    turned = compare(standing(second, after), standing(first, before))
    assert [turned.part("only_second").size, turned.part("only_first").size] == [
        sizes["only_first"], sizes["only_second"],
    ]  # fmt: skip


@given(
    setting=worlds.settings_of_time,
    days=st.integers(0, 900),
    every=st.one_of(
        st.builds(Every, st.integers(1, 5), st.sampled_from(["day", "week", "month", "quarter", "year"])),
        st.builds(lambda hours: Every(hours * 3_600_000_000), st.integers(1, 2_000)),
    ),
)
def test_steps_lie_between_the_moments_in_order_and_calendar_ones_end_days(
    setting: worlds.Setting, days: int, every: Every
) -> None:
    last = setting.at + timedelta(days=days)
    try:
        found = moments(every, setting.at, last, setting.zone, last + timedelta(days=2))
    except WrongUse:
        return
    assert found == sorted(set(found))
    assert all(local_day(setting.at, setting.zone) <= local_day(at, setting.zone) for at in found)
    assert all(local_day(at, setting.zone) <= local_day(last, setting.zone) for at in found)
    if every.period is not None:
        assert all(microseconds(at) == day_end(local_day(at, setting.zone), setting.zone) for at in found)
    else:
        assert found[0] == setting.at
        assert {b - a for a, b in pairwise(found)} <= {timedelta(microseconds=every.count)}
