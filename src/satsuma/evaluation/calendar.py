"""Local calendar days and clocks of many moments at once, correct across changes of the clock."""

from __future__ import annotations

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from satsuma.language.durations import MICROSECONDS_PER_DAY, from_microseconds


def local_days(moments: NDArray[np.int64], present: NDArray[np.bool_], zone: ZoneInfo) -> NDArray[np.int64]:
    """Return the local day (days since 1970) of each moment (microseconds UTC); 0 where none is present."""
    result = np.zeros(len(moments), np.int64)
    result[present] = local_times(moments[present], zone) // MICROSECONDS_PER_DAY
    return result


def local_times(moments: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Return what calendar and clock show at each moment (microseconds UTC), as microseconds since 1970 there.

    A zone's offset hardly ever changes within a day (of UTC), so it is looked up at the two ends of each day that
    occurs, and moment by moment only on days on which the clock was changed.
    """
    days, place = np.unique(moments // MICROSECONDS_PER_DAY, return_inverse=True)
    starts = (days * MICROSECONDS_PER_DAY).tolist()
    first = np.array([_offset(start, zone) for start in starts], np.int64)
    last = np.array([_offset(start + MICROSECONDS_PER_DAY - 1, zone) for start in starts], np.int64)
    offsets = first[place]
    for row in np.flatnonzero((first != last)[place]).tolist():
        offsets[row] = _offset(int(moments[row]), zone)
    return np.asarray(moments + offsets, np.int64)


def _offset(moment: int, zone: ZoneInfo) -> int:
    try:
        shift = from_microseconds(moment).replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()
    except OverflowError:
        # The first and last day that a moment can name lie partly outside of it elsewhere.
        return 0
    return shift // timedelta(microseconds=1)
