"""Who is evaluated, and the place of each in every array of the evaluation.

Customers or accounts; all of them, whose place is their number, or some, whose place is their rank among them. One
code thus serves a full run, the customers that a batch of rows touched, one customer alone, and accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from satsuma.engines.engine import Engine
from satsuma.language.types import Entity

#: The tables that hold each kind, and the columns of number and id.
TABLES: dict[Entity, tuple[str, str, str]] = {
    "customer": ("customers", "customer_no", "customer_id"),
    "account": ("accounts", "account_no", "account_id"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Those who are evaluated.

    numbers : their numbers in ascending order; None for everybody.
    places : arrow table (customer_no, place) by which events reach their place; None where the customer's number is
        the place. An event of somebody in two accounts has two rows.
    size : the length of every array: one more than the highest place.
    """

    entity: Entity
    size: int
    numbers: NDArray[np.uint32] | None = None
    places: pa.Table | None = None

    @property
    def is_everybody(self) -> bool:
        return self.numbers is None


def everybody(engine: Engine) -> Roster:
    """Return all customers."""
    return Roster("customer", _size(engine, "customer"))


def some_customers(numbers: NDArray[np.uint32]) -> Roster:
    """Return some customers, given by number."""
    chosen = np.unique(np.asarray(numbers, np.uint32))
    places = pa.table({"customer_no": chosen, "place": np.arange(len(chosen), dtype=np.uint32)})
    return Roster("customer", len(chosen), chosen, places)


def all_accounts(engine: Engine) -> Roster:
    """Return all accounts; their events are those of the customers who belong to them."""
    return Roster("account", _size(engine, "account"), None, memberships(engine))


def some_accounts(engine: Engine, numbers: NDArray[np.uint32]) -> Roster:
    """Return some accounts, given by number."""
    chosen = np.unique(np.asarray(numbers, np.uint32))
    linked = memberships(engine)
    accounts = linked.column("place").to_numpy()
    kept = np.isin(accounts, chosen)
    places = np.searchsorted(chosen, accounts[kept]).astype(np.uint32)
    table = pa.table({"customer_no": linked.column("customer_no").to_numpy()[kept], "place": places})
    return Roster("account", len(chosen), chosen, table)


def accounts_of(engine: Engine, customers: Roster) -> Roster:
    """Return the accounts that the customers on a roster belong to."""
    if customers.numbers is None:
        return all_accounts(engine)
    return some_accounts(engine, through_members(engine, customers.numbers))


def through_members(engine: Engine, customers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the accounts that some customers belong to."""
    linked = memberships(engine)
    accounts: NDArray[np.uint32] = linked.column("place").to_numpy()
    return np.unique(accounts[np.isin(linked.column("customer_no").to_numpy(), customers)])


def members_of(engine: Engine, accounts: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the customers who belong to some accounts."""
    linked = memberships(engine)
    customers: NDArray[np.uint32] = linked.column("customer_no").to_numpy()
    return np.unique(customers[np.isin(linked.column("place").to_numpy(), accounts)])


def memberships(engine: Engine) -> pa.Table:
    """Return which customer belongs to which account, each pair once: (customer_no, place = account_no).

    Who was erased belongs to none: nothing of an erased customer counts anywhere.
    """
    return engine.table(
        "SELECT DISTINCT m.customer_no, m.account_no AS place FROM account_members m "
        "JOIN customers c ON c.customer_no = m.customer_no WHERE c.erased_at IS NULL ORDER BY 1, 2"
    )


def _size(engine: Engine, entity: Entity) -> int:
    table, number, _ = TABLES[entity]
    highest = engine.value(f"SELECT max({number}) FROM {table}")
    return 0 if highest is None else int(highest) + 1
