"""Boosted trees as plain arrays, and scores from them without the library that grew them.

A kept model must be readable by people and by later versions, so the trees are taken apart into arrays. They are
scored by the leaves that remain possible (Lucchese et al. 2015): the leaves of a tree are numbered from left to right,
a bit each; a node whose condition fails rules out the leaves on its left. For every feature the thresholds of all trees
are merged into one rising list; a value's place in it says at once which leaves it rules out in every tree. A row is
then one `and` per feature over all trees at once, and the leaf reached is the lowest bit left. Sums run in the order of
the trees, so that scores equal those of scikit-learn to the last bit.

References
----------
Lucchese, Nardini, Orlando, Perego, Tonellotto and Venturini (2015), QuickScorer, SIGIR.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from satsuma.statistics.prediction.plain import Plain, pack, unpack

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Link = Literal["logit", "identity", "log"]

#: Leaves are bits of one number, so a tree has 64 at most.
MOST_LEAVES = 64

#: Numbers held for a block of rows at a time (rows x trees); they and the tables stay in the processor's cache.
BLOCK = 65_536

ARRAYS = ("start", "feature", "threshold", "missing_left", "left", "right", "value")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """Trees whose leaves add up to a score.

    start : array of int, shape (trees + 1,): where the nodes of each tree begin; the first node is its root.
    feature : shape (nodes,): which column decides; -1 in a leaf.
    threshold : values up to and including it go left. missing_left : whether a missing value goes left.
    left, right : the nodes that follow, counted from the start of the tree.
    value : of a leaf. baseline : what every score begins with. features : columns that a row has.
    link : how the sum becomes a prediction: `logit` a probability, `log` a positive amount, `identity` itself.
    """

    start: Codes
    feature: NDArray[np.int32]
    threshold: Floats
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    baseline: float
    features: int
    link: Link

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.start) - 1

    @cached_property
    def _tables(self) -> _Tables:
        return _Tables.of(self)

    def raw(self, columns: Floats, *, threads: int = 2) -> Floats:
        """Return the sums of leaves before the link.

        Parameters
        ----------
        columns : array of float, shape (n, features), NaN where missing
        """
        if columns.ndim != 2 or columns.shape[1] != self.features:
            raise ValueError(f"Rows must have {self.features} columns.")
        total = np.full(len(columns), self.baseline)
        if self.trees == 0 or len(columns) == 0:
            return total
        tables = self._tables
        step = max(BLOCK // self.trees, 64)
        # Blocks of rows for one thread, large enough that handing them out costs nothing.
        share = max(step, -(-len(columns) // (4 * max(threads, 1))))
        pieces = [slice(start, start + share) for start in range(0, len(columns), share)]

        def work(piece: slice) -> None:
            tables.add(columns[piece], total[piece], step)

        if threads <= 1 or len(pieces) == 1:
            for piece in pieces:
                work(piece)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, pieces))
        return total

    def score(self, columns: Floats, *, threads: int = 2) -> Floats:
        """Return predictions, shape (n,): probabilities or amounts, by the link."""
        total = self.raw(columns, threads=threads)
        found: Floats = expit(total) if self.link == "logit" else np.exp(total) if self.link == "log" else total
        return found

    def scaled(self, factor: float) -> Trees:
        """Return trees whose predicted amounts are so many times these."""
        if self.link == "log":
            return replace(self, baseline=self.baseline + float(np.log(factor)))
        return replace(self, baseline=self.baseline * factor, value=self.value * factor)

    def as_dict(self) -> Plain:
        """Return the trees as text and numbers."""
        arrays: Plain = {name: pack(getattr(self, name)) for name in ARRAYS}
        return arrays | {"baseline": self.baseline, "features": self.features, "link": self.link}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Trees:
        """Return the trees that `as_dict` wrote."""
        arrays: dict[str, Any] = {name: unpack(plain[name]) for name in ARRAYS}
        return cls(**arrays, baseline=plain["baseline"], features=plain["features"], link=plain["link"])


def taken_apart(fitted: Any, *, trees: int | None = None) -> Trees:
    """Return the trees of a fitted scikit-learn histogram booster of one output.

    Parameters
    ----------
    fitted : HistGradientBoostingClassifier of two classes, or HistGradientBoostingRegressor
    trees : only the first so many.

    Raises
    ------
    ValueError
        When a split is by category (such columns must be encoded as numbers), a tree has more than 64 leaves, or
        there are more than two classes.
    """
    # scikit-learn has no public way to the nodes; `test_trees` fails as soon as these names or their meaning change.
    iterations = fitted._predictors[:trees]
    link = {"HalfBinomialLoss": "logit", "HalfPoissonLoss": "log", "HalfGammaLoss": "log"}.get(
        type(fitted._loss).__name__, "identity"
    )
    if fitted.n_trees_per_iteration_ != 1:
        raise ValueError("Only boosters of one output can be taken apart.")
    nodes = [iteration[0].nodes for iteration in iterations]
    everything = np.concatenate(nodes) if nodes else np.empty(0, np.dtype([]))
    if nodes and everything["is_categorical"].any():
        raise ValueError("A booster that splits by category cannot be taken apart; encode categories as numbers.")
    if any(int(each["is_leaf"].sum()) > MOST_LEAVES for each in nodes):
        raise ValueError(f"A tree of more than {MOST_LEAVES} leaves cannot be taken apart.")
    empty = not nodes
    leaf = np.empty(0, np.bool_) if empty else everything["is_leaf"].astype(np.bool_)
    return Trees(
        start=np.concatenate([[0], np.cumsum([len(each) for each in nodes])]).astype(np.int64),
        feature=np.empty(0, np.int32) if empty else np.where(leaf, -1, everything["feature_idx"]).astype(np.int32),
        threshold=np.empty(0) if empty else np.where(leaf, 0.0, everything["num_threshold"]),
        missing_left=leaf if empty else everything["missing_go_to_left"].astype(np.bool_) & ~leaf,
        left=np.empty(0, np.int32) if empty else np.where(leaf, 0, everything["left"]).astype(np.int32),
        right=np.empty(0, np.int32) if empty else np.where(leaf, 0, everything["right"]).astype(np.int32),
        value=np.empty(0) if empty else np.where(leaf, everything["value"], 0.0),
        baseline=float(np.ravel(fitted._baseline_prediction)[0]),
        features=int(fitted.n_features_in_),
        link=link,  # type: ignore[arg-type]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """What `Trees` look up while they score.

    features : columns that some tree uses. thresholds : of each of them, rising.
    masks : of each, shape (thresholds + 2, trees): the leaves that remain at a place; the last row is of a missing
        value. leaves : values by tree and number of leaf, shape (trees, bits).
    """

    features: list[int]
    thresholds: list[Floats]
    masks: list[NDArray[Any]]
    leaves: Floats

    @classmethod
    def of(cls, trees: Trees) -> _Tables:
        bits = 32 if all(_leaves(trees, tree) <= 32 for tree in range(trees.trees)) else 64
        kind = np.uint32 if bits == 32 else np.uint64
        used = trees.feature >= 0
        features = np.unique(trees.feature[used]).tolist()
        thresholds = [np.unique(trees.threshold[trees.feature == feature]) for feature in features]
        masks = [np.full((len(cuts) + 2, trees.trees), np.iinfo(kind).max, kind) for cuts in thresholds]
        leaves = np.zeros((trees.trees, bits))
        place = {feature: number for number, feature in enumerate(features)}
        for tree in range(trees.trees):
            start = int(trees.start[tree])
            # Depth first, left before right: (node, whether its left side is done) with the leaf it begins at.
            count = 0
            stack: list[tuple[int, int]] = [(0, -1)]
            while stack:
                node, begun = stack.pop()
                here = start + node
                if trees.feature[here] < 0:
                    leaves[tree, count] = trees.value[here]
                    count += 1
                elif begun < 0:
                    stack += [(node, count), (int(trees.left[here]), -1)]
                else:
                    number = place[int(trees.feature[here])]
                    remaining = kind(np.iinfo(kind).max ^ (((1 << count) - 1) ^ ((1 << begun) - 1)))
                    # Places up to that of the threshold meet the condition; those beyond fail it.
                    beyond = int(np.searchsorted(thresholds[number], trees.threshold[here])) + 1
                    masks[number][beyond:-1, tree] &= remaining
                    if not trees.missing_left[here]:
                        masks[number][-1, tree] &= remaining
                    stack.append((int(trees.right[here]), -1))
        return cls(features, thresholds, masks, leaves)

    def add(self, columns: Floats, total: Floats, step: int) -> None:
        """Add the leaves that each row reaches to `total`, in place."""
        places = np.empty((len(self.features), len(columns)), np.intp)
        for number, feature in enumerate(self.features):
            values = np.ascontiguousarray(columns[:, feature])
            cuts = self.thresholds[number]
            found = np.searchsorted(cuts, values, side="left")
            places[number] = np.where(np.isnan(values), len(cuts) + 1, found)
        trees, bits = self.leaves.shape
        kind = self.masks[0].dtype if self.masks else np.dtype(np.uint32)
        one = kind.type(1)
        base = (np.arange(trees) * bits).astype(np.int32)
        flat = self.leaves.ravel()
        for start in range(0, len(columns), step):
            stop = min(start + step, len(columns))
            remain = np.full((stop - start, trees), np.iinfo(kind).max, kind)
            scratch = np.empty_like(remain)
            for number, mask in enumerate(self.masks):
                np.take(mask, places[number, start:stop], axis=0, out=scratch, mode="clip")
                np.bitwise_and(remain, scratch, out=remain)
            # The number of zeros below the lowest bit: ones in (~x & (x - 1)).
            leaf = np.bitwise_count(~remain & (remain - one))
            reached = flat[(leaf + base).T]
            sums = total[start:stop]
            for values in reached:
                sums += values


def _leaves(trees: Trees, tree: int) -> int:
    return int((trees.feature[trees.start[tree] : trees.start[tree + 1]] < 0).sum())
