"""A year of a real shop: published totals, and files that say the same in other ways."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.landing.load import load_files

DATA = os.environ.get("SATSUMA_TEST_DATA")
NOW = datetime(2026, 1, 1)
CLASSES = {"purchased": 397_884, "returned": 8_905, "free": 40, "anonymous": 135_080}

pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA does not name the folder of real data")


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(str(DATA)) / "transactions"


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Iterator[tuple[DuckDB, dict[str, Any]]]:
    engine = DuckDB(None)
    engine.create_schema()
    outcome = load_files(engine, [folder / "online_retail.parquet"], "order-lines", now=NOW)
    yield engine, outcome.as_dict()
    engine.close()


def totals(engine: DuckDB) -> dict[str, tuple[Any, ...]]:
    rows = engine.rows(
        """SELECT name, count(*), count(DISTINCT customer_no), round(sum(revenue), 2) FROM events
        WHERE customer_no IS NOT NULL AND superseded_at IS NULL GROUP BY 1"""
    )
    return {name: tuple(rest) for name, *rest in rows}


def check_totals(engine: DuckDB) -> None:
    found = totals(engine)
    assert found["Order Completed"] == (18_532, 4_338, Decimal("8911407.90"))
    assert found["Product Purchased"] == (397_884, 4_338, Decimal("8911407.90"))
    assert engine.value("SELECT count(*) FROM customers") == 4_372
    assert engine.value("SELECT count(*) FROM events WHERE superseded_at IS NOT NULL") == 0


def test_online_retail_gives_the_published_totals(loaded: tuple[DuckDB, dict[str, Any]]) -> None:
    engine, facts = loaded
    check_totals(engine)
    assert facts["classes"] == CLASSES
    assert facts["rows"] == facts["loaded"] == sum(CLASSES.values()) == 541_909
    assert facts["flags"]["non_product"] > 3_000
    assert facts["flags"]["identical"] == 5_270


@pytest.mark.parametrize("name", ["online_retail.parquet", "online_retail_by_day.zip"])
def test_the_same_lines_again_add_nothing(loaded: tuple[DuckDB, dict[str, Any]], folder: Path, name: str) -> None:
    engine, _ = loaded
    facts = load_files(engine, [folder / name], "order-lines", now=datetime(2026, 2, 1)).as_dict()
    assert (facts["loaded"], facts["updated"], facts["unchanged"]) == (0, 0, 541_909)
    assert facts["classes"] == CLASSES
    check_totals(engine)


def test_the_daily_files_alone_give_the_same_totals(folder: Path) -> None:
    engine = DuckDB(None)
    engine.create_schema()
    facts = load_files(engine, [folder / "online_retail_by_day.zip"], "order-lines", now=NOW).as_dict()
    assert facts["classes"] == CLASSES
    check_totals(engine)
    engine.close()
