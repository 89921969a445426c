"""Queries that connectors write as text: whatever a value holds, it stays a value, and the rest is as meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakes import furious, soql
from satsuma.connectors.vendors.furious import OPERATORS, query_text
from satsuma.connectors.vendors.salesforce import query
from satsuma.errors import SourceError

#: Texts that people write, and texts that try to end the literal they stand in.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "'",
        "\\",
        "\\'",
        "' OR Name LIKE '%",
        "'); DELETE",
        '"',
        '\\"',
        '"}},order:[{id:desc}]){password}}',
        "{}",
        "\n",
        "\x00",
    ]
)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,10}", fullmatch=True).filter(lambda name: name.upper() != "FROM")
NAMED = st.lists(NAMES, min_size=1, max_size=4, unique=True)
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
#: What is no name of a field.
OTHERS = TEXTS.filter(lambda text: not (text.isascii() and text.replace("_", "").replace(".", "").isalnum()))


@given(
    st.lists(TEXTS, min_size=1, max_size=4, unique=True), st.lists(NAMES, min_size=1, max_size=4, unique=True), MOMENTS
)
@example(["x' OR Id != '"], ["Id"], datetime(2025, 3, 3, tzinfo=UTC))
def test_a_record_type_stays_one_value_of_the_query(types: list[str], fields: list[str], since: datetime) -> None:
    read = soql.read_query(query("Contact", fields, since=since, record_types=types))
    assert (read.table, read.fields) == ("Contact", tuple(fields))
    kept = since.replace(microsecond=since.microsecond // 1000 * 1000)
    assert read.where == (
        soql.Condition(field="SystemModstamp", operator=">=", value=kept),
        soql.Condition(field="RecordType.DeveloperName", operator="IN", value=tuple(types)),
    )
    assert read.order == (("SystemModstamp", False), ("Id", False))


@given(OTHERS)
@example("Id FROM User")
@example("")
def test_no_query_is_written_with_what_is_no_field(text: str) -> None:
    with pytest.raises(SourceError):
        query("Contact", ["Id", text])
    with pytest.raises(SourceError):
        query_text("Clients", ["id", text], limit=1)
    with pytest.raises(SourceError):
        query_text("Clients", ["id"], limit=1, filters=[(text, "eq", "x")])


@st.composite
def filters(draw: st.DrawFn) -> tuple[str, str, str | tuple[str, ...] | bool]:
    """Return a filter of any operator with a value that it takes."""
    operator = draw(st.sampled_from(OPERATORS))
    if operator == "null":
        return draw(NAMES), operator, draw(st.booleans())
    if operator in ("in", "nin"):
        return draw(NAMES), operator, tuple(draw(st.lists(TEXTS, max_size=3)))
    return draw(NAMES), operator, draw(TEXTS)


@given(st.lists(filters(), max_size=3), NAMED, st.integers(0, 10_000))
@example([("name", "eq", '"}},order:[{id:desc}]){password}}')], ["id"], 0)
def test_a_filter_keeps_its_value(
    given_filters: list[tuple[str, str, str | tuple[str, ...] | bool]], fields: list[str], offset: int
) -> None:
    text = query_text("Clients", fields, limit=250, offset=offset, filters=given_filters, order=["id"])
    read = furious.read_query(text)
    kept = tuple(
        (name, sign, list(value) if isinstance(value, tuple) else value) for name, sign, value in given_filters
    )
    assert read == furious.Query(
        name="Clients", fields=tuple(fields), limit=250, offset=offset, filters=kept, order=(("id", False),)
    )
