from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.card import EventMarks
from satsuma.statistics.prediction.encoding import Encoder, learn_encoding
from satsuma.statistics.prediction.fit import BASE, PredictionFit, Predictor, contest, fit_prediction
from satsuma.statistics.prediction.snapshots import Snapshots


def world(seed: int, customers: int, *, cutoffs: int = 3, effect: float = 1.0, amounts: bool = False) -> Snapshots:
    """Return snapshots whose outcome depends on three features, two of them bent or joint, and on a category.

    The rule `recency` is the feature that explains most by itself. With `effect` 0 nothing depends on anything.
    """
    rng = np.random.default_rng(seed)
    lasting = rng.normal(size=(customers, 4))
    parts = []
    for cutoff in range(cutoffs):
        x = lasting + 0.5 * rng.normal(size=(customers, 4))
        shop = rng.integers(0, 6, customers)
        pull = x[:, 0] + np.sin(2 * x[:, 1]) + 0.8 * x[:, 2] * (x[:, 3] > 0) + (shop == 2)
        y = (rng.random(customers) < 1 / (1 + np.exp(1.2 - effect * pull))).astype(float)
        if amounts:
            y *= np.round(np.exp(2 + 0.5 * effect * x[:, 0] + 0.7 * rng.normal(size=customers)), 2)
        recency = x[:, 0].copy()
        x[rng.random(x.shape) < 0.05] = np.nan
        parts.append((np.column_stack([x, shop]), y, np.arange(customers), np.full(customers, cutoff), recency, shop))
    values, y, customer, cutoff_of, recency, shop = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Snapshots(
        values=values, names=("a", "b", "c", "d", "shop"), kinds=("number",) * 4 + ("category",), outcome=y,
        customer=customer, cutoff=cutoff_of, rules={"recency": recency}, groups={"shop": shop},
    )  # fmt: skip


@cache
def events() -> PredictionFit:
    return fit_prediction(world(1, 2500), test=2, target="probability", seed=0, resamples=300)


@cache
def spending() -> PredictionFit:
    return fit_prediction(world(1, 1500, amounts=True), test=2, target="amount", seed=0, resamples=300)


def test_a_model_that_is_truly_better_beats_the_rule() -> None:
    found = events()
    assert found.card.verdict.beats
    assert found.card.verdict.best == "recency"
    assert found.is_offered
    assert found.predictor.model.name == "trees"  # the bent and the joint effect are beyond a line
    assert set(found.card.baselines) == {BASE, "recency"}
    assert found.card.baselines[BASE].deciles.size.sum() == found.card.rows == 2500  # type: ignore[union-attr]


def test_what_it_says_is_what_happens() -> None:
    marks = events().card.model
    assert isinstance(marks, EventMarks)
    assert marks.deciles.all_inside
    assert marks.calibration is not None
    assert 0.8 < marks.calibration.slope < 1.25
    assert not [group.label for group in events().card.groups if group.flagged]


def test_importance_finds_the_features_that_matter_and_holds_a_category_together() -> None:
    order = [each.name for each in events().card.importance]
    assert order[0] == "a"
    assert sorted(order) == ["a", "b", "c", "d", "shop"]
    assert all(each.increase > 0 for each in events().card.importance)


def test_expected_amounts_are_right_in_total_and_beat_the_rule() -> None:
    found = spending()
    marks = found.card.model
    assert not isinstance(marks, EventMarks)
    assert abs(marks.bias.estimate) < 0.15
    assert found.card.verdict.best == "recency"
    assert found.card.comparisons[1].loss.high < 0
    json.dumps(found.card.as_dict(), allow_nan=False)


@pytest.mark.parametrize("fit", [events, spending])
def test_a_predictor_comes_back_from_text_with_the_same_predictions(fit: object) -> None:
    predictor = fit().predictor  # type: ignore[operator]
    rows = world(5, 300)
    again = Predictor.from_dict(json.loads(json.dumps(predictor.as_dict(), allow_nan=False)))
    assert (again.score(rows.values) == predictor.score(rows.values)).all()
    for name, said in predictor.baselines(rows).items():
        assert (again.baselines(rows)[name] == said).all()
    with pytest.raises(ValueError, match="fit it anew"):
        Predictor.from_dict({"form": 0})


