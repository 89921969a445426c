"""The models behind `text`: topics of everybody's texts, and sentiment learned from everybody's ratings.

What is kept of a model are words that enough customers used, their weights, and how good the model is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.errors import nearest
from satsuma.evaluation.context import Evaluation
from satsuma.language.learned_traits import Text
from satsuma.language.types import Trait
from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.text.languages import detect_language
from satsuma.statistics.text.lexicon import lexicon_sentiment
from satsuma.statistics.text.sentiment import RatedTexts, Sentiment, fit_sentiment, weighted_auc
from satsuma.statistics.text.topic_quality import TopicQuality, by_chance, choose_topics, quality
from satsuma.statistics.text.topics import Topics, carried, fit_topics, main_topic
from satsuma.statistics.text.vectors import Corpus, learn_vocabulary
from satsuma.traits.models import keep, kept_fit, new_fit, old_model

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SEED = 1
#: Customers who must have used a word before it is kept or shown.
LEAST_PEOPLE = 10
#: Texts whose language is looked at, and the share of texts from which on its function words are left out.
LOOKED_AT, LEAST_SHARE = 2000, 0.03
#: Distinct texts that topics are fitted to; of more, so many are drawn.
MOST_TEXTS = 100_000
#: Words of a topic that are told.
TOLD = 10


# -------------------------------------------------------------------------------------------------------------- topics


def topic_names(
    trait: Trait, settings: Text, texts: Sequence[str], people: Whole, evaluation: Evaluation
) -> list[str | None]:
    """Return the name of the main topic of each text; None where no word is known, or no model can be fitted.

    Parameters
    ----------
    people : how many customers wrote each text.
    """
    model = kept_fit(trait.name, evaluation, settings.refit_every)
    is_new = model is None
    if model is None and evaluation.roster.is_everybody:
        try:
            model = _topics(trait, settings, texts, people, evaluation)
        except CannotEstimate as error:
            evaluation.warnings.append(f"The trait '{trait.name}' has no values: {error}.")
    if model is None:
        return [None] * len(texts)
    topics = Topics.from_dict(model["topics"])
    given = dict(settings.names)
    if evaluation.roster.is_everybody:
        _warn_of_names(trait, settings, topics, evaluation)
        model = {**model, "names": {name: given[name] for name in topics.names if name in given}}
    keep(trait.name, model, trait, evaluation, is_new=is_new)
    shares = topics.shares(texts)
    return [
        None if np.isnan(row[0]) else given.get(topics.names[place], topics.names[place])
        for row, place in zip(shares, main_topic(shares).tolist(), strict=True)
    ]


def _warn_of_names(trait: Trait, settings: Text, topics: Topics, evaluation: Evaluation) -> None:
    for proposed, _ in settings.names:
        if proposed not in topics.names:
            near = nearest(proposed, topics.names)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            evaluation.warnings.append(
                f"The trait '{trait.name}' names a topic '{proposed}', and there is none that is proposed as that."
                f"{meant} See satsuma model show {trait.name}."
            )


def _topics(
    trait: Trait, settings: Text, texts: Sequence[str], people: Whole, evaluation: Evaluation
) -> dict[str, Any]:  # fmt: skip
    rng = np.random.default_rng(SEED)
    written = np.flatnonzero(people > 0)
    if len(written) > MOST_TEXTS:
        written = np.sort(rng.permutation(written)[:MOST_TEXTS])
    chosen, counts = [texts[place] for place in written.tolist()], people[written]
    languages = languages_of(chosen, counts)
    left_out = sorted(code for code, share in languages.items() if share >= LEAST_SHARE)
    corpus = Corpus.of(chosen, counts.tolist(), left_out, opinions=False)
    if not len(corpus.texts):
        raise CannotEstimate("no customer has a text")
    vocabulary = learn_vocabulary(corpus, least=LEAST_PEOPLE, languages=left_out, opinions=False)
    tried: list[TopicQuality] = []
    count = settings.topics
    if count is None:
        count, tried = choose_topics(corpus, vocabulary, rng)
    topics = fit_topics(corpus, vocabulary, count, rng)
    measured = quality(topics, corpus, rng)
    try:
        chance = by_chance(vocabulary, corpus, count, rng).as_dict()
    except CannotEstimate:
        chance = None
    old = old_model(trait.name, evaluation)
    if old is not None:
        topics = carried(topics, Topics.from_dict(old["topics"]))
    known = ~np.isnan(topics.shares(corpus.texts)[:, 0])
    return new_fit(
        trait.name, "topics", int(people.sum()), evaluation, of=settings.of, texts=len(written), languages=languages,
        least_people=LEAST_PEOPLE, topics=topics.as_dict(), converged=topics.converged,
        known=float(corpus.people[known].sum() / corpus.people.sum()),
        stability=measured.mean_stability, coherence=measured.mean_coherence,
        chance=chance, tried=[item.as_dict() for item in tried],
        told=[
            {"name": name, "share": float(share), "words": words, "stability": float(stable),
             "coherence": float(meets) if np.isfinite(meets) else None}
            for name, share, words, stable, meets in zip(
                topics.names, topics.share, topics.top_words(TOLD), measured.stability, measured.coherence, strict=True
            )
        ],
    )  # fmt: skip


def languages_of(texts: Sequence[str], people: Whole) -> dict[str, float]:
    """Return the share of customers by the language of their text, of some texts evenly taken, the largest first."""
    step = max(len(texts) // LOOKED_AT, 1)
    counted: Counter[str] = Counter()
    for text, count in zip(texts[::step], people[::step].tolist(), strict=True):
        found = detect_language(text)
        if found is not None:
            counted[found.code] += int(count)
    total = counted.total()
    return {code: round(count / total, 4) for code, count in sorted(counted.items(), key=lambda item: (-item[1], item))}


# ----------------------------------------------------------------------------------------------------------- sentiment


def sentiments(trait: Trait, settings: Text, evaluation: Evaluation) -> Callable[[Sequence[str]], Floats] | None:
    """Return how a model of ratings reads texts; None with a warning where there is none, or none worth using."""
    model = kept_fit(trait.name, evaluation, settings.refit_every)
    is_new = model is None
    if model is None and evaluation.roster.is_everybody:
        try:
            model = _sentiment(trait, settings, evaluation)
        except CannotEstimate as error:
            evaluation.warnings.append(_no_values(trait, settings, f"{error}."))
    if model is None:
        return None
    keep(trait.name, model, trait, evaluation, is_new=is_new)
    if not model["offered"]:
        if evaluation.roster.is_everybody:
            evaluation.warnings.append(_no_values(trait, settings, model["verdict"]))
        return None
    return Sentiment.from_dict(model["sentiment"]).score


def _no_values(trait: Trait, settings: Text, why: str) -> str:
    if settings.otherwise == "words":
        return f"The trait '{trait.name}' says what a list of words says: {why}"
    return f"The trait '{trait.name}' has no values: {why} To use a list of words instead, write 'otherwise: words'."


def _sentiment(trait: Trait, settings: Text, evaluation: Evaluation) -> dict[str, Any]:
    assert settings.rating is not None
    column, rating = evaluation.column(settings.of), evaluation.column(settings.rating)
    places = np.flatnonzero(column.present & rating.present & evaluation.population)
    texts = [column.words[code] for code in column.values[places].tolist()]
    rated = RatedTexts.of(texts, rating.floats()[places], settings.scale)
    model, test = fit_sentiment(rated, np.random.default_rng(SEED), least=LEAST_PEOPLE)
    high, low = model.telling_words(TOLD)
    return new_fit(
        trait.name, "sentiment", len(places), evaluation, of=settings.of, rating=settings.rating, middle=rated.middle,
        least_people=LEAST_PEOPLE, offered=test.is_offered, verdict=_verdict(test.as_dict()), test=test.as_dict(),
        by_words=_by_words(rated), sentiment=model.as_dict(), words_for=high, words_against=low,
        languages=languages_of(rated.corpus.texts, rated.corpus.people),
    )  # fmt: skip


def _verdict(test: Mapping[str, Any]) -> str:
    said = (
        f"on texts held back it tells high ratings from low ones with an AUC of {test['auc']:.3f} "
        f"(95 % interval {test['auc_low']:.3f} to {test['auc_high']:.3f})"
    )
    if test["offered"]:
        return f"Use it: {said}."
    return f"It is not worth using: {said}, which is not better than the same answer for all by more than chance."


def _by_words(rated: RatedTexts) -> dict[str, float] | None:
    """Return how well our list of words does on the same texts, of those that it reads; None where it reads none."""
    said = np.array([np.nan if (value := lexicon_sentiment(text)) is None else value for text in rated.corpus.texts])
    read = np.isfinite(said)
    if not (rated.high[read].any() and rated.low[read].any()):
        return None
    return {
        "auc": weighted_auc(said[read], rated.high[read], rated.low[read]),
        "read": float((rated.high + rated.low)[read].sum() / (rated.high + rated.low).sum()),
    }
