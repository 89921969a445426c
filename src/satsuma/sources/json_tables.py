"""JSON arrays and JSON lines as tables: one row per object, nested objects as `outer.inner` columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.errors import SourceError
from satsuma.sources import encodings
from satsuma.sources.careful import Broken
from satsuma.sources.files import TableFile
from satsuma.sources.raw import MAX_COLUMNS, RawTable, is_shown, unique_names
from satsuma.sources.temporary import free_name, keep_broken

MAX_OBJECT_BYTES = 64 << 20
MAX_DEPTH = 4


def read_json(engine: DuckDB, file: TableFile, folder: Path) -> RawTable:
    """Read one JSON file; every value becomes text as it is written.

    Raises
    ------
    SourceError
        When the file is not JSON, or holds no list of objects.
    """
    import duckdb

    encoding = encodings.detect_encoding(file.path, file.label)
    path = file.path
    folder.mkdir(parents=True, exist_ok=True)
    if encoding.name != "utf-8":
        path = folder / "text.json"
        encodings.to_utf8(file.path, path, encoding, file.label)
    elif any(char in str(path) for char in "*?[]{}"):
        path = folder / "text.json"
        path.symlink_to(file.path.resolve())
    objects, notes = _objects(engine, path, file.label)
    broken = _broken(engine, objects, path, file.label)
    try:
        structure = engine.value(f"SELECT json_group_structure(json)::VARCHAR FROM {objects} WHERE {_IS_OBJECT}")
    except duckdb.Error:
        raise SourceError(
            f"{file.label} nests too deeply to be a table.", hint="Each row must be an object of plain values."
        ) from None
    paths = [] if structure is None else list(_leaves(json.loads(structure), ()))
    if not paths:
        raise SourceError(
            f"{file.label} holds no JSON objects, so there are no columns.",
            hint='Each row must be an object such as {"id": 1, "name": "..."}, in one array or one per line.',
        )
    if len(paths) > MAX_COLUMNS:
        raise SourceError(f"{file.label} has {len(paths):,} different keys; at most {MAX_COLUMNS:,} are read.")
    names, renamed = unique_names([".".join(parts) for parts in paths])
    table = free_name("raw")
    pointers = ", ".join(literal("/" + "/".join(_escaped(part) for part in parts)) for parts in paths)
    cells = ", ".join(f"v[{number}] AS c{number}" for number in range(1, len(paths) + 1))
    engine.execute(
        f"CREATE TEMP TABLE {table} AS SELECT row_no, {literal(file.label)} AS source, {cells} FROM "
        f"(SELECT row_no, json_extract_string(json, [{pointers}]) AS v FROM {objects} WHERE {_IS_OBJECT})"
    )
    rows = engine.value(f"SELECT count(*) FROM {table}")
    engine.execute(f"DROP TABLE {objects}")
    if broken:
        notes.append(f"{len(broken)} lines that are not JSON objects: put into quarantine.")
    return RawTable(
        name=file.label,
        table=table,
        columns=names,
        types=("VARCHAR",) * len(names),
        rows=rows,
        sources=(file.label,),
        encoding=encodings.shown_name(encoding.name),
        broken=keep_broken(engine, broken),
        broken_rows=len(broken),
        notes=(*encoding.notes, *notes, *renamed),
        sure_names=True,
    )


_IS_OBJECT = "json IS NOT NULL AND json_type(json) = 'OBJECT'"


def _objects(engine: DuckDB, path: Path, label: str) -> tuple[str, list[str]]:
    """Make a table `row_no, json` of the objects of a file."""
    import duckdb

    form = _form(path)
    table = free_name("raw_json")
    if form == "wrapped":
        return _unwrap(engine, path, label, table)
    lenient = "true" if form == "newline_delimited" else "false"
    try:
        engine.execute(
            f"CREATE TEMP TABLE {table} AS SELECT row_number() OVER () AS row_no, json FROM read_json_objects("
            f"{literal(str(path))}, format = '{form}', maximum_object_size = {MAX_OBJECT_BYTES}, "
            f"ignore_errors = {lenient})"
        )
    except duckdb.Error:
        raise SourceError(
            f"{label} is not well-formed JSON.",
            hint="One array of objects, or one object per line (JSON lines), is read.",
        ) from None
    return table, []


def _form(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        start = file.read(4096).lstrip()
        if start.startswith("["):
            # A line that is an array by itself is no row, but several such lines are no array either.
            return "array"
        file.seek(0)
        line = ""
        while not line.strip():
            line = file.readline(MAX_OBJECT_BYTES)
            if not line:
                break
        rest = file.readline(1 << 16)
        while rest and not rest.strip():
            rest = file.readline(1 << 16)
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        # A first line that ends in the middle of an object: the file is one object over several lines.
        return "wrapped" if start.startswith("{") and line.strip()[-1:] in ("{", "[", ",") else "newline_delimited"
    if not rest and isinstance(value, dict) and any(_is_rows(item) for item in value.values()):
        return "wrapped"
    return "newline_delimited"


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _unwrap(engine: DuckDB, path: Path, label: str, table: str) -> tuple[str, list[str]]:
    """Read a file that is one object around a list of objects, as the answers of most web services are."""
    import pyarrow as pa

    try:
        with path.open(encoding="utf-8") as file:
            value = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise SourceError(
            f"{label} is not well-formed JSON.",
            hint="One array of objects, or one object per line (JSON lines), is read.",
        ) from None
    lists = {key: item for key, item in value.items() if _is_rows(item)}
    if len(lists) > 1:
        raise SourceError(
            f"{label} holds several lists of objects{_listed(lists)}.",
            hint="Save the list that is wanted as a file of its own.",
        )
    rows = next(iter(lists.values()), [value])
    notes = [f"The rows are the list '{next(iter(lists))}'."] if lists else ["The file is one object: one row."]
    batch = pa.table(
        {
            "row_no": pa.array(range(1, len(rows) + 1), pa.int64()),
            "json": pa.array([json.dumps(row, ensure_ascii=True) for row in rows], pa.string()),
        }
    )
    engine.register("incoming_batch", batch)
    engine.execute(f"CREATE TEMP TABLE {table} AS SELECT row_no, json::JSON AS json FROM incoming_batch")
    engine.unregister("incoming_batch")
    return table, notes


def _listed(names: Iterable[str]) -> str:
    """Return the names of lists in brackets; nothing where one may be a customer's value."""
    known = sorted(names)
    return f" ({', '.join(known[:5])})" if all(is_shown(name, sure=True) for name in known) else ""


def _broken(engine: DuckDB, objects: str, path: Path, label: str) -> list[tuple[str, Broken]]:
    numbers = [row[0] for row in engine.rows(f"SELECT row_no FROM {objects} WHERE NOT ({_IS_OBJECT}) OR json IS NULL")]
    if not numbers:
        return []
    wanted = set(numbers)
    texts: dict[int, str] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate((line for line in file if line.strip()), start=1):
            if number in wanted:
                texts[number] = line.rstrip("\r\n")
    return [
        (label, Broken(number, "not_json", json.dumps(texts.get(number, ""), ensure_ascii=False))) for number in numbers
    ]


def _leaves(structure: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(structure, dict) and structure and len(path) < MAX_DEPTH:
        for key, inner in structure.items():
            yield from _leaves(inner, (*path, key))
    elif path:
        yield path


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
