"""One small request, to see that an address and its secrets are right."""

from __future__ import annotations

from dataclasses import replace

from satsuma.connectors import templates
from satsuma.connectors.calls import Asking, Call
from satsuma.connectors.client import Client
from satsuma.connectors.paging import pages
from satsuma.connectors.source_files import Source


def ask_little(client: Client, source: Source) -> str:
    """Ask a source as little as possible, and return a sentence on what it said.

    Raises
    ------
    VendorError
        When it does not answer well.
    """
    vendor = source.vendor
    host = source.base_url.split("://", 1)[-1].split("/", 1)[0]
    if vendor.test is not None:
        places = {**client.values, "size": 1}
        request = vendor.test
        call = Call(
            method=request.method,
            url=str(templates.fill(request.path, places) or ""),
            params=templates.fill(dict(request.params), places),
            json=templates.fill(request.json, places),
            form=None if request.form is None else templates.fill(dict(request.form), places),
            headers=templates.fill(dict(request.headers), places),
        )
        if request.function is not None:
            call = request.function(call, Asking(stream="", values=places))
        client.ask(call)
        return f"{vendor.title} answers at {host}, and lets us in."
    stream = next((item for item in source.streams if not item.each_stream and not item.window), source.streams[0])
    small = replace(stream, paging=replace(stream.paging, size=1))
    values = {**client.values, "since": None, "since_local": None, "until": client.clock.now(), "each": {},
              "asks": list(stream.asks), "window": None}  # fmt: skip
    next(pages(client, small, values))
    return f"{vendor.title} answers at {host}, and lets us read '{stream.name}'."
