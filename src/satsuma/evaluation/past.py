"""Definitions evaluated again as of past days, for the conditions that ask what a computed value was (rule S8).

A look back goes through the points of the daily grid from the earliest to the latest. It evaluates at each what is
asked there, with all that it reads, once for all conditions of an evaluation. What is asked may look back itself: at
each point it finds what the points before have left. Of a point stay the bits of who passed, and the values until the
next point, which is compared with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from satsuma.evaluation.algebra import members
from satsuma.evaluation.columns import Bits
from satsuma.evaluation.context import Evaluation, open_evaluation, stored_name
from satsuma.evaluation.measures import MeasurePlan, MeasureResults, run_measures_at
from satsuma.evaluation.past_values import Value, step, value_at
from satsuma.evaluation.plan import closure, plan_measures
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import kind_of
from satsuma.language.history import HistoryLeaf, grid_of, subject_of
from satsuma.language.leaves import asked_leaves, conditions, leaf_references, references
from satsuma.language.locality import RELATIVE_SHAPES, Span, leaf_needs_everybody, measure_needs_everybody
from satsuma.language.moments import Moment
from satsuma.language.operators import OPERATORS
from satsuma.language.types import (
    Definition,
    Entity,
    HeldLeaf,
    Leaf,
    ListLeaf,
    PropertyTest,
    RandomLeaf,
    Segmentation,
    TraitLeaf,
)

Key = tuple[str, str]
#: Evaluates definitions in an evaluation that was begun.
Replay = Callable[[Evaluation, Sequence[Definition]], None]
Progress = Callable[[str, int, int], None]

#: Bytes that one scan may hold of what it counted at several points, until each is used.
MOST_HELD = 512 << 20


class PastCache(Protocol):
    """Results of past points that an earlier evaluation kept."""

    def find(self, key: Key, point: int) -> Callable[[], Value] | None:
        """Return what reads the result of a definition at a point, or None where there is none that still holds."""
        ...

    def keep(self, key: Key, point: int, value: Value) -> None:
        """Keep a result for later evaluations."""
        ...


#: Opens what was kept for the definitions of an evaluation.
OpenCache = Callable[[Evaluation], PastCache]


@dataclass(slots=True)
class _Day:
    """One point of a look back: whose values are asked, which of them were kept, and what has to be evaluated."""

    asked: set[Key]
    kept: dict[Key, Callable[[], Value]] = field(default_factory=dict)
    needed: tuple[Definition, ...] = ()


class Past:
    """The past of one evaluation, looked at when it is first asked for.

    Parameters
    ----------
    whole : the evaluation, with what it has found so far.
    chosen : what it evaluates; all conditions in it are looked back for together.
    """

    def __init__(
        self, whole: Evaluation, chosen: Sequence[Definition], replay: Replay, *, open_cache: OpenCache | None = None,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.whole = whole
        self.chosen = chosen
        self.replay = replay
        self.progress = progress
        # What is kept is about everybody, as things are known now.
        is_kept = whole.roster.is_everybody and whole.as_of.known_at is None
        self.open_cache = open_cache if is_kept else None
        self.cache: PastCache | None = None
        self.computed = {(kind_of(item), item.name): item for item in whole.checked.ordered}
        self.found: dict[HistoryLeaf, dict[int, Bits]] = {}
        self.latest: dict[Key, tuple[int, Value]] = {}
        self._covered: set[HistoryLeaf] = set()
        self._closures: dict[frozenset[Key], tuple[Definition, ...]] = {}

    def is_on_grid(self, leaf: HistoryLeaf) -> bool:
        """Say whether a condition asks about what is computed; loaded traits have times of their own."""
        return subject_of(leaf) in self.computed

    def steps(self, leaf: HistoryLeaf, evaluation: Evaluation) -> list[Bits]:
        """Return who passed at each point of the grid that matters for a condition at the evaluation's moment.

        Of changes and moves, who changed or moved since the point before; the first point has none before it.
        """
        if leaf not in self._covered:
            self._look_back(leaf)
        *past, now = grid_of(leaf, evaluation.moment)
        asked = past if isinstance(leaf, HeldLeaf) else past[1:]
        found = self.found.get(_each_point(leaf), {})
        steps = [found[point] for point in asked]
        key = subject_of(leaf)
        before = self._before(key, past[-1] if past else None)
        if before is not None or isinstance(leaf, HeldLeaf):
            steps.append(step(leaf, before, value_at(self._of(key, evaluation), *key), Moment(now, self._zone)))
        return steps

    # ----------------------------------------------------------------------------------------------------------- plan

    def _plan(self, leaves: Iterable[HistoryLeaf]) -> tuple[dict[int, _Day], dict[Key, dict[HistoryLeaf, None]]]:
        """Return the points that some conditions need, in order, and what is asked of each value at them."""
        pending: dict[int, set[Key]] = {}
        asked: dict[Key, dict[HistoryLeaf, None]] = {}

        def want(leaf: HistoryLeaf, moment: Moment) -> None:
            key = subject_of(leaf)
            asked.setdefault(key, {}).setdefault(_each_point(leaf))
            self._covered.add(leaf)
            for point in grid_of(leaf, moment)[:-1]:
                pending.setdefault(point, set()).add(key)

        for leaf in leaves:
            want(leaf, self.whole.moment)
        days: dict[int, _Day] = {}
        while pending:
            # From the latest to the earliest: what a point needs of the past lies before it.
            point = max(pending)
            day = days[point] = _Day(pending.pop(point))
            day.kept = self._kept(day.asked, point)
            day.needed = self._closure(frozenset(day.asked - day.kept.keys()))
            for leaf in self._leaves(day.needed):
                want(leaf, Moment(point, self._zone))
        return dict(sorted(days.items())), asked

    def _leaves(self, definitions: Iterable[Definition]) -> Iterator[HistoryLeaf]:
        """Yield the conditions on the grid that some definitions hold."""
        for definition in definitions:
            for _, leaf in _asked(definition):
                if isinstance(leaf, HistoryLeaf) and self.is_on_grid(leaf):
                    yield leaf

    def _closure(self, keys: frozenset[Key]) -> tuple[Definition, ...]:
        if keys not in self._closures:
            self._closures[keys] = closure(self.whole.checked, keys)
        return self._closures[keys]

    def _kept(self, keys: Iterable[Key], point: int) -> dict[Key, Callable[[], Value]]:
        if self.cache is None:
            return {}
        found = {key: self.cache.find(key, point) for key in keys}
        return {key: read for key, read in found.items() if read is not None}

    def _is_ready(self, leaf: HistoryLeaf) -> bool:
        """Say whether all segmentations behind a condition have labels by now: what they fitted holds for the past."""
        needed = self._closure(frozenset({subject_of(leaf)}))
        return all(item.name in self.whole.of(item.entity).labels for item in needed if isinstance(item, Segmentation))

    # ------------------------------------------------------------------------------------------------------ look back

    def _look_back(self, asking: HistoryLeaf) -> None:
        """Go through the past for a condition, and with it for all others that can be answered by now."""
        if self.open_cache is not None:
            # Anew for each look back: an evaluation that goes on fits more.
            self.cache = self.open_cache(self.whole)
        others = [leaf for leaf in self._leaves(self.chosen) if leaf not in self._covered and self._is_ready(leaf)]
        days, asked = self._plan([asking, *others])
        before: int | None = None
        for number, (point, evaluation) in enumerate(self._evaluated(days), start=1):
            for key in days[point].asked:
                self._take(key, point, before, days[point], evaluation, asked[key])
            before = point
            if self.progress is not None:
                self.progress("past days", number, len(days))

    def _take(
        self, key: Key, point: int, before: int | None, day: _Day, evaluation: Evaluation | None,
        asked: Iterable[HistoryLeaf],
    ) -> None:  # fmt: skip
        """Note what a value at a point answers, and remember it until the next."""
        if key in day.kept:
            value = day.kept[key]()
        else:
            assert evaluation is not None
            value = value_at(self._of(key, evaluation), *key)
            if self.cache is not None:
                self.cache.keep(key, point, value)
        last = self._before(key, before)
        for leaf in asked:
            if last is not None or isinstance(leaf, HeldLeaf):
                self.found.setdefault(leaf, {})[point] = step(leaf, last, value, Moment(point, self._zone))
        self.latest[key] = (point, value)

    def _before(self, key: Key, point: int | None) -> Value | None:
        """Return a value at the point that was last gone through; None when it was not asked for there."""
        if key not in self.latest:
            return None
        at, value = self.latest[key]
        return value if at == point else None

    def _evaluated(self, days: Mapping[int, _Day]) -> Iterator[tuple[int, Evaluation | None]]:
        """Yield each point in order with the evaluation of what it needs; those that memory holds share their scans."""
        points = list(days)
        at_once = self._points_at_once(days)
        for start in range(0, len(points), at_once):
            batch = points[start : start + at_once]
            counted = self._count(batch, [item for point in batch for item in days[point].needed])
            for place, point in enumerate(batch):
                needed = days[point].needed
                if not needed:
                    yield point, None
                    continue
                begun = self._begin(point)
                for entity, results in counted.items():
                    begun.of(entity).measured = results[place]
                self._carry(begun, needed)
                self.replay(begun, needed)
                yield point, begun

    def _points_at_once(self, days: Mapping[int, _Day]) -> int:
        plans = self._plans([item for day in days.values() for item in day.needed], next(iter(days), 0))
        each = sum(
            self.whole.of(entity).size * (9 * len(plan.columns) + len(plan.leaves) / 8)
            for entity, plan in plans.items()
        )
        return max(1, int(MOST_HELD // max(each, 1)))

    def _plans(self, definitions: Iterable[Definition], earliest: int) -> dict[Entity, MeasurePlan]:
        """Plan what can be counted at several points with one scan: no filter may move with the moment."""
        plans = plan_measures(dict.fromkeys(definitions), self.whole.checked.vocabulary.catalog, valued=False)
        span = Span(Moment(earliest, self._zone), self.whole.moment)
        types = self.whole.checked.trait_types.get
        return {
            entity: MeasurePlan(
                {item: None for item in plan.columns if not measure_needs_everybody(item, span)},
                {leaf: None for leaf in plan.leaves if not leaf_needs_everybody(leaf, span, types, frozenset())},
            )
            for entity, plan in plans.items()
        }

    def _count(self, points: Sequence[int], needed: Iterable[Definition]) -> dict[Entity, list[MeasureResults]]:
        moments = [Moment(point, self._zone) for point in points]
        as_of = AsOf(moment=moments[-1], known_at=self.whole.as_of.known_at)
        engine, catalog = self.whole.engine, self.whole.checked.vocabulary.catalog
        return {
            entity: run_measures_at(engine, catalog, as_of, moments, self.whole.of(entity).roster, plan)
            for entity, plan in self._plans(needed, points[0]).items()
        }

    # ------------------------------------------------------------------------------------------------------ one point

    def _begin(self, point: int) -> Evaluation:
        """Begin the evaluation of a point: the same customers and knowledge, and what is fitted by now."""
        whole = self.whole
        as_of = AsOf(moment=Moment(point, self._zone), known_at=whole.as_of.known_at)
        options: dict[str, Any] = {"lists_folder": whole.lists_folder, "models": fitted_models(whole)}
        begun = open_evaluation(whole.engine, whole.checked, as_of, whole.roster, **options)
        if whole.accounts is not None:
            begun.accounts = open_evaluation(whole.engine, whole.checked, as_of, whole.accounts.roster, **options)
        begun.past = self
        return begun

    def _carry(self, begun: Evaluation, definitions: Iterable[Definition]) -> None:
        """Take over what is the same at all times: traits that never changed, and conditions that read nothing else."""
        for definition in definitions:
            for reference in references(definition):
                if reference.kind == "trait" and self._never_changed(reference.name, reference.entity):
                    column = self.whole.of(reference.entity).column(reference.name)
                    begun.of(reference.entity).columns[reference.name] = column
            for entity, leaf in _asked(definition):
                then = begun.of(entity)
                traits = [item.name for item in leaf_references(leaf, entity) if item.kind == "trait"]
                if leaf not in then.answers and _is_timeless(leaf) and all(name in then.columns for name in traits):
                    then.answers[leaf] = members(leaf, self.whole.of(entity)) & then.everybody

    def _never_changed(self, trait: str, entity: Entity) -> bool:
        return ("trait", trait) not in self.computed and (entity, trait) not in self._logged

    @cached_property
    def _logged(self) -> frozenset[tuple[str, str]]:
        """The loaded traits with a change: (entity, trait)."""
        rows = self.whole.engine.rows("SELECT DISTINCT entity, trait FROM trait_changes")
        return frozenset((entity, trait) for entity, trait in rows)

    @property
    def _zone(self) -> ZoneInfo:
        return self.whole.moment.zone

    def _of(self, key: Key, evaluation: Evaluation) -> Evaluation:
        return evaluation.of(self.computed[key].entity)


def fitted_models(evaluation: Evaluation) -> dict[str, Mapping[str, Any]]:
    """Return the models behind the labels of an evaluation: those it was given, and those it fitted itself."""
    models = {name: model for name, model in evaluation.models.items() if not evaluation.wants_fit(name)}
    models |= {stored_name(name): fit.model for name, fit in evaluation.fits.items()}
    for part in (evaluation, evaluation.accounts):
        for name, labels in ({} if part is None else part.labels).items():
            if labels.refitted and labels.model is not None:
                models[name] = labels.model
    return models


def _asked(definition: Definition) -> Iterator[tuple[Entity, Leaf | PropertyTest]]:
    for condition in conditions(definition):
        yield from asked_leaves(condition, definition.entity)


def _each_point(leaf: HistoryLeaf) -> HistoryLeaf:
    """Return what a condition asks of each point, which is the same for all lengths of time."""
    return replace(leaf, operator="gte", length=0) if isinstance(leaf, HeldLeaf) else replace(leaf, within=0)


def _is_timeless(leaf: Leaf | PropertyTest) -> bool:
    """Say whether a condition has one answer at all times, as long as the traits that it reads do not change."""
    if isinstance(leaf, TraitLeaf):
        return OPERATORS[leaf.test.operator].shape not in RELATIVE_SHAPES
    return isinstance(leaf, (RandomLeaf, ListLeaf))
