"""What a segment was made from: amounts of events, what is read in them, traits, and all that these come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from satsuma.personas.grounds import Ground, amount_of, grounds
from small_shop import Shop

ORDERS: Ground = ("amount of", "Order Completed")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Shop(Path(tmp_path_factory.mktemp("grounds"))) as made:
        made.write("traits/last_channel", "from: {did: Order Completed, last: {of: channel}}")
        made.write("traits/favourite", "from: {did: Order Completed, mode: {of: channel}}")
        made.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}}")
        made.write("traits/channels", "from: {did: Order Completed, distinct: {of: channel}}")
        made.write("traits/per_point", "formula: spent / points")
        made.write("segmentations/rfm", "method: rfm")
        made.write("segmentations/taste", "method: affinity\nevent: Page Viewed\nof: page")
        made.write("segments/best", "where: {segmentation: rfm, is: Champions}")
        made.write("segments/web", "where: {did: Order Completed, where: {prop: channel, eq: web}}")
        made.write("segments/rich", "where: {trait: per_point, gt: 3}")
        made.write("segments/of_rich", "where: {in_segment: rich}")
        made.write(
            "segments/path", "where: {sequence: {match: any, steps: [{did: Page Viewed, where: {prop: page, eq: a}}, "
            "{did: Order Completed}]}}",
        )  # fmt: skip
        yield made


def of(shop: Shop, kind: str, name: str) -> frozenset[Ground]:
    return grounds(shop.workspace.definitions(), kind, name)


def test_amounts_of_events_are_told_from_what_is_read_in_them(shop: Shop) -> None:
    assert of(shop, "trait", "spent") == {("trait", "spent"), ORDERS}
    assert of(shop, "trait", "last_channel") == {("trait", "last_channel"), ("property", "channel")}
    assert of(shop, "trait", "channels") == {("trait", "channels"), ORDERS}
    # So the last channel of champions is a finding, and what they spent is not.
    champions = of(shop, "segment", "best")
    assert champions & of(shop, "trait", "spent")
    assert not champions & of(shop, "trait", "last_channel")
    web = of(shop, "segment", "web")
    assert web & of(shop, "trait", "last_channel")
    assert web & of(shop, "trait", "spent")


def test_a_favourite_depends_on_how_many_there_were(shop: Shop) -> None:
    assert of(shop, "trait", "favourite") == {("trait", "favourite"), ("property", "channel"), ORDERS}


def test_grounds_go_through_everything_that_is_read(shop: Shop) -> None:
    assert {("trait", "per_point"), ("trait", "points"), ORDERS} <= of(shop, "segment", "of_rich")
    assert ("segment", "rich") in of(shop, "segment", "of_rich")
    assert of(shop, "segment", "of_rich") & of(shop, "trait", "points")


def test_sequences_and_preferences_have_grounds(shop: Shop) -> None:
    path = of(shop, "segment", "path")
    assert {("amount of", "Page Viewed"), ORDERS, ("property", "page")} <= path
    assert ("property", "page") in of(shop, "segmentation", "taste")


def test_an_order_and_its_lines_are_one_purchase() -> None:
    assert amount_of("Product Purchased") == amount_of("Order Completed")
    assert amount_of("Page Viewed") != amount_of("Order Completed")
