"""E-mail addresses, phone numbers and countries: each distinct value once, through the well-kept libraries.

A lookup is a temporary table `written, text, value, n` with one row per distinct value of a raw column: as written,
cleaned (NULL for a missing word), in its standard form (NULL where it has none), and in how many rows. Rows are then
joined to it and counted by it, so that ten million rows cost as much as their distinct values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from functools import lru_cache

from satsuma.catalog import Format
from satsuma.engines.duckdb import DuckDB
from satsuma.sources.countries import country_code
from satsuma.sources.temporary import free_name

#: The formats that are standardised by lookup.
LOOKUPS: frozenset[Format] = frozenset({"email", "phone", "country"})

Standard = tuple[str | None, str | None]

#: A local part and domain that need no library: the domain is checked once for all its addresses.
_PLAIN_EMAIL = r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"


def make_lookup(engine: DuckDB, table: str, column: str, present: str, value_format: Format, region: str | None) -> str:
    """Standardise the distinct values of a column.

    Parameters
    ----------
    table, column : the raw table and the SQL name of its column.
    present : SQL over a column `written` of its value with missing words as NULL.
    region : the country of phone numbers without a country code.

    Returns
    -------
    str
        The name of the lookup table.
    """
    distinct = distinct_values(engine, table, column, present)
    lookup = free_name("lookup")
    engine.execute(f"CREATE TEMP TABLE {lookup} (text VARCHAR, value VARCHAR)")
    if value_format == "email":
        _plain_emails(engine, distinct, lookup)
        _by_library(engine, distinct, lookup, standard_email)
    elif value_format == "phone":
        _by_library(engine, distinct, lookup, lambda text: standard_phone(text, region))
    else:
        _by_library(engine, distinct, lookup, standard_country)
    joined = free_name("lookup")
    engine.execute(
        f"CREATE TEMP TABLE {joined} AS SELECT d.written, d.text, l.value, d.n "
        f"FROM {distinct} d LEFT JOIN {lookup} l USING (text)"
    )
    engine.execute(f"DROP TABLE {distinct}")
    engine.execute(f"DROP TABLE {lookup}")
    return joined


def distinct_values(engine: DuckDB, table: str, column: str, present: str) -> str:
    """Make a table `written, text, n` of the distinct values of a raw column.

    `present` is SQL over the column `written`.
    """
    name = free_name("distinct")
    engine.execute(
        f"CREATE TEMP TABLE {name} AS SELECT written, {present} AS text, n FROM (SELECT {column}::VARCHAR AS written, "
        f"count(*) AS n FROM {table} WHERE {column} IS NOT NULL GROUP BY ALL)"
    )
    return name


_plain_email = re.compile(_PLAIN_EMAIL, re.ASCII)


def standard_email(text: str) -> Standard:
    """Return an address in lower case (the form to match by), or why it is none."""
    if len(text) <= 100 and _plain_email.fullmatch(text):
        local, _, domain = text.lower().partition("@")
        if len(local) < 60 and _is_domain(domain):
            return f"{local}@{domain}", None
    return _checked_email(text)


@lru_cache(maxsize=10_000)
def _is_domain(domain: str) -> bool:
    """Say whether plain addresses of a domain are addresses as they stand."""
    return _checked_email(f"a@{domain}")[0] == f"a@{domain}"


def _checked_email(text: str) -> Standard:
    from email_validator import EmailNotValidError, validate_email

    address = text.strip().removeprefix("mailto:").strip("<>;,. ")
    if "<" in text or "(" in text:
        address = parseaddr(text)[1]
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return None, "email_invalid"
    return checked.normalized.lower(), None


def standard_phone(text: str, region: str | None) -> Standard:
    """Return a number in E.164, or why it cannot be; without a region a national number stays as it is."""
    import phonenumbers

    # A spreadsheet's number: 33612345678.0
    text = text.removesuffix(".0")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        is_national = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and region is None
        if is_national and 5 <= sum(char.isdigit() for char in text) <= 15:
            return text, "phone_without_region"
        return None, "phone_invalid"
    if not phonenumbers.is_possible_number(number):
        return None, "phone_invalid"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), None


def standard_country(text: str) -> Standard:
    """Return the alpha-2 code of a country's code or name."""
    code = country_code(text)
    return code, None if code is not None else "country_unknown"


def _plain_emails(engine: DuckDB, distinct: str, lookup: str) -> None:
    """Take ordinary addresses in bulk: the library sees each domain once (it reads 38,000 addresses a second)."""
    plain = f"regexp_full_match(text, '{_PLAIN_EMAIL}') AND length(text) <= 100 AND strpos(text, '@') <= 60"
    rows = engine.rows(f"SELECT DISTINCT lower(split_part(text, '@', 2)) FROM {distinct} WHERE {plain}")
    good = [domain for (domain,) in rows if standard_email(f"a@{domain}")[0] == f"a@{domain}"]
    if not good:
        return
    domains = free_name("domains")
    _register(engine, domains, {"domain": good})
    engine.execute(
        f"INSERT INTO {lookup} SELECT DISTINCT text, lower(text) FROM {distinct} "
        f"WHERE {plain} AND lower(split_part(text, '@', 2)) IN (SELECT domain FROM {domains})"
    )
    engine.unregister(domains)


def _by_library(engine: DuckDB, distinct: str, lookup: str, standard: Callable[[str], Standard]) -> None:
    """Take what is not in the lookup yet through a library, each cleaned text once."""
    rows = engine.rows(
        f"SELECT DISTINCT text FROM {distinct} WHERE text IS NOT NULL AND text NOT IN (SELECT text FROM {lookup})"
    )
    if not rows:
        return
    batch = free_name("standards")
    texts = [text for (text,) in rows]
    _register(engine, batch, {"text": texts, "value": [standard(text)[0] for text in texts]})
    engine.execute(f"INSERT INTO {lookup} SELECT text, value FROM {batch}")
    engine.unregister(batch)


def _register(engine: DuckDB, name: str, columns: Mapping[str, Sequence[str | None]]) -> None:
    import pyarrow as pa

    engine.register(name, pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()}))
