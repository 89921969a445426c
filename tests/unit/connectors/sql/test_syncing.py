"""A database is read by what changed: in order, again where it must be, and on from where it broke off."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from real_databases import Database
from satsuma.connectors import syncing
from satsuma.connectors.sql import client as sql_client
from satsuma.connectors.syncing import Plan, sync
from satsuma.errors import VendorError
from sql_shop import STREAM, Kept, ShopDatabase, client, make_people, read, shop_database, source_of

__all__ = ["shop_database"]

pytestmark = pytest.mark.connectors

SOURCE = source_of(STREAM)


def test_what_changed_is_read_with_what_overlaps_and_nothing_else(shop_database: ShopDatabase) -> None:
    for number in range(1, 4):
        shop_database.add(number, f"2024-05-01 06:0{number}:00.123456")
    kept = Kept()
    assert read(shop_database, SOURCE, kept) == ["1", "2", "3"]
    assert kept.states["people"].last_value == datetime(2024, 5, 1, 6, 3, 0, 123456)
    # Within the half minute of overlap before the last change.
    assert read(shop_database, SOURCE, kept) == ["3"]
    shop_database.add(4, "2024-05-01 06:02:59")
    shop_database.add(5, "2024-05-01 06:01:59")
    shop_database.run("UPDATE people SET points = 9, updated_at = :at WHERE id = 1",
                      at=shop_database.moment("2024-05-02 06:00:00"))  # fmt: skip
    assert read(shop_database, SOURCE, kept) == ["4", "3", "1"]
    assert kept.states["people"].last_value == datetime(2024, 5, 2, 6)


def test_the_same_record_comes_as_the_same_whichever_database_has_it(shop_database: ShopDatabase) -> None:
    shop_database.add(2, "2024-05-01 06:00:00.123456")
    kept = Kept()
    asker = client(shop_database, SOURCE)
    plan = Plan(streams=asker.prepared(SOURCE.streams))
    list(sync(asker, plan, kept, asker.values, progress=lambda *_: None))
    [record] = [record for batch in kept.batches for record in batch.records]
    assert (record.key, record.updated_at, record.is_deleted) == ("2", datetime(2024, 5, 1, 6, 0, 0, 123456), False)
    row = record.places["@"]
    assert (row["id"], row["email"], row["born"], float(row["spent"])) == (2, "p2@example.com", "1980-02-29", 12.5)
    assert row["vip"] in (True, 1)
    types = {name: spec.type for name, spec in plan.streams[0].rows[0].fields.items()}
    assert types["points"] == "integer"
    assert types["spent"] == "number"
    assert types["born"] == "date"
    assert types["vip"] in ("boolean", "integer")
    # Only what is used of the table leaves it.
    assert set(row) == {"id", "email", "country", "points", "spent", "vip", "born", "updated_at", "deleted_at"}


def test_rows_that_do_not_say_when_they_changed_are_looked_at_each_time(shop_database: ShopDatabase) -> None:
    shop_database.add(1, None)
    shop_database.add(2, "2024-05-01 06:00:00")
    shop_database.add(3, None)
    kept = Kept()
    assert sorted(read(shop_database, SOURCE, kept)) == ["1", "2", "3"]
    assert kept.states["people"].last_value == datetime(2024, 5, 1, 6)
    shop_database.add(4, None)
    assert read(shop_database, SOURCE, kept) == ["2", "1", "3", "4"]


def test_a_row_that_is_gone_is_a_record_that_says_so(shop_database: ShopDatabase) -> None:
    shop_database.add(1, "2024-05-01 06:00:00")
    shop_database.add(2, "2024-05-01 06:00:00", deleted_at=shop_database.moment("2024-05-01 06:00:00"))
    kept = Kept()
    asker = client(shop_database, SOURCE)
    list(sync(asker, Plan(streams=asker.prepared(SOURCE.streams)), kept, asker.values, progress=lambda *_: None))
    gone = {record.key: record.is_deleted for batch in kept.batches for record in batch.records}
    assert gone == {"1": False, "2": True}


def test_a_change_from_the_future_does_not_hide_what_comes_until_then(shop_database: ShopDatabase) -> None:
    shop_database.add(1, "2024-05-01 06:00:00")
    shop_database.add(2, "2037-01-01 00:00:00")
    kept = Kept()
    read(shop_database, SOURCE, kept)
    last = kept.states["people"].last_value
    assert last is not None
    assert last < datetime(2037, 1, 1) - timedelta(days=300)


def test_a_column_that_disappears_is_named_with_those_that_are_there(shop_database: ShopDatabase) -> None:
    shop_database.add(1, "2024-05-01 06:00:00")
    kept = Kept()
    read(shop_database, SOURCE, kept)
    shop_database.run("ALTER TABLE people DROP COLUMN country", "ALTER TABLE people ADD COLUMN county CHAR(2)")
    with pytest.raises(VendorError) as caught:
        read(shop_database, SOURCE, kept)
    assert caught.value.message == (
        "The table of the stream 'people' has no column 'country' (fields: country). Did you mean 'county'?"
    )
    assert "email" in caught.value.hint
    assert caught.value.facts["again"] is False
    assert kept.batches == []


def test_a_table_that_disappears_is_named(shop_database: ShopDatabase) -> None:
    shop_database.run("ALTER TABLE people RENAME TO peoples")
    try:
        with pytest.raises(VendorError, match=r"no table 'people'.*Did you mean 'peoples'"):
            read(shop_database, SOURCE, Kept())
    finally:
        shop_database.run("DROP TABLE peoples")


def test_a_query_gives_rows_by_its_own_names(shop_database: ShopDatabase) -> None:
    for number in range(1, 4):
        shop_database.add(number, f"2024-05-01 06:0{number}:00")
    source = source_of(
        """
  people:
    query: |
      SELECT id AS customer, upper(country) AS land, '12:30' AS at, 'a%b' AS pattern, updated_at
      FROM people WHERE points <> 2 AND country LIKE 'F%' -- all but one;
    id: customer
    updated: updated_at
    lands: customers
    person: {id: customer}
    fields: {country: land}
