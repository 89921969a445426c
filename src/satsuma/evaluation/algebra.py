"""Conditions as sets of customers: leaves give packed bits, groups are set algebra on them.

Every answer lies within the population, so that `not` is its exact complement (rule S2).
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import reduce, singledispatch

import numpy as np

from satsuma.errors import EvaluationError
from satsuma.evaluation.columns import Bits, Column, Mask, pack, unpack
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.consents import decided
from satsuma.evaluation.context import Evaluation, register_evaluator
from satsuma.evaluation.draws import draws
from satsuma.evaluation.roster import memberships
from satsuma.language.leaves import leaves
from satsuma.language.types import (
    AccountLeaf,
    Condition,
    ConsentLeaf,
    EventLeaf,
    Group,
    LabelLeaf,
    ListLeaf,
    Not,
    PercentileLeaf,
    RandomLeaf,
    RankLeaf,
    Segment,
    SegmentLeaf,
    SequenceLeaf,
    TraitLeaf,
    TraitRef,
)


def members(condition: Condition, evaluation: Evaluation) -> Bits:
    """Return who meets a condition, within the population."""
    if isinstance(condition, Group):
        parts = [members(inner, evaluation) for inner in condition.conditions]
        joined = reduce(np.bitwise_and if condition.word == "all" else np.bitwise_or, parts)
        return evaluation.everybody & ~joined if condition.word == "none" else joined
    if isinstance(condition, Not):
        return evaluation.everybody & ~members(condition.condition, evaluation)
    if condition not in evaluation.answers:
        evaluation.answers[condition] = answer(condition, evaluation) & evaluation.everybody
    return evaluation.answers[condition]


@singledispatch
def answer(leaf: object, evaluation: Evaluation) -> Bits:  # noqa: ARG001  each registered kind reads it
    """Return who passes one leaf; bits outside the population are dropped by the caller."""
    raise EvaluationError(f"A condition of the kind {type(leaf).__name__} cannot be run.")


@answer.register
def _(leaf: TraitLeaf, evaluation: Evaluation) -> Bits:
    operand = leaf.test.operand
    other = evaluation.column(operand.trait) if isinstance(operand, TraitRef) else None
    return pack(test_column(leaf.test, evaluation.column(leaf.trait), evaluation.moment, other))


@answer.register(EventLeaf)
@answer.register(SequenceLeaf)
def _(leaf: EventLeaf | SequenceLeaf, evaluation: Evaluation) -> Bits:
    return evaluation.measured.leaves[leaf]


@answer.register
def _(leaf: SegmentLeaf, evaluation: Evaluation) -> Bits:
    found = evaluation.members[leaf.segment]
    return ~found if leaf.negated else found


@answer.register
def _(leaf: LabelLeaf, evaluation: Evaluation) -> Bits:
    labels = evaluation.labels[leaf.segmentation]
    codes = [code for code, name in enumerate(labels.names) if name in leaf.labels]
    found = np.isin(labels.codes, codes)
    return pack(~found if leaf.negated else found)


@answer.register
def _(leaf: ListLeaf, evaluation: Evaluation) -> Bits:
    from satsuma.evaluation.lists import listed

    return pack(listed(leaf.list, evaluation))


@answer.register
def _(leaf: ConsentLeaf, evaluation: Evaluation) -> Bits:
    return pack(decided(leaf, evaluation))


@answer.register
def _(leaf: RandomLeaf, evaluation: Evaluation) -> Bits:
    """The first 8 bytes of md5("salt:customer_id") as a fraction (rule S11a): the same draw on every engine."""
    column = evaluation.ids
    places = np.flatnonzero(evaluation.population & column.present)
    # A whole number is below a fraction when it is below the next whole number.
    below = math.ceil(leaf.percent / 100 * Decimal(2**64))
    drawn = np.zeros(evaluation.size, np.bool_)
    drawn[places] = True if below >= 2**64 else draws(column, places, leaf.salt) < np.uint64(below)
    return pack(drawn)


#: A trait named account_id links nobody; without a word, `any` would be nobody and `none` everybody.
_UNLINKED = (
    "A condition asks about accounts, but no customer is linked to one. "
    "Load a file with the columns account_id and customer_id: satsuma load FILE --as accounts"
)


def _warn_of_no_links(links: int, evaluation: Evaluation) -> None:
    if not links and _UNLINKED not in evaluation.warnings:
        evaluation.warnings.append(_UNLINKED)


@answer.register
def _(leaf: AccountLeaf, evaluation: Evaluation) -> Bits:
    """Ask a customer's accounts: `all` needs at least one, `none` accepts zero (rule S11a).

    Only accounts of the population at the moment count; an account that is not there yet is no account.
    """
    accounts = evaluation.of("account")
    meets = unpack(members(leaf.condition, accounts), accounts.size)
    counted = accounts.population
    linked = memberships(evaluation.engine)
    _warn_of_no_links(linked.num_rows, evaluation)
    people = linked.column("customer_no").to_numpy().astype(np.int64)
    numbers = linked.column("place").to_numpy().astype(np.int64)
    if evaluation.roster.numbers is not None:
        here = np.isin(people, evaluation.roster.numbers)
        people, numbers = np.searchsorted(evaluation.roster.numbers, people[here]), numbers[here]
    if accounts.roster.numbers is not None:
        here = np.isin(numbers, accounts.roster.numbers)
        people, numbers = people[here], np.searchsorted(accounts.roster.numbers, numbers[here])
    total = np.bincount(people[counted[numbers]], minlength=evaluation.size)
    met = np.bincount(people[meets[numbers]], minlength=evaluation.size)
    if leaf.quantifier == "any":
        return pack(met > 0)
    return pack(met == 0) if leaf.quantifier == "none" else pack((met == total) & (total > 0))


# ------------------------------------------------------------------------------------------------------------- ranks


def ranked(leaf: RankLeaf | PercentileLeaf, evaluation: Evaluation) -> tuple[Column, Mask]:
    """Return the trait, and the population that is ranked: those with a value, among whom the leaf says (rule S11)."""
    column = evaluation.column(leaf.trait)
    mask = column.present & evaluation.population
    if leaf.among is not None:
        mask &= unpack(members(leaf.among, evaluation), evaluation.size)
    return column, mask


@answer.register
def _(leaf: RankLeaf, evaluation: Evaluation) -> Bits:
    column, mask = ranked(leaf, evaluation)
    values = column.values[mask]
    total = len(values)
    wanted = wanted_of(leaf, total)
    if wanted == 0:
        return pack(np.zeros(evaluation.size, np.bool_))
    ordered = np.sort(values)
    top = leaf.end == "top"
    border = ordered[total - wanted] if top else ordered[wanted - 1]
    chosen = values >= border if top else values <= border
    if leaf.ties == "exclude" and int(chosen.sum()) > wanted:
        # The tied ones at the border would make it more than were asked for: none of them is taken.
        chosen = values > border if top else values < border
    result = np.zeros(evaluation.size, np.bool_)
    result[mask] = chosen
    return pack(result)


def wanted_of(leaf: RankLeaf, total: int) -> int:
    """Return how many of so many a rank asks for: n, or ceil(p * n) (rule S11)."""
    if leaf.count is not None:
        return min(leaf.count, total)
    assert leaf.percent is not None
    numerator, denominator = (leaf.percent / 100).as_integer_ratio()
    return min(-(-total * numerator // denominator), total)


@answer.register
def _(leaf: PercentileLeaf, evaluation: Evaluation) -> Bits:
    column, mask = ranked(leaf, evaluation)
    values = column.values[mask]
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    # 100 (below + equal / 2) / n, in halves of a person so that the comparison is exact.
    halves = 100.0 * (below + upto) / max(2 * len(values), 1)
    percentile = np.zeros(evaluation.size, np.float64)
    percentile[mask] = halves
    return pack(test_column(leaf.test, Column("number", percentile, mask), evaluation.moment))


# ---------------------------------------------------------------------------------------------------------- segments


def evaluate_segment(segment: Segment, evaluation: Evaluation) -> None:
    """Compute who is in a segment."""
    asks_events = any(isinstance(leaf, (EventLeaf, SequenceLeaf)) for leaf in leaves(segment.where))
    if segment.entity == "account" and asks_events:
        places = evaluation.roster.places
        _warn_of_no_links(0 if places is None else places.num_rows, evaluation)
    evaluation.members[segment.name] = members(segment.where, evaluation)


register_evaluator(Segment, evaluate_segment)
