"""What a refresh looks at: whom new rows or the clock touched, and which definitions need everybody all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import satsuma
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.context import stored_name
from satsuma.evaluation.plan import value_measures
from satsuma.evaluation.roster import members_of, through_members
from satsuma.evaluation.touched import Loaded, Numbers, clock_moved, loaded_since, product_loads, union
from satsuma.language.checker import Checked, kind_of
from satsuma.language.learned import WAYS
from satsuma.language.leaves import asked_leaves, conditions, measures, references
from satsuma.language.locality import (
    Span,
    formula_needs_everybody,
    leaf_needs_everybody,
    leaf_slices,
    measure_needs_everybody,
    measure_slices,
)
from satsuma.language.types import AccountLeaf, Definition, Segmentation, Trait
from satsuma.segments import results as told
from satsuma.segments.methods.locality import segmentation_needs_everybody
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.store import StoredRun
from satsuma.traits.models import model_name

#: With a larger share of customers touched, reading everybody costs no more.
MOST_TOUCHED = 0.25
#: Refreshes that follow each other before one takes the rows of the others along: each adds a file to look in.
LONGEST_CHAIN = 20
#: Where that cannot be done, because they computed other things, so many may follow each other.
LONGEST_APART = 40

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """What a refresh looks at: whom, which definitions for them alone, and which for everybody."""

    previous: StoredRun
    span: Span
    loaded: Loaded
    customers: Numbers
    accounts: Numbers | None
    local: tuple[Definition, ...]
    whole: tuple[Definition, ...]


def plan_refresh(
    engine: DuckDB, checked: Checked, previous: StoredRun | None, as_of: datetime, root: Path
) -> RefreshPlan | str:  # fmt: skip
    """Return what to look at, or the reason why everybody must be."""
    if previous is None:
        return "there is no run to go on from"
    if not engine.has_own_data:
        return "the tables are another program's, and what changed in them is not told"
    reason = _changed_ground(engine, checked, previous, as_of)
    if reason is not None:
        return reason
    span = Span(as_of_moment(checked, previous.as_of, None).moment, as_of_moment(checked, as_of, None).moment)
    whole = _needing_everybody(checked, previous, span, root)
    local = tuple(item for item in checked.ordered if (kind_of(item), item.name) not in whole)
    loaded = loaded_since(engine, int(previous.definitions["last_load"]))
    slices = set(_slices(checked, span))
    customers = union(loaded.customers(), clock_moved(engine, span, slices))
    accounts = None
    if _asks_accounts(checked):
        moved = union(loaded.accounts, clock_moved(engine, span, (), "account"), through_members(engine, customers))
        customers = union(customers, members_of(engine, moved))
        accounts = union(moved, through_members(engine, customers))
    if len(customers) > MOST_TOUCHED * max(previous.population_size, 1):
        return f"{len(customers):,} customers were touched since the last run"
    rest = tuple(item for item in checked.ordered if (kind_of(item), item.name) in whole)
    return RefreshPlan(previous, span, loaded, customers, accounts, local, rest)


def _changed_ground(engine: DuckDB, checked: Checked, previous: StoredRun, as_of: datetime) -> str | None:
    """Return why nothing of the last run can be kept, or None."""
    known = previous.definitions
    if not previous.is_whole():
        return "results of the last run are missing or damaged"
    if known.get("version") != satsuma.__version__:
        return "the last run was made by another version of Satsuma"
    if previous.known_at is not None:
        return "the last run used only what was known at an earlier time"
    if as_of < previous.as_of:
        return "the last run looked at a later moment"
    if known["vocabulary"] != told.vocabulary_digest(checked):
        return "the catalogue or the time zone changed"
    if product_loads(engine, int(known["last_load"])):
        return "products were loaded, which say something of old events"
    if len(known.get("chain", ())) >= LONGEST_APART:
        return f"{LONGEST_APART} refreshes followed the last full run"
    return None


def _needing_everybody(checked: Checked, previous: StoredRun, span: Span, root: Path) -> set[Key]:
    """Return the definitions that must be computed over everybody: for a reason of their own, or of what they read."""
    before = previous.definitions["digests"]
    now = told.list_digests(root / "lists")
    lists = frozenset(name for name in now if previous.definitions["lists"].get(name) != now[name])
    models = kept_models(checked, previous)
    found: set[Key] = set()
    for item in checked.ordered:
        key = (kind_of(item), item.name)
        changed = before.get("/".join(key)) != checked.digests.get(key)
        if (
            changed
            or any((reference.kind, reference.name) in found for reference in references(item))
            or _needs_everybody(item, checked, span, lists, _kept_as(item) in models)
        ):
            found.add(key)
    return found


def _kept_as(item: Definition) -> str:
    """Return the name under which a run keeps the model of a definition, if it has one."""
    return stored_name(model_name(item)) if isinstance(item, Trait) and item.way is not None else item.name


def _needs_everybody(item: Definition, checked: Checked, span: Span, lists: frozenset[str], is_kept: bool) -> bool:
    if isinstance(item, Trait) and item.way is not None:
        return WAYS[item.way].needs_everybody(item.settings, span, is_kept=is_kept)
    if isinstance(item, Trait) and item.formula is not None and formula_needs_everybody(item.formula, span):
        return True
    if isinstance(item, Segmentation) and segmentation_needs_everybody(item, span, is_kept=is_kept):
        return True
    if any(measure_needs_everybody(measure, span) for measure in measures(item)):
        return True
    return any(
        leaf_needs_everybody(leaf, span, checked.trait_types.get, lists)
        for condition in conditions(item)
        for _, leaf in asked_leaves(condition, item.entity)
    )


def _slices(checked: Checked, span: Span) -> Iterable[tuple[str, int, int]]:
    """Yield the slices of time that a window of any definition gained or lost."""
    for measure in value_measures(checked.vocabulary.catalog):
        yield from measure_slices(measure, span)
    for item in checked.ordered:
        for measure in measures(item):
            yield from measure_slices(measure, span)
        for condition in conditions(item):
            for _, leaf in asked_leaves(condition, item.entity):
                yield from leaf_slices(leaf, span)


def _asks_accounts(checked: Checked) -> bool:
    return any(
        item.entity == "account"
        or any(
            isinstance(leaf, AccountLeaf)
            for condition in conditions(item)
            for _, leaf in asked_leaves(condition, item.entity)
        )
        for item in checked.ordered
    )
