"""Who entered and left each segment between two runs, and why (rule S16)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import through_members
from satsuma.evaluation.run import closure
from satsuma.evaluation.touched import Loaded, loaded_since
from satsuma.language.checker import Checked, kind_of
from satsuma.language.types import Entity, Segment
from satsuma.segments.store import StoredRun

CAUSES = ("event", "clock", "trait", "definition", "model", "merge", "consent", "erasure", "backfill")


@dataclass(frozen=True, slots=True)
class Moved:
    """Whom new rows touched since the run before, as bitmaps by cause; accounts are touched through their people."""

    by_cause: Mapping[Entity, Mapping[str, BitMap]]

    @classmethod
    def since(cls, engine: DuckDB, previous: StoredRun | None) -> Moved:
        """Return whom loads after a run touched."""
        if previous is None:
            return cls({"customer": {}, "account": {}})
        return cls.by(engine, loaded_since(engine, int(previous.definitions["last_load"])))

    @classmethod
    def by(cls, engine: DuckDB, found: Loaded) -> Moved:
        """Return the causes of what loads touched."""
        customers = {"event": found.events, "trait": found.traits, "consent": found.consents}
        accounts = {"event": through_members(engine, found.events), "trait": found.accounts}
        return cls(
            {
                "customer": {cause: BitMap(numbers) for cause, numbers in customers.items()},
                "account": {cause: BitMap(numbers) for cause, numbers in accounts.items()},
            }
        )

    def of(self, entity: Entity) -> Mapping[str, BitMap]:
        return self.by_cause[entity]


def caused_changes(
    before: BitMap, after: BitMap, *, everybody: str | None, moved: Mapping[str, BitMap]
) -> dict[str, BitMap]:
    """Return the changes of one segment as bitmaps named `entered/<cause>` and `left/<cause>`.

    Parameters
    ----------
    everybody : a cause that holds for all: the definition changed, a model was refitted, the moment moved back.
    moved : by cause, in the order in which they count, whom new rows touched; what none explains, the clock did.
    """
    result: dict[str, BitMap] = {}
    for word, changed in (("entered", after - before), ("left", before - after)):
        rest = changed
        if everybody is None:
            for cause, whom in moved.items():
                part = rest & whom
                if part:
                    result[f"{word}/{cause}"] = part
                    rest = rest - part
        if rest:
            result[f"{word}/{everybody or 'clock'}"] = rest
    return result


def members_before(previous: StoredRun | None, segment: Segment) -> BitMap | None:
    """Return who was in a segment at the run before; None where it had no such segment."""
    if previous is None or not previous.has_segment(segment.name):
        return None
    return previous.members(segment.name)


def cause_for_all(
    segment: Segment, checked: Checked, previous: StoredRun | None, refitted: Collection[tuple[str, str]],
    as_of: datetime, known_at: datetime | None = None,
) -> str | None:  # fmt: skip
    """Return the cause that explains every change of a segment, or None when each customer has an own one."""
    if previous is None:
        return "definition"
    key = f"segment/{segment.name}"
    if previous.definitions["digests"].get(key) != checked.digests.get(("segment", segment.name)):
        return "definition"
    needed = closure(checked, [("segment", segment.name)]) if refitted else ()
    if any((kind_of(item), item.name) in refitted for item in needed):
        return "model"
    # Who looks back, or at what was known at another time, sees changes that no new row and no clock made.
    return "backfill" if as_of < previous.as_of or known_at != previous.known_at else None


def refitted_definitions(*evaluations: Evaluation | None) -> set[tuple[str, str]]:
    """Return kind and name of what has new labels or values because it was fitted in these evaluations."""
    found: set[tuple[str, str]] = set()
    for whole in evaluations:
        for part in (whole, None if whole is None else whole.accounts):
            if part is not None:
                found |= {("segmentation", name) for name, labels in part.labels.items() if labels.refitted}
                found |= {("trait", name) for fit in part.fits.values() for name in fit.traits}
    return found


def totals(changes: Mapping[str, BitMap], names: Iterable[str] = ("entered", "left")) -> dict[str, int]:
    """Return how many entered and left, whatever the cause."""
    return {name: sum(len(part) for key, part in changes.items() if key.startswith(f"{name}/")) for name in names}
