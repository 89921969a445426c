"""Operators and operands against the type of what they are asked of: what fits, and the typed value."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.catalog import NUMERIC, ValueType
from satsuma.documents import Path_
from satsuma.language import durations, formula
from satsuma.language.operators import OPERATORS, PRESENCE, version_key
from satsuma.language.patterns import pattern_problem
from satsuma.language.places import Area, RegionRef
from satsuma.language.reading_scalars import Raw
from satsuma.language.types import EventRef, Test, TraitRef


class OperandChecker(ABC):
    """Gives operands their type; where mistakes go and what other traits are, the checker of definitions says."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    @abstractmethod
    def problem(self, at: Path_, message: str, near: Collection[str] = ()) -> None:
        """Report a mistake in the definition under check."""

    @abstractmethod
    def region(self, name: str) -> Area | None:
        """Return the area of a region; None when it is not known or its file has a mistake."""

    @abstractmethod
    def trait_type(self, name: str) -> ValueType | None:
        """Return the type of a trait; None when it is not known."""

    @abstractmethod
    def step_property(self, reference: EventRef, at: Path_) -> tuple[EventRef, ValueType] | None:
        """Return what an earlier step's property is, and its type; None after reporting that there is none."""

    def test(self, test: Test, type_: ValueType, what: str) -> Test:
        """Return a test with its operand typed for `type_`, reporting an operator or value that does not fit."""
        operator = OPERATORS[test.operator]
        if type_ not in operator.types:
            fitting = [name for name, other in OPERATORS.items() if type_ in other.types]
            message = f"'{test.operator}' does not work on {what}, which is {formula.an(type_)}"
            self.problem(test.at, f"{message}; for {formula.an(type_)} there are {', '.join(fitting)}.")
            return test
        if type_ not in ("text", "list") and (test.ignore_case or test.fold):
            self.problem(test.at, f"'case' and 'fold' are for texts; {what} is {formula.an(type_)}.")
        if test.operator in PRESENCE and test.missing_matches:
            self.problem(test.at, f"'{test.operator}' looks at absence itself and takes no 'missing: match'.")
        operand = test.operand
        if isinstance(operand, Test):
            # What is asked of an anniversary is asked of a date, and of nothing that depends on who is asked.
            return replace(test, operand=self.test(operand, "date", f"the anniversary of {what}"))
        if isinstance(operand, RegionRef):
            return replace(test, operand=self.region(operand.region) or operand)
        if isinstance(operand, (TraitRef, EventRef)):
            return self._referring(test, operand, type_, what)
        convert: Callable[[Raw], Any] = lambda raw: self._value(raw, type_, test.at, what)  # noqa: E731
        shape = operator.shape
        if shape in ("text", "texts", "pattern", "glob", "version"):
            convert = lambda raw: self._value(raw, "text", test.at, what)  # noqa: E731
        elif shape == "codes":
            convert = lambda raw: self._code(raw, test.at)  # noqa: E731
        if isinstance(operand, Raw):
            operand = convert(operand)
        elif isinstance(operand, tuple) and operand and isinstance(operand[0], Raw):
            operand = tuple(convert(item) for item in operand)
        if operand is None or (isinstance(operand, tuple) and None in operand):
            return test
        self._shape_rules(shape, operand, test.at)
        if type_ == "date" and shape in ("duration", "span"):
            self._whole_days(operand, test.at)
        return replace(test, operand=operand)

    def _referring(self, test: Test, operand: TraitRef | EventRef, type_: ValueType, what: str) -> Test:
        """Return a test against another trait or an earlier step's property, which must be of the same type."""
        if OPERATORS[test.operator].shape in ("pattern", "glob", "version"):
            other = "another trait" if isinstance(operand, TraitRef) else "a property of an earlier step"
            self.problem(test.at, f"'{test.operator}' takes a value, not {other}.")
        if isinstance(operand, TraitRef):
            self._same_type(operand.trait, self.trait_type(operand.trait), test.at, type_, what)
            return test
        found = self.step_property(operand, test.at)
        if found is None:
            return test
        self._same_type(f"{operand.step}.{operand.property}", found[1], test.at, type_, what)
        return replace(test, operand=found[0])

    def _shape_rules(self, shape: str, operand: Any, at: Path_) -> None:
        if shape == "range" and operand[0] > operand[1]:
            self.problem(at, "The first value of the range is above the second.")
        elif shape == "pattern":
            reason = pattern_problem(operand)
            if reason is not None:
                self.problem(at, f"This regular expression cannot be used: {reason}.")
        elif shape == "version" and version_key(operand) is None:
            self.problem(at, f"'{operand}' is not a version such as 3.2.0.")

    def _whole_days(self, operand: Any, at: Path_) -> None:
        lengths = operand if isinstance(operand, tuple) else (operand,)
        if any(length % durations.MICROSECONDS_PER_DAY for length in lengths):
            self.problem(at, "A date without a time is counted in whole days: write 2d, not 48h and not 36h.")

    def country_codes(self, test: Test, what: str) -> None:
        """Report a country that is written out: it would be found in nobody's data."""
        operand = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        if test.operator not in ("eq", "neq", "in", "not_in"):
            return
        for value in operand:
            if isinstance(value, str) and not re.fullmatch("[A-Z]{2}", value):
                message = (
                    f"{what[0].upper()}{what[1:]} holds countries by their two letters (FR, DE): '{value}' is not one."
                )
                self.problem(test.at, message)

    def _same_type(self, name: str, other: ValueType | None, at: Path_, type_: ValueType, what: str) -> None:
        if other is None or other == type_ or (other in NUMERIC and type_ in NUMERIC):
            return
        self.problem(
            at,
            f"{_begun(what)} is {formula.an(type_)} and '{name}' is {formula.an(other)}: they cannot be compared.",
        )

    def _code(self, raw: Raw, at: Path_) -> int | None:
        if isinstance(raw.value, int) and 0 < raw.value < 1000:
            return raw.value
        self.problem(at, "A calling code is a number such as 33.")
        return None

    def _value(self, raw: Raw, type_: ValueType, at: Path_, what: str) -> Any:
        """Return a written scalar as a value of `type_`, or None after reporting that it is not one."""
        if not isinstance(raw, Raw):
            return raw
        if type_ in ("text", "list"):
            return unicodedata.normalize("NFC", raw.text)
        if type_ in NUMERIC:
            number = _decimal(raw)
            if number is None:
                self.problem(at, f"{_begun(what)} is {formula.an(type_)}: '{raw.text}' is not a number.")
            return number
        if type_ == "boolean":
            if isinstance(raw.value, bool):
                return raw.value
            self.problem(at, f"{_begun(what)} is yes or no: write true or false, not '{raw.text}'.")
            return None
        day = durations.parse_date(raw.value)
        moment = durations.parse_moment(raw.value, self.zone) if type_ == "datetime" and day is None else None
        if day is None and moment is None:
            hint = durations.MOMENT_HINT if type_ == "datetime" else "a date (2024-03-01)"
            self.problem(at, f"{_begun(what)} is {formula.an(type_)}: '{raw.text}' is not {hint}.")
        return day or moment


def _decimal(raw: Raw) -> Decimal | None:
    # Text never turns into a number silently: a quoted "5" is a text (rule S7).
    if isinstance(raw.value, (str, bool)):
        return None
    try:
        number = Decimal(raw.text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 18 else None


def _begun(words: str) -> str:
    """Return words as the beginning of a sentence; names inside them keep their own case."""
    return words[:1].upper() + words[1:]
