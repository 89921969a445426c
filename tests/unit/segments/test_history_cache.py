"""Results of past days that are kept: used while a new evaluation would give the same, and never else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from satsuma.evaluation import past
from satsuma.segments.history_cache import sweep_history
from small_shop import Shop

ENTERED = "where: {entered: busy, within: 3d}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return a shop in which the segment `recent` asks for the past of `busy`; as of noon of 1 July."""
    with Shop(tmp_path) as found:
        found.customers(
            {"id": "ann", "first_seen": "2024-01-01", "country": "FR", "points": 5},
            {"id": "bob", "first_seen": "2024-06-01", "country": "BE"},
            {"id": "cid", "first_seen": None},
            {"id": "dan", "first_seen": "2024-06-30 12:00:00"},
        )
        found.order(0, "2024-06-30 10:00:00")
        found.order(1, "2024-06-20 10:00:00")
        found.order(3, "2024-06-30 12:00:00")
        found.write("segments/busy", "where: {did: Order Completed, within: 5d}")
        found.write("segments/recent", ENTERED)
        yield found


class Watched:
    """Counts the points that are evaluated, and those that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.evaluated = 0
        begin = past.Past._begin

        def counted(looking: past.Past, point: int) -> Any:
            self.evaluated += 1
            return begin(looking, point)

        monkeypatch.setattr(past.Past, "_begin", counted)

    def taken(self) -> int:
        """Return how many points were evaluated since this was asked last."""
        evaluated, self.evaluated = self.evaluated, 0
        return evaluated


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


AS_OF = "2024-07-01T12:00:00"
#: The points of the past for a window of three days.
DAYS = 4


def members(shop: Shop, segment: str = "recent", as_of: str = AS_OF) -> list[str]:
    shop.run(as_of)
    return list(shop.workspace.segment(segment).customer_ids())


def without_cache(shop: Shop, segment: str = "recent", as_of: str = AS_OF) -> list[str]:
    for path in files(shop):
        path.unlink()
    return members(shop, segment, as_of)


def files(shop: Shop) -> list[Path]:
    return sorted((shop.path / "state" / "history").glob("*/*"))


def test_a_second_run_reads_what_the_first_found(shop: Shop, watched: Watched) -> None:
    assert members(shop) == ["ann", "dan"]
    assert (watched.taken(), len(files(shop))) == (DAYS, DAYS)
    assert members(shop) == ["ann", "dan"]
    assert (watched.taken(), len(files(shop))) == (0, DAYS)


def test_the_next_day_costs_one_day(shop: Shop, watched: Watched) -> None:
    members(shop)
    watched.taken()
    assert members(shop, as_of="2024-07-02T12:00:00") == ["ann", "dan"]
    assert watched.taken() == 1


def test_labels_and_values_are_kept_as_well(shop: Shop, watched: Watched) -> None:
    shop.write("traits/last_page", "from: {did: Page Viewed, last: {of: page}}")
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}, within: 5d}")
    shop.write("traits/orders_seen", "from: {did: Order Completed, last_time: true}")
    shop.write("segmentations/pace", "method: rules\nrules: [{label: Élan, where: {in_segment: busy}}]")
    shop.write("segments/left_elan", "where: {segmentation: pace, changed: {to: Élan, within: 3d}}")
    shop.write("segments/reads", "where: {trait: last_page, changed: {within: 3d}}")
    shop.write("segments/spends", "where: {trait: spent, changed: {from: 0, within: 3d}}")
    shop.write("segments/orders", "where: {trait: orders_seen, changed: {within: 3d}}")
    shop.event(1, "Page Viewed", "2024-06-20 10:00:00", page="home")
    shop.event(1, "Page Viewed", "2024-06-30 10:00:00", page="é")
    shop.event(2, "Page Viewed", "2024-06-30 10:00:00", page="home")
    expected = {"left_elan": ["ann", "dan"], "reads": ["bob", "cid"], "spends": ["ann"], "orders": ["ann", "dan"]}
    for evaluated in (DAYS, 0):
        shop.run(AS_OF)
        assert {name: shop.workspace.segment(name).customer_ids() for name in expected} == expected
        assert watched.taken() == evaluated
    assert len(files(shop)) == 5 * DAYS


def test_customers_who_came_later_were_nowhere_then(shop: Shop, watched: Watched) -> None:
    members(shop)
    watched.taken()
    shop.load(2)
    shop.customers({"id": "eve", "first_seen": "2024-07-01 09:00:00"})
    shop.order(4, "2024-07-01 09:00:00", load=2)
    assert members(shop) == ["ann", "dan", "eve"]
    assert watched.taken() == 0


def late_event(shop: Shop) -> None:
    shop.order(2, "2024-06-29 10:00:00", load=2)


def correction(shop: Shop) -> None:
    shop.engine.execute("UPDATE events SET superseded_at = '2024-07-01' WHERE customer_no = 0")
    shop.engine.execute("INSERT INTO supersessions VALUES (2, 0, 'Order Completed', '2024-06-30 10:00:00')")


def known_before(shop: Shop) -> None:
    shop.engine.execute("UPDATE customers SET first_seen = '2024-06-29' WHERE customer_id = 'dan'")


def known_later(shop: Shop) -> None:
    shop.engine.execute("UPDATE customers SET first_seen = '2024-07-01' WHERE customer_id = 'bob'")


def erased(shop: Shop) -> None:
    shop.engine.execute("UPDATE customers SET erased_at = '2024-07-01' WHERE customer_id = 'bob'")


#: What a load brought, and from which of the four points on nothing can be taken from before.
LATE = [(late_event, 2), (correction, 1), (known_before, 2), (known_later, 4), (erased, 4)]


@pytest.mark.parametrize(("change", "evaluated"), LATE, ids=[change.__name__ for change, _ in LATE])
def test_what_came_late_is_looked_back_for_again_from_its_day_on(
    shop: Shop, watched: Watched, change: Any, evaluated: int
) -> None:
    members(shop)
    watched.taken()
    shop.load(2)
    change(shop)
    found = members(shop)
    assert watched.taken() == evaluated
    assert len(files(shop)) == DAYS
    assert found == without_cache(shop)


def test_events_that_are_not_read_change_nothing(shop: Shop, watched: Watched) -> None:
    members(shop)
    watched.taken()
    shop.load(2)
    shop.event(0, "Page Viewed", "2024-06-01 10:00:00", load=2)
    members(shop)
    assert watched.taken() == 0


def test_a_warehouse_that_was_put_back_is_not_answered_from_what_came_after(shop: Shop, watched: Watched) -> None:
    shop.load(2)
    late_event(shop)
    members(shop)
    watched.taken()
    shop.engine.execute("DELETE FROM events WHERE load_id = 2")
    shop.engine.execute("DELETE FROM loads WHERE load_id = 2")
    assert members(shop) == ["ann", "dan"]
    assert watched.taken() == DAYS


class Traits:
    """The shop with a segment of a loaded trait in the past."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.write("segments/busy", "where: {all: [{trait: country, eq: FR}, {did: Order Completed, within: 5d}]}")

    def change(self, customer: int, old: str, new: str, at: str, load: int = 2) -> None:
        self.shop.engine.execute(
            f"INSERT INTO trait_changes VALUES ('customer', {customer}, 'country', '{old}', '{new}', '{at}', '{at}', "
            f"{load})"
        )
        self.shop.engine.execute(f"UPDATE customers SET country = '{new}' WHERE customer_no = {customer}")


