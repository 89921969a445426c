from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.concentration import gini, group_shares, lorenz, top_share


def test_equal_values_have_a_gini_of_zero_and_lie_on_the_diagonal() -> None:
    assert gini([5, 5, 5]) == pytest.approx(0)
    customers, value = lorenz([5, 5, 5])
    assert value == pytest.approx(customers)


def test_one_customer_with_everything_has_a_gini_of_all_but_one_share() -> None:
    assert gini([0, 0, 0, 8]) == pytest.approx(3 / 4)


def test_gini_is_the_mean_difference_over_twice_the_mean() -> None:
    values = np.array([1.0, 2.0, 4.0, 9.0])
    differences = np.abs(values[:, None] - values[None, :]).mean()
    assert gini(values) == pytest.approx(differences / (2 * values.mean()))


def test_the_top_fifth_is_rounded_up_to_whole_customers() -> None:
    assert top_share([10, 1, 1, 1, 1, 1]) == pytest.approx(11 / 15)  # ceil(1.2) = 2 customers
    assert top_share([1] * 15, 0.2) == pytest.approx(3 / 15)


def test_shares_of_groups_add_up_and_the_best_comes_first() -> None:
    shares = group_shares([1, 2, 3, 4, 10], 5)
    assert shares == pytest.approx([0.5, 0.2, 0.15, 0.1, 0.05])
    assert group_shares([1, 2, 3], 10).sum() == pytest.approx(1)


def test_refunds_lift_the_gini_above_one() -> None:
    assert gini([-5, 0, 6]) > 1


@pytest.mark.parametrize("function", [gini, top_share, lorenz, group_shares])
@pytest.mark.parametrize("values", [[], [0, 0], [-1, 1], [-3, 1]])
def test_shares_of_nothing_are_refused(function: object, values: list[float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        function(values)  # type: ignore[operator]


def test_a_fraction_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        top_share([1, 2], 0)
