"""How things stand with segments, in sentences: fresh as of, last run, last error, last change, next due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.segments.state import LastError, SegmentState

_DEFINITIONS = {
    "as run": "",
    "changed": "The definition, or something that it reads, was changed since the last run.",
    "new": "The definition is new since the last run.",
    "gone": "The definition is gone since the last run.",
    "has mistakes": "The definitions have mistakes: satsuma check",
}


def error_sentence(error: LastError, timezone: str) -> str:
    """Return what the last run failed with."""
    from satsuma.report import format as say_as

    return f"The last run failed at {say_as.moment(error.at, timezone)} ({error.code}): {error.message}"


def state_lines(state: SegmentState, timezone: str) -> Iterator[str]:
    """Yield how things stand with one segment, one sentence a line."""
    from satsuma.report import format as say_as

    if state.last_run is None or state.fresh_as_of is None:
        yield "It was not run yet."
    else:
        run = state.last_run
        started = say_as.moment(run.started_at, timezone)
        known = "" if run.known_at is None else f", as known at {say_as.moment(run.known_at, timezone)}"
        yield f"Fresh as of {say_as.moment(state.fresh_as_of, timezone)}{known}."
        yield f"Last run: number {run.run_id} at {started}, took {say_as.duration(run.seconds)}."
        moved = f"{say_as.count(state.entered)} entered, {say_as.count(state.left)} left"
        yield f"At that run: {moved}{_causes(state.causes)}."
    change = state.last_change
    if change is not None and not (state.entered or state.left):
        moved = f"{say_as.count(change.entered)} entered, {say_as.count(change.left)} left"
        yield f"Last change: as of {say_as.moment(change.as_of, timezone)}, {moved}{_causes(change.causes)}."
    if state.last_error is not None:
        yield error_sentence(state.last_error, timezone)
    due = "not scheduled" if state.next_due is None else say_as.moment(state.next_due, timezone)
    yield f"Next due: {due}."
    if _DEFINITIONS[state.definition]:
        yield _DEFINITIONS[state.definition]


def _causes(causes: Mapping[str, int]) -> str:
    """Return the causes of changes, the most frequent first: ` (event 3, clock 1)`."""
    totals: dict[str, int] = {}
    for change, count in causes.items():
        cause = change.partition("/")[2]
        totals[cause] = totals.get(cause, 0) + count
    ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return f" ({', '.join(f'{cause} {count:,}' for cause, count in ordered)})" if ordered else ""
