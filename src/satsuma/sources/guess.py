"""The type and form of a column, guessed from the distinct values of its sample and confirmed over the whole column.

A letter in row nine million keeps a column of codes from being taken for numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from satsuma.catalog import Format, ValueType
from satsuma.engines.duckdb import DuckDB
from satsuma.sources import dates, forms
from satsuma.sources.countries import country_code
from satsuma.sources.forms import Form
from satsuma.sources.meaning import Meaning
from satsuma.sources.profile import Profile
from satsuma.sources.raw import RawTable

#: Share of the values that must read as a type; the others become missing, and are counted.
ENOUGH = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The type and form that read a column, and why."""

    type: ValueType
    form: Form
    format: Format | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


_EMAIL = re.compile(r"^\S+@[^@\s,;]+\.[A-Za-z]{2,}\W*$")
_PHONE = re.compile(r"(\+|00)[1-9][\d ()/.-]{6,18}")
_URL = re.compile(r"https?://\S+", re.I)
_NUMBER = re.compile(
    r"[-+(]?\s*(?:[\$€£¥₹]|EUR|USD|GBP|CHF)?\s*[-+]?(\d[\d.,' \u00a0\u202f]*|[.,]\d+)([eE][-+]?\d+)?"
    r"\s*(?:[\$€£¥₹%]|EUR|USD|GBP|CHF|kr|zł)?\)?-?"
)
_ISO = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?")
_DOTTED_YMD = re.compile(r"\d{4}\.\d{1,2}\.\d{1,2}([T ].*)?")
_PARTED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d{2})([T, ]+\d.*)?")
_COMPACT = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(T?\d{4}(\d{2})?)?")
_MONTH = re.compile(
    r"(?:[A-Za-zÀ-ÿ]{2,9}\.?,? )?\d{1,2}(?:st|nd|rd|th|er|\.)?[- /]?(?:de )?([A-Za-zÀ-ÿ]{3,10})\.?[- /,]*(?:de )?"
    r"\d{2,4}(?:[ T,].*)?"
    r"|([A-Za-zÀ-ÿ]{3,10})\.? \d{1,2}(?:st|nd|rd|th)?,? \d{2,4}(?:[ T,].*)?"
)
_MONTH_WORDS = {word[:10] for names in dates.MONTHS.values() for word in names} | set(dates.MONTHS)
#: Both with decimals: `1,234.50` and `1.234,50` are numbers.
_LAT_LON = re.compile(r"\(?\s*-?\d{1,2}\.\d+\s*[,; ]\s*-?\d{1,3}\.\d+\s*\)?")
_VERSION = re.compile(r"v?\d+(\.\d+){1,3}([-+.]\w+)?")
_WHOLE_ID = re.compile(r"\d+\.0+")


def guess_type(profile: Profile, meaning: Meaning, *, wanted: ValueType | None = None) -> Guess:
    """Guess the type and form of a column from its sample.

    Parameters
    ----------
    wanted : the type that the column's field has; the form is then sought for it alone.
    """
    form = Form(keep=profile.keep)
    if wanted == "text" or wanted == "list":
        whole = profile.share(_WHOLE_ID.fullmatch) >= 0.99
        return Guess(type=wanted, form=replace(form, whole_ids=whole))
    if wanted in ("number", "money", "integer"):
        found = _number_form(profile, form)
        return Guess(type=wanted, form=found.form if found else form, notes=found.notes if found else ())
    if wanted in ("date", "datetime"):
        dated = _date_form(profile, replace_is_date(meaning), form)
        return Guess(type=wanted, form=dated.form if dated else form, notes=dated.notes if dated else ())
    if not forms.is_text_type(profile.sql_type):
        return _typed(profile, meaning, form)
    return _from_values(profile, meaning, form)


def replace_is_date(meaning: Meaning) -> Meaning:
    """Return a meaning that says the column is a date: its field does."""
    return replace(meaning, is_date=True)


