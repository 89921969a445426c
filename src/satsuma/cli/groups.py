"""How groups that were found are shown: the traits, the number, the verdict, and what sets each apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from satsuma.cli import output

if TYPE_CHECKING:
    from satsuma.discovery.compare import MethodTrial
    from satsuma.discovery.explore import Discovery

#: Differences that are shown of each group.
SHOWN = 4
#: Traits that were left out, by reason; the rest are counted.
LEFT_OUT = 8


def show_discovery(found: Discovery, *, currency: str) -> None:
    """Say what was looked at, what was found, and whether it is there."""
    taken = [choice for choice in found.choices if choice.taken]
    left = [choice for choice in found.choices if not choice.taken]
    who = "everybody" if found.settings.among is None else f"the segment '{found.settings.among.segment}'"
    output.say(f"{found.customers:,} customers ({who}), by {len(taken)} traits.")
    reasons: dict[str, list[str]] = {}
    for name, sentence in found.fit["reasons"]:
        reasons.setdefault(name, []).append(sentence)
    output.show_table(
        (("trait", "left"), ("how it is looked at", "left")),
        [(choice.name, " ".join(reasons.get(choice.name, ["As it is."]))) for choice in taken],
    )
    if left:
        output.show_table(
            (("left out", "left"), ("why", "left")), [(choice.name, choice.reason) for choice in left[:LEFT_OUT]]
        )
        if len(left) > LEFT_OUT:
            output.say(f"... and {len(left) - LEFT_OUT} more (--json lists them).")
    output.say(found.fit["why"])
    show_choice(found.choice, chosen=len(found.groups))
    if found.is_one:
        output.say("Everybody is one group. To cut all the same, say how many: --groups 4.")
        return
    rows = [
        (group.name, f"{group.size:,}", f"{group.share:.1%}", f"{group.value:,.0f}") for group in found.groups
    ]  # fmt: skip
    if found.others:
        rows.append(("(in none: most traits are missing, or unclear)", f"{found.others:,}", "", ""))
    output.show_table(
        (("group", "left"), ("customers", "right"), ("share", "right"), (f"value ({currency})", "right")), rows
    )
    show_differences([(group.name, group.differs) for group in found.groups])


def show_choice(choice: Mapping[str, Any], *, chosen: int) -> None:
    """Show what the criteria say of each number of groups, and the verdict with its reasons."""
    has_bic = any(item["bic"] is not None for item in choice["candidates"])
    columns: list[tuple[str, output.Align]] = [
        ("groups", "right"), ("stability", "right"), ("prediction strength", "right"), ("silhouette", "right"),
        ("Calinski-Harabasz", "right"), ("gap", "right"), ("border", "right"), ("smallest", "right"),
    ]  # fmt: skip
    if has_bic:
        columns.append(("BIC", "right"))
    rows = []
    for item in choice["candidates"]:
        mark = " *" if item["groups"] == chosen else "  "
        row = [
            f"{item['groups']}{mark}", f"{item['stability']:.2f}", f"{item['prediction_strength']:.2f}",
            f"{item['silhouette']:.2f}", f"{item['calinski_harabasz']:,.0f}", f"{item['gap']:.3f}",
            f"{item['border']:.2f}", f"{item['smallest']:.1%}",
        ]  # fmt: skip
        if has_bic:
            row.append("" if item["bic"] is None else f"{item['bic']:,.0f}")
        rows.append(tuple(row))
    output.show_table(columns, rows, title=f"How many groups? On {choice['rows']:,} customers; * is shown below")
    for sentence in choice["reasons"]:
        output.say(sentence)
    output.say()


def show_differences(groups: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> None:
    """Show for each group what sets it apart from the others, in the traits' own units."""
    rows = []
    for name, differs in groups:
        for place, item in enumerate(differs[:SHOWN]):
            told = item["trait"] if item["level"] is None else f"{item['trait']} = {item['level']}"
            rows.append(
                (name if place == 0 else "", told, _amount(item, "inside"), _amount(item, "outside"),
                 f"{item['effect']:+.2f}")
            )  # fmt: skip
    output.show_table(
        (("group", "left"), ("differs in", "left"), ("in it", "right"), ("others", "right"), ("effect", "right")), rows,
        title="Medians, and shares of words; the effect is in standard deviations, or Cohen's h of two shares",
    )  # fmt: skip


def show_carry_over(kept: Mapping[str, Any] | None) -> None:
    """Say how well other traits foretell the groups, where that was asked for."""
    if kept is None:
        return
    card = kept["card"]
    verdict = "so who has none of the traits is given a group" if card["helps"] else "so nobody is given a group by it"
    output.say(
        f"Other traits foretell {card['accuracy']:.1%} of the groups out of fold (95 % interval {card['low']:.1%} to "
        f"{card['high']:.1%}, {card['rows']:,} customers); saying the largest of everybody is right for "
        f"{card['largest']:.1%}; {verdict}."
    )


def show_comparison(trials: Iterable[MethodTrial]) -> None:
    """Show what other methods make of the same traits."""
    rows = []
    for item in trials:
        agreement = "" if item.agreement is None else f"{item.agreement:.2f}"
        verdict = item.problem or {"natural": "natural groups", "constructive": "cuts of one cloud"}.get(
            item.verdict or "", "no natural groups"
        )
        rows.append((item.method, "" if item.groups is None else str(item.groups), agreement, verdict))
    output.show_table(
        (("method", "left"), ("groups", "right"), ("agreement", "right"), ("verdict", "left")), rows,
        title="Other methods on the same traits; agreement is the adjusted Rand index with the groups above",
    )  # fmt: skip


def _amount(item: Mapping[str, Any], key: str) -> str:
    value = item[key]
    if value is None:
        return ""
    if item["level"] is not None:
        return f"{value:.1%}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.3g}"
