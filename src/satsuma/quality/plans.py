"""One plan per field: the SQL that reads it, the SQL that counts what was changed, and its reason code.

The statements have three levels, so that each expression is written once: `inner` names the present values of the raw
columns, `value` reads them, and `counts` look at both. Wide tables are planned in a tenth of the time that way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from satsuma.catalog import COLUMN_TYPES, Format, ValueType
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.quality.contacts import LOOKUPS, distinct_values, make_lookup
from satsuma.sources import forms
from satsuma.sources.mapping import ColumnMapping
from satsuma.sources.raw import RawTable
from satsuma.sources.temporary import free_name

#: From so many rows on, and with at most so many different values, distinct values are cleaned instead of rows.
MANY_ROWS = 200_000
MAX_LOOKUP = 100_000

_UNREADABLE: dict[ValueType, str] = {
    "text": "required_missing",
    "integer": "integer_unreadable",
    "number": "number_unreadable",
    "money": "money_unreadable",
    "boolean": "boolean_unreadable",
    "date": "date_unreadable",
    "datetime": "date_unreadable",
    "list": "list_unreadable",
    "location": "location_unreadable",
}
_LOOKUP_CODES: dict[Format, tuple[str, str]] = {
    "email": ("email_invalid", "email_lowercased"),
    "phone": ("phone_invalid", "phone_to_e164"),
    "country": ("country_unknown", "country_to_code"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPlan:
    """How one field of the incoming table is made from one raw table.

    inner : names to SQL over the raw table (`r`).
    value, present : SQL over those names; `present` is not NULL where the source holds a value.
    counts : reason code to SQL condition over those names and `output`, the name of the value; with a lookup, over
        its columns `written`, `text` and `value`.
    reason : the code of a value that is there but cannot be read.
    lookup : the lookup table and the inner name that it is joined by, or None.
    """

    item: ColumnMapping
    output: str
    inner: dict[str, str]
    value: str
    present: str
    reason: str
    counts: dict[str, str] = field(default_factory=dict)
    lookup: tuple[str, str] | None = None


def readings(plans: Sequence[FieldPlan], raw: RawTable) -> str:
    """Return SQL of a query over a raw table with `row_no`, `source`, every inner name and every output."""
    inner = "".join(f", {sql} AS {name}" for plan in plans for name, sql in plan.inner.items())
    outputs = "".join(f", {plan.value} AS {plan.output}" for plan in plans)
    outputs += "".join(f", {plan.lookup[0]}.text AS {plan.present}" for plan in plans if plan.lookup)
    joins = "".join(
        f" LEFT JOIN {plan.lookup[0]} ON {plan.lookup[0]}.written = b.{plan.lookup[1]}" for plan in plans if plan.lookup
    )
    return f"(SELECT b.*{outputs} FROM (SELECT r.row_no, r.source{inner} FROM {raw.table} r) b{joins})"


def plan_field(
    engine: DuckDB, raw: RawTable, item: ColumnMapping, number: int, *, timezone: str, region: str | None
) -> FieldPlan:
    """Decide how a field is read from a raw table; makes the lookup table where the format needs one.

    Parameters
    ----------
    number : tells the names of this plan from those of the others.
    """
    output = f"v{number}"
    if item.value is not None:
        value = f"CAST({literal(item.value)} AS {COLUMN_TYPES[item.type]})"
        return FieldPlan(item=item, output=output, inner={}, value=value, present="true", reason="required_missing")
    if item.also:
        return _several(raw, item, number, timezone)
    column = f"r.{raw.physical(item.column)}"
    sql_type = raw.type_of(item.column)
    clean, written = f"p{number}", f"w{number}"
    inner = {clean: forms.present(column, sql_type, item.form), written: _text(column, sql_type)}
    if item.format in _LOOKUP_CODES and item.format in LOOKUPS and item.type == "text":
        return _looked_up(engine, raw, item, number, inner[written], region)
    if _repeats(engine, raw, item):
        lookup = _clean_lookup(engine, raw, item)
        counts = _changes(item, "text", "written", "value")
        return _joined(item, number, inner[written], lookup, _UNREADABLE["text"], counts)
    if not forms.is_text_type(sql_type):
        inner = {clean: inner[clean]}
        value = forms.read_value(clean, sql_type, item.type, item.form, timezone, clean=clean)
        counts = {}
    else:
        value = forms.read_value(written, "VARCHAR", item.type, item.form, timezone, clean=clean)
        counts = _changes(item, clean, written, output)
    if item.format == "currency":
        value = f"upper({value})"
    return FieldPlan(
        item=item,
        output=output,
        inner=inner,
        value=value,
        present=clean,
        reason=_UNREADABLE[item.type],
        counts=counts,
    )


def _text(column: str, sql_type: str) -> str:
    return column if sql_type == "VARCHAR" else f"{column}::VARCHAR"


def _repeats(engine: DuckDB, raw: RawTable, item: ColumnMapping) -> bool:
    """Return whether a column of text is long and its values few, so that cleaning each once pays."""
    if (
        raw.rows < MANY_ROWS
        or item.type != "text"
        or raw.type_of(item.column) != "VARCHAR"
        or item.format == "currency"
    ):
        return False
    different = engine.value(f"SELECT approx_count_distinct({raw.physical(item.column)}) FROM {raw.table}")
    return bool(different <= min(MAX_LOOKUP, raw.rows // 20))


def _clean_lookup(engine: DuckDB, raw: RawTable, item: ColumnMapping) -> str:
    """Clean the distinct values: ten million descriptions of five thousand products take a quarter of the time."""
    present = forms.present("written", "VARCHAR", item.form)
    distinct = distinct_values(engine, raw.table, raw.physical(item.column), present)
    value = forms.read_value("written", "VARCHAR", "text", item.form, "UTC", clean="text")
    name = free_name("lookup")
    engine.execute(f"CREATE TEMP TABLE {name} AS SELECT written, text, {value} AS value, n FROM {distinct}")
    engine.execute(f"DROP TABLE {distinct}")
    return name


def _joined(
    item: ColumnMapping, number: int, written: str, lookup: str, reason: str, counts: dict[str, str]
) -> FieldPlan:
    name = f"w{number}"
    return FieldPlan(
        item=item,
        output=f"v{number}",
        inner={name: written},
        value=f"{lookup}.value",
        present=f"p{number}",
        reason=reason,
        counts=counts,
        lookup=(lookup, name),
    )


def _looked_up(
    engine: DuckDB, raw: RawTable, item: ColumnMapping, number: int, written: str, region: str | None
) -> FieldPlan:
    value_format = item.format
    if value_format is None:
        raise TypeError("a field without a format is not looked up")
    present = forms.present("written", "VARCHAR", item.form)
    lookup = make_lookup(engine, raw.table, raw.physical(item.column), present, value_format, region)
    unreadable, changed = _LOOKUP_CODES[value_format]
    counts = {"missing_word": "text IS NULL AND trim(written) <> ''", changed: "value <> written"}
    if value_format == "phone" and region is None:
        # A national number without a known country stays as it is.
        counts[changed] = "value <> written AND starts_with(value, '+')"
        counts["phone_without_region"] = "NOT starts_with(value, '+')"
    return _joined(item, number, written, lookup, unreadable, counts)


def _changes(item: ColumnMapping, clean: str, written: str, output: str) -> dict[str, str]:
    """Return what is counted about a column of text."""
    counts = {"missing_word": f"CASE WHEN {clean} IS NULL THEN trim({written}) <> '' END"}
    if item.type == "text":
        if item.form.whole_ids:
            counts["decimals_dropped"] = f"{output} <> {clean}"
        counts["whitespace_folded"] = f"{clean} <> {written}"
        counts["damaged_text"] = f"contains({written}, '\N{REPLACEMENT CHARACTER}')"
        if item.format == "url":
            counts["url_invalid"] = f"NOT regexp_full_match({clean}, '(?i)https?://[^\\s/?#]+\\.[^\\s]+')"
    elif item.type in ("integer", "number", "money"):
        plain = r"\s*[-+]?[0-9]+(\.[0-9]*)?\s*" if item.form.decimal == "." else r"\s*[-+]?[0-9]+\s*"
        counts["number_reformatted"] = f"{output} IS NOT NULL AND NOT regexp_full_match({written}, '{plain}')"
    elif item.type in ("date", "datetime") and item.form.dates != "iso":
        counts["date_reformatted"] = f"{output} IS NOT NULL"
    return counts


def _several(raw: RawTable, item: ColumnMapping, number: int, timezone: str) -> FieldPlan:
    """Read a field from several columns: a place from two, an amount as the sum of all."""
    part_type: ValueType = "number" if item.type == "location" else item.type
    inner: dict[str, str] = {}
    parts: list[str] = []
    for place, column in enumerate(item.columns):
        sql_type, physical = raw.type_of(column), f"r.{raw.physical(column)}"
        inner[f"p{number}_{place}"] = f"({forms.present(physical, sql_type, item.form)})::VARCHAR"
        inner[f"q{number}_{place}"] = forms.read_value(physical, sql_type, part_type, item.form, timezone)
        parts.append(f"q{number}_{place}")
    if item.type == "location":
        value = forms.place(parts[0], parts[1])
    else:
        summed = " + ".join(f"coalesce({part}, 0)" for part in parts)
        target = COLUMN_TYPES[item.type]
        value = f"(CASE WHEN coalesce({', '.join(parts)}) IS NOT NULL THEN CAST({summed} AS {target}) END)"
    presents = ", ".join(name for name in inner if name.startswith("p"))
    return FieldPlan(
        item=item,
        output=f"v{number}",
        inner=inner,
        value=value,
        present=f"coalesce({presents})",
        reason=_UNREADABLE[item.type],
    )
