"""`value` and `prediction`: tiers of what customers are worth, and bands of what is expected of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from satsuma.catalog import NUMERIC
from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading
from satsuma.language.standard_methods.bands import quantile_names

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

MISSING = "Unknown"
#: Tiers by share of value, unless a definition says otherwise: who holds the first half of it, and the next 30 %.
SHARES = (0.5, 0.8)
SHARE_NAMES = {1: ("Top", "Rest"), 2: ("Top", "Middle", "Low")}
GAIN_NAMES = ("Costs more than it brings", "Brings more than it costs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a contact is expected to bring: prediction x effect x value - cost.

    effect : the part of those predicted whom a contact moves. value : the trait that says what one is worth; None: 1.
    """

    effect: float
    cost: float
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSettings:
    """A trait and how its numbers are parted.

    shares : of the sum of all values, ascending: the first tier holds the first share of it, from the highest value
    down. quantiles : number of groups of equal size. cuts : ascending; each begins a band. names : in the order of
    the labels: from the top for shares, from the bottom for the others.
    """

    trait: str
    way: Literal["shares", "quantiles", "cuts"]
    shares: tuple[float, ...] = ()
    quantiles: int = 0
    cuts: tuple[float, ...] = ()
    gain: Gain | None = None
    names: tuple[str, ...] = ()
    missing: str = MISSING


class _TierMethod:
    """What both methods share."""

    name: str
    settings: tuple[str, ...]
    ways: tuple[str, ...]
    default: str

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> TierSettings | None:
        reading.own_keys(reader, given, self.settings, path, self.name)
        if "trait" not in given:
            reader.problem(path, f"The method '{self.name}' needs 'trait:', {self.default}.")
        trait = reader.name(given, "trait", path) if "trait" in given else None
        found = [way for way in self.ways if way in given]
        gain = self._gain(reader, given, path) if "gain" in given and "gain" in self.settings else None
        if len(found) > 1:
            reader.problem(path, f"The method '{self.name}' takes one of {' and '.join(found)}, not both.")
            return None
        way = found[0] if found else self._unasked(reader, has_gain="gain" in given, path=path)
        parted = None if way is None else self._parted(reader, given, way, path, has_gain=gain is not None)
        if parted is None or trait is None or (gain is None and "gain" in given):
            return None
        names = parted.pop("names")
        if "labels" in given:
            labels = reading.texts(reader, given["labels"], (*path, "labels"), "'labels'")
            if labels is not None and len(labels) != len(names):
                message = f"There are {len(names)} groups and {len(labels)} labels for them."
                reader.problem((*path, "labels"), message)
            names = labels or names
        missing = reading.label(reader, given, "missing", path, MISSING)
        reading.unique_labels(reader, (*names, missing), (*path, "labels" if "labels" in given else "missing"))
        return TierSettings(trait=trait, gain=gain, names=tuple(names), missing=missing, **parted)

    def _unasked(self, reader: Reader, *, has_gain: bool, path: Path_) -> str | None:
        """Return the way that is taken when a definition names none."""
        raise NotImplementedError

    def _parted(
        self, reader: Reader, given: dict[str, Any], way: str, path: Path_, *, has_gain: bool
    ) -> dict[str, Any] | None:
        if way == "quantiles":
            before = len(reader.problems)
            count = reader.integer(given, "quantiles", path, low=2, high=100, default=4)
            names = quantile_names(count)
            return None if len(reader.problems) > before else {"way": way, "quantiles": count, "names": names}
        if way not in given:
            numbers: tuple[float, ...] = SHARES if way == "shares" else (0.0,)
        else:
            read = _numbers(reader, given[way], (*path, way), way)
            if read is None:
                return None
            numbers = read
        if way == "shares":
            names = SHARE_NAMES.get(len(numbers), tuple(f"Tier {place}" for place in range(1, len(numbers) + 2)))
            return {"way": way, "shares": numbers, "names": names}
        if has_gain and numbers == (0.0,):
            return {"way": "cuts", "cuts": numbers, "names": GAIN_NAMES}
        shown = [f"{cut:g}" if has_gain or cut > 1 or self.name == "value" else f"{100 * cut:g} %" for cut in numbers]
        between = [f"{low} to under {high}" for low, high in pairwise(shown)]
        return {"way": "cuts", "cuts": numbers, "names": (f"Under {shown[0]}", *between, f"{shown[-1]} and over")}

    def _gain(self, reader: Reader, given: dict[str, Any], path: Path_) -> Gain | None:
        here = (*path, "gain")
        inner = reader.mapping(given["gain"], here, "'gain'")
        if inner is None:
            return None
        reader.keys(inner, ("value", "effect", "cost"), here, "is not known in 'gain'")
        value = reader.name(inner, "value", here) if "value" in inner else None
        shares = _numbers(reader, [inner.get("effect", 1)], (*here, "effect"), "effect")
        costs = _numbers(reader, [inner.get("cost", 0)], (*here, "cost"), "cost")
        if shares is None or costs is None:
            return None
        return Gain(effect=shares[0], cost=costs[0], value=value)

    def check(self, checker: Checker, settings: TierSettings) -> TierSettings:
        for name in self.reads(settings).traits:
            type_ = checker.trait_type(name)
            if type_ is not None and type_ not in NUMERIC:
                checker.problem(("trait",), f"The method '{self.name}' needs a number; '{name}' is a {type_}.")
        return settings

    def reads(self, settings: TierSettings) -> Reads:
        others = (settings.gain.value,) if settings.gain is not None and settings.gain.value is not None else ()
        return Reads(traits=(settings.trait, *others), at=("trait",))

    def labels(self, settings: TierSettings) -> tuple[str, ...] | None:
        return (*settings.names, settings.missing)

    def explain(self, settings: TierSettings) -> Iterable[str]:
        if settings.gain is not None:
            gain = settings.gain
            worth = "" if gain.value is None else f" x '{gain.value}'"
            yield f"What a contact is expected to bring: '{settings.trait}' x {gain.effect:g}{worth} - {gain.cost:g}."
        names = ", ".join(settings.names)
        if settings.way == "shares":
            parts = ", ".join(f"{100 * share:g} %" for share in settings.shares)
            yield f"Tiers by '{settings.trait}' from the top: those who together hold {parts} of the sum: {names}."
        elif settings.way == "quantiles":
            yield f"{settings.quantiles} groups of '{settings.trait}' of about equal size; equal values share a group."
        else:
            yield f"Bands; a cut belongs to the band that it begins: {names}."
        yield f"Who has no value is '{settings.missing}'."


