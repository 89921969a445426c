"""How the values of one column are written, and the SQL that reads them.

Every function here takes an SQL expression and returns one that is NULL where the value cannot be read. Nothing is
guessed row by row: the form is decided once for the whole column.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from satsuma.catalog import COLUMN_TYPES, ValueType
from satsuma.engines.duckdb import literal
from satsuma.sources.dates import date_of, moment, to_utc
from satsuma.sources.missing import DEFAULT

DECIMALS = (".", ",")
THOUSANDS = ("", ",", ".", " ", "'")

TRUE_WORDS = tuple(
    """true t yes y 1 oui o vrai ja j wahr si sí sì s verdadero vero sim verdadeiro tak ano on x checked waar kyllä
    joo sant""".split()
)
FALSE_WORDS = tuple(
    "false f no n 0 non faux nein falsch nee onwaar falso não nao nie ne off unchecked nej ei fals".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one column is written.

    dates : one of `dates.DATE_FORMS`, or a pattern with `%`.
    whole_ids : ids were written as decimal numbers (`17850.0`); the `.0` is dropped.
    missing, keep : words that mean missing here beside the usual ones; usual ones that are values here.
    percent : numbers carry a percent sign.
    """

    decimal: str = "."
    thousands: str = ""
    dates: str = "iso"
    whole_ids: bool = False
    percent: bool = False
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    def missing_words(self) -> frozenset[str]:
        """Return the words, in lower case, that mean missing in this column."""
        return (DEFAULT | {word.lower() for word in self.missing}) - {word.lower() for word in self.keep}


_ORDINARY = "'[!-~]+( [!-~]+)*'"
#: Every blank of Unicode becomes a space, and what has no width at all is dropped.
_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_SPACES += "\u2028\u2029\u202f\u205f\u3000"
_NOTHING = "\u200b\u200c\u2060\ufeff\xad"


def folded(text: str) -> str:
    """Fold white space, trim, and bring to Unicode NFC (a plain ASCII value passes untouched, and fast)."""
    return f"(CASE WHEN regexp_full_match({text}, {_ORDINARY}) THEN {text} ELSE {_cleaned(text)} END)"


def _cleaned(text: str) -> str:
    # No character class of Unicode here: the engine compiles each pattern anew for each column, thread and statement,
    # and such a class takes a millisecond.
    spaced = f"translate({text}, {literal(_SPACES + _NOTHING)}, {literal(' ' * len(_SPACES))})"
    return f"nfc_normalize(trim(regexp_replace({spaced}, '  +', ' ', 'g')))"


def _with(value: str, name: str, expression: str) -> str:
    """Return SQL that computes a value once and uses it under a name: the engine would compute each copy."""
    return f"list_transform([{value}], lambda {name}: {expression})[1]"


def is_text_type(sql_type: str) -> bool:
    """Return whether values of this SQL type must be read from text."""
    return sql_type in ("VARCHAR", "JSON", "UUID") or sql_type.startswith("ENUM")


def _is_one_of(text: str, words: Collection[str]) -> str:
    """Return SQL that tests a text for being one of some words.

    An expression and not `IN`, of which the engine would make a join for each column: it plans a table of 200 columns
    in a minute then, and one of 400 not at all.
    """
    return f"regexp_full_match({text}, {literal('|'.join(re.escape(word) for word in sorted(words)))})"


def present(column: str, sql_type: str, form: Form) -> str:
    """Return the value with missing words as NULL: cleaned text for text, the value itself for a typed column."""
    if is_text_type(sql_type):
        text = column if sql_type == "VARCHAR" else f"{column}::VARCHAR"
        known = form.missing_words()
        clean = _cleaned(text)
        # The usual value costs one match and a look at its length; only short ones are looked up among the words.
        # CASE stops at the first that fits (OR does not): a long plain value costs its length and one match.
        longest = max(map(len, known)) * 2
        unusual = f"CASE WHEN {_is_one_of('lower(c)', known)} THEN NULL ELSE c END"
        return (
            f"(CASE WHEN regexp_full_match({text}, {_ORDINARY}) THEN "
            f"CASE WHEN strlen({text}) > {longest} THEN {text} "
            f"WHEN {_is_one_of(f'lower({text})', known)} THEN NULL ELSE {text} END "
            f"ELSE {_with(clean, 'c', unusual)} END)"
        )
    if sql_type in ("DOUBLE", "FLOAT"):
        return f"(CASE WHEN isfinite({column}) THEN {column} END)"
    if sql_type.endswith("[]"):
        return f"(CASE WHEN len({column}) > 0 THEN {column} END)"
    return column


