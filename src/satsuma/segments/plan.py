"""What definitions that are new, changed or gone since the last run would do, before they do it.

They are evaluated at the moment of the last run and compared with what it stored, so that what is seen is the effect
of the definitions and not of time. Nothing is kept.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap

from satsuma import documents
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import WrongUse
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.run import closure, evaluate
from satsuma.language.checker import Checked, kind_of
from satsuma.language.definitions import PREVIEW_NAME
from satsuma.language.leaves import references
from satsuma.language.types import Definition, Segment, Segmentation
from satsuma.ledger import Ledger
from satsuma.segments.difference import Difference, compare
from satsuma.segments.history_cache import history_cache
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.standing import Asked, Standing, evaluated, standing_of, stored
from satsuma.segments.store import RunStore, StoredRun

Key = tuple[str, str]
#: `affected` is what reads something that changed, and did not change itself.
Status = Literal["new", "changed", "affected", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The lines of a definition that changed since the last run, with `-` and `+` before them."""

    kind: str
    name: str
    lines: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "lines": list(self.lines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEffect:
    """How many have a label before and after."""

    label: str
    before: int
    after: int

    def as_dict(self) -> dict[str, Any]:
        return {"label": self.label, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What becomes of one definition.

    through : what it reads that changed. difference : of a segment, who enters and leaves. labels, relabelled : of a
    segmentation, its labels and how many get another one.
    """

    kind: str
    name: str
    status: Status
    through: tuple[str, ...] = ()
    edit: Edit | None = None
    difference: Difference | None = None
    labels: Sequence[LabelEffect] = ()
    relabelled: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "name": self.name, "status": self.status, "through": list(self.through),
            "lines": [] if self.edit is None else list(self.edit.lines),
            "difference": None if self.difference is None else self.difference.as_dict(),
            "labels": [item.as_dict() for item in self.labels], "relabelled": self.relabelled,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the next run would change by the definitions alone, at the moment of the last run."""

    as_of: datetime
    run_id: int | None
    changes: Sequence[Planned]
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"as_of": self.as_of, "run_id": self.run_id, "changes": [item.as_dict() for item in self.changes],
                "warnings": list(self.warnings)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the file of a segment says now beside what the last run stored of it.

    edits : the changed lines of its own definition and of those that it reads.
    """

    segment: str
    difference: Difference
    edits: Sequence[Edit]
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"segment": self.segment, "edits": [edit.as_dict() for edit in self.edits],
                **self.difference.as_dict(), "warnings": list(self.warnings)}  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- plan


def plan(
    engine: DuckDB, checked: Checked, ledger: Ledger, root: Path, now: datetime,
    progress: Callable[[str, int, int], None] | None = None,
) -> Plan:  # fmt: skip
    """Say what definitions that are new, changed or gone would do; nothing is kept.

    Parameters
    ----------
    now : the moment to evaluate at where nothing was run yet, UTC without a zone.
    """
    run = RunStore(engine, root / "state").latest()
    as_of, known_at = (now, None) if run is None else (run.as_of, run.known_at)
    definitions: dict[Key, Definition] = {(kind_of(item), item.name): item for item in checked.ordered}
    moved = changed_keys(checked, run)
    wanted = [key for key in moved if key in definitions and key[0] != "trait"]
    evaluation = evaluate(
        engine, checked, as_of_moment(checked, as_of, known_at), definitions=closure(checked, wanted),
        lists_folder=root / "lists", models=kept_models(checked, run), progress=progress,
        open_cache=history_cache(engine, root),
    )  # fmt: skip
    history = History(ledger, run, root)
    changes = []
    for key in moved:
        definition = definitions.get(key)
        if definition is None:
            changes.append(_gone(engine, run, key))
            continue
        edit = history.edit(definition)
        status, through = _status(definition, run, moved, edit)
        effect: dict[str, Any] = {}
        if isinstance(definition, Segment):
            after = standing_of(Asked(key[1], definition, checked), evaluation, as_of, known_at)
            effect["difference"] = compare(_before(engine, run, definition.name, after), after)
        elif isinstance(definition, Segmentation):
            effect["labels"], effect["relabelled"] = _labels(definition, run, evaluation)
        changes.append(Planned(kind=key[0], name=key[1], status=status, through=through, edit=edit, **effect))
    warnings = (*evaluation.warnings, *_newer_loads(engine, run))
    return Plan(as_of=as_of, run_id=None if run is None else run.run_id, changes=tuple(changes), warnings=warnings)


def changed_keys(checked: Checked, run: StoredRun | None) -> list[Key]:
    """Return kind and name of the definitions that are new, changed, affected or gone since a run, in their order.

    What came or went among the built-in traits is no decision of anybody and is left out.
    """
    before: Mapping[str, str] = {} if run is None else run.definitions["digests"]
    files = {(kind_of(item), item.name) for item in checked.ordered if item.file}
    now = [key for key in checked.digests if key in files and before.get("/".join(key)) != checked.digests[key]]
    gone = [key for key in (_key(text) for text in before) if key not in checked.digests and key[0] != "trait"]
    return [*now, *sorted(gone)]


def _key(text: str) -> Key:
    kind, _, name = text.partition("/")
    return kind, name


def _status(
    definition: Definition, run: StoredRun | None, moved: Iterable[Key], edit: Edit | None
) -> tuple[Status, tuple[str, ...]]:  # fmt: skip
    read = {(reference.kind, reference.name) for reference in references(definition)}
    through = tuple(sorted(name for kind, name in moved if (kind, name) in read))
    if run is None or f"{kind_of(definition)}/{definition.name}" not in run.definitions["digests"]:
        return "new", through
    return ("affected" if edit is None else "changed"), through


def _gone(engine: DuckDB, run: StoredRun | None, key: Key) -> Planned:
    assert run is not None
    kind, name = key
    if kind == "segment":
        before = stored(engine, run, name)
        after = _empty(before, name)
        return Planned(kind=kind, name=name, status="gone", difference=compare(before, after))
    rows = next(row for row in run.outcome["segmentations"] if row["name"] == name)["labels"]
    labels = tuple(LabelEffect(label=row["label"], before=row["size"], after=0) for row in rows)
    return Planned(kind=kind, name=name, status="gone", labels=labels)


def _before(engine: DuckDB, run: StoredRun | None, name: str, after: Standing) -> Standing:
    """Return a segment as the last run stored it; nobody where it had none of that name, or of another kind."""
    if run is None or not run.has_segment(name):
        return _empty(after, name)
    before = stored(engine, run, name)
    return before if before.entity == after.entity else _empty(after, name)


def _empty(like: Standing, name: str) -> Standing:
    return Standing(name, like.entity, like.as_of, like.known_at, BitMap(), like.population, like.worth)


def _labels(
    segmentation: Segmentation, run: StoredRun | None, evaluation: Evaluation
) -> tuple[tuple[LabelEffect, ...], int | None]:  # fmt: skip
    """Return the sizes of labels before and after, and how many of those known at both have another one."""
    whose = evaluation.of(segmentation.entity)
    found = whose.labels[segmentation.name]
    after = dict(zip(found.names, np.bincount(found.codes[whose.population], minlength=len(found.names)).tolist(),
                     strict=True))  # fmt: skip
    if run is None or segmentation.name not in run.computed_names(segmentation.entity):
        return tuple(LabelEffect(label=label, before=0, after=size) for label, size in after.items()), None
    rows = next(row for row in run.outcome["segmentations"] if row["name"] == segmentation.name)["labels"]
    before = {row["label"]: row["size"] for row in rows}
    read = run.labels if segmentation.entity == "customer" else run.account_columns
    table = read([segmentation.name])
    numbers = table.column(f"{segmentation.entity}_no").to_numpy()
    known = (numbers < whose.size) & whose.population[np.minimum(numbers, whose.size - 1)]
    names = pa.array(found.names, pa.string()).take(pa.array(found.codes[numbers[known]]))
    was = table.column(segmentation.name).cast(pa.string()).combine_chunks().filter(pa.array(known))
    relabelled = int(pc.sum(pc.not_equal(was, names)).as_py() or 0)
    both = dict.fromkeys((*before, *after))
    labels = tuple(LabelEffect(label=key, before=before.get(key, 0), after=after.get(key, 0)) for key in both)
    return labels, relabelled


def _newer_loads(engine: DuckDB, run: StoredRun | None) -> tuple[str, ...]:
    """Return a sentence when data came in since the run: then not all is the definitions' doing."""
    if run is None:
        return ()
    newer = int(engine.value(f"SELECT count(*) FROM loads WHERE load_id > {int(run.definitions['last_load'])}"))
    if not newer:
        return ()
    loads = "1 load" if newer == 1 else f"{newer:,} loads"
    return (f"{loads} came since the last run; what they brought is part of the difference.",)


# ------------------------------------------------------------------------------------------------------------ effect


def effect(engine: DuckDB, asked: Asked, ledger: Ledger, root: Path) -> Effect:
    """Compare a segment that the last run stored with what its file says now, at the moment of that run.

    Raises
    ------
    WorkspaceError
        When nothing was run yet.
    WrongUse
        When what was given does not say which segment it is meant to become.
    """
    run = RunStore(engine, root / "state").required()
    if asked.name == PREVIEW_NAME:
        raise WrongUse(
            "This definition does not say which segment it is.",
            hint="Write 'segment: NAME' in it, or name a second segment to compare it with.",
        )
    after, _ = evaluated(engine, asked, as_of=run.as_of, known_at=run.known_at, root=root)
    history = History(ledger, run, root, {("segment", asked.name): asked.text} if asked.text is not None else {})
    found = [history.edit(item) for item in reversed(closure(asked.checked, [("segment", asked.name)])) if item.file]
    return Effect(
        segment=asked.name,
        difference=compare(_before(engine, run, asked.name, after), after),
        edits=tuple(edit for edit in found if edit is not None),
        warnings=(*after.warnings, *_newer_loads(engine, run)),
    )


class History:
    """The texts of definitions at a run, from the ledger, beside those of their files now.

    given : texts in place of files.
    """

    def __init__(self, ledger: Ledger, run: StoredRun | None, root: Path, given: Mapping[Key, str] | None = None):
        self.ledger, self.run, self.root, self.given = ledger, run, root, given or {}

    def edit(self, definition: Definition) -> Edit | None:
        """Return the lines that changed; None when the text is the same."""
        kind, name = kind_of(definition), definition.name
        before, now = self._before(kind, name), self._now(kind, name, definition.file)
        if before == now:
            return None
        # After two lines of names come the changes, each place of them with a line of its own.
        compared = list(difflib.unified_diff(before.splitlines(), now.splitlines(), n=0))[2:]
        lines = (f"{line[0]} {line[1:]}" for line in compared if line[0] in "-+")
        return Edit(kind=kind, name=name, lines=tuple(lines))

    def _before(self, kind: str, name: str) -> str:
        if self.run is None:
            return ""
        # A run writes down the texts at its own beginning.
        texts = [change.text for change in self.ledger.definition_history(kind, name)
                 if change.first_seen_at <= self.run.started_at]  # fmt: skip
        return (texts[-1] if texts else None) or ""

    def _now(self, kind: str, name: str, file: str) -> str:
        if (kind, name) in self.given:
            return self.given[kind, name]
        return documents.read_text(self.root / file, file)
