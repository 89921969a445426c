"""How things stand with a segment: nothing that happened to it is silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from satsuma.errors import DefinitionError, EvaluationError
from small_shop import NOW, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        made.customers({"id": "ann", "first_seen": "2024-01-10"}, {"id": "bob", "first_seen": "2024-02-20"})
        made.order(0, "2024-06-20", 50)
        made.write("segments/recent", "where: {did: Order Completed, within: 30d}")
        made.write("segments/buyers", "where: {did: Order Completed}")
        yield made


def test_a_run_leaves_when_it_was_and_what_it_moved(shop: Shop) -> None:
    shop.run()
    state = shop.workspace.segment("recent").state
    assert state.last_run is not None
    assert (state.fresh_as_of, state.last_run.run_id, state.last_run.started_at) == (
        datetime(2024, 6, 30, 22), 1, NOW,
    )  # fmt: skip
    assert (state.members, state.entered, state.left, state.causes) == (1, 1, 0, {"entered/definition": 1})
    assert (state.definition, state.last_error, state.next_due, state.is_current) == ("as run", None, None, True)


def test_the_last_change_stays_until_somebody_moves_again(shop: Shop) -> None:
    shop.run()
    shop.run("2024-07-25", now=NOW + timedelta(days=30))
    shop.run("2024-07-26", now=NOW + timedelta(days=31))
    recent, buyers = (shop.workspace.segment(name).state for name in ("recent", "buyers"))
    assert (recent.entered, recent.left, recent.causes) == (0, 0, {})
    assert recent.last_change is not None
    assert (recent.last_change.at, recent.last_change.as_of) == (
        NOW + timedelta(days=30), datetime(2024, 7, 24, 22),
    )  # fmt: skip
    assert (recent.last_change.left, dict(recent.last_change.causes)) == (1, {"left/clock": 1})
    assert buyers.last_change is not None
    assert buyers.last_change.at == NOW


def test_a_refresh_carries_the_last_change_on(shop: Shop) -> None:
    shop.run()
    shop.workspace.refresh("2024-07-02", now=NOW + timedelta(days=1))
    state = shop.workspace.segment("recent").state
    assert state.last_run is not None
    assert state.last_change is not None
    assert (state.last_run.run_id, state.entered, state.last_change.at) == (2, 0, NOW)


def test_a_segment_that_never_changed_since_a_run_of_before_says_nothing_of_it(shop: Shop) -> None:
    shop.run()
    shop.engine.execute("""UPDATE runs SET outcome = replace(outcome::VARCHAR, '"last_change"', '"of_old"')::JSON""")
    shop.run(now=NOW + timedelta(days=1))
    assert shop.workspace.segment("buyers").state.last_change is None


def test_a_failed_run_is_told_until_one_succeeds(shop: Shop) -> None:
    shop.run()
    shop.write("segments/recent", "where: {did: Order Complete}")
    for _ in range(2):
        with pytest.raises(DefinitionError):
            shop.run(now=NOW + timedelta(days=1))
    state = shop.workspace.segment("recent").state
    assert state.last_error is not None
    assert state.last_error.code == "definition"
    assert "segments/recent.yaml:2" in state.last_error.message
    assert "Did you mean 'Order Completed'" in state.last_error.message
    assert (state.definition, state.is_current, state.members) == ("has mistakes", False, 1)
    assert state.last_run is not None
    assert state.last_run.run_id == 1
    shop.write("segments/recent", "where: {did: Order Completed}")
    assert shop.workspace.segment("recent").state.last_error is not None
    shop.run(now=NOW + timedelta(days=2))
    assert shop.workspace.segment("recent").state.last_error is None


def test_what_nobody_foresaw_and_what_was_stopped_are_told_without_data(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("ann@example.org")

    monkeypatch.setattr("satsuma.segments.run.run_definitions", fail)
    with pytest.raises(ValueError, match="ann"):
        shop.run()
    error = shop.workspace.last_error()
    assert error is not None
    assert (error.code, error.message) == ("ValueError", "It failed in a way that Satsuma did not foresee.")
    shop.workspace.ledger.start("run", NOW)
    shop.workspace.close()
    stopped = shop.workspace.last_error()
    assert stopped is not None
    assert (stopped.code, stopped.message) == ("interrupted", "The process ended before the run did.")


def test_a_failed_refresh_counts_as_a_failed_run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run()

    def fail(*_: object, **__: object) -> None:
        raise EvaluationError("A sum is too large.")

    monkeypatch.setattr("satsuma.segments.refresh.refresh_definitions", fail)
    with pytest.raises(EvaluationError):
        shop.workspace.refresh("2024-07-02")
    error = shop.workspace.segment("buyers").state.last_error
    assert error is not None
    assert (error.code, error.message) == ("evaluation", "A sum is too large.")


def test_a_load_that_failed_is_no_failed_run(shop: Shop) -> None:
    shop.run()
    shop.workspace.ledger.fail(shop.workspace.ledger.start("load", NOW), NOW, "source", "No file.")
    assert shop.workspace.last_error() is None


def test_a_definition_is_new_changed_or_gone(shop: Shop) -> None:
    shop.run()
    shop.write("segments/fresh", "where: {did: Order Completed, within: 5d}")
    shop.write("segments/recent", "where: {did: Order Completed, within: 31d}")
    (shop.path / "segments" / "buyers.yaml").unlink()
    states = shop.workspace._states()
    assert {name: states.of(name).definition for name in ("fresh", "recent", "buyers")} == {
        "fresh": "new", "recent": "changed", "buyers": "gone",
    }  # fmt: skip
    assert (states.of("fresh").last_run, states.of("fresh").fresh_as_of, states.of("fresh").members) == (
        None, None, None,
    )  # fmt: skip


def test_the_state_is_the_same_in_a_list_and_as_plain_values(shop: Shop) -> None:
    shop.run()
    listed = {item.name: item.state for item in shop.workspace.segments()}
    alone = shop.workspace.segment("recent").state
    assert listed["recent"] == alone
    shape = alone.as_dict()
    assert shape["last_run"]["run_id"] == 1
    assert shape["last_error"] is None
    assert shape["last_change"]["causes"] == {"entered/definition": 1}
