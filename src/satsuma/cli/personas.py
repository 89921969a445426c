"""`satsuma persona`: what can be said of the customers of a segment, each statement tested."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

if TYPE_CHECKING:
    from satsuma.personas.card import Persona

AllowOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Traits to speak of although they are sensitive or personal data, with commas between.",
    ),
]


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Personas: what can be said of a segment's customers, tested.")
    group.command("list", epilog=example("satsuma persona list", "satsuma persona list rfm"))(list_)
    group.command(
        "show",
        epilog=example(
            "satsuma persona show champions",
            "satsuma persona show rfm:Champions --numbers",
            "satsuma persona show champions -o champions.html",
        ),
    )(show)
    app.add_typer(group, name="persona")


def list_(
    segmentation: Annotated[
        str | None,
        typer.Argument(metavar="[SEGMENTATION]", help="List the labels of a segmentation; all segments otherwise."),
    ] = None,
    allow: AllowOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the segments with the sentences that can be said of each."""
    with opened(workspace) as opened_workspace:
        with progress_bar("Testing statements", hidden=as_json):
            found = opened_workspace.personas(*([segmentation] if segmentation else []), allow=_names(allow))
        if as_json:
            output.show_json([card.as_dict() for card in found])
            return
        if not found:
            output.say("No segment of customers is defined. Write one, or: satsuma suggest")
            return
        output.show_table(
            (("persona", "left"), ("customers", "right"), ("said", "right"), ("in a sentence", "left")),
            [(card.called, f"{card.size:,}", f"{len(card.statements)}", card.sentences[0]) for card in found],
        )


def show(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A segment, a segmentation, or one of its labels as in rfm:Champions."),
    ],
    numbers: Annotated[bool, typer.Option("--numbers", help="Show the numbers behind every statement.")] = False,
    form: Annotated[
        Literal["markdown", "html", "json"] | None,
        typer.Option("--format", help="Write it in this form; that of the file's ending when not given."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The .md, .html or .json file to write.")
    ] = None,
    allow: AllowOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who the customers of a segment are: sentences that passed their tests, and an invented typical customer.

    A sentence is found on one half of the customers, corrected for all statements tried, and confirmed on the other
    half; one that fewer than ten customers stand behind is left out.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Testing statements", hidden=as_json or (file is None and form is not None)):
            found = opened_workspace.personas(name, allow=_names(allow))
        if file is not None:
            written = opened_workspace.export_personas(found, to=file, form=form, numbers=numbers)
            if as_json:
                output.show_json({"path": str(written), "personas": len(found)})
            else:
                which = found[0].called if len(found) == 1 else f"the {len(found)} labels of '{name}'"
                output.say(f"The persona of {which} is in {file}.")
        elif as_json:
            output.show_json([card.as_dict() for card in found] if len(found) != 1 else found[0].as_dict())
        elif form is not None:
            output.show_lines(opened_workspace.persona_text(found, form, numbers=numbers).splitlines())
        else:
            from satsuma.personas.export import about_size

            wording = opened_workspace.wording
            for card in found:
                _show(card, about_size(card, wording), numbers=numbers)


def _show(card: Persona, size: str, *, numbers: bool) -> None:
    from satsuma.personas.export import NUMBER_HEADS, about_tests, number_row

    output.say(card.title, style="bold")
    output.say(f"{size}.")
    output.say()
    for sentence in card.sentences:
        output.say(sentence)
    if card.by_definition:
        output.say()
        output.say(f"By definition: {'; '.join(item.text for item in card.by_definition)}.")
    if card.invented is not None:
        told = "; ".join(f"{title}: {value}" for title, value in card.invented.facts)
        output.say()
        output.say(f"{card.invented.name}, who is invented: {told}.")
    for note in card.notes:
        output.note(note)
    if numbers:
        output.say()
        output.say(about_tests(card))
        rows = [number_row(item) for item in (*card.statements, *card.more, *card.by_definition)]
        heads = [(head, "left" if number == 0 else "right") for number, head in enumerate(NUMBER_HEADS)]
        output.show_table(heads, rows)  # type: ignore[arg-type]  # the two words are what is wanted
    output.say()


def _names(given: str | None) -> list[str]:
    return [name.strip() for name in (given or "").split(",") if name.strip()]
