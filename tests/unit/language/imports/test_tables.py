"""Each importer's table: every example becomes what the table says, or is refused with its path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from satsuma.documents import read_document
from satsuma.errors import SatsumaError, WrongUse
from satsuma.language.definitions import read_text
from satsuma.language.imports import IMPORTERS, import_definition
from satsuma.language.imports.tables import Row, rows
from satsuma.language.schema import ANY_NAMES
from small_world import UTC_ZONE

ROWS = [pytest.param(tool, row, id=f"{tool}: {row.part}") for tool in IMPORTERS for row in rows(tool)]


@pytest.mark.parametrize(("tool", "row"), ROWS)
def test_a_row_of_the_table_is_what_happens(tool: str, row: Row) -> None:
    done = import_definition(IMPORTERS[tool].whole(row.example), tool, ANY_NAMES, name="x")
    if row.becomes is None:
        assert done.refused
        assert all(note.message.endswith(".") for note in done.refused)
        assert done.text == ""
        return
    assert done.refused == ()
    value: Any = read_document(done.text, "x.yaml").value
    assert value[done.kind] == "x"
    assert value["where" if done.kind == "segment" else "from"] == row.becomes
    # What comes out is right as it stands, and in the one spelling.
    read = read_text(done.text, done.kind, file="x.yaml", stem="x", zone=UTC_ZONE)
    assert read.problems == ()
    assert all(note.message.endswith(".") for note in done.differences)


@pytest.mark.parametrize("tool", IMPORTERS)
def test_a_table_shows_what_is_taken_and_what_is_refused(tool: str) -> None:
    found = rows(tool)
    assert sum(row.becomes is not None for row in found) >= 15
    assert sum(row.becomes is None for row in found) >= 3
    assert len({row.part for row in found}) == len(found)


@pytest.mark.parametrize("tool", IMPORTERS)
@pytest.mark.parametrize("text", ["{", "[]", "{}", "null", "3", '"x"', '{"name": "x"}', '{"definition": 5}'])
def test_something_else_is_refused_and_never_a_crash(tool: str, text: str) -> None:
    try:
        done = import_definition(text, tool, ANY_NAMES)
    except SatsumaError as error:
        assert error.hint  # noqa: PT017
        return
    # To GrowthBook every object is a condition, the empty one too.
    assert done.refused or (tool == "growthbook" and text.startswith("{"))


def test_an_unknown_tool_names_the_nearest() -> None:
    with pytest.raises(WrongUse, match="is not a tool") as caught:
        import_definition("{}", "post_hog", ANY_NAMES)
    assert caught.value.facts["nearest"] == ["posthog"]


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("posthog", {"filters": {"properties": {"type": "AND", "values": [
            {"type": "person", "key": "a", "value": "1", "colour": "red"}, {"type": "hogql", "key": "1"}]}}}),
        ("klaviyo", {"definition": {"condition_groups": [{"conditions": [
            {"type": "profile-property", "property": "a",
             "filter": {"type": "existence", "operator": "is-set", "x": 1}},
            {"type": "profile-metric-funnel"}]}]}}),
        ("dittofeed", {"entryNode": {"type": "And", "id": "1", "children": ["2", "3"]}, "nodes": [
            {"type": "Broadcast", "id": "2"},
            {"type": "Trait", "id": "3", "path": "a", "operator": {"type": "Near"}}]}),
        ("growthbook", {"a": {"$near": 3}, "b": {"$type": "x"}}),
        ("segment", {"definition": {"query": "trait('a').near(1) AND event('b').first(3) > 2", "type": "USERS"}}),
    ],
)  # fmt: skip
def test_every_part_that_is_refused_is_named_together(tool: str, text: Any) -> None:
    done = import_definition(json.dumps(text), tool, ANY_NAMES, name="x")
    assert len(done.refused) == 2
    assert len({note.path for note in done.refused}) == 2
    assert done.text == ""
