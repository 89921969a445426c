"""Places: distances, the even-odd rule, borders that are exact, and how they are written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.language.places import Area, Circle, corner, distance_mm, is_inside
from satsuma.language.reading_places import EDGE_MISTAKE, ring_of

SQUARE = [(0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0)]
HOLE = [(0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (0.5, 1.5)]
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def area(*rings: list[tuple[float, float]]) -> Area:
    return Area.of([[ring_of(ring)[0] for ring in rings]])


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((0.0, 0.0), (0.0, 0.0), 0.0),
        ((0.0, 0.0), (0.0, 1.0), math.pi * 6371.0088 / 180),
        ((0.0, 0.0), (0.0, 180.0), math.pi * 6371.0088),
        ((90.0, 0.0), (-90.0, 77.0), math.pi * 6371.0088),
        ((0.0, 179.5), (0.0, -179.5), math.pi * 6371.0088 / 180),
        ((90.0, 10.0), (90.0, -170.0), 0.0),
        # Paris to London, as any calculator of great circles has it.
        ((48.8566, 2.3522), (51.5074, -0.1278), 343.556),
    ],
)
def test_a_distance_is_along_the_great_circle(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert distance_mm(one, other) / 1e6 == pytest.approx(km, abs=0.001)


@given(one=st.tuples(LATITUDES, LONGITUDES), other=st.tuples(LATITUDES, LONGITUDES))
def test_a_distance_is_the_same_both_ways(one: tuple[float, float], other: tuple[float, float]) -> None:
    there, back = distance_mm(one, other), distance_mm(other, one)
    # A sine rounds alike for both signs; the product of the cosines may differ in its last digit.
    assert abs(there - back) <= 1
    assert 0 <= there <= round(math.pi * 6_371_008_800)


@pytest.mark.parametrize("one", [(78.6, -104.0), (-19.2, -149.3), (2.5, -8.6)])
def test_the_other_side_of_the_earth_is_a_distance_though_rounding_says_it_is_further(one: tuple[float, float]) -> None:
    # The haversine of these is a digit above 1, which no angle has.
    assert distance_mm(one, (-one[0], one[1] + 180)) == round(math.pi * 6_371_008_800)


def test_a_circle_holds_its_border() -> None:
    assert is_inside(Circle(centre=(0.0, 0.0), km=111.195080), (0.0, 1.0))
    assert not is_inside(Circle(centre=(0.0, 0.0), km=111.195079), (0.0, 1.0))


@pytest.mark.parametrize("point", [*SQUARE, (0.0, 1.0), (1.0, 2.0), (2.0, 0.7), (1.3, 0.0), (1.0, 1.0)])
def test_corners_edges_and_inside_belong_to_an_area(point: tuple[float, float]) -> None:
    assert is_inside(area(SQUARE), point)


@pytest.mark.parametrize("point", [(2.0000001, 1.0), (-0.0000001, 0.0), (1.0, -1.0), (1.0, 3.0), (0.0, 2.0000001)])
def test_a_centimetre_beside_it_does_not(point: tuple[float, float]) -> None:
    assert not is_inside(area(SQUARE), point)


def test_a_hole_is_outside_and_its_rim_is_not() -> None:
    ring = area(SQUARE, HOLE)
    assert not is_inside(ring, (1.0, 1.0))
    assert is_inside(ring, (0.5, 1.0))
    assert is_inside(ring, (0.25, 1.0))


@pytest.mark.parametrize(("point", "expected"), [((1.0, 0.5), True), ((1.0, -0.5), True), ((1.0, -1.5), False)])
def test_a_corner_beside_a_point_is_counted_once(point: tuple[float, float], expected: bool) -> None:
    # Each edge holds its lower end and not its upper one: at (1, 2) two edges meet, east of the point.
    assert is_inside(area([(0.0, 0.0), (1.0, 2.0), (2.0, 0.0), (1.0, -1.0)]), point) is expected


def test_polygons_that_overlap_are_one_area() -> None:
    both = Area.of([[ring_of(SQUARE)[0]], [ring_of([(1.0, 1.0), (1.0, 3.0), (3.0, 3.0), (3.0, 1.0)])[0]]])
    assert is_inside(both, (1.5, 1.5))
    assert is_inside(both, (2.9, 2.9))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
def test_a_sloping_edge_is_exact_where_floating_point_is_not(share: float) -> None:
    slope = area([(0.0, 0.0), (1.0, 3.0), (1.0, -1.0)])
    assert is_inside(slope, (share, round(3 * share, 7)))
    assert not is_inside(slope, (share, round(3 * share + 0.0000001, 7)))


def test_the_order_of_corners_changes_nothing_and_neither_does_closing_them() -> None:
    assert ring_of(SQUARE) == ring_of([*SQUARE, SQUARE[0]])
    assert is_inside(area(SQUARE[::-1]), (1.0, 1.0))


def test_areas_are_equal_by_their_corners_whatever_they_are_called() -> None:
    ring = ring_of(SQUARE)[0]
    assert Area.of([[ring]], "one") == Area.of([[ring]], "other")
    assert hash(Area.of([[ring]], "one")) == hash(Area.of([[ring]]))
    assert Area.of([[ring]]) != area(SQUARE, HOLE)


@pytest.mark.parametrize(
    ("points", "mistake"),
    [
        ([], "A polygon needs at least 3 different corners."),
        ([(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)], "A polygon needs at least 3 different corners."),
        ([(0.0, 0.0), (1.0, 1.0), (0.00000001, 0.0)], "A polygon needs at least 3 different corners."),
        ([(0.0, 179.0), (0.0, -179.0), (1.0, 179.0)], EDGE_MISTAKE),
        ([(0.0, -100.0), (0.0, 0.0), (1.0, 100.0)], EDGE_MISTAKE),
        ([(0.0, -90.0), (0.0, 90.0), (1.0, 90.0)], None),
    ],
)
def test_a_ring_that_is_none_is_told(points: list[tuple[float, float]], mistake: str | None) -> None:
    assert ring_of(points)[1] == mistake


@given(lat=LATITUDES, lon=LONGITUDES)
def test_coordinates_are_kept_to_a_centimetre(lat: float, lon: float) -> None:
    units = corner((lat, lon))
    assert abs(units[0] / 1e7 - lat) <= 0.51e-7
    assert abs(units[1] / 1e7 - lon) <= 0.51e-7
