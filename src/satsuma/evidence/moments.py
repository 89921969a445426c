"""How segments and segmentations stood at several moments, equally far apart, each with the revenue of its period.

A moment is taken from a run that was kept of it where definitions, fits and names still mean the same, and is evaluated
else: once for all definitions, with the fits of the last run, so that labels mean the same at every moment. Revenue is
the net revenue since the moment before; it is the difference of two totals and costs one more count of orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import WrongUse
from satsuma.evaluation.bitmaps import bits_of
from satsuma.evaluation.columns import Bits, Mask, count_bits, unpack
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.plan import closure
from satsuma.evaluation.roster import all_accounts, everybody
from satsuma.evaluation.run import evaluate, net_revenue
from satsuma.language.checker import Checked, kind_of
from satsuma.language.durations import local_day, parse_moment
from satsuma.language.moments import period_around
from satsuma.language.types import Definition, Entity, Segment, Segmentation
from satsuma.segments.frame import column_of
from satsuma.segments.history_cache import history_cache
from satsuma.segments.results import vocabulary_digest
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.steps import Every, parse_every
from satsuma.segments.store import RunStore, StoredRun, numbers_of

Progress = Callable[[str, int, int], None]

#: The distance when none is said.
MONTH = Every(1, "month")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Side:
    """Customers, or accounts, at one moment; every array is by number.

    members : who is in each segment, as packed bits. labels : the label of everybody, by segmentation; -1 for none.
    revenue : net revenue in the period that ends at the moment, in 1/10,000 of the currency.
    """

    size: int
    population: Bits
    members: Mapping[str, Bits]
    labels: Mapping[str, Labels]
    revenue: NDArray[np.int64]

    def everybody(self) -> Mask:
        return unpack(self.population, self.size)

    def inside(self, segment: str) -> Mask:
        return unpack(self.members[segment], self.size)

    @property
    def people(self) -> int:
        return count_bits(self.population)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Snapshot:
    """How things stood at a moment, UTC without a zone. begins : of the period that ends there."""

    as_of: datetime
    begins: datetime
    sides: Mapping[Entity, Side]

    @property
    def days(self) -> float:
        """How long the period is."""
        return (self.as_of - self.begins).total_seconds() / 86_400


# ------------------------------------------------------------------------------------------------------------ moments


def parse_since(text: str | None, as_of: datetime, zone: ZoneInfo) -> Every:
    """Return how far back to look: a month, when nothing is said; a distance, or that to a day or moment.

    Raises
    ------
    WrongUse
        When it is neither, or not before the moment that is looked back from.
    """
    if text is None:
        return MONTH
    if (moment := parse_moment(text, zone)) is not None:
        if moment >= as_of:
            raise WrongUse(
                f"'{text}' is not before the last run, which is as of {_day(as_of, zone)}.",
                hint="Name an earlier day, or a distance such as 1 month.",
                option="since",
            )
        return Every((as_of - moment) // timedelta(microseconds=1))
    given = text.strip()
    # A month is what is looked back at most, and its letter is no duration of the language.
    if given.endswith("m") and given[:-1].strip().isdigit():
        given = f"{given[:-1].strip()} months"
    return parse_every(given)


def moment_before(as_of: datetime, distance: Every, count: int, zone: ZoneInfo) -> datetime:
    """Return the moment `count` distances before another, both UTC without a zone.

    Calendar distances keep the local time of day. A last day of a month leads to last days of months.
    """
    if distance.period is None:
        return as_of - timedelta(microseconds=distance.count * count)
    local = as_of.replace(tzinfo=UTC).astimezone(zone)
    steps = distance.count * count
    if distance.period in ("day", "week"):
        day = local.date() - timedelta(days=steps * (7 if distance.period == "week" else 1))
    else:
        months = steps * {"month": 1, "quarter": 3, "year": 12}[distance.period]
        first, last = period_around(local.date(), "month", -months)
        is_last = local.date() == period_around(local.date(), "month", 0)[1]
        day = last if is_last else date(first.year, first.month, min(local.day, last.day))
    moved = datetime.combine(day, local.time(), tzinfo=zone)
    return moved.astimezone(UTC).replace(tzinfo=None)


def moments_before(as_of: datetime, distance: Every, most: int, earliest: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return moments up to `as_of`, the earliest first: those whose period the data cover, and at least the one before.

    Parameters
    ----------
    most : how many before `as_of` are wanted, beside the one at which the first period begins.
    earliest : the first event.

    Raises
    ------
    WrongUse
        When the data do not reach back to the moment before.
    """
    found = [as_of]
    for count in range(1, most + 2):
        try:
            moment = moment_before(as_of, distance, count, zone)
        except (OverflowError, ValueError):
            break
        # The period of the moment before may be covered in part; what is told of it says so. Others may not.
        if count > 2 and local_day(moment, zone) < local_day(earliest, zone):
            break
        found.append(moment)
    if len(found) < 3 or found[1] <= earliest:
        raise WrongUse(
            f"There is nothing to compare with: the data begin on {_day(earliest, zone)}, and the last run is as of "
            f"{_day(as_of, zone)}.",
            hint="Name a shorter distance, such as --since 7d.",
            option="since",
        )
    return found[::-1]


