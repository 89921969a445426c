"""`has_been`, `changed`, `entered` and `left`: exact for loaded traits, once a day for what is computed (rule S8)."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import numpy as np

from satsuma.evaluation.algebra import answer
from satsuma.evaluation.columns import Bits, Column, Mask, pack
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.past import Past
from satsuma.evaluation.trait_states import TraitStates, trait_states
from satsuma.language.history import EVER, HistoryLeaf, decided_since
from satsuma.language.types import ChangedLeaf, HeldLeaf, MovedLeaf


@answer.register(HeldLeaf)
@answer.register(ChangedLeaf)
@answer.register(MovedLeaf)
def _(leaf: HistoryLeaf, evaluation: Evaluation) -> Bits:
    past = evaluation.past
    assert past is not None
    if past.is_on_grid(leaf):
        return _on_grid(leaf, past, evaluation)
    assert not isinstance(leaf, MovedLeaf)
    states = _states(leaf, evaluation)
    return pack(_held(leaf, states, evaluation) if isinstance(leaf, HeldLeaf) else _changed(leaf, states, evaluation))


def _on_grid(leaf: HistoryLeaf, past: Past, evaluation: Evaluation) -> Bits:
    steps = past.steps(leaf, evaluation)
    if not isinstance(leaf, HeldLeaf):
        return reduce(np.bitwise_or, steps, np.zeros_like(evaluation.everybody))
    longer = reduce(np.bitwise_and, steps)
    # Not for so long: it passes now, and not at all of the points back to then.
    return longer if leaf.operator in ("gte", "gt") else steps[-1] & ~longer


# ------------------------------------------------------------------------------------------------------ loaded traits


def _states(leaf: HeldLeaf | ChangedLeaf, evaluation: Evaluation) -> TraitStates:
    return trait_states(evaluation.engine, leaf.name, evaluation.column(leaf.name).type, evaluation.as_of,
                        evaluation.roster)  # fmt: skip


def _held(leaf: HeldLeaf, states: TraitStates, evaluation: Evaluation) -> Mask:
    """Compare how long the value has passed: since the state after the last one that did not, or since ever."""
    now, as_of = test_column(leaf.test, evaluation.column(leaf.name), evaluation.moment), evaluation.moment.as_of
    failed = np.flatnonzero(~test_column(leaf.test, states.values, evaluation.moment))
    # A state that is followed by another of the same customer; of several the last one stays.
    failed = failed[np.append(states.place[1:] == states.place[:-1], False)[failed]]
    since = np.full(evaluation.size, EVER, np.int64)
    since[states.place[failed]] = states.since[failed + 1]
    length = as_of - since
    compare = {"gte": np.greater_equal, "gt": np.greater, "lte": np.less_equal, "lt": np.less}[leaf.operator]
    return np.asarray(now & compare(length, leaf.length), np.bool_)


def _changed(leaf: ChangedLeaf, states: TraitStates, evaluation: Evaluation) -> Mask:
    """Say whose value became another after the moment that decides."""
    follows = states.place[1:] == states.place[:-1]
    happened = follows & (states.since[1:] > decided_since(leaf, evaluation.moment.as_of)) & _differs(states.values)
    if leaf.before is not None:
        happened &= test_column(leaf.before, states.values, evaluation.moment)[:-1]
    if leaf.after is not None:
        happened &= test_column(leaf.after, states.values, evaluation.moment)[1:]
    changed = np.zeros(evaluation.size, np.bool_)
    changed[states.place[1:][happened]] = True
    return changed


def _differs(column: Column) -> Mask:
    """Say which values, from the second on, are not the same as the one before; missing is a value of its own."""
    present = column.present
    if column.type == "list":
        values = [column.python(number) for number in range(len(column))]
        unlike: Mask = np.array([first != second for first, second in pairwise(values)], np.bool_)
    else:
        unlike = np.asarray(column.values[1:] != column.values[:-1], np.bool_)
        if column.type == "location":
            unlike = np.logical_or(unlike[:, 0], unlike[:, 1])
    return np.asarray((present[1:] != present[:-1]) | (present[1:] & unlike), np.bool_)
