"""Definitions in words: one line per leaf, and what becomes of who has no value is said."""

from __future__ import annotations

from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

import random_worlds as worlds
from satsuma.errors import NotFound
from satsuma.evaluation.algebra import answer
from satsuma.language import types
from satsuma.language.checker import Checked
from satsuma.language.explain import explain, explain_segment, phrase
from satsuma.language.types import Segment, Trait
from small_world import checked

PARIS = ZoneInfo("Europe/Paris")


def checked_segment(where: Any) -> Checked:
    files: dict[str, Any] = {f"traits/{name}": {"from": source} for name, (source, _) in worlds.COMPUTED.items()}
    files["segments/staff"] = {"where": {"trait": "age", "gt": 1}}
    files["segments/asked"] = {"where": where}
    return checked(files, worlds.CATALOG, PARIS, lists=["gala_guests"])


def words(where: Any) -> str:
    return explain_segment(checked_segment(where), "asked")


def leaf(where: Any) -> str:
    """Return the line of one leaf."""
    first, line = words(where).split("\n")
    assert first == "Everybody for whom this holds:"
    return line.removeprefix("- ")


LEAVES: list[tuple[dict[str, Any], str]] = [
    ({"trait": "country", "eq": "FR"}, "'country' is 'FR'"),
    ({"trait": "country", "neq": "FR"}, "'country' is known and is not 'FR'"),
    ({"trait": "country", "neq": "FR", "missing": "match"}, "'country' is not 'FR', or is not known"),
    ({"trait": "country", "not_in": ["FR", "BE"]}, "'country' is known and is none of 'FR' or 'BE'"),
    ({"trait": "country", "in": ["FR", "BE", "LU"]}, "'country' is one of 'FR', 'BE' or 'LU'"),
    ({"trait": "country", "contains": "é", "case": "ignore", "fold": True},
     "'country' contains 'é' (case and accents ignored)"),
    ({"trait": "country", "not_contains": "a\nb"}, "'country' is known and does not contain 'a\\nb'"),
    ({"trait": "country", "not_set": True}, "'country' is not known"),
    ({"trait": "country", "is_empty": True}, "'country' is empty or not known"),
    ({"trait": "country", "country_code_in": [33, 49]}, "'country' has a calling code out of +33 or +49"),
    ({"trait": "country", "version_lt": "3.2"}, "'country' is a version before '3.2'"),
    ({"trait": "age", "gte": 1234567.5}, "'age' is at least 1,234,567.5"),
    ({"trait": "age", "between": [25, 44]}, "'age' is between 25 and 44, both included"),
    ({"trait": "age", "not_between": [25, 44]}, "'age' is known and is not between 25 and 44, both included"),
    ({"trait": "age", "gt": {"trait": "points"}}, "'age' is more than the value of 'points'"),
    ({"trait": "is_member", "eq": True}, "'is_member' is yes"),
    ({"trait": "tags", "size": {"gte": 2}}, "'tags' has at least 2 entries"),
    ({"trait": "tags", "size": 1}, "'tags' has exactly 1 entry"),
    ({"trait": "tags", "contains_none": ["vip"]}, "'tags' is known and contains none of 'vip'"),
    ({"trait": "birthday", "before": "1990-05-01"}, "'birthday' is before 1 May 1990"),
    ({"trait": "birthday", "in_next": "30d"}, "'birthday' is in the next 30 days"),
    ({"trait": "birthday", "more_than_ago": "1y"}, "'birthday' is at least 365 days ago"),
    ({"trait": "birthday", "between_ago": {"from": "9d", "to": "2d"}},
     "'birthday' is less than 9 days ago and at least 2 days ago"),
    ({"trait": "birthday", "last": "quarter"}, "'birthday' is in the last full quarter"),
    ({"trait": "seen", "gt": "2024-07-01T08:30:00"}, "'seen' is after 1 July 2024, 08:30 (Europe/Paris)"),
    ({"did": "Order Completed"}, "did 'Order Completed' at least once"),
    ({"did": "Order Completed", "within": "90d"},
     "did 'Order Completed' at least once in the 90 days up to the moment"),
    ({"not_did": "Order Completed"}, "did not do 'Order Completed' at any time"),
    ({"not_did": "Order Completed", "within": "1d"}, "did not do 'Order Completed' in the 1 day up to the moment"),
    ({"did": "Order Completed", "count": {"lte": 3}}, "did 'Order Completed' at most 3 times (never counts, too)"),
    ({"did": "Order Completed", "count": {"between": [2, 3]}},
     "the number of 'Order Completed' is between 2 and 3, both included"),
    ({"did": "Order Completed", "count": {"not_in": [2]}},
     "the number of 'Order Completed' is none of 2 (never counts, too)"),
    ({"did": "Order Completed", "count": {"gte": 3}, "between": {"from": "365d", "to": "60d"}},
     "did 'Order Completed' at least 3 times between 365 days and 60 days before the moment"),
    ({"did": "Order Completed", "since": "2024-03-01", "until": "2024-03-31"},
     "did 'Order Completed' at least once from 1 March 2024 on and up to and including 31 March 2024"),
    ({"did": "Order Completed", "sum": {"of": "umsatz", "gt": 500}, "within": "9d"},
     "the sum of 'revenue' over 'Order Completed' in the 9 days up to the moment is more than 500 (0 where there are none)"),  # noqa: E501
    ({"did": "Order Completed", "avg": {"of": "n", "neq": 2}},
     "the average of 'n' over 'Order Completed' is known and is not 2"),
    ({"did": "Order Completed", "mode": {"of": "channel", "eq": "web"}},
     "the most frequent 'channel' of 'Order Completed' is 'web'"),
    ({"did": "Order Completed", "distinct": {"of": "channel", "gte": 2}},
     "the number of different 'channel' of 'Order Completed' is at least 2 (0 where there are none)"),
    ({"did": "Order Completed", "days_active": {"gte": 5}},
     "the number of days with 'Order Completed' is at least 5 (0 where there are none)"),
    ({"did": "Order Completed", "first_time": True, "within": "30d"},
     "did 'Order Completed' for the first time in the 30 days up to the moment"),
    ({"did": "Order Completed", "last_time": True}, "did 'Order Completed' for the last time at any time"),
    ({"did": "Order Completed", "where": {"prop": "channel", "neq": "web"}},
     "did 'Order Completed' at least once, counting only those whose 'channel' is known and is not 'web'"),
    ({"in_segment": "staff"}, "is in the segment 'staff'"),
    ({"not_in_segment": "staff"}, "is not in the segment 'staff'"),
    ({"rank": "spend", "top": "20%"},
     "is among the 20% with the highest 'spend' of everybody who has one (ties at the border included)"),
    ({"rank": "spend", "bottom": 1000, "among": {"segment": "staff"}, "ties": "exclude"},
     "is among the 1,000 with the lowest 'spend' of the segment 'staff' (ties at the border left out)"),
    ({"trait": "age", "percentile": {"gte": 90}}, "the percentile of 'age' of everybody who has one is at least 90"),
    ({"list": "gala_guests"}, "is on the list 'gala_guests'"),
    ({"random": {"percent": 12.5, "salt": "spring"}}, "is in the random 12.5% drawn with the salt 'spring'"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "expected"), LEAVES, ids=[text for _, text in LEAVES])
