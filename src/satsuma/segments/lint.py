"""What the last run and the loaded events tell of definitions: sizes, equal members, missing values, short history."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pyroaring import BitMap

from satsuma.documents import Document
from satsuma.engines.duckdb import DuckDB
from satsuma.engines.engine import Engine
from satsuma.language.checker import Checked
from satsuma.language.durations import duration_words, from_microseconds, local_day, microseconds
from satsuma.language.leaves import asked_leaves, conditions
from satsuma.language.lint import Finding, Findings, asked_windows, reach
from satsuma.language.operators import OPERATORS
from satsuma.language.types import Definition, Segment, TraitLeaf
from satsuma.segments.store import RunStore, StoredRun
from satsuma.segments.views import trait_values

#: A negative operator that leaves out a larger share than this is probably not meant so.
MANY_MISSING = 0.2


def lint_data(engine: Engine, checked: Checked, documents: Mapping[str, Document]) -> Iterator[Finding]:
    """Yield windows that reach back further than the loaded events of their name do."""
    rows = engine.rows("SELECT name, min(time) FROM events WHERE superseded_at IS NULL GROUP BY name")
    first = {name: microseconds(time) for name, time in rows}
    newest = engine.value("SELECT max(time) FROM events WHERE superseded_at IS NULL")
    if newest is None:
        return
    zone = checked.vocabulary.zone
    for definition in _written(checked):
        about = Findings(definition=definition, documents=documents)
        for measure, window, at in asked_windows(definition):
            length = reach(window)
            start = first.get(measure.event)
            if length is None or start is None or microseconds(newest) - length >= start:
                continue
            day = local_day(from_microseconds(start), zone)
            message = (
                f"This window of {duration_words(length)} reaches back further than the data: "
                f"the first '{measure.event}' is of {day.isoformat()}."
            )
            hint = "It counts what there is; load older data, or bear it in mind."
            yield about.finding("window-over-data", at, message, hint, "info")


def lint_results(
    engine: DuckDB, root: Path, checked: Checked, documents: Mapping[str, Document], *, outdated: Collection[str],
    smallest: int, known: Collection[Finding] = (),
) -> Iterator[Finding]:  # fmt: skip
    """Yield what the last run tells of segments that did not change since; nothing before the first run.

    Parameters
    ----------
    outdated : segments that are new or changed: their results say nothing of them.
    smallest : fewer customers than this are too few to say anything of.
    known : what was found before: two segments of one meaning have the same members.
    """
    run = RunStore(engine, root / "state").latest()
    if run is None:
        return
    segments = {
        name: item for name, item in checked.of(Segment).items() if item.file and name not in outdated
    }  # fmt: skip
    sizes = {str(row["name"]): int(row["size"]) for row in run.outcome["segments"]}
    segments = {name: segments[name] for name in sorted(segments.keys() & sizes.keys())}
    populations = {item.entity: len(run.population(item.entity)) for item in segments.values()}
    partial = []
    for name, segment in segments.items():
        size, population = sizes[name], populations[segment.entity]
        yield from _size(size, population, Findings(definition=segment, documents=documents), smallest)
        if 0 < size < population:
            partial.append((size, segment))
    told = {item.path for item in known if item.code == "same-meaning"}
    yield from _same_members([item for item in partial if item[1].file not in told], run, documents)
    shares: dict[str, float] = {}
    for segment in segments.values():
        yield from _missing(segment, Findings(definition=segment, documents=documents), engine, root, shares)


def _written(checked: Checked) -> list[Definition]:
    return [item for item in checked.ordered if item.file]


def _size(size: int, population: int, about: Findings, smallest: int) -> Iterator[Finding]:
    if not population:
        return
    one, many = ("customer was", "customers were")
    if about.definition.entity == "account":
        one, many = ("account was", "accounts were")
    if size == 0:
        hint = "Try parts of it: satsuma segment preview."
        yield about.finding("empty", ("where",), "Nobody was in this segment at the last run.", hint)
    elif size == population:
        message = f"Everybody ({population:,}) was in this segment at the last run."
        yield about.finding("everybody", ("where",), message, "If that is meant, no condition is needed for it.")
    elif size < smallest:
        message = f"{size:,} {one if size == 1 else many} in this segment at the last run."
        hint = f"Fewer than {smallest:,} are too few to compare; widen it ('smallest_segment' in satsuma.yaml)."
        yield about.finding("too-small", ("where",), message, hint)


def _same_members(
    sized: Sequence[tuple[int, Segment]], run: StoredRun, documents: Mapping[str, Document]
) -> Iterator[Finding]:
    groups: dict[tuple[str, int], list[tuple[Segment, BitMap]]] = {}
    for size, segment in sized:
        # Only what is of one size can be the same.
        others = groups.setdefault((segment.entity, size), [])
        members = run.members(segment.name)
        same = next((other for other, theirs in others if theirs == members), None)
        if same is None:
            others.append((segment, members))
            continue
        about = Findings(definition=segment, documents=documents)
        message = f"At the last run this segment had the same {size:,} members as '{same.name}' ({same.file})."
        yield about.finding("same-members", ("where",), message, "See whether both are needed.", "info")


def _missing(
    segment: Segment, about: Findings, engine: DuckDB, root: Path, shares: dict[str, float]
) -> Iterator[Finding]:
    """Yield negative tests of traits that many customers have no value of."""
    if segment.entity != "customer":
        return
    for condition in conditions(segment):
        for entity, leaf in asked_leaves(condition, "customer"):
            if entity != "customer" or not isinstance(leaf, TraitLeaf):
                continue
            test = leaf.test
            if OPERATORS[test.operator].denies is None or test.missing_matches:
                continue
            if leaf.trait not in shares:
                values = trait_values(engine, root, leaf.trait).column("value")
                shares[leaf.trait] = values.null_count / max(len(values), 1)
            share = shares[leaf.trait]
            if share > MANY_MISSING:
                message = f"'{test.operator}' leaves out those without a value of '{leaf.trait}', {share:.0%} of all."
                hint = "If they belong in, add 'missing: match'."
                yield about.finding("leaves-out-missing", leaf.at, message, hint)


__all__ = ["MANY_MISSING", "lint_data", "lint_results"]
