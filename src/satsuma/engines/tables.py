"""The tables that an evaluation reads, published from the warehouse as Parquet for an engine that is elsewhere.

A manifest names the folder of each table. Folders are written under a name of their own and the manifest is replaced
last, so that a reader finds the tables of one moment, and what a crash left is swept by the next time. Only events of
names that a load since the last time touched are written again.

A folder with tables and no manifest was written by another program: it is read as it is, in the layout of
`engines.layout`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.engines.layout import EVENTS, TABLES, event_columns, event_folder, trait_columns
from satsuma.errors import WorkspaceError

MANIFEST = "manifest.json"
#: Raised when the published form changes: tables of an older one are written again.
FORM = 1

#: Rows of one file; its rows are those of a range of customers.
FILE_ROWS = 1_000_000
#: Rows that are skipped together when a file is read.
ROW_GROUP = 122_880


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTable:
    """The published table of one event name."""

    folder: str
    rows: int
    #: Column -> (property, SQL type), by which a change of the catalogue is seen.
    columns: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Where each table is.

    root : a folder, or the address of one (`s3a://...`). tables, events : folders within it, by table and by event
    name; those of another program's tables are where the layout says.
    state : what the warehouse was like when they were published; None for another program's tables.
    """

    root: str
    tables: Mapping[str, str]
    events: Mapping[str, EventTable]
    state: Mapping[str, Any] | None = None

    def path(self, folder: str) -> str:
        """Return the path of a folder in the file system."""
        return f"{self.root.rstrip('/')}/{folder}"

    def address(self, folder: str) -> str:
        """Return where an engine elsewhere finds a folder.

        A path alone might be taken for one in the engine's own file system, and some characters for a pattern.
        """
        if is_address(self.root):
            return self.path(folder)
        return "file://" + re.sub(r"[\\{}\[\]*?]", r"\\\g<0>", self.path(folder))


def current_tables(warehouse: DuckDB, catalog: Catalog, root: str) -> Tables:
    """Return the tables to read: those of another program as they are, or the warehouse's, published where needed.

    Raises
    ------
    WorkspaceError
        When the folder cannot be written.
    """
    return foreign_tables(root, catalog) if is_foreign(root) else publish(warehouse, catalog, Path(root))


def is_foreign(root: str) -> bool:
    """Say whether tables are another program's: behind an address, or in a folder without a manifest."""
    return is_address(root) or (not (Path(root) / MANIFEST).exists() and (Path(root) / "customers").exists())


def is_address(root: str) -> bool:
    """Say whether a root is an address, behind which only an engine elsewhere can read."""
    return re.match(r"[a-z][a-z0-9+.-]+://", root) is not None


def foreign_tables(root: str, catalog: Catalog) -> Tables:
    """Return the tables of another program, in the folders of the layout."""
    events = {name: EventTable(folder=event_folder(name), rows=-1, columns={}) for name in catalog.events}
    return Tables(root=root, tables={name: name for name in TABLES}, events=events)


# ------------------------------------------------------------------------------------------------------- publishing


def publish(warehouse: DuckDB, catalog: Catalog, root: Path) -> Tables:
    """Bring the published tables up to the warehouse and the catalogue, as far as they are not."""
    before = _read_manifest(root)
    state = _state(warehouse, catalog)
    if before is not None and before.state == state:
        return before
    with _writing(root):
        return _publish(warehouse, catalog, root, before, state)