def _typed(profile: Profile, meaning: Meaning, form: Form) -> Guess:
    sql_type = profile.sql_type
    if meaning.is_identifier:
        return Guess(type="text", form=form, reason="the name of an identifier")
    if sql_type == "BOOLEAN":
        return Guess(type="boolean", form=form)
    if sql_type.endswith("[]"):
        return Guess(type="list", form=form)
    if sql_type == "DATE":
        return Guess(type="date", form=form)
    if sql_type.startswith("TIMESTAMP"):
        midnight = profile.share(lambda value: value[11:] in ("", "00:00:00"))
        return Guess(type="date" if midnight == 1 else "datetime", form=form)
    whole = sql_type in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
    if whole or sql_type in ("HUGEINT", "UHUGEINT"):
        if not whole or profile.share(lambda value: len(value.lstrip("-")) > 15) > 0.5:
            return Guess(type="text", form=form, reason="numbers too long to count with: an identifier")
        if _share_of_dates(profile, meaning) and meaning.is_date:
            return Guess(type="date", form=replace(form, dates="compact"), reason="dates written as numbers")
        return Guess(type="money" if meaning.is_money else "integer", form=form)
    if sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL"):
        if meaning.is_money:
            return Guess(type="money", form=form)
        integral = profile.share(lambda value: float(value).is_integer())
        # Whole numbers that a missing value turned into floating point.
        return Guess(type="integer" if integral == 1 and profile.values else "number", form=form)
    return Guess(type="text", form=form)


def _share_of_dates(profile: Profile, meaning: Meaning) -> bool:
    return bool(profile.values) and meaning.is_date and profile.share(_COMPACT.fullmatch) >= 0.99


def _from_values(profile: Profile, meaning: Meaning, form: Form) -> Guess:
    text = Guess(type="text", form=form)
    if not profile.values:
        return text
    by_format = _by_format(profile, meaning, form)
    if by_format is not None:
        return by_format
    lowered = {value.lower() for value in profile.values}
    words = lowered - {"0", "1"}
    said = len(lowered) <= 4 and words and lowered <= set(forms.TRUE_WORDS) | set(forms.FALSE_WORDS)
    # A lone letter is a code; only as a pair do such letters answer yes and no.
    spelled = any(len(word) > 1 for word in words) or words in ({"y", "n"}, {"t", "f"}, {"j", "n"}, {"o", "n"})
    if said and spelled:
        return Guess(type="boolean", form=form, reason="yes and no words")
    if meaning.is_identifier:
        whole = profile.share(_WHOLE_ID.fullmatch) >= 0.99
        return Guess(type="text", form=replace(form, whole_ids=whole), reason="the name of an identifier")
    dated = _date_form(profile, meaning, form)
    if dated is not None:
        return dated
    numbers = _number_form(profile, form, meaning)
    if numbers is not None:
        return numbers
    share = sum(count for value, count in profile.values.items() if _NUMBER.fullmatch(value)) / profile.filled
    if share >= 0.8 and profile.distinct > 50:
        note = f"'{profile.column}': {share:.0%} of the values are numbers, the others are not: kept as text."
        return replace(text, notes=(note,))
    return text


def _by_format(profile: Profile, meaning: Meaning, form: Form) -> Guess | None:
    if profile.share(_EMAIL.search) >= (0.3 if meaning.format == "email" else 0.8):
        return Guess(type="text", form=form, format="email", reason="values are e-mail addresses")
    dialled = profile.share(lambda value: sum(char.isdigit() for char in value) >= 5) >= 0.5
    if dialled and (meaning.format == "phone" or profile.share(_PHONE.fullmatch) >= ENOUGH):
        return Guess(type="text", form=form, format="phone", reason="values are phone numbers")
    if meaning.format == "country" and profile.share(country_code) >= 0.5:
        return Guess(type="text", form=form, format="country", reason="values are countries")
    names = [value for value in profile.values if len(value) > 3]
    if len(names) >= 3 and len(names) == len(profile.values) and profile.share(country_code) >= ENOUGH:
        return Guess(type="text", form=form, format="country", reason="values are names of countries")
    if profile.share(_URL.fullmatch) >= 0.8:
        return Guess(type="text", form=form, format="url", reason="values are web addresses")
    if profile.share(_LAT_LON.fullmatch) >= ENOUGH:
        return Guess(type="location", form=form, reason="values are latitude and longitude")
    if meaning.format == "version" and profile.share(_VERSION.fullmatch) >= 0.5:
        return Guess(type="text", form=form, format="version", reason="values are versions")
    if meaning.format in ("user_agent", "currency", "language"):
        return Guess(type="text", form=form, format=meaning.format)
    return None


