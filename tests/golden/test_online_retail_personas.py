"""Personas of RFM groups on the real invoices of Online Retail (UCI 352), against plain figures of pandas."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from retail_shop import retail_shop
from satsuma import Workspace
from satsuma.personas.build import SALT
from satsuma.personas.card import NOTHING, Persona, Said

AS_OF = datetime(2011, 12, 10)
DATA = os.environ.get("SATSUMA_TEST_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA does not name the folder of real data")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = retail_shop(tmp_path_factory)
    folder = workspace.path
    for name, text in (
        ("segmentations/rfm", "segmentation: rfm\nmethod: rfm\n"),
        ("segments/champions", "segment: champions\nwhere: {segmentation: rfm, is: Champions}\n"),
        ("segments/by_lot", "segment: by_lot\nwhere: {random: {percent: 15, salt: lot}}\n"),
        ("segments/refunders", "segment: refunders\nwhere: {did: Order Refunded}\n"),
        ("traits/last_country", "trait: last_country\nfrom: {did: Order Completed, last: {of: country}}\n"),
    ):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    workspace.run(as_of=AS_OF)
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def cards(shop: Workspace) -> dict[str, Persona]:
    return {card.name: card for card in shop.personas()}


@pytest.fixture(scope="module")
def people(shop: Workspace) -> pd.DataFrame:
    """Return each customer's label, refunded money and half, from the invoices themselves."""
    lines = pd.read_parquet(Path(str(DATA)) / "transactions" / "online_retail.parquet")
    lines = lines[lines.CustomerID.notna()].copy()
    lines["customer"] = lines.CustomerID.astype("int64").astype(str)
    lines["money"] = lines.Quantity * lines.UnitPrice
    table = pd.DataFrame(index=pd.Index(sorted(lines.customer.unique()), name="customer"))
    table["label"] = shop.segmentation("rfm").assignments().to_pandas().set_index("customer_id")["label"]
    back = lines[lines.Quantity < 0]
    table["refunded"] = -back.groupby("customer")["money"].sum().reindex(table.index, fill_value=0)
    table["held_out"] = [hashlib.md5(f"{SALT}:{name}".encode(), usedforsecurity=False).digest()[7] % 2 == 1
                         for name in table.index]  # fmt: skip
    return table


def of(card: Persona, fact: str) -> Said:
    return next(item for item in (*card.statements, *card.more) if item.fact == fact)


def test_champions_send_back_more_often_and_the_numbers_are_those_of_the_invoices(
    cards: dict[str, Persona], people: pd.DataFrame
) -> None:
    champions = cards["champions"]
    inside = people.label == "Champions"
    assert champions.size == inside.sum()
    found = of(champions, "refunded_revenue").numbers
    some = people.refunded > 0
    assert (found.n, found.others_n) == (inside.sum(), (~inside).sum())
    assert (found.count, found.others_count) == (some[inside].sum(), some[~inside].sum())
    assert found.here == pytest.approx(some[inside].mean())
    assert found.everybody == pytest.approx(some.mean())
    assert found.index == pytest.approx(100 * some[inside].mean() / some.mean())
    h = 2 * np.arcsin(np.sqrt(some[inside].mean())) - 2 * np.arcsin(np.sqrt(some[~inside].mean()))
    assert found.effect == pytest.approx(h)
    for half, effect, p in (
        (~people.held_out, found.first, found.p),
        (people.held_out, found.held_out, found.held_out_p),
    ):
        table = pd.crosstab(inside[half], some[half])
        assert p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-6)
        shares = some[half].groupby(inside[half]).mean()
        assert effect == pytest.approx(2 * np.arcsin(np.sqrt(shares[True])) - 2 * np.arcsin(np.sqrt(shares[False])))
    assert champions.sentences[0].startswith("65 % have")


def test_what_rfm_is_made_of_is_by_definition(cards: dict[str, Persona]) -> None:
    champions = cards["champions"]
    implied = {item.fact for item in champions.by_definition}
    assert {"days_since_last_order", "orders"} <= implied
    made_of_orders = {"orders", "revenue", "gross_revenue", "days_since_last_order", "items", "distinct_products",
                      "average_basket", "favourite_product"}  # fmt: skip
    assert not made_of_orders & {item.fact for item in (*champions.statements, *champions.more)}


def test_a_median_of_those_who_send_back_is_that_of_the_invoices(
    cards: dict[str, Persona], people: pd.DataFrame, shop: Workspace
) -> None:
    values = shop.trait("gross_revenue").values().to_pandas().set_index("customer_id")["value"].astype(float)
    refunders = set(shop.segment("refunders").customer_ids())
    inside = values.index.isin(refunders)
    found = of(cards["refunders"], "gross_revenue").numbers
    assert found.here == pytest.approx(np.median(values[inside]))
    assert found.others == pytest.approx(np.median(values[~inside]))
    ranks = stats.mannwhitneyu(values[inside], values[~inside])
    delta = 2 * ranks.statistic / (inside.sum() * (~inside).sum()) - 1
    assert found.effect == pytest.approx(np.sqrt(2) * stats.norm.ppf((delta + 1) / 2))


def test_of_customers_drawn_by_lot_nothing_is_said(cards: dict[str, Persona]) -> None:
    assert cards["by_lot"].sentences == (NOTHING,)
    assert cards["by_lot"].tried > 200
