"""Who was in which group at past moments, and what customers did in the time that followed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import MONEY_SCALE, DuckDB, literal
from satsuma.evaluation.measures import MeasurePlan, run_measures
from satsuma.evaluation.plan import ORDERS, REFUNDS, REVENUE, closure
from satsuma.evaluation.roster import everybody
from satsuma.evaluation.run import evaluate
from satsuma.language.checker import Checked, Key
from satsuma.language.durations import microseconds
from satsuma.language.types import Measure, Segmentation, Trait, Window
from satsuma.segments.frame import CustomerFrame, frame_of
from satsuma.segments.history_cache import history_cache
from satsuma.segments.run import as_of_moment

Floats = NDArray[np.float64]

#: More late events than this share, and what was known then says too little: everything known now is counted instead.
TOO_MANY_LATE = 0.1
#: Days between the moments at which a group is looked at again.
STEPS = (7, 30, 60)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What each of a past population did between two moments, place by place."""

    since: datetime
    until: datetime
    orders: Floats
    revenue: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Looking:
    """What it takes to look at another moment.

    models : the fits that the last run keeps. known_then : whether only what had arrived by a moment counts there.
    """

    engine: DuckDB
    checked: Checked
    root: Path
    models: Mapping[str, Mapping[str, Any]]
    known_then: bool

    def at(self, moment: datetime, definitions: Collection[Key], *, afresh: bool) -> CustomerFrame:
        """Return everybody as of a moment, with some definitions.

        Parameters
        ----------
        afresh : fit anew on what was known then, so that nothing later is in it; clusters keep their fit, for theirs
            would have other names.
        """
        models = self.models
        if afresh:
            kept = {name for name, item in self.checked.of(Segmentation).items() if item.method == "clusters"}
            models = {name: fit for name, fit in self.models.items() if name in kept}
        needed = closure(self.checked, definitions)
        evaluation = evaluate(
            self.engine, self.checked, as_of_moment(self.checked, moment, moment if self.known_then else None),
            definitions=needed, lists_folder=self.root / "lists", models=models,
            open_cache=history_cache(self.engine, self.root),
        )  # fmt: skip
        return frame_of(evaluation)

    def is_fitted(self, definitions: Collection[Key]) -> bool:
        """Say whether anything that definitions read was fitted on the data."""
        return any(
            (isinstance(item, Segmentation) and item.name in self.models)
            or (isinstance(item, Trait) and item.way is not None)
            for item in closure(self.checked, definitions)
        )

    def outcomes(self, frame: CustomerFrame, until: datetime) -> Outcomes:
        """Return what the customers of a past frame did from its moment on, by all that is known now."""
        length = microseconds(until) - microseconds(frame.as_of)
        window = Window(oldest=length)
        catalog = self.checked.vocabulary.catalog
        wanted: dict[str, Measure] = {
            name: replace(measure, window=window)
            for name, measure in (("orders", ORDERS), ("revenue", REVENUE), ("refunds", REFUNDS))
            if measure.event in catalog.events
        }
        plan = MeasurePlan(columns=dict.fromkeys(wanted.values()))
        moment = as_of_moment(self.checked, until, None)
        engine = self.engine.evaluating(True)
        found = run_measures(engine, catalog, moment, everybody(engine), plan).columns
        places = frame.numbers.astype(np.int64)

        def column(name: str, scale: int) -> Floats:
            if name not in wanted:
                return np.zeros(frame.size)
            counted = found[wanted[name]]
            return np.where(counted.present[places], counted.values[places], 0).astype(np.float64) / scale

        revenue = column("revenue", MONEY_SCALE) - column("refunds", MONEY_SCALE)
        return Outcomes(frame.as_of, until, column("orders", 1), revenue)


def knows_then(engine: DuckDB, moment: datetime) -> bool:
    """Say whether what had arrived by a moment tells of the time before it; data loaded later in one piece do not."""
    at = f"CAST({literal(str(moment))} AS TIMESTAMP)"
    total, late = engine.row(
        f"SELECT count(*), count(*) FILTER (WHERE received_at > {at}) FROM events "
        f"WHERE time <= {at} AND superseded_at IS NULL"
    )
    return bool(late <= TOO_MANY_LATE * total)


def moments(as_of: datetime, horizon: timedelta) -> tuple[datetime, ...]:
    """Return the past moments that are looked at again, the latest first."""
    return tuple(as_of - timedelta(days=days) for days in STEPS if timedelta(days=days) < horizon or days == STEPS[0])


def places_in(frame: CustomerFrame, other: CustomerFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places, in each of two frames, of the customers who are in both, in the same order."""
    _, first, second = np.intersect1d(frame.numbers, other.numbers, assume_unique=True, return_indices=True)
    return first, second
