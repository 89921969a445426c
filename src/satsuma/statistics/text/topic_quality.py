"""How good topics are: whether others like these texts give the same ones, and whether their words belong together.

Stability by Greene, O'Callaghan and Cunningham (2014): topics of many samples of the texts are matched with those of
all, by the average Jaccard of their ranked top words. Coherence is the normalised pointwise mutual information of top
words in the texts (Bouma 2009; Lau, Newman and Baldwin 2014).

References
----------
Greene, D., O'Callaghan, D. and Cunningham, P. (2014). How many topics? Stability analysis for topic models.
ECML PKDD 2014, LNCS 8724, 498-513.
Bouma, G. (2009). Normalized (pointwise) mutual information in collocation extraction. GSCL 2009, 31-40.
Lau, J. H., Newman, D. and Baldwin, T. (2014). Machine reading tea leaves. EACL 2014, 530-539.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.topics import SHOWN, Topics, factorise, fit_topics, top
from satsuma.statistics.text.vectors import Corpus, Vocabulary

Floats = NDArray[np.float64]

#: Samples of the texts, and the part of them that each holds.
SAMPLES, PART = 5, 0.8
#: Texts that are looked at to choose a number of topics.
MOST_TEXTS = 4000
CANDIDATES = (4, 6, 8, 10, 12, 15)


@dataclass(frozen=True, slots=True, eq=False)
class TopicQuality:
    """How good a number of topics is.

    stability : of each topic, 0 to 1, shape (count,): how well samples of the texts find it again.
    coherence : of each topic, -1 to 1, shape (count,); NaN for a topic of one word.
    """

    count: int
    stability: Floats
    coherence: Floats

    @property
    def mean_stability(self) -> float:
        return float(self.stability.mean())

    @property
    def mean_coherence(self) -> float | None:
        """The mean of those that have one; None where none has."""
        known = self.coherence[np.isfinite(self.coherence)]
        return float(known.mean()) if len(known) else None

    def as_dict(self) -> dict[str, Any]:
        return {"count": self.count, "stability": self.mean_stability, "coherence": self.mean_coherence}


def choose_topics(
    corpus: Corpus, vocabulary: Vocabulary, rng: np.random.Generator, candidates: Sequence[int] = CANDIDATES
) -> tuple[int, list[TopicQuality]]:
    """Return the number of topics that samples of the texts agree on most, and how good each candidate is.

    Parameters
    ----------
    rng : draws the texts that are looked at, of many, and the samples.

    Raises
    ------
    CannotEstimate
        When no candidate can be fitted.
    """
    looked_at = drawn(corpus, MOST_TEXTS, rng)
    found = []
    for count in candidates:
        try:
            topics = fit_topics(looked_at, vocabulary, count, rng)
        except CannotEstimate:
            continue
        found.append(quality(topics, looked_at, rng))
    if not found:
        raise CannotEstimate("there are too few different texts to tell topics apart")
    # Of equals the one with fewer topics.
    best = max(found, key=lambda item: (round(item.mean_stability, 4), -item.count))
    return best.count, found


def quality(topics: Topics, corpus: Corpus, rng: np.random.Generator, samples: int = SAMPLES) -> TopicQuality:
    """Return how stable and how coherent topics are on the corpus that they were fitted to."""
    looked_at = drawn(corpus, MOST_TEXTS, rng)
    rows = topics.vocabulary.rows(looked_at.words)
    reference = topics.top_words()
    scores = []
    for _ in range(samples):
        chosen = np.sort(rng.permutation(len(looked_at.texts))[: max(int(PART * len(looked_at.texts)), 1)])
        try:
            weights, _, _ = factorise(rows[chosen], looked_at.people[chosen], len(topics), rng)
        except CannotEstimate:
            scores.append(np.zeros(len(topics)))
            continue
        scores.append(matched(reference, [top(row, topics.vocabulary.words) for row in weights]))
    return TopicQuality(len(topics), np.mean(scores, axis=0), coherence(reference, looked_at))


def by_chance(vocabulary: Vocabulary, corpus: Corpus, count: int, rng: np.random.Generator) -> TopicQuality:
    """Return how good as many topics are on the same words dealt to the texts at random.

    Frequent words make topics of their own wherever they stand, so that stability by chance is far from 0. Topics that
    are no better than these say nothing of what comes together.

    Raises
    ------
    CannotEstimate
        When no topics can be fitted.
    """
    looked_at = drawn(corpus, MOST_TEXTS, rng)
    every = [word for words in looked_at.words for word in words]
    dealt = iter(rng.permutation(len(every)).tolist())
    words = tuple([every[next(dealt)] for _ in own] for own in looked_at.words)
    shuffled = Corpus(looked_at.texts, words, looked_at.people)
    return quality(fit_topics(shuffled, vocabulary, count, rng), shuffled, rng)


def drawn(corpus: Corpus, most: int, rng: np.random.Generator) -> Corpus:
    """Return a corpus of at most so many texts, drawn without regard to what they say."""
    if len(corpus.texts) <= most:
        return corpus
    kept = np.sort(rng.permutation(len(corpus.texts))[:most])
    return Corpus(
        tuple(corpus.texts[place] for place in kept), tuple(corpus.words[place] for place in kept), corpus.people[kept]
    )


def average_jaccard(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the mean, over depths, of the Jaccard index of two rankings down to there.

    Equation (3) of Greene, O'Callaghan and Cunningham (2014); their table 1 has 0.154 for the example.

    Examples
    --------
    >>> one = ["album", "music", "best", "award", "win"]
    >>> round(average_jaccard(one, ["sport", "best", "win", "medal", "award"]), 3)
    0.154
    """
    depth = max(len(first), len(second))
    if depth == 0:
        return 0.0
    total = 0.0
    for end in range(1, depth + 1):
        one, other = set(first[:end]), set(second[:end])
        total += len(one & other) / len(one | other)
    return total / depth


