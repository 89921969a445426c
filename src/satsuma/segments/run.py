"""One run: evaluate every definition at a moment, compare with the run before, and keep the results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pyroaring import BitMap

import satsuma
import satsuma.segments.methods
import satsuma.traits.evaluate
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import count_bits, unpack
from satsuma.evaluation.run import Timings, evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked
from satsuma.language.types import Segment, Segmentation, Trait
from satsuma.segments.changes import Moved, cause_for_all, caused_changes, members_before, refitted_definitions
from satsuma.segments.history_cache import history_cache, sweep_history
from satsuma.segments.results import (
    carry_last_changes,
    fitted_models,
    kept_leaves,
    label_rows,
    moment_facts,
    order_count,
    population_facts,
    remembered,
    results,
    segment_row,
    whole_tables,
)
from satsuma.segments.store import NewRun, RunStore, StoredRun
from satsuma.traits.models import model_digests

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run found, in the shape that is kept with it."""

    run_id: int
    facts: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def segments(self) -> Sequence[Mapping[str, Any]]:
        """The segments with size, share, value and how many entered and left."""
        rows: Sequence[Mapping[str, Any]] = self.facts["segments"]
        return rows

    def as_dict(self) -> dict[str, Any]:
        return {"run_id": self.run_id, **self.facts, "warnings": list(self.warnings)}


def as_of_moment(checked: Checked, as_of: datetime, known_at: datetime | None) -> AsOf:
    """Return the moment of an evaluation from UTC times without a zone."""
    return AsOf.at(as_of, known_at, checked.vocabulary.zone)


def run_definitions(
    engine: DuckDB, checked: Checked, *, as_of: datetime, known_at: datetime | None, now: datetime,
    clock: Callable[[], datetime], root: Path, refit: bool | Collection[str] = False, warnings: Sequence[str] = (),
    progress: Progress | None = None, refresh: Mapping[str, Any] | None = None,
) -> RunOutcome:  # fmt: skip
    """Evaluate all definitions and commit the results as one run.

    Parameters
    ----------
    as_of, known_at, now : UTC without a zone. clock : gives the time at the end, in the same form.
    root : the workspace's folder.
    refit : fit anew instead of using kept models: all, or those named.
    refresh : what is to be told of a refresh that became a full run.
    """
    store = RunStore(engine, root / "state")
    store.sweep()
    previous = store.latest()
    if previous is not None and not previous.is_whole():
        # Only a run mends results that were lost; it must not need them.
        previous, warnings = None, [*warnings, _LOST]
    timings = Timings()
    evaluation = evaluate(
        engine, checked, as_of_moment(checked, as_of, known_at), lists_folder=root / "lists", refit=refit,
        models=kept_models(checked, previous), progress=progress, timings=timings,
        open_cache=history_cache(engine, root),
    )  # fmt: skip
    sweep_history(root / "state", as_of)
    whose = results(evaluation, checked)
    facts: dict[str, Any] = {
        **moment_facts(as_of, known_at),
        **population_facts(
            whose.populations, whose.worth["customer"].of(evaluation.population), order_count(evaluation)
        ),
        "segments": [],
        "segmentations": [label_rows(item, evaluation.of(item.entity), whose.worth[item.entity])
                          for item in checked.of(Segmentation).values()],
        "traits": len(checked.of(Trait)),
        "version": satsuma.__version__,
        "engine": evaluation.engine.name,
        **({} if refresh is None else {"refresh": refresh}),
    }  # fmt: skip
    moved = Moved.since(engine, previous)
    refitted = refitted_definitions(evaluation)
    changes: dict[str, bytes] = {}
    for name, segment in checked.of(Segment).items():
        bits = evaluation.of(segment.entity).members[name]
        before = members_before(previous, segment)
        entered = caused_changes(
            before or BitMap(), BitMap.deserialize(whose.members[name]),
            everybody=cause_for_all(segment, checked, previous, refitted, as_of, known_at),
            moved=moved.of(segment.entity),
        )  # fmt: skip
        changes.update({f"{name}/{change}": part.serialize() for change, part in entered.items()})
        worth = whose.worth[segment.entity].of(unpack(bits, evaluation.of(segment.entity).size))
        facts["segments"].append(
            segment_row(segment, count_bits(bits), worth, whose.populations[segment.entity], as_of, before, entered)
        )
    carry_last_changes(facts["segments"], previous, now)
    timings.done("summaries")
    whole = whole_tables(evaluation, checked, whose)
    timings.done("columns")
    facts["timings"] = {step: round(seconds, 3) for step, seconds in timings.steps.items()}
    stored = store.commit(
        NewRun(
            started_at=now, finished_at=clock(), as_of=as_of, known_at=known_at, population=facts["population"],
            whole=whole, patches={}, models=fitted_models(evaluation, checked), members=whose.members, changes=changes,
            leaves=kept_leaves(evaluation, checked), definitions=remembered(engine, checked, root),
            outcome={**facts, "warnings": [*warnings, *evaluation.warnings]},
        )
    )  # fmt: skip
    return RunOutcome(run_id=stored.run_id, facts=facts, warnings=(*warnings, *evaluation.warnings))


_LOST = (
    "The results of the run before are missing or damaged: segmentations are fitted anew, and every member of a "
    "segment counts as new."
)


def kept_models(checked: Checked, previous: StoredRun | None) -> dict[str, Mapping[str, Any]]:
    """Return the fits of the run before whose definitions still mean the same."""
    if previous is None:
        return {}
    learned = model_digests(checked)
    return {
        name: model["fit"]
        for name, model in previous.models.items()
        if model["digest"] == learned.get(name, checked.digests.get(("segmentation", name)))
    }


def outcome_of(run: StoredRun) -> RunOutcome:
    """Return the outcome of a run that was kept."""
    return RunOutcome(run_id=run.run_id, facts=run.outcome, warnings=tuple(run.outcome.get("warnings", ())))
