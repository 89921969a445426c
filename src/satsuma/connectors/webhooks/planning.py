"""One delivery, read: which records land, which streams are to be read soon, who asks to be forgotten. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from satsuma.connectors.webhooks.reading import text_at
from satsuma.connectors.webhooks.records import Hook
from satsuma.connectors.webhooks.topics import PrivacyKind, Topic, Topics

#: A subject is a few ids and addresses; lists of orders are cut here.
MOST_OF_SUBJECT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRequest:
    """Somebody asks, through a vendor, to be forgotten or to learn what is known.

    key : the same for what says the same, so that a delivery that comes again is no second request.
    subject : ids and addresses, by names.
    """

    key: str
    source: str
    kind: PrivacyKind
    topic: str
    received_at: datetime
    subject: Mapping[str, Any] = field(repr=False)


class Part(NamedTuple):
    """Records that land together. each : the id of what the stream is read for one by one. gone : see `Topic`."""

    stream: str
    each: str = ""
    gone: bool = False


@dataclass(slots=True)
class Plan:
    """What one delivery brings.

    records : by stream, by what the stream is read for one by one (an empty text when it is not), and whether they
    are gone.
    skipped : items of which nothing is kept. unknown : items whose topic nobody described.
    """

    delivery_id: str
    records: dict[Part, list[Any]] = field(default_factory=dict)
    syncs: bool = False  # of `sync`, or of all streams when that is empty
    sync: set[str] = field(default_factory=set)
    privacy: list[PrivacyRequest] = field(default_factory=list)
    skipped: int = 0
    unknown: int = 0


def plan_of(hook: Hook, topics: Topics) -> Plan:
    """Return what a delivery brings.

    Raises
    ------
    UnreadableError
        When its body is not what its vendor writes.
    """
    content = hook.content()
    plan = Plan(hook.delivery_id(content))
    for item in topics.items_of(content):
        topic = hook.topic(item)
        found = topics.of(topic)
        if found is None:
            plan.unknown += 1
        else:
            _add(plan, hook, found, topic, item)
    return plan


def _add(plan: Plan, hook: Hook, found: Topic, topic: str, item: Any) -> None:
    is_kept = False
    if found.stream is not None and found.records is not None:
        records = found.records.of(item)
        records = records if isinstance(records, list) else [records]
        each = found.each.of(item) if found.each is not None else None
        kept = [record for record in records if isinstance(record, dict)]
        if kept:
            part = Part(found.stream, "" if each is None else str(each), found.gone)
            plan.records.setdefault(part, []).extend(kept)
            is_kept = True
    if found.syncs:
        # No name means all streams, and all stays all.
        is_all = not found.sync or (plan.syncs and not plan.sync)
        plan.sync = set() if is_all else plan.sync | set(found.sync)
        plan.syncs = is_kept = True
    if found.privacy is not None:
        plan.privacy.append(_request(hook, found.privacy, found, topic, item))
        is_kept = True
    plan.skipped += not is_kept


def _request(hook: Hook, kind: PrivacyKind, found: Topic, topic: str, item: Any) -> PrivacyRequest:
    subject = {name: _short(path.of(item)) for name, path in found.subject.items()}
    subject = {name: value for name, value in subject.items() if value not in (None, "", [])}
    # A request without anybody in it is kept whole: somebody has to look at it.
    if not subject:
        subject = {"message": _short(json.dumps(item, ensure_ascii=False, default=str))}
    said = json.dumps([hook.source, kind, topic, subject], sort_keys=True, ensure_ascii=False, default=str)
    said += text_at(item, "data_request.id") or text_at(item, "eventId")
    key = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
    return PrivacyRequest(
        key=key, source=hook.source, kind=kind, topic=_short(topic)[:200], received_at=hook.received_at, subject=subject
    )


def _short(value: Any) -> Any:
    if isinstance(value, str):
        # What no database keeps as a text must not hold up everything behind it.
        return value[:MOST_OF_SUBJECT].encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list):
        return [_short(item) for item in value[:MOST_OF_SUBJECT] if isinstance(item, (str, int))]
    return value if isinstance(value, (int, float)) else None
