"""Strategies: random sequences, and histories long enough for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from random_worlds import DURATIONS, PROPERTIES, Setting, groups, property_tests, windows
from satsuma.catalog import ValueType
from satsuma.language.durations import parse_duration
from satsuma.language.operators import OPERATORS
from satsuma.language.reference import Customer, Event

_LENGTHS = {text: parse_duration(text) or 0 for text in DURATIONS}


#: Hours before the moment at which things happen: often one window apart, or at the same time.
_HOURS = [0, 1, 2, 23, 24, 25, 26, 36, 48, 49, 72, 73, 168]
_FEW: Mapping[ValueType, list[Any]] = {
    "text": ["a", "A", "é"],
    "number": [Decimal("1"), Decimal("2")],
    "money": [Decimal("1"), Decimal("2.5")],
    "integer": [1, 2],
    "boolean": [True, False],
}


def _event(chance: Random, setting: Setting) -> Event:
    """Return an event that mostly counts, with values of which there are few."""
    name = chance.choice(list(PROPERTIES))
    at = setting.at - timedelta(hours=chance.choice(_HOURS), microseconds=chance.choice([0, 0, 0, 0, -1, 1]))
    few = {**_FEW, "date": [setting.today, setting.today - timedelta(days=1)], "datetime": [at, setting.at]}
    return Event(
        name=name,
        time=at,
        event_id=UUID(int=chance.getrandbits(128)).hex,
        received_at=chance.choice([None] * 9 + [setting.at + timedelta(days=1)]),
        superseded_at=chance.choice([None] * 9 + [setting.at]),
        properties={
            key: chance.choice([None, *few[type_], *few[type_]]) for key, type_ in PROPERTIES[name].items()
        },
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, setting: Setting) -> list[Customer]:
    """Return customers of whom nothing is known but their events, close to each other and much alike.

    They come from one seed: there are many of them for the price of few, so that borders and ties are met.
    """
    chance = Random(draw(st.integers(0, 2**32)))  # noqa: S311  the same for the same seed is what is wanted
    return [
        Customer(id=f"{number}", events=[_event(chance, setting) for _ in range(chance.choice([0, 1, 2, 3, 4, 6, 9]))])
        for number in range(40)
    ]


def _comparable(event: str, named: Mapping[str, str], only: str | None) -> list[tuple[str, str, ValueType]]:
    """Return (own property, property of an earlier step, type) of all that can be compared."""
    numeric = ("integer", "number", "money")
    return [
        (own, f"{step}.{other}", type_)
        for step, source in named.items()
        for own, type_ in PROPERTIES[event].items()
        for other, kind in PROPERTIES[source].items()
        if (kind == type_ or (kind in numeric and type_ in numeric)) and only in (None, f"{step}.{other}")
    ]


def _reference(draw: st.DrawFn, target: str) -> dict[str, str]:
    """Return a reference, at times by another name of the property."""
    return {"ref": target.replace("revenue", "umsatz") if draw(st.booleans()) else target}


@st.composite
def _referring_tests(draw: st.DrawFn, event: str, named: Mapping[str, str]) -> dict[str, Any]:
    """Return a test of a property against one of an earlier step."""
    own, target, type_ = draw(st.sampled_from(_comparable(event, named, None)))
    names = [name for name, operator in OPERATORS.items()
             if type_ in operator.types and operator.shape in ("one", "day", "text")]  # fmt: skip
    test = {"prop": own, draw(st.sampled_from(["eq", "eq", *names])): _reference(draw, target)}
    if type_ == "text" and draw(st.integers(0, 2)) == 0:
        test |= draw(st.sampled_from([{"case": "ignore"}, {"fold": True}, {"case": "ignore", "fold": True}]))
    if draw(st.integers(0, 3)) == 0:
        test["missing"] = "match"
    return test


@st.composite
def sequence_leaves(draw: st.DrawFn, setting: Setting) -> dict[str, Any]:
    """Return sequences: any start, windows, steps that must not come, and references to one or several steps.

    Of the kind `same`, steps ask that one property is the same as that of one step, as far as they come after it
    (or to the end, or only for a while).
    """
    count = draw(st.sampled_from([2, 2, 3, 3, 4, 5]))
    kind = draw(st.sampled_from(["alone", "same", "any"]))
    source = draw(st.integers(0, count - 2))
    last = draw(st.sampled_from([count, count, source + 1]))
    named: dict[str, str] = {}
    same: str | None = None
    steps: list[dict[str, Any]] = []
    silent = 0
    for number in range(count):
        event = draw(st.sampled_from(list(PROPERTIES)))
        refers = kind == "same" and source < number <= last
        if refers and not _comparable(event, named, same):
            event = next(name for name in PROPERTIES if _comparable(name, named, same))
        negated = number > 0 and (kind != "same" or number != source) and draw(st.integers(0, 2)) == 0
        step: dict[str, Any] = {"not_did" if negated else "did": event}
        if number == 0:
            step |= draw(windows(setting)) if draw(st.integers(0, 2)) == 0 else {}
        else:
            fitting = [text for text, length in _LENGTHS.items() if negated or length > silent]
            is_open = not negated or number == count - 1
            # The long ones more often: few histories go through many short windows.
            within = draw(
                st.sampled_from([*fitting, *([None] * 4 if is_open else []), *([] if negated else fitting[-3:])])
            )
            step |= {"within": within} if within else {}
            silent = max(silent, _LENGTHS[within]) if negated and within else silent if negated else 0
        alone = groups(property_tests(event, setting))
        if refers:
            own, same, _ = draw(st.sampled_from(_comparable(event, named, same)))
            test = {"prop": own, "eq": _reference(draw, same)}
            step["where"] = {"all": [draw(alone), test]} if draw(st.integers(0, 4)) == 4 else test
        elif kind == "any" and named and draw(st.integers(0, 3)):
            step["where"] = draw(groups(st.one_of(property_tests(event, setting), _referring_tests(event, named))))
        elif draw(st.integers(0, 4)) == 4:
            step["where"] = draw(alone)
        if number == source if kind == "same" else draw(st.booleans()):
            step["as"] = f"s{number}"
            if not negated:
                named[f"s{number}"] = event
        steps.append(step)
    match = draw(st.sampled_from([{}, {"match": "any"}, {"match": "first"}, {"match": "last"}]))
    return {"sequence": {**match, "steps": steps}}
