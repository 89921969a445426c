"""What the values of a column look like: the distinct values of rows spread over the whole table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from satsuma.engines.duckdb import DuckDB
from satsuma.sources import forms
from satsuma.sources.missing import DEFAULT, SOMETIMES, is_category
from satsuma.sources.raw import RawTable
from satsuma.sources.temporary import free_name

SAMPLE_ROWS = 20_000
SAMPLE_VALUES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A column's sample: its distinct values with counts, missing words left out.

    `is_whole` says that nothing was left out: all rows, and all distinct values.
    """

    column: str
    sql_type: str
    filled: int
    distinct: int
    values: Mapping[str, int]
    keep: tuple[str, ...] = ()
    is_whole: bool = False

    def share(self, test: Callable[[str], object]) -> float:
        """Return the share of distinct sampled values that pass a test (0 for an empty column)."""
        if not self.values:
            return 0.0
        return sum(1 for value in self.values if test(value)) / len(self.values)


def take_sample(engine: DuckDB, raw: RawTable) -> str:
    """Make a temporary table of rows spread evenly over the whole raw table."""
    step = max(1, raw.rows // SAMPLE_ROWS)
    name = free_name("raw_sample")
    where = f" WHERE row_no % {step} = 0" if step > 1 else ""
    engine.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {raw.table}{where}")
    return name


def profile_column(engine: DuckDB, raw: RawTable, sample: str, column: str, *, country: bool) -> Profile:
    """Collect the distinct values of a column from the sample."""
    physical = raw.physical(column)
    sql_type = raw.type_of(column)
    if not forms.is_text_type(sql_type):
        row = engine.row(f"SELECT count({physical}), count(DISTINCT {physical}) FROM {sample}")
        values = engine.rows(
            f"SELECT CAST({physical} AS VARCHAR) v, count(*) FROM {sample} WHERE {physical} IS NOT NULL "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {SAMPLE_VALUES}"
        )
        return Profile(column=column, sql_type=sql_type, filled=row[0], distinct=row[1], values=dict(values))
    counts = engine.rows(
        f"SELECT {forms.folded(f'{physical}::VARCHAR')} v, count(*) n FROM {sample} WHERE {physical} IS NOT NULL "
        f"GROUP BY 1 ORDER BY n DESC, v"
    )
    everything = {value: count for value, count in counts if value}
    keep = tuple(
        word
        for word in sorted(SOMETIMES)
        if any(value.lower() == word for value in everything) and is_category(word, everything, country=country)
    )
    kept = {value: count for value, count in everything.items() if value.lower() not in DEFAULT - set(keep)}
    return Profile(
        column=column,
        sql_type=sql_type,
        filled=sum(kept.values()),
        distinct=len(kept),
        values=dict(list(kept.items())[:SAMPLE_VALUES]),
        keep=keep,
        is_whole=raw.rows < 2 * SAMPLE_ROWS and len(kept) <= SAMPLE_VALUES,
    )
