"""One evaluation: the moment, the population, and everything computed so far, each once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.engine import Engine
from satsuma.errors import EvaluationError
from satsuma.evaluation.columns import Bits, Column, Mask, pack
from satsuma.evaluation.measures import MeasureResults
from satsuma.evaluation.population import loaded_trait, population
from satsuma.evaluation.roster import TABLES, Roster
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import BUILT_IN_TRAITS, Checked
from satsuma.language.moments import Moment
from satsuma.language.types import Entity, Measure

if TYPE_CHECKING:
    from satsuma.evaluation.past import Past


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One label per customer: `codes` index `names`; -1 outside the population."""

    names: tuple[str, ...]
    codes: NDArray[np.int16]
    #: What the method fitted (cut points, shares), kept as the segmentation's model; None when nothing was fitted.
    model: Mapping[str, Any] | None = None
    refitted: bool = False
    #: Scores behind the labels, by name (`recency`, `frequency`, ...): 0 where a customer has none.
    scores: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)
    #: What else is told of each label, in the order of names; empty where there is nothing.
    facts: Sequence[Mapping[str, Any]] = ()


def stored_name(name: str) -> str:
    """Return the name under which a run keeps the model of learned traits; segmentations keep theirs by their own."""
    return f"learned/{name}"


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What was learned for traits, to be kept as a model.

    traits : those whose values come from a fit that was made in this evaluation.
    """

    model: Mapping[str, Any]
    traits: frozenset[str] = frozenset()


@dataclass(slots=True)
class Evaluation:
    """The state of one evaluation; later definitions read what earlier ones left here."""

    engine: Engine
    checked: Checked
    as_of: AsOf
    roster: Roster
    population: Mask
    everybody: Bits
    measured: MeasureResults = field(default_factory=lambda: MeasureResults({}, {}))
    lists_folder: Path | None = None
    #: Kept models of segmentations by name, with the digest of the definition that they were fitted for.
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: What is to be fitted anew: everything, or models by name.
    refit: bool | Collection[str] = False
    fits: dict[str, Fit] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    members: dict[str, Bits] = field(default_factory=dict)
    answers: dict[Any, Bits] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    #: The accounts, evaluated at the same moment, where a definition asks about them.
    accounts: Evaluation | None = None
    #: What is computed as it was before, for the conditions that ask it.
    past: Past | None = None

    @property
    def size(self) -> int:
        """The length of every array: one more than the highest place."""
        return self.roster.size

    def wants_fit(self, name: str) -> bool:
        """Say whether the model of this name is to be fitted anew."""
        return self.refit if isinstance(self.refit, bool) else name in self.refit

    def of(self, entity: Entity) -> Evaluation:
        """Return the evaluation of customers or of accounts."""
        if entity == self.roster.entity:
            return self
        assert self.accounts is not None
        return self.accounts

    @property
    def ids(self) -> Column:
        """The customer_id (or account_id) of everybody."""
        return self.column(TABLES[self.roster.entity][2])

    @property
    def moment(self) -> Moment:
        return self.as_of.moment

    def column(self, trait: str) -> Column:
        """Return a trait of everybody, loaded from the warehouse or computed before."""
        if trait not in self.columns:
            type_ = BUILT_IN_TRAITS[self.roster.entity].get(trait) or self.checked.vocabulary.catalog.traits[trait].type
            self.columns[trait] = loaded_trait(self.engine, trait, type_, self.as_of, self.roster)
        return self.columns[trait]

    def measure(self, measure: Measure) -> Column:
        """Return a measure that was planned as a column."""
        return self.measured.columns[measure]


def open_evaluation(
    engine: Engine, checked: Checked, as_of: AsOf, roster: Roster, *, lists_folder: Path | None = None,
    refit: bool | Collection[str] = False, models: Mapping[str, Mapping[str, Any]] | None = None,
) -> Evaluation:  # fmt: skip
    """Begin an evaluation: find out who there is."""
    mask = population(engine, as_of, roster)
    return Evaluation(
        engine=engine, checked=checked, as_of=as_of, roster=roster, population=mask, everybody=pack(mask),
        lists_folder=lists_folder, refit=refit, models=models or {},
    )  # fmt: skip


#: How definitions of later stages are computed: type of definition -> function(definition, evaluation).
Evaluator = Callable[[Any, Evaluation], None]
_EVALUATORS: dict[type, Evaluator] = {}


def register_evaluator(kind: type, evaluator: Evaluator) -> None:
    """Say how definitions of a kind are computed; the stage that owns the kind calls this."""
    _EVALUATORS[kind] = evaluator


def evaluator_of(definition: Any) -> Evaluator:
    """Return how a definition is computed."""
    try:
        return _EVALUATORS[type(definition)]
    except KeyError:
        raise EvaluationError(f"Nothing is registered to compute a {type(definition).__name__.lower()}.") from None
