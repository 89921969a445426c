"""From groups to rules: fitting on a part, the trade of length against agreement on the rest, and the choice.

Trees of each number of leaves and the list of one short rule per group are fitted on the same rows and compared on rows
held back. Of those that people still read, the shortest is taken whose agreement is as good as the best's, within what
chance explains or a point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.rules.conditions import Atoms, Box, Rule, conjunction_of, meets, simplified, size
from satsuma.statistics.rules.figures import Share, hits_of, share_of, spread
from satsuma.statistics.rules.mistakes import mistake_minimising
from satsuma.statistics.rules.result import Form, GroupRule, Point, Rules
from satsuma.statistics.rules.rounding import rounded_cuts
from satsuma.statistics.rules.rule_list import ShortRules, short_rules
from satsuma.statistics.rules.table import Codes, Floats, Mask, Table, canonical_order, check
from satsuma.statistics.rules.tree import MOST_LEAVES, Node, assigned, atoms_of, boxes_of, family, grown, mapped_cuts

#: Rules are fitted, and lengths compared, on so many rows at most; the chosen ones are counted on all.
SAMPLE = 100_000
#: Short rules are sought among more candidates than a tree's splits, on fewer rows.
SHORT_SAMPLE = 25_000
#: The share of rows that is held back where nobody says which.
HELD_OUT = 0.3
#: Tests for each group beyond which nobody reads a rule: longer ones are taken when they are asked for.
READABLE = 6
#: Agreement that a shorter rule, or rounder cut values, may cost.
POINT, ROUNDING = 0.01, 0.002


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows with their groups, and which of them are held back."""

    table: Table
    codes: Codes
    held: Mask

    def take(self, index: Codes) -> _Rows:
        return _Rows(self.table.take(index), self.codes[index], self.held[index])


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """Rules of one form and length. source : what they were made of."""

    form: Form
    leaves: int
    rules: tuple[Rule, ...]
    after: tuple[Rule, ...]
    order: tuple[int, ...]
    rest: int
    given: Codes
    source: Node | ShortRules

    @property
    def conditions(self) -> int:
        return sum(size(rule) for rule in self.rules)

    @property
    def said(self) -> int:
        """How many groups have a rule of their own."""
        return sum(1 for rule in self.rules if size(rule))


def fit_rules(
    table: Table,
    codes: Codes,
    groups: int,
    *,
    rng: np.random.Generator,
    held_out: Mask | None = None,
    centres: Floats | None = None,
    conditions: int | None = None,
    leaves: int | None = None,
    most_leaves: int = MOST_LEAVES,
) -> Rules:
    """Return the rules that say given groups.

    Parameters
    ----------
    table : n rows. codes : array of int, shape (n,), the group of each, from 0 to groups - 1.
    held_out : rows to hold back; drawn when not given, a share of HELD_OUT.
    centres : array of float, shape (groups, features); with them a tree by mistake minimisation takes part.
    conditions : how many tests there may be at most; chosen when not given.
    leaves : how many leaves the tree may have; chosen when not given.

    Raises
    ------
    CannotEstimate
        With fewer than two groups or without traits.
    """
    codes = np.asarray(codes, np.int64)
    check(table, codes, groups)
    if len(np.unique(codes)) < 2:
        raise CannotEstimate("There is only one group, and nothing to tell it apart from.")
    if not table.features:
        raise CannotEstimate("There are no traits that could tell the groups apart.")
    # Rows are drawn in an order of their own, so that the order given changes nothing.
    order = canonical_order(table, codes)
    held = np.zeros(len(codes), np.bool_)
    if held_out is None:
        held[order[rng.permutation(len(order))[: int(HELD_OUT * len(order))]]] = True
    else:
        held |= held_out
    if held.all():
        raise CannotEstimate("All rows are held back, and none is left to fit rules on.")
    fitted, rest = (_drawn(part, rng, SAMPLE) for part in (order[~held[order]], order[held[order]]))
    everything = _Rows(table, codes, held)
    sample, seen = everything.take(fitted), everything.take(np.concatenate([fitted, rest]))
    short = everything.take(_drawn(fitted, rng, SHORT_SAMPLE))
    candidates = _trees(everything.table, seen, sample, groups, centres, most_leaves)
    candidates.append(_of_list(short_rules(short.table, short.codes, groups), seen.table, sample, groups))
    points = [_point(candidate, seen) for candidate in candidates]
    base = _base(seen, groups)
    place = _chosen(points, candidates, base, conditions, leaves)
    best = _finished(candidates[place], everything, sample, groups)
    points[place] = _point(best, everything, chosen=True)
    spare = next(candidate for candidate in candidates if candidate.form == "list")
    return _result(best, spare, everything, groups, points)


