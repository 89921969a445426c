"""Maximum likelihood of latent classes by expectation and maximisation, for many starts at a time.

All parameters of a class lie side by side in one vector:

    share of the class | probability of each code of each category | means | variances of the numbers

and those of S starts with K classes form an array of shape (S, K, width). Scores of rows are kept with the rows along
the last axis, so that sums over few classes run over long stretches of memory.

References
----------
Dempster, Laird & Rubin (1977), Maximum Likelihood from Incomplete Data via the EM Algorithm, Journal of the Royal
Statistical Society B 39(1), 1-38. Varadhan & Roland (2008), Simple and Globally Convergent Methods for Accelerating
the Convergence of Any EM Algorithm, Scandinavian Journal of Statistics 35(2), 335-353 (SQUAREM, their scheme S3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.cells import cells_of, laid_out
from satsuma.statistics.clustering.rows import Floats, Rows

#: Scores held at a time, classes times rows; 1 MiB of them stays in the processor's cache.
_SCORES = 1 << 17
#: Probabilities in logs end here: far below what any data can tell, far above what a float cannot hold.
_LEAST = 1e-30
#: A leap is at most so many steps long; where steps do not bend it would have no end.
_LONGEST = 1e3
_LOG_2_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parameters of a class lie in its vector."""

    levels: tuple[int, ...]
    numbers: int

    @property
    def codes(self) -> slice:
        return slice(1, 1 + sum(self.levels))

    @property
    def means(self) -> slice:
        return slice(self.codes.stop, self.codes.stop + self.numbers)

    @property
    def variances(self) -> slice:
        return slice(self.means.stop, self.means.stop + self.numbers)

    @property
    def width(self) -> int:
        return 1 + sum(self.levels) + 2 * self.numbers

    def categories(self) -> Iterator[slice]:
        """Yield where the probabilities of each category lie."""
        begin = 1
        for count in self.levels:
            yield slice(begin, begin + count)
            begin += count


