"""A shop's database as a source of a workspace: tested, read, read again, by commands and with nothing secret told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from real_databases import PASSWORD, free_port, text_of
from satsuma import Workspace
from satsuma.cli import output
from satsuma.cli.running import run as command
from satsuma.connectors.sql import client as sql_client
from satsuma.errors import VendorError
from satsuma.sourcing import Sources
from sql_shop import VARIABLE, ShopDatabase, shop_database

__all__ = ["shop_database"]

pytestmark = pytest.mark.connectors

WRONG = "hunter2"

SOURCE = """source: sql
url: ${SHOP_DATABASE_URL}
person: id
streams:
  people:
    table: people
    updated: updated_at
    deleted: deleted_at
    lands: customers
    person: {id: id, email: email}
    fields: {email: email, country: country, points: points, spent: spent, vip: vip, birth_date: born}
  lines:
    query: SELECT order_no, line, person, sku, quantity, price, ordered_at, changed_at FROM order_lines
    id: [order_no, line]
    updated: changed_at
    lands: order-lines
    person: {id: person, of: people}
    fields: {order_id: order_no, line_id: line, product_id: sku, quantity: quantity, unit_price: price,
      time: ordered_at}
"""


@pytest.fixture(autouse=True)
def fresh_console() -> Iterator[None]:
    """Let commands write to what this test captures, and not what follows."""
    output.console.cache_clear()
    yield
    output.console.cache_clear()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "shop", timezone="Europe/Paris", currency="EUR") as opened:
        (opened.path / "sources").mkdir(exist_ok=True)
        (opened.path / "sources" / "theirs.yaml").write_text(SOURCE, encoding="utf-8")
        yield opened


def fill(database: ShopDatabase) -> None:
    database.run(
        "DROP TABLE IF EXISTS order_lines",
        "CREATE TABLE order_lines (order_no INT, line INT, person INT, sku VARCHAR(9), quantity INT, "
        "price DECIMAL(10,2), ordered_at MOMENT!, changed_at MOMENT!, PRIMARY KEY (order_no, line))",
    )
    for number in (1, 2, 3):
        database.add(number, "2024-05-01 06:00:00")
    for order, line, person, price in ((1, 1, 1, "9.99"), (1, 2, 1, "5.01"), (2, 1, 2, "20.00")):
        database.run("INSERT INTO order_lines VALUES (:order, :line, :person, 'sku', 2, :price, :at, :at)",
                     order=order, line=line, person=person, price=price,
                     at=database.moment("2024-05-01 10:00:00"))  # fmt: skip


def test_a_database_becomes_customers_and_orders_and_what_changes_there_changes_here(
    shop: Workspace, shop_database: ShopDatabase
) -> None:
    fill(shop_database)
    sources = Sources(shop, environment={VARIABLE: text_of(shop_database.url)})
    tested = sources.test("theirs")
    assert "answers, lets us in, and has all that is read for 2 streams: 'people', 'lines'." in tested.sentence
    first = sources.sync("theirs").as_dict()
    assert (first["records"], first["customers_new"]) == (6, 3)
    rows = shop.engine.rows
    assert rows("SELECT customer_id, points, spent, CAST(birth_date AS VARCHAR) FROM customers ORDER BY 1") == [
        (f"theirs:{number}", number, 12.5, "1980-02-29") for number in (1, 2, 3)
    ]
    assert {kind for name, kind in shop.engine.columns("customers").items() if name in ("points", "birth_date")} == {
        "BIGINT", "DATE",
    }  # fmt: skip
    assert rows("SELECT order_id, revenue FROM events WHERE name = 'Order Completed' ORDER BY 1") == [
        ("1", Decimal("30.00")), ("2", Decimal("40.00")),
    ]  # fmt: skip
    assert rows("SELECT count(*) FROM quarantine") == [(0,)]
    # Nothing happened there, and nothing happens here.
    again = sources.sync("theirs").as_dict()
    assert again["unchanged"] == again["records"]
    # A row changes, one is marked as gone, one line of an order changes.
    at = shop_database.moment("2024-05-03 06:00:00")
    shop_database.run("UPDATE people SET points = 99, updated_at = :at WHERE id = 1", at=at)
    shop_database.run("UPDATE people SET deleted_at = :at, updated_at = :at WHERE id = 2", at=at)
    shop_database.run("UPDATE order_lines SET quantity = 1, changed_at = :at WHERE order_no = 2", at=at)
    third = sources.sync("theirs").as_dict()
    assert third["records"] - third["unchanged"] == 3
    assert rows("SELECT customer_id, points, deleted_in_theirs FROM customers ORDER BY 1") == [
        ("theirs:1", 99, None), ("theirs:2", 2, True), ("theirs:3", 3, None),
    ]  # fmt: skip
    assert rows("SELECT sum(revenue) FROM events WHERE name = 'Order Completed' AND superseded_at IS NULL") == [
        (Decimal("50.00"),)
    ]


@pytest.mark.parametrize("shop_database", ["sqlite"], indirect=True)
def test_a_first_reading_that_breaks_off_goes_on_and_counts_nothing_twice(
    shop: Workspace, shop_database: ShopDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    from satsuma.connectors import syncing

    fill(shop_database)
    monkeypatch.setattr(sql_client, "ROWS", 2)
    monkeypatch.setattr(syncing, "BATCH_RECORDS", 2)
    sources = Sources(shop, environment={VARIABLE: text_of(shop_database.url)})

    class StopError(Exception):
        pass

    def stop(step: str, done: int, *_: object) -> None:
        if step == "lines" and done == 3:
            raise StopError

    with pytest.raises(StopError):
        sources.sync("theirs", progress=stop)
    assert shop.engine.rows("SELECT count(*) FROM source_records WHERE stream = 'lines'") == [(2,)]
    sources.sync("theirs")
    assert shop.engine.rows("SELECT count(*), count(DISTINCT customer_id) FROM customers") == [(3, 3)]
    assert shop.engine.rows("SELECT sum(revenue) FROM events WHERE name = 'Order Completed' AND superseded_at IS NULL"
                            ) == [(Decimal("70.00"),)]  # fmt: skip


def test_commands_say_what_is_wrong_in_a_sentence_without_the_password(
    shop: Workspace, postgresql: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.close()
    url: sa.URL = postgresql.url  # type: ignore[attr-defined]
    there = ["-w", str(shop.path)]
    wrong = {
        "": "needs SHOP_DATABASE_URL, which is not set",
        text_of(url.set(password=WRONG)): "refuses the user or the password",
        text_of(url.set(database="nowhere")): "the database 'nowhere' at",
        text_of(url.set(port=free_port())): "does not answer",
        f"oracle://u:{WRONG}@h/x": "This kind of database is not one that Satsuma reads",
    }
    for value, said in wrong.items():
        monkeypatch.setenv(VARIABLE, value)
        assert command(["source", "test", "theirs", *there]) == 1
        shown = capsys.readouterr()
        assert said in " ".join(shown.err.split())
        assert WRONG not in shown.out + shown.err
        assert PASSWORD not in shown.out + shown.err
    monkeypatch.setenv(VARIABLE, text_of(url))
    assert command(["source", "test", "theirs", *there, "--json"]) == 1
    assert "There is no table 'people'" in json.loads(capsys.readouterr().err)["error"]["message"]
    assert command(["source", "add", "sql", "--name", "ours", *there]) == 0
    assert "docs/how-to/read-a-database.md" in (shop.path / "sources" / "ours.yaml").read_text()
    (shop.path / "sources" / "ours.yaml").unlink()
    assert command(["source", "list", *there, "--json"]) == 0
    shown = capsys.readouterr()
    assert "theirs" in shown.out
    assert PASSWORD not in shown.out


def test_a_missing_driver_says_what_to_install(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    sources = Sources(shop, environment={VARIABLE: f"mysql://u:{WRONG}@h/x"})
    with pytest.raises(VendorError) as caught:
        sources.test("theirs")
    assert caught.value.message.endswith("The driver for mysql, pymysql, is not installed.")
    assert caught.value.hint == "Install it with: pip install 'satsuma[mysql]'"
    assert WRONG not in str(caught.value.as_dict())
