"""The vendors that are known: one file each in `vendors`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from satsuma import documents
from satsuma.connectors.starters import KINDS
from satsuma.connectors.vendor import Vendor
from satsuma.connectors.vendor_reading import VendorReader
from satsuma.errors import DefinitionError, NotFound


@cache
def vendor_names() -> tuple[str, ...]:
    """Return the names of all vendors, sorted."""
    return tuple(sorted(item.name.removesuffix(".yaml") for item in _folder().iterdir() if _is_file(item)))


@cache
def vendor(name: str) -> Vendor:
    """Return what is known of a vendor.

    Raises
    ------
    NotFound
        For one that is not known, with the nearest.
    """
    if name not in vendor_names():
        known = (*vendor_names(), *KINDS)
        raise NotFound.named("vendor", name, known, hint=f"Vendors are {', '.join(known)}.")
    return read_vendor((_folder() / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def read_vendor(text: str, name: str) -> Vendor:
    """Read the text of a vendor file.

    Raises
    ------
    DefinitionError
        With every mistake in it, by line.
    """
    try:
        reader = VendorReader(documents.read_document(text, name))
    except documents.DocumentError as error:
        raise DefinitionError.of([error.problem]) from None
    found = reader.vendor()
    if reader.problems or found is None:
        raise DefinitionError.of(reader.problems)
    return found


def _folder() -> Traversable:
    return resources.files("satsuma.connectors") / "vendors"


def _is_file(item: Traversable) -> bool:
    return item.name.endswith(".yaml") and not item.name.startswith(".")