def _publish(
    warehouse: DuckDB, catalog: Catalog, root: Path, before: Tables | None, state: Mapping[str, Any]
) -> Tables:
    root.mkdir(parents=True, exist_ok=True)
    version = _next_version(root)
    tables = {}
    for name in TABLES:
        tables[name] = f"{name}-{version:06d}"
        with _new_folder(root / tables[name]) as folder:
            _copy(warehouse, _rows_of(warehouse, catalog, name), folder / "part-00000.parquet")
    events = {}
    untouched = {} if before is None else _untouched(warehouse, before, state)
    products = warehouse.columns("products")
    for place, (name, rows) in enumerate(_counts(warehouse).items()):
        columns = {column: list(item) for column, item in event_columns(catalog, name, products).items()}
        kept = untouched.get(name)
        if kept is not None and (kept.rows, kept.columns) == (rows, columns):
            events[name] = kept
            continue
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
        folder_name = f"events/{place:04d}-{slug}-{version:06d}"
        with _new_folder(root / folder_name) as folder:
            _write_events(warehouse, name, rows, columns, folder)
        events[name] = EventTable(folder=folder_name, rows=rows, columns=columns)
    published = Tables(root=str(root), tables=tables, events=events, state=state)
    _write_manifest(root, published)
    _sweep(root, published)
    return published


def _state(warehouse: DuckDB, catalog: Catalog) -> dict[str, Any]:
    """Return what tells whether the tables are still those of the warehouse."""
    known = json.dumps(asdict(catalog), sort_keys=True, default=str).encode()
    rows = {name: warehouse.value(f"SELECT count(*) FROM {name}") for name in (*TABLES, "events", "supersessions")}
    return {
        "form": FORM,
        "catalog": hashlib.md5(known, usedforsecurity=False).hexdigest(),
        "last_load": int(warehouse.value("SELECT coalesce(max(load_id), 0) FROM loads")),
        "rows": rows,
        # What changes rows of any name without a load.
        "merges": warehouse.value("SELECT count(*) + count(undone_at) FROM merges"),
        "erased": warehouse.value("SELECT count(erased_at) FROM customers"),
    }


def _untouched(warehouse: DuckDB, before: Tables, state: Mapping[str, Any]) -> Mapping[str, EventTable]:
    """Return the published tables of events that no load since then touched."""
    assert before.state is not None
    if any(before.state[key] != state[key] for key in ("form", "merges", "erased")):
        return {}
    since = before.state["last_load"]
    touched = warehouse.rows(
        f"SELECT DISTINCT name FROM events WHERE load_id > {since} "
        f"UNION SELECT DISTINCT name FROM supersessions WHERE load_id > {since}"
    )
    names = {str(row[0]) for row in touched}
    return {name: table for name, table in before.events.items() if name not in names}


def _counts(warehouse: DuckDB) -> dict[str, int]:
    """Return the rows of each event name; anonymous events belong to nobody who is evaluated."""
    rows = warehouse.rows("SELECT name, count(*) FROM events WHERE customer_no IS NOT NULL GROUP BY name ORDER BY name")
    return {str(name): int(count) for name, count in rows}


def _rows_of(warehouse: DuckDB, catalog: Catalog, table: str) -> str:
    """Return the query of a table's rows, each value as the layout has it."""
    columns = warehouse.columns(table)
    shown = {name: identifier(name) for name in columns}
    if table == "products":
        for name, type_ in _product_types(catalog).items():
            if name in columns:
                shown[name] = f"TRY_CAST({identifier(name)} AS {type_})"
    if table == "trait_changes":
        shown.update({name: _logged(catalog, name) for name in ("old_value", "new_value")})
    selected = ", ".join(f"{value} AS {identifier(name)}" for name, value in shown.items())
    key = next(iter(columns))
    return f"SELECT {selected} FROM {table} ORDER BY {identifier(key)}"


def _product_types(catalog: Catalog) -> dict[str, str]:
    """Return the types in which events read what is known of their products, where all agree."""
    found: dict[str, set[str]] = {}
    for event in catalog.events:
        for name, (property_, type_) in event_columns(catalog, event, {}).items():
            if catalog.events[event].properties[property_].source == "products" and name == property_:
                found.setdefault(name, set()).add(type_)
    return {name: next(iter(types)) for name, types in found.items() if len(types) == 1}


