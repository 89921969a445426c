"""Definitions written for other tools, as ours: taken whole or refused with the path of each part that is not.

One module per tool. Each holds beside its code the table of what it takes and refuses, with examples that the tests
import and the pages show.
"""

from __future__ import annotations

from collections.abc import Mapping

from satsuma.errors import WrongUse, nearest
from satsuma.language.imports.dittofeed import Dittofeed
from satsuma.language.imports.growthbook import GrowthBook
from satsuma.language.imports.importer import Importer
from satsuma.language.imports.klaviyo import Klaviyo
from satsuma.language.imports.outcome import Imported
from satsuma.language.imports.posthog import PostHog
from satsuma.language.imports.segment import Segment
from satsuma.language.schema import Names

IMPORTERS: Mapping[str, type[Importer]] = {
    importer.tool: importer for importer in (Segment, Klaviyo, PostHog, Dittofeed, GrowthBook)
}


def import_definition(
    text: str, tool: str, names: Names, *, name: str | None = None, mapping: Mapping[str, str] | None = None
) -> Imported:
    """Return a definition of another tool as ours.

    Parameters
    ----------
    tool : one of IMPORTERS.
    names : what names mean in the workspace.
    name : of the definition; made of their name or title when not given.
    mapping : their names of traits, events, properties, groups and purposes to ours.

    Raises
    ------
    WrongUse
        For a tool that is not known.
    SourceError
        When the text is not what the tool writes.
    """
    if tool not in IMPORTERS:
        near = list(nearest(tool, IMPORTERS))
        raise WrongUse(f"'{tool}' is not a tool to import from.", hint=f"One of {', '.join(IMPORTERS)}.", nearest=near)
    return IMPORTERS[tool](names, mapping).imported(text, name)


__all__ = ["IMPORTERS", "Imported", "Importer", "import_definition"]
