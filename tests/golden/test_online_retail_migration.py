"""Migration of RFM groups and the change of revenue on the real invoices of Online Retail (UCI 352), against pandas."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retail_shop import retail_shop
from satsuma import Workspace
from satsuma.language.standard_methods.rfm_maps import preset_map

FIRST, SECOND = datetime(2011, 9, 1), datetime(2011, 12, 1)
DATA = os.environ.get("SATSUMA_TEST_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA does not name the folder of real data")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = retail_shop(tmp_path_factory)
    folder = workspace.path
    for path, text in (
        ("segmentations/rfm", "segmentation: rfm\nmethod: rfm\n"),
        ("segments/champions", "segment: champions\nwhere: {segmentation: rfm, is: Champions}\n"),
    ):
        (folder / f"{path}.yaml").write_text(text, encoding="utf-8")
    workspace.run(as_of=SECOND)
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """Return every line with a customer: bought, or given back with its money below zero."""
    read = pd.read_parquet(Path(str(DATA)) / "transactions" / "online_retail.parquet")
    known = read[read.CustomerID.notna() & (read.UnitPrice > 0)].copy()
    known["customer"] = known.CustomerID.astype("int64").astype(str)
    known["revenue"] = (known.Quantity * known.UnitPrice).round(4)
    return known


def invoices(lines: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    """Return the orders up to a moment; the time of an order is that of its first line."""
    bought = lines[lines.Quantity > 0]
    found = bought.groupby(["customer", "InvoiceNo"]).agg(time=("InvoiceDate", "min"), revenue=("revenue", "sum"))
    return found[found.time <= moment]


def labels(lines: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return everybody's group at both moments, by the cut points of the second one."""
    tables = {}
    for moment in (FIRST, SECOND):
        table = invoices(lines, moment).groupby("customer").agg(last=("time", "max"), frequency=("time", "size"))
        table["recency"] = -((moment - table["last"]) // pd.Timedelta(days=1))
        tables[moment] = table
    scores = {}
    for part in ("recency", "frequency"):
        # A value has the score of its mid-rank; at the first moment that of the largest of the second not above it.
        second = tables[SECOND][part]
        rank = (second.rank(method="average") - 0.5) / len(second)
        by_value = np.minimum(1 + np.floor(5 * rank + 1e-12), 5).astype(int).groupby(second).first().sort_index()
        # The least value that has each score from 2 on.
        cuts = [by_value.index[by_value >= score].min() for score in range(2, 6)]
        for moment, table in tables.items():
            scores[moment, part] = 1 + np.searchsorted(np.array(cuts), table[part].to_numpy(), side="right")
    names = {cell: name for name, cells in preset_map("rf10").cells().items() for cell in cells}
    found = []
    for moment, table in tables.items():
        cells = [f"{r}{f}" for r, f in zip(scores[moment, "recency"], scores[moment, "frequency"], strict=True)]
        found.append(pd.Series([names[cell] for cell in cells], index=table.index))
    return found[0], found[1]


def test_the_rows_of_the_matrix_are_those_of_a_cross_table(shop: Workspace, lines: pd.DataFrame) -> None:
    found = shop.migration("rfm", "2011-09-01")
    before, after = labels(lines)
    everybody = lines.groupby("customer").InvoiceDate.min()
    there = everybody.index[everybody <= FIRST]
    wanted = pd.crosstab(before.reindex(there).fillna("No orders"), after.reindex(there).fillna("No orders"))
    moved = found.moved
    made = pd.DataFrame(moved.counts, index=list(moved.labels), columns=list(moved.labels))
    assert (found.since, found.as_of) == (FIRST, SECOND)
    assert made.to_numpy().sum() == len(there)
    for label in moved.labels:
        row = wanted.loc[label] if label in wanted.index else pd.Series(dtype=int)
        assert made.loc[label].to_dict() == row.reindex(made.columns).fillna(0).astype(int).to_dict(), label
    shares = pd.crosstab(
        before.reindex(there).fillna("No orders"), after.reindex(there).fillna("No orders"), normalize="index"
    )
    rows = {label: moved.shares[place] for place, label in enumerate(moved.labels)}
    for label in shares.index:
        assert rows[label] == pytest.approx(shares.loc[label].reindex(made.columns).fillna(0).to_numpy())


def test_the_change_of_the_champions_revenue_is_that_of_a_plain_computation(
    shop: Workspace, lines: pd.DataFrame
) -> None:
    told = shop.insights("2011-09-01", history=1)
    found = next(item for item in told.changes if item.group.name == "champions")
    before, after = labels(lines)
    was, is_ = set(before.index[before == "Champions"]), set(after.index[after == "Champions"])
    length = SECOND - FIRST
    # An invoice that was cancelled has its money below zero, at the time of the cancellation.
    time = lines.groupby("InvoiceNo").InvoiceDate.transform("min")
    amounts = []
    for end in (FIRST, SECOND):
        period = lines[(time > end - length) & (time <= end)]
        amounts.append(period.groupby("customer").revenue.sum())
    first, second = (amount.reindex(sorted(was | is_)).fillna(0) for amount in amounts)
    entered, left, stayed = sorted(is_ - was), sorted(was - is_), sorted(was & is_)
    assert (found.revenue.entered, found.revenue.left, found.revenue.stayed) == (len(entered), len(left), len(stayed))
    assert found.revenue.entries == pytest.approx(second[entered].sum(), abs=0.01)
    assert found.revenue.exits == pytest.approx(-first[left].sum(), abs=0.01)
    assert found.revenue.behaviour == pytest.approx((second - first)[stayed].sum(), abs=0.01)
    assert found.revenue.entries + found.revenue.exits + found.revenue.behaviour == pytest.approx(
        found.revenue.change, abs=1e-6
    )
