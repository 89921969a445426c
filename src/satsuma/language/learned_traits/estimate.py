"""`estimate`: what a model of purchases, or of renewals, says of each customer.

estimate: {p_alive: Order Completed}
estimate: {expected_orders: Order Completed, horizon: 90d}
estimate: {expected_spend: Order Completed, of: revenue}
estimate: {clv: Order Completed, of: revenue, horizon: 1y, margin: 30%, discount: 10%}
estimate: {retention: Subscription Renewed, contract: 30d}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from satsuma.catalog import NUMERIC, Kind, ValueType
from satsuma.errors import nearest
from satsuma.language.durations import MICROSECONDS_PER_DAY, duration_words
from satsuma.language.formula import an
from satsuma.language.methods import Reads
from satsuma.language.types import Condition, Measure
from satsuma.language.words import quoted

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.locality import Span
    from satsuma.language.reader import Reader

Quantity = Literal["p_alive", "expected_orders", "expected_spend", "clv", "retention"]
QUANTITIES: tuple[str, ...] = get_args(Quantity)
#: Models of those who are free to leave unseen, the default first.
MODELS = ("mbg_nbd", "pareto_nbd", "bg_nbd")
#: Units of time, in days.
UNITS = {"day": 1.0, "week": 7.0, "month": 30.4375}
NEEDS_HORIZON = ("expected_orders", "clv")
NEEDS_MONEY = ("expected_spend", "clv")
SETTINGS = ("of", "where", "horizon", "margin", "discount", "model", "unit", "contract", "refit_every")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is estimated of the purchases (or renewals) of one event.

    of : the property that holds the money. horizon : microseconds ahead. margin, discount : shares of one; the
    discount is by year. model, unit : of purchases. contract : microseconds of one contract, where leaving is seen.
    refit_every : microseconds after which the kept model is fitted anew; None: only when asked.
    """

    quantity: Quantity
    event: str
    of: str = "revenue"
    where: Condition | None = None
    horizon: int | None = None
    margin: float = 1.0
    discount: float = 0.0
    model: str = MODELS[0]
    unit: str = "week"
    contract: int | None = None
    refit_every: int | None = None
    money: bool = True
    at: Path_ = field(default=(), compare=False)

    def _measure(self, aggregate: Any, of: str | None = None) -> Measure:
        return Measure(event=self.event, aggregate=aggregate, of=of, where=self.where, at=self.at)

    @property
    def days(self) -> Measure:
        """On how many days each customer bought: several purchases on one day are one."""
        return self._measure("days_active")

    @property
    def first(self) -> Measure:
        return self._measure("first_time")

    @property
    def last(self) -> Measure:
        return self._measure("last_time")

    @property
    def spend(self) -> Measure:
        return self._measure("sum", self.of)

    @property
    def needs_spend(self) -> bool:
        return self.quantity in NEEDS_MONEY

    @property
    def model_name(self) -> str:
        """The name of the model that traits of the same purchases share."""
        kind = "renewals" if self.contract is not None else self.model
        slug = "_".join("".join(letter if letter.isalnum() else " " for letter in self.event.lower()).split())
        plain = (self.event, kind, self.unit, self.contract, None if self.where is None else repr(self.where), self.of)
        if plain == (self.event, kind, "week", self.contract, None, "revenue"):
            return f"{slug}_{kind}"
        digest = hashlib.md5(repr(plain).encode(), usedforsecurity=False).hexdigest()[:6]
        return f"{slug}_{kind}_{digest}"


