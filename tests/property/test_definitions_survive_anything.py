"""Whatever stands in a definition file, reading it gives a definition or a list of mistakes, never a crash."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma import documents
from satsuma.documents import DocumentError, read_document
from satsuma.errors import DefinitionError
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.explain import explain
from satsuma.language.operators import OPERATORS
from satsuma.language.reading_conditions import AGGREGATES_OF, AGGREGATES_TIME, GROUP_KEYS, LEAF_KEYS
from satsuma.language.reading_habits import HABITS
from satsuma.language.reading_windows import CALENDAR_KEYS, WINDOW_KEYS
from small_world import checked

UTC = ZoneInfo("UTC")
WORDS = [
    *OPERATORS, *GROUP_KEYS, *LEAF_KEYS, *WINDOW_KEYS, *CALENDAR_KEYS, *HABITS, *AGGREGATES_OF, *AGGREGATES_TIME,
    "where", "of", "prop", "case",
    "fold", "missing", "percentile", "among", "ties", "top", "bottom", "percent", "salt", "from", "to", "segment",
    "trait", "title", "kind", "type", "formula", "entity", "is", "count", "method", "sequence", "anniversary",
]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**30), 10**30), st.floats(), st.text(max_size=12),
    st.sampled_from([
        *worlds.TRAITS, *worlds.PROPERTIES, "s0", "a", "90d", "0d", "1000000d", "999999y", "20%", "0%", "1e999",
        "match", "ignore", "0001-01-01", "9999-12-31", "2024-02-30", "2024-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00+10:00", "month", "(", "[a", "\U0001f600", "\x00", "\u0301", "country + 1", "3.2.0",
        "orders / 0", "9" * 400,
    ]),
)  # fmt: skip
TREES = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), inner, max_size=4),
    ),
    max_leaves=12,
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
#: Starts that look like a leaf, so that what is wrong with it stands deeper.
LEAVES = st.builds(
    lambda head, name, rest: {head: name, **rest},
    st.sampled_from(LEAF_KEYS),
    st.sampled_from([*worlds.TRAITS, *worlds.PROPERTIES, "a", "s0"]),
    st.dictionaries(st.sampled_from(WORDS), TREES, max_size=3),
)


def read_and_check(text: str, kind: Any) -> list[str]:
    """Return the mistakes of a text, each as a sentence; explain it where there are none."""
    read = read_text(text, kind, file="segments/a.yaml", stem="a", zone=UTC)
    try:
        found = check_all(read, Vocabulary(catalog=worlds.CATALOG, lists=frozenset({"a"})))
    except DefinitionError as error:
        for problem in error.details:
            assert problem.path == "segments/a.yaml"
            assert problem.line is None or problem.line >= 1
            assert problem.message.endswith((".", "?")), problem.message
            assert "Traceback" not in problem.message
            assert " object at 0x" not in problem.message
        return [str(problem) for problem in error.details]
    for definition in found.ordered:
        assert explain(definition, found)
    return []


@given(where=st.one_of(TREES, LEAVES, worlds.groups(LEAVES)))
@example(where={"did": "Order Completed", "until": "9999-12-31", "since": "0001-01-01"})
@example(where={"trait": "seen", "lte": "9999-12-31"})
@example(where={"trait": "country", "matches": {"trait": "city"}})
@example(where={"trait": "age", "eq": float("nan")})
@example(where={"trait": "age", "eq": float("inf")})
@example(where={"trait": "age", "eq": 10**400})
@example(where={"rank": "age", "top": 10**400})
@example(where={"did": "Order Completed", "sum": {"of": "revenue", "gt": {"trait": "spend"}}})
def test_any_condition_is_read_or_refused(where: Any) -> None:
    read_and_check(json.dumps({"segment": "a", "where": where}), "segment")


@given(body=st.dictionaries(st.sampled_from(["from", "formula", "type", "kind", "unit", "title"]), TREES, max_size=4))
def test_any_trait_is_read_or_refused(body: dict[str, Any]) -> None:
    read_and_check(json.dumps({"trait": "a", **body}), "trait")


@given(text=st.text(st.sampled_from(list("ab: -[]{}&*!|>'\"#%,?\n\t0.~<e")), max_size=60))
@example("a: &a [*a, *a]")
@example("- " * 5_000)
@example("[" * 50_000)
@example("{a: " * 50_000)
@example("? " * 20_000)
@example("a: !!python/object/apply:os.system [x]")
@example("a: " + "9" * 10_000)
@example("&a a: 1\n*a : 2")
def test_any_text_is_a_document_or_one_problem_with_its_line(text: str) -> None:
    with suppress(DocumentError):
        read_document(text, "file.yaml")
    read_and_check(text, "segment")


def test_a_bomb_of_aliases_stops_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (problem,) = read_and_check("\n".join(lines), "segment")
    assert f"{documents.MAX_NODES:,}" in problem


@given(
    value=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), FINITE,
                  st.text(max_size=20)),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
        max_leaves=20,
    )
)  # fmt: skip
def test_json_is_read_as_what_it_says(value: Any) -> None:
    # The few characters that YAML does not take raw are escaped, as json.dumps does by itself.
    text = json.dumps(value)
    if "\\ud8" in text or "\\udb" in text or "\\ud9" in text or "\\uda" in text:
        text = json.dumps(value, ensure_ascii=False)
    try:
        document = read_document(text, "file.json")
    except DocumentError as error:
        # A lone half of a pair, or a character YAML does not allow: refused, not mangled.
        assert "not valid YAML" in error.problem.message  # noqa: PT017
        return
    assert document.value == value


@given(data=st.data())
def test_a_definition_read_twice_is_the_same_and_hashes_alike(data: st.DataObject) -> None:
    setting = data.draw(worlds.settings_of_time)
    files = data.draw(worlds.definitions(setting))
    once = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)
    again = checked(files, worlds.CATALOG, setting.zone, **worlds.NAMES)
    assert once.ordered == again.ordered
    assert [hash(item) for item in once.ordered] == [hash(item) for item in again.ordered]
    for definition in once.ordered:
        words = explain(definition, once)
        assert words.strip()
        assert "{" not in words.replace("'{", "")
