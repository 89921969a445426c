"""A shop's own database, the same in PostgreSQL, MariaDB and SQLite, and a warehouse that keeps what a sync lands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from real_databases import Database, text_of
from satsuma.connectors import source_files
from satsuma.connectors.clocks import Clock
from satsuma.connectors.landing import Batch, Landed
from satsuma.connectors.source_files import Source
from satsuma.connectors.sql.client import SqlClient, client_of
from satsuma.connectors.state import State
from satsuma.connectors.syncing import Plan, sync

VARIABLE = "SHOP_DATABASE_URL"
TODAY = datetime(2024, 6, 1)

_KEYS = {"sqlite": "INTEGER PRIMARY KEY", "mysql": "INT AUTO_INCREMENT PRIMARY KEY", "postgresql": "SERIAL PRIMARY KEY"}
#: A moment with a zone, to the microsecond.
_MOMENT = {"sqlite": "TEXT", "mysql": "TIMESTAMP(6) NULL", "postgresql": "TIMESTAMPTZ"}
_FLAG = {"sqlite": "BOOLEAN", "mysql": "TINYINT(1)", "postgresql": "BOOLEAN"}

STREAM = """
  people:
    table: people
    updated: updated_at
    overlap: 30s
    deleted: deleted_at
    lands: customers
    person: {id: id, email: email}
    fields: {country: country, points: points, spent: spent, vip: vip, born: born}
"""


@dataclass
class ShopDatabase:
    """One database with a table `people`."""

    url: sa.URL
    dialect: str
    engine: sa.Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)

    def run(self, *statements: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            if self.dialect == "mysql":
                connection.exec_driver_sql("SET time_zone = '+00:00'")
            for statement in statements:
                connection.execute(sa.text(statement.replace("KEY!", _KEYS[self.dialect])
                                           .replace("MOMENT!", _MOMENT[self.dialect])
                                           .replace("FLAG!", _FLAG[self.dialect])), values)  # fmt: skip

    def add(self, number: int, updated_at: str | None, **values: Any) -> None:
        row = {"id": number, "email": f"p{number}@example.com", "country": "FR", "points": number, "spent": "12.50",
               "vip": number % 2 == 0, "born": "1980-02-29", "updated_at": self.moment(updated_at),
               **values}  # fmt: skip
        names = ", ".join(row)
        self.run(f"INSERT INTO people ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)

    def moment(self, text: str | None) -> str | None:
        """Return a moment of UTC as this database takes it."""
        return text if text is None or self.dialect == "mysql" else f"{text}+00:00"


def make_people(database: ShopDatabase) -> None:
    database.run(
        "DROP TABLE IF EXISTS people",
        "CREATE TABLE people (id KEY!, email VARCHAR(100), country CHAR(2), points INT, spent DECIMAL(12,2), "
        "vip FLAG!, born DATE, updated_at MOMENT!, deleted_at MOMENT!)",
    )


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def shop_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ShopDatabase]:
    """A database of each kind, with an empty table `people`."""
    if request.param == "sqlite":
        database = ShopDatabase(sa.URL.create("sqlite", database=str(tmp_path / "their shop.db")), "sqlite")
    else:
        server: Database = request.getfixturevalue(request.param)
        database = ShopDatabase(server.url, "mysql" if request.param == "mariadb" else "postgresql")
    make_people(database)
    yield database
    # The servers are started once for all tests.
    database.run("DROP TABLE IF EXISTS people", "DROP TABLE IF EXISTS order_lines")
    database.engine.dispose()


@dataclass
class Kept:
    """What a sync lands, kept as it was given: in place of the warehouse."""

    states: dict[str, State] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)

    def state(self, stream: str, part: str) -> State | None:
        return self.states.get(stream)

    def land(self, batch: Batch) -> Landed:
        self.batches.append(batch)
        self.states[batch.stream.name] = batch.state
        return Landed(records=len(batch.records))

    def items(self, stream: str) -> list[str]:
        return []

    def known(self, stream: str, keys: list[str], before: datetime) -> set[str]:
        return set()

    def keys(self) -> list[str]:
        """Return the keys of all records since the last look, in order."""
        found = [record.key for batch in self.batches for record in batch.records]
        self.batches.clear()
        return found


def source_of(streams: str, *, url: str = f"${{{VARIABLE}}}", also: str = "") -> Source:
    text = f"source: sql\nurl: {url}\nperson: id\n{also}streams:{streams}"
    return source_files.read_source_text(text, "shop", "sources/shop.yaml")


def client(database: ShopDatabase, source: Source, *, now: datetime = TODAY) -> SqlClient:
    environment: Mapping[str, str] = {VARIABLE: text_of(database.url)}
    return client_of(source, environment, base=Path("/nowhere"), clock=Clock(now=lambda: now))


def read(database: ShopDatabase, source: Source, kept: Kept, *, now: datetime = TODAY) -> Sequence[str]:
    """Sync once; return the keys of what was read."""
    asker = client(database, source, now=now)
    plan = Plan(streams=asker.prepared(source.streams), starts=source.starts)
    list(sync(asker, plan, kept, asker.values, progress=lambda *_: None))
    return kept.keys()
