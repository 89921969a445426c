"""Why one customer is in a segment or not: condition by condition, with the values and events that decided.

The answers come from the same compiled evaluation as a run's, asked of this customer alone, or of everybody where the
answer depends on others (ranks, fits). The evidence is read by the specification from the customer's own events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.errors import NotFound, WrongUse
from satsuma.evaluation.algebra import members
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import memberships, some_accounts, some_customers
from satsuma.evaluation.run import closure, evaluate
from satsuma.language.explain import tree
from satsuma.language.leaves import asked_leaves, conditions
from satsuma.language.locality import Span
from satsuma.language.types import (
    AccountLeaf,
    Condition,
    Definition,
    Group,
    Not,
    PercentileLeaf,
    RankLeaf,
    Segment,
    Segmentation,
    SegmentLeaf,
)
from satsuma.segments.bitmap_file import UnreadableResultError
from satsuma.segments.evidence import Evidence, Person, evidence, is_in
from satsuma.segments.methods.locality import segmentation_needs_everybody
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.standing import Asked
from satsuma.segments.store import RunStore, StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One condition with its answer.

    kind : `all`, `any`, `none`, `not`, `account` (one of the customer's accounts), or `leaf`, `in_segment` and
        `not_in_segment`.
    words : as `explain` says it; `detail` holds its further lines.
    """

    kind: str
    words: str
    detail: Sequence[str] = ()
    held: bool
    evidence: Evidence = field(default_factory=Evidence)
    parts: Sequence[Node] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "words": self.words, "detail": list(self.detail), "held": self.held,
            "facts": dict(self.evidence.facts), "events": [event.as_dict() for event in self.evidence.events],
            "more_events": self.evidence.more, "parts": [part.as_dict() for part in self.parts],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """The last run at which the customer entered or left, and why (rule S16)."""

    run_id: int
    as_of: datetime
    finished_at: datetime
    move: str
    cause: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a customer is in a segment at a moment, or not.

    tree : None where the customer is not in the population of the moment, so that nothing was asked.
    to_change : the fewest conditions that would have to be answered otherwise for the customer to be in.
    stored : what the last run says, where this is its moment; None else, or where it has no such segment.
    """

    segment: str
    title: str
    customer_id: str
    customer_no: int
    as_of: datetime
    known_at: datetime | None
    is_member: bool
    tree: Node | None
    to_change: Sequence[Node]
    stored: bool | None
    last_change: LastChange | None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "segment": self.segment, "title": self.title, "customer_id": self.customer_id,
            "customer_no": self.customer_no, "as_of": self.as_of, "known_at": self.known_at,
            "is_member": self.is_member, "in_population": self.tree is not None,
            "tree": None if self.tree is None else self.tree.as_dict(),
            "to_change": [{"words": node.words, "held": node.held} for node in self.to_change],
            "stored": self.stored,
            "last_change": None if self.last_change is None else self.last_change.as_dict(),
            "warnings": list(self.warnings),
        }  # fmt: skip


def why(
    engine: DuckDB, asked: Asked, customer_id: str, *, as_of: datetime, known_at: datetime | None, root: Path
) -> Why:  # fmt: skip
    """Say why a customer is in a segment at a moment, or not.

    Raises
    ------
    NotFound
        When no customer has the id. It is not repeated, and no other is offered: ids are personal data.
    WrongUse
        When the segment is one of accounts.
    """
    if asked.segment.entity != "customer":
        raise WrongUse(
            f"'{asked.name}' is a segment of accounts, and a customer is in none of those.",
            hint="Ask about a segment of customers. See: satsuma segment list",
        )
    number = customer_number(engine, customer_id)
    run = RunStore(engine, root / "state").latest()
    evaluation, place = _evaluated(engine, asked, number, as_of, known_at, root, kept_models(asked.checked, run))
    is_here = bool(evaluation.population[place])
    node = _Asking(evaluation, place, number).node(asked.segment.where) if is_here else None
    held = node is not None and node.held
    is_of_run = run is not None and (run.as_of, run.known_at) == (as_of, known_at)
    stored = None
    if run is not None and is_of_run and run.has_segment(asked.name):
        stored = number in run.members(asked.name)
    return Why(
        segment=asked.name, title=asked.segment.title, customer_id=customer_id, customer_no=number, as_of=as_of,
        known_at=known_at, is_member=held, tree=node,
        to_change=() if node is None else _once(_needed(node, True)), stored=stored,
        last_change=last_change(RunStore(engine, root / "state"), asked.name, number),
        warnings=tuple(evaluation.warnings),
    )  # fmt: skip


def customer_number(engine: DuckDB, customer_id: str) -> int:
    """Return the number of a customer who is not erased."""
    rows = engine.evaluating(everybody=False).rows(
        f"SELECT customer_no FROM customers WHERE customer_id = {literal(customer_id)} AND erased_at IS NULL"
    )
    if not rows:
        raise NotFound(
            "No customer has this id.",
            hint="Give it as customer_id has it in the loaded files. 'satsuma segment members NAME' lists ids.",
        )
    return int(rows[0][0])


def _evaluated(
    engine: DuckDB, asked: Asked, number: int, as_of: datetime, known_at: datetime | None, root: Path,
    models: Mapping[str, Mapping[str, Any]],
) -> tuple[Evaluation, int]:  # fmt: skip
    """Return an evaluation that holds the customer's answers, and the customer's place in it."""
    needed = closure(asked.checked, [("segment", asked.name)])
    moment = as_of_moment(asked.checked, as_of, known_at)
    everybody = _depends_on_others(needed, models, Span(moment.moment, moment.moment))
    evaluation = evaluate(
        engine, asked.checked, moment, definitions=needed, lists_folder=root / "lists", models=models,
        roster=None if everybody else some_customers(np.array([number], np.uint32)),
    )  # fmt: skip
    return evaluation, number if everybody else 0


def _depends_on_others(definitions: Iterable[Definition], models: Mapping[str, Any], same: Span) -> bool:
    """Say whether a customer's answer depends on other customers: on a rank among them, or on a fit to them."""
    for item in definitions:
        if isinstance(item, Segmentation) and segmentation_needs_everybody(item, same, is_kept=item.name in models):
            return True
        for condition in conditions(item):
            if any(isinstance(leaf, (RankLeaf, PercentileLeaf)) for _, leaf in asked_leaves(condition, item.entity)):
                return True
    return False


