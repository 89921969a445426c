"""Leaves on loaded traits, answered before the definitions that ask them: many at a time, and texts word by word."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from satsuma.evaluation.algebra import members
from satsuma.evaluation.columns import Bits, Column, pack
from satsuma.evaluation.compare import word_passes
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.scan import WORKERS
from satsuma.language.leaves import asked_leaves, conditions
from satsuma.language.operators import PRESENCE
from satsuma.language.types import Definition, Entity, TraitLeaf, TraitRef

#: With more distinct texts than this, a set of customers for each would cost more than it saves.
MOST_WORDS = 100
#: Fewer leaves on a text than this are answered one by one.
FEWEST_LEAVES = 4


def answer_ahead(evaluation: Evaluation, definitions: Iterable[Definition]) -> None:
    """Answer every leaf that asks about loaded traits alone; computed ones wait for their definitions."""
    asked: dict[Entity, dict[TraitLeaf, None]] = {"customer": {}, "account": {}}
    catalog = evaluation.checked.vocabulary.catalog
    for definition in definitions:
        for condition in conditions(definition):
            for entity, leaf in asked_leaves(condition, definition.entity):
                if isinstance(leaf, TraitLeaf) and leaf.trait in catalog.traits and not _compares_traits(leaf):
                    asked[entity].setdefault(leaf)
    for entity, leaves in asked.items():
        if leaves:
            _answer_all(evaluation.of(entity), list(leaves))


def _compares_traits(leaf: TraitLeaf) -> bool:
    return isinstance(leaf.test.operand, TraitRef)


def _answer_all(evaluation: Evaluation, leaves: list[TraitLeaf]) -> None:
    by_trait: dict[str, list[TraitLeaf]] = {}
    for leaf in leaves:
        if leaf not in evaluation.answers:
            by_trait.setdefault(leaf.trait, []).append(leaf)
    rest: list[TraitLeaf] = []
    for trait, asked in by_trait.items():
        # Read here, one after the other: the engine's connection serves one thread.
        column = evaluation.column(trait)
        if column.type == "text" and len(column.words) <= MOST_WORDS and len(asked) >= FEWEST_LEAVES:
            rest.extend(_answer_by_words(evaluation, column, asked))
        else:
            rest.extend(asked)
    with ThreadPoolExecutor(WORKERS) as pool:
        # NumPy compares without the interpreter's lock; each answer is kept where `members` looks for it.
        list(pool.map(partial(members, evaluation=evaluation), rest))


def _answer_by_words(evaluation: Evaluation, column: Column, leaves: list[TraitLeaf]) -> list[TraitLeaf]:
    """Answer leaves on a text of few words as unions of the customers with each word; return the others."""
    known = pack(column.present)
    with_word = [pack((column.values == code) & column.present) for code in range(len(column.words))]
    rest = []
    for leaf in leaves:
        if leaf.test.operator in PRESENCE:
            rest.append(leaf)
            continue
        found: Bits = np.zeros_like(known)
        for code in np.flatnonzero(word_passes(leaf.test, column.words)).tolist():
            found |= with_word[code]
        if leaf.test.missing_matches:
            found |= ~known
        evaluation.answers[leaf] = found & evaluation.everybody
    return rest
