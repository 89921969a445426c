"""Statements that pass: found on one half, corrected for everything that was tried, and true of the other half.

1. Each statement compares a group with all others, on the first half of the customers.
2. The p values of all statements of all groups are corrected together (Benjamini & Hochberg 1995).
3. Left are those below `level` whose effect is of `effect` at least.
4. On the held-out half the effect must have the same sign, at least half the size, and a p value below `level`.
5. Every cell behind it (members with and without, others with and without) holds at least `least` customers: fewer
   could be recognised, and no test of shares holds for them.

References
----------
Benjamini & Hochberg (1995), Controlling the False Discovery Rate, JRSS B 57, 289-300. Monroe, Colaresi & Quinn (2008),
Fightin' Words, Political Analysis 16(4), 372-403. Chinn (2000), A Simple Method for Converting an Odds Ratio to Effect
Size, Statistics in Medicine 19, 3127-3131.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.effects.sizes import adjusted, index_of
from satsuma.statistics.statements.questions import Amounts, Mask, Question, Shares
from satsuma.statistics.statements.tallies import Compared, Groups

Floats = NDArray[np.float64]
Statistic = Literal["share", "part", "median", "mean"]

#: ln(odds ratio) x this is a standardised difference (Chinn 2000).
TO_D = float(np.sqrt(3) / np.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a statement has to be.

    level : of the corrected p value on the first half, and of the p value on the other. effect : the least |h| or |d|.
    rare_effect : the least |d| from log-odds under the prior of a part too small for `effect`; such a part must be
        `rare_share` of one side at least. least : the fewest customers in any cell.
    """

    level: float = 0.05
    effect: float = 0.2
    rare_effect: float = 0.5
    rare_share: float = 0.01
    least: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One comparison of a group with all others.

    question, level : what it is about, by position.
    statistic : what `here`, `others` and `everybody` are: the share of customers who have it, the mean part of it in
        what a customer does, the median amount, or the mean where the medians do not differ.
    index : here / everybody x 100; None of amounts.
    n, others_n : of how many it is known. count, others_count : how many have any.
    effect, low, high : over everybody, with its 95 % interval. log_odds : of parts, under the prior.
    p, p_adjusted : on the first half, alone and corrected for all that was tried; None of what was not tested.
    first, held_out : the effect on the two halves. held_out_here, held_out_others, held_out_p : of the other half.
    """

    question: int
    level: int
    statistic: Statistic
    here: float
    others: float
    everybody: float
    index: float | None
    n: int
    others_n: int
    count: int
    others_count: int
    effect: float
    low: float
    high: float
    log_odds: float | None
    p: float | None
    p_adjusted: float | None
    first: float
    held_out: float
    held_out_here: float | None
    held_out_others: float | None
    held_out_p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What can be said of one group.

    passed : statements that passed, the largest effect first. by_definition : the largest of each question that the
        group was made from; these were not tested.
    tried : how many statements were tested. significant : how many of them differ on the first half, corrected and of
        the size asked for. confirmed : how many of these hold on the other half.
    """

    passed: tuple[Statement, ...]
    by_definition: tuple[Statement, ...]
    tried: int
    significant: int
    confirmed: int


def find_statements(
    questions: Sequence[Question], members: Mask, held_out: Mask, by_definition: Mask, *, rules: Rules | None = None
) -> list[Findings]:
    """Return what can be said of each group.

    Parameters
    ----------
    questions : what is asked of the customers.
    members : array of bool, shape (groups, n)
    held_out : array of bool, shape (n,); about half of the customers, chosen without looking at them.
    by_definition : array of bool, shape (groups, questions); which questions a group was made from.
    """
    rules = rules or Rules()
    groups = Groups(members, held_out)
    asked = [_Asked(number, item, *groups.compare(item), rules=rules) for number, item in enumerate(questions)]
    tested = [item.can_be_tested & ~by_definition[:, item.number, None] for item in asked]
    p = [np.where(mask, item.first.p, np.nan) for item, mask in zip(asked, tested, strict=True)]
    flat = adjusted(np.concatenate([each.ravel() for each in p])) if p else np.zeros(0)
    ends = np.cumsum([each.size for each in p])
    corrected = [part.reshape(each.shape) for part, each in zip(np.split(flat, ends[:-1]), p, strict=True)] if p else []
    found = []
    for group in range(members.shape[0]):
        passed: list[Statement] = []
        given: list[Statement] = []
        tried = significant = confirmed = 0
        for item, q, mask in zip(asked, corrected, tested, strict=True):
            if by_definition[group, item.number]:
                given.extend(item.largest(group))
                continue
            tried += int(mask[group].sum())
            differs = item.is_worth_saying(group) & (q[group] < rules.level)
            holds = differs & item.is_confirmed(group)
            significant, confirmed = significant + int(differs.sum()), confirmed + int(holds.sum())
            shown = np.flatnonzero(holds & item.is_large_enough[group])
            passed.extend(item.statement(group, int(level), float(q[group, level])) for level in shown)
        both = (_in_size(questions, members[group], held_out, each) for each in (passed, given))
        passed, given = both
        found.append(
            Findings(
                passed=tuple(passed),
                by_definition=tuple(given),
                tried=tried,
                significant=significant,
                confirmed=confirmed,
            )
        )
    return found


