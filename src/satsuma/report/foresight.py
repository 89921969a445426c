"""What models say of the time ahead, as plain values for the report: no engine, no workspace, no clock.

A number that is None could not be told: nobody was in a group, or a model has no such part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveGrid:
    """P(alive) by how often and how lately, of a customer who is as old as the one in the middle.

    often : on how many days the customer bought, ascending. days_since : days since the last of them, ascending.
    alive : one row for each of `often`; None where no customer can be.
    """

    age_days: int
    often: tuple[int, ...]
    days_since: tuple[int, ...]
    alive: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Repeat purchases of all customers up to the end of each period of the calendar, actual and expected."""

    unit: str
    periods: tuple[int, ...]
    actual: tuple[float | None, ...]
    expected: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyRow:
    """Customers of one number of repeat purchases, and what they bought on average on the days held back."""

    repeats: int
    and_more: bool = False
    customers: int
    actual: float | None
    expected: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendModel:
    """What a day with a purchase brings. mean : of a customer of whom nothing is known; None where it has none."""

    mean: float | None
    correlation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseModel:
    """A model of when customers buy who are free to leave unseen.

    traits : titles of those that read it. total_actual, total_expected : on the days held back.
    """

    name: str
    event: str
    model: str
    customers: int
    unit: str
    traits: tuple[str, ...] = ()
    parameters: tuple[tuple[str, float | None], ...] = ()
    log_likelihood: float | None = None
    notes: tuple[str, ...] = ()
    grid: AliveGrid | None = None
    tracking: Tracking | None = None
    by_frequency: tuple[FrequencyRow, ...] = ()
    held_back_days: int = 0
    total_actual: float | None = None
    total_expected: float | None = None
    validation_note: str = ""
    spend: SpendModel | None = None

    @property
    def is_blind(self) -> bool:
        """Whether P(alive) is the same for all, so that it tells nobody apart."""
        cells = [cell for row in (self.grid.alive if self.grid else ()) for cell in row if cell is not None]
        return bool(cells) and max(cells) - min(cells) < 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalStep:
    """One renewal, counted from 1: customers who came to it, those who renewed, and the share expected to."""

    renewal: int
    asked: int
    renewed: int
    expected: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalModel:
    """A model of contracts, whose end is seen."""

    name: str
    event: str
    contract_days: float
    customers: int
    traits: tuple[str, ...] = ()
    steps: tuple[RenewalStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenth:
    """A tenth of the customers of the test, those with the highest predictions first.

    rate : share to whom it happened, or mean amount. low, high : its interval; all ten hold together at 99 %.
    lift : rate over that of all. gain : share of all that lies in this tenth and those before it.
    """

    size: int
    rate: float | None
    predicted: float | None
    low: float | None
    high: float | None
    lift: float | None
    gain: float | None

    @property
    def is_inside(self) -> bool | None:
        """Whether the mean prediction lies in the interval; None where there is none."""
        if self.low is None or self.high is None or self.predicted is None:
            return None
        return self.low <= self.predicted <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much the loss rises when a feature is shuffled, and how much that differs between shuffles."""

    feature: str
    increase: float
    spread: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFit:
    """How a prediction does for customers of one label. fails : what was predicted lies outside the interval."""

    grouping: str
    label: str
    customers: int
    rate: float | None
    predicted: float | None
    low: float | None
    high: float | None
    fails: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A prediction and the judgement on it, from customers at a later moment than those it learned from.

    about : what is predicted, in words. moments : how many past moments it learned from.
    says_rule : where it is not offered, its values are those of the best rule (`otherwise: rule`).
    base : share to whom it happened, or mean amount, among the customers of the test.
    order, order_of_best : AUC of the model and of the best baseline (for amounts: the Gini coefficient).
    level_is_off : predictions are too high or too low on the whole, by more than chance.
    baseline_tenths : the same tenths by the best baseline.
    """

    name: str
    title: str
    about: str = ""
    is_amount: bool = False
    is_money: bool = False
    horizon_days: float
    moments: int
    tested_at: datetime | None
    customers: int
    base: float | None
    is_offered: bool
    says_rule: bool = False
    verdict: str
    best_baseline: str
    leads_in_best_tenth: bool = False
    level_is_off: bool = False
    order: float | None = None
    order_of_best: float | None = None
    tenths: tuple[Tenth, ...] = ()
    baseline_tenths: tuple[Tenth, ...] = ()
    needs: tuple[Need, ...] = ()
    groups: tuple[GroupFit, ...] = ()
    alarms: tuple[str, ...] = ()
    drift: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """All models of a run."""

    purchases: tuple[PurchaseModel, ...] = ()
    renewals: tuple[RenewalModel, ...] = ()
    predictions: tuple[Prediction, ...] = ()
