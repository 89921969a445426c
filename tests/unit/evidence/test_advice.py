"""Advice on the whole set: each rule speaks where it should, and is silent where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import f_oneway, rankdata

from satsuma.evidence.advice import Advice
from satsuma.evidence.alike import Variable, alike, eta_squared, mid_ranks
from small_shop import Shop

PEOPLE = 1_000


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A thousand people in four countries; points rise with the number, and say nothing of the country."""
    with Shop(tmp_path) as made:
        made.engine.execute(
            "INSERT INTO customers (customer_no, customer_id, country, points) SELECT i, 'c' || i, "
            "['FR', 'BE', 'DE', 'LU'][1 + CAST(i % 4 AS INTEGER)], i "
            f"FROM range({PEOPLE}) t(i)"
        )
        made.engine.execute(
            "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) "
            "SELECT md5(CAST(i AS VARCHAR))::UUID, i, 'Order Completed', '2024-06-10', '2024-06-10', 1 + i, 1 "
            f"FROM range({PEOPLE}) t(i)"
        )
        yield made


def advice(shop: Shop, *codes: str) -> list[Advice]:
    shop.run()
    return [item for item in shop.workspace.advice() if not codes or item.code in codes]


def test_a_set_that_divides_people_gets_no_more_than_a_note_on_goals(shop: Shop) -> None:
    shop.write("segments/low", "where: {trait: points, lt: 400}")
    shop.write("segments/high", "where: {trait: points, gte: 400}")
    assert [(item.code, item.severity) for item in advice(shop)] == [("no-goals", "note")]


@pytest.mark.parametrize(
    ("rule", "code", "severity"),
    [("{trait: points, lt: 0}", "empty", "act"), ("{trait: points, gte: 0}", "everybody", "act"),
     ("{trait: points, lt: 99}", "too-small", "consider"), ("{trait: points, lt: 100}", None, None)],
)  # fmt: skip
def test_segments_of_nobody_everybody_and_too_few(
    shop: Shop, rule: str, code: str | None, severity: str | None
) -> None:
    shop.write("segments/one", f"where: {rule}")
    found = advice(shop, "empty", "everybody", "too-small")
    assert [(item.code, item.severity, item.about) for item in found] == ([(code, severity, ("one",))] if code else [])


@pytest.mark.parametrize(("first", "is_same"), [(160, True), (161, False)])
def test_segments_with_nearly_the_same_customers_are_one(shop: Shop, first: int, is_same: bool) -> None:
    # Of 800 in the one, 640 are in the other: 80 %.
    shop.write("segments/wide", "where: {trait: points, lt: 800}")
    shop.write("segments/near", f"where: {{trait: points, between: [{first}, 799]}}")
    shop.write("segments/rest", "where: {trait: points, gte: 800}")
    found = advice(shop, "nearly-same")
    assert [(set(item.about), item.numbers["jaccard"]) for item in found] == (
        [({"wide", "near"}, 0.8)] if is_same else []
    )


def test_labels_that_no_trait_tells_apart_act_alike(shop: Shop) -> None:
    shop.write("segmentations/land", "method: bands\ntrait: points\nquantiles: 4")
    half = "{label: A, where: {random: {percent: 50, salt: x}}}"
    shop.write("segmentations/chance", f"method: rules\nrules:\n  - {half}\notherwise: B")
    found = advice(shop, "act-alike")
    # Quarters by points differ in points and revenue; halves drawn by lot differ in nothing.
    assert [(item.about, item.numbers["first"], item.numbers["second"]) for item in found] == [(("chance",), "A", "B")]
    assert found[0].numbers["largest_eta2"] < 0.01


def test_groups_drawn_by_lot_are_meant_to_be_alike(shop: Shop) -> None:
    for part in ("x", "y"):
        shop.write(f"segments/drawn_{part}", f"where: {{random: {{percent: 40, salt: {part}}}}}")
    assert advice(shop, "act-alike", "uncovered") == []