def test_a_leaf_is_one_line_that_says_what_it_means(where: dict[str, Any], expected: str) -> None:
    assert leaf(where) == expected


def test_a_tree_is_indented_and_not_says_that_it_includes_the_missing() -> None:
    where = {
        "all": [
            {"trait": "country", "neq": "FR"},
            {"any": [{"in_segment": "staff"}, {"not": {"trait": "country", "eq": "BE"}}]},
            {
                "did": "Order Completed",
                "count": {"gte": 3},
                "where": {"all": [{"prop": "revenue", "gte": 50}, {"none": [{"prop": "channel", "eq": "web"}]}]},
            },
        ]
    }
    assert words(where) == (
        "Everybody who meets all of these:\n"
        "- 'country' is known and is not 'FR'\n"
        "- at least one of these:\n"
        "    - is in the segment 'staff'\n"
        "    - the opposite of this (who has no value for it is included):\n"
        "        - 'country' is 'BE'\n"
        "- did 'Order Completed' at least 3 times, counting only those for which this holds:\n"
        "    - all of these:\n"
        "        - 'revenue' is at least 50\n"
        "        - none of these (who has no value for one does not meet it):\n"
        "            - 'channel' is 'web'"
    )


def test_traits_are_explained_by_what_they_measure() -> None:
    definitions = checked(
        {
            "traits/spent": {"from": {"did": "Order Completed", "sum": {"of": "revenue"}, "within": "90d"}},
            "traits/favourite": {
                "from": {"did": "Order Completed", "mode": {"of": "channel"}, "where": {"prop": "n", "gt": 1}}
            },
            "traits/basket": {"formula": "spent / age"},
        },
        worlds.CATALOG,
    )
    told = {name: explain(trait, definitions) for name, trait in definitions.of(Trait).items()}
    assert told == {
        "spent": "The sum of 'revenue' over 'Order Completed' in the 90 days up to the moment. "
        "Where there are none, it is 0.",
        "favourite": "The most frequent 'channel' of 'Order Completed', counting only those whose 'n' is more than 1. "
        "Where there are none, it has no value.",
        "basket": "spent / age\n"
        "It is computed from 'age' and 'spent'; where one has no value, nor has it, unless the formula says so.",
    }


def test_an_unknown_segment_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="Did you mean 'asked'"):
        explain_segment(checked_segment({"trait": "age", "gt": 1}), "aked")


@pytest.mark.parametrize("kind", list(get_args(types.Leaf)), ids=lambda kind: kind.__name__)
def test_every_kind_of_leaf_is_explained_and_answered(kind: type) -> None:
    assert phrase.dispatch(kind) is not phrase.dispatch(object)
    assert answer.dispatch(kind) is not answer.dispatch(object)


def test_every_kind_of_leaf_has_its_line_in_this_table() -> None:
    found = {type(checked_segment(where).of(Segment)["asked"].where) for where, _ in LEAVES}
    assert found == set(get_args(types.Leaf)) - {types.LabelLeaf}


def test_a_segmentation_of_rules_shows_each_rule_and_labels_are_named() -> None:
    definitions = checked(
        {
            "segmentations/stage": {
                "method": "rules",
                "rules": [
                    {"label": "New", "where": {"did": "Order Completed", "first_time": True, "within": "30d"}},
                    {
                        "label": "Grown",
                        "where": {"all": [{"trait": "age", "gte": 18}, {"trait": "tags", "is_set": True}]},
                    },
                ],
                "otherwise": "Other",
            },
            "segments/asked": {"where": {"segmentation": "stage", "is": "New"}},
            "segments/others": {"where": {"segmentation": "stage", "not_in": ["New", "Other"]}},
        },
        worlds.CATALOG,
    )
    told = {item.name: explain(item, definitions) for item in definitions.ordered}
    assert told["asked"].endswith("- has the label 'New' in the segmentation 'stage'")
    assert told["others"].endswith("- has none of the labels 'New' or 'Other' in the segmentation 'stage'")
    assert "'New', where this holds:\n- did 'Order Completed' for the first time" in told["stage"]
    assert "'Grown', with all of these:\n- 'age' is at least 18\n- 'tags' is known" in told["stage"]
