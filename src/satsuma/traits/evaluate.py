"""How a computed trait is evaluated: a planned measure, a formula over other traits, or what was learned."""

from __future__ import annotations

from satsuma.evaluation.context import Evaluation, register_evaluator
from satsuma.language.leaves import expression
from satsuma.language.types import Trait
from satsuma.traits.formulas import evaluate_formula
from satsuma.traits.learned import LEARNERS


def evaluate_trait(trait: Trait, evaluation: Evaluation) -> None:
    """Compute one trait of everybody."""
    if trait.measure is not None:
        evaluation.columns[trait.name] = evaluation.measure(trait.measure)
        return
    if trait.way is not None:
        evaluation.columns[trait.name] = LEARNERS[trait.way](trait, evaluation)
        return
    assert trait.formula is not None
    assert trait.type is not None
    evaluation.columns[trait.name] = evaluate_formula(expression(trait.formula), trait.type, evaluation)


register_evaluator(Trait, evaluate_trait)
