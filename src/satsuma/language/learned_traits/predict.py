"""`predict`: the probability of an event (or of none) within a horizon, or the amount to expect.

predict: {probability_of: {not_did: Order Completed, within: 90d}, for: {segment: buyers}}
predict: {probability_of: {did: Order Completed, count: {gte: 2}}, horizon: 30d}
predict: {amount_of: {did: Order Completed, sum: {of: revenue}}, horizon: 90d}
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from satsuma.catalog import NUMERIC, Kind, ValueType
from satsuma.errors import nearest
from satsuma.language.durations import MICROSECONDS_PER_DAY, duration_words
from satsuma.language.formula import an
from satsuma.language.learned_traits.features import Feature, features_of
from satsuma.language.methods import Reads
from satsuma.language.reading_habits import HABITS
from satsuma.language.reading_scalars import Raw
from satsuma.language.types import ALL_TIME, AggregateName, Condition, Measure, SegmentLeaf, Test, Window
from satsuma.language.words import quoted

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.locality import Span
    from satsuma.language.reader import Reader

SETTINGS = ("horizon", "for", "traits", "without", "cutoffs", "every", "otherwise", "refit_every")
HEADS = ("probability_of", "amount_of")
CUTOFFS = 4
#: What a model of purchases sees of the predicted event, as one of the rules to beat.
HISTORY: tuple[AggregateName, ...] = ("days_active", "first_time", "last_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Predict:
    """What is predicted, of whom, and from what.

    target : the measure of the window ahead (its window is open here). test : what it must pass, for a probability.
    horizon : microseconds ahead. among : of whom, at each cut-off. traits : to look at, None for all that are fit.
    cutoffs : snapshots for training, at most. every : microseconds between them. otherwise : what those get for whom
    nothing better than a rule was found: `nothing`, or what the best `rule` says. refit_every : microseconds after
    which the kept model is fitted anew; None: only when asked.
    """

    target: Measure
    test: Test | None
    horizon: int
    among: Condition | None = None
    traits: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    cutoffs: int = CUTOFFS
    every: int | None = None
    otherwise: Literal["nothing", "rule"] = "nothing"
    refit_every: int | None = None
    negated: bool = False
    features: tuple[Feature, ...] = ()
    money: bool = False
    at: Path_ = field(default=(), compare=False)

    @property
    def wanted(self) -> Literal["probability", "amount"]:
        return "amount" if self.test is None else "probability"

    def ahead(self) -> Measure:
        """Return the measure of the window ahead, as asked at its end."""
        return replace(self.target, window=Window(oldest=self.horizon))


class PredictWay:
    """Values from a model that learned at past moments what came after."""

    name = "predict"
    kind: Kind = "predictive"

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, value: Any, path: Path_) -> Predict | None:
        given = reader.mapping(value, path, "'predict'")
        if given is None:
            return None
        heads = [key for key in HEADS if key in given]
        if len(heads) != 1:
            reader.problem(path, "'predict' needs exactly one of 'probability_of:' and 'amount_of:'.")
            return None
        allowed = (*HEADS, *SETTINGS)
        for key in given:
            if key not in allowed:
                message = f"'{key}' is not known in 'predict'; allowed: {', '.join(allowed)}."
                reader.problem((*path, key), message, nearest(key, allowed))
        read = self._target(reader, given[heads[0]], (*path, heads[0]), heads[0])
        horizon = reader.duration(given["horizon"], (*path, "horizon"), "'horizon'") if "horizon" in given else None
        among = self._among(reader, given, path)
        settings: dict[str, Any] = {
            "traits": _names(reader, given, "traits", path),
            "without": _names(reader, given, "without", path) or (),
            "cutoffs": reader.integer(given, "cutoffs", path, low=1, high=24, default=CUTOFFS),
            "every": reader.duration(given["every"], (*path, "every"), "'every'") if "every" in given else None,
            "refit_every": reader.duration(given["refit_every"], (*path, "refit_every"), "'refit_every'")
            if "refit_every" in given
            else None,
            "otherwise": reader.choice(given, "otherwise", ("nothing", "rule"), path) or "nothing",
        }
        if read is None:
            return None
        target, test, within, negated = read
        if horizon is None:
            horizon = within
        elif within is not None and within != horizon:
            reader.problem(
                (*path, "horizon"), "'horizon' and the target's 'within' say different things; leave one out."
            )
        if horizon is None:
            if "horizon" not in given:
                reader.problem(path, "'predict' needs 'horizon:', how far ahead: 30d or 90d.")
            return None
        if not MICROSECONDS_PER_DAY <= horizon <= 1100 * MICROSECONDS_PER_DAY:
            reader.problem((*path, "horizon"), "'horizon' must be from 1 to 1,100 days.")
        return Predict(target=target, test=test, horizon=horizon, among=among, negated=negated, at=path, **settings)

    def _among(self, reader: Reader, given: dict[str, Any], path: Path_) -> Condition | None:
        if "for" not in given:
            return None
        value = given["for"]
        if isinstance(value, dict) and set(value) == {"segment"} and isinstance(value["segment"], str):
            return SegmentLeaf(segment=value["segment"], at=(*path, "for", "segment"))
        reader.problem((*path, "for"), "'for' is written {segment: its_name}.")
        return None

    def _target(
        self, reader: Reader, value: Any, path: Path_, head: str
    ) -> tuple[Measure, Test | None, int | None, bool] | None:
        """Read the event ahead; return its measure, what it must pass, how far ahead it says, and whether none is."""
        given = reader.mapping(value, path, f"'{head}'")
        if given is None:
            return None
        negated = "not_did" in given
        if not negated and "did" not in given:
            reader.problem(
                path, f"'{head}' begins with 'did: the event's name'{'' if head == HEADS[1] else ' (or not_did)'}."
            )
            return None
        if negated and head == "amount_of":
            reader.problem(path, "'amount_of' is of events that come: 'did'.")
            return None
        habit = next((key for key in HABITS if key in given), None)
        if habit is not None:
            reader.problem((*path, habit), f"'{habit}' looks back; what lies ahead is an event that comes or does not.")
            return None
        read = reader.measure(given, path, "not_did" if negated else "did", allow_aggregate=not negated)
        if read is None:
            return None
        measure, key, _ = read
        window = measure.window
        if window != ALL_TIME and (window.oldest is None or window.newest or window.since or window.calendar):
            reader.problem(path, "What lies ahead is said by 'within: 90d' alone.")
            return None
        fitting = (None, "count") if head == "probability_of" else ("sum", "count", None)
        if key not in fitting:
            what = "count" if head == "probability_of" else "sum, count"
            reader.problem((*path, str(key)), f"'{head}' works with {what}, not with '{key}'.")
            return None
        test: Test | None = None
        if head == "probability_of":
            # None is wanted where the target is one that does not come.
            test = Test(operator="eq" if negated else "gte", operand=Raw(0, "0") if negated else Raw(1, "1"), at=path)
            if key == "count":
                test = reader.test(given["count"], (*path, "count"), ("eq", "lt", "lte", "gt", "gte"), (), "'count'")
                if test is None:
                    return None
        elif key is None:
            measure = replace(measure, aggregate="count")
        return replace(measure, window=ALL_TIME), test, window.oldest, negated

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: Predict) -> Predict:
        if checker.entity == "account":
            checker.problem(("predict",), "'predict' is of customers; the traits of accounts measure or compute.")
        target = checker.measure(settings.target)
        type_ = checker.measure_type(target)
        if settings.test is None and type_ not in NUMERIC:
            checker.problem(settings.at, f"'amount_of' needs a number; this is {an(type_)}.")
        test = settings.test
        if test is not None:
            test = checker.test(test, "integer", "the count")
        among = None if settings.among is None else checker.condition(settings.among)
        catalog = checker.vocabulary.catalog
        types: dict[str, str] = dict(checker.types)
        for name in settings.without:
            if name not in catalog.events and name not in types:
                known = (*catalog.events, *types)
                checker.problem(
                    (*settings.at, "without"), f"There is no event or trait '{name}'.", nearest(name, known)
                )
        features = features_of(catalog, target.event, settings.traits, settings.without, types)
        return replace(settings, target=target, test=test, among=among, features=features, money=type_ == "money")

    def type(self, settings: Predict) -> ValueType:
        return "money" if settings.wanted == "amount" and settings.money else "number"

    def reads(self, settings: Predict) -> Reads:
        event = settings.target.event
        rules = (
            *(Measure(event=event, aggregate=name) for name in HISTORY),
            Measure(event=event, window=Window(oldest=settings.horizon)),
        )
        measures = tuple(item.measure for item in settings.features if item.measure is not None)
        return Reads(
            conditions=() if settings.among is None else (settings.among,),
            measures=tuple(dict.fromkeys((settings.target, *rules, *measures))),
            traits=settings.traits or tuple(item.trait for item in settings.features if item.trait is not None),
            at=(*settings.at, "traits"),
        )

    def needs_everybody(self, settings: Predict, span: Span, *, is_kept: bool) -> bool:  # noqa: ARG002
        """What a prediction sees moves all the time."""
        return span.clock_moved or not is_kept

    def explain(self, settings: Predict) -> Iterable[str]:
        event, ahead = quoted(settings.target.event), duration_words(settings.horizon)
        if settings.wanted == "probability":
            what = f"no {event}" if settings.negated else f"{event}"
            yield f"The probability of {what} in the {ahead} that follow."
        else:
            yield f"How much {event} is expected to bring ({settings.target.of or 'count'}) in the {ahead} that follow."
        yield (
            f"A model learns it at up to {settings.cutoffs} past moments, from what was known then, and is tested at a "
            "later one. It is used only where it beats what a marketer would do without it, by more than chance."
        )
        if settings.among is not None:
            yield "Only customers who are in the named segment at that moment have a value."


def _names(reader: Reader, given: dict[str, Any], key: str, path: Path_) -> tuple[str, ...] | None:
    """Read a list of names."""
    if key not in given:
        return None
    value = given[key]
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return tuple(dict.fromkeys(value))
    reader.problem((*path, key), f"'{key}' is a list of names: [a, b].")
    return None
