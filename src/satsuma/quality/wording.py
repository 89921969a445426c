"""Sentences that count: `1 line repeats`, `2 lines repeat`."""

from __future__ import annotations

_ONE = {"are": "is", "have": "has", "were": "was", "people": "person", "belong": "belongs", "lie": "lies"}


def counted(sentence: str, count: int) -> str:
    """Fill a sentence with a count, its words in brackets agreeing with it.

    Examples
    --------
    >>> counted("{} row[s] [have] no amount.", 1)
    '1 row has no amount.'
    >>> counted("{} row[s] repeat[*] another row.", 2_000)
    '2,000 rows repeat another row.'
    """
    single = count == 1
    text = sentence.replace("[s]", "" if single else "s").replace("[*]", "s" if single else "")
    for many, one in _ONE.items():
        text = text.replace(f"[{many}]", one if single else many)
    return text.replace("{}", f"{count:,}", 1)
