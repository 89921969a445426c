"""What is right and yet probably not meant: conditions that nobody or everybody meets, parts that change nothing.

Everything here is told from the definitions alone; what the last run tells stands in `segments.lint`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from satsuma.documents import Document, Path_
from satsuma.language.checker import Checked, kind_of
from satsuma.language.durations import MICROSECONDS_PER_DAY, duration_words
from satsuma.language.leaves import asked_leaves, conditions, measures, references
from satsuma.language.logic import Logic
from satsuma.language.normal import normal, ordering
from satsuma.language.types import (
    Condition,
    Definition,
    EventLeaf,
    Group,
    Measure,
    Not,
    Segment,
    SequenceLeaf,
    Trait,
    Window,
)

Level = Literal["warning", "info"]

#: Every code with what it says, for the pages.
CODES: Mapping[str, str] = {
    "always-false": "Nobody can meet this condition, whatever the data are.",
    "always-true": "Everybody meets this condition, whatever the data are.",
    "redundant": "This part changes nothing: it follows from the others, or the others from it.",
    "same-meaning": "Another segment says the same, in another order or with other words.",
    "window-over-retention": "The window reaches back further than events are kept.",
    "window-over-data": "The window reaches back further than the loaded events do.",
    "unused": "Nothing reads this list, trait or segmentation, and it was not exported.",
    "empty": "Nobody is in this segment, by the last run.",
    "everybody": "Everybody is in this segment, by the last run.",
    "too-small": "So few are in this segment that nothing can be said of them.",
    "same-members": "Another segment had the same members at the last run.",
    "leaves-out-missing": "A negative operator leaves out those without a value, and there are many.",
}

#: The longest that each period of the calendar can be, in days.
_LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at, where it is and what to do about it."""

    code: str
    level: Level
    path: str
    line: int | None
    message: str
    hint: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.message} {self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Makes findings about one definition, with its file and lines."""

    definition: Definition
    documents: Mapping[str, Document]

    def line(self, at: Path_) -> int | None:
        document = self.documents.get(self.definition.file)
        return None if document is None else document.line(at)

    def finding(self, code: str, at: Path_, message: str, hint: str, level: Level = "warning") -> Finding:
        return Finding(
            code=code, level=level, path=self.definition.file, line=self.line(at), message=message, hint=hint
        )  # fmt: skip


def lint(
    checked: Checked, documents: Mapping[str, Document], *, retention: int | None = None, used: Collection[str] = (),
) -> list[Finding]:  # fmt: skip
    """Return what is worth a look in a workspace's definitions; built-in traits are left out.

    Parameters
    ----------
    documents : what they were read from, by file name.
    retention : how long events are kept, in microseconds.
    used : names of traits and segmentations that were exported: somebody reads them elsewhere.
    """
    logic = Logic(checked)
    found: list[Finding] = []
    for definition in _written(checked):
        about = Findings(definition=definition, documents=documents)
        for condition in conditions(definition):
            found += _conditions(condition, about, logic)
        found += _filters(definition, about, logic)
        found += _windows(definition, about, retention)
    found += _same_meaning(checked, documents)
    found += _unused(checked, documents, frozenset(used))
    return sorted(set(found), key=lambda item: (item.path, item.line or 0, item.code))


def _written(checked: Checked) -> list[Definition]:
    return [item for item in checked.ordered if item.file]


def asked_windows(definition: Definition) -> Iterator[tuple[Measure, Window, Path_]]:
    """Yield the measures of a definition with the windows that they look at."""
    # What a learned trait looks at was chosen for it: a window longer than the data is no mistake of anybody's.
    is_learned = isinstance(definition, Trait) and definition.way is not None
    for measure in () if is_learned else measures(definition):
        yield measure, measure.window, measure.at
    for condition in conditions(definition):
        for _, leaf in asked_leaves(condition, definition.entity):
            if isinstance(leaf, EventLeaf):
                yield leaf.measure, leaf.time_window or leaf.measure.window, leaf.at
            elif isinstance(leaf, SequenceLeaf):
                first = leaf.steps[0]
                yield Measure(event=first.event, where=first.where, at=first.at), first.window, first.at


def reach(window: Window) -> int | None:
    """Return how far back a window reaches at most, in microseconds; None where its own beginning does not say."""
    if window.calendar is not None:
        # The running period comes before the full ones.
        periods = window.calendar.count + 1 if window.calendar.which == "last_full" else 1
        return periods * _LONGEST[window.calendar.period] * MICROSECONDS_PER_DAY
    return window.oldest


# ---------------------------------------------------------------------------------------------------------- conditions


def _conditions(condition: Condition, about: Findings, logic: Logic) -> Iterator[Finding]:
    """Yield what logic says of a whole condition, and where that says nothing, of its parts."""
    if not logic.can_hold(condition):
        yield _contradiction(condition, about, logic)
    elif not logic.can_fail(condition):
        yield about.finding("always-true", condition.at, "Everybody meets this, whatever the data are.", _LOOK)
    else:
        yield from _parts(condition, about, logic)


_LOOK = "See what it says: satsuma segment explain."


def _contradiction(condition: Condition, about: Findings, logic: Logic) -> Finding:
    """Return the finding on a condition that nobody can meet, with the two parts that exclude each other."""
    hint = "Take one of them out, or join them with 'any:'."
    parts = condition.conditions if isinstance(condition, Group) and condition.word == "all" else ()
    for place, part in enumerate(parts):
        if not logic.can_hold(part):
            return _contradiction(part, about, logic)
        for other in parts[:place]:
            if not logic.can_hold(Group(word="all", conditions=(other, part))):
                line = about.line(other.at)
                where = "" if line is None else f" (line {line})"
                message = f"Nobody can meet this together with the condition before it{where}."
                return about.finding("always-false", part.at, message, hint)
    message = "Nobody can meet this, whatever the data are."
    return about.finding("always-false", condition.at, message, "Mend it, or delete the definition.")


def _parts(condition: Condition, about: Findings, logic: Logic) -> Iterator[Finding]:
    if isinstance(condition, Not):
        yield from _parts(condition.condition, about, logic)
    if not isinstance(condition, Group):
        return
    open_parts = []
    for part in condition.conditions:
        if not logic.can_hold(part):
            yield _contradiction(part, about, logic)
        elif not logic.can_fail(part):
            message = "Everybody meets this, whatever the data are: it changes nothing here."
            yield about.finding("always-true", part.at, message, "Take it out, or say what was meant.")
        else:
            open_parts.append(part)
            yield from _parts(part, about, logic)
    kept = list(open_parts)
    # From the end, so that of two that say the same the first one stays.
    for part in reversed(open_parts):
        others = [other for other in kept if other is not part]
        if others and _changes_nothing(part, others, condition.word, logic):
            kept = others
            message = f"This changes nothing: the other parts of '{condition.word}' say it already."
            yield about.finding("redundant", part.at, message, "Take it out.", "info")


def _changes_nothing(part: Condition, others: list[Condition], word: str, logic: Logic) -> bool:
    if word == "all":
        return logic.follows(part, others)
    return logic.follows(Group(word="any", conditions=tuple(others)), [part])


def _filters(definition: Definition, about: Findings, logic: Logic) -> Iterator[Finding]:
    """Yield what logic says of the filters on events."""
    asked = [(measure.event, measure.where) for measure, _, _ in asked_windows(definition)]
    for condition in conditions(definition):
        for _, leaf in asked_leaves(condition, definition.entity):
            if isinstance(leaf, SequenceLeaf):
                asked += [(step.event, step.where) for step in leaf.steps[1:]]
    for event, where in asked:
        if where is None:
            continue
        if not logic.can_hold(where, event=event):
            message = f"No '{event}' can meet this filter."
            yield about.finding("always-false", where.at, message, "Mend the filter: nothing is counted as it is.")
        elif not logic.can_fail(where, event=event):
            message = f"Every '{event}' meets this filter."
            yield about.finding("always-true", where.at, message, "Take it out, or say what was meant.")


# ------------------------------------------------------------------------------------------------- windows and the rest


def _windows(definition: Definition, about: Findings, retention: int | None) -> Iterator[Finding]:
    if retention is None:
        return
    kept = duration_words(retention)
    for measure, window, at in asked_windows(definition):
        length = reach(window)
        if measure.aggregate in ("first_time", "last_time") and measure.window == Window():
            message = f"The first or last '{measure.event}' of all time is asked for, and events are kept for {kept}."
        elif length is not None and length > retention:
            message = f"This window of {duration_words(length)} is longer than events are kept ({kept})."
        else:
            continue
        hint = "Shorten it, or keep events longer: 'retention' in satsuma.yaml."
        yield about.finding("window-over-retention", at, message, hint)


def _same_meaning(checked: Checked, documents: Mapping[str, Document]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Segment] = {}
    for _, segment in sorted(checked.of(Segment).items()):
        other = first.setdefault((segment.entity, ordering(normal(segment.where))), segment)
        if other is segment or not segment.file:
            continue
        line = Findings(definition=other, documents=documents).line(("where",))
        about = Findings(definition=segment, documents=documents)
        message = f"This segment means the same as '{other.name}' ({other.file}:{line})."
        hint = f"Keep one of them; where both names are needed: where: {{in_segment: {other.name}}}."
        yield about.finding("same-meaning", ("where",), message, hint)


def _unused(checked: Checked, documents: Mapping[str, Document], used: frozenset[str]) -> Iterator[Finding]:
    read = {(item.kind, item.name) for definition in checked.ordered for item in references(definition)}
    for definition in _written(checked):
        kind = kind_of(definition)
        if kind == "segment" or (kind, definition.name) in read or definition.name in used:
            continue
        about = Findings(definition=definition, documents=documents)
        message = f"No definition reads the {kind} '{definition.name}', and it was not exported."
        hint = f"Keep it if people look at it; else: satsuma {kind} delete {definition.name}"
        yield about.finding("unused", (kind,), message, hint, "info")
    for name in sorted(checked.vocabulary.lists):
        if ("list", name) not in read:
            message = f"No definition reads the list '{name}'."
            hint = f"Keep it if it is meant for later; else: satsuma list delete {name}"
            yield Finding(code="unused", level="info", path=f"lists/{name}", line=None, message=message, hint=hint)
