"""Traits that keep a model of everybody: how each way is read, checked, and what it reads.

How a way gives its values is registered in `traits.learned`; here a way says only what it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from satsuma.catalog import Kind, ValueType
from satsuma.documents import Path_
from satsuma.language.methods import Reads

if TYPE_CHECKING:
    from satsuma.language.checker import Checker
    from satsuma.language.locality import Span
    from satsuma.language.reader import Reader


class Way(Protocol):
    """What the language asks of a way in which a trait is learned."""

    #: The key under which a definition holds its settings.
    name: str
    #: The kind of such traits, unless a definition says another.
    kind: Kind

    def read(self, reader: Reader, value: Any, path: Path_) -> Any:
        """Return the settings from what stands under the key, or None after reporting what is wrong."""

    def check(self, checker: Checker, settings: Any) -> Any:
        """Return the settings with operands typed, reporting unknown names and wrong types to the checker."""

    def type(self, settings: Any) -> ValueType:
        """Return the type of the trait, of checked settings."""

    def reads(self, settings: Any) -> Reads:
        """Return what the settings read."""

    def needs_everybody(self, settings: Any, span: Span, *, is_kept: bool) -> bool:
        """Say whether values can change between two moments for customers whom nothing touched.

        is_kept : whether the run before kept the model of the trait.
        """

    def explain(self, settings: Any) -> Iterable[str]:
        """Return sentences that say what the value means."""


#: Every known way by its key; filled by `language.learned_traits`.
WAYS: dict[str, Way] = {}


def register(way: Way) -> Way:
    """Make a way known to reader and checker."""
    WAYS[way.name] = way
    return way