# --------------------------------------------------------------------------------------------------------------- tree


class _Asking:
    """Asks the conditions of one customer, or of one of the customer's accounts."""

    def __init__(self, evaluation: Evaluation, place: int, number: int) -> None:
        self.evaluation = evaluation
        self.place = place
        self.number = number
        self.zone = evaluation.moment.zone
        chosen = np.array([number], np.uint32)
        is_customer = evaluation.roster.entity == "customer"
        alone = some_customers(chosen) if is_customer else some_accounts(evaluation.engine, chosen)
        self.person = Person(evaluation, place, alone)

    def node(self, condition: Condition) -> Node:
        """Return a condition with its answer, what decided it, and its parts."""
        bits = members(condition, self.evaluation)
        held = is_in(bits, self.place)
        first, *rest = tree(condition, self.zone)
        words = first.removeprefix("- ")
        if isinstance(condition, Group):
            return Node(kind=condition.word, words=words, held=held, parts=tuple(map(self.node, condition.conditions)))
        if isinstance(condition, Not):
            return Node(kind="not", words=words, held=held, parts=(self.node(condition.condition),))
        kind, parts = "leaf", tuple[Node, ...]()
        if isinstance(condition, SegmentLeaf):
            kind = "not_in_segment" if condition.negated else "in_segment"
            segments: dict[str, Segment] = self.evaluation.checked.of(Segment)
            parts = (self.node(segments[condition.segment].where),)
        elif isinstance(condition, AccountLeaf):
            parts = tuple(self._accounts(condition))
        found = evidence(condition, self.person)
        return Node(kind=kind, words=words, detail=tuple(line.removeprefix("    ") for line in rest), held=held,
                    evidence=found, parts=parts)  # fmt: skip

    def _accounts(self, leaf: AccountLeaf) -> Iterable[Node]:
        """Yield one node for each of the customer's accounts that is there at the moment."""
        accounts = self.evaluation.of("account")
        linked = memberships(self.evaluation.engine)
        mine = linked.column("place").to_numpy()[linked.column("customer_no").to_numpy() == self.number]
        for number in mine.tolist():
            numbers = accounts.roster.numbers
            place = number if numbers is None else int(np.searchsorted(numbers, number))
            if accounts.population[place]:
                inner = _Asking(accounts, place, number).node(leaf.condition)
                words = f"the account '{accounts.ids.python(place)}'"
                yield Node(kind="account", words=words, held=inner.held, parts=(inner,))


def _needed(node: Node, wanted: bool) -> tuple[Node, ...]:
    """Return the fewest conditions whose answers must change for a node to have the answer that is wanted."""
    if node.held == wanted:
        return ()
    inner = not wanted if node.kind in ("none", "not", "not_in_segment") else wanted
    if node.kind in ("not", "in_segment", "not_in_segment"):
        return _needed(node.parts[0], inner)
    if node.kind not in ("all", "any", "none"):
        return (node,)
    parts = [_needed(part, inner) for part in node.parts]
    # To meet `all` or `none` every part counts, and so it does to fail `any`; else one part is enough.
    needs_every = not wanted if node.kind == "any" else wanted
    return tuple(item for part in parts for item in part) if needs_every else min(parts, key=len)


def _once(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Return the same condition, asked in several places, once."""
    return tuple({node.words: node for node in nodes}.values())


# -------------------------------------------------------------------------------------------------------- last change


def last_change(store: RunStore, segment: str, number: int) -> LastChange | None:
    """Return the last run at which a customer entered or left a segment; None where none is known."""
    for run in store.newest_first():
        found = _change_at(run, segment, number)
        if found is not None:
            return found
    return None


def _change_at(run: StoredRun, segment: str, number: int) -> LastChange | None:
    try:
        for name in run.changes.names():
            whose, _, change = name.partition("/")
            if whose == segment and number in run.changes.read(name):
                move, _, cause = change.partition("/")
                return LastChange(run_id=run.run_id, as_of=run.as_of, finished_at=run.finished_at, move=move,
                                  cause=cause)  # fmt: skip
    except UnreadableResultError:
        # What a lost file would have said nobody knows; older runs still know of older changes.
        return None
    return None
