"""Runs and their results: files first, then one record in the warehouse that names them.

A run's folder holds columns (traits, labels, measures; see `column_files`), `models.json` and files of bitmaps: who is
in each segment, who entered or left it with the cause, and the answers to leaves that a refresh will ask for again. A
folder that no record names is what a crash left behind; `sweep` removes it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound, NotRun, WorkspaceError
from satsuma.evaluation.columns import Column
from satsuma.language.types import Entity
from satsuma.segments.bitmap_file import BitmapFile, UnreadableResultError, write_bitmaps
from satsuma.segments.column_files import ColumnFiles, patch_file, reading, whole_file, write_columns

MODELS = "models.json"
MEMBERS, CHANGES, LEAVES = "members.bitmaps", "changes.bitmaps", "leaves.bitmaps"
#: Stems of the files of columns.
TRAITS, LABELS, MEASURES, ACCOUNTS = "traits", "labels", "measures", "accounts"
POPULATION = "population"
#: No name of a segment holds a blank.
ACCOUNT_POPULATION = "population of accounts"
#: Runs that stay whole, whatever they are.
KEPT_WHOLE = 20
#: Columns that every run keeps beside the traits: net revenue and orders.
VALUE, ORDERS = "satsuma_value", "satsuma_orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What a run wants to keep."""

    started_at: datetime
    finished_at: datetime
    as_of: datetime
    known_at: datetime | None
    population: int
    #: Columns by the stem of their file: those of everybody, and rows of those whom a refresh touched.
    whole: Mapping[str, pa.Table]
    patches: Mapping[str, pa.Table]
    models: Mapping[str, Any]
    members: Mapping[str, bytes]
    changes: Mapping[str, bytes]
    leaves: Mapping[str, bytes]
    definitions: Mapping[str, Any]
    outcome: Mapping[str, Any]


class StoredRun:
    """A run that was committed."""

    def __init__(self, folder: Path, record: Mapping[str, Any]) -> None:
        self.folder = folder
        self.run_id: int = record["run_id"]
        self.as_of: datetime = record["as_of"]
        self.known_at: datetime | None = record["known_at"]
        self.started_at: datetime = record["started_at"]
        self.finished_at: datetime = record["finished_at"]
        self.population_size: int = record["population"]
        self.definitions: dict[str, Any] = json.loads(record["definitions"])
        self.outcome: dict[str, Any] = json.loads(record["outcome"])

    @cached_property
    def _members(self) -> BitmapFile:
        return BitmapFile(self.folder / MEMBERS)

    def members(self, segment: str) -> BitMap:
        """Return who is in a segment.

        Raises
        ------
        NotFound
            When the run has no segment of that name.
        """
        if not self.has_segment(segment):
            hint = "A new or changed segment has members after the next `satsuma run`."
            raise NotFound.named("segment", segment, self.segment_names(), hint=hint)
        return self._members.read(segment)

    def has_segment(self, name: str) -> bool:
        return name in self._members.index and name not in (POPULATION, ACCOUNT_POPULATION)

    @property
    def is_kept_whole(self) -> bool:
        """Whether all that the run found is still there; of old refreshes only the changes are."""
        return (self.folder / MEMBERS).exists()

    def segment_names(self) -> list[str]:
        return [name for name in self._members.names() if self.has_segment(name)]

    def population(self, entity: Entity = "customer") -> BitMap:
        return self._members.read(POPULATION if entity == "customer" else ACCOUNT_POPULATION)

    @cached_property
    def leaves(self) -> BitmapFile:
        return BitmapFile(self.folder / LEAVES)

    @cached_property
    def changes(self) -> BitmapFile:
        return BitmapFile(self.folder / CHANGES)

    @cached_property
    def models(self) -> dict[str, Any]:
        with reading(self.folder / MODELS) as path:
            models: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return models

    def is_whole(self) -> bool:
        """Return whether what the next run builds upon can be read: the kept models and who was in each segment."""
        try:
            _ = self.models
            for name in self._members.names():
                self._members.read(name)
        except UnreadableResultError:
            return False
        return True

    def columns(self, stem: str) -> ColumnFiles:
        """Return the columns of one kind, of this run and of those that it goes on from."""
        chain = [self.folder, *(self.folder.parent / name for name in self.definitions.get("chain", ()))]
        return ColumnFiles(chain, stem, "account_no" if stem == ACCOUNTS else "customer_no")

    def trait_names(self) -> list[str]:
        return self._defined(TRAITS, "traits")

    def segmentation_names(self) -> list[str]:
        return [name for name in self.label_columns() if ":" not in name]

    def traits(self, names: list[str]) -> pa.Table:
        """Return computed traits, one row per customer of the population in the order of their numbers."""
        return self.columns(TRAITS).read(names, self._numbers())

    def labels(self, names: list[str]) -> pa.Table:
        """Return labels (or scores, as `name:score`), one row per customer of the population."""
        return self.columns(LABELS).read(names, self._numbers())

    def account_columns(self, names: list[str]) -> pa.Table:
        """Return computed traits and labels of accounts, one row per account of their population."""
        return self.columns(ACCOUNTS).read(names, numbers_of(self.population("account")))

    def computed_names(self, entity: Entity = "customer") -> list[str]:
        """Return the computed traits and the segmentations of one entity."""
        if entity == "customer":
            return [*self.trait_names(), *self.segmentation_names()]
        if not self._members.index.get(ACCOUNT_POPULATION):
            return []
        found = [*self._defined(ACCOUNTS, "traits"), *self._defined(ACCOUNTS, "segmentations")]
        return [name for name in dict.fromkeys(found) if ":" not in name]

    def computed(self, names: list[str], entity: Entity = "customer") -> pa.Table:
        """Return computed traits or labels of one entity, one row for each of its population."""
        if entity == "account":
            return self.account_columns(names)
        return self.traits(names) if set(names) <= set(self.trait_names()) else self.labels(names)

    def label_columns(self) -> list[str]:
        return self._defined(LABELS, "segmentations")

    def _defined(self, stem: str, kind: str) -> list[str]:
        """Return the columns of what was defined at the run; the files of a chain may hold more."""
        names = [name for name in self.columns(stem).names() if name not in (VALUE, ORDERS)]
        known = self.definitions.get(kind)
        return names if known is None else [name for name in names if name.partition(":")[0] in known]

    def _numbers(self) -> NDArray[np.uint32]:
        return numbers_of(self.population())


