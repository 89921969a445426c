"""An imported condition holds for whom it held there: the other tool's evaluation, in a few lines, agrees."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.language import reference
from satsuma.language.imports import import_definition
from satsuma.language.imports.dittofeed import Dittofeed
from satsuma.language.reference import Customer, Event
from satsuma.language.schema import names_of
from satsuma.language.types import Segment
from small_world import checked, moment_of, world_of

CATALOG = Catalog(
    traits={
        "plan": TraitInfo(type="text"), "age": TraitInfo(type="integer"), "score": TraitInfo(type="number"),
        "vip": TraitInfo(type="boolean"), "tags": TraitInfo(type="list"),
    },
    events={"Order": EventInfo(properties={"channel": PropertyInfo(type="text"), "n": PropertyInfo(type="number")})},
)  # fmt: skip
NOW = moment_of("2024-07-01T00:00:00")
TEXTS = ["pro", "Pro", "free", "a.b", "zz"]
NUMBERS = [-3, -1, 0, 1, 2, 18]
VALUES = {
    "plan": st.sampled_from(TEXTS), "age": st.sampled_from(NUMBERS), "score": st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
    "vip": st.booleans(), "tags": st.lists(st.sampled_from(TEXTS), max_size=3).map(tuple),
}  # fmt: skip
TRAITS = st.fixed_dictionaries({name: st.one_of(st.none(), values) for name, values in VALUES.items()})


def holds(tool: str, given_: Any, customer: Customer) -> bool:
    """Import a definition and ask the specification whether a customer meets it."""
    names = names_of(checked({}, CATALOG).vocabulary, (), checked({}, CATALOG))
    done = import_definition(given_ if isinstance(given_, str) else json.dumps(given_), tool, names, name="asked")
    assert done.is_whole, done
    definitions = checked({"segments/asked": done.text}, CATALOG)
    return reference.holds(definitions.of(Segment)["asked"].where, customer, world_of(definitions, NOW, [customer]))


# ----------------------------------------------------------------------------------------------------------- growthbook


def growthbook(condition: Any, value: Any) -> bool:
    """What a condition on one attribute means to GrowthBook: a missing attribute is null, and 0 beside a number."""
    if not isinstance(condition, dict):
        if condition is None:
            return value is None
        if isinstance(condition, bool):
            return value is not None and bool(value) == condition
        if isinstance(condition, (int, float)):
            return (0 if value is None else value) == condition
        return value == condition
    return all(_growthbook(operator, operand, value) for operator, operand in condition.items())


def _growthbook(operator: str, operand: Any, value: Any) -> bool:
    number = 0 if value is None else value
    if operator in ("$in", "$nin"):
        found = bool(set(value) & set(operand)) if isinstance(value, tuple) else value in operand
        return found == (operator == "$in")
    if operator == "$size":
        return value is not None and growthbook(operand, len(value))
    if operator == "$all":
        return value is not None and set(operand) <= set(value)
    if operator == "$elemMatch":
        return value is not None and operand["$eq"] in value
    if operator == "$regex":
        return value is not None and re.search(operand, value) is not None
    return {
        "$eq": lambda: value == operand, "$ne": lambda: value != operand,
        "$exists": lambda: (value is not None) == operand,
        "$lt": lambda: number < operand, "$lte": lambda: number <= operand, "$gt": lambda: number > operand,
        "$gte": lambda: number >= operand, "$not": lambda: not growthbook(operand, value),
    }[operator]()  # fmt: skip


def _asked(trait: str) -> st.SearchStrategy[Any]:
    values = VALUES[trait]
    exists = st.booleans().map(lambda yes: {"$exists": yes})
    if trait == "tags":
        one = st.sampled_from(TEXTS)
        some = st.lists(one, min_size=1, max_size=3)
        return st.one_of(
            exists, some.map(lambda items: {"$in": items}), some.map(lambda items: {"$nin": items}),
            some.map(lambda items: {"$all": items}), one.map(lambda item: {"$elemMatch": {"$eq": item}}),
            st.integers(0, 3).map(lambda size: {"$size": size}),
            st.integers(0, 3).map(lambda size: {"$size": {"$gte": size}}),
        )  # fmt: skip
    plain = [values, st.none(), exists, values.map(lambda v: {"$eq": v}), values.map(lambda v: {"$ne": v})]
    if trait != "vip":
        some = st.lists(values, min_size=1, max_size=3)
        plain += [some.map(lambda items: {"$in": items}), some.map(lambda items: {"$nin": items})]
    if trait in ("age", "score"):
        plain += [
            st.tuples(st.sampled_from(["$lt", "$lte", "$gt", "$gte"]), values).map(lambda pair: {pair[0]: pair[1]}),
            st.tuples(values, values).map(lambda pair: {"$gte": pair[0], "$lt": pair[1]}),
        ]
    if trait == "plan":
        plain.append(st.sampled_from(["^p", "e$", "a\\.b"]).map(lambda pattern: {"$regex": pattern}))
    asked = st.one_of(plain)
    return st.one_of(asked, asked.filter(lambda c: c is not None).map(lambda c: {"$not": c}))


LEAVES = st.sampled_from(sorted(VALUES)).flatmap(lambda trait: _asked(trait).map(lambda asked: {trait: asked}))
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda pair: {pair[0]: pair[1]}
        ),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=5,
)


def growthbook_whole(condition: dict[str, Any], traits: dict[str, Any]) -> bool:
    answers = {
        "$and": lambda parts: all(growthbook_whole(part, traits) for part in parts),
        "$or": lambda parts: any(growthbook_whole(part, traits) for part in parts),
        "$nor": lambda parts: not any(growthbook_whole(part, traits) for part in parts),
        "$not": lambda part: not growthbook_whole(part, traits),
    }
    return all(
        answers[key](inner) if key in answers else growthbook(inner, traits[key]) for key, inner in condition.items()
    )


@given(condition=CONDITIONS, traits=TRAITS)
def test_a_condition_of_growthbook_holds_for_the_same_people(condition: dict[str, Any], traits: dict[str, Any]) -> None:
    assert holds("growthbook", condition, Customer(id="x", traits=traits)) == growthbook_whole(condition, traits)


# ------------------------------------------------------------------------------------------------------------ dittofeed


def dittofeed(operator: dict[str, Any], value: Any) -> bool:
    """What an operator means to Dittofeed: a missing value is an empty text."""
    text = "" if value is None else str(value)
    return {
        "Equals": lambda: text == str(operator.get("value")),
        "NotEquals": lambda: text != str(operator.get("value")),
        "Exists": lambda: text != "",
        "NotExists": lambda: text == "",
        "GreaterThanOrEqual": lambda: value is not None and value >= operator["value"],
        "LessThan": lambda: value is not None and value < operator["value"],
    }[operator["type"]]()


NODES = st.one_of(
    st.builds(
        lambda kind, value: {"type": "Trait", "path": "plan", "operator": {"type": kind, "value": value}},
        st.sampled_from(["Equals", "NotEquals"]), st.sampled_from([*TEXTS, ""]),
    ),
    st.sampled_from(["Exists", "NotExists"]).map(
        lambda kind: {"type": "Trait", "path": "$.plan", "operator": {"type": kind}}
    ),
    st.builds(
        lambda kind, value: {"type": "Trait", "path": "age", "operator": {"type": kind, "value": value}},
        st.sampled_from(["GreaterThanOrEqual", "LessThan", "Equals", "NotEquals"]), st.sampled_from(NUMBERS),
    ),
    st.builds(
        lambda kind, item: {"type": kind, "path": "tags", "item": item},
        st.sampled_from(["Includes", "NotIncludes"]), st.sampled_from(TEXTS),
    ),
)  # fmt: skip


@given(node=NODES, traits=TRAITS, plan=st.sampled_from([None, "", *TEXTS]))
def test_a_node_of_dittofeed_holds_for_the_same_people(node: Any, traits: dict[str, Any], plan: str | None) -> None:
    traits = {**traits, "plan": plan}
    if node["type"] == "Trait":
        expected = dittofeed(node["operator"], traits[node["path"].removeprefix("$.")])
    else:
        expected = (node["item"] in (traits["tags"] or ())) == (node["type"] == "Includes")
    assert holds("dittofeed", Dittofeed.whole(node), Customer(id="x", traits=traits)) == expected


@given(
    times=st.one_of(st.none(), st.integers(0, 3)),
    operator=st.sampled_from([None, "=", ">=", "<"]),
    channels=st.lists(st.sampled_from([None, "web", "app"]), max_size=4),
    asked=st.sampled_from([None, "Equals", "NotEquals", "Exists"]),
)
def test_performed_counts_as_dittofeed_does(
    times: int | None, operator: str | None, channels: list[str | None], asked: str | None
) -> None:
    node: dict[str, Any] = {"type": "Performed", "event": "Order"}
    node |= {"times": times} if times is not None else {}
    node |= {"timesOperator": operator} if operator is not None else {}
    test = {"type": asked, "value": "web"} if asked in ("Equals", "NotEquals") else {"type": asked}
    node |= {"properties": [{"path": "channel", "operator": test}]} if asked is not None else {}
    events = [
        Event(name="Order", time=datetime(2024, 6, 1 + number), event_id=f"{number}", properties={"channel": channel})
        for number, channel in enumerate(channels)
    ]
    found = sum(asked is None or dittofeed(test, channel) for channel in channels)
    target = 1 if times is None else times
    expected = {"=": found == target, ">=": found >= target, "<": found < target}[operator or "="]
    assert holds("dittofeed", Dittofeed.whole(node), Customer(id="x", events=events)) == expected
