"""Formulas of computed traits: arithmetic over other traits and a closed list of functions, checked and typed.

The text is parsed with Python's own expression grammar and only the nodes named here are let through. A missing
value makes the result missing, except in `coalesce` and `when`; so does a division by zero, a logarithm of nothing
and everything else that has no finite answer.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from satsuma.catalog import NUMERIC, ValueType

DATES: tuple[ValueType, ...] = ("date", "datetime")

#: name -> (fewest arguments, most arguments, what it gives, in words)
FUNCTIONS: Mapping[str, tuple[int, int, str]] = {
    "abs": (1, 1, "the size of a number"),
    "round": (1, 2, "a number rounded to so many decimals"),
    "floor": (1, 1, "the whole number below"),
    "ceil": (1, 1, "the whole number above"),
    "sqrt": (1, 1, "the square root"),
    "log": (1, 1, "the natural logarithm"),
    "exp": (1, 1, "e to the power"),
    "min": (2, 9, "the smallest of several"),
    "max": (2, 9, "the largest of several"),
    "coalesce": (2, 9, "the first that is known"),
    "when": (3, 3, "when(condition, then, otherwise)"),
    "days_since": (1, 1, "days from a moment to the moment of evaluation"),
    "days_between": (2, 2, "days from the first moment to the second"),
    "year": (1, 1, "the year of a date"),
    "month": (1, 1, "the month of a date, 1 to 12"),
}

Operator = Literal["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or"]
_ARITHMETIC: dict[type[ast.AST], Operator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE: dict[type[ast.AST], Operator] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip

MAX_LENGTH = 2_000
MAX_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    inner: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: Operator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]


Expression = Number | Name | Negative | Binary | Call


class FormulaError(Exception):
    """The formula cannot be read or does not fit its types; the text is a sentence for people."""


def parse(text: str) -> Expression:
    """Parse a formula.

    Raises
    ------
    FormulaError
        When it is not arithmetic over names, numbers and the known functions.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"The formula is longer than {MAX_LENGTH:,} characters.")
    try:
        with warnings.catch_warnings():
            # Python warns of some spellings ("1or 2") that are refused below in our own words.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(
            "The formula cannot be read: use + - * / ( ), names of traits, numbers and functions."
        ) from None
    return _convert(tree.body, 0)


def _convert(node: ast.expr, depth: int) -> Expression:
    if depth > 60:
        raise FormulaError("The formula nests too deeply.")
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        try:
            return Number(float(node.value))
        except OverflowError:
            raise FormulaError("A number in the formula is too large.") from None
    if isinstance(node, ast.Name):
        return Name(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Negative(_convert(node.operand, depth + 1))
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        operator = _ARITHMETIC[type(node.op)]
        return Binary(operator, _convert(node.left, depth + 1), _convert(node.right, depth + 1))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
        operator = _COMPARE[type(node.ops[0])]
        return Binary(operator, _convert(node.left, depth + 1), _convert(node.comparators[0], depth + 1))
    if isinstance(node, ast.BoolOp):
        operator = "and" if isinstance(node.op, ast.And) else "or"
        result = _convert(node.values[0], depth + 1)
        for value in node.values[1:]:
            result = Binary(operator, result, _convert(value, depth + 1))
        return result
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args, depth)
    raise FormulaError(
        "Only + - * /, comparisons, and, or, names of traits, numbers and functions belong in a formula "
        f"({', '.join(FUNCTIONS)})."
    )


def _call(name: str, arguments: list[ast.expr], depth: int) -> Call:
    if name not in FUNCTIONS:
        raise FormulaError(f"There is no function '{name}'; the functions are {', '.join(FUNCTIONS)}.")
    fewest, most, meaning = FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        count = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise FormulaError(f"'{name}' ({meaning}) takes {count} values, not {len(arguments)}.")
    call = Call(name, tuple(_convert(argument, depth + 1) for argument in arguments))
    if name == "round" and call.arguments[1:]:
        decimals = call.arguments[1]
        if not isinstance(decimals, Number) or decimals.value not in range(MAX_DECIMALS + 1):
            raise FormulaError(f"The decimals of 'round' are written as a whole number from 0 to {MAX_DECIMALS}.")
    return call


