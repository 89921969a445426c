"""Texts as rows of weighted words: TF-IDF with logarithmic counts, of unit length.

A row is max(0, 1 + ln tf) x idf with idf = ln((1 + n) / (1 + df)) + 1, divided by its length: what scikit-learn's
TfidfVectorizer gives with `sublinear_tf`. Texts are counted by how many people wrote them, so that a text looked at
once weighs as often as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.lexicon_words import opinion_words
from satsuma.statistics.text.words import stop_words, words_of

Floats = NDArray[np.float64]


def left_out(languages: Sequence[str], opinions: bool) -> frozenset[str]:
    """Return the words that do not count: function words, and without `opinions` those that only praise or blame."""
    return stop_words(languages) | (frozenset() if opinions else opinion_words(languages))


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Distinct texts in the order of code points, as words, with how many people wrote each.

    So nothing that is learned from a corpus depends on the order of rows.
    """

    texts: tuple[str, ...]
    words: tuple[list[str], ...]
    people: NDArray[np.int64]

    @classmethod
    def of(
        cls, texts: Iterable[str], people: Iterable[int] | None = None, languages: Sequence[str] = (), *,
        opinions: bool = True,
    ) -> Corpus:  # fmt: skip
        """Return the corpus of texts.

        Parameters
        ----------
        people : how many people wrote each; one each when not given.
        languages : whose function words are left out, and words that only praise or blame unless `opinions`.
        """
        counted: dict[str, int] = {}
        given = list(texts)
        for text, count in zip(given, [1] * len(given) if people is None else people, strict=True):
            counted[text] = counted.get(text, 0) + int(count)
        distinct = tuple(sorted(counted))
        without = left_out(languages, opinions)
        return cls(
            distinct, tuple(words_of(text, without) for text in distinct),
            np.array([counted[text] for text in distinct], np.int64),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The words that count, in the order of code points, with the weight of each.

    languages : whose function words were left out; opinions : whether words that only praise or blame stayed.
    idf : shape (n_words,).
    """

    words: tuple[str, ...]
    idf: Floats
    languages: tuple[str, ...] = ()
    opinions: bool = True

    def __len__(self) -> int:
        return len(self.words)

    def rows(self, worded: Sequence[Sequence[str]]) -> sparse.csr_array:
        """Return texts as rows, shape (n_texts, n_words); a text without a known word is a row of zeros."""
        places = {word: place for place, word in enumerate(self.words)}
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        for words in worded:
            seen: dict[int, int] = {}
            for word in words:
                place = places.get(word)
                if place is not None:
                    seen[place] = seen.get(place, 0) + 1
            for place in sorted(seen):
                columns.append(place)
                counts.append(seen[place])
            ends.append(len(columns))
        at = np.array(columns, np.int64)
        values = (1 + np.log(np.array(counts, np.float64))) * self.idf[at]
        rows = np.repeat(np.arange(len(worded)), np.diff(ends))
        length = np.sqrt(np.bincount(rows, values**2, minlength=len(worded)))
        return sparse.csr_array((values / length[rows], at, np.array(ends, np.int64)), (len(worded), len(self.words)))

    def rows_of(self, texts: Iterable[str]) -> sparse.csr_array:
        """Return texts as rows, from their letters."""
        without = left_out(self.languages, self.opinions)
        return self.rows([words_of(text, without) for text in texts])

    def as_dict(self) -> dict[str, Any]:
        return {
            "words": list(self.words), "idf": self.idf.tolist(), "languages": list(self.languages),
            "opinions": self.opinions,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Vocabulary:
        return cls(tuple(kept["words"]), np.array(kept["idf"], np.float64), tuple(kept["languages"]), kept["opinions"])


def learn_vocabulary(
    corpus: Corpus, *, least: int, most_share: float = 0.5, most: int = 2000, shortest: int = 2,
    languages: Sequence[str] = (), opinions: bool = True,
) -> Vocabulary:  # fmt: skip
    """Return the words of a corpus that enough people used.

    Parameters
    ----------
    least : people who must have used a word: a word that fewer used may name one of them.
    most_share : of people; what more of them say tells nothing apart.
    most : words at most, the most frequent ones.
    shortest : letters of a word; those of scripts without spaces are pairs.
    languages, opinions : as the corpus was made, for the texts to come.

    Raises
    ------
    CannotEstimate
        When no word is left.
    """
    people: dict[str, int] = {}
    for words, count in zip(corpus.words, corpus.people.tolist(), strict=True):
        for word in set(words):
            people[word] = people.get(word, 0) + count
    total = int(corpus.people.sum())
    kept = [
        word
        for word, count in people.items()
        if least <= count <= max(most_share * total, least) and len(word) >= shortest
    ]
    if not kept:
        raise CannotEstimate(
            f"no word was used by at least {least} people and by no more than {most_share:.0%} of them"
        )
    chosen = sorted(sorted(kept, key=lambda word: (-people[word], word))[:most])
    df = np.array([people[word] for word in chosen], np.float64)
    # Four digits are enough, and keep what is written down small.
    idf = np.round(np.log((1 + total) / (1 + df)) + 1, 4)
    return Vocabulary(tuple(chosen), idf, tuple(languages), opinions)
