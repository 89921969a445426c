"""What is known of customers that a persona may speak of: one fact for each trait, or for what events are made of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog, Format, Kind, ValueType
from satsuma.evaluation.columns import Column
from satsuma.language.checker import Checked
from satsuma.language.durations import MICROSECONDS_PER_DAY, microseconds
from satsuma.language.types import Segmentation, Trait
from satsuma.personas.grounds import Ground, amount_of, grounds
from satsuma.privacy.classes import HOMES, says_who
from satsuma.segments.frame import CustomerFrame, TraitFacts
from satsuma.statistics.statements.questions import Amounts, Question, levels_question, sets_question

Topic = Literal[
    "who", "where", "what", "when", "devices", "answers", "needs", "reach", "value", "rhythm", "ahead", "groups"
]
Form = Literal["category", "flag", "any", "things", "parts", "amount"]

#: The part of a card that each kind of trait belongs to.
TOPICS: dict[Kind | None, Topic] = {
    "demographic": "who",
    "firmographic": "who",
    "geographic": "where",
    "preference": "what",
    "technographic": "devices",
    "psychographic": "answers",
    "value": "value",
    "behavioural": "rhythm",
    "lifecycle": "rhythm",
    "predictive": "ahead",
    None: "who",
}

#: Of whom no date of sign-up is loaded, the first event says since when they are known.
FIRST_SEEN = "first_seen"
#: An amount that at least this share of customers have nothing of is asked about as none or some.
MOSTLY_NONE = 0.4

#: Methods of segmentations whose labels say again what a trait, or what events are made of, says.
OF_ONE_THING = ("bands", "value", "prediction", "affinity")

#: Levels of a text that are asked about, the most frequent first.
MOST_LEVELS = 40
#: A text with more different values than this share of those who have one is a name.
NAMES_ABOVE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fact:
    """One thing that is known of customers.

    form : a category (one of `levels`), a flag (yes or no), any (an amount that most have nothing of: none or some),
        things (any number of them), parts (what events are made of) or an amount.
    is_home : whether it says where somebody lives. grounds : what it was made from.
    """

    name: str
    title: str
    topic: Topic
    form: Form
    question: Question = field(repr=False)
    levels: tuple[str, ...] = ()
    type: ValueType = "text"
    unit: str | None = None
    format: Format | None = None
    kind: Kind | None = None
    is_home: bool = False
    grounds: frozenset[Ground] = field(default=frozenset(), repr=False)


def trait_facts(frame: CustomerFrame, checked: Checked, allow: Collection[str] = ()) -> list[Fact]:
    """Return a fact for each trait of a frame, and for each segmentation, in the order of their names.

    Parameters
    ----------
    allow : traits to speak of although they are sensitive or personal data.
    """
    catalog = checked.vocabulary.catalog
    found = []
    for name, known in sorted(frame.traits.items()):
        if not _may_be_told(known, allow) or _is_second_name(checked, name):
            continue
        made_from = grounds(checked, "trait", name) | (_of_events(catalog) if name == FIRST_SEEN else frozenset())
        is_of_texts = _is_of_texts(checked, name)
        repeats = known.type in ("text", "list") and not is_of_texts and _repeats_personal_data(catalog, made_from)
        if repeats and name not in allow:
            continue
        fact = _fact(known, frame, _format(checked, name), made_from)
        if fact is not None and is_of_texts:
            fact = replace(fact, topic="needs")
        if fact is not None:
            found.append(fact)
    for name in sorted(frame.segmentations):
        fact = _labels(name, frame, checked)
        if fact is not None:
            found.append(fact)
    return found


def _may_be_told(known: TraitFacts, allow: Collection[str]) -> bool:
    if known.name == "customer_id" or known.type == "location":
        return False
    if known.name in allow:
        return True
    return not known.sensitive and not says_who(known.personal_data)


def _of_events(catalog: Catalog) -> frozenset[Ground]:
    return frozenset(amount_of(event) for event in catalog.events)


def _format(checked: Checked, name: str) -> Format | None:
    """Return the format of a loaded trait, or of the property that a computed one repeats."""
    catalog = checked.vocabulary.catalog
    if name in catalog.traits:
        return catalog.traits[name].format
    trait = checked.of(Trait).get(name)
    measure = None if trait is None else trait.measure
    if measure is None or measure.of is None or measure.aggregate not in ("first", "last", "mode"):
        return None
    event = catalog.events.get(measure.event)
    info = None if event is None else event.property(measure.of)
    return None if info is None else info.format


def _is_of_texts(checked: Checked, name: str) -> bool:
    """Say whether a trait is read from what customers wrote: its topics are what many ask for and complain about."""
    trait = checked.of(Trait).get(name)
    return trait is not None and trait.way == "text"


def _repeats_personal_data(catalog: Catalog, made_from: frozenset[Ground]) -> bool:
    """Say whether words come from personal data that a card does not speak of: the last e-mail address, say."""
    classes = [info.personal_data for name, info in catalog.traits.items() if ("trait", name) in made_from]
    for event in catalog.events.values():
        classes += [info.personal_data for name, info in event.properties.items() if ("property", name) in made_from]
    return any(says_who(class_) for class_ in classes)


def _is_second_name(checked: Checked, name: str) -> bool:
    """Say whether a trait is another one under the name that its source gave it."""
    trait = checked.of(Trait).get(name)
    return trait is not None and trait.built_in and trait.formula in checked.vocabulary.catalog.traits


def _fact(known: TraitFacts, frame: CustomerFrame, format_: Format | None, made_from: frozenset[Ground]) -> Fact | None:
    column = frame.column(known.name)
    if not column.present.any():
        return None
    topic = TOPICS[known.kind]
    form: Form = "category"
    levels: tuple[str, ...] = ()
    question: Question | None
    if known.type == "boolean":
        form, levels = "flag", ("no", "yes")
        question = levels_question(np.where(column.present, column.values.astype(np.int32), -1), 2)
    elif known.type == "list":
        form = "things"
        question, levels = _things(column)
    elif known.type == "text":
        question, levels = _words(column)
    else:
        form = "amount"
        amounts = _amounts(known, column, frame)
        question = amounts
        if amounts is not None and known.type not in ("date", "datetime") and _is_mostly_none(amounts.values):
            form, levels = "any", ("none", "some")
            question = levels_question(np.where(np.isnan(amounts.values), -1, amounts.values > 0).astype(np.int64), 2)
    if question is None:
        return None
    return Fact(
        name=known.name, title=known.title, topic=topic, form=form, question=question, levels=levels, type=known.type,
        unit=_unit(known), format=format_, kind=known.kind, is_home=known.personal_data in HOMES, grounds=made_from,
    )  # fmt: skip


def _unit(known: TraitFacts) -> str | None:
    if known.type in ("date", "datetime"):
        return "days ago"
    return "currency" if known.type == "money" else known.unit


def _words(column: Column) -> tuple[Question | None, tuple[str, ...]]:
    """Return which of its most frequent words each customer has; nothing of a text that names people."""
    codes = column.values[column.present]
    counts = np.bincount(codes, minlength=max(len(column.words), 1))
    used = np.flatnonzero(counts)
    if len(used) < 2 or (len(used) > MOST_LEVELS and len(used) > NAMES_ABOVE * len(codes)):
        return None, ()
    kept, table, rest = most_frequent(counts)
    mapped = np.where(column.present, table[np.where(column.present, column.values, 0)], -1)
    levels = tuple(column.words[code] for code in kept.tolist())
    # The others are known not to have any of those that are told apart.
    question = levels_question(mapped, len(levels) + rest)
    if rest:
        question.tested[len(levels)] = False
    return question, (*levels, *(("(another)",) * rest))


def most_frequent(
    counts: NDArray[np.integer], most: int = MOST_LEVELS
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return the most frequent codes in order, where each code goes, and whether some share a last one (1 or 0)."""
    used = np.flatnonzero(counts)
    kept = np.sort(used[np.lexsort((used, -counts[used]))[:most]])
    table = np.full(len(counts), len(kept), np.int64)
    table[kept] = np.arange(len(kept))
    return kept, table, int(len(used) > len(kept))


