"""What engines write differently, in one place: expressions go in and come out as syntax trees.

Nothing of this is left to a translation between dialects: each function says the one meaning, and each engine's class
below writes it so that it means exactly that. What is not here is standard SQL, quoted as the standard says: texts in
single quotes, names in double ones, a backslash is itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol, cast

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks

from satsuma.catalog import COLUMN_TYPES, ValueType
from satsuma.engines.layout import property_column

Part = Literal["contains", "starts_with", "ends_with"]

_EPOCH = datetime(1970, 1, 1)


class Dialect(Protocol):
    """How one engine writes it."""

    def render(self, tree: exp.Expr) -> str:
        """Return the text of a statement or expression."""
        ...

    def value_type(self, sql_type: str) -> ValueType:
        """Return the type of value that a column of customers or accounts holds."""
        ...

    def moment(self, microseconds: int) -> exp.Expr:
        """Return a moment, given in microseconds since 1970 (UTC), to be compared with a column of times."""
        ...

    def microseconds(self, moment: exp.Expr) -> exp.Expr:
        """Return a moment as microseconds since 1970."""
        ...

    def days(self, date: exp.Expr) -> exp.Expr:
        """Return a date as days since 1970."""
        ...

    def has(self, part: Part, text: exp.Expr, wanted: str) -> exp.Expr:
        """Say whether a text contains, starts with or ends with another; every text does with the empty one."""
        ...

    def equality_hash(self, text: exp.Expr) -> exp.Expr:
        """Return a number that equal texts share, 0 or more. It differs between engines and is never kept."""
        ...

    def own_property(self, name: str) -> exp.Expr:
        """Return a property of an event `e` that has no column in every event."""
        ...

    def logged(self, text: exp.Expr, type_: ValueType) -> exp.Expr:
        """Return a value of the log of changes, a text, as its trait's type; null where it cannot be read."""
        ...

    def edge(self, value: exp.Expr, order: Sequence[exp.Expr], *, last: bool, where: exp.Expr | None) -> exp.Expr:
        """Return the aggregate {v: value} of the first or last row in an order, null where there is none.

        The value may be null itself, which is why it comes wrapped: `edge.v`.
        """
        ...


def _type_written(sql_type: str, called: Callable[[str], str]) -> ValueType:
    return cast(ValueType, next(type_ for type_, written in COLUMN_TYPES.items() if called(written) == sql_type))


def typed(value: exp.Expr, type_: str) -> exp.Expr:
    """Return a value as an SQL type, null where it does not fit."""
    return exp.TryCast(this=value, to=exp.DataType.build(type_, dialect="duckdb"))


def _filtered(aggregate: exp.Expr, where: exp.Expr | None) -> exp.Expr:
    return aggregate if where is None else exp.Filter(this=aggregate, expression=exp.Where(this=where))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


class DuckDBDialect:
    """DuckDB: times have no zone, properties are a VARIANT."""

    def render(self, tree: exp.Expr) -> str:
        return tree.sql(dialect="duckdb")

    def value_type(self, sql_type: str) -> ValueType:
        return _type_written(sql_type, str)

    def moment(self, microseconds: int) -> exp.Expr:
        return exp.cast(exp.Literal.string(_written(microseconds)), "TIMESTAMP")

    def microseconds(self, moment: exp.Expr) -> exp.Expr:
        return _call("epoch_us", moment)

    def days(self, date: exp.Expr) -> exp.Expr:
        return _call("date_diff", exp.Literal.string("day"), exp.cast(exp.Literal.string("1970-01-01"), "DATE"), date)

    def has(self, part: Part, text: exp.Expr, wanted: str) -> exp.Expr:
        return _call(part, text, exp.Literal.string(wanted))

    def equality_hash(self, text: exp.Expr) -> exp.Expr:
        half = exp.BitwiseRightShift(this=_call("hash", text), expression=exp.Literal.number(1))
        return exp.cast(half, "BIGINT")

    def own_property(self, name: str) -> exp.Expr:
        return _call("variant_extract", exp.column("properties", table="e"), exp.Literal.string(name))

    def logged(self, text: exp.Expr, type_: ValueType) -> exp.Expr:
        return typed(text, COLUMN_TYPES[type_])

    def edge(self, value: exp.Expr, order: Sequence[exp.Expr], *, last: bool, where: exp.Expr | None) -> exp.Expr:
        wrapped = _call("struct_pack", exp.PropertyEQ(this=exp.to_identifier("v"), expression=value))
        return _filtered(_call("arg_max" if last else "arg_min", wrapped, exp.Tuple(expressions=list(order))), where)


