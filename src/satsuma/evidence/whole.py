"""What to do with a segmentation as a whole, from the verdicts on its labels and what they take up together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from satsuma.evidence.card import EvidenceCard
from satsuma.evidence.overall import Explained
from satsuma.evidence.stability import OPEN
from satsuma.evidence.verdict import FEWEST, FEWEST_TRAITS, Verdict, Word


def whole_verdict(
    labels: Sequence[EvidenceCard], together: Sequence[Explained], rand: float | None, outdated: Sequence[str]
) -> Verdict:
    """Return the verdict on a segmentation: the gravest finding, with all others beside it.

    Parameters
    ----------
    labels : the cards of its labels. together : how far each trait follows them. rand : between refits.
    outdated : why its results no longer hold.
    """
    findings = list(_findings([card for card in labels if card.size], together, rand, outdated))
    kept = [card.label for card in labels if card.verdict.word == "keep"]
    for_it = (f"{len(kept)} of its {len(labels)} labels are to be kept as they are.",) if kept else ()
    if not findings:
        return Verdict(word="keep", reasons=for_it or ("Nothing speaks against it.",))
    word, other, sentence = findings[0]
    same = [text for found, _, text in findings if found == word]
    others = [text for found, _, text in findings if found != word]
    return Verdict(word=word, other=other, reasons=tuple(same or [sentence]), notes=(*others, *for_it))


def _findings(
    labels: Sequence[EvidenceCard], together: Sequence[Explained], rand: float | None, outdated: Sequence[str]
) -> Iterator[tuple[Word, str | None, str]]:
    for sentence in outdated:
        yield "stale", None, sentence
    unused = [item for item in together if item.role == "unused"]
    followed = [card for card in labels if card.afterwards is not None and card.afterwards.outcomes]
    is_told = any(item.is_sure for item in unused) or any(
        card.separation.sure or (card.afterwards is not None and card.afterwards.sure) for card in labels
    )
    if not is_told and not followed and len(unused) < FEWEST_TRAITS:
        yield "not judged", None, "There is too little to test it on that it is not made of."
    elif not is_told:
        yield "not different", None, "Its labels differ no more than random groups of their sizes do."
    if rand is not None and rand < OPEN:
        yield (
            "unstable",
            None,
            (f"Fitted on other customers like these its labels agree with themselves by {rand:.2f} (adjusted Rand)."),
        )
    pairs = {
        frozenset((str(card.label), str(card.verdict.other))) for card in labels if card.verdict.word == "merge"
    }  # fmt: skip
    for first, second in sorted(tuple(sorted(pair)) for pair in pairs if len(pair) == 2):
        yield "merge", f"{first} and {second}", f"'{first}' and '{second}' act alike."
    small = [str(card.label) for card in labels if card.verdict.word == "too small"]
    if small:
        yield "too small", None, f"Fewer than {FEWEST} are in {', '.join(repr(name) for name in small)}."
    for word, text in (("unstable", "Unstable"), ("split", "In two heaps"), ("stale", "Moved")):
        if word == "stale" and outdated:
            continue
        names = [repr(str(card.label)) for card in labels if card.verdict.word == word]
        if names:
            yield word, None, f"{text}: {', '.join(names)}."  # type: ignore[misc]
