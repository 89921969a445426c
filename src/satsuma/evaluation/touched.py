"""Whom a refresh looks at again: customers with new rows, and those with an event that crossed a border of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.language.durations import from_microseconds
from satsuma.language.locality import Span
from satsuma.language.types import Entity

Numbers = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Whom loads touched, by what they brought: customers (and accounts) as sorted numbers."""

    events: Numbers
    traits: Numbers
    consents: Numbers
    accounts: Numbers

    def customers(self) -> Numbers:
        return union(self.events, self.traits, self.consents)


def union(*parts: Numbers) -> Numbers:
    """Return every number of several sets once, in ascending order."""
    return np.unique(np.concatenate([part.astype(np.uint32) for part in parts]))


def loaded_since(engine: DuckDB, last_load: int) -> Loaded:
    """Find whom loads after `last_load` touched."""
    after = f"load_id > {last_load}"

    def facts(entity: Entity) -> Numbers:
        whose = f"{after} AND entity = {literal(entity)}"
        return _numbers(
            engine,
            f"SELECT entity_no FROM fact_changes WHERE {whose}",
            f"SELECT entity_no FROM trait_changes WHERE {whose}",
        )

    return Loaded(
        events=_numbers(
            engine,
            f"SELECT customer_no FROM events WHERE {after}",
            f"SELECT customer_no FROM supersessions WHERE {after}",
        ),
        traits=facts("customer"),
        consents=_numbers(engine, f"SELECT customer_no FROM consents WHERE {after}"),
        accounts=union(facts("account"), _numbers(engine, f"SELECT account_no FROM account_members WHERE {after}")),
    )


def clock_moved(
    engine: DuckDB, span: Span, slices: Iterable[tuple[str, int, int]], entity: Entity = "customer"
) -> Numbers:
    """Find the customers (or accounts, which have no slices of their own) whom the passing of time may have moved.

    Parameters
    ----------
    slices : (event, low, high] of time, in microseconds, of events that entered or left a window.
    """
    passed = f"> {_moment(span.before.as_of)} AND {{0}} <= {_moment(span.after.as_of)}"
    whose = f"SELECT entity_no FROM trait_changes WHERE entity = {literal(entity)}"
    changed = f"{whose} AND valid_from {passed.format('valid_from')}"
    if entity == "account":
        return _numbers(engine, changed)
    return _numbers(
        engine,
        changed,
        f"SELECT customer_no FROM consents WHERE time {passed.format('time')}",
        *(_crossing(event, joined) for event, joined in _joined(slices).items()),
    )


def _joined(slices: Iterable[tuple[str, int, int]]) -> dict[str, list[tuple[int, int]]]:
    """Return the slices by event, those that overlap or touch as one."""
    found: dict[str, list[tuple[int, int]]] = {}
    for event, low, high in sorted(slices):
        joined = found.setdefault(event, [])
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return found


def _crossing(event: str, slices: Iterable[tuple[int, int]]) -> str:
    inside = " OR ".join(f"(time > {_moment(low)} AND time <= {_moment(high)})" for low, high in slices)
    return f"SELECT customer_no FROM events WHERE name = {literal(event)} AND superseded_at IS NULL AND ({inside})"


def _moment(microseconds: int) -> str:
    return f"CAST({literal(str(from_microseconds(microseconds)))} AS TIMESTAMP)"


def _numbers(engine: DuckDB, *queries: str) -> Numbers:
    parts = [engine.table(f"SELECT DISTINCT no FROM ({query}) found(no) WHERE no IS NOT NULL") for query in queries]
    return union(*(part.column(0).to_numpy() for part in parts))


def product_loads(engine: DuckDB, last_load: int) -> bool:
    """Say whether products were loaded since: what they say of a product holds for every event with it."""
    return bool(engine.rows(f"SELECT 1 FROM loads WHERE load_id > {last_load} AND kind = 'products' LIMIT 1"))