def _drawn(rows: Codes, rng: np.random.Generator, most: int) -> Codes:
    return rows if len(rows) <= most else rows[np.sort(rng.permutation(len(rows))[:most])]


# --------------------------------------------------------------------------------------------------------- candidates


def _trees(
    whole: Table, seen: _Rows, sample: _Rows, groups: int, centres: Floats | None, most: int
) -> list[_Candidate]:
    tree = grown(sample.table, sample.codes, groups, leaves=most)
    trees: list[tuple[Form, int, Node]] = [("tree", leaves, node) for leaves, node in family(tree).items()]
    if centres is not None:
        # The other forms need neither numbers alone nor centres that differ.
        with suppress(CannotEstimate):
            trees.append(("mistakes", groups, mistake_minimising(sample.table, sample.codes, centres)))
    if not trees:
        trees.append(("tree", 1, Node(tree.counts)))
    return [_of_tree(form, node, leaves, whole, seen.table, groups) for form, leaves, node in trees]


def _of_tree(form: Form, tree: Node, leaves: int, whole: Table, rows: Table, groups: int) -> _Candidate:
    """Return a tree as the rules of its groups.

    Parameters
    ----------
    leaves : that it was allowed, before leaves that agree were joined.
    whole : everybody, who say where values are missing. rows : those who are given a group.
    """
    atoms = atoms_of([(split.feature or 0, split.cut) for split in tree.splits()], whole)
    lean = [simplified(boxes, atoms) for boxes in boxes_of(tree, atoms)]
    rules = tuple(_rule(boxes, atoms) for boxes in lean)
    # Short rules come first, so that others may lean on them; the longest has the rest and need not be said.
    *order, rest = sorted(
        (group for group in range(groups) if rules[group]), key=lambda group: (size(rules[group]), group)
    )
    after, before = list(rules), list[Box]()
    for group in order:
        after[group] = _rule(simplified(lean[group], atoms, before), atoms)
        before += lean[group]
    return _Candidate(form, leaves, rules, tuple(after), tuple(order), rest, assigned(tree, rows), tree)


def _rule(boxes: Sequence[Box], atoms: Sequence[Atoms]) -> Rule:
    """Return boxes as tests, the shortest first."""
    return tuple(sorted((conjunction_of(box, atoms) for box in boxes), key=len))


def _of_list(found: ShortRules, rows: Table, sample: _Rows, groups: int) -> _Candidate:
    """Return short rules in the order of their precision; the group that is left most often has whom none takes."""
    rules = tuple(() if rule is None else (rule,) for rule in found.rules)
    taken = [meets(rule, sample.table) for rule in rules]
    precise = [hits_of(mask, sample.codes == group).precision or 0.0 for group, mask in enumerate(taken)]
    left = ~np.logical_or.reduce(taken)
    rest = int(np.argmax(np.bincount(sample.codes[left] if left.any() else sample.codes, minlength=groups)))
    asked = [group for group in range(groups) if rules[group] and group != rest]
    order = tuple(sorted(asked, key=lambda group: (-precise[group], group)))
    given = np.full(len(rows), rest, np.int64)
    for group in reversed(order):
        given[meets(rules[group], rows)] = group
    return _Candidate("list", sum(map(bool, rules)), rules, rules, order, rest, given, found)


# ----------------------------------------------------------------------------------------------------------- choosing


