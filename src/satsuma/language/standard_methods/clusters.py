"""`clusters`: groups that the values of some traits suggest, found once and kept.

method: clusters
traits: [orders, average_basket, favourite_category]
groups: 4                       # or {from: 2, to: 8}: as many as resampling bears out
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from satsuma.catalog import ValueType
from satsuma.errors import nearest
from satsuma.language.durations import MICROSECONDS_PER_DAY, duration_words
from satsuma.language.lineage import is_sensitive_in
from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading
from satsuma.language.types import SegmentLeaf

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = (
    "traits", "using", "groups", "among", "names", "at_least", "carry_over", "allow_sensitive", "sample", "seed",
    "refit_every", "missing", "unclear", "others",
)  # fmt: skip
#: Ways of finding groups, with what each is for.
USING: Mapping[str, str] = {
    "auto": "what suits the traits",
    "kmeans": "k-means: compact groups of numbers; categories as indicators",
    "mixture": "a Gaussian mixture: groups of different size, shape and direction among numbers",
    "classes": "latent classes: answers and other categories, with numbers beside them; missing answers are allowed",
    "prototypes": "k-prototypes: numbers and categories together, a typical customer for each group",
    "factors": "k-means in a factor space: many related traits, numbers and categories",
    "density": "by density: odd shapes, with customers that belong to none",
}
GROUPS = (2, 8)
MOST_GROUPS = 30
SAMPLE = (500, 1_000_000)
DEFAULT_SAMPLE = 50_000
#: Types of traits that can be grouped by: numbers, moments (as days ago), texts and yes or no.
GROUPED: tuple[ValueType, ...] = ("integer", "number", "money", "boolean", "text", "date", "datetime")
MISSING, UNCLEAR, OTHERS = "Unknown", "Unclear", "Not grouped"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOver:
    """Who has none of the traits is given the group that other traits foretell.

    traits : what foretells it. at_least : the probability that it takes, from 0 to 1.
    """

    traits: tuple[str, ...]
    at_least: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClustersSettings:
    """What is grouped, how, and into how many.

    groups : the fewest and the most; equal where the number is given.
    among : who is grouped; everybody when None. names : proposed names and the labels that people want instead.
    at_least : membership below this, from 0 to 1, is `unclear`; None: everybody is given the likeliest group.
    ages : traits that are dates and moments, grouped by how long ago they are.
    sample : customers that the groups are learned from. refit_every : microseconds.
    """

    traits: tuple[str, ...]
    using: str = "auto"
    groups: tuple[int, int] = GROUPS
    among: SegmentLeaf | None = None
    names: tuple[tuple[str, str], ...] = ()
    at_least: float | None = None
    carry_over: CarryOver | None = None
    allow_sensitive: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    sample: int = DEFAULT_SAMPLE
    seed: int = 1
    refit_every: int | None = None
    missing: str = MISSING
    unclear: str = UNCLEAR
    others: str = OTHERS

    @property
    def read(self) -> tuple[str, ...]:
        """Every trait that it reads."""
        return (*self.traits, *(() if self.carry_over is None else self.carry_over.traits))


class ClustersMethod:
    """Labels by groups that were found in the data."""

    name = "clusters"
    settings = SETTINGS

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> ClustersSettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        if "traits" not in given:
            example = "[orders, average_basket]; `satsuma discover` proposes some"
            reader.problem(path, f"The method 'clusters' needs 'traits:', what customers are grouped by: {example}.")
            return None
        traits = _names(reader, given["traits"], (*path, "traits"), "'traits'")
        using = reader.choice(given, "using", tuple(USING), path) or "auto"
        read: dict[str, Any] = {
            "groups": _groups(reader, given, path),
            "among": _among(reader, given, path),
            "names": _renamed(reader, given, path),
            "at_least": _share(reader, given, "at_least", path) if "at_least" in given else None,
            "carry_over": _carry_over(reader, given, path),
            "sample": reader.integer(
                given, "sample", path, low=SAMPLE[0], high=SAMPLE[1], default=DEFAULT_SAMPLE
            ),
            "seed": reader.integer(given, "seed", path, low=0, high=2**31, default=1),
            "missing": reading.label(reader, given, "missing", path, MISSING),
            "unclear": reading.label(reader, given, "unclear", path, UNCLEAR),
            "others": reading.label(reader, given, "others", path, OTHERS),
            "allow_sensitive": (),
            "refit_every": None,
        }  # fmt: skip
        if "allow_sensitive" in given:
            here = (*path, "allow_sensitive")
            read["allow_sensitive"] = _names(reader, given["allow_sensitive"], here, "'allow_sensitive'") or ()
        if "refit_every" in given:
            read["refit_every"] = reader.duration(given["refit_every"], (*path, "refit_every"), "'refit_every'")
            if read["refit_every"] is not None and read["refit_every"] < MICROSECONDS_PER_DAY:
                reader.problem((*path, "refit_every"), "'refit_every' must be at least a day.")
        if traits is None or read["groups"] is None:
            return None
        reading.unique_labels(reader, [read["missing"], read["unclear"], read["others"]], path)
        return ClustersSettings(traits=traits, using=using, **read)

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: ClustersSettings) -> ClustersSettings:
        ages = []
        for name in dict.fromkeys(settings.read):
            at = ("traits",) if name in settings.traits else ("carry_over", "traits")
            type_ = checker.trait_type(name)
            if type_ is None:
                continue
            if type_ not in GROUPED:
                checker.problem(at, f"Customers cannot be grouped by a {type_}; the trait '{name}' is one.")
            elif type_ in ("date", "datetime"):
                ages.append(name)
            if name not in settings.allow_sensitive and is_sensitive_in(
                checker.definitions, checker.vocabulary.catalog, ("trait", name)
            ):
                hint = f"to group by it all the same, write allow_sensitive: [{name}]"
                checker.problem(at, f"The trait '{name}' is sensitive, or comes from what is; {hint}.")
        among = settings.among
        if among is not None:
            checked = checker.condition(among)
            assert isinstance(checked, SegmentLeaf)
            among = checked
        return replace(settings, ages=tuple(ages), among=among)

    def reads(self, settings: ClustersSettings) -> Reads:
        among = () if settings.among is None else (settings.among,)
        return Reads(traits=settings.read, conditions=among, at=("traits",))

    def labels(self, settings: ClustersSettings) -> tuple[str, ...] | None:  # noqa: ARG002  only a fit can tell
        return None

    def explain(self, settings: ClustersSettings) -> Iterable[str]:
        low, high = settings.groups
        many = f"{low} groups" if low == high else f"as many groups from {low} to {high} as resampling bears out"
        whom = "everybody" if settings.among is None else f"the segment '{settings.among.segment}'"
        yield f"Groups of {whom} by {', '.join(settings.traits)}: {many}, found by {USING[settings.using]}."
        yield (
            f"They are learned from at most {settings.sample:,} customers, drawn by the digest of their ids (seed "
            f"{settings.seed}), and kept; labels come from what is kept until a refit."
        )
        if settings.at_least is not None:
            yield f"Whose membership is below {settings.at_least:.0%} is '{settings.unclear}'."
        if settings.carry_over is not None:
            listed = ", ".join(settings.carry_over.traits)
            yield (
                f"Who has no value in most of these traits is given the group that {listed} foretell with a "
                f"probability of {settings.carry_over.at_least:.0%} or more, if that foretells better than the largest "
                "group does."
            )
        yield f"Who has no value in most of the traits is '{settings.missing}'."
        if settings.refit_every is not None:
            yield f"The groups are learned anew every {duration_words(settings.refit_every)}."


# --------------------------------------------------------------------------------------------------------------- parts


def _names(reader: Reader, value: Any, path: Path_, what: str) -> tuple[str, ...] | None:
    found = reading.texts(reader, value, path, what)
    if found is None:
        return None
    repeated = [name for name in dict.fromkeys(found) if found.count(name) > 1]
    for name in repeated:
        reader.problem(path, f"'{name}' stands in {what} more than once.")
    return tuple(dict.fromkeys(found))


def _groups(reader: Reader, given: dict[str, Any], path: Path_) -> tuple[int, int] | None:
    if "groups" not in given or given["groups"] == "auto":
        return GROUPS
    value, here = given["groups"], (*path, "groups")
    ends = [value, value] if _is_whole(value) else None
    if isinstance(value, dict) and set(value) == {"from", "to"}:
        ends = [value["from"], value["to"]]
    if ends is None or not all(_is_whole(end) for end in ends) or not 2 <= ends[0] <= ends[1] <= MOST_GROUPS:
        reader.problem(here, f"'groups' is a number from 2 to {MOST_GROUPS}, or a range: {{from: 2, to: 8}}.")
        return None
    return int(ends[0]), int(ends[1])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _among(reader: Reader, given: dict[str, Any], path: Path_) -> SegmentLeaf | None:
    if "among" not in given:
        return None
    value = given["among"]
    if isinstance(value, dict) and set(value) == {"segment"} and isinstance(value["segment"], str):
        return SegmentLeaf(segment=value["segment"], at=(*path, "among", "segment"))
    reader.problem((*path, "among"), "'among' is written {segment: its_name}.")
    return None


def _renamed(reader: Reader, given: dict[str, Any], path: Path_) -> tuple[tuple[str, str], ...]:
    """Read `names: {proposed name: the label that people want}`."""
    if "names" not in given:
        return ()
    here = (*path, "names")
    inner = reader.mapping(given["names"], here, "'names'")
    found = []
    for proposed, wanted in (inner or {}).items():
        label = reading.scalar_text(reader, wanted, (*here, proposed))
        if label is None:
            reader.problem((*here, proposed), "'names' gives proposed names their labels: {More orders: Regulars}.")
        else:
            found.append((str(proposed), label))
    reading.unique_labels(reader, [label for _, label in found], here)
    return tuple(found)


def _carry_over(reader: Reader, given: dict[str, Any], path: Path_) -> CarryOver | None:
    if "carry_over" not in given:
        return None
    here = (*path, "carry_over")
    inner = reader.mapping(given["carry_over"], here, "'carry_over'")
    if inner is None:
        return None
    for key in inner:
        if key not in ("traits", "at_least"):
            known = ("traits", "at_least")
            message = f"'{key}' is not known in 'carry_over'; allowed: {', '.join(known)}."
            reader.problem((*here, key), message, nearest(key, known))
    if "traits" not in inner:
        reader.problem(here, "'carry_over' needs 'traits:', what foretells the group of those who never answered.")
        return None
    traits = _names(reader, inner["traits"], (*here, "traits"), "'traits'")
    at_least = _share(reader, inner, "at_least", here) if "at_least" in inner else 0.5
    return None if traits is None else CarryOver(traits=traits, at_least=at_least)


def _share(reader: Reader, given: dict[str, Any], key: str, path: Path_) -> float:
    """Read a share between 0 and 1: 0.6 or 60%."""
    share = reading.part(given[key])
    if share is not None and 0 < share <= 1:
        return share
    reader.problem((*path, key), f"'{key}' is a share above 0 and up to 1, such as 0.6 or 60%.")
    return 0.5
