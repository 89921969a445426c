"""How many groups there are, and whether there are any.

Every large enough data set can be cut, and the cuts of a cloud can look well. So the question whether there are groups
is a test of its own: are the rows cut into 2, 3, ... parts tighter than rows of one cloud with the same columns and the
same correlations would be (`one_cloud`), and are the borders between the parts emptier? Only then do the other criteria
say how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from satsuma.statistics.clustering.criteria import calinski_harabasz, silhouette
from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.one_cloud import one_cloud
from satsuma.statistics.clustering.rows import Algorithm, Floats, Grouping, Rows
from satsuma.statistics.clustering.space import points_of
from satsuma.statistics.clustering.stability import global_stability, prediction_strength
from satsuma.statistics.clustering.tightness import Cuts, cut
from satsuma.statistics.errors import CannotEstimate

Verdict = Literal["natural", "constructive", "none"]

#: Rows that are looked at, at most.
MOST_ROWS = 1500
#: Clouds that the data are compared with: so many first, and all where the first leave it open.
FIRST_CLOUDS = 19
CLOUDS = 39
#: Groups are there if no more than this share of clouds is cut as tightly,
ALARM = 0.05
#: the gap is at least so many spreads of clouds: the rank among 39 alone raised 7 false alarms in 100 normal clouds of
#: 300 rows, because the correlations of so few rows are not known better, and with this it raised 1;
LEAST_SPREADS = 4.0
#: the sum of squares is below that of clouds by this share at least,
LEAST_GAP = 0.01
#: and some border, of this or a smaller number of parts, holds at most this share of the rows that it holds in clouds.
EMPTY_BORDER = 0.8
#: A number of groups is as good as the best if its gap is within this share of it, or within two spreads of clouds.
NEAR_BEST = 0.05
#: Where none of those comes back with this strength, those with this share of the best gap come into question too.
LEAST_STRENGTH = 0.6
HALF_BEST = 0.45
#: Cuts of one cloud are worth offering if two resamples agree at least so well on them,
REPRODUCIBLE = 0.7
#: and the longest axis of the rows holds so many times what it holds in shuffled columns.
LONG_AXIS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What the criteria say of one number of groups.

    stability : mean adjusted Rand index of pairs of resamples. prediction_strength : of the worst group, over splits.
    silhouette : mean width. calinski_harabasz : the larger the better. gap : log sum of squares of clouds less that of
    the data; error : its spread over clouds. border : how full the borders are against those of clouds, 1 is alike.
    smallest : share of rows in the smallest group. bic : of a method that has one, the lower the better.
    """

    groups: int
    stability: float
    prediction_strength: float
    silhouette: float
    calinski_harabasz: float
    gap: float
    error: float
    border: float
    smallest: float
    bic: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The number of groups that is proposed, and whether they are there.

    verdict : `natural`, groups that are there; `constructive`, reproducible cuts of one cloud, chosen and not found;
    `none`, no natural groups and no cut that would come back.
    proposed : a number of groups, None where there is none to propose.
    p_value : the share of `clouds` clouds that are cut as tightly as the data, the data counted among them.
    reasons : sentences. rows : how many were looked at.
    """

    verdict: Verdict
    proposed: int | None
    p_value: float
    clouds: int
    candidates: tuple[Candidate, ...]
    reasons: tuple[str, ...]
    rows: int

    @property
    def has_groups(self) -> bool:
        """Whether there are natural groups."""
        return self.verdict == "natural"

    def of(self, groups: int) -> Candidate:
        """Return what the criteria say of a number of groups."""
        return next(each for each in self.candidates if each.groups == groups)

    def as_dict(self) -> dict[str, Any]:
        """Return the choice as plain JSON."""
        return {
            **asdict(self), "candidates": [asdict(each) for each in self.candidates], "reasons": list(self.reasons),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Choice:
        """Return the choice that `as_dict` wrote."""
        return cls(**{
            **plain, "candidates": tuple(Candidate(**each) for each in plain["candidates"]),
            "reasons": tuple(plain["reasons"]),
        })  # fmt: skip


def choose_groups(
    rows: Rows,
    algorithm: Algorithm = fit_kmeans,
    *,
    rng: np.random.Generator,
    numbers: Sequence[int] = range(2, 9),
    clouds: int = CLOUDS,
    pairs: int = 10,
    starts: int = 5,
    most_rows: int = MOST_ROWS,
) -> Choice:
    """Return how many groups there are, whether they are there, and why.

    Parameters
    ----------
    rows : complete; above `most_rows` a sample is drawn.
    algorithm : whose groups the criteria judge. Whether there are groups at all is asked of k-means whatever the
        algorithm, because it takes hundreds of fits.
    numbers : of groups that come into question, from 2.
    clouds : data sets of one cloud to compare with. The false alarms are about 1 in 20, and the p-value is 1 /
        (clouds + 1) at least.

    Raises
    ------
    CannotEstimate
        When the rows are too few, or all alike.

    References
    ----------
    A parametric bootstrap as in SigClust (Liu, Hayes, Nobel and Marron 2008, JASA 103) and in the gap statistic
    (Tibshirani, Walther and Hastie 2001), against a cloud with the data's own margins and correlations; natural and
    constructive as in Dolnicar and Leisch (2010), Marketing Letters 21.
    """
    ks = tuple(sorted(set(numbers)))
    if not ks or ks[0] < 2:
        raise ValueError("The numbers of groups must be 2 or more.")
    if len(rows) > most_rows:
        rows = rows.take(np.sort(rng.choice(len(rows), most_rows, replace=False)))
    points = points_of(rows)
    distinct = len(np.unique(points, axis=0))
    if len(rows) < 10 * ks[0] or distinct < 2 * ks[0]:
        raise CannotEstimate(
            f"There are {len(rows)} rows, {distinct} of them distinct: too few to say whether there are groups."
        )
    ks = tuple(k for k in ks if len(rows) >= 10 * k and distinct >= 2 * k)
    data = cut(points, ks, rng=rng, starts=starts)
    seen, p_value = _against_clouds(rows, data, ks, clouds, starts, rng)
    gaps, errors, borders = data.against(seen)
    candidates = tuple(
        _candidate(rows, points, algorithm, k, rng, pairs, starts, (gaps[place], errors[place], borders[place]))
        for place, k in enumerate(ks)
    )
    verdict, proposed, reasons = _judge(candidates, p_value, len(seen), rows, rng)
    return Choice(
        verdict=verdict, proposed=proposed, p_value=p_value, clouds=len(seen), candidates=candidates, reasons=reasons,
        rows=len(rows),
    )  # fmt: skip


def _against_clouds(
    rows: Rows, data: Cuts, ks: tuple[int, ...], clouds: int, starts: int, rng: np.random.Generator
) -> tuple[list[Cuts], float]:
    """Return the cuts of clouds, and the share of clouds that some number of groups cuts as tightly as the data."""
    law = one_cloud(rows)
    seen: list[Cuts] = []
    p_value = 1.0
    for stage in (min(FIRST_CLOUDS, clouds), clouds):
        while len(seen) < stage:
            seen.append(cut(points_of(law.draw(rng)), ks, rng=rng, starts=starts))
        p_value = data.rank_among(seen)
        # What the first ones have settled needs no more of them.
        if p_value > 3 * ALARM:
            break
    return seen, p_value


def _candidate(
    rows: Rows,
    points: Floats,
    algorithm: Algorithm,
    groups: int,
    rng: np.random.Generator,
    pairs: int,
    starts: int,
    against: tuple[float, float, float],
) -> Candidate:
    found: Grouping = algorithm(rows, groups, rng=rng, starts=2 * starts)
    labels = found.assign(rows)
    many = len(np.unique(labels[labels >= 0])) > 1
    bic = getattr(found, "bic", None)
    sizes = np.bincount(labels[labels >= 0], minlength=found.groups)
    return Candidate(
        groups=groups,
        stability=global_stability(rows, groups, algorithm, rng=rng, pairs=pairs, starts=starts).mean,
        prediction_strength=prediction_strength(
            rows, groups, algorithm, rng=rng, splits=max(pairs // 2, 4), starts=starts
        ),
        silhouette=silhouette(points, labels, rng=rng).mean if many else 0.0,
        calinski_harabasz=calinski_harabasz(points, labels) if many and sizes.min() > 0 else 0.0,
        gap=against[0], error=against[1], border=against[2], smallest=float(sizes.min() / len(rows)),
        bic=None if bic is None else float(bic() if callable(bic) else bic),
    )  # fmt: skip


def _judge(
    candidates: tuple[Candidate, ...], p_value: float, clouds: int, rows: Rows, rng: np.random.Generator
) -> tuple[Verdict, int | None, tuple[str, ...]]:
    chosen = _number(candidates)
    few_alike = p_value <= ALARM
    spreads = chosen.gap / max(chosen.error, 1e-12)
    is_far = spreads >= LEAST_SPREADS
    is_tight = chosen.gap >= LEAST_GAP
    # Groups in groups have some borders that are not empty; those between the larger ones are.
    border = min((each for each in candidates if each.groups <= chosen.groups), key=lambda each: each.border)
    is_empty = border.border <= EMPTY_BORDER
    tighter = (
        f"Cut into {chosen.groups}, the data are {1.0 - np.exp(-chosen.gap):.1%} tighter than {clouds} clouds with the "
        f"same columns and correlations but no groups (p = {p_value:.2g}), and the borders between {border.groups} "
        f"parts hold {border.border:.2f} times as many rows as there."
    )
    if few_alike and is_far and is_tight and is_empty:
        best = (
            f"{chosen.groups} groups: of the numbers with about the tightest cut, it comes back most surely "
            f"(prediction strength {chosen.prediction_strength:.2f}, agreement of resamples {chosen.stability:.2f})."
        )
        return "natural", chosen.groups, ("There are natural groups here.", tighter, best)
    if not few_alike:
        why = f"Clouds without groups are cut as tightly: p = {p_value:.2g} among {clouds} clouds."
    elif not is_far:
        why = (
            f"Clouds without groups are cut nearly as tightly: the rows are {spreads:.1f} spreads of {clouds} clouds "
            f"tighter, and {LEAST_SPREADS:.0f} are asked."
        )
    elif not is_tight:
        why = f"The data differ from one cloud, but so little ({chosen.gap:.1%} tighter) that no use of it can be made."
    else:
        why = (
            f"The data differ from one cloud, but the borders between the parts are not empty: they hold "
            f"{border.border:.2f} times as many rows as in a cloud without groups."
        )
    axis = _longest_axis(points_of(rows), rows, rng)
    reproducible = [each for each in candidates if each.stability >= REPRODUCIBLE]
    if axis >= LONG_AXIS and reproducible:
        cuts = max(reproducible, key=lambda each: each.groups)
        offer = (
            f"Cuts of it come back all the same: the traits hang together (their longest axis holds {axis:.1f} times "
            f"what it would by chance), and resamples agree on {cuts.groups} parts with {cuts.stability:.2f}. Such "
            f"segments are chosen, not found; they are worth what can be done with them."
        )
        return "constructive", cuts.groups, ("There are no natural groups here: the data are one cloud.", why, offer)
    refusal = "No cut is worth offering: the traits hardly hang together, or resamples do not agree on the parts."
    return "none", None, ("There are no natural groups here.", why, refusal)


def _number(candidates: tuple[Candidate, ...]) -> Candidate:
    """Return, of the numbers whose gap is about as large as the largest, the one that comes back most surely."""
    best = max(candidates, key=lambda each: each.gap)
    chosen = best
    for least in (best.gap - max(NEAR_BEST * best.gap, 2.0 * best.error), min(HALF_BEST * best.gap, best.gap)):
        near = [each for each in candidates if each.gap >= least]
        chosen = max(near, key=lambda each: (each.prediction_strength, -each.groups))
        if chosen.prediction_strength >= LEAST_STRENGTH:
            break
    return chosen


def _longest_axis(points: Floats, rows: Rows, rng: np.random.Generator) -> float:
    """Return how many times more the longest axis holds than in the same columns shuffled."""
    blocks = [[place] for place in range(rows.numbers.shape[1])]
    start = len(blocks)
    for levels in rows.levels:
        blocks.append(list(range(start, start + levels)))
        start += levels

    def longest(some: Floats) -> float:
        return float(np.linalg.eigvalsh(np.cov(some.T, bias=True).reshape(some.shape[1], -1))[-1])

    shuffled = []
    for _ in range(5):
        mixed = np.empty_like(points)
        for block in blocks:
            mixed[:, block] = points[rng.permutation(len(points))][:, block]
        shuffled.append(longest(mixed))
    return longest(points) / max(float(np.mean(shuffled)), 1e-300)
