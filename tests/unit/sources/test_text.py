"""Delimited text: encodings, delimiters, headers, broken rows."""

from __future__ import annotations

import json

import pytest

from satsuma.sources.encodings import guess_code_page
from satsuma.sources.reading import read_sources


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("cp1252", "Windows-1252"),
        ("cp850", "CP850"),
    ],
)
def test_accents_survive_in_every_encoding(read, cells, encoding, shown):
    raw = read("id,nom\n1,Éloïse Müller\n2,François Côté\n3,Zoë à Noël\n", encoding=encoding)
    assert cells(raw) == [("1", "Éloïse Müller"), ("2", "François Côté"), ("3", "Zoë à Noël")]
    assert raw.encoding == shown


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Привет мир Москва Иванов Сергей хорошо большой город"),
        ("cp1253", "Λεωνιδας Αλεξανδρος Μυρων Γιωργος Νικος"),
        ("shift_jis", "東京都の田中太郎さんは株式会社で働いています"),
        ("cp1250", "Łódź, Kraków, Wałęsa, żółć, Świętokrzyskie"),
        ("mac_roman", "été à Noël, François, déjà vu"),
    ],
)
def test_other_code_pages_are_told_apart(encoding, text):
    assert text.encode(encoding).decode(guess_code_page(text.encode(encoding))) == text


def test_a_late_accent_does_not_break_the_guess(read, engine):
    lines = ["id,name", *(f"{number},plain" for number in range(60_000)), "60000,Zoë"]
    raw = read("\n".join(lines) + "\n")
    assert engine.value(f"SELECT c2 FROM {raw.table} WHERE c1 = '60000'") == "Zoë"


def test_a_few_damaged_characters_do_not_make_utf8_another_encoding(read, cells):
    text = ("id,name\n" + "1,Zoë Müller\n" * 100).encode() + b"2,bad\xff\n"
    raw = read(text)
    assert cells(raw)[0] == ("1", "Zoë Müller")
    assert cells(raw)[-1] == ("2", "bad\N{REPLACEMENT CHARACTER}")
    assert any("damaged characters" in note for note in raw.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "~"])
def test_delimiters_are_recognised(read, cells, delimiter):
    raw = read(
        f"id{delimiter}name\n1{delimiter}Ada, or 'A'\n2{delimiter}Grace\n"
        if delimiter != ","
        else "id,name\n1,A\n2,G\n"
    )
    assert raw.delimiter == delimiter
    assert raw.columns == ("id", "name")


def test_a_semicolon_goes_before_a_decimal_comma(read, cells):
    raw = read("1,5;2,5\n3,5;4,5\n")
    assert cells(raw) == [("1,5", "2,5"), ("3,5", "4,5")]


def test_the_line_that_names_the_delimiter_is_obeyed(read, cells):
    assert cells(read("sep=;\nid;name\n1;a,b\n")) == [("1", "a,b")]


def test_runs_of_blanks_separate_where_nothing_else_does(read, cells):
    raw = read(" 00004 1 19970101  2   29.33\r\n 00021 3 19970118  2   29.73\r\n 00111 5 19970802  1   14.96\r\n")
    assert cells(raw)[0] == ("00004", "1", "19970101", "2", "29.33")
    assert raw.columns[0] == "column_1"


def test_leading_zeros_and_blanks_stay_as_written(read, cells):
    assert cells(read("code,name\n007, x\n0123,y \n")) == [("007", " x"), ("0123", "y ")]


def test_a_single_column_is_a_table(read, cells):
    assert cells(read("email\na@example.org\n\nb@example.org\n")) == [("a@example.org",), ("b@example.org",)]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1,english\n2,german\n", ("column_1", "column_2")),
        ("id,2019,2020\n1,5,6\n2,7,8\n", ("id", "2019", "2020")),
        ("name,city\nAda,London\nGrace,New York\n", ("name", "city")),
        ("a@example.org,Ada\nb@example.org,Bo\n", ("column_1", "column_2")),
        ("id,,age,id\n1,x,3,4\n", ("id", "column_2", "age", "id_2")),
        ("id,name,\n1,Ada,\n2,Bo,\n", ("id", "name")),
        ("age,city\nAda,36,London\nBo,40,Paris\nCy,41,Rome\n", ("column_1", "age", "city")),
    ],
)
def test_headers_are_found_missing_mended_and_freed_of_empty_columns(read, text, columns):
    assert read(text).columns == columns


