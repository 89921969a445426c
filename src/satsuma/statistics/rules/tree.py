"""A small decision tree that repeats given groups, and all smaller trees within it.

The tree is grown by scikit-learn, best split first, on ranks of numbers and on orders of words: both leave the possible
splits as they are, and a rank is exact in the library's single precision. Of two ways to a smaller tree (undoing the
last splits, and undoing those that repay least, by cost-complexity pruning on mistakes: Breiman, Friedman, Olshen and
Stone 1984, section 3.3) the one with fewer mistakes is taken for each number of leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.rules.conditions import Atoms, Box, narrowed
from satsuma.statistics.rules.rounding import roundest
from satsuma.statistics.rules.table import Codes, Feature, Floats, Mask, Table

#: No tree with more leaves than this is looked at.
MOST_LEAVES = 24
#: A leaf of fewer rows is a remark on single customers.
LEAST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Node:
    """A leaf, or a split with what follows.

    counts : rows of each group in it, when it was grown.
    feature : whose value decides; None in a leaf. A number below `cut`, or a code in `words`, goes left.
    A cut at infinity sends all values that are there to the left. missing_left : whether a missing value goes left.
    says : the group of a leaf, where it is not that of most rows.
    """

    counts: tuple[int, ...]
    feature: int | None = None
    cut: float | None = None
    words: frozenset[int] = frozenset()
    missing_left: bool = False
    left: Node | None = None
    right: Node | None = None
    says: int | None = None

    @property
    def group(self) -> int:
        """What a leaf says: the group that most rows have, of equally many the first, unless it was told another."""
        return int(np.argmax(self.counts)) if self.says is None else self.says

    @property
    def mistakes(self) -> int:
        """How many rows have another group, were this a leaf."""
        return sum(self.counts) - self.counts[self.group]

    def goes_left(self, feature: Feature) -> Mask:
        """Say for each row whether it goes left."""
        if self.cut is not None:
            left = feature.numbers < self.cut
        else:
            left = np.isin(feature.values, np.array(sorted(self.words)))
        return np.asarray(np.where(feature.missing, self.missing_left, left), np.bool_)

    def splits(self) -> Iterator[Node]:
        """Yield the nodes that split, a parent before its children."""
        if self.left is not None and self.right is not None:
            yield self
            yield from self.left.splits()
            yield from self.right.splits()

    @property
    def leaves(self) -> int:
        """How many leaves hang on it."""
        return 1 + sum(1 for _ in self.splits())

    @property
    def leaf_mistakes(self) -> int:
        """How many rows its leaves have wrong."""
        if self.left is None or self.right is None:
            return self.mistakes
        return self.left.leaf_mistakes + self.right.leaf_mistakes


def assigned(tree: Node, table: Table) -> Codes:
    """Return the group that a tree gives to each row."""
    found = np.empty(len(table), np.int64)

    def walk(node: Node, rows: Codes) -> None:
        if node.left is None or node.right is None or node.feature is None:
            found[rows] = node.group
            return
        left = node.goes_left(table.features[node.feature].take(rows))
        walk(node.left, rows[left])
        walk(node.right, rows[~left])

    walk(tree, np.arange(len(table)))
    return found


def merged(tree: Node) -> Node:
    """Return a tree without splits whose two sides give the same group."""
    if tree.left is None or tree.right is None:
        return tree
    left, right = merged(tree.left), merged(tree.right)
    if left.left is None and right.left is None and left.group == right.group:
        return Node(tree.counts) if Node(tree.counts).group == left.group else replace(left, counts=tree.counts)
    return replace(tree, left=left, right=right)


def mapped_cuts(tree: Node, cuts: dict[tuple[int, float], float]) -> Node:
    """Return a tree with other cut values in the place of some, by trait and value."""
    if tree.left is None or tree.right is None:
        return tree
    cut = tree.cut if tree.cut is None else cuts.get((tree.feature or 0, tree.cut), tree.cut)
    return replace(tree, cut=cut, left=mapped_cuts(tree.left, cuts), right=mapped_cuts(tree.right, cuts))


# ---------------------------------------------------------------------------------------------------------- as boxes


def atoms_of(splits: Iterable[tuple[int, float | None]], table: Table) -> list[Atoms]:
    """Return how rules divide each trait of a table.

    Parameters
    ----------
    splits : the traits that they ask about, with the cut value where it is a number.
    """
    cuts: dict[int, set[float]] = {}
    for feature, cut in splits:
        if cut is not None and np.isfinite(cut):
            cuts.setdefault(feature, set()).add(cut)
    return [
        Atoms(tuple(sorted(cuts.get(place, ()))), feature.words, feature.has_rest, bool(feature.missing.any()),
              feature.is_whole)
        for place, feature in enumerate(table.features)
    ]  # fmt: skip


def boxes_of(tree: Node, atoms: Sequence[Atoms]) -> list[list[Box]]:
    """Return the boxes of each group's leaves."""
    found: list[list[Box]] = [[] for _ in tree.counts]

    def walk(node: Node, box: Box) -> None:
        if node.left is None or node.right is None or node.feature is None:
            found[node.group].append(box)
            return
        of = atoms[node.feature]
        if node.cut is None:
            left = sum(1 << word for word in node.words)
        else:
            left = of.below(node.cut) if np.isfinite(node.cut) else of.known
        if node.missing_left:
            left |= of.missing
        for side, bits in ((node.left, left), (node.right, of.all & ~left)):
            inner = narrowed(box, atoms, node.feature, bits)
            if inner[node.feature]:
                walk(side, inner)

    walk(tree, {})
    return found


