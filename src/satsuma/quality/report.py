"""What the loads found in the data: completeness, validity, uniqueness, timeliness, and what was changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from satsuma.engines.duckdb import DuckDB
from satsuma.quality.reasons import REASONS, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason code with its count and its sentence; `effect` is row, unreadable, flag or changed."""

    code: str
    count: int
    effect: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReport:
    """One column of one source, as of its newest load.

    Attributes
    ----------
    completeness : share of the rows that hold a value (0 to 1); None without rows.
    validity : share of the values that could be read; None without values.
    uniqueness : share of the readable values that are different; None where it was not counted.
    newest : the newest date or time in the column.
    standardised : how many values were rewritten to their standard form.
    """

    column: str
    field: str | None
    rows: int
    filled: int
    valid: int
    distinct_values: int | None
    completeness: float | None
    validity: float | None
    uniqueness: float | None
    newest: dt.datetime | None
    standardised: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """One source and kind: its columns, identical rows, and rows in quarantine that wait."""

    source: str
    kind: str
    load_id: int
    loaded_at: dt.datetime | None
    rows: int
    duplicate_rows: int
    quarantined: Mapping[str, int]
    newest: dt.datetime | None
    columns: tuple[ColumnReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """The quality of all sources, in the order of their names."""

    sources: tuple[SourceReport, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; times are ISO texts in UTC."""
        return {"sources": [_plain(source) for source in self.sources], "waiting": dict(self.waiting)}


def quality_report(engine: DuckDB) -> QualityReport:
    """Read what is known about the quality of each source from the warehouse.

    A source that was loaded several times is reported as its newest load of each kind found it.
    """
    rows = engine.rows(
        """SELECT q.source, q.kind, q.load_id, l.loaded_at, q.column_name, q.field, q.rows, q.filled, q.valid,
            q.distinct_values, q.standardised, q.newest, q.findings::VARCHAR
        FROM quality q LEFT JOIN loads l USING (load_id)
        WHERE q.load_id = (SELECT max(o.load_id) FROM quality o WHERE o.source = q.source AND o.kind = q.kind)
        ORDER BY q.source, q.kind, q.rowid"""
    )
    grouped: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in rows:
        grouped.setdefault((row[0], row[1]), []).append(row)
    waiting = engine.rows(
        "SELECT reason, count(*) FROM quarantine WHERE settled_at IS NULL GROUP BY reason ORDER BY reason"
    )
    by_load = _waiting_by_load(engine)
    sources = tuple(_source(key, lines, by_load) for key, lines in grouped.items())
    return QualityReport(sources=sources, waiting=dict(waiting))


def _waiting_by_load(engine: DuckDB) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = engine.rows(
        "SELECT load_id, reason, count(*) FROM quarantine WHERE settled_at IS NULL "
        "GROUP BY load_id, reason ORDER BY load_id, reason"
    )
    for load_id, reason, count in rows:
        found.setdefault(load_id, {})[reason] = count
    return found


def _source(
    key: tuple[str, str], lines: list[tuple[Any, ...]], waiting: Mapping[int, Mapping[str, int]]
) -> SourceReport:
    whole = [line for line in lines if line[4] == "*"]
    columns = tuple(_column(line) for line in lines if line[4] != "*")
    load_id, loaded_at = lines[0][2], lines[0][3]
    findings: dict[str, int] = json.loads(whole[0][12]) if whole else {}
    dates = [column.newest for column in columns if column.newest is not None and column.field in _MOMENTS]
    return SourceReport(
        source=key[0],
        kind=key[1],
        load_id=load_id,
        loaded_at=loaded_at,
        rows=whole[0][6] if whole else max((line[6] for line in lines), default=0),
        duplicate_rows=findings.get("duplicate_row", 0),
        quarantined=dict(waiting.get(load_id, {})),
        newest=max(dates, default=None),
        columns=columns,
    )


#: The fields whose newest value says how fresh a source is; a contract's end or a birthday does not.
_MOMENTS = frozenset({"time", "first_seen", "received_at", "valid_from"})


def _column(line: tuple[Any, ...]) -> ColumnReport:
    column, name, rows, filled, valid, distinct, standardised, newest, findings = line[4:13]
    return ColumnReport(
        column=column,
        field=name,
        rows=rows,
        filled=filled,
        valid=valid,
        distinct_values=distinct,
        completeness=_share(filled, rows),
        validity=_share(valid, filled),
        uniqueness=None if distinct is None else _share(distinct, valid),
        newest=newest,
        standardised=standardised,
        findings=tuple(_finding(code, count) for code, count in json.loads(findings).items()),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _finding(code: str, count: int) -> Finding:
    reason = REASONS.get(code)
    return Finding(code=code, count=count, effect=reason.effect if reason else "flag", sentence=sentence(code))


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
