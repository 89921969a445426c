"""Near-duplicates and labels that act alike."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.evidence.overlap import likeness, nearest
from satsuma.evidence.traits import number, sums, yes_no
from satsuma.statistics.effects.moments import Moments, moments
from satsuma.statistics.effects.separation import compare_variances
from small_groups import groups_from


def test_the_nearest_segment_is_the_one_with_most_in_common() -> None:
    place = np.arange(100)
    segments = groups_from({"a": place < 40, "b": place < 50, "c": place >= 60, "none": place < 0})
    found = nearest(segments, segments)
    assert found[0] is not None
    assert (found[0].other, found[0].jaccard, found[0].contained) == ("b", 0.8, 1)
    assert found[0].chance == pytest.approx(20 / 70)
    assert found[3] is None
    label = groups_from({"s: A": place < 40})
    assert nearest(label, segments) == [None]
    alone = groups_from({"a": place < 40})
    assert nearest(alone, alone) == [None]


def test_two_labels_act_alike_where_no_trait_tells_them_apart() -> None:
    rng = np.random.default_rng(1)
    label = np.arange(6_000) % 3
    traits = [number("x", rng.normal(size=6_000) + (label == 2)), yes_no("y", rng.random(6_000) < 0.3)]
    groups = groups_from({f"s: {code}": label == code for code in range(3)} | {"s: none": label > 9})
    found = likeness(groups, [0, 1, 2, 3], sums(groups, traits))
    assert found[0] is not None
    assert found[1] is not None
    assert found[2] is not None
    assert (found[0].other, found[1].other) == ("1", "0")
    assert found[0].most < 0.01 < found[2].most
    assert found[2].trait == "x"
    assert found[3] is None
    ranks = np.argsort(np.argsort(traits[0].values)).astype(float)
    first, second = (moments(ranks[label == code]) for code in (0, 2))
    pair = Moments(*(np.array([getattr(first, part), getattr(second, part)]) for part in ("n", "mean", "m2")))
    other = min(likeness(groups, [0, 2], sums(groups, traits)), key=str)
    assert other is not None
    assert other.most == pytest.approx(float(compare_variances(pair).eta2), abs=1e-9)


def test_a_small_label_far_from_a_large_one_is_not_like_it() -> None:
    rng = np.random.default_rng(2)
    small = np.arange(4_000) < 100
    values = rng.normal(size=4_000) + 0.5 * small
    groups = groups_from({"s: small": small, "s: large": ~small})
    (found, _) = likeness(groups, [0, 1], sums(groups, [number("x", values)]))
    assert found is not None
    ranks = np.argsort(np.argsort(values)).astype(float)
    # As many of the large one as there are of the small one, on average: d^2 / (d^2 + 4).
    d = (ranks[small].mean() - ranks[~small].mean()) / np.sqrt(
        (ranks[small].var() * 100 + ranks[~small].var() * 3_900) / 4_000
    )
    assert found.most == pytest.approx(d**2 / (d**2 + 4))
    assert found.most > 0.03
    assert likeness(groups, [0, 1], sums(groups, [number("x", values)]), smallest=101) == [None, None]


def test_without_traits_nothing_is_said_to_act_alike() -> None:
    groups = groups_from({"s: a": np.arange(9) < 4, "s: b": np.arange(9) >= 4})
    assert likeness(groups, [0, 1], []) == [None, None]
