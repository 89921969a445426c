"""Writes ready-made definitions into a workspace, for what its data hold."""

from __future__ import annotations

from pathlib import Path

from satsuma.catalog import Catalog
from satsuma.documents import yaml_files
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.language.definitions import FOLDERS
from satsuma.segments.suggest import Suggestion
from satsuma.segments.suggest import suggest as suggested
from satsuma.traits.library import built_in_traits

__all__ = ["Suggestion", "suggest"]


def suggest(engine: DuckDB, root: Path, catalog: Catalog, *, write: bool = True) -> list[Suggestion]:
    """Return the definitions that are offered, and write each to its file unless told not to.

    Parameters
    ----------
    root : the workspace's folder. A file that is there is never touched, and not offered.
    """
    existing = {f"{folder}/{path.stem}" for folder, _ in FOLDERS for path in yaml_files(root / folder)}
    offers = suggested(catalog, built_in_traits(catalog), existing, distinct_values(engine, catalog))
    if write:
        for offer in offers:
            target = root / offer.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                file.write(offer.text)
    return offers


def distinct_values(engine: DuckDB, catalog: Catalog) -> dict[str, int]:
    """Return how many different values each loaded trait of customers has."""
    stored = engine.columns("customers")
    names = [name for name, info in catalog.traits.items() if name in stored and info.entity == "customer"]
    if not names:
        return {}
    counts = ", ".join(f"count(DISTINCT {identifier(name)})" for name in names)
    row = engine.row(f"SELECT {counts} FROM customers WHERE erased_at IS NULL")
    return dict(zip(names, (int(count) for count in row), strict=True))
