"""Pages of a stream, one after another: what the next is asked with, and when there is none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from satsuma.connectors import templates
from satsuma.connectors.answers import Reply, holds
from satsuma.connectors.calls import Asking, Call
from satsuma.connectors.client import Client
from satsuma.connectors.vendor import Request, Stream
from satsuma.errors import VendorError

_NEXT_LINK = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\"?", re.IGNORECASE)
#: More pages than this are a vendor that goes round in circles.
MOST_PAGES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page. cursor : what the next is asked with, None when this is the last. server_now : the vendor's clock."""

    records: list[dict[str, Any]]
    body: Any
    cursor: Any
    server_now: datetime | None
    is_partial: bool


def pages(client: Client, stream: Stream, values: Mapping[str, Any], *, cursor: Any = None) -> Iterator[Page]:
    """Give the pages of one reading of a stream, until there are no more.

    Parameters
    ----------
    values : what places take, but for cursor, page, offset and size.
    cursor : where an earlier reading had come to (a cursor, or an address).

    Raises
    ------
    VendorError
        When the vendor gives the same page again and again.
    """
    paging = stream.paging
    seen: set[str] = set()
    number, offset, link = paging.first, 0, None
    if cursor is not None and paging.kind == "link":
        link, cursor = str(cursor), None
    before: str | None = None
    for _ in range(MOST_PAGES):
        places = {**values, "cursor": cursor, "page": number, "offset": offset, "size": paging.size}
        asking = Asking(stream=stream.name, values=places)
        call = _call(stream.request, places, asking) if link is None else _follow(stream.request, link, places)
        reply = client.ask(call, lines=stream.lines)
        records = [] if reply.is_gone else _records(client, stream, reply, asking)
        for record in records:
            _add_details(client, stream, record, places)
        number, offset = number + 1, offset + len(records)
        following = _following(stream, reply, records, number, offset)
        if following is None and paging.kind == "cursor" and paging.more is not None and _is_more(stream, reply):
            raise VendorError(
                f"{client.vendor.title} says that there is more of '{stream.name}', and not how it is asked for.",
                hint="What was landed before is kept. If it stays so, the paging of this stream is wrong.", again=True,
            )  # fmt: skip
        key = _digest(following if following is not None else [number])
        content = _digest(records) if records and paging.kind in ("offset", "page") else None
        repeats = key in seen or (content is not None and content == before)
        if repeats and paging.repeated == "error":
            raise VendorError(
                f"{client.vendor.title} gives the same page of '{stream.name}' again and again.",
                hint="Nothing of this page was kept. Try again; if it stays so, the paging of this stream is wrong.",
                again=True,
            )
        following = None if repeats else following
        seen.add(key)
        before = content
        yield Page(records=[] if repeats and content is not None else records, body=reply.body, cursor=following,
                   server_now=client.server_now, is_partial=reply.is_partial)  # fmt: skip
        if following is None:
            return
        if paging.kind == "link":
            link = client.resolved(call, str(following))
        elif paging.kind in ("cursor", "last"):
            cursor = following
        elif paging.cursor is not None:
            # What holds the numbered pages of one search together.
            cursor = paging.cursor.of(reply.body) or cursor


def _add_details(client: Client, stream: Stream, record: dict[str, Any], places: Mapping[str, Any]) -> None:
    """Ask once more for what an answer holds in short, and put it into the record."""
    for detail in stream.details:
        if detail.when is not None and not holds(detail.when, {"@": record}):
            continue
        inner = {**places, "record": record}
        reply = client.ask(_call(detail.request, inner, Asking(stream=stream.name, values=inner)))
        record[detail.name] = None if reply.is_gone else detail.records.of(reply.body)


def _call(request: Request, places: Mapping[str, Any], asking: Asking) -> Call:
    merged = request if request.since is None or places.get("since") is None else _laid_over(request, request.since)
    call = Call(
        method=merged.method,
        url=str(templates.fill(merged.path, places) or ""),
        params=templates.fill(dict(merged.params), places),
        json=templates.fill(merged.json, places),
        form=None if merged.form is None else templates.fill(dict(merged.form), places),
        headers=templates.fill(dict(merged.headers), places),
    )
    return call if request.function is None else request.function(call, asking)


def _follow(request: Request, link: str, places: Mapping[str, Any]) -> Call:
    """Return the request of a next page whose address holds all of it."""
    return Call(method="GET", url=link, headers=templates.fill(dict(request.headers), places))


def _laid_over(request: Request, since: Request) -> Request:
    return replace(
        request,
        method=since.method if since.path else request.method,
        path=since.path or request.path,
        params={**request.params, **since.params},
        json=_merged(request.json, since.json),
        form=request.form if since.form is None else {**(request.form or {}), **since.form},
        headers={**request.headers, **since.headers},
    )


def _merged(first: Any, second: Any) -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **{key: _merged(first.get(key), value) for key, value in second.items()}}
    return first if second is None else second


def _records(client: Client, stream: Stream, reply: Reply, asking: Asking) -> list[dict[str, Any]]:
    """Return the records of an answer.

    Raises
    ------
    VendorError
        When they are not where they should be.
    """
    found: Any
    if stream.prepare is not None:
        found = stream.prepare(reply.body, asking)
    elif stream.records is not None and not stream.lines:
        found = stream.records.of(reply.body)
    else:
        found = reply.body
    if found is None and reply.status == 204:
        return []
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or any(not isinstance(item, dict) for item in found):
        # An empty list may be left out; an answer without anything of what was asked is another matter.
        if found is None and isinstance(reply.body, dict) and reply.body:
            return []
        raise VendorError(
            f"{client.vendor.title} answers '{stream.name}' without the records that were asked for.",
            hint="Check the settings of the source: another address or version may answer in another form.",
            again=False,
        )
    return found


def _following(stream: Stream, reply: Reply, records: list[dict[str, Any]], number: int, offset: int) -> Any:
    """Return what the next page is asked with, or None."""
    paging, body = stream.paging, reply.body
    if paging.kind == "none" or reply.is_gone:
        return None
    if paging.more is not None and not _is_more(stream, reply):
        return None
    if paging.kind == "cursor":
        found = paging.cursor.of(body) if paging.cursor is not None else None
        # A page may be empty though more follow (a vendor that filters after it cuts pages).
        return found if found not in ("", [], False) else None
    if paging.kind == "link":
        if paging.link == "header":
            match = _NEXT_LINK.search(reply.headers.get("link", ""))
            return match[1] if match else None
        return (paging.link.of(body) if paging.link is not None else None) or None
    if not records:
        return None
    if paging.kind == "last":
        following = paging.last.of(records[-1]) if paging.last is not None else None
    else:
        following = number if paging.kind == "page" else offset
    total = _total(paging.total, reply)
    if total is not None:
        done = number > total + paging.first - 1 if paging.kind == "page" else offset >= total
        return None if done else following
    if paging.more is None and len(records) < paging.size:
        return None
    return following


def _is_more(stream: Stream, reply: Reply) -> bool:
    more = stream.paging.more
    return more is not None and not reply.is_gone and more.of(reply.body) in (True, "true", 1)


def _total(total: Any, reply: Reply) -> int | None:
    if total is None:
        return None
    text: Any = (
        reply.headers.get(total.removeprefix("header:").lower()) if isinstance(total, str) else total.of(reply.body)
    )
    try:
        return int(text)
    except (ValueError, TypeError, OverflowError):
        return None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