def _number_form(profile: Profile, form: Form, meaning: Meaning | None = None) -> Guess | None:
    """Return the form of a column of numbers, or None when it is none."""
    values = [value for value in profile.values if _NUMBER.fullmatch(value)]
    if len(values) < max(1, ENOUGH * len(profile.values)):
        return None
    if meaning is not None:
        # Codes: zeros in front, or more digits than a number carries.
        coded = sum(bool(re.fullmatch(r"0\d+", value)) for value in values)
        long = sum(bool(re.fullmatch(r"\d{16,}", value)) for value in values)
        if coded or long > len(values) / 2:
            return None
    decimal, thousands, notes = _signs(profile.column, values)
    percent = sum(value.endswith("%") for value in values) > len(values) / 2
    found = replace(form, decimal=decimal, thousands=thousands, percent=percent)
    cleaned = [re.sub(r"[^\d.,]", "", value) for value in values]
    fraction = decimal
    whole = all(re.fullmatch(rf"[^{re.escape(fraction)}]*({re.escape(fraction)}0+)?", value) for value in cleaned)
    money = (meaning is not None and meaning.is_money) or any(re.search(r"[\$€£¥₹]", value) for value in values)
    exponent = any(re.search(r"\d[eE]", value) for value in values)
    value_type: ValueType = "money" if money and not percent else "integer" if whole and not exponent else "number"
    return Guess(type=value_type, form=found, reason="values are numbers", notes=notes)


def _signs(column: str, values: list[str]) -> tuple[str, str, tuple[str, ...]]:
    """Decide the decimal sign and the sign between thousands, over all values together."""
    both_comma_last = any(re.search(r"\.\d{3}.*,\d", value) for value in values)
    both_point_last = any(re.search(r",\d{3}.*\.\d", value) for value in values)
    comma = [value for value in values if "," in value]
    point = [value for value in values if "." in value]
    spaced = " " if any(re.search(r"\d[ \u00a0\u202f]\d{3}", value) for value in values) else ""
    spaced = "'" if any(re.search(r"\d'\d{3}", value) for value in values) else spaced
    if both_comma_last and not both_point_last:
        return ",", ".", (f"'{column}': numbers are written with a decimal comma and points between thousands.",)
    if both_point_last:
        return ".", ",", ()
    if comma and not point:
        grouped = all(re.fullmatch(r"\D*\d{1,3}(,\d{3})+\D*", value) for value in comma)
        several = any(value.count(",") > 1 for value in comma)
        if grouped and several:
            return ".", ",", ()
        if grouped and len(comma) < 3:
            note = f"'{column}': a comma before three digits may be decimal; it is read as a sign between thousands."
            return ".", ",", (note,)
        if grouped and not any(re.match(r"\D*0,", value) for value in comma):
            note = f"'{column}': a comma before three digits in all values is read as a sign between thousands."
            return ".", ",", (note,)
        return ",", spaced, (f"'{column}': numbers are written with a decimal comma.",)
    if point and not comma and any(value.count(".") > 1 for value in point):
        return ",", ".", (f"'{column}': points stand between thousands.",)
    return ".", spaced, ()


def _date_form(profile: Profile, meaning: Meaning, form: Form) -> Guess | None:
    """Return the form of a column of dates, or None when it is none."""
    if not profile.values:
        return None
    candidates: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("iso", _ISO.fullmatch),
        ("ymd", _DOTTED_YMD.fullmatch),
        ("parted", _PARTED.fullmatch),
        ("month_name", _is_month_date),
    )
    shares = [(profile.share(test), name) for name, test in candidates]
    best, name = max(shares, key=lambda pair: pair[0])
    if best < (0.5 if meaning.is_date else ENOUGH):
        return _date_number(profile, meaning, form)
    notes: tuple[str, ...] = ()
    if name == "parted":
        name, notes = _day_or_month_first(profile)
    timed = profile.share(
        lambda value: re.search(r"\d:\d{2}", value) and not re.search(r"[T ]00:00(:00(\.0+)?)?$", value)
    )
    value_type: ValueType = "datetime" if timed else "date"
    return Guess(type=value_type, form=replace(form, dates=name), reason="values are dates", notes=notes)


def _is_month_date(value: str) -> bool:
    match = _MONTH.fullmatch(value)
    return bool(match) and (match.group(1) or match.group(2) or "").lower() in _MONTH_WORDS  # type: ignore[union-attr]


