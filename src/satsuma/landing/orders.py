"""The one exploder: order lines and orders become events, whatever way they came in.

| class of row | event |
|---|---|
| purchased | one `Order Completed` per order, one `Product Purchased` per line |
| returned | one `Order Refunded` per order, one `Product Returned` per line |
| free | one `Product Received` per line, no order by itself |
| anonymous | the same events, with no customer |

This module stages the rows: `landing_lines` (a row per line, classed, with its digest) and `landing_groups` (a row
per order and customer, summed). `versions` decides which orders are new, the same or corrected, and writes them.

An order known by one row may say how much of it was given back: it is sold, and refunded beside that.

A line's money is its own amount where the source gives one, else quantity times unit price; a discount column stays a
property and is not taken off again. A status word may undo a line whose money is positive: see `words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.errors import SourceError
from satsuma.landing import values, words
from satsuma.landing.outcome import Landing
from satsuma.landing.store import FLAG_IDENTICAL, FLAG_NON_PRODUCT
from satsuma.quality.incoming import IncomingField

COMPLETED, REFUNDED = "Order Completed", "Order Refunded"
PURCHASED, RETURNED, RECEIVED = "Product Purchased", "Product Returned", "Product Received"

#: Canonical fields of a line that stay readable as properties.
_KEPT_FIELDS = ("product_name", "unit_price", "discount", "status", "currency")
#: Canonical fields that say something of the line, never of the order.
_OF_LINES = ("product_name", "unit_price")
#: Share of the orders of several lines over which a property must be constant to count as the order's own.
CONSTANT_SHARE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The staged rows of one load of orders.

    classes : rows per class; their sum is the number of rows.
    duplicates : rows dropped because another file of this load holds the same line.
    order_properties : property -> SQL over `landing_groups`; line_properties : the same over `landing_lines`.
    """

    has_lines: bool
    classes: Mapping[str, int]
    duplicates: int
    identical: int
    non_product: int
    without_amount: int
    differing_rows: int
    property_fields: tuple[IncomingField, ...]
    line_properties: Mapping[str, str]
    order_properties: Mapping[str, str]


def stage(landing: Landing) -> Staged:
    """Class the incoming rows and sum them per order; makes `landing_lines` and `landing_groups`.

    Raises
    ------
    SourceError
        When the rows hold several currencies.
    """
    engine = landing.engine
    has_lines = landing.incoming.load_kind == "order-lines"
    fields = property_fields(landing)
    _check_currency(landing)
    landing.progress("classing rows")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE landing_lines AS {_lines(landing, fields, has_lines)}")
    classes = dict.fromkeys(("purchased", "returned", "free", "anonymous"), 0)
    for name, count in engine.rows(
        "SELECT CASE WHEN _customer_no IS NULL THEN 'anonymous' ELSE _class END, count(*) FROM landing_lines GROUP BY 1"
    ):
        classes[name] = int(count)
    non_product, without_amount = engine.row(
        f"SELECT count_if(_flags & {FLAG_NON_PRODUCT} > 0), count_if(_amount IS NULL) FROM landing_lines"
    )
    landing.progress("finding repeated rows")
    differing = 0
    if has_lines or not landing.incoming.has("order_id"):
        duplicates, identical = _number_repeats(engine, has_lines)
    else:
        duplicates, differing = _newest_rows(engine)
        identical = 0
    landing.progress("summing orders")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE landing_groups AS {_groups(fields)}")
    return Staged(
        has_lines=has_lines,
        classes=classes,
        duplicates=duplicates,
        identical=identical,
        non_product=int(non_product or 0),
        without_amount=int(without_amount or 0),
        differing_rows=differing,
        property_fields=fields,
        line_properties={item.name: _line_property(item) for item in fields},
        order_properties=_order_properties(engine, fields, has_lines),
    )


def property_fields(landing: Landing) -> tuple[IncomingField, ...]:
    """Return the fields of an order's rows that become properties."""
    kept = [landing.field(name) for name in _KEPT_FIELDS]
    return (*(item for item in kept if item is not None), *landing.other_fields())


