"""The access of a ledger of one's own, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from quick_passwords import quick_passwords
from satsuma.access.door import Access
from satsuma.ledger import Ledger

__all__ = ["quick_passwords"]


@pytest.fixture
def access(ledger_url: str) -> Iterator[Access]:
    ledger = Ledger(ledger_url)
    yield Access(ledger.transaction)
    ledger.close()


@pytest.fixture
def kept(ledger_url: str) -> Callable[[str], str]:
    """Return all that a table holds, as the database itself shows it."""

    def read(table: str) -> str:
        engine = sa.create_engine(ledger_url)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()
        engine.dispose()
        assert rows
        return repr(rows)

    return read
