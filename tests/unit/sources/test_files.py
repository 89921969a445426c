"""Paths to table files: globs, folders, archives, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.sources import files
from satsuma.sources.reading import read_sources

TABLE = "id,name\n1,Ada\n2,Grace\n"


def zipped(**members: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_a_packed_file_reads_like_a_plain_one(read, cells, suffix, pack):
    raw = read(pack(TABLE.encode()), "people.csv" + suffix)
    assert cells(raw) == [("1", "Ada"), ("2", "Grace")]
    assert raw.sources == (f"people.csv{suffix}",)


def test_every_table_of_an_archive_is_read_and_the_rest_left_aside_with_a_note(engine, write):
    path = write(zipped(**{"a.csv": TABLE, "sub__b.csv": TABLE, "notes.md": "x", ".hidden.csv": "junk"}), "all.zip")
    (raw,) = read_sources(engine, [path])
    assert raw.rows == 4
    assert raw.sources == ("all.zip/a.csv", "all.zip/sub/b.csv")
    assert any("1 files inside all.zip" in note for note in raw.notes)


def test_files_of_one_shape_become_one_table_with_row_numbers_of_each_file(engine, write):
    for day in range(3):
        write(f"id,amount\n{day},1\n{day},2\n", f"days/{day}.csv")
    (raw,) = read_sources(engine, [str(write("", "x.tmp").parent / "days" / "*.csv")])
    rows = engine.rows(f"SELECT source, row_no, c1 FROM {raw.table} ORDER BY 1, 2")
    assert rows == [(f"{day}.csv", number, str(day)) for day in range(3) for number in (1, 2)]


def test_files_of_different_columns_become_a_table_each(engine, write):
    write("a,b\n1,2\n", "x/1.csv")
    path = write("a,c\n1,2\n", "x/2.csv")
    raws = read_sources(engine, [path.parent])
    assert [raw.columns for raw in raws] == [("a", "b"), ("a", "c")]


def test_an_empty_file_among_others_is_left_aside_and_named(engine, write):
    write(TABLE, "x/1.csv")
    path = write("", "x/2.csv")
    (raw,) = read_sources(engine, [path.parent])
    assert "Empty and left aside: 2.csv." in raw.notes


def test_the_same_file_named_twice_is_read_once(engine, write):
    path = write(TABLE)
    (raw,) = read_sources(engine, [path, str(path)])
    assert raw.rows == 2


def test_a_name_with_the_signs_of_a_pattern_is_a_name(read, cells):
    assert cells(read(TABLE, "data [1] (copy).csv")) == [("1", "Ada"), ("2", "Grace")]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "no bytes"),
        ("blank.csv", b"\n\n  \n", "blank lines"),
        ("comment.csv", b"# nothing yet\n", "nothing but comments"),
        ("data.orc", b"ORC\x00\x01", "kind that is not read"),
        ("data.sav", b"$FL2 things", "'.sav', which is not read"),
        ("page.csv", b"<!DOCTYPE html><html></html>", "web page"),
        ("paper.csv", b"%PDF-1.7", "PDF"),
        ("data.parquet", b"PAR1 and then nothing", "damaged Parquet"),
        ("data.parquet", b"not parquet at all", "not a Parquet file"),
        ("book.xlsx", b"not a book", "not a workbook"),
        ("cut.csv.gz", gzip.compress(b"id,name\n" * 5000, mtime=0)[:-30], "cannot be unpacked"),
        ("data.csv.gz", b"id,name\n1,x\n", "not packed that way"),
        ("broken.zip", b"PK\x03\x04 and nothing", "cannot be unpacked"),
        ("none.zip", zipped(**{"readme.md": "x"}), "holds no table"),
        ("binary.csv", bytes(range(256)) * 40, "not a text file"),
        ("list.json", b"[1, 2, 3]", "no JSON objects"),
        ("cut.json", b'[{"a": 1}, {"a"', "not well-formed JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(engine, write, name, content, sentence):
    with pytest.raises(SourceError, match=r"\S") as caught:
        read_sources(engine, [write(content, name)])
    assert sentence in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_names_the_nearest(engine, write):
    path = write(TABLE, "customers.csv")
    with pytest.raises(SourceError, match=r"Did you mean 'customers\.csv'"):
        read_sources(engine, [path.with_name("custmers.csv")])


def test_a_pattern_and_a_folder_without_tables_are_refused(engine, tmp_path: Path):
    with pytest.raises(SourceError, match="No file matches"):
        read_sources(engine, [tmp_path / "*.csv"])
    with pytest.raises(SourceError, match="holds no file"):
        read_sources(engine, [tmp_path])


def test_all_unreadable_files_are_reported_together(engine, write):
    write(TABLE, "x/good.csv")
    write(b"%PDF", "x/bad.parquet")
    path = write(b"PAR1xx", "x/worse.parquet")
    path.with_name("bad.parquet").write_bytes(b"PAR1yy")
    with pytest.raises(SourceError, match="2 of 3 files") as caught:
        read_sources(engine, [path.parent])
    assert [problem.path for problem in caught.value.details] == ["bad.parquet", "worse.parquet"]


def test_a_bomb_is_refused_before_it_fills_the_disk(engine, write, monkeypatch):
    monkeypatch.setattr(files, "FREE_RATIO_BYTES", 1 << 20)
    with pytest.raises(SourceError, match="more than 250 times its size"):
        read_sources(engine, [write(gzip.compress(b"a" * (8 << 20)), "bomb.csv.gz")])


def test_a_table_of_absurd_width_is_refused(engine: DuckDB, write):
    line = ",".join(f"c{number}" for number in range(3000))
    with pytest.raises(SourceError, match="3,000 columns; at most 2,000"):
        read_sources(engine, [write(line + "\n" + line + "\n")])


def test_a_member_cannot_climb_out_of_the_temporary_folder(engine, write, tmp_path):
    path = write(zipped(**{"../../up.csv": TABLE}), "deep/down/a.zip")
    # A hidden part (`..`) is left out, so nothing is left to read.
    with pytest.raises(SourceError, match="holds no table"):
        read_sources(engine, [path])
    assert not list(tmp_path.rglob("up.csv"))


def test_a_path_without_a_name_is_not_the_current_folder(engine):
    with pytest.raises(SourceError, match="without a name"):
        read_sources(engine, [""])
