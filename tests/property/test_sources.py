"""Whatever is written as a table is read back as it was written."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.errors import SourceError
from satsuma.sources.encodings import detect_encoding
from satsuma.sources.forms import Form, read_value
from satsuma.sources.names import slug
from satsuma.sources.reading import read_sources

ENGINE = DuckDB(None)

cell = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
filled = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


def read_back(content: bytes, name: str) -> tuple[list[tuple[str, ...]], int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        (raw,) = read_sources(ENGINE, [path])
        shown = ", ".join(f"coalesce({raw.physical(column)}, '')" for column in raw.columns)
        return ENGINE.rows(f"SELECT {shown} FROM {raw.table} ORDER BY row_no"), raw.broken_rows


@given(rows=st.lists(st.tuples(filled, cell, cell), min_size=1, max_size=15), delimiter=st.sampled_from(",;\t|"))
def test_a_written_table_is_read_back(rows: list[tuple[str, ...]], delimiter: str) -> None:
    # A line that begins with # and is alone in its row is a comment; these rows have three cells.
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["customer_id", "first_name", "city"])
    writer.writerows(rows)
    found, broken = read_back(buffer.getvalue().encode(), "data.csv")
    assert broken == 0
    assert found == [tuple(row) for row in rows]


@given(
    rows=st.lists(st.dictionaries(st.sampled_from("abc"), st.one_of(filled, st.integers(), st.booleans())), max_size=8)
)
def test_json_lines_are_read_back(rows: list[dict[str, object]]) -> None:
    assume(any(rows))
    text = "\n".join(json.dumps(row) for row in rows)
    found, broken = read_back(text.encode(), "data.jsonl")
    assert broken == 0
    assert len(found) == len(rows)


#: Much of what makes tables odd, and little else.
odd = st.text(st.sampled_from('ab1,;|\t\n\r"\\# .\x00\x1féЖ'), max_size=80).map(str.encode)


@given(content=st.one_of(st.binary(max_size=300), odd, odd.map(lambda part: b"id,name\n1,Ada\n" + part)))
def test_any_bytes_are_read_or_refused_in_a_sentence(content: bytes) -> None:
    sentence = "data.csv was read."
    try:
        read_back(content, "data.csv")
    except SourceError as error:
        sentence = str(error)
    assert sentence.startswith("data.csv")


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1))
def test_utf8_is_always_recognised(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(text.encode())
        try:
            assert detect_encoding(path, "x").name in ("utf-8", "utf-8-sig")
        except SourceError:
            # Mostly control characters: no text.
            assert any(ord(char) < 32 for char in text)


@given(
    number=st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    form=st.sampled_from(["1,234.50", "1.234,50", "1 234,50"]),
)
def test_numbers_in_national_forms_read_as_they_were(number: object, form: str) -> None:
    text = f"{number:,}"
    if form == "1.234,50":
        text = text.translate(str.maketrans(",.", ".,"))
        how = Form(decimal=",", thousands=".")
    elif form == "1 234,50":
        text = text.translate(str.maketrans(",.", " ,"))
        how = Form(decimal=",", thousands=" ")
    else:
        how = Form(thousands=",")
    sql = read_value("c", "VARCHAR", "money", how, "UTC")
    assert ENGINE.value(f"SELECT {sql} FROM (SELECT {literal(text)} AS c)") == number


@given(name=st.text(max_size=80))
def test_every_name_gives_a_name_for_definitions(name: str) -> None:
    assert slug(name).isascii()
    assert slug(name)[0].isalpha()
    assert slug(slug(name)) == slug(name)
