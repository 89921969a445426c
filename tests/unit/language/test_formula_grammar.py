"""What a formula may say, and what type it has."""

from __future__ import annotations

import pytest

from satsuma.catalog import ValueType
from satsuma.language.formula import FormulaError, names, parse, result_type

TYPES: dict[str, ValueType] = {
    "n": "integer", "m": "money", "f": "number", "b": "boolean", "d": "date", "t": "datetime", "s": "text", "l": "list",
    "p": "location",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("n + n", "integer"), ("n + m", "money"), ("m - f", "number"), ("n / n", "number"), ("m / n", "number"),
        ("m * n", "money"), ("m * m", "number"), ("-m", "money"), ("n + 0.5", "number"), ("n + 2", "integer"),
        ("n > 1", "boolean"), ("m == n", "boolean"), ("d < d", "boolean"), ("n > 1 and b", "boolean"),
        ("b or n > 1 or b", "boolean"), ("abs(m)", "money"), ("round(f, 2)", "number"), ("round(m)", "money"),
        ("floor(f)", "integer"), ("sqrt(n)", "number"), ("min(n, m)", "money"), ("max(n, n, n)", "integer"),
        ("coalesce(m, 0)", "money"), ("coalesce(s, s)", "text"), ("when(b, n, m)", "money"),
        ("when(n > 1, s, s)", "text"),
        ("days_since(t)", "number"), ("days_between(d, t)", "number"), ("year(d)", "integer"), ("month(t)", "integer"),
        ("s", "text"), ("(n + 1)", "integer"),
    ],
)  # fmt: skip
def test_a_formula_has_a_type(text: str, type_: str) -> None:
    assert result_type(parse(text), TYPES) == type_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"), ("n +", "cannot be read"), ("n n", "cannot be read"), ("n; n", "cannot be read"),
        ("import os", "cannot be read"), ("n\x00", "cannot be read"), ("(" * 3000, "longer than"),
        ("(" * 300 + "n" + ")" * 300, "cannot be read"), ("-" * 200 + "n", "nests too deeply"),
        ("1or 2", "joins two comparisons"), ("0777", "cannot be read"), ("'a'", "Only + - * /"),
        ("True", "Only + - * /"),
        ("n ** 2", "Only + - * /"), ("n % 2", "Only + - * /"), ("n // 2", "Only + - * /"), ("not b", "Only + - * /"),
        ("1 < n < 3", "Only + - * /"), ("n if b else m", "Only + - * /"), ("n.real", "Only + - * /"),
        ("n[0]", "Only + - * /"), ("(lambda: 1)()", "Only + - * /"), ("__import__('os')", "no function '__import__'"),
        ("abs(x=1)", "Only + - * /"), ("abs(*n)", "Only + - * /"), ("1j", "Only + - * /"),
        ("[n for n in s]", "Only + - * /"),
        ("sum(n)", "There is no function 'sum'"), ("abs()", "takes 1 values, not 0"), ("min(n)", "takes 2 to 9 values"),
        ("9" * 1500, "too large"), ("n is 1", "Only + - * /"), ("round(f, n)", "whole number from 0 to 6"),
        ("round(f, 2.5)", "whole number from 0 to 6"), ("round(f, -1)", "whole number from 0 to 6"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_in_a_sentence(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message.replace("+", r"\+").replace("*", r"\*").replace("(", r"\(")):
        result_type(parse(text), TYPES)


@pytest.mark.parametrize(
    "text",
    ["s + 1", "d + 1", "b + b", "-d", "s == s", "n == s", "d == t", "n and b", "sqrt(d)", "days_since(n)", "year(s)",
     "when(n, 1, 2)", "when(b, s, n)", "coalesce(d, t)", "l", "p", "coalesce(l, l)", "min(d, d)"],
)  # fmt: skip
def test_types_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        result_type(parse(text), TYPES)


def test_a_formula_reads_the_traits_it_names() -> None:
    assert names(parse("coalesce(n, 0) / max(m, when(b, f, 1))")) == {"n", "m", "b", "f"}