class _SparkSQL(Databricks):
    """Spark's SQL with the quotes of the standard.

    Of the two spellings of Spark's SQL that the printer knows, the plain one writes TRY_CAST as CAST, which fails in
    ANSI mode on the first value that does not fit.
    """

    class Tokenizer(Databricks.Tokenizer):
        QUOTES = ["'"]  # noqa: RUF012  the printer's own way to declare a dialect
        STRING_ESCAPES = ["'"]  # noqa: RUF012
        IDENTIFIERS = ['"']  # noqa: RUF012


class SparkDialect:
    """Spark SQL from 4.1, in its ANSI mode, with the session's zone UTC.

    Tables come from Parquet, where every property that the catalogue knows is a column of its type.
    """

    def render(self, tree: exp.Expr) -> str:
        return tree.sql(dialect=_SparkSQL)

    def value_type(self, sql_type: str) -> ValueType:
        return _type_written(sql_type, spark_name)

    def moment(self, microseconds: int) -> exp.Expr:
        # The columns of times have no zone; compared with a type that has one, they could not be skipped in files.
        return exp.cast(exp.Literal.string(_written(microseconds)), "TIMESTAMPNTZ")

    def microseconds(self, moment: exp.Expr) -> exp.Expr:
        return _call("unix_micros", exp.cast(moment, "TIMESTAMP"))

    def days(self, date: exp.Expr) -> exp.Expr:
        return exp.cast(_call("unix_date", date), "BIGINT")

    def has(self, part: Part, text: exp.Expr, wanted: str) -> exp.Expr:
        return _call(part.replace("_", ""), text, exp.Literal.string(wanted))

    def equality_hash(self, text: exp.Expr) -> exp.Expr:
        return _call("shiftrightunsigned", _call("xxhash64", text), exp.Literal.number(1))

    def own_property(self, name: str) -> exp.Expr:
        return exp.column(property_column(name), table="e", quoted=True)

    def logged(self, text: exp.Expr, type_: ValueType) -> exp.Expr:
        # A list or a place has no text that Spark reads back; in published tables it stands as JSON.
        if type_ in ("list", "location"):
            return _call("from_json", text, exp.Literal.string(spark_type(COLUMN_TYPES[type_])))
        return typed(text, COLUMN_TYPES[type_])

    def edge(self, value: exp.Expr, order: Sequence[exp.Expr], *, last: bool, where: exp.Expr | None) -> exp.Expr:
        wrapped = _call("named_struct", exp.Literal.string("v"), value)
        return _filtered(_call("max_by" if last else "min_by", wrapped, _call("struct", *order)), where)


def _written(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(sep=" ")


#: Types without a sign, which Spark does not have, and a name that it writes otherwise.
_SPARK_TYPES = {"UINTEGER": "BIGINT", "UTINYINT": "SMALLINT", "BLOB": "BINARY"}


def spark_type(sql_type: str) -> str:
    """Return the Spark type in which a type of the warehouse is read."""
    if sql_type in _SPARK_TYPES:
        return _SPARK_TYPES[sql_type]
    return exp.DataType.build(sql_type, dialect="duckdb").sql(dialect=_SparkSQL)


def spark_name(sql_type: str) -> str:
    """Return what Spark calls the type in which a type of the warehouse is read, when it lists columns."""
    return spark_type(sql_type).lower().replace(" ", "")


DUCKDB = DuckDBDialect()
SPARK = SparkDialect()
