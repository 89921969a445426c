"""What is right and yet probably not meant, told from definitions alone."""

from __future__ import annotations

from typing import Any

import pytest

import random_worlds as worlds
from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.lint import CODES, Finding, lint
from satsuma.language.logic import Logic
from satsuma.language.types import Segment
from small_world import checked, read

DAY = MICROSECONDS_PER_DAY


def findings(files: dict[str, Any], **options: Any) -> list[Finding]:
    names = {**worlds.NAMES, "lists": ["guests"], "purposes": ["email"]}
    return lint(checked(files, worlds.CATALOG, **names), read(files).documents, **options)


def codes(where: Any, **options: Any) -> list[str]:
    """Return what is found in one segment, lists that nothing reads left out."""
    found = findings({"segments/asked": {"where": where}, "segments/buyers": BUYERS}, **options)
    return [item.code for item in found if item.path == "segments/asked.yaml"]


BUYERS = {"where": {"did": "Order Completed"}}


def judged(where: Any) -> tuple[bool, bool]:
    files = {"segments/asked": {"where": where}, "segments/buyers": BUYERS}
    definitions = checked(files, worlds.CATALOG, **worlds.NAMES)
    condition = definitions.of(Segment)["asked"].where
    logic = Logic(definitions)
    return logic.can_hold(condition), logic.can_fail(condition)


NEVER = [
    {"all": [{"trait": "age", "gt": 3}, {"trait": "age", "lt": 3}]},
    # Whole numbers leave nothing between three and four.
    {"all": [{"trait": "age", "gt": 3}, {"trait": "age", "lt": 4}]},
    {"trait": "age", "between": [3.2, 3.8]},
    {"all": [{"trait": "country", "in": ["FR", "BE"]}, {"trait": "country", "in": ["DE"]}]},
    {"all": [{"trait": "country", "eq": "FR"}, {"not": {"trait": "country", "eq": "FR"}}]},
    {"all": [{"trait": "country", "not_set": True}, {"trait": "country", "neq": "FR"}]},
    {"all": [{"trait": "country", "contains": "a"}, {"trait": "country", "not_contains": "a"}]},
    {"all": [{"trait": "is_member", "eq": True}, {"trait": "is_member", "eq": False}]},
    {"all": [{"trait": "birthday", "before": "2000-01-01"}, {"trait": "birthday", "after": "2001-01-01"}]},
    {"all": [{"trait": "seen", "in_last": "30d"}, {"trait": "seen", "more_than_ago": "60d"}]},
    {"all": [{"trait": "tags", "is_empty": True}, {"trait": "tags", "contains_any": ["x"]}]},
    {"all": [{"did": "Order Completed", "within": "30d"}, {"not_did": "Order Completed", "within": "90d"}]},
    {"all": [{"did": "Order Completed", "where": {"prop": "channel", "eq": "web"}}, {"not_did": "Order Completed"}]},
    {"did": "Order Completed", "count": {"lt": 0}},
    {"all": [{"in_segment": "buyers"}, {"not_did": "Order Completed"}]},
    {"all": [{"in_segment": "buyers"}, {"not_in_segment": "buyers"}]},
    {"all": [{"consent": "email", "is": "granted"}, {"consent": "email", "is": "denied"}]},
    {"all": [{"random": {"percent": 10, "salt": "a"}}, {"not": {"random": {"percent": 20, "salt": "a"}}}]},
    {"trait": "age", "percentile": {"gte": 100}},
    {"none": [{"trait": "country", "is_set": True}, {"trait": "country", "not_set": True}]},
]
ALWAYS = [
    {"did": "Order Completed", "count": {"gte": 0}},
    {"did": "Order Completed", "count": {"gte": 0, "missing": "match"}},
    {"any": [{"trait": "country", "eq": "FR"}, {"trait": "country", "neq": "FR", "missing": "match"}]},
    {"any": [{"trait": "age", "is_set": True}, {"trait": "age", "not_set": True}]},
    {"any": [{"consent": "email", "is": status} for status in ("granted", "denied", "unknown")]},
    {"random": {"percent": 100, "salt": "a"}},
    {"not": {"all": [{"in_segment": "buyers"}, {"not_did": "Order Completed"}]}},
]
BOTH = [
    {"trait": "country", "eq": "FR"},
    {"all": [{"trait": "score", "gt": 3}, {"trait": "score", "lt": 4}]},
    {"any": [{"trait": "country", "eq": "FR"}, {"trait": "country", "neq": "FR"}]},
    {"all": [{"did": "Order Completed", "within": "90d"}, {"not_did": "Order Completed", "within": "30d"}]},
    {"all": [{"trait": "country", "eq": "fr", "case": "ignore"}, {"trait": "country", "neq": "fr"}]},
    {"all": [{"trait": "country", "contains": "a"}, {"trait": "country", "contains": "b"}]},
    # What a text of this month is to one of the last seven days depends on the day.
    {"all": [{"trait": "birthday", "this": "month"}, {"trait": "birthday", "in_last": "40d"}]},
    {"all": [{"trait": "age", "lt": {"trait": "points"}}, {"trait": "age", "gt": {"trait": "points"}}]},
    {"all": [{"random": {"percent": 10, "salt": "a"}}, {"not": {"random": {"percent": 20, "salt": "b"}}}]},
    {"rank": "spend", "top": "100%"},
]


