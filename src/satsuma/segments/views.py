"""Segments and segmentations as a person or program reads them: the results of the last run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap

from satsuma.catalog import COLUMN_TYPES, ValueType
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound, WrongUse, nearest
from satsuma.evaluation.population import loaded_trait
from satsuma.evaluation.roster import everybody
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.segments.store import RunStore, StoredRun, arrow_column

Form = Literal["arrow", "pandas", "polars"]
FORMS = ("arrow", "pandas", "polars")


@dataclass(frozen=True, slots=True)
class _View:
    """One row of the last run, with what it takes to read more of it."""

    engine: DuckDB = field(repr=False)
    run: StoredRun = field(repr=False)
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def title(self) -> str:
        return str(self.facts["title"])

    def as_dict(self) -> dict[str, Any]:
        return dict(self.facts)


@dataclass(frozen=True, slots=True)
class SegmentView(_View):
    """A segment as the last run left it."""

    @property
    def size(self) -> int:
        return int(self.facts["size"])

    @property
    def share(self) -> float:
        """The fraction of the population that is in it (0 to 1)."""
        return float(self.facts["share"])

    @property
    def value(self) -> float:
        """Net revenue of its customers up to the run's moment, in the workspace's currency."""
        return float(self.facts["value"])

    def members(self) -> BitMap:
        """Return the customer numbers that are in it."""
        return self.run.members(self.name)

    def customer_ids(self) -> list[str]:
        """Return the ids of its customers, sorted as text by code point."""
        table = _identified(self.engine, self.members())
        return sorted(table.column("customer_id").to_pylist())

    def customers(self, traits: Sequence[str] = (), *, form: Form = "arrow") -> Any:
        """Return its customers, one row each, sorted by customer_id.

        Parameters
        ----------
        traits : loaded or computed traits to add as columns; values are those of the last run's moment.
        form : `arrow` (pyarrow.Table), `pandas` or `polars` (the extra `satsuma[dataframes]`).

        Raises
        ------
        NotFound
            For a trait that is neither loaded nor computed, with the nearest names.
        """
        table = with_traits(self.engine, self.run, _identified(self.engine, self.members()), traits)
        return in_form(table.drop_columns(["customer_no"]), form)


@dataclass(frozen=True, slots=True)
class SegmentationView(_View):
    """A segmentation as the last run left it."""

    @property
    def labels(self) -> Sequence[Mapping[str, Any]]:
        """Its labels with size, share and value, in the order of the definition."""
        rows: Sequence[Mapping[str, Any]] = self.facts["labels"]
        return rows

    def assignments(self) -> pa.Table:
        """Return `customer_id, label` for everybody, sorted by customer_id."""
        table = self.run.labels([self.name])
        ids = _identified(self.engine, BitMap(table.column("customer_no").to_pylist()))
        joined = _joined(ids, table)
        return pa.table(
            {"customer_id": joined.column("customer_id"), "label": joined.column(self.name).cast(pa.string())}
        )


def segment_views(engine: DuckDB, root: Path) -> list[SegmentView]:
    """Return the segments of the last run; none when nothing was run yet."""
    run = RunStore(engine, root / "state").latest()
    return [] if run is None else [SegmentView(engine, run, facts) for facts in run.outcome["segments"]]


def segment_view(engine: DuckDB, root: Path, name: str) -> SegmentView:
    """Return one segment of the last run."""
    run = RunStore(engine, root / "state").required()
    return SegmentView(engine, run, _named("segment", name, run.outcome["segments"]))


def outdated(engine: DuckDB, root: Path, checked: Checked) -> list[str]:
    """Return the segments and segmentations that are new, changed or gone since the last run, by name."""
    run = RunStore(engine, root / "state").latest()
    before = {} if run is None else run.definitions["digests"]
    now = {f"{kind}/{name}": digest for (kind, name), digest in checked.digests.items()}
    kinds = ("segment/", "segmentation/")
    moved = {key for key in {*before, *now} if before.get(key) != now.get(key) and key.startswith(kinds)}
    return sorted(key.partition("/")[2] for key in moved)


def segmentation_views(engine: DuckDB, root: Path) -> list[SegmentationView]:
    """Return the segmentations of the last run; none when nothing was run yet."""
    run = RunStore(engine, root / "state").latest()
    return [] if run is None else [SegmentationView(engine, run, facts) for facts in run.outcome["segmentations"]]


def segmentation_view(engine: DuckDB, root: Path, name: str) -> SegmentationView:
    """Return one segmentation of the last run."""
    run = RunStore(engine, root / "state").required()
    return SegmentationView(engine, run, _named("segmentation", name, run.outcome["segmentations"]))


def _named(what: str, name: str, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    by_name = {str(row["name"]): row for row in rows}
    if name not in by_name:
        hint = f"See satsuma {what} list. A definition that is new or changed counts after the next `satsuma run`."
        raise NotFound.named(what, name, by_name, hint=hint)
    return by_name[name]


def _identified(engine: DuckDB, numbers: BitMap) -> pa.Table:
    """Return `customer_no, customer_id` of some customers, sorted by id; erased ones are not among them."""
    wanted = pa.table({"customer_no": pa.array(numbers.to_array(), pa.uint32())})
    engine.register("satsuma_wanted", wanted)
    try:
        table = engine.table(
            "SELECT c.customer_no, c.customer_id FROM customers c JOIN satsuma_wanted w USING (customer_no) "
            "WHERE c.erased_at IS NULL"
        )
    finally:
        engine.unregister("satsuma_wanted")
    # Arrow sorts texts by their UTF-8 bytes, which is the order of code points.
    return table.take(pc.sort_indices(table, [("customer_id", "ascending")]))


def _joined(left: pa.Table, right: pa.Table) -> pa.Table:
    """Add the columns of `right` to `left` by customer_no, keeping the order of `left`; both have each number once."""
    place = pc.index_in(left.column("customer_no"), value_set=right.column("customer_no"))
    rows = right.drop_columns(["customer_no"]).take(place)
    for name in rows.column_names:
        left = left.append_column(name, rows.column(name))
    return left


def with_traits(engine: DuckDB, run: StoredRun, table: pa.Table, traits: Sequence[str]) -> pa.Table:
    """Add loaded and computed traits, and labels of segmentations, as columns."""
    loaded = set(engine.columns("customers")) - {"customer_no", "erased_at"}
    computed, labels = run.trait_names(), run.segmentation_names()
    known = [*sorted(loaded), *computed, *labels]
    for name in traits:
        if name not in known:
            raise NotFound.named("trait", name, known, hint="See satsuma trait list.")
        if name == "customer_id" or name in table.column_names:
            continue
        if name in computed:
            source = run.traits([name])
        elif name in labels:
            source = run.labels([name])
        else:
            source = loaded_values(engine, run, name)
        table = _joined(table, source)
    return table


def loaded_values(engine: DuckDB, run: StoredRun, name: str) -> pa.Table:
    """Return a loaded trait of everybody as it was at the moment of a run."""
    type_ = {sql: type_ for type_, sql in COLUMN_TYPES.items()}[engine.columns("customers")[name]]
    as_of = AsOf(
        moment=Moment(microseconds(run.as_of), ZoneInfo("UTC")),
        known_at=None if run.known_at is None else microseconds(run.known_at),
    )
    roster = everybody(engine)
    column = loaded_trait(engine, name, cast(ValueType, type_), as_of, roster)
    numbers = np.arange(roster.size)
    return pa.table({"customer_no": numbers.astype(np.uint32), name: arrow_column(column, numbers)})


def trait_values(engine: DuckDB, root: Path, name: str) -> pa.Table:
    """Return `customer_id, value` of a trait for the population of the last run, sorted by customer_id."""
    run = RunStore(engine, root / "state").required()
    table = _identified(engine, run.population())
    if name == "customer_id":
        return pa.table({"customer_id": table.column("customer_id"), "value": table.column("customer_id")})
    found = with_traits(engine, run, table, [name])
    return pa.table({"customer_id": found.column("customer_id"), "value": found.column(name)})


def in_form(table: pa.Table, form: str) -> Any:
    """Return an Arrow table in the form asked for."""
    if form == "arrow":
        return table
    if form not in FORMS:
        near = nearest(form, FORMS)
        raise WrongUse(f"'{form}' is not a form of table.", hint=f"One of {', '.join(FORMS)}.", nearest=list(near))
    try:
        if form == "polars":
            import polars

            return polars.from_arrow(table)
        return table.to_pandas()
    except ImportError:
        raise WrongUse(f"{form} is not installed.", hint="Install it with: pip install 'satsuma[dataframes]'") from None
