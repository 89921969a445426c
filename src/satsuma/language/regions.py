"""Regions: the areas that definitions name, one file each in `regions/`.

`NAME.geojson` holds a Polygon, a MultiPolygon, or a Feature or FeatureCollection of them (RFC 7946: longitude first).
`NAME.yaml` holds `polygon: [[lat, lon], ...]`, as a definition may write it itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from satsuma import documents
from satsuma.documents import DocumentError
from satsuma.errors import Problem
from satsuma.language.places import Area, Ring
from satsuma.language.reading_places import POINT_MISTAKE, PlaceReader, is_point, ring_of

FOLDER = "regions"
_GEOMETRIES = ("Polygon", "MultiPolygon", "Feature", "FeatureCollection")
#: Features, and features in collections; GeoJSON nests no deeper.
_DEEPEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The areas of a workspace by name, None for a file with a mistake, and the mistakes."""

    areas: Mapping[str, Area | None] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_regions(root: Path, zone: ZoneInfo) -> Regions:
    """Read every file in `regions/` below a workspace."""
    areas: dict[str, Area | None] = {}
    problems: list[Problem] = []
    paths = [*documents.yaml_files(root / FOLDER), *sorted((root / FOLDER).glob("[!.]*.geojson"))]
    for path in paths:
        name = f"{FOLDER}/{path.name}"
        if path.stem in areas:
            problems.append(Problem(path=name, line=None, message=f"Another file is the region '{path.stem}', too."))
            continue
        try:
            text = documents.read_text(path, name)
            read = _geojson if path.suffix == ".geojson" else _yaml
            areas[path.stem], found = read(text, name, path.stem, zone)
        except DocumentError as error:
            areas[path.stem], found = None, [error.problem]
        problems.extend(found)
    return Regions(areas=areas, problems=tuple(problems))


def _yaml(text: str, file: str, name: str, zone: ZoneInfo) -> tuple[Area | None, list[Problem]]:
    reader = PlaceReader(documents.read_document(text, file), zone)
    given = reader.mapping(reader.document.value, (), "A region")
    if given is None:
        return None, reader.problems
    reader.keys(given, ("polygon",), (), "is not known in a region")
    if "polygon" not in given:
        reader.problem((), "A region needs 'polygon: [[lat, lon], [lat, lon], [lat, lon]]'.")
        return None, reader.problems
    area = reader.polygon(given["polygon"], ("polygon",), name)
    return (None if reader.problems else area), reader.problems


# ------------------------------------------------------------------------------------------------------------ GeoJSON


class _Mistake(Exception):  # noqa: N818  never leaves this module
    """What is wrong with a file, as a sentence."""


def _geojson(text: str, file: str, name: str, _zone: ZoneInfo) -> tuple[Area | None, list[Problem]]:
    try:
        polygons = list(_polygons(json.loads(text), 0))
        if not polygons:
            raise _Mistake(f"There is no area in it: a region is one of {', '.join(_GEOMETRIES)}.")
    except json.JSONDecodeError as error:
        return None, [Problem(path=file, line=error.lineno, message=f"This is not valid JSON: {error.msg}.")]
    except RecursionError:
        return None, [Problem(path=file, line=None, message="This nests too deeply to be read.")]
    except ValueError:
        # A run of digits without end, which no number has.
        return None, [Problem(path=file, line=None, message="This holds a number that cannot be read.")]
    except _Mistake as error:
        return None, [Problem(path=file, line=None, message=str(error))]
    return Area.of(polygons, name), []


def _polygons(value: Any, depth: int) -> Iterator[list[Ring]]:
    """Yield the polygons of a GeoJSON object, each as its rings."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _GEOMETRIES or depth > _DEEPEST:
        raise _Mistake(
            f"'{kind}' is no area: a region is one of {', '.join(_GEOMETRIES)}."
            if isinstance(kind, str)
            else f"A region in GeoJSON is an object with 'type', one of {', '.join(_GEOMETRIES)}."
        )
    if kind == "FeatureCollection":
        for feature in _list(value.get("features"), "'features'"):
            yield from _polygons(feature, depth + 1)
    elif kind == "Feature":
        # RFC 7946, section 3.2: a feature without a place has the geometry null.
        if value.get("geometry") is not None:
            yield from _polygons(value["geometry"], depth + 1)
    else:
        several = value.get("coordinates") if kind == "MultiPolygon" else [value.get("coordinates")]
        for rings in _list(several, "'coordinates'"):
            yield [_ring(points) for points in _list(rings, "'coordinates' of a polygon")]


def _ring(points: Any) -> Ring:
    places = []
    for point in _list(points, "A ring"):
        # Longitude first, and perhaps a height, which is left out (RFC 7946, section 3.1.1).
        if not isinstance(point, list) or len(point) < 2 or not is_point(point[1], point[0]):
            raise _Mistake(f"{POINT_MISTAKE}; GeoJSON writes the longitude first: [2.35, 48.86].")
        places.append((float(point[1]), float(point[0])))
    ring, mistake = ring_of(places)
    if mistake is not None:
        raise _Mistake(mistake)
    return ring


def _list(value: Any, what: str) -> list[Any]:
    if isinstance(value, list) and value:
        return value
    raise _Mistake(f"{what} must be a list that is not empty.")
