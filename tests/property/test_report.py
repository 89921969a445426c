"""What holds for every number and every text that a report may meet."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.report import format as say
from satsuma.report.bars import Bar, bars
from satsuma.report.charts import ticks
from satsuma.report.lines import Point, time_line
from satsuma.report.markup import clean, element, said, shortened, width_of
from satsuma.report.treemap import squarified

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
AMOUNTS = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)


@given(ANY_TEXT)
def test_every_text_is_one_text_in_a_well_formed_page(text: str) -> None:
    made = ElementTree.fromstring(element("p", said(text), title=clean(text)))  # noqa: S314
    assert (made[0].text or "") == (made.get("title") or "") == clean(text).replace(" %", "\u00a0%") or "%" in text


@given(ANY_TEXT, st.integers(min_value=1, max_value=40))
def test_a_shortened_text_never_exceeds_its_width(text: str, most: int) -> None:
    assert width_of(shortened(text, most)) <= most


@given(st.floats(min_value=0, max_value=1))
def test_a_share_of_something_is_never_zero_and_of_less_than_all_never_all(fraction: float) -> None:
    text = say.share(fraction)
    assert (text == "0 %") == (fraction == 0)
    assert text != "0.0 %"
    assert (text == "100 %") == (fraction == 1)
    assert text != "100.0 %"


@given(NUMBERS)
def test_every_number_has_words(number: float) -> None:
    for words in (
        say.count(number),
        say.compact(number),
        say.share(number),
        say.change(number),
        say.money(number, "EUR"),
        say.compact_money(number, "EUR"),
        say.estimate(number),
    ):
        assert words
        assert "nan" not in words
        assert "inf" not in words
        assert not words.startswith("-")


@given(AMOUNTS, AMOUNTS)
def test_ticks_cover_what_they_measure(first: float, second: float) -> None:
    low, high = min(first, second), max(first, second)
    scale = ticks(low, high)
    size = scale[-1] - scale[0]
    assert scale[0] <= low + size * 1e-6
    assert scale[-1] >= high - size * 1e-6
    assert 2 <= len(scale) <= 8
    assert list(scale) == sorted(set(scale))


@given(st.lists(NUMBERS, max_size=12))
def test_bars_and_lines_are_drawn_for_any_numbers(values: list[float]) -> None:
    drawn = bars([Bar(label="x", value=value, text="") for value in values])
    line = time_line([Point(label="x", value=value, text="") for value in values], "Line", axis=say.compact)
    for made in (drawn, line):
        ElementTree.fromstring(f"<div>{made}</div>")  # noqa: S314
        assert "nan" not in made
        assert "inf" not in made


@given(st.lists(st.floats(min_value=0.01, max_value=1e6), min_size=1, max_size=40))
def test_a_map_gives_each_its_area(amounts: list[float]) -> None:
    ordered = sorted(amounts, reverse=True)
    total = sum(ordered)
    places = squarified([amount / total for amount in ordered], 1.7)
    assert len(places) == len(ordered)
    for amount, place in zip(ordered, places, strict=True):
        assert place.width * place.height == pytest.approx(amount / total, rel=1e-6, abs=1e-9)
        assert place.x >= -1e-9
        assert place.x + place.width <= 1 + 1e-6
        assert place.y >= -1e-9
        assert place.y + place.height <= 1 + 1e-6
