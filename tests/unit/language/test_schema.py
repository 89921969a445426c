"""The JSON Schema takes every right definition, refuses what the reader refuses, and names what a workspace knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma import documents
from satsuma.language.definitions import METHODS
from satsuma.language.operators import OPERATORS, Shape
from satsuma.language.reading_conditions import AGGREGATES_OF, AGGREGATES_TIME, LEAF_KEYS
from satsuma.language.reading_habits import HABITS
from satsuma.language.schema import ANY_NAMES, Names, _Schema, definition_schema, names_of
from satsuma.language.schema_methods import SETTINGS_SCHEMAS
from satsuma.language.types import PERIOD_AGGREGATES
from satsuma.traits.library import entries
from small_world import checked

ROOT = Path(__file__).parents[3]
ANY = jsonschema.Draft202012Validator(definition_schema())
WORLD = Names(
    traits=worlds.ALL_TRAITS,
    events={event: [*types, "umsatz"] for event, types in worlds.PROPERTIES.items()},
    segments=["staff", "buyers", *(f"s{number}" for number in range(9))],
    labels={"rfm": ["Champions", "No orders"], "fitted": None},
    lists=["guests", "gala_guests"],
    purposes=["email_marketing"],
    regions=["north"],
)
IN_WORLD = jsonschema.Draft202012Validator(definition_schema("segment", WORLD))


def segment(where: Any) -> dict[str, Any]:
    return {"segment": "a", "where": where}


def case_definitions() -> Iterator[Any]:
    """Yield every definition of the conformance cases."""
    for path in sorted((ROOT / "tests" / "conformance" / "cases").glob("*.yaml")):
        for case in documents.read_file(path).value["cases"]:
            bodies = [segment(case["where"]), *(segment(where) for where in case.get("segments", {}).values())]
            bodies += [{"trait": "a", **body} for body in case.get("computed", {}).values()]
            for number, body in enumerate(bodies):
                yield pytest.param(body, id=f"{path.stem}: {case['it']} {number}")


@pytest.mark.parametrize("body", list(case_definitions()))
def test_every_conformance_case_is_valid(body: Any) -> None:
    ANY.validate(body)


def example_files() -> list[Path]:
    return sorted((ROOT / "examples").rglob("definitions/*/*.yaml"))


@pytest.mark.parametrize("path", example_files(), ids=lambda path: path.stem)
def test_every_definition_of_the_examples_is_valid(path: Path) -> None:
    ANY.validate(documents.read_file(path).value)


def test_every_definition_on_a_page_is_valid() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    blocks = [block for page in pages for block in page.read_text(encoding="utf-8").split("```yaml")[1:]]
    found = 0
    for block in blocks:
        text = block.partition("\n")[2].partition("```")[0]
        value = documents.read_document(text, "page").value
        if isinstance(value, dict) and {"segment", "segmentation", "trait"} & value.keys():
            ANY.validate(value)
            found += 1
    assert found >= 2


@pytest.mark.parametrize("entry", list(entries()), ids=lambda entry: entry.strip().partition("\n")[0])
def test_every_built_in_trait_is_valid(entry: str) -> None:
    value = documents.read_document(entry, "library").value
    if value is not None:
        ANY.validate({key: inner for key, inner in value.items() if key not in ("needs", "if")})


SEGMENTATIONS = [
    {"method": "bands", "trait": "age", "cuts": [25, 45]},
    {"method": "bands", "trait": "country", "values": "all", "most": 20, "missing": "Unknown"},
    {"method": "bands", "trait": "country", "values": {"West": ["FR", "BE"], "East": "PL"}, "otherwise": "Other"},
    {"method": "rules", "rules": [{"label": "New", "where": {"did": "Order Completed", "first_time": True}}]},
    {"method": "rfm", "window": "2y", "map": {"Stars": ["R4-5 F4-5"], "Others": ["R1-3 F1-5", "R4-5 F1-3"]}},
    {"method": "rfm", "thresholds": {"recency": [30, "90d"], "frequency": [2, 5], "monetary": [1, 2]}, "scores": 3},
    {"method": "rfm", "window": {"last_full": "2 months"}},
    {"method": "lifecycle", "slipping_after": 2, "shortest": "7d"},
    {"method": "affinity", "of": "category", "by": "revenue", "index": 120},
    {"method": "cross", "of": ["a", "b"]},
]


@pytest.mark.parametrize("body", SEGMENTATIONS, ids=json.dumps)
def test_every_method_has_its_settings(body: Any) -> None:
    ANY.validate({"segmentation": "a", **body})


WRONG: list[Any] = [
    {},
    {"segment": "a"},
    {"segment": "A b", "where": {"trait": "age", "gt": 1}},
    {"segment": "a", "where": {"trait": "age", "gt": 1}, "colour": "red"},
    segment({"trait": "age"}),
    segment({"trait": "age", "gt": 1, "lt": 3}),
    segment({"trait": "age", "greater": 1}),
    segment({"trait": "age", "is_set": False}),
    segment({"trait": "age", "between": [1]}),
    segment({"trait": "country", "in": []}),
    segment({"trait": "country", "eq": "FR", "case": "lower"}),
    segment({"trait": "birthday", "in_next": "30 days"}),
    segment({"trait": "birthday", "this": "decade"}),
    segment({"trait": "birthday", "anniversary": {"eq": "2024-03-01"}}),
    segment({"trait": "place", "within_km": 5, "of": {"lat": 95, "lon": 2}}),
    segment({"trait": "place", "in_polygon": [[1, 2], [3, 4]]}),
    segment({"trait": "tags", "size": {"around": 3}}),
    segment({"trait": "plan", "has_been": "pro"}),
    segment({"trait": "plan", "changed": {"into": "pro"}}),
    segment({"did": "Order Completed", "count": 3}),
    segment({"did": "Order Completed", "count": {"gte": 3}, "sum": {"of": "revenue", "gt": 1}}),
    segment({"did": "Order Completed", "sum": {"gt": 500}}),
    segment({"did": "Order Completed", "within": "90d", "between": {"from": "9d"}}),
    segment({"did": "Order Completed", "within": {"last_full": "2 fortnights"}}),
    segment({"did": "Order Completed", "where": {"trait": "age", "gt": 1}}),
    segment({"did": "Order Completed", "regularly": {"in": 3, "of_last": 4}}),
    segment({"not_did": "Order Completed", "count": {"gte": 1}}),
    segment({"did": "a", "trait": "b"}),
    segment({"all": {"trait": "age", "gt": 1}}),
    segment({"all": []}),
    segment({"all": [{"trait": "age", "gt": 1}], "any": [{"trait": "age", "gt": 1}]}),
    segment({"not": [{"trait": "age", "gt": 1}]}),
    segment({"segmentation": "rfm"}),
    segment({"segmentation": "rfm", "is": ["Champions"]}),
    segment({"rank": "spend", "top": 0}),
    segment({"rank": "spend", "top": "20%", "bottom": 3}),
    segment({"rank": "spend", "top": 3, "among": "buyers"}),
    segment({"random": {"percent": 10}}),
    segment({"consent": "email", "is": "yes"}),
    segment({"entered": "buyers"}),
    segment({"account": {"some": {"trait": "age", "gt": 1}}}),
    segment({"sequence": {"steps": [{"did": "a"}]}}),
    segment({"sequence": {"match": "best", "steps": [{"did": "a"}, {"did": "b"}]}}),
    segment([{"trait": "age", "gt": 1}]),
    {"trait": "a", "formula": "b + 1", "from": {"did": "c"}},
    {"trait": "a", "from": {"did": "c", "count": {"gte": 1}}},
    {"trait": "a", "formula": "b", "kind": "financial"},
    {"segmentation": "a", "method": "kmeans"},
    {"segmentation": "a", "method": "bands", "cuts": [1]},
    {"segmentation": "a", "method": "rfm", "scoring": "best"},
    {"segmentation": "a", "method": "rules", "rules": [{"label": "x"}]},
    {"segmentation": "a", "method": "cross", "of": ["a"]},
]


@pytest.mark.parametrize("body", WRONG, ids=json.dumps)
def test_what_is_wrong_is_not_valid(body: Any) -> None:
    assert not ANY.is_valid(body)


@pytest.mark.parametrize(
    ("where", "right"),
    [
        ({"trait": "country", "in": ["FR"]}, True),
        ({"trait": "land", "in": ["FR"]}, False),
        ({"trait": "age", "gt": 30}, True),
        ({"trait": "age", "gt": "30"}, False),
        ({"trait": "age", "contains": "3"}, False),
        ({"trait": "is_member", "eq": True}, True),
        ({"trait": "is_member", "eq": "yes"}, False),
        ({"trait": "birthday", "before": "1990-05-01"}, True),
        ({"trait": "birthday", "before": 1990}, False),
        ({"trait": "age", "gt": {"trait": "points"}}, True),
        ({"trait": "age", "gt": {"trait": "pointz"}}, False),
        ({"did": "Order Completed", "where": {"prop": "channel", "eq": "web"}}, True),
        ({"did": "Order Completed", "where": {"prop": "umsatz", "gt": 5}}, True),
        ({"did": "Order Completed", "where": {"prop": "chanel", "eq": "web"}}, False),
        ({"did": "Order Complete"}, False),
        ({"in_segment": "staff"}, True),
        ({"in_segment": "stuff"}, False),
        ({"segmentation": "rfm", "is": "Champions"}, True),
        ({"segmentation": "rfm", "is": "Champion"}, False),
        ({"segmentation": "fitted", "is": "whatever"}, True),
        ({"segmentation": "rfx", "is": "Champions"}, False),
        ({"list": "gala_guests"}, True),
        ({"list": "gala"}, False),
        ({"consent": "email_marketing", "is": "granted"}, True),
        ({"consent": "sms", "is": "granted"}, False),
    ],
)  # fmt: skip
def test_names_of_the_workspace_are_known(where: Any, right: bool) -> None:
    assert IN_WORLD.is_valid(segment(where)) is right


@pytest.mark.parametrize("kind", [None, "segment", "trait", "segmentation"])
@pytest.mark.parametrize("names", [ANY_NAMES, WORLD, Names()], ids=["language", "workspace", "empty workspace"])
def test_the_schema_is_one_itself(kind: str | None, names: Names) -> None:
    schema = definition_schema(kind, names)
    jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    assert '"x-' not in text
    assert schema["$schema"].endswith("2020-12/schema")


def test_one_kind_takes_only_that_kind() -> None:
    validator = jsonschema.Draft202012Validator(definition_schema("trait"))
    validator.validate({"trait": "a", "formula": "b + 1"})
    assert not validator.is_valid(segment({"trait": "age", "gt": 1}))


@pytest.mark.parametrize(
    "word", [*OPERATORS, *AGGREGATES_OF, *AGGREGATES_TIME, *PERIOD_AGGREGATES, *HABITS, *LEAF_KEYS]
)
def test_every_word_of_the_language_is_in_the_schema(word: str) -> None:
    assert f'"{word}": {{' in json.dumps(definition_schema("segment"))


@pytest.mark.parametrize("shape", get_args(Shape))
def test_every_shape_has_its_operand(shape: Any) -> None:
    assert isinstance(_Schema(ANY_NAMES).operand(shape, None, of_event=False, alone=True), dict)


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_of_a_method_is_in_the_schema(name: str) -> None:
    assert set(SETTINGS_SCHEMAS[name]) == set(METHODS[name].settings)


def test_operators_are_described_in_their_own_words() -> None:
    assert f'"The value {OPERATORS["in_last"].words}."' in json.dumps(definition_schema())


@given(data=st.data())
def test_every_random_definition_is_valid_with_names_and_without(data: st.DataObject) -> None:
    files = data.draw(worlds.settings_of_time.flatmap(worlds.definitions))
    found = checked(files, worlds.CATALOG, **worlds.NAMES)
    names = names_of(found.vocabulary, (), found)
    in_world = jsonschema.Draft202012Validator(definition_schema(None, names))
    for path, body in files.items():
        folder, name = path.split("/")
        value = json.loads(json.dumps({folder.removesuffix("s"): name, **body}))
        ANY.validate(value)
        in_world.validate(value)
        assert in_world.is_valid({**value, "where": {"in_segment": name}}) is (folder == "segments")
