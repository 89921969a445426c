"""Topics: planted ones are found, their number is told, and nothing hangs on the order of rows or on who is asked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import nnls
from sklearn.feature_extraction.text import TfidfVectorizer

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.topic_quality import average_jaccard, by_chance, choose_topics, coherence, matched, quality
from satsuma.statistics.text.topics import (
    Topics,
    carried,
    factorise,
    fit_topics,
    main_topic,
    proposed_names,
    top,
    topic_shares,
)
from satsuma.statistics.text.vectors import Corpus, Vocabulary, learn_vocabulary

PLANTED = {
    "delivery": "parcel courier late doorstep shipping box arrived weeks".split(),
    "battery": "battery charger power hours plug drains cable overnight".split(),
    "taste": "coffee flavour bitter aroma beans roast cup sugar".split(),
    "staff": "cashier counter smile manager queue shop helpful polite".split(),
}


def planted(rng: np.random.Generator, texts: int = 400) -> tuple[list[str], list[str]]:
    """Return texts of seven words, five of one topic and two of anything, and the topic of each."""
    names = list(PLANTED)
    everything = [word for words in PLANTED.values() for word in words]
    found, topics = [], []
    for _ in range(texts):
        topic = names[int(rng.integers(len(names)))]
        found.append(" ".join([*rng.choice(PLANTED[topic], 5), *rng.choice(everything, 2)]))
        topics.append(topic)
    return found, topics


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus.of(planted(rng(5))[0])


@pytest.fixture(scope="module")
def topics(corpus: Corpus) -> Topics:
    return fit_topics(corpus, learn_vocabulary(corpus, least=10), 4, rng())


def test_rows_are_those_of_scikit_learn() -> None:
    texts = planted(rng(2), 60)[0]
    other = TfidfVectorizer(sublinear_tf=True)
    expected = other.fit_transform(texts)
    corpus = Corpus.of(texts)
    vocabulary = learn_vocabulary(corpus, least=1, most_share=1.0)
    assert list(vocabulary.words) == other.get_feature_names_out().tolist()
    assert np.allclose(vocabulary.idf, other.idf_, atol=1e-4)
    assert np.allclose(vocabulary.rows_of(texts).toarray(), expected.toarray(), atol=1e-4)


def test_planted_topics_are_found(topics: Topics) -> None:
    texts, truth = planted(rng(9), 300)
    assert topics.converged
    assert 0 < topics.error < 1
    tops = topics.top_words(8)
    found = {name: next(key for key, words in PLANTED.items() if set(top) == set(words))
             for name, top in zip(topics.names, tops, strict=True)}  # fmt: skip
    assigned = topics.assign(texts)
    right = np.mean([found[item[0]] == topic for item, topic in zip(assigned, truth, strict=True) if item])
    assert right > 0.9
    assert topics.share.sum() == pytest.approx(1)
    assert list(topics.share) == sorted(topics.share, reverse=True)


def test_the_order_of_rows_does_not_matter(corpus: Corpus) -> None:
    texts = planted(rng(5))[0]
    shuffled = [texts[place] for place in rng(3).permutation(len(texts))]
    one = fit_topics(corpus, learn_vocabulary(corpus, least=10), 4, rng())
    again = Corpus.of(shuffled)
    other = fit_topics(again, learn_vocabulary(again, least=10), 4, rng())
    assert one.as_dict() == other.as_dict()


def test_a_text_written_twice_counts_as_two() -> None:
    texts = planted(rng(4), 80)[0]
    once = Corpus.of(texts, [3] * len(texts))
    thrice = Corpus.of(texts * 3)
    assert (once.people == thrice.people).all()
    pairs = [fit_topics(item, learn_vocabulary(item, least=10), 3, rng()) for item in (once, thrice)]
    assert pairs[0].as_dict() == pairs[1].as_dict()


def test_the_answer_for_a_text_does_not_hang_on_the_others(topics: Topics) -> None:
    texts = planted(rng(11), 50)[0]
    together = topics.shares(texts)
    alone = np.vstack([topics.shares([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-12)
    assert (main_topic(together) == main_topic(alone)).all()


def test_shares_are_least_squares(topics: Topics) -> None:
    """Against the exact solution of each text alone."""
    rows = topics.vocabulary.rows_of(planted(rng(12), 40)[0])
    shares = topic_shares(rows, topics.weights)
    for row, share in zip(rows.toarray(), shares, strict=True):
        exact, _ = nnls(topics.weights.T, row)
        assert np.allclose(share, exact / exact.sum(), atol=1e-6)


def test_who_says_no_known_word_is_of_no_topic(topics: Topics) -> None:
    assert topics.assign(["", "quux zork", "battery battery"])[:2] == [None, None]
    assert np.isnan(topics.shares(["zork"])).all()
    assert topics.shares(["battery charger"]).sum() == pytest.approx(1)


def test_what_is_kept_is_plain_and_gives_the_same(topics: Topics) -> None:
    texts = planted(rng(13), 30)[0]
    again = Topics.from_dict(json.loads(json.dumps(topics.as_dict())))
    assert again.as_dict() == topics.as_dict()
    assert again.assign(texts) == topics.assign(texts)


def test_a_word_of_few_people_is_not_kept() -> None:
    texts = [*planted(rng(4), 60)[0], *["parcel battery " + "mrs smith kerrigan"] * 9]
    corpus = Corpus.of(texts)
    assert "kerrigan" not in learn_vocabulary(corpus, least=10).words
    assert "kerrigan" in learn_vocabulary(corpus, least=9).words
    # Nine people who wrote the same are nine; one who wrote it nine times over is one.
    assert "ada" not in learn_vocabulary(Corpus.of([*texts, "ada " * 20]), least=10).words
    with pytest.raises(CannotEstimate, match="no word was used by at least 10 people"):
        learn_vocabulary(Corpus.of(["one two", "three"]), least=10)


def test_too_little_is_said_to_be_too_little() -> None:
    corpus = Corpus.of(["battery charger"] * 20)
    with pytest.raises(CannotEstimate, match="more than 4 different texts and words"):
        fit_topics(corpus, Vocabulary(("battery", "charger"), np.ones(2)), 4, rng())
    with pytest.raises(CannotEstimate, match="too few different texts"):
        choose_topics(corpus, Vocabulary(("battery", "charger"), np.ones(2)), rng())


def test_names_are_all_different() -> None:
    vocabulary = Vocabulary(("a", "b", "c", "d"), np.ones(4))
    rows = np.array([[1.0, 0.9, 0.8, 0.0], [1.0, 0.9, 0.8, 0.1], [0, 0, 0, 1.0]])
    corpus = Corpus.of([f"t{number}" for number in range(6)])
    weights, _, _ = factorise(sparse.csr_array(np.tile(rows, (2, 1))), corpus.people, 2, rng())
    assert weights.shape == (2, 4)
    assert len(set(proposed_names([["a", "b", "c"], ["a", "b", "c", "d"], ["a", "b", "c"]]))) == 3
    assert vocabulary.rows([["a", "zz"]]).toarray().tolist() == [[1, 0, 0, 0]]


def test_a_topic_that_is_found_again_keeps_its_name(topics: Topics) -> None:
    old = Topics(topics.vocabulary, topics.weights, ("one", "two", "three", "four"), topics.share, True, 0.5)
    texts = Corpus.of(planted(rng(77), 400)[0])
    new = fit_topics(texts, learn_vocabulary(texts, least=12), 4, rng(2))
    kept = carried(new, old)
    assert sorted(kept.names) == ["four", "one", "three", "two"]
    for place, name in enumerate(kept.names):
        before = old.top_words(8)[old.names.index(name)]
        assert set(before) == set(kept.top_words(8)[place])
    other = Corpus.of([" ".join(np.random.default_rng(n).choice(list("abcdefgh"), 3)) + " zebra" for n in range(90)])
    words = learn_vocabulary(other, least=5, shortest=1, most_share=1.0)
    strange = fit_topics(other, words, 3, rng())
    assert carried(strange, old).names == strange.names


# ------------------------------------------------------------------------------------------------------------- quality


def test_average_jaccard_is_that_of_the_paper() -> None:
    """Table 1 of Greene, O'Callaghan and Cunningham (2014)."""
    one = ["album", "music", "best", "award", "win"]
    other = ["sport", "best", "win", "medal", "award"]
    assert average_jaccard(one, other) == pytest.approx((0 + 0 + 1 / 5 + 1 / 7 + 3 / 7) / 5)
    assert round(average_jaccard(one, other), 3) == 0.154
    assert average_jaccard(one, one) == 1
    assert average_jaccard(one, ["x"]) == 0
    assert average_jaccard([], []) == 0


