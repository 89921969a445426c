"""Segments and segmentations as a person or program reads them: the results of the last run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound, WrongUse, nearest
from satsuma.evaluation.population import loaded_trait
from satsuma.evaluation.roster import TABLES, all_accounts, everybody
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked
from satsuma.language.types import Entity
from satsuma.segments.state import SegmentState, States
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

    @property
    def entity(self) -> Entity:
        """Of whom it is: `customer` or `account`."""
        entity: Entity = self.facts.get("entity", "customer")
        return entity

    def as_dict(self) -> dict[str, Any]:
        return dict(self.facts)


@dataclass(frozen=True, slots=True)
class SegmentView(_View):
    """A segment as the last run left it."""

    states: States | None = field(default=None, repr=False)

    @property
    def state(self) -> SegmentState:
        """How things stand: fresh as of, last run and error, next due, what changed last, and the definition since."""
        assert self.states is not None
        return self.states.of(self.name)

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
        """Return the numbers of the customers (or accounts) that are in it."""
        return self.run.members(self.name)

    def ids(self) -> list[str]:
        """Return the ids of its customers or accounts, sorted as text by code point."""
        table = identified(self.engine, self.members(), self.entity)
        return sorted(table.column(TABLES[self.entity][2]).to_pylist())

    def customer_ids(self) -> list[str]:
        """Return the ids of its customers, sorted as text by code point."""
        self._must_hold("customer", "ids")
        return self.ids()

    def customers(self, traits: Sequence[str] = (), *, form: Form = "arrow") -> Any:
        """Return its customers, one row each, sorted by customer_id; see `table`."""
        self._must_hold("customer", "accounts")
        return self.table(traits, form=form)

    def accounts(self, traits: Sequence[str] = (), *, form: Form = "arrow") -> Any:
        """Return its accounts, one row each, sorted by account_id; see `table`."""
        self._must_hold("account", "customers")
        return self.table(traits, form=form)

    def _must_hold(self, entity: Entity, other: str) -> None:
        if self.entity != entity:
            raise WrongUse(
                f"The segment '{self.name}' holds {self.entity}s, not {entity}s.", hint=f"Use .{other}() or .table()."
            )

    def table(self, traits: Sequence[str] = (), *, form: Form = "arrow") -> Any:
        """Return its customers or accounts, one row each, sorted by id.

        Parameters
        ----------
        traits : loaded or computed traits to add as columns; values are those of the last run's moment.
        form : `arrow` (pyarrow.Table), `pandas` or `polars` (the extra `satsuma[dataframes]`).

        Raises
        ------
        NotFound
            For a trait that is neither loaded nor computed, with the nearest names.
        """
        known = identified(self.engine, self.members(), self.entity)
        table = with_traits(self.engine, self.run, known, traits, self.entity)
        return in_form(table.drop_columns([TABLES[self.entity][1]]), form)


@dataclass(frozen=True, slots=True)
class SegmentationView(_View):
    """A segmentation as the last run left it."""

    @property
    def labels(self) -> Sequence[Mapping[str, Any]]:
        """Its labels with size, share and value, in the order of the definition."""
        rows: Sequence[Mapping[str, Any]] = self.facts["labels"]
        return rows

    def assignments(self) -> pa.Table:
        """Return `customer_id, label` (or `account_id, label`) for everybody, sorted by id."""
        _, number, id_ = TABLES[self.entity]
        table = self.run.computed([self.name], self.entity)
        ids = identified(self.engine, BitMap(table.column(number).to_pylist()), self.entity)
        joined = _joined(ids, table)
        return pa.table({id_: joined.column(id_), "label": joined.column(self.name).cast(pa.string())})


def segment_views(engine: DuckDB, root: Path, states: States | None = None) -> list[SegmentView]:
    """Return the segments of the last run; none when nothing was run yet."""
    run = RunStore(engine, root / "state").latest()
    return [] if run is None else [SegmentView(engine, run, facts, states) for facts in run.outcome["segments"]]


def segment_view(engine: DuckDB, root: Path, name: str, states: States | None = None) -> SegmentView:
    """Return one segment of the last run."""
    run = RunStore(engine, root / "state").required()
    return SegmentView(engine, run, _named("segment", name, run.outcome["segments"]), states)


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


def identified(engine: DuckDB, numbers: BitMap, entity: Entity = "customer") -> pa.Table:
    """Return number and id of some customers or accounts, sorted by id; erased ones are not among them."""
    name, number, id_ = TABLES[entity]
    wanted = pa.table({number: pa.array(numbers.to_array(), pa.uint32())})
    cursor = engine.evaluating(everybody=False).cursor()
    try:
        cursor.register("satsuma_wanted", wanted)
        table = cursor.table(
            f"SELECT CAST(c.{number} AS BIGINT) AS {number}, c.{id_} FROM {name} c "
            f"JOIN satsuma_wanted w ON w.{number} = c.{number}"
            f"{' WHERE c.erased_at IS NULL' if entity == 'customer' else ''}"
        )
    finally:
        cursor.close()
    table = table.set_column(0, number, table.column(0).cast(pa.uint32()))
    # Arrow sorts texts by their UTF-8 bytes, which is the order of code points.
    return table.take(pc.sort_indices(table, [(id_, "ascending")]))


def _joined(left: pa.Table, right: pa.Table) -> pa.Table:
    """Add the columns of `right` to `left` by its first column, in the order of `left`; both have each number once."""
    key = right.column_names[0]
    place = pc.index_in(left.column(key), value_set=right.column(key))
    rows = right.drop_columns([key]).take(place)
    for name in rows.column_names:
        left = left.append_column(name, rows.column(name))
    return left


def with_traits(
    engine: DuckDB, run: StoredRun, table: pa.Table, traits: Sequence[str], entity: Entity = "customer"
) -> pa.Table:
    """Add loaded and computed traits, and labels of segmentations, as columns."""
    name_of_table, number, id_ = TABLES[entity]
    columns = engine.evaluating(everybody=False).columns(name_of_table)
    loaded = set(columns) - {number, "erased_at", "arrived_at", "described_at"}
    computed = run.computed_names(entity)
    known = [*sorted(loaded), *computed]
    for name in traits:
        if name not in known:
            raise NotFound.named("trait", name, known, hint="See satsuma trait list.")
        if name == id_ or name in table.column_names:
            continue
        is_computed = name in computed
        source = run.computed([name], entity) if is_computed else loaded_values(engine, run, name, entity)
        table = _joined(table, source)
    return table


def loaded_values(engine: DuckDB, run: StoredRun, name: str, entity: Entity = "customer") -> pa.Table:
    """Return a loaded trait of everybody as it was at the moment of a run."""
    table_name, number, _ = TABLES[entity]
    here = engine.evaluating(everybody=False)
    type_ = here.dialect.value_type(here.columns(table_name)[name])
    as_of = AsOf.at(run.as_of, run.known_at, ZoneInfo("UTC"))
    roster = everybody(here) if entity == "customer" else all_accounts(here)
    column = loaded_trait(here, name, type_, as_of, roster)
    numbers = np.arange(roster.size)
    return pa.table({number: numbers.astype(np.uint32), name: arrow_column(column, numbers)})


def trait_values(engine: DuckDB, root: Path, name: str, entity: Entity = "customer") -> pa.Table:
    """Return `customer_id, value` (or `account_id, value`) of a trait for the population of the last run, by id."""
    run, id_ = RunStore(engine, root / "state").required(), TABLES[entity][2]
    table = identified(engine, run.population(entity), entity)
    if name == id_:
        return pa.table({id_: table.column(id_), "value": table.column(id_)})
    found = with_traits(engine, run, table, [name], entity)
    return pa.table({id_: found.column(id_), "value": found.column(name)})


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
