"""The contract of a tracking message: what one looks like, what is too large, what is accepted and counts for nothing.

The words are those of Segment's HTTP tracking API, which many SDKs speak. Everything here is pure: bytes and a moment
in, messages out; the same bytes give the same messages again, which is what makes the journal replayable.

A request that is no JSON, or too large, is refused as a whole. Of a request that can be read, each message stands for
itself: one that names nobody, or a `track` without an event, is accepted and counted as rejected.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from satsuma.collecting.errors import Malformed, TooLarge

Kind = Literal["identify", "track", "page", "screen", "group", "alias"]
KINDS: tuple[str, ...] = get_args(Kind)

#: Bytes of one message, bytes of a batch, and messages of a batch.
MOST_MESSAGE_BYTES = 32 * 1024
MOST_BATCH_BYTES = 500 * 1024
MOST_MESSAGES = 2_500
#: Characters of a message id, of the id of a person or a group, and of an event's name.
MOST_MESSAGE_ID = 100
MOST_ID = 250
MOST_NAME = 200

#: Before this no message was sent: an older time is a broken clock.
_EARLIEST = datetime(2000, 1, 1)

Reason = Literal["not_an_object", "unknown_type", "too_large", "nobody", "no_event", "no_group", "no_previous_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, checked.

    time : when it happened, UTC without a zone, with the sender's clock corrected; never after `received_at`.
    name : the event of a `track`, the name of a `page` or `screen`.
    values : `properties`, or the `traits` of an identify or a group.
    opted_out : the browser said `Sec-GPC: 1` with it.
    """

    kind: Kind
    message_id: str
    user_id: str | None
    anonymous_id: str | None
    time: datetime
    received_at: datetime
    name: str | None = None
    category: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    integrations: Mapping[str, Any] = field(default_factory=dict)
    opted_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is known of a request beside its body.

    number : unique and kept with the body, so that ids given to messages without one are the same on every reading.
    kind : the path's; None for a batch, whose messages name their own.
    user_agent : the header's, which counts where a browser's message brings none.
    """

    number: str
    received_at: datetime
    kind: Kind | None = None
    opted_out: bool = False
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The messages of one request, and how many others were rejected, by kind and reason."""

    messages: tuple[Message, ...]
    rejected: Mapping[tuple[str, Reason], int]


