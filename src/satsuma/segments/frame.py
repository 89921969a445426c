"""A frame of customers: one place for each of the population, with traits, labels, members and worth as arrays.

What looks at whole segments (discovery, evidence, personas, insights) reads it, whether the values come from the last
run or from an evaluation of another moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from satsuma.catalog import Kind, ValueType
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB
from satsuma.errors import NotFound
from satsuma.evaluation.columns import Column, Mask, empty_column, unpack
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.draws import draws
from satsuma.evaluation.population import encode_texts, loaded_trait
from satsuma.evaluation.roster import everybody
from satsuma.evaluation.run import ORDERS as ORDER_COUNT
from satsuma.evaluation.run import net_revenue
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import BUILT_IN_TRAITS, Checked
from satsuma.language.durations import from_microseconds
from satsuma.language.lineage import reads_sensitive
from satsuma.language.types import Segment, Segmentation, Trait
from satsuma.segments.results import whole_numbers
from satsuma.segments.store import ORDERS, VALUE, StoredRun, numbers_of

Floats = NDArray[np.float64]
Origin = Literal["loaded", "computed", "built in"]
T = TypeVar("T")
#: Ways in which a trait is learned that say what will be rather than what was.
FORETELLING = ("estimate", "predict")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitFacts:
    """What is known of a trait beside its values. foretold : whether a model of the others gives them."""

    name: str
    title: str
    type: ValueType
    kind: Kind | None = None
    unit: str | None = None
    origin: Origin = "loaded"
    sensitive: bool = False
    personal_data: str | None = None
    foretold: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FrameLabels:
    """The label of each place: `codes` index `names`; -1 where a label is not known any more."""

    names: tuple[str, ...]
    codes: NDArray[np.int16]

    def sizes(self) -> NDArray[np.int64]:
        """Return how many have each label."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))


