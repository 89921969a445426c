"""Chains of refreshes kept short: a refresh takes the rows of those before it along with its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from satsuma.segments.column_files import patch_file, reading, whole_file

Tables = Mapping[str, pa.Table]


def taken_along(folders: Sequence[Path], whole: Tables, patches: Tables) -> tuple[dict[str, pa.Table], list[Path]]:
    """Return patches that hold those of the newest runs of a chain too, and the runs that are still needed beside them.

    A run is taken along when its patches have the columns of the new ones, and the new run has whole whatever it has
    whole: then nothing that a reader would find in it is missing. The oldest run, which has everything whole, stays.

    Parameters
    ----------
    folders : the chain, the newest first.
    whole, patches : tables of the new run, by the stem of their files.
    """
    found: dict[str, list[pa.Table]] = {stem: [table] for stem, table in patches.items()}
    taken = 0
    for folder in folders:
        older = _patches(folder, whole, patches)
        if older is None:
            break
        taken += 1
        for stem, table in older.items():
            found[stem].append(table)
    if not taken:
        return dict(patches), list(folders)
    return {stem: _newest(tables) for stem, tables in found.items()}, list(folders[taken:])


def _patches(folder: Path, whole: Tables, patches: Tables) -> dict[str, pa.Table] | None:
    """Return the patches of a run in the form of the new ones; None when it has something else as well."""
    for path in folder.glob("*.parquet"):
        stem = path.name.split(".")[0]
        known = whole if path == whole_file(folder, stem) else patches
        with reading(path):
            names = set(pq.read_schema(path).names)
        if stem not in known or not names <= set(known[stem].column_names):
            return None
    found = {}
    for stem, like in patches.items():
        path = patch_file(folder, stem)
        if not path.exists():
            return None
        with reading(path):
            table = pq.read_table(path)
        if set(table.column_names) != set(like.column_names):
            return None
        try:
            found[stem] = table.select(like.column_names).cast(_plain(like.schema))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
    return found


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return a schema with plain texts in place of dictionaries, of which each file has its own."""
    return pa.schema(
        [pa.field(item.name, item.type.value_type if pa.types.is_dictionary(item.type) else item.type)
         for item in schema]
    )  # fmt: skip


def _newest(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all tables, the newest first, with one row a number: the newest, in the order of numbers."""
    table = pa.concat_tables([part.cast(_plain(tables[0].schema)) for part in tables]).combine_chunks()
    _, first = np.unique(table.column(0).to_numpy(), return_index=True)
    return table.take(pa.array(first))
