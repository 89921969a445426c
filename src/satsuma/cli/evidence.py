"""`satsuma evidence`: is a segment or segmentation a good one, and what says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.evidence_card import show_card, show_segmentation
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

if TYPE_CHECKING:
    from satsuma.evidence.card import Evidence, EvidenceCard
    from satsuma.evidence.verdict import Verdict


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "evidence",
        epilog=example(
            "satsuma evidence",
            "satsuma evidence champions",
            "satsuma evidence rfm --horizon 180d --json",
            "satsuma evidence champions --as-of-past 2024-01-01",
        ),
    )(evidence)


def evidence(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A segment or segmentation, for its card; all, as a table, when left out."
        ),
    ] = None,
    horizon: Annotated[
        str, typer.Option(metavar="LENGTH", help="How far the time after the past day reaches: 90d, 8w.")
    ] = "90d",
    past: Annotated[
        str | None,
        typer.Option(
            "--as-of-past",
            metavar="DAY",
            help="The day whose membership is held against what followed; the horizon before the run when not said.",
        ),
    ] = None,
    looks_back: Annotated[
        bool,
        typer.Option(
            "--past/--no-past",
            help="Evaluate past moments, or leave out what followed, drift and the stability of rules.",
        ),
    ] = True,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="TRAIT", help="A sensitive trait that may be looked at; may be repeated."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say of each segment and segmentation of the last run whether it is a good one, and show what says so.

    Every number stands beside that of random groups of the same size: a segment must beat them.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Gathering evidence", hidden=as_json) as progress:
            found = opened_workspace.evidence(
                *([name] if name else ()), horizon=horizon, past=past, looks_back=looks_back, allow=allow or (),
                progress=progress,
            )  # fmt: skip
        for sentence in found.warnings:
            output.warn(sentence)
        if as_json:
            output.show_json(found.as_dict())
            return
        settings = opened_workspace.settings
        if name is None:
            _show_all(found, settings.currency, settings.timezone)
        elif found.segments:
            show_card(found, found.segments[0], settings.currency, settings.timezone)
        else:
            show_segmentation(found, found.segmentations[0], settings.currency, settings.timezone)


def _show_all(found: Evidence, currency: str, timezone: str) -> None:
    from satsuma.report import format as say_as

    output.say(f"As of {say_as.moment(found.as_of, timezone)}, {say_as.counted(found.population, 'customer')}")
    if not found.segments and not found.segmentations:
        output.say("There is no segment or segmentation of customers yet: satsuma suggest writes some.")
        return
    if found.segments:
        output.show_table(
            (("segment", "left"), ("customers", "right"), ("share", "right"), ("mean value", "right"),
             ("differs most in", "left"), ("by", "right"), ("by chance", "right"), ("stability", "right"),
             ("afterwards", "right"), ("verdict", "left")),
            [_row(card, currency) for card in found.segments],
        )  # fmt: skip
        if any(card.separation.shown is not None and card.separation.strongest is None for card in found.segments):
            output.say(
                "* It comes from the same events as the segment: it shows what the segment is, and proves nothing."
            )
            output.say()
    if found.segmentations:
        output.show_table(
            (("segmentation", "left"), ("labels", "right"), ("follows most", "left"), ("by", "right"),
             ("by chance", "right"), ("stability", "right"), ("verdict", "left")),
            [
                (card.name, say_as.count(sum(1 for label in card.labels if label.size)),
                 card.explained[0].trait if card.explained else say_as.MISSING,
                 say_as.decimal(card.explained[0].value, 2) if card.explained else say_as.MISSING,
                 say_as.decimal(card.explained[0].control, 2) if card.explained else say_as.MISSING,
                 say_as.decimal(card.rand, 2), card.verdict.told)
                for card in found.segmentations
            ],
        )  # fmt: skip
    _show_reasons([*((card.name, card.verdict) for card in found.segments),
                   *((card.name, card.verdict) for card in found.segmentations)])  # fmt: skip


def _row(card: EvidenceCard, currency: str) -> tuple[str, ...]:
    from satsuma.report import format as say_as

    strongest = card.separation.shown
    followed = card.afterwards.outcomes if card.afterwards is not None else ()
    furthest = max(followed, key=lambda item: abs(item.effect), default=None)
    return (
        card.name, say_as.count(card.size), say_as.share(card.share),
        say_as.money(None if card.worth is None else card.worth.mean, currency),
        say_as.MISSING if strongest is None else f"{strongest.trait}{'' if strongest.role == 'unused' else ' *'}",
        say_as.MISSING if strongest is None else f"{strongest.effect:+.2f}",
        say_as.MISSING if strongest is None else f"±{strongest.control:.2f}",
        say_as.decimal(None if card.stability is None else card.stability.jaccard, 2),
        say_as.MISSING if furthest is None else f"{furthest.effect:+.2f}", card.verdict.told,
    )  # fmt: skip


def _show_reasons(verdicts: Sequence[tuple[str, Verdict]]) -> None:
    """Say why, of everything that is not simply to be kept."""
    for name, verdict in verdicts:
        if verdict.word != "keep" and verdict.reasons:
            output.say(f"{name}: {verdict.told}. {' '.join(verdict.reasons)}")
    output.say("The card of one: satsuma evidence NAME")
