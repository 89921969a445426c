from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from satsuma.report.contents import Quality, ReportContents
from satsuma.report.render import render_report, style_sheet


def tree(page: str) -> ElementTree.Element:
    assert page.startswith("<!DOCTYPE html>\n")
    return ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314


def emptied(contents: ReportContents) -> ReportContents:
    return dataclasses.replace(
        contents,
        population=0,
        orders=0,
        total_value=0.0,
        data_from=None,
        data_until=None,
        warnings=(),
        segments=(),
        segmentations=(),
        concentration=None,
        rfm=None,
        overlap=None,
        rankings=(),
        months=(),
        foresight=None,
        changes=None,
        advice=(),
        judged=(),
        quality=Quality(),
        run=None,
    )


def one_of_each(contents: ReportContents) -> ReportContents:
    assert contents.rfm is not None
    return dataclasses.replace(
        contents,
        population=1,
        orders=1,
        segments=contents.segments[:1],
        segmentations=tuple(dataclasses.replace(item, labels=item.labels[:1]) for item in contents.segmentations),
        rfm=dataclasses.replace(contents.rfm, cells=contents.rfm.cells[:1]),
        rankings=tuple(dataclasses.replace(item, items=item.items[:1]) for item in contents.rankings),
        months=contents.months[:1],
    )


def in_debt(contents: ReportContents) -> ReportContents:
    assert contents.rfm is not None
    return dataclasses.replace(
        contents,
        total_value=-5.0,
        segments=tuple(dataclasses.replace(item, value=-item.value) for item in contents.segments),
        segmentations=tuple(
            dataclasses.replace(item, labels=tuple(dataclasses.replace(label, value=-7.0) for label in item.labels))
            for item in contents.segmentations
        ),
        rfm=dataclasses.replace(
            contents.rfm, cells=tuple(dataclasses.replace(cell, value=-1.0) for cell in contents.rfm.cells)
        ),
        months=tuple(dataclasses.replace(point, revenue=-point.revenue) for point in contents.months),
    )


def as_is(contents: ReportContents) -> ReportContents:
    return contents


@pytest.mark.parametrize("changed", [as_is, emptied, one_of_each, in_debt])
def test_the_page_is_well_formed_whatever_it_holds(
    contents: ReportContents, changed: Callable[[ReportContents], ReportContents]
) -> None:
    page = tree(render_report(changed(contents)))
    assert page.find("head/title") is not None
    anchors = {link.get("href") for link in page.findall(".//nav//a")}
    assert anchors == {f"#{part.get('id')}" for part in page.findall(".//section")}


def test_the_page_has_every_section_in_order(contents: ReportContents) -> None:
    titles = [part.findtext("h2") for part in tree(render_report(contents)).findall(".//section")]
    assert titles == [
        "Overview",
        "Segments",
        "What changed",
        "Value concentration",
        "Recency and frequency",
        "Lifecycle",
        "Bands",
        "What customers are worth and will do",
        "Overlap",
        "How good segments are",
        "Advice on the segments",
        "What they buy",
        "Over time",
        "Data quality",
        "How this was made",
    ]


def test_an_empty_workspace_says_what_to_do_first(contents: ReportContents) -> None:
    page = render_report(emptied(contents))
    assert "No customers yet" in page
    assert "No segments yet" in page
    assert "satsuma load" in page


def test_every_chart_has_words_and_a_table(contents: ReportContents) -> None:
    page = tree(render_report(contents))
    for card in page.findall(".//article"):
        drawn = [svg for svg in card.iter() if svg.get("role") == "img"]
        if drawn:
            assert card.find("p[@class='shows']") is not None, card.findtext("h3/span")
            assert card.find("p[@class='do']") is not None, card.findtext("h3/span")
            assert card.find("details[@class='twin']") is not None, card.findtext("h3/span")


def test_the_page_asks_for_nothing_from_outside(contents: ReportContents, hostile: ReportContents) -> None:
    for page in (render_report(contents), render_report(hostile)):
        root = tree(page)
        for part in root.iter():
            assert part.tag.split("}")[-1] not in {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
            for name, value in part.attrib.items():
                assert not name.startswith("on")
                assert name not in {"src", "srcset", "style", "action"}
                if name.endswith("href"):
                    assert re.fullmatch(r"#[a-z]+", value)
        style = root.findtext("head/style") or ""
        assert "url(" not in style
        assert "@import" not in style
        assert "http" not in style


def test_the_policy_forbids_all_but_the_pages_own_style(contents: ReportContents) -> None:
    root = tree(render_report(contents))
    metas = [meta for meta in root.findall("head/meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    policy = metas[0].get("content") or ""
    digest = base64.b64encode(hashlib.sha256((root.findtext("head/style") or "").encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


class Tags(HTMLParser):
    """What a browser's parser sees: elements and the attributes on them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_texts_stay_texts(contents: ReportContents, hostile: ReportContents) -> None:
    page = render_report(hostile)
    tree(page)
    plain, worse = Tags(), Tags()
    plain.feed(render_report(contents))
    worse.feed(page)
    assert worse.seen <= plain.seen
    assert worse.attributes <= plain.attributes
    assert "\u202e" not in page
    assert page.count("\u2068") == page.count("\u2069")


def test_the_page_follows_the_screens_light_and_paper(contents: ReportContents) -> None:
    style = style_sheet()
    assert "@media screen and (prefers-color-scheme: dark)" in style
    assert "@media print" in style
    assert style.count("{") == style.count("}")
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", style))
    light, _, dark = style.partition("@media screen and (prefers-color-scheme: dark)")
    defined = set(re.findall(r"(--[a-z0-9-]+):", light))
    assert used <= defined
    assert set(re.findall(r"(--[a-z0-9-]+):", dark)) == defined


def test_every_class_of_the_page_is_known_to_its_style(contents: ReportContents) -> None:
    page = render_report(contents)
    known = set(re.findall(r"\.([a-zA-Z][\w-]*)", style_sheet()))
    used = {name for names in re.findall(r'class="([^"]*)"', page) for name in names.split()}
    unstyled = {"wide", "chart", "time", "in-0", "bar-line", "key-figure", "value", "tick", "of-1"}
    assert used - known - unstyled == set()


def test_the_same_contents_give_the_same_page(contents: ReportContents) -> None:
    assert render_report(contents) == render_report(contents)


def test_a_stale_workspace_wears_a_warning(contents: ReportContents) -> None:
    late = dataclasses.replace(contents, as_of=contents.as_of.replace(year=2019))
    assert "365 days before this report" in render_report(late)
    assert "up to the report" in render_report(contents)


def test_the_spread_of_value_is_over_those_who_have_any(contents: ReportContents) -> None:
    # Who gave everything back bought as well, and is not in the curve.
    assert "customers with any net value." in render_report(contents)


def test_the_page_stays_small(contents: ReportContents) -> None:
    assert len(render_report(contents).encode()) < 300_000
