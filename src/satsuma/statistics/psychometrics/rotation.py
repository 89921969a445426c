"""Factors turned so that each item belongs to as few as possible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satsuma.statistics.psychometrics.items import Floats

MOST_TURNS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Rotated:
    """Loadings after a rotation.

    Parameters
    ----------
    method : varimax, promax or oblimin.
    loadings : array of float, shape (items, k)
        The pattern: what of each item each factor gives, the others held still.
    between : array of float, shape (k, k)
        Correlations of the factors; the identity after varimax.
    """

    method: str
    loadings: Floats
    between: Floats

    def reordered(self, order: list[int], signs: Floats) -> Rotated:
        """Return the same with factors in another order and with other signs."""
        between = self.between[np.ix_(order, order)] * np.outer(signs, signs)
        return Rotated(self.method, self.loadings[:, order] * signs, between)


def varimax(loadings: Floats) -> Rotated:
    """Turn factors at right angles so that the squared loadings of each vary most (Kaiser 1958).

    Items are scaled to the length of their communality before and back after, as Kaiser does, so that items with a
    small communality count as much as others.
    """
    return Rotated("varimax", _varimax(loadings)[0], np.eye(loadings.shape[1]))


def _varimax(loadings: Floats) -> tuple[Floats, Floats]:
    """Return the loadings and the matrix that turned them."""
    items, factors = loadings.shape
    turn = np.eye(factors)
    if factors == 1:
        return loadings, turn
    length = np.sqrt(np.sum(loadings**2, axis=1))
    scaled = loadings / np.where(length > 0, length, 1.0)[:, None]
    reached = 0.0
    for _ in range(MOST_TURNS):
        turned = scaled @ turn
        slope = scaled.T @ (turned**3 - turned * (np.sum(turned**2, axis=0) / items))
        left, values, right = np.linalg.svd(slope)
        turn = left @ right
        if values.sum() <= reached * (1 + 1e-12):
            break
        reached = float(values.sum())
    return loadings @ turn, turn


def promax(loadings: Floats, power: float = 4.0) -> Rotated:
    """Let the factors of varimax lean towards their own loadings raised to a power (Hendrickson and White 1964)."""
    turned, _ = _varimax(loadings)
    if loadings.shape[1] == 1:
        return Rotated("promax", turned, np.eye(1))
    target = np.sign(turned) * np.abs(turned) ** power
    lean = np.linalg.lstsq(turned, target, rcond=None)[0]
    # Factors keep a variance of one: the columns are scaled by what the inverse says.
    scale = np.sqrt(np.diag(np.linalg.inv(lean.T @ lean)))
    lean = lean * scale
    back = np.linalg.inv(lean)
    return Rotated("promax", turned @ lean, back @ back.T)


def oblimin(loadings: Floats, steps: int = MOST_TURNS) -> Rotated:
    """Let factors lean so that the products of an item's squared loadings on two factors are least (direct quartimin).

    Notes
    -----
    Oblimin with gamma 0 by gradient projection, after Bernaards and Jennrich (2005), Educational and Psychological
    Measurement 65, 676-696: columns of T have length one, the pattern is A T^-T, the factors correlate by T'T. It
    starts from varimax, which is nearer than the factors as they were drawn.
    """
    start, _ = _varimax(loadings)
    factors = loadings.shape[1]
    if factors == 1:
        return Rotated("oblimin", start, np.eye(1))
    others = np.ones((factors, factors)) - np.eye(factors)

    def cost(lean: Floats) -> tuple[float, Floats, Floats]:
        pattern = start @ np.linalg.inv(lean).T
        squares = pattern**2
        slope = pattern * (squares @ others)
        # d f / d T = -(L' G T^-1)'
        return 0.25 * float(np.sum(squares * (squares @ others))), pattern, -(pattern.T @ slope @ np.linalg.inv(lean)).T

    lean, step = np.eye(factors), 1.0
    value, pattern, slope = cost(lean)
    for _ in range(steps):
        inward = slope - lean * np.sum(lean * slope, axis=0)
        length = float(np.sqrt(np.sum(inward**2)))
        if length < 1e-8:
            break
        step *= 2.0
        for _ in range(40):
            moved = lean - step * inward
            moved = moved / np.sqrt(np.sum(moved**2, axis=0))
            trial = cost(moved)
            if trial[0] < value - 0.5 * length**2 * step:
                break
            step /= 2.0
        else:
            break
        lean, (value, pattern, slope) = moved, trial
    return Rotated("oblimin", pattern, lean.T @ lean)