def test_a_trait_that_changes_today_leaves_the_days_before(shop: Shop, watched: Watched) -> None:
    traits = Traits(shop)
    members(shop)
    watched.taken()
    shop.load(2)
    traits.change(0, "FR", "DE", "2024-07-01 08:00:00")
    assert members(shop) == ["ann"] == without_cache(shop)
    assert watched.taken() == DAYS  # of the second alone


def test_a_trait_that_changed_before_is_looked_at_again_from_then_on(shop: Shop, watched: Watched) -> None:
    traits = Traits(shop)
    members(shop)
    watched.taken()
    shop.load(2)
    traits.change(0, "FR", "DE", "2024-06-29 08:00:00")
    assert members(shop) == []
    assert watched.taken() == 2
    assert without_cache(shop) == []


def test_a_first_value_of_a_trait_holds_since_ever(shop: Shop, watched: Watched) -> None:
    Traits(shop)
    members(shop)
    watched.taken()
    shop.load(2)
    shop.engine.execute("UPDATE customers SET country = 'FR' WHERE customer_id = 'cid'")
    shop.order(2, "2024-06-30 11:00:00", load=2)
    assert members(shop) == ["ann", "cid"]
    assert watched.taken() == DAYS


def test_a_changed_definition_list_or_model_is_another_past(shop: Shop, watched: Watched) -> None:
    (shop.path / "lists").mkdir(exist_ok=True)
    (shop.path / "lists" / "gala.txt").write_text("ann\n", encoding="utf-8")
    shop.write("segments/busy", "where: {all: [{list: gala}, {did: Order Completed, within: 5d}]}")
    assert members(shop) == ["ann"]
    watched.taken()
    (shop.path / "lists" / "gala.txt").write_text("ann\ndan\n", encoding="utf-8")
    assert members(shop) == ["ann", "dan"]
    assert watched.taken() == DAYS
    shop.write("segments/busy", "where: {all: [{list: gala}, {did: Order Completed, within: 6d}]}")
    assert members(shop) == ["ann", "dan"]
    assert watched.taken() == DAYS


