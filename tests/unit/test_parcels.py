"""Results that travel: what goes in comes out, what is about single customers stays, and nothing else gets in."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from satsuma.parcels import UnreadableError, packed, unpacked
from satsuma.segments.difference import Difference, Part, Side
from satsuma.statistics.migration import Migration

MOMENT = datetime(2024, 7, 1, 12, 30, 0, 5)


def through(value: Any) -> Any:
    return unpacked(json.loads(json.dumps(packed(value), allow_nan=False)))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.decimals(allow_nan=False)
    | st.datetimes(timezones=st.none() | st.just(UTC)) | st.dates() | st.timedeltas(),
    lambda part: st.lists(part) | st.lists(part).map(tuple) | st.dictionaries(st.text() | st.integers(), part),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=40)
@given(plain)
def test_plain_values_come_out_as_they_are(value: Any) -> None:
    found = through(value)
    assert found == value
    assert type(found) is type(value)


def test_what_json_has_no_word_for() -> None:
    assert math.isnan(through(math.nan))
    assert through([math.inf, -math.inf]) == [math.inf, -math.inf]
    assert through({"~": 1, "a": Decimal("1.20")}) == {"~": 1, "a": Decimal("1.20")}
    assert str(through(Decimal("1.20"))) == "1.20"
    assert through(frozenset({1, 2})) == {1, 2}
    assert through(Path("segments/vip.yaml")) == Path("segments/vip.yaml")
    assert through((date(2024, 1, 1), timedelta(days=2, microseconds=3))) == (
        date(2024, 1, 1), timedelta(days=2, microseconds=3),
    )  # fmt: skip
    for array in (
        np.arange(6).reshape(2, 3),
        np.array([[1.5, np.nan]]),
        np.array([True, False]),
        np.array(["a", "bc"]),
    ):
        found = through(array)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
    assert type(through(np.float64(2.5))) is float
    assert through(np.int64(3)) == 3


def test_a_result_is_one_again_and_nobody_goes_with_it() -> None:
    side = Side(segment="a", as_of=MOMENT, known_at=None, population=9, size=3, share=1 / 3, value=7.1)
    part = Part(name="both", members=BitMap([4, 7, 8]), size=3, value=7.1, mean_value=7.1 / 3)
    difference = Difference(first=side, second=side, parts=(part,), newcomers=0, jaccard=1.0)
    found = through(difference)
    assert type(found) is Difference
    assert found.as_dict() == difference.as_dict()
    assert found.part("both").size == 3
    with pytest.raises(AttributeError):
        _ = found.part("both").members
    moved = Migration(
        labels=("x", "y"), counts=np.array([[1, 2], [3, 4]]), came=np.array([0, 1]), gone=np.array([5, 0])
    )  # fmt: skip
    assert through(moved).before.tolist() == moved.before.tolist()


@pytest.mark.parametrize("value", [object(), lambda: None, b"bytes", BitMap([1]), np.array([1j]), 1j])
def test_what_is_no_result_does_not_travel(value: Any) -> None:
    with pytest.raises(TypeError):
        packed({"deep": [value]})


@pytest.mark.parametrize(
    "parcel",
    [
        {"~": "os:system", "of": {}}, {"~": "satsuma.errors:WrongUse", "of": {}}, {"~": "nonsense", "of": 1},
        {"~": "satsuma.workspace:Workspace", "of": {}}, {"~": "satsuma.no_such:Thing", "of": {}},
        {"~": "satsuma.segments.difference:Pair", "of": {"first": "a"}}, {"~": "decimal", "of": "one"},
        {"~": "satsuma.segments.difference:Part", "of": {"members": 1}}, {"~": "array", "of": [1], "type": "|O"},
        {"~": "satsuma.segments.difference:Pair.__init__", "of": {}}, {"~": "moment", "of": 5}, {"~": "tuple"},
        {"~": "array", "of": [1, 2], "type": "<i8", "shape": [3]}, {"~": "satsuma.parcels:importlib", "of": {}},
        {"~": "satsuma.__main__:main", "of": {}},
    ],
)  # fmt: skip
def test_what_a_parcel_may_not_hold(parcel: Any) -> None:
    with pytest.raises(UnreadableError):
        unpacked([parcel])
