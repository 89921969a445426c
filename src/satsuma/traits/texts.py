"""`text` over everybody: each distinct text is looked at once, however many customers wrote it.

Nobody's text is kept: models hold words that enough customers used, and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.errors import EvaluationError
from satsuma.evaluation.columns import Column, empty_column
from satsuma.evaluation.context import Evaluation
from satsuma.language.learned_traits import Text
from satsuma.language.types import Trait
from satsuma.statistics.text.languages import detect_language
from satsuma.statistics.text.lexicon import lexicon_sentiment
from satsuma.traits.text_models import sentiments, topic_names

#: What a list of words says of a text, -1 to 1, or None.
Reading = Callable[[str], float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The distinct texts of a trait, in the order of code points, and where in them each customer's stands.

    places : the customers who have one. codes : of each of them, the place of the text in `distinct`.
    """

    distinct: tuple[str, ...]
    places: NDArray[np.int64]
    codes: NDArray[np.int64]

    @classmethod
    def of(cls, column: Column) -> Texts:
        places = np.flatnonzero(column.present)
        used, codes = np.unique(column.values[places], return_inverse=True)
        return cls(tuple(column.words[code] for code in used.tolist()), places, codes)

    def number(self, said: Sequence[float | None] | NDArray[np.float64], size: int) -> Column:
        """Return a column of numbers from one for each distinct text; None and NaN are no value."""
        given = np.array([np.nan if value is None else value for value in said], np.float64)[self.codes]
        column = empty_column("number", size)
        fine = np.isfinite(given)
        column.present[self.places[fine]] = True
        column.values[self.places[fine]] = given[fine]
        return column

    def text(self, said: Sequence[str | None], size: int) -> Column:
        """Return a column of texts from one for each distinct text; None is no value."""
        words = tuple(sorted({word for word in said if word is not None}))
        place = {word: number for number, word in enumerate(words)}
        coded = np.array([-1 if word is None else place[word] for word in said], np.int32)[self.codes]
        column = empty_column("text", size)
        fine = coded >= 0
        column.present[self.places[fine]] = True
        column.values[self.places[fine]] = coded[fine]
        return Column("text", column.values, column.present, words=words)


def text_column(trait: Trait, evaluation: Evaluation) -> Column:
    """Return what is said of each customer's text; nobody has a value where nothing can be learned, with a warning."""
    settings: Text = trait.settings
    texts = Texts.of(evaluation.column(settings.of))
    if settings.asked == "language":
        return texts.text([language_of(text) for text in texts.distinct], evaluation.size)
    if settings.asked == "topic":
        return texts.text(topic_names(trait, settings, texts.distinct, _people(texts, evaluation), evaluation),
                          evaluation.size)  # fmt: skip
    if settings.rating is not None:
        said = sentiments(trait, settings, evaluation)
        if said is not None:
            return texts.number(said(texts.distinct), evaluation.size)
        if settings.otherwise == "nothing":
            return empty_column("number", evaluation.size)
    read = reading(settings)
    return texts.number([read(text) for text in texts.distinct], evaluation.size)


def _people(texts: Texts, evaluation: Evaluation) -> NDArray[np.int64]:
    """Return how many customers of the population wrote each distinct text."""
    return np.bincount(texts.codes[evaluation.population[texts.places]], minlength=len(texts.distinct))


def language_of(text: str) -> str | None:
    """Return the two letters of a text's language."""
    detected = detect_language(text)
    return None if detected is None else detected.code


def reading(settings: Text) -> Reading:
    """Return how a list of words reads a text.

    Raises
    ------
    EvaluationError
        When the list is another package's and that is not installed.
    """
    return lexicon_sentiment if settings.words == "own" else _vader()


def _vader() -> Reading:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        raise EvaluationError(
            "'words: vader' needs the package vaderSentiment, which is not installed.",
            hint="Install it with: pip install 'satsuma[text]', or leave 'words' out to use the list of our own.",
        ) from None
    scores = SentimentIntensityAnalyzer().polarity_scores

    def read(text: str) -> float | None:
        # English only: of another language it would say 0, which is not what the text says.
        language = language_of(text)
        if language not in ("en", None):
            return None
        said = float(scores(text)["compound"])
        return None if language is None and said == 0 else said

    return read
