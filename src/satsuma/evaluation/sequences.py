"""Sequences: one pass over the events of all their names, in one order, answered per range of customers (rule S10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from satsuma.evaluation.columns import Bits, pack
from satsuma.evaluation.scan import EventScan, MergedChunk, MergedScan, Scanner, Told, Value
from satsuma.evaluation.sequence_plans import SequencePlan, parts_asked, plan_sequence
from satsuma.evaluation.sequence_rows import Answer, Table
from satsuma.language.moments import Moment
from satsuma.language.sequences import event_refs
from satsuma.language.types import Condition, SequenceLeaf


def run_sequences(
    scanner: Scanner, leaves: Iterable[SequenceLeaf], moments: Sequence[Moment], told: Told | None = None
) -> list[dict[SequenceLeaf, Bits]]:
    """Answer sequences for everybody on the roster at each moment; those over the same names share one pass.

    Parameters
    ----------
    moments : the scanner's own, or earlier ones.
    """
    groups: dict[frozenset[str], list[SequencePlan]] = {}
    for leaf in leaves:
        names = frozenset(step.event for step in leaf.steps)
        groups.setdefault(names, []).append(plan_sequence(leaf, scanner.catalog))
    found: list[dict[SequenceLeaf, Bits]] = [{} for _ in moments]
    for plans in groups.values():
        for answers in found:
            answers.update({plan.leaf: np.zeros((scanner.size + 7) // 8, np.uint8) for plan in plans})
        pass_ = SequencePass(plans, moments)
        for low, _, parts in scanner.each(pass_.scan, pass_, told):
            for answers, bits in zip(found, parts, strict=True):
                for plan, part in zip(plans, bits, strict=True):
                    answers[plan.leaf][low // 8 : low // 8 + len(part)] = part
    return found


class SequencePass:
    """One pass: called with the rows of a range of customers, it answers every sequence at each moment."""

    def __init__(self, plans: Sequence[SequencePlan], moments: Sequence[Moment]) -> None:
        self.plans = tuple(plans)
        self.moments = tuple(moments)
        spans = [plan.span(moment) for plan in plans for moment in moments]
        lows, highs = [low for low, _ in spans if low is not None], [high for _, high in spans if high is not None]
        self.scan = MergedScan(
            _scans(plans),
            min(lows) if len(lows) == len(spans) else None,
            max(highs) if len(highs) == len(spans) else None,
        )

    def __call__(self, chunk: MergedChunk) -> list[list[Bits]]:
        return [self._answers(_upto(chunk, moment), moment) for moment in self.moments]

    def _answers(self, chunk: MergedChunk, moment: Moment) -> list[Bits]:
        table = Table(chunk.customer.astype(np.int64) - chunk.low, chunk.time)
        words = {part.event: part.words for part in self.scan.parts}
        found = []
        for plan in self.plans:
            holds = np.zeros(chunk.high - chunk.low, np.bool_)
            holds[table.owner[Answer(plan, chunk, table, words, moment).completed()]] = True
            found.append(pack(holds))
        return found


@dataclass(slots=True)
class _Reads:
    """What is read of the rows of one name, each once."""

    filters: dict[Condition, None] = field(default_factory=dict)
    values: dict[Value, None] = field(default_factory=dict)


def _scans(plans: Sequence[SequencePlan]) -> tuple[EventScan, ...]:
    """Return what some sequences read of each name."""
    reads: dict[str, _Reads] = {}
    for plan in plans:
        for asked in plan.asked:
            filters = reads.setdefault(asked.step.event, _Reads()).filters
            if asked.alone is not None:
                filters.setdefault(asked.alone)
            for part in parts_asked(asked.referring):
                if not event_refs(part):
                    filters.setdefault(part)
        for sides in plan.sides.values():
            for event, value in sides:
                reads.setdefault(event, _Reads()).values.setdefault(value)
    return tuple(EventScan(event, tuple(read.filters), tuple(read.values)) for event, read in sorted(reads.items()))


def _upto(chunk: MergedChunk, moment: Moment) -> MergedChunk:
    """Return the rows of a chunk up to a moment."""
    kept = chunk.time <= moment.as_of
    if kept.all():
        return chunk
    return MergedChunk(
        chunk.low, chunk.high, chunk.customer[kept], chunk.time[kept],
        {name: mask[kept] for name, mask in chunk.here.items()},
        {key: mask[kept] for key, mask in chunk.filters.items()},
        {key: values[kept] for key, values in chunk.values.items()},
    )  # fmt: skip