def numbers_of(members: BitMap) -> NDArray[np.uint32]:
    """Return the numbers in a bitmap, in ascending order."""
    return np.array(members.to_array(), np.uint32)


class RunStore:
    """The runs of one workspace."""

    def __init__(self, engine: DuckDB, state: Path) -> None:
        self.engine = engine
        self.folder = state / "runs"

    def commit(self, run: NewRun) -> StoredRun:
        """Keep a run, whole or not at all."""
        run_id = int(self.engine.value("SELECT coalesce(max(run_id), 0) + 1 FROM runs"))
        name = f"{run_id:06d}"
        self.folder.mkdir(parents=True, exist_ok=True)
        target, draft = self.folder / name, self.folder / f".{name}.draft"
        for leftover in (target, draft):
            shutil.rmtree(leftover, ignore_errors=True)
        draft.mkdir()
        try:
            for stem, table in run.whole.items():
                write_columns(whole_file(draft, stem), table)
            for stem, table in run.patches.items():
                write_columns(patch_file(draft, stem), table)
            for file, blobs in ((MEMBERS, run.members), (CHANGES, run.changes), (LEAVES, run.leaves)):
                write_bitmaps(draft / file, blobs)
            (draft / MODELS).write_text(json.dumps(run.models), encoding="utf-8")
            for path in draft.iterdir():
                _make_durable(path)
            draft.rename(target)
            _make_durable(self.folder)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise WorkspaceError(
                f"The results cannot be written ({error.strerror}).",
                hint="Nothing was changed. Make room, or give permission in the folder state/, and run again.",
            ) from None
        self.engine.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [run_id, run.started_at, run.finished_at, run.as_of, run.known_at, run.population, name,
             json.dumps(run.definitions), json.dumps(run.outcome)],
        )  # fmt: skip
        stored = self.latest()
        assert stored is not None
        return stored

    def latest(self) -> StoredRun | None:
        """Return the run that was committed last."""
        found = self._read("ORDER BY run_id DESC LIMIT 1")
        return found[0] if found else None

    def all(self) -> list[StoredRun]:
        """Return all runs, the latest first."""
        return self._read("ORDER BY run_id DESC")

    def newest_first(self) -> Iterator[StoredRun]:
        """Yield the runs one by one, the latest first: for those who stop at the one they look for."""
        for (run_id,) in self.engine.rows("SELECT run_id FROM runs ORDER BY run_id DESC"):
            yield from self._read(f"WHERE run_id = {int(run_id)}")

    def required(self) -> StoredRun:
        """Return the latest run, or say that there is none yet."""
        latest = self.latest()
        if latest is None:
            raise NotRun("Nothing has been computed yet.", hint="Run `satsuma run` first.")
        return latest

    def _read(self, order: str) -> list[StoredRun]:
        names = ("run_id", "started_at", "finished_at", "as_of", "known_at", "population", "folder",
                 "definitions", "outcome")  # fmt: skip
        rows = self.engine.rows(f"SELECT {', '.join(names)} FROM runs {order}")
        return [StoredRun(self.folder / row[6], dict(zip(names, row, strict=True))) for row in rows]

    def thin(self, newest: int = KEPT_WHOLE) -> int:
        """Take from old refreshes, which may be one a second, all but who entered and left; returns how many.

        Full runs, the last run of each day, the newest ones, and what the latest goes on from stay as they are.
        """
        latest = self.latest()
        if latest is None:
            return 0
        needed = {latest.folder.name, *latest.definitions.get("chain", ())}
        thinned, days = 0, set()
        rows = self.engine.rows(
            """SELECT folder, CAST(as_of AS DATE), json_exists(outcome, '$.refresh.touched') FROM runs
            ORDER BY run_id DESC"""
        )
        for place, (name, day, is_refresh) in enumerate(rows):
            is_last_of_day = day not in days
            days.add(day)
            folder = self.folder / name
            if place < newest or not is_refresh or is_last_of_day or name in needed or not (folder / MEMBERS).exists():
                continue
            thinned += 1
            for path in folder.iterdir():
                if path.name not in (CHANGES, MODELS):
                    path.unlink(missing_ok=True)
        return thinned

    def sweep(self) -> None:
        """Remove what a crash left: drafts, and folders that no record names."""
        if not self.folder.exists():
            return
        named = {row[0] for row in self.engine.rows("SELECT folder FROM runs")}
        for path in self.folder.iterdir():
            if path.name not in named:
                shutil.rmtree(path, ignore_errors=True)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------------------------------------- Arrow columns