def drop_staged(engine: DuckDB) -> None:
    """Drop the temporary tables of `stage`."""
    engine.execute("DROP TABLE IF EXISTS landing_lines")
    engine.execute("DROP TABLE IF EXISTS landing_groups")


def _lines(landing: Landing, fields: tuple[IncomingField, ...], has_lines: bool) -> str:
    """Return the `SELECT` of the classed rows. Its own columns start with `_`, which no property's name does."""
    columns = ", ".join(f"i.{identifier(item.name)}" for item in fields)
    quantity = values.money(landing.column("quantity"))
    if has_lines:
        price = values.money(landing.column("unit_price"))
        given = values.money(landing.column("revenue"))
        factor = f"coalesce({quantity}, 1)"
        amount = f"coalesce({given}, {values.product(factor, price)})" if landing.incoming.has("unit_price") else given
    else:
        amount = values.money(landing.column("revenue"))
    status = landing.column("status")
    customer = values.text(landing.column("customer_id"))
    product_id = values.text(landing.column("product_id"))
    product_name = landing.column("product_name") if landing.incoming.has("product_name") else None
    flagged = words.is_non_product(product_id, product_name) if landing.incoming.has("product_id") else "false"
    order = values.text(landing.column("order_id"))
    # Rows without an order id: lines of one customer at one moment are one order; an order's row is an order.
    own = values.digest("_customer", values.moment("_time"), *(() if has_lines else ("_amount",)))
    line_name = f"CASE _class WHEN 'returned' THEN '{RETURNED}' WHEN 'free' THEN '{RECEIVED}' ELSE '{PURCHASED}' END"
    identity = values.digest("_name", "_order", "_product", "_quantity", "_amount", values.moment("_time"))
    profile, visitors, visitor = "p.profile_no", "", ""
    if landing.incoming.has("anonymous_id"):
        profile = "coalesce(p.profile_no, a.profile_no)"
        visitor = f"{values.text('anonymous_id')} AS _anonymous, "
        visitors = (
            f" LEFT JOIN {landing.engine.profiles} a"
            " ON a.kind = 'anonymous_id' AND a.profile_key = n._anonymous AND n._customer IS NULL"
        )
    return f"""
    WITH read AS (
        SELECT {columns + ", " if columns else ""}{visitor}_row_no, _source, {customer} AS _customer,
            {order} AS _order_id, {product_id} AS _product, {quantity} AS _quantity, {amount} AS _amount,
            {landing.column("time")} AS _time, CAST({landing.column("received_at")} AS TIMESTAMP) AS _received_at,
            {values.money(landing.column("refunded_amount"))} AS _refunded,
            CAST({landing.column("refunded_at")} AS TIMESTAMP) AS _refunded_at,
            CASE WHEN {words.any_of(status, words.CANCELLED)} THEN 'cancelled'
                WHEN {words.any_of(status, words.REFUNDED)} THEN 'refunded'
                WHEN {words.any_of(status, words.RETURN)} THEN 'return' END AS _status,
            CAST(CASE WHEN {flagged} THEN {FLAG_NON_PRODUCT} ELSE 0 END AS UTINYINT) AS _flags
        FROM {landing.table} i
    ), classed AS (
        SELECT *, CASE WHEN _status IS NOT NULL OR _quantity < 0 OR _amount < 0 THEN 'returned'
                WHEN _amount > 0 OR (_amount IS NULL AND coalesce(_quantity, 1) > 0) THEN 'purchased'
                ELSE 'free' END AS _class,
            coalesce(_order_id, 'auto:' || {own}) AS _order
        FROM read
    ), named AS (
        SELECT * EXCLUDE (_order_id, _status, _refunded, _refunded_at), {line_name} AS _name,
            _class = 'purchased' OR coalesce(_status = 'refunded' AND _amount > 0, false) AS _sells,
            _class = 'returned' OR coalesce(_refunded <> 0, false) AS _gives_back,
            coalesce(CASE WHEN _refunded <> 0 THEN _refunded_at END, _time) AS _time_back,
            CASE WHEN _status = 'cancelled' AND _amount >= 0 THEN 0 WHEN _refunded <> 0 THEN abs(_refunded)
                WHEN _class = 'returned' THEN abs(_amount) END AS _given_back
        FROM classed
    )
    SELECT n.* EXCLUDE (_name), p.customer_no AS _customer_no, {profile} AS _profile_no, {identity} AS _id
    FROM named n
    LEFT JOIN {landing.engine.profiles} p ON p.kind = 'customer_id' AND p.profile_key = n._customer{visitors}"""


