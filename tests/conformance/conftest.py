"""The engines that must agree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from satsuma.engines.duckdb import DuckDB


@pytest.fixture(scope="session", params=["duckdb"])
def engine(request: pytest.FixtureRequest) -> Iterator[DuckDB]:
    """Return a warehouse in memory on each engine there is."""
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()
