"""Learning groups from a sample of customers: encode, decide how many, fit, say what sets each apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.language.standard_methods import ClustersSettings
from satsuma.segments.clusters.naming import facts_of_groups, keep_names
from satsuma.segments.clusters.raw import rows_taken
from satsuma.statistics.clustering.choosing import choose_groups
from satsuma.statistics.clustering.encoding import Encoding, RawTrait, fit_encoding
from satsuma.statistics.clustering.methods import METHODS, algorithm, grouping_from, suited
from satsuma.statistics.clustering.rows import Codes, Floats, Grouping, Rows
from satsuma.statistics.errors import CannotEstimate

#: Fewer customers than this cannot be told apart by resampling.
FEWEST = 50
#: The last fit; the number of groups is decided on fewer rows and with fewer starts.
STARTS = 20
#: What is called when nobody can be told from anybody.
EVERYBODY = "Everybody"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Groups that were learned, ready to be given to anybody.

    grouping : None where there is one group, everybody.
    """

    encoding: Encoding
    grouping: Grouping | None
    names: tuple[str, ...]

    @property
    def needs_complete(self) -> bool:
        return self.grouping is None or METHODS[self.grouping.method].needs_complete

    def rows(self, raw: Sequence[RawTrait]) -> Rows:
        return self.encoding.apply(raw, complete=self.needs_complete)

    def assign(self, raw: Sequence[RawTrait]) -> tuple[Codes, Floats | None]:
        """Return the group of each customer (-1: of none) and how surely, where the method says so."""
        if self.grouping is None:
            return np.zeros(len(raw[0].values), np.int32), None
        rows = self.rows(raw)
        membership = self.grouping.membership(rows)
        if membership is None:
            return self.grouping.assign(rows), None
        return self.grouping.assign(rows), membership.max(1)


def salt_of(settings: ClustersSettings) -> str:
    """Return the salt of the digests by which customers are drawn."""
    return f"satsuma.clusters:{settings.seed}"


def sampled(settings: ClustersSettings, places: NDArray[np.int64], drawn: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return whose traits the groups are learned from, in an order that does not depend on how customers are stored.

    Parameters
    ----------
    drawn : where each of `places` is drawn, by `salt_of`.
    """
    return places[np.argsort(drawn, kind="stable")[: settings.sample]]


def groups_from(model: Mapping[str, Any]) -> Groups:
    """Return the groups that a model holds."""
    grouping = model["grouping"]
    return Groups(
        encoding=Encoding.from_dict(model["encoding"]),
        grouping=None if grouping is None else grouping_from(grouping),
        names=tuple(group["name"] for group in model["groups"]),
    )


def fit_clusters(
    settings: ClustersSettings, raw: Sequence[RawTrait], titles: Mapping[str, str],
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Learn groups; return what is kept of them, as plain JSON.

    Parameters
    ----------
    raw : the traits of a sample of customers, in an order that does not depend on how they are stored.
    titles : what each trait is called inside a sentence.
    before : what was kept before, so that a group that is still there keeps its name.

    Raises
    ------
    CannotEstimate
        When there are too few customers, or nothing by which they differ.
    """
    sampled = len(raw[0].values)
    if sampled < FEWEST:
        raise CannotEstimate(f"Groups are learned from at least {FEWEST} customers; there are {sampled}.")
    encoding = fit_encoding(raw)
    known = np.flatnonzero(~encoding.too_empty(raw))
    if len(known) < FEWEST:
        raise CannotEstimate(f"Only {len(known)} customers have a value in at least half of the traits.")
    inside = [rows_taken(trait, known) for trait in raw]
    rng = np.random.default_rng(settings.seed)
    method, why = settings.using, f"'{settings.using}' was asked for."
    if method == "auto":
        method, why = suited(encoding.apply(inside))
    rows = encoding.apply(inside, complete=METHODS[method].needs_complete)
    if not METHODS[method].can_use(rows):
        raise CannotEstimate(f"'{method}' groups by numbers alone; {_categories(encoding)} are not.")
    low, high = settings.groups
    choice = choose_groups(encoding.apply(inside), algorithm(method), rng=rng, numbers=range(low, high + 1))
    count = low if low == high else choice.proposed or 1
    grouping = None if count == 1 else algorithm(method)(rows, count, rng=rng, starts=STARTS)
    codes = np.zeros(len(rows), np.int32) if grouping is None else grouping.assign(rows)
    count = 1 if grouping is None else grouping.groups
    facts = facts_of_groups(encoding, rows, inside, codes, count, titles)
    if grouping is None:
        facts[0]["name"] = EVERYBODY
    elif before is not None and before["grouping"] is not None:
        earlier = groups_from(before)
        keep_names(facts, codes, earlier.names, earlier.assign(inside)[0])
    return {
        "using": method, "why": why, "sampled": sampled, "learned_from": len(rows), "seed": settings.seed,
        "reasons": [list(reason) for reason in encoding.reasons], "choice": choice.as_dict(), "groups": facts,
        "encoding": encoding.as_dict(), "grouping": None if grouping is None else grouping.as_dict(),
    }  # fmt: skip


def _categories(encoding: Encoding) -> str:
    return ", ".join(dict.fromkeys(encoding.code_names))
