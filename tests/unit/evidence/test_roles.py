"""What traits are to a definition, through everything that both read."""

from __future__ import annotations

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.evidence.roles import every_role, roles
from small_world import checked

MONEY = EventInfo(properties={"revenue": PropertyInfo(type="money")})
CATALOG = Catalog(
    traits={"country": TraitInfo(type="text"), "points": TraitInfo(type="integer"), "age": TraitInfo(type="integer")},
    events=dict.fromkeys(("Order Completed", "Product Purchased", "Page Viewed"), MONEY),
)
DEFINITIONS = {
    "traits/spent": {"from": {"did": "Order Completed", "sum": {"of": "revenue"}}},
    "traits/lines": {"from": {"did": "Product Purchased", "count": True}},
    "traits/views": {"from": {"did": "Page Viewed", "count": True}},
    "traits/spent_per_point": {"formula": "spent / points"},
    "traits/double_points": {"formula": "points * 2"},
    "segments/buyers": {"where": {"did": "Order Completed", "within": "90d"}},
    "segments/rich": {"where": {"trait": "points", "gte": 9}},
    "segments/rich_buyers": {"where": {"all": [{"in_segment": "buyers"}, {"in_segment": "rich"}]}},
    "segmentations/land": {"method": "bands", "trait": "country", "values": "all"},
    "segments/french": {"where": {"segmentation": "land", "is": "FR"}},
}
TRAITS = ("age", "country", "double_points", "first_seen", "lines", "points", "spent", "spent_per_point", "views")


def told(kind: str, name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"used": [], "related": [], "unused": []}
    for trait, role in roles(checked(DEFINITIONS, CATALOG), (kind, name), TRAITS).items():
        found[role].append(trait)
    return found


def test_a_trait_that_a_definition_reads_is_used_and_so_is_what_is_made_of_it() -> None:
    assert told("segment", "rich") == {
        "used": ["double_points", "points", "spent_per_point"], "related": [],
        "unused": ["age", "country", "first_seen", "lines", "spent", "views"],
    }  # fmt: skip


def test_other_figures_of_the_same_events_are_related_and_so_are_the_lines_of_orders() -> None:
    assert told("segment", "buyers") == {
        "used": [], "related": ["first_seen", "lines", "spent", "spent_per_point"],
        "unused": ["age", "country", "double_points", "points", "views"],
    }  # fmt: skip


def test_segments_and_segmentations_between_do_not_hide_what_is_behind() -> None:
    assert told("segment", "rich_buyers")["used"] == ["double_points", "points", "spent_per_point"]
    assert told("segment", "rich_buyers")["related"] == ["first_seen", "lines", "spent"]
    assert told("segment", "french")["used"] == told("segmentation", "land")["used"] == ["country"]


def test_several_definitions_at_once_are_each_alone() -> None:
    world = checked(DEFINITIONS, CATALOG)
    keys = [("segment", "rich"), ("segment", "buyers"), ("segment", "rich")]
    found = every_role(world, keys, TRAITS)
    assert list(found) == keys[:2]
    assert found["segment", "buyers"] == roles(world, ("segment", "buyers"), TRAITS)
