"""Tables into files: safe, typed, whole or not at all."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from satsuma.destinations.files import write_file
from satsuma.errors import ExportError, WrongUse

TABLE = pa.table(
    {
        "customer_id": ["1", "=2", None],
        "revenue": pa.array([Decimal("-5.2500"), None, Decimal("7.0000")], pa.decimal128(18, 4)),
        "since": [date(2024, 2, 29), None, date(2025, 1, 1)],
        "tags": [["vip", "=press"], [], None],
        "=odd": pa.array(["@x", "y", "y"]).dictionary_encode(),
    }
)


def test_a_csv_holds_no_formulas(tmp_path: Path) -> None:
    write_file(TABLE, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["customer_id", "revenue", "since", "tags", "'=odd"],
        ["1", "-5.2500", "2024-02-29", '["vip", "=press"]', "'@x"],
        ["'=2", "", "", "[]", "y"],
        ["", "7.0000", "2025-01-01", "", "y"],
    ]


def test_parquet_keeps_types_and_texts(tmp_path: Path) -> None:
    write_file(TABLE, tmp_path / "out.PARQUET")
    assert parquet.read_table(tmp_path / "out.PARQUET").to_pylist() == TABLE.to_pylist()


def test_an_older_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old", encoding="utf-8")
    write_file(pa.table({"customer_id": ["a"]}), target)
    assert target.read_text(encoding="utf-8") == '"customer_id"\n"a"\n'
    assert [item.name for item in tmp_path.iterdir()] == ["out.csv"]


def test_an_empty_segment_has_a_header(tmp_path: Path) -> None:
    write_file(pa.table({"customer_id": pa.array([], pa.string())}), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == '"customer_id"\n'


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz"])
def test_another_ending_is_wrong_use(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse) as caught:
        write_file(TABLE, tmp_path / name)
    assert ".parquet" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        write_file(TABLE, tmp_path / "nowhere" / "out.csv")
