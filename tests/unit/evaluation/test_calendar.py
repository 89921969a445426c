"""Local days and clocks, also on the days on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from satsuma.evaluation.calendar import local_days, local_times


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Kiritimati"])
def test_clocks_are_those_of_the_zone_moment_by_moment(zone: str) -> None:
    first = datetime(2024, 3, 29, tzinfo=UTC)
    moments = [first + timedelta(minutes=97 * step) for step in range(200)]
    given = np.array([int(moment.timestamp() * 1e6) for moment in moments], np.int64)
    shown = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) for moment in moments]
    assert local_times(given, ZoneInfo(zone)).tolist() == [int(moment.timestamp() * 1e6) for moment in shown]
    days = local_days(given, np.ones(len(given), np.bool_), ZoneInfo(zone))
    assert days.tolist() == [(moment.date() - datetime(1970, 1, 1).date()).days for moment in shown]


def test_missing_moments_have_no_day() -> None:
    given = np.array([10**15, 0], np.int64)
    assert local_days(given, np.array([True, False]), ZoneInfo("UTC")).tolist() == [11574, 0]
    assert local_times(np.zeros(0, np.int64), ZoneInfo("UTC")).tolist() == []