class Likelihood:
    """The log-likelihood of weighted rows, and the step of EM that raises it.

    Parameters
    ----------
    rows : of length n; missing values are skipped.
    weights : shape (n,)
    floors : the least variance of each number within a class.
    centre : what the means of a class are counted from; near the numbers, as squares lose digits far from it.
    """

    def __init__(self, rows: Rows, weights: Floats, floors: Floats, centre: Floats) -> None:
        self.layout = Layout(rows.levels, rows.numbers.shape[1])
        self.rows, self.weights, self.floors, self.centre = rows, weights, floors, centre
        self.total = float(weights.sum())
        self.cells = cells_of(rows.codes, rows.levels)
        self.numbers, self.known = laid_out(rows.numbers, centre)

    def sample(self, size: int, rng: np.random.Generator) -> Likelihood:
        """Return the likelihood of so many rows drawn by weight, or this one if there are not more different ones."""
        if len(self.rows) <= size:
            return self
        drawn = rng.multinomial(size, self.weights / self.total)
        some = np.flatnonzero(drawn)
        return Likelihood(self.rows.take(some), drawn[some].astype(np.float64), self.floors, self.centre)

    def step(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return the parameters after one step, shape (S, K, width), and the log-likelihoods before it, shape (S,)."""
        starts, classes, width = theta.shape
        layout, table = self.layout, _Scores(theta.reshape(-1, width), self.layout)
        sums = np.zeros((starts * classes, width))
        known = None if self.known is None else np.zeros((starts * classes, layout.numbers))
        gained = np.zeros(starts)
        for part in self.parts(len(sums)):
            weights = self.weights[part]
            scores = self._scores(table, part).reshape(starts, classes, -1)
            peak, total = _exponentials(scores)
            gained += (peak + np.log(total)) @ weights
            scores *= (weights / total)[:, None, :]
            flat = scores.reshape(len(sums), -1)
            sums[:, 0] += flat.sum(axis=1)
            self.cells.add_sums(sums[:, layout.codes], flat, part)
            if layout.numbers:
                numbers = self.numbers[:, part]
                sums[:, layout.means] += flat @ numbers.T
                sums[:, layout.variances] += flat @ (numbers * numbers).T
                if known is not None and self.known is not None:
                    known += flat @ self.known[:, part].T
        return self._maximised(sums, known).reshape(theta.shape), gained

    def posterior(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return the probability of each class for each row, shape (n, K), and the log-likelihood of each row."""
        made, logs = np.empty((len(self.weights), len(theta))), np.empty(len(self.weights))
        table = _Scores(theta, self.layout)
        for part in self.parts(len(theta)):
            scores = self._scores(table, part)[None]
            peak, total = _exponentials(scores)
            logs[part] = (peak + np.log(total))[0]
            made[part] = (scores / total[:, None, :])[0].T
        return made, logs

    def parts(self, classes: int) -> Iterator[slice]:
        """Yield stretches of rows whose scores fit the cache."""
        size = max(_SCORES // classes, 256)
        for start in range(0, len(self.weights), size):
            yield slice(start, start + size)

    def _scores(self, table: _Scores, part: slice) -> Floats:
        """Return the log of share times density of some rows, shape (S K, rows)."""
        numbers = self.numbers[:, part]
        scores = np.empty((len(table.shares), numbers.shape[1]))
        if self.layout.numbers:
            np.matmul(table.linear, numbers, out=scores)
            scores += table.quadratic @ (numbers * numbers)
            if self.known is None:
                scores += (table.shares + table.constant.sum(axis=1))[:, None]
            else:
                scores += table.constant @ self.known[:, part]
                scores += table.shares[:, None]
        else:
            scores[:] = table.shares[:, None]
        self.cells.add_scores(scores, table.codes, part)
        return scores

    def _maximised(self, sums: Floats, known: Floats | None) -> Floats:
        layout = self.layout
        made: Floats = sums / np.maximum(sums[:, :1], _LEAST)
        made[:, 0] = sums[:, 0] / self.total
        for place in layout.categories():
            # A class none of whose rows has answered keeps no opinion.
            answered = sums[:, place].sum(axis=1, keepdims=True)
            made[:, place] = np.where(
                answered > _LEAST, sums[:, place] / np.maximum(answered, _LEAST), 1.0 / (place.stop - place.start)
            )
        if known is not None:
            made[:, layout.means.start :] = sums[:, layout.means.start :] / np.tile(np.maximum(known, _LEAST), 2)
        made[:, layout.variances] -= made[:, layout.means] ** 2
        np.maximum(made[:, layout.variances], self.floors, out=made[:, layout.variances])
        return made

    def climb(self, theta: Floats, *, tolerance: float, most: int) -> Climbed:
        """Return where EM comes to rest from each start, with two steps and a leap in turn.

        A leap continues the last two steps; one that loses likelihood is not taken, so the likelihood never falls.

        Parameters
        ----------
        theta : shape (S, K, width). most : steps after which a start is given up.
        tolerance : a step that gains less than this part of the log-likelihood and the rows together is the last.
        """
        best, height = theta.copy(), np.full(len(theta), -np.inf)
        converged, active = np.zeros(len(theta), np.bool_), np.arange(len(theta))
        here, steps = theta, 0
        while len(active) and steps < most:
            first, before = self.step(here)
            second, after = self.step(first)
            steps += 2
            best[active], height[active] = first, after
            rests = after - before <= tolerance * (np.abs(after) + self.total)
            converged[active[rests]] = True
            active = active[~rests]
            here, first, second, after = (values[~rests] for values in (here, first, second, after))
            if not len(active):
                break
            leapt, level = self.step(self._leap(here, first, second))
            steps += 1
            here = np.where((level > after)[:, None, None], leapt, second)
        return Climbed(best, height, converged, steps)

    def _leap(self, here: Floats, first: Floats, second: Floats) -> Floats:
        layout = self.layout
        change = first - here
        bend = second - first - change
        sizes = np.sqrt((change**2).sum(axis=(1, 2)) / np.maximum((bend**2).sum(axis=(1, 2)), _LEAST))
        by = np.clip(sizes, 1.0, _LONGEST)[:, None, None]
        made: Floats = here + 2.0 * by * change + by**2 * bend
        # A probability at 0 would stay there: none falls below a tenth of where EM has it.
        positive = np.r_[0 : layout.codes.stop, layout.variances]
        made[:, :, positive] = np.maximum(made[:, :, positive], 0.1 * second[:, :, positive])
        made[:, :, 0] /= made[:, :, 0].sum(axis=1, keepdims=True)
        for place in layout.categories():
            made[:, :, place] /= np.maximum(made[:, :, place].sum(axis=2, keepdims=True), _LEAST)
        np.maximum(made[:, :, layout.variances], self.floors, out=made[:, :, layout.variances])
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Climbed:
    """Parameters, shape (S, K, width), log-likelihoods and whether each came to rest, shape (S,); steps taken."""

    theta: Floats
    log_likelihood: Floats
    converged: NDArray[np.bool_]
    steps: int


class _Scores:
    """What a row's values are multiplied with to give the log of share times density, one row for each class."""

    def __init__(self, theta: Floats, layout: Layout) -> None:
        self.shares = np.log(np.maximum(theta[:, 0], _LEAST))
        self.codes = np.log(np.maximum(theta[:, layout.codes], _LEAST))
        means, variances = theta[:, layout.means], theta[:, layout.variances]
        self.quadratic = -0.5 / variances
        self.linear = means / variances
        self.constant = -0.5 * (means * self.linear + np.log(variances) + _LOG_2_PI)


def _exponentials(scores: Floats) -> tuple[Floats, Floats]:
    """Turn scores, shape (S, K, rows), to exponentials below the highest; return the highest and their sum."""
    peak: Floats = scores.max(axis=1)
    scores -= peak[:, None, :]
    np.exp(scores, out=scores)
    return peak, scores.sum(axis=1)
