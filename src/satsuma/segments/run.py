"""One run: evaluate every definition at a moment, compare with the run before, and keep the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroaring import BitMap

import satsuma
import satsuma.segments.methods
import satsuma.traits.evaluate
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB
from satsuma.errors import DefinitionError
from satsuma.evaluation.bitmaps import serialise
from satsuma.evaluation.columns import Column, count_bits, unpack
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.run import ORDERS as ORDER_COUNT
from satsuma.evaluation.run import Timings, closure, evaluate, net_revenue
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked
from satsuma.language.definitions import ReadDefinitions, read_preview
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.language.types import Segment, Segmentation, Trait
from satsuma.segments.changes import caused_changes, changed_customers, is_backwards, totals
from satsuma.segments.store import ORDERS, POPULATION, VALUE, NewRun, RunStore, StoredRun, arrow_column

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a segment would hold: customers, fraction of the population, and net revenue."""

    size: int
    share: float
    value: float
    as_of: datetime
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"size": self.size, "share": self.share, "value": self.value, "as_of": self.as_of,
                "warnings": list(self.warnings)}  # fmt: skip


@dataclass(slots=True)
class Worth:
    """Adds up net revenue over sets of customers, exactly."""

    total: Column
    #: Whole numbers below 2**53 are exact as floats, and a product of floats is the fastest sum there is.
    _floats: NDArray[np.float64] = field(init=False)
    _exact: bool = field(init=False)

    def __post_init__(self) -> None:
        values = np.where(self.total.present, self.total.values, 0)
        self._floats = values.astype(np.float64)
        self._exact = float(np.abs(self._floats).sum()) < 2**53

    def of(self, mask: NDArray[np.bool_]) -> float:
        """Return the net revenue of some customers, in the currency."""
        total = float(np.dot(self._floats, mask)) if self._exact else float(self.total.values[mask].sum())
        return total / MONEY_SCALE


def as_of_moment(checked: Checked, as_of: datetime, known_at: datetime | None) -> AsOf:
    """Return the moment of an evaluation from UTC times without a zone."""
    moment = Moment(microseconds(as_of), checked.vocabulary.zone)
    return AsOf(moment=moment, known_at=None if known_at is None else microseconds(known_at))


