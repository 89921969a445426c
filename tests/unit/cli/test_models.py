"""`satsuma model`: what is kept, how good it is, and fitting it anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_shop import Shop

Runner = Callable[..., Any]


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A workspace with 80 customers who buy at random, value tiers and quantiles, and a run as of 1 July 2024."""
    rng = np.random.default_rng(8)
    with Shop(tmp_path) as shop:
        starts = [date(2023, 7, 1) + timedelta(days=int(day)) for day in rng.integers(0, 250, 80)]
        shop.customers(*({"id": f"c{number}", "first_seen": str(start)} for number, start in enumerate(starts)))
        for number, start in enumerate(starts):
            day = start
            gap = rng.gamma(2, 20)
            while day < date(2024, 6, 25):
                shop.order(number, str(day), int(rng.integers(10, 90)))
                if rng.random() < 0.15:
                    break
                day += timedelta(days=1 + int(rng.exponential(gap)))
        shop.write("traits/p_alive", "estimate: {p_alive: Order Completed}")
        shop.write("traits/clv_1y", "estimate: {clv: Order Completed, horizon: 1y, margin: 30%}")
        shop.write("segmentations/tiers", "method: value\ntrait: clv_1y")
        shop.run()
    return shop.path


def test_models_are_listed_with_who_uses_them(satsuma: Runner, ran: Path) -> None:
    done = satsuma("model", "list", "-w", ran)
    assert done.code == 0, done.err
    line = next(line for line in done.out.splitlines() if line.startswith("order_completed_mbg_nbd"))
    assert "purchases" in line
    assert "80" in line
    assert "clv_1y, p_alive" in line
    assert any(line.startswith("tiers") for line in done.out.splitlines())


def test_a_model_is_shown_by_its_name_or_by_a_trait_that_uses_it(satsuma: Runner, ran: Path) -> None:
    by_name = satsuma("model", "show", "order_completed_mbg_nbd", "-w", ran)
    by_trait = satsuma("model", "show", "p_alive", "-w", ran)
    assert by_name.out == by_trait.out
    assert "MBG/NBD" in by_name.out
    assert "Gamma-Gamma" in by_name.out
    assert "repeat purchases until then" in by_name.out
    facts = json.loads(satsuma("model", "show", "clv_1y", "--json", "-w", ran).out)
    assert facts["used_by"] == ["clv_1y", "p_alive"]
    assert facts["purchases"]["model"] == "MBG/NBD"
    assert "predictor" not in facts


def test_comparing_changes_nothing_and_a_refit_says_what_became_of_it(satsuma: Runner, ran: Path) -> None:
    before = json.loads(satsuma("model", "show", "p_alive", "--json", "-w", ran).out)
    done = satsuma("model", "compare", "p_alive", "--as-of", "2024-07-02", "-w", ran)
    assert done.code == 0, done.err
    assert "On days that neither has seen" in done.out
    assert json.loads(satsuma("model", "show", "p_alive", "--json", "-w", ran).out) == before
    done = satsuma("model", "refit", "p_alive", "-w", ran)
    assert done.code == 0, done.err
    assert "The model 'order_completed_mbg_nbd'" in done.out


def test_a_model_that_is_not_there_is_told_with_the_nearest(satsuma: Runner, ran: Path) -> None:
    done = satsuma("model", "show", "p_aliv", "-w", ran)
    assert done.code == 1
    assert "There is no model 'p_aliv'" in done.err


def test_without_a_run_there_is_no_model(satsuma: Runner, tmp_path: Path) -> None:
    with Shop(tmp_path) as shop:
        path = shop.path
    done = satsuma("model", "list", "-w", path)
    assert done.code == 1
    assert "Nothing has been computed yet." in done.err
