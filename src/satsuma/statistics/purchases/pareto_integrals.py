"""The integral in the likelihood of Pareto/NBD, and those in its gradient.

A customer who left between t_x and T contributes s times the integral over y from t_x to T of

    f(y) = (alpha + y)^-(r + x) (beta + y)^-(s + 1),                                                              (1)

which the literature prints as the difference A0 of two 2F1. Gauss-Legendre nodes give it to the last digits without
a 2F1, with alpha = beta, s = 1 and t_x = T no special cases, and the same nodes weighted by log(alpha + y),
1 / (alpha + y), log(beta + y) and 1 / (beta + y) give the derivatives by r, alpha, s and beta.

`Table` has them from each distinct time to the last, for each distinct x, relative to f at that time, by a recursion
from the last time down that neither overflows nor cancels. `between` has them row by row, each row with parameters of
its own, for covariates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.purchases.special import Real, gauss_legendre
from satsuma.statistics.purchases.summary import PurchaseSummary, numbered

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

#: Nodes by how much log f may change over a panel: the error stays near 1e-15.
_NODES = ((0.15, 4), (1.0, 6), (3.0, 8))
#: A panel's ends differ at most by this in log(kappa + y): the poles of f stay far enough from it.
_LONGEST = 0.25
#: Entries of the largest table; what is larger is divided by x.
_ENTRIES = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows whose x are of one size, and where each of them is in the table of (times, x).

    from_, to : the places of t_x and T in the flat table; rows : which rows of the summary.
    """

    x: Floats
    times: Floats
    from_: Places
    to: Places
    rows: Places


