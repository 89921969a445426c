from __future__ import annotations

import json

import numpy as np
import pytest

from satsuma.statistics.clustering.encoding import Encoding, RawTrait, fit_encoding
from satsuma.statistics.errors import CannotEstimate

ROWS = 2000


def made(seed: int = 1) -> list[RawTrait]:
    """One trait of each kind, each with something to decide."""
    rng = np.random.default_rng(seed)
    visits = np.where(rng.random(ROWS) < 0.7, 0.0, 1.0 + rng.poisson(3.0, ROWS))
    age = rng.normal(45.0, 12.0, ROWS)
    age[:100] = np.nan
    channel = rng.choice(4, ROWS, p=[0.6, 0.39, 0.005, 0.005])
    channel[:300] = -1
    return [
        RawTrait("age", "number", age),
        RawTrait("revenue", "money", rng.lognormal(4.0, 1.0, ROWS)),
        RawTrait("balance", "money", rng.standard_t(2, ROWS) * 100.0 + rng.exponential(80.0, ROWS) ** 1.3),
        RawTrait("visits", "integer", visits),
        RawTrait("member", "boolean", (rng.random(ROWS) < 0.3).astype(float)),
        RawTrait("channel", "category", channel, ("web", "shop", "phone", "fax")),
        RawTrait("content", "ordered", rng.integers(0, 5, ROWS), ("very low", "low", "so-so", "high", "very high")),
    ]


def sentences(encoding: Encoding, name: str) -> str:
    return " ".join(sentence for trait, sentence in encoding.reasons if trait == name)


def test_each_kind_gets_its_columns_and_says_why() -> None:
    encoding = fit_encoding(made())
    assert encoding.number_names == ("age", "revenue", "balance", "visits", "content")
    assert encoding.code_names == ("visits", "member", "channel")
    assert encoding.code_words == (("0", "not 0"), ("no", "yes"), ("web", "shop", "other", "missing"))
    assert "median" in sentences(encoding, "age")
    assert "log(1 + x /" in sentences(encoding, "revenue")
    assert "asinh" in sentences(encoding, "balance")
    assert "two parts" in sentences(encoding, "visits")
    assert "joined into 'other'" in sentences(encoding, "channel")
    assert "level of its own" in sentences(encoding, "channel")
    assert "steps alike" in sentences(encoding, "content")
    assert sentences(encoding, "member") == ""


def test_numbers_have_unit_spread_and_few_extremes() -> None:
    traits = made()
    rows = fit_encoding(traits).apply(traits)
    assert rows.is_complete
    assert rows.numbers[:, :3].mean(axis=0) == pytest.approx(0, abs=0.05)
    assert rows.numbers[:, :3].std(axis=0) == pytest.approx(1, abs=0.05)
    assert np.abs(rows.numbers).max() < 5


def test_the_two_parts_of_a_number_never_contradict_each_other() -> None:
    traits = made()
    rows = fit_encoding(traits).apply(traits)
    zero = traits[3].values == 0
    assert (rows.codes[:, 0] == ~zero).all()
    assert (rows.numbers[zero, 3] == 0).all()
    # What is above 0 counts among itself.
    assert rows.numbers[~zero, 3].mean() == pytest.approx(0, abs=0.01)
    assert rows.numbers[~zero, 3].std() == pytest.approx(1, abs=0.01)


def test_missing_stays_missing_when_asked() -> None:
    traits = made()
    encoding = fit_encoding(traits)
    rows = encoding.apply(traits, complete=False)
    assert np.isnan(rows.numbers[:100, 0]).all()
    assert not np.isnan(rows.numbers[100:]).any()
    assert (rows.codes[:300, 2] == -1).all()
    assert (rows.codes[300:] >= 0).all()
    filled = encoding.apply(traits)
    assert filled.numbers[:100, 0] == pytest.approx(encoding.apply([
        RawTrait("age", "number", np.full(ROWS, np.nanmedian(traits[0].values))), *traits[1:]
    ]).numbers[0, 0])  # fmt: skip
    assert (filled.codes[:300, 2] == 3).all()


def test_the_encoding_survives_json() -> None:
    traits = made()
    encoding = fit_encoding(traits)
    again = Encoding.from_dict(json.loads(json.dumps(encoding.as_dict(), allow_nan=False)))
    assert again == encoding
    assert (again.apply(traits).numbers == encoding.apply(traits).numbers).all()


def test_neither_the_order_of_rows_nor_the_numbering_of_words_matters() -> None:
    traits = made()
    order = np.random.default_rng(3).permutation(ROWS)
    turned = [RawTrait(each.name, each.kind, each.values[order], each.words) for each in traits]
    swap = np.array([3, 2, 1, 0, -1])
    turned[5] = RawTrait("channel", "category", swap[turned[5].values], ("fax", "phone", "shop", "web"))
    one, other = fit_encoding(traits), fit_encoding(turned)
    assert other.code_words == one.code_words
    assert other.apply(turned).numbers == pytest.approx(one.apply(traits).numbers[order], abs=1e-9)
    assert (other.apply(turned).codes == one.apply(traits).codes[order]).all()


