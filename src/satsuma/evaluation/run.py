"""From checked definitions to values, labels and members: plan, count, then each definition in its order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import satsuma.evaluation.algebra  # noqa: F401  registers how segments are evaluated
from satsuma.catalog import Catalog
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB
from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation, evaluator_of, open_evaluation
from satsuma.evaluation.measures import MeasurePlan, run_measures
from satsuma.evaluation.roster import Roster, all_accounts, everybody
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked, kind_of
from satsuma.language.leaves import asked_leaves, conditions, measures, references
from satsuma.language.types import AccountLeaf, Definition, Entity, EventLeaf, Measure

Progress = Callable[[str, int, int], None]

#: Net revenue, the `value` of every report: what was bought less what was given back.
REVENUE = Measure(event="Order Completed", aggregate="sum", of="revenue")
REFUNDS = Measure(event="Order Refunded", aggregate="sum", of="revenue")
#: Orders, for the reports.
ORDERS = Measure(event="Order Completed")


@dataclass(slots=True)
class Timings:
    """Seconds spent in each step."""

    steps: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def done(self, step: str) -> None:
        now = time.perf_counter()
        self.steps[step] = self.steps.get(step, 0.0) + now - self._last
        self._last = now


def closure(checked: Checked, targets: Iterable[tuple[str, str]]) -> tuple[Definition, ...]:
    """Return the definitions that some of them (kind and name) need, themselves included, in order."""
    by_key = {(kind_of(item), item.name): item for item in checked.ordered}
    wanted: set[tuple[str, str]] = set()
    queue = list(targets)
    while queue:
        key = queue.pop()
        if key in wanted or key not in by_key:
            continue
        wanted.add(key)
        queue.extend((reference.kind, reference.name) for reference in references(by_key[key]))
    return tuple(item for key, item in by_key.items() if key in wanted)


def plan_measures(definitions: Iterable[Definition], catalog: Catalog) -> dict[Entity, MeasurePlan]:
    """Collect every measure and event leaf of some definitions, each once; accounts only where something asks them."""
    plans: dict[Entity, MeasurePlan] = {"customer": MeasurePlan()}
    for measure in value_measures(catalog):
        plans["customer"].columns.setdefault(measure)
    for definition in definitions:
        plan = plans.setdefault(definition.entity, MeasurePlan())
        for measure in measures(definition):
            plan.columns.setdefault(measure)
        for condition in conditions(definition):
            for entity, leaf in asked_leaves(condition, definition.entity):
                asked = plans.setdefault(entity, MeasurePlan())
                if isinstance(leaf, AccountLeaf):
                    plans.setdefault("account", MeasurePlan())
                elif isinstance(leaf, EventLeaf):
                    asked.leaves.setdefault(leaf)
    return plans


def value_measures(catalog: Catalog) -> list[Measure]:
    """Return the measures behind `value`, as far as the catalogue knows their events."""
    return [measure for measure in (REVENUE, REFUNDS, ORDERS) if measure.event in catalog.events]


def evaluate(
    engine: DuckDB, checked: Checked, as_of: AsOf, *, definitions: Iterable[Definition] | None = None,
    roster: Roster | None = None, lists_folder: Path | None = None,
    models: Mapping[str, Mapping[str, Any]] | None = None, refit: bool = False,
    progress: Progress | None = None, timings: Timings | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate definitions at one moment.

    Parameters
    ----------
    definitions : which of the checked ones, in their order; all by default.
    roster : which customers; all by default.
    models : kept models of segmentations by name.
    """
    timings = timings or Timings()
    chosen = tuple(checked.ordered if definitions is None else definitions)
    catalog = checked.vocabulary.catalog
    plans = plan_measures(chosen, catalog)
    roster = everybody(engine) if roster is None else roster
    options: dict[str, Any] = {"lists_folder": lists_folder, "refit": refit, "models": models}
    evaluation = open_evaluation(engine, checked, as_of, roster, **options)
    if "account" in plans:
        evaluation.accounts = open_evaluation(engine, checked, as_of, all_accounts(engine), **options)
    timings.done("plan")
    for entity, plan in plans.items():
        whose = evaluation.of(entity)
        whose.measured = run_measures(engine, catalog, as_of, whose.roster, plan, progress)
    timings.done("events")
    for done, definition in enumerate(chosen, start=1):
        evaluator_of(definition)(definition, evaluation.of(definition.entity))
        timings.done(f"{kind_of(definition)}s")
        if progress is not None:
            progress("definitions", done, len(chosen))
    return evaluation


def net_revenue(evaluation: Evaluation) -> Column:
    """Return everybody's net revenue up to the moment, as whole numbers of 1/10,000 of the currency."""
    total = np.zeros(evaluation.size, np.int64)
    for measure, sign in ((REVENUE, 1), (REFUNDS, -1)):
        column = evaluation.measured.columns.get(measure)
        if column is not None:
            total += sign * column.values
    return Column("money", total, evaluation.population, scale=MONEY_SCALE)
