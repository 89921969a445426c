from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

from satsuma.report.contents import ReportContents
from satsuma.report.picture import HEIGHT, WIDTH, render_picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_one_drawing_that_needs_nothing(contents: ReportContents, hostile: ReportContents) -> None:
    for made in (render_picture(contents), render_picture(hostile)):
        root = ElementTree.fromstring(made)  # noqa: S314
        assert root.tag == f"{SVG}svg"
        tags = {part.tag.removeprefix(SVG) for part in root.iter()}
        assert tags <= {"svg", "title", "desc", "style", "rect", "g", "circle", "path", "line", "text"}
        assert "url(" not in made
        assert "prefers-color-scheme: dark" in made


def test_the_picture_says_the_key_figures(contents: ReportContents) -> None:
    made = render_picture(contents)
    for words in ("Corner Street Markets", "2,469", "155.8k", "$4.6M", "31 Dec 2017", "Champions", "Weekly shoppers"):
        assert f">{words}<" in made


def test_nothing_stands_outside_the_picture(hostile: ReportContents) -> None:
    made = render_picture(hostile)
    for name, most in (("x", WIDTH), ("y", HEIGHT), ("cx", WIDTH), ("cy", HEIGHT), ("x2", WIDTH), ("y2", HEIGHT)):
        values = [float(value) for value in re.findall(rf' {name}="([\d.-]+)"', made)]
        assert all(0 <= value <= most for value in values)


def test_an_empty_workspace_has_a_picture_too(contents: ReportContents) -> None:
    empty = dataclasses.replace(
        contents, population=0, orders=0, total_value=0.0, segments=(), rfm=None, concentration=None, data_until=None
    )
    made = render_picture(empty)
    ElementTree.fromstring(made)  # noqa: S314
    assert "No segments yet." in made
