"""Effects trait by trait: known numbers, random groups that must not be called different, planted ones that must."""

from __future__ import annotations

from math import asin, sqrt

import numpy as np
import pytest
from scipy.stats import chi2_contingency, mannwhitneyu, norm

from satsuma.evidence.separation import Role, Separation, separations
from satsuma.evidence.traits import OTHERS, Described, category, described, number, sums, yes_no
from satsuma.evidence.verdict import FEWEST_TOLD, Known, verdict
from satsuma.segments.frame import TraitFacts
from small_groups import frame_from, groups_from, numbers, words


def told(groups: dict[str, np.ndarray], traits: list[Described], role: Role = "unused") -> list[Separation]:
    made = groups_from(groups)
    roles = [{trait.name: role for trait in traits}] * len(made)
    return separations(sums(made, traits), roles, [True] * len(made))


def made_traits(rng: np.random.Generator, size: int) -> list[Described]:
    """Traits of every kind, with values missing, a long tail and rare words."""
    shares = np.array([0.5, 0.3, 0.15, 0.04, 0.01])
    text = words([f"w{code}" if code < 5 else None for code in rng.choice(6, size, p=[*(shares * 0.9), 0.1])])
    return [
        number("even", rng.random(size)),
        number("tail", rng.lognormal(sigma=2, size=size)),
        number("counts", rng.poisson(1.0, size).astype(float)),
        number("holes", np.where(rng.random(size) < 0.4, np.nan, rng.normal(size=size))),
        yes_no("half", rng.random(size) < 0.5),
        yes_no("rare", rng.random(size) < 0.02),
        *[item for item in [category("text", text)] if item is not None],
    ]


def test_a_number_is_told_by_its_chance_of_being_higher() -> None:
    rng = np.random.default_rng(1)
    values, mask = rng.lognormal(size=400), np.arange(400) < 100
    values[mask] *= 2
    (effect,) = told({"a": mask}, [number("x", values)])[0].effects
    test = mannwhitneyu(values[mask], values[~mask], method="asymptotic")
    assert effect.effect == pytest.approx(sqrt(2) * norm.ppf(test.statistic / (100 * 300)))
    assert effect.p == effect.q == pytest.approx(test.pvalue)
    assert (effect.inside, effect.outside) == pytest.approx((values[mask].mean(), values[~mask].mean()))


def test_normal_values_a_deviation_apart_have_a_d_of_1() -> None:
    rng = np.random.default_rng(2)
    mask = np.arange(40_000) < 20_000
    (effect,) = told({"a": mask}, [number("x", rng.normal(size=40_000) + mask)])[0].effects
    assert effect.effect == pytest.approx(1, abs=0.03)
    assert effect.word == "large"


def test_a_share_is_told_by_cohens_h_and_a_text_by_its_most_different_word() -> None:
    mask = np.arange(100) < 40
    has = np.concatenate([np.arange(40) < 30, np.arange(60) < 15])
    text = words([("red" if own else "blue") if i % 10 else "green" for i, own in enumerate(has)])
    share, word = told({"a": mask}, [yes_no("has", has), *filter(None, [category("text", text)])])[0].effects
    assert share.effect == pytest.approx(2 * asin(sqrt(0.75)) - 2 * asin(sqrt(0.25)))
    assert (share.inside, share.outside) == (0.75, 0.25)
    counts = np.array([[sum(text.words[code] == name for code in text.values[part]) for name in text.words]
                       for part in (mask, ~mask)])  # fmt: skip
    assert word.level in ("red", "blue")
    assert word.p == pytest.approx(chi2_contingency(counts).pvalue)
    place = text.words.index(str(word.level))
    assert (word.inside, word.outside) == pytest.approx((counts[0, place] / 40, counts[1, place] / 60))


def test_nobody_is_beyond_everybody() -> None:
    values = np.arange(20.0)
    (effect,) = told({"a": values >= 10}, [number("x", values)])[0].effects
    # One pair of 100 the other way at the most, half of it counted: a chance of .995.
    assert effect.effect == pytest.approx(sqrt(2) * norm.ppf(0.995))


def test_p_values_are_given_only_on_traits_that_it_is_not_made_of() -> None:
    rng = np.random.default_rng(3)
    mask = np.arange(500) < 200
    traits = [number("own", rng.normal(size=500) + mask), number("kin", rng.normal(size=500)),
              number("other", rng.normal(size=500) + mask)]  # fmt: skip
    made = groups_from({"a": mask})
    roles: dict[str, Role] = {"own": "used", "kin": "related", "other": "unused"}
    (found,) = separations(sums(made, traits), [roles], [True])
    by_name = {item.trait: item for item in found.effects}
    assert by_name["own"].p is None
    assert by_name["kin"].q is None
    assert by_name["own"].effect == pytest.approx(1, abs=0.3)
    assert [item.trait for item in found.sure] == ["other"]
    # The only one tested: nothing to correct for.
    assert by_name["other"].q == by_name["other"].p
    assert found.strongest == by_name["other"]


