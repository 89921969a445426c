"""Strategies: changes of loaded traits, and conditions that ask what values, labels and memberships were.

Times fall on and beside the ends of days and the borders of the windows that are asked, so that what decides an answer
by a microsecond is common.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

import random_worlds as worlds
from random_worlds import _MICRO, Setting, maybe, scalars, times, values
from satsuma.catalog import ValueType
from satsuma.language.operators import OPERATORS
from satsuma.language.reference import Customer, Event, TraitChange

#: What is computed is asked about in whole days; a few, as each costs an evaluation.
GRID_LENGTHS = ["1d", "2d", "24h", "3d"]
LENGTHS = [*GRID_LENGTHS, "1h", "12h", "7d", "1y"]
COMPARISONS = ["gte", "gt", "lte", "lt"]

#: Few values, so that a value comes back after another, and is the one that is asked for; and how they are written.
_FEW: Mapping[str, tuple[list[Any], list[Any]]] = {
    "text": (["FR", "fr", "é"], ["FR", "fr", "E\u0301", "é"]),
    "integer": ([1, 2], [1, 2]),
    "number": ([0.1, 2.0], [0.1, 2]),
    "money": ([Decimal("0.1"), Decimal(2)], [0.1, 2]),
}


def _stored(type_: ValueType, setting: Setting) -> st.SearchStrategy[Any]:
    return st.sampled_from(_FEW[type_][0]) if type_ in _FEW else values(type_, setting)


def _written(type_: ValueType, setting: Setting) -> st.SearchStrategy[Any]:
    return st.sampled_from(_FEW[type_][1]) if type_ in _FEW else scalars(type_, setting)


@st.composite
def trait_changes(
    draw: st.DrawFn, setting: Setting, traits: Mapping[str, ValueType], most: int = 2
) -> list[TraitChange]:  # fmt: skip
    """Return changes of a few traits, some at one time, some known later, each from anything to anything."""
    names = draw(st.lists(st.sampled_from(sorted(traits)), max_size=most, unique=True))
    found = []
    for name in names:
        value = maybe(_stored(traits[name], setting))
        for _ in range(draw(st.integers(1, 4))):
            at = draw(times(setting))
            known = draw(st.sampled_from([at, setting.at, setting.at - _MICRO, setting.at + _MICRO, at + timedelta(1)]))
            found.append(TraitChange(trait=name, old=draw(value), new=draw(value), valid_from=at, known_at=known))
    return found


def _length(loaded: bool) -> st.SearchStrategy[str]:
    return st.sampled_from(LENGTHS if loaded else GRID_LENGTHS)


@st.composite
def held(draw: st.DrawFn, value: st.SearchStrategy[Any], *, loaded: bool, text: bool) -> dict[str, Any]:
    """Return the keys of `has_been`."""
    asked = draw(st.one_of(value, st.lists(value, min_size=1, max_size=3)))
    leaf = {"has_been": asked, "for": {draw(st.sampled_from(COMPARISONS)): draw(_length(loaded))}}
    if text and draw(st.integers(0, 2)) == 0:
        leaf |= draw(st.sampled_from([{"case": "ignore"}, {"fold": True}]))
    return leaf


@st.composite
def changed(draw: st.DrawFn, value: st.SearchStrategy[Any] | None, *, loaded: bool) -> dict[str, Any]:
    """Return the keys of `changed`."""
    sides = draw(st.lists(st.sampled_from(["from", "to"]), unique=True)) if value is not None else []
    inner = {side: draw(value) for side in sides} if value is not None else {}
    if not loaded or draw(st.booleans()):
        inner["within"] = draw(_length(loaded))
    return {"changed": inner}


@st.composite
def history_leaves(
    draw: st.DrawFn, setting: Setting, loaded: Mapping[str, ValueType], computed: Mapping[str, ValueType],
    segments: tuple[str, ...] = (), segmentations: Mapping[str, tuple[str, ...]] = {},
) -> dict[str, Any]:  # fmt: skip
    """Return conditions on the past of traits, of earlier segments, and of segmentations with their labels."""
    kinds = ["loaded", "loaded", "computed", *(["segment"] if segments else []), *(["label"] if segmentations else [])]
    kind = draw(st.sampled_from(kinds))
    if kind == "segment":
        move = draw(st.sampled_from(["entered", "left"]))
        return {move: draw(st.sampled_from(segments)), "within": draw(_length(False))}
    if kind == "label":
        name = draw(st.sampled_from(sorted(segmentations)))
        labels = st.sampled_from(segmentations[name])
        keys = draw(st.one_of(held(labels, loaded=False, text=False), changed(labels, loaded=False)))
        return {"segmentation": name, **keys}
    is_loaded = kind == "loaded"
    name, type_ = draw(st.sampled_from(list((loaded if is_loaded else computed).items())))
    if type_ not in OPERATORS["eq"].types:
        return {"trait": name, **draw(changed(None, loaded=is_loaded))}
    value = _written(type_, setting)
    keys = draw(st.one_of(held(value, loaded=is_loaded, text=type_ == "text"), changed(value, loaded=is_loaded)))
    if "has_been" in keys and draw(st.integers(0, 3)) == 0:
        keys["missing"] = "match"
    return {"trait": name, **keys}


# ------------------------------------------------------------------------------------------------------------ worlds

#: What changes from day to day, and a few of each type.
DAILY = ("orders", "revenue", "favourite", "last_order", "gift_first")
#: Loaded traits of each kind that is stored in its own way.
LOADED = {
    name: worlds.TRAITS[name] for name in ("country", "age", "score", "spend", "birthday", "seen", "tags", "home")
}
#: What many enter and leave from one day to the next: by events, by their filters that move with the day, by traits
#: that change or that are compared with the day, and by a comparison with all others.
LIVELY: list[dict[str, Any]] = [
    {"did": "Order Completed", "within": "1d"},
    {"did": "Order Completed", "within": "36h"},
    {"not_did": "Page Viewed", "within": "2d"},
    {"did": "Page Viewed", "count": {"gte": 2}},
    {"did": "Order Completed", "where": {"prop": "shipped", "in_last": "1d"}},
    {"did": "Order Completed", "where": {"prop": "due", "in_next": "2d"}},
    {"trait": "last_order", "in_last": "1d"},
    {"trait": "country", "in": ["FR", "fr"]},
    {"trait": "seen", "in_last": "2d"},
    {"trait": "joined", "in_last": "2d"},
    {"rank": "orders", "top": 1},
]


@st.composite
def past_customers(draw: st.DrawFn, setting: Setting) -> list[Customer]:
    """Return customers to whom something happened on many of the last days, and whose traits changed often.

    They come from one seed: there are many of them for the price of few, so that borders and ties are met.
    """
    chance = Random(draw(st.integers(0, 2**32)))  # noqa: S311  the same for the same seed is what is wanted
    return [
        _lively_customer(f"{number}é", chance, setting) for number in range(draw(st.sampled_from([25, 9, 40, 1, 0])))
    ]


#: Hours before the moment: within a few days, often one window or one day apart.
_HOURS = [0, 1, 11, 12, 13, 23, 24, 25, 35, 36, 37, 47, 48, 49, 60, 72, 73, 96]


def _lively_customer(id_: str, chance: Random, setting: Setting) -> Customer:
    seen = chance.choice([None, None, _lately(chance, setting), setting.at + _MICRO])
    return Customer(
        id=id_,
        traits={name: _any(type_, chance, setting) for name, type_ in worlds.TRAITS.items()},
        events=[_lively_event(chance, setting) for _ in range(chance.choice([0, 1, 2, 4, 7]))],
        trait_changes=[
            _lively_change(name, chance, setting) for name in LOADED for _ in range(chance.choice([0, 0, 1, 3]))
        ],
        first_seen=seen,
        is_erased=chance.random() < 0.05,
        arrived_at=chance.choice([None] * 9 + [setting.at]),
        described_at=chance.choice([None] * 9 + [setting.at]),
    )


def _lately(chance: Random, setting: Setting) -> datetime:
    return setting.at - timedelta(hours=chance.choice(_HOURS), microseconds=chance.choice([0, 0, 1, -1]))


def _any(type_: ValueType, chance: Random, setting: Setting, *, exact: bool = False) -> Any:
    """Return one of a few values of a type, or none; `exact` for numbers of events, which are decimals."""
    few: Mapping[ValueType, list[Any]] = {
        "text": ["FR", "fr", "é"], "integer": [1, 2], "money": [Decimal("0.1"), Decimal(2)], "boolean": [True, False],
        "number": [Decimal("0.1"), Decimal(2)] if exact else [0.1, 2.0],
        "date": [setting.today + timedelta(days=days) for days in (-2, -1, 0, 1)],
        "datetime": [_lately(chance, setting)], "list": [(), ("a",), ("a", "b")], "location": [(0.0, 0.0), (1.0, 1.0)],
    }  # fmt: skip
    return chance.choice([None, *few[type_], *few[type_]])


def _lively_event(chance: Random, setting: Setting) -> Event:
    """Return what happened in the last days; some of it was replaced since, or came in late."""
    name, at = chance.choice(list(worlds.PROPERTIES)), _lately(chance, setting)
    return Event(
        name=name,
        time=at,
        event_id=UUID(int=chance.getrandbits(128)).hex,
        received_at=chance.choice([at] * 9 + [setting.at + _MICRO]),
        superseded_at=chance.choice([None] * 9 + [setting.at]),
        properties={
            key: _any(type_, chance, setting, exact=True) for key, type_ in worlds.PROPERTIES[name].items()
        },
    )  # fmt: skip


def _lively_change(trait: str, chance: Random, setting: Setting) -> TraitChange:
    at, type_ = _lately(chance, setting), worlds.TRAITS[trait]
    return TraitChange(
        trait=trait, old=_any(type_, chance, setting), new=_any(type_, chance, setting), valid_from=at,
        known_at=chance.choice([at, at, setting.at, setting.at + _MICRO]),
    )  # fmt: skip


@st.composite
def past_definitions(draw: st.DrawFn, setting: Setting) -> dict[str, Any]:
    """Return segments and segmentations by rules, most of which ask the past of those before them."""
    files: dict[str, Any] = {f"traits/{name}": {"from": worlds.COMPUTED[name][0]} for name in DAILY}
    types = {name: worlds.COMPUTED[name][1] for name in DAILY}
    traits = {**worlds.TRAITS, **types}
    files["segments/s0"] = {"where": draw(st.sampled_from(LIVELY))}
    segments = ["s0"]
    labels: dict[str, tuple[str, ...]] = {}
    for number in range(1, draw(st.integers(1, 4))):
        plain = st.one_of(
            worlds.event_leaves(setting), worlds.trait_leaves(setting, traits),
            worlds.population_leaves(tuple(segments), traits),
        ).filter(lambda leaf: "list" not in leaf)  # fmt: skip
        past = history_leaves(setting, LOADED, types, tuple(segments), labels)
        leaf = st.one_of(past, past, plain)
        if draw(st.integers(0, 2)) == 0:
            rules = [{"label": label, "where": draw(worlds.groups(leaf))} for label in ("A", "é")]
            files[f"segmentations/g{number}"] = {"method": "rules", "rules": rules[: draw(st.integers(1, 2))]}
            labels[f"g{number}"] = (*(rule["label"] for rule in files[f"segmentations/g{number}"]["rules"]), "Other")
        else:
            files[f"segments/s{number}"] = {"where": draw(worlds.groups(leaf))}
            segments.append(f"s{number}")
    files["segments/moved"] = {
        "where": {draw(st.sampled_from(["entered", "left"])): "s0", "within": draw(_length(False))}
    }
    files["segments/last"] = {"where": draw(history_leaves(setting, LOADED, types, tuple(segments), labels))}
    return files
