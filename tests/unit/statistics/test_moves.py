"""Unusual moves: the false-alarm rate holds where nothing happens, and a planted jump is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control, trim_mean
from scipy.stats import t as student
from scipy.stats.mstats import winsorize

from satsuma.statistics.effects.sizes import adjusted
from satsuma.statistics.moves import _TAILS, FEWEST_POINTS, Moves, trimmed, unusual_moves

SEED = 20261128


def alarms(series: np.ndarray, rate: float = 0.05) -> Moves:
    return unusual_moves(list(series), rate=rate)


def random_walks(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Walks of independent moves of a spread of its own each."""
    spread = rng.uniform(0.01, 0.2, (shape[0], 1))
    return np.exp(np.cumsum(spread * rng.standard_normal(shape), axis=1) + 6)


def noise_about_a_level(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.exp(6 + rng.uniform(0.01, 0.2, (shape[0], 1)) * rng.standard_normal(shape))


@pytest.mark.parametrize("make", [random_walks, noise_about_a_level])
@pytest.mark.parametrize("points", [8, 13])
def test_the_false_alarm_rate_holds_where_nothing_happens(make: object, points: int) -> None:
    rng = np.random.default_rng(SEED)
    worlds, segments = 300, 15
    with_alarm = sum(alarms(make(rng, (segments, points))).is_unusual.any() for _ in range(worlds))  # type: ignore[operator]
    # Each world has an alarm with a chance of at most 5 %: 15 of 300, and 27 are three standard errors more.
    assert with_alarm <= 27


def test_series_that_move_together_keep_the_rate() -> None:
    rng = np.random.default_rng(SEED)
    with_alarm = 0
    for _ in range(300):
        common = np.cumsum(0.05 * rng.standard_normal(13))
        own = np.cumsum(0.02 * rng.standard_normal((15, 13)), axis=1)
        with_alarm += bool(alarms(np.exp(6 + common + own)).is_unusual.any())
    assert with_alarm <= 27


def test_a_planted_jump_is_found_and_little_else() -> None:
    rng = np.random.default_rng(SEED)
    found, false_shares = 0, []
    for _ in range(300):
        walks = np.exp(np.cumsum(0.03 * rng.standard_normal((15, 13)), axis=1) + 6)
        walks[0, -1] *= 1.6
        flags = alarms(walks).is_unusual
        found += bool(flags[0])
        false_shares.append(flags[1:].sum() / max(flags.sum(), 1))
    assert found >= 285
    # Of the alarms of a world at most 5 % are expected to be chance; the rest is three standard errors.
    assert np.mean(false_shares) <= 0.05 + 3 * np.std(false_shares) / 300**0.5


def test_a_past_jump_and_its_way_back_do_not_hide_the_next() -> None:
    rng = np.random.default_rng(SEED)
    walk = np.exp(np.cumsum(0.02 * rng.standard_normal((1, 13)), axis=1))
    walk[0, 4] *= 3
    walk[0, -1] *= 2
    assert alarms(walk).is_unusual[0]


@pytest.mark.parametrize("past", [6, 7, 11, 16, 24])
def test_p_values_are_those_of_simulated_normal_moves(past: int) -> None:
    rng = np.random.default_rng(SEED)
    moves = rng.standard_normal((6_000, past + 1))
    middle, scale = np.array([trimmed(row) for row in moves[:, :-1]]).T
    factor, freedom = _TAILS[past]
    p_values = 2 * student.sf(np.abs(moves[:, -1] - middle) / (scale * factor), freedom)
    for level in (0.2, 0.05, 0.01, 0.002):
        share = float((p_values <= level).mean())
        noise = 3.5 * (level * (1 - level) / len(p_values)) ** 0.5
        assert abs(share - level) <= 0.1 * level + noise


def test_the_statistic_is_the_one_of_the_formula() -> None:
    moves = np.array([0.01, 0.03, -0.02, 0.00, 0.05, 0.02, 0.30])
    found = unusual_moves([np.exp(np.concatenate([[5.0], 5.0 + np.cumsum(moves)]))])
    # In order -.02 0 .01 .02 .03 .05: the four in the middle have the mean .015; brought in, 0 0 .01 .02 .03 .03.
    spread = (4 * 0.015**2 + 2 * 0.005**2) / 5
    expected = 2 * student.sf((0.30 - 0.015) / (spread**0.5 * 1.714), 2.87)
    assert found.p_value[0] == pytest.approx(expected, rel=1e-9)
    assert found.usual[0] == pytest.approx(np.expm1(0.015))
    assert found.change[0] == pytest.approx(np.expm1(0.30))


@pytest.mark.parametrize(("past", "cut"), [(15, 1), (16, 2)])
def test_what_is_trimmed_off_depends_on_how_many_there_are(past: int, cut: int) -> None:
    moves = np.random.default_rng(SEED).standard_normal(past)
    middle, spread = trimmed(moves)
    assert middle == pytest.approx(trim_mean(moves, cut / past + 1e-9))
    assert spread == pytest.approx(np.std(winsorize(moves, (cut / past + 1e-9,) * 2), ddof=1))


def test_the_least_moves_are_the_border_of_an_alarm() -> None:
    rng = np.random.default_rng(SEED)
    walks = random_walks(rng, (12, 13))
    walks[3, -1] *= 5
    walks[7, -1] *= 4
    before = alarms(walks)
    for place in (0, 3, 9):
        for least in (before.least_up[place], before.least_down[place]):
            for stretch, alarm in ((1.001, True), (0.999, False)):
                moved = walks.copy()
                middle = np.log1p(before.usual[place])
                moved[place, -1] = moved[place, -2] * np.exp(middle + (np.log1p(least) - middle) * stretch)
                assert alarms(moved).is_unusual[place] == alarm


def test_all_series_share_the_rate() -> None:
    walks = random_walks(np.random.default_rng(SEED), (9, 12))
    found = alarms(walks)
    assert found.tested == 9
    assert found.adjusted == pytest.approx(false_discovery_control(found.p_value))


@pytest.mark.parametrize("p_values", [[0.01, 0.04, 0.03, 0.005, 0.5], [0.9, 0.9, 1.0], [0.2], [0.0, 0.0, 0.3]])
def test_adjusted_p_values_are_those_of_a_second_implementation(p_values: list[float]) -> None:
    assert adjusted(p_values) == pytest.approx(false_discovery_control(p_values))


def test_the_order_of_series_does_not_matter() -> None:
    rng = np.random.default_rng(SEED)
    walks = random_walks(rng, (15, 11))
    order = rng.permutation(15)
    assert alarms(walks[order]).adjusted == pytest.approx(alarms(walks).adjusted[order])


def test_a_short_series_says_how_many_points_it_needs() -> None:
    found = unusual_moves([np.arange(1.0, FEWEST_POINTS), np.arange(1.0, FEWEST_POINTS + 1)], floor=[0.1, 0.1])
    assert found.reasons == ("it has 7 known points, and 8 are needed", "")
    assert np.isnan(found.p_value[0])
    assert not found.is_unusual[0]
    assert found.tested == 1
    assert found.as_dict(0)["not_tested_because"] == found.reasons[0]
    assert found.as_dict(0)["p_value"] is None


def test_what_is_not_known_cuts_the_past_off() -> None:
    walk = random_walks(np.random.default_rng(SEED), (1, 20))[0]
    gap = walk.copy()
    gap[5] = np.nan
    assert unusual_moves([gap]).p_value[0] == unusual_moves([walk[6:]]).p_value[0]


def test_a_series_that_never_moved_needs_a_floor() -> None:
    still = np.array([100.0] * 9 + [103.0])
    without = unusual_moves([still])
    assert without.reasons[0].startswith("its past moves are all alike")
    with_floor = unusual_moves([still], floor=[0.05])
    assert with_floor.tested == 1
    assert not with_floor.is_unusual[0]
    assert unusual_moves([np.append(still[:-1], 300.0)], floor=[0.05]).is_unusual[0]


def test_nothing_has_no_relative_move_unless_something_is_added() -> None:
    counts = np.array([3, 0, 2, 4, 1, 0, 3, 2, 4, 2], float)
    assert unusual_moves([counts]).reasons == ("a value of nothing or less has no relative move",)
    assert unusual_moves([counts], plus=0.5).tested == 1


def test_no_series_give_no_alarm() -> None:
    assert unusual_moves([]).tested == 0
