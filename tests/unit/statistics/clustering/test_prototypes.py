"""k-prototypes against its definition, k-means of numbers alone, and what must not change the answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from satsuma.statistics.clustering.descent import Centres
from satsuma.statistics.clustering.prototypes import Prototypes, fit_prototypes
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.errors import CannotEstimate


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def planted(count: int, seed: int, *, apart: float = 3.0) -> tuple[Rows, np.ndarray]:
    draw = rng(seed)
    of = draw.choice(3, count, p=[0.5, 0.3, 0.2])
    numbers = apart * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[of] + draw.normal(size=(count, 2))
    levels = (3, 4)
    codes = np.column_stack([np.where(draw.random(count) < 0.7, of, draw.integers(0, k, count)) for k in levels])
    return Rows(numbers, codes.astype(np.int32), levels), of


def plain_descent(rows: Rows, start: Centres, gamma: float) -> tuple[Centres, np.ndarray, float]:
    """Return where the definition comes to rest, one loop after the other."""
    numbers, codes = start.numbers.copy(), start.codes.copy()
    labels = None
    while True:
        squares = ((rows.numbers[:, None] - numbers) ** 2).sum(axis=2)
        distance = squares + gamma * (rows.codes[:, None] != codes).sum(axis=2)
        new = distance.argmin(axis=1)
        if labels is not None and np.array_equal(new, labels):
            return Centres(numbers, codes), labels, float(distance.min(axis=1).sum())
        labels = new
        for group in range(len(numbers)):
            numbers[group] = rows.numbers[labels == group].mean(axis=0)
            codes[group] = [np.bincount(column[labels == group]).argmax() for column in rows.codes.T]


@pytest.mark.parametrize("count", [300, 6000])
def test_from_one_start_it_comes_to_rest_where_the_definition_does(count: int) -> None:
    rows, _ = planted(count, 1)
    start = Centres(rows.numbers[:3], rows.codes[:3])
    wanted, labels, cost = plain_descent(rows, start, 0.7)
    fit = fit_prototypes(rows, 3, rng=rng(), gamma=0.7, begin=start)
    order = np.argsort(-np.bincount(labels))
    assert fit.cost == pytest.approx(cost, rel=1e-10)
    assert fit.centres == pytest.approx(wanted.numbers[order], rel=1e-9)
    assert np.array_equal(fit.modes, wanted.codes[order])
    assert fit.shares == pytest.approx(np.bincount(labels)[order] / count)
    assert np.array_equal(order[fit.assign(rows)], labels)
    assert fit.converged


def test_of_numbers_alone_it_is_k_means() -> None:
    rows, _ = planted(600, 2)
    fit = fit_prototypes(rows_of_numbers(rows.numbers + 1e5), 3, rng=rng())
    with threadpool_limits(limits=1):
        other = KMeans(3, n_init=5, tol=0.0, random_state=0).fit(rows.numbers)
    assert fit.cost == pytest.approx(other.inertia_, rel=1e-6)


def test_of_categories_alone_it_is_k_modes() -> None:
    codes = np.repeat([[0, 0, 0], [0, 0, 1], [1, 1, 1], [1, 1, 0], [1, 1, 1]], [5, 2, 4, 1, 3], axis=0)
    fit = fit_prototypes(rows_of_codes(codes), 2, rng=rng())
    # By hand: 000 loses the two of 001, 111 the one of 110.
    assert (fit.gamma, fit.cost) == (1.0, 3.0)
    assert fit.modes.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert fit.centres.shape == (2, 0)


def test_planted_groups_are_found_and_numbered_by_size() -> None:
    rows, of = planted(3000, 3, apart=5.0)
    fit = fit_prototypes(rows, 3, rng=rng())
    assert adjusted_rand_score(of, fit.assign(rows)) > 0.95
    assert fit.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert (fit.method, fit.groups, fit.runs) == ("prototypes", 3, 10)
    assert fit.reached >= 5
    assert fit.membership(rows) is None


def test_gamma_is_half_the_mean_standard_deviation_and_weighs_the_categories() -> None:
    rows, _ = planted(500, 4)
    assert fit_prototypes(rows, 2, rng=rng()).gamma == pytest.approx(0.5 * rows.numbers.std(axis=0).mean())
    alone = fit_prototypes(rows_of_numbers(rows.numbers), 3, rng=rng(), starts=5)
    without = fit_prototypes(rows, 3, rng=rng(), gamma=0.0, starts=5)
    assert without.cost == pytest.approx(alone.cost)
    # Where categories are everything, groups are pure in them as far as three groups can be.
    heavy = fit_prototypes(rows, 3, rng=rng(), gamma=1e4)
    assert heavy.modes[:, 0].tolist() == [0, 1, 2]


def test_neither_the_order_of_rows_nor_weights_for_repeats_change_anything() -> None:
    rows, _ = planted(300, 5)
    times = rng(1).integers(0, 4, 300)
    one = fit_prototypes(rows, 4, rng=rng(2), weights=times.astype(float), starts=3)
    repeated = rows.take(rng(3).permutation(np.repeat(np.arange(300), times)))
    assert fit_prototypes(repeated, 4, rng=rng(2), starts=3).as_dict() == one.as_dict()


def test_a_prototype_without_rows_moves_to_the_farthest() -> None:
    numbers = np.array([[0.0], [0.1], [10.0], [10.1], [50.0]])
    start = Centres(np.array([[0.0], [5.0], [1e6]]), np.zeros((3, 0), np.int32))
    fit = fit_prototypes(rows_of_numbers(numbers), 3, rng=rng(), begin=start)
    assert sorted(fit.centres.ravel()) == pytest.approx([0.05, 10.05, 50.0])
    assert fit.cost == pytest.approx(0.01)


def test_as_many_groups_as_different_rows_cost_nothing() -> None:
    rows, _ = planted(40, 6)
    few = rows.take(np.repeat(np.arange(5), 4))
    fit = fit_prototypes(few, 5, rng=rng())
    assert fit.cost == pytest.approx(0.0, abs=1e-12)
    assert fit.shares == pytest.approx(0.2)


def test_a_sample_chooses_the_start_of_many_different_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = planted(5000, 7, apart=5.0)
    whole = fit_prototypes(rows, 3, rng=rng(), starts=3)
    monkeypatch.setattr("satsuma.statistics.clustering.prototypes._MANY", 500)
    sampled = fit_prototypes(rows, 3, rng=rng(), starts=3)
    assert sampled.cost == pytest.approx(whole.cost, rel=1e-6)
    assert sampled.converged


def test_a_row_of_which_something_is_missing_goes_by_the_rest() -> None:
    rows, _ = planted(500, 8)
    fit = fit_prototypes(rows, 3, rng=rng())
    numbers, codes = rows.numbers.copy(), rows.codes.copy()
    numbers[::2, 0], codes[1::2, 1] = np.nan, -1
    squares = np.where(np.isnan(numbers[:, None]), 0.0, (numbers[:, None] - fit.centres) ** 2).sum(axis=2)
    differ = ((codes[:, None] != fit.modes) & (codes >= 0)[:, None]).sum(axis=2)
    assert np.array_equal(fit.assign(Rows(numbers, codes, rows.levels)), (squares + fit.gamma * differ).argmin(axis=1))


def test_a_fit_comes_back_from_json() -> None:
    rows, _ = planted(200, 9)
    fit = fit_prototypes(rows, 2, rng=rng(), starts=2)
    back = Prototypes.from_dict(json.loads(json.dumps(fit.as_dict())))
    assert back.as_dict() == fit.as_dict()
    assert np.array_equal(back.assign(rows), fit.assign(rows))


def test_what_cannot_be_fitted_says_why() -> None:
    rows, _ = planted(20, 10)
    with pytest.raises(ValueError, match="at least one group and one start"):
        fit_prototypes(rows, 2, rng=rng(), starts=0)
    with pytest.raises(ValueError, match="gamma must be 0 or above"):
        fit_prototypes(rows, 2, rng=rng(), gamma=-1.0)
    with pytest.raises(ValueError, match=r"shapes \(3, 2\) and \(3, 2\)"):
        fit_prototypes(rows, 3, rng=rng(), begin=Centres(rows.numbers[:2], rows.codes[:2]))
    with pytest.raises(CannotEstimate, match="21 groups need as many different rows; there are 20"):
        fit_prototypes(rows, 21, rng=rng())
    with pytest.raises(CannotEstimate, match="complete rows"):
        fit_prototypes(rows_of_codes([[0], [-1]], [1]), 1, rng=rng())
    with pytest.raises(ValueError, match="have 2 numbers and 2 categories; the rows have 0 and 1"):
        fit_prototypes(rows, 2, rng=rng()).assign(rows_of_codes([[0]], [1]))
