"""Whether a group can be reached: which contact is known, who agreed to what, and how long ago anybody was heard of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.evaluation.columns import Mask
from satsuma.evidence.groups import Groups
from satsuma.evidence.separation import Effects, effects
from satsuma.evidence.traits import Described, sums, yes_no
from satsuma.segments.frame import CustomerFrame

#: The classes of personal data that are ways to reach somebody, and what each is called.
CONTACTS = (("e-mail", "user.contact.email", "email"), ("telephone", "user.contact.phone_number", "phone"))
#: Somebody heard of within so many days counts as fresh.
FRESH_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A share of a group, beside all others. chance : 95 % of random groups differ by less, as Cohen's h."""

    what: str
    share: float
    others: float
    h: float
    chance: float

    @property
    def is_beyond_chance(self) -> bool:
        return abs(self.h) > self.chance

    def as_dict(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**found, "is_beyond_chance": self.is_beyond_chance}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a group can be reached. contacts, consents : in the order of channels and of purposes.

    fresh : with an event of the last 90 days. median_days : since the last event, of those who have any.
    """

    contacts: tuple[Reached, ...]
    consents: tuple[Reached, ...]
    fresh: Reached | None
    median_days: float | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "contacts": [item.as_dict() for item in self.contacts],
            "consents": [item.as_dict() for item in self.consents],
            "fresh": None if self.fresh is None else self.fresh.as_dict(),
            "median_days": self.median_days,
        }


def reaches(
    groups: Groups, frame: CustomerFrame, engine: DuckDB, catalog: Catalog, purposes: Iterable[str],
    tested: Sequence[bool],
) -> list[Reach | None]:  # fmt: skip
    """Return how each group can be reached; None of those that are too small to tell."""
    contacts = _contacts(frame, catalog)
    consents = [yes_no(purpose, granted(engine, frame, purpose)) for purpose in purposes]
    days = days_since(engine, frame)
    heard = ~np.isnan(days)
    asked = [*contacts, *consents]
    if heard.any():
        asked.append(yes_no(f"an event of the last {FRESH_DAYS} days", np.nan_to_num(days, nan=np.inf) <= FRESH_DAYS))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [effects(item) for item in sums(groups, asked)]
    cut = len(contacts) + len(consents)
    return [
        Reach(
            contacts=tuple(_reached(item, number) for item in found[: len(contacts)]),
            consents=tuple(_reached(item, number) for item in found[len(contacts) : cut]),
            fresh=_reached(found[cut], number) if heard.any() else None,
            median_days=_median(days, groups.mask(number) & heard),
        )
        if is_tested
        else None
        for number, is_tested in enumerate(tested)
    ]


def _reached(found: Effects, number: int) -> Reached:
    h, outside = float(found.effect[number]), float(found.outside[number])
    return Reached(
        what=found.trait.name, share=float(found.inside[number]), others=outside, h=h if np.isfinite(h) else 0.0,
        chance=float(np.nan_to_num(found.control[number])),
    )  # fmt: skip


def contacts_known(frame: CustomerFrame, catalog: Catalog) -> Iterator[tuple[str, str, list[str], Mask]]:
    """Yield each way to reach customers that a trait tells of: its word, its form, the traits, and whose is known."""
    for word, class_, form in CONTACTS:
        names = [
            name for name, info in catalog.traits.items()
            if name in frame.traits and (info.personal_data == class_ or info.format == form)
        ]  # fmt: skip
        if names:
            yield word, form, names, np.logical_or.reduce([frame.column(name).present for name in names])


def _contacts(frame: CustomerFrame, catalog: Catalog) -> list[Described]:
    found = []
    for title, _, _, known in contacts_known(frame, catalog):
        found.append(yes_no(title, known))
    return found


def granted(engine: DuckDB, frame: CustomerFrame, purpose: str) -> NDArray[np.bool_]:
    """Return whose last decision about a purpose allows it; of two at once a refusal holds."""
    known = "" if frame.known_at is None else f" AND received_at <= CAST({literal(str(frame.known_at))} AS TIMESTAMP)"
    table = engine.table(
        f"""SELECT customer_no FROM (
            SELECT customer_no, status, row_number() OVER (
                PARTITION BY customer_no ORDER BY time DESC, received_at DESC, status) AS place
            FROM consents WHERE purpose = {literal(purpose)} AND customer_no IS NOT NULL
                AND time <= CAST({literal(str(frame.as_of))} AS TIMESTAMP){known}) AS decisions
        WHERE place = 1 AND status = 'granted'"""
    )
    return np.isin(frame.numbers, table.column(0).to_numpy())


def days_since(engine: DuckDB, frame: CustomerFrame) -> NDArray[np.float64]:
    """Return the days since the last event of each customer; NaN of one without any."""
    moment = f"CAST({literal(str(frame.as_of))} AS TIMESTAMP)"
    known = "superseded_at IS NULL"
    if frame.known_at is not None:
        at = f"CAST({literal(str(frame.known_at))} AS TIMESTAMP)"
        known = f"received_at <= {at} AND (superseded_at IS NULL OR superseded_at > {at})"
    table = engine.table(
        f"""SELECT customer_no, date_diff('second', max(time), {moment}) / 86400.0 AS days FROM events
        WHERE customer_no IS NOT NULL AND time <= {moment} AND {known} GROUP BY customer_no"""
    )
    days = np.full(frame.size, np.nan)
    numbers = table.column(0).to_numpy()
    if frame.size and len(numbers):
        place = np.minimum(np.searchsorted(frame.numbers, numbers), frame.size - 1)
        there = frame.numbers[place] == numbers
        days[place[there]] = table.column(1).to_numpy()[there]
    return days


def _median(days: NDArray[np.float64], mask: NDArray[np.bool_]) -> float | None:
    return float(np.median(days[mask])) if mask.any() else None
