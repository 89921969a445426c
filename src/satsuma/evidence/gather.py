"""From the last run to evidence cards: everybody once, then every group at once, then each card from what is there.

Customers are read once for all groups; past moments are evaluated once for all of them, too. The rest is arithmetic on
sums, so that a hundred segments cost little more than one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound
from satsuma.evidence.card import Evidence, EvidenceCard, SegmentationCard
from satsuma.evidence.groups import Groups, Subject, groups_of
from satsuma.evidence.looking_back import Past, look_back
from satsuma.evidence.overall import explained
from satsuma.evidence.overlap import Alikeness, Nearest, likeness, nearest
from satsuma.evidence.past import Looking, knows_then
from satsuma.evidence.reach import Reach, reaches
from satsuma.evidence.refits import fitted_of
from satsuma.evidence.roles import every_role
from satsuma.evidence.separation import Role, Separation, separations
from satsuma.evidence.split import Halves, halves
from satsuma.evidence.stability import Refitted, Stability, of_rule, refitted
from satsuma.evidence.traits import Described, Sums, described, second_names, sums
from satsuma.evidence.verdict import FEWEST, FEWEST_TOLD, FEWEST_TRAITS, Known, verdict
from satsuma.evidence.whole import whole_verdict
from satsuma.evidence.worth import GroupWorth, worths
from satsuma.language.checker import Checked, Key
from satsuma.language.types import LabelLeaf, Segment, Segmentation
from satsuma.segments.frame import CustomerFrame, frame_of_run
from satsuma.segments.run import kept_models
from satsuma.segments.store import StoredRun
from satsuma.statistics.effects.sizes import wilson

Progress = Callable[..., None]

#: Data that end longer than this before the moment say little of it.
STALE_AFTER = timedelta(days=30)
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be looked at.

    names : segments and segmentations; all of the last run when None.
    horizon : how long the time after a past day is. past : that day, UTC without a zone; the horizon before the run's
    moment when None. looks_back : whether past moments are evaluated at all.
    allow : sensitive traits that somebody allowed. purposes : of consents. outdated : names whose files were changed
    since the run. data_until : the time of the newest event, UTC without a zone.
    """

    names: Sequence[str] | None = None
    horizon: timedelta = timedelta(days=90)
    past: datetime | None = None
    looks_back: bool = True
    allow: Sequence[str] = ()
    purposes: Sequence[str] = ()
    outdated: Sequence[str] = ()
    data_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """The parts that evidence is gathered from."""

    engine: DuckDB
    checked: Checked
    run: StoredRun
    root: Path
    progress: Progress = lambda *_: None

    def evidence(self, asked: Asked) -> Evidence:
        """Return the cards."""
        frame = frame_of_run(self.engine, self.checked, self.run)
        warnings: list[str] = []
        segments, segmentations = self._chosen(frame, asked, warnings)
        groups = groups_of(frame, segments, segmentations)
        sizes = groups.sizes()
        tested = [FEWEST_TOLD <= size <= frame.size - FEWEST_TOLD for size in sizes.tolist()]
        rng = np.random.default_rng(SEED)
        self.progress("traits")
        traits = described(frame, allow=asked.allow, leave_out=second_names(self.checked))
        found = sums(groups, traits)
        known = every_role(self.checked, [subject.key for subject in groups.subjects], [item.name for item in traits])
        apart = separations(found, [known[subject.key] for subject in groups.subjects], tested)
        self.progress("past")
        past = self._past(groups, frame, asked, traits, apart, tested)
        self.progress("refits")
        fits = self._refits(frame, segmentations, segments, rng)
        alike = self._likeness(groups, found, known, past)
        self.progress("worth")
        made = _Made(
            groups=groups, tested=tested, apart=apart, past=past, alike=alike,
            stable=self._stable(groups, fits, past), worth=worths(groups, frame.value, rng=rng),
            reach=reaches(groups, frame, self.engine, self.checked.vocabulary.catalog, asked.purposes, tested),
            near=nearest(groups, groups_of(frame, frame.segments, ())), parted=halves(groups, traits, rng=rng),
        )  # fmt: skip
        definitions = {**self.checked.of(Segment), **self.checked.of(Segmentation)}
        cards = [
            made.card(number, definitions[subject.name].title, self._stale(subject, asked))
            for number, subject in enumerate(groups.subjects)
        ]
        return Evidence(
            as_of=self.run.as_of, known_at=self.run.known_at, population=frame.size,
            traits=tuple(item.name for item in traits),
            segments=tuple(card for card in cards if card.label is None),
            segmentations=tuple(
                self._segmentation(name, cards, groups, found, known, fits, asked) for name in segmentations
            ),
            looked_back=past.told, warnings=(*warnings, *past.warnings),
        )  # fmt: skip

    def _chosen(self, frame: CustomerFrame, asked: Asked, warnings: list[str]) -> tuple[list[str], list[str]]:
        """Return the segments and segmentations that can be looked at: those that the run has and that are defined."""
        defined = {**self.checked.of(Segment), **self.checked.of(Segmentation)}
        segments = [name for name in frame.segments if name in self.checked.of(Segment)]
        segmentations = [name for name in frame.segmentations if name in self.checked.of(Segmentation)]
        of_accounts = sorted(name for name, item in defined.items() if item.entity == "account")
        if asked.names is None:
            if of_accounts:
                warnings.append(f"Evidence is gathered for customers; left out, of accounts: {', '.join(of_accounts)}.")
            return segments, segmentations
        known = [*segments, *segmentations]
        for name in asked.names:
            if name in of_accounts:
                raise NotFound(f"'{name}' holds accounts.", hint="Evidence is gathered for groups of customers.")
            if name not in known:
                hint = "See satsuma segment list. What is new or changed counts after the next `satsuma run`."
                raise NotFound.named("segment or segmentation", name, known, hint=hint)
        return [name for name in segments if name in asked.names], [
            name for name in segmentations if name in asked.names
        ]

    def _stale(self, subject: Subject, asked: Asked) -> list[str]:
        found = []
        if subject.name in asked.outdated:
            found.append("Its definition was changed since the run: run again.")
        if asked.data_until is not None and self.run.as_of - asked.data_until > STALE_AFTER:
            days = (self.run.as_of - asked.data_until).days
            found.append(f"The newest event is {days:,} days older than the run's moment.")
        return found

    def _past(
        self, groups: Groups, frame: CustomerFrame, asked: Asked, traits: Sequence[Described],
        apart: Sequence[Separation], tested: Sequence[bool],
    ) -> Past:  # fmt: skip
        if not asked.looks_back or not len(groups):
            return Past()
        since = asked.past or frame.as_of - asked.horizon
        models = kept_models(self.checked, self.run)
        looking = Looking(self.engine, self.checked, self.root, models, knows_then(self.engine, since))
        return look_back(
            looking, groups, frame, since=since, horizon=asked.horizon, traits=traits, apart=apart, tested=tested,
            data_until=asked.data_until,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- fits and labels

    def _refits(
        self, frame: CustomerFrame, segmentations: Sequence[str], segments: Sequence[str], rng: np.random.Generator
    ) -> dict[str, Refitted]:
        """Return the segmentations that are fitted, fitted again; those that the segments are made of among them."""
        read = (_labels_read(self.checked.of(Segment)[name]) for name in segments)
        wanted = dict.fromkeys([*segmentations, *(pair[0] for pair in read if pair is not None)])
        found = {}
        for name in wanted:
            definition = self.checked.of(Segmentation).get(name)
            if definition is None or name not in frame.segmentations:
                continue
            again = fitted_of(definition, frame, self.run, self.checked)
            if again is not None:
                found[name] = refitted(again.labels, again.refit, rng=rng)
        return found

    def _stable(self, groups: Groups, fits: Mapping[str, Refitted], past: Past) -> list[Stability | None]:
        found: list[Stability | None] = []
        for number, subject in enumerate(groups.subjects):
            source: tuple[str, tuple[str, ...]] | None
            if subject.label is not None:
                source = (subject.name, (subject.label,))
            else:
                source = _labels_read(self.checked.of(Segment)[subject.name])
            again = None
            if source is not None and source[0] in fits:
                again = fits[source[0]].of(source[1])
            found.append(again or of_rule(past.steps(number)))
        return found

    def _likeness(
        self, groups: Groups, found: Sequence[Sums], roles: Mapping[Key, Mapping[str, Role]], past: Past
    ) -> dict[Subject, Alikeness | None]:
        """Return for each label the one that acts most like it, by traits it is not made of and by what followed."""
        told: dict[Subject, Alikeness | None] = {}
        for name in dict.fromkeys(subject.name for subject in groups.subjects if subject.label is not None):
            labels = [number for number, subject in enumerate(groups.subjects) if subject.name == name]
            role = roles["segmentation", name]
            unused = [item for item in found if role[item.trait.name] == "unused"]
            # What hardly anything was compared on is not said to act alike.
            enough = past.outcomes is not None or len(unused) >= FEWEST_TRAITS
            by_trait = likeness(groups, labels, unused if enough else (), smallest=FEWEST)
            if past.outcomes is not None:
                before, outcomes = past.outcomes
                then = [number for number, subject in enumerate(before.subjects) if subject.name == name]
                after = dict(
                    zip(
                        [before.subjects[number] for number in then],
                        likeness(before, then, outcomes, smallest=FEWEST),
                        strict=True,
                    )
                )
            else:
                after = {}
            for number, alike in zip(labels, by_trait, strict=True):
                subject = groups.subjects[number]
                told[subject] = _both(alike, after.get(subject))
        return told

    def _segmentation(
        self, name: str, cards: Sequence[EvidenceCard], groups: Groups, found: Sequence[Sums],
        roles: Mapping[Key, Mapping[str, Role]], fits: Mapping[str, Refitted], asked: Asked,
    ) -> SegmentationCard:  # fmt: skip
        definition = self.checked.of(Segmentation)[name]
        numbers = [number for number, subject in enumerate(groups.subjects) if subject.key == ("segmentation", name)]
        own = tuple(cards[number] for number in numbers)
        fit = fits.get(name)
        together = explained(numbers, found, roles["segmentation", name])
        rand = None if fit is None else fit.again.rand
        return SegmentationCard(
            name=name, title=definition.title, method=definition.method,
            verdict=whole_verdict(own, together, rand, self._stale(Subject(name=name), asked)), labels=own,
            explained=together, rand=rand, kept_rand=None if fit is None else fit.kept_rand,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """Everything that was found, by the number of a group."""

    groups: Groups
    tested: Sequence[bool]
    apart: Sequence[Separation]
    past: Past
    alike: Mapping[Subject, Alikeness | None]
    stable: Sequence[Stability | None]
    worth: Sequence[GroupWorth | None]
    reach: Sequence[Reach | None]
    near: Sequence[Nearest | None]
    parted: Sequence[Halves | None]

    def card(self, number: int, title: str, outdated: Sequence[str]) -> EvidenceCard:
        """Return the card of one group; of one with too few members nothing but how many."""
        subject, population = self.groups.subjects[number], self.groups.size
        size = int(self.groups.sizes()[number])
        low, high = wilson(size, max(population, 1))
        known = Known(size=size, share=size / max(population, 1), separation=self.apart[number], outdated=outdated)
        if self.tested[number]:
            known = replace(
                known, stability=self.stable[number], nearest=self.near[number], alike=self.alike.get(subject),
                afterwards=self.past.after.get(subject), drift=self.past.drift(number, subject),
                halves=self.parted[number],
            )  # fmt: skip
        return EvidenceCard(
            name=subject.name, label=subject.label, title=title, size=size, share=known.share, share_low=float(low),
            share_high=float(high), is_told=self.tested[number], verdict=verdict(known), separation=known.separation,
            stability=known.stability, earlier=self.past.steps(number) if self.tested[number] else (),
            worth=self.worth[number] if self.tested[number] else None, reach=self.reach[number],
            afterwards=known.afterwards, drift=known.drift, nearest=known.nearest, alike=known.alike,
            halves=known.halves,
        )  # fmt: skip


def _labels_read(segment: Segment) -> tuple[str, tuple[str, ...]] | None:
    """Return the segmentation and the labels that a segment is, where it is nothing else."""
    where = segment.where
    if isinstance(where, LabelLeaf) and not where.negated:
        return where.segmentation, where.labels
    return None


def _both(today: Alikeness | None, after: Alikeness | None) -> Alikeness | None:
    """Return the label that acts most like one, by traits and by what followed; None where these name two.

    Labels that nothing but what they are made of was compared on are not said to act alike.
    """
    if today is None or after is None:
        return after or today
    if today.other != after.other:
        return None
    return max(today, after, key=lambda item: item.most)
