"""The closed list of reason codes: why a row waits in quarantine, or what was found in a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: row: the row is in quarantine. unreadable: the value became missing. flag: the value stays and is counted.
#: changed: the value was rewritten to its standard form.
Effect = Literal["row", "unreadable", "flag", "changed"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One code: what it does to a row or value, and the sentence for people."""

    code: str
    effect: Effect
    sentence: str


_LIST = (
    Reason("row_too_short", "row", "The row has fewer cells than the table has columns."),
    Reason("row_too_long", "row", "The row has more cells than the table has columns."),
    Reason("quote_not_closed", "row", "The row opens a quote that is not closed."),
    Reason("not_json", "row", "The line is not a JSON object."),
    Reason("required_missing", "row", "A field that every row needs is empty."),
    Reason("cannot_be_stored", "row", "The messages do not fit what is stored."),
    Reason("other_currency", "row", "The amount is in another currency than the workspace's."),
    Reason("not_a_decision", "row", "The status is neither a consent given nor one refused."),
    Reason("number_unreadable", "unreadable", "The value is not a number."),
    Reason("integer_unreadable", "unreadable", "The value is not a whole number."),
    Reason("money_unreadable", "unreadable", "The value is not an amount of money."),
    Reason("date_unreadable", "unreadable", "The value is not a date in the column's form, or no such day exists."),
    Reason("boolean_unreadable", "unreadable", "The value is neither yes nor no."),
    Reason("location_unreadable", "unreadable", "The value is not a latitude and longitude on the globe."),
    Reason("list_unreadable", "unreadable", "The value is not a list."),
    Reason("email_invalid", "unreadable", "The value cannot be an e-mail address."),
    Reason("phone_invalid", "unreadable", "The value cannot be a phone number."),
    Reason("country_unknown", "unreadable", "The value is not a country of ISO 3166."),
    Reason("phone_without_region", "flag", "The phone number has no country code and no default region is set."),
    Reason("url_invalid", "flag", "The value is not a web address."),
    Reason("outlier", "flag", "The value lies far outside the others (6 robust standard deviations)."),
    Reason("age_impossible", "flag", "The age is below 0 or above 120."),
    Reason("birth_date_impossible", "flag", "The birth date is in the future or over 120 years ago."),
    Reason("latitude_impossible", "flag", "The latitude is beyond 90 degrees."),
    Reason("longitude_impossible", "flag", "The longitude is beyond 180 degrees."),
    Reason("repeated_key", "flag", "The id stands in more than one row."),
    Reason("duplicate_row", "flag", "The row is identical to another in every column."),
    Reason("damaged_text", "flag", "The text holds a character that was lost in an earlier conversion."),
    Reason("missing_word", "changed", "A word such as n/a or null was read as no value."),
    Reason("whitespace_folded", "changed", "White space was trimmed or folded, or the text brought to Unicode NFC."),
    Reason("decimals_dropped", "changed", "An id written as a decimal number lost its '.0'."),
    Reason("number_reformatted", "changed", "A number was read from a national or decorated form."),
    Reason("date_reformatted", "changed", "A date was read from a form other than ISO."),
    Reason("email_lowercased", "changed", "An e-mail address was brought to lower case or freed of decoration."),
    Reason("phone_to_e164", "changed", "A phone number was brought to international form."),
    Reason("country_to_code", "changed", "A country's name was brought to its code."),
)

REASONS: Mapping[str, Reason] = {reason.code: reason for reason in _LIST}


def sentence(code: str) -> str:
    """Return what a code means in words; an unknown one (of a newer version) is returned as it is."""
    reason = REASONS.get(code)
    return reason.sentence if reason is not None else code