def test_customers_in_no_segment_are_counted_with_their_value(shop: Shop) -> None:
    shop.write("segments/low", "where: {trait: points, lt: 700}")
    shop.write("segments/all", "where: {did: Order Completed}")
    (found,) = advice(shop, "uncovered")
    assert found.severity == "act"
    assert found.numbers["customers"] == 300
    assert found.numbers["share"] == 0.3
    assert found.numbers["share_of_value"] == pytest.approx(sum(range(701, 1001)) / sum(range(1, 1001)))


def test_one_label_that_holds_nearly_all(shop: Shop) -> None:
    shop.write("segmentations/split", "method: bands\ntrait: points\ncuts: [950]")
    (found,) = advice(shop, "one-label", "too-fine")
    assert (found.code, found.numbers["share"]) == ("one-label", 0.95)


def test_labels_cut_too_finely(shop: Shop) -> None:
    shop.write("segmentations/fine", "method: bands\ntrait: points\ncuts: [10, 20, 30, 500]")
    (found,) = advice(shop, "one-label", "too-fine")
    assert (found.code, found.numbers["labels"], found.numbers["small"]) == ("too-fine", 5, 3)


def test_goals_and_campaigns_are_asked_where_there_are_some(shop: Shop) -> None:
    shop.write("segments/low", "where: {trait: points, lt: 400}")
    shop.write("segments/high", "where: {trait: points, gte: 400}")
    for folder, text in (("goals", "goal: keep\nfor: {segment: low}\n"), ("campaigns", "campaign: hello\n")):
        (shop.path / folder).mkdir(exist_ok=True)
        (shop.path / folder / "one.yaml").write_text(text, encoding="utf-8")
    found = advice(shop, "no-goals", "unused", "fewer-actions")
    assert [(item.code, item.about) for item in found] == [("unused", ("high",)), ("fewer-actions", ())]


def test_what_weighs_most_comes_first_and_all_is_plain(shop: Shop) -> None:
    shop.write("segments/nobody", "where: {trait: points, lt: 0}")
    shop.write("segments/few", "where: {trait: points, lt: 20}")
    found = advice(shop)
    order = [("act", "consider", "note").index(item.severity) for item in found]
    assert order == sorted(order)
    assert found[0].as_dict()["about"] == ["nobody"]
    for item in found:
        assert item.sentence.endswith((".", "?"))
        assert item.do


def test_ranks_are_those_of_a_second_implementation() -> None:
    values = np.random.default_rng(3).integers(0, 20, 200).astype(float)
    values[7] = np.nan
    known = np.arange(200) != 7
    assert mid_ranks(values)[known] == pytest.approx((2 * rankdata(values[known]) - 200) / 199)
    assert np.isnan(mid_ranks(values)[7])


def test_eta_squared_is_that_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(8)
    ranks = (2 * rankdata(rng.normal(size=300)) - 301) / 300
    one, other = ranks[:120], ranks[120:] + 0.3
    statistic = f_oneway(one, other).statistic
    assert eta_squared(one, other) == pytest.approx(statistic / (statistic + 298))
    assert eta_squared(one[:40], other) is None
    assert eta_squared(np.zeros(60), np.zeros(60)) == 0


def test_one_variable_that_differs_is_enough_to_tell_a_pair_apart() -> None:
    rng = np.random.default_rng(9)
    groups = [("a", np.arange(1_000) < 500), ("b", np.arange(1_000) >= 500)]
    same = Variable(name="same", ranks=rng.permutation(np.linspace(-1, 1, 1_000)))
    other = Variable(name="other", ranks=np.linspace(-1, 1, 1_000))
    assert [(pair.first, pair.second, pair.variable) for pair in alike(groups, [same])] == [("a", "b", "same")]
    assert alike(groups, [same, other]) == []


def test_of_segments_that_overlap_those_in_one_alone_are_compared() -> None:
    ranks = np.linspace(-1, 1, 1_000)
    wide, narrow = np.ones(1_000, bool), np.arange(1_000) >= 10
    # Only ten are in one alone: too few to say anything.
    assert alike([("wide", wide), ("narrow", narrow)], [Variable(name="x", ranks=ranks)]) == []