def first_event(engine: DuckDB) -> datetime | None:
    """Return when the first thing happened that a customer is known for."""
    here = engine.evaluating(everybody=False)
    found: datetime | None = here.value(
        "SELECT min(time) FROM events WHERE customer_no IS NOT NULL AND superseded_at IS NULL"
    )
    return found


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return local_day(moment, zone).isoformat()


# ---------------------------------------------------------------------------------------------------------- snapshots


@dataclass(frozen=True, eq=False)
class History:
    """What can be looked back at: the segments and segmentations that the last run holds as they are defined now.

    run : the last one, at whose moment the look back begins.
    only : kind and name of those that are looked at; all when not given.
    """

    engine: DuckDB
    checked: Checked
    run: StoredRun
    root: Path
    only: frozenset[tuple[str, str]] | None = None

    @cached_property
    def chosen(self) -> tuple[Definition, ...]:
        """The segments and segmentations that mean what they meant at the last run."""
        before = self.run.definitions["digests"]
        return tuple(
            item for item in self.checked.ordered
            if isinstance(item, Segment | Segmentation)
            and (self.only is None or (kind_of(item), item.name) in self.only)
            and before.get(_key(item)) == self.checked.digests.get((kind_of(item), item.name))
        )  # fmt: skip

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(item for item in self.chosen if isinstance(item, Segment))

    @property
    def segmentations(self) -> tuple[Segmentation, ...]:
        return tuple(item for item in self.chosen if isinstance(item, Segmentation))

    @property
    def warnings(self) -> list[str]:
        """What is left out or was loaded since, and why that matters."""
        found = self._left_out()
        if not self._is_current:
            found.append("Data were loaded since the last run: both moments are evaluated with them.")
        return found

    def _left_out(self) -> list[str]:
        known = {item.name for item in self.chosen}
        changed = [item.name for kind in (Segment, Segmentation) for item in self.checked.of(kind).values()
                   if item.name not in known]  # fmt: skip
        if not changed:
            return []
        names = ", ".join(f"'{name}'" for name in changed[:5]) + (" and others" if len(changed) > 5 else "")
        return [f"New or changed since the last run, and left out: {names}. They count after the next `satsuma run`."]

    @cached_property
    def _is_current(self) -> bool:
        """Whether nothing was loaded since the last run: else it knows less than an evaluation of now."""
        loaded = self.engine.value("SELECT coalesce(max(load_id), 0) FROM loads")
        return bool(self.run.definitions.get("last_load") == int(loaded))

    @cached_property
    def _entities(self) -> tuple[Entity, ...]:
        return ("customer", "account") if any(item.entity == "account" for item in self.chosen) else ("customer",)

    @cached_property
    def _needed(self) -> tuple[Definition, ...]:
        return closure(self.checked, [(kind_of(item), item.name) for item in self.chosen])

    @cached_property
    def _sizes(self) -> dict[Entity, int]:
        here = self.engine.evaluating(everybody=False)
        return {entity: (everybody(here) if entity == "customer" else all_accounts(here)).size
                for entity in self._entities}  # fmt: skip

    @cached_property
    def _fits(self) -> dict[str, Mapping[str, Any]]:
        return kept_models(self.checked, self.run)

    def snapshots(self, moments: Sequence[datetime], progress: Progress | None = None) -> Iterator[Snapshot]:
        """Yield how things stood at moments, from the second on: the first is where the first period begins.

        Parameters
        ----------
        moments : ascending, UTC without a zone.
        """
        before = self._totals(self._evaluated(moments[0], is_whole=False))
        for done, (begins, moment) in enumerate(pairwise(moments), start=1):
            kept = self.kept_run(moment)
            evaluation = self._evaluated(moment, is_whole=kept is None)
            totals = self._totals(evaluation)
            sides: dict[Entity, Side] = {}
            for entity in self._entities:
                revenue = totals[entity] - before[entity]
                here = evaluation.of(entity)
                sides[entity] = (self._evaluated_side(here, revenue) if kept is None
                                 else self._kept_side(kept, entity, revenue, here.everybody))  # fmt: skip
            yield Snapshot(as_of=moment, begins=begins, sides=sides)
            before = totals
            if progress is not None:
                progress("moments", done, len(moments) - 1)

    def kept_run(self, moment: datetime) -> StoredRun | None:
        """Return a run that holds all that is looked at as of a moment: the last one, unless data came in since."""
        if moment == self.run.as_of:
            return self.run if self._is_current else None
        here = self.run
        rows = self.engine.rows("SELECT run_id, as_of FROM runs")
        if not any(row[1] == moment for row in rows):
            return None
        for run in RunStore(self.engine, self.root / "state").newest_first():
            digests = run.definitions["digests"]
            if (
                run.as_of == moment
                and run.is_kept_whole
                and run.known_at == here.known_at
                and run.definitions.get("vocabulary") == vocabulary_digest(self.checked)
                and run.definitions.get("lists") == here.definitions.get("lists")
                and all(digests.get(_key(item)) == self.checked.digests.get((kind_of(item), item.name))
                        for item in self._needed)
                and all(run.models.get(name, {}).get("fit") == fit for name, fit in self._fits.items())
            ):  # fmt: skip
                return run
        return None

    def kept_moments(self, distance: Every, most: int) -> int:
        """Return how many moments before the last need no evaluation, because runs of them were kept; one at least.

        For those who must be quick: a look back at two moments evaluates one of them.
        """
        zone = self.checked.vocabulary.zone
        for count in range(1, most + 1):
            if self.kept_run(moment_before(self.run.as_of, distance, count, zone)) is None:
                return max(count - 1, 1)
        return most

    def _evaluated(self, moment: datetime, *, is_whole: bool) -> Evaluation:
        """Evaluate all that is looked at, or only what everybody has brought."""
        with_accounts = "account" in self._entities
        return evaluate(
            self.engine, self.checked, as_of_moment(self.checked, moment, self.run.known_at),
            definitions=self._needed if is_whole or with_accounts else (), lists_folder=self.root / "lists",
            models=self._fits, open_cache=history_cache(self.engine, self.root),
        )  # fmt: skip

    def _totals(self, evaluation: Evaluation) -> dict[Entity, NDArray[np.int64]]:
        """Return what each has brought up to the moment, as far as anybody was there."""
        found: dict[Entity, NDArray[np.int64]] = {}
        for entity in self._entities:
            column = net_revenue(evaluation.of(entity))
            found[entity] = np.where(column.present, column.values, 0)
        return found

    def _evaluated_side(self, evaluation: Evaluation, revenue: NDArray[np.int64]) -> Side:
        entity = evaluation.roster.entity
        return Side(
            size=evaluation.size, population=evaluation.everybody, revenue=revenue,
            members={item.name: evaluation.members[item.name] for item in self.segments if item.entity == entity},
            labels={item.name: evaluation.labels[item.name] for item in self.segmentations if item.entity == entity},
        )  # fmt: skip

    def _kept_side(self, run: StoredRun, entity: Entity, revenue: NDArray[np.int64], there: Bits) -> Side:
        """Return what a run kept, of those who are still there: who was erased since is nowhere in the past either."""
        size = self._sizes[entity]
        numbers = numbers_of(run.population(entity))
        labels: dict[str, Labels] = {}
        for item in self.segmentations:
            if item.entity != entity:
                continue
            read = run.labels if entity == "customer" else run.account_columns
            column = column_of(read([item.name]).column(item.name), "text")
            names = tuple(row["label"] for facts in run.outcome["segmentations"] if facts["name"] == item.name
                          for row in facts["labels"])  # fmt: skip
            place = {word: code for code, word in enumerate(names)}
            table = np.array([place.get(word, -1) for word in column.words] or [-1], np.int16)
            codes = np.full(size, -1, np.int16)
            codes[numbers] = np.where(column.present, table[column.values], np.int16(-1))
            codes[~unpack(there, size)] = -1
            labels[item.name] = Labels(names, codes)
        return Side(
            size=size, population=bits_of(run.population(entity), size) & there, labels=labels, revenue=revenue,
            members={item.name: bits_of(run.members(item.name), size) & there for item in self.segments
                     if item.entity == entity},
        )  # fmt: skip


def _key(item: Definition) -> str:
    return f"{kind_of(item)}/{item.name}"
