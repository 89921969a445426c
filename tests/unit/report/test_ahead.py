"""The section on what is to come: what is drawn, what is said, and what is not sold."""

from __future__ import annotations

import dataclasses
from typing import Any
from xml.etree import ElementTree

import pytest

from satsuma.report.ahead import ahead
from satsuma.report.contents import ReportContents
from satsuma.report.foresight import AliveGrid, Foresight, Prediction, PurchaseModel
from satsuma.report.foresight_words import (
    told_alive,
    told_by_frequency,
    told_calibration,
    told_gain,
    told_groups,
    told_lift,
    told_needs,
    told_prediction_bands,
    told_renewals,
    told_tiers,
    told_tracking,
    told_verdict,
)
from satsuma.report.grids import alive_table

SVG = "{http://www.w3.org/2000/svg}"


def models_of(contents: ReportContents) -> Foresight:
    assert contents.foresight is not None
    return contents.foresight


@pytest.fixture
def bought(contents: ReportContents) -> PurchaseModel:
    return models_of(contents).purchases[0]


@pytest.fixture
def quiet(contents: ReportContents) -> Prediction:
    return models_of(contents).predictions[0]


def body(contents: ReportContents) -> ElementTree.Element:
    found = ahead(contents)
    assert found is not None
    return ElementTree.fromstring(f"<div>{found.body}</div>")  # noqa: S314


def with_only(contents: ReportContents, **more: Any) -> ReportContents:
    return dataclasses.replace(contents, segmentations=(), foresight=Foresight(**more))


def titles(contents: ReportContents) -> list[str]:
    return ["".join(head.itertext()) for head in body(contents).iter("h3")]


def test_without_models_and_tiers_there_is_no_section(contents: ReportContents) -> None:
    plain = dataclasses.replace(
        contents,
        foresight=None,
        segmentations=tuple(item for item in contents.segmentations if not item.is_ahead),
    )
    assert ahead(plain) is None
    assert len(plain.segmentations) == len(contents.segmentations) - 2


def test_tiers_of_the_future_are_not_among_the_bands(contents: ReportContents) -> None:
    assert not {"value_tier", "quiet_bands"} & {item.name for item in contents.bands}
    old = dataclasses.replace(
        contents.segmentations[-2],
        labels=tuple(
            dataclasses.replace(label, mean=None, future_share=None) for label in contents.segmentations[-2].labels
        ),
    )
    # A run that was stored before tiers said what they hold has a division like any other.
    assert not old.is_ahead


def test_tiers_say_what_they_hold_with_the_interval(contents: ReportContents) -> None:
    tiers = contents.segmentation("value_tier")
    assert tiers is not None
    told = told_tiers(tiers, contents)
    assert told.shows == (
        "Gold: 5.0 % of customers hold 30.0 % of future value (95 % interval 27.0 % to 33.0 %), $2,439 each."
    )
    assert told.do.startswith("A customer of Gold may cost up to $2,439 to keep, one of Basic up to $82.44")
    # Each interval is a line with two stops.
    assert len(body(contents)[0][0].findall(f".//{SVG}line[@class='whisker']")) == 5 * 3


def test_a_tier_without_value_is_told_so(contents: ReportContents) -> None:
    tiers = contents.segmentation("value_tier")
    assert tiers is not None
    poor = dataclasses.replace(tiers, labels=tiers.labels[-1:])
    assert told_tiers(poor, contents).shows == "No customer holds any future value yet."


def test_bands_name_the_one_to_begin_with(contents: ReportContents) -> None:
    bands = contents.segmentation("quiet_bands")
    assert bands is not None
    assert told_prediction_bands(bands, contents).shows == "50 % and over: 246 customers (10.0 %), 64.5 % on average."
    tiny = tuple(dataclasses.replace(label, size=2) if "over" in label.label else label for label in bands.labels)
    assert told_prediction_bands(dataclasses.replace(bands, labels=tiny), contents).shows.startswith("Under 50 %")
    nobody = tuple(dataclasses.replace(label, mean=None) for label in bands.labels)
    assert told_prediction_bands(dataclasses.replace(bands, labels=nobody), contents).shows.startswith("Nobody has")


def test_silence_means_more_for_those_who_bought_often(bought: PurchaseModel) -> None:
    told = told_alive(bought)
    assert told.shows == (
        "After 60 days of silence P(alive) is 12.0 % for those who bought on 9 days, 80.0 % for those who bought on 2."
    )
    assert "own rhythm" in told.do