def parse_json(body: bytes) -> dict[str, Any]:
    """Read a body as one JSON object, whatever the content type said.

    Raises
    ------
    Malformed
        When it is none: no JSON, no UTF-8, nested too deeply, or with numbers that JSON has not.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.", hint="Send one JSON object in UTF-8.") from None
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.", hint='Send one message, or {"batch": [...]}.')
    return value


def check_size(size: int, kind: Kind | None) -> None:
    """Refuse a body that is larger than one message, or one batch, may be.

    Raises
    ------
    TooLarge
    """
    most = MOST_BATCH_BYTES if kind is None else MOST_MESSAGE_BYTES
    if size > most:
        what = "A batch" if kind is None else "A message"
        raise TooLarge(f"{what} has at most {most // 1024} KB.", hint="Send less at once.", most_bytes=most)


def count_messages(body: Mapping[str, Any], kind: Kind | None) -> int:
    """Return how many messages a body brings: what an answer needs to know; each is looked at when it is landed.

    Raises
    ------
    Malformed, TooLarge
        As `read_messages`.
    """
    return len(_items(body, kind))


def _items(body: Mapping[str, Any], kind: Kind | None) -> list[Any]:
    if kind is not None:
        return [body]
    batch = body.get("batch")
    if not isinstance(batch, list):
        raise Malformed("A batch has no list 'batch'.", hint='Send {"batch": [{"type": "track", ...}]}.')
    if len(batch) > MOST_MESSAGES:
        raise TooLarge(f"A batch has at most {MOST_MESSAGES:,} messages.", hint="Send less at once.")
    return batch


def read_messages(body: Mapping[str, Any], request: Request, *, size: int = MOST_BATCH_BYTES) -> Received:
    """Check the messages of a request.

    Parameters
    ----------
    body : as `parse_json` gives it.
    size : bytes of the whole, where it is known: of a small one no message can be too large.

    Raises
    ------
    Malformed
        When a batch has no list of messages.
    TooLarge
        When a batch has too many.
    """
    rejected: Counter[tuple[str, Reason]] = Counter()
    messages: list[Message] = []
    is_sized = request.kind is None and size > MOST_MESSAGE_BYTES
    for number, item in enumerate(_items(body, request.kind)):
        if not isinstance(item, dict):
            rejected["unknown", "not_an_object"] += 1
            continue
        kind = request.kind or item.get("type")
        if not isinstance(kind, str) or kind not in KINDS:
            rejected["unknown", "unknown_type"] += 1
        elif is_sized and _size(item) > MOST_MESSAGE_BYTES:
            rejected[kind, "too_large"] += 1
        else:
            message = _message(kind, item, body, request, number)  # type: ignore[arg-type]  # one of KINDS
            if isinstance(message, Message):
                messages.append(message)
            else:
                rejected[kind, message] += 1
    return Received(messages=tuple(messages), rejected=dict(rejected))


def _size(item: Mapping[str, Any]) -> int:
    """Return the bytes of one message of a batch, without blanks between its parts."""
    return len(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _message(
    kind: Kind, item: Mapping[str, Any], shared: Mapping[str, Any], request: Request, number: int
) -> Message | Reason:
    user, anonymous = identifier_text(item.get("userId")), identifier_text(item.get("anonymousId"))
    previous = identifier_text(item.get("previousId"))
    group = identifier_text(item.get("groupId"))
    name = _text(item.get("event") if kind == "track" else item.get("name"), MOST_NAME)
    reason = _missing(kind, user, anonymous, previous, group, name)
    if reason is not None:
        return reason
    context = _merged(shared, item, "context")
    agent = context.get("userAgent")
    if not isinstance(agent, str) and request.user_agent:
        context = {**context, "userAgent": request.user_agent}
    own = item.get("traits" if kind in ("identify", "group") else "properties")
    return Message(
        kind=kind,
        message_id=_message_id(item.get("messageId"), request, number),
        user_id=user,
        anonymous_id=anonymous,
        time=corrected_time(
            item.get("originalTimestamp") or item.get("timestamp"),
            item.get("sentAt") or shared.get("sentAt"),
            request.received_at,
        ),
        received_at=request.received_at,
        name=name,
        category=_text(item.get("category"), MOST_NAME),
        group_id=group,
        previous_id=previous,
        values=own if isinstance(own, dict) else {},
        context=context,
        integrations=_merged(shared, item, "integrations"),
        opted_out=request.opted_out,
    )


def _missing(
    kind: Kind, user: str | None, anonymous: str | None, previous: str | None, group: str | None, name: str | None
) -> Reason | None:
    if kind == "alias":
        if user is None:
            return "nobody"
        return "no_previous_id" if previous is None and anonymous is None else None
    if user is None and anonymous is None:
        return "nobody"
    if kind == "track" and name is None:
        return "no_event"
    return "no_group" if kind == "group" and group is None else None


def corrected_time(given: Any, sent: Any, received_at: datetime) -> datetime:
    """Return when something happened by the receiver's clock.

    The sender's clock may be wrong, but its differences are right: receivedAt - (sentAt - originalTimestamp). Without
    `sentAt` the given time holds, without any time that of receiving. Nothing happens after it was received.

    Examples
    --------
    >>> corrected_time("2030-01-01T00:00:10Z", "2030-01-01T00:00:15Z", datetime(2026, 5, 1, 12))
    datetime.datetime(2026, 5, 1, 11, 59, 55)
    """
    happened = moment(given)
    if happened is None:
        return received_at
    sent_at = moment(sent)
    if sent_at is not None:
        try:
            happened = received_at - (sent_at - happened)
        except OverflowError:
            return received_at
    return received_at if happened < _EARLIEST else min(happened, received_at)


def moment(value: Any) -> datetime | None:
    """Read an ISO 8601 time as UTC without a zone; one without a zone is UTC. None for what is no time."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo is not None else read
    except (ValueError, OverflowError):
        return None


def identifier_text(value: Any) -> str | None:
    """Return an id as text: a whole number is one, other values are not, nor an empty or endless text."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return _text(str(value), MOST_ID)


def clean_text(text: str) -> str:
    """Return a text that every store can hold: without NUL and without halves of characters."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text(value: Any, most: int) -> str | None:
    if not isinstance(value, str):
        return None
    text = clean_text(value).strip()
    return text if text and len(text) <= most else None


def _message_id(value: Any, request: Request, number: int) -> str:
    if isinstance(value, str) and value.strip():
        if len(value) < MOST_MESSAGE_ID:
            return clean_text(value)
        return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
    return f"{request.number}-{number}"


def _merged(shared: Mapping[str, Any], item: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """Return what the batch says for all of its messages, overridden by the message's own."""
    own, common = item.get(part), shared.get(part)
    if not isinstance(common, dict) or shared is item:
        return own if isinstance(own, dict) else {}
    return {**common, **own} if isinstance(own, dict) else common


def _no_constant(name: str) -> Any:
    raise ValueError(name)
