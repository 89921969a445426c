"""A frame of customers holds what the views of a run show, whether it comes from the run or from an evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from satsuma.errors import NotFound
from satsuma.evaluation.run import evaluate
from satsuma.language.lineage import lineage, reads_sensitive
from satsuma.segments.frame import CustomerFrame, frame_of
from satsuma.segments.run import as_of_moment
from small_shop import NOW, Shop

DEFINITIONS = {
    "segments/french.yaml": "segment: french\nwhere: {trait: country, eq: FR}\n",
    "segmentations/land.yaml": "segmentation: land\nmethod: bands\ntrait: country\nvalues: all\n",
    "traits/spent.yaml": "trait: spent\nfrom: {did: Order Completed, sum: {of: revenue}}\n",
    "traits/last.yaml": "trait: last\nfrom: {did: Order Completed, last_time: true}\n",
    "traits/channel.yaml": "trait: channel\nfrom: {did: Order Completed, last: {of: channel}}\n",
    "traits/share.yaml": "trait: share\nformula: spent / points\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Shop(tmp_path_factory.mktemp("frame")) as made:
        made.customers(
            {"id": "a", "country": "FR", "points": 3}, {"id": "b", "country": None, "points": None},
            {"id": "c", "country": "DE", "points": 4}, {"id": "d", "country": "FR", "erased_at": "2024-06-01"},
        )  # fmt: skip
        made.event(0, "Order Completed", "2024-06-01 10:00", 10.25, channel="web")
        made.event(2, "Order Completed", "2024-06-03 10:00", 5, channel="shop")
        made.event(2, "Order Completed", "2024-06-02 10:00", 2.5, channel="web")
        for file, text in DEFINITIONS.items():
            (made.path / file).write_text(text, encoding="utf-8")
        made.workspace.run(as_of="2024-07-01", now=NOW)
        yield made


def frames(shop: Shop) -> tuple[CustomerFrame, CustomerFrame]:
    checked = shop.workspace.definitions()
    moment = as_of_moment(checked, shop.workspace._last_run().as_of, None)
    return shop.workspace.frame(), frame_of(evaluate(shop.engine, checked, moment, lists_folder=shop.path / "lists"))


def test_run_and_evaluation_give_the_same_frame(shop: Shop) -> None:
    kept, fresh = frames(shop)
    assert kept.numbers.tolist() == fresh.numbers.tolist() == [0, 1, 2]
    assert set(kept.traits) >= {"country", "points", "spent", "last", "channel", "share", "customer_id"}
    for name in kept.traits:
        left, right = kept.column(name), fresh.column(name)
        assert [left.python(place) for place in range(3)] == [right.python(place) for place in range(3)], name
    assert kept.members("french").tolist() == fresh.members("french").tolist() == [True, False, False]
    for frame in (kept, fresh):
        labels = frame.labels("land")
        assert [labels.names[code] for code in labels.codes] == ["FR", "Unknown", "DE"]
        assert labels.sizes().sum() == 3
        assert frame.value.tolist() == [10.25, 0, 7.5]
        assert frame.orders.tolist() == [1, 0, 2]


def test_values_are_those_that_the_trait_shows(shop: Shop) -> None:
    frame = shop.workspace.frame()
    ids = [frame.column("customer_id").python(place) for place in range(frame.size)]
    for name in ("spent", "last", "channel", "points"):
        shown = shop.workspace.trait(name).values().to_pylist()
        found = dict(zip(ids, (frame.column(name).python(place) for place in range(frame.size)), strict=True))
        assert {row["customer_id"]: row["value"] for row in shown} == found


def test_draws_depend_on_nothing_but_salt_and_id(shop: Shop) -> None:
    kept, fresh = frames(shop)
    assert kept.draws("x").tolist() == fresh.draws("x").tolist()
    assert kept.draws("x").tolist() != kept.draws("y").tolist()


def test_what_is_not_there_is_said(shop: Shop) -> None:
    frame = shop.workspace.frame()
    for ask in (frame.column, frame.members, frame.labels):
        with pytest.raises(NotFound, match="nowhere"):
            ask("nowhere")


def test_lineage_goes_to_the_ground(shop: Shop) -> None:
    checked = shop.workspace.definitions()
    assert lineage(checked, "trait", "share") == {("trait", "spent"), ("trait", "points"), ("event", "Order Completed")}
    assert lineage(checked, "segmentation", "land") == {("trait", "country")}
    assert not reads_sensitive(checked, "trait", "share")


def test_what_is_computed_from_sensitive_data_is_sensitive(shop: Shop) -> None:
    path = shop.path / "catalog.yaml"
    before = path.read_text(encoding="utf-8")
    assert not shop.workspace.frame().traits["share"].sensitive
    path.write_text(before.replace("points:\n    type: integer", "points:\n    type: integer\n    sensitive: true"))
    try:
        assert shop.workspace.frame().traits["share"].sensitive
        assert not shop.workspace.frame().traits["spent"].sensitive
    finally:
        path.write_text(before, encoding="utf-8")


def test_columns_of_some_places(shop: Shop) -> None:
    column = shop.workspace.frame().column("channel")
    taken = column.take(np.array([2, 0]))
    assert [taken.python(0), taken.python(1)] == ["shop", "web"]


def test_a_preference_among_sensitive_values_is_sensitive(shop: Shop) -> None:
    path = shop.path / "catalog.yaml"
    before = path.read_text(encoding="utf-8")
    shop.write("segmentations/taste", "method: affinity\nevent: Order Completed\nof: channel")
    try:
        assert not reads_sensitive(shop.workspace.definitions(), "segmentation", "taste")
        path.write_text(
            before.replace("channel:\n        type: text", "channel:\n        type: text\n        sensitive: true")
        )
        assert reads_sensitive(shop.workspace.definitions(), "segmentation", "taste")
    finally:
        path.write_text(before, encoding="utf-8")
        (shop.path / "segmentations" / "taste.yaml").unlink()
