"""Advice on the whole set of segments and segmentations: what to merge, mend, add or leave out, with the numbers.

A rule says what it looks at and from where on it speaks; the thresholds are conventions, named as constants and told in
the numbers of each piece of advice. Advice is not a verdict on a single segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np

from satsuma.documents import yaml_files
from satsuma.evaluation.columns import Mask
from satsuma.evidence.alike import ALIKE, alike, sample_of, variables_of
from satsuma.language.checker import Checked
from satsuma.language.leaves import asked_leaves, conditions
from satsuma.language.types import RandomLeaf, Segment, Segmentation
from satsuma.segments.frame import CustomerFrame
from satsuma.statistics.migration import effective_number

Severity = Literal["act", "consider", "note"]
SEVERITIES: tuple[Severity, ...] = ("act", "consider", "note")

#: Fewer customers than these are too few for an action whose effect can be measured.
TOO_FEW = 100
#: Labels that hold less than this share are small; a set of labels of which a third are small is cut too finely.
SMALL_SHARE, SMALL_LABELS = 0.02, 1 / 3
#: Two segments with so much in common (customers in both over customers in either) are one audience.
NEARLY_SAME = 0.8
#: A label that holds more than this share divides hardly anybody.
ONE_LABEL = 0.9
#: So many labels are kept apart with ease; of more, those that count must not be less than half.
MANY_LABELS = 6
#: From this share of customers in no segment on it is worth a word; from the higher one on, worth an action.
UNCOVERED, MANY_UNCOVERED = 0.01, 0.2
#: Pairs that are told of one kind.
MOST_PAIRS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of advice.

    about : the names it is about. numbers : what it rests on. do : what to do, with a command.
    """

    code: str
    severity: Severity
    about: tuple[str, ...]
    sentence: str
    do: str
    numbers: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "about": list(self.about), "numbers": dict(self.numbers)}


def advise(frame: CustomerFrame, checked: Checked, *, root: Path) -> list[Advice]:
    """Return advice on all segments and segmentations of customers, what weighs most first.

    Parameters
    ----------
    frame : everybody, with members and labels. root : the workspace's folder, for goals and campaigns.
    """
    known = checked.of(Segment)
    members = {name: frame.members(name) for name in frame.segments if name in known}
    chance = {name for name in members if _is_random(known[name])}
    chosen = {name: inside for name, inside in members.items() if name not in chance}
    found = [*_sizes(members, frame.size), *_labels(frame, checked)]
    pairs = list(_same(chosen))
    found += pairs
    found += _alike(frame, chosen, {tuple(item.about) for item in pairs})
    found += _coverage(frame, chosen)
    found += _used(chosen, root)
    weight = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(found, key=lambda item: weight[item.severity])


def _is_random(segment: Segment) -> bool:
    """Say whether a segment is drawn by chance: it is meant to be like all others."""
    asked = (leaf for condition in conditions(segment) for _, leaf in asked_leaves(condition, segment.entity))
    return any(isinstance(leaf, RandomLeaf) for leaf in asked)


# --------------------------------------------------------------------------------------------------- size and spread


def _sizes(members: Mapping[str, Mask], population: int) -> Iterator[Advice]:
    for name, inside in members.items():
        size = int(inside.sum())
        numbers = {"customers": size, "population": population}
        if not size:
            yield Advice(
                code="empty", severity="act", about=(name,), numbers=numbers, sentence=f"Nobody is in '{name}'.",
                do=f"See what it asks for, and mend or delete it: satsuma segment explain {name}",
            )  # fmt: skip
        elif size == population:
            yield Advice(
                code="everybody", severity="act", about=(name,), numbers=numbers,
                sentence=f"Everybody is in '{name}': it divides nothing.",
                do=f"See what it asks for, and narrow or delete it: satsuma segment explain {name}",
            )  # fmt: skip
        elif size < TOO_FEW:
            yield Advice(
                code="too-small", severity="consider", about=(name,), numbers={**numbers, "fewest": TOO_FEW},
                sentence=f"'{name}' has {_people(size)}: too few to measure what an action does.",
                do=f"Widen it, or treat these people by hand: satsuma segment explain {name}",
            )  # fmt: skip


