"""Mapping files with mistakes, and names."""

from __future__ import annotations

import pytest

from satsuma.errors import DefinitionError
from satsuma.sources.countries import country_code, country_codes
from satsuma.sources.mapping import read_mapping
from satsuma.sources.names import free_slug, slug, words


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