def test_labels_of_the_past_come_from_the_model_of_now(shop: Shop, watched: Watched) -> None:
    """A refit changes what all days were: the kept labels are of another model."""
    for customer, revenue in ((0, 100), (1, 5), (2, 50), (3, 20)):
        shop.order(customer, "2024-06-29 10:00:00", revenue)
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}}")
    shop.write("segmentations/tier", "method: bands\ntrait: spent\nquantiles: 2\nlabels: [Low, High]")
    shop.write("segments/recent", "where: {segmentation: tier, changed: {to: High, within: 3d}}")
    first = members(shop)
    assert watched.taken() == DAYS
    shop.load(2)
    shop.order(1, "2024-07-01 09:00:00", 1000, load=2)
    shop.order(3, "2024-07-01 09:00:00", 1000, load=2)
    kept = members(shop)
    assert watched.taken() == 0
    shop.run(AS_OF, refit=True)
    refitted = shop.workspace.segment("recent").customer_ids()
    assert watched.taken() == DAYS
    assert (first, kept, refitted) == (["ann", "cid"], ["ann", "bob", "cid", "dan"], ["bob", "dan"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"SATSUMAH" + b"\0" * 30),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[:-3] + b"abc"),
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("17.past")),
    ],
    ids=["empty", "nonsense", "cut", "changed", "gone", "renamed"],
)
def test_a_damaged_file_is_as_good_as_none(shop: Shop, watched: Watched, damage: Any) -> None:
    members(shop)
    watched.taken()
    damage(files(shop)[1])
    assert members(shop) == ["ann", "dan"]
    assert watched.taken() == 1
    assert members(shop) == ["ann", "dan"]
    assert watched.taken() == 0


def test_what_was_known_then_is_not_answered_from_what_is_known_now(shop: Shop, watched: Watched) -> None:
    members(shop)
    watched.taken()
    shop.run(AS_OF, known_at="2024-06-30T11:00:00Z")
    assert shop.workspace.segment("recent").customer_ids() == ["ann"]
    assert (watched.taken(), len(files(shop))) == (DAYS, DAYS)


def test_a_preview_uses_what_is_kept(shop: Shop, watched: Watched) -> None:
    members(shop)
    watched.taken()
    preview = shop.workspace.preview("where: {left: busy, within: 3d}", as_of=AS_OF)
    assert (preview.size, watched.taken()) == (0, 0)


def test_days_that_nobody_can_ask_for_are_swept(shop: Shop) -> None:
    members(shop)
    state = shop.path / "state"
    draft = files(shop)[0].with_suffix(".draft")
    draft.write_bytes(b"half")
    sweep_history(state, datetime(2024, 7, 1) + timedelta(days=395))
    assert (len(files(shop)), draft.exists()) == (DAYS, False)
    sweep_history(state, datetime(2024, 7, 1) + timedelta(days=400))
    assert len(files(shop)) == 2
    sweep_history(state, datetime(2024, 7, 1) + timedelta(days=405))
    assert list((state / "history").iterdir()) == []
    sweep_history(shop.path / "elsewhere", datetime(2024, 7, 1))


def test_a_folder_that_cannot_be_written_to_is_no_reason_to_fail(shop: Shop, watched: Watched) -> None:
    (shop.path / "state").mkdir(exist_ok=True)
    (shop.path / "state" / "history").write_text("in the way", encoding="utf-8")
    assert members(shop) == ["ann", "dan"]
    assert members(shop) == ["ann", "dan"]
    assert watched.taken() == 2 * DAYS