@pytest.mark.parametrize("where", NEVER, ids=str)
def test_what_nobody_can_meet_is_told(where: Any) -> None:
    assert judged(where) == (False, True)


@pytest.mark.parametrize("where", ALWAYS, ids=str)
def test_what_everybody_meets_is_told(where: Any) -> None:
    assert judged(where) == (True, False)


@pytest.mark.parametrize("where", BOTH, ids=str)
def test_what_depends_on_the_data_is_left_open(where: Any) -> None:
    assert judged(where) == (True, True)


def test_a_contradiction_names_the_line_of_the_other_part() -> None:
    text = """\
segment: asked
where:
  all:
    - {trait: country, eq: FR}
    - {trait: age, gt: 30}
    - {trait: age, lt: 20}
"""
    (found,) = [item for item in findings({"segments/asked": text}) if item.path == "segments/asked.yaml"]
    assert (found.code, found.level, found.line) == ("always-false", "warning", 6)
    assert "(line 5)" in found.message
    assert found.hint


def test_a_part_that_changes_nothing_is_told_once() -> None:
    where = {
        "all": [
            {"did": "Order Completed", "count": {"gte": 3}},
            {"did": "Order Completed"},
            {"any": [{"trait": "age", "gt": 3}, {"trait": "age", "gt": 5}]},
        ]
    }
    found = [item for item in findings({"segments/asked": {"where": where}}) if item.path == "segments/asked.yaml"]
    assert [(item.code, item.level) for item in found] == [("redundant", "info")] * 2
    assert codes({"all": [{"trait": "age", "gt": 3}, {"trait": "age", "gt": 3}]}) == ["redundant"]
    assert codes({"all": [{"trait": "age", "gt": 3}, {"trait": "points", "gt": 3}]}) == []


def test_a_part_that_always_or_never_holds_is_told_where_the_whole_is_not() -> None:
    plain = {"trait": "age", "gt": 3}
    assert codes({"all": [plain, {"did": "Order Completed", "count": {"gte": 0}}]}) == ["always-true"]
    assert codes({"any": [plain, NEVER[0]]}) == ["always-false"]


def test_filters_of_events_are_judged_too() -> None:
    never = {"all": [{"prop": "n", "gt": 3}, {"prop": "n", "lt": 3}]}
    assert codes({"did": "Order Completed", "where": never}) == ["always-false"]
    always = {"any": [{"prop": "channel", "is_set": True}, {"prop": "channel", "not_set": True}]}
    assert codes({"did": "Order Completed", "where": always}) == ["always-true"]
    steps = [{"did": "Order Completed"}, {"did": "Page Viewed", "where": never}]
    assert codes({"sequence": {"steps": steps}}) == ["always-false"]


