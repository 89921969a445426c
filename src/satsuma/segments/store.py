"""Runs and their results: files first, then one record in the warehouse that names them.

A run's folder holds `traits.parquet`, `labels.parquet`, `models.json` and two files of bitmaps: who is in each
segment, and who entered or left it with the cause. A folder that no record names is what a crash left behind; `sweep`
removes it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound, WorkspaceError
from satsuma.evaluation.columns import Column
from satsuma.segments.bitmap_file import BitmapFile, UnreadableResultError, unreadable_result, write_bitmaps

TRAITS, LABELS, MODELS = "traits.parquet", "labels.parquet", "models.json"
MEMBERS, CHANGES = "members.bitmaps", "changes.bitmaps"
POPULATION = "population"
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
    traits: pa.Table
    labels: pa.Table
    models: Mapping[str, Any]
    members: Mapping[str, bytes]
    changes: Mapping[str, bytes]
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
        if segment not in self._members.index or segment == POPULATION:
            hint = "A new or changed segment has members after the next `satsuma run`."
            raise NotFound.named("segment", segment, self.segment_names(), hint=hint)
        return self._members.read(segment)

    def segment_names(self) -> list[str]:
        return [name for name in self._members.names() if name != POPULATION]

    def population(self) -> BitMap:
        return self._members.read(POPULATION)

    @cached_property
    def changes(self) -> BitmapFile:
        return BitmapFile(self.folder / CHANGES)

    @cached_property
    def models(self) -> dict[str, Any]:
        with _reading(self.folder / MODELS) as path:
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

    def trait_names(self) -> list[str]:
        return [name for name in _columns(self.folder / TRAITS) if name not in ("customer_no", VALUE, ORDERS)]

    def segmentation_names(self) -> list[str]:
        return [name for name in _columns(self.folder / LABELS) if name != "customer_no" and ":" not in name]

    def traits(self, names: list[str]) -> pa.Table:
        """Return computed traits, one row per customer of the population in the order of their numbers."""
        return _table(self.folder / TRAITS, names)

    def labels(self, names: list[str]) -> pa.Table:
        """Return labels (or scores, as `name:score`), one row per customer of the population."""
        return _table(self.folder / LABELS, names)

    def label_columns(self) -> list[str]:
        return _columns(self.folder / LABELS)


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
            pq.write_table(run.traits, draft / TRAITS, compression="zstd")
            pq.write_table(run.labels, draft / LABELS, compression="zstd")
            write_bitmaps(draft / MEMBERS, run.members)
            write_bitmaps(draft / CHANGES, run.changes)
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

    def required(self) -> StoredRun:
        """Return the latest run, or say that there is none yet."""
        latest = self.latest()
        if latest is None:
            raise WorkspaceError("Nothing has been computed yet.", hint="Run `satsuma run` first.")
        return latest

    def _read(self, order: str) -> list[StoredRun]:
        names = ("run_id", "started_at", "finished_at", "as_of", "known_at", "population", "folder",
                 "definitions", "outcome")  # fmt: skip
        rows = self.engine.rows(f"SELECT {', '.join(names)} FROM runs {order}")
        return [StoredRun(self.folder / row[6], dict(zip(names, row, strict=True))) for row in rows]

    def sweep(self) -> None:
        """Remove what a crash left: drafts, and folders that no record names."""
        if not self.folder.exists():
            return
        named = {row[0] for row in self.engine.rows("SELECT folder FROM runs")}
        for path in self.folder.iterdir():
            if path.name not in named:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _reading(path: Path) -> Iterator[Path]:
    """Turn what a missing or damaged file of results brings about into a sentence."""
    try:
        yield path
    except (OSError, ValueError):
        raise unreadable_result(path) from None


def _columns(path: Path) -> list[str]:
    with _reading(path):
        names: list[str] = pq.read_schema(path).names
    return names


def _table(path: Path, names: list[str]) -> pa.Table:
    with _reading(path):
        return pq.read_table(path, columns=["customer_no", *names])


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
