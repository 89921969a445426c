"""Whatever the order of files, rows and repeats, the same orders become the same events."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satsuma.engines.duckdb import DuckDB
from satsuma.landing.writing import land_incoming
from satsuma.quality.incoming import Incoming, IncomingField

START = datetime(2025, 1, 1)
Line = tuple[int, str, int, int, int | None]

lines = st.tuples(
    st.integers(0, 4),  # order
    st.sampled_from(["a1", "b2", "POST"]),
    st.integers(-2, 3),  # quantity
    st.integers(0, 2),  # price
    st.one_of(st.none(), st.integers(0, 2)),  # customer
)
sets = st.lists(lines, min_size=1, max_size=12)

_TYPES = {
    "order_id": "VARCHAR",
    "product_id": "VARCHAR",
    "quantity": "DOUBLE",
    "unit_price": "DECIMAL(18,4)",
    "customer_id": "VARCHAR",
    "time": "TIMESTAMP",
}


def load(engine: DuckDB, files: dict[str, list[Line]], now: datetime) -> Any:
    columns = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
    engine.execute(f"CREATE OR REPLACE TEMP TABLE made (row_no BIGINT, source VARCHAR, {columns})")
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE refused (source VARCHAR, row_no BIGINT, column_name VARCHAR, reason VARCHAR, "
        "raw VARCHAR)"
    )
    for source, rows in files.items():
        for number, (order, product, quantity, price, customer) in enumerate(rows, start=1):
            engine.execute(
                "INSERT INTO made VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    number,
                    source,
                    f"o{order}",
                    product,
                    float(quantity),
                    price,
                    None if customer is None else f"c{customer}",
                    START + timedelta(days=order),
                ],
            )
    fields = tuple(
        IncomingField(name=name, column=name, type="text" if kind == "VARCHAR" else "number", canonical=True)
        for name, kind in _TYPES.items()
    )
    incoming = Incoming(
        load_kind="order-lines", table="made", rejected="refused", fields=fields, sources=tuple(files), rows=0
    )
    return land_incoming(engine, incoming, now=now)


def standing(engine: DuckDB) -> list[tuple[Any, ...]]:
    return engine.rows(
        """SELECT e.event_id, c.customer_id, name, time, revenue, order_id, product_id, quantity, flags
        FROM events e LEFT JOIN customers c USING (customer_no) WHERE superseded_at IS NULL ORDER BY ALL"""
    )


def warehouse() -> DuckDB:
    engine = DuckDB(None)
    engine.create_schema()
    return engine


def by_order(rows: list[Line], chosen: random.Random, count: int) -> list[list[Line]]:
    """Deal whole orders out to files, rows shuffled."""
    place = {order: chosen.randrange(count) for order in range(5)}
    files = [[row for row in rows if place[row[0]] == number] for number in range(count)]
    for file in files:
        chosen.shuffle(file)
    return [file for file in files if file]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=sets, seed=st.integers(0, 10**6), count=st.integers(1, 4))
def test_files_in_any_order_and_repeated_give_the_same_events(rows: list[Line], seed: int, count: int) -> None:
    chosen = random.Random(seed)  # noqa: S311
    whole = warehouse()
    load(whole, {"all.csv": rows}, START)
    parts = warehouse()
    files = by_order(rows, chosen, count)
    loads = [*files, *files]
    chosen.shuffle(loads)
    for number, file in enumerate(loads):
        outcome = load(parts, {f"part{number}.csv": file}, START)
        assert outcome.rows == outcome.landed.loaded + outcome.landed.unchanged + outcome.landed.updated
    assert standing(parts) == standing(whole)
    assert parts.value("SELECT count(*) FROM events WHERE superseded_at IS NOT NULL") == 0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=sets, seed=st.integers(0, 10**6))
def test_lines_split_over_the_files_of_one_load_are_taken_together(rows: list[Line], seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311
    whole = warehouse()
    load(whole, {"all.csv": sorted(set(rows), key=str)}, START)
    parts = warehouse()
    distinct = sorted(set(rows), key=str)
    cut = chosen.randrange(len(distinct) + 1)
    again = chosen.sample(distinct, chosen.randrange(len(distinct) + 1))
    load(parts, {"x.csv": distinct[:cut], "y.csv": distinct[cut:], "z.csv": again}, START)
    assert standing(parts) == standing(whole)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=sets, second=sets, seed=st.integers(0, 10**6), count=st.integers(1, 3))
def test_a_correction_in_pieces_gives_the_corrected_orders(
    first: list[Line], second: list[Line], seed: int, count: int
) -> None:
    chosen = random.Random(seed)  # noqa: S311
    corrected = {row[0] for row in second}
    expected = warehouse()
    load(expected, {"all.csv": [row for row in first if row[0] not in corrected] + second}, START)
    engine = warehouse()
    load(engine, {"all.csv": first}, START)
    known = standing(engine)
    for number, file in enumerate(by_order(second, chosen, count)):
        load(engine, {f"correction{number}.csv": file}, START + timedelta(days=30))
    assert standing(engine) == standing(expected)
    before = engine.rows(
        """SELECT e.event_id, c.customer_id, name, time, revenue, order_id, product_id, quantity, flags
        FROM events e LEFT JOIN customers c USING (customer_no)
        WHERE received_at < '2025-01-31' AND (superseded_at IS NULL OR superseded_at >= '2025-01-31') ORDER BY ALL"""
    )
    assert before == known


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=sets)
def test_lines_and_orders_hold_the_same_money(rows: list[Line]) -> None:
    engine = warehouse()
    load(engine, {"all.csv": rows}, START)
    for order, line in (("Order Completed", "Product Purchased"), ("Order Refunded", "Product Returned")):
        sums = engine.rows(
            f"""SELECT order_id, customer_no, sum(revenue) FILTER (name = '{order}'),
                sum(revenue) FILTER (name = '{line}')
            FROM events WHERE name IN ('{order}', '{line}') GROUP BY ALL"""
        )
        assert all(of_order == of_lines for _, _, of_order, of_lines in sums)
