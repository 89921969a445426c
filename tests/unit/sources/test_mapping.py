"""Mapping files with mistakes, and names."""

from __future__ import annotations

import pytest

from satsuma.errors import DefinitionError, SatsumaError
from satsuma.sources.countries import country_code, country_codes
from satsuma.sources.mapping import check_mapping, read_mapping
from satsuma.sources.names import free_slug, slug, words
from satsuma.sources.reading import read_sources
from satsuma.sources.recognise import guess_mapping


def test_every_mistake_of_a_mapping_file_is_reported_with_its_line(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "load: customers\n"
        "fields:\n"
        "  customr_id: id\n"
        "others:\n"
        "  Size: a\n"
        "  day: {column: d, type: dat, dates: backwards}\n"
        "  amount: {column: x, decimal: ',', thousands: ',', colour: red}\n"
        "  nothing: {type: text}\n"
        "extra: 1\n"
    )
    with pytest.raises(DefinitionError) as caught:
        read_mapping(path)
    found = [(problem.line, problem.message.split(";")[0]) for problem in caught.value.details]
    assert {line for line, _ in found} == {3, 5, 6, 7, 8, 9}
    assert any(problem.nearest == ("customer_id",) for problem in caught.value.details)
    assert any(problem.nearest[:1] == ("date",) for problem in caught.value.details)


@pytest.mark.parametrize("text", ["", "[]", "load: custmers\n", "fields: {}\n", "a: [\n"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(DefinitionError):
        read_mapping(path)


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("CustomerID", "customer_id"),
        ("Zip Code", "zip_code"),
        ("Année", "annee"),
        ("Größe (cm)", "grosse_cm"),
        ("2019", "n2019"),
        ("日本", "column"),
        ("__x__", "x"),
        ("HTTPServer", "http_server"),
    ],
)
def test_a_column_gets_a_name_that_definitions_can_use(column, name):
    assert slug(column) == name


def test_equal_names_are_numbered_and_words_are_cut():
    assert free_slug("A b", {"a_b", "a_b_2"}) == "a_b_3"
    assert words("Order Purchase-Date") == ["order", "purchase", "date"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EIRE", "IE"),
        ("deu", "DE"),
        ("U.S.A.", "US"),
        ("Côte d'Ivoire", "CI"),
        ("NA", "NA"),
        ("England", "GB"),
        ("(nu", None),
        ("Unspecified", None),
        ("", None),
    ],
)
def test_countries_are_known_by_their_names(text, code):
    assert country_code(text) == code


def test_the_table_holds_the_whole_standard():
    # ISO 3166-1 has 249 countries; Kosovo's code is user-assigned.
    assert len(country_codes()) == 250


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("passwd", "zelda:x:0:0:Zelda:/home/zelda\nbruno:x:1:1:Bruno:/home/bruno\n"),
        ("people.csv", "Zelda,Paris\nBruno,Lyon\nCarla,Nice\n"),
        ("repeated.csv", "Zelda,Paris,Zelda\nBruno,Lyon,Bruno\nCarla,Nice,Carla\n"),
        ("gap.csv", "Zelda,unknown\nBruno,5\nCarla,6\n"),
        ("named.csv", "customer name,zelda@example.org,visits\nBruno,b@example.org,5\nCarla,c@example.org,6\n"),
        ("keys.json", '{"zelda@example.org": 1, "bruno@example.org": 2}'),
        ("lists.json", '{"zelda@example.org": [{"a": 1}], "bruno@example.org": [{"a": 1}]}'),
    ],
)
@pytest.mark.parametrize("said", [{}, {"order_id": "zeldo"}, {"order_id": "nothing"}])
def test_no_error_shows_a_value_that_was_taken_for_a_column_name(engine, write, name, content, said):
    def understand():
        (raw,) = read_sources(engine, [write(content, name)])
        check_mapping(guess_mapping(engine, raw, "orders", overrides=said), raw)

    with pytest.raises(SatsumaError) as caught:
        understand()
    assert "elda" not in str(caught.value.as_dict())
    assert "runo" not in str(caught.value.as_dict())


def test_an_error_shows_names_that_can_be_nothing_else(read):
    assert read("StockCode,Menge,Wert\nA,5,1\nB,6,2\n").shown_columns == ("StockCode", "Menge", "Wert")
    assert read("Customer ID,City,Ward\na,b,c\nd,e,f\n").shown_columns == ("Customer ID", "City", "Ward")
    assert read("Zelda,Kansas City\nBruno,Lyon\nCarla,Nice\n").shown_columns == ("column 1", "column 2")
    assert read("Zelda,City,x\nBruno,Lyon,y\nCarla,Nice,z\n").shown_columns == ("column 1", "City", "column 3")


def test_the_note_on_repeated_names_shows_no_value(read):
    raw = read("Zelda,Paris,Zelda\nBruno,Lyon,Bruno\nCarla,Nice,Carla\n")
    assert "Zelda" not in " ".join(raw.notes)