def test_the_control_is_what_random_groups_show() -> None:
    rng = np.random.default_rng(4)
    traits = made_traits(rng, 3_000)
    groups = {f"g{place}": rng.permutation(3_000) < 300 for place in range(400)}
    found = told(groups, traits)
    for trait in traits:
        effects = [next(item for item in each.effects if item.trait == trait.name) for each in found]
        beyond = np.mean([abs(item.effect) > item.control for item in effects])
        # Words are many and their control is of the worst of them: fewer are beyond.
        assert beyond == pytest.approx(0.05, abs=0.035) or (trait.name == "text" and beyond < 0.05), trait.name


def test_random_groups_are_called_not_different() -> None:
    rng = np.random.default_rng(5)
    traits = made_traits(rng, 3_000)
    groups = {f"g{place}": rng.random(3_000) < 0.1 for place in range(200)}
    words_ = [
        verdict(Known(size=300, share=0.1, separation=item)).word
        for item in told(groups, traits)
    ]  # fmt: skip
    assert words_.count("not different") >= 190
    # Without the gate of size it is the false discovery rate that holds them back.
    assert sum(any((item.q or 1) <= 0.05 for item in each.effects) for each in told(groups, traits)) <= 20


def test_members_are_more_alike_than_random_ones_only_where_they_are() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=2_000)
    close = np.abs(values) < 0.5
    found = told({"close": close, "random": rng.permutation(close)}, [number("x", values)], role="used")
    assert found[0].alike_used is not None
    assert found[0].alike_used.ratio == pytest.approx(np.var(np.argsort(np.argsort(values))[close], ddof=1)
                                                      / np.var(np.arange(2_000), ddof=1), rel=1e-6)  # fmt: skip
    assert found[0].alike_used.is_beaten
    assert found[1].alike_used is not None
    assert not found[1].alike_used.is_beaten
    assert found[0].alike_unused is None
    beaten = told({f"g{i}": rng.permutation(close) for i in range(200)}, made_traits(rng, 2_000))
    assert sum(item.alike_unused is not None and item.alike_unused.is_beaten for item in beaten) <= 18


def test_the_order_of_customers_and_of_groups_does_not_matter() -> None:
    rng = np.random.default_rng(7)
    values, order = rng.lognormal(size=20_000), rng.permutation(20_000)
    first, second = rng.random(20_000) < 0.2, rng.random(20_000) < 0.5
    here = told({"a": first, "b": second}, [number("x", values)])
    there = told({"b": second[order], "a": first[order]}, [number("x", values[order])])
    for left, right in zip(here, reversed(there), strict=True):
        assert left.effects[0].effect == pytest.approx(right.effects[0].effect, abs=1e-12)
        assert left.effects[0].inside == pytest.approx(right.effects[0].inside)


def test_groups_too_small_to_tell_are_told_nothing_of() -> None:
    mask = np.arange(100) < FEWEST_TOLD - 1
    made = groups_from({"a": mask})
    (found,) = separations(sums(made, [number("x", np.arange(100.0))]), [{"x": "unused"}], [False])
    assert found.effects == ()


def test_personal_and_sensitive_data_stay_out_unless_allowed() -> None:
    columns = {"age": numbers([1.0, 2, 3]), "faith": words(["a", "b", "a"]), "mail": words(["x", "y", "z"]),
               "customer_id": words(["1", "2", "3"]), "same": numbers([1.0, 1, 1])}  # fmt: skip
    facts = {
        "faith": TraitFacts(name="faith", title="Faith", type="text", sensitive=True),
        "mail": TraitFacts(name="mail", title="Mail", type="text", personal_data="user.contact.email"),
        "age": TraitFacts(name="age", title="Age", type="number", personal_data="user.demographic.age_range"),
    }
    frame = frame_from(columns, facts=facts)
    assert [item.name for item in described(frame)] == ["age"]
    assert [item.name for item in described(frame, allow=["faith", "mail"])] == ["age", "faith"]
    assert described(frame, leave_out=frozenset({"age"})) == []


def test_rare_words_share_one_and_names_are_left_out() -> None:
    many = words([f"w{place % 30:02d}" for place in range(300)] + ["w00"] * 10)
    found = category("x", many)
    assert found is not None
    assert len(found.words) == 21
    assert found.words[-1] == OTHERS
    assert np.bincount(found.values)[-1] == 100
    assert category("x", words([f"n{place}" for place in range(100)])) is None
    assert category("x", words(["a"] * 9)) is None
