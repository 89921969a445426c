"""Words that people and programs write where there is no value, and when such a word is a value after all."""

from __future__ import annotations

#: Missing wherever they stand as the whole value, in lower case.
ALWAYS = frozenset(
    {
        *(
            "",
            "n/a",
            "#n/a",
            "#na",
            "n.a.",
            "n/d",
            "n.d.",
            "<na>",
            "null",
            "(null)",
            "<null>",
            "\\n",
            "nan",
            "nil",
            "-",
        ),
        *("--", "---", "—", "–", "?", "??", ".", "..", "undefined", "#value!", "#ref!", "#div/0!", "#null!", "nat"),
        *("unspecified", "not specified", "not available", "not provided", "not set", "(not set)", "no data"),
        *("missing", "(blank)", "(empty)", "[null]", "none/unknown", "unknown", "unk", "(unknown)", "not known"),
        *("k.a.", "keine angabe", "unbekannt", "inconnu", "inconnue", "non renseigné", "non renseigne"),
        *("desconocido", "sin datos", "sconosciuto", "non disponibile", "onbekend", "desconhecido", "brak danych"),
    }
)
#: Missing only where nothing else makes them a value: `NA` is Namibia and North America, `None` is a tariff.
SOMETIMES = frozenset({"na", "none"})
DEFAULT = ALWAYS | SOMETIMES


def is_category(word: str, values: dict[str, int], *, country: bool) -> bool:
    """Return whether a word of `SOMETIMES` is a value of a text column.

    Parameters
    ----------
    word : `na` or `none`.
    values : the column's values, as written and stripped, with their counts.
    country : the column holds countries.
    """
    others = [value for value in values if value and value.lower() not in DEFAULT]
    if word == "na":
        if country:
            return True
        # One of several two-letter codes in capitals: a region, not a missing value of R or pandas.
        codes = [value for value in others if len(value) == 2 and value.isupper()]
        return len(others) >= 3 and len(codes) >= 0.8 * len(others)
    # `None` beside a few other words is a category; among free text or many values it is what Python prints.
    return 0 < len(others) <= 30 and not any(_is_number(value) for value in others)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()
