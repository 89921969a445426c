"""Small files and an engine to read them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.sources.raw import RawTable
from satsuma.sources.reading import read_sources

Write = Callable[..., Path]
Read = Callable[..., RawTable]


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    opened = DuckDB(None)
    yield opened
    opened.close()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text (UTF-8 unless told otherwise) or bytes to a file and return its path."""

    def make(content: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return make


@pytest.fixture
def read(engine: DuckDB, write: Write) -> Read:
    """Write a file and read it as its only raw table."""

    def make(content: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> RawTable:
        (raw,) = read_sources(engine, [write(content, name, encoding)])
        return raw

    return make


@pytest.fixture
def cells(engine: DuckDB) -> Callable[[RawTable], list[tuple[Any, ...]]]:
    """Return the rows of a raw table without row number and source, missing cells as empty texts."""

    def rows(raw: RawTable) -> list[tuple[Any, ...]]:
        shown = ", ".join(f"coalesce({raw.physical(name)}::VARCHAR, '')" for name in raw.columns)
        return engine.rows(f"SELECT {shown} FROM {raw.table} ORDER BY source, row_no")

    return rows
