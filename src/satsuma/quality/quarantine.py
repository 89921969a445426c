"""The rows that could not be read: counted by reason, and shown."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import Any

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound
from satsuma.quality.reasons import sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineGroup:
    """The rows of one load, source, column and reason that wait."""

    load_id: int
    loaded_at: dt.datetime | None
    source: str
    kind: str
    column: str | None
    reason: str
    sentence: str
    rows: int
    first_row: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; the time is an ISO text in UTC."""
        return {**asdict(self), "loaded_at": None if self.loaded_at is None else f"{self.loaded_at.isoformat()}Z"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """One row with its content; only the workspace's owner sees it, never an error or a log.

    `raw` is a mapping of column to text, or, for a row that could not be cut into columns, the list of its cells or
    the line.
    """

    quarantine_id: int
    load_id: int
    source: str
    kind: str
    row_no: int
    column: str | None
    reason: str
    sentence: str
    raw: Any
    settled_at: dt.datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, with the row in one line as `written`; the time is an ISO text in UTC."""
        settled = None if self.settled_at is None else f"{self.settled_at.isoformat()}Z"
        return {**asdict(self), "settled_at": settled, "written": self.written}

    @property
    def written(self) -> str:
        """The row in one line, for people."""
        if isinstance(self.raw, dict):
            return ", ".join(f"{name}={value}" for name, value in self.raw.items() if value is not None)
        if isinstance(self.raw, list):
            return " | ".join(str(cell) for cell in self.raw)
        return str(self.raw)


def list_quarantine(engine: DuckDB) -> tuple[QuarantineGroup, ...]:
    """Return what waits in quarantine, grouped by load, source, column and reason, the newest load first."""
    rows = engine.rows(
        """SELECT q.load_id, any_value(l.loaded_at), q.source, q.kind, q.column_name, q.reason, count(*), min(q.row_no)
        FROM quarantine q LEFT JOIN loads l USING (load_id) WHERE q.settled_at IS NULL
        GROUP BY q.load_id, q.source, q.kind, q.column_name, q.reason
        ORDER BY q.load_id DESC, q.source, q.column_name NULLS FIRST, q.reason"""
    )
    return tuple(
        QuarantineGroup(
            load_id=row[0],
            loaded_at=row[1],
            source=row[2],
            kind=row[3],
            column=row[4],
            reason=row[5],
            sentence=sentence(row[5]),
            rows=row[6],
            first_row=row[7],
        )
        for row in rows
    )


def show_quarantine(
    engine: DuckDB, *, load_id: int | None = None, quarantine_id: int | None = None, most: int = 100
) -> tuple[QuarantinedRow, ...]:
    """Return rows in quarantine with their content: those that wait of one load (or of all), or one row.

    Raises
    ------
    NotFound
        When the load or the row is not there.
    """
    if quarantine_id is not None:
        where, parameter = "quarantine_id = ?", [quarantine_id]
    elif load_id is not None:
        where, parameter = "settled_at IS NULL AND load_id = ?", [load_id]
    else:
        where, parameter = "settled_at IS NULL", []
    rows = engine.rows(
        "SELECT quarantine_id, load_id, source, kind, row_no, column_name, reason, raw::VARCHAR, settled_at "
        f"FROM quarantine WHERE {where} ORDER BY quarantine_id LIMIT {int(most)}",
        parameter,
    )
    if not rows and parameter:
        what = f"row {quarantine_id}" if quarantine_id is not None else f"row of load {load_id}"
        raise NotFound(f"There is no {what} in quarantine.", hint="See satsuma quarantine list.")
    return tuple(
        QuarantinedRow(
            quarantine_id=row[0],
            load_id=row[1],
            source=row[2],
            kind=row[3],
            row_no=row[4],
            column=row[5],
            reason=row[6],
            sentence=sentence(row[6]),
            raw=json.loads(row[7]),
            settled_at=row[8],
        )
        for row in rows
    )
