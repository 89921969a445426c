"""What a source file says of a database is read with every mistake by line, and no password stands in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from satsuma.connectors import source_files
from satsuma.connectors.sql.asks import Ask, used_columns
from satsuma.errors import DefinitionError

GOOD = """source: sql
url: ${SHOP_DATABASE_URL}
timezone: Europe/Paris
timeout: 10m
person: id
streams:
  customers:
    table: public.customers
    id: customer_id
    updated: updated_at
    overlap: 1h
    start: 2024-01-01
    deleted: is_deleted
    lands: customers
    person: {id: customer_id, email: email}
    fields: {country: address.country, tier: '"Loyalty Tier"'}
  lines:
    query: SELECT * FROM order_lines
    id: [order_id, line]
    lands: order-lines
    person: {id: customer_id, of: customers}
    fields: {order_id: order_id, product_id: sku, quantity: qty, unit_price: price, time: ordered_at}
  gone:
    table: tombstones
    id: customer_id
    deletes: customers
schedule: every 15m
"""


def mistakes(text: str) -> dict[int | None, str]:
    with pytest.raises(DefinitionError) as caught:
        source_files.read_source_text(text, "shop", "sources/shop.yaml")
    found: dict[int | None, str] = {}
    for item in caught.value.details:
        found[item.line] = f"{found.get(item.line, '')} {item.message}"
    return found


def test_a_good_file_says_what_is_read() -> None:
    source = source_files.read_source_text(GOOD, "shop", "sources/shop.yaml")
    assert source.database is not None
    assert source.database.url is None
    assert source.variables == {"url": "SHOP_DATABASE_URL"}
    assert source.base_url == "${SHOP_DATABASE_URL}"
    assert source.missing({}) == ["SHOP_DATABASE_URL"]
    assert (source.database.timezone, source.database.timeout) == ("Europe/Paris", timedelta(minutes=10))
    assert source.starts == {"customers": datetime(2024, 1, 1)}
    customers, lines, gone = source.streams
    assert (customers.order, customers.is_incremental, customers.overlap) == ("ascending", True, timedelta(hours=1))
    assert (lines.order, lines.is_incremental) == ("none", False)
    assert gone.deletes == "customers"
    assert used_columns(customers) == {
        "customer_id": "id", "updated_at": "updated", "is_deleted": "deleted", "address": "fields: country",
        "Loyalty Tier": "fields: tier", "email": "person",
    }  # fmt: skip
    assert source.database.asks["lines"] == Ask(query="SELECT * FROM order_lines")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("customers", (None, "customers")),
        ("public.customers", ("public", "customers")),
        ('"a.b"."c.d"', ("a.b", "c.d")),
        ('shop."Order Lines"', ("shop", "Order Lines")),
        ("warehouse.public.customers", ("warehouse.public", "customers")),
    ],
)
def test_a_table_is_named_with_its_schema(written: str, parts: tuple[str | None, str]) -> None:
    assert Ask(table=written).parts == parts


def test_every_mistake_is_named_with_its_line() -> None:
    found = mistakes(
        "source: sql\n"
        "url: postgresql://ada:hunter2@db.example/shop\n"
        "timezone: Europe/Pari\n"
        "streams:\n"
        "  one: {table: a, query: b}\n"
        "  two: {table: a, lands: customer}\n"
        "  three: {table: a, lands: customers}\n"
        "  four: {table: a, fields: {country: c}}\n"
        "  five: {table: a, updated_as: epoch}\n"
        "  six: {table: a, start: 2024-01-01}\n"
        "  seven: {tabel: a}\n"
        "  Eight: {table: a}\n"
        "  nine: {table: a, deletes: nobody}\n"
    )
    assert "hunter2" not in str(found)
    said = {
        2: "A password does not belong into this file", 3: "no time zone", 5: "one of them", 6: "customer",
        7: "need 'person'", 8: "say what a row is", 9: "'updated_as' is said of 'updated'",
        10: "'start' needs 'updated'", 11: "tabel", 12: "small letters", 13: "no stream 'nobody'",
    }  # fmt: skip
    assert {line: part in found.get(line, "") for line, part in said.items()} == dict.fromkeys(said, True), found


@pytest.mark.parametrize(
    ("url", "is_right"),
    [
        ("sqlite:///shop.db", True),
        ("postgresql://reader@db.example/shop?sslmode=require", True),
        ("postgresql://:secret@db/x", False),
        ("postgresql://u:p%40q@db/x", False),
        ("postgresql://db/x?user=u&password=secret", False),
        ("db.example/shop", False),
        ("", False),
    ],
)
def test_a_url_is_written_out_only_without_a_password(url: str, is_right: bool) -> None:
    text = f"source: sql\nurl: '{url}'\nstreams:\n  a: {{table: a}}\n"
    if is_right:
        assert source_files.read_source_text(text, "shop", "f").base_url == url
    else:
        assert "secret" not in str(mistakes(text))


def test_a_source_without_streams_reads_nothing_and_says_so() -> None:
    assert "At least one stream" in str(mistakes("source: sql\nurl: ${X}\n"))
