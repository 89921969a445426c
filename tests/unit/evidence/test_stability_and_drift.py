"""A group beside itself: refits, earlier moments, sizes and make-up, each with its control."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from satsuma.evidence.drift import GroupDrift, SizeThen, followed, make_ups, sizes_then
from satsuma.evidence.groups import Subject, groups_of
from satsuma.evidence.stability import earlier, of_rule, refitted
from satsuma.evidence.traits import number
from satsuma.segments.frame import FrameLabels
from small_groups import NOW, frame_from, groups_from, numbers, words

WEEK = NOW - timedelta(days=7)


def test_a_group_and_itself_a_week_before_among_those_of_both_moments() -> None:
    then = frame_from({"x": numbers(np.arange(4.0))}, ids=[1, 2, 3, 4], as_of=WEEK,
                      segments={"a": np.array([True, True, False, False])})  # fmt: skip
    now = frame_from({"x": numbers(np.arange(4.0))}, ids=[2, 3, 4, 9],
                     segments={"a": np.array([True, True, False, True])})  # fmt: skip
    (found,) = earlier(groups_of(now, ["a"], []), now, groups_of(then, ["a"], []), then)
    assert found is not None
    # Of 2, 3 and 4: 2 is in both, 3 came; 1 is gone and 9 is new.
    assert (found.jaccard, found.entered, found.left, found.stayed, found.days) == (0.5, 2, 1, 1, 7)
    assert found.chance == pytest.approx((2 / 3) / (1 + 2 - 2 / 3))
    assert of_rule([None, found]) is not None
    assert of_rule([None]) is None


def test_a_group_that_was_not_there_then_is_not_compared() -> None:
    now, then = groups_from({"a": np.ones(3, bool)}), groups_from({"b": np.ones(3, bool)})
    frame = frame_from({"x": numbers([1.0, 2, 3])})
    assert earlier(now, frame, then, frame) == [None]


def test_refits_of_a_cut_are_stable_and_those_of_a_coin_are_not() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=2_000)
    codes = (values > np.median(values)).astype(np.int16)

    def cut(weights: np.ndarray) -> np.ndarray:
        return (values > np.median(np.repeat(values, weights.astype(int)))).astype(np.int64)

    found = refitted(FrameLabels(("Low", "High"), codes), cut, rng=rng)
    stable = found.of(["High"])
    assert stable is not None
    assert (stable.word, stable.how) == ("highly stable", "refitted")
    assert stable.agrees_with_kept == 1
    assert found.kept_rand == 1
    assert stable.chance == pytest.approx(1 / 3, abs=0.01)
    coin = refitted(FrameLabels(("Low", "High"), codes), lambda _: rng.integers(0, 2, 2_000), rng=rng).of(["High"])
    assert coin is not None
    assert coin.word == "dissolved"
    assert coin.jaccard == pytest.approx(coin.chance, abs=0.03)
    # Of several labels together it is their mean by size, and a label of nobody has none.
    assert found.of(["Low", "High"]) is not None
    assert refitted(FrameLabels(("Low", "High", "None"), codes), cut, rng=rng).of(["None"]) is None


def test_sizes_are_told_from_the_oldest_to_the_present() -> None:
    then = frame_from({"x": numbers(np.arange(4.0))}, as_of=WEEK, segments={"a": np.arange(4) < 1})
    now = frame_from({"x": numbers(np.arange(5.0))}, segments={"a": np.arange(5) < 4})
    before, groups = groups_of(then, ["a"], []), groups_of(now, ["a"], [])
    (sizes,) = sizes_then(groups, [(then, before)], now)
    assert [(item.size, item.share) for item in sizes] == [(1, 0.25), (4, 0.8)]
    assert GroupDrift(sizes=tuple(sizes), since=WEEK, make_up=()).factor == pytest.approx(3.2)
    nobody = (SizeThen(moment=WEEK, size=0, share=0.0), sizes[-1])
    assert GroupDrift(sizes=nobody, since=WEEK, make_up=()).factor is None


def test_make_up_that_moved_is_told_apart_from_chance() -> None:
    rng = np.random.default_rng(2)
    size = 4_000
    moved = np.concatenate([rng.normal(1.5, 1, size // 2), rng.normal(size=size // 2)])
    text = ["a" if draw < 0.5 else "b" for draw in rng.random(size)]
    mask = np.arange(size) < size // 2
    then = frame_from({"x": numbers(rng.normal(size=size)), "y": numbers(rng.normal(size=size)), "t": words(text)},
                      as_of=WEEK, segments={"in": mask, "rest": ~mask})  # fmt: skip
    now = frame_from({"x": numbers(moved), "y": numbers(rng.normal(size=size)),
                      "t": words(["c" if place < 1_000 else text[place] for place in range(size)])},
                     segments={"in": mask, "rest": ~mask})  # fmt: skip
    groups, before = groups_of(now, ["in", "rest"], []), groups_of(then, ["in", "rest"], [])
    inside, rest = make_ups(groups, now, before, then, ["x", "y", "t"], [True, True])
    assert {item.trait: item.word for item in inside} == {"x": "moved", "t": "moved", "y": "steady"}
    assert {item.word for item in rest} == {"steady"}
    # Nine degrees of freedom and a bin for those without a value that nobody is in.
    assert rest[0].by_chance == pytest.approx(9 * 2 / 2_000, rel=0.01) or rest[0].trait == "t"
    assert make_ups(groups, now, before, then, ["x"], [False, True])[0] == ()


def test_traits_are_followed_that_groups_differ_in_and_that_were_known_then() -> None:
    then = frame_from({"a": numbers([1.0, 2]), "b": numbers([1.0, 2])})
    traits = [number(name, np.array([1.0, 2])) for name in ("a", "b", "new")]
    assert followed(traits, {"b": 3.0, "a": 1.0, "new": 9.0}, then) == ["b", "a"]


def test_labels_of_one_segmentation_are_groups_of_their_own() -> None:
    codes = np.array([0, 1, 1, -1], np.int16)
    frame = frame_from({"x": numbers(np.arange(4.0))}, labels={"s": FrameLabels(("A", "B"), codes)})
    groups = groups_of(frame, [], ["s"])
    assert groups.subjects == (Subject(name="s", label="A"), Subject(name="s", label="B"))
    assert groups.sizes().tolist() == [1, 2]
    assert groups.mask(1).tolist() == [False, True, True, False]
