"""`bands`: cut points, quantiles or the values of one trait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from satsuma.catalog import NUMERIC
from satsuma.language.methods import Reads
from satsuma.language.reading_scalars import Raw
from satsuma.language.standard_methods import reading
from satsuma.language.types import Test

if TYPE_CHECKING:
    from satsuma.catalog import ValueType
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = ("trait", "cuts", "quantiles", "values", "labels", "missing", "otherwise", "most")
MISSING = "Unknown"
OTHERWISE = "Other"
#: Values that get a label of their own with `values: all`; the most frequent do.
MOST = 50
MOST_ALLOWED = 1_000

ORDERED = (*NUMERIC, "date", "datetime")
#: Values of these types can be listed one by one.
LISTED = ("text", *NUMERIC, "date", "boolean")

Way = Literal["cuts", "quantiles", "values", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandsSettings:
    """One trait and how its values are grouped.

    cuts : ascending; each begins a band [cut, next). quantiles : number of groups of equal size.
    groups : (label, values) in order. names : the labels of the bands, when they are known without the data.
    """

    trait: str
    way: Way
    cuts: tuple[Any, ...] = ()
    quantiles: int = 0
    groups: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    names: tuple[str, ...] = ()
    has_own_names: bool = False
    missing: str = MISSING
    otherwise: str = OTHERWISE
    most: int = MOST


class BandsMethod:
    """Labels by one trait."""

    name = "bands"
    settings = SETTINGS

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> BandsSettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        if "trait" not in given:
            reader.problem(path, "The method 'bands' needs 'trait:', the trait whose values are grouped.")
        trait = reader.name(given, "trait", path) if "trait" in given else None
        ways = [key for key in ("cuts", "quantiles", "values") if key in given]
        if len(ways) != 1:
            which = f"it has {' and '.join(ways)}" if ways else "it has none"
            message = "needs exactly one of 'cuts: [25, 45]', 'quantiles: 4' and 'values: [a, b]' (or 'values: all')"
            reader.problem(path, f"The method 'bands' {message}; {which}.")
            return None
        shared: dict[str, Any] = {
            "missing": reading.label(reader, given, "missing", path, MISSING),
            "otherwise": reading.label(reader, given, "otherwise", path, OTHERWISE),
            "most": reader.integer(given, "most", path, low=1, high=MOST_ALLOWED, default=MOST),
        }
        way = "all" if ways == ["values"] and given["values"] == "all" else ways[0]
        self._fitting_keys(reader, given, way, path)
        labels = None
        if way in ("cuts", "quantiles") and "labels" in given:
            labels = reading.texts(reader, given["labels"], (*path, "labels"), "'labels'")
        read = {"cuts": self._cuts, "quantiles": self._quantiles, "values": self._values, "all": self._all}[way]
        found = read(reader, given, path)
        if found is None or trait is None:
            return None
        if labels is not None:
            wanted = len(found["names"])
            if len(labels) != wanted:
                reader.problem((*path, "labels"), f"There are {wanted} bands and {len(labels)} labels for them.")
            found |= {"names": labels, "has_own_names": True}
        settings = BandsSettings(trait=trait, way=way, **shared, **found)
        named = self.labels(settings)
        if named is not None:
            reading.unique_labels(reader, named, (*path, "labels" if labels else ways[0]))
        return settings

    def _fitting_keys(self, reader: Reader, given: dict[str, Any], way: str, path: Path_) -> None:
        """Report settings that say nothing beside this way of grouping."""
        idle = {"cuts": ("otherwise", "most"), "quantiles": ("otherwise", "most"), "values": ("labels", "most"),
                "all": ("labels",)}[way]  # fmt: skip
        written = "values: all" if way == "all" else way
        for key in idle:
            if key in given:
                reader.problem((*path, key), f"'{key}' has no meaning together with '{written}'; leave it out.")

    def _cuts(self, reader: Reader, given: dict[str, Any], path: Path_) -> dict[str, Any] | None:
        value, here = given["cuts"], (*path, "cuts")
        raws = [reader.raw(item, (*here, place)) for place, item in enumerate(value)] if isinstance(value, list) else []
        if not raws or None in raws:
            reader.problem(here, "'cuts' is a list of values in ascending order: [25, 45, 65].")
            return None
        cuts = tuple(raw for raw in raws if raw is not None)
        return {"cuts": cuts, "names": cut_names([cut.text for cut in cuts])}

    def _quantiles(self, reader: Reader, given: dict[str, Any], path: Path_) -> dict[str, Any] | None:
        before = len(reader.problems)
        count = reader.integer(given, "quantiles", path, low=2, high=100, default=4)
        return None if len(reader.problems) > before else {"quantiles": count, "names": quantile_names(count)}

    def _all(self, reader: Reader, given: dict[str, Any], path: Path_) -> dict[str, Any] | None:  # noqa: ARG002
        return {}

    def _values(self, reader: Reader, given: dict[str, Any], path: Path_) -> dict[str, Any] | None:
        value, here = given["values"], (*path, "values")
        if isinstance(value, list) and value:
            raws = [reader.raw(item, (*here, place)) for place, item in enumerate(value)]
            kept = [(raw.text, (raw,)) for raw in raws if raw is not None]
            if len(kept) < len(raws):
                reader.problem(here, "'values' is a list of plain values; one of them is empty or nested.")
                return None
            return {"groups": tuple(kept), "names": tuple(label for label, _ in kept)}
        if isinstance(value, dict) and value:
            groups = [self._group(reader, label, values, (*here, label)) for label, values in value.items()]
            if None in groups:
                return None
            found = tuple(group for group in groups if group is not None)
            return {"groups": found, "names": tuple(label for label, _ in found)}
        reader.problem(here, "'values' is 'all', a list of values, or a label with its values on each line.")
        return None

    def _group(self, reader: Reader, label: str, value: Any, path: Path_) -> tuple[str, tuple[Raw, ...]] | None:
        values = value if isinstance(value, list) else [value]
        raws = [
            reader.raw(item, (*path, place) if isinstance(value, list) else path) for place, item in enumerate(values)
        ]
        if not raws or None in raws:
            reader.problem(path, f"The group '{label}' needs a list of plain values: [a, b].")
            return None
        return label, tuple(raw for raw in raws if raw is not None)

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: BandsSettings) -> BandsSettings:
        type_ = checker.trait_type(settings.trait)
        if type_ is None:
            return settings
        allowed = {"cuts": ORDERED, "quantiles": ORDERED, "values": LISTED, "all": LISTED}[settings.way]
        if type_ not in allowed:
            written = "values" if settings.way == "all" else settings.way
            message = f"'{written}' does not work on the trait '{settings.trait}', which is a {type_}"
            checker.problem((written,), f"{message}; it takes a {', '.join(allowed[:-1])} or {allowed[-1]}.")
            return settings
        if settings.way == "cuts":
            return self._typed_cuts(checker, settings, type_)
        if settings.way == "values":
            return self._typed_groups(checker, settings, type_)
        return settings

    def _typed_cuts(self, checker: Checker, settings: BandsSettings, type_: ValueType) -> BandsSettings:
        cuts = _typed(checker, settings.cuts, type_, settings.trait, ("cuts",))
        if cuts is None:
            return settings
        if any(str(type(cut)) != str(type(cuts[0])) for cut in cuts):
            checker.problem(("cuts",), "The cuts are dates or moments, not both.")
            return settings
        if any(not low < high for low, high in pairwise(cuts)):
            checker.problem(("cuts",), "The cuts must ascend: each is above the one before it.")
        if settings.has_own_names:
            return replace(settings, cuts=cuts)
        written = [cut.text for cut in settings.cuts]
        if type_ in ("date", "datetime"):
            return replace(settings, cuts=cuts, names=date_cut_names(written))
        whole = type_ == "integer" and all(Decimal(cut) == int(cut) for cut in cuts)
        return replace(settings, cuts=cuts, names=whole_cut_names(cuts) if whole else settings.names)

    def _typed_groups(self, checker: Checker, settings: BandsSettings, type_: ValueType) -> BandsSettings:
        groups: list[tuple[str, tuple[Any, ...]]] = []
        owner: dict[Any, str] = {}
        for label, raws in settings.groups:
            values = _typed(checker, raws, type_, settings.trait, ("values", label))
            if values is None:
                return settings
            for value, raw in zip(values, raws, strict=True):
                if value in owner:
                    where = f"in '{owner[value]}' and in '{label}'" if owner[value] != label else f"twice in '{label}'"
                    checker.problem(("values", label), f"The value '{raw.text}' stands {where}: a value has one band.")
                owner.setdefault(value, label)
            groups.append((label, values))
        return replace(settings, groups=tuple(groups))

    # -------------------------------------------------------------------------------------------------------- meaning

    def reads(self, settings: BandsSettings) -> Reads:
        return Reads(traits=(settings.trait,), at=("trait",))

    def labels(self, settings: BandsSettings) -> tuple[str, ...] | None:
        if settings.way == "all":
            return None
        rest = (settings.otherwise,) if settings.way == "values" else ()
        return (*settings.names, *rest, settings.missing)

    def explain(self, settings: BandsSettings) -> Iterable[str]:
        if settings.way == "cuts":
            yield f"Bands of '{settings.trait}'; a cut belongs to the band that it begins: {', '.join(settings.names)}."
        elif settings.way == "quantiles":
            yield f"{settings.quantiles} groups of '{settings.trait}' of about equal size; equal values share a group."
        elif settings.way == "values":
            yield f"The values of '{settings.trait}' in groups: {', '.join(settings.names)}."
            yield f"Every other value is '{settings.otherwise}'."
        else:
            yield f"Each value of '{settings.trait}' is a group."
            yield f"If there are more than {settings.most}, the most frequent are; the rest is '{settings.otherwise}'."
        yield f"Who has no value is '{settings.missing}'."


def _typed(checker: Checker, raws: tuple[Raw, ...], type_: ValueType, trait: str, at: Path_) -> tuple[Any, ...] | None:
    """Return written values as values of the trait's type; None after the checker has reported what is wrong."""
    before = len(checker.problems)
    # The checker's own rule for `in`, so that a value means here what it means in a segment.
    test = checker.test(Test(operator="in", operand=tuple(raws), at=at), type_, f"the trait '{trait}'")
    if len(checker.problems) > before or not isinstance(test.operand, tuple):
        return None
    return test.operand


