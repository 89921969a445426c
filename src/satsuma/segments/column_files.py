"""Columns of results over a chain of runs: a full run writes them whole, a refresh only the rows that it touched.

A column is looked for from the newest run back: rows of patches on the way, then the newest run that has it whole. A
later patch wins over an earlier one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from satsuma.segments.bitmap_file import unreadable_result


@dataclass(frozen=True, slots=True)
class ColumnFiles:
    """One kind of columns (`traits`, `labels`, `measures`) in a chain of run folders, the newest first."""

    folders: Sequence[Path]
    stem: str
    #: The column of numbers: customers', or accounts'.
    key: str = "customer_no"

    def names(self) -> list[str]:
        """Return the columns that are whole somewhere in the chain, in the order of the oldest file."""
        found: dict[str, None] = {}
        for folder in reversed(self.folders):
            path = whole_file(folder, self.stem)
            if path.exists() or len(self.folders) == 1:
                found.update(dict.fromkeys(_schema(path)))
        found.pop(self.key, None)
        return list(found)

    def read(self, names: Sequence[str], numbers: NDArray[np.uint32]) -> pa.Table:
        """Return columns for some customers.

        Parameters
        ----------
        numbers : customer numbers in ascending order; who has no row anywhere has no value.
        """
        columns: dict[str, pa.ChunkedArray] = {self.key: pa.array(numbers)}
        # Columns that stand in the same files are read together.
        together: dict[tuple[Path, ...], list[str]] = {}
        for name in names:
            together.setdefault(tuple(self._files(name)), []).append(name)
        for files, those in together.items():
            parts = [_table(path, self.key, those) for path in files]
            for name in those:
                columns[name] = latest(parts, self.key, name, numbers)
        return pa.table({name: columns[name] for name in (self.key, *names)})

    def parts(self, name: str) -> list[pa.Table]:
        """Return the pieces of a column, the newest first."""
        return [_table(path, self.key, [name]) for path in self._files(name)]

    def _files(self, name: str) -> list[Path]:
        """Return the files that hold a column, the newest first; the last has it whole."""
        found: list[Path] = []
        for folder in self.folders:
            whole, patch = whole_file(folder, self.stem), patch_file(folder, self.stem)
            if patch.exists() and name in _schema(patch):
                found.append(patch)
            if (whole.exists() or folder == self.folders[-1]) and name in _schema(whole):
                found.append(whole)
                break
        if not found:
            raise unreadable_result(whole_file(self.folders[0], self.stem))
        return found


def latest(parts: Sequence[pa.Table], key: str, name: str, numbers: NDArray[np.uint32]) -> pa.Array:
    """Return a column of some numbers from pieces, of which an earlier one in the list wins.

    Parameters
    ----------
    numbers : in ascending order; one without a row in any piece has no value.
    """
    if len(parts) == 1 and np.array_equal(parts[0].column(key).to_numpy(), numbers):
        return parts[0].column(name).combine_chunks()
    parts = [_rows_of(part, key, numbers) for part in parts]
    columns = [part.column(name) for part in parts]
    if len({column.type for column in columns}) > 1:
        # Dictionaries of labels and plain texts are one to a reader.
        columns = [column.cast(pa.string()) for column in columns]
    # The oldest first, so that what is newer overwrites the place of a row.
    pieces = [pa.table({key: part.column(key), name: column}) for part, column in zip(parts, columns, strict=True)]
    table = pa.concat_tables(reversed(pieces)).unify_dictionaries().combine_chunks()
    owners = table.column(key).to_numpy()
    place = np.full(int(max(owners.max(initial=0), numbers.max(initial=0))) + 1, -1, np.int64)
    place[owners] = np.arange(len(owners))
    rows = place[numbers]
    return table.column(name).combine_chunks().take(pa.array(rows, mask=rows < 0))


def _rows_of(part: pa.Table, key: str, numbers: NDArray[np.uint32]) -> pa.Table:
    """Return the rows of some numbers where they are few beside all; the rows stand in the order of their numbers."""
    if not len(numbers) or len(part) < 20 * len(numbers):
        return part
    owners = part.column(key).to_numpy()
    rows = np.searchsorted(owners, numbers)
    rows = rows[rows < len(owners)]
    return part.take(pa.array(rows[np.isin(owners[rows], numbers)]))


def whole_file(folder: Path, stem: str) -> Path:
    """Return the file of columns with a row for everybody."""
    return folder / f"{stem}.parquet"


def patch_file(folder: Path, stem: str) -> Path:
    """Return the file of columns with rows for those a refresh touched."""
    return folder / f"{stem}.patch.parquet"


def write_columns(path: Path, table: pa.Table) -> None:
    """Write a table of columns."""
    # Every refresh reads these: numbers are unpacked in half the time, and only texts repeat enough for a dictionary.
    texts = [
        field.name for field in table.schema if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)
    ]
    pq.write_table(table, path, compression="lz4", use_dictionary=texts)


@contextmanager
def reading(path: Path) -> Iterator[Path]:
    """Turn what a missing or damaged file of results brings about into a sentence."""
    try:
        yield path
    except (OSError, ValueError):
        raise unreadable_result(path) from None


def _schema(path: Path) -> list[str]:
    with reading(path):
        names: list[str] = pq.read_schema(path).names
    return names


def _table(path: Path, key: str, names: Sequence[str]) -> pa.Table:
    with reading(path):
        seen = path.stat()
    mark = (path, seen.st_mtime_ns, seen.st_size, key, tuple(names))
    found = _read.get(mark)
    if found is None:
        with reading(path), pq.ParquetFile(path) as file:
            found = file.read(columns=[key, *names])
        _read.keep(mark, found)
    return found


class _Read:
    """What was read lately: files of results never change, and refreshes that follow each other ask for the same."""

    #: Bytes that are kept; a table that is a larger part of them is not.
    MOST, MOST_OF_ONE = 256 * 1024**2, 64 * 1024**2

    def __init__(self) -> None:
        self._tables: OrderedDict[tuple[object, ...], pa.Table] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, mark: tuple[object, ...]) -> pa.Table | None:
        with self._lock:
            found = self._tables.get(mark)
            if found is not None:
                self._tables.move_to_end(mark)
            return found

    def keep(self, mark: tuple[object, ...], table: pa.Table) -> None:
        size = table.nbytes
        if size > self.MOST_OF_ONE:
            return
        with self._lock:
            if mark not in self._tables:
                self._bytes += size
            self._tables[mark] = table
            while self._bytes > self.MOST:
                self._bytes -= self._tables.popitem(last=False)[1].nbytes


_read = _Read()