class EstimateWay:
    """Values from a model of when customers buy, and how much they spend."""

    name = "estimate"
    kind: Kind = "predictive"

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, value: Any, path: Path_) -> Estimate | None:
        given = reader.mapping(value, path, "'estimate'")
        if given is None:
            return None
        found = [key for key in QUANTITIES if key in given]
        if len(found) != 1:
            heads = ", ".join(QUANTITIES)
            reader.problem(path, f"'estimate' begins with one of {heads}, and the event: {{p_alive: Order Completed}}.")
            return None
        quantity: Any = found[0]
        allowed = (quantity, *SETTINGS)
        for key in given:
            if key not in allowed:
                message = f"'{key}' is not known in 'estimate'; allowed: {', '.join(allowed)}."
                reader.problem((*path, key), message, nearest(key, allowed))
        event = reader.name(given, quantity, path)
        where = reader.condition(given["where"], (*path, "where"), of_event=True) if "where" in given else None
        settings: dict[str, Any] = {
            "of": reader.name(given, "of", path) if "of" in given else "revenue",
            "margin": _share(reader, given, "margin", path, 1.0, 1.0),
            "discount": _share(reader, given, "discount", path, 0.0, 10.0),
            "model": reader.choice(given, "model", MODELS, path) or MODELS[0],
            "unit": reader.choice(given, "unit", tuple(UNITS), path) or "week",
        }
        for key in ("horizon", "contract", "refit_every"):
            settings[key] = reader.duration(given[key], (*path, key), f"'{key}'") if key in given else None
            if settings[key] is not None and settings[key] < MICROSECONDS_PER_DAY:
                reader.problem((*path, key), f"'{key}' must be at least a day.")
        self._fitting(reader, given, quantity, path)
        if event is None or settings["of"] is None:
            return None
        return Estimate(quantity=quantity, event=event, where=where, at=path, **settings)

    def _fitting(self, reader: Reader, given: dict[str, Any], quantity: str, path: Path_) -> None:
        """Report what is missing, and what says nothing about this quantity."""
        if quantity in NEEDS_HORIZON and "horizon" not in given:
            reader.problem(path, f"'{quantity}' needs 'horizon:', how far ahead: 90d or 1y.")
        if quantity == "retention" and "contract" not in given:
            reader.problem(path, "'retention' needs 'contract:', how long one contract runs: 30d or 1y.")
        idle = {
            "horizon": quantity not in NEEDS_HORIZON, "of": quantity not in NEEDS_MONEY,
            "margin": quantity != "clv", "discount": quantity != "clv",
            "model": "contract" in given, "unit": "contract" in given,
        }  # fmt: skip
        for key, is_idle in idle.items():
            if is_idle and key in given:
                beside = "'contract'" if key in ("model", "unit") else f"'{quantity}'"
                reader.problem((*path, key), f"'{key}' has no meaning together with {beside}; leave it out.")

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: Estimate) -> Estimate:
        if checker.entity == "account":
            checker.problem(("estimate",), "'estimate' is of customers; the traits of accounts measure or compute.")
        days = checker.measure(settings.days)
        settings = replace(settings, where=days.where)
        if settings.needs_spend:
            spend = checker.measure(settings.spend)
            type_ = checker.measure_type(spend)
            if type_ not in NUMERIC:
                checker.problem(settings.at, f"'of' needs a number; '{settings.of}' is {an(type_)}.")
            settings = replace(settings, of=spend.of or settings.of, money=type_ == "money")
        return settings

    def type(self, settings: Estimate) -> ValueType:
        return "money" if settings.needs_spend and settings.money else "number"

    def reads(self, settings: Estimate) -> Reads:
        spend = (settings.spend,) if settings.needs_spend else ()
        return Reads(measures=(settings.days, settings.first, settings.last, *spend))

    def needs_everybody(self, settings: Estimate, span: Span, *, is_kept: bool) -> bool:  # noqa: ARG002
        """Days since the last purchase grow at midnight."""
        return span.day_changed or not is_kept

    def explain(self, settings: Estimate) -> Iterable[str]:
        event = quoted(settings.event)
        horizon = "" if settings.horizon is None else duration_words(settings.horizon)
        yield {
            "p_alive": f"The probability that the customer will come back for {event} at all.",
            "expected_orders": f"How many days with {event} to expect in the next {horizon}.",
            "expected_spend": f"What one day with {event} is expected to bring ({settings.of}).",
            "clv": f"What {event} is expected to bring in the next {horizon} ({settings.of}), "
            f"{_shown(settings.margin)} of it kept, discounted by {_shown(settings.discount)} a year.",
            "retention": f"The probability that the next contract ({event}) is renewed.",
        }[settings.quantity]
        if settings.where is not None:
            yield "Only some of these events count (see 'where')."
        if settings.contract is not None:
            yield (
                f"Contracts run for {duration_words(settings.contract)}; who has not renewed a quarter of that later "
                "has left. Renewals by the shifted beta-geometric distribution (Fader and Hardie 2007)."
            )
        else:
            yield (
                f"It comes from the model {settings.model} of how often, how lately and for how long each customer "
                f"bought, in units of a {settings.unit}, fitted on everybody and kept as '{settings.model_name}'."
            )
        yield "Who never bought has no value."


def _share(reader: Reader, given: dict[str, Any], key: str, path: Path_, default: float, most: float) -> float:
    """Read a share: 0.3 or 30%."""
    value = given.get(key, default)
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            value = float(value.strip()[:-1]) / 100
        except ValueError:
            value = None
    lowest_is_allowed = default == 0.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        share = float(value)
        if (share > 0 or (lowest_is_allowed and share == 0)) and share <= most:
            return share
    low = "from 0" if lowest_is_allowed else "above 0"
    reader.problem((*path, key), f"'{key}' is a share {low} up to {most:g}, such as 0.3 or 30%.")
    return default


def _shown(share: float) -> str:
    return f"{100 * share:g} %"
