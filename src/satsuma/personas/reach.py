"""How customers can be reached: a contact that is known, a consent, and how lately anything was heard of them.

Of a contact only its presence is read, never the address or number itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.evidence.reach import contacts_known, days_since, granted
from satsuma.personas.facts import Fact
from satsuma.personas.grounds import Ground, amount_of
from satsuma.segments.frame import CustomerFrame
from satsuma.statistics.statements.questions import Amounts, levels_question


def reach_facts(frame: CustomerFrame, engine: DuckDB, catalog: Catalog, purposes: Iterable[str]) -> list[Fact]:
    """Return the facts of contacts, consents and freshness; what nobody has, or everybody, is no fact.

    Parameters
    ----------
    purposes : those that a consent can be about.
    """
    return [*_contacts(frame, catalog), *_consents(frame, engine, sorted(purposes)), *_fresh(frame, engine, catalog)]


def _contacts(frame: CustomerFrame, catalog: Catalog) -> Iterator[Fact]:
    for word, form, names, known in contacts_known(frame, catalog):
        made_from = frozenset(("trait", name) for name in names)
        article = "an" if word[0] in "aeiou" else "a"
        yield from _flag(f"contact {form}", f"{article.capitalize()} {word} contact", known, made_from)


def _consents(frame: CustomerFrame, engine: DuckDB, purposes: Iterable[str]) -> Iterator[Fact]:
    for purpose in purposes:
        yield from _flag(
            f"consent {purpose}", f"Consent to {purpose.replace('_', ' ')}", granted(engine, frame, purpose),
            frozenset({("purpose", purpose)}),
        )  # fmt: skip


def _flag(name: str, title: str, held: NDArray[np.bool_], made_from: frozenset[Ground]) -> Iterator[Fact]:
    if held.any() and not held.all():
        yield Fact(
            name=name, title=title, topic="reach", form="flag", question=levels_question(held.astype(np.int64), 2),
            levels=("no", "yes"), type="boolean", grounds=made_from,
        )  # fmt: skip


def _fresh(frame: CustomerFrame, engine: DuckDB, catalog: Catalog) -> Iterator[Fact]:
    """Yield the days since anything was heard of each customer, by any event: an amount of all of them."""
    days = days_since(engine, frame)
    known = days[~np.isnan(days)]
    if len(known) and known.min() < known.max():
        yield Fact(
            name="last heard of", title="Last heard of", topic="reach", form="amount", question=Amounts(days),
            type="number", unit="days ago", grounds=frozenset(amount_of(event) for event in catalog.events),
        )  # fmt: skip
