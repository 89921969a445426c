"""Messages to rows of the kinds that landing knows: facts about customers and accounts, events, lines of orders.

Nothing is stored here. Rows are dicts of typed-to-be values; `tables` gives their columns types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from satsuma.collecting import purchases
from satsuma.collecting.contract import Message, clean_text
from satsuma.collecting.shapes import flat
from satsuma.landing.names import canonical_name
from satsuma.landing.orders import COMPLETED, REFUNDED
from satsuma.quality.contacts import standard_email, standard_phone
from satsuma.quality.devices import Device, device_of

Row = dict[str, Any]

PAGE_VIEWED = "Page Viewed"
#: What a browser's `Sec-GPC: 1` refuses: it asks not to be sold, nor shared for other people's advertising.
OPT_OUT_PURPOSE = "sale_or_sharing"

#: A property of this name would be taken for the event's own fact.
_OWN = frozenset(("name", "time", "customer_id", "anonymous_id", "event_id", "received_at", "row_no"))
_OWN_OF_PEOPLE = frozenset(
    ("customer_id", "customer_no", "account_id", "account_no", "valid_from", "received_at", "first_seen", "erased_at",
     "arrived_at", "described_at", "row_no", "visitor_id")
)  # fmt: skip
#: What people and accounts both have: a trait's name belongs to one of them.
_OF_BOTH = frozenset(
    ("name", "email", "phone", "website", "description", "avatar", "plan", "title", "city", "country", "postal_code",
     "state", "street")
)  # fmt: skip
#: Facts of one customer that lie in one minute are one fact: people do not change faster, and SDKs repeat themselves.
_TOGETHER = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A consent given or refused with a message, by a customer or by somebody who is not known."""

    customer_id: str | None
    anonymous_id: str | None
    purpose: str
    is_granted: bool
    time: datetime
    source: str


@dataclass(slots=True, kw_only=True)
class Rows:
    """The rows of some messages.

    customers, accounts : each with `customer_id` or `account_id`, `valid_from`, and what was said.
    events : each with `name`, `time`, who, and properties. lines : the same for products of completed orders.
    links : (anonymous id, customer id) that were said to be one person.
    earlier_ids : (id, customer id) of an `alias` between two ids.
    devices : customer -> the last device seen, when.
    rejected : what is accepted and counts for nothing, by kind and reason.
    visitor_facts : each with `visitor_id`, `valid_from`, and what was said of somebody who is not known.
    users, visitors : the ids of all customers and of all anonymous people that any row names.
    """

    customers: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    links: dict[tuple[str, str], None] = field(default_factory=dict)
    earlier_ids: dict[tuple[str, str], None] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    devices: dict[str, tuple[datetime, Device]] = field(default_factory=dict)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    visitor_facts: list[Row] = field(default_factory=list)
    users: dict[str, None] = field(default_factory=dict)
    visitors: dict[str, None] = field(default_factory=dict)


def rows_of(messages: Iterable[Message], *, currency: str, region: str | None = None) -> Rows:
    """Turn messages into rows; one that repeats another of them adds nothing.

    Parameters
    ----------
    currency : of all money of the workspace; a purchase in another one is rejected, as a sum needs one.
    region : country of telephone numbers without a country code.
    """
    rows = Rows()
    seen: set[tuple[str, str]] = set()
    orders: set[str] = set()
    facts: dict[tuple[str, str, str], Row] = {}
    for message in sorted(messages, key=lambda item: item.time):
        key = (message.kind, message.message_id)
        if key in seen:
            rows.rejected[message.kind, "repeated"] += 1
            continue
        seen.add(key)
        if message.user_id is not None:
            rows.users[message.user_id] = None
        for visitor in (message.anonymous_id, message.previous_id):
            if visitor is not None:
                rows.visitors[visitor] = None
        _decide(rows, message)
        device = _device(rows, message)
        if message.user_id and message.anonymous_id:
            rows.links[message.anonymous_id, message.user_id] = None
        if message.kind == "identify":
            _identify(facts, message, region)
        elif message.kind == "group":
            _group(facts, message, region)
        elif message.kind == "alias":
            _alias(rows, facts, message)
        else:
            _event(rows, message, device, orders, currency)
    rows.customers = [row for key, row in facts.items() if key[0] == "customer"]
    rows.accounts = [row for key, row in facts.items() if key[0] == "account"]
    rows.visitor_facts = [row for key, row in facts.items() if key[0] == "visitor"]
    return rows


# ----------------------------------------------------------------------------------------------------------- people


def _identify(facts: dict[tuple[str, str, str], Row], message: Message, region: str | None) -> None:
    said = {**_traits(message.context.get("traits"), region), **_traits(message.values, region)}
    if message.user_id is not None:
        _add_fact(facts, "customer", message.user_id, message.time, said)
    elif message.anonymous_id is not None and said:
        # Of somebody who is not known yet: kept until it is said who that was.
        _add_fact(facts, "visitor", message.anonymous_id, message.time, said)


def _group(facts: dict[tuple[str, str, str], Row], message: Message, region: str | None) -> None:
    said = _traits(message.values, region)
    said = {f"account_{name}" if name in _OF_BOTH else name: value for name, value in said.items()}
    if message.user_id is not None:
        _add_fact(facts, "customer", message.user_id, message.time, {})
        said["customer_id"] = message.user_id
    row = _add_fact(facts, "account", f"{message.group_id}", message.time, said, message.user_id or "")
    row["account_id"] = message.group_id


def _alias(rows: Rows, facts: dict[tuple[str, str, str], Row], message: Message) -> None:
    if message.user_id is None:
        return
    _add_fact(facts, "customer", message.user_id, message.time, {})
    if message.previous_id is not None and message.previous_id != message.user_id:
        rows.earlier_ids[message.previous_id, message.user_id] = None


