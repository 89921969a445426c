"""Evaluation in another engine than the warehouse: when its tables are published, and what stays at home."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.engines.engine import Engine
from satsuma.engines.tables import current_tables, is_foreign

if TYPE_CHECKING:
    from satsuma.engines.spark import Spark


@dataclass(slots=True, kw_only=True)
class ToSpark:
    """Evaluates on Spark what concerns everybody; asked by the warehouse each time something is evaluated.

    Only some customers (those that a load touched, one whose membership is explained) are read from the warehouse
    itself, where that takes less time than a task takes to start. Tables of another program are Spark's alone.

    master, remote, settings : of the session; see `open_session`.
    tables : the folder or address of the tables. log : the file for what Spark has to say.
    catalog : gives the catalogue as it is now.
    """

    master: str | None
    remote: str | None
    settings: Mapping[str, str]
    tables: str
    log: Path
    catalog: Callable[[], Catalog]
    _spark: Spark | None = field(default=None, init=False)

    @property
    def reads_foreign_tables(self) -> bool:
        """Say whether the tables are another program's, of which the warehouse knows nothing."""
        return is_foreign(self.tables)

    def __call__(self, warehouse: DuckDB, everybody: bool) -> Engine:
        if not everybody and not self.reads_foreign_tables:
            return warehouse
        from satsuma.engines.spark import Spark
        from satsuma.engines.spark_session import open_session

        catalog = self.catalog()
        # Before anything is written: a Spark that is not there is said at once.
        session = self._spark.session if self._spark else None
        session = session or open_session(self.master, self.remote, self.settings, self.log)
        tables = current_tables(warehouse, catalog, self.tables)
        if self._spark is None or (self._spark.tables, self._spark.catalog) != (tables, catalog):
            self._spark = Spark(session, tables, catalog)
        return self._spark