class _Asked:
    """One question, compared for all groups."""

    def __init__(
        self, number: int, question: Question, first: Compared, other: Compared, whole: Compared, *, rules: Rules
    ) -> None:
        self.number, self.question, self.rules = number, question, rules
        self.first, self.other, self.whole = first, other, whole
        cells = [whole.count, whole.others_count]
        if isinstance(question, Shares) and not question.is_split:
            cells += [whole.n - whole.count, whole.others_n - whole.others_count]
        self.is_large_enough = np.min(cells, axis=0) >= rules.least
        # Whether it is tested at all depends on everybody alone, never on how the groups differ.
        everybody = whole.count + whole.others_count
        without = whole.n + whole.others_n - everybody
        many = everybody >= 2 * rules.least
        if isinstance(question, Shares):
            many &= question.tested
            if not question.is_split:
                many &= without >= 2 * rules.least
        self.can_be_tested: Mask = many & (np.minimum(whole.n, whole.others_n) >= rules.least) & ~np.isnan(first.p)

    def is_worth_saying(self, group: int) -> Mask:
        """Say which levels differ enough on the first half."""
        found = self.first
        large: Mask = np.abs(found.effect[group]) >= self.rules.effect
        if isinstance(self.question, Amounts) or not self.question.is_split:
            return large
        rare = np.abs(found.log_odds[group]) * TO_D >= self.rules.rare_effect
        rare &= np.maximum(found.here[group], found.others[group]) >= self.rules.rare_share
        sure = np.abs(found.log_odds_z[group]) >= 1.96
        same = np.sign(found.log_odds[group]) == np.sign(found.effect[group])
        return np.asarray((large | rare) & sure & same)

    def is_confirmed(self, group: int) -> Mask:
        """Say which levels differ on the other half as on the first."""
        first, other = self.first.effect[group], self.other.effect[group]
        same = np.sign(first) == np.sign(other)
        return np.asarray(same & (np.abs(other) >= np.abs(first) / 2) & (self.other.p[group] < self.rules.level))

    def largest(self, group: int) -> list[Statement]:
        """Return the level that differs most, where it differs enough, of enough customers to be spoken of."""
        effect = np.where(self.is_large_enough[group], np.abs(self.whole.effect[group]), np.nan)
        if isinstance(self.question, Shares):
            effect[~self.question.tested] = np.nan
        if np.isnan(effect).all() or np.nanmax(effect) < self.rules.effect:
            return []
        return [self.statement(group, int(np.nanargmax(effect)), None)]

    def statement(self, group: int, level: int, q: float | None) -> Statement:
        """Return one comparison; that of a question which the group was made from has no p values."""
        at = (group, level)
        whole, is_amount = self.whole, isinstance(self.question, Amounts)
        n, others_n = whole.n[at], whole.others_n[at]
        everybody = (whole.here[at] * n + whole.others[at] * others_n) / max(n + others_n, 1)
        is_tested = q is not None
        return Statement(
            question=self.number,
            level=level,
            statistic="median" if is_amount else "part" if _is_split(self.question) else "share",
            here=float(whole.here[at]),
            others=float(whole.others[at]),
            everybody=float(everybody),
            index=None if is_amount else _known(100 * index_of(whole.here[at], everybody)),
            n=int(n),
            others_n=int(others_n),
            count=int(whole.count[at]),
            others_count=int(whole.others_count[at]),
            effect=float(whole.effect[at]),
            low=float(whole.low[at]),
            high=float(whole.high[at]),
            log_odds=_known(whole.log_odds[at]),
            p=float(self.first.p[at]) if is_tested else None,
            p_adjusted=q,
            first=float(self.first.effect[at]),
            held_out=float(self.other.effect[at]),
            held_out_here=None if is_amount else _known(self.other.here[at]),
            held_out_others=None if is_amount else _known(self.other.others[at]),
            held_out_p=_known(self.other.p[at]) if is_tested else None,
        )


def _is_split(question: Question) -> bool:
    return isinstance(question, Shares) and question.is_split


def _known(value: float | Floats) -> float | None:
    return None if np.isnan(value) else float(value)


def _in_size(questions: Sequence[Question], members: Mask, held_out: Mask, found: list[Statement]) -> list[Statement]:
    """Return statements, the largest effect first, with the amounts that people read."""
    read = (_with_amounts(item, questions[item.question], members, held_out) for item in found)
    return sorted((item for item in read if item), key=lambda item: (-abs(item.effect), item.question, item.level))


def _with_amounts(statement: Statement, question: Question, members: Mask, held_out: Mask) -> Statement | None:
    """Return a statement about amounts with medians, or means where the medians do not differ.

    None where both go the other way than the ranks do: what a few customers have would be read as true of most.
    """
    if not isinstance(question, Amounts):
        return statement
    known = ~np.isnan(question.values)
    sides = (members, ~members, np.ones(len(members), np.bool_), members & held_out, ~members & held_out)
    parts = [question.values[known & side] for side in sides]
    for statistic, of in (("median", np.median), ("mean", np.mean)):
        here, others, everybody, held_here, held_others = (float(of(part)) if len(part) else np.nan for part in parts)
        if here != others and (here > others) == (statement.effect > 0):
            return replace(
                statement, statistic="median" if statistic == "median" else "mean", here=here, others=others,
                everybody=everybody, held_out_here=_known(held_here), held_out_others=_known(held_others),
            )  # fmt: skip
    return None