def _labels(frame: CustomerFrame, checked: Checked) -> Iterator[Advice]:
    known = checked.of(Segmentation)
    for name in frame.segmentations:
        if name not in known:
            continue
        labels = frame.labels(name)
        sizes = labels.sizes()
        total = int(sizes.sum())
        if not total:
            continue
        largest = int(sizes.argmax())
        there = sizes[sizes > 0]
        share = float(sizes[largest] / total)
        if share > ONE_LABEL:
            yield Advice(
                code="one-label", severity="consider", about=(name,),
                numbers={"label": labels.names[largest], "share": share, "threshold": ONE_LABEL},
                sentence=f"'{labels.names[largest]}' of '{name}' holds {_percent(share)}: the others are exceptions.",
                do=f"Move its cut points, or divide by something else: satsuma segmentation show {name}",
            )  # fmt: skip
            continue
        small = int(((there < TOO_FEW) | (there < SMALL_SHARE * total)).sum())
        effective = effective_number(sizes)
        too_fine = len(there) > MANY_LABELS and len(there) > 2 * effective
        if (len(there) > 2 and small >= SMALL_LABELS * len(there)) or too_fine:
            yield Advice(
                code="too-fine", severity="consider", about=(name,),
                numbers={"labels": len(there), "small": small, "effective_number": effective,
                         "small_share": SMALL_SHARE, "fewest": TOO_FEW},
                sentence=f"'{name}' has {len(there)} labels, {small} of them with fewer than {TOO_FEW} customers or "
                f"{_percent(SMALL_SHARE)}; people are spread as over {effective:.1f} of equal size.",
                do=f"Join labels that are treated alike: satsuma segmentation show {name}",
            )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- pairs


def _same(members: Mapping[str, Mask]) -> Iterator[Advice]:
    """Yield pairs that are nearly the same customers."""
    packed = {name: np.packbits(inside) for name, inside in members.items() if inside.any()}
    sizes = {name: int(members[name].sum()) for name in packed}
    found = []
    for first, second in combinations(packed, 2):
        smaller, larger = sorted((sizes[first], sizes[second]))
        # What the sizes alone rule out need not be counted.
        if smaller < NEARLY_SAME * larger:
            continue
        both = int(np.bitwise_count(packed[first] & packed[second]).sum())
        either = sizes[first] + sizes[second] - both
        if both >= NEARLY_SAME * either:
            found.append((both / either, first, second, both, either))
    for jaccard, first, second, both, either in sorted(found, key=lambda item: (-item[0], item[1:3]))[:MOST_PAIRS]:
        words = "the same customers" if both == either else f"{_percent(jaccard)} of their customers in common"
        yield Advice(
            code="nearly-same", severity="act", about=(first, second),
            numbers={"jaccard": jaccard, "both": both, "either": either, "threshold": NEARLY_SAME},
            sentence=f"'{first}' and '{second}' have {words}.",
            do=f"Keep one of them: satsuma segment diff {first} {second}",
        )  # fmt: skip


def _alike(frame: CustomerFrame, members: Mapping[str, Mask], told: set[tuple[str, ...]]) -> Iterator[Advice]:
    """Yield pairs of segments, and of labels of one segmentation, that no trait tells apart."""
    places = sample_of(frame)
    variables = variables_of(frame, places)
    sets = [("segment", "", [(name, inside[places]) for name, inside in members.items()])]
    for name in frame.segmentations:
        labels = frame.labels(name)
        codes = labels.codes[places]
        sets.append(("segmentation", name, [(label, codes == code) for code, label in enumerate(labels.names)]))
    for kind, name, groups in sets:
        pairs = [pair for pair in alike(groups, variables) if (pair.first, pair.second) not in told]
        for pair in pairs[:MOST_PAIRS]:
            whose = f" of '{name}'" if name else ""
            command = (
                f"satsuma segmentation show {name}" if name else f"satsuma segment diff {pair.first} {pair.second}"
            )
            yield Advice(
                code="act-alike", severity="consider", about=(name,) if name else (pair.first, pair.second),
                numbers={"first": pair.first, "second": pair.second, "largest_eta2": pair.eta2,
                         "variable": pair.variable, "variables": pair.compared, "threshold": ALIKE, "kind": kind},
                sentence=f"'{pair.first}' and '{pair.second}'{whose} act alike: of {pair.compared} things that are "
                f"known of customers none tells them apart; the most, {pair.variable}, explains "
                f"{_percent(pair.eta2)} of its spread.",
                do=f"If they would not be treated differently, join them: {command}",
            )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the whole


