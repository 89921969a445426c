"""The tables of the ledger, and the steps that bring an older ledger up to date.

A step is a function of the connection, in order, never edited once released: a new change is a new step. The number of
steps done stands in `schema_version`.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from satsuma.ledger.turns import take_turn

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

#: Work that is done in the background: who does it holds a lease, and whoever dies loses it.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    # Names, numbers and moments: never a customer's data.
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("not_before", sa.DateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("most_attempts", sa.Integer, nullable=False),
    sa.Column("leased_by", sa.String(100)),
    sa.Column("leased_until", sa.DateTime),
    sa.Column("cancel_asked", sa.Boolean, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("error_code", sa.String(40)),
    sa.Column("error_message", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("started_at", sa.DateTime),
    sa.Column("finished_at", sa.DateTime),
    sa.Index("jobs_by_status", "status", "not_before"),
)

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("subject", sa.String(200), primary_key=True),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("recurs", sa.String(100), nullable=False),
    sa.Column("timezone", sa.String(60), nullable=False),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("next_at", sa.DateTime, nullable=False),
    sa.Column("last_job_id", sa.Integer),
)

#: Keys of programs: what was handed out is not kept, only its digest.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    # The first letters, by which people tell keys apart.
    sa.Column("prefix", sa.String(20), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("made_by", sa.String(100), nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("last_used_at", sa.DateTime),
    sa.Column("revoked_at", sa.DateTime),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("password_hash", sa.String(300), nullable=False),
    # Somebody else knows the password: it was generated, or an administrator set it.
    sa.Column("must_change", sa.Boolean, nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("last_signed_in_at", sa.DateTime),
    sa.Column("disabled_at", sa.DateTime),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.user_id"), nullable=False),
    sa.Column("begun_at", sa.DateTime, nullable=False),
    sa.Column("seen_at", sa.DateTime, nullable=False),
    sa.Column("ends_at", sa.DateTime, nullable=False),
    sa.Index("sessions_by_user", "user_id"),
)

#: Attempts to sign in that did not succeed, by a digest of the name or the address they were made with.
sign_in_attempts = sa.Table(
    "sign_in_attempts",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.DateTime, nullable=False),
    sa.Column("blocked_until", sa.DateTime),
)

#: Somebody who asked, through a vendor, to be forgotten or to learn what is known. The one table here that names
#: persons: whoever answers has to know whom; the answer takes the names away.
privacy_requests = sa.Table(
    "privacy_requests",
    metadata,
    sa.Column("request_id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("topic", sa.String(200), nullable=False),
    # NULL once it is answered.
    sa.Column("subject", sa.JSON(none_as_null=True)),
    sa.Column("received_at", sa.DateTime, nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("answered_at", sa.DateTime),
    sa.Index("privacy_requests_by_digest", "digest"),
)


def _create_first_tables(connection: sa.Connection) -> None:
    activity.create(connection)
    definition_changes.create(connection)


def _add_error_message(connection: sa.Connection) -> None:
    # The table as the first step makes it today has the column already.
    if "error_message" not in {column["name"] for column in sa.inspect(connection).get_columns("activity")}:
        connection.execute(sa.text("ALTER TABLE activity ADD COLUMN error_message TEXT"))


def _create_jobs(connection: sa.Connection) -> None:
    jobs.create(connection, checkfirst=True)
    schedules.create(connection, checkfirst=True)


def _create_access(connection: sa.Connection) -> None:
    for table in (api_keys, users, sessions, sign_in_attempts):
        table.create(connection, checkfirst=True)


def _create_privacy_requests(connection: sa.Connection) -> None:
    privacy_requests.create(connection, checkfirst=True)


STEPS: tuple[Callable[[sa.Connection], None], ...] = (
    _create_first_tables,
    _add_error_message,
    _create_jobs,
    _create_access,
    _create_privacy_requests,
)


def bring_up_to_date(connection: sa.Connection) -> int | None:
    """Do the steps this database has not seen, inside the caller's transaction.

    Returns
    -------
    The version found, when it is newer than this program knows; None when all is well.
    """
    if _steps_done(connection) == len(STEPS):
        return None
    # Of two who open an older ledger at once, one does the steps.
    take_turn(connection, "schema")
    schema_version.create(connection, checkfirst=True)
    done = _steps_done(connection)
    if done is None:
        connection.execute(schema_version.insert().values(version=0))
        done = 0
    if done > len(STEPS):
        return done
    for step in STEPS[done:]:
        step(connection)
    connection.execute(schema_version.update().values(version=len(STEPS)))
    return None


def _steps_done(connection: sa.Connection) -> int | None:
    if not sa.inspect(connection).has_table(schema_version.name):
        return None
    return connection.execute(sa.select(schema_version.c.version)).scalar()