def arrow_column(column: Column, numbers: Any) -> pa.Array:
    """Return the values of some customers as Arrow, in the types people expect (decimals, dates, moments, texts)."""
    missing = ~column.present[numbers]
    if column.type == "list":
        rows = [column.python(int(number)) for number in numbers]
        return pa.array(rows, pa.list_(pa.string()))
    values = column.values[numbers]
    if column.type == "text":
        codes = pa.array(values.astype(np.int32), mask=missing)
        return pa.DictionaryArray.from_arrays(codes, pa.array(column.words, pa.string())).cast(pa.string())
    if column.type == "location":
        return pa.StructArray.from_arrays(
            [pa.array(values[:, 0]), pa.array(values[:, 1])], ["lat", "lon"], mask=pa.array(missing)
        )
    if column.type == "date":
        return pa.array(values.astype("datetime64[D]"), pa.date32(), mask=missing)
    if column.type == "datetime":
        return pa.array(values.astype("datetime64[us]"), pa.timestamp("us"), mask=missing)
    if column.scale != 1:
        digits = len(str(column.scale)) - 1
        return decimal_array(values, missing, digits)
    return pa.array(values, mask=missing)


def decimal_array(values: Any, missing: Any, digits: int) -> pa.Array:
    """Return whole numbers of 10**-digits as decimals, exactly."""
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0] = values
    wide[:, 1] = values >> 63
    validity = pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(18, digits), len(values), [validity, pa.py_buffer(wide.tobytes())])
