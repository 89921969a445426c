"""`regularly`, `stopped` and `restarted`: habits, said in one word and meant as measures in windows (rule S11a)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satsuma.language.moments import PERIODS
from satsuma.language.reading_scalars import Raw
from satsuma.language.reading_windows import MOST_PERIODS
from satsuma.language.types import Calendar, Condition, EventLeaf, Group, Measure, Test, Window

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.reading_conditions import ConditionReader

HABITS = ("regularly", "stopped", "restarted")
_SPANS = {"stopped": ("active", "then_quiet"), "restarted": ("quiet", "then_active")}


def habit_leaf(reader: ConditionReader, given: dict[str, Any], path: Path_, word: str) -> Condition | None:
    """Read a condition with `did` and one of HABITS."""
    before = len(reader.problems)
    reader.keys(given, ("did", word, "where"), path, f"is not known in a condition with '{word}'")
    event = reader.name(given, "did", path)
    where = reader.condition(given["where"], (*path, "where"), of_event=True) if "where" in given else None
    here = (*path, word)
    settings = reader.mapping(given[word], here, f"'{word}'")
    if event is None or settings is None or ("where" in given and where is None):
        return None
    asked = _Asked(event, where, path, here)
    condition = (
        _regularly(reader, settings, asked) if word == "regularly" else _broken_off(reader, settings, asked, word)
    )
    return condition if len(reader.problems) == before else asked.at_least_once(Window())


class _Asked:
    """An event with its filter, counted in several windows."""

    def __init__(self, event: str, where: Condition | None, path: Path_, at: Path_) -> None:
        self.event, self.where, self.path, self.at = event, where, path, at

    def leaf(self, window: Window, operator: str, operand: int, aggregate: Any = "count") -> EventLeaf:
        measure = Measure(event=self.event, aggregate=aggregate, where=self.where, window=window, at=self.path)
        test = Test(operator=operator, operand=Raw(operand, str(operand)), at=self.at)
        return EventLeaf(measure=measure, test=test, at=self.path)

    def at_least_once(self, window: Window) -> EventLeaf:
        return self.leaf(window, "gte", 1)

    def never(self, window: Window) -> EventLeaf:
        return self.leaf(window, "eq", 0)


def _regularly(reader: ConditionReader, given: dict[str, Any], asked: _Asked) -> Condition:
    """Read `{in: 3, of_last: 4, period: week}`: an event in at least 3 of the last 4 full weeks."""
    reader.keys(given, ("in", "of_last", "period"), asked.at, "is not known in 'regularly'")
    if "period" not in given:
        reader.problem(asked.at, f"'regularly' needs 'period:', one of {', '.join(PERIODS)}.")
    period: Any = reader.choice(given, "period", PERIODS, asked.at) or "day"
    last = reader.integer(given, "of_last", asked.at, low=1, high=MOST_PERIODS, default=0)
    least = reader.integer(given, "in", asked.at, low=1, high=last or MOST_PERIODS, default=0)
    window = Window(calendar=Calendar(which="last_full", period=period, count=last))
    return asked.leaf(window, "gte", least, f"{period}s_active")


def _broken_off(reader: ConditionReader, given: dict[str, Any], asked: _Asked, word: str) -> Condition | None:
    """Read `stopped: {active: 60d, then_quiet: 30d}` or `restarted: {quiet: 30d, then_active: 7d}`."""
    keys = _SPANS[word]
    reader.keys(given, keys, asked.at, f"is not known in '{word}'")
    lengths = []
    for key in keys:
        length = reader.duration(given.get(key), (*asked.at, key), f"'{key}' of '{word}'")
        if length == 0:
            reader.problem((*asked.at, key), f"'{key}' of '{word}' needs a length above 0.")
        lengths.append(length)
    earlier, later = lengths
    if earlier is None or later is None:
        return None
    before, since = Window(oldest=earlier + later, newest=later), Window(oldest=later)
    if word == "stopped":
        return Group(word="all", conditions=(asked.at_least_once(before), asked.never(since)), at=asked.path)
    once = asked.at_least_once(Window(newest=earlier + later))
    return Group(word="all", conditions=(once, asked.never(before), asked.at_least_once(since)), at=asked.path)
