"""What definitions would do before they do it: one file's effect, and the plan of all that changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from satsuma.errors import NotFound, WorkspaceError, WrongUse
from satsuma.segments.plan import Plan, Planned
from small_shop import NOW, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        made.customers(*({"id": name, "first_seen": "2024-01-01"} for name in ("ann", "bob", "cid", "dan")))
        made.order(0, "2024-05-01", 50)
        made.order(0, "2024-06-20", 70)
        made.order(1, "2024-06-10", 20)
        made.write("segments/buyers", "where: {did: Order Completed}")
        made.write("segments/lapsed", "where: {not: {in_segment: buyers}}")
        made.write("segments/steady", "where: {did: Order Completed, count: {gte: 2}}")
        made.run()
        yield made


def only(plan: Plan, name: str) -> Planned:
    return next(item for item in plan.changes if item.name == name)


def moved(item: Planned) -> tuple[int, int, int, int]:
    """Return the sizes before and after, and how many enter and leave."""
    assert item.difference is not None
    found = item.difference
    return (found.first.size, found.second.size, found.part("only_second").size, found.part("only_first").size)


def test_a_changed_file_shows_its_lines_and_who_would_move(shop: Shop) -> None:
    shop.write("segments/buyers", "where:\n  did: Order Completed\n  count: {gte: 2}")
    found = shop.workspace.effect("buyers")
    assert [(part.name, part.size, part.value) for part in found.difference.parts] == [
        ("both", 1, 120.0), ("only_first", 1, 20.0), ("only_second", 0, 0.0),
    ]  # fmt: skip
    [edit] = found.edits
    assert (edit.kind, edit.name) == ("segment", "buyers")
    assert list(edit.lines) == [
        "- where: {did: Order Completed}", "+ where:", "+   did: Order Completed", "+   count: {gte: 2}"
    ]  # fmt: skip
    assert shop.workspace.segment("buyers").size == 2


def test_a_change_of_what_it_reads_is_shown_with_that_definition(shop: Shop) -> None:
    shop.write("segments/buyers", "where: {did: Order Completed, count: {gte: 2}}")
    found = shop.workspace.effect("lapsed")
    assert found.difference.part("only_second").size == 1
    assert [edit.name for edit in found.edits] == ["buyers"]


def test_an_unchanged_file_has_no_effect(shop: Shop) -> None:
    found = shop.workspace.effect("buyers")
    assert (found.edits, found.warnings) == ((), ())
    assert [part.size for part in found.difference.parts] == [2, 0, 0]


def test_a_file_elsewhere_takes_the_place_of_the_segment_it_names(shop: Shop, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("segment: buyers\nwhere: {did: Order Completed, within: 15d}\n", encoding="utf-8")
    found = shop.workspace.effect(draft)
    assert (found.segment, found.difference.part("only_first").size) == ("buyers", 1)
    assert [line[0] for line in found.edits[0].lines] == ["-", "+"]
    draft.write_text("where: {did: Order Completed}\n", encoding="utf-8")
    with pytest.raises(WrongUse, match="which segment it is"):
        shop.workspace.effect(draft)


def test_the_effect_is_seen_at_the_moment_of_the_last_run(shop: Shop) -> None:
    shop.order(2, "2024-07-03", 5)
    shop.write("segments/buyers", "where: {did: Order Completed, count: {gte: 1}}")
    found = shop.workspace.effect("buyers")
    assert [part.size for part in found.difference.parts] == [2, 0, 0]


def test_data_that_came_since_are_said_to_be_part_of_the_difference(shop: Shop) -> None:
    shop.load(2)
    shop.order(2, "2024-06-30", 5, load=2)
    found = shop.workspace.effect("buyers")
    assert found.difference.part("only_second").size == 1
    assert found.warnings == ("1 load came since the last run; what they brought is part of the difference.",)
    assert shop.workspace.plan().changes == ()


def test_a_new_segment_has_nobody_before(shop: Shop) -> None:
    shop.write("segments/fresh", "where: {did: Order Completed, within: 15d}")
    found = shop.workspace.effect("fresh")
    assert [part.size for part in found.difference.parts] == [0, 0, 1]
    with pytest.raises(NotFound, match="Did you mean 'fresh'"):
        shop.workspace.effect("fesh")


def test_an_effect_needs_a_run(tmp_path: Path) -> None:
    with Shop(tmp_path) as bare:
        bare.write("segments/buyers", "where: {did: Order Completed}")
        with pytest.raises(WorkspaceError, match="Nothing has been computed"):
            bare.workspace.effect("buyers")


# -------------------------------------------------------------------------------------------------------------- plan


def test_a_plan_tells_what_is_new_changed_affected_and_gone(shop: Shop) -> None:
    shop.write("segments/buyers", "where: {did: Order Completed, count: {gte: 2}}")
    shop.write("segments/fresh", "where: {did: Order Completed, within: 15d}")
    (shop.path / "segments" / "steady.yaml").unlink()
    found = shop.workspace.plan()
    assert {item.name: (item.status, item.through) for item in found.changes} == {
        "buyers": ("changed", ()), "lapsed": ("affected", ("buyers",)), "fresh": ("new", ()), "steady": ("gone", ()),
    }  # fmt: skip
    assert {item.name: moved(item) for item in found.changes} == {
        "buyers": (2, 1, 0, 1), "lapsed": (2, 3, 1, 0), "fresh": (0, 1, 1, 0), "steady": (1, 0, 0, 1),
    }  # fmt: skip
    difference = only(found, "buyers").difference
    assert difference is not None
    assert (difference.first.value, difference.second.value) == (140.0, 120.0)
    assert found.run_id == 1


def test_a_plan_keeps_nothing_and_a_run_after_it_does_what_it_said(shop: Shop) -> None:
    shop.write("segments/buyers", "where: {did: Order Completed, count: {gte: 2}}")
    before = shop.workspace.runs()
    planned = {item.name: moved(item)[1] for item in shop.workspace.plan().changes}
    assert shop.workspace.runs() == before
    outcome = shop.run(now=NOW + timedelta(days=1))
    sizes = {row["name"]: row["size"] for row in outcome.segments}
    assert {name: sizes[name] for name in planned} == planned


def test_a_comment_is_no_change(shop: Shop) -> None:
    shop.write("segments/buyers", "# who ever bought\nwhere: {did: Order Completed}")
    assert shop.workspace.plan().changes == ()


def test_a_changed_trait_affects_what_reads_it(shop: Shop) -> None:
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}}")
    shop.write("segments/rich", "where: {trait: spent, gte: 100}")
    shop.run(now=NOW + timedelta(days=1))
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}, within: 30d}")
    found = shop.workspace.plan()
    assert [(item.kind, item.name, item.status, item.through) for item in found.changes] == [
        ("trait", "spent", "changed", ()), ("segment", "rich", "affected", ("spent",)),
    ]  # fmt: skip
    assert moved(only(found, "rich")) == (1, 0, 0, 1)
    assert only(found, "spent").difference is None


def test_a_changed_segmentation_shows_its_labels_and_how_many_get_another(shop: Shop) -> None:
    rules = "method: rules\nrules:\n  - {label: buyer, where: {did: Order Completed%s}}\notherwise: none"
    shop.write("segmentations/kind", rules % "")
    shop.run(now=NOW + timedelta(days=1))
    shop.write("segmentations/kind", rules.replace("otherwise: none", "otherwise: other") % ", count: {gte: 2}")
    item = only(shop.workspace.plan(), "kind")
    assert [(row.label, row.before, row.after) for row in item.labels] == [
        ("buyer", 2, 1), ("none", 2, 0), ("other", 0, 3),
    ]  # fmt: skip
    assert item.relabelled == 3
    (shop.path / "segmentations" / "kind.yaml").unlink()
    gone = only(shop.workspace.plan(), "kind")
    assert (gone.status, [(row.label, row.after) for row in gone.labels]) == ("gone", [("buyer", 0), ("none", 0)])


def test_labels_of_accounts_are_compared_as_well(shop: Shop) -> None:
    shop.engine.execute("INSERT INTO accounts (account_no, account_id) VALUES (0, 'acme'), (1, 'bolt')")
    shop.engine.execute("INSERT INTO account_members (account_no, customer_no) VALUES (0, 0), (1, 1)")
    rules = (
        "entity: account\nmethod: rules\nrules:\n  - {label: buyer, where: {did: Order Completed%s}}\notherwise: none"
    )
    shop.write("segmentations/kind", rules % "")
    shop.run(now=NOW + timedelta(days=1))
    shop.write("segmentations/kind", rules % ", count: {gte: 2}")
    item = only(shop.workspace.plan(), "kind")
    assert [(row.label, row.before, row.after) for row in item.labels] == [("buyer", 2, 1), ("none", 0, 1)]
    assert item.relabelled == 1


def test_before_any_run_all_is_new(tmp_path: Path) -> None:
    with Shop(tmp_path) as bare:
        bare.customers({"id": "ann"})
        bare.order(0, "2024-05-01")
        bare.write("segments/buyers", "where: {did: Order Completed}")
        found = bare.workspace.plan()
        assert (found.run_id, [(item.name, item.status, moved(item)) for item in found.changes]) == (
            None, [("buyers", "new", (0, 1, 1, 0))],
        )  # fmt: skip


def test_a_segment_that_becomes_one_of_accounts_starts_from_nobody(shop: Shop) -> None:
    shop.engine.execute("INSERT INTO accounts (account_no, account_id) VALUES (0, 'acme')")
    shop.engine.execute("INSERT INTO account_members (account_no, customer_no) VALUES (0, 0)")
    shop.write("segments/steady", "entity: account\nwhere: {did: Order Completed}")
    assert moved(only(shop.workspace.plan(), "steady")) == (0, 1, 1, 0)
