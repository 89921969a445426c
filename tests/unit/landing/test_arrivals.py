"""Since when customers and what is said of them are known (rule S8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from satsuma import Workspace

JANUARY, MARCH, MAY = datetime(2024, 1, 31), datetime(2024, 3, 31), datetime(2024, 5, 31)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as workspace:
        yield workspace


def load(shop: Workspace, kind: str, text: str, now: datetime, **options: Any) -> None:
    path = shop.path.parent / f"{kind}-{now:%m}.csv"
    path.write_text(text, encoding="utf-8")
    shop.load(path, kind=kind, now=now, **options)


def arrivals(shop: Workspace, table: str = "customers") -> dict[str, tuple[datetime | None, datetime | None]]:
    id_ = table.removesuffix("s") + "_id"
    return {row[0]: row[1:] for row in shop.engine.rows(f"SELECT {id_}, arrived_at, described_at FROM {table}")}


HEAD = "order_id,customer_id,order_date,revenue\n"


def test_whom_the_first_load_of_a_kind_brings_is_known_since_ever_and_whom_later_ones_bring_since_then(
    shop: Workspace,
) -> None:
    load(shop, "orders", HEAD + "1,ann,2024-01-05,10\n", JANUARY)
    load(shop, "orders", HEAD + "1,ann,2024-01-05,10\n2,bob,2024-01-06,10\n", MARCH)
    load(shop, "customers", "customer_id,country\nann,FR\ncid,BE\n", MAY)
    load(shop, "customers", "customer_id,country\nbob,FR\ndan,BE\nann,DE\n", datetime(2024, 6, 30))
    assert arrivals(shop) == {
        "ann": (None, None),
        "bob": (MARCH, datetime(2024, 6, 30)),
        "cid": (None, None),
        "dan": (datetime(2024, 6, 30), datetime(2024, 6, 30)),
    }


def test_a_column_that_says_when_rows_were_known_says_it_of_their_customers(shop: Workspace) -> None:
    head = "order_id,customer_id,order_date,revenue,known\n"
    load(shop, "orders", head + "1,ann,2024-01-05,10,2024-01-09\n", JANUARY, received_at="known")
    rows = "1,ann,2024-01-05,10,2024-01-09\n2,bob,2024-01-06,10,2024-02-01\n3,bob,2024-01-07,10,2024-01-20\n"
    load(shop, "orders", head + rows, MARCH, received_at="known")
    assert arrivals(shop) == {"ann": (datetime(2024, 1, 9), None), "bob": (datetime(2024, 1, 20), None)}


def test_accounts_and_their_people_arrive_as_well(shop: Workspace) -> None:
    load(shop, "accounts", "account_id,customer_id,industry\nacme,ann,software\n", JANUARY)
    load(shop, "accounts", "account_id,customer_id,industry\nacme,bob,software\nbolt,cid,retail\n", MARCH)
    assert arrivals(shop, "accounts") == {"acme": (None, None), "bolt": (MARCH, MARCH)}
    assert {name: found[0] for name, found in arrivals(shop).items()} == {"ann": None, "bob": MARCH, "cid": MARCH}


def test_a_dated_fact_of_a_first_file_is_known_at_its_own_time(shop: Workspace) -> None:
    head = "customer_id,plan,valid_from\n"
    load(shop, "customers", head + "ann,free,2023-02-01\nann,pro,2023-06-01\n", JANUARY, valid_from="valid_from")
    load(shop, "customers", head + "ann,team,2023-09-01\n", MARCH, valid_from="valid_from")
    changes = shop.engine.rows("SELECT new_value, valid_from, known_at FROM trait_changes ORDER BY valid_from")
    assert changes == [
        ("free", datetime(2023, 2, 1), datetime(2023, 2, 1)), ("pro", datetime(2023, 6, 1), datetime(2023, 6, 1)),
        ("team", datetime(2023, 9, 1), MARCH),
    ]  # fmt: skip


def test_of_two_rows_of_one_date_the_last_holds_in_the_log_as_in_the_column(shop: Workspace) -> None:
    head = "customer_id,plan,valid_from\n"
    load(shop, "customers", head + "ann,free,2023-02-01\n", JANUARY, valid_from="valid_from")
    load(shop, "customers", head + "ann,pro,2023-06-01\nann,team,2023-06-01\n", MARCH, valid_from="valid_from")
    assert shop.engine.rows("SELECT new_value FROM trait_changes ORDER BY valid_from") == [("free",), ("team",)]
    (shop.path / "segments" / "teams.yaml").write_text("segment: teams\nwhere: {trait: plan, eq: team}\n", "utf-8")
    shop.run(as_of="2024-06-01")
    assert shop.segment("teams").customer_ids() == ["ann"]


def test_the_moments_of_arrival_are_no_traits(shop: Workspace) -> None:
    load(shop, "customers", "customer_id,arrived_at\nann,2020-01-01\n", JANUARY)
    assert arrivals(shop) == {"ann": (None, None)}
    assert "described_at" not in {trait.name for trait in shop.traits()}


def test_a_warehouse_of_before_gets_the_columns_and_knows_everybody_since_ever(shop: Workspace) -> None:
    load(shop, "customers", "customer_id,country\nann,FR\n", JANUARY)
    for table in ("customers", "accounts"):
        for column in ("arrived_at", "described_at"):
            shop.engine.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    shop.close()
    assert arrivals(shop) == {"ann": (None, None)}
