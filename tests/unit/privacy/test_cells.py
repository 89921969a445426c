"""No exported cell is run by a spreadsheet, and none loses what it says."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.privacy.cells import safe_cell, safe_column


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        '"=1',
        "＝1+1",
        "=HYPERLINK(x)",
        "+1 555",
        "--1",
    ],
)
def test_a_formula_becomes_a_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "Anna", "a=b", "x@example.org", "-5", "-5.25", "+33612345678", "1-2", "'=1", "été"]
)
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@given(st.lists(st.none() | st.text(max_size=8)))
def test_a_column_is_its_cells_one_by_one(texts: list[str | None]) -> None:
    column = pa.chunked_array([pa.array(texts, pa.string())])
    assert safe_column(column).to_pylist() == [None if text is None else safe_cell(text) for text in texts]


@given(st.text(max_size=10))
def test_a_safe_cell_stays_safe_and_keeps_its_text(text: str) -> None:
    once = safe_cell(text)
    assert safe_cell(once) == once
    assert once.removeprefix("'") == text or once == text
