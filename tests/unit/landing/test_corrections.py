"""What counts as a correction of an order: any fact of its lines, however the file spells their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from satsuma import Workspace

HEAD = "Order ID,Order Date,Customer ID,SKU,Product Name,Quantity,Unit Price,Channel,Discount\n"
LINES = (
    "1,2025-01-05,anna,TEA,Green tea,2,8.50,web,0.5\n"
    "1,2025-01-05,anna,CUP,Cup,1,12,web,0\n"
    "2,2025-01-09,bruno,TEA,Green tea,1,8.5,shop,0\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as workspace:
        yield workspace


def load(shop: Workspace, tmp_path: Path, text: str) -> dict[str, int]:
    path = tmp_path / "orders.csv"
    path.write_text(HEAD + text, encoding="utf-8")
    outcome = shop.load(path, kind="order-lines").as_dict()
    return {name: outcome[name] for name in ("loaded", "unchanged", "updated")}


def channels(shop: Workspace) -> list[tuple[str, str]]:
    return shop.engine.rows(
        "SELECT order_id, variant_extract(properties, 'channel')::VARCHAR FROM events "
        "WHERE name = 'Order Completed' AND superseded_at IS NULL ORDER BY order_id"
    )


@pytest.mark.parametrize(("old", "new"), [("web", "app"), (",0.5\n", ",0.75\n")], ids=["a text", "a number"])
def test_a_property_that_changed_replaces_its_order_alone(shop: Workspace, tmp_path: Path, old: str, new: str) -> None:
    load(shop, tmp_path, LINES)
    assert load(shop, tmp_path, LINES.replace(old, new)) == {"loaded": 0, "unchanged": 1, "updated": 2}
    assert [order for order, _ in channels(shop)] == ["1", "2"]
    assert shop.engine.value("SELECT count(*) FROM events WHERE superseded_at IS NOT NULL") == 3


def test_what_was_corrected_can_be_read(shop: Workspace, tmp_path: Path) -> None:
    load(shop, tmp_path, LINES)
    load(shop, tmp_path, LINES.replace("web", "app"))
    assert channels(shop) == [("1", "app"), ("2", "shop")]


@pytest.mark.parametrize(
    "text",
    [
        LINES.replace("Green tea", "GREEN  TEA"),
        LINES.replace("8.50", "8.5").replace(",12,", ",12.00,"),
        "".join(reversed(LINES.splitlines(keepends=True))),
    ],
    ids=["the product's name", "the form of a number", "the order of rows"],
)
def test_another_spelling_changes_nothing(shop: Workspace, tmp_path: Path, text: str) -> None:
    load(shop, tmp_path, LINES)
    assert load(shop, tmp_path, text) == {"loaded": 0, "unchanged": 3, "updated": 0}
