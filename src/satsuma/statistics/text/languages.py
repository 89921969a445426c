"""The language of a text, told offline: by its script, its function words and its combinations of three letters.

For the Latin script each language has a profile of letter trigrams (Cavnar and Trenkle 1994 rank them; here their
probabilities are multiplied, as in Dunning 1994), made from a page of writing of our own and from the language's
function words. Trigrams that overlap are no independent witnesses, so that their evidence is tempered: a confidence of
.9 should be right nine times in ten, not always. What is short, mixed or in a language that has no profile has no
answer.

References
----------
Cavnar, W. B. and Trenkle, J. M. (1994). N-gram-based text categorization. Proceedings of SDAIR-94.
Dunning, T. (1994). Statistical identification of language. New Mexico State University, MCCS 94-273.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from satsuma.statistics.text.function_words import FUNCTION_WORDS
from satsuma.statistics.text.language_samples import SAMPLES
from satsuma.statistics.text.words import normalised

#: Languages with a profile of their own.
LATIN: tuple[str, ...] = tuple(sorted(SAMPLES))
#: Confidence below which there is no answer.
SURE = 0.8
#: Letters that a text must have: few of them if one word is a function word; a character of Chinese says as much as a
#: word. "Excellent product" is as good French as English.
FEWEST_LETTERS = 10
FEWEST_LETTERS_ALONE = 25
FEWEST_CHARACTERS = 2
#: What the trigrams' log-likelihood counts for, since overlapping ones repeat each other.
TEMPER = 0.5
#: A function word of a language is so many times likelier in it than elsewhere.
WORD_ODDS = 8.0
#: The share of a text's trigrams that a language knows; below it, the text is in none of ours.
LEAST_KNOWN = 0.55
#: Added to the count of each trigram.
SMOOTHING = 0.2
#: Beyond so many letters a text says nothing new of its language.
MOST_LETTERS = 400

_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "HANGUL", "HIRAGANA", "KATAKANA", "CJK", "THAI",
            "DEVANAGARI")  # fmt: skip
_IDEOGRAPHIC = ("HANGUL", "HIRAGANA", "KATAKANA", "CJK")
_BY_SCRIPT = {"GREEK": "el", "HEBREW": "he", "HANGUL": "ko", "THAI": "th", "DEVANAGARI": "hi"}
#: Letters of a script that one language alone has among those we tell apart, the first that is found decides.
_CYRILLIC = (("uk", "іїєґ"), ("sr", "ђћљњџј"), ("be", "ў"), ("ru", "ыэё"))
_ARABIC = (("ur", "ٹڈڑےں"), ("fa", "پچژگکی"))


@dataclass(frozen=True, slots=True)
class Detected:
    """A language and how sure that is.

    code : two letters (ISO 639-1). confidence : the probability among the languages that are told apart.
    """

    code: str
    confidence: float


def detect_language(text: str) -> Detected | None:
    """Return the language of a text, or None where it is too short or not sure.

    Parameters
    ----------
    text : of any length; beyond some hundred letters the rest is not read.

    Notes
    -----
    Told apart are English, French, German, Spanish, Italian, Dutch and Portuguese; by script also Greek, Russian,
    Ukrainian, Belarusian, Serbian, Bulgarian, Arabic, Persian, Urdu, Hebrew, Chinese, Japanese, Korean, Thai and Hindi.
    Several languages are written in Cyrillic, Arabic and Devanagari; the code is that of the likeliest.

    Examples
    --------
    >>> detect_language("Der Klang ist gut, aber der Akku hält nicht lange.").code
    'de'
    >>> detect_language("ok") is None
    True
    """
    runs = _LETTERS.findall(normalised(text[: 4 * MOST_LETTERS]))
    letters = "".join(runs)[:MOST_LETTERS]
    script, share = _script(letters)
    if script is None:
        return None
    if script in _IDEOGRAPHIC:
        return _of_characters(letters, share)
    if len(letters) < FEWEST_LETTERS or share < SURE:
        return None
    if script == "LATIN":
        return _of_latin(runs)
    if script == "CYRILLIC":
        return Detected(_marked(letters, _CYRILLIC, "bg" if letters.count("ъ") > len(letters) / 200 else "ru"), share)
    if script == "ARABIC":
        return Detected(_marked(letters, _ARABIC, "ar"), share)
    return Detected(_BY_SCRIPT[script], share)


# ------------------------------------------------------------------------------------------------------------- scripts


def _script(letters: str) -> tuple[str | None, float]:
    """Return the script of most letters and their share; None where there are none, or of one that is not known."""
    counts: Counter[str] = Counter()
    for letter, count in Counter(letters).items():
        counts[_script_of(letter)] += count
    if not counts:
        return None, 0.0
    script, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    return (None if script == "" else script), count / len(letters)


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "")


def _of_characters(letters: str, share: float) -> Detected | None:
    """Tell Chinese, Japanese and Korean apart: Japanese mixes Han with its own signs, and Chinese never does."""
    counts = Counter(_script_of(letter) for letter in letters)
    kana, han, hangul = counts["HIRAGANA"] + counts["KATAKANA"], counts["CJK"], counts["HANGUL"]
    confidence = (kana + han + hangul) / len(letters)
    if kana + han + hangul < FEWEST_CHARACTERS or confidence < SURE:
        return None
    if hangul > kana + han:
        return Detected("ko", share)
    return Detected("ja" if kana > 0.05 * (kana + han) else "zh", confidence)


def _marked(letters: str, marks: tuple[tuple[str, str], ...], otherwise: str) -> str:
    there = set(letters)
    return next((code for code, own in marks if there & set(own)), otherwise)


# --------------------------------------------------------------------------------------------------------------- Latin


def _of_latin(runs: list[str]) -> Detected | None:
    profiles = _profiles()
    grams = [gram for run in runs for gram in _trigrams(run)][:MOST_LETTERS]
    said = dict.fromkeys(LATIN, 0.0)
    for code, profile in profiles.items():
        said[code] = TEMPER * sum(profile.get(gram, profile[""]) for gram in grams)
        said[code] += math.log(WORD_ODDS) * sum(run in FUNCTION_WORDS[code] for run in runs)
    best = max(LATIN, key=lambda code: (said[code], code))
    if sum(map(len, runs)) < FEWEST_LETTERS_ALONE and not any(run in FUNCTION_WORDS[best] for run in runs):
        return None
    confidence = 1 / sum(math.exp(value - said[best]) for value in said.values())
    known = sum(gram in profiles[best] for gram in grams) / len(grams)
    if confidence < SURE or known < LEAST_KNOWN:
        return None
    return Detected(best, confidence)


def _trigrams(run: str) -> Iterator[str]:
    padded = f" {run} "
    return (padded[start : start + 3] for start in range(len(padded) - 2))


@lru_cache(maxsize=1)
def _profiles() -> Mapping[str, Mapping[str, float]]:
    """Return by language the log-probability of each trigram; under the empty text, of one that was never seen."""
    counted: dict[str, Counter[str]] = {}
    for code in LATIN:
        runs = [*_LETTERS.findall(normalised(SAMPLES[code])), *FUNCTION_WORDS[code]]
        counted[code] = Counter(gram for run in runs for gram in _trigrams(run))
    kinds = len(set().union(*counted.values())) + 1
    found = {}
    for code, counts in counted.items():
        total = math.log(counts.total() + SMOOTHING * kinds)
        found[code] = {gram: math.log(count + SMOOTHING) - total for gram, count in counts.items()}
        found[code][""] = math.log(SMOOTHING) - total
    return found
