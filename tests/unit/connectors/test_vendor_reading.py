"""Vendor files are read whole, and every mistake in one is named with its line."""

from __future__ import annotations

import re

import pytest

from satsuma.connectors.catalogue import read_vendor, vendor, vendor_names
from satsuma.connectors.paths import read_path
from satsuma.connectors.source_files import read_source_text, source_text
from satsuma.connectors.templates import fill
from satsuma.errors import DefinitionError, WrongUse

RIGHT = """
vendor: shop
settings: {base_url: "https://shop.example.com"}
secrets: {key: {variable: SHOP_KEY, about: The key.}}
auth: {kind: header, name: X-Key, value: "${secrets.key}"}
streams:
  people:
    request: {path: /people, params: {after: "${cursor}", changed: "${since | iso}"}}
    pages: {kind: cursor, cursor: next}
    records: data
    id: id
    updated: changed_at
    rows:
      - load: customers
        person: {id: id, email: email}
        fields: {points: {path: points, type: integer}}
"""


@pytest.mark.parametrize("name", vendor_names())
def test_every_vendor_file_is_right(name: str) -> None:
    found = vendor(name)
    assert found.name == name
    assert all((found.title, found.about))
    assert all(stream.about for stream in found.streams.values())
    assert all(secret.about for secret in found.secrets.values())


def test_a_right_file_is_read_whole() -> None:
    found = read_vendor(RIGHT, "shop.yaml")
    stream = found.streams["people"]
    assert (stream.paging.kind, stream.is_incremental, found.auth.value) == ("cursor", True, "${secrets.key}")
    assert stream.rows[0].fields["points"].type == "integer"


MISTAKES = [
    ("path: /people", "path: '/people/${record.id}'", 8, "'record' is known in 'details' alone"),
    (
        "    records: data\n",
        "    records: data\n    details: {more: {request: {path: /x}}}\n",
        11,
        "A path is expected",
    ),
    ("load: customers", "load: customers\n        each: {function: lines}", 15, "'lines' is not known here"),
    ("kind: header", "kind: haeder", 5, "'haeder' is not a kind"),
    ("${since | iso}", "${sinc | iso}", 8, "'sinc' is no value"),
    ("${since | iso}", "${since | iso9}", 8, "'iso9' is no format"),
    ("${secrets.key}", "${secrets.kee}", 5, "'kee' is not among the secrets"),
    ("cursor: next", "cursor: 'a..b'", 9, "A path is expected"),
    (", cursor: next", "", 9, "'cursor' is needed"),
    ("load: customers", "load: costumers", 14, "'costumers' is not a load"),
    ("    records: data\n", "", 7, "'records' is needed"),
    ("updated: changed_at", "updated_at: changed_at", 12, "'updated_at' is not known here"),
    ("person: {id: id, email: email}", "partial: true", 14, "Rows of customers need 'person'"),
    ("{path: points, type: integer}", "{type: integer}", 16, "One of 'path'"),
    ("{path: points, type: integer}", "{path: points, as: stars}", 16, "'stars' is not known here"),
    ("variable: SHOP_KEY", "variable: shop-key", 4, "An environment variable"),
    ("base_url: ", "address: ", 3, "'base_url' is needed"),
    ("pages: {kind: cursor, cursor: next}", "pages: {kind: cursor, cursor: next, most: 10}", 9, "must be ascending"),
]


@pytest.mark.parametrize(("right", "wrong", "line", "says"), MISTAKES, ids=[item[3] for item in MISTAKES])
def test_a_mistake_is_named_with_its_line(right: str, wrong: str, line: int, says: str) -> None:
    assert right in RIGHT
    with pytest.raises(DefinitionError) as caught:
        read_vendor(RIGHT.replace(right, wrong, 1), "shop.yaml")
    assert (line, True) in [(item.line, says in item.message) for item in caught.value.details], caught.value.details


VALUE = {"a": {"b": [{"c": 1, "n": "x"}, {"c": 2, "n": "y", "f": True}]}, "odd key": 3, "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b[0].c", 1), ("a.b[-1].c", 2), ("a.b[].c", [1, 2]), ("a.b[n=y].c", 2), ("a.b[f=true].c", 2),
     ("a.b[9].c", None), ('"odd key"', 3), ("none.x", None), ("a.b.c", None), ("@", VALUE)],
)  # fmt: skip
def test_a_path_finds_what_stands_there(path: str, found: object) -> None:
    read = read_path(path)
    assert read is not None
    assert read.of(VALUE) == found


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a[b", "a b", "a[]x"])
def test_what_is_no_path_is_not_read_as_one(text: str) -> None:
    assert read_path(text) is None


def test_the_roots_of_a_path_are_other_places() -> None:
    places = {"@": {"id": 1}, "^": {"id": 2}, "$each": {"id": 3}}
    assert [read_path(text).find(places) for text in ("id", "^.id", "$each.id", "$body.id")] == [1, 2, 3, None]  # type: ignore[union-attr]


def test_a_text_with_a_place_that_has_no_value_is_left_out_with_its_key() -> None:
    tree = {"a": "${cursor}", "b": "x:>'${since | iso}'", "c": ["${cursor}", 1], "d": None, "size": "${size}"}
    assert fill(tree, {"cursor": None, "since": None, "size": 5}) == {"c": [1], "d": None, "size": 5}


def test_a_setting_that_is_a_number_is_sent_as_one() -> None:
    assert fill({"first": "${settings.many | number}"}, {"settings": {"many": "20"}}) == {"first": 20}
    with pytest.raises(WrongUse, match="whole number"):
        fill("${settings.many | number}", {"settings": {"many": "twenty"}})


@pytest.mark.parametrize("name", vendor_names())
def test_the_file_of_a_new_source_is_right_as_it_is_written(name: str) -> None:
    found = vendor(name)
    said = {item.name: "any" for item in found.settings.values() if item.required}
    text = source_text(found, said, schedule="every 15m")
    source = read_source_text(text, "mine", "sources/mine.yaml")
    assert source.schedule == "every 15m"
    assert [stream.name for stream in source.streams] == [
        stream.name for stream in found.streams.values() if stream.is_default
    ]
    assert set(source.variables) == set(found.secrets)
    # What is commented out is what holds without it.
    opened = re.sub(r"^# (?=[a-z_]+: )", "", text.split("\nstreams:", 1)[0], flags=re.MULTILINE)
    whole = read_source_text(opened, "mine", "sources/mine.yaml")
    assert dict(whole.settings) == dict(source.settings)
