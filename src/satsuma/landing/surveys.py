"""Loads of surveys: one `Survey Answered` per respondent and item, from long or wide tables."""

from __future__ import annotations

from satsuma.catalog import Catalog, EventInfo, PropertyInfo
from satsuma.engines.duckdb import identifier, literal
from satsuma.errors import SourceError
from satsuma.landing import plain, values
from satsuma.landing.outcome import Landed, Landing
from satsuma.quality.incoming import IncomingField
from satsuma.quality.wording import counted

ANSWERED = "Survey Answered"


def land_surveys(landing: Landing) -> Landed:
    """Store answers that are not stored yet. A row counts as loaded when any of its answers is new.

    Raises
    ------
    SourceError
        When the table has neither items and answers in rows nor a column per item.
    """
    engine = landing.engine
    is_long = landing.incoming.has("item") and landing.incoming.has("answer")
    items = () if is_long else _items(landing)
    if not is_long and not items:
        raise SourceError(
            "No answers were found: neither a column 'item' with a column 'answer', nor a column per item.",
            hint="Name them with --map item=COLUMN --map answer=COLUMN.",
        )
    _answers(landing, is_long)
    before = _known_rows(landing)
    properties = {name: f"_{name}" for name in ("survey", "form", "item", "answer", "score", "scale")}
    anonymous = int(
        engine.value(f"SELECT count(*) FROM {landing.table} WHERE {values.text(landing.column('customer_id'))} IS NULL")
    )
    stored = plain.store_plain(landing, "landing_answers", properties)
    engine.execute("DROP TABLE landing_answers")
    rows = landing.incoming_rows()
    notes = list(plain.future_note(stored.future))
    if not landing.incoming.has("time"):
        notes.append("No column holds the time of the answers: they count from this load on.")
    if anonymous:
        notes.append(counted("{} row[s] name[*] no respondent who is a customer.", anonymous))
    return Landed(
        loaded=rows - before,
        unchanged=before,
        anonymous=anonymous,
        customers_new=stored.customers_new,
        events=stored.events,
        notes=tuple(notes),
        catalog=_catalog(),
    )


def _answers(landing: Landing, is_long: bool) -> None:
    """Make `landing_answers`, one row per answer; empty answers are left out."""
    customer = values.text(landing.column("customer_id"))
    form = values.text(landing.column("form"))
    file = "regexp_replace(_source, '^.*[/\\\\]|\\..*$', '', 'g')"
    survey = f"coalesce({values.text(landing.column('survey'))}, {form}, {file})"
    time = f"CAST({landing.column('time')} AS TIMESTAMP)"
    if is_long:
        answers = f"""SELECT _row_no, _source, {values.text("item")} AS _item, {values.text("answer")} AS _answer,
            {customer} AS _customer, {survey} AS _survey, {form} AS _form, {time} AS _given,
            {landing.column("received_at")} AS _received, CAST({landing.column("score")} AS DOUBLE) AS _told,
            {values.text(landing.column("scale"))} AS _scale FROM {landing.table}"""
    else:
        # The same row of answers without a respondent is told from another by its content and repeat number.
        pairs = ", ".join(f"struct_pack(i := {literal(item.name)}, a := {_answer(item)})" for item in _items(landing))
        answers = f"""SELECT _row_no, _source, _pair.i AS _item, _pair.a AS _answer, _customer, _survey, _form, _given,
            _received, CAST(NULL AS DOUBLE) AS _told, CAST(NULL AS VARCHAR) AS _scale
            FROM (SELECT _row_no, _source, unnest([{pairs}]) AS _pair, {customer} AS _customer,
                {survey} AS _survey, {form} AS _form,
                {time} AS _given, {landing.column("received_at")} AS _received FROM {landing.table})"""
    respondent = _respondents(landing, is_long)
    identity = values.digest(
        f"'{ANSWERED}'", "a._survey", "r._respondent", "a._item", values.moment("a._given"), "a._answer"
    )
    landing.engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_answers AS
        SELECT a._row_no, a._source, a._customer, CAST(NULL AS VARCHAR) AS _anonymous, '{ANSWERED}' AS _name,
            coalesce(a._given, {landing.now_sql}) AS _time, a._received AS _received_at,
            CAST(NULL AS DECIMAL(18,4)) AS _revenue, CAST(NULL AS VARCHAR) AS _order, CAST(NULL AS VARCHAR) AS _product,
            CAST(NULL AS DECIMAL(18,4)) AS _quantity, {identity} AS _id, a._survey, a._form, a._item, a._answer,
            coalesce(a._told, TRY_CAST(a._answer AS DOUBLE)) AS _score, a._scale
        FROM ({answers}) a LEFT JOIN ({respondent}) r ON r._row_no = a._row_no AND r._source = a._source
        WHERE a._answer IS NOT NULL AND a._item IS NOT NULL"""
    )


def _items(landing: Landing) -> tuple[IncomingField, ...]:
    """Return the columns of a wide table that are items; there `score` and `scale` are questions like any other."""
    asked = (landing.field(name) for name in ("score", "scale"))
    return (*landing.other_fields(), *(item for item in asked if item is not None))


def _answer(item: IncomingField) -> str:
    """Return the SQL of one answer as text."""
    column = identifier(item.name)
    return values.plain_number(column) if item.type in ("number", "money") else values.text(column)


def _respondents(landing: Landing, is_long: bool) -> str:
    """Return the `SELECT` that tells who answered each row.

    That is the customer, else the response that the source names; without either the row's content and repeat number.
    """
    customer = values.text(landing.column("customer_id"))
    response = f"'r' || {values.text(landing.column('response_id'))}"
    if is_long:
        return f"""SELECT _row_no, _source, coalesce('c' || {customer}, {response}, _source || ':' || _row_no)
            AS _respondent FROM {landing.table}"""
    content = values.digest(*values.content(_items(landing)))
    return f"""SELECT _row_no, _source, coalesce('c' || _customer, _response, CAST(_content AS VARCHAR) || ':'
            || row_number() OVER (PARTITION BY _source, _content ORDER BY _row_no)) AS _respondent
        FROM (SELECT _row_no, _source, {customer} AS _customer, {response} AS _response, {content} AS _content
            FROM {landing.table})"""


def _known_rows(landing: Landing) -> int:
    """Return how many rows bring no answer that is new."""
    return landing.incoming_rows() - int(
        landing.engine.value(
            """SELECT count(*) FROM (SELECT DISTINCT _source, _row_no FROM landing_answers
            WHERE _id NOT IN (SELECT event_id FROM events))"""
        )
    )


def _catalog() -> Catalog:
    properties = {
        "survey": PropertyInfo(type="text", title="Survey"),
        "form": PropertyInfo(type="text", title="Form"),
        "item": PropertyInfo(type="text", title="Item"),
        "answer": PropertyInfo(type="text", title="Answer", personal_data="user"),
        "score": PropertyInfo(type="number", title="Answer as a number"),
        "scale": PropertyInfo(type="text", title="Lowest and highest answer"),
    }
    return Catalog(events={ANSWERED: EventInfo(source="surveys", properties=properties)})
