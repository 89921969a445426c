"""Personas as text: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence

from satsuma.personas.card import Persona, Said
from satsuma.personas.phrases import Wording, share

#: What Markdown, or a page made of it, would take for its own.
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")
_LINE_ENDS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def as_json(cards: Sequence[Persona]) -> str:
    """Return cards as JSON: a list of what `Persona.as_dict` gives."""
    return json.dumps([card.as_dict() for card in cards], ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def as_markdown(cards: Sequence[Persona], wording: Wording, *, numbers: bool = False) -> str:
    """Return cards as Markdown, one heading each.

    Parameters
    ----------
    numbers : whether the numbers behind every statement are shown.
    """
    return "\n\n".join("\n".join(_card(card, wording, numbers=numbers)) for card in cards) + "\n"


def about_size(card: Persona, wording: Wording) -> str:
    """Return how many they are, and what they bring."""
    text = f"{card.size:,} customer{'' if card.size == 1 else 's'} ({share(card.share)} of everybody)"
    if card.value_share is not None and card.value > 0:
        text += f", {wording.money(card.value)} ({share(card.value_share)} of the value)"
    return text


def about_tests(card: Persona) -> str:
    """Return how many statements were tried, and what became of them."""
    if not card.tried:
        return "No statement could be tried: nothing is known of enough customers."
    return (
        f"{card.tried:,} statements were tried, {card.family:,} with those of the other segments, and corrected "
        f"together. {card.significant:,} differ enough on the first half of the customers; {card.confirmed:,} of them "
        "hold on the other half."
    )


#: The heads of the numbers behind statements.
NUMBER_HEADS = ("statement", "here", "others", "everybody", "index", "n", "effect", "95 % interval", "p corrected",
                "held out")  # fmt: skip


def number_row(item: Said) -> tuple[str, ...]:
    """Return the numbers behind a statement as texts, in the order of `NUMBER_HEADS`."""
    found = item.numbers
    return (
        f"{item.title}: {item.level}" if item.level else f"{item.title} ({found.statistic})",
        item.here,
        item.others,
        item.everybody,
        "" if found.index is None else f"{found.index:.0f}",
        f"{found.n:,}",
        _signed(found.effect),
        f"{_signed(found.low)} to {_signed(found.high)}",
        "by definition" if found.p_adjusted is None else small(found.p_adjusted),
        held_out(item),
    )


def held_out(item: Said) -> str:
    """Return what the other half says: the effect there and its p value."""
    found = item.numbers
    p = "" if found.held_out_p is None else f", p {small(found.held_out_p)}"
    return f"{_signed(found.held_out)}{p}"


def _signed(effect: float) -> str:
    # The true minus is as wide as the plus, so that columns line up.
    return "–" if math.isnan(effect) else f"{effect:+.2f}".replace("-", "−")


def small(p: float) -> str:
    """Return a p value; below 0.001 only that it is."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _card(card: Persona, wording: Wording, *, numbers: bool) -> Iterator[str]:
    yield f"# {_plain(card.title)}"
    yield ""
    if card.description:
        yield f"*{_plain(card.description)}*"
        yield ""
    yield f"{_plain(about_size(card, wording))}, as of {card.as_of.date().isoformat()}."
    yield ""
    yield _plain(" ".join(card.sentences))
    if card.by_definition:
        yield ""
        yield "**By definition:** " + _plain("; ".join(item.text for item in card.by_definition)) + "."
    if card.invented is not None:
        facts = "; ".join(f"{title}: {value}" for title, value in card.invented.facts)
        yield ""
        yield (
            f"**{card.invented.name}** is invented, and typical: {_plain(facts)}. "
            f"{card.invented.shared_by:,} customers of the segment share all of it."
        )
    for note in card.notes:
        yield ""
        yield f"> {_plain(note)}"
    if numbers:
        yield ""
        yield _plain(about_tests(card))
        rows = [*card.statements, *card.more, *card.by_definition]
        if rows:
            yield ""
            yield "| " + " | ".join(NUMBER_HEADS) + " |"
            yield "|" + "---|" * len(NUMBER_HEADS)
            for item in rows:
                yield "| " + " | ".join(_plain(cell) for cell in number_row(item)) + " |"


def _plain(text: str) -> str:
    """Return somebody's text as Markdown shows it: one line, nothing in it a mark."""
    return _SPECIAL.sub(r"\\\1", _LINE_ENDS.sub(" ", text))
