"""From many random starts of latent classes to the best optimum among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satsuma.statistics.clustering.expectation import Likelihood
from satsuma.statistics.clustering.rows import Floats

#: Random starts for each run to the end: a few steps tell most of the bad ones.
_STARTS_PER_RUN = 10
#: Steps between two selections of the better half.
_ROUND = 12
#: Rows, by weight, of the samples in which starts are selected, and in which they are run to the end.
_FEW, _MANY = 2_000, 20_000
#: How much of a seed is in the probabilities of its class, the rest being everybody's. With .3, six of the survey
#: in tests/golden are found from two starts in three.
_SEED = 0.3
#: A step that gains less than this part of the log-likelihood is the last: of the runs, and of the best.
_TOLERANCE, _LAST_TOLERANCE = 1e-9, 1e-12
_MOST_STEPS = 6_000
#: Two runs have come to one optimum if their log-likelihoods differ by less than this part.
_SAME = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best parameters, shape (K, width); runs to the end, how many came to the best, and whether it rests."""

    theta: Floats
    runs: int
    reached: int
    converged: bool


def best_of_starts(likelihood: Likelihood, groups: int, *, rng: np.random.Generator, starts: int) -> Found:
    """Return the best of `starts` runs, chosen from ten times as many random starts."""
    few = likelihood.sample(_FEW, rng)
    theta = random_starts(few, groups, starts * _STARTS_PER_RUN, rng)
    while len(theta) > starts:
        begun = few.climb(theta, tolerance=_TOLERANCE, most=_ROUND)
        better = np.argsort(-begun.log_likelihood, kind="stable")[: max(len(theta) // 2, starts)]
        theta = begun.theta[better]
    many = likelihood.sample(_MANY, rng)
    run = many.climb(theta, tolerance=_TOLERANCE, most=_MOST_STEPS)
    best = int(np.argmax(run.log_likelihood))
    level = run.log_likelihood[best]
    last = likelihood.climb(run.theta[best : best + 1], tolerance=_LAST_TOLERANCE, most=_MOST_STEPS)
    return Found(
        theta=last.theta[0],
        runs=len(theta),
        reached=int((run.log_likelihood >= level - _SAME * abs(level)).sum()),
        converged=bool(last.converged[0]),
    )


def random_starts(likelihood: Likelihood, groups: int, count: int, rng: np.random.Generator) -> Floats:
    """Return parameters to start from, shape (count, groups, width): each class leans towards a row drawn at random."""
    layout, rows = likelihood.layout, likelihood.rows
    everybody = likelihood.step(np.ones((1, 1, layout.width)))[0][0, 0]
    chance = likelihood.weights / likelihood.total
    seeds = np.array([rng.choice(len(rows), groups, replace=len(rows) < groups, p=chance) for _ in range(count)])
    theta = np.tile(everybody, (count, groups, 1))
    theta[:, :, 0] = 1.0 / groups
    for place, codes in zip(layout.categories(), rows.codes.T, strict=True):
        drawn = codes[seeds]
        leaning = (1.0 - _SEED) * everybody[place] + _SEED * np.eye(place.stop - place.start)[drawn]
        theta[:, :, place] = np.where((drawn >= 0)[:, :, None], leaning, everybody[place])
    numbers = rows.numbers[seeds] - likelihood.centre
    theta[:, :, layout.means] = np.where(np.isnan(numbers), everybody[layout.means], numbers)
    return theta