def _logged(catalog: Catalog, column: str) -> str:
    """Return the SQL of a value of the log of changes: lists and places as JSON, everything else as it is."""
    cases = "".join(
        f" WHEN entity = {literal(table.removesuffix('s'))} AND trait = {literal(name)} "
        f"THEN CAST(to_json(TRY_CAST({column} AS {type_})) AS VARCHAR)"
        for table in ("customers", "accounts")
        for name, type_ in trait_columns(catalog, table).items()
        if type_.endswith("[]") or type_.startswith("STRUCT")
    )
    return f"CASE{cases} ELSE {column} END" if cases else column


def _write_events(warehouse: DuckDB, name: str, rows: int, columns: Mapping[str, list[str]], folder: Path) -> None:
    """Write the events of one name in the order of customer, time and id, a range of customers to a file."""
    shown = [f"CAST({column} AS {type_}) AS {column}" if column == "event_id" else column
             for column, type_ in EVENTS.items()]  # fmt: skip
    shown += [
        f"TRY_CAST(variant_extract(properties, {literal(property_)}) AS {type_}) AS {identifier(column)}"
        for column, (property_, type_) in columns.items()
    ]
    last = int(warehouse.value("SELECT max(customer_no) FROM events WHERE name = ?", [name]))
    step = last // max(1, -(-rows // FILE_ROWS)) + 1
    for place, low in enumerate(range(0, last + 1, step)):
        query = (
            f"SELECT {', '.join(shown)} FROM events WHERE name = {literal(name)} "
            f"AND customer_no >= {low} AND customer_no < {low + step} ORDER BY customer_no, time, event_id"
        )
        _copy(warehouse, query, folder / f"part-{place:05d}.parquet")


def _copy(warehouse: DuckDB, query: str, path: Path) -> None:
    warehouse.execute(
        f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )


# ------------------------------------------------------------------------------------------------ folders, manifest


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Give a draft of a folder, which takes its name when it is whole."""
    draft = folder.parent / f".{folder.name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Turn what a full or forbidden disk brings about into a sentence."""
    import duckdb

    try:
        yield
    except (OSError, duckdb.IOException, duckdb.PermissionException) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise WorkspaceError(
            f"The tables for Spark cannot be written in {root} ({reason}).",
            hint="Make room or give permission there, or name another folder: engine: {name: spark, tables: FOLDER} in "
            "satsuma.yaml. What was published before still stands.",
        ) from None


def _next_version(root: Path) -> int:
    names = [path.name for path in (*root.glob("*-*"), *root.glob("events/*-*"))]
    numbers = [int(found[1]) for name in names if (found := re.search(r"-(\d{6,})$", name))]
    return max(numbers, default=0) + 1


def _read_manifest(root: Path) -> Tables | None:
    """Return the tables that a manifest names; None when there is none, or it names what is gone."""
    try:
        facts = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
        events = {name: EventTable(**table) for name, table in facts["events"].items()}
        tables = Tables(root=str(root), tables=facts["tables"], events=events, state=facts["state"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    folders = [*tables.tables.values(), *(table.folder for table in events.values())]
    is_whole = tables.tables.keys() == TABLES.keys() and all((root / folder).is_dir() for folder in folders)
    return tables if is_whole else None


def _write_manifest(root: Path, tables: Tables) -> None:
    facts = asdict(replace(tables, root=""))
    del facts["root"]
    draft = root / f".{MANIFEST}"
    draft.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(draft, root / MANIFEST)


def _sweep(root: Path, tables: Tables) -> None:
    """Remove folders that the manifest does not name: older tables, and what a crash left."""
    named = {*tables.tables.values(), *(table.folder for table in tables.events.values()), "events", MANIFEST}
    for path in (*root.iterdir(), *(root / "events").glob("*")):
        is_ours = re.search(r"-\d{6,}(\.draft)?$", path.name) is not None
        if is_ours and path.relative_to(root).as_posix() not in named:
            shutil.rmtree(path, ignore_errors=True)
