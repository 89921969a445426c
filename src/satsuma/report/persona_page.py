"""Personas as a page of their own: one file that opens anywhere and asks for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.markup import apart, clean, element, said
from satsuma.report.parts import cards
from satsuma.report.personas import LEAD, persona_card
from satsuma.report.render import MARK, whole_page

if TYPE_CHECKING:
    from satsuma.personas.card import Persona
    from satsuma.personas.phrases import Wording


def render_personas(
    found: Sequence[Persona], workspace: str, timezone: str, wording: Wording, *, numbers: bool = False
) -> str:
    """Return the page of some personas, all of one moment. numbers : whether their numbers are seen at once."""
    name = found[0].title if len(found) == 1 else "Personas"
    moment = say.moment(found[0].as_of, timezone) if found else ""
    body = element(
        "body",
        element("a", "Skip to the personas", href="#personas", class_="skip"),
        element(
            "header",
            element(
                "div",
                MARK,
                element(
                    "div",
                    element("h1", said(name)),
                    element("p", said(workspace), " as of ", element("b", moment), class_="moment"),
                ),
                class_="title",
            ),
            class_="top",
        ),
        element(
            "main",
            element(
                "section",
                element("h2", "Who they are"),
                element("p", LEAD, class_="lead"),
                cards(*(persona_card(item, wording, is_open=numbers) for item in found), columns=1),
                id="personas",
            ),
            class_="top",
        ),
        element("footer", element("p", f"Satsuma · {apart(workspace)} · as of {moment}")),
    )
    return whole_page(f"{clean(workspace)}: {clean(name)}", body)