@dataclass(frozen=True, eq=False)
class CustomerFrame:
    """Everybody in the population at one moment, by place; place i is the customer `numbers[i]`.

    numbers : customer numbers in ascending order. as_of, known_at : UTC without a zone.
    traits : what can be asked for with `column`, by name. segments, segmentations : those with `members`, `labels`.
    """

    as_of: datetime
    known_at: datetime | None
    numbers: NDArray[np.uint32]
    traits: Mapping[str, TraitFacts]
    segments: tuple[str, ...]
    segmentations: tuple[str, ...]
    _read_column: Callable[[str], Column] = field(repr=False)
    _read_members: Callable[[str], Mask] = field(repr=False)
    _read_labels: Callable[[str], FrameLabels] = field(repr=False)
    _read_worth: Callable[[], tuple[Floats, NDArray[np.int64]]] = field(repr=False)
    _kept: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """How many customers there are."""
        return len(self.numbers)

    def column(self, trait: str) -> Column:
        """Return a trait, one value per place.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        if trait not in self.traits:
            raise NotFound.named("trait", trait, self.traits, hint="See satsuma trait list.")
        return self._once("column", trait, self._read_column)

    def members(self, segment: str) -> Mask:
        """Return who is in a segment.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        if segment not in self.segments:
            hint = "A new or changed segment has members after the next `satsuma run`."
            raise NotFound.named("segment", segment, self.segments, hint=hint)
        return self._once("members", segment, self._read_members)

    def labels(self, segmentation: str) -> FrameLabels:
        """Return the label of everybody.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        if segmentation not in self.segmentations:
            hint = "A new or changed segmentation has labels after the next `satsuma run`."
            raise NotFound.named("segmentation", segmentation, self.segmentations, hint=hint)
        return self._once("labels", segmentation, self._read_labels)

    @cached_property
    def _worth(self) -> tuple[Floats, NDArray[np.int64]]:
        return self._read_worth()

    @property
    def value(self) -> Floats:
        """Net revenue of each customer up to the moment, in the currency."""
        return self._worth[0]

    @property
    def orders(self) -> NDArray[np.int64]:
        """How often each customer ordered."""
        return self._worth[1]

    def draws(self, salt: str) -> NDArray[np.uint64]:
        """Return where each customer is drawn, from 0 up to 2**64: the same in every order of rows, on every engine."""
        return self._once("draws", salt, lambda _: draws(self.column("customer_id"), np.arange(self.size), salt))

    def forget(self) -> None:
        """Let go of every column that was read."""
        self._kept.clear()

    def _once(self, what: str, name: str, read: Callable[[str], T]) -> T:
        if (what, name) not in self._kept:
            self._kept[what, name] = read(name)
        kept: T = self._kept[what, name]
        return kept


# ------------------------------------------------------------------------------------------------------ of a moment


def frame_of(evaluation: Evaluation) -> CustomerFrame:
    """Return the frame of an evaluation of everybody; it holds what was evaluated there."""
    checked = evaluation.checked
    places = np.flatnonzero(evaluation.population)
    computed = [name for name in evaluation.columns if name in checked.of(Trait)]
    labels = [name for name, item in checked.of(Segmentation).items() if item.entity == "customer"]
    segments = [name for name, item in checked.of(Segment).items() if item.entity == "customer"]

    def read_labels(name: str) -> FrameLabels:
        found = evaluation.labels[name]
        return FrameLabels(found.names, found.codes[places])

    def read_worth() -> tuple[Floats, NDArray[np.int64]]:
        orders = evaluation.measured.columns.get(ORDER_COUNT)
        counted = np.zeros(len(places), np.int64) if orders is None else orders.values[places]
        return net_revenue(evaluation).values[places] / MONEY_SCALE, counted

    moment, known = evaluation.as_of.moment.as_of, evaluation.as_of.known_at
    return CustomerFrame(
        as_of=from_microseconds(moment),
        known_at=None if known is None else from_microseconds(known),
        numbers=places.astype(np.uint32),
        traits=trait_facts(checked, computed),
        segments=tuple(name for name in segments if name in evaluation.members),
        segmentations=tuple(name for name in labels if name in evaluation.labels),
        _read_column=lambda name: evaluation.column(name).take(places),
        _read_members=lambda name: unpack(evaluation.members[name], evaluation.size)[places],
        _read_labels=read_labels,
        _read_worth=read_worth,
    )


def frame_of_run(engine: DuckDB, checked: Checked, run: StoredRun) -> CustomerFrame:
    """Return the frame of a run that was kept; loaded traits are read as they were at its moment."""
    numbers = numbers_of(run.population())
    here = engine.evaluating(everybody=False)
    as_of = AsOf.at(run.as_of, run.known_at, ZoneInfo("UTC"))
    facts = trait_facts(checked, run.trait_names())

    def read_column(name: str) -> Column:
        if facts[name].origin in ("loaded", "built in") and name not in run.trait_names():
            return loaded_trait(here, name, facts[name].type, as_of, everybody(here)).take(numbers)
        return column_of(run.traits([name]).column(name), facts[name].type)

    def read_members(name: str) -> Mask:
        mask = np.zeros(len(numbers), np.bool_)
        mask[np.searchsorted(numbers, np.array(run.members(name).to_array(), np.uint32))] = True
        return mask

    def read_labels(name: str) -> FrameLabels:
        array = run.labels([name]).column(name)
        label = column_of(array, "text")
        order = [row["label"] for item in run.outcome["segmentations"] if item["name"] == name
                 for row in item["labels"]]  # fmt: skip
        place = {word: code for code, word in enumerate(order)}
        table = np.array([place.get(word, -1) for word in label.words] or [-1], np.int16)
        return FrameLabels(tuple(order), np.where(label.present, table[label.values], np.int16(-1)))

    def read_worth() -> tuple[Floats, NDArray[np.int64]]:
        table = run.traits([VALUE, ORDERS])
        return whole_numbers(table.column(VALUE)) / MONEY_SCALE, table.column(ORDERS).to_numpy()

    of_customers = {
        kind: [row["name"] for row in run.outcome[kind] if row.get("entity", "customer") == "customer"]
        for kind in ("segments", "segmentations")
    }
    return CustomerFrame(
        as_of=run.as_of, known_at=run.known_at, numbers=numbers, traits=facts,
        segments=tuple(name for name in of_customers["segments"] if run.has_segment(name)),
        segmentations=tuple(of_customers["segmentations"]),
        _read_column=read_column, _read_members=read_members, _read_labels=read_labels, _read_worth=read_worth,
    )  # fmt: skip


def trait_facts(checked: Checked, computed: Sequence[str]) -> dict[str, TraitFacts]:
    """Return what is known of the traits of customers: loaded, of every customer, and the computed ones named."""
    found: dict[str, TraitFacts] = {}
    for name, type_ in BUILT_IN_TRAITS["customer"].items():
        found[name] = TraitFacts(name=name, title=_title(name), type=type_, origin="built in")
    for name, info in checked.vocabulary.catalog.traits.items():
        if info.entity == "customer":
            found[name] = TraitFacts(
                name=name, title=info.title or _title(name), type=info.type, kind=info.kind, unit=info.unit,
                sensitive=info.sensitive, personal_data=info.personal_data,
            )  # fmt: skip
    known = checked.of(Trait)
    for name in computed:
        trait = known.get(name)
        if trait is None or trait.entity != "customer":
            continue
        found[name] = TraitFacts(
            name=name, title=trait.title, type=trait.type, kind=trait.kind, unit=trait.unit,
            origin="built in" if trait.built_in else "computed", sensitive=reads_sensitive(checked, "trait", name),
            foretold=trait.way in FORETELLING,
        )  # fmt: skip
    return found


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


# -------------------------------------------------------------------------------------------------------- from Arrow


def column_of(array: pa.ChunkedArray, type_: ValueType) -> Column:
    """Return a column of results as an evaluation computes with it; the opposite of `store.arrow_column`."""
    flat = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    present = flat.is_valid().to_numpy(zero_copy_only=False)
    if type_ == "text":
        codes = np.zeros(len(flat), np.int32)
        codes[present], words = encode_texts(flat.cast(pa.string()).drop_null())
        return Column("text", codes, present, words=words)
    if type_ == "list":
        lengths = pc.fill_null(pc.list_value_length(flat), 0).to_numpy(zero_copy_only=False)
        offsets = np.zeros(len(flat) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        codes, words = encode_texts(flat.flatten())
        return Column("list", codes.astype(np.int64), present, words=words, offsets=offsets)
    if type_ == "location":
        result = empty_column("location", len(flat))
        for place, part in enumerate(("lat", "lon")):
            result.values[:, place] = flat.field(part).fill_null(0.0).to_numpy(zero_copy_only=False)
        return Column("location", result.values, present)
    if pa.types.is_decimal(flat.type):
        return Column(type_, whole_numbers(pa.chunked_array([flat])), present, scale=10**flat.type.scale)
    if type_ in ("date", "datetime"):
        return Column(type_, flat.cast(pa.int32() if type_ == "date" else pa.int64()).fill_null(0).to_numpy(), present)
    filled = flat.fill_null(False if type_ == "boolean" else 0)
    return Column(type_, filled.to_numpy(zero_copy_only=False), present)
