"""Reading values from text: numbers, dates, booleans, places, missing words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.sources.forms import Form, read_value


@pytest.fixture(scope="module")
def value():
    opened = DuckDB(None)

    def read(text, value_type, zone="Europe/Paris", sql_type="VARCHAR", **form):
        sql = read_value("c", sql_type, value_type, Form(**form), zone)
        source = text if str(text).startswith("'") and sql_type != "VARCHAR" else literal(str(text))
        return opened.value(f"SELECT {sql} FROM (SELECT {source}::{sql_type} AS c)")

    yield read
    opened.close()


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("12", {}, 12.0),
        ("-3.5", {}, -3.5),
        ("$1.50", {}, 1.5),
        ("12 EUR", {}, 12.0),
        (" 12 %", {}, 12.0),
        ("(12.5)", {}, -12.5),
        ("12-", {}, -12.0),
        ("1e3", {}, 1000.0),
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("€ 1.234.567,89", {"decimal": ",", "thousands": "."}, 1234567.89),
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("1.5", {"decimal": ","}, None),
        ("1,234", {}, None),
        ("nan", {}, None),
        ("inf", {}, None),
        ("0x1F", {}, None),
        ("1_000", {}, None),
        ("--5", {}, None),
        ("twelve", {}, None),
    ],
)
def test_numbers(value, text, form, expected):
    assert value(text, "number", **form) == expected


def test_a_whole_number_is_never_rounded_into_being(value):
    assert value("3.0", "integer") == 3
    assert value("3.5", "integer") is None
    assert value("99999999999999999999", "integer") is None
    assert value(3.5, "integer", sql_type="DOUBLE") is None


def test_money_is_exact_to_four_places(value):
    assert value("0.1", "money") == Decimal("0.1000")
    assert value(0.1, "money", sql_type="DOUBLE") == Decimal("0.1000")


@pytest.mark.parametrize(
    ("text", "dates", "expected"),
    [
        ("2020-01-01T15:00:00", "iso", "2020-01-01 14:00:00"),
        ("2020-01-01T15:00:00Z", "iso", "2020-01-01 15:00:00"),
        ("2020-01-01T15:00:00+03:00", "iso", "2020-01-01 12:00:00"),
        ("2020-01-01 15:00:00+0300", "iso", "2020-01-01 12:00:00"),
        ("2020-01-01 15:00:00 +0300", "iso", "2020-01-01 12:00:00"),  # as Shopify writes it
        ("2020-01-01 15:00 -05:00", "iso", "2020-01-01 20:00:00"),
        ("2020-01-01 15:00:00 +03", "iso", "2020-01-01 12:00:00"),
        ("2019-10-01 00:00:00 UTC", "iso", "2019-10-01 00:00:00"),
        ("2020-07-01", "iso", "2020-06-30 22:00:00"),
        ("2024-02-30", "iso", None),
        ("2020", "iso", None),
        ("31/01/2020", "dmy", "2020-01-30 23:00:00"),
        ("31.1.20 14:05", "dmy", "2020-01-31 13:05:00"),
        ("30/02/2024", "dmy", None),
        ("01/31/2020 2:05 PM", "mdy", "2020-01-31 13:05:00"),
        ("2020.01.31", "ymd", "2020-01-30 23:00:00"),
        ("19970118", "compact", "1997-01-17 23:00:00"),
        ("31-Jul-18", "month_name", "2018-07-30 22:00:00"),
        ("5 juillet 2018 10:00", "month_name", "2018-07-05 08:00:00"),
        ("July 5th, 2018", "month_name", "2018-07-04 22:00:00"),
        ("5. März 2018", "month_name", "2018-03-04 23:00:00"),
        ("1577836800", "unix", "2020-01-01 00:00:00"),
        ("1577836800000", "unix_ms", "2020-01-01 00:00:00"),
        ("2020|31|01", "%Y|%d|%m", "2020-01-30 23:00:00"),
    ],
)
def test_times_become_utc_and_impossible_ones_missing(value, text, dates, expected):
    read = value(text, "datetime", dates=dates)
    assert (None if read is None else str(read)) == expected


def test_a_day_is_not_moved_by_a_time_zone(value):
    assert value("2020-07-01T23:30:00Z", "date") == dt.date(2020, 7, 1)
    assert value("2020-07-01", "date") == dt.date(2020, 7, 1)
    assert value("43831", "date", dates="excel") == dt.date(2020, 1, 1)


def test_yes_and_no_in_several_languages(value):
    assert [value(word, "boolean") for word in ("Yes", "ja", "OUI", "no", "nein", "maybe")] == [
        *(True, True, True),
        *(False, False),
        None,
    ]


def test_places_and_lists(value):
    assert value("33.9, -118.2", "location") == {"lat": 33.9, "lon": -118.2}
    assert value("99, 2", "location") is None
    assert value("a; b,c", "list") == ["a", "b", "c"]
    assert value('["x", "y"]', "list") == ["x", "y"]


def test_white_space_of_every_kind_is_folded_and_text_brought_to_nfc(value):
    assert value("  a\u00a0\t b\n", "text") == "a b"
    assert value("e\u0301", "text") == "\u00e9"
    assert value("\u200bx\ufeff", "text") == "x"


@pytest.mark.parametrize("word", ["n/a", "NULL", "-", "None", "unknown", "NaN", "", "  ", "\\N", "Keine Angabe", "NA"])
def test_missing_words_are_missing(value, word):
    assert value(word, "text") is None


def test_words_can_be_kept_and_added(value):
    assert value("None", "text", keep=("none",)) == "None"
    assert value("999", "integer", missing=("999",)) is None
    assert value("n/a or so", "text") == "n/a or so"


def test_an_id_written_as_a_decimal_number_loses_its_point(value):
    assert value("17850.0", "text", whole_ids=True) == "17850"
    assert value("17850.5", "text", whole_ids=True) == "17850.5"
    assert value(17850.0, "text", sql_type="DOUBLE") == "17850"
    assert value(2053013555631882655, "text", sql_type="BIGINT") == "2053013555631882655"


def test_a_time_with_a_zone_keeps_its_moment(value):
    assert value("'2020-01-01 15:00:00+03'", "datetime", sql_type="TIMESTAMPTZ") == dt.datetime(2020, 1, 1, 12)
    assert value("'2020-01-01 15:00:00'", "datetime", sql_type="TIMESTAMP") == dt.datetime(2020, 1, 1, 14)


def test_a_table_of_many_columns_is_read_in_a_moment(engine, read):
    from satsuma.quality.standardise import standardise
    from satsuma.sources.recognise import guess_mapping

    width = 400
    names = ",".join(f"item{number}" for number in range(width))
    row = ",".join("1" for _ in range(width))
    raw = read(f"customer_id,{names}\n" + "".join(f"k{number},{row}\n" for number in range(3)))
    incoming = standardise(
        engine, [raw], [guess_mapping(engine, raw, "surveys")], load_kind="surveys", timezone="UTC", default_region=None
    )
    assert incoming.rows == 3


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Los_Angeles"])
def test_a_moment_that_no_calendar_holds_is_unreadable(engine, zone):
    texts = ["0001-01-01 00:00", "294277-01-01", "2024-02-29 10:00"]
    read = [
        engine.value(f"SELECT {read_value('t', 'VARCHAR', 'datetime', Form(), zone)} FROM (SELECT '{text}' t)")
        for text in texts
    ]
    assert read[:2] == [None, None]
    assert read[2] is not None
