"""What `satsuma model show` says of models of texts: topics, and sentiment learned from ratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.cli import output

#: Words of a topic in a table.
SHOWN = 7


def topics(fit: Mapping[str, Any]) -> None:
    """Show topics: their names, share and words, and how good they are."""
    output.say(
        f"{len(fit['told'])} topics of {fit['texts']:,} different texts of {fit['customers']:,} customers "
        f"('{fit['of']}'), as of {fit['as_of']}; {fit['known']:.1%} of them have a known word."
    )
    output.say(f"Languages: {_shares(fit['languages'])}. Words that fewer than {fit['least_people']} customers used "
               "are not kept.")  # fmt: skip
    if not fit["converged"]:
        output.warn("The factorisation did not come to rest; fewer topics may.")
    names = fit.get("names") or {}
    output.show_table(
        (("topic", "left"), ("called", "left"), ("share", "right"), ("stability", "right"), ("coherence", "right"),
         ("words", "left")),
        [(item["name"], names.get(item["name"], ""), f"{item['share']:.1%}", f"{item['stability']:.2f}",
          _number(item["coherence"]), ", ".join(item["words"][:SHOWN])) for item in fit["told"]],
    )  # fmt: skip
    chance = fit["chance"] or {"stability": 0.0, "coherence": None}
    output.say(
        f"Stability {fit['stability']:.2f}: how well samples of the texts find the same topics, 0 to 1; "
        f"{chance['stability']:.2f} where the words are dealt out at random. Coherence {_number(fit['coherence'])}: "
        f"whether the words of a topic come together, -1 to 1; {_number(chance['coherence'])} at random."
    )
    weak = [names.get(item["name"], item["name"]) for item in fit["told"] if item["stability"] <= chance["stability"]]
    if weak:
        output.warn(f"No more stable than chance, do not build on them: {'; '.join(weak)}.")
    if fit["tried"]:
        output.show_table(
            (("topics tried", "right"), ("stability", "right"), ("coherence", "right")),
            [(str(item["count"]), f"{item['stability']:.2f}", _number(item["coherence"])) for item in fit["tried"]],
        )


def sentiment(fit: Mapping[str, Any]) -> None:
    """Show sentiment learned from ratings: whether to use it, how accurate it is, and by which words it goes."""
    output.say(fit["verdict"])
    test, by_words = fit["test"], fit["by_words"]
    output.say(
        f"Learned from {test['people']:,} ratings ('{fit['rating']}') above or below {fit['middle']:g} with a text "
        f"('{fit['of']}'), as of {fit['as_of']}; {test['base']:.1%} are above. Languages: {_shares(fit['languages'])}."
    )
    rows = [
        ("learned from ratings", f"{test['auc']:.3f}", f"{test['log_loss']:.4f}", ""),
        ("the same for all", "0.500", f"{test['base_log_loss']:.4f}", ""),
    ]
    if by_words is not None:
        rows.insert(1, ("a list of words", f"{by_words['auc']:.3f}", "", f"{by_words['read']:.1%}"))
    output.show_table(
        (("on texts held back", "left"), ("AUC", "right"), ("log loss", "right"), ("of texts", "right")), rows
    )
    output.show_table(
        (("ratings, from the lowest probability", "right"), ("said high", "right"), ("were high", "right")),
        [(f"{people:,}", f"{said:.1%}", f"{came:.1%}") for people, said, came in test["calibration"]],
    )
    output.say(f"Words for a high rating: {', '.join(fit['words_for'])}.")
    output.say(f"Words for a low one: {', '.join(fit['words_against'])}.")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _shares(languages: Mapping[str, float]) -> str:
    told = [f"{code} {share:.1%}" for code, share in languages.items() if share >= 0.001]
    return ", ".join(told) if told else "none that can be told"
