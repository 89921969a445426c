"""How a computed trait is evaluated: a planned measure, or a formula over other traits."""

from __future__ import annotations

from satsuma.evaluation.context import Evaluation, register_evaluator
from satsuma.language.leaves import expression
from satsuma.language.types import Trait
from satsuma.traits.formulas import evaluate_formula


def evaluate_trait(trait: Trait, evaluation: Evaluation) -> None:
    """Compute one trait of everybody."""
    if trait.measure is not None:
        evaluation.columns[trait.name] = evaluation.measure(trait.measure)
        return
    assert trait.formula is not None
    assert trait.type is not None
    evaluation.columns[trait.name] = evaluate_formula(expression(trait.formula), trait.type, evaluation)


register_evaluator(Trait, evaluate_trait)
