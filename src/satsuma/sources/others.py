"""Columns that are no own field of the load kind: traits, properties of events, attributes of products."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import replace

from satsuma.catalog import Kind
from satsuma.sources.fields import LoadKind
from satsuma.sources.forms import Form
from satsuma.sources.guess import Guess
from satsuma.sources.mapping import ColumnMapping
from satsuma.sources.meaning import Meaning
from satsuma.sources.names import free_slug, words

#: The kinds whose other columns describe the row's subject, and the kind of trait they are when no name tells.
_USUAL_KIND: Map[str, Kind] = {"surveys": "psychographic", "accounts": "firmographic"}


def other_mapping(
    load_kind: LoadKind, meaning: Meaning, name: str, column: str, guess: Guess, reason: str
) -> ColumnMapping:
    """Describe a trait, property or attribute: kind, unit, personal-data class, sensitivity."""
    fmt = guess.format
    kind = meaning.kind or _USUAL_KIND.get(load_kind)
    if fmt == "country" or guess.type == "location":
        kind = "geographic"
    personal = meaning.personal_data
    if fmt == "email":
        kind, personal = None, "user.contact.email"
    elif fmt == "phone":
        kind, personal = None, "user.contact.phone_number"
    if load_kind == "products":
        kind, personal = None, None
    if load_kind == "accounts" and personal not in ("user.contact.email", "user.contact.phone_number"):
        kind, personal = kind or "firmographic", None
    unit = "%" if guess.form.percent else meaning.unit
    return ColumnMapping(
        field=name,
        column=column,
        canonical=False,
        type=guess.type,
        form=guess.form,
        title=_title(column, name),
        kind=kind,
        unit=unit if guess.type in ("integer", "number", "money") else None,
        format=fmt,
        personal_data=personal,
        sensitive=meaning.sensitive and load_kind != "products",
        confidence=0.9,
        reason=reason,
    )


def _title(column: str, name: str) -> str | None:
    if column == name:
        text = name.replace("_", " ")
        return text[0].upper() + text[1:] if "_" in name else None
    return column


def place_mapping(found: list[ColumnMapping], taken: set[str]) -> ColumnMapping | None:
    """Make one place of a latitude and a longitude, unless a column already holds both."""
    if any(item.type == "location" for item in found):
        first = next(item for item in found if item.type == "location")
        if "location" not in taken:
            found[found.index(first)] = replace(first, field="location", title=first.column)
        return None
    pair: dict[str, ColumnMapping] = {}
    for item in found:
        parts = set(words(item.column))
        if item.type in ("number", "integer"):
            if parts & {"lat", "latitude"}:
                pair.setdefault("lat", item)
            elif parts & {"lon", "lng", "long", "longitude"}:
                pair.setdefault("lon", item)
    if len(pair) < 2:
        return None
    name = "location" if "location" not in taken else free_slug("location", taken)
    return ColumnMapping(
        field=name,
        column=pair["lat"].column,
        also=(pair["lon"].column,),
        canonical=False,
        type="location",
        form=Form(decimal=pair["lat"].form.decimal),
        title="Location",
        kind="geographic",
        personal_data="user.location.precise",
        reason="latitude and longitude together",
        confidence=0.95,
    )