def blocks(rows: PurchaseSummary) -> tuple[Block, ...]:
    """Divide rows by x, which large ones need finer panels than small ones."""
    x, code = numbered(rows.x)
    made: list[Block] = []
    low = 0
    while low < len(x):
        high = int(np.searchsorted(x, max(63.0, 4.0 * x[low])))
        high = max(high, low + 1)
        while True:
            chosen = (
                np.flatnonzero((code >= low) & (code < high)) if (low, high) != (0, len(x)) else np.arange(len(code))
            )
            times, place = numbered(np.concatenate([rows.t_x[chosen], rows.T[chosen]]))
            width = max(1, _ENTRIES // max(len(times), 1))
            if high - low <= width:
                break
            high = low + width
        within = code[chosen] - low
        size = len(chosen)
        made.append(
            Block(
                x[low:high], times, place[:size] * (high - low) + within, place[size:] * (high - low) + within, chosen
            )
        )
        low = high
    return tuple(made)


def _panels(block: Block, r: float, alpha: float, s: float, beta: float) -> tuple[Floats, Places, float]:
    """Return log(kappa + time), into how many panels each interval between times is cut, and how steep log f is."""
    steepest = r + float(block.x[-1]) + s + 1.0
    ends = np.log(min(alpha, beta) + block.times)
    length = np.diff(ends)
    pieces = np.ceil(np.maximum(length / _LONGEST, steepest * length / _NODES[-1][0]))
    return ends, np.maximum(pieces, 1.0).astype(np.intp), steepest


def is_worth_a_table(block: Block, r: float, alpha: float, s: float, beta: float) -> bool:
    """Return whether `table` is quicker than `between`: not with more panels than a quarter of the rows.

    Large x or nearly equal customers make f steep and panels many; times that are no whole ticks make times many.
    """
    _, pieces, _ = _panels(block, r, alpha, s, beta)
    return float(pieces.sum()) <= 2000 + len(block.rows) / 4


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Integrals to the last time, shape (times, 5, x): of f, and of f weighted by log(alpha + y), 1 / (alpha + y),
    log(beta + y) and 1 / (beta + y); each divided by f at its time. log_f : shape (times, x)."""

    moments: Floats
    log_f: Floats


def table(block: Block, r: float, alpha: float, s: float, beta: float, *, is_whole: bool = True) -> Table:
    """Return the integrals of eq. (1); only the first of the five unless `is_whole`."""
    shape, times = r + block.x, block.times
    log_f = -np.outer(np.log(alpha + times), shape) - ((s + 1.0) * np.log(beta + times))[:, None]
    low = min(alpha, beta)
    ends, pieces, steepest = _panels(block, r, alpha, s, beta)
    length = np.diff(ends)
    kept = np.concatenate([[0], np.cumsum(pieces)])
    points = times
    if kept[-1] >= len(times):
        panel = np.repeat(np.arange(len(length)), pieces)
        part = (np.arange(kept[-1]) - kept[panel]) / pieces[panel]
        points = np.append(low * np.expm1(ends[panel] + part * length[panel] - np.log(low)), times[-1])
        points[kept] = times
    left, width = points[:-1], np.diff(points)
    change = float((steepest * length / pieces).max()) if len(length) else 0.0
    place, weight = gauss_legendre(next(nodes for most, nodes in _NODES if change <= most * (1 + 1e-9)))
    y = left[:, None] + width[:, None] * place
    log_alpha = np.log1p((y - left[:, None]) / (alpha + left)[:, None])
    log_beta = np.log1p((y - left[:, None]) / (beta + left)[:, None])
    base = np.exp(-(s + 1.0) * log_beta) * (width[:, None] * weight)
    f = np.exp(-log_alpha[:, :, None] * shape)
    weights = base[:, None, :]
    if is_whole:
        weights = np.stack(
            [base, base * np.log(alpha + y), base / (alpha + y), base * np.log(beta + y), base / (beta + y)], axis=1
        )
    parts = weights @ f
    fall = np.exp(
        -np.outer(np.log1p(width / (alpha + left)), shape) - ((s + 1.0) * np.log1p(width / (beta + left)))[:, None]
    )
    moments = np.zeros((len(points), parts.shape[1], len(shape)))
    moments[:-1] = parts
    for j in range(len(points) - 2, -1, -1):
        moments[j] += fall[j] * moments[j + 1]
    return Table(moments if points is times else moments[kept], log_f)


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """By row: log f(t_x), f(T) / f(t_x), and the five integrals from t_x to T over f(t_x), shape (5, rows)."""

    log_f: Floats
    decay: Floats
    moments: Floats


def between(x: Floats, t_x: Floats, T: Floats, r: Real, alpha: Real, s: Real, beta: Real) -> Between:
    """Return the integrals of eq. (1) from t_x to T, the parameters numbers or one for each row."""
    r, alpha, s, beta = (np.broadcast_to(np.asarray(value, np.float64), x.shape) for value in (r, alpha, s, beta))
    shape = r + x
    log_f = -shape * np.log(alpha + t_x) - (s + 1.0) * np.log(beta + t_x)
    gap = T - t_x
    decay = np.exp(-shape * np.log1p(gap / (alpha + t_x)) - (s + 1.0) * np.log1p(gap / (beta + t_x)))
    low = np.minimum(alpha, beta)
    length = np.log1p(gap / (low + t_x))
    # Beyond 45 e-folds of f nothing is left to add.
    length = np.minimum(
        length, 45.0 / np.maximum((shape + s) * np.minimum(low + t_x, alpha + t_x) / (alpha + t_x), 1e-9)
    )
    moments = np.zeros((5, len(x)))
    place, weight = gauss_legendre(8)
    need = np.maximum((shape + s + 1.0) * length / 4.0, length / 1.0)
    lower = 0.0
    for panels in (1, 2, 4, 8, 16, 32, 64, 256):
        chosen = np.flatnonzero((need > lower) & ((need <= panels) | (panels == 256)))
        lower = panels
        for part in range(0, len(chosen), 20_000):
            some = chosen[part : part + 20_000]
            places = ((np.arange(panels)[:, None] + place) / panels).ravel()
            weights = np.tile(weight / panels, panels)
            v = length[some, None] * places
            start = (low + t_x)[some, None]
            gone = start * np.expm1(v)
            at_alpha, at_beta = (alpha + t_x)[some, None] + gone, (beta + t_x)[some, None] + gone
            log_alpha, log_beta = np.log(at_alpha), np.log(at_beta)
            log_ratio = -shape[some, None] * (log_alpha - np.log(alpha + t_x)[some, None])
            log_ratio -= (s + 1.0)[some, None] * (log_beta - np.log(beta + t_x)[some, None])
            f = np.exp(log_ratio + v) * (weights * length[some, None] * start)
            moments[0, some] = f.sum(axis=1)
            moments[1, some] = (f * log_alpha).sum(axis=1)
            moments[2, some] = (f / at_alpha).sum(axis=1)
            moments[3, some] = (f * log_beta).sum(axis=1)
            moments[4, some] = (f / at_beta).sum(axis=1)
    return Between(log_f, decay, moments)
