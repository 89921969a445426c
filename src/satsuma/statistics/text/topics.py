"""Topics of texts: non-negative matrix factorisation of TF-IDF rows, and which topic a text is of.

Each text is taken as a sum of topics, each topic as weights of words (Lee and Seung 1999; Arora, Ge and Moitra 2012 on
topics). Everything that is kept of a corpus are words that enough people used. A new text is set against the kept
topics by itself: the answer for one does not hang on who else is asked about.

References
----------
Lee, D. D. and Seung, H. S. (1999). Learning the parts of objects by non-negative matrix factorization. Nature 401.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.vectors import Corpus, Vocabulary

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Words by which a topic is told, at most: those with a tenth of the heaviest one's weight. In short texts a topic may
#: be one word, and what stands behind it chance.
SHOWN, TELLING = 10, 0.1
#: Words of a proposed name.
NAMED = 3
#: Sweeps over the topics until a text's weights stand still: fixed, so that no text hangs on another's.
SWEEPS = 60
#: Weights of words below this part of a topic's largest are dropped: most of what is stored, nothing of what is said.
SMALLEST = 0.005
#: Two topics are the same when the cosine of their words' weights is at least this.
SAME = 0.6
TOLERANCE = 1e-4
MOST_STEPS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Topics:
    """Topics as weights of words.

    weights : shape (n_topics, n_words), each row of length one; topics come in the order of their share.
    names : proposed from the top words, all different.
    converged : whether the factorisation stood still. error : what part of the rows' length it leaves unexplained.
    """

    vocabulary: Vocabulary
    weights: Floats
    names: tuple[str, ...]
    share: Floats
    converged: bool
    error: float

    def __len__(self) -> int:
        return len(self.names)

    def top_words(self, most: int = SHOWN) -> list[list[str]]:
        """Return the heaviest words of each topic, the heaviest first."""
        return [top(row, self.vocabulary.words, most) for row in self.weights]

    def shares(self, texts: Iterable[str]) -> Floats:
        """Return what part of each text is of each topic, shape (n_texts, n_topics); NaN where no word is known."""
        return topic_shares(self.vocabulary.rows_of(texts), self.weights)

    def assign(self, texts: Sequence[str]) -> list[tuple[str, float] | None]:
        """Return the main topic of each text and its share; None where no word is known."""
        shares = self.shares(texts)
        return [
            None if np.isnan(row[place]) else (self.names[place], float(row[place]))
            for row, place in zip(shares, main_topic(shares), strict=True)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON: of each topic only the words that have weight."""
        return {
            "vocabulary": self.vocabulary.as_dict(), "names": list(self.names), "share": self.share.tolist(),
            "converged": self.converged, "error": self.error,
            "weights": [
                {"at": np.flatnonzero(row).tolist(), "weight": row[row > 0].tolist()} for row in self.weights
            ],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Topics:
        vocabulary = Vocabulary.from_dict(kept["vocabulary"])
        weights = np.zeros((len(kept["weights"]), len(vocabulary)))
        for row, given in zip(weights, kept["weights"], strict=True):
            row[given["at"]] = given["weight"]
        return cls(vocabulary, weights, tuple(kept["names"]), np.array(kept["share"]), kept["converged"], kept["error"])


def top(weights: Floats, words: Sequence[str], most: int = SHOWN) -> list[str]:
    """Return the words that tell a topic, the heaviest first, those of the same weight in the order of code points."""
    order = np.lexsort((np.arange(len(weights)), -weights))[:most]
    least = TELLING * weights[order[0]] if len(order) else 0.0
    return [words[place] for place in order if weights[place] > 0 and weights[place] >= least]


def main_topic(shares: Floats) -> Whole:
    """Return the place of the largest share of each row; the first of equals, to nine digits."""
    return np.asarray(np.nan_to_num(np.round(shares, 9), nan=-1.0).argmax(axis=1), np.int64)


# ------------------------------------------------------------------------------------------------------------- fitting


def fit_topics(corpus: Corpus, vocabulary: Vocabulary, count: int, rng: np.random.Generator) -> Topics:
    """Fit a number of topics to a corpus.

    Parameters
    ----------
    count : topics, at least 2.
    rng : for the random start of the singular vectors from which the factorisation begins.

    Raises
    ------
    CannotEstimate
        When there are fewer texts with a known word, or fewer words, than topics.
    """
    rows = vocabulary.rows(corpus.words)
    weights, converged, error = factorise(rows, corpus.people, count, rng)
    people = corpus.people.astype(np.float64)
    shares = topic_shares(rows, weights)
    known = ~np.isnan(shares[:, 0])
    held = np.bincount(main_topic(shares)[known], people[known], minlength=count) / people[known].sum()
    order = np.lexsort((np.arange(count), -held))
    names = proposed_names([top(weights[place], vocabulary.words) for place in order])
    return Topics(vocabulary, weights[order], names, held[order], converged, error)


def factorise(rows: Any, people: Whole, count: int, rng: np.random.Generator) -> tuple[Floats, bool, float]:
    """Return topics of any non-negative rows (TF-IDF, or vectors from elsewhere): weights, convergence, and error.

    Parameters
    ----------
    rows : array or sparse array, shape (n_texts, n_features), nothing below zero.
    people : how often each row counts, shape (n_texts,).

    Returns
    -------
    weights : shape (count, n_features), each of length one. converged : bool. error : the norm of what is left over
    that of the rows.
    """
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    # Least squares with a row times the root of its count is least squares with the row as often as it was written.
    given = sparse.csr_array(rows)
    known = np.asarray(np.abs(given).sum(axis=1)).ravel() > 0
    counted = sparse.diags_array(np.sqrt(people[known].astype(np.float64))) @ given[known]
    if min(counted.shape) <= count:
        raise CannotEstimate(
            f"{count} topics need more than {count} different texts and words; there are {counted.shape[0]:,} and "
            f"{counted.shape[1]:,}"
        )
    model = NMF(
        n_components=count, init="nndsvda", solver="cd", tol=TOLERANCE, max_iter=MOST_STEPS,
        random_state=int(rng.integers(2**31)),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(sparse.csr_matrix(counted))
    found = np.asarray(model.components_, np.float64)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    if (length == 0).any():
        raise CannotEstimate(f"the texts do not hold {count} topics: {int((length == 0).sum())} came out empty")
    found = found / length
    found[found < SMALLEST * found.max(axis=1, keepdims=True)] = 0.0
    # Six digits: what is written down is what is used.
    error = float(model.reconstruction_err_) / float(sparse.linalg.norm(counted))
    return np.round(found, 6), bool(model.n_iter_ < MOST_STEPS), error


def topic_shares(rows: Any, weights: Floats) -> Floats:
    """Return what part of each row is of each topic: non-negative least squares, scaled to one.

    Coordinate descent with a fixed number of sweeps over all rows at once. NaN for rows that share nothing with any
    topic.
    """
    cross = np.ascontiguousarray(np.asarray((rows @ sparse.csr_array(weights.T)).todense(), np.float64).T)
    gram = weights @ weights.T
    found = np.zeros_like(cross)
    # One topic is minimised with the others held, as many times as it takes.
    for _ in range(SWEEPS):
        for topic, own in enumerate(gram):
            found[topic] = np.maximum(found[topic] + (cross[topic] - own @ found) / own[topic], 0.0)
    total = found.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, found / total, np.nan).T


def proposed_names(tops: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Propose names: the first words, and more where two topics would have the same."""
    names = [", ".join(words[:NAMED]) for words in tops]
    for place, words in enumerate(tops):
        length = NAMED
        while names.count(names[place]) > 1 and length < len(words):
            length += 1
            names[place] = ", ".join(words[:length])
        if names.index(names[place]) < place:
            names[place] = f"{names[place]} ({place + 1})"
    return tuple(names)


def carried(new: Topics, old: Topics) -> Topics:
    """Return new topics with the names of the old ones that they are: those whose words have much the same weights.

    So a topic that is still there after a refit is still called the same, and what was built on its name stands.
    """
    places = {word: place for place, word in enumerate(new.vocabulary.words)}
    shared = [(place, places[word]) for place, word in enumerate(old.vocabulary.words) if word in places]
    if not shared:
        return new
    before, now = (np.array(part, np.int64) for part in zip(*shared, strict=True))
    likeness = new.weights[:, now] @ old.weights[:, before].T
    names = list(new.names)
    for mine, theirs in zip(*linear_sum_assignment(-likeness), strict=True):
        name = old.names[theirs]
        if likeness[mine, theirs] >= SAME and name not in names:
            names[mine] = name
    return replace(new, names=tuple(names))
