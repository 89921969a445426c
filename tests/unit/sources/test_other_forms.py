"""Parquet, JSON and workbooks."""

from __future__ import annotations

import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.errors import SourceError
from satsuma.sources.reading import read_sources


def test_a_parquet_file_is_a_view_and_keeps_its_types(engine, tmp_path):
    table = pa.table(
        {"Name": ["a", "b"], "name": [1, 2], "when": pa.array([0, 1], pa.timestamp("ns")), "s": [{"x": 1}] * 2}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    (raw,) = read_sources(engine, [tmp_path / "t.parquet"])
    assert raw.types == ("VARCHAR", "BIGINT", "TIMESTAMP", "VARCHAR")
    assert engine.value("SELECT count(*) FROM duckdb_views() WHERE view_name = ?", [raw.table]) == 1
    assert engine.rows(f"SELECT row_no, source, c1, c4 FROM {raw.table}") == [
        (1, "t.parquet", "a", '{"x":1}'),
        (2, "t.parquet", "b", '{"x":1}'),
    ]


def test_several_parquet_files_of_the_same_columns_are_one_table(engine, tmp_path):
    for part in range(3):
        pq.write_table(pa.table({"id": [part]}), tmp_path / f"part-{part}.parquet")
    (tmp_path / "_SUCCESS").touch()
    (raw,) = read_sources(engine, [tmp_path])
    assert engine.rows(f"SELECT source, row_no, c1 FROM {raw.table} ORDER BY 1") == [
        (f"part-{part}.parquet", 1, part) for part in range(3)
    ]


def test_parquet_inside_an_archive_is_copied_since_the_file_goes_away(engine, tmp_path):
    pq.write_table(pa.table({"id": [1, 2]}), tmp_path / "t.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "t.parquet", "t.parquet")
    (raw,) = read_sources(engine, [tmp_path / "a.zip"])
    assert engine.value(f"SELECT sum(c1) FROM {raw.table}") == 3


ROWS = [
    {"id": "007", "n": 12345678901234567, "ok": True, "p": {"q": {"r": "x"}, "list": [1, 2]}},
    {"id": None, "extra": "é"},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(ROWS)),
        ("b.jsonl", "\n".join(json.dumps(row) for row in ROWS) + "\n"),
        ("c.json", json.dumps({"next": None, "data": ROWS}, indent=1)),
        ("d.json", json.dumps({"data": ROWS})),
        ("e.json", json.dumps(ROWS, indent=2)),
    ],
)
def test_every_shape_of_json_reads_the_same(read, cells, name, text):
    raw = read(text, name)
    assert set(raw.columns) == {"id", "n", "ok", "p.q.r", "p.list", "extra"}
    first = dict(zip(raw.columns, cells(raw)[0], strict=True))
    assert first == {"id": "007", "n": "12345678901234567", "ok": "true", "p.q.r": "x", "p.list": "[1,2]", "extra": ""}


def test_a_line_that_is_no_object_waits_in_quarantine(read, engine):
    raw = read('{"id": 1}\nnonsense\n{"id": 2}\n', "x.jsonl")
    assert raw.rows == 2
    assert engine.rows(f"SELECT row_no, reason, raw FROM {raw.broken}") == [(2, "not_json", '"nonsense"')]


def test_several_lists_in_one_object_are_refused_by_name(engine, write):
    with pytest.raises(SourceError, match=r"several lists of objects \(a, b\)"):
        read_sources(engine, [write('{"a": [{"x": 1}], "b": [{"x": 1}]}', "x.json")])


SHEET = """<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
{rows}</sheetData></worksheet>"""


def workbook(path, sheets: dict[str, list[list[object]]]):
    """Write a minimal .xlsx by hand, so that no writer of workbooks is needed."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            'ContentType="application/xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rel}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        names = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
        book.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{names}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{i}" Type="{rel}/worksheet" Target="worksheets/s{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'
        )
        for i, rows in enumerate(sheets.values(), 1):
            lines = "".join(
                f'<row r="{r}">' + "".join(cell(value, r, c) for c, value in enumerate(row)) + "</row>"
                for r, row in enumerate(rows, 1)
            )
            book.writestr(f"xl/worksheets/s{i}.xml", SHEET.format(rows=lines))
    return path


def cell(value: object, row: int, column: int) -> str:
    place = f"{'ABCDEFGH'[column]}{row}"
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def test_the_first_sheet_that_is_not_empty_is_read_and_whole_numbers_have_no_point(engine, tmp_path, cells):
    path = workbook(
        tmp_path / "b.xlsx", {"Cover": [], "Data": [["id", "x"], [17850.0, 1.5], [2, "a"]], "More": [["z"], [1]]}
    )
    (raw,) = read_sources(engine, [path])
    assert cells(raw) == [("17850", "1.5"), ("2", "a")]
    assert "Sheet 'Data'." in raw.notes
    assert "Other sheets: Cover, More." in raw.notes


def test_a_sheet_can_be_named_and_a_wrong_name_gets_the_nearest(engine, tmp_path, cells):
    path = workbook(tmp_path / "b.xlsx", {"Sales": [["id"], [1]], "Clients": [["id"], [2]]})
    (raw,) = read_sources(engine, [path], sheet="Clients")
    assert cells(raw) == [("2",)]
    with pytest.raises(SourceError, match="Did you mean 'Clients'"):
        read_sources(engine, [path], sheet="Client")


def test_titles_above_a_table_in_a_sheet_are_left_out(engine, tmp_path, cells):
    rows = [["Report"], [], ["id", "name", "age"], [1, "Ada", 36], [2, "Bo", 40]]
    (raw,) = read_sources(engine, [workbook(tmp_path / "b.xlsx", {"S": rows})])
    assert raw.columns == ("id", "name", "age")
    assert len(cells(raw)) == 2


def test_an_empty_workbook_and_a_sheet_for_no_workbook_are_refused(engine, tmp_path, write):
    with pytest.raises(SourceError, match="all cells are empty"):
        read_sources(engine, [workbook(tmp_path / "b.xlsx", {"S": []})])
    with pytest.raises(SourceError, match="no file is a workbook"):
        read_sources(engine, [write("a,b\n1,2\n")], sheet="S")


def test_json_that_nests_absurdly_is_refused(engine, write):
    with pytest.raises(SourceError, match="nests too deeply"):
        read_sources(engine, [write('{"a":' * 3_000 + "1" + "}" * 3_000, "deep.json")])
