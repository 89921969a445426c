"""What the file cannot say of Salesforce: the text of a query, and what a box means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from satsuma.connectors.calls import Asking, Call
from satsuma.connectors.vendors.parts import opt_out
from satsuma.errors import SourceError

__all__ = ["opt_out", "soql"]

#: A field, also one of a record that this one points to: `Tier__c`, `Account.Name`.
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def soql(call: Call, asking: Asking) -> Call:
    """Put the query in place of the object that it reads: its fields, what changed since, the oldest change first.

    Raises
    ------
    SourceError
        When a field's name is none.
    """
    values = asking.values
    text = query(
        str(call.params["q"]), values["asks"], since=values["since"],
        record_types=values["settings"].get("record_types") or (),
    )  # fmt: skip
    return replace(call, params={"q": text})


def query(table: str, fields: Iterable[str], *, since: datetime | None = None, record_types: Iterable[str] = ()) -> str:
    """Return the text of a query.

    Parameters
    ----------
    since : only what changed from then on; UTC if it has no zone.
    record_types : only records of these types.
    """
    names = tuple(dict.fromkeys(fields))
    for name in (table, *names):
        if _FIELD.fullmatch(name) is None:
            raise SourceError(
                f"'{name}' is not the name of a field of Salesforce.",
                hint="The API name of a field is letters, digits and _, such as Tier__c; set it right under 'asks'.",
            )
    types = tuple(dict.fromkeys(record_types))
    conditions = []
    if since is not None:
        moment = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
        conditions.append(f"SystemModstamp >= {moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z")
    if types:
        conditions.append(f"RecordType.DeveloperName IN ({', '.join(_literal(one) for one in types)})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(names)} FROM {table}{where} ORDER BY SystemModstamp, Id"


def _literal(text: str) -> str:
    """Return a text as a literal of SOQL: whatever stands in it, it ends where it ends."""
    return "'" + "".join(_ESCAPES.get(one, one) for one in text) + "'"
