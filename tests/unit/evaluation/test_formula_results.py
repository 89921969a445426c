"""What formulas give: whole numbers and money exactly, everything without an answer as missing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, TraitInfo, ValueType
from satsuma.engines.duckdb import DuckDB
from satsuma.language.moments import Moment
from satsuma.language.reference import Customer
from small_world import checked, fill, moment_of, run

TYPES: dict[str, ValueType] = {
    "n": "integer", "k": "integer", "m": "money", "p": "money", "f": "number", "b": "boolean", "d": "date",
    "t": "datetime", "s": "text", "u": "text", "none": "integer", "big": "integer",
}  # fmt: skip
CATALOG = Catalog(traits={name: TraitInfo(type=type_) for name, type_ in TYPES.items()})
ROW: dict[str, Any] = {
    "n": 7, "k": 2, "m": Decimal("0.1"), "p": Decimal("0.2"), "f": 2.5, "b": True, "d": date(2024, 3, 30),
    "t": datetime(2024, 3, 30, 23, 30), "s": "x", "u": None, "none": None, "big": 2**62,
}  # fmt: skip
ZONE = ZoneInfo("Europe/Paris")
AS_OF = Moment(moment_of("2024-03-31T23:30:00").as_of, ZONE)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    fill(warehouse, CATALOG, [Customer(id="a", traits=ROW), Customer(id="b", traits={})])
    yield warehouse
    warehouse.close()


def result(engine: DuckDB, formula: str, type_: str | None = None) -> Any:
    """Return the first customer's value; the second has no values and must have none, unless the formula says so."""
    body = {"formula": formula} | ({"type": type_} if type_ else {})
    column = run(engine, checked({"traits/asked": body}, CATALOG, ZONE), AS_OF).column("asked")
    if "coalesce" not in formula and not formula.replace(".", "").isdigit():
        assert column.python(1) is None
    return column.python(0)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("n + k", 9), ("n - k", 5), ("n * k", 14), ("n / k", 3.5), ("-n", -7), ("n + 0.5", 7.5),
        ("m + p", Decimal("0.3")), ("m + n", Decimal("7.1")), ("m * 3", Decimal("0.3")), ("m * f", 0.25),
        ("p - m", Decimal("0.1")), ("m / p", 0.5), ("abs(p - n)", Decimal("6.8")), ("n + k * 2", 11),
        ("(n + k) * 2", 18),
        ("f / 0", None), ("n / (k - 2)", None), ("log(0 * n)", None), ("sqrt(-n)", None), ("exp(n * 1000)", None),
        ("sqrt(f * 10)", 5.0), ("exp(0 * n)", 1.0), ("floor(f)", 2), ("ceil(f)", 3), ("floor(-f)", -3),
        ("round(f * 1.13, 1)", 2.8), ("round(m + p)", Decimal(0)), ("round(n / 3, 2)", 2.33),
        ("min(n, k, 5)", 2), ("max(m, p)", Decimal("0.2")), ("max(n, none)", None),
        ("n > k", True), ("m + p == 0.3", True), ("n != 7", False), ("b and n > 100", False), ("b or n > 100", True),
        ("d <= d", True), ("coalesce(none, 5)", 5), ("coalesce(none, m)", Decimal("0.1")), ("coalesce(u, s)", "x"),
        ("when(n > k, m, p)", Decimal("0.1")), ("when(n < k, s, s)", "x"), ("when(none > 1, n, k)", None),
        ("when(b, none, k)", None), ("year(d)", 2024), ("month(t)", 3), ("none + 1", None),
        # 31 March 2024 in Paris has 23 hours: a day of the calendar, and 24 hours by the clock, are told apart.
        ("days_since(t)", 1.0), ("days_since(d)", 2.0), ("days_between(d, t)", 1.0), ("days_between(t, d)", -1.0),
        # Whole numbers that would not fit their sum are left to floats, and beyond exact ones they are missing.
        ("big + big", None), ("big / big", 1.0), ("big * 0", 0), ("big > m", True), ("big - big + n", 7),
    ],
)  # fmt: skip
def test_a_formula_gives(engine: DuckDB, formula: str, expected: Any) -> None:
    found = result(engine, formula)
    if isinstance(expected, float):
        assert isinstance(found, float)
        assert math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)
    else:
        assert (type(found), found) == (type(expected), expected)


def test_a_declared_type_rounds_to_its_scale(engine: DuckDB) -> None:
    assert result(engine, "n / 3", "money") == Decimal("2.3333")
    assert result(engine, "n / 3", "integer") == 2


def test_everybody_gets_a_constant(engine: DuckDB) -> None:
    assert result(engine, "1.5") == 1.5


def test_formulas_build_on_computed_traits_in_any_order(engine: DuckDB) -> None:
    files = {"traits/c": {"formula": "a2 * 2"}, "traits/a2": {"formula": "b2 + 1"}, "traits/b2": {"formula": "n"}}
    assert run(engine, checked(files, CATALOG, ZONE), AS_OF).column("c").python(0) == 16
