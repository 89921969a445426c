"""Who is in a segment, read from the last run or computed for the asking, and what its customers are worth."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyroaring import BitMap

from satsuma import documents
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB
from satsuma.errors import DefinitionError, NotFound
from satsuma.evaluation.bitmaps import bitmap, mask
from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import memberships
from satsuma.evaluation.run import closure, evaluate, net_revenue
from satsuma.language.checker import Checked
from satsuma.language.definitions import ReadDefinitions, read_preview
from satsuma.language.types import Definition, Entity, Segment, Segmentation
from satsuma.segments.history_cache import history_cache
from satsuma.segments.results import Worth
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.store import VALUE, RunStore, StoredRun

#: Checks the workspace's definitions, together with those given in place of others.
Checking = Callable[[ReadDefinitions | None], Checked]

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment somebody asks about, with every definition that it is checked with.

    label : what to call it in an answer. text : what was given in place of the name of a definition.
    """

    label: str
    segment: Segment
    checked: Checked
    text: str | None = None

    @property
    def name(self) -> str:
        return self.segment.name


@dataclass(frozen=True, slots=True)
class SentText:
    """The text of a definition from elsewhere, and what its file is called there."""

    text: str
    file: str


#: How a segment is asked for: by name, as the text of a definition, or as a file, here or elsewhere.
Wanted = str | Path | SentText


def is_name(text: str) -> bool:
    """Say whether a text can be the name of a segment, and not its definition or a file."""
    return _NAME.fullmatch(text) is not None


def asked_segment(asked: Wanted, checking: Checking, zone: ZoneInfo) -> Asked:
    """Find the segment that is meant: by its name, as a file, or as the text of a definition.

    Raises
    ------
    NotFound
        When no definition has the name, with the nearest ones.
    DefinitionError
        With every mistake of the definition.
    """
    if isinstance(asked, str) and is_name(asked):
        checked = checking(None)
        segments = checked.of(Segment)
        if asked not in segments:
            raise NotFound.named("segment", asked, segments, hint="See: satsuma segment list")
        return Asked(asked, segments[asked], checked)
    if isinstance(asked, SentText):
        return replace(asked_text(asked.text, checking, zone, file=asked.file), label=PurePath(asked.file).name)
    if isinstance(asked, str):
        return asked_text(asked, checking, zone, file="<text>")
    try:
        text = documents.read_text(asked, str(asked))
    except documents.DocumentError as error:
        raise DefinitionError.of([error.problem]) from None
    return replace(asked_text(text, checking, zone, file=str(asked)), label=asked.name)


