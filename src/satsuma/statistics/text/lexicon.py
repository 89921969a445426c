"""Sentiment by a list of words: weak, ready without any data, and the same for everybody.

Each valued word counts what the list says; a negation up to three words before it turns it round and halves it, a
word of degree strengthens or weakens it, capitals and exclamation marks strengthen it. The sum s becomes
s / sqrt(s^2 + 15), between -1 and 1 (the form of Hutto and Gilbert 2014; the words and their values are our own).
No list knows irony, nor what is good in your trade: a film may be *unpredictable*, brakes may not. Where customers gave
ratings, learn from those.

References
----------
Hutto, C. J. and Gilbert, E. (2014). VADER: a parsimonious rule-based model for sentiment analysis. ICWSM-14, 216-225.
"""

from __future__ import annotations

import math
import re

from satsuma.statistics.text.languages import detect_language
from satsuma.statistics.text.lexicon_words import WORD_LISTS, WordList
from satsuma.statistics.text.words import normalised, words_of

#: Words between a negation and what it turns round, and what then is left of it.
REACH, TURNED = 3, -0.6
STRONGER, WEAKER = 1.4, 0.6
#: What a word in capitals among others that are not, and each exclamation mark (three at most), make of it.
SHOUTED, EXCLAIMED = 1.3, 0.1
#: The alpha of s / sqrt(s^2 + alpha).
ALPHA = 15.0

#: Pictures that say it without a word.
PICTURES = {
    **dict.fromkeys("❤♥😍🥰😘🤩", 3.0), **dict.fromkeys("😀😃😄😁😊☺🙂👍👏🎉💯⭐", 2.0),
    **dict.fromkeys("👎😞😒🙁☹😢😭😩", -2.0), **dict.fromkeys("😡🤬😠🤮💩", -3.0),
}  # fmt: skip

_CLAUSE = re.compile(r"[.!?;:\n]+|,\s*(?:but|aber|mais)\b|\bbut\b|\baber\b|\bmais\b", re.IGNORECASE)
_SHOUTED = re.compile(r"\b[^\W\d_]{3,}\b")


def lexicon_sentiment(text: str, language: str | None = None) -> float | None:
    """Return the sentiment of a text, -1 to 1; None in a language without a list.

    Parameters
    ----------
    language : two letters; told from the text where not given. A text too short for that is read by the list that
        knows most of its words.

    Returns
    -------
    float or None
        0 where the language is known and no word is valued. None for a text too short to tell and without a valued
        word: what is not understood is not neutral.

    Examples
    --------
    >>> lexicon_sentiment("A very good speaker, I love it!") > 0.6
    True
    >>> lexicon_sentiment("The sound is not good.") < 0
    True
    >>> lexicon_sentiment("Dobry produkt") is None
    True
    """
    if language is None:
        detected = detect_language(text)
        language = None if detected is None else detected.code
    if language is None:
        known = words_of(text)
        hits = {code: sum(word in listed.values for word in known) for code, listed in WORD_LISTS.items()}
        # English first among equals.
        language = max(hits, key=lambda code: (hits[code], code == "en", code))
        if hits[language] == 0 and not any(sign in PICTURES for sign in text):
            return None
    listed = WORD_LISTS.get(language)
    return None if listed is None else _score(text, listed)


def _score(text: str, listed: WordList) -> float:
    shouted = _shouted(text)
    total = sum(PICTURES.get(sign, 0.0) for sign in text)
    for clause in _CLAUSE.split(text):
        words = words_of(clause)
        for place, word in enumerate(words):
            value = listed.values.get(word)
            if value is None:
                continue
            before = words[max(place - REACH, 0) : place]
            if before and before[-1] in listed.stronger:
                value *= STRONGER
            elif before and before[-1] in listed.weaker:
                value *= WEAKER
            if word in shouted:
                value *= SHOUTED
            if any(other in listed.negations for other in before):
                value *= TURNED
            total += value
    total *= 1 + EXCLAIMED * min(text.count("!"), 3)
    return total / math.sqrt(total * total + ALPHA)


def _shouted(text: str) -> frozenset[str]:
    """Return words in capitals; none where all are."""
    runs = _SHOUTED.findall(text)
    loud = [run for run in runs if run.isupper()]
    return frozenset() if len(loud) == len(runs) else frozenset(normalised(run) for run in loud)
