"""What fitting rules gives: a rule for each group with its figures, and the curve of length against agreement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from satsuma.statistics.rules.conditions import Rule, size
from satsuma.statistics.rules.figures import Hits, Share
from satsuma.statistics.rules.table import Codes

#: A tree, one short rule for each group, or a tree of as many leaves as centres.
Form = Literal["tree", "list", "mistakes"]

#: Below this agreement rules are an approximation, and better taken as what defines the groups.
CLOSE = 0.85


@dataclass(frozen=True, slots=True)
class Point:
    """One length of rules: tests over all groups, and agreement on the rows fitted on and on those held back.

    leaves : that the tree was allowed; the number of rules, of a list.
    """

    form: Form
    leaves: int
    conditions: int
    train: Share
    held_out: Share
    chosen: bool = False

    @property
    def agreement(self) -> Share:
        """On the rows held back; on all where none were."""
        return self.held_out if self.held_out.rows else self.train

    def as_dict(self) -> dict[str, Any]:
        return {
            "form": self.form, "leaves": self.leaves, "conditions": self.conditions, "train": self.train.as_dict(),
            "held_out": self.held_out.as_dict(), "chosen": self.chosen,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class GroupRule:
    """What says one group.

    rule : on its own: any of its conjunctions. Empty where no condition was found; one conjunction without tests takes
        in everybody.
    after : the same, to be asked of those whom no rule before it has taken, in the order of `Rules.order`.
    hits, held_out : of `rule`, among all rows and among those held back.
    """

    group: int
    rule: Rule
    after: Rule
    hits: Hits
    held_out: Hits

    @property
    def is_said(self) -> bool:
        """Whether there is a condition that says it."""
        return size(self.rule) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Rules for all groups.

    order : the groups whose rules are asked, one after the other. rest : the group of whom none of them takes.
    given : the group by rule, in the order of rows.
    base : agreement of calling everybody the largest group, on the rows held back.
    cost : how much more rows differ within the rules' groups than within the given ones (1 is the same), see
        `figures.spread`; None where that cannot be told.
    """

    form: Form
    groups: tuple[GroupRule, ...]
    order: tuple[int, ...]
    rest: int
    given: Codes = field(repr=False)
    train: Share
    held_out: Share
    base: Share
    cost: float | None
    curve: tuple[Point, ...]

    @property
    def chosen(self) -> Point:
        """The point of the curve that the rules are."""
        return next(point for point in self.curve if point.chosen)

    @property
    def tells_apart(self) -> bool:
        """Whether the rules do better than calling everybody the largest group, by more than chance."""
        low, base = self.chosen.agreement.low, self.base.share
        return low is not None and base is not None and low > base

    @property
    def is_close(self) -> bool:
        """Whether they can stand in for the groups."""
        share = self.chosen.agreement.share
        return share is not None and share >= CLOSE
