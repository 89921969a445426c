"""What a database says it minds, as a sentence: the table, the column, the right, the time; never a value."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from satsuma.errors import VendorError
from satsuma.ledger import databases

#: PostgreSQL's codes and MySQL's numbers of what concerns what is asked.
_CODES: dict[Any, str] = {
    "42P01": "table", "42703": "column", "42501": "right", "57014": "time", "42601": "syntax", "0A000": "syntax",
    "25006": "write",    "55P03": "lock", "53200": "memory", "22021": "encoding",
    "3F000": "table", "42883": "function", 1305: "function",
    1146: "table", 1109: "table", 1054: "column", 1142: "right", 1143: "right", 1969: "time", 3024: "time",
    1317: "time", 1060: "twice", 1064: "syntax", 1792: "write", 1205: "lock",
}  # fmt: skip
_SQLITE = (
    ("no such table", "table"), ("unknown database", "schema"), ("no such column", "column"),
    ("no such function", "function"), ("wrong number of arguments", "function"), ("interrupted", "time"),
    ("syntax error", "syntax"),
    ("one statement", "syntax"), ("attempt to write", "write"), ("database is locked", "lock"),
)  # fmt: skip

#: What may be over with the next try.
_PASSING = frozenset(("host", "lost", "time", "lock", "memory"))

_WORDS = {
    "table": ("does not know a table that {what} reads", "Check the name, and the schema before it: schema.table."),
    "schema": ("has no schemas, and {what} names one", "Name the table alone: customers, not public.customers."),
    "function": ("does not know a function that the query of {what} calls",
                 "Call what this database has: SQLite's greatest(a, b) is max(a, b)."),
    "column": ("does not know a column that {what} reads", "Check the names of columns."),
    "right": ("does not let this user read what {what} asks for", "Let the user read it: GRANT SELECT ON ... TO ..."),
    "time": ("took longer than {what} may take",
             "Put an index on the column 'updated', ask for less, or say a longer 'timeout'."),
    "twice": ("finds two columns of one name in the query of {what}",
              "Give each a name of its own: SELECT a.id AS x, ..."),
    "syntax": ("does not understand the query of {what}", "Try the query in the database's own client."),
    "write": ("lets nothing be changed by {what}: it may only read", "Write a query that is one SELECT."),
    "lock": ("keeps {what} waiting for a lock", "Try again when what holds it has ended."),
    "memory": ("has no memory left for {what}", "Try again, or ask for less."),
    "encoding": ("holds text that is not in its own encoding", "Mend the text, or leave the column out."),
}  # fmt: skip


def source_error(error: BaseException, url: sa.URL, what: str) -> VendorError:
    """Return what is wrong, as an error of ours.

    Parameters
    ----------
    what : what was asked, in words: `the stream 'orders'`.
    """
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    kind = "encoding" if isinstance(cause, UnicodeDecodeError) else _kind(cause)
    if kind is None:
        found = databases.trouble(error, url)
        return VendorError(found.message, hint=found.hint, again=found.kind in _PASSING, trouble=found.kind)
    words, hint = _WORDS[kind]
    place = databases.place(url)
    said = f"{place[0].upper()}{place[1:]} {words.format(what=what)}."
    return VendorError(said, hint=hint, again=kind in _PASSING, trouble=kind)


def _kind(cause: BaseException) -> str | None:
    number = next(iter(cause.args), None)
    # MySQL's own number says more than the state that stands beside it.
    code = number if isinstance(number, int) else getattr(cause, "sqlstate", None)
    if code is not None:
        return _CODES.get(code)
    return next((kind for text, kind in _SQLITE if text in str(cause)), None)
