"""Three to five sentences from the statements that passed, and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from satsuma.personas.card import NOTHING, Said
from satsuma.personas.facts import Topic

#: In this order a reader meets a person.
ORDER: tuple[Topic, ...] = (
    "who", "where", "what", "when", "devices", "answers", "needs", "reach", "value", "rhythm", "ahead", "groups",
)  # fmt: skip
AT_LEAST, AT_MOST = 3, 5


def sentences(said: Sequence[Said]) -> tuple[str, ...]:
    """Return the sentences of a card; where nothing passed, the one that says so.

    Clauses of one topic share a sentence; of more topics than sentences, those with the smallest effects are joined;
    of fewer, the longest are parted.
    """
    if not said:
        return (NOTHING,)
    found = [[item for item in said if item.topic == topic] for topic in ORDER]
    groups = [group for group in found if group]
    while len(groups) > AT_MOST:
        # Two neighbours become one sentence: those that together carry the least.
        weakest = min(range(len(groups) - 1), key=lambda at: _weight(groups[at]) + _weight(groups[at + 1]))
        groups[weakest : weakest + 2] = [groups[weakest] + groups[weakest + 1]]
    while len(groups) < AT_LEAST and any(len(group) > 1 for group in groups):
        longest = max(range(len(groups)), key=lambda at: len(groups[at]))
        half = (len(groups[longest]) + 1) // 2
        groups[longest : longest + 1] = [groups[longest][:half], groups[longest][half:]]
    return tuple(_sentence([clause.text for clause in group]) for group in groups)


def _weight(group: Sequence[Said]) -> float:
    return sum(abs(item.numbers.effect) for item in group)


def _sentence(clauses: Sequence[str]) -> str:
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}."
