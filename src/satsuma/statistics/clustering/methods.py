"""The methods of clustering by name: which suits which rows, what each needs, and reading a kept fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from satsuma.statistics.clustering.rows import Algorithm, Grouping, Rows

_HERE = "satsuma.statistics.clustering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of clustering.

    module, function, form : where its algorithm and the class of its fits are; loaded when they are asked for.
    needs_complete : whether missing values must have been filled in. numbers, codes : which columns it can use.
    has_membership : whether it says how surely a row belongs. about : for whom it is, in a sentence.
    """

    name: str
    module: str
    function: str
    form: str
    needs_complete: bool
    numbers: bool = True
    codes: bool = True
    has_membership: bool = False
    about: str

    def can_use(self, rows: Rows) -> bool:
        """Return whether the method can be fitted to rows of this kind, none of their columns being ignored."""
        has_numbers, has_codes = rows.numbers.shape[1] > 0, rows.codes.shape[1] > 0
        return (self.numbers or not has_numbers) and (self.codes or not has_codes)


METHODS: dict[str, Method] = {
    each.name: each
    for each in (
        Method(
            name="kmeans", module="kmeans", function="fit_kmeans", form="KMeansGroups", needs_complete=True,
            about="Round groups around means; quick at any size; categories count as scaled indicators.",
        ),
        Method(
            name="mixture", module="mixture", function="fit_mixture", form="MixtureGroups", needs_complete=True,
            codes=False, has_membership=True,
            about="Clouds of their own size and shape, from numbers alone; says how sure it is of each row.",
        ),
        Method(
            name="classes", module="classes", function="fit_classes", form="LatentClasses", needs_complete=False,
            has_membership=True,
            about="Latent classes: for answers and other categories, with numbers if there are any; missing may stay.",
        ),
        Method(
            name="prototypes", module="prototypes", function="fit_prototypes", form="Prototypes", needs_complete=True,
            about="Means of the numbers and most common levels of the categories; each group has a typical row.",
        ),
        Method(
            name="factors", module="factors", function="fit_factors", form="FactorGroups", needs_complete=True,
            about="A few common factors of all traits first, then k-means on them; for many related traits.",
        ),
        Method(
            name="density", module="density", function="fit_density", form="DensityGroups", needs_complete=True,
            about="Dense regions of any shape, and rows that belong to none; for few numbers and odd shapes.",
        ),
    )
}  # fmt: skip


def algorithm(name: str) -> Algorithm:
    """Return the algorithm of a method.

    Raises
    ------
    ValueError
        When there is no such method.
    """
    method = _method(name)
    return cast(Algorithm, getattr(import_module(f"{_HERE}.{method.module}"), method.function))


def grouping_from(plain: Mapping[str, Any]) -> Grouping:
    """Return the fit that a grouping's `as_dict` wrote, whatever its method."""
    method = _method(str(plain.get("method")))
    form = getattr(import_module(f"{_HERE}.{method.module}"), method.form)
    return cast(Grouping, form.from_dict(plain))


def suited(rows: Rows) -> tuple[str, str]:
    """Return the method that suits the rows when nobody named one, and a sentence why."""
    numbers, codes = rows.numbers.shape[1], rows.codes.shape[1]
    if codes and not numbers:
        return "classes", "All traits are categories, so latent classes suit: they need no distance between answers."
    if not codes:
        return "kmeans", "All traits are numbers, so k-means suits: quick, and its groups are cut by plain borders."
    return "kmeans", (
        f"{_counted(numbers, 'number')} and {_counted(codes, 'category', 'categories')}: k-means on standardised "
        f"numbers and scaled indicators is quick at "
        f"any size; `classes` says more where the categories matter most."
    )


def _counted(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"


def _method(name: str) -> Method:
    if name not in METHODS:
        raise ValueError(f"There is no method '{name}'. There are {', '.join(METHODS)}.")
    return METHODS[name]
