"""Names of columns: folded for comparison, cut into words, and turned into names of traits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LETTERS = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


def plain(text: str) -> str:
    """Return a text without accents, in ASCII where its letters have an ASCII form; `N°` is `No`."""
    text = re.sub(r"\b([nN])°", r"\1o", text)
    text = "".join(_LETTERS.get(char, char) for char in text)
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words(name: str) -> list[str]:
    """Cut a name into lower-case words: `CustomerID` and `customer_id` are both `customer`, `id`."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", plain(name))
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    return re.findall(r"[^\W_]+", text.lower())


def fold(name: str) -> str:
    """Return a name without case, accents, blanks and signs, to compare names by."""
    return re.sub(r"[\W_]+", "", plain(name).lower())


def slug(name: str) -> str:
    """Turn a column's name into a trait's name, `[a-z][a-z0-9_]*`.

    A name in another script, of which nothing would remain, becomes `column`.
    """
    text = "_".join(re.findall(r"[a-z0-9]+", "_".join(words(name))))
    text = re.sub(r"_+", "_", text).strip("_")[:60].rstrip("_")
    if not text:
        return "column"
    return text if text[0].isalpha() else f"n{text}"


def may_be_shown(name: str) -> bool:
    """Return whether a name can stand in an error: it reads as the name of something, not as somebody's value.

    An address of any kind, a long number and a whole sentence are values wherever they stand.
    """
    if re.fullmatch(r"(19|20)\d\d", name):
        return True
    is_short = len(name) <= 60 and len(name.split()) <= 8
    return is_short and re.search(r"[^\W\d_]", name) is not None and re.search(r"@|://|(\d[ .-]?){6}", name) is None


def free_slug(name: str, taken: Iterable[str]) -> str:
    """Return the slug of a name, numbered when it is taken."""
    base = slug(name)
    used = set(taken)
    if base not in used:
        return base
    number = 2
    while f"{base}_{number}" in used:
        number += 1
    return f"{base}_{number}"
