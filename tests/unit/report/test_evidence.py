"""The section on how good segments are."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest

from satsuma.report.contents import Judged, ReportContents
from satsuma.report.evidence import MOST_DRAWN, evidence, told_verdicts
from satsuma.report.parts import section


def drawn(contents: ReportContents) -> ElementTree.Element:
    part = evidence(contents)
    assert part is not None
    return ElementTree.fromstring(section(part))  # noqa: S314


def text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_every_segment_has_its_verdict_and_its_reason(contents: ReportContents) -> None:
    rows = drawn(contents).findall(".//table")[0].findall(".//tbody/tr")
    assert [text(row) for row in rows][1].startswith("Almost championsmerge with champions")
    assert "96% of those in either" in text(rows[1])
    assert len(rows) == 3


def test_the_largest_difference_is_drawn_over_that_of_random_groups(contents: ReportContents) -> None:
    page = drawn(contents)
    names = [text(item) for item in page.findall(".//*[@class='bar-name']")]
    assert names == ["Champions", "Almost champions"]
    bars = [chart.findall("{*}rect") for chart in page.findall(".//li/{*}svg")]
    widths = [[float(bar.get("width", "0%").rstrip("%")) for bar in rects] for rects in bars]
    assert widths[0] == pytest.approx([100 * 0.11 / 0.62, 100], abs=0.01)
    assert widths[1] == pytest.approx([100 * 0.11 / 0.62, 50], abs=0.01)
    assert "1 of 2 differ by more" in text(page)


def test_only_the_first_are_drawn_and_all_stand_in_the_table(contents: ReportContents) -> None:
    many = tuple(dataclasses.replace(contents.judged[0], title=f"s{place}") for place in range(MOST_DRAWN + 5))
    page = drawn(dataclasses.replace(contents, judged=many))
    assert len(page.findall(".//*[@class='bar-name']")) == MOST_DRAWN
    assert len(page.findall(".//table")[1].findall(".//tbody/tr")) == MOST_DRAWN + 5


def test_what_to_do_is_to_begin_with_the_first_that_something_speaks_against(contents: ReportContents) -> None:
    told = told_verdicts(contents.judged)
    assert told.shows == "Nothing speaks against 1 of 3 segments."
    assert "merge with champions" in told.do
    assert told_verdicts(contents.judged[:1]).do == ""


def test_without_segments_or_differences_parts_are_left_out(contents: ReportContents) -> None:
    assert evidence(dataclasses.replace(contents, judged=())) is None
    few = Judged(title="<b>x</b>", size=1, word="too small", verdict="too small", why="Few.")
    page = drawn(dataclasses.replace(contents, judged=(few,)))
    assert not page.findall(".//*[@class='bar-name']")
    assert "<b>x</b>" in text(page)
