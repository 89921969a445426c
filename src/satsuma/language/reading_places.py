"""Places as people write them: a point, a circle around one, a polygon by its corners."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from satsuma.documents import Path_
from satsuma.language.places import UNITS_PER_DEGREE, Area, Circle, Point, Ring, corner
from satsuma.language.reading_scalars import ScalarReader

#: An edge that spans more runs the other way round the Earth, or was not meant.
_WIDEST_EDGE = 180 * UNITS_PER_DEGREE
#: Twice round the Earth and more.
_FURTHEST_KM = 100_000

POINT_MISTAKE = "A place has a latitude from -90 to 90 and a longitude from -180 to 180, in degrees"
CORNERS_MISTAKE = "A polygon needs at least 3 different corners"
EDGE_MISTAKE = (
    "An edge spans more than 180 degrees of longitude. Cut a polygon that crosses the antimeridian into one on each "
    "side of it; give a longer edge a corner in between."
)


def is_point(lat: Any, lon: Any) -> bool:
    """Say whether two values are a latitude and a longitude on the globe."""
    return _is_degree(lat, 90) and _is_degree(lon, 180)


def _is_degree(value: Any, most: int) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -most <= value <= most


def ring_of(points: list[Point]) -> tuple[Ring, str | None]:
    """Return the closed ring of some corners, and what is wrong with it (None when nothing is)."""
    ring = [corner(point) for point in points]
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if len(set(ring)) < 3:
        return (), f"{CORNERS_MISTAKE}."
    if any(abs(one[1] - other[1]) > _WIDEST_EDGE for one, other in pairwise(ring)):
        return (), EDGE_MISTAKE
    return tuple(ring), None


class PlaceReader(ScalarReader):
    """Reads points, circles and polygons."""

    def circle(self, given: dict[str, Any], path: Path_) -> Circle | None:
        """Read `within_km: 25, of: {lat: 48.86, lon: 2.35}`."""
        km = given["within_km"]
        if isinstance(km, bool) or not isinstance(km, (int, float)) or not 0 <= km <= _FURTHEST_KM:
            self.problem((*path, "within_km"), "'within_km' takes a number of kilometres: 25.")
            return None
        centre, here = given.get("of"), (*path, "of")
        if not isinstance(centre, dict) or set(centre) != {"lat", "lon"}:
            where = here if "of" in given else path
            self.problem(where, "'within_km' needs the place it is counted from: 'of: {lat: 48.86, lon: 2.35}'.")
            return None
        if not is_point(centre["lat"], centre["lon"]):
            self.problem(here, f"{POINT_MISTAKE}: {{lat: 48.86, lon: 2.35}}.")
            return None
        return Circle(centre=(float(centre["lat"]), float(centre["lon"])), km=float(km))

    def polygon(self, value: Any, path: Path_, name: str = "") -> Area | None:
        """Read `[[lat, lon], [lat, lon], [lat, lon]]`, the first corner again at the end or not."""
        if not isinstance(value, list) or not value:
            self.problem(path, "A polygon is a list of corners: [[lat, lon], [lat, lon], [lat, lon]].")
            return None
        points: list[Point] = []
        for number, item in enumerate(value):
            if not isinstance(item, list) or len(item) != 2 or not is_point(*item):
                self.problem((*path, number), f"{POINT_MISTAKE}: [48.86, 2.35].")
                return None
            points.append((float(item[0]), float(item[1])))
        ring, mistake = ring_of(points)
        if mistake is not None:
            self.problem(path, mistake)
            return None
        return Area.of([(ring,)], name)