def _coverage(frame: CustomerFrame, members: Mapping[str, Mask]) -> Iterator[Advice]:
    """Yield who is in no segment; a segment of everybody covers nobody in particular."""
    kept = [inside for inside in members.values() if inside.any() and not inside.all()]
    if not kept or not frame.size:
        return
    outside = ~np.logical_or.reduce(kept)
    number = int(outside.sum())
    share, value, total = number / frame.size, float(frame.value[outside].sum()), float(frame.value.sum())
    of_value = value / total if total > 0 else None
    numbers = {"customers": number, "share": share, "value": value, "share_of_value": of_value}
    if share >= UNCOVERED:
        held = "" if of_value is None else f", with {_percent(of_value)} of the value"
        yield Advice(
            code="uncovered", severity="act" if max(share, of_value or 0) >= MANY_UNCOVERED else "consider", about=(),
            numbers=numbers, sentence=f"{_people(number)} ({_percent(share)}) are in no segment{held}.",
            do="Find out who they are, and give them a segment: satsuma suggest",
        )  # fmt: skip
    many = np.add.reduce([inside.astype(np.int32) for inside in kept])
    mean = float(many[many > 0].mean()) if (many > 0).any() else 0.0
    if mean > MANY_LABELS:
        yield Advice(
            code="too-many", severity="consider", about=(), numbers={"segments": len(kept), "mean": mean},
            sentence=f"Who is in any segment is in {mean:.1f} of {len(kept)} on average: which one decides what a "
            "customer gets?",
            do="Order them by rank in one segmentation (method: rules), or drop what nobody acts on: "
            "satsuma segment overlap",
        )  # fmt: skip


def _used(members: Mapping[str, Mask], root: Path) -> Iterator[Advice]:
    """Yield segments that no goal and no campaign names, and whether there are fewer actions than segments."""
    if not members:
        return
    goals, campaigns = _texts(root / "goals"), _texts(root / "campaigns")
    if not goals and not campaigns:
        yield Advice(
            code="no-goals", severity="note", about=(), numbers={"goals": 0, "campaigns": 0},
            sentence="No goals are defined yet, so that nobody can say which segment serves one.",
            do="Write down for each segment what is done with it; what is not done to anybody needs no segment.",
        )  # fmt: skip
        return
    words = {word for text in (*goals, *campaigns) for word in re.findall(r"[a-z][a-z0-9_]*", text)}
    unused = sorted(name for name in members if name not in words)
    if unused:
        shown = ", ".join(f"'{name}'" for name in unused[:5]) + (f" and {len(unused) - 5} more" if unused[5:] else "")
        yield Advice(
            code="unused", severity="consider", about=tuple(unused),
            numbers={"unused": len(unused), "segments": len(members)},
            sentence=f"No goal and no campaign names {shown}.",
            do=f"Say what it is for, or delete it: satsuma segment delete {unused[0]}",
        )  # fmt: skip
    if campaigns and len(campaigns) < len(members):
        yield Advice(
            code="fewer-actions", severity="note", about=(),
            numbers={"campaigns": len(campaigns), "segments": len(members)},
            sentence=f"There are {len(members)} segments and {len(campaigns)} campaigns: some segments have no action.",
            do="Join segments that get the same, or plan what the others are for: satsuma segment overlap",
        )  # fmt: skip


def _texts(folder: Path) -> Sequence[str]:
    return [path.read_text(encoding="utf-8-sig") for path in yaml_files(folder)] if folder.is_dir() else ()


def _people(number: int) -> str:
    return f"{number:,} customer{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
