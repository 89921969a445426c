"""The words of a text, as topics and sentiment count them.

A word is a run of letters, in Unicode's composed form and case folded; accents stay, because they tell words apart
(German *schon* and *schön*) and because a person reads the words in the end. Chinese and Japanese put no spaces
between words: there every two neighbouring characters are taken as one, the usual way where no dictionary is at hand.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

from satsuma.statistics.text.function_words import FUNCTION_WORDS

#: A run of letters, with an apostrophe inside (don't), which people also write as a quotation mark.
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
#: Addresses of pages and of people say nothing, and the latter are nobody's business.
_ADDRESS = re.compile(r"\S+@\S+|\w+://\S+|www\.\S+", re.IGNORECASE)
_APOSTROPHES = str.maketrans("’ʼ", "''")
#: Han, Hiragana and Katakana: scripts without spaces.
_RANGES = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED = re.compile(f"[{_RANGES}]+")
_PIECE = re.compile(f"[{_RANGES}]+|[^{_RANGES}]+")
#: What French and Italian put before a vowel is a word of its own: l'aspirateur, dell'acqua.
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|nell|sull|all|dall|un|quest|quell)'(?=[^\W\d_])")


def normalised(text: str) -> str:
    """Return a text in composed form, case folded, with one kind of apostrophe, without addresses and entities."""
    if "&" in text:
        text = html.unescape(text)
    if "@" in text or "www." in text or "://" in text:
        text = _ADDRESS.sub(" ", text)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).translate(_APOSTROPHES)


def words_of(text: str, without: Collection[str] = ()) -> list[str]:
    """Return the words of a text in their order.

    Parameters
    ----------
    without : words to leave out, as `normalised` writes them.

    Examples
    --------
    >>> words_of("L’aspirateur n'est PAS bruyant!")
    ['aspirateur', 'est', 'pas', 'bruyant']
    >>> words_of("I don't like it", without={"i", "it"})
    ["don't", 'like']
    >>> words_of("音が良い")
    ['音が', 'が良', '良い']
    """
    plain = normalised(text)
    found = _WORD.findall(plain)
    if "'" in plain:
        found = [_ELIDED.sub("", run) if "'" in run else run for run in found]
    if not plain.isascii() and _UNSPACED.search(plain):
        found = _in_pairs(found)
    return [word for word in found if word not in without] if without else found


def _in_pairs(runs: list[str]) -> list[str]:
    """Return runs of letters with those of scripts without spaces as pairs of neighbours."""
    found: list[str] = []
    for run in runs:
        for piece in _PIECE.findall(run):
            if len(piece) > 1 and _UNSPACED.match(piece):
                found.extend(piece[start : start + 2] for start in range(len(piece) - 1))
            else:
                found.append(piece)
    return found


def stop_words(languages: Collection[str]) -> frozenset[str]:
    """Return the function words of some languages, which say nothing of what a text is about.

    Parameters
    ----------
    languages : two-letter codes; one that has no list here adds nothing.
    """
    return frozenset(word for code in languages for word in FUNCTION_WORDS.get(code, ()))
