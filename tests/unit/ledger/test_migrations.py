"""A ledger of any earlier version opens, keeps its rows, and is brought up to date once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import sqlalchemy as sa

from satsuma.access.door import Access
from satsuma.ledger import DefinitionText, Ledger
from satsuma.ledger.schema import STEPS, metadata

NOW = datetime(2024, 5, 1, 6, 0)

#: The tables as the released versions made them: of each version what it added to the one before.
AS_RELEASED: tuple[tuple[str, ...], ...] = (
    (
        (
            "CREATE TABLE activity (activity_id {key}, kind VARCHAR(40) NOT NULL, started_at TIMESTAMP NOT NULL, "
            "finished_at TIMESTAMP, status VARCHAR(10) NOT NULL, error_code VARCHAR(40), counts JSON NOT NULL)"
        ),
        (
            "CREATE TABLE definition_changes (change_id {key}, kind VARCHAR(20) NOT NULL, name VARCHAR(200) NOT NULL, "
            "digest VARCHAR(64) NOT NULL, first_seen_at TIMESTAMP NOT NULL, text TEXT)"
        ),
        "CREATE INDEX definition_changes_by_name ON definition_changes (kind, name, change_id)",
    ),
    ("ALTER TABLE activity ADD COLUMN error_message TEXT",),
)


def of_version(url: str, version: int) -> None:
    """Make the ledger that a version left, with an activity and a definition in it."""
    engine = sa.create_engine(url)
    key = "INTEGER PRIMARY KEY" if engine.dialect.name == "sqlite" else "SERIAL PRIMARY KEY"
    with engine.begin() as connection:
        for statements in AS_RELEASED[:version]:
            for statement in statements:
                connection.exec_driver_sql(statement.format(key=key))
        for step in STEPS[len(AS_RELEASED) : version]:
            step(connection)
        connection.exec_driver_sql("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO schema_version VALUES ({version})")
        if version:
            # The quotes and the number of seconds are what each driver writes itself.
            connection.exec_driver_sql(
                "INSERT INTO activity (kind, started_at, status, counts) "
                "VALUES ('load', '2024-05-01 06:00:00.000000', 'ok', '{\"rows\": 3}')"
            )
            connection.exec_driver_sql(
                "INSERT INTO definition_changes (kind, name, digest, first_seen_at, text) "
                "VALUES ('segment', 'vip', 'x', '2024-05-01 06:00:00.000000', 'old')"
            )
    engine.dispose()


@pytest.mark.parametrize("version", range(len(STEPS)))
def test_a_ledger_of_each_earlier_version_works_and_keeps_its_rows(new_url: str, version: int) -> None:
    of_version(new_url, version)
    ledger = Ledger(new_url)
    ledger.fail(ledger.start("run", NOW), NOW, "source", "No file.")
    ledger.record_definitions([DefinitionText(kind="segment", name="vip", text="new")], NOW)
    ledger.jobs.recur("sync", "a", "@daily", timezone="UTC", now=NOW)
    assert ledger.jobs.add("sync", "a", now=NOW).status == "queued"
    assert Access(ledger.transaction).keys.make("site", ["write"], by="ada", now=NOW)[0].name == "site"
    kept = [(item.kind, item.counts) for item in ledger.activities()]
    assert kept == [("run", {})] + ([("load", {"rows": 3})] if version else [])
    texts = [item.text for item in ledger.definition_history("segment", "vip")]
    assert texts == (["old"] if version else []) + ["new"]
    with ledger.transaction() as connection:
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())
    ledger.close()
    again = Ledger(new_url)
    assert len(again.activities()) == len(kept)
    again.close()


@pytest.mark.parametrize("version", [None, 1])
def test_of_many_who_open_an_older_ledger_at_once_one_does_the_steps(new_url: str, version: int | None) -> None:
    if version is not None:
        of_version(new_url, version)
    with ThreadPoolExecutor(4) as pool:
        ledgers = list(pool.map(lambda _: Ledger(new_url), range(4)))
    with ledgers[0].transaction() as connection:
        assert connection.execute(sa.text("SELECT version FROM schema_version")).scalars().all() == [len(STEPS)]
    for ledger in ledgers:
        ledger.start("load", NOW)
    assert len(ledgers[0].activities("load")) == 4 + (version or 0)
    for ledger in ledgers:
        ledger.close()
