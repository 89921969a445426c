"""Statements as clauses in plain English, with their numbers: `62 % live in the South, against 35 % of everybody`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from satsuma.personas.card import Said
from satsuma.personas.facts import Fact
from satsuma.personas.happenings import CLOCK, LINE, ORDER, PRODUCT, SEASON, WEEK
from satsuma.sources.countries import country_name
from satsuma.statistics.statements.testing import Statement

#: A segment of more than this share of everybody is held against the others.
AGAINST_OTHERS = 0.4

#: Units that are said after a number; others are no words of a sentence.
_SPOKEN = ("days", "weeks", "months", "years", "hours", "minutes", "orders", "pieces", "products", "categories", "km")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How values are written. money : an amount of the workspace's currency."""

    money: Callable[[float], str]

    def amount(self, fact: Fact, value: float) -> str:
        """Return an amount with its unit."""
        number = self.bare(fact, value)
        unit = spoken_unit(fact)
        return f"{number} {_one(unit) if number == '1' else unit}" if unit else number

    def bare(self, fact: Fact, value: float) -> str:
        """Return an amount without a unit that is a word."""
        if math.isnan(value):
            return "–"
        if fact.unit == "currency":
            return self.money(value)
        return share(value) if fact.unit == "fraction" else _number(value)

    def said(self, fact: Fact, statement: Statement) -> Said:
        """Return a statement in words."""
        level = level_name(fact, statement.level) if fact.form != "amount" else ""
        values = (statement.here, statement.others, statement.everybody)
        here, others, everybody = (self.amount(fact, v) if fact.form == "amount" else share(v) for v in values)
        # Most of everybody would be themselves: then the others are what they are held against.
        is_large = statement.n > AGAINST_OTHERS * (statement.n + statement.others_n)
        base = (others, "the others") if is_large else (everybody, "everybody")
        return Said(
            fact=fact.name, title=fact.title, topic=fact.topic, level=level, here=here, others=others,
            everybody=everybody, numbers=statement,
            text=f"{_clause(fact, statement, level, here)}, against {_base(fact, *base)}",
        )  # fmt: skip


def spoken_unit(fact: Fact) -> str:
    """Return the unit to say after an amount; empty where the title says it, or there is none."""
    unit = fact.unit or ""
    if unit in ("%", "kg", "cm", "GB", "days ago"):
        return unit
    return unit if unit in _SPOKEN and unit not in fact.title.lower() else ""


def share(fraction: float) -> str:
    """Return a share as people say it: whole per cents, with a decimal where little or nearly all has it."""
    percent = 100 * fraction
    if math.isnan(percent):
        return "–"
    digits = 1 if 0 < percent < 9.95 or 99 < percent < 100 else 0
    text = f"{percent:.{digits}f} %"
    if text == "0.0 %" and percent > 0:
        return "under 0.1 %"
    return "over 99.9 %" if text == "100.0 %" and percent < 100 else text


def level_name(fact: Fact, level: int) -> str:
    """Return one of the values of a fact as people say it."""
    word = fact.levels[level]
    return (country_name(word) or word) if fact.format == "country" else word


def _clause(fact: Fact, statement: Statement, level: str, here: str) -> str:
    some = f"only {here}" if statement.effect < 0 and fact.form != "amount" else here
    if fact.form == "amount":
        return f"their {statement.statistic} for “{fact.title}” is {here}"
    if fact.form == "parts":
        return _part_clause(fact, level, some)
    if fact.topic == "reach" and fact.form == "flag":
        return f"{some} have {_reach(fact)}"
    if fact.form == "flag":
        return f"“{fact.title}” is true of {some}"
    if fact.form == "any":
        return f"{some} have “{fact.title}” above zero"
    if fact.form == "things":
        return f"{some} have “{level}” among “{fact.title}”"
    if fact.is_home:
        return f"{some} live in {level}"
    if fact.topic == "groups":
        return f"{some} are “{level}” ({fact.title})"
    return f"“{fact.title}” is “{level}” for {some}"


def _part_clause(fact: Fact, level: str, some: str) -> str:
    kind = fact.name.rpartition(".")[2]
    if kind in (CLOCK, WEEK, SEASON):
        what = "orders" if fact.unit == ORDER else f"“{fact.unit}” events"
        return f"{some} of their {what} come {level}"
    if fact.unit == LINE and kind in PRODUCT:
        return f"{level} makes up {some} of what they buy"
    what = {ORDER: "orders", LINE: "purchases"}.get(fact.unit or "", f"“{fact.unit}” events")
    return f"“{fact.title}” is “{level}” in {some} of their {what}"


def _base(fact: Fact, value: str, whose: str) -> str:
    if fact.form == "amount":
        return f"{value} for {whose}"
    owner = "everybody's" if whose == "everybody" else "the others'"
    return f"{value} of {owner if fact.form == 'parts' else whose}"


def _reach(fact: Fact) -> str:
    text = _in_sentence(fact.title)
    return f"given {text}" if text.startswith("consent") else text


def _in_sentence(title: str) -> str:
    """Return a title within a sentence: its first letter is small unless it is a name or an abbreviation."""
    first = title.split(" ", 1)[0]
    return title if len(first) > 1 and not first[1:].islower() else title[:1].lower() + title[1:]


def _number(value: float) -> str:
    """Return a number to three digits, as a median of some hundred customers deserves; whole ones as they are."""
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _one(word: str) -> str:
    return "day ago" if word == "days ago" else word.removesuffix("ies") + "y" if word.endswith("ies") else word[:-1]
