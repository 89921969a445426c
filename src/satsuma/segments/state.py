"""How things stand with each segment: fresh as of when, what ran last, what failed last, what changed, what is due.

A run that failed stays in the answer until one succeeds: silence would pass for good news.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked
from satsuma.ledger import Activity, Ledger
from satsuma.segments.store import RunStore, StoredRun

#: What the definition's file is compared with what the last run used; `has mistakes` says nothing of whose they are.
DefinitionState = Literal["as run", "changed", "new", "gone", "has mistakes"]

#: Activities that compute segments.
RUNS = ("run", "refresh")

_SENTENCES = {"interrupted": "The process ended before the run did."}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The last run that succeeded. Times are UTC without a zone."""

    run_id: int
    as_of: datetime
    known_at: datetime | None
    started_at: datetime
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """The last run, where it failed: when, the error's code, and the sentence that was said."""

    at: datetime
    code: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        return {"at": self.at, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The last run at which anybody entered or left: when, as of when, how many, by cause."""

    at: datetime
    as_of: datetime
    entered: int
    left: int
    causes: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {"at": self.at, "as_of": self.as_of, "entered": self.entered, "left": self.left,
                "causes": dict(self.causes)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentState:
    """How things stand with one segment.

    fresh_as_of : the moment that its members are of; None before it was run.
    entered, left, causes : at the last run.
    last_change : the last run at which anybody entered or left; None where none is known.
    next_due : when it is computed next; None where nothing is scheduled.
    """

    segment: str
    fresh_as_of: datetime | None
    last_run: LastRun | None
    last_error: LastError | None
    next_due: datetime | None
    members: int | None
    entered: int
    left: int
    causes: Mapping[str, int]
    last_change: Change | None
    definition: DefinitionState

    @property
    def is_current(self) -> bool:
        """Whether the members are those of the definition, and nothing failed since."""
        return self.definition == "as run" and self.last_error is None

    def as_dict(self) -> dict[str, Any]:
        inner = {"last_run": self.last_run, "last_error": self.last_error, "last_change": self.last_change}
        plain = ("segment", "fresh_as_of", "next_due", "members", "entered", "left", "definition")
        return {
            **{name: getattr(self, name) for name in plain}, "causes": dict(self.causes), "is_current": self.is_current,
            **{name: None if item is None else item.as_dict() for name, item in inner.items()},
        }  # fmt: skip


class States:
    """Says how things stand; what it has to read for that is read once, when first asked for.

    checking : checks the workspace's definitions.
    """

    def __init__(self, store: RunStore, ledger: Ledger, checking: Callable[[], Checked]) -> None:
        self.store = store
        self.ledger = ledger
        self.checking = checking

    @cached_property
    def run(self) -> StoredRun | None:
        return self.store.latest()

    @cached_property
    def last_error(self) -> LastError | None:
        """The last run, where it failed."""
        last = [found for kind in RUNS for found in self.ledger.activities(kind, most=1)]
        newest = max(last, key=lambda activity: activity.activity_id, default=None)
        return None if newest is None or newest.status != "failed" else _error(newest)

    @cached_property
    def _digests(self) -> Mapping[str, str] | None:
        """The digests of the definitions now; None while they have mistakes."""
        try:
            checked = self.checking()
        except DefinitionError:
            return None
        return {name: digest for (kind, name), digest in checked.digests.items() if kind == "segment"}

    @cached_property
    def _rows(self) -> dict[str, Mapping[str, Any]]:
        return {} if self.run is None else {row["name"]: row for row in self.run.outcome["segments"]}

    def of(self, segment: str) -> SegmentState:
        """Return the state of a segment that has a definition, or had one at the last run."""
        row, run = self._rows.get(segment), self.run
        if row is None or run is None:
            return SegmentState(
                segment=segment, fresh_as_of=None, last_run=None, last_error=self.last_error, next_due=None,
                members=None, entered=0, left=0, causes={}, last_change=None, definition=self._definition(segment),
            )  # fmt: skip
        seconds = (run.finished_at - run.started_at).total_seconds()
        return SegmentState(
            segment=segment,
            fresh_as_of=run.as_of,
            last_run=LastRun(run_id=run.run_id, as_of=run.as_of, known_at=run.known_at, started_at=run.started_at,
                             seconds=seconds),
            last_error=self.last_error,
            next_due=None,
            members=int(row["size"]),
            entered=int(row["entered"]),
            left=int(row["left"]),
            causes=row["causes"],
            last_change=_change(row.get("last_change")),
            definition=self._definition(segment),
        )  # fmt: skip

    def _definition(self, segment: str) -> DefinitionState:
        if self._digests is None:
            return "has mistakes"
        before = None if self.run is None else self.run.definitions["digests"].get(f"segment/{segment}")
        now = self._digests.get(segment)
        if before is None:
            return "new"
        return "gone" if now is None else "as run" if now == before else "changed"


def _error(activity: Activity) -> LastError:
    code = activity.error_code or "unknown"
    message = activity.error_message or _SENTENCES.get(code, "It failed in a way that Satsuma did not foresee.")
    return LastError(at=activity.finished_at or activity.started_at, code=code, message=message)


def _change(kept: Mapping[str, Any] | None) -> Change | None:
    if kept is None:
        return None
    at, as_of = (datetime.fromisoformat(kept[name]).replace(tzinfo=None) for name in ("at", "as_of"))
    return Change(at=at, as_of=as_of, entered=kept["entered"], left=kept["left"], causes=kept["causes"])