def test_the_grid_has_the_most_frequent_on_top(bought: PurchaseModel) -> None:
    assert bought.grid is not None
    table = ElementTree.fromstring(f"<div>{alive_table(bought.grid, 'P(alive)')}</div>")  # noqa: S314
    rows = table.findall("div/table/tbody/tr")
    assert ["".join(row[0].itertext()) for row in rows] == ["9 days", "2 days", "1 day"]
    assert [cell.text for cell in rows[0][1:]] == [">99", "12", None]
    assert [cell.get("class") for cell in rows[0][1:]] == ["ramp-5", "ramp-0", "ramp-none"]
    assert rows[0][2].get("title") == "Bought on 9 days, the last 60 days ago: P(alive) 12.0\u00a0%"
    empty = dataclasses.replace(bought.grid, alive=((None,) * 3,) * 3)
    assert "no customer of whom" in alive_table(empty, "P(alive)")


def test_a_model_that_sees_nobody_leave_draws_no_map(contents: ReportContents, bought: PurchaseModel) -> None:
    blind = dataclasses.replace(
        bought, grid=AliveGrid(age_days=9, often=(1, 2), days_since=(0, 9), alive=((None, 1.0), (1.0, None)))
    )
    assert blind.is_blind
    assert told_alive(blind).shows.startswith("In these data nobody is seen to leave for good")
    assert body(with_only(contents, purchases=(blind,))).find(".//table[@class='overlap heat']") is None
    assert body(with_only(contents, purchases=(bought,))).find(".//table[@class='overlap heat']") is not None


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (4200.0, "it expected 4,200, 5.0 % too many. It tracks."),
        (3200.0, "it expected 3,200, 20.0 % too few. It tracks roughly."),
        (8000.0, "it expected 8,000, 100 % too many. It does not track."),
    ],
)
def test_tracking_is_judged_on_the_days_held_back(bought: PurchaseModel, expected: float, words: str) -> None:
    told = told_tracking(dataclasses.replace(bought, total_expected=expected))
    assert told.shows.startswith("On the last 91 days")
    # 61 where 60 came.
    assert told.shows.endswith(" Over all days drawn it expects 1.7 % too many.")
    assert words in told.shows


@pytest.mark.parametrize("actual", [None, 0.0])
def test_what_was_not_tested_is_not_praised(bought: PurchaseModel, actual: float | None) -> None:
    told = told_tracking(dataclasses.replace(bought, total_actual=actual, validation_note="Too few customers."))
    assert told.shows == "The model is not tested on later days: Too few customers."


def test_the_group_with_the_largest_difference_is_named(bought: PurchaseModel) -> None:
    told = told_by_frequency(bought)
    assert (
        told.shows
        == "Most of the difference comes from customers with 0 repeats before: 0.25 on average, expected 0.50."
    )
    assert "2 repeats and more first (4.00 each)" in told.do
    nobody = tuple(dataclasses.replace(row, customers=0, actual=None, expected=None) for row in bought.by_frequency)
    assert told_by_frequency(dataclasses.replace(bought, by_frequency=nobody)).shows.startswith("No group")


def test_a_model_without_some_parts_is_still_shown(contents: ReportContents, bought: PurchaseModel) -> None:
    bare = dataclasses.replace(
        bought, grid=None, tracking=None, by_frequency=(), total_actual=None, total_expected=None, spend=None,
        parameters=(), log_likelihood=None, notes=(),
    )  # fmt: skip
    assert titles(with_only(contents, purchases=(bare,))) == ["Are they still there? P(alive) of Order Completed"]
    half = dataclasses.replace(bare, tracking=bought.tracking)
    assert "Does the model track?" in titles(with_only(contents, purchases=(half,)))[1]


def test_renewals_rise_by_themselves(contents: ReportContents) -> None:
    model = models_of(contents).renewals[0]
    told = told_renewals(model)
    assert told.shows == "60.0 % of 100 customers renewed the first time, 80.0 % of 40 at renewal 2."
    assert told_renewals(dataclasses.replace(model, steps=())).shows == "No contract has come to its end yet."
    assert "No contract" in "".join(
        body(with_only(contents, renewals=(dataclasses.replace(model, steps=()),))).itertext()
    )


def test_the_verdict_comes_first(contents: ReportContents, quiet: Prediction) -> None:
    card = body(with_only(contents, predictions=(quiet,)))[0][0]
    assert "".join(card[0].itertext()) == "No order in 30 daysoffered"
    assert (card[1].text or "").startswith("The model beats the best baseline")
    words = "".join(card.itertext())
    assert "tested on 2,000 customers as of 2 Dec 2017, 30 days ahead: it came true of 32.5\u00a0%." in words
    assert "⚠ Predictions are too low on the whole" in words
    assert "Since then no feature has moved." in words
    assert "0.885" in words


def test_what_is_not_offered_is_not_sold(contents: ReportContents) -> None:
    gift = models_of(contents).predictions[2]
    found = body(with_only(contents, predictions=(gift,)))
    assert found.findall(f".//{SVG}svg") == []
    assert titles(with_only(contents, predictions=(gift,))) == ["A gift in 30 daysnot offered"]
    told = told_verdict(gift)
    assert told.shows.startswith("Not offered. The model does not beat the best baseline")
    assert "Its values are what that rule says." in told.do
    assert "It has no values" in told_verdict(dataclasses.replace(gift, says_rule=False)).do


