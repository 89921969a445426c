"""Many locations at once have the answers that the specification gives for each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.evaluation.places import inside
from satsuma.evaluation.population import column_from_arrow
from satsuma.language.places import Area, Circle, is_inside
from satsuma.language.reading_places import ring_of

#: From the whole globe, and from a small grid on which corners, edges and points coincide.
LAT = st.one_of(st.floats(-90, 90), st.integers(-2, 4).map(lambda n: n / 2))
LON = st.one_of(st.floats(-180, 180), st.integers(-2, 4).map(lambda n: n / 2))
POINTS = st.lists(st.one_of(st.tuples(LAT, LON), st.sampled_from(worlds.POINTS)), max_size=30)
RINGS = (
    st.lists(st.tuples(LAT, LON), min_size=3, max_size=9)
    .map(ring_of)
    .filter(lambda found: found[1] is None)
    .map(lambda found: found[0])
)
AREAS = st.lists(st.lists(RINGS, min_size=1, max_size=2), min_size=1, max_size=3).map(Area.of)
CIRCLES = st.builds(
    lambda lat, lon, km: Circle(centre=(lat, lon), km=km), LAT, LON, st.sampled_from([0, 0.5, 55.6, 9000, 20016])
)


@given(place=st.one_of(AREAS, CIRCLES), points=POINTS, data=st.data())
def test_arrays_agree_with_the_specification(
    place: Area | Circle, points: list[tuple[float, float]], data: st.DataObject
) -> None:
    if isinstance(place, Area):
        # Points level with corners, and on them: where edges begin and end.
        corners = [corner for rings in place.polygons for ring in rings for corner in ring]
        pairs = st.tuples(st.sampled_from(corners), st.sampled_from(corners))
        level = data.draw(st.lists(pairs, max_size=10))
        points = [*points, *((one[0] / 1e7, other[1] / 1e7) for one, other in level)]
    present = np.array(data.draw(st.lists(st.booleans(), min_size=len(points), max_size=len(points))), np.bool_)
    locations = np.array(points, np.float64).reshape(-1, 2)
    locations[~present] = np.nan
    expected = [known and is_inside(place, point) for known, point in zip(present, points, strict=True)]
    assert inside(place, locations, present).tolist() == expected


def test_a_corner_beside_a_point_is_counted_once() -> None:
    diamond = Area.of([[ring_of([(0, 0), (1, 2), (2, 0), (1, -1)])[0]]])
    points = np.array([(1.0, 0.5), (1.0, -0.5), (1.0, -1.0), (1.0, 2.0), (0.5, 0.0), (2.0, 0.0), (2.0, 0.5)])
    expected = [True, True, True, True, True, True, False]
    assert inside(diamond, points, np.ones(len(points), np.bool_)).tolist() == expected


def test_the_other_side_of_the_earth_is_within_half_its_circumference() -> None:
    # The haversine of these is a digit above 1, which no angle has.
    circle = Circle(centre=(78.6, -104.0), km=20015.115)
    assert inside(circle, np.array([(-78.6, 76.0)]), np.ones(1, np.bool_)).all()


def test_the_widest_area_is_counted_without_overflow() -> None:
    world = Area.of([[ring_of([(-90, -180), (-90, 0), (-90, 180), (90, 180), (90, 0), (90, -180)])[0]]])
    slope = Area.of([[ring_of([(-90, -180), (90, 0), (90, -180)])[0], ring_of([(-90, 180), (90, 0), (90, 180)])[0]]])
    points = [(90.0, 180.0), (-90.0, -180.0), (89.9999999, 179.9999999), (0.0, 0.0), (-90.0, 180.0), (0.0, -179.9)]
    everywhere = np.ones(len(points), np.bool_)
    for area in (world, slope):
        expected = [is_inside(area, point) for point in points]
        assert inside(area, np.array(points), everywhere).tolist() == expected
    assert inside(world, np.array(points), everywhere).all()


def test_a_place_that_is_not_on_the_globe_is_missing() -> None:
    given_ = [{"lat": 48.9, "lon": 2.3}, {"lat": 91.0, "lon": 0.0}, {"lat": float("nan"), "lon": 0.0},
              {"lat": 0.0, "lon": float("inf")}, {"lat": -90.0, "lon": -180.0}]  # fmt: skip
    values = pa.chunked_array([pa.array(given_)])
    column = column_from_arrow(np.arange(5), values, "location", 6)
    assert [column.python(number) for number in range(6)] == [(48.9, 2.3), None, None, None, (-90.0, -180.0), None]
