"""A definition replayed on past days, from what was known then, before anyone switches it on.

Each step is one evaluation at its moment; only the bitmap of the step before is kept beside it, so that memory does
not grow with the number of steps, and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.segments.run import kept_models
from satsuma.segments.standing import Asked, Standing, evaluated
from satsuma.segments.store import RunStore

Progress = Callable[[str, int, int], None]

#: A replay from what was known then says little when more than this share of the events came in later.
TOO_MANY_LATE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestStep:
    """A segment at one past moment.

    share : of the population of that moment (0 to 1). value : net revenue of its customers up to the moment.
    entered, left, stayed : compared with the step before; None at the first.
    overlap : of both steps, customers in both over customers in either; None at the first, and where nobody is in.
    """

    as_of: datetime
    known_at: datetime | None
    population: int
    size: int
    share: float
    value: float
    mean_value: float | None
    entered: int | None = None
    left: int | None = None
    stayed: int | None = None
    overlap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a segment would have been on past days. Moments are UTC without a zone."""

    segment: str
    title: str
    every: str
    steps: Sequence[BacktestStep]
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        steps = [asdict(step) for step in self.steps]
        return {"segment": self.segment, "title": self.title, "every": self.every, "steps": steps,
                "warnings": list(self.warnings)}  # fmt: skip

    def to_arrow(self) -> pa.Table:
        """Return the steps as a table, one row each."""
        moment = pa.timestamp("us", "UTC")
        types = {"as_of": moment, "known_at": moment, "share": pa.float64(), "value": pa.float64(),
                 "mean_value": pa.float64(), "overlap": pa.float64()}  # fmt: skip
        names = list(BacktestStep.__dataclass_fields__)
        return pa.table(
            {name: pa.array([getattr(step, name) for step in self.steps], types.get(name, pa.int64()))
             for name in names}
        )  # fmt: skip


def backtest(
    engine: DuckDB, asked: Asked, moments: Sequence[datetime], *, every: str, known_then: bool, root: Path,
    progress: Progress | None = None,
) -> Backtest:  # fmt: skip
    """Evaluate a segment at past moments, in their order.

    Parameters
    ----------
    moments : UTC without a zone.
    known_then : whether each step counts only what had arrived by its moment; else all that is known now.
    root : the workspace's folder.
    """
    fits = kept_models(asked.checked, RunStore(engine, root / "state").latest())
    warnings = dict.fromkeys(_late_events(engine, moments[-1]) if known_then else ())
    steps: list[BacktestStep] = []
    before: BitMap | None = None
    for done, moment in enumerate(moments, start=1):
        standing, evaluation = evaluated(
            engine, asked, as_of=moment, known_at=moment if known_then else None, root=root, models=fits
        )
        # What had no fit yet keeps that of the first step, so that groups do not shift from step to step.
        fits.update({name: labels.model for name, labels in evaluation.labels.items() if labels.model is not None})
        steps.append(_step(standing, before))
        warnings.update(dict.fromkeys(standing.warnings))
        # The arrays of the evaluation go; of the step only who was in stays.
        before = standing.members
        if progress is not None:
            progress("steps", done, len(moments))
    return Backtest(segment=asked.name, title=asked.segment.title, every=every, steps=tuple(steps),
                    warnings=tuple(warnings))  # fmt: skip


def _step(now: Standing, before: BitMap | None) -> BacktestStep:
    size, value = len(now.members), now.worth(now.members)
    step = BacktestStep(
        as_of=now.as_of, known_at=now.known_at, population=len(now.population), size=size,
        share=size / max(len(now.population), 1), value=value, mean_value=value / size if size else None,
    )  # fmt: skip
    if before is None:
        return step
    stayed = now.members.intersection_cardinality(before)
    either = size + len(before) - stayed
    return replace(step, entered=size - stayed, left=len(before) - stayed, stayed=stayed,
                   overlap=stayed / either if either else None)  # fmt: skip


def _late_events(engine: DuckDB, last: datetime) -> list[str]:
    """Return a sentence where many events came in after the last step: the replay is of a time that knew little."""
    moment = f"CAST({literal(str(last))} AS TIMESTAMP)"
    total, late = engine.row(
        f"SELECT count(*), count(*) FILTER (WHERE received_at > {moment}) FROM events "
        f"WHERE time <= {moment} AND superseded_at IS NULL"
    )
    if late <= TOO_MANY_LATE * total:
        return []
    sentence = f"{late:,} of {total:,} events up to the last step came in after it and are not counted."
    return [f"{sentence} --with-all-data counts what is known now."]
