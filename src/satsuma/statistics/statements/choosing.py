"""Which of the statements that passed are said: the largest, each about something else, one of them about a lack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.statements.questions import Question
from satsuma.statistics.statements.testing import Statement

Floats = NDArray[np.float64]

#: Two statements that are correlated more than this over all customers say the same.
ALIKE = 0.7


def choose(
    passed: Sequence[Statement], questions: Sequence[Question], *, most: int = 6, alike: float = ALIKE
) -> tuple[Statement, ...]:
    """Return the statements to say, the largest effect first.

    One is taken of each question, and none that says about the same as a larger one. Where something passed that the
    group has less of, one such is among them.

    Parameters
    ----------
    passed : ordered by size of effect.
    most : how many, at most.
    alike : how much two may be correlated.
    """
    chosen: list[Statement] = []
    vectors: list[Floats] = []
    unlike: Statement | None = None
    for item in passed:
        is_needed = len(chosen) < most or (unlike is None and item.effect < 0)
        if not is_needed or any(item.question == other.question for other in chosen):
            continue
        vector = _standardised(questions[item.question].has(item.level))
        if any(abs(float(vector @ other)) > alike for other in vectors):
            continue
        if len(chosen) == most:
            chosen.pop()
            vectors.pop()
        chosen.append(item)
        vectors.append(vector)
        if item.effect < 0:
            unlike = unlike or item
    return tuple(chosen)


def _standardised(values: Floats) -> Floats:
    """Return values of mean 0 and length 1; what is missing is in the middle. Amounts go by rank."""
    known = ~np.isnan(values)
    given = values[known]
    _, code, count = np.unique(given, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[code]
    found = np.zeros(len(values))
    found[known] = rank - rank.mean() if len(rank) else 0.0
    length = float(np.linalg.norm(found))
    return found / length if length > 0 else found
