"""What a run keeps and tells of what it computed: figures, columns, bitmaps, and what a refresh has to know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroaring import BitMap

import satsuma
from satsuma.catalog import Catalog
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB
from satsuma.evaluation.algebra import members
from satsuma.evaluation.bitmaps import serialise
from satsuma.evaluation.columns import Column, count_bits
from satsuma.evaluation.context import Evaluation, Labels, stored_name
from satsuma.evaluation.lists import list_files
from satsuma.evaluation.run import ORDERS as ORDER_COUNT
from satsuma.evaluation.run import net_revenue, value_measures
from satsuma.language.checker import Checked
from satsuma.language.leaves import asked_leaves, conditions, measures
from satsuma.language.locality import Span, leaf_needs_everybody
from satsuma.language.moments import Moment
from satsuma.language.types import Definition, Entity, EventLeaf, Measure, Segment, Segmentation, SequenceLeaf, Trait
from satsuma.segments.changes import totals
from satsuma.segments.store import (
    ACCOUNT_POPULATION,
    ACCOUNTS,
    LABELS,
    MEASURES,
    ORDERS,
    POPULATION,
    TRAITS,
    VALUE,
    StoredRun,
    arrow_column,
)
from satsuma.traits.models import model_digests

#: A longer way to go than any refresh: what could need everybody after it may need everybody after any.
_FAR = 40 * 86_400_000_000


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


@dataclass(frozen=True, slots=True)
class Results:
    """The parts of an evaluation that are summed up: worth and population of each entity, bitmaps by name."""

    worth: Mapping[Entity, Worth]
    populations: Mapping[Entity, int]
    members: dict[str, bytes]


def results(evaluation: Evaluation, checked: Checked) -> Results:
    """Sum up an evaluation of everybody."""
    parts: dict[Entity, Evaluation] = {"customer": evaluation}
    blobs = {POPULATION: serialise(evaluation.everybody)}
    if evaluation.accounts is not None:
        parts["account"] = evaluation.accounts
        blobs[ACCOUNT_POPULATION] = serialise(evaluation.accounts.everybody)
    for name, segment in checked.of(Segment).items():
        blobs[name] = serialise(evaluation.of(segment.entity).members[name])
    return Results(
        worth={entity: Worth(net_revenue(part)) for entity, part in parts.items()},
        populations={entity: count_bits(part.everybody) for entity, part in parts.items()},
        members=blobs,
    )


# ------------------------------------------------------------------------------------------------------------- facts


def moment_facts(as_of: datetime, known_at: datetime | None) -> dict[str, Any]:
    """Return when the results hold."""
    return {"as_of": f"{as_of.isoformat()}Z", "known_at": None if known_at is None else f"{known_at.isoformat()}Z"}


def population_facts(populations: Mapping[Entity, int], value: float, orders: int) -> dict[str, Any]:
    """Return how many there are, what they are worth, and how often they ordered."""
    return {
        "population": populations["customer"],
        "value": value,
        "orders": orders,
        **({"accounts": populations["account"]} if "account" in populations else {}),
    }


def order_count(evaluation: Evaluation) -> int:
    """Return the orders of the population."""
    column = evaluation.measured.columns.get(ORDER_COUNT)
    return 0 if column is None else int(column.values[evaluation.population].sum())


def segment_row(
    segment: Segment, size: int, value: float, population: int, as_of: datetime, before: BitMap | None,
    changes: Mapping[str, BitMap],
) -> dict[str, Any]:  # fmt: skip
    """Return what is told of a segment.

    Parameters
    ----------
    before : who was in it at the run before; None when it is new.
    """
    return {
        "name": segment.name, "title": segment.title, "description": segment.description, "entity": segment.entity,
        "size": size, "share": size / max(population, 1), "value": value, "as_of": f"{as_of.isoformat()}Z",
        **totals(changes), "causes": {change: len(part) for change, part in changes.items()},
        "previous_size": None if before is None else len(before),
    }  # fmt: skip


def carry_last_changes(rows: Iterable[dict[str, Any]], previous: StoredRun | None, at: datetime) -> None:
    """Put into the rows of segments when anybody entered or left last: at this run, else as the run before tells."""
    before = {} if previous is None else {row["name"]: row.get("last_change") for row in previous.outcome["segments"]}
    for row in rows:
        moved = {name: row[name] for name in ("as_of", "entered", "left", "causes")}
        is_moved = row["entered"] or row["left"]
        row["last_change"] = {"at": f"{at.isoformat()}Z", **moved} if is_moved else before.get(row["name"])


def label_rows(segmentation: Segmentation, evaluation: Evaluation, worth: Worth) -> dict[str, Any]:
    """Return a segmentation with the size, share and value of each of its labels."""
    labels = evaluation.labels[segmentation.name]
    population = max(count_bits(evaluation.everybody), 1)
    rows = []
    for code, label in enumerate(labels.names):
        mask = labels.codes == code
        size = int(mask.sum())
        more = labels.facts[code] if labels.facts else {}
        rows.append({"label": label, "size": size, "share": size / population, "value": worth.of(mask), **more})
    return segmentation_row(segmentation, rows)


def segmentation_row(segmentation: Segmentation, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is told of a segmentation, with the rows of its labels."""
    return {
        "name": segmentation.name, "title": segmentation.title, "description": segmentation.description,
        "entity": segmentation.entity, "method": segmentation.method, "kind": segmentation.kind, "labels": list(rows),
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- columns


def whole_tables(evaluation: Evaluation, checked: Checked, found: Results) -> dict[str, pa.Table]:
    """Return every column that a run of everybody keeps, by the stem of its file."""
    numbers = np.flatnonzero(evaluation.population)
    definitions = checked.ordered
    key = keyed("customer_no", numbers)
    worth = value_columns(evaluation, found.worth["customer"], numbers)
    tables = {
        TRAITS: pa.table({**key, **worth, **trait_columns(evaluation, definitions, numbers)}),
        LABELS: pa.table({**key, **label_columns(evaluation, definitions, numbers)}),
        MEASURES: pa.table({**key, **measure_columns(evaluation, checked, numbers)}),
    }
    if evaluation.accounts is not None:
        tables[ACCOUNTS] = account_table(evaluation.accounts, checked, found.worth["account"])
    return tables


def account_table(accounts: Evaluation, checked: Checked, worth: Worth) -> pa.Table:
    """Return the value, the computed traits and the labels of accounts."""
    numbers = np.flatnonzero(accounts.population)
    columns = {**trait_columns(accounts, checked.ordered, numbers), **label_columns(accounts, checked.ordered, numbers)}
    return pa.table({**keyed("account_no", numbers), **value_columns(accounts, worth, numbers), **columns})


def keyed(name: str, numbers: NDArray[Any]) -> dict[str, pa.Array]:
    """Return the first column of a table of results: the numbers of customers or accounts."""
    return {name: pa.array(numbers.astype(np.uint32))}


def value_columns(evaluation: Evaluation, worth: Worth, places: NDArray[np.int64]) -> dict[str, pa.Array]:
    """Return net revenue and orders of some places."""
    zeros = Column("integer", np.zeros(evaluation.size, np.int64), np.ones(evaluation.size, np.bool_))
    orders = evaluation.measured.columns.get(ORDER_COUNT) or zeros
    return {VALUE: arrow_column(worth.total, places), ORDERS: arrow_column(orders, places)}


def trait_columns(evaluation: Evaluation, chosen: tuple[Definition, ...], places: Any) -> dict[str, pa.Array]:
    """Return the computed traits of one entity among the definitions chosen."""
    return {
        item.name: arrow_column(evaluation.columns[item.name], places)
        for item in chosen
        if isinstance(item, Trait) and item.entity == evaluation.roster.entity
    }


def label_columns(evaluation: Evaluation, chosen: tuple[Definition, ...], places: Any) -> dict[str, pa.Array]:
    """Return the labels and scores of one entity among the definitions chosen."""
    found: dict[str, pa.Array] = {}
    for item in chosen:
        if isinstance(item, Segmentation) and item.entity == evaluation.roster.entity:
            labels = evaluation.labels[item.name]
            found[item.name] = label_array(labels, places)
            found.update({f"{item.name}:{score}": pa.array(values[places]) for score, values in labels.scores.items()})
    return found


def label_array(labels: Labels, places: Any) -> pa.Array:
    """Return labels as a dictionary of their names."""
    codes = pa.array(labels.codes[places].astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(labels.names, pa.string()))


# --------------------------------------------------------------------------------------- what a refresh asks for again


def digest(item: Any) -> str:
    """Return a digest of a leaf or measure by its meaning, wherever it was written."""
    return hashlib.md5(repr(_plain(item)).encode(), usedforsecurity=False).hexdigest()


def _plain(item: Any) -> Any:
    if is_dataclass(item) and not isinstance(item, type):
        parts = [(part.name, _plain(getattr(item, part.name))) for part in fields(item) if part.compare]
        return (type(item).__name__, *parts)
    return tuple(map(_plain, item)) if isinstance(item, tuple) else item


def kept_measures(checked: Checked) -> Iterator[Measure]:
    """Yield the measures that segmentations read of everybody, and those behind the value."""
    found: dict[Measure, None] = dict.fromkeys(value_measures(checked.vocabulary.catalog))
    for item in checked.ordered:
        if isinstance(item, Segmentation) and item.entity == "customer":
            found.update(dict.fromkeys(measures(item)))
    yield from (measure for measure in found if not _is_text(measure, checked.vocabulary.catalog))


def _is_text(measure: Measure, catalog: Catalog) -> bool:
    """Say whether a measure gives texts: codes that mean nothing beside another dictionary."""
    if measure.aggregate not in ("first", "last", "mode") or measure.of is None:
        return False
    info = catalog.events[measure.event].property(measure.of)
    return info is None or info.type == "text"


def measure_columns(evaluation: Evaluation, checked: Checked, places: Any) -> dict[str, pa.Array]:
    """Return the measures that a refresh may need of everybody, as whole numbers (or floats) of their own scale."""
    found = {}
    for measure in kept_measures(checked):
        found[digest(measure)] = number_array(evaluation.measured.columns[measure], places)
    return found


def number_array(column: Column, places: Any) -> pa.Array:
    """Return the values of some places as they are computed with: whole numbers of 1/scale, or floats."""
    return pa.array(column.values[places], mask=~column.present[places])


def whole_numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return decimals as whole numbers of their last digit; 0 where one is missing."""
    filled = column.combine_chunks().fill_null(Decimal(0))
    # 128 bits each, the low half first; all that is kept fits into it.
    words = np.frombuffer(filled.buffers()[1], np.int64)
    return words[2 * filled.offset : 2 * (filled.offset + len(filled)) : 2].copy()


def kept_event_leaves(checked: Checked) -> Iterator[EventLeaf | SequenceLeaf]:
    """Yield the leaves on events in segments that may need everybody again: beside ranks, past values and the like."""
    moment = Moment(0, checked.vocabulary.zone)
    far = Span(moment, Moment(_FAR, checked.vocabulary.zone))
    for item in checked.ordered:
        for condition in conditions(item):
            asked = [leaf for entity, leaf in asked_leaves(condition, item.entity) if entity == "customer"]
            lists = frozenset(checked.vocabulary.lists)
            if any(leaf_needs_everybody(leaf, far, checked.trait_types.get, lists) for leaf in asked):
                yield from (leaf for leaf in asked if isinstance(leaf, (EventLeaf, SequenceLeaf)))


def kept_leaves(evaluation: Evaluation, checked: Checked) -> dict[str, bytes]:
    """Return who passes the leaves that a refresh will ask for of everybody."""
    return {digest(leaf): serialise(members(leaf, evaluation)) for leaf in kept_event_leaves(checked)}


def remembered(engine: DuckDB, checked: Checked, root: Path) -> dict[str, Any]:
    """Return what tells a later run what changed since: definitions, catalogue, lists and the last load."""
    return {
        "digests": {f"{kind}/{name}": text for (kind, name), text in checked.digests.items()},
        "last_load": int(engine.value("SELECT coalesce(max(load_id), 0) FROM loads")),
        "version": satsuma.__version__,
        "vocabulary": vocabulary_digest(checked),
        "lists": list_digests(root / "lists"),
        "traits": list(checked.of(Trait)),
        "segmentations": list(checked.of(Segmentation)),
    }


def vocabulary_digest(checked: Checked) -> str:
    """Return a digest of what names mean: the catalogue and the zone."""
    known = checked.vocabulary
    return hashlib.md5(repr((known.catalog, known.zone.key)).encode(), usedforsecurity=False).hexdigest()


def list_digests(folder: Path) -> dict[str, str]:
    """Return a digest of each manual list."""
    return {
        name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for name, path in list_files(folder).items()
    }


def learned_models(evaluation: Evaluation, checked: Checked) -> dict[str, Any]:
    """Return what learned traits fitted, or had, to be kept."""
    digests = model_digests(checked)
    return {
        stored_name(name): {"digest": digests.get(stored_name(name)), "fit": dict(fit.model)}
        for name, fit in evaluation.fits.items()
    }


def fitted_models(evaluation: Evaluation, checked: Checked) -> dict[str, Any]:
    """Return what segmentations and learned traits fitted, to be kept."""
    found = learned_models(evaluation, checked)
    for name, item in checked.of(Segmentation).items():
        labels = evaluation.of(item.entity).labels[name]
        if labels.model is not None:
            found[name] = {"digest": checked.digests.get(("segmentation", name)), "fit": labels.model}
    return found
