"""HTML and SVG built from values: what is not markup already is escaped, always.

The result is well-formed XML too (void elements are closed), so that any parser can check a page.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Characters that XML forbids, and those that turn or hide the text after them (overrides, embeddings).
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

#: The pair that keeps a piece of text apart from the direction around it: ours only, never somebody else's.
APART, TOGETHER = "\u2068", "\u2069"
_ISOLATES = re.compile(f"[{APART}{TOGETHER}]")
_PAIR_OR_STRAY = re.compile(f"({APART}[^{APART}{TOGETHER}]*{TOGETHER})|[{APART}{TOGETHER}]")
_SPACES = re.compile(r"\s+")
_PERCENT = re.compile(r"(?<=\d) %")

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Markup(str):
    """Text that is markup already; made by this module's functions only."""

    __slots__ = ()


NOTHING = Markup("")


def clean(text: str) -> str:
    """Return a text on one line, without characters that XML forbids or that reorder what stands around them."""
    return _one_line(_ISOLATES.sub("", text))


def apart(text: str) -> str:
    """Return somebody's text for use within a sentence: a name written from the right must not turn the rest."""
    text = clean(text)
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text):
        return f"{APART}{text}{TOGETHER}"
    return text


def escape(value: str | int) -> Markup:
    """Return a value as markup; markup stays as it is."""
    if isinstance(value, Markup):
        return value
    return Markup(_PERCENT.sub("\u00a0%", _one_line(str(value))).translate(_ESCAPES))


def _one_line(text: str) -> str:
    # A mark without its partner would end a pair that is not its own.
    paired = _PAIR_OR_STRAY.sub(lambda found: found[1] or "", _UNWANTED.sub("", text))
    return _SPACES.sub(" ", paired).strip()


def join(parts: Iterable[str | None], between: str = "") -> Markup:
    """Return parts one after another, each escaped unless it is markup."""
    return Markup(between.join(_spaced(part) for part in parts if part))


def element(name: str, /, *children: str | int | None, **attributes: str | int | float | None) -> Markup:
    """Return an element. `class_` is `class`, `aria_label` is `aria-label`; an attribute that is None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(_spaced(child)) for child in children if child is not None)
    if not inside and name in _VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{inside}</{name}>")


def said(text: str, class_: str | None = None, *, title: str | None = None) -> Markup:
    """Return a text somebody else wrote, kept apart from the direction of the text around it."""
    return element("bdi", clean(text), class_=class_, title=title)


def width_of(text: str) -> float:
    """Return about how wide a text is, in characters: East Asian ones count double, marks nothing."""
    width = 0.0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return width


def shortened(text: str, most: float) -> str:
    """Return a text cut to at most `most` characters' width, with `…` where it was cut."""
    text = clean(text)
    if width_of(text) <= most:
        return text
    kept, width = "", 1.0
    for character in text:
        width += width_of(character)
        if width > most:
            break
        kept += character
    return kept.rstrip() + "…"


#: Only these may be closed at once in HTML; an SVG shape may be, too.
_VOID = frozenset({"br", "meta", "path", "rect", "line", "circle"})


def _attribute(value: str | int | float) -> str:
    if isinstance(value, float):
        # Two decimals of a pixel or a per cent are finer than a screen; neither 1e-05 nor -0 may appear.
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text
    return str(value)


def _spaced(child: str | int) -> str:
    """Escape a child but keep the spaces at its ends: they part it from its neighbours."""
    if isinstance(child, Markup) or not isinstance(child, str):
        return escape(child)
    before = " " if child[:1].isspace() else ""
    after = " " if len(child) > 1 and child[-1:].isspace() else ""
    return Markup(before + escape(child) + after)
