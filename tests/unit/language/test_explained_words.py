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
    return checked(files, worlds.CATALOG, PARIS, **{**worlds.NAMES, "lists": ["gala_guests"]})


def words(where: Any) -> str:
    return explain_segment(checked_segment(where), "asked")


def leaf(where: Any) -> str:
    """Return the line of one leaf, of a sequence with those of its steps."""
    first, line = words(where).split("\n", 1)
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
    ({"trait": "country", "has_been": ["FR", "BE"], "for": {"gte": "30d"}},
     "'country' is one of 'FR' or 'BE', and this has held without a break for at least 30 days"),
    ({"trait": "orders", "has_been": 1, "for": {"lt": "1d"}, "missing": "match"},
     "'orders' is 1, or is not known, and this has held without a break for less than 1 day"),
    ({"trait": "country", "changed": {"from": "FR", "to": "BE", "within": "14d"}},
     "'country' changed from 'FR' to 'BE' in the 14 days up to the moment"),
    ({"trait": "country", "changed": {}}, "'country' changed at any time"),
    ({"entered": "staff", "within": "14d"}, "entered the segment 'staff' in the 14 days up to the moment"),
    ({"left": "staff", "within": "1d"}, "left the segment 'staff' in the 1 day up to the moment"),
    ({"did": "Order Completed", "within": {"last_full": "2 months"}},
     "did 'Order Completed' at least once in the last 2 full months"),
    ({"did": "Order Completed", "within": {"last_full": "year"}, "since": "2024-03-01"},
     "did 'Order Completed' at least once in the last full year and from 1 March 2024 on"),
    ({"not_did": "Order Completed", "within": {"this": "week"}},
     "did not do 'Order Completed' in this week up to the moment"),
    ({"did": "Order Completed", "within": {"on": "2024-03-31"}},
     "did 'Order Completed' at least once on 31 March 2024"),
    ({"did": "Order Completed", "regularly": {"in": 3, "of_last": 4, "period": "week"}},
     "did 'Order Completed' in at least 3 of the last 4 full weeks"),
    ({"did": "Order Completed", "weeks_active": {"lt": 3}, "within": {"last_full": "4 weeks"}},
     "the number of weeks with 'Order Completed' in the last 4 full weeks is less than 3 (0 where there are none)"),
    ({"trait": "birthday", "anniversary": {"in_next": "7d"}},
     "'birthday' has an anniversary that is in the next 7 days"),
    ({"trait": "seen", "anniversary": {"on": "2024-02-29"}, "missing": "match"},
     "'seen' has an anniversary that is on 29 February 2024, or is not known"),
    ({"trait": "home", "within_km": 25, "of": {"lat": 48.86, "lon": -2.35}},
     "'home' is within 25 km of latitude 48.86, longitude -2.35"),
    ({"trait": "home", "in_polygon": [[48, 2], [49, 2], [49, 3], [48, 2]]}, "'home' is in the polygon with 3 corners"),
    ({"trait": "home", "in_region": "square", "missing": "match"},
     "'home' is in the region 'square', or is not known"),
    ({"sequence": {"steps": [{"did": "Page Viewed", "within": "7d"}, {"not_did": "Order Completed"}]}},
     ("went through these steps in their order, from any start:\n"
      "    - did 'Page Viewed' in the 7 days up to the moment\n"
      "    - then did not do 'Order Completed' after it up to the moment")),
    ({"consent": "email", "is": "granted"}, "has given consent to 'email'"),
    ({"consent": "email", "is": "denied"}, "has refused consent to 'email'"),
    ({"consent": "email", "is": "unknown"}, "has decided nothing yet about 'email'"),
    ({"account": {"any": {"trait": "industry", "eq": "software"}}},
     "belongs to an account for which this holds: 'industry' is 'software'"),
    ({"account": {"all": {"did": "Order Completed"}}},
     "belongs to at least one account, and for each of them this holds: did 'Order Completed' at least once"),
    ({"account": {"none": {"trait": "employees", "gte": 50}}},
     "belongs to no account for which this holds (or to none at all): 'employees' is at least 50"),
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


