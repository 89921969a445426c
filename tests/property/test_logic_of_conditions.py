"""What logic says of conditions is true of everybody: the specification never finds a customer who contradicts it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.language import reference
from satsuma.language.logic import Logic
from satsuma.language.normal import normal
from satsuma.language.types import Group, Segment
from small_world import checked, world_of

GUESTS = {"guests": frozenset({"0é", "3é", "nobody"})}


def counts(setting: worlds.Setting) -> st.SearchStrategy[dict[str, Any]]:
    """Return counts of one event in windows that hold each other, so that they often contradict."""
    window = st.sampled_from([{}, {"within": "2d"}, {"within": "7d"}, {"between": {"from": "7d", "to": "2d"}}])
    test = st.builds(
        lambda name, number: {name: number},
        st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte"]),
        st.sampled_from([-1, 0, 0.5, 1, 2]),
    )
    filtered = st.sampled_from([{}, {}, {"where": {"prop": "channel", "eq": "FR"}}])
    return st.builds(
        lambda where, at, count: {"did": "Order Completed", **where, **at, "count": count}, filtered, window, test
    )


@st.composite
def narrow(draw: st.DrawFn, setting: worlds.Setting) -> dict[str, Any]:
    """Return a condition on very few things, so that its parts often contradict or imply each other."""
    trait = draw(st.sampled_from(sorted(worlds.TRAITS)))
    leaf = st.one_of(
        worlds.trait_leaves(setting, {trait: worlds.TRAITS[trait]}), counts(setting), st.just({"in_segment": "s0"})
    )
    parts = draw(st.lists(worlds.groups(leaf), min_size=2, max_size=4))
    return {draw(st.sampled_from(["all", "any", "none"])): parts}


@given(data=st.data())
def test_what_logic_says_holds_for_everybody(data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    everybody = data.draw(worlds.customers(setting))
    files = data.draw(worlds.definitions(setting, most=3))
    files |= {f"segments/n{number}": {"where": data.draw(narrow(setting))} for number in range(3)}
    definitions = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)
    world = world_of(definitions, setting.moment, everybody, lists=GUESTS)
    people = [person for person in everybody if reference.in_population(person, world)]
    logic = Logic(definitions)
    for name, segment in definitions.of(Segment).items():
        if segment.entity != "customer":
            continue
        where = segment.where
        answers = [reference.holds(where, person, world) for person in people]
        assert answers == [reference.holds(normal(where), person, world) for person in people], name
        assert answers == [not reference.holds(normal(where, denied=True), person, world) for person in people], name
        if not logic.can_hold(where):
            assert not any(answers), name
        if not logic.can_fail(where):
            assert all(answers), name
        if isinstance(where, Group):
            for place, part in enumerate(where.conditions):
                others = [other for number, other in enumerate(where.conditions) if number != place]
                if logic.follows(part, others):
                    met = [all(reference.holds(other, person, world) for other in others) for person in people]
                    assert all(
                        reference.holds(part, person, world) for person, meets in zip(people, met, strict=True) if meets
                    ), name


@given(data=st.data())
def test_the_normal_form_of_a_normal_form_is_itself(data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    files = data.draw(worlds.definitions(setting, most=3)) | {"segments/n": {"where": data.draw(narrow(setting))}}
    for segment in checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES).of(Segment).values():
        once = normal(segment.where)
        assert normal(once) == once
        assert normal(normal(segment.where, denied=True), denied=True) == once
