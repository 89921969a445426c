"""From raw files to published estimates, and predictions of real customers against what a marketer would do.

Data: CDNOW 1/10 sample (Fader, Hardie and Lee 2005: Marketing Science 24(2), 275-284, table 2), Online Retail (UCI
352), and Telco (IBM's sample, which is not real: the mechanics only).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retail_shop import retail_shop
from satsuma import Workspace
from satsuma.statistics.prediction.fit import fit_prediction
from satsuma.statistics.prediction.snapshots import Snapshots

DATA = os.environ.get("SATSUMA_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA names no folder of real data")
FOLDER = Path(DATA or "")


def write(shop: Workspace, name: str, body: str) -> None:
    path = shop.path / f"{name}.yaml"
    path.write_text(f"{name.split('/')[0].removesuffix('s')}: {path.stem}\n{body}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample as a shop has it, as of the end of 30 September 1997: 39 weeks of calibration."""
    folder = tmp_path_factory.mktemp("cdnow")
    log = pd.read_csv(
        FOLDER / "transactions" / "CDNOW_sample.txt", sep=r"\s+", header=None,
        names=["master", "customer", "date", "cds", "dollars"], dtype={"date": str},
    )  # fmt: skip
    lines = pd.DataFrame({
        "Order ID": np.arange(len(log)), "Customer ID": [f"c{number}" for number in log.master],
        "Order Date": pd.to_datetime(log.date, format="%Y%m%d").dt.strftime("%Y-%m-%d"), "SKU": "CD", "Quantity": 1,
        # Eight orders of 0 dollars are purchases to the paper; to a shop what costs nothing is a gift.
        "Unit Price": log.dollars.clip(lower=0.01),
    })  # fmt: skip
    lines.to_csv(folder / "orders.csv", index=False)
    shop = Workspace.create(folder / "shop", timezone="UTC", currency="USD")
    shop.load(folder / "orders.csv", kind="order-lines")
    for model in ("mbg_nbd", "bg_nbd", "pareto_nbd"):
        write(shop, f"traits/alive_{model}", f"estimate: {{p_alive: Order Completed, model: {model}}}")
        write(shop, f"traits/ahead_{model}",
              f"estimate: {{expected_orders: Order Completed, model: {model}, horizon: 273d}}")  # fmt: skip
    shop.run(as_of="1997-09-30T23:59:59")
    return shop


@pytest.mark.parametrize(
    ("model", "published", "likelihood"),
    [
        ("bg_nbd", {"r": (0.243, 3), "alpha": (4.414, 3), "a": (0.793, 3), "b": (2.426, 3)}, -9582.4),
        ("pareto_nbd", {"r": (0.553, 3), "alpha": (10.578, 3), "s": (0.606, 3), "beta": (11.669, 2)}, -9595.0),
        ("mbg_nbd", {"r": (0.525, 3), "alpha": (6.183, 3), "a": (0.891, 3), "b": (1.614, 3)}, -9582.1),
    ],
)
def test_the_engine_gives_the_published_estimates_of_cdnow(
    cdnow: Workspace, model: str, published: dict[str, tuple[float, int]], likelihood: float
) -> None:
    fit = cdnow.model(f"order_completed_{model}").fit
    assert fit["customers"] == 2357
    for name, (value, digits) in published.items():
        assert fit["purchases"][name] == pytest.approx(value, abs=0.51 * 10**-digits), name
    assert fit["purchases"]["estimate"]["log_likelihood"] == pytest.approx(likelihood, abs=0.051)


@pytest.mark.parametrize(
    ("model", "alive", "total"),
    [("bg_nbd", 0.8134, 1653.41), ("pareto_nbd", 0.4463, 1665.51), ("mbg_nbd", 0.4487, 1576.73)],
)
def test_the_traits_of_cdnow_are_those_of_a_second_implementation(
    cdnow: Workspace, model: str, alive: float, total: float
) -> None:
    """Mean P(alive), and the purchases expected of all in the 39 weeks that follow."""
    values = {name: cdnow.trait(f"{name}_{model}").values().column("value").to_pylist() for name in ("alive", "ahead")}
    assert np.mean(values["alive"]) == pytest.approx(alive, abs=1e-4)
    assert sum(values["ahead"]) == pytest.approx(total, rel=2e-3)


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Online Retail, learned until 30 June 2011 and tested on the 90 days that follow."""
    shop = retail_shop(tmp_path_factory, timezone="Europe/London")
    write(shop, "traits/will_buy", "predict: {probability_of: {did: Order Completed}, horizon: 90d, otherwise: rule}")
    shop.run(as_of="2011-09-28")
    return shop


def test_predictions_of_real_buyers_beat_the_marketers_rule_on_loss_and_on_lift(retail: Workspace) -> None:
    """Both what was learned and the model of purchases do; of the two neither is better by more than chance."""
    fit = retail.model("will_buy").fit
    assert fit["cutoffs"][-1] == "2011-06-29T23:00:00Z"
    compared = {item["name"]: item for item in fit["card"]["comparisons"]}
    rule = "Order Completed in the last 90 days"
    assert compared[rule]["loss"]["high"] < 0
    assert compared[rule]["lift"]["low"] > 0
    assert fit["card"]["model"]["auc"]["estimate"] == pytest.approx(0.764, abs=0.01)
    purchases = "Order Completed expected by MBG/NBD"
    marks = fit["card"]["baselines"]
    assert marks[purchases]["log_loss"] < marks[rule]["log_loss"] - 0.04
    assert marks[purchases]["deciles"]["lift"][0] > marks[rule]["deciles"]["lift"][0] + 0.3
    assert fit["best_baseline"] == purchases
    assert not fit["offered"]
    assert compared[purchases]["loss"]["low"] < 0 < compared[purchases]["loss"]["high"]
    values = retail.trait("will_buy").values().column("value").to_pylist()
    assert all(value is not None for value in values), "what the best rule says, as asked for"


def test_telco_churn_is_told_about_as_well_as_others_tell_it() -> None:
    """AUC about 0.84 to 0.85 without the columns that know the answer; two thirds to learn from, one to judge."""
    table = pd.read_csv(FOLDER / "customers" / "telco_customer_churn.csv.gz")
    known = ["Gender", "Senior Citizen", "Partner", "Dependents", "Tenure Months", "Phone Service", "Multiple Lines",
             "Internet Service", "Online Security", "Online Backup", "Device Protection", "Tech Support",
             "Streaming TV", "Streaming Movies", "Contract", "Paperless Billing", "Payment Method",
             "Monthly Charges"]  # fmt: skip
    kinds: list[Any] = ["number" if table[name].dtype.kind in "if" else "category" for name in known]
    values = np.column_stack(
        [table[name] if kind == "number" else pd.factorize(table[name], sort=True)[0]
         for name, kind in zip(known, kinds, strict=True)]
    ).astype(np.float64)  # fmt: skip
    part = np.random.default_rng(1).random(len(table)) < 1 / 3
    snapshots = Snapshots(
        values=values, names=tuple(known), kinds=tuple(kinds), outcome=table["Churn Value"].to_numpy(np.float64),
        customer=np.arange(len(table)), cutoff=part.astype(np.int64),
        rules={"months with us": table["Tenure Months"].to_numpy(np.float64)},
    )  # fmt: skip
    card = fit_prediction(snapshots, test=1, target="probability", seed=1).card
    assert card.verdict.beats
    assert card.model.auc.estimate == pytest.approx(0.85, abs=0.02)  # type: ignore[union-attr]
