"""Values of databases become values of JSON without losing any; moments are compared as their column holds them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from real_databases import Database
from satsuma.connectors.sql import values
from satsuma.connectors.sql.statements import earliest_local
from sql_shop import ShopDatabase, client, source_of

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("123456789012345678.90"), "123456789012345678.90"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), None),
        (float("inf"), None),
        (0.1, 0.1),
        (2**70, 2**70),
        (True, True),
        (datetime(2024, 5, 1, 8, tzinfo=timezone(timedelta(hours=2))), "2024-05-01 06:00:00+00:00"),
        (datetime(2024, 5, 1, 8), "2024-05-01 08:00:00"),
        (date(2024, 5, 1), "2024-05-01"),
        (time(8, 30), "08:30:00"),
        (timedelta(hours=1, milliseconds=500), 3600.5),
        (b"\xde\xad", "dead"),
        (memoryview(b"\x00"), "00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([Decimal("1.5"), None, [date(2024, 5, 1)]], ["1.5", None, ["2024-05-01"]]),
        ({"a": Decimal(1), 2: {"b"}}, {"a": "1", "2": ["b"]}),
    ],
)
def test_a_value_keeps_all_of_it(value: Any, plain: Any) -> None:
    found = values.plain(value)
    assert found == plain
    assert type(found) is type(plain)
    json.dumps(found, allow_nan=False)


def rows(database: ShopDatabase, query: str) -> list[dict[str, Any]]:
    source = source_of(f"\n  a:\n    query: {json.dumps(query)}\n")
    asker = client(database, source)
    [stream] = asker.prepared(source.streams)
    return [record for page in asker.pages(stream, {"since": None}) for record in page.records]


@pytest.mark.connectors
def test_types_of_postgresql(postgresql: Database) -> None:
    database = ShopDatabase(postgresql.url, "postgresql")
    [row] = rows(
        database,
        "SELECT 12.50::numeric(12,4) AS amount, 'NaN'::numeric AS nothing, 'Infinity'::float8 AS far, "
        "timestamptz '2024-05-01 08:00:00.5+02' AS at, timestamptz 'infinity' AS never, timestamp '-infinity' AS ever, "
        "timestamp '2024-05-01 08:00' AS local, date '2024-05-01' AS day, date '0044-03-15 BC' AS ides, "
        '\'{"tier": "gold", "n": [1, null]}\'::jsonb AS doc, \'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\'::uuid AS key, '
        "'\\xdead'::bytea AS raw, ARRAY['a', NULL, 'b,c'] AS tags, ARRAY[[1,2],[3,4]] AS grid, "
        "interval '1 day 2 hours' AS span, inet '10.0.0.1' AS address, int4range(1, 5) AS range, true AS flag, "
        "9223372036854775807 AS large, NULL AS empty",
    )
    assert row == {
        "amount": "12.5000", "nothing": None, "far": None, "at": "2024-05-01 06:00:00.5+00:00", "never": None,
        "ever": None, "local": "2024-05-01 08:00:00", "day": "2024-05-01", "ides": None,
        "doc": {"tier": "gold", "n": [1, None]}, "key": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "raw": "dead",
        "tags": ["a", None, "b,c"], "grid": [[1, 2], [3, 4]], "span": 93_600.0, "address": "10.0.0.1",
        "range": "[1, 5)", "flag": True, "large": 9223372036854775807, "empty": None,
    }  # fmt: skip
    database.engine.dispose()


@pytest.mark.connectors
def test_types_of_mysql(mariadb: Database) -> None:
    database = ShopDatabase(mariadb.url, "mysql")
    database.run(
        "DROP TABLE IF EXISTS types",
        "CREATE TABLE types (amount DECIMAL(12,4), flag TINYINT(1), raw VARBINARY(4), bits BIT(3), "
        "mood ENUM('sad', 'ok'), tags SET('x', 'y'), at TIMESTAMP(6) NULL, local DATETIME(6), day DATE, zero DATE, "
        "span TIME, year YEAR, f DOUBLE)",
        "INSERT INTO types VALUES (12.5, 1, x'dead', b'101', 'ok', 'x,y', '2024-05-01 06:00:00.5', "
        "'2024-05-01 08:00:00', '2024-05-01', NULL, '26:00:00', 2024, 1.5)",
        "SET SESSION sql_mode = ''",
        "UPDATE types SET zero = '0000-00-00'",
    )
    [row] = rows(database, "SELECT * FROM types")
    database.run("DROP TABLE types")
    assert row == {
        "amount": "12.5000", "flag": 1, "raw": "dead", "bits": 5, "mood": "ok", "tags": "x,y",
        "at": "2024-05-01 06:00:00.500000+00:00", "local": "2024-05-01 08:00:00", "day": "2024-05-01", "zero": None,
        "span": 93_600.0, "year": 2024, "f": 1.5,
    }  # fmt: skip
    database.engine.dispose()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 10, 26, 22, 30),  # two hours before the clocks go back
        datetime(2024, 10, 27, 0, 10),  # 02:10, the first time
        datetime(2024, 10, 27, 0, 59),
        datetime(2024, 10, 27, 1, 10),  # 02:10, the second time
        datetime(2024, 3, 31, 0, 59),  # the clocks are about to skip an hour
        datetime(2024, 7, 1, 12),
    ],
)
def test_nothing_that_comes_after_a_moment_shows_an_earlier_time(moment: datetime) -> None:
    earliest = earliest_local(moment, PARIS)
    for minutes in range(5 * 60):
        later = (moment + timedelta(minutes=minutes)).replace(tzinfo=UTC).astimezone(PARIS).replace(tzinfo=None)
        assert later >= earliest
    assert moment.replace(tzinfo=UTC).astimezone(PARIS).replace(tzinfo=None) - earliest <= timedelta(hours=1)
