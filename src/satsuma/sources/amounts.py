"""Whose amount a column of order lines holds: the line's, or the whole order's, which must not be counted per line."""

from __future__ import annotations

from satsuma.engines.duckdb import DuckDB
from satsuma.sources.profile import SAMPLE_ROWS
from satsuma.sources.raw import RawTable

#: Share of the telling orders in which the amount must be the order's.
_NEARLY_ALL = 0.9
#: Without prices to compare with, some orders of equal lines are chance.
_WITHOUT_PRICES = 5


def is_amount_of_order(
    engine: DuckDB, raw: RawTable, *, amount: str, order: str, parts: tuple[str, ...], on_some_lines: bool = False
) -> bool:
    """Return whether a column holds the amount of a whole order, repeated on its lines or given on one of them.

    Parameters
    ----------
    amount, order : columns of the amount and of the order's id.
    parts : the columns of quantity and unit price, when both are known. Lines that differ in them but not in the
        amount tell, and so do lines that have them and no amount.
    on_some_lines : a line may well have none, as with discounts: then 0 is none, and an amount on one line is that
        line's.
    """
    value, key = _text(raw, amount), _text(raw, order)
    if on_some_lines:
        value = f"CASE WHEN TRY_CAST({value} AS DOUBLE) = 0 THEN NULL ELSE {value} END"
    line = f"concat_ws(' ', {', '.join(_text(raw, column) for column in parts)})" if parts else "NULL"
    repeated, given, telling, amounts = engine.row(
        # The head of the table: rows spread over it would tear orders apart.
        f"""
        WITH head AS (SELECT {key} AS k, {value} AS v, {line} AS l FROM {raw.table} LIMIT {SAMPLE_ROWS}),
        orders AS (
            SELECT count(*) AS lines, count(v) AS filled, count(DISTINCT v) AS different, count(DISTINCT l) AS unlike,
                min(v) AS first
            FROM head WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1 AND count(v) > 0
        )
        SELECT count_if(filled = lines AND different = 1), count_if(filled = 1 AND NOT {on_some_lines}), count(*),
            count(DISTINCT first)
        FROM orders WHERE unlike > 1 OR {not parts}
        """
    )
    if parts:
        return bool(telling and repeated + given >= _NEARLY_ALL * telling)
    return bool(telling >= _WITHOUT_PRICES and amounts > 1 and repeated >= _NEARLY_ALL * telling)


def _text(raw: RawTable, column: str) -> str:
    return f"nullif(trim(CAST({raw.physical(column)} AS VARCHAR)), '')"
