"""One at a time: what reads first and then writes what it concluded, while others do the same.

PostgreSQL lets both read before either writes, so they take turns by a lock with a name, which the end of the
transaction gives free. SQLite has one writer anyway: it begins to write before it reads.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa


def take_turn(connection: sa.Connection, what: str) -> None:
    """Wait until nobody else is in the middle of the same; the turn ends with the transaction.

    Parameters
    ----------
    what : a name for what is done: two of the same name never overlap.
    """
    if connection.dialect.name == "sqlite":
        write_before_reading(connection)
    else:
        number = int.from_bytes(hashlib.sha256(f"satsuma:{what}".encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(number, sa.BigInteger))))


def write_before_reading(connection: sa.Connection) -> None:
    """Let nobody change what is read from here on; elsewhere than in SQLite the reading says `FOR UPDATE` for that."""
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        if driver is not None and not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