# ----------------------------------------------------------------------------------------------------------- growing


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """What the library sees of a trait: ranks of its numbers, or one order of its words."""

    feature: int
    values: NDArray[np.float32]
    order: Codes | None = None


def grown(table: Table, codes: Codes, groups: int, *, leaves: int = MOST_LEAVES, least: int = LEAST_ROWS) -> Node:
    """Return the tree of so many leaves that splits best first, by the Gini index.

    Parameters
    ----------
    codes : array of int, shape (n,), from 0
    least : rows that a leaf holds at least.
    """
    from sklearn.tree import DecisionTreeClassifier

    counts = tuple(int(count) for count in np.bincount(codes, minlength=groups))
    columns = [column for place in range(len(table.features)) for column in _columns(place, table, codes, groups)]
    if leaves < 2 or not columns or len(table) < 2 * least or sum(1 for count in counts if count) < 2:
        return Node(counts)
    model = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=least, random_state=0)
    model.fit(np.column_stack([column.values for column in columns]), codes)
    fitted = model.tree_

    def build(number: int, rows: Codes) -> Node:
        counts = tuple(int(count) for count in np.bincount(codes[rows], minlength=groups))
        if fitted.children_left[number] < 0:
            return Node(counts)
        column = columns[fitted.feature[number]]
        here = column.values[rows]
        missing, below = np.isnan(here), here <= fitted.threshold[number]
        left = np.where(missing, bool(fitted.missing_go_to_left[number]), below)
        # Where nothing was missing, a missing value goes where most go.
        missing_left = bool(fitted.missing_go_to_left[number]) if missing.any() else bool(2 * left.sum() > len(left))
        cut, words = None, frozenset[int]()
        if column.order is None:
            values = table.features[column.feature].numbers[rows]
            known = values[~missing]
            high, low = known[~below[~missing]], known[below[~missing]]
            # A split that sends only missing values aside leaves one of the sides without numbers.
            cut = _between(low, high, table.features[column.feature])
        else:
            words = frozenset(np.flatnonzero(column.order <= fitted.threshold[number]).tolist())
        return Node(
            counts, column.feature, cut, words, missing_left,
            build(fitted.children_left[number], rows[left]), build(fitted.children_right[number], rows[~left]),
        )  # fmt: skip

    return build(0, np.arange(len(table)))


def _between(low: Floats, high: Floats, feature: Feature) -> float:
    if not len(high):
        return float("inf")
    return roundest(float(low.max()) if len(low) else -np.inf, float(high.min()), feature)


