"""Tests on Spark: one session for the whole run, and warehouses whose evaluation goes there."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.engines.spark import Spark
from satsuma.engines.spark_session import open_session
from satsuma.engines.tables import publish

#: Worlds of a dozen customers: what costs here is planning and compiling, not rows.
SETTINGS = {
    "spark.driver.memory": "1g",
    # One partition, and no planning in between: each costs more than the rows do.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    # A statement's own Java takes longer to compile than it runs.
    "spark.sql.codegen.wholeStage": "false",
}


@cache
def session() -> Any:
    """Return the session of this run; its process ends with the tests'."""
    return open_session("local[2]", None, SETTINGS, Path(tempfile.gettempdir()) / "satsuma-tests-spark.log")


class OnSpark:
    """Evaluates on tables published anew each time: a test changes its warehouse as it likes."""

    def __init__(self, warehouse: DuckDB) -> None:
        self.catalog = Catalog()
        self.folder = Path(tempfile.mkdtemp(prefix="satsuma-tables-"))
        self.numbers = itertools.count()
        warehouse.hand_over = self

    def __call__(self, warehouse: DuckDB, everybody: bool) -> Spark:
        folder = self.folder / str(next(self.numbers))
        return Spark(session(), publish(warehouse, self.catalog, folder), self.catalog)

    def close(self) -> None:
        shutil.rmtree(self.folder)