def an(type_: str) -> str:
    """Return a type with its article: `an integer`."""
    return f"{'an' if type_ == 'integer' else 'a'} {type_}"


def names(expression: Expression) -> set[str]:
    """Return the traits that a formula reads."""
    if isinstance(expression, Name):
        return {expression.name}
    if isinstance(expression, Negative):
        return names(expression.inner)
    if isinstance(expression, Binary):
        return names(expression.left) | names(expression.right)
    if isinstance(expression, Call):
        return set().union(*(names(argument) for argument in expression.arguments))
    return set()


def reads_clock(expression: Expression) -> bool:
    """Say whether an expression gives another value at another moment from the same values."""
    if isinstance(expression, Call):
        return expression.function == "days_since" or any(reads_clock(item) for item in expression.arguments)
    if isinstance(expression, Binary):
        return reads_clock(expression.left) or reads_clock(expression.right)
    return isinstance(expression, Negative) and reads_clock(expression.inner)


def result_type(expression: Expression, types: Mapping[str, ValueType]) -> ValueType:
    """Return the type of a formula's result.

    Raises
    ------
    FormulaError
        When an operation does not fit the types of what it is given.
    """
    if isinstance(expression, Number):
        return "integer" if expression.value.is_integer() else "number"
    if isinstance(expression, Name):
        type_ = types[expression.name]
        if type_ in ("list", "location"):
            raise FormulaError(f"'{expression.name}' is {an(type_)}, which no formula works with.")
        return type_
    if isinstance(expression, Negative):
        return _numeric(result_type(expression.inner, types), "-")
    if isinstance(expression, Binary):
        return _binary_type(expression, types)
    return _call_type(expression, types)


def _numeric(type_: ValueType, where: str) -> ValueType:
    if type_ not in NUMERIC:
        raise FormulaError(f"'{where}' works on numbers; one of its values is {an(type_)}.")
    return type_


def _binary_type(expression: Binary, types: Mapping[str, ValueType]) -> ValueType:
    left, right = result_type(expression.left, types), result_type(expression.right, types)
    operator = expression.operator
    if operator in ("and", "or"):
        if left != "boolean" or right != "boolean":
            raise FormulaError(f"'{operator}' joins two comparisons.")
        return "boolean"
    if operator in ("<", "<=", ">", ">=", "==", "!="):
        same = left == right or (left in NUMERIC and right in NUMERIC)
        if not same or left in ("text", "list", "location"):
            raise FormulaError(f"'{operator}' compares two numbers or two dates, not {an(left)} with {an(right)}.")
        return "boolean"
    _numeric(left, operator)
    _numeric(right, operator)
    if operator == "/":
        return "number"
    return _wider(left, right) if operator != "*" else _product(left, right)


def _product(left: ValueType, right: ValueType) -> ValueType:
    return _wider(left, right) if "money" not in (left, right) or left != right else "number"


def _wider(left: ValueType, right: ValueType) -> ValueType:
    if left == right:
        return left
    if "number" in (left, right):
        return "number"
    return "money" if "money" in (left, right) else "number"


def _call_type(call: Call, types: Mapping[str, ValueType]) -> ValueType:
    given = [result_type(argument, types) for argument in call.arguments]
    name = call.function
    if name in ("days_since", "days_between", "year", "month"):
        if any(type_ not in DATES for type_ in given):
            raise FormulaError(f"'{name}' takes dates or times.")
        return "integer" if name in ("year", "month") else "number"
    if name == "when":
        if given[0] != "boolean":
            raise FormulaError("The first value of 'when' is a comparison or a yes/no trait.")
        given = given[1:]
    if name in ("coalesce", "when"):
        first = given[0]
        if all(type_ == first for type_ in given):
            return first
    for type_ in given:
        _numeric(type_, name)
    if name in ("sqrt", "log", "exp"):
        return "number"
    if name in ("floor", "ceil"):
        return "integer"
    if name == "round":
        return given[0]
    result = given[0]
    for type_ in given[1:]:
        result = _wider(result, type_)
    return result
