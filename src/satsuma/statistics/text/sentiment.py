"""Sentiment learned from ratings that customers gave themselves: which words come with high ones, which with low ones.

A logistic regression on TF-IDF tells texts with ratings above the middle of the scale from those below; those in the
middle take no part. Everything said of its accuracy comes from texts that the model had not seen: each distinct text is
in one of five parts, and is scored by a model of the other four.

Nearly everybody who writes is content, and a probability of .9 would be what a text without any word of praise has. So
the sentiment is what the *words* add: 2 p' - 1 with p' the probability at even odds, above 0 where a text reads more
like high ratings than like low ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.vectors import Corpus, Vocabulary, learn_vocabulary

Floats = NDArray[np.float64]

#: Parts for the test; what little each kind of rating must have of people.
PARTS, FEWEST = 5, 30
#: The inverse strengths of regularisation that are tried, on the texts held back.
STRENGTHS = (1.0, 4.0, 16.0)
MOST_WORDS = 5000
#: Resamples of texts for the interval of the AUC.
RESAMPLES = 200
BINS = 5


@dataclass(frozen=True, slots=True, eq=False)
class RatedTexts:
    """Distinct texts with how many people gave a high and a low rating with each, shape (n_texts,)."""

    corpus: Corpus
    high: Floats
    low: Floats
    middle: float

    @classmethod
    def of(cls, texts: Iterable[str], ratings: Floats, scale: tuple[float, float] | None = None) -> RatedTexts:
        """Return the texts of people with their ratings.

        Parameters
        ----------
        ratings : one per text, finite. scale : the lowest and the highest possible; those that were given otherwise.

        Raises
        ------
        CannotEstimate
            When nearly all ratings are on one side of the middle.
        """
        given = list(texts)
        values = np.asarray(ratings, np.float64)
        if not len(given):
            raise CannotEstimate("no text has a rating")
        low, high = scale or (float(values.min()), float(values.max()))
        middle = (low + high) / 2
        above: dict[str, int] = {}
        below: dict[str, int] = {}
        for text, value in zip(given, values.tolist(), strict=True):
            side = above if value > middle else below if value < middle else None
            if side is not None:
                side[text] = side.get(text, 0) + 1
        counts = (sum(above.values()), sum(below.values()))
        if min(counts) < FEWEST:
            raise CannotEstimate(
                f"{counts[0]:,} texts have a rating above the middle ({middle:g}) and {counts[1]:,} below it; "
                f"{FEWEST} of each are needed"
            )
        texts_of_both = sorted({*above, *below})
        high_counts = np.array([above.get(text, 0) for text in texts_of_both], np.float64)
        low_counts = np.array([below.get(text, 0) for text in texts_of_both], np.float64)
        corpus = Corpus.of(texts_of_both, (high_counts + low_counts).astype(np.int64))
        return cls(corpus, high_counts, low_counts, middle)


@dataclass(frozen=True, slots=True, eq=False)
class Sentiment:
    """What tells high ratings from low ones.

    weights : of each word, shape (n_words,). base : the share of high ratings in training.
    """

    vocabulary: Vocabulary
    weights: Floats
    intercept: float
    base: float

    def probability(self, texts: Iterable[str]) -> Floats:
        """Return the probability of a high rating of each text; NaN where no word is known."""
        rows = self.vocabulary.rows_of(texts)
        return np.where(np.diff(rows.indptr) > 0, _logistic(rows @ self.weights + self.intercept), np.nan)

    def score(self, texts: Iterable[str]) -> Floats:
        """Return the sentiment of each text, -1 to 1; NaN where no word is known."""
        return at_even_odds(self.probability(texts), self.base)

    def telling_words(self, most: int = 10) -> tuple[list[str], list[str]]:
        """Return the words that speak most for a high rating, and for a low one."""
        order = np.lexsort((np.arange(len(self.weights)), self.weights))
        words = self.vocabulary.words
        high = [words[place] for place in order[::-1][:most] if self.weights[place] > 0]
        return high, [words[place] for place in order[:most] if self.weights[place] < 0]

    def as_dict(self) -> dict[str, Any]:
        return {
            "vocabulary": self.vocabulary.as_dict(), "weights": self.weights.tolist(), "intercept": self.intercept,
            "base": self.base,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Sentiment:
        vocabulary = Vocabulary.from_dict(kept["vocabulary"])
        return cls(vocabulary, np.array(kept["weights"], np.float64), kept["intercept"], kept["base"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentTest:
    """How good the sentiment is on texts that it had not seen.

    auc : with its 95 % interval by resampling texts. log_loss, base_log_loss : of the model, and of the same
    probability for all. calibration : rows of (people, mean said, share that came).
    """

    people: int
    texts: int
    base: float
    auc: float
    auc_low: float
    auc_high: float
    log_loss: float
    base_log_loss: float
    calibration: tuple[tuple[int, float, float], ...]
    strength: float

    @property
    def is_offered(self) -> bool:
        """Whether it tells more than the same answer for all, by more than chance."""
        return self.auc_low > 0.5 and self.log_loss < self.base_log_loss

    def as_dict(self) -> dict[str, Any]:
        names = ("people", "texts", "base", "auc", "auc_low", "auc_high", "log_loss", "base_log_loss", "strength")
        return {
            **{name: getattr(self, name) for name in names}, "offered": self.is_offered,
            "calibration": [list(row) for row in self.calibration],
        }  # fmt: skip


def at_even_odds(probability: Floats, base: float) -> Floats:
    """Return 2 p' - 1, with p' what Bayes' rule makes of a probability when both outcomes were equally frequent."""
    up, down = probability / base, (1 - probability) / (1 - base)
    return np.asarray((up - down) / (up + down), np.float64)


