"""Learned traits in runs that follow each other: refreshed as in full, with a past, and explained for one customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from satsuma.segments.store import RunStore, StoredRun
from small_shop import Shop


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """120 customers who buy at random, with a model of purchases, a prediction, tiers, and segments on all of them."""
    rng = np.random.default_rng(9)
    with Shop(tmp_path_factory.mktemp("filled")) as made:
        starts = [date(2023, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 300, 120)]
        made.customers(
            *({"id": f"c{number}", "first_seen": str(start), "country": "FR" if number % 2 else "BE"}
              for number, start in enumerate(starts))
        )  # fmt: skip
        for number, start in enumerate(starts):
            day, gap = start, 8 if number % 2 else 70
            while day < date(2024, 6, 25):
                made.order(number, str(day), int(rng.integers(10, 90)))
                if rng.random() < 0.03:
                    break
                day += timedelta(days=1 + int(rng.exponential(gap)))
        made.write("traits/p_alive", "estimate: {p_alive: Order Completed}")
        made.write("traits/clv_1y", "estimate: {clv: Order Completed, horizon: 1y, margin: 30%}")
        made.write(
            "traits/buys",
            "predict: {probability_of: {did: Order Completed}, horizon: 30d, otherwise: rule, cutoffs: 2}",
        )
        made.write("segmentations/tiers", "method: value\ntrait: clv_1y")
        made.write("segments/slipping", "where: {trait: p_alive, lt: 0.8}")
        made.write("segments/likely", "where: {trait: buys, gte: 0.5}")
        made.write("segments/top", "where: {segmentation: tiers, is: Top}")
        made.run()
    return made


@pytest.fixture
def shop(filled: Shop, tmp_path: Path) -> Iterator[Shop]:
    with filled.copied(tmp_path) as made:
        yield made


def told(run: StoredRun) -> dict[str, Any]:
    """Return what a run says of everybody."""
    return {
        "members": {name: sorted(run.members(name)) for name in run.segment_names()},
        "traits": run.traits(sorted(run.trait_names())).to_pydict(),
        "labels": run.labels(["tiers"]).column("tiers").to_pylist(),
        "segmentations": run.outcome["segmentations"],
        "value": run.outcome["value"],
    }


@pytest.mark.parametrize("days", [0, 1])
def test_a_refresh_equals_a_full_run(shop: Shop, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.segments.refresh_plan.MOST_TOUCHED", 100.0)
    store = RunStore(shop.engine, shop.path / "state")
    moment = store.required().as_of + timedelta(days=days)
    for number in (3, 4, 50):
        shop.order(number, "2024-06-30", 40)
    shop.load(2)
    shop.engine.execute("UPDATE events SET load_id = 2 WHERE time >= TIMESTAMP '2024-06-29'")
    outcome = shop.workspace.refresh(moment.isoformat() + "Z")
    assert "touched" in outcome.facts["refresh"], outcome.facts["refresh"]
    refreshed = told(store.required())
    models = store.required().models
    shop.workspace.run(moment.isoformat() + "Z")
    assert refreshed == told(store.required())
    assert models.keys() == store.required().models.keys()


def test_a_refit_is_the_cause_of_what_it_moves(shop: Shop) -> None:
    store = RunStore(shop.engine, shop.path / "state")
    for number in range(0, 120, 2):
        shop.order(number, "2024-06-29", 900)
    shop.workspace.run(store.required().as_of.isoformat() + "Z", refit=["tiers"])
    causes = {key.rsplit("/", 1)[-1] for key in store.required().changes.names() if key.startswith("top/")}
    assert causes <= {"model"}
    assert causes


def test_the_past_of_a_learned_trait_is_that_of_the_kept_model(shop: Shop) -> None:
    shop.write("segments/fell", "where: {entered: slipping, within: 60d}")
    shop.workspace.run("2024-07-01T00:00:00Z")
    fell = set(shop.workspace.segment("fell").ids())
    now = set(shop.workspace.segment("slipping").ids())
    replayed = shop.workspace.backtest("slipping", first="2024-05-02", last="2024-06-30", every="30 days")
    store = RunStore(shop.engine, shop.path / "state")
    shop.workspace.run("2024-05-01T22:00:00Z")
    then = set(shop.workspace.segment("slipping").ids())
    assert store.required().models.keys() == {"learned/order_completed_mbg_nbd", "learned/buys", "tiers"}
    # Who is in now and was not two months ago has come in between.
    assert fell >= now - then
    shop.workspace.run(replayed.steps[0].as_of.isoformat() + "Z")
    assert shop.workspace.segment("slipping").size == replayed.steps[0].size


def test_why_says_the_value_and_what_the_model_saw(shop: Shop) -> None:
    (member, *_) = shop.workspace.segment("slipping").ids()
    why = shop.workspace.why("slipping", member)
    assert why.is_member
    assert why.tree is not None
    facts = why.tree.evidence.facts
    assert 0 <= facts["p_alive"] < 0.8
    assert facts["days_active"] >= 1
    assert why.tree.evidence.events


def test_a_killed_or_lost_model_file_is_mended_by_a_run(shop: Shop) -> None:
    store = RunStore(shop.engine, shop.path / "state")
    before = told(store.required())
    (shop.path / "state" / "runs" / store.required().folder.name / "models.json").write_text("{", encoding="utf-8")
    shop.workspace.run(datetime(2024, 7, 1).isoformat() + "Z")
    assert told(store.required())["members"].keys() == before["members"].keys()
    assert store.required().models
