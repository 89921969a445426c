"""The methods of segmentations, as the language sees them: how settings are read, checked, and what they read.

How a method gives its labels is registered in `segments.methods`; here a method says only what it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from satsuma.documents import Path_
from satsuma.language.types import Condition, Measure

if TYPE_CHECKING:
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a definition reads: the leaves of its conditions, its measures, and other definitions by name.

    at : where the traits and segmentations are named, for the line of a mistake.
    files : other files of the workspace, by name, that the settings came from.
    properties : event and property of what is read of events beside the measures.
    """

    conditions: tuple[Condition, ...] = ()
    measures: tuple[Measure, ...] = ()
    traits: tuple[str, ...] = ()
    segmentations: tuple[str, ...] = ()
    at: Path_ = ()
    files: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


class Method(Protocol):
    """What the language asks of a method of segmentation."""

    name: str

    @property
    def settings(self) -> tuple[str, ...]:
        """The keys of its own settings, in the order in which people write them."""

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> Any:
        """Return the settings from the definition's own keys, or None after reporting what is wrong."""

    def check(self, checker: Checker, settings: Any) -> Any:
        """Return the settings with operands typed, reporting unknown names and wrong types to the checker."""

    def reads(self, settings: Any) -> Reads:
        """Return what the settings read."""

    def labels(self, settings: Any) -> tuple[str, ...] | None:
        """Return all labels that can occur, in their order, or None when only a fit can tell."""

    def explain(self, settings: Any) -> Iterable[str]:
        """Return sentences that say how the labels are given."""


#: Every known method by its name; filled by `language.standard_methods`.
METHODS: dict[str, Method] = {}


def register(method: Method) -> Method:
    """Make a method known to reader and checker."""
    METHODS[method.name] = method
    return method
