"""The streams of a vendor: requests, pages, and where records stand; with mistakes named by line."""

from __future__ import annotations

import re
from typing import Any, Literal

from satsuma.connectors import templates
from satsuma.connectors.reading_rows import RowsReader
from satsuma.connectors.reading_values import Where, texts_of
from satsuma.connectors.vendor import (
    METHODS,
    ORDERS,
    PAGING_KINDS,
    Detail,
    Order,
    Paging,
    Request,
    Stream,
    Window,
)

STREAM_KEYS = ("about", "request", "pages", "records", "prepare", "lines", "id", "updated", "updated_as", "order",
               "since", "overlap", "deleted", "deletes", "erases", "each", "asks", "details", "window", "timezone",
               "rows", "default")  # fmt: skip
_REQUEST_KEYS = ("method", "path", "params", "json", "form", "headers", "since", "function")
_PAGE_KEYS = ("kind", "size", "cursor", "link", "last", "more", "total", "first", "most", "repeated", "resume",
              "until_known")  # fmt: skip
_STREAM_NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")


class StreamReader(RowsReader):
    """Reads how records are asked for."""

    def streams(self, given: Any, at: Where) -> dict[str, Stream]:
        found = {}
        for name, entry in (self.mapping(given, at) or {}).items():
            here = (*at, name)
            if _STREAM_NAME.fullmatch(name) is None:
                self.problem(here, "A stream's name is small letters, digits, _ and -.")
            entry = self.mapping(entry, here)
            if entry is not None:
                found[name] = self.stream(name, entry, here)
        return found

    def stream(self, name: str, entry: dict[str, Any], at: Where) -> Stream:
        """Read one stream."""
        self.keys(entry, STREAM_KEYS, at)
        request = self.request(entry.get("request"), (*at, "request"))
        records, prepare = entry.get("records"), self.function(entry.get("prepare"), (*at, "prepare"))
        if records is None and prepare is None and not self.flag(entry, "lines", at):
            self.problem(at, "'records' is needed: where an answer holds the records.")
        updated = self.path_or_none(entry.get("updated"), (*at, "updated"))
        order: Order = self.choice(entry, "order", ORDERS, at) or "none"
        if order != "none" and updated is None:
            self.problem(at, "'order' is the order of 'updated', which is not given.")
        paging = self.paging(entry.get("pages"), (*at, "pages"))
        if paging.most is not None and order != "ascending":
            self.problem((*at, "pages", "most"), "To start anew from the last value, the order must be ascending.")
        names = [place for _, text in texts_of(entry.get("request"), ()) for place, _ in templates.places(text)]
        if any(place.partition(".")[0] == "record" for place in names):
            self.problem((*at, "request"), "'record' is known in 'details' alone.")
        deleted = entry.get("deleted")
        each = self.each(entry.get("each"), (*at, "each"))
        return Stream(
            name=name,
            about=self.text(entry, "about", at) or "",
            request=request,
            paging=paging,
            records=self.path_or_none(records, (*at, "records")),
            prepare=prepare,
            lines=self.flag(entry, "lines", at),
            id=self.paths(entry.get("id"), (*at, "id")),
            updated=updated,
            updated_as=self.choice(entry, "updated_as", ("time", "epoch", "epoch_ms"), at) or "time",
            order=order,
            is_incremental="since" in names or request.since is not None,
            overlap=self.span(entry.get("overlap"), (*at, "overlap")),
            deleted=self.condition({"path": deleted, "equals": "true"} if isinstance(deleted, str) else deleted,
                                   (*at, "deleted")) if deleted is not None else None,
            deletes=self.text(entry, "deletes", at),
            erases=self.text(entry, "erases", at),
            each_setting=each[0],
            each_stream=each[1],
            asks=tuple(str(item) for item in self.items(entry.get("asks"), (*at, "asks"))),
            details=self.details(entry.get("details"), (*at, "details")),
            window=self.window(entry.get("window"), (*at, "window")),
            timezone=self.text(entry, "timezone", at),
            rows=tuple(
                rows
                for number, item in enumerate(self.items(entry.get("rows"), (*at, "rows")))
                if (rows := self.rows(item, (*at, "rows", number))) is not None
            ),
            is_default=self.flag(entry, "default", at) if "default" in entry else True,
        )  # fmt: skip

    def request(self, given: Any, at: Where) -> Request:
        entry = self.mapping(given, at)
        if entry is None:
            return Request()
        self.keys(entry, _REQUEST_KEYS, at)
        for key in ("path", "params", "json", "form", "headers"):
            self.places(entry.get(key), (*at, key))
        path = self.text(entry, "path", at)
        return Request(
            method=self.choice(entry, "method", METHODS, at) or "GET",
            path=path if path is not None else "",
            params=self.mapping(entry.get("params") or {}, (*at, "params")) or {},
            json=entry.get("json"),
            form=self.mapping(entry["form"], (*at, "form")) if entry.get("form") is not None else None,
            headers=self.texts(entry.get("headers"), (*at, "headers")),
            since=self.request(entry["since"], (*at, "since")) if entry.get("since") is not None else None,
            function=self.function(entry.get("function"), (*at, "function")),
        )

    def paging(self, given: Any, at: Where) -> Paging:
        if given is None:
            return Paging()
        entry = self.mapping(given, at)
        if entry is None:
            return Paging()
        self.keys(entry, _PAGE_KEYS, at)
        kind = self.choice(entry, "kind", PAGING_KINDS, at)
        if kind is None:
            self.problem(at, f"'kind' is needed: {', '.join(PAGING_KINDS)}.")
            return Paging()
        if kind in ("cursor", "link", "last") and entry.get(kind) is None:
            self.problem(at, f"'{kind}' is needed: where it stands in the answer.")
        link, total = entry.get("link"), entry.get("total")
        repeated: Literal["error", "end"] = self.choice(entry, "repeated", ("error", "end"), at) or "error"
        by_header = isinstance(total, str) and total.startswith("header:")
        size, most = self.number(entry, "size", at, 1, 100), self.number(entry, "most", at, 1, needed=False)
        return Paging(
            kind=kind,
            size=int(size or 100),
            cursor=self.path_or_none(entry.get("cursor"), (*at, "cursor")),
            link="header" if link == "header" else self.path_or_none(link, (*at, "link")),
            last=self.path_or_none(entry.get("last"), (*at, "last")),
            more=self.path_or_none(entry.get("more"), (*at, "more")),
            total=str(total) if by_header else self.path_or_none(total, (*at, "total")),
            first=int(self.number(entry, "first", at, 0, 1) or 0),
            most=None if most is None else int(most),
            repeated=repeated,
            resume=self.flag(entry, "resume", at),
            until_known=self.flag(entry, "until_known", at),
        )

    def details(self, given: Any, at: Where) -> tuple[Detail, ...]:
        found = []
        for name, item in (self.mapping(given or {}, at) or {}).items():
            here = (*at, name)
            entry = self.mapping(item, here)
            if entry is None:
                continue
            self.keys(entry, ("when", "request", "records"), here)
            records = self.path(entry.get("records"), (*here, "records"))
            when = self.condition(entry["when"], (*here, "when")) if entry.get("when") is not None else None
            request = self.request(entry.get("request"), (*here, "request"))
            if records is not None:
                found.append(Detail(name=name, request=request, records=records, when=when))
        return tuple(found)

    def each(self, given: Any, at: Where) -> tuple[str | None, str | None]:
        if given is None:
            return None, None
        entry = self.mapping(given, at)
        if entry is None:
            return None, None
        self.keys(entry, ("setting", "stream"), at)
        setting, stream = self.text(entry, "setting", at), self.text(entry, "stream", at)
        if (setting is None) == (stream is None):
            self.problem(at, "One of 'setting' and 'stream' is needed: what the stream is read for.")
        return setting, stream

    def window(self, given: Any, at: Where) -> Window | None:
        if given is None:
            return None
        entry = self.mapping(given, at)
        if entry is None:
            return None
        self.keys(entry, ("days", "start", "again"), at)
        self.places(entry.get("start"), (*at, "start"))
        days, again = self.number(entry, "days", at, 1, 1), self.number(entry, "again", at, 0, 0)
        return Window(
            days=int(days or 1), start=self.text(entry, "start", at, needed=True) or "", again=int(again or 0)
        )
