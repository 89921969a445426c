"""Places: what it means that a location lies in a circle or in an area, in plain Python.

Areas lie in the plane of latitude and longitude: an edge is straight there. Coordinates are compared in whole
ten-millionths of a degree (about a centimetre), as maps and receivers write them, so that a border is exact on every
machine. Distances are those of a sphere with the mean radius of the Earth, to the millimetre.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

#: Latitude and longitude in degrees.
Point = tuple[float, float]
#: Latitude and longitude in whole ten-millionths of a degree.
Corner = tuple[int, int]
#: Corners in order, the first again at the end.
Ring = tuple[Corner, ...]

UNITS_PER_DEGREE = 10_000_000
#: IUGG mean radius of the Earth, in millimetres.
RADIUS_MM = 6_371_008_800
MM_PER_KM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Everything up to `km` kilometres around a place."""

    centre: Point
    km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRef:
    """An area by the name of its file in `regions/`, before the checker has found it."""

    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Polygons, each an outer ring and its holes; two areas are the same when they have the same corners.

    digest : of the corners. name : of the region, for people; empty for a polygon that was written out.
    """

    digest: str
    polygons: tuple[tuple[Ring, ...], ...] = field(compare=False, repr=False)
    name: str = field(default="", compare=False)

    @classmethod
    def of(cls, polygons: Iterable[Iterable[Ring]], name: str = "") -> Area:
        """Return an area with its digest."""
        rings = tuple(tuple(polygon) for polygon in polygons)
        return cls(digest=hashlib.sha256(repr(rings).encode()).hexdigest(), polygons=rings, name=name)


def corner(point: Point) -> Corner:
    """Return a place in whole ten-millionths of a degree."""
    return round(point[0] * UNITS_PER_DEGREE), round(point[1] * UNITS_PER_DEGREE)


def is_inside(place: Circle | Area, point: Point) -> bool:
    """Say whether a location lies in a circle or an area, the border included."""
    if isinstance(place, Circle):
        return distance_mm(place.centre, point) <= place.km * MM_PER_KM
    at = corner(point)
    return any(_in_polygon(rings, at) for rings in place.polygons)


def distance_mm(one: Point, other: Point) -> int:
    """Return the great-circle distance in millimetres, by the haversine formula."""
    (lat, lon), (other_lat, other_lon) = map(math.radians, one), map(math.radians, other)
    north, east = math.sin((other_lat - lat) / 2), math.sin((other_lon - lon) / 2)
    squared = north * north + math.cos(lat) * math.cos(other_lat) * east * east
    return round(2 * RADIUS_MM * math.asin(math.sqrt(min(squared, 1.0))))


def _in_polygon(rings: tuple[Ring, ...], at: Corner) -> bool:
    """Count the edges that lie east of a point, by the even-odd rule; a point on an edge belongs."""
    lat, lon = at
    inside = False
    for ring in rings:
        for (lat1, lon1), (lat2, lon2) in pairwise(ring):
            if lat1 > lat2:
                lat1, lon1, lat2, lon2 = lat2, lon2, lat1, lon1
            if not lat1 <= lat <= lat2:
                continue
            # How far the point lies east of the edge, times the edge's height: whole numbers, so never rounded.
            east = (lon - lon1) * (lat2 - lat1) - (lat - lat1) * (lon2 - lon1)
            if east == 0 and min(lon1, lon2) <= lon <= max(lon1, lon2):
                return True
            # Each edge holds its lower end and not its upper one, so that a corner is counted once.
            inside ^= east < 0 and lat < lat2
    return inside
