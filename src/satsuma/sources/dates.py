"""Dates and times as text: the ways in which they are written, and the SQL that reads each.

Every function takes an SQL expression and a form (one of `DATE_FORMS`, or a pattern of `strptime`), and returns SQL
that is NULL for what is no date, such as 30 February.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from satsuma.engines.duckdb import literal

#: How dates may be written. Anything else is a pattern of `strptime`, with its `%`.
DATE_FORMS = ("iso", "dmy", "mdy", "ymd", "compact", "month_name", "unix", "unix_ms", "excel")
#: Month names that the engine does not know, to their English short form.
MONTHS: dict[str, tuple[str, ...]] = {
    "jan": ("janvier", "janv", "januar", "jänner", "enero", "ene", "gennaio", "gen", "januari", "janeiro"),
    "feb": ("février", "fevrier", "févr", "fevr", "februar", "febrero", "febbraio", "februari", "fevereiro", "fev"),
    "mar": ("mars", "märz", "mär", "marz", "marzo", "maart", "mrt", "março", "marco"),
    "apr": ("avril", "avr", "abril", "abr", "aprile", "april"),
    "may": ("mai", "mayo", "maggio", "mag", "mei", "maio"),
    "jun": ("juin", "juni", "junio", "giugno", "giu", "junho", "june"),
    "jul": ("juillet", "juil", "juli", "julio", "luglio", "lug", "julho", "july"),
    "aug": ("août", "aout", "agosto", "ago", "augustus", "august"),
    "sep": ("septembre", "sept", "septiembre", "settembre", "set", "setembro", "september"),
    "oct": ("octobre", "oktober", "okt", "octubre", "ottobre", "ott", "outubro", "out", "october"),
    "nov": ("novembre", "noviembre", "novembro", "november"),
    "dec": ("décembre", "decembre", "déc", "dezember", "dez", "diciembre", "dic", "dicembre", "dezembro", "december"),
}


_OFFSET = r"[0-9T :.,](Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"
_TIMES = ["%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%Hh%M", "%H.%M"]


def naive_moment(text: str, form: str) -> str:
    """Read a date or time without a zone as TIMESTAMP, as written."""
    kind = form
    if "%" in kind:
        return f"try_strptime({text}, {literal(kind)})"
    if kind == "compact":
        return f"try_strptime({text}, ['%Y%m%d', '%Y%m%d%H%M%S', '%Y%m%d%H%M', '%Y%m%dT%H%M%S'])"
    if kind == "month_name":
        return _month_name(text)
    if kind in ("dmy", "mdy"):
        date, time = _parts(text)
        return _with_time(_numeric_date(date, kind), time)
    if kind == "ymd":
        date, time = _parts(text)
        return _with_time(f"TRY_CAST(translate({date}, '/.', '--') AS TIMESTAMP)", time)
    # ISO; a cast that meets a bare number must not take it for a year.
    return f"(CASE WHEN {text}[5:5] IN ('-', '/') THEN TRY_CAST({text} AS TIMESTAMP) END)"


def moment(text: str, form: str, zone: str) -> str:
    """Read a time as TIMESTAMP in UTC; what carries no offset is in `zone`."""
    if form == "unix":
        return f"timezone('UTC', to_timestamp(TRY_CAST({text} AS DOUBLE)))"
    if form == "unix_ms":
        return f"timezone('UTC', to_timestamp(TRY_CAST({text} AS DOUBLE) / 1000))"
    if form == "excel":
        days = f"TRY_CAST({text} AS DOUBLE)"
        return to_utc(f"(TIMESTAMP '1899-12-30' + to_microseconds(round({days} * 86400000000)::BIGINT))", zone)
    naive = to_utc(naive_moment(text, form), zone)
    if form != "iso":
        return naive
    # `+0300` is read only with a colon, and no offset after a blank.
    joined = f"regexp_replace({text}, ' +([+-][0-9]{{2}}(:?[0-9]{{2}})?)$', '\\1')"
    spelled = f"regexp_replace(regexp_replace({joined}, '([+-][0-9]{{2}})([0-9]{{2}})$', '\\1:\\2'), ' ?(GMT|z)$', 'Z')"
    marked = f"timezone('UTC', TRY_CAST({spelled} AS TIMESTAMPTZ))"
    # A date alone ends in what looks like an offset (`2020-01-05`): an offset needs a time before it.
    return f"(CASE WHEN length({text}) > 13 AND regexp_matches({text}, '{_OFFSET}') THEN {marked} ELSE {naive} END)"


def to_utc(naive: str, zone: str) -> str:
    """Turn a time without a zone, taken to be in `zone`, into UTC; NULL outside the years 1 to 9999 of UTC."""
    ahead = ZoneInfo(zone).utcoffset(datetime(9999, 12, 31)) or timedelta()
    last = datetime.max + min(ahead, timedelta())
    inside = f"{naive} BETWEEN TIMESTAMP '0001-01-02' AND TIMESTAMP '{last}'"
    read = naive if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {naive}))"
    return f"(CASE WHEN {inside} THEN {read} END)"


def date_of(text: str, form: str) -> str:
    """Read a calendar day; a time of day is cut off."""
    if form in ("unix", "unix_ms", "excel"):
        return f"CAST({moment(text, form, 'UTC')} AS DATE)"
    if form == "iso":
        # The first ten characters are the day, whatever time and offset follow.
        day = f"regexp_extract({text}, '^[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}')"
        return f"TRY_CAST({day} AS DATE)"
    return f"CAST({naive_moment(text, form)} AS DATE)"


def _parts(text: str) -> tuple[str, str]:
    """Return the date part, and the rest, of a text with a numeric date."""
    date = f"regexp_extract({text}, '^[0-9]{{1,4}}[/.\\-][0-9]{{1,2}}[/.\\-][0-9]{{1,4}}')"
    rest = f"trim(regexp_replace({text}, '^[0-9]{{1,4}}[/.\\-][0-9]{{1,2}}[/.\\-][0-9]{{1,4}}[T, ]*', ''))"
    return date, rest


def _numeric_date(date: str, order: str) -> str:
    pattern = "%d/%m/" if order == "dmy" else "%m/%d/"
    slashed = f"translate({date}, '-.', '//')"
    # `%Y` reads 13 as the year 13, so the number of digits decides.
    return (
        f"(CASE WHEN regexp_matches({slashed}, '/[0-9]{{4}}$') THEN try_strptime({slashed}, '{pattern}%Y') "
        f"WHEN regexp_matches({slashed}, '/[0-9]{{2}}$') THEN try_strptime({slashed}, '{pattern}%y') END)"
    )


def _with_time(date: str, time: str) -> str:
    formats = ", ".join(literal(pattern) for pattern in _TIMES)
    clock = f"try_strptime({time}, [{formats}])"
    return f"(CASE WHEN {time} = '' THEN {date} ELSE {date} + ({clock} - date_trunc('day', {clock})) END)"


def _month_name(text: str) -> str:
    pairs = sorted(((name, short) for short, names in MONTHS.items() for name in names), key=lambda pair: -len(pair[0]))
    # One lookup of the only word of letters that is not a day's name, am or pm.
    bare = f"regexp_replace(lower({text}), '[-/,.]+|\\bde[l]?\\b|\\ble\\b', ' ', 'g')"
    spelled = f"trim(regexp_replace({bare}, ' +', ' ', 'g'))"
    spelled = f"regexp_replace({spelled}, '^(mon|tue|wed|thu|fri|sat|sun)[a-z]* ', '')"
    spelled = f"regexp_replace({spelled}, '([0-9])(st|nd|rd|th|er)\\b', '\\1')"
    word = f"regexp_extract({spelled}, '[a-zà-ÿ]{{3,}}')"
    keys = ", ".join(literal(name) for name, _ in pairs)
    values = ", ".join(literal(short) for _, short in pairs)
    english = f"coalesce(map([{keys}], [{values}])[{word}], left({word}, 3))"
    line = f"replace({spelled}, {word}, {english})"
    short = [f"{day}{time}" for day in ("%d %b %y", "%b %d %y") for time in ("", *(f" {t}" for t in _TIMES[:5]))]
    long = [pattern.replace("%y", "%Y") for pattern in short] + ["%Y %b %d", "%b %Y", "%b %d %H:%M:%S %Y"]
    return (
        f"(CASE WHEN {word} = '' THEN NULL WHEN regexp_matches({line}, '\\b[0-9]{{4}}\\b') "
        f"THEN try_strptime({line}, {_listed(long)}) ELSE try_strptime({line}, {_listed(short)}) END)"
    )


def _listed(values: Iterable[str]) -> str:
    return "[" + ", ".join(literal(value) for value in values) + "]"
