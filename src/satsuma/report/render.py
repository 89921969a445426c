"""The page: one file that opens anywhere, offline, and asks for nothing.

Its style sheet stands inside and is allowed by its digest; scripts, fonts, pictures and requests are forbidden by the
page's own policy, so that even a text that slipped through could do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.ahead import ahead
from satsuma.report.background import data_quality, how_made
from satsuma.report.behaviour import over_time, overlap, purchases
from satsuma.report.changes import changes
from satsuma.report.evidence import evidence
from satsuma.report.found_groups import found_groups
from satsuma.report.markup import Markup, apart, clean, element, join, said
from satsuma.report.overview import key_figures, overview, segments, warnings
from satsuma.report.parts import Section, section
from satsuma.report.personas import personas
from satsuma.report.set_advice import set_advice
from satsuma.report.worth import bands, lifecycle, rfm, value_concentration

if TYPE_CHECKING:
    from satsuma.report.contents import ReportContents


def render_report(contents: ReportContents) -> str:
    """Return the whole report as one HTML text (UTF-8 when written). The same contents give the same text."""
    found: tuple[Section | None, ...] = (
        overview(contents),
        segments(contents),
        changes(contents),
        value_concentration(contents),
        rfm(contents),
        lifecycle(contents),
        bands(contents),
        found_groups(contents),
        ahead(contents),
        overlap(contents),
        evidence(contents),
        set_advice(contents),
        personas(contents),
        purchases(contents),
        over_time(contents),
        data_quality(contents),
        how_made(contents),
    )
    parts = [part for part in found if part is not None]
    title = f"{clean(contents.workspace)}: customers as of {say.day(contents.as_of, contents.timezone)}"
    return whole_page(title, _body(contents, parts))


def whole_page(title: str, body: Markup) -> str:
    """Return a page of its own, as one text: it holds its style sheet and may ask for nothing."""
    page = element("html", _head(title), body, lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _head(title: str) -> Markup:
    style = Markup(style_sheet())
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", style),
    )


def _body(contents: ReportContents, parts: list[Section]) -> Markup:
    places = join(element("li", element("a", part.title, href=f"#{part.anchor}")) for part in parts)
    moment = say.moment(contents.as_of, contents.timezone)
    return element(
        "body",
        element("a", "Skip to the report", href="#overview", class_="skip"),
        element(
            "header",
            element(
                "div",
                MARK,
                element(
                    "div",
                    element("h1", said(contents.workspace)),
                    element("p", "Customer report as of ", element("b", moment), class_="moment"),
                ),
                class_="title",
            ),
            key_figures(contents),
            class_="top",
        ),
        element(
            "div",
            element("nav", element("h2", "Contents"), element("ol", places), aria_label="Contents", class_="contents"),
            element("main", warnings(contents), join(section(part) for part in parts)),
            class_="frame",
        ),
        element(
            "footer",
            element("p", f"Satsuma · {apart(contents.workspace)} · as of {moment}"),
            element("p", "This file holds business figures. It asks for nothing from any network."),
        ),
    )


def style_sheet() -> str:
    """Return the page's style sheet, without comments and line ends."""
    return f"{_read('palette.css')}{_read('page.css')}"


def palette() -> str:
    """Return the colours alone, in their light and dark meaning."""
    return _read("palette.css")


def _read(name: str) -> str:
    text = resources.files("satsuma.report").joinpath(name).read_text(encoding="utf-8")
    return "".join(line.strip() for line in _without_comments(text).splitlines())


def _without_comments(text: str) -> str:
    kept: list[str] = []
    for piece in text.split("/*"):
        kept.append(piece.split("*/", 1)[-1] if kept else piece)
    return "".join(kept)


#: The fruit: decoration only.
MARK = element(
    "svg",
    element("circle", cx=20, cy=23, r=15, class_="fruit"),
    element("path", d="M20 10c0-5 4-8 10-8 0 6-4 9-10 8z", class_="leaf"),
    element("path", d="M12 19c1-3 4-5 7-5", class_="shine"),
    viewBox="0 0 40 40",
    width=44,
    height=44,
    class_="mark",
    aria_hidden="true",
    xmlns="http://www.w3.org/2000/svg",
)