def test_the_order_of_rows_changes_nothing() -> None:
    rows = world(2, 250)
    shuffle = np.random.default_rng(0).permutation(rows.rows)
    first = fit_prediction(rows, test=2, target="probability", seed=3, resamples=50)
    again = fit_prediction(rows.taken(shuffle), test=2, target="probability", seed=3, resamples=50)
    assert json.dumps(first.predictor.as_dict()) == json.dumps(again.predictor.as_dict())
    assert json.dumps(first.card.as_dict()) == json.dumps(again.card.as_dict())


def test_the_test_snapshot_takes_no_part_in_the_fit() -> None:
    rows = world(2, 250)
    changed = replace(rows, outcome=np.where(rows.cutoff == 2, 1 - rows.outcome, rows.outcome))
    first = fit_prediction(rows, test=2, target="probability", seed=3, resamples=20)
    again = fit_prediction(changed, test=2, target="probability", seed=3, resamples=20)
    assert json.dumps(first.predictor.as_dict()) == json.dumps(again.predictor.as_dict())


def test_random_labels_beat_nothing() -> None:
    beaten = [
        fit_prediction(world(seed, 200, cutoffs=2, effect=0.0), test=1, target="probability", seed=seed,
                       resamples=200).card.verdict.beats
        for seed in range(20)
    ]  # fmt: skip
    assert sum(beaten) <= 1


def test_a_feature_that_saw_the_future_raises_the_alarm_and_is_named() -> None:
    rows = world(3, 600)
    values = rows.values.copy()
    values[:, 2] = rows.outcome + 0.2 * np.random.default_rng(0).normal(size=rows.rows)
    found = fit_prediction(replace(rows, values=values), test=2, target="probability", seed=0, resamples=50)
    alarm = next(alarm for alarm in found.card.alarms if alarm.code == "too_good")
    assert "'c'" in alarm.sentence
    assert not found.is_offered


def test_a_level_that_moved_since_training_raises_the_alarm() -> None:
    rows = world(4, 800)
    drop = (rows.cutoff == 2) & (np.random.default_rng(0).random(rows.rows) < 0.5)
    found = fit_prediction(replace(rows, outcome=np.where(drop, 0.0, rows.outcome)), test=2, target="probability",
                           seed=0, resamples=50)  # fmt: skip
    assert "level" in [alarm.code for alarm in found.card.alarms]


def test_a_group_that_is_got_wrong_is_flagged() -> None:
    rows = world(6, 800)
    outcome = np.where((rows.groups["shop"] == 4) & (rows.cutoff == 2), 1.0, rows.outcome)
    found = fit_prediction(replace(rows, outcome=outcome), test=2, target="probability", seed=0, resamples=50)
    assert [group.label for group in found.card.groups if group.flagged] == ["4"]


def test_a_new_model_is_held_against_the_old_on_the_same_later_rows() -> None:
    later = world(7, 1500, cutoffs=1)
    poor = fit_prediction(replace(world(8, 400), names=("a", "b", "c", "d", "shop")), test=2, target="probability",
                          seed=0, resamples=20)  # fmt: skip
    found = contest(events().predictor, poor.predictor, later, seed=0, resamples=200)
    assert found.loss.high < 0
    assert contest(poor.predictor, poor.predictor, later, seed=0, resamples=50).loss.high == 0
    with pytest.raises(ValueError, match="amount"):
        contest(events().predictor, spending().predictor, later, seed=0)


