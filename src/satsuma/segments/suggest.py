"""Ready-made definitions for what the catalogue holds: files that run as they are, with comments that teach.

What is offered depends only on what is there: a segment of people who return goods needs refunds, a segmentation by
country needs a country. Nothing is offered on a trait that is marked sensitive.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from satsuma.catalog import NUMERIC, Catalog, Kind, TraitInfo
from satsuma.language.types import Trait
from satsuma.segments.suggested_segments import SEGMENTS, Offer

COMPLETED, PURCHASED = "Order Completed", "Product Purchased"

#: More values than this make groups too small to tell apart: the largest are kept, where that means something.
MANY_VALUES = 50
#: Groups that are kept of a trait with many values.
KEPT_VALUES = 20
#: A number with at most so many values is a count of something, or a code.
FEW_NUMBERS = 12


class Suggestion(NamedTuple):
    """One file that could be written: where, what it says, and why it is offered."""

    path: str
    text: str
    reason: str

    @property
    def title(self) -> str:
        """The title of the definition."""
        line = next(line for line in self.text.splitlines() if line.startswith("title: "))
        written = line.removeprefix("title: ")
        return str(json.loads(written)) if written.startswith('"') else written

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "title": self.title, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a trait is about, told by the words of its name.

    words : any of them in the name gives the role; the first role that fits is taken.
    """

    words: frozenset[str]
    kind: Kind
    what: str
    keeps_many: bool = False


def _role(words: str, kind: Kind, what: str, *, keeps_many: bool = False) -> Role:
    return Role(words=frozenset(words.split()), kind=kind, what=what, keeps_many=keeps_many)


ROLES: tuple[Role, ...] = (
    _role("age", "demographic", "age"),
    _role("income salary", "demographic", "income"),
    _role("gender sex", "demographic", "gender"),
    _role("household family", "demographic", "household"),
    _role("kids children dependents", "demographic", "children"),
    _role("marital partner relationship", "demographic", "family status"),
    _role("education", "demographic", "education"),
    _role("occupation profession job", "demographic", "occupation"),
    _role("homeowner home ownership", "demographic", "home"),
    _role("senior", "demographic", "age"),
    _role("language", "demographic", "language"),
    _role("country", "geographic", "country", keeps_many=True),
    _role("region state province county", "geographic", "region", keeps_many=True),
    _role("city town", "geographic", "city", keeps_many=True),
    _role("device", "technographic", "device", keeps_many=True),
    _role("os", "technographic", "operating system", keeps_many=True),
    _role("browser", "technographic", "browser", keeps_many=True),
    _role("platform internet", "technographic", "technology"),
    _role("industry sector", "firmographic", "industry", keeps_many=True),
    _role("employees employee", "firmographic", "size of the company"),
    _role("contract plan tier", "behavioural", "contract"),
    _role("payment", "behavioural", "payment"),
    _role("channel source", "behavioural", "channel", keeps_many=True),
)

_COMPANY = frozenset(("company", "firm", "business", "organisation", "organization"))
#: Words of names that are no group of people, whatever else the name says.
_NEVER = frozenset(
    "id ids code zip postcode postal name email phone address date time lat lon latitude longitude".split()
)


def suggest(
    catalog: Catalog, built_in: Iterable[Trait], existing: Collection[str] = (),
    distinct: Mapping[str, int] | None = None,
) -> list[Suggestion]:  # fmt: skip
    """Return definitions for what a catalogue holds: segmentations, with the traits that they need, then segments.

    Parameters
    ----------
    built_in : the built-in traits that the catalogue can feed.
    existing : what is there already, as `segments/buyers`; it is not offered again.
    distinct : how many different values loaded traits have, as far as it is known: one value makes no groups.
    """
    available = {trait.name for trait in built_in} | set(catalog.traits)
    available |= {key.removeprefix("traits/") for key in existing if key.startswith("traits/")}
    offered: list[Suggestion] = []
    names: set[str] = set()
    for offer in (*_segmentations(catalog, distinct or {}), *_of_orders(catalog, available), *SEGMENTS):
        key = offer.path.removesuffix(".yaml")
        if key in existing or key in names or not _can_run(offer, catalog, available, names, existing):
            continue
        names.add(key)
        if key.startswith("traits/"):
            available.add(key.removeprefix("traits/"))
        offered.append(Suggestion(offer.path, offer.text, offer.reason))
    return offered


