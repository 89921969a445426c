"""What to do with a group, in one word, with the reasons in sentences; every threshold stands here with its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from satsuma.evidence.afterwards import Afterwards
from satsuma.evidence.drift import GroupDrift
from satsuma.evidence.overlap import Alikeness, Nearest
from satsuma.evidence.separation import SMALL_EFFECT, Separation
from satsuma.evidence.split import Halves
from satsuma.evidence.stability import OPEN, Stability

Word = Literal["keep", "merge", "split", "too small", "unstable", "not different", "stale", "not judged"]

#: Fewer members make no group of their own: the usual floor is 100 to 200 rows (Dolnicar, Gruen & Leisch 2018).
FEWEST = 100
#: Fewer are not told anything of: statements about so few are statements about people.
FEWEST_TOLD = 10
#: A smaller share than 2 % of everybody is a hint of over-segmentation, no verdict: large businesses have such groups.
SMALL_SHARE = 0.02
#: Two segments that share so many of those in either are one segment with two names. Ours; no literature fixes it.
DUPLICATE = 0.8
#: Two labels between which lies less of the variation of every trait act alike (eta squared; Cohen 1988: small is .01).
ALIKE = 0.01
#: Fewer traits that a group is not made of cannot speak against it.
FEWEST_TRAITS = 3
#: A size that doubled or halved since the oldest moment looked at, as a share of everybody. Ours.
GROWN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The word, whom to merge with, the sentences that lead to it, and what else was noticed."""

    word: Word
    other: str | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The verdict as people read it."""
        return f"merge with {self.other}" if self.word == "merge" else self.word

    def as_dict(self) -> dict[str, Any]:
        return {"word": self.word, "other": self.other, "told": self.told, "reasons": list(self.reasons),
                "notes": list(self.notes)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a verdict is made from.

    outdated : why the results no longer hold (the definition was changed, the data end long before), as sentences.
    """

    size: int
    share: float
    separation: Separation
    outdated: Sequence[str] = ()
    stability: Stability | None = None
    nearest: Nearest | None = None
    alike: Alikeness | None = None
    afterwards: Afterwards | None = None
    drift: GroupDrift | None = None
    halves: Halves | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    word: Word
    sentence: str
    other: str | None = None


def verdict(known: Known) -> Verdict:
    """Return the verdict on one group: the gravest finding, with all others beside it."""
    findings = list(_findings(known))
    for_it = tuple(_for_it(known))
    if not findings:
        return Verdict(word="keep", reasons=for_it, notes=tuple(_notes(known)))
    first = findings[0]
    same = tuple(item.sentence for item in findings if item.word == first.word)
    others = tuple(item.sentence for item in findings if item.word != first.word)
    kept = () if first.word in ("not different", "not judged", "too small") else for_it
    return Verdict(word=first.word, other=first.other, reasons=same, notes=(*others, *kept, *_notes(known)))


def _findings(known: Known) -> Iterator[_Finding]:
    """Yield what speaks against keeping the group as it is, the gravest first."""
    if known.size < FEWEST:
        yield _Finding(word="too small", sentence=f"It has {known.size:,} members; {FEWEST} are the least.")
        if known.size < FEWEST_TOLD:
            return
    for sentence in known.outdated:
        yield _Finding(word="stale", sentence=sentence)
    near = known.nearest
    if near is not None and near.jaccard >= DUPLICATE:
        yield _Finding(
            word="merge", other=near.other,
            sentence=f"It and '{near.other}' have {near.jaccard:.0%} of those in either in common.",
        )  # fmt: skip
    if not _is_different(known):
        yield _undistinguished(known)
    alike = known.alike
    if alike is not None and alike.most < ALIKE:
        yield _Finding(
            word="merge", other=alike.other,
            sentence=f"It and '{alike.other}' act alike: of nothing that was compared more than {alike.most:.1%} of "
            f"the variation lies between them ('{alike.trait}').",
        )  # fmt: skip
    yield from _unsteady(known)


