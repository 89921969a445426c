"""The one gate that every export passes: what would leave, of which class, and the record of it.

The owner of a workspace may export anything it holds; what left is recorded, and a person is told when a sensitive
trait or contact data are among it. Consent, purpose and the suppression of small groups are questions asked of the
same `Release`, in `release`, so that no way out can forget them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from satsuma.catalog import TraitInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What an export would let out. `columns` are names of traits; `customer_id` always leaves with them.

    customers : how many customers (or accounts, as `entity` says).
    personal_data : per column, its class (a Fideslang key) where it has one.
    """

    segment: str
    customers: int
    entity: str = "customer"
    columns: tuple[str, ...]
    personal_data: Mapping[str, str]
    sensitive: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who exports should know, as sentences."""
        notes = []
        if self.sensitive:
            notes.append(
                f"Sensitive data are in this file: {', '.join(self.sensitive)}. Share it with nobody who need not."
            )
        if self.personal_data:
            notes.append(f"Personal data are in this file: {', '.join(self.personal_data)}.")
        return tuple(notes)

    def as_record(self) -> dict[str, Any]:
        """Return what the ledger keeps: names and counts, no values."""
        return {
            "segment": self.segment,
            "customers": self.customers,
            "columns": list(self.columns),
            "sensitive": list(self.sensitive),
        }


def release(
    segment: str, customers: int, columns: Sequence[str], traits: Mapping[str, TraitInfo], entity: str = "customer"
) -> Release:
    """Decide what leaves.

    Parameters
    ----------
    segment : name of the segment.
    customers : how many customers are in it.
    columns : names of the traits asked for, all known to exist.
    traits : the catalogue's loaded traits; a computed trait is not in it and has no class of its own.
    entity : `customer`, or `account` for a segment of accounts.
    """
    known = {name: traits[name] for name in columns if name in traits}
    return Release(
        segment=segment,
        customers=customers,
        entity=entity,
        columns=tuple(columns),
        personal_data={name: info.personal_data for name, info in known.items() if info.personal_data},
        sensitive=tuple(name for name, info in known.items() if info.sensitive),
    )
