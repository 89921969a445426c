"""The tables of the ledger, and the steps that bring an older ledger up to date.

A step is a function of the connection, in order, never edited once released: a new change is a new step. The number of
steps done stands in `schema_version`.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

activity = sa.Table(
    "activity",
    metadata,
    sa.Column("activity_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("error_code", sa.String(40)),
    # The sentence of an error of Satsuma's own, which holds no data; nothing of any other error.
    sa.Column("error_message", sa.Text),
    sa.Column("counts", sa.JSON, nullable=False),
)

definition_changes = sa.Table(
    "definition_changes",
    metadata,
    sa.Column("change_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("first_seen_at", sa.DateTime, nullable=False),
    # NULL when the definition was removed.
    sa.Column("text", sa.Text),
    sa.Index("definition_changes_by_name", "kind", "name", "change_id"),
)


def _create_first_tables(connection: sa.Connection) -> None:
    activity.create(connection)
    definition_changes.create(connection)


def _add_error_message(connection: sa.Connection) -> None:
    # The table as the first step makes it today has the column already.
    if "error_message" not in {column["name"] for column in sa.inspect(connection).get_columns("activity")}:
        connection.execute(sa.text("ALTER TABLE activity ADD COLUMN error_message TEXT"))


STEPS: tuple[Callable[[sa.Connection], None], ...] = (_create_first_tables, _add_error_message)


def bring_up_to_date(connection: sa.Connection) -> int | None:
    """Do the steps this database has not seen, inside the caller's transaction.

    Returns
    -------
    The version found, when it is newer than this program knows; None when all is well.
    """
    schema_version.create(connection, checkfirst=True)
    done = connection.execute(sa.select(schema_version.c.version)).scalar()
    if done is None:
        connection.execute(schema_version.insert().values(version=0))
        done = 0
    if done > len(STEPS):
        return done
    for step in STEPS[done:]:
        step(connection)
    connection.execute(schema_version.update().values(version=len(STEPS)))
    return None