def _can_run(
    offer: Offer, catalog: Catalog, traits: Collection[str], offered: Collection[str], existing: Collection[str]
) -> bool:
    # A segment of that name means the same whoever wrote it; the labels of a segmentation that somebody wrote may not.
    segments = {*offered, *existing}
    return (
        all(event in catalog.events for event in offer.events)
        and all(trait in traits for trait in offer.traits)
        and all(f"segments/{name}" in segments for name in offer.segments)
        and all(f"segmentations/{name}" in offered for name in offer.segmentations)
    )


# ----------------------------------------------------------------------------------------------------- segmentations

_RFM = """\
segmentation: rfm
title: RFM
description: How recently, how often and for how much customers bought, in ten named groups.
kind: value
method: rfm
# Only orders of this time count; without the line, all of them.
window: 2y
# Scores go from 1 to 5. By values, equal customers always share a score; `quantiles`, `rank` and `thresholds`
# are the other ways. What is fitted is kept, so that groups do not move by themselves: refit when you decide to.
scoring: values
# Ten names on the grid of recency by frequency; `rfm11` has eleven on all 125 cells, or write your own:
# map: {Stars: [R4-5 F4-5], Others: [R1-3 F1-5, R4-5 F1-3]}
map: rf10
otherwise: No orders
"""

_LIFECYCLE = """\
segmentation: lifecycle
title: Stage of life
description: The time since the last order against the customer's own usual interval.
kind: lifecycle
method: lifecycle
# Silent for over twice the own rhythm is slipping, for over four times it is lapsed.
slipping_after: 2
lapsed_after: 4
# A customer with few orders has little rhythm of their own: the typical one counts as this many intervals more.
weight: 2
"""

_AFFINITY = """\
segmentation: {slot}_affinity
title: {title}
description: What each customer buys more than others do, where there is enough evidence for it.
kind: preference
method: affinity
of: {property}
# A preference takes three lines in it, a fifth more than its share of all, and more than luck would give.
at_least: 3
index: 120
most: 20
otherwise: No clear preference
"""


def _segmentations(catalog: Catalog, distinct: Mapping[str, int]) -> Iterator[Offer]:
    yield Offer(
        path="segmentations/rfm.yaml", text=_RFM, events=(COMPLETED,),
        reason="There are orders: recency, frequency and money tell who matters most.",
    )  # fmt: skip
    yield Offer(
        path="segmentations/lifecycle.yaml", text=_LIFECYCLE, events=(COMPLETED,),
        reason="There are orders: each customer's own rhythm tells who is about to leave.",
    )  # fmt: skip
    yield from _affinities(catalog)
    for name, info in catalog.traits.items():
        offer = _bands(name, info, distinct.get(name))
        if offer is not None:
            yield offer


def _affinities(catalog: Catalog) -> Iterator[Offer]:
    from satsuma.traits.library import SLOTS

    info = catalog.events.get(PURCHASED)
    for slot, title in (("category", "Favourite category"), ("brand", "Favourite brand")):
        chosen = next((name for name in SLOTS[slot] if info is not None and name in info.properties), None)
        if info is None or chosen is None or info.properties[chosen].type != "text":
            continue
        text = _AFFINITY.format(slot=slot, title=title, property=chosen)
        yield Offer(
            path=f"segmentations/{slot}_affinity.yaml", text=text, events=(PURCHASED,),
            reason=f"Lines of orders have a {slot}: it shows what customers prefer.",
        )  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- bands


