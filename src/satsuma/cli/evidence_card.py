"""The evidence card on the terminal: the verdict, then each number beside what random groups show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from satsuma.cli import output

if TYPE_CHECKING:
    from satsuma.evidence.afterwards import Afterwards, Outcome
    from satsuma.evidence.card import Evidence, EvidenceCard, SegmentationCard
    from satsuma.evidence.drift import GroupDrift
    from satsuma.evidence.reach import Reach, Reached
    from satsuma.evidence.separation import TraitEffect
    from satsuma.evidence.verdict import Verdict
    from satsuma.evidence.worth import GroupWorth

#: Traits that are shown, those that a group is not made of before the others; --json has all.
_MOST_UNUSED, _MOST_USED, _MOST_TRAITS = 8, 6, 12
_ROLES = {"used": "made of it", "related": "of the same events", "unused": ""}


def show_card(found: Evidence, card: EvidenceCard, currency: str, timezone: str) -> None:
    """Show the card of a segment."""
    from satsuma.report import format as say_as

    output.say(f"{card.title}, as of {say_as.moment(found.as_of, timezone)}")
    show_verdict(card.verdict)
    size = f"{say_as.counted(card.size, 'customer')}, {say_as.share(card.share)} of everybody"
    output.say(f"Size: {size} (95 % interval {say_as.share(card.share_low)} to {say_as.share(card.share_high)}).")
    if not card.is_told:
        output.say("That is too few, or nearly everybody: nothing more is told.")
        return
    if card.worth is not None:
        output.say(_worth(card.worth, currency))
    for sentence in _sentences(card):
        output.say(sentence)
    output.say()
    _show_effects(card)
    if card.afterwards is not None:
        _show_afterwards(card.afterwards, currency, timezone)
    if card.reach is not None:
        _show_reach(card.reach)
    if card.drift is not None:
        _show_drift(card.drift, timezone)


def show_segmentation(found: Evidence, card: SegmentationCard, currency: str, timezone: str) -> None:
    """Show the card of a segmentation: what its labels take up together, and a row for each label."""
    from satsuma.report import format as say_as

    output.say(f"{card.title} ({card.method}), as of {say_as.moment(found.as_of, timezone)}")
    show_verdict(card.verdict)
    if card.rand is not None:
        kept = say_as.decimal(card.kept_rand, 2)
        output.say(
            f"Fitted on customers drawn again it agrees with itself by {say_as.decimal(card.rand, 2)} (adjusted Rand; "
            f"0 is chance); what is kept agrees with a fit of today by {kept}."
        )
    output.say()
    output.show_table(
        (("trait", "left"), ("is", "left"), ("follows the labels by", "right"), ("by chance", "right"), ("q", "right")),
        [
            (item.trait, _ROLES[item.role], f"{item.value:.3f} {'ε²' if item.measure == 'epsilon2' else 'V'}",
             f"{item.control:.3f}", _chance(item.q))
            for item in card.explained[:_MOST_TRAITS]
        ],
    )  # fmt: skip
    output.show_table(
        (("label", "left"), ("customers", "right"), ("share", "right"), ("mean value", "right"), ("stability", "right"),
         ("verdict", "left")),
        [
            (str(label.label), say_as.count(label.size), say_as.share(label.share),
             say_as.money(None if label.worth is None else label.worth.mean, currency),
             say_as.decimal(None if label.stability is None else label.stability.jaccard, 2), label.verdict.told)
            for label in card.labels
        ],
    )  # fmt: skip
    for label in card.labels:
        if label.size and label.verdict.word != "keep":
            output.say(f"{label.label}: {label.verdict.told}. {' '.join(label.verdict.reasons)}")


def show_verdict(verdict: Verdict) -> None:
    """Show the word and the sentences that lead to it."""
    output.say(f"Verdict: {verdict.told}", style="bold")
    for sentence in (*verdict.reasons, *verdict.notes):
        output.say(f"  {sentence}")


def _worth(worth: GroupWorth, currency: str) -> str:
    from satsuma.report import format as say_as

    def money(amount: float) -> str:
        return say_as.money(amount, currency)

    index = "" if worth.index is None else f", {worth.index:.1f} times everybody's mean"
    share = "" if worth.share is None else f" ({say_as.share(worth.share)} of all)"
    return (
        f"Worth: {money(worth.mean)} a customer ({money(worth.low)} to {money(worth.high)}){index}; "
        f"{money(worth.total)} in all{share}. Random groups of its size: {money(worth.random_low)} to "
        f"{money(worth.random_high)}."
    )


def _sentences(card: EvidenceCard) -> Iterator[str]:
    from satsuma.report import format as say_as

    for word, alike in (
        ("made of (or of their events)", card.separation.alike_used),
        ("not made of", card.separation.alike_unused),
    ):
        if alike is not None:
            traits = f"{alike.traits} {'trait' if alike.traits == 1 else 'traits'}"
            yield (
                f"Alike: on {traits} that it is {word} members are spread {alike.ratio:.2f} times as much as everybody "
                f"(random groups: {alike.control:.2f} or more)."
            )
    stable = card.stability
    if stable is not None:
        how = (
            f"fitted on customers drawn again {stable.draws} times" if stable.how == "refitted"
            else f"looked at {stable.days:.0f} days before"
        )  # fmt: skip
        yield f"Stability: {stable.word}; {how}: Jaccard {stable.jaccard:.2f} (random groups {stable.chance:.2f})."
    for step in card.earlier:
        if step.jaccard is not None:
            yield (
                f"  Since {step.days:.0f} days ago {say_as.count(step.entered)} entered, {say_as.count(step.left)} "
                f"left, {say_as.count(step.stayed)} stayed (Jaccard {step.jaccard:.2f})."
            )
    near = card.nearest
    if near is not None:
        yield (
            f"Overlap: most with '{near.other}': {near.jaccard:.0%} of those in either are in both (random groups "
            f"{near.chance:.0%})."
        )


# --------------------------------------------------------------------------------------------------------------- tables


def _show_effects(card: EvidenceCard) -> None:
    effects = card.separation.effects
    shown = [item for item in effects if item.role == "unused"][:_MOST_UNUSED]
    shown += [item for item in effects if item.role != "unused"][:_MOST_USED]
    output.show_table(
        (("trait", "left"), ("is", "left"), ("differs by", "right"), ("by chance", "right"), ("q", "right"),
         ("members", "right"), ("others", "right")),
        [
            (item.trait if item.level is None else f"{item.trait} = {item.level}", _ROLES[item.role],
             f"{item.effect:+.2f} {item.word}", f"±{item.control:.2f}", _chance(item.q), _level(item, item.inside),
             _level(item, item.outside))
            for item in shown
        ],
        title="How members differ from all others (.2 small, .5 medium, .8 large)",
    )  # fmt: skip
    if len(effects) > len(shown):
        output.note(f"{len(effects) - len(shown)} more traits; --json has all.")


def _level(effect: TraitEffect, value: float) -> str:
    from satsuma.language.durations import from_day_number
    from satsuma.report import format as say_as

    if effect.measured != "number":
        return say_as.share(value)
    if effect.unit == "date":
        return from_day_number(int(value)).isoformat() if value == value else say_as.MISSING
    return say_as.decimal(value, 0 if abs(value) >= 100 else 2)


def _chance(q: float | None) -> str:
    return "" if q is None else "< .001" if q < 0.001 else f"{q:.3f}"


def _show_afterwards(found: Afterwards, currency: str, timezone: str) -> None:
    from satsuma.report import format as say_as

    since, until = say_as.moment(found.since, timezone), say_as.moment(found.until, timezone)
    output.show_table(
        (("afterwards", "left"), ("members", "right"), ("others", "right"), ("difference", "right"),
         ("95 % interval", "right"), ("shuffled", "right"), ("q", "right"), ("effect", "right")),
        [
            (item.what, _amount(item, item.inside, currency), _amount(item, item.outside, currency),
             _amount(item, item.difference, currency),
             f"{_amount(item, item.low, currency)} to {_amount(item, item.high, currency)}",
             f"± {_amount(item, item.shuffled, currency)}", _chance(item.q), f"{item.effect:+.2f}")
            for item in found.outcomes
        ],
        title=f"What the {say_as.count(found.size)} members of {since} did until {until}",
    )  # fmt: skip


def _amount(item: Outcome, value: float, currency: str) -> str:
    from satsuma.report import format as say_as

    if item.what == "bought":
        return say_as.share(value)
    return say_as.money(value, currency) if item.what == "revenue" else say_as.decimal(value, 2)


def _show_reach(reach: Reach) -> None:
    from satsuma.report import format as say_as

    rows = [("reached by " + item.what, item) for item in reach.contacts]
    rows += [("agreed to " + item.what, item) for item in reach.consents]
    rows += [(reach.fresh.what, reach.fresh)] if reach.fresh is not None else []
    if rows:
        output.show_table(
            (("reach", "left"), ("members", "right"), ("others", "right"), ("", "left")),
            [(what, say_as.share(item.share), say_as.share(item.others), _beyond(item)) for what, item in rows],
        )
    if reach.median_days is not None:
        output.say(f"Half of those ever heard of had an event in the last {reach.median_days:.0f} days.")


def _beyond(item: Reached) -> str:
    return "beyond chance" if item.is_beyond_chance else "as random groups"


def _show_drift(drift: GroupDrift, timezone: str) -> None:
    from satsuma.report import format as say_as

    output.show_table(
        (("as of", "left"), ("customers", "right"), ("share", "right")),
        [
            (say_as.day(item.moment, timezone), say_as.count(item.size), say_as.share(item.share))
            for item in drift.sizes
        ],
    )
    if drift.make_up:
        output.show_table(
            (("make-up", "left"), ("PSI", "right"), ("by chance", "right"), ("", "left")),
            [(item.trait, f"{item.psi:.3f}", f"{item.by_chance:.3f}", item.word) for item in drift.make_up],
        )