def _columns(place: int, table: Table, codes: Codes, groups: int) -> Iterator[_Column]:
    feature = table.features[place]
    missing = feature.missing
    if missing.all():
        return
    if feature.is_number:
        ranks = np.full(len(table), np.nan, np.float32)
        ranks[~missing] = np.unique(feature.values[~missing], return_inverse=True)[1]
        yield _Column(place, ranks)
        return
    # For two classes the best of all splits of words lies along the order of their shares of one class (Breiman et al.
    # 1984, theorem 4.5); one order for each group against the rest is as near as several classes come to it.
    words = int(feature.words or 0)
    counts = np.zeros((words, groups))
    np.add.at(counts, (feature.codes[~missing], codes[~missing]), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    seen: set[tuple[int, ...]] = set()
    for group in range(groups):
        # Words without rows here stand in the middle, as the whole does.
        key = np.where(counts.sum(axis=1) > 0, share[:, group], counts[:, group].sum() / max(counts.sum(), 1))
        order = np.empty(words, np.int64)
        order[np.lexsort((np.arange(words), key))] = np.arange(words)
        signature = tuple(order.tolist())
        if signature in seen or tuple((words - 1 - order).tolist()) in seen:
            continue
        seen.add(signature)
        ranks = np.where(missing, np.nan, order[np.where(missing, 0, feature.codes)]).astype(np.float32)
        yield _Column(place, ranks, order)


# ----------------------------------------------------------------------------------------------------- smaller trees


def family(tree: Node) -> dict[int, Node]:
    """Return the best tree that was found for each number of leaves, from 2 up to that of the tree."""
    found: dict[int, Node] = {}
    for candidate in (*_undone(tree), *_pruned(tree)):
        lean = merged(candidate)
        best = found.get(candidate.leaves)
        if best is None or (lean.leaf_mistakes, lean.leaves) < (best.leaf_mistakes, best.leaves):
            found[candidate.leaves] = lean
    return {leaves: found[leaves] for leaves in sorted(found) if leaves >= 2}


def _undone(tree: Node) -> Iterator[Node]:
    """Yield the trees that growing went through, the split that repaid most being made first."""
    kept: set[int] = set()
    splits = list(tree.splits())
    for _ in splits:
        open_ = [node for node in splits if id(node) not in kept and _is_reached(tree, node, kept)]
        kept.add(id(max(open_, key=_repaid)))
        yield _cut_back(tree, kept)


def _repaid(node: Node) -> float:
    """Return by how much a split lowers the Gini index, in rows."""
    assert node.left is not None
    assert node.right is not None
    return _gini(node) - _gini(node.left) - _gini(node.right)


def _gini(node: Node) -> float:
    counts = np.array(node.counts, np.float64)
    return float(counts.sum() - (counts**2).sum() / max(counts.sum(), 1.0))


def _is_reached(tree: Node, wanted: Node, kept: set[int]) -> bool:
    if tree is wanted:
        return True
    if id(tree) not in kept or tree.left is None or tree.right is None:
        return False
    return _is_reached(tree.left, wanted, kept) or _is_reached(tree.right, wanted, kept)


def _cut_back(tree: Node, kept: set[int]) -> Node:
    if id(tree) not in kept or tree.left is None or tree.right is None:
        return Node(tree.counts)
    return replace(tree, left=_cut_back(tree.left, kept), right=_cut_back(tree.right, kept))


def _pruned(tree: Node) -> Iterator[Node]:
    """Yield the tree and those of its weakest-link pruning."""
    while tree.left is not None:
        yield tree
        weakest = min(tree.splits(), key=lambda node: (node.mistakes - node.leaf_mistakes) / (node.leaves - 1))
        tree = _without(tree, weakest)


def _without(tree: Node, split: Node) -> Node:
    if tree is split:
        return Node(tree.counts)
    if tree.left is None or tree.right is None:
        return tree
    return replace(tree, left=_without(tree.left, split), right=_without(tree.right, split))