def _number_repeats(engine: DuckDB, has_lines: bool) -> tuple[int, int]:
    """Give equal lines of one file their repeat numbers, and drop those that another file of the load repeats.

    Two equal lines of one invoice in one file may both be real; the same line in two files is one line. So each
    line counts as often as in the file that holds it most often.

    Returns
    -------
    dropped, identical : int
        Rows dropped; rows kept that repeat an equal one (they carry the flag).
    """
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE landing_repeats AS SELECT _id FROM landing_lines GROUP BY _id HAVING count(*) > 1"
    )
    dropped = identical = 0
    if engine.value("SELECT count(*) FROM landing_repeats"):
        engine.execute(
            """CREATE OR REPLACE TEMP TABLE landing_repeats AS
            SELECT _rid, _repeat, row_number() OVER (PARTITION BY _id, _repeat ORDER BY _source) AS _copy FROM (
                SELECT l.rowid AS _rid, l._id, l._source,
                    row_number() OVER (PARTITION BY l._id, l._source ORDER BY l._row_no) AS _repeat
                FROM landing_lines l SEMI JOIN landing_repeats r USING (_id))"""
        )
        dropped = int(engine.value("SELECT count(*) FROM landing_repeats WHERE _copy > 1"))
        identical = int(engine.value("SELECT count(*) FROM landing_repeats WHERE _copy = 1 AND _repeat > 1"))
        if identical:
            engine.execute(
                f"""UPDATE landing_lines SET _id = {values.digest("_id", "r._repeat")},
                    _flags = _flags | {FLAG_IDENTICAL}
                FROM landing_repeats r WHERE landing_lines.rowid = r._rid AND r._copy = 1 AND r._repeat > 1"""
            )
            if not has_lines:
                # An order without an id is known by its one row: equal rows are as many orders.
                engine.execute(
                    """UPDATE landing_lines SET _order = _order || '-' || r._repeat FROM landing_repeats r
                    WHERE landing_lines.rowid = r._rid AND r._copy = 1 AND r._repeat > 1"""
                )
        if dropped:
            engine.execute(
                """DELETE FROM landing_lines WHERE rowid IN (SELECT _rid FROM landing_repeats WHERE _copy > 1)"""
            )
    engine.execute("DROP TABLE landing_repeats")
    return dropped, identical


def _newest_rows(engine: DuckDB) -> tuple[int, int]:
    """Keep one row per order: the one known last, else the latest, else the largest.

    Returns
    -------
    dropped, differing : int
        Rows dropped; those among them that differ from the row that was kept.
    """
    rows, orders = engine.row("SELECT count(*), count(DISTINCT _order) FROM landing_lines")
    if rows == orders:
        return 0, 0
    engine.execute(
        """CREATE OR REPLACE TEMP TABLE landing_repeats AS
        SELECT rowid AS _rid, _id IS DISTINCT FROM first_value(_id) OVER newest AS _differs,
            row_number() OVER newest AS _place
        FROM landing_lines WINDOW newest AS (PARTITION BY _order
            ORDER BY _received_at DESC NULLS LAST, _time DESC, _amount DESC NULLS LAST, _id, _source, _row_no)"""
    )
    differing = int(engine.value("SELECT count_if(_place > 1 AND _differs) FROM landing_repeats"))
    engine.execute("DELETE FROM landing_lines WHERE rowid IN (SELECT _rid FROM landing_repeats WHERE _place > 1)")
    engine.execute("DROP TABLE landing_repeats")
    return int(rows) - int(orders), differing


