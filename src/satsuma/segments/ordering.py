"""The order in which values of a trait are shown: their natural one where it can be told, else the largest first."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

#: Words whose order everybody knows. All values must be words of one line.
_SCALES: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split(", "))
    for line in (
        "xxs, xs, s, m, l, xl, xxl, xxxl",
        "none, very low, low, medium low, medium, moderate, medium high, high, very high",
        "micro, very small, small, medium, mid, large, very large, enterprise",
        "bronze, silver, gold, platinum, diamond",
        "basic, standard, premium, enterprise",
        "never, rarely, seldom, sometimes, often, usually, always",
        "strongly disagree, disagree, neutral, neither, agree, strongly agree",
        "very dissatisfied, dissatisfied, neutral, satisfied, very satisfied",
        "child, teen, teenager, young adult, adult, middle aged, senior",
        "monday, tuesday, wednesday, thursday, friday, saturday, sunday",
        "mon, tue, wed, thu, fri, sat, sun",
        "january, february, march, april, may, june, july, august, september, october, november, december",
        "jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec",
        "no, yes",
    )
)

_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)\s*(k|m|bn|%)?(?![a-z])", re.IGNORECASE)
_PLACE = re.compile(r"^\s*(\d{1,3})\s*[).:]\s*\S")
_BELOW = re.compile(r"\b(under|below|less|fewer|up to|at most|younger|before)\b|^\s*[<≤]", re.IGNORECASE)
_NOTHING = re.compile(r"^(none|no|never|zero|nil)\b", re.IGNORECASE)
#: Words of ranges, which say nothing of what is counted.
_FILLERS = re.compile(
    r"\b(under|below|less|fewer|up|at|most|least|younger|before|over|above|more|than|from|to|and|or|between|plus|older|"
    r"after|the|of|a|an|k|m|bn)\b",
    re.IGNORECASE,
)
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "bn": 1e9, "%": 1.0}


def in_order(texts: Sequence[str], counts: Sequence[int], items: Sequence[int]) -> list[int]:
    """Return `items` in the order in which their texts are shown.

    Parameters
    ----------
    texts, counts : of each item, its text and how often it occurs.
    """
    order = natural_order(texts)
    if order is None:
        order = sorted(range(len(texts)), key=lambda place: (-counts[place], texts[place]))
    return [items[place] for place in order]


def natural_order(texts: Sequence[str]) -> list[int] | None:
    """Return the places of texts in ascending order, or None when their order cannot be told for sure.

    Examples
    --------
    >>> texts = ["25-34K", "150K and more", "Under 15K", "15-24K"]
    >>> [texts[place] for place in natural_order(texts)]
    ['Under 15K', '15-24K', '25-34K', '150K and more']
    >>> natural_order(["Paris", "Lyon"]) is None
    True
    """
    if len(texts) < 2:
        return list(range(len(texts)))
    for read in (_on_a_scale, _numbered, _ranges):
        keys = read(texts)
        if keys is not None and len(set(keys)) == len(keys):
            return sorted(range(len(texts)), key=keys.__getitem__)
    return None


Keys = list[tuple[float, float]]


def _on_a_scale(texts: Sequence[str]) -> Keys | None:
    words = [" ".join(re.split(r"[\s_-]+", text.strip().casefold())) for text in texts]
    for scale in _SCALES:
        if all(word in scale for word in words):
            return [(float(scale.index(word)), 0.0) for word in words]
    return None


def _numbered(texts: Sequence[str]) -> Keys | None:
    """Read `1) $0 - $100`: somebody has numbered the values."""
    found = [_PLACE.match(text) for text in texts]
    return None if None in found else [(float(match[1]), 0.0) for match in found if match is not None]


def _ranges(texts: Sequence[str]) -> Keys | None:
    """Read ranges and numbers of one thing: what is left of the texts without them must be the same in all."""
    keys: Keys = []
    left = set()
    for text in texts:
        key = _range(text)
        if key is None:
            if not _NOTHING.match(text.strip()):
                return None
            keys.append((-math.inf, -1.0))
            continue
        keys.append(key)
        rest = _FILLERS.sub(" ", _NUMBER.sub(" ", text))
        left.add(" ".join(re.findall(r"[^\W\d_]+", rest.casefold())))
    # A range may leave its unit out: "18 to 24", "65 years and over".
    return keys if len(left - {""}) <= 1 else None


def _range(text: str) -> tuple[float, float] | None:
    """Return (low, high) of a text such as `15-24K`, `Under 15K`, `65+` or `3`."""
    found = _NUMBER.findall(text)
    if not 1 <= len(found) <= 2:
        return None
    units = [unit.lower() for _, unit in found]
    if len(found) == 2 and not units[0] and units[1] in ("k", "m", "bn"):
        # 15-24K is 15K to 24K.
        units[0] = units[1]
    numbers = [_number(digits) * _UNITS[unit] for (digits, _), unit in zip(found, units, strict=True)]
    if len(numbers) == 2:
        return (numbers[0], numbers[1])
    if _BELOW.search(text):
        return (-math.inf, numbers[0])
    return (
        numbers[0],
        math.inf if re.search(r"\+|>|≥|over|above|more|older|after|plus", text.casefold()) else numbers[0],
    )


def _number(digits: str) -> float:
    """Return the value of digits with separators: three digits after a comma or point are thousands."""
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits)
    if grouped:
        return float(re.sub(r"[.,]", "", digits))
    parts = re.split(r"[.,]", digits)
    return float(parts[0] if len(parts) == 1 else f"{''.join(parts[:-1])}.{parts[-1]}")
