"""A small warehouse to publish, and Spark where the command line asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from satsuma.engines.duckdb import DuckDB
from small_tables import CATALOG, CUSTOMERS
from small_world import fill


@pytest.fixture
def warehouse() -> Iterator[DuckDB]:
    engine = DuckDB(None)
    fill(engine, CATALOG, CUSTOMERS)
    engine.execute("INSERT INTO loads VALUES (1, TIMESTAMP '2024-06-04', 'events', [], '{}', '{}')")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> Any:
    """Return the session on Spark of this run."""
    if request.config.getoption("--engine") != "spark":
        pytest.skip("asks Spark; make test-spark runs it")
    from on_spark import session

    return session()