def _point(candidate: _Candidate, rows: _Rows, *, chosen: bool = False) -> Point:
    right = candidate.given == rows.codes
    train, held = (share_of(int(right[part].sum()), int(part.sum())) for part in (~rows.held, rows.held))
    return Point(candidate.form, candidate.leaves, candidate.conditions, train, held, chosen)


def _base(rows: _Rows, groups: int) -> Share:
    """Return the agreement of calling everybody the group that is largest among the rows fitted on."""
    largest = int(np.argmax(np.bincount(rows.codes[~rows.held], minlength=groups)))
    part = rows.codes[rows.held] if rows.held.any() else rows.codes
    return share_of(int((part == largest).sum()), len(part))


def _share(point: Point) -> float:
    return -1.0 if point.agreement.share is None else point.agreement.share


def _chosen(
    points: Sequence[Point], candidates: Sequence[_Candidate], base: Share, conditions: int | None, leaves: int | None
) -> int:
    """Return the place of the shortest of those that are as good as the best, within a standard error or a point."""
    open_ = list(range(len(points)))
    longest = READABLE * len(candidates[0].rules)
    if leaves is not None:
        trees = [place for place in open_ if points[place].form == "tree"]
        small = [place for place in trees if points[place].leaves <= leaves] or trees[:1]
        open_ = [max(small, key=lambda place: points[place].leaves)]
    if conditions is not None:
        fewest = min(points[place].conditions for place in open_)
        open_ = [place for place in open_ if points[place].conditions <= max(conditions, fewest)]
        # Who names a length wants the best of that length.
        return max(open_, key=lambda place: (_share(points[place]), -points[place].conditions))
    if leaves is None:
        open_ = [place for place in open_ if points[place].conditions <= longest] or open_
    best = points[max(open_, key=lambda place: _share(points[place]))]
    share = _share(best)
    error = math.sqrt(max(share * (1 - share), 0.0) / max(best.agreement.rows, 1))
    good = [place for place in open_ if _share(points[place]) >= share - max(POINT, error)]
    # A group without a rule cannot become a segment: a rule for each comes first, as far as there is one. Where nothing
    # tells the groups apart, a rule would only be longer.
    if (best.agreement.low or 0.0) > (base.share or 0.0):
        said = max(candidates[place].said for place in good)
        good = [place for place in good if candidates[place].said == said]
    return min(good, key=lambda place: (points[place].conditions, -_share(points[place]), place))


def _finished(candidate: _Candidate, rows: _Rows, sample: _Rows, groups: int) -> _Candidate:
    """Return a candidate for all rows, with easier cut values where they cost next to nothing."""
    if isinstance(candidate.source, ShortRules):
        return _of_list(candidate.source, rows.table, sample, groups)
    tree = candidate.source
    cuts = [(split.feature or 0, split.cut) for split in tree.splits() if split.cut is not None]

    def agreement(changed: dict[tuple[int, float], float]) -> float:
        return float((assigned(mapped_cuts(tree, changed), sample.table) == sample.codes).mean())

    tree = mapped_cuts(tree, rounded_cuts(cuts, rows.table.features, agreement, loss=ROUNDING))
    return _of_tree(candidate.form, tree, candidate.leaves, rows.table, rows.table, groups)


def _result(best: _Candidate, spare: _Candidate, rows: _Rows, groups: int, points: Sequence[Point]) -> Rules:
    found = []
    for group in range(groups):
        # A group that the tree never names still has its one short rule.
        rule = best.rules[group] or spare.rules[group]
        taken, members = meets(rule, rows.table), rows.codes == group
        held = hits_of(taken[rows.held], members[rows.held])
        found.append(GroupRule(group, rule, best.after[group] or rule, hits_of(taken, members), held))
    before, after = spread(rows.table, rows.codes), spread(rows.table, best.given)
    chosen = next(point for point in points if point.chosen)
    return Rules(
        form=best.form,
        groups=tuple(found),
        order=best.order,
        rest=best.rest,
        given=best.given,
        train=chosen.train,
        held_out=chosen.held_out,
        base=_base(rows, groups),
        cost=after / before if before and after is not None else None,
        curve=tuple(sorted(points, key=lambda point: (point.conditions, point.leaves, point.form))),
    )