def test_topics_are_matched_whatever_their_order() -> None:
    tops = [["a", "b"], ["c", "d"], ["e", "f"]]
    assert matched(tops, [tops[2], tops[0], tops[1]]).tolist() == [1, 1, 1]
    assert matched(tops, [["c", "d"]]).tolist() == [0, 1, 0]


def test_coherence_is_one_for_words_that_always_meet_and_minus_one_for_those_that_never_do() -> None:
    corpus = Corpus.of(["sun moon", "sun moon star", "rain", "snow"])
    together, never = coherence([["sun", "moon"], ["rain", "snow"]], corpus)
    assert together == pytest.approx(1)
    assert never == -1
    # ln(p(a, b) / p(a) p(b)) / -ln p(a, b), by hand: p(sun) = 1/2, p(star) = p(both) = 1/4.
    assert coherence([["sun", "star"]], corpus)[0] == pytest.approx(np.log(0.25 / 0.125) / -np.log(0.25))
    independent = Corpus.of(["left up", "left", "up", "neither"])
    assert coherence([["left", "up"]], independent)[0] == pytest.approx(0)


def test_the_planted_number_is_the_most_stable(corpus: Corpus) -> None:
    vocabulary = learn_vocabulary(corpus, least=10)
    count, found = choose_topics(corpus, vocabulary, rng(), candidates=(2, 3, 4, 6, 8))
    assert count == 4
    best = next(item for item in found if item.count == 4)
    assert best.mean_stability > 0.7
    assert best.mean_coherence is not None
    assert best.mean_coherence > 0.1