def _add_fact(
    facts: dict[tuple[str, str, str], Row],
    entity: str,
    number: str,
    time: datetime,
    said: Mapping[str, Any],
    who: str = "",
) -> Row:
    row = facts.setdefault((entity, number, f"{time.strftime(_TOGETHER)} {who}"), {f"{entity}_id": number})
    row.update(said)
    row["valid_from"] = time
    return row


def _traits(values: object, region: str | None) -> dict[str, Any]:
    """Return traits under their names, whichever way their sender spells them."""
    if not isinstance(values, dict):
        return {}
    said = flat(values)
    said.pop("id", None)
    for name in _OWN_OF_PEOPLE & said.keys():
        said[f"own_{name}"] = said.pop(name)
    if "created_at" in said:
        said["first_seen"] = said.pop("created_at")
    for name, standard in (("email", standard_email), ("phone", lambda text: standard_phone(text, region))):
        if isinstance(said.get(name), str):
            value = standard(said[name])[0]
            if value is None:
                del said[name]
            else:
                said[name] = value
    return said


# ----------------------------------------------------------------------------------------------------------- events


def _event(rows: Rows, message: Message, device: Device | None, orders: set[str], currency: str) -> None:
    properties = flat({key: value for key, value in message.values.items() if key != "products"})
    name = message.name or "" if message.kind == "track" else PAGE_VIEWED
    name = canonical_name(name)
    if name in (COMPLETED, REFUNDED):
        stated = properties.pop("currency", None)
        if isinstance(stated, str) and stated.upper() != currency:
            rows.rejected[message.kind, "other_currency"] += 1
            return
    row: Row = {
        "event_id": message.message_id,
        "name": name,
        "time": message.time,
        "customer_id": message.user_id,
        "anonymous_id": message.anonymous_id,
    }
    products = message.values.get("products")
    items = [flat(item) for item in products if isinstance(item, dict)] if isinstance(products, list) else []
    shared = {**_of_page(message), **_of_context(message, device)}
    if name in (COMPLETED, REFUNDED):
        order = properties.get("order_id") or properties.pop("checkout_id", None)
        properties |= {"order_id": None if order is None else str(order)}
        purchases.set_revenue(properties, items, name == REFUNDED)
        if name == COMPLETED and order is not None:
            if str(order) in orders:
                rows.rejected[message.kind, "repeated"] += 1
                return
            orders.add(str(order))
            lines = purchases.lines(properties, items)
            if lines:
                rows.lines += [{**shared, **line, **row} for line in lines]
                return
    elif items:
        properties["products"] = [str(product) for item in items if (product := purchases.product_of(item))]
    if "product_id" not in properties and (sku := properties.get("sku")):
        properties["product_id"] = sku
    own_name = "product_name" if properties.get("product_id") else "item_name"
    for key in _OWN & properties.keys():
        properties.setdefault(own_name if key == "name" else f"own_{key}", properties[key])
        del properties[key]
    rows.events.append({**shared, **properties, **row})


def _of_page(message: Message) -> Row:
    """Return where it happened. Addresses lose their query: it may hold anything about a person."""
    page = message.context.get("page")
    found: Row = {}
    if isinstance(page, dict):
        for key in ("url", "referrer", "path", "title"):
            value = page.get(key)
            if isinstance(value, str) and value:
                found[f"page_{key}"] = (
                    bare_url(value) if key in ("url", "referrer", "path") else clean_text(value)[:500]
                )
    if message.kind in ("page", "screen"):
        found |= {"page_name": message.name, "page_category": message.category, "page_kind": message.kind}
    return {key: value for key, value in found.items() if value}


def _of_context(message: Message, device: Device | None) -> Row:
    found: Row = {}
    campaign = message.context.get("campaign")
    if isinstance(campaign, dict):
        found |= {
            f"campaign_{key}": clean_text(str(campaign[key]))[:200]
            for key in ("name", "source", "medium", "term", "content")
            if isinstance(campaign.get(key), (str, int)) and campaign[key] != ""
        }
    if device is not None:
        found |= {"browser": device.browser, "os": device.os, "device_type": device.device_type}
        found["is_bot"] = device.is_bot
    return {key: value for key, value in found.items() if value is not None}


def _device(rows: Rows, message: Message) -> Device | None:
    """Return the device of a message, and keep the last one of each customer."""
    agent = message.context.get("userAgent")
    if not isinstance(agent, str) or not agent:
        return None
    device = device_of(agent)
    if message.user_id and not device.is_bot:
        rows.devices[message.user_id] = (message.time, device)  # messages come in the order of their times
    return device


def bare_url(text: str) -> str:
    """Return an address without query, fragment and user name; what is no address, without what follows a `?`."""
    try:
        text = clean_text(text)
        parts = urlsplit(text[:2_000])
    except ValueError:
        return text.split("?", 1)[0].split("#", 1)[0][:500]
    host = parts.netloc.rsplit("@", 1)[-1]
    return f"{parts.scheme}://{host}{parts.path}"[:500] if host else parts.path[:500]


# --------------------------------------------------------------------------------------------------------- consents


def _decide(rows: Rows, message: Message) -> None:
    said = [(OPT_OUT_PURPOSE, False, "Sec-GPC")] if message.opted_out else []
    consent = message.context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if isinstance(preferences, dict):
        said += [
            (clean_text(str(purpose))[:100], value, "context.consent")
            for purpose, value in list(preferences.items())[:50]
            if isinstance(value, bool)
        ]
    rows.decisions += [
        Decision(
            customer_id=message.user_id,
            anonymous_id=message.anonymous_id,
            purpose=purpose,
            is_granted=is_granted,
            time=message.time,
            source=source,
        )
        for purpose, is_granted, source in said
    ]