def matched(reference: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> Floats:
    """Return of each reference topic the agreement with the topic that the best matching of all gives it."""
    table = np.array([[average_jaccard(one, other) for other in others] for one in reference])
    rows, columns = linear_sum_assignment(-table)
    found = np.zeros(len(reference))
    found[rows] = table[rows, columns]
    return found


def coherence(tops: Sequence[Sequence[str]], corpus: Corpus, most: int = SHOWN) -> Floats:
    """Return of each topic the mean NPMI of all pairs of its top words in the texts.

    ln(p(a, b) / p(a) p(b)) / -ln p(a, b): 1 where two words always come together, 0 where by chance, -1 never.
    """
    words = sorted({word for words in tops for word in words[:most]})
    places = {word: place for place, word in enumerate(words)}
    at = [(row, places[word]) for row, text in enumerate(corpus.words) for word in set(text) if word in places]
    rows, columns = (np.array(part, np.int64) for part in zip(*at, strict=True)) if at else (np.zeros(0, np.int64),) * 2
    there = sparse.csr_array((np.ones(len(rows)), (rows, columns)), (len(corpus.words), len(words)))
    together = np.asarray((there.T @ (sparse.diags_array(corpus.people.astype(np.float64)) @ there)).todense())
    joint = together / corpus.people.sum()
    alone = np.diag(joint)
    found = []
    for chosen in tops:
        own = [places[word] for word in chosen[:most]]
        pairs = [_npmi(joint[a, b], alone[a], alone[b]) for i, a in enumerate(own) for b in own[i + 1 :]]
        found.append(float(np.mean(pairs)) if pairs else np.nan)
    return np.array(found)


def _npmi(joint: float, first: float, second: float) -> float:
    if joint == 0:
        return -1.0
    return 1.0 if joint >= 1 else float(np.log(joint / (first * second)) / -np.log(joint))
