"""Operators with their operands, durations and spans, by the shape each operator takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from satsuma.documents import Path_
from satsuma.errors import nearest
from satsuma.language import anniversaries, durations
from satsuma.language.moments import PERIODS
from satsuma.language.operators import OPERATORS
from satsuma.language.places import RegionRef
from satsuma.language.reading_places import PlaceReader
from satsuma.language.types import EventRef, Test, TraitRef


class TestReader(PlaceReader):
    """Reads what follows the name of a trait, a property or a measure."""

    #: Whether the tests that are read stand in a step of a sequence, and may refer to earlier steps.
    in_sequence = False

    def test(
        self, given: dict[str, Any], path: Path_, allowed: Iterable[str], extra: tuple[str, ...], what: str
    ) -> Test | None:
        """Read the one operator of a leaf, with its options."""
        allowed = tuple(allowed)
        # A circle is written in two keys: how far, and from where.
        options = ("case", "fold", "missing", *(("of",) if "within_km" in given and "within_km" in allowed else ()))
        self.keys(given, (*extra, *allowed, *options), path, f"is not known in {what}")
        found = [key for key in given if key in allowed and key not in extra]
        if len(found) != 1:
            which = f"has {' and '.join(found)}" if found else "has none"
            if found or all(key in (*extra, *options) for key in given):
                self.problem(path, f"{what.capitalize()} needs exactly one operator; this {which}.")
            return None
        operator = found[0]
        is_circle = OPERATORS[operator].shape == "circle"
        operand = self.circle(given, path) if is_circle else self.operand(operator, given[operator], (*path, operator))
        if operand is None:
            return None
        return Test(
            operator=operator,
            operand=operand,
            ignore_case=self.choice(given, "case", ("ignore",), path) is not None,
            fold=self.flag(given, "fold", path),
            missing_matches=self.choice(given, "missing", ("match",), path) is not None,
            at=(*path, operator),
        )

    def operand(self, operator: str, value: Any, path: Path_) -> Any:
        """Read an operand by the shape its operator takes."""
        shape = OPERATORS[operator].shape
        if shape in ("one", "day", "text", "pattern", "glob", "version"):
            return self.one(operator, value, path)
        if shape in ("many", "texts", "codes"):
            return self.many(operator, value, path)
        if shape == "duration":
            return self.duration(value, path, f"'{operator}'")
        if shape == "span":
            return self.span(value, path, f"'{operator}'")
        if shape == "polygon":
            return self.polygon(value, path)
        readers = {
            "range": self.pair, "true": self.true, "period": self.period, "region": self.region, "size": self.size,
            "anniversary": self.anniversary,
        }  # fmt: skip
        return readers[shape](operator, value, path)

    def pair(self, operator: str, value: Any, path: Path_) -> Any:
        pair = [self.raw(item, (*path, number)) for number, item in enumerate(value)] if isinstance(value, list) else []
        if len(pair) == 2 and None not in pair:
            return tuple(pair)
        self.problem(path, f"'{operator}' needs two values: [from, to].")
        return None

    def true(self, operator: str, value: Any, path: Path_) -> Any:
        if value is True:
            return True
        self.problem(path, f"'{operator}' is written '{operator}: true'; for the opposite use its counterpart.")
        return None

    def period(self, operator: str, value: Any, path: Path_) -> Any:
        if value in PERIODS:
            return value
        self.problem(path, f"'{operator}' takes one of {', '.join(PERIODS)}.", nearest(str(value), PERIODS))
        return None

    def region(self, operator: str, value: Any, path: Path_) -> Any:
        if isinstance(value, str) and value:
            return RegionRef(region=value)
        self.problem(path, f"'{operator}' needs the name of a file in the folder regions/.")
        return None

    def anniversary(self, operator: str, value: Any, path: Path_) -> Test | None:
        """Read what is asked of an anniversary: `{in_next: 7d}`."""
        given = value if isinstance(value, dict) else {}
        self.keys(given, anniversaries.ASKED, path, "is not known of an anniversary")
        found = [key for key in given if key in anniversaries.ASKED]
        if len(given) != 1 or not found:
            if len(found) == len(given):
                words = ", ".join(anniversaries.ASKED)
                self.problem(path, f"'{operator}' takes exactly one of {words}: {{in_next: 7d}}.")
            return None
        (asked,) = found
        here = (*path, asked)
        if isinstance(value[asked], dict):
            self.problem(here, f"'{asked}' of an anniversary takes a plain value.")
            return None
        operand = self.operand(asked, value[asked], here)
        return None if operand is None else Test(operator=asked, operand=operand, at=here)

    def one(self, operator: str, value: Any, path: Path_) -> Any:
        if isinstance(value, dict) and set(value) == {"ref"}:
            return self.reference(value["ref"], (*path, "ref"))
        if isinstance(value, dict):
            if set(value) == {"trait"} and isinstance(value["trait"], str):
                return TraitRef(trait=value["trait"])
            self.problem(path, f"'{operator}' takes one value, or another trait as {{trait: its_name}}.")
            return None
        raw = self.raw(value, path)
        if raw is None:
            more = "; for several values use 'in'" if isinstance(value, list) else ""
            self.problem(path, f"'{operator}' takes one value{more}. To ask for absence use 'not_set: true'.")
        return raw

    def reference(self, value: Any, path: Path_) -> EventRef | None:
        """Read `{ref: step.property}`, the property of an earlier step's event; properties may hold dots themselves."""
        if not self.in_sequence:
            self.problem(path, "'ref' names a property of an earlier step, in the 'where' of a step of a 'sequence'.")
            return None
        step, dot, name = value.partition(".") if isinstance(value, str) else ("", "", "")
        if not (step and dot and name):
            self.problem(path, "'ref' is written {ref: step.property}: the step's name ('as') and a property of it.")
            return None
        return EventRef(step=step, property=name)

    def many(self, operator: str, value: Any, path: Path_) -> Any:
        if not isinstance(value, list) or not value:
            self.problem(path, f"'{operator}' takes a list of values: [a, b].")
            return None
        raws = [self.raw(item, (*path, number)) for number, item in enumerate(value)]
        if None in raws:
            self.problem(path, f"'{operator}' takes a list of plain values; one of them is empty or nested.")
            return None
        return tuple(raws)

    def size(self, operator: str, value: Any, path: Path_) -> Any:
        given = {"eq": value} if isinstance(value, int) else value
        orders = ("eq", "lt", "lte", "gt", "gte")
        if isinstance(given, dict) and len(given) == 1:
            ((word, number),) = given.items()
            if word in orders and isinstance(number, int) and not isinstance(number, bool):
                return (word, number)
        self.problem(path, f"'{operator}' takes a whole number, or one of {', '.join(orders)} with one: {{gte: 2}}.")
        return None

    def duration(self, value: Any, path: Path_, what: str, *, or_else: str = "") -> int | None:
        """Read a duration in microseconds; `or_else` names what else could stand in its place."""
        length = durations.parse_duration(value)
        if length is None:
            self.problem(path, f"{what} needs {durations.DURATION_HINT}{', or ' if or_else else ''}{or_else}.")
        return length

    def span(self, value: Any, path: Path_, what: str) -> tuple[int, int] | None:
        """Read `{from: 365d, to: 60d}`: from is longer ago than to."""
        if not isinstance(value, dict) or not set(value) <= {"from", "to"} or "from" not in value:
            self.problem(path, f"{what} is written {{from: 365d, to: 60d}}.")
            return None
        oldest = self.duration(value["from"], (*path, "from"), "'from'")
        newest = 0 if value.get("to") in (None, 0) else self.duration(value["to"], (*path, "to"), "'to'")
        if oldest is None or newest is None:
            return None
        if oldest <= newest:
            self.problem(path, "'from' must be longer ago than 'to'.")
            return None
        return oldest, newest

    def percent(self, value: Any, path: Path_) -> Decimal | None:
        text = (self.document.text(path) or "").strip().removesuffix("%").strip()
        if not isinstance(value, (dict, list)) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text):
            percent = Decimal(text)
            if 0 < percent <= 100:
                return percent
        self.problem(path, "A percentage is a number above 0 and up to 100.")
        return None
