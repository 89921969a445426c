"""Daily files of Google Analytics' export (`events_20261030`), as a table whose columns say what they are.

An event of this export keeps its properties in a list of keys and typed values, its moment in microseconds, its
products in another list, and the two ids of a person in columns of their own. Read as any other file it would be dated
to the day, and most of it would be one long text.

* A purchase becomes a row for each of its products, so that the order is known by its lines. If there is one in the
  file whose products have no ids, all purchases stay one row each: an order is told by lines or in sum.
* Another event that is about one product names it; one that is about several (a list that was shown) names none.
* There is no id of an event; what is the same to the microsecond is the same event, so that a day may be loaded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.sources.raw import RawTable
from satsuma.sources.temporary import free_name

#: By these columns the export is known.
_KNOWN_BY = ("event_name", "event_timestamp", "event_params", "user_pseudo_id")
#: Column -> where it stands; of all else (counters of the export itself) nothing is kept.
_KEPT = {
    "user_id": "user_id",
    "anonymous_id": "user_pseudo_id",
    "platform": "platform",
    "device_category": "device.category",
    "operating_system": "device.operating_system",
    "language": "device.language",
    "browser": "device.web_info.browser",
    "city": "geo.city",
    "region": "geo.region",
    "country": "geo.country",
    "traffic_source": "traffic_source.source",
    "traffic_medium": "traffic_source.medium",
    "traffic_campaign": "traffic_source.name",
}
_ITEM = '[{"item_id": "VARCHAR", "item_name": "VARCHAR", "price": "VARCHAR", "quantity": "VARCHAR"}]'
_PARAM = (
    '[{"key": "VARCHAR", "value": {"string_value": "VARCHAR", "int_value": "VARCHAR", "float_value": "VARCHAR", '
    '"double_value": "VARCHAR"}}]'
)
#: More properties than this are a mistake of whoever names them.
MOST_PARAMS = 300


def is_analytics_export(raw: RawTable) -> bool:
    """Return whether a table is such a file."""
    return all(name in raw.columns for name in _KNOWN_BY)


def unfold(engine: DuckDB, raw: RawTable) -> RawTable:
    """Return the table with a column for each property; the given one is left as it is."""
    keys = _keys(engine, raw)
    taken = {*_KEPT, "event_name", "event_time", "order_id", "product_id", "product_name", "quantity", "revenue"}
    named = {key: key if key not in taken else f"param_{key}" for key in keys if key not in ("transaction_id", "value")}
    # `(not set)` and the like stand for nothing.
    columns = {name: f"nullif(nullif({_place(raw, path)}, '(not set)'), '')" for name, path in _KEPT.items()}
    columns |= {name: _param(key) for key, name in named.items()}
    transaction = (
        f"coalesce(nullif({_place(raw, 'ecommerce.transaction_id')}, '(not set)'), {_param('transaction_id')})"
    )
    paid = f"coalesce({_place(raw, 'ecommerce.purchase_revenue')}, {_param('value')})"
    back = f"coalesce({_place(raw, 'ecommerce.refund_value')}, {_param('value')})"
    is_order = "coalesce(_name IN ('purchase', 'refund'), false)"
    is_sale = f"coalesce(_name = 'purchase' AND {transaction} IS NOT NULL, false)"
    by_lines = f"{is_sale} AND bool_and(_has_ids OR NOT ({is_sale})) OVER ()"
    item = "CASE WHEN _by_lines OR len(_items) = 1 THEN _item END"
    quantity = "coalesce(TRY_CAST(_item.quantity AS DECIMAL(18,4)), 1)"
    price = f"CAST(TRY_CAST(_item.price AS DECIMAL(18,4)) * {quantity} AS VARCHAR)"
    columns = {
        "event_name": "_name",
        "event_time": "strftime(make_timestamp(TRY_CAST(_micros AS BIGINT)), '%Y-%m-%dT%H:%M:%S.%fZ')",
        **columns,
        "order_id": f"CASE WHEN {is_order} THEN {transaction} END",
        "product_id": f"({item}).item_id",
        "product_name": f"({item}).item_name",
        "quantity": f"CASE WHEN _by_lines THEN coalesce(_item.quantity, '1') ELSE ({item}).quantity END",
        # Each line its price; an order without lines what was paid.
        "revenue": f"CASE WHEN _by_lines THEN {price} WHEN _name = 'purchase' THEN {paid} "
        f"WHEN _name = 'refund' THEN {back} END",
    }
    listed = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(columns.values(), start=1))
    items = _place(raw, "items") if "items" in raw.columns else "NULL"
    table = free_name("unfolded")
    engine.execute(
        f"""CREATE TEMP TABLE {table} AS
        WITH read AS (
            SELECT *, {raw.physical("event_name")}::VARCHAR AS _name,
                {raw.physical("event_timestamp")}::VARCHAR AS _micros,
                coalesce(from_json({raw.physical("event_params")}::VARCHAR, {literal(_PARAM)}), []) AS _params,
                coalesce(from_json({items}, {literal(_ITEM)}), []) AS _items
            FROM {raw.table}
        ), named AS (
            SELECT *, len(_items) > 0 AND len(list_filter(_items, lambda x: x.item_id IS NULL)) = 0 AS _has_ids
            FROM read
        ), told AS (SELECT *, {by_lines} AS _by_lines FROM named),
        lines AS (
            SELECT *, unnest(CASE WHEN _by_lines THEN range(1, len(_items) + 1) ELSE [1] END) AS _line FROM told
        ), placed AS (SELECT *, _items[_line] AS _item FROM lines)
        SELECT row_number() OVER (PARTITION BY source ORDER BY row_no, _line) AS row_no, source, {listed} FROM placed"""
    )
    return replace(
        raw,
        table=table,
        columns=tuple(columns),
        types=("VARCHAR",) * len(columns),
        rows=int(engine.value(f"SELECT count(*) FROM {table}")),
        notes=(*raw.notes, "Read as a daily file of Google Analytics' export: each property became a column."),
        sure_names=True,
    )


def _keys(engine: DuckDB, raw: RawTable) -> Sequence[str]:
    """Return the names of the properties, the most frequent first."""
    rows = engine.rows(
        f"""SELECT key, count(*) FROM (
            SELECT unnest(from_json({raw.physical("event_params")}::VARCHAR, {literal(_PARAM)})).key AS key
            FROM {raw.table})
        WHERE key IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_PARAMS}"""
    )
    return [str(row[0]) for row in rows]


def _place(raw: RawTable, path: str) -> str:
    """Return the SQL of a value: a column of its own in JSON files, inside a column in Parquet."""
    if path in raw.columns:
        return f"{raw.physical(path)}::VARCHAR"
    outer, _, inner = path.partition(".")
    if inner and outer in raw.columns:
        return f"json_extract_string({raw.physical(outer)}::VARCHAR, {literal(f'$.{inner}')})"
    return "CAST(NULL AS VARCHAR)"


def _param(key: str) -> str:
    found = f"list_filter(_params, lambda x: x.key = {literal(key)})[1].value"
    return f"coalesce({found}.string_value, {found}.int_value, {found}.double_value, {found}.float_value)"
