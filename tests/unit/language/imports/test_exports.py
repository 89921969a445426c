"""Whole exports, as the tools give them, against the catalogue of a workspace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from satsuma.documents import read_document
from satsuma.language.imports import Imported, import_definition
from satsuma.language.schema import Names

NAMES = Names(
    traits={
        "customer_id": "text", "country": "text", "plan": "text", "email": "text", "age": "integer", "vip": "boolean",
        "birthday": "date", "signed_up": "datetime", "tags": "list", "lifetime_revenue": "money", "stage": "text",
        "app_version": "text",
    },
    events={
        "Order Completed": ["revenue", "channel"], "Page Viewed": ["path"], "Session Started": [],
        "Shoes Bought": ["price", "brand"], "Shoes Returned": ["price"],
    },
    segments=["buyers", "staff"], labels={}, lists=["beta_testers"], purposes=["email_marketing"], regions=[],
)  # fmt: skip


def taken(tool: str, given: Any, **options: Any) -> Imported:
    text = given if isinstance(given, str) else json.dumps(given)
    return import_definition(text, tool, NAMES, **options)


def where(done: Imported) -> Any:
    assert done.refused == ()
    return read_document(done.text, "x").value["where"]


def said(done: Imported) -> str:
    return " ".join(note.message for note in done.differences)


# -------------------------------------------------------------------------------------------------------------- posthog


COHORT = {
    "id": 42, "name": "Power users (EU)", "description": "Active and paying", "deleted": False, "is_static": False,
    "count": 1234, "groups": [],
    "filters": {"properties": {"type": "AND", "values": [
        {"type": "OR", "values": [
            {"key": "$pageview", "type": "behavioral", "value": "performed_event_multiple", "negation": False,
             "operator": "gte", "event_type": "events", "operator_value": 5, "explicit_datetime": "-30d",
             "bytecode": ["_H", 1], "conditionHash": "abc"},
            {"key": "order_completed", "type": "behavioral", "value": "performed_event", "event_type": "events",
             "time_value": 2, "time_interval": "month",
             "event_filters": [{"key": "revenue", "type": "event", "operator": "gt", "value": "100"}]},
        ]},
        {"type": "AND", "values": [
            {"key": "Age", "type": "person", "operator": "gte", "value": "18"},
            {"key": "email", "type": "person", "operator": "not_icontains", "value": ["@test", "@example"]},
            {"key": "id", "type": "cohort", "value": 7, "negation": True},
        ]},
    ]}},
}  # fmt: skip


def test_a_cohort_becomes_a_segment_with_every_difference_named() -> None:
    done = taken("posthog", COHORT, mapping={"$pageview": "Page Viewed", "7": "staff"})
    assert done.name == "power_users_eu"
    assert done.is_whole
    assert done.text.startswith("segment: power_users_eu\ntitle: Power users (EU)\ndescription: Active and paying\n")
    assert where(done) == {
        "all": [
            {"any": [
                {"did": "Page Viewed", "count": {"gte": 5}, "within": "30d"},
                {"did": "Order Completed", "within": "60d", "where": {"prop": "revenue", "gt": 100}},
            ]},
            {"trait": "age", "gte": 18},
            {"trait": "email", "not_contains": "@test", "case": "ignore", "missing": "match"},
            {"trait": "email", "not_contains": "@example", "case": "ignore", "missing": "match"},
            {"not": {"in_segment": "staff"}},
        ]
    }  # fmt: skip
    assert {(item.kind, item.theirs, item.ours) for item in done.mapped} == {
        ("event", "$pageview", "Page Viewed"), ("event", "order_completed", "Order Completed"), ("trait", "Age", "age"),
        ("segment", "7", "staff"),
    }  # fmt: skip
    assert "begins with its first day there" in said(done)
    assert "A month is 30 days here" in said(done)
    assert "'missing: match' keeps that" in said(done)


def test_unknown_names_are_listed_with_the_nearest_and_the_definition_is_shown() -> None:
    done = taken("posthog", COHORT)
    assert not done.is_whole
    assert {(item.kind, item.theirs, item.nearest) for item in done.unknown} == {
        ("event", "$pageview", ("Page Viewed",)), ("segment", "7", ())
    }  # fmt: skip
    assert "in_segment: '7'" in done.text


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({**COHORT, "is_static": True}, "is_static"),
        ({**COHORT, "query": {"kind": "HogQLQuery"}}, "query"),
        ({"name": "old", "groups": [{"days": 3}]}, "groups"),
        ({"filters": {"filterTestAccounts": True, "properties": {}}}, "filters.filterTestAccounts"),
        ({"filters": {"properties": {"type": "AND", "values": []}}}, "filters.properties.values"),
        ({"filters": {"properties": {"type": "XOR", "values": [1]}}}, "filters.properties.type"),
    ],
)
def test_cohorts_of_another_kind_are_refused(given: Any, path: str) -> None:
    assert [note.path for note in taken("posthog", given).refused] == [path]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"operator": "lte", "operator_value": 3}, {"count": {"between": [1, 3]}}),
        ({"operator": "lt", "operator_value": 3}, {"count": {"between": [1, 2]}}),
        ({"operator": "lte", "operator_value": 1}, {"count": {"eq": 1}}),
        ({"operator": "exact", "operator_value": 2}, {"count": {"eq": 2}}),
        ({"operator_value": "2"}, {"count": {"eq": 2}}),
        ({"operator": "gte", "operator_value": 1}, {}),
    ],
)
def test_a_number_of_times_is_asked_of_those_who_did_it_at_all(times: Any, expected: Any) -> None:
    """PostHog counts persons with such events: 'at most three times' has nobody in it who never did it."""
    condition = {
        "key": "Session Started", "type": "behavioral", "value": "performed_event_multiple", "event_type": "events",
        "time_value": 7, "time_interval": "day", **times,
    }  # fmt: skip
    done = taken("posthog", {"filters": {"properties": {"type": "AND", "values": [condition]}}}, name="x")
    assert where(done) == {"did": "Session Started", **expected, "within": "7d"}


# -------------------------------------------------------------------------------------------------------------- klaviyo


SEGMENT = {
    "data": {
        "type": "segment", "id": "Y6nRLr",
        "attributes": {
            "name": "Engaged, not lately", "created": "2024-01-01T00:00:00+00:00", "is_active": True,
            "definition": {"condition_groups": [
                {"conditions": [
                    {"type": "profile-metric", "metric_id": "VdT5bR", "measurement": "count",
                     "measurement_filter": {"type": "numeric", "operator": "greater-than-or-equal", "value": 3},
                     "timeframe_filter": {"type": "date", "operator": "between", "start": 365, "end": 60,
                                          "unit": "day"},
                     "metric_filters": [{"property": "$value", "filter": {
                         "type": "numeric", "operator": "greater-than", "value": 50}}]},
                ]},
                {"conditions": [
                    {"type": "profile-metric", "metric_id": "VdT5bR", "measurement": "count",
                     "measurement_filter": {"type": "numeric", "operator": "equals", "value": 0},
                     "timeframe_filter": {"type": "date", "operator": "in-the-last", "unit": "week", "quantity": 8},
                     "metric_filters": None},
                ]},
                {"conditions": [
                    {"type": "profile-property", "property": "location['country']", "filter": {
                        "type": "string", "operator": "in", "value": ["FR", "BE"]}},
                    {"type": "profile-group-membership", "is_member": True, "group_ids": ["LiSt01", "SeGm02"]},
                ]},
                {"conditions": [
                    {"type": "profile-marketing-consent", "consent": {
                        "channel": "email", "can_receive_marketing": True,
                        "consent_status": {"subscription": "subscribed", "filters": None}}},
                ]},
            ]},
        },
    }
}  # fmt: skip


def test_a_segment_of_klaviyo_keeps_its_groups() -> None:
    mapping = {"VdT5bR": "Order Completed", "LiSt01": "beta_testers", "SeGm02": "buyers"}
    done = taken("klaviyo", SEGMENT, mapping=mapping)
    assert done.name == "engaged_not_lately"
    assert done.is_whole
    assert where(done) == {
        "all": [
            {"did": "Order Completed", "count": {"gte": 3}, "between": {"from": "365d", "to": "60d"},
             "where": {"prop": "revenue", "gt": 50}},
            {"not_did": "Order Completed", "within": "56d"},
            {"any": [{"trait": "country", "in": ["FR", "BE"]}, {"list": "beta_testers"}, {"in_segment": "buyers"}]},
            {"consent": "email_marketing", "is": "granted"},
        ]
    }  # fmt: skip


def test_a_metric_of_klaviyo_is_an_id_and_has_to_be_mapped() -> None:
    done = taken("klaviyo", SEGMENT)
    assert {item.theirs for item in done.unknown} == {"VdT5bR", "LiSt01", "SeGm02"}


def test_klaviyo_needs_a_value_for_a_negative_as_we_do() -> None:
    condition = {"type": "profile-property", "property": "country",
                 "filter": {"type": "string", "operator": "not-equals", "value": "FR"}}  # fmt: skip
    done = taken("klaviyo", {"condition_groups": [{"conditions": [condition]}]}, name="x")
    assert where(done) == {"trait": "country", "neq": "FR"}
    assert done.differences == ()


@pytest.mark.parametrize(
    ("trait", "filter_", "expected"),
    [
        ("birthday", {"operator": "after", "date": "2024-03-01T00:00:00+00:00"}, {"after": "2024-03-01"}),
        ("birthday", {"operator": "anniversary"}, {"anniversary": {"this": "day"}}),
        ("birthday", {"operator": "anniversary-month"}, {"anniversary": {"this": "month"}}),
        ("signed_up", {"operator": "at-least", "unit": "day", "quantity": 30}, {"more_than_ago": "30d"}),
        ("signed_up",
         {"operator": "between-static", "start": "2024-03-01T00:00:00+00:00", "end": "2024-04-01T00:00:00Z"},
         {"between": ["2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z"]}),
    ],
)  # fmt: skip
def test_dates_of_klaviyo_fit_the_traits_type(trait: str, filter_: Any, expected: Any) -> None:
    condition = {"type": "profile-property", "property": trait, "filter": {"type": "date", **filter_}}
    done = taken("klaviyo", {"condition_groups": [{"conditions": [condition]}]}, name="x")
    assert where(done) == {"trait": trait, **expected}
    assert "UTC" in said(done)


def test_several_segments_at_once_are_refused() -> None:
    assert taken("klaviyo", {"data": [SEGMENT["data"]]}).refused[0].path == "data"


# ------------------------------------------------------------------------------------------------------------ dittofeed


TREE = {
    "id": "5a1", "workspaceId": "w", "name": "Trial, active", "definition": {
        "entryNode": {"type": "And", "id": "1", "children": ["2", "3", "4"]},
        "nodes": [
            {"type": "Trait", "id": "2", "path": "$.plan",
             "operator": {"type": "HasBeen", "comparator": "GTE", "value": "trial", "windowSeconds": 604800}},
            {"type": "Or", "id": "3", "children": ["5", "6"]},
            {"type": "SubscriptionGroup", "id": "4", "subscriptionGroupId": "g1", "subscriptionGroupType": "OptIn"},
            {"type": "Performed", "id": "5", "event": "ORDER_COMPLETED", "times": 2, "timesOperator": ">=",
             "timeOperator": "within", "withinSeconds": 1209600},
            {"type": "Includes", "id": "6", "path": "tags", "item": "vip"},
        ],
    },
}  # fmt: skip


def test_a_tree_of_nodes_becomes_groups() -> None:
    done = taken("dittofeed", TREE, mapping={"g1": "email_marketing"})
    assert done.is_whole
    assert where(done) == {
        "all": [
            {"trait": "plan", "has_been": "trial", "for": {"gte": "7d"}},
            {"any": [{"did": "Order Completed", "count": {"gte": 2}, "within": "14d"},
                     {"trait": "tags", "contains_any": ["vip"]}]},
            {"consent": "email_marketing", "is": "granted"},
        ]
    }  # fmt: skip


def test_a_node_that_is_not_there_or_holds_itself_is_refused() -> None:
    entry = {"type": "And", "id": "1", "children": ["2", "9"]}
    nodes = [{"type": "Or", "id": "2", "children": ["2"]}]
    done = taken("dittofeed", {"entryNode": entry, "nodes": nodes}, name="x")
    assert [note.path for note in done.refused] == ["nodes[0].children[0]", "entryNode.children[1]"]


def test_never_is_exactly_no_times() -> None:
    node = {"type": "Performed", "id": "1", "event": "Page Viewed", "times": 0, "timesOperator": "="}
    assert where(taken("dittofeed", {"entryNode": node, "nodes": []}, name="x")) == {"not_did": "Page Viewed"}


def test_before_leaves_its_moment_out() -> None:
    node = {"type": "Performed", "id": "1", "event": "Page Viewed", "times": 1, "timesOperator": ">=",
            "timeOperator": "before-absolute", "absoluteTimestamp": "2024-03-01T00:00:00Z"}  # fmt: skip
    done = taken("dittofeed", {"entryNode": node, "nodes": []}, name="x")
    assert where(done) == {"did": "Page Viewed", "until": "2024-02-29T23:59:59.999999Z"}


# ----------------------------------------------------------------------------------------------------------- growthbook


def test_a_saved_group_with_a_condition_in_a_text_is_read() -> None:
    group = {"id": "grp_1", "type": "condition", "name": "EU adults",
             "condition": json.dumps({"country": {"$in": ["FR", "BE"]}, "age": {"$gte": 18}, "vip": True})}  # fmt: skip
    done = taken("growthbook", {"savedGroup": group})
    assert done.name == "eu_adults"
    assert where(done) == {
        "all": [{"trait": "country", "in": ["FR", "BE"]}, {"trait": "age", "gte": 18}, {"trait": "vip", "eq": True}]
    }  # fmt: skip


def test_the_type_of_a_trait_decides_how_it_is_asked() -> None:
    done = taken("growthbook", {"tags": {"$nin": ["a"]}, "signed_up": {"$gt": "2024-03-01"}, "age": "30"}, name="x")
    assert where(done) == {
        "all": [
            {"trait": "tags", "contains_none": ["a"], "missing": "match"},
            {"trait": "signed_up", "gt": "2024-03-01"},
            {"trait": "age", "eq": 30},
        ]
    }
    assert "Numbers that stand as texts" in said(done)


def test_a_group_of_customer_ids_is_a_list() -> None:
    done = taken("growthbook", {"id": {"$notInGroup": "beta-testers"}}, name="x", mapping={"id": "customer_id"})
    assert where(done) == {"not": {"list": "beta_testers"}}
    assert done.is_whole


# -------------------------------------------------------------------------------------------------------------- segment


AUDIENCE = {
    "data": {
        "audience": {
            "id": "aud_1", "spaceId": "spa_1", "name": "Keen buyers", "key": "keen_buyers", "enabled": True,
            "definition": {
                "query": "event('Shoes Bought').where(property('price') >= 100 AND property('brand').one_of('A', 'B'))"
                         ".within(30 days).count() >= 2 AND NOT trait('plan') = 'free' OR trait('buyers') = true",
                "type": "USERS",
            },
        }
    }
}  # fmt: skip


def test_an_audience_is_read_with_its_precedence() -> None:
    done = taken("segment", AUDIENCE)
    assert done.name == "keen_buyers"
    assert where(done) == {
        "any": [
            {"all": [
                {"did": "Shoes Bought", "count": {"gte": 2}, "within": "30d",
                 "where": {"all": [{"prop": "price", "gte": 100}, {"prop": "brand", "in": ["A", "B"]}]}},
                {"not": {"trait": "plan", "eq": "free"}},
            ]},
            {"in_segment": "buyers"},
        ]
    }  # fmt: skip


def test_a_query_alone_is_read_and_a_computed_trait_is_a_trait() -> None:
    done = taken("segment", "event('Shoes Bought').within(90 days).sum(property('price'))", name="spent")
    assert done.kind == "trait"
    assert done.text == "trait: spent\nfrom: {did: Shoes Bought, sum: {of: price}, within: 90d}\n"


def test_accounts_are_accounts() -> None:
    given = {"definition": {"query": "trait('plan') = 'pro'", "type": "ACCOUNTS"}}
    assert taken("segment", given, name="x").text == "segment: x\nentity: account\nwhere: {trait: plan, eq: pro}\n"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("trait('a'", 10), ("trait('a') > ", 14), ("AND trait('a') = 1", 1), ("trait('a') = 1)", 15), ("§", 1),
        ("event('Shoes Bought').within(3 fortnights).count() >= 1", 32), ("(" * 60 + "trait('a')", 21),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_refused_at_its_place(query: str, place: int) -> None:
    (note,) = taken("segment", {"definition": {"query": query, "type": "USERS"}}, name="x").refused
    assert note.path == f"query:{place}"


# ---------------------------------------------------------------------------------------------------------------- names


def test_names_are_found_by_what_was_said_then_as_they_are_then_by_spelling() -> None:
    for theirs, mapping, ours in [
        ("Page Viewed", {}, "Page Viewed"),
        ("page-viewed", {}, "Page Viewed"),
        ("$PageViewed", {}, "Page Viewed"),
        ("visit", {"visit": "Page Viewed"}, "Page Viewed"),
        ("Page Viewed", {"Page Viewed": "Session Started"}, "Session Started"),
    ]:
        done = taken("segment", f"event('{theirs}').count() >= 1", name="x", mapping=mapping)
        assert where(done) == {"did": ours}
        assert done.is_whole


def test_a_mapping_to_nothing_is_unknown() -> None:
    done = taken("segment", "event('visit').count() >= 1", name="x", mapping={"visit": "Page Vued"})
    assert [(item.theirs, item.nearest) for item in done.unknown] == [("visit", ("Page Viewed",))]


def test_a_value_that_does_not_fit_the_type_is_refused() -> None:
    done = taken("segment", "trait('vip') = 'perhaps' AND trait('age') = 'old'", name="x")
    assert len(done.refused) == 2
