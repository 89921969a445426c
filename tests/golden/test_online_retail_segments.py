"""Segments of a real shop against a second implementation: the same questions asked in pandas.

Data: Online Retail (UCI 352), as of 2011-12-01 UTC; 4,331 customers were first seen by then.
"""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retail_shop import retail_shop
from satsuma import Workspace

DATA = os.environ.get("SATSUMA_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA names no folder of real data")

AS_OF = pd.Timestamp("2011-12-01")
DAY = pd.Timedelta(days=1)

SEGMENTS = {
    "often": "{did: Order Completed, count: {gte: 3}, within: 90d}",
    "spent": "{did: Order Completed, sum: {of: revenue, gt: 500}, within: 60d}",
    "gone": "{all: [{did: Order Completed, between: {from: 180d, to: 60d}}, {not_did: Order Completed, within: 60d}]}",
    "curious": "{did: Product Purchased, distinct: {of: product_id, gte: 50}}",
    "fresh": "{did: Order Completed, first_time: true, within: 30d}",
    "middling": "{did: Order Completed, avg: {of: revenue, between: [200, 300]}}",
    "large": "{did: Order Completed, max: {of: revenue, gte: 1000}}",
    "rare": "{did: Order Completed, count: {lte: 1}}",
    "refunded": "{did: Order Refunded, count: {gte: 2}}",
    "dear": "{did: Product Purchased, where: {prop: unit_price, gte: 100}}",
    "abroad": "{did: Order Completed, where: {prop: country, in: [FR, DE]}, count: {gte: 2}}",
    "best": "{rank: revenue, top: 10%}",
    "drawn": "{random: {percent: 25, salt: salt1}}",
    "not_lately": "{not: {did: Order Completed, last_time: true, within: 45d}}",
    "june": "{did: Order Completed, since: 2011-06-01, until: 2011-06-30}",
    "christmas": (
        "{did: Product Purchased, where: {prop: product_name, contains: christmas, case: ignore}, count: {gte: 5}}"
    ),
    "coloured": "{did: Product Purchased, where: {prop: product_name, matches: '^(RED|BLUE) .*(BAG|BOX)'}}",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = retail_shop(tmp_path_factory)
    folder = workspace.path
    for name, where in SEGMENTS.items():
        (folder / "segments" / f"{name}.yaml").write_text(f"segment: {name}\nwhere: {where}\n", encoding="utf-8")
    workspace.run(as_of="2011-12-01")
    return workspace


class Retail:
    """The shop's orders, lines and refunds as a notebook would have them."""

    def __init__(self) -> None:
        lines = pd.read_parquet(Path(DATA or "") / "transactions" / "online_retail.parquet")
        lines = lines[lines.CustomerID.notna()].copy()
        lines["customer"] = lines.CustomerID.astype(int).astype(str)
        lines["amount"] = lines.Quantity * lines.UnitPrice
        lines["name"] = lines.Description.fillna("").str.strip().str.replace(r"\s+", " ", regex=True)
        first = lines.groupby("customer").InvoiceDate.min()
        self.population = set(first[first <= AS_OF].index)
        bought = lines[(lines.Quantity > 0) & (lines.UnitPrice > 0)]
        self.lines = bought[bought.InvoiceDate <= AS_OF]
        orders = bought.groupby(["InvoiceNo", "customer"], as_index=False)
        orders = orders.agg(time=("InvoiceDate", "min"), revenue=("amount", "sum"), country=("Country", "first"))
        self.orders = orders[orders.time <= AS_OF]
        back = lines[lines.Quantity < 0].groupby(["InvoiceNo", "customer"], as_index=False)
        back = back.agg(time=("InvoiceDate", "min"), revenue=("amount", "sum"))
        self.refunds = back[back.time <= AS_OF]
        everybody = pd.Index(sorted(self.population))
        gross = self.orders.groupby("customer").revenue.sum().reindex(everybody).fillna(0)
        self.net = (gross + self.refunds.groupby("customer").revenue.sum().reindex(everybody).fillna(0)).round(4)

    def since(self, days: int) -> Any:
        return self.orders[self.orders.time > AS_OF - days * DAY]

    def expected(self) -> dict[str, set[str]]:
        orders, lines, everybody = self.orders, self.lines, self.population
        by = orders.groupby("customer")
        revenue = by.revenue
        between = orders[(orders.time > AS_OF - 180 * DAY) & (orders.time <= AS_OF - 60 * DAY)]
        june = orders[(orders.time >= pd.Timestamp("2011-06-01")) & (orders.time < pd.Timestamp("2011-07-01"))]
        border = self.net.sort_values(ascending=False).iloc[math.ceil(0.1 * len(self.net)) - 1]
        coloured = lines.name.str.contains(r"^(?:RED|BLUE) .*(?:BAG|BOX)")
        christmas = lines[lines.name.str.lower().str.contains("christmas")]
        return {
            "often": _those(self.since(90).groupby("customer").size() >= 3),
            "spent": _those(self.since(60).groupby("customer").revenue.sum().round(4) > 500),
            "gone": set(between.customer) - set(self.since(60).customer),
            "curious": _those(lines.groupby("customer").StockCode.nunique() >= 50),
            "fresh": _those(by.time.min() > AS_OF - 30 * DAY),
            "middling": _those(revenue.mean().between(200, 300)),
            "large": _those(revenue.max().round(4) >= 1000),
            "rare": everybody - _those(by.size() > 1),
            "refunded": _those(self.refunds.groupby("customer").size() >= 2),
            "dear": set(lines[lines.UnitPrice >= 100].customer),
            "abroad": _those(orders[orders.country.isin(["France", "Germany"])].groupby("customer").size() >= 2),
            "best": _those(self.net >= border),
            "drawn": {customer for customer in everybody if _fraction(customer) < 0.25},
            "not_lately": everybody - _those(by.time.max() > AS_OF - 45 * DAY),
            "june": set(june.customer),
            "christmas": _those(christmas.groupby("customer").size() >= 5),
            "coloured": set(lines[coloured].customer),
        }


def _those(answers: Any) -> set[str]:
    return set(answers[answers].index)


def _fraction(customer: str) -> float:
    digest = hashlib.md5(f"salt1:{customer}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


@pytest.fixture(scope="module")
def retail() -> Retail:
    return Retail()


@pytest.mark.parametrize("name", SEGMENTS)
def test_a_segment_holds_whom_pandas_finds_and_is_worth_as_much(shop: Workspace, retail: Retail, name: str) -> None:
    found = shop.segment(name)
    expected = retail.expected()[name]
    assert set(found.customer_ids()) == expected
    assert found.share == pytest.approx(len(expected) / 4331)
    assert found.value == pytest.approx(retail.net.reindex(sorted(expected)).sum(), abs=0.005)
