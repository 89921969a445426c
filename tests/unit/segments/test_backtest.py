"""A definition on past days, from what was known then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from satsuma.errors import DefinitionError, NotFound, WrongUse
from small_shop import NOW, Shop

RECENT = "where: {did: Order Completed, within: 41d}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        made.customers(
            {"id": "ann", "first_seen": "2024-01-10"}, {"id": "bob", "first_seen": "2024-02-20"},
            {"id": "cid", "first_seen": "2024-03-05"},
        )  # fmt: skip
        made.order(0, "2024-01-10", 50)
        made.order(1, "2024-02-20", 20)
        made.order(2, "2024-03-05", 30)
        made.event(1, "Order Refunded", "2024-03-20", 5)
        made.write("segments/recent", RECENT)
        yield made


def test_each_step_has_size_share_value_and_what_moved_since_the_step_before(shop: Shop) -> None:
    found = shop.workspace.backtest("recent", first="2024-01-01", last="2024-05-31", now=NOW)
    steps = [
        (step.population, step.size, step.value, step.entered, step.left, step.stayed, step.overlap)
        for step in found.steps
    ]
    assert steps == [
        (1, 1, 50.0, None, None, None, None),
        (2, 1, 20.0, 1, 1, 0, 0.0),  # ann's order is 50 days old, bob came
        (3, 2, 45.0, 1, 0, 1, 0.5),  # bob gave something back, cid came
        (3, 0, 0.0, 0, 2, 0, 0.0),
        (3, 0, 0.0, 0, 0, 0, None),  # nobody in either has nothing in common
    ]
    assert [step.share for step in found.steps] == pytest.approx([1, 1 / 2, 2 / 3, 0, 0])
    assert [step.mean_value for step in found.steps] == [50.0, 20.0, 22.5, None, None]
    assert found.steps[0].as_of == found.steps[0].known_at == datetime(2024, 1, 31, 22, 59, 59, 999999)


def test_an_event_that_came_in_later_counts_only_with_all_data(shop: Shop) -> None:
    shop.order(0, "2024-02-15", 7, received="2024-04-01", load=2)
    options = {"first": "2024-02-01", "last": "2024-02-29", "now": NOW}
    [then] = shop.workspace.backtest("recent", **options).steps  # type: ignore[arg-type]
    [now] = shop.workspace.backtest("recent", known_then=False, **options).steps  # type: ignore[arg-type]
    assert (then.size, then.value, then.known_at) == (1, 20.0, then.as_of)
    assert (now.size, now.value, now.known_at) == (2, 77.0, None)


def test_a_correction_that_came_later_is_not_known_before(shop: Shop) -> None:
    # The order was of 20 until April, then it became one of 2 in May.
    shop.engine.execute("UPDATE events SET superseded_at = '2024-04-10' WHERE customer_no = 1 AND revenue = 20")
    shop.order(1, "2024-05-20", 2, received="2024-04-10", load=2)
    shop.engine.execute("UPDATE customers SET first_seen = '2024-05-20' WHERE customer_no = 1")
    options = {"first": "2024-02-01", "last": "2024-02-29", "now": NOW}
    [then] = shop.workspace.backtest("recent", **options).steps  # type: ignore[arg-type]
    [now] = shop.workspace.backtest("recent", known_then=False, **options).steps  # type: ignore[arg-type]
    assert (then.population, then.size, then.value) == (2, 1, 20.0)
    assert (now.population, now.size, now.value) == (1, 0, 0.0)


def test_a_customer_is_nobody_before_the_load_that_brought_them(shop: Shop) -> None:
    shop.customers({"id": "dan", "first_seen": "2024-01-01", "country": "FR", "arrived_at": "2024-03-15"})
    text = "where: {trait: country, eq: FR}"
    steps = shop.workspace.backtest(text, first="2024-02-01", last="2024-03-31", now=NOW).steps
    assert [(step.population, step.size) for step in steps] == [(2, 0), (4, 1)]


def test_a_file_a_text_and_a_name_are_the_same_segment(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "try.yaml"
    file.write_text(RECENT, encoding="utf-8")
    options = {"first": "2024-01-01", "last": "2024-03-31", "now": NOW}
    found = [shop.workspace.backtest(asked, **options).steps for asked in ("recent", RECENT, file)]  # type: ignore[arg-type]
    assert found[0] == found[1] == found[2]


def test_nothing_is_kept(shop: Shop) -> None:
    shop.run()
    tables = {name: shop.engine.value(f"SELECT count(*) FROM {name}") for name in ("runs", "events", "customers")}
    files = sorted((shop.path / "state").rglob("*"))
    shop.workspace.backtest("recent", first="2024-01-01", last="2024-05-31", now=NOW)
    assert {name: shop.engine.value(f"SELECT count(*) FROM {name}") for name in tables} == tables
    assert sorted((shop.path / "state").rglob("*")) == files
    assert shop.workspace.segment("recent").size == 0


def test_a_segmentation_without_a_fit_keeps_that_of_the_first_step(shop: Shop) -> None:
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}}")
    shop.write("segmentations/halves", "method: bands\ntrait: spent\nquantiles: 2")
    shop.order(0, "2024-04-05", 1000)
    shop.order(1, "2024-04-05", 1000)
    steps = shop.workspace.backtest(
        "where: {segmentation: halves, is: '1 of 2 (lowest)'}", first="2024-03-01", last="2024-04-30", now=NOW
    ).steps
    labels = shop.workspace.backtest(
        "where: {segmentation: halves, is: '1 of 2 (lowest)'}", first="2024-04-01", last="2024-04-30", now=NOW
    ).steps
    # In March the halves part at 30; by that, and not by April's own 1,020, nobody is in the lower one in April.
    assert [step.size for step in steps] == [1, 0]
    assert [step.size for step in labels] == [1]


def test_labels_from_the_fit_of_a_later_run_are_said_to_have_seen_the_future(shop: Shop) -> None:
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}}")
    shop.write("segmentations/halves", "method: bands\ntrait: spent\nquantiles: 2")
    shop.run()
    asked = "where: {segmentation: halves, is: '1 of 2 (lowest)'}"
    found = shop.workspace.backtest(asked, first="2024-03-01", last="2024-04-30", now=NOW)
    assert found.warnings == (
        "The labels of 'halves' come from the fit of the last run, which has seen later data.",
    )  # fmt: skip


def test_a_replay_of_a_time_that_knew_little_says_so(shop: Shop) -> None:
    shop.engine.execute("UPDATE events SET received_at = '2024-06-30' WHERE customer_no = 0")
    options = {"first": "2024-01-01", "last": "2024-03-31", "now": NOW}
    assert "1 of 4 events" in shop.workspace.backtest("recent", **options).warnings[0]  # type: ignore[arg-type]
    assert shop.workspace.backtest("recent", known_then=False, **options).warnings == ()  # type: ignore[arg-type]


def test_the_steps_are_a_table_with_moments_in_utc(shop: Shop) -> None:
    found = shop.workspace.backtest("recent", first="2024-01-01", last="2024-03-31", every="1 quarter", now=NOW)
    table = found.to_arrow()
    assert table.num_rows == 1
    assert table.schema.field("as_of").type == pa.timestamp("us", "UTC")
    assert table.column("size").to_pylist() == [2]
    assert table.column("entered").to_pylist() == [None]
    assert found.as_dict()["steps"][0]["size"] == 2


def test_an_empty_warehouse_has_steps_of_nobody(tmp_path: Path) -> None:
    with Shop(tmp_path) as empty:
        [step] = empty.workspace.backtest(RECENT, first="2024-01-01", last="2024-01-31", now=NOW).steps
        assert (step.population, step.size, step.share, step.mean_value) == (0, 0, 0.0, None)


def test_what_cannot_be_replayed_is_a_sentence(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Did you mean 'recent'"):
        shop.workspace.backtest("recnt", first="2024-01-01", now=NOW)
    with pytest.raises(DefinitionError, match="Order Complete"):
        shop.workspace.backtest("where: {did: Order Complete}", first="2024-01-01", now=NOW)
    with pytest.raises(DefinitionError, match=r"none\.yaml"):
        shop.workspace.backtest(tmp_path / "none.yaml", first="2024-01-01", now=NOW)
    with pytest.raises(WrongUse, match="is not a moment for 'first'"):
        shop.workspace.backtest("recent", first="January", now=NOW)