# ------------------------------------------------------------------------------------------------------------ numbers


_CURRENCIES = "EUR|USD|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|PLN|kr|zł|Fr"


def number(text: str, form: Form) -> str:
    """Read a number from text: currency signs, thousands, a trailing minus, brackets for negatives, percent."""
    dropped = "$€£¥₹%' " + (form.thousands if form.thousands in (",", ".") else "")
    bare = f"translate({text}, {literal(dropped)}, '')"
    bare = f"regexp_replace({bare}, '^({_CURRENCIES})\\.?|({_CURRENCIES})\\.?$', '', 'i')"
    signed = (
        "CASE WHEN starts_with(n, '(') AND ends_with(n, ')') THEN '-' || substr(n, 2, length(n) - 2) "
        "WHEN ends_with(n, '-') THEN '-' || left(n, -1) ELSE n END"
    )
    plain = _with(bare, "n", signed)
    if form.decimal == "," and form.thousands == "":
        # A point is then neither; leave it to fail rather than to be taken for a decimal sign.
        plain = _with(plain, "n", "CASE WHEN NOT contains(n, '.') THEN replace(n, ',', '.') END")
    elif form.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    number_only = "CASE WHEN regexp_full_match(n, '[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?') THEN n END"
    return _with(plain, "n", number_only)


def integer(text: str, form: Form) -> str:
    """Read a whole number; `3.0` is one, `3.5` is not (a cast would round it)."""
    # regexp_extract gives an empty text where nothing matches, which no cast takes.
    return f"TRY_CAST(regexp_extract({number(text, form)}, '^([-+]?[0-9]+)(\\.0*)?$', 1) AS BIGINT)"


# ----------------------------------------------------------------------------------------------------------- booleans


def boolean(text: str) -> str:
    """Read yes and no in several languages."""
    true, false = (_is_one_of(f"lower({text})", words) for words in (TRUE_WORDS, FALSE_WORDS))
    return f"(CASE WHEN {true} THEN true WHEN {false} THEN false END)"


# ---------------------------------------------------------------------------------------------------------- any value


