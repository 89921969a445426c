"""Real files read as their publishers count them.

The figures of Online Retail are those of UCI dataset 352 as Chen, Sain and Guo (2012) and the file itself give them;
CDNOW's of Fader and Hardie's 1/10 sample; The Complete Journey's of the R package; the table fixtures are those of
the frictionless project. The files are found through the environment variable SATSUMA_TEST_DATA.
"""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.quality.incoming import Incoming
from satsuma.quality.standardise import standardise
from satsuma.sources.reading import read_sources
from satsuma.sources.recognise import guess_mapping

DATA = Path(os.environ.get("SATSUMA_TEST_DATA", "no data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="SATSUMA_TEST_DATA does not name the folder of real files")


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    opened = DuckDB(None)
    yield opened
    opened.close()


def incoming_of(engine: DuckDB, name: str, kind, **overrides: str) -> Incoming:
    raws = read_sources(engine, [DATA / name])
    mappings = [guess_mapping(engine, raw, kind, overrides=overrides) for raw in raws]
    return standardise(engine, raws, mappings, kind, "UTC", "US", now=dt.datetime(2026, 1, 1))


LINES = """SELECT order_id, product_id, customer_id, time, quantity, unit_price, product_name, country FROM {table}"""


def test_online_retail_is_recognised_whole_and_the_daily_files_hold_the_same(engine):
    whole = incoming_of(engine, "transactions/online_retail.parquet", "order-lines")
    own = {item.name: item.column for item in whole.fields if item.canonical}
    assert own == {
        "order_id": "InvoiceNo",
        "time": "InvoiceDate",
        "product_id": "StockCode",
        "customer_id": "CustomerID",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
        "product_name": "Description",
    }
    bought = engine.row(
        "SELECT count(*), count(DISTINCT customer_id), count(DISTINCT order_id), "
        "sum(quantity::DECIMAL(18,4) * unit_price) "
        f"FROM {whole.table} WHERE customer_id IS NOT NULL AND quantity > 0 AND unit_price > 0"
    )
    assert (*bought[:3], round(float(bought[3]), 2)) == (397_884, 4_338, 18_532, 8_911_407.90)
    assert engine.value(f"SELECT count(*) FROM {whole.table} WHERE country = 'IE'") == 8_196
    rows = next(line for line in whole.quality if line.field is None)
    assert rows.findings == {"duplicate_row": 5_268}
    daily = incoming_of(engine, "transactions/online_retail_by_day.zip", "order-lines")
    assert (daily.rows, len(daily.sources)) == (541_909, 305)
    one, other = LINES.format(table=whole.table), LINES.format(table=daily.table)
    assert engine.value(f"SELECT count(*) FROM ({one} EXCEPT ALL {other})") == 0
    assert engine.value(f"SELECT count(*) FROM ({other} EXCEPT ALL {one})") == 0


def test_the_complete_journey_is_recognised(engine):
    lines = incoming_of(engine, "transactions/complete_journey/transactions.parquet", "order-lines")
    own = {item.name: item.column for item in lines.fields if item.canonical}
    assert own == {
        "order_id": "basket_id",
        "time": "transaction_timestamp",
        "product_id": "product_id",
        "customer_id": "household_id",
        "quantity": "quantity",
        "revenue": "sales_value",
        "discount": "retail_disc + coupon_disc + coupon_match_disc",
    }
    found = engine.row(
        f"SELECT count(*), count(DISTINCT customer_id), count(DISTINCT order_id), sum(revenue) FROM {lines.table}"
    )
    assert (*found[:3], float(found[3])) == (1_469_307, 2_469, 155_848, 4_596_039.58)
    people = incoming_of(engine, "transactions/complete_journey/demographics.parquet", "customers")
    assert {item.name: item.type for item in people.fields}["income"] == "text"
    assert next(line for line in people.quality if line.field == "home_ownership").filled == 801 - 233


def test_cdnow_without_header_and_with_blanks(engine):
    orders = incoming_of(
        engine,
        "transactions/CDNOW_sample.txt",
        "orders",
        order_id="column_2",
        customer_id="column_1",
        revenue="column_5",
    )
    found = engine.row(
        f"SELECT count(*), count(DISTINCT customer_id), sum(revenue), min(time), max(time) FROM {orders.table}"
    )
    assert (*found[:2], float(found[2])) == (6_919, 2_357, 244_091.94)
    assert found[3:] == (dt.datetime(1997, 1, 1), dt.datetime(1998, 6, 30))


def test_a_cut_event_file_loads_but_for_its_last_line(engine):
    events = incoming_of(engine, "events/multicategory_store_events_2019-10-01.csv.gz", "events")
    counts = dict(engine.rows(f"SELECT name, count(*) FROM {events.table} GROUP BY 1"))
    assert sum(counts.values()) == 17_434
    assert (counts["purchase"], counts["cart"]) == (214, 165)
    assert engine.rows(f"SELECT row_no, reason FROM {events.rejected}") == [(17_435, "row_too_short")]
    # 64-bit ids stay exact.
    assert engine.value(f"SELECT count(*) FROM {events.table} WHERE category_id = '2103807459595387724'") > 0


@pytest.mark.parametrize("name", ["telco_customer_churn.xlsx", "telco_customer_churn.csv.gz"])
def test_telco_reads_the_same_from_a_workbook_and_from_text(engine, name):
    people = incoming_of(engine, f"customers/{name}", "customers")
    types = {item.name: item.type for item in people.fields}
    assert (people.rows, len(types)) == (7_043, 33)
    assert (types["churn_label"], types["zip_code"], types["location"]) == ("boolean", "text", "location")
    assert next(line for line in people.quality if line.field == "total_charges").filled == 7_043 - 11
    assert engine.value(f"SELECT count(*) FROM {people.table} WHERE churn_label") == 1_869
    assert engine.value(f"SELECT count(DISTINCT zip_code) FROM {people.table}") == 1_652


def test_big_five_keeps_namibia_and_flags_impossible_ages(engine):
    answers = incoming_of(engine, "surveys/big5_ipip_2012.tsv.gz", "surveys")
    assert answers.rows == 19_719
    assert engine.value(f"SELECT count(*) FROM {answers.table} WHERE country = 'NA'") == 8
    found = {line.field: line.findings for line in answers.quality}
    assert found["age"]["age_impossible"] == 82
    # 369 cut `(null)` are no country.
    assert found["country"]["country_unknown"] >= 369
    assert {item.name for item in answers.fields if item.sensitive} == {"race"}


def test_customers_without_an_id_are_refused_with_what_to_do(engine):
    with pytest.raises(SourceError, match="'customer_id', which customers need") as caught:
        incoming_of(engine, "experiments/hillstrom_email_test.csv.gz", "customers")
    assert "add one where it is made" in caught.value.hint


def test_free_text_numbers_stay_text_and_this_is_said(engine):
    raws = read_sources(engine, [DATA / "dirty/reported_heights.csv"])
    mapping = guess_mapping(engine, raws[0], "surveys")
    assert mapping.find("height").type == "text"
    assert any("kept as text" in note for note in mapping.notes)


def test_every_odd_table_loads_or_is_refused_in_a_sentence(engine, tmp_path):
    with zipfile.ZipFile(DATA / "dirty/table_edge_cases.zip") as archive:
        archive.extractall(tmp_path)
    refused, rows = {}, {}
    for path in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        try:
            (raw,) = read_sources(engine, [path])
        except SourceError as error:
            refused[path.name] = str(error)
        else:
            rows[path.name] = (raw.rows, raw.broken_rows, raw.columns)
    assert refused == {"empty.csv": "empty.csv is empty: it holds no bytes at all."}
    assert len(rows) == 50
    expected = {
        "defective-rows.csv": (0, 2, ("id", "name", "age")),
        "blank-rows-multiple.csv": (2, 0, ("id", "name", "age")),
        "duplicate-headers.csv": (2, 0, ("id", "name", "id_2", "age", "id_3")),
        "matrix-with-comment.csv": (4, 0, ("f1", "f2", "f3", "f4")),
        "skip-rows.csv": (2, 0, ("id", "name")),
        "without-headers-extra.csv": (2, 1, ("column_1", "column_2")),
        "without-rows.csv": (0, 0, ("id", "name")),
        "table.xls": (2, 0, ("id", "name")),
    }
    assert {name: rows[name] for name in expected} == expected


def test_the_archive_of_odd_tables_reads_as_a_whole(engine):
    raws = read_sources(engine, [DATA / "dirty/table_edge_cases.zip"])
    assert sum(len(raw.sources) for raw in raws) == 50
    assert any("empty.csv" in note for note in raws[0].notes)