def _bands(name: str, info: TraitInfo, distinct: int | None) -> Offer | None:
    """Return a segmentation by one loaded trait, or None when it makes no groups of people."""
    words = frozenset(name.split("_"))
    role = next((role for role in ROLES if role.words & words), None)
    if words & _COMPANY and words & {"size", "employees"}:
        role = _role("size", "firmographic", "size of the company")
    if info.entity != "customer" or info.sensitive or role is None:
        return _generations(name, info) if words & {"birth", "birthday", "born"} and not info.sensitive else None
    if words & _NEVER or (distinct is not None and distinct < 2):
        return None
    grouping = _grouping(info, role, distinct)
    if grouping is None:
        return None
    title = info.title or name.replace("_", " ").capitalize()
    kind = info.kind or role.kind
    text = (
        f"segmentation: by_{name}\ntitle: {json.dumps(title, ensure_ascii=False)}\nkind: {kind}\nmethod: bands\n"
        f"trait: {name}\n{grouping}# Who has no value is a group of its own, so that all groups add up to everybody.\n"
        "missing: Unknown\n"
    )
    return Offer(
        path=f"segmentations/by_{name}.yaml", text=text, reason=f"Customers have '{name}': {role.what}, {kind}."
    )


def _grouping(info: TraitInfo, role: Role, distinct: int | None) -> str | None:
    """Return the lines that group the values of a trait."""
    if info.type == "boolean":
        return "values: all\n"
    if info.type in NUMERIC:
        if role.what == "age":
            return "# Each cut begins a band: 25 belongs to 25 to 34.\ncuts: [25, 35, 45, 55, 65]\n"
        if info.type == "integer" and distinct is not None and distinct <= FEW_NUMBERS:
            return "values: all\n"
        comment = "# Four groups of about equal size; equal values stay together. For fixed borders: cuts: [...]"
        return f"{comment}\nquantiles: 4\n"
    if info.type != "text":
        return None
    if distinct is not None and distinct > MANY_VALUES and not role.keeps_many:
        return None
    text = (
        "# Each value is a group, in its natural order where it has one. To join some, write them yourself:\n"
        "# values: {A group: [one value, another], Another group: [a third]}\nvalues: all\n"
    )
    if role.keeps_many:
        text += f"# The {KEPT_VALUES} most frequent are groups of their own; the rest is one.\n"
        text += f"most: {KEPT_VALUES}\notherwise: Other\n"
    return text


def _of_orders(catalog: Catalog, traits: Collection[str]) -> Iterator[Offer]:
    """Offer what orders tell of their customer (the country of the last order), where no loaded trait tells it."""
    info = catalog.events.get(COMPLETED)
    for name, about in info.properties.items() if info is not None else ():
        words = frozenset(name.split("_"))
        role = next((role for role in ROLES if role.words & words), None)
        told = role is None or role.kind == "demographic" or name in traits or f"favourite_{name}" in traits
        if role is None or told or words & _NEVER or about.sensitive or about.type != "text":
            continue
        trait, title = f"last_{name}", about.title or name.replace("_", " ").capitalize()
        yield Offer(
            path=f"traits/{trait}.yaml",
            text=(
                f"trait: {trait}\ntitle: {json.dumps(f'{title} of the last order', ensure_ascii=False)}\n"
                f"kind: {role.kind}\n# `first` has the one of the first order, `mode` the most frequent.\n"
                f"from: {{did: {COMPLETED}, last: {{of: {name}}}}}\n"
            ),
            reason=f"Orders have '{name}': {role.what}, {role.kind}.",
            events=(COMPLETED,),
        )
        bands = _bands(trait, TraitInfo(type="text", title=title, kind=role.kind), None)
        if bands is not None:
            yield replace(bands, traits=(trait,))


def _generations(name: str, info: TraitInfo) -> Offer | None:
    if info.type not in ("date", "datetime") or info.entity != "customer":
        return None
    text = (
        f"segmentation: by_generation\ntitle: Generation\nkind: demographic\nmethod: bands\ntrait: {name}\n"
        "# Each day begins a group. The borders are those that are commonly used; change them as you like.\n"
        "cuts: [1946-01-01, 1965-01-01, 1981-01-01, 1997-01-01, 2013-01-01]\n"
        "labels: [Silent generation, Baby boomers, Generation X, Millennials, Generation Z, Generation Alpha]\n"
        "missing: Unknown\n"
    )
    return Offer(path="segmentations/by_generation.yaml", text=text, reason=f"Customers have a day of birth: '{name}'.")
