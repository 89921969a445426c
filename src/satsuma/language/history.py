"""How far conditions on the past of values look back, and the daily grid on which computed values have a past (S8)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from satsuma.language.durations import MICROSECONDS_PER_DAY, day_end, from_microseconds, local_day, microseconds
from satsuma.language.moments import Moment
from satsuma.language.operators import COMPARISONS
from satsuma.language.types import ChangedLeaf, HeldLeaf, MovedLeaf

#: Conditions on the past of a value.
HistoryLeaf = HeldLeaf | ChangedLeaf | MovedLeaf

#: How long a value was there is compared by one of these.
LENGTH_OPERATORS = ("gte", "gt", "lte", "lt")

#: A value that was never another has held since ever: longer than any duration that can be written.
EVER = -(1 << 62)

#: The daily grid goes back no further: each of its days is an evaluation of its own.
GRID_DAYS = 400


def subject_of(leaf: HistoryLeaf) -> tuple[str, str]:
    """Return the kind and name of what has the past."""
    return ("segment", leaf.segment) if isinstance(leaf, MovedLeaf) else (leaf.subject, leaf.name)


def length_of(leaf: HistoryLeaf) -> int | None:
    """Return how long ago a condition asks about, in microseconds; None is ever."""
    return leaf.length if isinstance(leaf, HeldLeaf) else leaf.within


def decided_since(leaf: HistoryLeaf, as_of: int) -> int:
    """Return the moment that decides: what was before it changes no answer.

    'For 30 days' asks for the value at t - 30 days and from then on; 'for more than 30 days' for the one before that.
    """
    length = length_of(leaf)
    if length is None:
        return EVER
    is_longer = isinstance(leaf, HeldLeaf) and leaf.operator in ("gt", "lte")
    return as_of - length - is_longer


def daily_points(moment: Moment, since: int) -> tuple[int, ...]:
    """Return the daily grid from its latest point at or before `since` up to the moment, in ascending order.

    Its points are the last microsecond of each local day before the moment's own day, and the moment itself.
    """
    first = local_day(from_microseconds(max(since, microseconds(datetime.min))), moment.zone)
    if day_end(first, moment.zone) > since and first > date.min:
        first -= timedelta(days=1)
    days = (moment.today - first).days
    ends = [day_end(first + timedelta(days=count), moment.zone) for count in range(days)]
    # Where a zone skipped a whole day, two days have one end.
    return (*dict.fromkeys(end for end in ends if end < moment.as_of), moment.as_of)


def grid_of(leaf: HistoryLeaf, moment: Moment) -> tuple[int, ...]:
    """Return the points of the daily grid on which a condition's answer at a moment depends."""
    return daily_points(moment, decided_since(leaf, moment.as_of))


def has_held(leaf: HeldLeaf, start: int, as_of: int) -> bool:
    """Compare how long a value has been there that passes since `start`."""
    return COMPARISONS[leaf.operator](as_of - start, leaf.length)


def is_whole_days(length: int) -> bool:
    return length % MICROSECONDS_PER_DAY == 0
