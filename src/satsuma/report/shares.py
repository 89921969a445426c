"""One bar cut into shares of a whole, with its key beneath: names are never squeezed into the bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.charts import TONES, Tone, frame, nothing, percent, text
from satsuma.report.markup import Markup, clean, element, join, said

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT = 34

#: A piece narrower than this has no room for its share on a phone.
ROOM_FOR_TEXT = 0.16

#: Stages of a customer's life that are known by a word in their label.
_STAGES: tuple[tuple[str, Tone], ...] = (
    ("prospect", "hand"),
    ("never", "hand"),
    ("new", "who"),
    ("return", "like"),
    ("react", "like"),
    ("slip", "worth"),
    ("risk", "worth"),
    ("laps", "will"),
    ("lost", "will"),
    ("churn", "will"),
    ("active", "do"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One share of the whole: `amount` in any unit, `text` what stands beside its name in the key."""

    label: str
    amount: float
    text: str
    detail: str = ""
    tone: Tone


def share_bar(pieces: Sequence[Piece], title: str, *, empty: str = "Nothing to show yet.") -> Markup:
    """Return the bar with its key. Pieces of nothing, or less, are named in the key only."""
    total = sum(max(0.0, piece.amount) for piece in pieces)
    if not pieces or total <= 0:
        return nothing(empty)
    marks: list[str] = []
    start = 0.0
    for piece in pieces:
        part = max(0.0, piece.amount) / total
        if part <= 0:
            continue
        tip = element("title", f"{clean(piece.label)}: {piece.text}")
        marks.append(
            element(
                "rect", tip, class_=f"fill-{piece.tone} piece", x=percent(start), width=percent(part), height=HEIGHT
            )
        )
        if part >= ROOM_FOR_TEXT:
            middle = percent(start + part / 2)
            marks.append(text(say.share(part), x=middle, y=22, class_=f"on-{piece.tone}", anchor="middle"))
        start += part
    description = "; ".join(f"{clean(piece.label)} {piece.text}" for piece in pieces)
    key = (
        element(
            "li",
            element("i", class_=f"dot tone-{piece.tone}", aria_hidden="true"),
            said(piece.label, "key-name", title=clean(piece.label)),
            element(
                "span", element("b", piece.text), f" {piece.detail}" if piece.detail else None, class_="key-number"
            ),
        )
        for piece in pieces
    )
    return join(
        (frame(title, description, HEIGHT, *marks, class_="shares"), element("ul", join(key), class_="share-key"))
    )


def tones_for(labels: Sequence[str]) -> tuple[Tone, ...]:
    """Return a colour per label: known stages keep theirs, others take what is free, neighbours differ."""
    known: list[Tone | None] = []
    for label in labels:
        word = label.casefold()
        # 'inactive' holds 'active'; the two are opposites.
        word = word.replace("inactive", "lapsed")
        known.append(next((tone for part, tone in _STAGES if part in word), None))
    used = [tone for tone in known if tone]
    if len(set(used)) < len(used):
        known = [None] * len(labels)
        used = []
    free = [tone for tone in TONES if tone not in used] or list(TONES)
    tones: list[Tone] = []
    taken = 0
    for tone in known:
        if tone is None:
            tone = free[taken % len(free)]
            taken += 1
        tones.append(tone)
    return tuple(tones)
