"""Values of databases as values of JSON, without losing any: amounts as exact texts, moments with their zone.

| in the database                    | in the record                                                        |
|---|---|
| text, enum, uuid, inet, range, ... | text                                                                 |
| whole numbers, booleans            | the same                                                             |
| decimal                            | text, every digit of it: "12.50"                                     |
| float                              | number; NaN and infinities are nothing                               |
| a moment with a zone               | text, in UTC: "2024-05-01 06:00:00+00:00"                            |
| a moment without one, a date, time | text as it stands; nothing for infinity, and for days before the year 1 |
| a span                             | its seconds                                                          |
| json, arrays                       | objects and lists                                                    |
| bytes                              | text, two hexadecimal digits each                                    |
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_PLAIN = frozenset((str, int, bool, type(None)))
#: Codes of column types in MySQL's protocol.
MYSQL_DECIMAL, MYSQL_TIMESTAMP, MYSQL_DATE, MYSQL_DATETIME, MYSQL_BIT, MYSQL_JSON = 246, 7, 10, 12, 16, 245
MYSQL_NUMBERS = frozenset((0, 1, 2, 3, 4, 5, 8, 9, MYSQL_DECIMAL))
#: Numbers of types in PostgreSQL.
PG_TIMESTAMPTZ, PG_TIMESTAMP, PG_DATE, PG_NUMERIC = 1184, 1114, 1082, 1700
PG_NUMBERS = frozenset((20, 21, 23, 26, 700, 701, PG_NUMERIC))


def plain(value: Any) -> Any:
    """Return a value of a database as one of JSON."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else None
    if isinstance(value, datetime):
        return str(value.astimezone(UTC) if value.tzinfo is not None else value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return str(value)


def readers(dialect: str, codes: Sequence[Any]) -> list[Callable[[Any], Any]]:
    """Return for each column what makes its values plain, by the code of its type."""
    if dialect not in ("mysql", "mariadb"):
        return [plain] * len(codes)
    special = {MYSQL_TIMESTAMP: _zoned, MYSQL_DATETIME: _dated, MYSQL_DATE: _dated, MYSQL_BIT: _bits, MYSQL_JSON: _json}
    return [special.get(code, plain) for code in codes]


def _zoned(value: Any) -> Any:
    # The session is in UTC, and a TIMESTAMP is a moment; what the driver could not read is 0000-00-00.
    return f"{value}+00:00" if isinstance(value, datetime) else None


def _dated(value: Any) -> Any:
    return str(value) if isinstance(value, date) else None


def _bits(value: Any) -> Any:
    return int.from_bytes(value) if isinstance(value, bytes) else plain(value)


def _json(value: Any) -> Any:
    return plain(json.loads(value)) if isinstance(value, str | bytes) else plain(value)


def teach_psycopg(connection: Any) -> None:
    """Let a connection to PostgreSQL give moments and amounts as texts: it is quicker, and takes `infinity`."""
    from psycopg.adapt import Loader

    class Dated(Loader):  # type: ignore[misc]  # an extra
        def load(self, data: Any) -> str | None:
            text = bytes(data).decode()
            return None if text.endswith(("infinity", " BC")) else text

    class Zoned(Loader):  # type: ignore[misc]
        def load(self, data: Any) -> str | None:
            text = bytes(data).decode()
            # The session is in UTC: PostgreSQL ends each with +00.
            return None if text.endswith(("infinity", " BC")) else f"{text}:00"

    class Amount(Loader):  # type: ignore[misc]
        def load(self, data: Any) -> str | None:
            text = bytes(data).decode()
            return None if text.endswith(("NaN", "Infinity")) else text

    for name, loader in (("timestamptz", Zoned), ("timestamp", Dated), ("date", Dated), ("numeric", Amount)):
        connection.adapters.register_loader(name, loader)
