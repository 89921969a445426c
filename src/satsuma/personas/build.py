"""Personas: facts are gathered once, statements of all segments are tested together, and each gets its card."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound
from satsuma.evaluation.columns import Mask
from satsuma.evaluation.consents import decided_purposes
from satsuma.language.checker import Checked
from satsuma.language.types import Segment, Segmentation
from satsuma.personas.card import Persona, Said
from satsuma.personas.facts import Fact, trait_facts
from satsuma.personas.grounds import Ground, grounds
from satsuma.personas.happenings import event_facts
from satsuma.personas.invented import invent
from satsuma.personas.phrases import Wording
from satsuma.personas.reach import reach_facts
from satsuma.personas.sentences import sentences
from satsuma.segments.frame import CustomerFrame
from satsuma.statistics.statements.choosing import choose
from satsuma.statistics.statements.testing import Findings, Rules, Statement, find_statements

#: Customers are divided by a digest of this and their id: the same halves in every run and on every engine.
SALT = "personas"
#: Statements on a card.
MOST = 6
#: Products or pages that are said in one breath.
BREATH = 3
#: What the rule implies is shown up to so many.
MOST_BY_DEFINITION = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Subject:
    """A group that gets a card."""

    name: str
    label: str | None
    title: str
    description: str
    members: Mask = field(repr=False)
    grounds: frozenset[Ground] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Personas:
    """What personas are made from: everybody, and what is known of them.

    Statements of all segments are corrected together, those of each segmentation's labels together: which card is
    looked at changes nothing on it.
    """

    frame: CustomerFrame
    checked: Checked
    wording: Wording
    facts: tuple[Fact, ...]
    rules: Rules = field(default_factory=Rules)

    def of_segments(self) -> list[Persona]:
        """Return the personas of all segments of customers, in their order."""
        known = self.checked.of(Segment)
        return self._cards(
            [
                _Subject(
                    name=name, label=None, title=known[name].title, description=known[name].description,
                    members=self.frame.members(name), grounds=grounds(self.checked, "segment", name),
                )
                for name in self.frame.segments
                if name in known
            ]
        )  # fmt: skip

    def of_labels(self, segmentation: str) -> list[Persona]:
        """Return the personas of the labels of a segmentation, in their order.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        labels = self.frame.labels(segmentation)
        definition = self.checked.of(Segmentation)[segmentation]
        made_from = grounds(self.checked, "segmentation", segmentation)
        return self._cards(
            [
                _Subject(
                    name=segmentation, label=label, title=f"{definition.title}: {label}",
                    description=definition.description, members=labels.codes == code, grounds=made_from,
                )
                for code, label in enumerate(labels.names)
            ]
        )  # fmt: skip

    def named(self, asked: str) -> list[Persona]:
        """Return the persona of a segment, of a label (`rfm:Champions`), or of all labels of a segmentation (`rfm`).

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        name, colon, label = (part.strip() for part in asked.partition(":"))
        if not colon and name in self.frame.segments:
            return [card for card in self.of_segments() if card.name == name]
        if name not in self.frame.segmentations:
            known = (*self.frame.segments, *self.frame.segmentations)
            hint = "A new or changed definition has customers after the next `satsuma run`. See satsuma persona list."
            raise NotFound.named("segment or segmentation", name, known, hint=hint)
        cards = self.of_labels(name)
        if not colon:
            return cards
        chosen = [card for card in cards if card.label == label]
        if not chosen:
            raise NotFound.named(f"label of '{name}'", label, [card.label or "" for card in cards])
        return chosen

    # -------------------------------------------------------------------------------------------------------- a card

    def _cards(self, subjects: Sequence[_Subject]) -> list[Persona]:
        if not subjects:
            return []
        members = np.stack([item.members for item in subjects])
        given = np.array([[bool(fact.grounds & item.grounds) for fact in self.facts] for item in subjects], np.bool_)
        given = given.reshape(len(subjects), len(self.facts))
        held_out = halves(self.frame)
        questions = [fact.question for fact in self.facts]
        found = find_statements(questions, members, held_out, given, rules=self.rules)
        family = sum(item.tried for item in found)
        return [self._card(subject, item, family) for subject, item in zip(subjects, found, strict=True)]

    def _card(self, subject: _Subject, found: Findings, family: int) -> Persona:
        questions = [fact.question for fact in self.facts]
        chosen = choose(found.passed, questions, most=MOST)
        size, everybody = int(subject.members.sum()), float(self.frame.value.sum())
        value = float(self.frame.value[subject.members].sum())
        told = [clause for item in chosen for clause in self._with_its_like(item, found.passed)]
        shown = {(item.question, item.level) for item in (*chosen, *(other.numbers for other in told))}
        rest = [item for item in found.passed if (item.question, item.level) not in shown]
        given = choose(found.by_definition, questions, most=MOST_BY_DEFINITION)
        # What is invented is told by what passed first, then by what the rule implies.
        about = [self.facts[item.question] for item in (*chosen, *given)]
        called = subject.name if subject.label is None else f"{subject.name}:{subject.label}"
        return Persona(
            name=subject.name,
            label=subject.label,
            title=subject.title,
            description=subject.description,
            as_of=self.frame.as_of,
            size=size,
            share=size / max(self.frame.size, 1),
            value=value,
            value_share=value / everybody if everybody > 0 else None,
            sentences=sentences(told),
            statements=tuple(told),
            more=tuple(self._said(item) for item in rest),
            by_definition=tuple(self._said(item) for item in given),
            invented=invent(called, about, subject.members, self.wording, least=self.rules.least) if chosen else None,
            tried=found.tried,
            significant=found.significant,
            confirmed=found.confirmed,
            family=family,
            notes=tuple(self._notes(size)),
        )

    def _said(self, statement: Statement) -> Said:
        return self.wording.said(self.facts[statement.question], statement)

    def _with_its_like(self, statement: Statement, passed: Sequence[Statement]) -> list[Said]:
        """Return a statement, and of what customers buy or see the next ones that passed as well."""
        fact = self.facts[statement.question]
        if fact.form != "parts" or fact.topic == "when" or statement.effect < 0:
            return [self._said(statement)]
        alike = [item for item in passed if item.question == statement.question and item.effect > 0]
        return [self._said(item) for item in alike[:BREATH]]

    def _notes(self, size: int) -> list[str]:
        least = self.rules.least
        others = self.frame.size - size
        if min(size, others) < 2 * least:
            who = "customers" if size <= others else "others"
            return [f"With {min(size, others)} {who}, hardly anything can be said that at least {least} share."]
        return []


def personas(
    frame: CustomerFrame, engine: DuckDB, checked: Checked, wording: Wording, *, allow: Collection[str] = ()
) -> Personas:  # fmt: skip
    """Gather what is known of everybody, for the personas of one run.

    Parameters
    ----------
    allow : traits and properties to speak of although the catalogue calls them sensitive or personal data.

    Raises
    ------
    NotFound
        When an allowed name is no trait and no property.
    """
    catalog = checked.vocabulary.catalog
    properties = {name for event in catalog.events.values() for name in event.properties}
    for name in allow:
        if name not in frame.traits and name not in properties:
            raise NotFound.named(
                "trait or property", name, {*frame.traits, *properties}, hint="See satsuma trait list."
            )
    facts = (
        *trait_facts(frame, checked, allow),
        *event_facts(frame, engine, catalog, checked.vocabulary.zone, allow),
        *reach_facts(frame, engine, catalog, checked.vocabulary.purposes | decided_purposes(engine)),
    )
    return Personas(frame, checked, wording, facts)


def halves(frame: CustomerFrame) -> NDArray[np.bool_]:
    """Return who is in the half that confirms."""
    return np.asarray((frame.draws(SALT) & np.uint64(1)).astype(np.bool_))
