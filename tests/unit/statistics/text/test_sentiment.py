"""Sentiment: learned from ratings, and by our list of words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.lexicon import lexicon_sentiment
from satsuma.statistics.text.lexicon_words import WORD_LISTS, opinion_words
from satsuma.statistics.text.sentiment import RatedTexts, Sentiment, at_even_odds, fit_sentiment, weighted_auc
from satsuma.statistics.text.words import normalised

HIGH = "crunchy golden sweet juicy".split()
LOW = "soggy grey sour mouldy".split()
OTHER = "apple box monday kitchen friend table season market".split()


def rated(seed: int, people: int = 500, high: float = 0.8) -> tuple[list[str], np.ndarray]:
    """Return texts of which a high rating has two words of praise in three, and a low one the other way round."""
    draw = np.random.default_rng(seed)
    texts, ratings = [], []
    for _ in range(people):
        is_high = draw.random() < high
        own = [str(draw.choice(HIGH if (draw.random() < 2 / 3) == is_high else LOW)) for _ in range(3)]
        texts.append(" ".join([*own, *draw.choice(OTHER, 3)]))
        ratings.append(float(draw.choice([4, 5]) if is_high else draw.choice([1, 2])))
    return texts, np.array(ratings)


@pytest.fixture(scope="module")
def fitted() -> Sentiment:
    return fit_sentiment(RatedTexts.of(*rated(1)), np.random.default_rng(1))[0]


def test_words_of_praise_are_told_from_words_of_blame(fitted: Sentiment) -> None:
    high, low = fitted.telling_words(4)
    assert set(high) == set(HIGH)
    assert set(low) == set(LOW)
    good, bad, none = fitted.score(["crunchy sweet apple", "soggy grey box", "zork"])
    assert good > 0.5 > -0.5 > bad
    assert np.isnan(none)


def test_what_is_said_of_accuracy_holds_on_new_texts() -> None:
    model, test = fit_sentiment(RatedTexts.of(*rated(2, 900)), np.random.default_rng(1))
    assert test.is_offered
    texts, ratings = rated(99, 3000)
    new = roc_auc_score(ratings > 3, model.probability(texts))
    assert test.auc_low - 0.02 < new < test.auc_high + 0.02
    new_loss = log_loss(ratings > 3, model.probability(texts))
    assert new_loss == pytest.approx(test.log_loss, abs=0.05)
    for people, said, came in test.calibration:
        assert abs(said - came) < 4 * np.sqrt(0.25 / people)
    assert sum(row[0] for row in test.calibration) == test.people


def test_ratings_that_have_nothing_to_do_with_the_texts_are_not_offered() -> None:
    offered = 0
    for seed in range(4):
        texts, ratings = rated(seed, 300, 0.7)
        shuffled = np.random.default_rng(seed).permutation(ratings)
        offered += fit_sentiment(RatedTexts.of(texts, shuffled), np.random.default_rng(1))[1].is_offered
    assert offered == 0


def test_neither_order_nor_scale_matters() -> None:
    texts, ratings = rated(3, 300)
    place = np.random.default_rng(0).permutation(len(texts))
    one = fit_sentiment(RatedTexts.of(texts, ratings), np.random.default_rng(1))
    other = fit_sentiment(RatedTexts.of([texts[at] for at in place], 10 * ratings[place]), np.random.default_rng(1))
    assert one[0].as_dict() == other[0].as_dict()
    assert one[1] == other[1]


def test_what_is_kept_is_plain_and_gives_the_same(fitted: Sentiment) -> None:
    texts = rated(5, 50)[0]
    again = Sentiment.from_dict(json.loads(json.dumps(fitted.as_dict())))
    assert np.array_equal(again.score(texts), fitted.score(texts))


def test_even_odds_take_the_base_away() -> None:
    assert at_even_odds(np.array([0.9, 0.5]), 0.9)[0] == pytest.approx(0)
    assert at_even_odds(np.array([0.5, 0.25, 1.0, 0.0]), 0.5).tolist() == pytest.approx([0, -0.5, 1, -1])
    # Bayes: with odds of 9 to 1 from the base, odds of 1 are a likelihood ratio of 1/9.
    assert at_even_odds(np.array([0.5]), 0.9)[0] == pytest.approx((1 / 9 - 1) / (1 / 9 + 1))


def test_the_auc_is_that_of_single_people() -> None:
    said = np.array([0.1, 0.4, 0.4, 0.9])
    high, low = np.array([1.0, 2, 0, 3]), np.array([4.0, 1, 1, 0])
    values = np.repeat(said, (high + low).astype(int))
    answers = np.concatenate([[1] * int(h) + [0] * int(n) for h, n in zip(high, low, strict=True)])
    assert weighted_auc(said, high, low) == pytest.approx(roc_auc_score(answers, values))


def test_a_rating_in_the_middle_takes_no_part() -> None:
    texts, ratings = rated(1, 200)
    found = RatedTexts.of([*texts, "in between"], np.append(ratings, 3.0), (1, 5))
    assert "in between" not in found.corpus.texts
    assert found.middle == 3
    assert found.high.sum() + found.low.sum() == 200


@pytest.mark.parametrize(
    ("texts", "ratings", "said"),
    [
        ([], [], "no text has a rating"),
        (["a"] * 100, [5.0] * 100, "0 texts have a rating above the middle (5)"),
        (["a", "b"] * 40, [5.0, 5.0] * 39 + [1.0, 5.0], "79 texts have a rating above the middle (3) and 1 below it"),
    ],
)  # fmt: skip
def test_too_little_is_said_to_be_too_little(texts: list[str], ratings: list[float], said: str) -> None:
    with pytest.raises(CannotEstimate) as caught:
        RatedTexts.of(texts, np.array(ratings))
    assert said in str(caught.value)


# ------------------------------------------------------------------------------------------------------------- by words


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("This is good.", "This is not good."),
        ("This is not bad.", "This is bad."),
        ("This is very good.", "This is good."),
        ("This is good.", "This is slightly good."),
        ("This is excellent.", "This is good."),
        ("This is good!!!", "This is good."),
        ("This is GOOD.", "This is good."),
        ("This is bad.", "This is BAD."),
        ("It came on Monday. I like nothing better than the great sound", "It came on Monday and it is broken"),
        ("Le produit est très bon", "Le produit n'est pas bon"),
        ("Das Gerät ist sehr gut", "Das Gerät ist nicht gut"),
        ("👍", "👎"),
    ],
)
def test_one_text_is_better_than_another(better: str, worse: str) -> None:
    first, second = lexicon_sentiment(better), lexicon_sentiment(worse)
    assert first is not None
    assert second is not None
    assert -1 < second < first < 1


def test_a_negation_does_not_reach_beyond_its_clause() -> None:
    assert (lexicon_sentiment("It did not break. Great!") or 0) > 0
    assert (lexicon_sentiment("Not cheap but excellent") or 0) > 0
    assert (lexicon_sentiment("Leider kaputt") or 0) < 0
    assert (lexicon_sentiment("C'est nul, je suis déçue") or 0) < 0


def test_what_is_not_understood_has_no_value() -> None:
    assert lexicon_sentiment("") is None
    assert lexicon_sentiment("Dobry produkt") is None
    assert lexicon_sentiment("La batería se agota enseguida y no sé por qué") is None
    assert lexicon_sentiment("The parcel came on Monday in the morning") == 0
    assert lexicon_sentiment("gut", "en") == 0
    assert lexicon_sentiment("gut", "xx") is None


def test_everything_in_capitals_is_not_louder_than_everything_small() -> None:
    assert lexicon_sentiment("GOOD SPEAKER") == lexicon_sentiment("good speaker")


def test_lists_are_written_as_words_come() -> None:
    for code, listed in WORD_LISTS.items():
        assert all(normalised(word) == word for word in (*listed.values, *listed.negations)), code
        assert all(0 < abs(value) <= 3 for value in listed.values.values()), code
        assert not listed.negations & listed.values.keys(), code
    assert len(WORD_LISTS["en"].values) > 300
    assert "great" in opinion_words(["en", "xx"])
    assert "battery" not in opinion_words(["en"])
