"""What a message is, what is refused, and what counts for nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collecting_world import NOW, received
from satsuma.collecting.contract import (
    MOST_BATCH_BYTES,
    MOST_MESSAGE_BYTES,
    Request,
    check_size,
    corrected_time,
    parse_json,
    read_messages,
)
from satsuma.collecting.errors import Malformed, TooLarge

TRACK = {"type": "track", "event": "Signed Up", "userId": "u1"}


def test_each_kind_is_read_with_its_own_words() -> None:
    batch = [
        {"type": "identify", "userId": 7, "traits": {"plan": "pro"}},
        {"type": "track", "anonymousId": "a", "event": "E", "properties": {"x": 1}},
        {"type": "page", "anonymousId": "a", "name": "Home", "category": "Docs", "properties": {"y": 2}},
        {"type": "screen", "userId": "u", "name": "Start"},
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"z": 3}},
        {"type": "alias", "userId": "u", "previousId": "a"},
    ]
    found = received({"batch": batch}).messages
    assert [item.kind for item in found] == ["identify", "track", "page", "screen", "group", "alias"]
    assert [dict(item.values) for item in found] == [{"plan": "pro"}, {"x": 1}, {"y": 2}, {}, {"z": 3}, {}]
    assert (found[0].user_id, found[2].category, found[4].group_id, found[5].previous_id) == ("7", "Docs", "g", "a")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "track", "event": "E"}, ("track", "nobody")),
        ({"type": "track", "userId": "u"}, ("track", "no_event")),
        ({"type": "track", "userId": "u", "event": "  "}, ("track", "no_event")),
        ({"type": "identify", "userId": True}, ("identify", "nobody")),
        ({"type": "identify", "userId": "x" * 300}, ("identify", "nobody")),
        ({"type": "group", "userId": "u"}, ("group", "no_group")),
        ({"type": "alias", "userId": "u"}, ("alias", "no_previous_id")),
        ({"type": "alias", "previousId": "u"}, ("alias", "nobody")),
        ({"type": "dance", "userId": "u"}, ("unknown", "unknown_type")),
        ({"userId": "u"}, ("unknown", "unknown_type")),
        (17, ("unknown", "not_an_object")),
        ({**TRACK, "properties": {"x": "y" * MOST_MESSAGE_BYTES}}, ("track", "too_large")),
    ],
)
def test_a_message_that_counts_for_nothing_fails_no_other(message: Any, reason: tuple[str, str]) -> None:
    found = received({"batch": [TRACK, message, TRACK]})
    assert len(found.messages) == 2
    assert dict(found.rejected) == {reason: 1}


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b"null", b"\xff\xfe", b'{"a": NaN}', b'{"a":' * 100_000, b'{"a":' + b"9" * 10_000 + b"}"]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(body)


def test_sizes_are_limited() -> None:
    check_size(MOST_MESSAGE_BYTES, "track")
    check_size(MOST_BATCH_BYTES, None)
    with pytest.raises(TooLarge):
        check_size(MOST_MESSAGE_BYTES + 1, "track")
    with pytest.raises(TooLarge):
        check_size(MOST_BATCH_BYTES + 1, None)
    assert len(received({"batch": [TRACK] * 2500}).messages) == 2500
    with pytest.raises(TooLarge):
        received({"batch": [TRACK] * 2501})
    with pytest.raises(Malformed):
        received({"batch": "x"})


def test_what_a_batch_says_holds_for_each_message_unless_it_says_otherwise() -> None:
    body = {
        "context": {"ip": "1.2.3.4", "locale": "fr"},
        "integrations": {"All": True},
        "batch": [TRACK, {**TRACK, "context": {"locale": "de"}, "integrations": {"X": False}}],
    }
    first, second = received(body).messages
    assert first.context == {"ip": "1.2.3.4", "locale": "fr"}
    assert second.context == {"ip": "1.2.3.4", "locale": "de"}
    assert second.integrations == {"All": True, "X": False}


@given(
    skew=st.timedeltas(timedelta(days=-3000), timedelta(days=3000)),
    age=st.timedeltas(timedelta(0), timedelta(days=300)),
)
def test_a_wrong_clock_does_not_move_an_event(skew: timedelta, age: timedelta) -> None:
    sent = NOW + skew
    time = corrected_time(f"{(sent - age).isoformat()}Z", f"{sent.isoformat()}Z", NOW)
    assert time == NOW - age


def test_times_that_cannot_be() -> None:
    ahead, before = "2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z"
    assert corrected_time(ahead, None, NOW) == NOW
    assert corrected_time("2026-11-01T12:00:00Z", before, NOW) == NOW  # sent before it happened: the future
    assert corrected_time(before, None, NOW) == NOW
    assert corrected_time("0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", NOW) == NOW
    assert corrected_time(None, "2026-11-01T11:00:00Z", NOW) == NOW
    assert corrected_time("yesterday", None, NOW) == NOW
    assert corrected_time("2026-10-31T12:00:00+02:00", None, NOW) == datetime(2026, 10, 31, 10)


def test_original_timestamp_counts_before_timestamp_and_sent_at_of_the_batch_serves_all() -> None:
    body = {
        "sentAt": "2030-01-01T00:01:00Z",
        "batch": [{**TRACK, "originalTimestamp": "2030-01-01T00:00:00Z", "timestamp": "2001-01-01T00:00:00Z"}],
    }
    assert received(body).messages[0].time == NOW - timedelta(minutes=1)


def test_ids_are_given_once_and_are_the_same_on_every_reading() -> None:
    body = {"batch": [TRACK, TRACK, {**TRACK, "messageId": "mine"}, {**TRACK, "messageId": "x" * 101}]}
    first = [item.message_id for item in received(body).messages]
    assert first == [item.message_id for item in received(body).messages]
    assert len(set(first)) == 4
    assert first[2] == "mine"
    assert len(first[3]) == 64


def test_the_browsers_header_counts_where_a_message_brings_no_user_agent() -> None:
    batch = {"batch": [TRACK, {**TRACK, "context": {"userAgent": "own"}}]}
    found = received(batch, user_agent="header").messages
    assert [item.context["userAgent"] for item in found] == ["header", "own"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["type", "userId", "anonymousId", "event", "properties", "traits", "context", "timestamp", "sentAt", "messageId",
     "groupId", "previousId", "name", "integrations", "originalTimestamp"]
)  # fmt: skip


@given(st.lists(st.dictionaries(WORDS, JSON | st.sampled_from(["track", "identify", "group", "page"])), max_size=5))
def test_every_message_is_read_or_rejected_whatever_it_holds(batch: list[dict[str, Any]]) -> None:
    body = parse_json(json.dumps({"batch": batch}).encode())
    found = read_messages(body, Request(number="r", received_at=NOW))
    assert len(found.messages) + sum(found.rejected.values()) == len(batch)
    for message in found.messages:
        assert message.time <= NOW
        assert message.user_id or message.anonymous_id
