"""A real shop replayed month by month against a second implementation: the same questions asked in pandas.

Data: Online Retail (UCI 352), from December 2010 to 9 December 2011. The times of the file are taken as London's.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from retail_shop import retail_shop
from satsuma import Workspace
from satsuma.segments.backtest import Backtest

DATA = os.environ.get("SATSUMA_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA names no folder of real data")

ZONE = "Europe/London"
SEGMENT = "where: {did: Order Completed, within: 90d}"
OPTIONS = {"first": "2010-12-01", "last": "2011-11-30", "now": datetime(2012, 1, 1)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return retail_shop(tmp_path_factory, timezone=ZONE)


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    lines = pd.read_parquet(Path(DATA or "") / "transactions" / "online_retail.parquet")
    lines = lines[lines.CustomerID.notna()].copy()
    lines["customer"] = lines.CustomerID.astype(int).astype(str)
    lines["amount"] = lines.Quantity * lines.UnitPrice
    lines["at"] = lines.InvoiceDate.dt.tz_localize(ZONE).dt.tz_convert("UTC").dt.tz_localize(None)
    return lines


def expected(lines: pd.DataFrame) -> list[tuple[datetime, int, int, float, set[str]]]:
    """Return end, population, size, net revenue and members of each month by whole-table arithmetic."""
    first = lines.groupby("customer")["at"].min()
    is_bought = (lines.Quantity > 0) & (lines.UnitPrice > 0)
    orders = (
        lines[is_bought]
        .groupby(["InvoiceNo", "customer"], as_index=False)
        .agg(at=("at", "min"), revenue=("amount", "sum"))
    )
    back = (
        lines[lines.Quantity < 0]
        .groupby(["InvoiceNo", "customer"], as_index=False)
        .agg(at=("at", "min"), revenue=("amount", "sum"))
    )
    rows = []
    for month in pd.period_range("2010-12", "2011-11", freq="M"):
        end = month.end_time.floor("us").tz_localize(ZONE).tz_convert("UTC").tz_localize(None)
        recent = orders[(orders["at"] <= end) & (orders["at"] > end - pd.Timedelta(days=90))]
        members = set(recent.customer)
        money = pd.concat([part[(part["at"] <= end) & part.customer.isin(members)].revenue for part in (orders, back)])
        rows.append((end.to_pydatetime(), int((first <= end).sum()), len(members), float(money.sum()), members))
    return rows


def test_each_month_end_has_the_size_value_and_movement_that_pandas_finds(shop: Workspace, lines: pd.DataFrame) -> None:
    found: Backtest = shop.backtest(SEGMENT, **OPTIONS)  # type: ignore[arg-type]
    months = expected(lines)
    assert [step.as_of for step in found.steps] == [month[0] for month in months]
    assert [(step.population, step.size) for step in found.steps] == [(month[1], month[2]) for month in months]
    for step, month in zip(found.steps, months, strict=True):
        assert step.value == pytest.approx(month[3], abs=0.01), month[0]
    for step, before, now in zip(found.steps[1:], months, months[1:], strict=False):
        kept = len(before[4] & now[4])
        assert (step.stayed, step.entered, step.left) == (kept, len(now[4]) - kept, len(before[4]) - kept)
        assert step.overlap == pytest.approx(kept / len(before[4] | now[4]))


def test_on_a_first_load_what_was_known_then_is_what_is_known_now(shop: Workspace) -> None:
    then = shop.backtest(SEGMENT, **OPTIONS)  # type: ignore[arg-type]
    now = shop.backtest(SEGMENT, known_then=False, **OPTIONS)  # type: ignore[arg-type]
    assert [step.size for step in then.steps] == [step.size for step in now.steps]
    assert [step.value for step in then.steps] == [step.value for step in now.steps]


def test_why_has_the_answer_of_the_run_for_every_thirtieth_customer(shop: Workspace, lines: pd.DataFrame) -> None:
    (shop.path / "segments" / "recent.yaml").write_text(f"segment: recent\n{SEGMENT}\n", encoding="utf-8")
    (shop.path / "segments" / "best.yaml").write_text(
        "segment: best\nwhere: {any: [{rank: revenue, top: 5%}, {in_segment: recent}]}\n", encoding="utf-8"
    )
    shop.run(as_of="2011-09-01")
    for name, every in (("recent", 30), ("best", 400)):
        members = set(shop.segment(name).customer_ids())
        for customer in sorted(lines.customer.unique())[::every]:
            found = shop.why(name, customer)
            assert found.is_member == found.stored == (customer in members), (name, customer)
