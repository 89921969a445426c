"""Formulas over whole columns: whole numbers stay exact, everything else is a float; no answer is a missing value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import ValueType
from satsuma.engines.duckdb import MONEY_SCALE
from satsuma.evaluation.columns import Column, Mask
from satsuma.evaluation.context import Evaluation
from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.formula import Binary, Call, Expression, Name, Negative, Number

#: Whole numbers beyond this are left to floats, long before they could overflow.
_SAFE = float(1 << 53)
#: Sums and comparisons of whole numbers stay exact up to here.
_WHOLE = float(1 << 63)


@dataclass(slots=True)
class Operand:
    """A part of a formula: numbers in their own unit or whole numbers of 1/scale, and who has one."""

    values: NDArray[Any]
    present: Mask
    type: ValueType
    scale: int = 1
    words: tuple[str, ...] = ()

    def floats(self) -> NDArray[np.float64]:
        values = self.values.astype(np.float64)
        return values / self.scale if self.scale != 1 else values


def evaluate_formula(expression: Expression, type_: ValueType, evaluation: Evaluation) -> Column:
    """Return the column of a formula, as the type that the checker gave it."""
    with np.errstate(all="ignore"):
        result = _evaluate(expression, evaluation)
        return _as_type(result, type_)


def _as_type(result: Operand, type_: ValueType) -> Column:
    if type_ in ("text", "boolean", "date", "datetime"):
        return Column(type_, result.values, result.present, words=result.words)
    if type_ == "number":
        values = result.floats()
        return Column("number", values, result.present & np.isfinite(values))
    scale = MONEY_SCALE if type_ == "money" else 1
    if result.scale == scale and result.values.dtype.kind == "i":
        return Column(type_, result.values, result.present, scale=scale)
    values = np.rint(result.floats() * scale)
    present = result.present & np.isfinite(values) & (np.abs(values) < _SAFE)
    return Column(type_, np.where(present, values, 0).astype(np.int64), present, scale=scale)


def _evaluate(expression: Expression, evaluation: Evaluation) -> Operand:
    size = evaluation.size
    if isinstance(expression, Number):
        everybody = np.ones(size, np.bool_)
        if expression.value.is_integer() and abs(expression.value) < _SAFE:
            return Operand(np.full(size, int(expression.value), np.int64), everybody, "integer")
        return Operand(np.full(size, expression.value), everybody, "number")
    if isinstance(expression, Name):
        column = evaluation.column(expression.name)
        return Operand(column.values, column.present, column.type, column.scale, column.words)
    if isinstance(expression, Negative):
        inner = _evaluate(expression.inner, evaluation)
        return Operand(-inner.values, inner.present, inner.type, inner.scale)
    if isinstance(expression, Binary):
        return _binary(expression, evaluation)
    return _call(expression, [_evaluate(argument, evaluation) for argument in expression.arguments], evaluation)


def _binary(expression: Binary, evaluation: Evaluation) -> Operand:
    left, right = _evaluate(expression.left, evaluation), _evaluate(expression.right, evaluation)
    operator = expression.operator
    present = left.present & right.present
    if operator in ("and", "or"):
        join = np.logical_and if operator == "and" else np.logical_or
        return Operand(join(left.values, right.values), present, "boolean")
    if operator in _COMPARE:
        first, second, _ = _aligned(left, right)
        return Operand(_COMPARE[operator](first, second), present, "boolean")
    if operator == "/":
        divisor = right.floats()
        values = left.floats() / np.where(divisor == 0, np.nan, divisor)
        return Operand(values, present & np.isfinite(values), "number")
    if operator == "*":
        return _times(left, right, present)
    first, second, scale = _aligned(left, right, room=2)
    values = first + second if operator == "+" else first - second
    return Operand(values, present, _joined(left, right), scale)


_COMPARE = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip


def _joined(left: Operand, right: Operand) -> ValueType:
    return left.type if left.type == right.type else "money" if "money" in (left.type, right.type) else "number"


def _times(left: Operand, right: Operand, present: Mask) -> Operand:
    whole = left.values.dtype.kind == "i" and right.values.dtype.kind == "i"
    if whole and 1 in (left.scale, right.scale) and _largest(left) * _largest(right) < _SAFE:
        return Operand(left.values * right.values, present, _joined(left, right), left.scale * right.scale)
    values = left.floats() * right.floats()
    return Operand(values, present & np.isfinite(values), "number")


def _largest(operand: Operand) -> float:
    """Return the size of the largest number that somebody has."""
    return float(np.max(np.abs(operand.values), where=operand.present, initial=0))


def _aligned(left: Operand, right: Operand, room: int = 1) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Bring two operands to one scale: whole numbers where both are and fit `room` times over, floats otherwise."""
    kinds = left.values.dtype.kind, right.values.dtype.kind
    if kinds == ("i", "i"):
        scale = max(left.scale, right.scale)
        fits = all(_largest(part) * (scale // part.scale) * room < _WHOLE for part in (left, right))
        if fits and scale % left.scale == 0 and scale % right.scale == 0:
            return left.values * (scale // left.scale), right.values * (scale // right.scale), scale
    elif left.scale == right.scale and kinds[0] == kinds[1]:
        return left.values, right.values, left.scale
    return left.floats(), right.floats(), 1


def _call(call: Call, given: list[Operand], evaluation: Evaluation) -> Operand:
    name = call.function
    if name in ("days_since", "days_between"):
        now = Operand(np.full(evaluation.size, evaluation.moment.as_of), np.ones(evaluation.size, np.bool_), "datetime")
        first, second = (given[0], now) if name == "days_since" else (given[0], given[1])
        return _days(first, second, evaluation)
    if name in ("year", "month"):
        return _calendar(name, given[0], evaluation)
    if name in ("coalesce", "when"):
        return _choice(name, given)
    first = given[0]
    if name in ("min", "max"):
        return _extreme(name, given)
    if name == "abs":
        return Operand(np.abs(first.values), first.present, first.type, first.scale)
    if name == "round":
        decimals = 0 if len(given) == 1 else int(given[1].values[0]) if evaluation.size else 0
        values = np.round(first.floats(), decimals)
        return Operand(values, first.present, first.type)
    function = {"floor": np.floor, "ceil": np.ceil, "sqrt": np.sqrt, "log": np.log, "exp": np.exp}[name]
    values = function(first.floats())
    return Operand(values, first.present & np.isfinite(values), "number")


def _days(first: Operand, second: Operand, evaluation: Evaluation) -> Operand:
    """Return days between two moments as a float; with a date among them, whole calendar days."""
    present = first.present & second.present
    if first.type == "datetime" and second.type == "datetime":
        days = (second.values - first.values) / MICROSECONDS_PER_DAY
    else:
        days = (_local_days(second, evaluation) - _local_days(first, evaluation)).astype(np.float64)
    return Operand(days, present, "number")


def _local_days(operand: Operand, evaluation: Evaluation) -> NDArray[np.int64]:
    """Return dates as days since 1970; a moment falls on its day in the workspace's zone."""
    if operand.type == "date":
        return operand.values.astype(np.int64)
    from satsuma.evaluation.calendar import local_days

    return local_days(operand.values, operand.present, evaluation.moment.zone)


def _calendar(name: str, operand: Operand, evaluation: Evaluation) -> Operand:
    days = _local_days(operand, evaluation).astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    values = months // 12 + 1970 if name == "year" else months % 12 + 1
    return Operand(values, operand.present, "integer")


def _choice(name: str, given: list[Operand]) -> Operand:
    if name == "when":
        condition, then, otherwise = given
        taken = condition.values & condition.present
        first, second, scale, words = _same_form(then, otherwise)
        # A condition that is not known takes neither side.
        present = np.where(taken, then.present, otherwise.present) & condition.present
        return Operand(np.where(taken, first, second), present, _joined(then, otherwise), scale, words)
    result = given[0]
    for other in given[1:]:
        first, second, scale, words = _same_form(result, other)
        values = np.where(result.present, first, second)
        result = Operand(values, result.present | other.present, _joined(result, other), scale, words)
    return result


def _same_form(left: Operand, right: Operand) -> tuple[NDArray[Any], NDArray[Any], int, tuple[str, ...]]:
    if left.type != "text":
        return (*_aligned(left, right), ())
    words = tuple(sorted({*left.words, *right.words}))
    place = {word: code for code, word in enumerate(words)}
    recoded = []
    for part in (left, right):
        table = np.array([place[word] for word in part.words] or [0], np.int32)
        recoded.append(table[np.where(part.present, part.values, 0)])
    return recoded[0], recoded[1], 1, words


def _extreme(name: str, given: list[Operand]) -> Operand:
    choose = np.minimum if name == "min" else np.maximum
    result = given[0]
    for other in given[1:]:
        first, second, scale = _aligned(result, other)
        present = result.present & other.present
        result = Operand(choose(first, second), present, _joined(result, other), scale)
    return result
