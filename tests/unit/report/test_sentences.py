from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from satsuma.report.advice import PLAYBOOK, advice_for
from satsuma.report.contents import Concentration, LabelSummary, MonthPoint, Overlap, Quality, ReportContents
from satsuma.report.sentences import (
    in_short,
    told_concentration,
    told_index,
    told_months,
    told_overlap,
    told_per_head,
    told_quality,
    told_ranking,
    told_segmentation,
    told_sizes,
    told_value_map,
)


def spread(top: float) -> Concentration:
    return Concentration(customers=100, points=((0, 0), (1, 1)), top_20_share=top, gini=0.5, deciles=(0.1,) * 10)


def test_concentration_is_told_from_the_data() -> None:
    told = told_concentration(spread(0.545))
    assert told.shows == "The best 20 % of customers bring 54.5 % of value (Gini coefficient 0.50)."
    advices = {told_concentration(spread(top)).do for top in (0.8, 0.5, 0.25)}
    assert len(advices) == 3


def test_the_short_list_names_the_sizes(contents: ReportContents) -> None:
    sentences = in_short(contents)
    assert sentences[0] == "2,469 customers brought $4,596,040 net in 155,848 orders: $1,861 each on average."
    assert len(sentences) == 7
    assert in_short(dataclasses.replace(contents, population=0, orders=0, total_value=0.0))


def test_small_groups_are_never_recommended(contents: ReportContents) -> None:
    told = told_per_head(contents.segments, contents)
    assert "Big baskets" in told.shows
    assert "Top 1 %" not in told.shows
    only_small = [item for item in contents.segments if item.size < 30]
    assert "No segment of 30 customers or more" in told_per_head(only_small, contents).shows


def test_empty_segments_are_pointed_out(contents: ReportContents) -> None:
    empty = dataclasses.replace(contents.segments[0], size=0)
    assert "1 segment with nobody in" in told_sizes([*contents.segments[1:], empty]).do


def test_what_is_unknown_is_counted_but_not_advised_about(contents: ReportContents) -> None:
    age = contents.segmentation("age_band")
    assert age is not None
    told = told_segmentation(age, contents)
    assert told.shows.startswith("45–54: 36.0 % of those for whom it is known, 39.4 % of their value")
    assert "Unknown" not in told.do


def test_slipping_customers_come_with_their_worth(contents: ReportContents) -> None:
    told = told_segmentation(contents.by_method("lifecycle")[0], contents)
    assert told.shows == "402 customers (16.3 %) are Slipping and brought 14.4 % of value so far."
    assert told.do.startswith("Contact them now")


def test_the_group_at_stake_is_named_for_the_grid(contents: ReportContents) -> None:
    told = told_segmentation(contents.by_method("rfm")[0], contents)
    assert told.do.startswith("At risk have brought $")


@pytest.mark.parametrize("labels", [(), (LabelSummary(label="x", size=0, share=0, value=0),)])
def test_a_division_of_nobody_says_so(contents: ReportContents, labels: tuple[LabelSummary, ...]) -> None:
    for segmentation in contents.segmentations:
        assert told_segmentation(dataclasses.replace(segmentation, labels=labels), contents).shows


@pytest.mark.parametrize("value", [0.0, -100.0])
def test_a_division_without_value_compares_sizes_only(contents: ReportContents, value: float) -> None:
    for segmentation in contents.segmentations:
        poor = tuple(dataclasses.replace(label, value=value) for label in segmentation.labels)
        told = told_segmentation(dataclasses.replace(segmentation, labels=poor), contents)
        assert "of value" not in told.shows


def months(*revenue: float, start: int = 2025) -> list[MonthPoint]:
    return [
        MonthPoint(month=date(start + number // 12, number % 12 + 1, 1), revenue=value, orders=10, active_customers=5)
        for number, value in enumerate(revenue)
    ]


def test_a_month_is_compared_with_the_one_before_and_a_year_before() -> None:
    told = told_months(months(*[100.0] * 12, 150), "revenue", "EUR")
    assert told.shows == (
        "Revenue was €150 in Jan 2026, +50.0 % on the month before and +50.0 % on the same month a year before."
    )


def test_an_incomplete_month_is_not_compared() -> None:
    series = months(100, 110, 5)
    series[-1] = dataclasses.replace(series[-1], is_complete=False)
    assert "€110 in Feb 2025, +10.0 %" in told_months(series, "revenue", "EUR").shows
    assert "no month is complete" in told_months(series[-1:], "orders", "EUR").shows


def test_a_gap_of_months_is_not_the_month_before() -> None:
    series = months(100, 110, 120)
    del series[1]
    assert "month before" not in told_months(series, "revenue", "EUR").shows


@pytest.mark.parametrize(("last", "word"), [(50, "lost customers"), (200, "segments that grew"), (100, "Stable")])
def test_a_trend_needs_six_months_and_says_what_to_look_at(last: float, word: str) -> None:
    told = told_months(months(100, 100, 100, last, last, last), "revenue", "EUR")
    assert word in told.do
    assert word == "Stable" or "The last three complete months together: " in told.do
    assert "Six complete months" in told_months(months(100, last), "revenue", "EUR").do


def test_nearly_equal_segments_are_told_to_merge() -> None:
    told = told_overlap(Overlap(titles=("a", "b"), intersections=((10, 9), (9, 10))))
    assert "81.8 % of those in either" in told.shows
    assert "nearly one audience" in told.do


def test_a_segment_inside_another_is_pointed_out() -> None:
    told = told_overlap(Overlap(titles=("small", "large"), intersections=((10, 10), (10, 100))))
    assert told.do.startswith("All of small are in large too.")


def test_segments_apart_are_told_so() -> None:
    assert "No customer is in two" in told_overlap(Overlap(titles=("a", "b"), intersections=((5, 0), (0, 5)))).shows
    assert "can be compared" in told_overlap(Overlap(titles=("a", "b"), intersections=((0, 0), (0, 5)))).shows


def test_likings_are_told_by_the_highest_index(contents: ReportContents) -> None:
    ranking = contents.rankings[0]
    assert told_ranking(ranking).shows == "Grocery leads with 50.4 % of revenue; the first three bring 70.6 %."
    told = told_index(ranking)
    assert told is not None
    assert told.shows == "Big baskets like Nutrition most: 163 against 100 for the average customer."
    assert told_index(contents.rankings[1]) is None
    same = dataclasses.replace(ranking, items=(dataclasses.replace(ranking.items[0], indexes=(101, 99)),))
    assert "much the same" in told_index(same).shows  # type: ignore[union-attr]


def test_the_map_of_value_names_its_two_largest_boxes(contents: ReportContents) -> None:
    told = told_value_map(contents.by_method("rfm")[0])
    assert told.shows == "Loyal and Champions bring 64.7 % of value with 34.4 % of customers."


def test_quality_says_what_to_mend(contents: ReportContents) -> None:
    told = told_quality(contents.quality)
    assert told.shows == "1,470,108 rows were read from 2 sources; 15 rows could not be and wait in quarantine."
    assert "home_ownership is filled in 70.9 %" in told.do
    assert told_quality(Quality()).shows == "0 rows were read from 0 sources; all were usable."


def test_known_names_have_advice_and_others_none() -> None:
    assert advice_for("CHAMPIONS") == advice_for("champions") != ""
    assert advice_for("Can’t  lose_them") == PLAYBOOK["can't lose them"]
    assert advice_for("<script>") == ""