def test_useless_odd_and_enormous_features_do_no_harm() -> None:
    rows = world(9, 400)
    rng = np.random.default_rng(0)
    extra = np.column_stack([
        np.full(rows.rows, 3.0),  # constant
        np.full(rows.rows, np.nan),  # all missing
        rng.integers(0, 5000, rows.rows),  # a category of 5,000 levels
        np.exp(rng.normal(20, 10, rows.rows)),  # up to 1e20
        np.full(rows.rows, np.nan),  # a category that is all missing
    ])  # fmt: skip
    odd = replace(
        rows, values=np.hstack([rows.values, extra]), names=(*rows.names, "one", "none", "many", "huge", "no_shop"),
        kinds=(*rows.kinds, "yes_no", "number", "category", "number", "category"),
    )  # fmt: skip
    found = fit_prediction(odd, test=2, target="probability", seed=0, resamples=50)
    said = found.predictor.score(np.vstack([odd.values, np.full(10, np.inf), np.full(10, np.nan), np.full(10, -1e300)]))
    assert np.isfinite(said).all()
    assert ((said > 0) & (said < 1)).all()


def test_amounts_may_be_huge_or_below_zero() -> None:
    rows = world(10, 200, amounts=True)
    small = fit_prediction(rows, test=2, target="amount", seed=0, resamples=50)
    huge = fit_prediction(replace(rows, outcome=rows.outcome * 2.0**40), test=2, target="amount", seed=0, resamples=50)
    assert huge.predictor.score(rows.values) == pytest.approx(small.predictor.score(rows.values) * 2.0**40, rel=1e-3)
    refunds = np.where(np.arange(rows.rows) % 40 == 0, -5.0, rows.outcome)
    found = fit_prediction(replace(rows, outcome=refunds), test=2, target="amount", seed=0, resamples=50)
    assert found.predictor.model.name == "trees"
    assert np.isfinite(found.predictor.score(rows.values)).all()


def test_what_cannot_be_fitted_is_refused_in_a_sentence() -> None:
    rows = world(11, 400)
    with pytest.raises(CannotEstimate, match="0 have the outcome"):
        fit_prediction(replace(rows, outcome=np.zeros(rows.rows)), test=2, target="probability", seed=0)
    with pytest.raises(CannotEstimate, match="all outcomes are alike"):
        fit_prediction(replace(rows, outcome=np.where(rows.cutoff == 2, 1.0, rows.outcome)), test=2,
                       target="probability", seed=0, resamples=20)  # fmt: skip
    with pytest.raises(CannotEstimate, match="at least 20"):
        fit_prediction(rows.taken(rows.customer < 10), test=2, target="probability", seed=0)
    with pytest.raises(CannotEstimate, match="before the test"):
        fit_prediction(rows, test=0, target="probability", seed=0)
    infinite = rows.values.copy()
    infinite[5, 1] = np.inf
    with pytest.raises(CannotEstimate, match="'b' is infinite in 1 rows"):
        fit_prediction(replace(rows, values=infinite), test=2, target="probability", seed=0)
    with pytest.raises(CannotEstimate, match="0 or 1"):
        fit_prediction(replace(rows, outcome=rows.outcome * 2), test=2, target="probability", seed=0)
    with pytest.raises(CannotEstimate, match="alike"):
        fit_prediction(replace(rows, outcome=np.ones(rows.rows)), test=2, target="amount", seed=0)
    with pytest.raises(ValueError, match="two rows at one cut-off"):
        fit_prediction(rows.taken(np.append(np.arange(rows.rows), 0)), test=2, target="probability", seed=0)
    with pytest.raises(ValueError, match="fit together"):
        replace(rows, names=("a",))


def test_an_encoding_comes_back_from_text_and_keeps_within_what_it_saw() -> None:
    rows = world(12, 500)
    found = learn_encoding(rows.values, rows.names, rows.kinds)
    again = Encoder.from_dict(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert np.array_equal(again.for_line(rows.values), found.for_line(rows.values))
    assert np.array_equal(again.for_trees(rows.values), found.for_trees(rows.values), equal_nan=True)
    assert np.abs(found.for_line(np.full((1, 5), np.inf))).max() < 6
    assert found.for_trees(rows.values).shape[1] == 4 + 6 + 2  # each shop, the rest, and missing
