"""Which traits customers are grouped by when nobody says, and why each is in or out.

Groups are made of what customers do, want and are worth; what they are (age, place, device, company) describes the
groups afterwards, so that it can be found out whether they differ in it. That is the distinction of bases and
descriptors in Wedel & Kamakura (2000), Market Segmentation, chapter 2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from satsuma.catalog import Kind
from satsuma.errors import NotFound, WrongUse
from satsuma.language.moments import Moment
from satsuma.language.standard_methods.clusters import GROUPED
from satsuma.privacy.classes import says_who
from satsuma.segments.clusters.raw import numbers_of
from satsuma.segments.frame import CustomerFrame, TraitFacts

#: Kinds that groups are made of; the others describe them.
BASES: tuple[Kind, ...] = ("behavioural", "value", "preference", "psychographic")
#: Traits that go along more closely than this say the same twice.
ALIKE = 0.85
#: A text with more words than this is a name or an id rather than a category.
MOST_WORDS = 50
MOST_TRAITS = 30
#: Customers on whom it is found out which traits go along with each other.
LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class TraitChoice:
    """A trait, whether customers are grouped by it, and why."""

    name: str
    title: str
    taken: bool
    reason: str


def choose_traits(
    frame: CustomerFrame, moment: Moment, *, asked: Sequence[str] = (), kinds: Collection[str] = (),
    without: Collection[str] = (), allow_sensitive: Collection[str] = (),
) -> tuple[TraitChoice, ...]:  # fmt: skip
    """Return every trait with whether and why customers are grouped by it.

    Parameters
    ----------
    asked : traits that a person named; then only these.
    kinds : the kinds to choose among; those of what customers do, want and are worth when empty.
    without : traits to leave out.
    allow_sensitive : sensitive traits that may be used.

    Raises
    ------
    NotFound
        For a name that is no trait, with the nearest ones.
    WrongUse
        When a trait that was asked for cannot be used.
    """
    for name in (*asked, *without, *allow_sensitive):
        if name not in frame.traits:
            raise NotFound.named("trait", name, frame.traits, hint="See satsuma trait list.")
    if asked:
        return _asked(frame, asked, allow_sensitive)
    among = tuple(kinds) or BASES
    found = _chosen(frame, moment, among, without, allow_sensitive)
    if not kinds and not any(choice.taken for choice in found):
        # A workspace of answers or customer records alone has nothing that customers did.
        found = _chosen(frame, moment, (), without, allow_sensitive)
    return found


def _asked(frame: CustomerFrame, asked: Sequence[str], allow: Collection[str]) -> tuple[TraitChoice, ...]:
    for name in dict.fromkeys(asked):
        facts = frame.traits[name]
        if facts.sensitive and name not in allow:
            raise WrongUse(
                f"The trait '{name}' is sensitive, or comes from what is.",
                hint=f"Leave it out, or say that it may be used: --allow-sensitive {name}",
            )
        if facts.type not in GROUPED:
            raise WrongUse(
                f"Customers cannot be grouped by a {facts.type}; the trait '{name}' is one.",
                hint=f"Traits that can be: {', '.join(GROUPED)}.",
            )
    return tuple(TraitChoice(name, frame.traits[name].title, True, "asked for") for name in dict.fromkeys(asked))


def _chosen(
    frame: CustomerFrame, moment: Moment, kinds: Collection[str], without: Collection[str], allow: Collection[str]
) -> tuple[TraitChoice, ...]:
    choices: dict[str, TraitChoice] = {}
    taken: dict[str, NDArray[np.float64]] = {}
    for name in sorted(frame.traits, key=lambda name: _order(frame.traits[name])):
        facts = frame.traits[name]
        reason = _unfit(facts, kinds, without, allow)
        if reason is None and facts.type == "text" and len(frame.column(name).words) > MOST_WORDS:
            reason = f"has {len(frame.column(name).words):,} different values, like a name or an id"
        if reason is None and len(taken) >= MOST_TRAITS:
            reason = f"{MOST_TRAITS} traits are taken already; name it with --traits"
        ranks = None
        if reason is None and facts.type != "text":
            ranks = _ranks(numbers_of(frame.column(name), moment), frame)
            near = _nearest(ranks, taken)
            if near is not None:
                reason = f"goes along with '{near[0]}' (rank correlation {near[1]:.2f})"
        if reason is None:
            taken[name] = np.zeros(0) if ranks is None else ranks
        choices[name] = TraitChoice(name, facts.title, reason is None, reason or f"{facts.kind or 'of no kind'}")
    return tuple(choices[name] for name in sorted(choices, key=lambda name: not choices[name].taken))


def _order(facts: TraitFacts) -> tuple[int, str]:
    """What people defined comes before what is built in, and that before what was loaded."""
    return {"computed": 0, "built in": 1, "loaded": 2}[facts.origin], ""


def _unfit(facts: TraitFacts, kinds: Collection[str], without: Collection[str], allow: Collection[str]) -> str | None:
    """Return why a trait is not used, as far as what is known of it tells."""
    if facts.name in without:
        return "left out as asked"
    if facts.name in ("customer_id", "first_seen"):
        return "says who it is and since when, not what the customer is like"
    if facts.sensitive and facts.name not in allow:
        return "sensitive; to use it: --allow-sensitive"
    if says_who(facts.personal_data):
        return f"personal data ({facts.personal_data})"
    if facts.type not in GROUPED:
        return f"a {facts.type} cannot be grouped by"
    if facts.type in ("date", "datetime"):
        return "a date; days since it can be grouped by"
    if facts.foretold or facts.kind == "predictive":
        return "foretold from the others"
    if kinds and facts.kind is not None and facts.kind not in kinds:
        return f"{facts.kind}: describes the groups rather than makes them; to use it: --kinds {facts.kind}"
    if kinds and facts.kind is None and facts.origin == "loaded":
        return "its kind is not known; say it in catalog.yaml, or name it with --traits"
    return None


def _ranks(values: NDArray[np.float64], frame: CustomerFrame) -> NDArray[np.float64]:
    """Return the ranks of a sample, about 0 with a spread of 1; who has no value lies in the middle."""
    places = np.argsort(frame.draws("satsuma.traits"), kind="stable")[:LOOKED_AT]
    sample = values[places]
    known = np.isfinite(sample)
    ranks = np.zeros(len(sample))
    if known.sum() > 1:
        found = rankdata(sample[known])
        spread = found.std()
        ranks[known] = (found - found.mean()) / spread if spread else 0.0
    return ranks


def _nearest(ranks: NDArray[np.float64], taken: Mapping[str, NDArray[np.float64]]) -> tuple[str, float] | None:
    """Return the trait taken already that goes along most closely, where that is too closely."""
    best: tuple[str, float] | None = None
    length = float(np.sqrt(ranks @ ranks))
    for name, other in taken.items():
        if not len(other) or not length:
            continue
        correlation = float(ranks @ other / (length * np.sqrt(other @ other))) if other.any() else 0.0
        if abs(correlation) > ALIKE and (best is None or abs(correlation) > abs(best[1])):
            best = (name, correlation)
    return best