def test_titles_comments_and_blank_lines_are_left_out_and_said(read, cells):
    raw = read("Export of March\n\n# made by a tool\nid,name\n1,Ada\n# half way\n\n2,Bo\n")
    assert cells(raw) == [("1", "Ada"), ("2", "Bo")]
    assert any("above the table" in note for note in raw.notes)
    assert any("beginning with #" in note for note in raw.notes)


def test_an_order_number_that_begins_with_a_hash_is_no_comment(read, cells):
    assert cells(read("order,total\n#1001,5\n#1002,6\n")) == [("#1001", "5"), ("#1002", "6")]


def test_quoted_line_breaks_and_both_ways_of_escaping_quotes_are_read(read, cells):
    raw = read('id, text\n1, "two\nlines"\n2, "a ""b"" c"\n3, "a \\"b\\" c"\n')
    assert [row[1] for row in cells(raw)] == ["two\nlines", 'a "b" c', 'a "b" c']


def test_rows_that_cannot_be_cut_wait_in_quarantine_with_their_number(read, cells, engine):
    raw = read("id,name,age\n1,Ada,36\n2,Bo\n3,Cy,40,more\n4,Di,41,\n5,Ed,42\n")
    assert cells(raw) == [("1", "Ada", "36"), ("4", "Di", "41"), ("5", "Ed", "42")]
    assert [row[0] for row in engine.rows(f"SELECT row_no FROM {raw.table} ORDER BY 1")] == [1, 4, 5]
    broken = engine.rows(f"SELECT row_no, reason, raw FROM {raw.broken} ORDER BY 1")
    assert [row[:2] for row in broken] == [(2, "row_too_short"), (3, "row_too_long")]
    assert json.loads(broken[1][2]) == ["3", "Cy", "40", "more"]


def test_a_cut_last_line_is_put_aside_and_said(read):
    raw = read("id,name,age\n1,Ada,36\n2,Bo")
    assert raw.rows == 1
    assert any("probably cut" in note for note in raw.notes)


def test_a_quote_that_nobody_closes_costs_its_own_row_only(read, cells, engine):
    lines = ["id,name", *(f"{number},x" for number in range(1, 3000))]
    lines[1000] = '1000,"open'
    raw = read("\n".join(lines) + "\n")
    assert raw.rows == 2998
    assert engine.rows(f"SELECT row_no, reason FROM {raw.broken}") == [(1000, "quote_not_closed")]


def test_marks_of_inches_are_no_quotes(read, cells):
    rows = [f'{number},{number}" pipe' for number in range(300)]
    raw = read("\n".join(["id,name", *rows]) + "\n")
    assert raw.rows == 300
    assert cells(raw)[1] == ("1", '1" pipe')


def test_the_content_of_a_broken_row_is_in_no_note(read):
    raw = read("id,name,age\n1,Ada,36\n2,Bo,40,secret@example.org\n3,Cy,41\n")
    assert not any("secret" in note for note in raw.notes)


def test_rows_without_any_value_are_left_out(read):
    raw = read("id,name\n1,a\n,\n,\n2,b\n")
    assert raw.rows == 2
    assert any("2 lines without any value" in note for note in raw.notes)


def test_columns_that_differ_in_case_only_stay_apart(read, cells):
    raw = read("Name,name,row_no,source\na,b,c,d\n")
    assert raw.columns == ("Name", "name", "row_no", "source")
    assert cells(raw) == [("a", "b", "c", "d")]


def test_one_broken_file_among_many_does_not_split_the_table(engine, write):
    write("id,name\n1,a\n", "x/1.csv")
    path = write("id,name\n2,b\n3\n", "x/2.csv")
    (raw,) = read_sources(engine, [path.parent])
    assert (raw.rows, raw.broken_rows) == (2, 1)