"""
    )
    kept = Kept()
    assert read(shop_database, source, kept) == ["1", "3"]
    assert read(shop_database, source, kept) == ["1", "3"]  # both within the usual overlap of five minutes
    where = source_of(
        """
  people:
    query: SELECT id, points, updated_at FROM people WHERE updated_at >= :since AND points < 9
    id: id
    updated: updated_at
    overlap: 0s
"""
    )
    if shop_database.dialect != "sqlite":
        kept = Kept()
        assert read(shop_database, where, kept) == ["1", "2", "3"]
        assert read(shop_database, where, kept) == ["3"]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM people",
        "SELECT id FROM people) x; DELETE FROM people; SELECT * FROM (SELECT 1 AS id",
        "SELECT 1 AS id) x WHERE 1 = 0; COMMIT; DELETE FROM people; SELECT * FROM (SELECT 1 AS id",
        "WITH gone AS (DELETE FROM people RETURNING id) SELECT id FROM gone",
    ],
)
def test_a_query_that_is_more_than_one_select_changes_nothing(shop_database: ShopDatabase, query: str) -> None:
    shop_database.add(1, "2024-05-01 06:00:00")
    stream = f"\n  people:\n    query: {query!r}\n    id: id\n"
    with pytest.raises(VendorError, match=r"does not understand|may only read"):
        read(shop_database, source_of(stream), Kept())
    with shop_database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM people").scalar() == 1


def test_names_of_tables_and_columns_are_names_whatever_stands_in_them(shop_database: ShopDatabase) -> None:
    quote = "`" if shop_database.dialect == "mysql" else '"'
    odd = "x; DROP TABLE people -- '%s"
    shop_database.run(f"DROP TABLE IF EXISTS {quote}{odd}{quote}",
                      f"CREATE TABLE {quote}{odd}{quote} (id INT PRIMARY KEY, {quote}select 1%{quote} INT)",
                      f"INSERT INTO {quote}{odd}{quote} VALUES (1, 5)")  # fmt: skip
    source = source_of(f'\n  odd:\n    table: "\\"{odd}\\""\n    columns: ["select 1%"]\n    id: id\n')
    kept = Kept()
    asker = client(shop_database, source)
    list(sync(asker, Plan(streams=asker.prepared(source.streams)), kept, asker.values, progress=lambda *_: None))
    [record] = [record for batch in kept.batches for record in batch.records]
    assert record.places["@"] == {"id": 1, "select 1%": 5}
    shop_database.run(f"DROP TABLE {quote}{odd}{quote}")


def test_a_stream_without_a_column_that_tells_of_changes_is_read_whole(shop_database: ShopDatabase) -> None:
    for number in range(1, 4):
        shop_database.add(number, None)
    source = source_of("\n  people:\n    table: people\n")
    kept = Kept()
    assert sorted(read(shop_database, source, kept)) == ["1", "2", "3"]
    shop_database.run("DELETE FROM people WHERE id = 2")
    assert sorted(read(shop_database, source, kept)) == ["1", "3"]


# ------------------------------------------------------------------------------------------------ what breaks off


def cut(database: Database, dialect: str) -> None:
    """End every connection that reads, as a server that restarts does."""
    if dialect == "postgresql":
        database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'satsuma'")
    else:
        with database.engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user = 'satsuma'"
            ).scalars().all()  # fmt: skip
            for number in found:
                connection.exec_driver_sql(f"KILL {number}")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_connection_lost_in_the_middle_keeps_what_landed_and_goes_on_there(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Database = request.getfixturevalue(kind)
    database = ShopDatabase(server.url, "mysql" if kind == "mariadb" else "postgresql")
    make_people(database)
    # Far more than the network holds in flight: 12 MB.
    count = 3_000
    numbers = f"generate_series(1, {count}) AS seq" if kind == "postgresql" else f"seq_1_to_{count}"
    moment = ("timestamptz '2024-01-01 00:00+00' + seq * interval '1 minute'" if kind == "postgresql"
              else "timestamp('2024-01-01') + interval seq minute")  # fmt: skip
    database.run(f"INSERT INTO people (id, updated_at) SELECT seq, {moment} FROM {numbers}")
    monkeypatch.setattr(sql_client, "ROWS", 500)
    monkeypatch.setattr(syncing, "BATCH_RECORDS", 500)
    source = source_of(
        """
  people:
    query: SELECT id, updated_at, repeat('y', 4000) AS wide FROM people
    id: id
    updated: updated_at
    overlap: 30s
