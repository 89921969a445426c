"""Bring the last run up to a later moment: look only at whom new rows or the clock touched, and keep the rest.

The result equals a full run's. Definitions that need everybody (ranks among others, dates that move with the clock,
the past of values, what is new or was changed) are computed over everybody from the columns and leaves that the run
before kept; all others only over the customers who were touched, by the same code. Where too much changed, a full run
is made instead, and the outcome says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyroaring import BitMap

import satsuma
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB
from satsuma.evaluation.algebra import members
from satsuma.evaluation.bitmaps import bitmap, serialise
from satsuma.evaluation.columns import Bits, count_bits, unpack
from satsuma.evaluation.context import Evaluation, open_evaluation
from satsuma.evaluation.measures import MeasurePlan
from satsuma.evaluation.roster import (
    all_accounts,
    everybody,
    some_accounts,
    some_customers,
)
from satsuma.evaluation.run import ORDERS as ORDER_COUNT
from satsuma.evaluation.run import Timings, closure, evaluate, net_revenue
from satsuma.evaluation.scan import AsOf
from satsuma.evaluation.touched import Numbers, union
from satsuma.language.checker import Checked, kind_of
from satsuma.language.types import Definition, Entity, Segment, Segmentation, Trait
from satsuma.segments import results as told
from satsuma.segments.chains import taken_along
from satsuma.segments.changes import Moved, cause_for_all, caused_changes, members_before, refitted_definitions
from satsuma.segments.history_cache import history_cache
from satsuma.segments.kept import KeptAnswers
from satsuma.segments.refresh_plan import LONGEST_CHAIN, RefreshPlan, plan_refresh
from satsuma.segments.results import Results, Worth
from satsuma.segments.run import Progress, RunOutcome, as_of_moment, kept_models, run_definitions
from satsuma.segments.store import (
    ACCOUNT_POPULATION,
    ACCOUNTS,
    KEPT_WHOLE,
    LABELS,
    MEASURES,
    ORDERS,
    POPULATION,
    TRAITS,
    VALUE,
    NewRun,
    RunStore,
    StoredRun,
    numbers_of,
)
from satsuma.traits.models import model_digests


def refresh_definitions(
    engine: DuckDB, checked: Checked, *, as_of: datetime, now: datetime, clock: Callable[[], datetime], root: Path,
    warnings: Sequence[str] = (), progress: Progress | None = None,
) -> RunOutcome:  # fmt: skip
    """Commit a run that equals a full one at `as_of`, at the cost of what changed since the last.

    Parameters
    ----------
    as_of, now : UTC without a zone. clock : gives the time at the end, in the same form.
    root : the workspace's folder.

    Returns
    -------
    RunOutcome
        With the fact `refresh`: how many customers were looked at, or why a full run was made.
    """
    store = RunStore(engine, root / "state")
    store.sweep()
    timings = Timings()
    planned = plan_refresh(engine, checked, store.latest(), as_of, root)
    if isinstance(planned, str):
        return run_definitions(
            engine, checked, as_of=as_of, known_at=None, now=now, clock=clock, root=root, warnings=warnings,
            progress=progress, refresh={"full_run_because": planned},
        )  # fmt: skip
    timings.done("plan")
    return _Refresh(engine, checked, planned, as_of_moment(checked, as_of, None), root).run(
        store, as_of, now, clock, warnings, timings
    )


# ---------------------------------------------------------------------------------------------------------------- run


class _Refresh:
    """One refresh under way."""

    def __init__(self, engine: DuckDB, checked: Checked, plan: RefreshPlan, as_of: AsOf, root: Path) -> None:
        self.engine = engine
        self.checked = checked
        self.plan = plan
        self.previous = plan.previous
        options: dict[str, Any] = {
            "lists_folder": root / "lists", "models": kept_models(checked, plan.previous),
        }  # fmt: skip
        self.root = root
        #: Everybody: at first only who there is.
        self.whole = open_evaluation(engine, checked, as_of, everybody(engine), **options)
        if plan.accounts is not None:
            self.whole.accounts = open_evaluation(engine, checked, as_of, all_accounts(engine), **options)
        self.customers = union(plan.customers, self._moved_in_or_out("customer"))
        self.sub = self._evaluate_touched(as_of, options)
        if plan.whole:
            KeptAnswers(checked, self.previous, self.whole, self.sub).fill(plan.whole)
            evaluate(
                engine, checked, as_of, definitions=self._with_accounts(plan.whole), begun=self.whole,
                open_cache=history_cache(engine, root), **options,
            )  # fmt: skip

    def _with_accounts(self, chosen: Sequence[Definition]) -> tuple[Definition, ...]:
        """Return definitions with those of accounts that they read: what is kept of customers is kept of them not."""
        keys = {(kind_of(item), item.name) for item in chosen}
        return tuple(item for item in closure(self.checked, keys)
                     if item.entity == "account" or (kind_of(item), item.name) in keys)  # fmt: skip

    def _moved_in_or_out(self, entity: Entity) -> Numbers:
        """Return who came into the population since, or left it."""
        before, now = self.previous.population(entity), bitmap(self.whole.of(entity).everybody)
        return numbers_of(before ^ now)

    def _evaluate_touched(self, as_of: AsOf, options: dict[str, Any]) -> Evaluation:
        accounts = None
        if self.plan.accounts is not None:
            chosen = union(self.plan.accounts, self._moved_in_or_out("account"))
            accounts = some_accounts(self.engine, chosen)
        beside = MeasurePlan(columns=dict.fromkeys(told.kept_measures(self.checked)))
        for leaf in told.kept_event_leaves(self.checked):
            beside.add(leaf)
        return evaluate(
            self.engine, self.checked, as_of, definitions=self.plan.local, roster=some_customers(self.customers),
            accounts=accounts, beside=beside, **options,
        )  # fmt: skip

    def run(
        self, store: RunStore, as_of: datetime, now: datetime, clock: Callable[[], datetime], warnings: Sequence[str],
        timings: Timings,
    ) -> RunOutcome:  # fmt: skip
        """Put the parts together and commit them."""
        timings.done("touched")
        whole, sub = self.whole, self.sub
        entities: list[Entity] = ["customer", *(["account"] if whole.accounts is not None else [])]  # type: ignore[list-item]
        blobs = {POPULATION: serialise(whole.everybody)}
        if whole.accounts is not None:
            blobs[ACCOUNT_POPULATION] = serialise(whole.accounts.everybody)
        found = Results(
            worth={entity: Worth(net_revenue(whole.of(entity))) for entity in entities} if self.plan.whole else {},
            populations={entity: count_bits(whole.of(entity).everybody) for entity in entities},
            members=blobs,
        )
        deltas = {entity: _Delta(self.previous, whole.of(entity), sub.of(entity)) for entity in entities}
        rows, changes = self._segments(found, deltas, as_of)
        told.carry_last_changes(rows, self.previous, now)
        facts: dict[str, Any] = {
            **told.moment_facts(as_of, None),
            **told.population_facts(found.populations, *deltas["customer"].totals()),
            "segments": rows,
            "segmentations": self._segmentations(found, deltas),
            "traits": len(self.checked.of(Trait)),
            "version": satsuma.__version__,
            "refresh": {"touched": len(self.customers)},
        }
        timings.done("summaries")
        tables = self._tables()
        facts["timings"] = {step: round(seconds, 3) for step, seconds in timings.steps.items()}
        told_warnings = [*warnings, *sub.warnings, *whole.warnings]
        folders = [self.previous.folder, *(store.folder / name for name in self.previous.definitions.get("chain", ()))]
        patches = tables[1]
        if len(folders) >= LONGEST_CHAIN:
            patches, folders = taken_along(folders, *tables)
        chain = [folder.name for folder in folders]
        stored = store.commit(
            NewRun(
                started_at=now, finished_at=clock(), as_of=as_of, known_at=None, population=facts["population"],
                whole=tables[0], patches=patches, models=self._models(), members=blobs, changes=changes,
                leaves=self._leaves(), outcome={**facts, "warnings": told_warnings},
                definitions={**told.remembered(self.engine, self.checked, self.root), "chain": chain},
            )
        )  # fmt: skip
        if stored.run_id % KEPT_WHOLE == 0:
            store.thin()
        return RunOutcome(run_id=stored.run_id, facts=facts, warnings=tuple(told_warnings))

    # ------------------------------------------------------------------------------------------------------- segments

    def _segments(
        self, found: Results, deltas: dict[Entity, _Delta], as_of: datetime
    ) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
        moved = Moved.by(self.engine, self.plan.loaded)
        refitted = refitted_definitions(self.whole)
        rows, changes = [], {}
        of_everybody = {item.name for item in self.plan.whole if isinstance(item, Segment)}
        old_rows = {row["name"]: row for row in self.previous.outcome["segments"]}
        for name, segment in self.checked.of(Segment).items():
            delta = deltas[segment.entity]
            before = members_before(self.previous, segment)
            if name in of_everybody or before is None:
                whole = self.whole.of(segment.entity)
                after = bitmap(whole.members[name])
                value = found.worth[segment.entity].of(unpack(whole.members[name], whole.size))
            else:
                after = delta.patched(before, self.sub.of(segment.entity).members[name])
                value = delta.value(old_rows[name]["value"], before, after)
            found.members[name] = after.serialize()
            entered = caused_changes(
                before or BitMap(), after, moved=moved.of(segment.entity),
                everybody=cause_for_all(segment, self.checked, self.previous, refitted, as_of),
            )  # fmt: skip
            changes.update({f"{name}/{change}": part.serialize() for change, part in entered.items()})
            population = found.populations[segment.entity]
            rows.append(told.segment_row(segment, len(after), value, population, as_of, before, entered))
        return rows, changes

    def _segmentations(self, found: Results, deltas: dict[Entity, _Delta]) -> list[dict[str, Any]]:
        of_everybody = {item.name for item in self.plan.whole if isinstance(item, Segmentation)}
        old_rows = {row["name"]: row for row in self.previous.outcome["segmentations"]}
        rows = []
        for name, item in self.checked.of(Segmentation).items():
            whole = self.whole.of(item.entity)
            if name in of_everybody:
                rows.append(told.label_rows(item, whole, found.worth[item.entity]))
            else:
                labels = deltas[item.entity].labels(name, old_rows[name]["labels"], found.populations[item.entity])
                rows.append(told.segmentation_row(item, labels))
        return rows

    def _leaves(self) -> dict[str, bytes]:
        """Return the kept answers to leaves, with those of the touched renewed."""
        delta = _Delta(self.previous, self.whole, self.sub)
        known = set(self.previous.leaves.names())
        found = {}
        for leaf in told.kept_event_leaves(self.checked):
            key = told.digest(leaf)
            if key in known:
                found[key] = delta.patched(self.previous.leaves.read(key), members(leaf, self.sub)).serialize()
            else:
                found[key] = serialise(members(leaf, self.whole))
        return found

    def _models(self) -> dict[str, Any]:
        of_everybody = {item.name for item in self.plan.whole if isinstance(item, Segmentation)}
        before = self.previous.models
        found: dict[str, Any] = {name: before[name] for name in model_digests(self.checked) if name in before}
        found |= told.learned_models(self.whole, self.checked)
        for name, item in self.checked.of(Segmentation).items():
            part = self.whole if name in of_everybody else self.sub
            model = part.of(item.entity).labels[name].model
            if model is not None:
                found[name] = {"digest": self.checked.digests.get(("segmentation", name)), "fit": model}
        return found

    # -------------------------------------------------------------------------------------------------------- columns

    def _tables(self) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
        """Return the columns of everybody that were computed, and the rows of the touched of all others."""
        whole, sub, plan = self.whole, self.sub, self.plan
        numbers = np.flatnonzero(whole.population)
        places = np.flatnonzero(sub.population)
        assert sub.roster.numbers is not None
        key = told.keyed("customer_no", sub.roster.numbers[places])
        worth = told.value_columns(sub, Worth(net_revenue(sub)), places)
        everybody_key = told.keyed("customer_no", numbers)
        new = {TRAITS: told.trait_columns(whole, plan.whole, numbers),
               LABELS: told.label_columns(whole, plan.whole, numbers)}  # fmt: skip
        tables = {stem: pa.table({**everybody_key, **columns}) for stem, columns in new.items() if columns}
        patches = {
            TRAITS: pa.table({**key, **worth, **told.trait_columns(sub, plan.local, places)}),
            LABELS: pa.table({**key, **told.label_columns(sub, plan.local, places)}),
            MEASURES: pa.table({**key, **self._measure_patch(places)}),
        }
        missing = self._unknown_measures(numbers)
        if missing:
            tables[MEASURES] = pa.table({**everybody_key, **missing})
        if sub.accounts is not None and whole.accounts is not None:
            tables_, patches_ = self._account_tables(whole.accounts, sub.accounts)
            tables.update(tables_)
            patches.update(patches_)
        return tables, patches

    def _account_tables(
        self, whole: Evaluation, sub: Evaluation
    ) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:  # fmt: skip
        numbers, places = np.flatnonzero(whole.population), np.flatnonzero(sub.population)
        assert sub.roster.numbers is not None
        new = {**told.trait_columns(whole, self.plan.whole, numbers),
               **told.label_columns(whole, self.plan.whole, numbers)}  # fmt: skip
        worth = told.value_columns(sub, Worth(net_revenue(sub)), places)
        patch = {**worth, **told.trait_columns(sub, self.plan.local, places),
                 **told.label_columns(sub, self.plan.local, places)}  # fmt: skip
        tables = {ACCOUNTS: pa.table({**told.keyed("account_no", numbers), **new})} if new else {}
        return tables, {ACCOUNTS: pa.table({**told.keyed("account_no", sub.roster.numbers[places]), **patch})}

    def _measure_patch(self, places: NDArray[np.int64]) -> dict[str, pa.Array]:
        known = self.previous.columns(MEASURES).names()
        columns = told.measure_columns(self.sub, self.checked, places)
        return {name: column for name, column in columns.items() if name in known}

    def _unknown_measures(self, numbers: NDArray[np.int64]) -> dict[str, pa.Array]:
        """Return the measures of new definitions, which were counted over everybody."""
        known = set(self.previous.columns(MEASURES).names())
        chosen = [item for item in told.kept_measures(self.checked) if told.digest(item) not in known]
        columns = {told.digest(item): self.whole.measured.columns[item] for item in chosen}
        return {key: told.number_array(column, numbers) for key, column in columns.items()}


class _Delta:
    """What the touched of one entity change in what was known of everybody."""

    def __init__(self, previous: StoredRun, whole: Evaluation, sub: Evaluation) -> None:
        assert sub.roster.numbers is not None
        self.numbers = sub.roster.numbers
        self.entity = whole.roster.entity
        self.previous = previous
        self.sub = sub
        self.touched = BitMap(self.numbers)
        self._values: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._orders: pa.ChunkedArray | None = None

    def _inside(self, members: BitMap) -> NDArray[np.bool_]:
        """Say which of the touched are in a set."""
        return np.isin(self.numbers, numbers_of(members & self.touched), assume_unique=True)

    def totals(self) -> tuple[float, int]:
        """Return the net revenue and the orders of the population, from what they were."""
        old, new = self._worths()
        assert self._orders is not None
        orders = self.sub.measured.columns.get(ORDER_COUNT)
        came = 0 if orders is None else int(orders.values[self.sub.population].sum())
        total = round(self.previous.outcome["value"] * MONEY_SCALE) - int(old.sum()) + int(new.sum())
        return total / MONEY_SCALE, self.previous.outcome["orders"] - (pc.sum(self._orders).as_py() or 0) + came

    def patched(self, before: BitMap, bits: Bits) -> BitMap:
        """Return a set of everybody with the touched as they are now."""
        return (before - self.touched) | BitMap(self.numbers[unpack(bits, self.sub.size)])

    def _worths(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return net revenue of the touched before and now, in 1/10,000 of the currency."""
        if self._values is None:
            stem = TRAITS if self.entity == "customer" else ACCOUNTS
            table = self.previous.columns(stem).read([VALUE, ORDERS], self.numbers)
            self._orders = table.column(ORDERS)
            before = told.whole_numbers(table.column(VALUE))
            total = net_revenue(self.sub)
            self._values = before, np.where(total.present, total.values, 0)
        return self._values

    def value(self, before_value: float, before: BitMap, after: BitMap) -> float:
        """Return the net revenue of a set from what it was."""
        old, new = self._worths()
        gone, come = int(old[self._inside(before)].sum()), int(new[self._inside(after)].sum())
        total = round(before_value * MONEY_SCALE) - gone + come
        return total / MONEY_SCALE

    def labels(self, name: str, before: Sequence[dict[str, Any]], population: int) -> list[dict[str, Any]]:
        """Return the rows of a segmentation's labels from what they were."""
        old, new = self._worths()
        stem = LABELS if self.entity == "customer" else ACCOUNTS
        known = self.previous.columns(stem).read([name], self.numbers).column(name).cast(pa.string())
        was = np.array(known.to_pylist(), object)
        # Who was not in the population had no label.
        member = self._inside(self.previous.population(self.entity))
        labels = self.sub.labels[name]
        sizes = {row["label"]: row["size"] for row in before}
        values = {row["label"]: round(row["value"] * MONEY_SCALE) for row in before}
        rows = []
        for code, label in enumerate(labels.names):
            left, came = (was == label) & member, labels.codes == code
            size = sizes.get(label, 0) - int(left.sum()) + int(came.sum())
            value = values.get(label, 0) - int(old[left].sum()) + int(new[came].sum())
            rows.append(
                {"label": label, "size": size, "share": size / max(population, 1), "value": value / MONEY_SCALE}
            )
        return rows