def test_words_thrown_together_are_not_stable() -> None:
    draw = rng(6)
    words = [word for words in PLANTED.values() for word in words]
    noise = Corpus.of([" ".join(draw.choice(words, 7)) for _ in range(400)])
    vocabulary = learn_vocabulary(noise, least=10)
    found = quality(fit_topics(noise, vocabulary, 4, rng()), noise, rng())
    assert found.mean_stability < 0.5
    assert abs(found.mean_stability - by_chance(vocabulary, noise, 4, rng()).mean_stability) < 0.15


def test_planted_topics_are_better_than_the_same_words_dealt_at_random(corpus: Corpus, topics: Topics) -> None:
    found, chance = quality(topics, corpus, rng()), by_chance(topics.vocabulary, corpus, 4, rng())
    assert found.stability.min() > chance.mean_stability
    assert found.mean_coherence is not None
    assert chance.mean_coherence is not None
    assert found.mean_coherence > chance.mean_coherence + 0.1


def test_words_of_little_weight_tell_nothing() -> None:
    words = ["a", "b", "c", "d"]
    assert top(np.array([0.05, 1.0, 0.5, 0.1]), words) == ["b", "c", "d"]
    assert top(np.array([0.0, 1.0, 0.0, 0.0]), words) == ["b"]
    assert top(np.array([1.0, 1.0, 1.0, 1.0]), words, 2) == ["a", "b"]
    assert np.isnan(coherence([["a"]], Corpus.of(["a b", "b"])))[0]