def run_definitions(
    engine: DuckDB, checked: Checked, *, as_of: datetime, known_at: datetime | None, now: datetime,
    clock: Callable[[], datetime], root: Path, refit: bool = False, warnings: Sequence[str] = (),
    progress: Progress | None = None,
) -> RunOutcome:  # fmt: skip
    """Evaluate all definitions and commit the results as one run.

    Parameters
    ----------
    as_of, known_at, now : UTC without a zone. clock : gives the time at the end, in the same form.
    root : the workspace's folder.
    refit : fit segmentations anew instead of using their kept models.
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
    )  # fmt: skip
    last_load = int(engine.value("SELECT coalesce(max(load_id), 0) FROM loads"))
    worth = Worth(net_revenue(evaluation))
    members = {POPULATION: serialise(evaluation.everybody)}
    members.update((name, serialise(bits)) for name, bits in evaluation.members.items())
    rows, changes = _segments(evaluation, checked, members, worth, previous, as_of, engine)
    facts: dict[str, Any] = {
        "as_of": f"{as_of.isoformat()}Z",
        "known_at": None if known_at is None else f"{known_at.isoformat()}Z",
        "population": count_bits(evaluation.everybody),
        "value": worth.of(evaluation.population),
        "orders": _orders(evaluation),
        "segments": rows,
        "segmentations": [label_rows(item, evaluation, worth) for item in checked.of(Segmentation).values()],
        "traits": len(checked.of(Trait)),
        "version": satsuma.__version__,
    }
    timings.done("summaries")
    numbers = np.flatnonzero(evaluation.population)
    tables = _tables(evaluation, checked, worth, numbers)
    models = {
        name: {"digest": checked.digests.get(("segmentation", name)), "fit": labels.model}
        for name, labels in evaluation.labels.items()
        if labels.model is not None
    }
    timings.done("columns")
    facts["timings"] = {step: round(seconds, 3) for step, seconds in timings.steps.items()}
    stored = store.commit(
        NewRun(
            started_at=now, finished_at=clock(), as_of=as_of, known_at=known_at, population=facts["population"],
            traits=tables[0], labels=tables[1], models=models, members=members, changes=changes,
            definitions={
                "digests": {f"{kind}/{name}": digest for (kind, name), digest in checked.digests.items()},
                "last_load": last_load,
            },
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
    return {
        name: model["fit"]
        for name, model in previous.models.items()
        if model["digest"] == checked.digests.get(("segmentation", name))
    }


def _segments(
    evaluation: Evaluation, checked: Checked, members: Mapping[str, bytes], worth: Worth,
    previous: StoredRun | None, as_of: datetime, engine: DuckDB,
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:  # fmt: skip
    """Return the row of each segment, and the bitmaps of who entered and left it."""
    population = max(count_bits(evaluation.everybody), 1)
    events, traits = BitMap(), BitMap()
    if previous is not None:
        events, traits = changed_customers(engine, int(previous.definitions["last_load"]))
    known = set() if previous is None else set(previous.segment_names())
    refitted = {name for name, labels in evaluation.labels.items() if labels.refitted}
    rows, blobs = [], {}
    for name, segment in checked.of(Segment).items():
        bits = evaluation.members[name]
        size = count_bits(bits)
        key = f"segment/{name}"
        is_known = name in known
        before = previous.members(name) if is_known and previous is not None else BitMap()
        digest = checked.digests.get(("segment", name))
        changes = caused_changes(
            before, BitMap.deserialize(members[name]),
            redefined=previous is None or previous.definitions["digests"].get(key) != digest,
            refitted=bool(refitted) and not refitted.isdisjoint(_segmentations_of(segment, checked)),
            moved_back=previous is not None and is_backwards(as_of, previous.as_of),
            events=events, traits=traits,
        )  # fmt: skip
        blobs.update({f"{name}/{change}": part.serialize() for change, part in changes.items()})
        rows.append(
            {
                "name": name, "title": segment.title, "description": segment.description, "size": size,
                "share": size / population, "value": worth.of(unpack(bits, evaluation.size)),
                "as_of": f"{as_of.isoformat()}Z", **totals(changes),
                "causes": {change: len(part) for change, part in changes.items()},
                "previous_size": len(before) if is_known else None,
            }
        )  # fmt: skip
    return rows, blobs


def _segmentations_of(segment: Segment, checked: Checked) -> set[str]:
    needed = closure(checked, [("segment", segment.name)])
    return {item.name for item in needed if isinstance(item, Segmentation)}


def label_rows(segmentation: Segmentation, evaluation: Evaluation, worth: Worth) -> dict[str, Any]:
    """Return a segmentation with the size, share and value of each of its labels."""
    labels = evaluation.labels[segmentation.name]
    population = max(count_bits(evaluation.everybody), 1)
    rows = []
    for code, label in enumerate(labels.names):
        mask = labels.codes == code
        size = int(mask.sum())
        rows.append({"label": label, "size": size, "share": size / population, "value": worth.of(mask)})
    return {
        "name": segmentation.name, "title": segmentation.title, "description": segmentation.description,
        "method": segmentation.method, "kind": segmentation.kind, "labels": rows,
    }  # fmt: skip


def _orders(evaluation: Evaluation) -> int:
    column = evaluation.measured.columns.get(ORDER_COUNT)
    return 0 if column is None else int(column.values[evaluation.population].sum())


def _tables(
    evaluation: Evaluation, checked: Checked, worth: Worth, numbers: NDArray[np.int64]
) -> tuple[pa.Table, pa.Table]:
    """Return the computed traits and the labels of the population, by customer number."""
    keys = pa.array(numbers.astype(np.uint32))
    orders = evaluation.measured.columns.get(ORDER_COUNT)
    zeros = Column("integer", np.zeros(evaluation.size, np.int64), np.ones(evaluation.size, np.bool_))
    traits = {"customer_no": keys, VALUE: arrow_column(worth.total, numbers),
              ORDERS: arrow_column(orders or zeros, numbers)}  # fmt: skip
    for name in checked.of(Trait):
        traits[name] = arrow_column(evaluation.columns[name], numbers)
    labels = {"customer_no": keys}
    for name in checked.of(Segmentation):
        found = evaluation.labels[name]
        labels[name] = _label_array(found, numbers)
        labels.update({f"{name}:{score}": pa.array(values[numbers]) for score, values in found.scores.items()})
    return pa.table(traits), pa.table(labels)


def _label_array(labels: Labels, numbers: NDArray[np.int64]) -> pa.Array:
    codes = pa.array(labels.codes[numbers].astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(labels.names, pa.string()))


def preview_segment(
    engine: DuckDB, checking: Callable[[ReadDefinitions], Checked], text: str, *, file: str, zone: ZoneInfo,
    as_of: datetime, root: Path,
) -> Preview:  # fmt: skip
    """Evaluate a segment that is not kept, with all that it needs.

    Parameters
    ----------
    checking : checks the workspace's definitions together with those given.

    Raises
    ------
    DefinitionError
        With every mistake of the text.
    """
    store = RunStore(engine, root / "state")
    read = read_preview(text, file=file, zone=zone)
    checked = checking(read)
    if not read.definitions:
        raise DefinitionError.of(read.problems)
    name = read.definitions[0].name
    evaluation = evaluate(
        engine, checked, as_of_moment(checked, as_of, None), definitions=closure(checked, [("segment", name)]),
        lists_folder=root / "lists", models=kept_models(checked, store.latest()),
    )  # fmt: skip
    bits = evaluation.members[name]
    size = count_bits(bits)
    return Preview(
        size=size,
        share=size / max(count_bits(evaluation.everybody), 1),
        value=Worth(net_revenue(evaluation)).of(unpack(bits, evaluation.size)),
        as_of=as_of,
        warnings=tuple(evaluation.warnings),
    )


def outcome_of(run: StoredRun) -> RunOutcome:
    """Return the outcome of a run that was kept."""
    return RunOutcome(run_id=run.run_id, facts=run.outcome, warnings=tuple(run.outcome.get("warnings", ())))
