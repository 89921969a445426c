"""Traits as a person or program reads them: what they mean, and everybody's value as of the last run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from satsuma.errors import NotFound
from satsuma.language.checker import BUILT_IN_TRAITS, Checked
from satsuma.language.types import Entity, Trait


@dataclass(frozen=True, slots=True)
class TraitView:
    """A trait: loaded with the data, computed by a definition, or built in."""

    name: str
    facts: dict[str, Any]
    read: Callable[[str, Entity], pa.Table]

    @property
    def entity(self) -> Entity:
        """Of whom it is: `customer` or `account`."""
        entity: Entity = self.facts["entity"]
        return entity

    def values(self) -> pa.Table:
        """Return `customer_id, value` (or `account_id, value`) for everybody, by id; a missing value is null."""
        return self.read(self.name, self.entity)

    def as_dict(self) -> dict[str, Any]:
        return dict(self.facts)


def trait_views(checked: Checked, read: Callable[[str, Entity], pa.Table]) -> list[TraitView]:
    """Return every trait that definitions can use, by name.

    Parameters
    ----------
    read : gives id and value of a trait by name, of customers or of accounts.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, type_ in BUILT_IN_TRAITS["customer"].items():
        found[name] = _facts(name, name.replace("_", " ").capitalize(), type_, None, "built in", "customer")
    for name, info in checked.vocabulary.catalog.traits.items():
        title = info.title or name.replace("_", " ").capitalize()
        found[name] = {
            **_facts(name, title, info.type, info.kind, "loaded", info.entity), "unit": info.unit,
            "source": info.source or "loaded",
            "personal_data": info.personal_data, "sensitive": info.sensitive, "description": info.description,
        }  # fmt: skip
    for name, trait in checked.of(Trait).items():
        origin = "built in" if trait.built_in else "computed"
        facts = _facts(name, trait.title, str(trait.type), trait.kind, origin, trait.entity)
        found[name] = {**facts, "unit": trait.unit, "description": trait.description, "formula": trait.formula}
    return [TraitView(name, found[name], read) for name in sorted(found)]


def _facts(name: str, title: str, type_: str, kind: str | None, origin: str, entity: Entity) -> dict[str, Any]:
    return {"name": name, "title": title, "type": type_, "kind": kind, "unit": None, "origin": origin,
            "source": origin, "entity": entity}  # fmt: skip


def trait_view(checked: Checked, name: str, read: Callable[[str, Entity], pa.Table]) -> TraitView:
    """Return one trait.

    Raises
    ------
    NotFound
        With the nearest known names.
    """
    views = {view.name: view for view in trait_views(checked, read)}
    if name not in views:
        raise NotFound.named("trait", name, views, hint="See satsuma trait list.")
    return views[name]