def read_value(
    column: str, sql_type: str, value_type: ValueType, form: Form, zone: str, *, clean: str | None = None
) -> str:
    """Return SQL that reads a column as a value of the catalogue's type; NULL where it cannot.

    Parameters
    ----------
    column : the SQL name of the raw column.
    sql_type : its SQL type.
    zone : the time zone of times that carry none.
    clean : the SQL name under which `present` of the column is at hand; a long statement is then much shorter, and
        planned in a tenth of the time.
    """
    value = present(column, sql_type, form) if clean is None else clean
    target = COLUMN_TYPES[value_type]
    if is_text_type(sql_type):
        text = column if sql_type == "VARCHAR" else f"{column}::VARCHAR"
        read = _from_text(value, value_type, form, zone)
        quick = None if form.missing else _quick(text, value_type, form, zone)
        # Nearly all values of a number or date are written plainly; the rest take the long way, five times as slow.
        return f"(CASE WHEN {quick[0]} THEN {quick[1]} ELSE {read} END)" if quick else read
    if value_type == "text":
        return _to_text(value, sql_type)
    if value_type in ("date", "datetime"):
        return _typed_moment(value, sql_type, value_type, form, zone)
    if value_type == "boolean":
        return value if sql_type == "BOOLEAN" else boolean(f"{_to_text(value, sql_type)}")
    if value_type == "list":
        return f"TRY_CAST({value} AS VARCHAR[])"
    if value_type == "integer" and (sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL")):
        # A cast would round.
        return f"(CASE WHEN {value} = floor({value}) THEN TRY_CAST({value} AS {target}) END)"
    return f"TRY_CAST({value} AS {target})"


def _quick(text: str, value_type: ValueType, form: Form, zone: str) -> tuple[str, str] | None:
    """Return a test for plainly written values and the SQL that reads those."""
    if value_type == "integer":
        return f"regexp_full_match({text}, '-?[0-9]{{1,18}}')", f"TRY_CAST({text} AS BIGINT)"
    if value_type in ("number", "money"):
        pointed = r"(\.[0-9]+)?" if form.decimal == "." and form.thousands != "." else ""
        plain = f"regexp_full_match({text}, '-?[0-9]+{pointed}')"
        return plain, f"TRY_CAST({text} AS {COLUMN_TYPES[value_type]})"
    if value_type in ("date", "datetime") and form.dates == "iso":
        naive = f"TRY_CAST({text} AS TIMESTAMP)"
        read = f"CAST({naive} AS DATE)" if value_type == "date" else to_utc(naive, zone)
        clock = r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?"
        return f"regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{clock}')", read
    return None


def _from_text(value: str, value_type: ValueType, form: Form, zone: str) -> str:
    if value_type == "text":
        if form.whole_ids:
            return f"regexp_replace({value}, '^([0-9]+)\\.0+$', '\\1')"
        return value
    if value_type == "integer":
        return integer(value, form)
    if value_type in ("number", "money"):
        return f"TRY_CAST({number(value, form)} AS {COLUMN_TYPES[value_type]})"
    if value_type == "boolean":
        return boolean(value)
    if value_type == "date":
        return date_of(value, form.dates)
    if value_type == "datetime":
        return moment(value, form.dates, zone)
    if value_type == "list":
        return f"CASE WHEN {value} IS NOT NULL THEN {_split_list(value)} END"
    lat, lon = (f"TRY_CAST(regexp_extract({value}, '{LAT_LON}', {part}) AS DOUBLE)" for part in (1, 2))
    return place(lat, lon)


LAT_LON = r"^\(?\s*(-?[0-9]{1,2}(?:\.[0-9]+)?)\s*[,; ]\s*(-?[0-9]{1,3}(?:\.[0-9]+)?)\s*\)?$"


def place(lat: str, lon: str) -> str:
    """Return the location of two numbers; NULL beyond the poles and the date line."""
    return (
        f"(CASE WHEN {lat} BETWEEN -90 AND 90 AND {lon} BETWEEN -180 AND 180 "
        f"THEN struct_pack(lat := {lat}::DOUBLE, lon := {lon}::DOUBLE) END)"
    )


def _split_list(value: str) -> str:
    inner = f"regexp_replace({value}, '^\\[|\\]$|\"', '', 'g')"
    return f"list_filter(list_transform(string_split_regex({inner}, '[;|,]'), lambda x: trim(x)), lambda x: x <> '')"


def _to_text(value: str, sql_type: str) -> str:
    if sql_type in ("DOUBLE", "FLOAT"):
        # Whole numbers are ids that lost their type to a missing value: 17850.0 is 17850.
        return (
            f"(CASE WHEN {value} = floor({value}) AND abs({value}) < 9007199254740992 "
            f"THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE CAST({value} AS VARCHAR) END)"
        )
    return f"CAST({value} AS VARCHAR)"


def _typed_moment(value: str, sql_type: str, value_type: ValueType, form: Form, zone: str) -> str:
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        if value_type == "date":
            return f"CAST(timezone({literal(zone)}, {value}) AS DATE)"
        return f"timezone('UTC', {value})"
    if sql_type in ("TIMESTAMP", "DATE"):
        return f"CAST({value} AS DATE)" if value_type == "date" else to_utc(f"CAST({value} AS TIMESTAMP)", zone)
    text = _to_text(value, sql_type)
    return _from_text(text, value_type, form, zone)