def _things(column: Column) -> tuple[Question | None, tuple[str, ...]]:
    assert column.offsets is not None
    owner = np.repeat(np.arange(len(column)), np.diff(column.offsets))
    if not len(column.words):
        return None, ()
    kept, table, _ = most_frequent(np.bincount(column.values, minlength=len(column.words)))
    level = table[column.values]
    told = level < len(kept)
    question = sets_question(owner[told], level[told], len(kept), column.present)
    return question, tuple(column.words[code] for code in kept.tolist())


def _amounts(known: TraitFacts, column: Column, frame: CustomerFrame) -> Amounts | None:
    values = column.floats()
    if known.type in ("date", "datetime"):
        day = microseconds(frame.as_of) / MICROSECONDS_PER_DAY
        values = day - values / (1 if known.type == "date" else MICROSECONDS_PER_DAY)
    there = values[~np.isnan(values)]
    return Amounts(values) if len(there) and there.min() < there.max() else None


def _is_mostly_none(values: NDArray[np.float64]) -> bool:
    there = values[~np.isnan(values)]
    return bool(there.min() == 0 and (there == 0).mean() >= MOSTLY_NONE)


def _labels(name: str, frame: CustomerFrame, checked: Checked) -> Fact | None:
    """Return the labels of a segmentation as a fact; None of one that divides a single thing told by itself."""
    definition = checked.of(Segmentation).get(name)
    if definition is None or definition.method in OF_ONE_THING:
        return None
    labels = frame.labels(name)
    if len(labels.names) < 2:
        return None
    made_from = grounds(checked, "segmentation", name)
    if any(kind == "trait" and not _may_be_told_by_name(frame, other) for kind, other in made_from):
        return None
    return Fact(
        name=name, title=definition.title, topic="groups", form="category",
        question=levels_question(labels.codes.astype(np.int64), len(labels.names)), levels=labels.names,
        kind=definition.kind, grounds=made_from,
    )  # fmt: skip


def _may_be_told_by_name(frame: CustomerFrame, name: str) -> bool:
    known = frame.traits.get(name)
    return known is None or _may_be_told(known, ())
