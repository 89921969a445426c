"""Regions: areas in files, GeoJSON or YAML, each mistake with its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, TraitInfo
from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.places import Area, is_inside
from satsuma.language.reading_places import ring_of
from satsuma.language.regions import Regions, read_regions

UTC = ZoneInfo("UTC")
#: Longitude first, as GeoJSON has it: from 0 to 3 degrees east and from 40 to 42 degrees north.
BOX = [[0, 40], [3, 40], [3, 42], [0, 42], [0, 40]]
HOLE = [[1, 40.5], [2, 40.5], [2, 41.5], [1, 41.5], [1, 40.5]]
FAR = [[10, 50], [11, 50], [11, 51], [10, 50]]
POLYGON = {"type": "Polygon", "coordinates": [BOX]}


def regions(root: Path, **files: Any) -> Regions:
    folder = root / "regions"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        stem, suffix = name.rsplit("_", 1)
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
    return read_regions(root, UTC)


def area(root: Path, value: Any) -> Area:
    found = regions(root, box_geojson=value)
    assert found.problems == ()
    box = found.areas["box"]
    assert box is not None
    return box


def feature(geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": "Box"}, "geometry": geometry}


@pytest.mark.parametrize(
    "value",
    [
        POLYGON,
        {"type": "MultiPolygon", "coordinates": [[BOX]]},
        feature(POLYGON),
        {"type": "FeatureCollection", "features": [feature(POLYGON)]},
        {"type": "FeatureCollection", "features": [feature(None), feature(POLYGON)]},
        {"type": "Polygon", "coordinates": [[[*corner, 120.5] for corner in BOX]]},
        {"type": "Polygon", "coordinates": [BOX[:-1]]},
        {"type": "Polygon", "coordinates": [BOX], "bbox": [0, 40, 3, 42], "crs": None},
    ],
    ids=["polygon", "multipolygon", "feature", "collection", "without-place", "heights", "open", "more-keys"],
)
def test_every_form_of_an_area_is_read_longitude_first(tmp_path: Path, value: Any) -> None:
    found = area(tmp_path, value)
    assert found == Area.of([[ring_of([(40, 0), (40, 3), (42, 3), (42, 0)])[0]]])
    assert found.name == "box"
    assert is_inside(found, (41.0, 2.9))
    assert not is_inside(found, (2.9, 41.0))


def test_holes_and_several_polygons_are_kept(tmp_path: Path) -> None:
    found = area(tmp_path, {"type": "MultiPolygon", "coordinates": [[BOX, HOLE], [FAR]]})
    inside = [is_inside(found, point) for point in ((41.0, 1.5), (41.0, 0.5), (50.2, 10.9), (50.9, 10.1))]
    assert inside == [False, True, True, False]


def test_a_region_in_yaml_is_a_polygon_latitude_first(tmp_path: Path) -> None:
    found = regions(tmp_path, box_yaml="polygon: [[40, 0], [40, 3], [42, 3], [42, 0]]\n")
    assert found.problems == ()
    assert found.areas["box"] == area(tmp_path / "other", POLYGON)


def test_a_workspace_without_regions_has_none(tmp_path: Path) -> None:
    assert read_regions(tmp_path, UTC) == Regions()


def test_other_files_and_hidden_ones_are_no_regions(tmp_path: Path) -> None:
    found = regions(tmp_path, notes_txt="x", box_geojson=POLYGON)
    (tmp_path / "regions" / "._box.geojson").write_text("x", encoding="utf-8")
    assert list(read_regions(tmp_path, UTC).areas) == list(found.areas) == ["box"]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert regions(tmp_path, box_geojson="\ufeff" + json.dumps(POLYGON)).problems == ()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "This is not valid JSON"),
        ("[" * 100_000, "This nests too deeply to be read."),
        ("9" * 10_000, "This holds a number that cannot be read."),
        ("[]", "A region in GeoJSON is an object with 'type', one of Polygon, MultiPolygon"),
        ({}, "A region in GeoJSON is an object with 'type'"),
        ({"type": ["Polygon"]}, "A region in GeoJSON is an object with 'type'"),
        ({"type": "Point", "coordinates": [1, 2]}, "'Point' is no area: a region is one of Polygon"),
        (feature({"type": "LineString", "coordinates": BOX}), "'LineString' is no area"),
        ({"type": "FeatureCollection", "features": []}, "'features' must be a list that is not empty."),
        ({"type": "FeatureCollection"}, "'features' must be a list that is not empty."),
        ({"type": "FeatureCollection", "features": [feature(None)]}, "There is no area in it"),
        ({"type": "Polygon"}, "'coordinates' of a polygon must be a list that is not empty."),
        ({"type": "Polygon", "coordinates": []}, "'coordinates' of a polygon must be a list"),
        ({"type": "MultiPolygon", "coordinates": []}, "'coordinates' must be a list that is not empty."),
        ({"type": "Polygon", "coordinates": [[]]}, "A ring must be a list that is not empty."),
        ({"type": "Polygon", "coordinates": [[[0, 40], [3, 40]]]}, "at least 3 different corners"),
        ({"type": "Polygon", "coordinates": [[[0, 91], [3, 40], [3, 42]]]}, "writes the longitude first"),
        ({"type": "Polygon", "coordinates": [[["0", 40], [3, 40], [3, 42]]]}, "writes the longitude first"),
        ('{"type": "Polygon", "coordinates": [[[NaN, 40], [3, 40], [3, 42]]]}', "writes the longitude first"),
        ({"type": "Polygon", "coordinates": [[[170, 0], [-170, 0], [-170, 9]]]}, "spans more than 180 degrees"),
    ],
)
def test_a_file_that_is_no_area_is_named_with_what_is_wrong(tmp_path: Path, value: Any, message: str) -> None:
    found = regions(tmp_path, box_geojson=value)
    (problem,) = found.problems
    assert problem.path == "regions/box.geojson"
    assert message in problem.message
    assert found.areas == {"box": None}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- 1\n", 1, "A region must be written as 'key: value' lines."),
        ("\npoligon: []\n", 2, "'poligon' is not known in a region; allowed: polygon."),
        ("name: x\n", 1, "'name' is not known in a region"),
        ("polygon:\n  - [40, 0]\n  - [40, 200]\n", 3, "A place has a latitude from -90 to 90"),
        ("polygon: [[40, 0], [40, 1], [40, 0]]\n", 1, "at least 3 different corners"),
        ("polygon: [\n", 2, "This is not valid YAML"),
    ],
)
def test_a_mistake_in_yaml_has_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = regions(tmp_path, box_yaml=text)
    assert (found.problems[0].path, found.problems[0].line) == ("regions/box.yaml", line)
    assert message in found.problems[0].message
    assert found.areas == {"box": None}


def test_one_name_has_one_file(tmp_path: Path) -> None:
    found = regions(tmp_path, box_geojson=POLYGON, box_yaml="polygon: [[40, 0], [40, 3], [42, 3]]\n")
    assert [str(problem) for problem in found.problems] == [
        "regions/box.geojson: Another file is the region 'box', too."
    ]


# ------------------------------------------------------------------------------------------------- in definitions


def checked(found: Regions) -> Checked:
    text = "segment: s\nwhere: {all: [{trait: home, in_region: box}, {not: {trait: home, in_region: box}}]}\n"
    read = read_text(text, "segment", file="segments/s.yaml", stem="s", zone=UTC)
    catalog = Catalog(traits={"home": TraitInfo(type="location")})
    return check_all(read.with_problems(found.problems), Vocabulary(catalog=catalog, regions=found.areas))


def test_a_region_that_changed_is_a_definition_that_changed(tmp_path: Path) -> None:
    before = checked(regions(tmp_path, box_geojson=POLYGON)).digests
    same = checked(regions(tmp_path, box_geojson=feature(POLYGON))).digests
    after = checked(regions(tmp_path, box_geojson={"type": "Polygon", "coordinates": [HOLE]})).digests
    assert before == same
    assert before != after


def test_who_asks_a_broken_region_is_not_blamed(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        checked(regions(tmp_path, box_geojson="{"))
    assert [problem.path for problem in caught.value.details] == ["regions/box.geojson"]
