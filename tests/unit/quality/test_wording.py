"""Sentences agree with their counts."""

from __future__ import annotations

import pytest

from satsuma.quality.wording import counted


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 order differs and was replaced."), (2_000, "2,000 orders differ and were replaced.")],
)
def test_one_thing_is_spoken_of_as_one(count: int, said: str) -> None:
    assert counted("{} order[s] differ[*] and [were] replaced.", count) == said
