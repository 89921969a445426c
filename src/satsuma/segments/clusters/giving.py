"""Giving customers the group they belong to, part by part, so that memory does not grow with everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from satsuma.segments.clusters.fitting import Groups
from satsuma.segments.clusters.raw import rows_taken
from satsuma.statistics.clustering.encoding import RawTrait

AT_ONCE = 200_000


def give_groups(
    groups: Groups, raw: Sequence[RawTrait], places: NDArray[np.int64], at_least: float | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int8] | None]:
    """Return the group of each of some customers, and how surely in per cent where the method says so.

    Parameters
    ----------
    raw : the traits of everybody. places : whose group is asked.
    at_least : membership below this is unclear.

    Returns
    -------
    The number of the group; one more than the last where most of the traits are missing, two more where it is unclear.
    """
    count = len(groups.names)
    codes = np.full(len(places), count, np.int64)
    sure: NDArray[np.int8] | None = None
    for start, here in in_parts(places):
        part = [rows_taken(trait, here) for trait in raw]
        known = ~groups.encoding.too_empty(part)
        if not known.any():
            continue
        found, certainty = groups.assign([rows_taken(trait, known) for trait in part])
        unclear = found < 0
        rows = start + np.flatnonzero(known)
        if certainty is not None:
            sure = np.zeros(len(places), np.int8) if sure is None else sure
            sure[rows] = np.rint(100 * certainty)
            if at_least is not None:
                unclear = unclear | (certainty < at_least)
        codes[rows] = np.where(unclear, count + 1, found)
    return codes, sure


def in_parts(places: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield parts of some places, each with where it starts."""
    for start in range(0, len(places), AT_ONCE):
        yield start, places[start : start + AT_ONCE]
