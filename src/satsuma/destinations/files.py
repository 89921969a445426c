"""Tables into files: CSV that is safe to open in a spreadsheet, or Parquet with its types.

A file appears whole or not at all: it is written beside its place and moved there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from satsuma.errors import ExportError, WrongUse, nearest
from satsuma.privacy.cells import safe_column

if TYPE_CHECKING:
    import pyarrow as pa


def write_file(table: pa.Table, path: Path) -> None:
    """Write a table to `path`, as its ending says: .csv or .parquet. An older file of that name is replaced.

    Raises
    ------
    WrongUse
        The ending is another one.
    ExportError
        The place cannot be written; an older file is still there as it was.
    """
    writer = writer_for(path)
    write_whole(path, lambda file: writer(table, file))


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file whole or not at all; an older one of that name is replaced.

    Raises
    ------
    ExportError
        The place cannot be written; an older file is still there as it was.
    """
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        # mkstemp makes files that only their owner may read; a file for others to use follows the usual rule.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(draft, 0o666 & ~mask)
        os.replace(draft, path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        Path(draft).unlink(missing_ok=True)


def writer_for(path: Path) -> Callable[[pa.Table, BinaryIO], None]:
    """Return what writes a file of this ending."""
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        near = nearest(path.suffix, writers)
        raise WrongUse(
            f"'{path.name}' does not say what kind of file it should be.",
            hint="Name a file that ends with .csv or .parquet.",
            allowed=list(writers),
            nearest=list(near),
        )
    return writer


def _write_csv(table: pa.Table, file: BinaryIO) -> None:
    import pyarrow.csv as csv

    csv.write_csv(_as_texts(table), file)


def _write_parquet(table: pa.Table, file: BinaryIO) -> None:
    import pyarrow.parquet as parquet

    parquet.write_table(table, file, compression="zstd")


def _as_texts(table: pa.Table) -> pa.Table:
    """Return a table whose columns a CSV can hold: lists and places as JSON, texts made safe."""
    import json

    import pyarrow as pa

    for number, name in enumerate(table.column_names):
        column = table.column(number)
        if pa.types.is_dictionary(column.type) or pa.types.is_large_string(column.type):
            column = column.cast(pa.string())
        elif pa.types.is_nested(column.type):
            cells = [None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in column.to_pylist()]
            column = pa.chunked_array([pa.array(cells, pa.string())])
        if pa.types.is_string(column.type):
            column = safe_column(column)
        table = table.set_column(number, name, column)
    names = pa.chunked_array([pa.array(table.column_names, pa.string())])
    return table.rename_columns(safe_column(names).to_pylist())


def _cannot_write(path: Path, error: OSError) -> ExportError:
    return ExportError(
        f"'{path}' cannot be written ({error.strerror or 'the system refused'}).",
        hint="Choose a folder that is there and that you may write to, on a disk with room.",
        path=str(path),
    )
