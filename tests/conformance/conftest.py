"""The engines that must agree: each answers every case, in `make test` DuckDB, in `make test-spark` Spark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from satsuma.engines.duckdb import DuckDB


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask the engine that the command line names."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", [metafunc.config.getoption("--engine")], indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[DuckDB]:
    """Return a warehouse in memory that is evaluated on the engine of the name."""
    warehouse = DuckDB(None)
    there = None
    if request.param == "spark":
        from on_spark import OnSpark

        there = OnSpark(warehouse)
    yield warehouse
    warehouse.close()
    if there is not None:
        there.close()
