"""From groups to files: each label as a segment, all of them as a segmentation by rules, in the language.

The files run like any other. What they lose against the groups that they were made from stands in their first lines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.discovery.rule_traits import RuleTrait, condition_of, rule_trait
from satsuma.errors import WrongUse
from satsuma.evaluation.columns import Column, Mask
from satsuma.language.format import definition_text
from satsuma.language.moments import Moment
from satsuma.sources.names import words
from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.rules.conditions import meets, size
from satsuma.statistics.rules.figures import Hits, hits_of
from satsuma.statistics.rules.fit import fit_rules
from satsuma.statistics.rules.result import Point, Rules
from satsuma.statistics.rules.table import Table

#: Agreement that longer rules have to add to be spoken of.
_WORTH = 0.02
#: The longest name that a definition gets from a label.
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupOfRules:
    """One label: its rule and how well it finds those who have the label.

    where : the rule as a condition of the language; None where no condition says it. conditions : how many tests.
    hits, held_out : of the rule on its own, among everybody and among those held back.
    members : whom the rule takes in, among the population.
    """

    label: str
    where: dict[str, Any] | None
    conditions: int
    hits: Hits
    held_out: Hits
    members: Mask = field(repr=False)

    @property
    def precision(self) -> float | None:
        """The share of those it takes in who have the label."""
        return self.hits.precision

    @property
    def recall(self) -> float | None:
        """The share of those with the label whom it takes in."""
        return self.hits.recall

    @property
    def customers(self) -> int:
        """How many the rule takes in."""
        return self.hits.taken

    def as_dict(self) -> dict[str, Any]:
        return {
            "label": self.label, "customers": self.customers, "with_label": self.hits.members,
            "precision": self.precision, "recall": self.recall, "lift": self.hits.lift,
            "held_out": {"precision": self.held_out.precision, "recall": self.held_out.recall},
            "conditions": self.conditions,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleSet:
    """The rules of all labels, as files, figures and words.

    traits : that rules may ask about. left_out : those that they cannot use, with the reason.
    codes : the label of each of the population. base_label : that of most of them.
    seed : of the draw of those held back.
    """

    names: tuple[str, ...]
    groups: tuple[GroupOfRules, ...]
    rules: Rules
    traits: tuple[RuleTrait, ...]
    left_out: Mapping[str, str]
    codes: NDArray[np.int64] = field(repr=False)
    base_label: str
    seed: int

    @property
    def curve(self) -> tuple[Point, ...]:
        """The trade of length against agreement, from short to long."""
        return self.rules.curve

    @property
    def verdict(self) -> str:
        """Return in words how far the rules can be trusted, and what longer ones would add."""
        return f"{self._trust} {self._longer}".strip()

    @property
    def _longer(self) -> str:
        """Return what longer rules would add, where it is worth a word."""
        chosen = self.rules.chosen
        best = max(self.curve, key=lambda point: (point.agreement.share or 0.0, -point.conditions))
        gain = (best.agreement.share or 0.0) - (chosen.agreement.share or 0.0)
        if gain < _WORTH or best.conditions <= chosen.conditions or not self.rules.tells_apart:
            return ""
        return f"Longer rules agree with up to {percent(best.agreement.share)} ({best.conditions} conditions)."

    @property
    def _trust(self) -> str:
        chosen = self.rules.chosen.agreement
        if not self.rules.tells_apart:
            return (
                f"These traits do not tell the groups apart: calling everybody '{_plain(self.base_label)}' is right "
                f"for {percent(self.rules.base.share)} of customers, and the rules for {percent(chosen.share)}."
            )
        if not self.rules.is_close:
            return (
                f"The rules are an approximation: {percent(1 - (chosen.share or 0.0))} of customers have another label "
                "by them. Where it matters who is in a group, take the rules as its definition, not the label."
            )
        return "The rules can stand in for the groups."

    def as_dict(self) -> dict[str, Any]:
        rules = self.rules
        return {
            "form": rules.form, "agreement": rules.chosen.agreement.as_dict(), "train": rules.train.as_dict(),
            "base": rules.base.as_dict(), "cost": rules.cost, "tells_apart": rules.tells_apart,
            "is_close": rules.is_close, "verdict": self.verdict, "seed": self.seed,
            "groups": [group.as_dict() for group in self.groups], "curve": [point.as_dict() for point in self.curve],
            "traits": [trait.name for trait in self.traits], "left_out": dict(self.left_out),
        }  # fmt: skip

    # ----------------------------------------------------------------------------------------------------------- files

    def segment_texts(self, segmentation: str, *, as_of: str = "", prefix: str = "") -> dict[str, str]:
        """Return a segment for each label that a condition says: the name and the text of its file.

        Parameters
        ----------
        segmentation : what the groups are the labels of. as_of : when they were, in words.
        prefix : put before each name, which is else made of the label alone.
        """
        found: dict[str, str] = {}
        for group in self.groups:
            if group.where is None:
                continue
            name = definition_name(group.label, found, prefix=prefix, instead=segmentation)
            label = _plain(group.label)
            value = {
                "segment": name,
                "title": label,
                "description": f"Whom a rule takes for '{label}' of the segmentation {segmentation}.",
                "where": group.where,
            }
            found[name] = definition_text(value, [*self._origin(f"'{label}'", segmentation, as_of), *_found(group)])
        return found

    def segmentation_text(self, segmentation: str, *, name: str = "", title: str = "", as_of: str = "") -> str:
        """Return a segmentation by rules that gives each customer one of the labels.

        Parameters
        ----------
        name : of the new segmentation; `segmentation` with `_rules` after it when not given.
        title : of the segmentation that the groups are of. as_of : when they were, in words.

        Raises
        ------
        WrongUse
            When no condition tells one label from another.
        """
        rules = self.rules
        asked = [group for group in rules.order if size(rules.groups[group].after)]
        if not asked:
            raise WrongUse(
                "No condition tells one label from another, so there is nothing to write.",
                hint="Name other traits, or more of them: --traits a,b,c",
            )
        written = [
            {"label": self.names[group], "where": condition_of(rules.groups[group].after, self.traits)}
            for group in asked
        ]
        value = {
            "segmentation": name or f"{segmentation}_rules",
            "title": f"{_plain(title or segmentation.replace('_', ' ').capitalize())} by rules",
            "description": f"The labels of the segmentation {segmentation}, by rules that people can read.",
            "method": "rules",
            "rules": written,
            "otherwise": self.names[rules.rest],
        }
        given = [f"  {_plain(self.names[group])}: {_figures(self._given(group))}" for group in (*asked, rules.rest)]
        return definition_text(value, [*self._origin("the labels", segmentation, as_of), *_MEANING, *given])

    def _given(self, group: int) -> Hits:
        return hits_of(self.rules.given == group, self.codes == group)

    def _origin(self, what: str, segmentation: str, as_of: str) -> Iterator[str]:
        share = self.rules.chosen.agreement
        yield f"Made from {what} of the segmentation {segmentation}{f' as of {as_of}' if as_of else ''}."
        where = "customers held back" if self.rules.held_out.rows else "customers"
        yield (
            f"All rules together agree with the labels of {percent(share.share)} of {share.rows:,} {where} "
            f"({percent(share.low)} to {percent(share.high)})."
        )
        if not self.rules.tells_apart:
            yield "That is no better than calling everybody the same: do not act upon it."
        elif not self.rules.is_close:
            yield "The rules are an approximation."


def rules_of(
    columns: Mapping[str, Column],
    codes: NDArray[np.integer],
    names: tuple[str, ...],
    *,
    population: Mask | None = None,
    seed: int = 0,
    conditions: int | None = None,
    leaves: int | None = None,
    moment: Moment | None = None,
) -> RuleSet:
    """Return the rules that say groups of customers by their traits.

    Parameters
    ----------
    columns : the traits that may be asked about, by name, one value per place.
    codes : array of int, the group of each place as an index of `names`; -1 is in none, and takes no part.
    population : who takes part; everybody with a group when not given.
    seed : of the draw of those held back; the draw does not depend on the order of places.
    conditions, leaves : how many tests, and leaves of a tree, there may be at most; chosen when not given.
    moment : of the values; with it dates are said as time before the moment, so that rules keep their meaning.

    Raises
    ------
    WrongUse
        When there are fewer than two groups, or no trait that rules can use.
    """
    taking_part = (codes >= 0) if population is None else (codes >= 0) & population
    traits, left_out = [], {}
    for name in sorted(columns):
        found = rule_trait(name, columns[name], taking_part, moment) if taking_part.any() else "nobody is there"
        if isinstance(found, RuleTrait):
            traits.append(found)
        else:
            left_out[name] = found
    table = Table(tuple(trait.feature for trait in traits))
    inside = codes[taking_part].astype(np.int64)
    try:
        rules = fit_rules(
            table, inside, len(names), rng=np.random.default_rng(seed), centres=_centres(table, inside, len(names)),
            conditions=conditions, leaves=leaves,
        ) if traits else None  # fmt: skip
    except CannotEstimate as error:
        raise WrongUse(str(error), hint="Rules say what sets groups apart: name a segmentation with several.") from None
    if rules is None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise WrongUse(
            f"There is no trait that rules could ask about{f' ({reasons})' if reasons else ''}.",
            hint="Name traits that hold numbers, dates, yes or no, or a few texts: --traits a,b,c",
        )
    groups = tuple(
        GroupOfRules(
            label=names[group.group],
            where=condition_of(group.rule, traits),
            conditions=size(group.rule),
            hits=group.hits,
            held_out=group.held_out,
            members=meets(group.rule, table),
        )
        for group in rules.groups
    )
    return RuleSet(
        names=names, groups=groups, rules=rules, traits=tuple(traits), left_out=left_out, codes=inside,
        base_label=names[int(np.argmax(np.bincount(inside, minlength=len(names))))], seed=seed,
    )  # fmt: skip


def _centres(table: Table, codes: NDArray[np.int64], groups: int) -> NDArray[np.float64] | None:
    """Return the median of each trait in each group; None where a trait is no number, or misses one, or a group all.

    A median stays one under whatever was done to a trait to group by it, as long as its order stayed.
    """
    if any(not feature.is_number or feature.missing.any() for feature in table.features):
        return None
    if not table.features or (np.bincount(codes, minlength=groups) == 0).any():
        return None
    return np.array([[np.median(feature.numbers[codes == group]) for feature in table.features]
                     for group in range(groups)])  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- words


def definition_name(label: str, taken: Collection[str], *, prefix: str = "", instead: str = "group") -> str:
    """Return a label as the name of a definition: `At risk` is `at_risk`.

    Parameters
    ----------
    taken : names that are given already; one of them gets a number.
    instead : what stands before a label that does not begin with a letter, or of which no letter remains.
    """
    text = "_".join(re.findall("[a-z0-9]+", "_".join(words(re.sub("['\u2019]", "", label)))))
    if prefix:
        text = f"{prefix}_{text}".strip("_")
    elif not text or not text[0].isalpha():
        text = f"{instead}_{text}".strip("_")
    base = text[:_LONGEST].rstrip("_")
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def percent(share: float | None) -> str:
    """Return a share in words, to a tenth of a per cent."""
    return "none" if share is None else f"{100 * share:.1f} %"


#: What two numbers mean, for people who know neither word.
_MEANING = (
    "Precision: so many of those that a rule takes in have the label.",
    "Recall: so many of those with the label are taken in.",
)


def _found(group: GroupOfRules) -> Sequence[str]:
    counts = f"{group.customers:,} customers; {group.hits.members:,} have the label"
    return [f"On its own this rule takes in {counts}: {_figures(group.hits)}.", *_MEANING]


def _figures(hits: Hits) -> str:
    return f"precision {percent(hits.precision)}, recall {percent(hits.recall)}"


def _plain(text: str) -> str:
    """Return a text on one line, without signs that command a terminal or end a comment."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