def asked_text(text: str, checking: Checking, zone: ZoneInfo, *, file: str) -> Asked:
    """Return the segment that a text defines, checked with the workspace's definitions.

    Parameters
    ----------
    file : what to call the text in messages.

    Raises
    ------
    DefinitionError
        With every mistake.
    """
    read = read_preview(text, file=file, zone=zone)
    checked = checking(read)
    if not read.definitions:
        raise DefinitionError.of(read.problems)
    segment = checked.of(Segment)[read.definitions[0].name]
    return Asked(segment.title, segment, checked, text)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is in a segment at a moment.

    worth : gives the net revenue, up to the moment, of any of the population.
    """

    label: str
    entity: Entity
    as_of: datetime
    known_at: datetime | None
    members: BitMap = field(repr=False)
    population: BitMap = field(repr=False)
    worth: Callable[[BitMap], float] = field(repr=False)
    warnings: tuple[str, ...] = ()


def stored(
    engine: DuckDB, run: StoredRun, name: str, worths: dict[Entity, StoredWorth] | None = None
) -> Standing:  # fmt: skip
    """Return who is in a segment as a run left it, from its bitmaps; values are read when first asked for.

    Parameters
    ----------
    worths : where several segments of a run are asked for, what they share.
    """
    entity = entity_of(run, name)
    worth = ({} if worths is None else worths).setdefault(entity, StoredWorth(engine, run, entity))
    return Standing(name, entity, run.as_of, run.known_at, run.members(name), run.population(entity), worth)


def entity_of(run: StoredRun, name: str) -> Entity:
    """Return whose segment it is: of customers, or of accounts."""
    rows = {row["name"]: row for row in run.outcome["segments"]}
    entity: Entity = rows[name].get("entity", "customer") if name in rows else "customer"
    return entity


class StoredWorth:
    """The net revenue that a run kept of each customer; an account is worth what its people are."""

    def __init__(self, engine: DuckDB, run: StoredRun, entity: Entity) -> None:
        self.engine, self.run, self.entity = engine, run, entity

    @cached_property
    def _worth(self) -> Worth:
        table = self.run.traits([VALUE])
        numbers = table.column("customer_no").to_numpy()
        # Money is kept as decimals of four digits: as whole numbers of 1/10,000 it adds up exactly.
        whole = pc.cast(pc.multiply(table.column(VALUE), Decimal(MONEY_SCALE)), pa.int64()).to_numpy()
        values = np.zeros(int(numbers.max(initial=0)) + 1, np.int64)
        values[numbers] = whole
        if self.entity == "account":
            values = self._of_accounts(values)
        return Worth(Column("money", values, np.ones(len(values), np.bool_), scale=MONEY_SCALE))

    def _of_accounts(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        linked = memberships(self.engine)
        people, accounts = linked.column("customer_no").to_numpy(), linked.column("place").to_numpy()
        known = people < len(values)
        total = np.zeros(int(accounts.max(initial=0)) + 1, np.int64)
        np.add.at(total, accounts[known], values[people[known]])
        return total

    def __call__(self, members: BitMap) -> float:
        return self._worth.of(mask(members, len(self._worth.total)))


def evaluated(
    engine: DuckDB, asked: Asked, *, as_of: datetime, known_at: datetime | None, root: Path,
    models: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Standing, Evaluation]:  # fmt: skip
    """Compute who is in a segment at a moment, with all that its definition needs; nothing is kept.

    Parameters
    ----------
    models : the fits of segmentations; those of the last run when not given.
    """
    run = RunStore(engine, root / "state").latest()
    if models is None:
        models = kept_models(asked.checked, run)
    needed = closure(asked.checked, [("segment", asked.name)])
    evaluation = evaluate(
        engine, asked.checked, as_of_moment(asked.checked, as_of, known_at), definitions=needed,
        lists_folder=root / "lists", models=models, open_cache=history_cache(engine, root),
    )  # fmt: skip
    if run is not None and as_of < run.as_of:
        evaluation.warnings.extend(_later_fits(needed, kept_models(asked.checked, run)))
    return standing_of(asked, evaluation, as_of, known_at), evaluation


def _later_fits(needed: Iterable[Definition], fits: Container[str]) -> Iterator[str]:
    """Yield what to say about labels of a past moment that come from a fit made later."""
    for item in needed:
        if isinstance(item, Segmentation) and item.name in fits:
            yield f"The labels of '{item.name}' come from the fit of the last run, which has seen later data."


def standing_of(asked: Asked, evaluation: Evaluation, as_of: datetime, known_at: datetime | None) -> Standing:
    """Return who is in a segment that an evaluation has computed."""
    whose = evaluation.of(asked.segment.entity)
    worth = Worth(net_revenue(whose))
    return Standing(
        asked.label, whose.roster.entity, as_of, known_at, bitmap(whose.members[asked.name]), bitmap(whose.everybody),
        lambda members: worth.of(mask(members, whose.size)), tuple(evaluation.warnings),
    )  # fmt: skip


class Standings:
    """Finds who is in the segments somebody names: from the last run where it has them, else by evaluation.

    now : the moment to evaluate at where nothing was run yet, UTC without a zone.
    """

    def __init__(self, engine: DuckDB, checking: Checking, zone: ZoneInfo, root: Path, now: datetime) -> None:
        self.engine, self.checking, self.zone, self.root = engine, checking, zone, root
        self.run = RunStore(engine, root / "state").latest()
        self.moment = (now, None) if self.run is None else (self.run.as_of, self.run.known_at)
        self._worths: dict[Entity, StoredWorth] = {}

    def last(self, asked: Wanted) -> Standing:
        """Return a segment as the last run left it, or, where that has none of the name, at its moment."""
        if self.run is not None and isinstance(asked, str) and self.run.has_segment(asked):
            return stored(self.engine, self.run, asked, self._worths)
        return self.at(asked, *self.moment)

    def at(self, asked: Wanted, as_of: datetime, known_at: datetime | None) -> Standing:
        """Return a segment at a moment, by what its definition says now."""
        found = asked_segment(asked, self.checking, self.zone)
        standing, _ = evaluated(self.engine, found, as_of=as_of, known_at=known_at, root=self.root)
        return standing
