from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction import comparison
from satsuma.statistics.prediction.comparison import compare, top_share, verdict
from satsuma.statistics.prediction.scores import log_losses
from satsuma.statistics.prediction.splitting import keys_of, parts_of


def world(seed: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes, true probabilities, and probabilities that know less."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, size))
    true = 1 / (1 + np.exp(1.5 - first - second))
    return (rng.random(size) < true).astype(float), true, 1 / (1 + np.exp(1.3 - 0.85 * first))


def test_the_estimate_is_the_difference_on_the_sample_itself() -> None:
    y, true, less = world(1, 1000)
    found = compare(y, true, {"less": less}, np.arange(1000), seed=0, resamples=50)[0]
    assert found.loss.estimate == pytest.approx(log_losses(y, true).mean() - log_losses(y, less).mean())
    keys = keys_of(np.arange(1000), 0)
    assert found.lift.estimate == pytest.approx(10 * (top_share(y, true, keys) - top_share(y, less, keys)))


def test_the_short_cut_near_the_border_gives_what_drawing_whole_samples_gives() -> None:
    y, true, _less = world(2, 3000)
    order = np.argsort(-true)
    rng = np.random.default_rng(0)
    counts = np.stack([np.bincount(rng.integers(0, 3000, 3000), minlength=3000) for _ in range(20)]).astype(float)
    sample = comparison._Sample(np.arange(3000), 3000, np.ones(3000))
    found = comparison._tops(y, order, sample, counts, 0.1)
    for draw, weight in enumerate(counts):
        rows = np.repeat(order, weight[order].astype(int))
        assert found[draw] == pytest.approx(y[rows[:300]].sum())


def test_intervals_are_those_of_the_spread_over_new_samples() -> None:
    losses, lifts = [], []
    for seed in range(200):
        y, true, less = world(seed, 800)
        found = compare(y, true, {"less": less}, np.arange(800), seed=0, resamples=2)[0]
        losses.append(found.loss.estimate)
        lifts.append(found.lift.estimate)
    y, true, less = world(1000, 800)
    found = compare(y, true, {"less": less}, np.arange(800), seed=0)[0]
    assert (found.loss.high - found.loss.low) / 3.92 == pytest.approx(np.std(losses), rel=0.25)
    assert (found.lift.high - found.lift.low) / 3.92 == pytest.approx(np.std(lifts), rel=0.25)


def test_the_rows_of_a_customer_count_as_one_observation() -> None:
    y, true, less = world(3, 500)
    alone = compare(y, true, {"less": less}, np.arange(500), seed=0)[0]
    four = np.repeat(np.arange(500), 4)
    together = compare(y[four], true[four], {"less": less[four]}, four, seed=0)[0]
    assert together.loss.low == pytest.approx(alone.loss.low)
    assert together.loss.high == pytest.approx(alone.loss.high)


def test_many_customers_are_drawn_in_bundles_with_the_same_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    y, true, less = world(4, 6000)
    single = compare(y, true, {"less": less}, np.arange(6000), seed=0)[0]
    monkeypatch.setattr(comparison, "BUNDLES", 1000)
    bundled = compare(y, true, {"less": less}, np.arange(6000), seed=0)[0]
    assert bundled.loss.estimate == pytest.approx(single.loss.estimate)
    assert bundled.lift.estimate == pytest.approx(single.lift.estimate)
    assert bundled.loss.high - bundled.loss.low == pytest.approx(single.loss.high - single.loss.low, rel=0.12)
    assert bundled.lift.high - bundled.lift.low == pytest.approx(single.lift.high - single.lift.low, rel=0.12)


def test_the_order_of_rows_does_not_matter() -> None:
    y, true, less = world(5, 700)
    shuffle = np.random.default_rng(0).permutation(700)
    customers = np.arange(700)
    first = compare(y, true, {"less": less}, customers, seed=3, resamples=100)
    again = compare(y[shuffle], true[shuffle], {"less": less[shuffle]}, customers[shuffle], seed=3, resamples=100)
    assert first[0].loss == again[0].loss
    assert first[0].lift == again[0].lift


def test_a_model_is_held_against_the_best_baseline() -> None:
    y, true, less = world(6, 4000)
    found = verdict(compare(y, true, {"rate": np.full(4000, y.mean()), "less": less}, np.arange(4000), seed=0))
    assert (found.best, found.beats) == ("less", True)
    assert found.sentence.startswith("The model beats the best baseline, 'less': log loss -0.")
    same = verdict(compare(y, less, {"rate": np.full(4000, y.mean()), "less": less}, np.arange(4000), seed=0))
    assert (same.best, same.beats) == ("less", False)


def test_a_luckier_level_alone_beats_nothing() -> None:
    y, _true, _less = world(7, 4000)
    found = verdict(compare(y, np.full(4000, y.mean()), {"rate": np.full(4000, 0.05)}, np.arange(4000), seed=0))
    assert not found.beats


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(CannotEstimate, match="two customers"):
        compare([1, 0], [0.5, 0.5], {"a": [0.1, 0.2]}, [7, 7], seed=0)
    with pytest.raises(CannotEstimate, match="more than 0"):
        compare([0, 0], [0.5, 0.5], {"a": [0.1, 0.2]}, [7, 8], seed=0)
    with pytest.raises(CannotEstimate, match="no baseline"):
        verdict(())


def test_parts_hold_the_shares_asked_for_and_whole_customers() -> None:
    customers = np.repeat(np.arange(20_000), 2)
    part = parts_of(customers, [0.7, 0.1, 0.2], 4)
    assert (part[::2] == part[1::2]).all()
    assert np.bincount(part) / len(part) == pytest.approx([0.7, 0.1, 0.2], abs=0.01)
    assert len(np.unique(keys_of(np.arange(20_000), 4))) == 20_000
    assert abs(np.corrcoef(part, customers)[0, 1]) < 0.02
    assert (part != parts_of(customers, [0.7, 0.1, 0.2], 5)).any()
