"""Many locations against a circle or an area: the numeric twin of `language.places.is_inside`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Mask
from satsuma.language.places import MM_PER_KM, RADIUS_MM, UNITS_PER_DEGREE, Area, Circle, Ring


def inside(place: Circle | Area, locations: NDArray[np.float64], present: Mask) -> Mask:
    """Say which locations lie in a circle or an area, the border included.

    Parameters
    ----------
    locations : latitude and longitude in degrees, shape (n, 2); anything where none is present.
    """
    found = np.zeros(len(present), np.bool_)
    known = locations[present]
    found[present] = _in_circle(place, known) if isinstance(place, Circle) else _in_area(place, known)
    return found


def _in_circle(circle: Circle, locations: NDArray[np.float64]) -> Mask:
    found = np.zeros(len(locations), np.bool_)
    # Nobody further north or south than the radius is in; a little more, for what is rounded.
    reach = np.degrees(circle.km * MM_PER_KM / RADIUS_MM) + 1e-6
    near = np.flatnonzero(np.abs(locations[:, 0] - circle.centre[0]) <= reach)
    lat, lon = np.radians(circle.centre)
    other = np.radians(locations[near])
    north, east = np.sin((other[:, 0] - lat) / 2), np.sin((other[:, 1] - lon) / 2)
    squared = north * north + np.cos(lat) * np.cos(other[:, 0]) * east * east
    distance = np.rint(2 * RADIUS_MM * np.arcsin(np.sqrt(np.minimum(squared, 1.0))))
    found[near] = distance <= circle.km * MM_PER_KM
    return found


def _in_area(area: Area, locations: NDArray[np.float64]) -> Mask:
    corners = np.rint(locations * UNITS_PER_DEGREE).astype(np.int64)
    found = np.zeros(len(corners), np.bool_)
    for rings in area.polygons:
        edge = np.array([corner for ring in rings for corner in ring], np.int64)
        south, west = edge.min(axis=0)
        north, east = edge.max(axis=0)
        lat, lon = corners[:, 0], corners[:, 1]
        near = np.flatnonzero((lat >= south) & (lat <= north) & (lon >= west) & (lon <= east) & ~found)
        # In the order of latitude each edge concerns one run of the points.
        near = near[np.argsort(lat[near], kind="stable")]
        found[near] = _in_polygon(rings, lat[near], lon[near])
    return found


def _in_polygon(rings: tuple[Ring, ...], lat: NDArray[np.int64], lon: NDArray[np.int64]) -> Mask:
    """Count the edges east of each point by the even-odd rule; points come in the order of latitude."""
    within, on_edge = np.zeros(len(lat), np.bool_), np.zeros(len(lat), np.bool_)
    for ring in rings:
        ends = np.array(ring, np.int64)[:, 0]
        first = np.searchsorted(lat, np.minimum(ends[1:], ends[:-1]), side="left").tolist()
        last = np.searchsorted(lat, np.maximum(ends[1:], ends[:-1]), side="right").tolist()
        for ((lat1, lon1), (lat2, lon2)), start, end in zip(pairwise(ring), first, last, strict=True):
            if start == end:
                continue
            if lat1 > lat2:
                lat1, lon1, lat2, lon2 = lat2, lon2, lat1, lon1
            run = slice(start, end)
            # The two products fit 64 bits each (an edge spans at most 180 degrees), but not their difference.
            across, along = (lon[run] - lon1) * (lat2 - lat1), (lat[run] - lat1) * (lon2 - lon1)
            on_edge[run] |= (across == along) & (lon[run] >= min(lon1, lon2)) & (lon[run] <= max(lon1, lon2))
            within[run] ^= (across < along) & (lat[run] < lat2)
    return within | on_edge
