"""What is odd about values that can be read: they stay, and are counted under a reason code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.quality.incoming import IncomingField, LoadKind
from satsuma.sources.meaning import meaning_of

#: Beyond this many robust standard deviations (1.4826 times the median absolute deviation) a value is far out.
OUTLIER_DEVIATIONS = 6.0
_TO_SIGMA = 1.4826
#: With fewer values, nothing is far out.
MIN_VALUES = 50
#: Medians are taken of about this many rows, evenly spread; they are exact enough, and ten times as fast.
MEDIAN_ROWS = 500_000
MAX_AGE = 120

_KEYS = {"customers": "customer_id", "orders": "order_id", "products": "product_id", "events": "event_id"}


def check_values(
    engine: DuckDB,
    table: str,
    rows: int,
    fields: Sequence[IncomingField],
    load_kind: LoadKind,
    *,
    now: dt.datetime | None,
    where: str = "true",
) -> dict[str, dict[str, int]]:
    """Count odd values in typed rows.

    Parameters
    ----------
    table, where : the incoming table and the condition for the rows of one raw table.
    rows : how many these are.
    now : the moment of the load in UTC; without it nothing is called future.

    Returns
    -------
    dict
        Field to reason code to count (only above 0).
    """
    conditions: list[tuple[str, str, str]] = []
    bounds = _bounds(engine, table, rows, fields, where)
    for item in fields:
        column = identifier(item.name)
        if item.name in bounds:
            low, high = bounds[item.name]
            conditions.append((item.name, "outlier", f"{column} < {low!r} OR {column} > {high!r}"))
        conditions += [(item.name, code, test) for code, test in _impossible(item, column, now)]
    found: dict[str, dict[str, int]] = {}
    if conditions:
        counts = ", ".join(f"count(*) FILTER (WHERE {test})" for _, _, test in conditions)
        answers = engine.row(f"SELECT {counts} FROM {table} WHERE {where}")
        for (name, code, _), count in zip(conditions, answers, strict=True):
            if count:
                found.setdefault(name, {})[code] = count
    key = _KEYS.get(load_kind)
    if any(item.canonical and item.name == key for item in fields):
        column = identifier(str(key))
        repeated = engine.value(f"SELECT count({column}) - count(DISTINCT {column}) FROM {table} WHERE {where}")
        if repeated:
            found.setdefault(str(key), {})["repeated_key"] = repeated
    return found


def _impossible(item: IncomingField, column: str, now: dt.datetime | None) -> list[tuple[str, str]]:
    numeric = item.type in ("integer", "number")
    meaning = meaning_of(item.column)
    tests = []
    if numeric and meaning.is_age:
        tests.append(("age_impossible", f"{column} < 0 OR {column} > {MAX_AGE}"))
    words = item.name.split("_")
    if numeric and ("lat" in words or "latitude" in words):
        tests.append(("latitude_impossible", f"abs({column}) > 90"))
    if numeric and ("lon" in words or "lng" in words or "longitude" in words):
        tests.append(("longitude_impossible", f"abs({column}) > 180"))
    if item.type in ("date", "datetime") and item.personal_data == "user.demographic.date_of_birth" and now:
        moment = f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'"
        tests.append(
            ("birth_date_impossible", f"{column} > {moment} OR {column} < {moment} - INTERVAL {MAX_AGE} YEARS")
        )
    return tests


def _bounds(
    engine: DuckDB, table: str, rows: int, fields: Sequence[IncomingField], where: str
) -> dict[str, tuple[float, float]]:
    """Return the range outside which a value of a numeric field is an outlier.

    Amounts that are positive and skewed are judged on logarithms, where a rich customer is not yet an error.
    """
    numeric = [item for item in fields if item.type in ("integer", "number", "money")]
    if not numeric or rows < MIN_VALUES:
        return {}
    step = max(1, rows // MEDIAN_ROWS)
    some = f"{where} AND row_no % {step} = 0" if step > 1 else where
    middles = ", ".join(
        f"count({c}), count(*) FILTER (WHERE {c} > 0), median({c})::DOUBLE, avg({c})::DOUBLE, "
        f"median(CASE WHEN {c} > 0 THEN ln({c}) END)"
        for c in (f"{identifier(item.name)}::DOUBLE" for item in numeric)
    )
    answers = engine.row(f"SELECT {middles} FROM {table} WHERE {some}")
    centres: list[tuple[IncomingField, bool, float]] = []
    for number, item in enumerate(numeric):
        count, positive, median, mean, log_median = answers[5 * number : 5 * number + 5]
        if count * step < MIN_VALUES or median is None:
            continue
        is_log = positive >= 0.5 * count and log_median is not None and mean > 1.2 * median > 0
        centres.append((item, is_log, log_median if is_log else median))
    if not centres:
        return {}
    spreads = engine.row(
        "SELECT "
        + ", ".join(
            f"median(abs({_scaled(identifier(item.name), is_log)} - {centre!r}))" for item, is_log, centre in centres
        )
        + f" FROM {table} WHERE {some}"
    )
    found = {}
    for (item, is_log, centre), spread in zip(centres, spreads, strict=True):
        # Over half of the values equal: no measure of what is usual.
        if not spread:
            continue
        reach = OUTLIER_DEVIATIONS * _TO_SIGMA * spread
        found[item.name] = _range(centre, reach, is_log)
    return found


def _scaled(column: str, is_log: bool) -> str:
    return f"CASE WHEN {column} > 0 THEN ln({column}::DOUBLE) END" if is_log else f"{column}::DOUBLE"


def _range(centre: float, reach: float, is_log: bool) -> tuple[float, float]:
    if not is_log:
        return centre - reach, centre + reach
    import math

    # Zero and negative amounts (gifts, returns) have no logarithm and are no outliers by being small.
    return -math.exp(min(700.0, centre + reach)), math.exp(min(700.0, centre + reach))
