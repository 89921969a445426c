"""From checked definitions to values, labels and members: plan, count, then each definition in its order."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import satsuma.evaluation.algebra  # registers how segments are evaluated
import satsuma.evaluation.history  # noqa: F401  registers how conditions on the past are answered
from satsuma.engines.duckdb import MONEY_SCALE
from satsuma.engines.engine import Engine
from satsuma.evaluation.ahead import answer_ahead
from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation, evaluator_of, open_evaluation
from satsuma.evaluation.measures import MeasurePlan, run_measures
from satsuma.evaluation.past import OpenCache, Past
from satsuma.evaluation.plan import (
    ORDERS,
    REFUNDS,
    REVENUE,
    closure,
    looking_back_last,
    plan_measures,
    value_measures,
)
from satsuma.evaluation.roster import Roster, accounts_of, everybody
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked, kind_of
from satsuma.language.types import Definition

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Timings:
    """Seconds spent in each step."""

    steps: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def done(self, step: str) -> None:
        now = time.perf_counter()
        self.steps[step] = self.steps.get(step, 0.0) + now - self._last
        self._last = now


def evaluate(
    engine: Engine, checked: Checked, as_of: AsOf, *, definitions: Iterable[Definition] | None = None,
    roster: Roster | None = None, accounts: Roster | None = None, begun: Evaluation | None = None,
    beside: MeasurePlan | None = None, lists_folder: Path | None = None,
    models: Mapping[str, Mapping[str, Any]] | None = None, refit: bool | Collection[str] = False, valued: bool = True,
    open_cache: OpenCache | None = None, progress: Progress | None = None, timings: Timings | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate definitions at one moment.

    Parameters
    ----------
    definitions : which of the checked ones, in their order; all by default.
    roster : which customers; all by default. accounts : which accounts; those of the customers by default.
    begun : an evaluation in which some answers stand already; only what is missing is read.
    beside : what else is to be measured of the customers.
    models : kept models of segmentations by name.
    valued : whether what is worth knowing of everybody is counted as well.
    open_cache : opens what was kept of past days, for the conditions that ask about them.
    """
    timings = timings or Timings()
    chosen = looking_back_last(checked.ordered if definitions is None else definitions)
    catalog = checked.vocabulary.catalog
    plans = plan_measures(chosen, catalog, valued=valued)
    if beside is not None:
        plans["customer"].merge(beside)
    options: dict[str, Any] = {"lists_folder": lists_folder, "refit": refit, "models": models}
    engine = engine.evaluating(roster is None or roster.is_everybody) if begun is None else begun.engine
    if begun is None:
        begun = open_evaluation(engine, checked, as_of, everybody(engine) if roster is None else roster, **options)
    evaluation = begun
    if "account" in plans and evaluation.accounts is None:
        asked = accounts or accounts_of(engine, evaluation.roster)
        evaluation.accounts = open_evaluation(engine, checked, as_of, asked, **options)
    if evaluation.past is None:
        evaluation.past = Past(evaluation, chosen, _replay, open_cache=open_cache, progress=progress)
    if evaluation.accounts is not None:
        evaluation.accounts.past = evaluation.past
        evaluation.accounts.warnings = evaluation.warnings
    timings.done("plan")
    for entity, plan in plans.items():
        whose = evaluation.of(entity)
        missing = plan.without(whose.measured)
        whose.measured.update(run_measures(engine, catalog, as_of, whose.roster, missing, progress))
    timings.done("events")
    answer_ahead(evaluation, chosen)
    timings.done("traits ahead")
    for done, definition in enumerate(chosen, start=1):
        evaluator_of(definition)(definition, evaluation.of(definition.entity))
        timings.done(f"{kind_of(definition)}s")
        if progress is not None:
            progress("definitions", done, len(chosen))
    return evaluation


def _replay(begun: Evaluation, definitions: Sequence[Definition]) -> None:
    """Evaluate definitions as of a point of the past."""
    evaluate(begun.engine, begun.checked, begun.as_of, definitions=definitions, begun=begun, valued=False)


def net_revenue(evaluation: Evaluation) -> Column:
    """Return everybody's net revenue up to the moment, as whole numbers of 1/10,000 of the currency."""
    total = np.zeros(evaluation.size, np.int64)
    for measure, sign in ((REVENUE, 1), (REFUNDS, -1)):
        column = evaluation.measured.columns.get(measure)
        if column is not None:
            total += sign * column.values
    return Column("money", total, evaluation.population, scale=MONEY_SCALE)


__all__ = ["ORDERS", "REFUNDS", "REVENUE", "Timings", "closure", "evaluate", "net_revenue", "value_measures"]
