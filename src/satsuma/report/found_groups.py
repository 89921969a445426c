"""The section on groups that were found in the data: whether they are there, how many, and what each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satsuma.report import format as say
from satsuma.report.markup import Markup, apart, element, said
from satsuma.report.parts import Column, Section, as_table, card, cards, folded, pill, table
from satsuma.report.plots import Curve, curves
from satsuma.report.sentences import Told

if TYPE_CHECKING:
    from satsuma.report.charts import Tone
    from satsuma.report.contents import ReportContents, SegmentationSummary

#: Differences that are shown of each group.
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDifference:
    """One thing that sets a group apart: in words, and its mean or share in the group and among the others."""

    words: str
    inside: float | None
    outside: float | None
    is_share: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOfGroups:
    """What resampling says of a number of groups; see `statistics.clustering.choosing.Candidate`."""

    groups: int
    stability: float
    strength: float
    silhouette: float
    smallest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGroups:
    """Groups that a segmentation found, as its model keeps them.

    verdict : natural, constructive or none. reasons : sentences. differs : of each group, in the order of `names`.
    """

    name: str
    using: str
    learned_from: int
    verdict: str
    reasons: tuple[str, ...]
    candidates: tuple[NumberOfGroups, ...]
    names: tuple[str, ...]
    differs: tuple[tuple[GroupDifference, ...], ...]


def groups_of_models(models: Mapping[str, Any]) -> tuple[FoundGroups, ...]:
    """Return the groups that the models of a run hold, by name."""
    return tuple(
        _found(name, kept["fit"]) for name, kept in sorted(models.items()) if kept["fit"].get("method") == "clusters"
    )


def _found(name: str, fit: Mapping[str, Any]) -> FoundGroups:
    choice = fit["choice"]
    return FoundGroups(
        name=name,
        using=fit["using"],
        learned_from=fit["learned_from"],
        verdict=choice["verdict"],
        reasons=tuple(choice["reasons"]),
        candidates=tuple(
            NumberOfGroups(groups=item["groups"], stability=item["stability"], strength=item["prediction_strength"],
                           silhouette=item["silhouette"], smallest=item["smallest"])
            for item in choice["candidates"]
        ),
        names=tuple(group["name"] for group in fit["groups"]),
        differs=tuple(
            tuple(
                GroupDifference(words=item["words"], inside=item["inside"], outside=item["outside"],
                                is_share=item["level"] is not None)
                for item in group["differs"][:SHOWN]
            )
            for group in fit["groups"]
        ),
    )  # fmt: skip


def found_groups(contents: ReportContents) -> Section | None:
    """Return the groups that were found, each segmentation with its verdict."""
    parts: list[Markup] = []
    for found in contents.groups:
        segmentation = contents.segmentation(found.name)
        if segmentation is not None:
            parts += _cards(found, segmentation)
    if not parts:
        return None
    return Section(
        anchor="groups",
        title="Groups found in the data",
        lead="Nobody wrote these as rules: they are what the values of some traits suggest. Every set of customers can "
        "be cut into parts, so each is tested against data of one cloud, in which there are no groups.",
        body=cards(*parts),
    )


def _cards(found: FoundGroups, segmentation: SegmentationSummary) -> list[Markup]:
    word = {"natural": "natural groups", "constructive": "a continuum, cut"}.get(found.verdict, "no natural groups")
    sizes = {label.label: label for label in segmentation.labels}
    # People may have given groups other names; they stand in the order of the model.
    shown = list(segmentation.labels[: len(found.names)])
    rows = [
        (said(label.label), say.count(label.size), say.share(label.share), _differences(differs))
        for label, differs in zip(shown, found.differs, strict=False)
    ]
    rest = [label for label in sizes.values() if label not in shown and label.size]
    rows += [(said(label.label), say.count(label.size), say.share(label.share), element("span", "")) for label in rest]
    columns = (Column(head="Group"), Column(head="Customers", is_number=True), Column(head="Share", is_number=True),
               Column(head="Sets it apart"))  # fmt: skip
    first = card(
        apart(segmentation.title),
        Told(shows=" ".join(found.reasons[:1]), do=_advice(found)),
        table(columns, rows, f"Groups of {apart(segmentation.title)}"),
        folded("How this was decided", *(element("p", reason) for reason in found.reasons)),
        pill=pill(word, "found"),
        is_wide=True,
    )
    return [first] if len(found.candidates) < 2 else [first, _choice(found, segmentation)]


def _differences(differs: Sequence[GroupDifference]) -> Markup:
    told = []
    for item in differs:
        if item.inside is None or item.outside is None:
            numbers = ""
        elif item.is_share:
            numbers = f" ({say.share(item.inside)}, others {say.share(item.outside)})"
        else:
            numbers = f" ({_amount(item.inside)}, others {_amount(item.outside)})"
        told.append(f"{item.words}{numbers}")
    return said("; ".join(told))


def _amount(value: float) -> str:
    return say.decimal(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)


def _advice(found: FoundGroups) -> str:
    if found.verdict == "natural":
        return f"Look at each group's persona, and turn the groups into rules: satsuma discover rules {found.name}"
    if found.verdict == "constructive":
        return (
            "Use them where a few cuts help to decide, and do not look for a border in nature: customers beside it "
            "are alike. Fixed bands say the same and are easier to explain."
        )
    return "Do not build on these groups: another sample would give others. Rules that you choose are better."


def _choice(found: FoundGroups, segmentation: SegmentationSummary) -> Markup:
    """Return how surely each number of groups comes back."""
    numbers = [item.groups for item in found.candidates]
    low, span = numbers[0], max(numbers[-1] - numbers[0], 1)

    def line(name: str, tone: Tone, values: Sequence[float], *, is_dashed: bool = False) -> Curve:
        points = tuple(((item - low) / span, max(value, 0.0)) for item, value in zip(numbers, values, strict=True))
        return Curve(name=name, points=points, tone=tone, is_dashed=is_dashed)

    best = max(found.candidates, key=lambda item: item.stability)
    described = "; ".join(
        f"{item.groups} groups: agreement of resamples {item.stability:.2f}, prediction strength {item.strength:.2f}"
        for item in found.candidates
    )
    chart = curves(
        (
            line("stability", "found", [item.stability for item in found.candidates]),
            line("strength", "hand", [item.strength for item in found.candidates], is_dashed=True),
        ),
        f"How surely groups of {apart(segmentation.title)} come back", described, axis=lambda value: f"{value:.1f}",
        marks_below=[((item - low) / span, str(item)) for item in numbers], caption="number of groups",
    )  # fmt: skip
    columns = (Column(head="Groups", is_number=True), Column(head="Agreement of resamples", is_number=True),
               Column(head="Prediction strength", is_number=True), Column(head="Silhouette", is_number=True),
               Column(head="Smallest group", is_number=True))  # fmt: skip
    rows = [
        (str(item.groups), f"{item.stability:.2f}", f"{item.strength:.2f}", f"{item.silhouette:.2f}",
         say.share(item.smallest))
        for item in found.candidates
    ]  # fmt: skip
    told = Told(
        shows=f"Two resamples agree best on {best.groups} groups ({best.stability:.2f}; 1 is perfect, 0 is chance). "
        "The line is their agreement, the dashed one how well a half foretells the other.",
        do="Take no more groups than come back: what one sample shows and the next does not is noise.",
    )
    return card(
        f"How many groups: {apart(segmentation.title)}", told, chart,
        twin=as_table(columns, rows, f"Numbers of groups for {apart(segmentation.title)}"), is_wide=True,
    )  # fmt: skip
