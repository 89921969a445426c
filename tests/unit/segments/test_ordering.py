from __future__ import annotations

import pytest

from satsuma.segments.ordering import in_order, natural_order

ORDERED = [
    ["Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K", "100-124K", "150-174K", "250K+"],
    ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"],
    ["1", "2", "3", "4", "5+"],
    ["None/Unknown", "1", "2", "3+"],
    ["Less than $30,000", "$30,001 to $60,000", "$60,001 to $90,000", "more than $240,001"],
    ["1) $0 - $100", "2) $100 - $200", "7) $1,000 +"],
    ["< 5 km", "5-10 km", "10-50 km", "> 50 km"],
    ["18 to 24", "25 to 44 years", "45 years and over"],
    ["0.5-1.5", "1.5-2", "2-10"],
    ["XS", "S", "M", "L", "XL"],
    ["low", "Medium", "HIGH"],
    ["Monday", "Tuesday", "Sunday"],
    ["jan", "feb", "dec"],
    ["No", "Yes"],
    ["1-9 employees", "10-49 employees", "50-249 employees", "250+ employees"],
    ["Quarter 1", "Quarter 2", "Quarter 10"],
]
UNORDERED = [
    ["Paris", "Lyon"],
    ["Windows 10", "Android 9", "iOS 17"],
    ["2 Adults No Kids", "1 Adult Kids", "2 Adults Kids"],
    ["A1", "B1"],
    ["10-20", "10-20 "],
    ["Married", "Unmarried"],
]


@pytest.mark.parametrize("texts", ORDERED, ids=lambda texts: texts[0])
def test_a_natural_order_is_found_whatever_order_they_come_in(texts: list[str]) -> None:
    for mixed in (texts, texts[::-1], [*texts[1::2], *texts[::2]]):
        found = natural_order(mixed)
        assert found is not None
        assert [mixed[place] for place in found] == texts


@pytest.mark.parametrize("texts", UNORDERED, ids=lambda texts: texts[0])
def test_an_order_that_cannot_be_told_is_not_guessed(texts: list[str]) -> None:
    assert natural_order(texts) is None


def test_without_a_natural_order_the_most_frequent_come_first() -> None:
    assert in_order(["Paris", "Lyon", "Lille"], [2, 9, 2], [7, 8, 9]) == [8, 9, 7]


def test_one_text_and_no_text_are_in_order() -> None:
    assert natural_order(["x"]) == [0]
    assert natural_order([]) == []
