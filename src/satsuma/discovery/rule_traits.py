"""Traits as rules ask about them: which values they have there, and how a test is written in the language.

A test of a trait means the same in arrays and in the language, to the last digit: cut values are decimals that a float
names exactly, moments are compared as whole days back from the moment, and a rule never asks for a single rare text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from satsuma.evaluation.columns import Column, Mask
from satsuma.language.durations import MICROSECONDS_PER_DAY, day_number, from_day_number
from satsuma.language.moments import Moment
from satsuma.statistics.rules.conditions import Conjunction, Rule, TraitTest
from satsuma.statistics.rules.table import DAYS, Feature, category, number

Shape = Literal["whole", "decimal", "age", "day", "boolean", "text"]

#: So many texts are named in rules, the most frequent ones; the others count together.
MOST_WORDS = 12
#: A text of fewer customers is not named: it would point at them.
FEWEST = 5
#: Where the texts that may be named cover less than this, a trait says something else of everybody.
COVERED = 0.5
#: Whole numbers up to here are exact as floats, and so are their decimal fractions when they are written and read
#: again; the language reads no number of more than 18 digits.
_EXACT, _LARGEST = 10**15, 1e17
#: Longer ago than this (some 800 years) is no age of anything that is counted in days.
_OLDEST = 300_000


@dataclass(frozen=True, slots=True, eq=False)
class RuleTrait:
    """A trait that rules may ask about.

    shape : how its numbers are meant: `age` in whole days before the moment, `day` in days since 1970.
    words : of the codes of a text; what is rare has the code after the last of them.
    """

    name: str
    shape: Shape
    feature: Feature = field(repr=False)
    words: tuple[str, ...] = ()


def rule_trait(name: str, column: Column, population: Mask, moment: Moment | None) -> RuleTrait | str:
    """Return a trait as rules see it, or in words why they cannot use it.

    Parameters
    ----------
    population : whose values count. moment : of the values, for dates; without it they are compared as they are.
    """
    present = column.present & population
    if not present.any():
        return "nobody has a value"
    if column.type == "text":
        return _text(name, column, present, population)
    if column.type in ("list", "location"):
        return f"rules do not ask about a {column.type}"
    if column.type == "boolean":
        if column.values[present].min() == column.values[present].max() and present.sum() == population.sum():
            return "everybody has the same value"
        codes = np.where(present, column.values.astype(np.int64), -1)
        return RuleTrait(name, "boolean", category(codes[population], 2))
    if column.type in ("date", "datetime"):
        return _time(name, column, present, population, moment)
    values = column.values[present]
    if values.min() == values.max() and present.sum() == population.sum():
        return "everybody has the same value"
    is_exact = column.values.dtype.kind == "f" or np.abs(values).max() < _EXACT
    if not is_exact or np.abs(values).max() / column.scale >= _LARGEST:
        return "its numbers are too large to be compared exactly"
    floats = column.floats()[population]
    if column.type == "integer" and column.scale == 1:
        return RuleTrait(name, "whole", number(floats, is_whole=True))
    return RuleTrait(name, "decimal", number(floats, grain=0.01 if column.type == "money" else 0.0))


def _text(name: str, column: Column, present: Mask, population: Mask) -> RuleTrait | str:
    # Texts are compared after NFC (rule S14), so two spellings of one text are one.
    plain = [unicodedata.normalize("NFC", word) for word in column.words]
    distinct = sorted(set(plain))
    place = {word: code for code, word in enumerate(distinct)}
    codes = np.array([place[word] for word in plain], np.int64)[np.where(present, column.values, 0)]
    counts = np.bincount(codes[present], minlength=len(distinct))
    used = int((counts > 0).sum())
    if used == 1 and present.sum() == population.sum():
        return "everybody has the same value"
    order = [code for code in np.lexsort((np.arange(len(distinct)), -counts)).tolist() if counts[code] >= FEWEST]
    named = order[:MOST_WORDS]
    if counts[named].sum() < COVERED * present.sum():
        return f"it has {used:,} different texts, too many to name"
    has_rest = used > len(named)
    table = np.full(len(distinct), len(named), np.int64)
    table[named] = np.arange(len(named))
    found = np.where(present, table[codes], -1)[population]
    feature = category(found, len(named) + has_rest, has_rest=has_rest)
    return RuleTrait(name, "text", feature, tuple(distinct[code] for code in named))


def _time(name: str, column: Column, present: Mask, population: Mask, moment: Moment | None) -> RuleTrait | str:
    is_date = column.type == "date"
    if moment is not None:
        now, unit = (day_number(moment.today), 1) if is_date else (moment.as_of, MICROSECONDS_PER_DAY)
        ages = (now - np.where(present, column.values, now)) // unit
        if ages.min() >= 0 and ages.max() <= _OLDEST:
            if ages[present].min() == ages[present].max() and present.sum() == population.sum():
                return "everybody has the same value"
            values = np.where(present, ages, np.nan)[population]
            return RuleTrait(name, "age", number(values, is_whole=True, naturals=DAYS))
    if not is_date:
        return "its moments lie in the future for some, and rules compare whole days back"
    return RuleTrait(name, "day", number(np.where(present, column.values, np.nan)[population], is_whole=True))


# ----------------------------------------------------------------------------------------------------- in the language


def condition_of(rule: Rule, traits: Sequence[RuleTrait]) -> dict[str, Any] | None:
    """Return a rule as the condition of a definition; None where it has no test.

    What all its conjunctions ask for is said once.
    """
    if not rule or not all(rule):
        return None
    if len(rule) == 1:
        return _all([leaf(test, traits) for test in rule[0]])
    common = [test for test in rule[0] if all(test in conjunction for conjunction in rule)]
    rest: list[Conjunction] = [tuple(test for test in conjunction if test not in common) for conjunction in rule]
    if not all(rest):
        # Those with nothing more take in what the longer ones do.
        return _all([leaf(test, traits) for test in common])
    parts = {"any": [_all([leaf(test, traits) for test in conjunction]) for conjunction in rest]}
    return _all([*(leaf(test, traits) for test in common), parts])


def _all(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return parts[0] if len(parts) == 1 else {"all": parts}


def leaf(test: TraitTest, traits: Sequence[RuleTrait]) -> dict[str, Any]:
    """Return a test as a leaf of the language."""
    trait = traits[test.feature]
    missing = {"missing": "match"} if test.or_missing else {}
    return {"trait": trait.name, **_asked(test, trait), **missing}


def _asked(test: TraitTest, trait: RuleTrait) -> Mapping[str, Any]:
    name, operand = test.operator, test.operand
    if name in ("is_set", "not_set"):
        return {name: True}
    if trait.shape == "age":
        return _age(test)
    if trait.feature.words is None:
        written = tuple(_number(value, trait) for value in _numbers(operand))
        return {name: list(written) if name == "between" else written[0]}
    assert isinstance(operand, tuple)
    if trait.shape == "boolean":
        is_yes = (operand[0] == 1) == (name == "eq")
        return {"eq": is_yes}
    words = [trait.words[int(code)] for code in operand]
    return {name: words[0] if name in ("eq", "neq") else words}


def _numbers(operand: Any) -> tuple[float, ...]:
    return operand if isinstance(operand, tuple) else (operand,)


def _number(value: float, trait: RuleTrait) -> Any:
    """Return a cut value as it is written: the shortest decimal that a float is read back from."""
    if trait.shape == "day":
        return str(from_day_number(int(value)))
    return int(value) if value.is_integer() else Decimal(repr(value))


def _age(test: TraitTest) -> Mapping[str, Any]:
    """Return a test of whole days before the moment in the words of time (rule S5)."""
    days = [int(value) for value in _numbers(test.operand)]
    if test.operator == "lt":
        return {"in_last": f"{days[0]}d"}
    if test.operator == "gte":
        return {"more_than_ago": f"{days[0]}d"}
    return {"between_ago": {"from": f"{days[-1] + 1}d", "to": f"{days[0]}d"}}
