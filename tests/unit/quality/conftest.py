"""An engine with the warehouse's schema, and one call from a text to the incoming rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.quality.standardise import standardise
from satsuma.sources.reading import read_sources
from satsuma.sources.recognise import guess_mapping

NOW = dt.datetime(2026, 1, 1)


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    opened = DuckDB(None)
    opened.create_schema()
    yield opened
    opened.close()


@pytest.fixture
def clean(engine, tmp_path):
    """Write texts to files and standardise them together; returns the incoming rows."""

    def make(*texts, kind="customers", zone="UTC", region=None, **options):
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"{number}.csv"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        raws = read_sources(engine, paths)
        mappings = [guess_mapping(engine, raw, kind, **options) for raw in raws]
        return standardise(engine, raws, mappings, kind, zone, region, now=NOW)

    return make


@pytest.fixture
def column(engine):
    def values(incoming, name):
        return [
            row[0] for row in engine.rows(f"SELECT {identifier(name)} FROM {incoming.table} ORDER BY source, row_no")
        ]

    return values


def quality_of(incoming, field):
    """Return what was found in a field."""
    return next(line for line in incoming.quality if line.field == field)
