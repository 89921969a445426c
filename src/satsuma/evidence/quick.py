"""What the last run alone tells of its segments, on a sample of customers: for pages that must be there at once.

No past moment is evaluated and nothing is fitted again: what followed, stability and drift are not looked at, and the
verdicts say so. Sizes and overlaps are of everybody; effects are of a sample, whose controls are as much wider.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import DuckDB
from satsuma.evidence.groups import groups_of
from satsuma.evidence.overlap import nearest
from satsuma.evidence.roles import every_role
from satsuma.evidence.separation import Separation, separations
from satsuma.evidence.traits import described, second_names, sums
from satsuma.evidence.verdict import FEWEST_TOLD, Known, Verdict, verdict
from satsuma.language.checker import Checked
from satsuma.language.types import Segment
from satsuma.segments.frame import CustomerFrame, frame_of_run
from satsuma.segments.store import StoredRun

#: Customers that effects are told from; of more, so many are drawn.
SAMPLE = 50_000
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickEvidence:
    """One segment as the last run alone tells of it. share : of everybody (0 to 1)."""

    name: str
    title: str
    size: int
    share: float
    separation: Separation
    verdict: Verdict


def quick_evidence(engine: DuckDB, checked: Checked, run: StoredRun) -> list[QuickEvidence]:
    """Return what the last run tells of each segment of customers that is still defined."""
    frame = frame_of_run(engine, checked, run)
    defined = checked.of(Segment)
    names = [name for name in frame.segments if name in defined]
    if not names:
        return []
    groups = groups_of(frame, names, ())
    near = nearest(groups, groups)
    sizes = groups.sizes().tolist()
    drawn = sampled(frame, SAMPLE)
    small = groups_of(drawn, names, ())
    tested = [FEWEST_TOLD <= size <= drawn.size - FEWEST_TOLD for size in small.sizes().tolist()]
    traits = described(drawn, leave_out=second_names(checked))
    roles = every_role(checked, [subject.key for subject in groups.subjects], [trait.name for trait in traits])
    apart = separations(sums(small, traits), [roles[subject.key] for subject in groups.subjects], tested)
    before = run.definitions["digests"]
    found = []
    for name, size, separation, other in zip(names, sizes, apart, near, strict=True):
        key = ("segment", name)
        outdated = [] if before.get("/".join(key)) == checked.digests.get(key) else [_CHANGED]
        share = size / max(frame.size, 1)
        known = Known(size=size, share=share, separation=separation, outdated=outdated, nearest=other)
        found.append(
            QuickEvidence(
                name=name,
                title=defined[name].title,
                size=size,
                share=share,
                separation=separation,
                verdict=verdict(known),
            )
        )
    return found


_CHANGED = "Its definition was changed since the run: run again."


def sampled(frame: CustomerFrame, most: int) -> CustomerFrame:
    """Return a frame of at most so many customers, drawn at random and the same each time."""
    if frame.size <= most:
        return frame
    places: NDArray[np.int64] = np.sort(np.random.default_rng(SEED).choice(frame.size, most, replace=False))
    return replace(
        frame,
        numbers=frame.numbers[places],
        _read_column=lambda name: frame.column(name).take(places),
        _read_members=lambda name: frame.members(name)[places],
        _read_labels=lambda name: replace(frame.labels(name), codes=frame.labels(name).codes[places]),
        _read_worth=lambda: (frame.value[places], frame.orders[places]),
        _kept={},
    )