# ------------------------------------------------------------------------------------------------------ names of bands


def cut_names(cuts: list[str]) -> tuple[str, ...]:
    """Return the names of the bands that cuts make: `Under 25`, `25 to under 45`, `45 and over`."""
    between = [f"{low} to under {high}" for low, high in pairwise(cuts)]
    return (f"Under {cuts[0]}", *between, f"{cuts[-1]} and over")


def whole_cut_names(cuts: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the names of bands of whole numbers: `25 to 44` says what [25, 45) holds."""
    whole = [int(cut) for cut in cuts]
    between = [f"{low} to {high - 1}" if high - 1 > low else f"{low}" for low, high in pairwise(whole)]
    return (f"Under {whole[0]}", *between, f"{whole[-1]} and over")


def date_cut_names(cuts: list[str]) -> tuple[str, ...]:
    """Return the names of bands of dates: `Before 1990-01-01`."""
    between = [f"{low} to before {high}" for low, high in pairwise(cuts)]
    return (f"Before {cuts[0]}", *between, f"{cuts[-1]} and later")


def quantile_names(count: int) -> tuple[str, ...]:
    """Return the names of groups of equal size, the lowest first."""
    names = [f"{place} of {count}" for place in range(1, count + 1)]
    names[0] += " (lowest)"
    names[-1] += " (highest)"
    return tuple(names)