@pytest.mark.parametrize(
    ("trait", "reason"),
    [
        (RawTrait("x", "number", np.full(ROWS, 3.0)), "all rows have the same value"),
        (RawTrait("x", "number", np.where(np.arange(ROWS) < 900, np.nan, np.arange(ROWS))), "45% of the rows have no"),
        (RawTrait("x", "integer", (np.arange(ROWS) < 10).astype(float)), "99.5% of the rows have the same value, 0"),
        (RawTrait("x", "boolean", (np.arange(ROWS) < 10).astype(float)), "99.5% of the rows have the same value, no"),
        (RawTrait("x", "category", np.arange(ROWS), tuple(map(str, range(ROWS)))), "2000 levels in 2000 rows"),
        (RawTrait("x", "category", np.zeros(ROWS, int), ("only",)), "all rows have the same value"),
    ],
)
def test_what_tells_nothing_is_left_out(trait: RawTrait, reason: str) -> None:
    encoding = fit_encoding([trait, made()[0]])
    assert encoding.traits[0].use == "left_out"
    assert reason in sentences(encoding, "x")
    assert encoding.number_names == ("age",)


def test_the_second_of_two_copies_is_left_out() -> None:
    age, revenue, *_, channel, _ = made()
    dearer = RawTrait("revenue_gross", "money", revenue.values * 1.19)
    renamed = RawTrait("medium", "category", channel.values, ("a", "b", "c", "d"))
    encoding = fit_encoding([age, revenue, dearer, channel, renamed])
    assert [each.name for each in encoding.used] == ["age", "revenue", "channel"]
    assert "copy of 'revenue' (rank correlation 1.00)" in sentences(encoding, "revenue_gross")
    assert "copy of 'channel'" in sentences(encoding, "medium")


def test_a_number_is_the_same_in_any_unit() -> None:
    revenue = made()[1]
    cents = RawTrait("revenue", "money", revenue.values * 100.0)
    one, other = fit_encoding([revenue]), fit_encoding([cents])
    assert other.apply([cents]).numbers == pytest.approx(one.apply([revenue]).numbers, abs=1e-9)


def test_new_rows_are_read_as_the_first_ones_were() -> None:
    traits = made()
    encoding = fit_encoding(traits)
    new = [
        RawTrait("age", "number", np.array([45.0, np.nan])),
        RawTrait("revenue", "money", np.array([1e12, 0.0])),
        RawTrait("balance", "money", np.array([0.0, -1e12])),
        RawTrait("visits", "integer", np.array([0.0, 3.0])),
        RawTrait("member", "boolean", np.array([1.0, np.nan])),
        RawTrait("channel", "category", np.array([0, 1]), ("carrier pigeon", "shop")),
        RawTrait("content", "ordered", np.array([4, -1]), ("very low", "low", "so-so", "high", "very high")),
    ]
    rows = encoding.apply(new)
    assert rows.is_complete
    assert np.abs(rows.numbers).max() < 5  # an outlier of tomorrow has no more weight than one of today
    assert rows.codes.tolist() == [[0, 1, 2], [1, 0, 1]]


def test_rows_that_lack_most_are_told() -> None:
    traits = [RawTrait(name, "number", np.arange(10.0) ** power) for name, power in (("a", 1), ("b", 2), ("c", 0.5))]
    traits[1] = RawTrait("b", "number", np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3]))
    traits[2] = RawTrait("c", "number", np.array([2.0, 7, 1, 8, 2, 8, 1, 8, 2, 8]))
    encoding = fit_encoding(traits)
    holed = [RawTrait(each.name, each.kind, each.values.copy()) for each in traits]
    holed[0].values[0] = holed[1].values[0] = holed[2].values[3] = np.nan
    assert np.flatnonzero(encoding.too_empty(holed)).tolist() == [0]


def test_heavy_skew_that_a_logarithm_does_not_mend_goes_by_ranks() -> None:
    left = RawTrait("share", "number", 1.0 - np.random.default_rng(1).lognormal(-4.0, 1.2, ROWS).clip(0, 1))
    encoding = fit_encoding([left])
    assert "normal scores" in sentences(encoding, "share")
    assert abs(encoding.apply([left]).numbers).max() < 4


def test_what_cannot_be_encoded_is_said() -> None:
    with pytest.raises(CannotEstimate, match="'x' is infinite in 1 rows"):
        fit_encoding([RawTrait("x", "number", np.array([1.0, np.inf, 2.0]))])
    with pytest.raises(CannotEstimate, match="No trait is left"):
        fit_encoding([RawTrait("x", "number", np.ones(5))])
    with pytest.raises(ValueError, match="needs the words"):
        RawTrait("x", "category", np.array([0, 1]))
    with pytest.raises(ValueError, match="same name"):
        fit_encoding([made()[0], made()[0]])
    with pytest.raises(ValueError, match="lack the traits age"):
        fit_encoding(made()).apply(made()[1:])