def _groups(fields: tuple[IncomingField, ...]) -> str:
    """Return the `SELECT` of orders: sums, earliest times, an order-independent digest, and each property's range."""
    parts = []
    for item in fields:
        column = identifier(item.name)
        if item.name == "discount":
            parts.append(f"sum(CASE WHEN _sells THEN {values.money(column)} END) AS {column}")
        elif item.name not in _OF_LINES and item.type not in ("list", "location"):
            parts.append(f"min({column}) AS {column}, max({column}) AS {identifier('_to_' + item.name)}")
    ranges = "".join(f", {part}" for part in parts)
    # A sum does not mind the order of lines, and counts equal ones.
    said = values.number_digest("_product", "_quantity", "_amount", *values.content(_facts(fields)))
    return f"""
    SELECT _order, _customer_no, min(_customer) AS _customer, min(_profile_no) AS _profile_no,
        count(*) AS _rows, max(_received_at) AS _received_at, min(_time) AS _first_time, CAST(1 AS BIGINT) AS _part,
        count(CASE WHEN _sells THEN 1 END) AS _items, sum(CASE WHEN _sells THEN _amount END) AS _revenue,
        sum(CASE WHEN _sells THEN abs(_quantity) END) AS _quantity, min(CASE WHEN _sells THEN _time END) AS _time,
        count(CASE WHEN _gives_back THEN 1 END) AS _items_back, sum(_given_back) AS _given_back,
        sum(CASE WHEN _class = 'returned' THEN abs(_quantity) END) AS _quantity_back,
        min(CASE WHEN _gives_back THEN _time_back END) AS _time_back,
        bit_xor(CAST(_id AS UHUGEINT)) AS _lines, sum(CAST({said} AS HUGEINT)) AS _said,
        CAST(bit_and(_flags) & {FLAG_NON_PRODUCT} AS UTINYINT) AS _flags{ranges}
    FROM landing_lines GROUP BY _order, _customer_no"""


def _facts(fields: tuple[IncomingField, ...]) -> list[IncomingField]:
    """Return the properties of which a change is a correction: all but the name, which files spell as they like."""
    return [item for item in fields if item.name != "product_name"]


def _line_property(item: IncomingField) -> str:
    return values.property_value(item)


def _order_properties(engine: DuckDB, fields: tuple[IncomingField, ...], has_lines: bool) -> dict[str, str]:
    """Return the properties that are the order's own, as SQL over `landing_groups`.

    A property is the order's own when it is constant over the lines of nearly every order of several lines; in the
    few orders where it is not, it is missing.
    """
    kept: dict[str, str] = {}
    candidates = [item for item in fields if item.name not in _OF_LINES and item.type not in ("list", "location")]
    ranged = [item for item in candidates if item.name != "discount"]
    if len(candidates) > len(ranged):
        kept["discount"] = values.property_value(next(item for item in candidates if item.name == "discount"))
    if not ranged:
        return kept
    equal = {
        item.name: f"{identifier(item.name)} IS NOT DISTINCT FROM {identifier('_to_' + item.name)}" for item in ranged
    }
    counted = ", ".join(f"count_if({test})" for test in equal.values())
    several, *constant = engine.row(f"SELECT count(*), {counted} FROM landing_groups WHERE _rows > 1")
    for item, count in zip(ranged, constant, strict=True):
        if not has_lines or (count or 0) >= CONSTANT_SHARE * several:
            column = identifier(item.name)
            kept[item.name] = values.property_value(item, f"(CASE WHEN {equal[item.name]} THEN {column} END)")
    return kept


def _check_currency(landing: Landing) -> None:
    if not landing.incoming.has("currency"):
        return
    found = landing.engine.value(f"SELECT count(DISTINCT upper(trim(currency))) FROM {landing.table}")
    if found > 1:
        field = landing.field("currency")
        raise SourceError(
            f"The column '{field.column if field else 'currency'}' names {found} currencies; sums need one.",
            hint="Convert the amounts to the workspace's currency before loading, or load the rows of one currency.",
        )
