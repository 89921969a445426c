"""Raw tables to typed, cleaned rows: the door of this folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from satsuma.catalog import COLUMN_TYPES, NUMERIC, ValueType
from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.errors import WrongUse
from satsuma.quality.checks import check_values
from satsuma.quality.incoming import ColumnQuality, Incoming, IncomingField, LoadKind
from satsuma.quality.plans import FieldPlan, plan_field, readings
from satsuma.quality.wording import counted
from satsuma.sources.fields import fields_of
from satsuma.sources.mapping import ColumnMapping, Mapping, check_mapping
from satsuma.sources.raw import RawTable
from satsuma.sources.temporary import free_name

#: Distinct values are counted exactly up to this many rows, and estimated (to about 2 %) beyond.
EXACT_DISTINCT_ROWS = 1_000_000
#: A row's own facts, beside which a field of the same name takes another column.
_RESERVED = {"source": "consent_source", "row_no": "row_number"}


@dataclass(frozen=True, slots=True)
class _Part:
    """One raw table with its plans and the rows of the incoming table that came from it."""

    raw: RawTable
    mapping: Mapping
    plans: tuple[FieldPlan, ...]
    required: tuple[FieldPlan, ...]
    first: int
    rows: int


def standardise(
    engine: DuckDB,
    raws: Sequence[RawTable],
    mappings: Sequence[Mapping],
    load_kind: LoadKind,
    timezone: str,
    default_region: str | None,
    *,
    now: dt.datetime | None = None,
) -> Incoming:
    """Make the typed, cleaned rows of raw tables, and put aside those without a readable required field.

    Parameters
    ----------
    raws, mappings : as read and recognised, one mapping per raw table.
    timezone : where times that carry no offset were written down.
    default_region : ISO country of phone numbers without a country code.
    now : the moment of the load, UTC; only to tell birth dates in the future.

    Returns
    -------
    Incoming
        Rows of all tables together; a field that one table lacks is NULL for its rows.

    Raises
    ------
    SourceError
        When a required field has no column, or a mapping names a column that is not there.
    WrongUse
        When the time zone or the region is unknown.
    """
    _check_places(timezone, default_region)
    for raw, mapping in zip(raws, mappings, strict=True):
        check_mapping(mapping, raw)
    mappings = _with_shared_types(mappings)
    fields = _fields(mappings, load_kind)
    table, rejected = free_name("incoming"), free_name("rejected")
    shown = ", ".join(f"{identifier(_column(item))} {COLUMN_TYPES[item.type]}" for item in fields)
    engine.execute(f"CREATE TEMP TABLE {table} (row_no BIGINT, source VARCHAR{', ' + shown if shown else ''})")
    engine.execute(
        f"CREATE TEMP TABLE {rejected} "
        "(source VARCHAR, row_no BIGINT, column_name VARCHAR, reason VARCHAR, raw VARCHAR)"
    )
    parts = []
    for raw, mapping in zip(raws, mappings, strict=True):
        plans = tuple(
            plan_field(engine, raw, item, number, timezone=timezone, region=default_region)
            for number, item in enumerate(mapping.columns)
        )
        parts.append(_land(engine, table, rejected, raw, mapping, plans, load_kind))
    quality = [line for part in parts for line in _quality(engine, table, part, fields, load_kind, now)]
    for part in parts:
        for plan in part.plans:
            if plan.lookup:
                engine.execute(f"DROP TABLE {plan.lookup[0]}")
    return Incoming(
        load_kind=load_kind,
        table=table,
        rejected=rejected,
        fields=fields,
        sources=tuple(dict.fromkeys(source for raw in raws for source in raw.sources)),
        rows=sum(part.rows for part in parts),
        quality=tuple(quality),
        notes=_notes(parts),
    )


def _check_places(timezone: str, region: str | None) -> None:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise WrongUse(f"'{timezone}' is no time zone.", hint="Name one such as Europe/Paris or UTC.") from None
    if region is None:
        return
    from satsuma.sources.countries import country_codes

    if region.upper() not in country_codes():
        raise WrongUse(f"'{region}' is no country code.", hint="Name one of ISO 3166, such as FR or GB.")


def _column(item: IncomingField | ColumnMapping) -> str:
    """Return the column of the incoming table that holds a field."""
    name = item.name if isinstance(item, IncomingField) else item.field
    return _RESERVED.get(name, name)


# --------------------------------------------------------------------------------------------------------- the fields


def _shared(first: ValueType, second: ValueType) -> ValueType:
    """Return the type that holds the values of both."""
    if first == second:
        return first
    if first in NUMERIC and second in NUMERIC:
        return NUMERIC[max(NUMERIC.index(first), NUMERIC.index(second))]
    return "datetime" if {first, second} == {"date", "datetime"} else "text"


def _with_shared_types(mappings: Sequence[Mapping]) -> list[Mapping]:
    """Give a field the same type in all mappings, so that one column holds it."""
    types: dict[str, ValueType] = {}
    for mapping in mappings:
        for item in mapping:
            types[item.field] = _shared(types.get(item.field, item.type), item.type)
    return [
        replace(mapping, columns=tuple(replace(item, type=types[item.field]) for item in mapping))
        for mapping in mappings
    ]


def _fields(mappings: Sequence[Mapping], load_kind: LoadKind) -> tuple[IncomingField, ...]:
    found: dict[str, IncomingField] = {}
    for mapping in mappings:
        for item in mapping:
            if item.field in found:
                continue
            found[item.field] = IncomingField(
                name=item.field,
                column=" + ".join(item.columns),
                type=item.type,
                canonical=item.canonical,
                title=item.title,
                kind=item.kind,
                unit=item.unit,
                format=item.format,
                personal_data=item.personal_data,
                sensitive=item.sensitive,
            )
    order = {item.name: number for number, item in enumerate(fields_of(load_kind))}
    return tuple(sorted(found.values(), key=lambda item: order.get(item.name, len(order))))


# ----------------------------------------------------------------------------------------------------------- the rows


def _land(
    engine: DuckDB,
    table: str,
    rejected: str,
    raw: RawTable,
    mapping: Mapping,
    plans: tuple[FieldPlan, ...],
    load_kind: LoadKind,
) -> _Part:
    needed = {item.name for item in fields_of(load_kind) if item.required}
    required = tuple(plan for plan in plans if plan.item.canonical and plan.item.field in needed)
    first = engine.value(f"SELECT count(*) FROM {table}")
    columns = "".join(f", {identifier(_column(plan.item))}" for plan in plans)
    values = "".join(f", {plan.output}" for plan in plans)
    readable = " AND ".join(f"{plan.output} IS NOT NULL" for plan in required) or "true"
    engine.execute(
        f"INSERT INTO {table} (row_no, source{columns}) "
        f"SELECT row_no, source{values} FROM {readings(plans, raw)} WHERE {readable}"
    )
    rows = engine.value(f"SELECT count(*) FROM {table}") - first
    if raw.broken is not None:
        engine.execute(f"INSERT INTO {rejected} SELECT source, row_no, NULL, reason, raw FROM {raw.broken}")
    if rows < raw.rows and required:
        _reject(engine, rejected, raw, required)
    return _Part(raw, mapping, plans, required, first, rows)


def _reject(engine: DuckDB, rejected: str, raw: RawTable, required: Sequence[FieldPlan]) -> None:
    """Put aside the rows without a readable required field; the first such field names the reason."""
    unread = [f"{plan.output} IS NULL" for plan in required]
    column = " ".join(f"WHEN {test} THEN {literal(_shown(plan))}" for test, plan in zip(unread, required, strict=True))
    reason = " ".join(
        f"WHEN {test} THEN CASE WHEN {plan.present} IS NULL THEN 'required_missing' ELSE {literal(plan.reason)} END"
        for test, plan in zip(unread, required, strict=True)
    )
    cells = ", ".join(f"{literal(name)}, r.{raw.physical(name)}::VARCHAR" for name in raw.columns)
    failed = f"SELECT * FROM {readings(required, raw)} WHERE {' OR '.join(unread)}"
    engine.execute(
        f"INSERT INTO {rejected} SELECT f.source, f.row_no, CASE {column} END, CASE {reason} END, "
        f"json_object({cells})::VARCHAR FROM ({failed}) f "
        f"JOIN {raw.table} r ON r.row_no = f.row_no AND r.source = f.source"
    )


def _shown(plan: FieldPlan) -> str:
    return " + ".join(plan.item.columns) or plan.item.field


# -------------------------------------------------------------------------------------------------------- the quality


def _quality(
    engine: DuckDB,
    table: str,
    part: _Part,
    fields: Sequence[IncomingField],
    load_kind: LoadKind,
    now: dt.datetime | None,
) -> list[ColumnQuality]:
    """Return what was found in each column of one raw table."""
    plans = [plan for plan in part.plans if plan.item.value is None]
    # Ranges of row ids, since all raw tables share one incoming table.
    where = f"rowid >= {part.first} AND rowid < {part.first + part.rows}"
    here = {plan.item.field for plan in plans}
    own = [replace(item, name=_column(item)) for item in fields if item.name in here]
    odd = check_values(engine, table, part.rows, own, load_kind, now=now, where=where)
    lines = []
    exact = part.raw.rows <= EXACT_DISTINCT_ROWS
    for plan, answer in zip(plans, _count(engine, part.raw, plans, exact), strict=True):
        filled, valid, distinct, newest, *counts = answer
        findings = {code: count for code, count in zip(plan.counts, counts, strict=True) if count}
        if filled > valid:
            code = plan.reason if plan.reason != "required_missing" else "number_unreadable"
            findings[code] = findings.get(code, 0) + filled - valid
        findings |= odd.get(_column(plan.item), {})
        lines.append(
            ColumnQuality(
                source=part.raw.name,
                column=_shown(plan),
                field=plan.item.field,
                rows=part.raw.rows,
                filled=filled,
                valid=valid,
                distinct_values=min(distinct, valid),
                standardised=_standardised(findings),
                newest=None if newest is None else str(newest),
                findings=findings,
            )
        )
    return [*lines, *_whole_rows(engine, part)]


_CHANGES = {
    "whitespace_folded",
    "decimals_dropped",
    "number_reformatted",
    "date_reformatted",
    "email_lowercased",
    "phone_to_e164",
    "country_to_code",
}


def _standardised(findings: dict[str, int]) -> int:
    return sum(count for code, count in findings.items() if code in _CHANGES)


def _count(engine: DuckDB, raw: RawTable, plans: Sequence[FieldPlan], exact: bool) -> list[tuple[Any, ...]]:
    """Count over one raw table for each plan: filled, valid, distinct, newest, then its own counts."""
    answers: dict[str, tuple[Any, ...]] = {}
    for plan in plans:
        if plan.lookup:
            tests = "".join(f", coalesce(sum(n) FILTER (WHERE {test}), 0)" for test in plan.counts.values())
            row = engine.row(
                "SELECT coalesce(sum(n) FILTER (WHERE text IS NOT NULL), 0), "
                f"coalesce(sum(n) FILTER (WHERE value IS NOT NULL), 0), count(DISTINCT value), NULL{tests} "
                f"FROM {plan.lookup[0]}"
            )
            answers[plan.output] = tuple(None if value is None else int(value) for value in row)
    rest = [plan for plan in plans if not plan.lookup]
    # Some columns at a time: a statement over hundreds of columns takes longer to plan than to run.
    for start in range(0, len(rest), 50):
        some = rest[start : start + 50]
        questions = []
        for plan in some:
            value = plan.output if plan.item.type not in ("location", "list") else f"{plan.output}::VARCHAR"
            distinct = f"count(DISTINCT {value})" if exact else f"approx_count_distinct({value})"
            dated = plan.item.type in ("date", "datetime")
            questions += [f"count({plan.present})", f"count({plan.output})", distinct]
            questions.append(f"max({plan.output})::VARCHAR" if dated else "NULL")
            questions += [f"count(*) FILTER (WHERE {test})" for test in plan.counts.values()]
        row = engine.row(f"SELECT {', '.join(questions)} FROM {readings(some, raw)}")
        for plan in some:
            size = 4 + len(plan.counts)
            answers[plan.output], row = row[:size], row[size:]
    return [answers[plan.output] for plan in plans]


def _whole_rows(engine: DuckDB, part: _Part) -> list[ColumnQuality]:
    """Return the line on rows as a whole: identical ones."""
    raw = part.raw
    if not raw.rows:
        return []
    cells = ", ".join(raw.physical(column) for column in raw.columns)
    different = engine.value(f"SELECT count(DISTINCT hash({cells})) FROM {raw.table}")
    findings = {"duplicate_row": raw.rows - different} if different < raw.rows else {}
    return [
        ColumnQuality(
            source=raw.name,
            column="*",
            field=None,
            rows=raw.rows + raw.broken_rows,
            filled=raw.rows,
            valid=part.rows,
            distinct_values=different,
            standardised=0,
            findings=findings,
        )
    ]


def _notes(parts: Sequence[_Part]) -> tuple[str, ...]:
    notes = []
    for part in parts:
        rejected = part.raw.rows - part.rows
        if rejected:
            shown = " or ".join(f"'{_shown(plan)}'" for plan in part.required)
            rows, were = counted("{} row[s]", rejected), counted("[were]", rejected)
            notes.append(f"{part.raw.name}: {rows} without a readable {shown} {were} put into quarantine.")
    return tuple(notes)