def test_calibration_counts_the_tenths_inside(quiet: Prediction) -> None:
    assert told_calibration(quiet).shows.startswith("In 10 of 10 tenths")
    high = tuple(dataclasses.replace(tenth, predicted=0.9) for tenth in quiet.tenths[:4]) + quiet.tenths[4:]
    told = told_calibration(dataclasses.replace(quiet, tenths=high))
    assert told.shows.startswith("In 6 of 10 tenths")
    assert "predictions are too high" in told.do
    # Ten intervals that hold together are wide: the whole may be off where none of them is.
    off = told_calibration(dataclasses.replace(quiet, level_is_off=True))
    assert off.shows.endswith("off by more than chance all the same.")
    assert "Take the numbers as they are" not in off.do
    assert told_calibration(dataclasses.replace(quiet, tenths=())).shows == "Nothing can be said of its level."


def test_gain_and_lift_stand_beside_the_best_rule(quiet: Prediction) -> None:
    # Rates 55, 50 and 45 of a sum of 325.
    assert told_gain(quiet).shows == (
        "The first three tenths hold 46.2 % of those to whom it happened; at random they would hold 30 %, by the rule "
        "'days since the last Order Completed' 46.2 %."
    )
    assert told_lift(quiet).shows.startswith("In the best tenth 1.69 times as much happens as on average")
    chance = told_lift(dataclasses.replace(quiet, leads_in_best_tenth=False))
    assert chance.shows.endswith("That lead is no more than chance.")
    assert "the rule will do" in chance.do


def test_a_tenth_of_nobody_is_left_out(contents: ReportContents, quiet: Prediction) -> None:
    empty = dataclasses.replace(
        quiet.tenths[9], size=0, rate=None, predicted=None, low=None, high=None, lift=None, gain=None
    )
    part = dataclasses.replace(quiet, tenths=(*quiet.tenths[:9], empty))
    found = body(with_only(contents, predictions=(part,)))
    assert len(found.findall(f".//{SVG}circle")) == 9
    assert told_calibration(part).shows.startswith("In 9 of 9 tenths")
    all_none = dataclasses.replace(quiet, tenths=(empty,) * 10, baseline_tenths=(), base=None, order=None)
    words = "".join(body(with_only(contents, predictions=(all_none,))).itertext())
    assert "Nothing can be said of its level." in words
    assert "None" not in words
    assert "nan" not in words


def test_features_and_groups_are_named(quiet: Prediction) -> None:
    assert told_needs(quiet).shows == "It needs Order Completed, days since the last most; 2 features of 3 help at all."
    assert told_needs(dataclasses.replace(quiet, needs=())).shows.startswith("No single feature")
    assert told_groups(quiet).shows == "It is wrong for 1 of 2 groups; most for South (region), too low."
    assert told_groups(dataclasses.replace(quiet, groups=quiet.groups[:1])).shows.startswith("In each of 1 group ")


def test_amounts_are_said_in_money(contents: ReportContents) -> None:
    spend = models_of(contents).predictions[1]
    words = "".join(body(with_only(contents, predictions=(spend,))).itertext())
    assert "30 days ahead: on average $120." in words
    assert "Gini coefficient" in words


def test_every_chart_has_a_name_a_sentence_and_a_table(contents: ReportContents) -> None:
    for card in body(contents).iter("article"):
        charts = [svg for svg in card.iter(f"{SVG}svg") if svg.get("role") == "img"]
        assert card.find("p[@class='shows']") is not None
        assert card.find("p[@class='do']") is not None
        if charts:
            assert card.find("details[@class='twin']") is not None
            assert all(
                svg.get("aria-label") and svg.findtext(f"{SVG}title") and svg.findtext(f"{SVG}desc") for svg in charts
            )


def test_hostile_names_stay_names(hostile: ReportContents, nasty: str, quiet: Prediction) -> None:
    assert ahead(hostile) is not None
    named = dataclasses.replace(
        quiet, title=nasty, verdict=nasty, best_baseline=nasty, about=nasty, drift=nasty, alarms=(nasty,),
        needs=tuple(dataclasses.replace(need, feature=nasty) for need in quiet.needs),
        groups=tuple(dataclasses.replace(group, label=nasty, grouping=nasty) for group in quiet.groups),
    )  # fmt: skip
    page = ahead(with_only(hostile, predictions=(named,)))
    assert page is not None
    found = list(ElementTree.fromstring(f"<div>{page.body}</div>").iter())  # noqa: S314
    assert not {part.tag for part in found} & {"script", "img", "style", "link", "a"}
    assert not [name for part in found for name in part.attrib if name.startswith("on")]