def _unsteady(known: Known) -> Iterator[_Finding]:
    stable, drift, halves = known.stability, known.drift, known.halves
    if stable is not None and stable.jaccard < OPEN:
        if stable.how == "refitted":
            text = (
                f"Fitted on other customers like these it would share {stable.jaccard:.0%} of its members with itself."
            )
        else:
            text = (
                f"Of those in it now or {stable.days:.0f} days ago, {stable.jaccard:.0%} are in at both: it is an "
                "occasion to act on, not a group to plan for."
            )
        yield _Finding(word="unstable", sentence=text)
    if halves is not None and halves.is_sure:
        yield _Finding(word="split", sentence=halves.sentence)
    if stable is not None and stable.agrees_with_kept is not None and stable.agrees_with_kept < OPEN:
        yield _Finding(
            word="stale",
            sentence=f"Fitted today it has {stable.agrees_with_kept:.0%} in common with what is kept: the fit is old.",
        )  # fmt: skip
    if drift is not None:
        factor = drift.factor
        if factor is not None and not 1 / GROWN < factor < GROWN:
            first, last = drift.sizes[0], drift.sizes[-1]
            before = f"{(last.moment - first.moment).days} days before it was {first.share:.1%}"
            yield _Finding(word="stale", sentence=f"Its share of everybody is {known.share:.1%}; {before}.")
        for item in drift.moved[:3]:
            yield _Finding(
                word="stale", sentence=f"Its members' '{item.trait}' has moved (PSI {item.psi:.2f}; by chance "
                f"{item.by_chance:.3f})."
            )  # fmt: skip


def _is_different(known: Known) -> bool:
    return bool(known.separation.sure) or bool(known.afterwards and known.afterwards.sure)


def _undistinguished(known: Known) -> _Finding:
    """Return what it means that no difference was found: that there is none, or that too little could be looked at."""
    tested, outcomes = len(known.separation.of("unused")), known.afterwards.outcomes if known.afterwards else ()
    if not outcomes and tested < FEWEST_TRAITS:
        what = "no trait" if not tested else f"only {tested} {'trait' if tested == 1 else 'traits'}"
        return _Finding(
            word="not judged",
            sentence=f"There is {what} to test it on that it is not made of, and nothing is known of what followed.",
        )
    looked = [f"{tested} {'trait' if tested == 1 else 'traits'} that it is not made of"] if tested else []
    looked += ["what its members did afterwards"] if outcomes else []
    return _Finding(
        word="not different",
        sentence=f"A random group of its size differs as much: nothing of {SMALL_EFFECT:g} or more that is not chance, "
        f"in {' and '.join(looked)}.",
    )


def _for_it(known: Known) -> Iterator[str]:
    """Yield what speaks for the group."""
    sure = known.separation.sure
    if sure:
        named = ", ".join(f"'{item.trait}' ({item.effect:+.2f})" for item in sure[:3])
        yield (
            f"It differs from all others in {len(sure)} of {len(known.separation.of('unused'))} traits that it is not "
            f"made of: {named}."
        )
    followed = known.afterwards.sure if known.afterwards else ()
    if followed:
        first = max(followed, key=lambda item: abs(item.effect))
        yield f"Membership foretold what followed: '{first.what}' differs by {first.effect:+.2f}, beyond any shuffle."
    if known.stability is not None and known.stability.jaccard >= OPEN:
        yield f"It is {known.stability.word} (Jaccard {known.stability.jaccard:.2f})."


def _notes(known: Known) -> Iterator[str]:
    if known.size >= FEWEST and known.share < SMALL_SHARE:
        yield f"It holds {known.share:.2%} of everybody: worth a group only if something is done for it alone."
    near = known.nearest
    if near is not None and near.contained >= 0.95 and near.jaccard < DUPLICATE:
        yield f"{near.contained:.0%} of it lie in '{near.other}'."