def _date_number(profile: Profile, meaning: Meaning, form: Form) -> Guess | None:
    if profile.share(_COMPACT.fullmatch) >= 0.99 and (meaning.is_date or profile.column.startswith("column_")):
        timed = profile.share(lambda value: len(value) > 8)
        return Guess(
            type="datetime" if timed else "date", form=replace(form, dates="compact"), reason="values are dates"
        )
    if not meaning.is_date:
        return None
    spans = ((r"\d{10}(\.\d+)?", "unix", 6e8, 4.2e9), (r"\d{13}", "unix_ms", 6e11, 4.2e12))
    for pattern, name, low, high in spans:
        compiled = re.compile(pattern)
        if profile.share(lambda v, c=compiled, lo=low, hi=high: c.fullmatch(v) and lo < float(v) < hi) >= 0.99:  # type: ignore[misc]
            note = f"'{profile.column}': times are counted from 1970."
            return Guess(type="datetime", form=replace(form, dates=name), reason="values are times", notes=(note,))
    if profile.share(lambda v: re.fullmatch(r"[234]\d{4}(\.\d+)?", v)) >= 0.99 and profile.distinct >= 3:
        note = f"'{profile.column}': days are counted as spreadsheets do."
        return Guess(type="date", form=replace(form, dates="excel"), reason="values are days", notes=(note,))
    return None


def _day_or_month_first(profile: Profile) -> tuple[str, tuple[str, ...]]:
    firsts, seconds, signs = [], [], set()
    for value in profile.values:
        match = _PARTED.fullmatch(value)
        if match:
            firsts.append(int(match.group(1)))
            seconds.append(int(match.group(3)))
            signs.add(match.group(2))
    day_first = sum(number > 12 for number in firsts)
    month_first = sum(number > 12 for number in seconds)
    column = profile.column
    if day_first and month_first:
        order = "dmy" if day_first >= month_first else "mdy"
        shown = "day first" if order == "dmy" else "month first"
        return order, (f"'{column}': dates are written in both orders; read {shown}, the others are unreadable.",)
    if month_first:
        return "mdy", (f"'{column}': dates are written month first.",)
    if day_first:
        return "dmy", (f"'{column}': dates are written day first.",)
    return "dmy", (AMBIGUOUS.format(column=column),)


AMBIGUOUS = (
    "'{column}': no day is over 12, so day first or month first cannot be told; read day first (dates: mdy changes it)."
)


def settle_on_whole(
    engine: DuckDB, raw: RawTable, guesses: dict[str, Guess], profiles: Mapping[str, Profile]
) -> dict[str, Guess]:
    """Confirm guesses made on a sample over all rows; what does not hold becomes text (or a number)."""
    questions: list[str] = []
    asked: list[str] = []
    for column, guess in guesses.items():
        sql_type = raw.type_of(column)
        if not forms.is_text_type(sql_type) or guess.type == "text" or profiles[column].is_whole:
            continue
        value = forms.present(raw.physical(column), sql_type, guess.form)
        read = forms.read_value(raw.physical(column), sql_type, guess.type, guess.form, "UTC")
        day = f"max(TRY_CAST(regexp_extract({value}, '^([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]', 2) AS INTEGER))"
        code = f"count(*) FILTER (WHERE regexp_full_match({value}, '0[0-9]+'))"
        number = f"count({forms.number(value, guess.form)})" if guess.type == "integer" else "0"
        questions += [f"count({value})", f"count({read})", day if guess.form.dates == "dmy" else code, number]
        asked.append(column)
    if not asked:
        return guesses
    answers = engine.row(f"SELECT {', '.join(questions)} FROM {raw.table}")
    settled = dict(guesses)
    for place, column in enumerate(asked):
        filled, readable, extra, numbers = answers[4 * place : 4 * place + 4]
        guess = guesses[column]
        if guess.form.dates == "dmy" and any("no day is over 12" in note for note in guess.notes) and (extra or 0) > 12:
            guess = replace(
                guess, form=replace(guess.form, dates="mdy"), notes=(f"'{column}': dates are written month first.",)
            )
            settled[column] = guess
            continue
        settled[column] = _settle(guess, filled, readable, extra or 0, numbers)
    return settled


def _settle(guess: Guess, filled: int, readable: int, codes: int, numbers: int) -> Guess:
    text = Guess(type="text", form=Form(keep=guess.form.keep), format=guess.format)
    if guess.type in ("integer", "number", "money") and codes:
        return replace(text, reason="values begin with a zero: an identifier")
    if guess.type == "integer" and readable < numbers:
        guess, readable = replace(guess, type="number"), numbers
    share = readable / filled if filled else 1.0
    return guess if share >= (ENOUGH if guess.type not in ("date", "datetime") else 0.5) else text