"""
    )
    kept = Kept()
    asker = client(database, source)
    plan = Plan(streams=asker.prepared(source.streams))

    def stop(_stream: str, done: int) -> None:
        if done == 1_000:
            cut(server, database.dialect)

    with pytest.raises(VendorError, match="was lost") as caught:
        list(sync(asker, plan, kept, asker.values, progress=stop))
    assert caught.value.facts["again"] is True
    first = kept.keys()
    assert 1_000 <= len(first) < count
    state = kept.states["people"]
    assert state.completed_at is None
    assert state.last_value == datetime(2024, 1, 1) + timedelta(minutes=len(first))
    second = read(database, source, kept)
    assert set(first) | set(second) == {str(number) for number in range(1, count + 1)}
    assert len(second) <= count - len(first) + 2
    database.run("DROP TABLE people")
    database.engine.dispose()


def test_what_takes_too_long_is_ended(shop_database: ShopDatabase) -> None:
    slow = {
        "postgresql": "SELECT 1 AS id, pg_sleep(20)",
        "mysql": "SELECT 1 AS id, sleep(20) AS s FROM (SELECT a.seq FROM seq_1_to_9 a, seq_1_to_9 b) x",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS id FROM n",
    }[shop_database.dialect]
    source = source_of(f"\n  people:\n    query: {slow!r}\n    id: id\n", also="timeout: 1s\n")
    with pytest.raises(VendorError, match="took longer than the stream 'people' may take"):
        read(shop_database, source, Kept())


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    source = source_of("\n  people:\n    table: people\n", url=f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(VendorError, match="it is not there"):
        sql_client.client_of(source, {}, base=tmp_path, clock=sql_client.Clock()).tested(source.streams)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ("{table: main2.people, id: id}", "has no schemas, and the stream 'people' names one"),
        ("{query: 'SELECT greatest(id, 1) AS id FROM people', id: id}", "does not know a function"),
    ],
)
def test_what_only_other_databases_have_is_said_of_sqlite(tmp_path: Path, stream: str, said: str) -> None:
    # Both were told as 'It cannot be used', with the log of a server that SQLite has not.
    with closing(sqlite3.connect(tmp_path / "shop.db")) as made:
        made.execute("CREATE TABLE people (id INTEGER PRIMARY KEY)")
    source = source_of(f"\n  people: {stream}\n", url=f"sqlite:///{tmp_path}/shop.db")
    with pytest.raises(VendorError, match=said) as refused:
        sql_client.client_of(source, {}, base=tmp_path, clock=sql_client.Clock()).tested(source.streams)
    assert "log" not in refused.value.hint