def test_segments_of_one_meaning_are_told_with_the_other_ones_line() -> None:
    one = {"all": [{"trait": "country", "in": ["FR", "BE"]}, {"trait": "age", "gt": 3}]}
    other = {"none": [{"not": {"trait": "age", "gt": 3}}, {"not": {"trait": "country", "in": ["BE", "FR"]}}]}
    found = findings({"segments/a": {"where": one}, "segments/b": {"where": other}, "segments/c": BUYERS})
    same = [item for item in found if item.code == "same-meaning"]
    assert [item.path for item in same] == ["segments/b.yaml"]
    assert "'a' (segments/a.yaml:1)" in same[0].message
    assert "{in_segment: a}" in same[0].hint


@pytest.mark.parametrize(
    ("where", "retention", "expected"),
    [
        ({"did": "Order Completed", "within": "90d"}, 90 * DAY, []),
        ({"did": "Order Completed", "within": "91d"}, 90 * DAY, ["window-over-retention"]),
        ({"did": "Order Completed", "between": {"from": "200d", "to": "100d"}}, 90 * DAY, ["window-over-retention"]),
        ({"did": "Order Completed", "within": {"last_full": "3 months"}}, 90 * DAY, ["window-over-retention"]),
        ({"did": "Order Completed", "within": {"this": "month"}}, 90 * DAY, []),
        ({"did": "Order Completed", "first_time": True, "within": "30d"}, 90 * DAY, ["window-over-retention"]),
        ({"did": "Order Completed"}, 90 * DAY, []),
        ({"did": "Order Completed", "within": "5y"}, None, []),
    ],
)
def test_a_window_longer_than_events_are_kept_is_told(where: Any, retention: int | None, expected: list[str]) -> None:
    # `buyers` beside it would mean the same as the plain one.
    found = findings({"segments/asked": {"where": where}}, retention=retention)
    assert [item.code for item in found if item.path == "segments/asked.yaml"] == expected


def test_what_nothing_reads_is_told_as_a_remark() -> None:
    files = {
        "traits/read": {"formula": "age + 1"},
        "traits/idle": {"formula": "age + 2"},
        "traits/exported": {"formula": "age + 3"},
        "segmentations/stage": {"method": "bands", "trait": "read", "cuts": [3]},
        "segments/guests": {"where": {"all": [{"trait": "age", "gt": 3}, {"list": "guests"}]}},
    }
    found = findings(files, used=["exported"])
    assert {(item.code, item.level, item.path) for item in found} == {
        ("unused", "info", "traits/idle.yaml"),
        ("unused", "info", "segmentations/stage.yaml"),
    }
    assert [item.path for item in findings({"segments/asked": BUYERS})] == ["lists/guests"]


def test_a_definition_that_is_all_right_has_no_finding() -> None:
    where = {"all": [{"trait": "age", "gt": 3}, {"list": "guests"}, {"not_did": "Order Completed", "within": "90d"}]}
    assert findings({"segments/asked": {"where": where}}, retention=365 * DAY) == []


def test_a_question_that_would_take_too_long_is_left_open() -> None:
    """Sixty independent parts have more combinations than anybody can look at: no finding, and no waiting."""
    parts = [{"any": [{"rank": "spend", "top": 2 * n + 1}, {"rank": "spend", "bottom": 2 * n + 2}]} for n in range(30)]
    assert judged({"none": [{"all": parts}, {"not": {"all": parts}}]})[1]


def test_every_code_is_one_that_is_explained() -> None:
    files = {f"segments/n{number}": {"where": where} for number, where in enumerate([*NEVER, *ALWAYS])}
    found = findings({**files, "segments/buyers": BUYERS}, retention=DAY)
    assert {"always-false", "always-true", "unused"} <= {item.code for item in found} <= set(CODES)
    assert {item.level for item in found} == {"warning", "info"}
