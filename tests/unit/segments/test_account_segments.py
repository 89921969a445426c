"""Segments of accounts: their own numbers, events of their people, and what may be asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from satsuma import Workspace
from satsuma.errors import WrongUse

NOW = datetime(2025, 1, 1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    members = ("A1,c1,software", "A1,c2,software", "A2,c3,retail", "A3,c3,software")
    orders = ("1,c1,2024-12-01,10", "2,c2,2024-12-02,20", "3,c3,2024-12-03,5", "4,c4,2024-12-04,1")
    files = {
        "accounts.csv": "\n".join(("account_id,customer_id,industry", *members)),
        "orders.csv": "\n".join(("order_id,customer_id,order_date,revenue", *orders)),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    definitions = {
        "segments/spenders.yaml": "segment: spenders\nentity: account\n"
        "where: {did: Order Completed, sum: {of: revenue, gte: 6}}\n",
        "segments/software.yaml": "segment: software\nentity: account\nwhere: {trait: industry, eq: software}\n",
        "segments/of_software.yaml": "segment: of_software\nwhere: {account: {any: {trait: industry, eq: software}}}\n",
        "traits/account_orders.yaml": "trait: account_orders\nentity: account\nfrom: {did: Order Completed}\n",
    }
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as opened:
        for name, text in definitions.items():
            (opened.path / name).write_text(text, encoding="utf-8")
        opened.load(tmp_path / "orders.csv", kind="orders", now=NOW)
        opened.load(tmp_path / "accounts.csv", kind="accounts", now=NOW)
        opened.run(now=NOW)
        yield opened


def test_an_account_has_the_events_and_the_money_of_its_people(shop: Workspace) -> None:
    spenders = shop.segment("spenders")
    assert (spenders.entity, spenders.ids(), spenders.value) == ("account", ["A1"], 30.0)


def test_a_share_of_accounts_is_of_accounts(shop: Workspace) -> None:
    assert shop.segment("software").share == pytest.approx(2 / 3)


def test_accounts_come_with_their_loaded_and_computed_traits(shop: Workspace) -> None:
    table = shop.segment("software").accounts(traits=["industry", "account_orders"])
    assert table.to_pydict() == {
        "account_id": ["A1", "A3"], "industry": ["software", "software"], "account_orders": [2, 1],
    }  # fmt: skip


def test_people_are_found_through_any_of_their_accounts(shop: Workspace) -> None:
    assert shop.segment("of_software").customer_ids() == ["c1", "c2", "c3"]


def test_asking_a_segment_of_accounts_for_customers_says_what_it_holds(shop: Workspace) -> None:
    with pytest.raises(WrongUse, match="holds accounts, not customers"):
        shop.segment("software").customers()


def test_a_preview_counts_accounts(shop: Workspace) -> None:
    found = shop.preview("segment: x\nentity: account\nwhere: {trait: industry, eq: retail}", as_of=NOW)
    assert (found.size, found.value) == (1, 5.0)


def test_a_refresh_reaches_an_account_through_its_people(shop: Workspace, tmp_path: Path) -> None:
    (tmp_path / "later.csv").write_text(
        "order_id,customer_id,order_date,revenue\n5,c3,2024-12-30,50\n", encoding="utf-8"
    )
    shop.load(tmp_path / "later.csv", kind="orders", now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("satsuma.segments.refresh_plan.MOST_TOUCHED", 1.0)
        outcome = shop.refresh(as_of=NOW)
    assert outcome.facts["refresh"] == {"touched": 1}
    spenders = shop.segment("spenders")
    assert (spenders.ids(), spenders.value) == (["A1", "A2", "A3"], 30 + 55 + 55)
    assert spenders.facts["causes"] == {"entered/event": 2}
