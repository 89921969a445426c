"""What was known of customers at past cut-offs, and what happened in the window after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.prediction.encoding import FeatureKind

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshots:
    """One row per customer and cut-off.

    values : array of float, shape (n, features), NaN where missing; yes_no as 0 and 1, categories as whole numbers
        that mean the same at every cut-off.
    names, kinds : of the features.
    outcome : shape (n,): 1 where the event happened in the window, else 0; or the amount.
    customer : array of int, shape (n,). cutoff : array of int, shape (n,): the number of the cut-off, later ones
        higher. The windows of training cut-offs must have closed by the test cut-off; this is the caller's to see to.
    rules : what a marketer would look at instead of a model, by name, shape (n,) each, NaN where it knows nothing.
    groups : labels by which errors are told apart, by name, shape (n,) each.
    """

    values: Floats
    names: tuple[str, ...]
    kinds: tuple[FeatureKind, ...]
    outcome: Floats
    customer: Whole
    cutoff: Whole
    rules: Mapping[str, Floats] = field(default_factory=dict)
    groups: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        rows = len(self.outcome)
        if self.values.ndim != 2 or self.values.shape != (rows, len(self.names)) or len(self.kinds) != len(self.names):
            raise ValueError("Values, names, kinds and outcomes do not fit together.")
        columns = [self.customer, self.cutoff, *self.rules.values(), *self.groups.values()]
        if any(len(column) != rows for column in columns):
            raise ValueError("Customers, cut-offs, rules and groups must have one entry per row.")
        if not np.isfinite(self.outcome).all():
            raise ValueError("Outcomes must be numbers.")

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.outcome)

    def taken(self, rows: NDArray[Any]) -> Snapshots:
        """Return some of the rows, given by number or by a mask."""
        return replace(
            self, values=self.values[rows], outcome=self.outcome[rows], customer=self.customer[rows],
            cutoff=self.cutoff[rows], rules={name: column[rows] for name, column in self.rules.items()},
            groups={name: column[rows] for name, column in self.groups.items()},
        )  # fmt: skip

    def ordered(self) -> Snapshots:
        """Return the rows by customer and cut-off, so that nothing depends on the order in which they came.

        Raises
        ------
        ValueError
            When a customer has two rows at one cut-off.
        """
        order = np.lexsort((self.cutoff, self.customer))
        customer, cutoff = self.customer[order], self.cutoff[order]
        if ((customer[1:] == customer[:-1]) & (cutoff[1:] == cutoff[:-1])).any():
            raise ValueError("A customer has two rows at one cut-off.")
        return self.taken(order)