def fit_sentiment(rated: RatedTexts, rng: np.random.Generator, *, least: int = 10) -> tuple[Sentiment, SentimentTest]:
    """Learn sentiment from ratings, and test it on texts held back.

    Parameters
    ----------
    rng : for the resamples behind the interval.
    least : people who must have used a word that is kept.

    Raises
    ------
    CannotEstimate
        When no word was used by enough people.
    """
    corpus, high, low = rated.corpus, rated.high, rated.low
    vocabulary = learn_vocabulary(corpus, least=least, most=MOST_WORDS, most_share=1.0, shortest=1)
    rows = vocabulary.rows(corpus.words)
    parts = np.array([_part(text) for text in corpus.texts])
    said = {strength: np.zeros(len(parts)) for strength in STRENGTHS}
    for part in range(PARTS):
        held = parts == part
        if not held.any() or not (high[~held].any() and low[~held].any()):
            raise CannotEstimate("too few different texts have a rating")
        for strength, out in said.items():
            weights, intercept = _fitted(rows[~held], high[~held], low[~held], strength)
            out[held] = _logistic(rows[held] @ weights + intercept)
    strength = min(STRENGTHS, key=lambda item: _log_loss(said[item], high, low))
    base = float(high.sum() / (high.sum() + low.sum()))
    weights, intercept = _fitted(rows, high, low, strength)
    model = Sentiment(vocabulary, np.round(weights, 5), round(intercept, 6), base)
    return model, _tested(said[strength], high, low, strength, rng)


def _part(text: str) -> int:
    """Return the part of a text by what it says: the same whatever else there is, and in whichever order."""
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8], 16) % PARTS


def _fitted(rows: Any, high: Floats, low: Floats, strength: float) -> tuple[Floats, float]:
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    # Each text once with each answer, as often as that was given.
    stacked = sparse.csr_matrix(sparse.vstack([rows, rows]))
    answer = np.repeat([1, 0], rows.shape[0])
    weight = np.concatenate([high, low])
    used = weight > 0
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-4)
    model.fit(stacked[used], answer[used], sample_weight=weight[used])
    return np.asarray(model.coef_[0], np.float64), float(model.intercept_[0])


# ------------------------------------------------------------------------------------------------------------- testing


def _tested(said: Floats, high: Floats, low: Floats, strength: float, rng: np.random.Generator) -> SentimentTest:
    base = float(high.sum() / (high.sum() + low.sum()))
    drawn = []
    step = np.unique(said, return_inverse=True)[1]
    for _ in range(RESAMPLES):
        times = rng.multinomial(len(said), np.full(len(said), 1 / len(said)))
        if (times @ high) and (times @ low):
            drawn.append(_auc_of_steps(step, high * times, low * times))
    lower, upper = np.quantile(drawn, [0.025, 0.975]) if drawn else (0.0, 1.0)
    return SentimentTest(
        people=int(high.sum() + low.sum()), texts=len(said), base=base, auc=weighted_auc(said, high, low),
        auc_low=float(lower), auc_high=float(upper), log_loss=_log_loss(said, high, low),
        base_log_loss=_log_loss(np.full(len(said), base), high, low), calibration=_calibration(said, high, low),
        strength=strength,
    )  # fmt: skip


def weighted_auc(said: Floats, high: Floats, low: Floats) -> float:
    """Return the probability that a high rating's text has a larger value than a low one's; equals count half.

    Parameters
    ----------
    said : shape (n_texts,). high, low : how many people of each kind wrote each text, shape (n_texts,).
    """
    return _auc_of_steps(np.unique(said, return_inverse=True)[1], high, low)


def _auc_of_steps(step: NDArray[np.int64], high: Floats, low: Floats) -> float:
    """Return the same of texts whose values are known by their place among the distinct ones."""
    up, down = np.bincount(step, high), np.bincount(step, low)
    below = np.cumsum(down) - down
    return float((up * (below + down / 2)).sum() / (up.sum() * down.sum()))


def _log_loss(said: Floats, high: Floats, low: Floats) -> float:
    kept = np.clip(said, 1e-12, 1 - 1e-12)
    return float(-(high @ np.log(kept) + low @ np.log1p(-kept)) / (high.sum() + low.sum()))


def _calibration(said: Floats, high: Floats, low: Floats) -> tuple[tuple[int, float, float], ...]:
    """Return for fifths of the people, from the lowest value up: how many, what was said, and what came."""
    order = np.argsort(said, kind="stable")
    people = (high + low)[order]
    fifth = np.minimum((np.cumsum(people) - people / 2) / people.sum() * BINS, BINS - 1).astype(np.int64)
    found = []
    for number in range(BINS):
        at = order[fifth == number]
        count = float((high + low)[at].sum())
        if count:
            found.append((int(count), float(said[at] @ (high + low)[at] / count), float(high[at].sum() / count)))
    return tuple(found)


def _logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -500, 500))), np.float64)