def test_habits_are_said_by_the_windows_that_they_mean() -> None:
    stopped = {"did": "Order Completed", "stopped": {"active": "60d", "then_quiet": "30d"}}
    assert words({**stopped, "where": {"prop": "n", "gt": 1}}) == (
        "Everybody who meets all of these:\n"
        "- did 'Order Completed' at least once between 90 days and 30 days before the moment, "
        "counting only those whose 'n' is more than 1\n"
        "- did not do 'Order Completed' in the 30 days up to the moment, counting only those whose 'n' is more than 1"
    )
    assert words({"did": "Order Completed", "restarted": {"quiet": "30d", "then_active": "7d"}}) == (
        "Everybody who meets all of these:\n"
        "- did 'Order Completed' at least once 37 days or more before the moment\n"
        "- did not do 'Order Completed' between 37 days and 7 days before the moment\n"
        "- did 'Order Completed' at least once in the 7 days up to the moment"
    )


def test_what_is_asked_of_accounts_stands_below_when_it_is_long() -> None:
    inner = {"all": [{"trait": "industry", "eq": "software"}, {"trait": "employees", "gt": 9}]}
    assert words({"account": {"any": inner}}) == (
        "Everybody for whom this holds:\n"
        "- belongs to an account for which this holds:\n"
        "    - all of these:\n"
        "        - 'industry' is 'software'\n"
        "        - 'employees' is more than 9"
    )
    definitions = checked_segment({"account": {"any": inner}})
    one_line = phrase(definitions.of(Segment)["asked"].where, PARIS)
    assert one_line == (
        "belongs to an account for which this holds: all of these: 'industry' is 'software'; 'employees' is more than 9"
    )


def test_a_segment_of_accounts_is_said_of_accounts() -> None:
    files = {"segments/big": {"entity": "account", "where": {"trait": "employees", "gt": 9}}}
    definitions = checked(files, worlds.CATALOG)
    assert explain_segment(definitions, "big") == "Every account for which this holds:\n- 'employees' is more than 9"


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


def test_the_steps_of_a_sequence_stand_below_it_with_their_filters() -> None:
    steps = [
        {"did": "Page Viewed", "as": "seen", "within": {"last_full": "month"}},
        {"not_did": "Order Completed", "within": "24h", "where": {"prop": "n", "eq": {"ref": "seen.n"}}},
        {"not_did": "Page Viewed", "within": "2d"},
        {
            "did": "Order Completed",
            "within": "9d",
            "where": {"all": [{"prop": "umsatz", "gt": {"ref": "seen.n"}}, {"prop": "channel", "eq": "web"}]},
        },
        {"did": "Order Completed"},
        {"not_did": "Order Completed"},
    ]
    where = {"sequence": {"match": "last", "steps": steps}}
    assert leaf(where) == (
        "went through these steps in their order, from the last start only:\n"
        "    - did 'Page Viewed' in the last full month (as 'seen')\n"
        "    - then did not do 'Order Completed' in the 1 day after it, "
        "counting only those whose 'n' is the 'n' of the step 'seen'\n"
        "    - then did not do 'Page Viewed' in the 2 days after the last step that was done\n"
        "    - then, once that time had passed, did 'Order Completed' in the 9 days after the last step that was done, "
        "counting only those for which this holds:\n"
        "        - all of these:\n"
        "            - 'revenue' is more than the 'n' of the step 'seen'\n"
        "            - 'channel' is 'web'\n"
        "    - then did 'Order Completed' at any time after it\n"
        "    - then did not do 'Order Completed' after it up to the moment"
    )
    plain = {"sequence": {"steps": [{"did": "Page Viewed"}, {"did": "Order Completed", "within": "2d"}]}}
    one_line = phrase(checked_segment(plain).of(Segment)["asked"].where, PARIS)
    assert one_line == (
        "went through these steps in their order, from any start: "
        "did 'Page Viewed', then did 'Order Completed' in the 2 days after it"
    )


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
            "segments/stayed": {"where": {"segmentation": "stage", "has_been": "New", "for": {"gt": "7d"}}},
            "segments/grew": {"where": {"segmentation": "stage", "changed": {"from": "New", "within": "7d"}}},
        },
        worlds.CATALOG,
    )
    told = {item.name: explain(item, definitions) for item in definitions.ordered}
    assert told["asked"].endswith("- has the label 'New' in the segmentation 'stage'")
    assert told["others"].endswith("- has none of the labels 'New' or 'Other' in the segmentation 'stage'")
    assert told["stayed"].endswith(
        "- the label in the segmentation 'stage' is 'New', and this has held without a break for more than 7 days"
    )
    assert told["grew"].endswith(
        "- the label in the segmentation 'stage' changed from 'New' in the 7 days up to the moment"
    )
    assert "'New', where this holds:\n- did 'Order Completed' for the first time" in told["stage"]
    assert "'Grown', with all of these:\n- 'age' is at least 18\n- 'tags' is known" in told["stage"]
