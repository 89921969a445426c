"""Filters on events as SQL: conditions on properties become boolean expressions, true or false, never null.

Only what means the same on every engine is written as SQL: presence, exact comparisons, exact texts. Everything else
(case, accents, patterns, versions, phones) is asked of the distinct values in Python by the specification itself, and
the SQL receives the list of values that passed.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlglot import exp

from satsuma.catalog import ValueType
from satsuma.engines.dialects import Dialect, Part
from satsuma.engines.duckdb import MONEY_SCALE, NUMBER_SCALE
from satsuma.evaluation.compare import whole_bound
from satsuma.language.moments import Moment
from satsuma.language.operators import FAR, OPERATORS, date_intervals
from satsuma.language.types import Condition, Group, Not, PropertyTest, Test

#: Texts in SQL are compared as they are stored: landing brought them to NFC.
_PARTS: tuple[Part, ...] = ("contains", "starts_with", "ends_with")
_COMPARE: dict[str, type[exp.Expr]] = {
    "eq": exp.EQ, "lt": exp.LT, "lte": exp.LTE, "gt": exp.GT, "gte": exp.GTE,
}  # fmt: skip

#: An IN list of five or more becomes a hash join, which is slower here and loses the stored order; a chain of ORs is
#: limited by the depth of an expression.
OR_AT_MOST = 100

PropertyColumn = Callable[[str], exp.Expr]
PropertyType = Callable[[str], ValueType]
#: Given a test and its property, return those of the property's distinct texts that pass the plain operator.
PassingTexts = Callable[[str, Test, str], list[str]]


def compile_filter(
    condition: Condition, column: PropertyColumn, type_of: PropertyType, passing: PassingTexts, moment: Moment,
    dialect: Dialect,
) -> exp.Expr:  # fmt: skip
    """Return the boolean SQL expression of a condition on one event's properties.

    Parameters
    ----------
    column : gives the SQL column of a property, typed as `type_of` says.
    """
    if isinstance(condition, Group):
        parts = [compile_filter(inner, column, type_of, passing, moment, dialect) for inner in condition.conditions]
        joined = exp.and_(*parts) if condition.word == "all" else exp.or_(*parts)
        return exp.Paren(this=exp.not_(exp.Paren(this=joined))) if condition.word == "none" else exp.Paren(this=joined)
    if isinstance(condition, Not):
        inner = compile_filter(condition.condition, column, type_of, passing, moment, dialect)
        return exp.Paren(this=exp.not_(exp.Paren(this=inner)))
    assert isinstance(condition, PropertyTest)
    property_ = column(condition.property)
    return _compile_test(condition, property_, type_of(condition.property), passing, moment, dialect)


def _compile_test(
    leaf: PropertyTest, value: exp.Expr, type_: ValueType, passing: PassingTexts, moment: Moment, dialect: Dialect
) -> exp.Expr:
    test = leaf.test
    name = test.operator
    missing = value.copy().is_(exp.null())
    if name == "is_set":
        return exp.Paren(this=exp.not_(missing))
    if name == "not_set":
        return exp.Paren(this=missing)
    if name in ("is_empty", "not_empty"):
        empty = exp.Paren(this=exp.or_(missing, exp.EQ(this=value.copy(), expression=exp.Literal.string(""))))
        return empty if name == "is_empty" else exp.Paren(this=exp.not_(empty))
    operator = OPERATORS[name]
    plain = operator.denies or name
    if type_ == "text":
        expression = _text(plain, leaf, value, passing, dialect)
    elif type_ in ("date", "datetime"):
        expression = _intervals(plain, test, value, type_, moment)
    else:
        expression = _number(plain, test, value, type_)
    if operator.denies is not None:
        expression = exp.not_(exp.Paren(this=expression))
    # A missing value makes every operator false, unless the leaf says that it matches (rule S1).
    return exp.Coalesce(this=exp.Paren(this=expression), expressions=[exp.Boolean(this=test.missing_matches)])


def _text(name: str, leaf: PropertyTest, value: exp.Expr, passing: PassingTexts, dialect: Dialect) -> exp.Expr:
    test = leaf.test
    operand: Any = test.operand
    if not test.ignore_case and not test.fold:
        if name in ("eq", "in"):
            texts = (operand,) if name == "eq" else operand
            return _in(value, [exp.Literal.string(text) for text in texts])
        for part in _PARTS:
            if name == part:
                return dialect.has(part, value, operand)
    return _in(value, [exp.Literal.string(text) for text in passing(leaf.property, test, name)])


def _in(value: exp.Expr, literals: list[exp.Expr]) -> exp.Expr:
    if not literals:
        return _always(value, False)
    if len(literals) > OR_AT_MOST:
        return exp.In(this=value, expressions=literals)
    return exp.or_(*(exp.EQ(this=value.copy(), expression=literal) for literal in literals))


def _always(value: exp.Expr, answer: bool) -> exp.Expr:
    """Return one answer for every value; still null where the value is: a denial is true only for what is known."""
    return exp.Case(ifs=[exp.If(this=value.is_(exp.null()), true=exp.null())], default=exp.Boolean(this=answer))


def _number(name: str, test: Test, value: exp.Expr, type_: ValueType) -> exp.Expr:
    operand: Any = test.operand
    if type_ == "boolean":
        wanted = operand if isinstance(operand, tuple) else (operand,)
        return exp.In(this=value, expressions=[exp.Boolean(this=bool(item)) for item in wanted])
    scale = {"money": MONEY_SCALE, "number": NUMBER_SCALE}.get(type_, 1)
    if name == "in":
        bounds = [whole_bound("eq", item, scale) for item in operand]
        return _in(value, [_decimal(bound, scale) for bound in bounds if not isinstance(bound, bool)])
    if name == "between":
        return exp.and_(_compared("gte", operand[0], value, scale), _compared("lte", operand[1], value, scale))
    return _compared(name, operand, value, scale)


def _compared(name: str, operand: Any, value: exp.Expr, scale: int) -> exp.Expr:
    """Compare an exact decimal with a number of as many digits: with more, engines round it, each in its own way."""
    bound = whole_bound(name, operand, scale)
    if isinstance(bound, bool):
        return _always(value.copy(), bound)
    return _COMPARE[name](this=value.copy(), expression=_decimal(bound, scale))


def _decimal(whole: int, scale: int) -> exp.Expr:
    return number_literal(Decimal(whole) / scale)


def number_literal(number: Any) -> exp.Expr:
    """Return a number as an exact SQL decimal, never in floating point."""
    text = format(Decimal(number), "f")
    return exp.Neg(this=exp.Literal.number(text[1:])) if text.startswith("-") else exp.Literal.number(text)


def _intervals(name: str, test: Test, value: exp.Expr, type_: ValueType, moment: Moment) -> exp.Expr:
    """Compare a date (days) or moment (microseconds), given as a number, with the intervals the operator means."""
    assert type_ in ("date", "datetime")
    parts = []
    for low, high in date_intervals(name, test.operand, type_, moment):
        bounds: list[exp.Expr] = []
        if low > -FAR:
            bounds.append(exp.GTE(this=value.copy(), expression=number_literal(low)))
        if high < FAR:
            bounds.append(exp.LTE(this=value.copy(), expression=number_literal(high)))
        parts.append(exp.Paren(this=exp.and_(*bounds)))
    return exp.or_(*parts)