class ValueMethod(_TierMethod):
    """Tiers by what customers are worth: by share of value, of equal size, or by amounts."""

    name = "value"
    settings = ("trait", "shares", "quantiles", "cuts", "labels", "missing")
    ways = ("shares", "quantiles", "cuts")
    default = "what a customer is worth, such as an 'estimate' of clv"

    def _unasked(self, reader: Reader, *, has_gain: bool, path: Path_) -> str | None:  # noqa: ARG002
        return "shares"


class PredictionMethod(_TierMethod):
    """Bands of a predicted probability or amount, or of what a contact is expected to bring."""

    name = "prediction"
    settings = ("trait", "cuts", "quantiles", "gain", "labels", "missing")
    ways = ("quantiles", "cuts")
    default = "a probability or an amount, such as a 'predict' trait"

    def _unasked(self, reader: Reader, *, has_gain: bool, path: Path_) -> str | None:
        if has_gain:
            return "cuts"
        message = "needs one of 'cuts: [10%, 30%]', 'quantiles: 10' and 'gain: {value: clv, effect: 10%, cost: 2}'"
        reader.problem(path, f"The method 'prediction' {message}.")
        return None


def _numbers(reader: Reader, value: Any, path: Path_, what: str) -> tuple[float, ...] | None:
    """Read numbers in ascending order, each plain or as a percentage; shares lie between 0 and 1."""
    found = [reading.part(item) for item in value] if isinstance(value, list) else []
    numbers = [item for item in found if item is not None]
    if not found or len(numbers) < len(found):
        example = {"shares": "[50%, 80%]", "cuts": "[10%, 30%] or [100, 500]"}.get(what, "0.1 or 10%")
        is_list = "a list of numbers in ascending order" if what in ("shares", "cuts") else "a number"
        reader.problem(path, f"'{what}' is {is_list}: {example}.")
        return None
    if any(low >= high for low, high in pairwise(numbers)):
        reader.problem(path, f"'{what}' must ascend: each is above the one before it.")
        return None
    if what == "shares" and not (numbers[0] > 0 and numbers[-1] < 1):
        reader.problem(path, "'shares' lie between 0 and 100 %, such as [50%, 80%].")
        return None
    return tuple(numbers)
