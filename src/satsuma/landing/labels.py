"""Loads of labels that a text-analysis service gave to texts: an event per label, and the best label as a trait.

One model (what it tells: the topic, the sentiment) is one trait, named as the model is, with the score beside it. Of
the labels of a text the one with the highest score is the best; of the texts of a customer the newest says the trait.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, ValueType
from satsuma.engines.duckdb import identifier, literal
from satsuma.errors import SourceError
from satsuma.landing import catalogue, plain, values
from satsuma.landing.customers import land_traits
from satsuma.landing.outcome import Landed, Landing
from satsuma.quality.incoming import IncomingField
from satsuma.quality.wording import counted
from satsuma.sources.names import fold, slug

LABELLED = "Text Labelled"
#: More models than this in one load are no models: each makes two traits.
MAX_MODELS = 50
#: Of the texts of one customer this many of the newest make the history of the trait; all stay as events.
HISTORY = 20

#: What services call a label, and its score, in a list of labels beside a text.
_LABEL_KEYS = ("label", "tag_name", "name", "category", "class", "tag", "topic", "sentiment", "value")
#: Names of a column of labels that say themselves what is told, where no column names the model.
_TELLING = frozenset({"topic", "sentiment", "category"})
_SCORE_KEYS = ("score", "confidence", "probability", "relevance")


def land_labels(landing: Landing) -> Landed:
    """Store labels that are not stored yet, and bring the best of each text into the traits of the customers.

    Raises
    ------
    SourceError
        When the table has no labels, or more models than a load may bring.
    """
    engine = landing.engine
    if not landing.incoming.has("label") and not landing.incoming.has("labels"):
        raise SourceError(
            "No labels were found: neither a column 'label' nor a column 'labels' with a list of them.",
            hint="Name it with --map label=COLUMN.",
        )
    _labels(landing)
    models = _models(landing)
    before = _known_rows(landing)
    properties = {name: f"_{name}" for name in ("model", "label", "score", "best", "text_id")}
    properties |= {item.name: values.property_value(item) for item in landing.other_fields()}
    stored = plain.store_plain(landing, "landing_labels", properties)
    facts = _land_best(landing, models)
    engine.execute("DROP TABLE landing_labels")
    rows = landing.incoming_rows()
    notes = list(plain.future_note(stored.future))
    empty = rows - int(engine.value("SELECT count(*) FROM landing_labelled"))
    engine.execute("DROP TABLE landing_labelled")
    if empty:
        notes.append(counted("{} row[s] hold[*] no label.", empty))
    if not landing.incoming.has("time"):
        notes.append("No column holds the time of the labels: they count from this load on.")
    return Landed(
        loaded=rows - before,
        unchanged=before,
        anonymous=stored.anonymous,
        customers_new=stored.customers_new,
        events=stored.events,
        flags=facts.flags,
        notes=(*notes, *facts.notes),
        catalog=_catalog(landing.other_fields()).merged(facts.catalog),
    )


def _labels(landing: Landing) -> None:
    """Make `landing_labels`, one row per label, each with whether it is the best of its text and model."""
    fields = landing.other_fields()
    others = "".join(f", {identifier(item.name)}" for item in fields)
    named = landing.field("label")
    file = "regexp_replace(_source, '^.*[/\\\\]|\\..*$', '', 'g')"
    model = literal(fold(named.column)) if named is not None and fold(named.column) in _TELLING else file
    label, score = values.text(landing.column("label")), f"CAST({landing.column('score')} AS DOUBLE)"
    found = f"SELECT *, {label} AS _label, {score} AS _score FROM {landing.table}"
    if landing.incoming.has("labels"):
        # A row may bring its labels in a list; one that has a label of its own is taken as it is.
        told = f"(SELECT *, _listed.label AS _label, _listed.score AS _score FROM ({_listed(landing)}))"
        own = f"SELECT * EXCLUDE (_listed) FROM {told}"
        found = f"{own} UNION ALL {found} WHERE {label} IS NOT NULL" if landing.incoming.has("label") else own
    identity = values.digest(
        f"'{LABELLED}'", "_model", "_text_id", "_customer", "_label", "_score", values.moment("_given"),
        *values.content(fields),
    )  # fmt: skip
    # Rows of one text: those with its id, else what one row says.
    text = "coalesce('t' || _text_id, 'c' || _customer || coalesce(CAST(_given AS VARCHAR), ''), _source || _row_no)"
    landing.engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_labels AS
        SELECT *, {identity} AS _id, row_number() OVER (PARTITION BY _model, _text, _given, _customer
            ORDER BY _score DESC NULLS LAST, _label) = 1 AS _best
        FROM (SELECT *, {text} AS _text, coalesce(_given, {landing.now_sql}) AS _time FROM (
            SELECT _row_no, _source, {values.text(landing.column("customer_id"))} AS _customer,
                CAST(NULL AS VARCHAR) AS _anonymous, '{LABELLED}' AS _name,
                CAST({landing.column("time")} AS TIMESTAMP) AS _given,
                CAST({landing.column("received_at")} AS TIMESTAMP) AS _received_at,
                CAST(NULL AS DECIMAL(18,4)) AS _revenue, CAST(NULL AS VARCHAR) AS _order,
                CAST(NULL AS VARCHAR) AS _product, CAST(NULL AS DECIMAL(18,4)) AS _quantity,
                coalesce({values.text(landing.column("model"))}, {model}) AS _model,
                {values.text(landing.column("text_id"))} AS _text_id, _label, _score{others}
            FROM ({found}) WHERE _label IS NOT NULL))"""
    )
    landing.engine.execute(
        "CREATE OR REPLACE TEMP TABLE landing_labelled AS SELECT DISTINCT _source, _row_no FROM landing_labels"
    )


def _listed(landing: Landing) -> str:
    """Return the `SELECT` that gives a row for each element of a list of labels, or of an object label -> score."""

    def first(keys: Iterable[str]) -> str:
        return ", ".join(f"json_extract_string(x, {literal(f'$.{key}')})" for key in keys)

    named = f"coalesce({first(_LABEL_KEYS)}, CASE json_type(x) WHEN 'VARCHAR' THEN json_extract_string(x, '$') END)"
    list_of = "CAST(_json AS JSON[])"
    pointer = "'/' || replace(replace(k, '~', '~0'), '/', '~1')"
    pairs = f"""list_transform(json_keys(_json), lambda k: struct_pack(label := k,
        score := TRY_CAST(json_extract_string(_json, {pointer}) AS DOUBLE)))"""
    labels = f"""list_transform({list_of}, lambda x: struct_pack(label := {values.text(named)},
        score := TRY_CAST(coalesce({first(_SCORE_KEYS)}) AS DOUBLE)))"""
    return f"""SELECT * EXCLUDE (_json), unnest(CASE json_type(_json) WHEN 'ARRAY' THEN {labels}
            WHEN 'OBJECT' THEN {pairs} END) AS _listed
        FROM (SELECT *, TRY_CAST({landing.column("labels")} AS JSON) AS _json FROM {landing.table})"""


def _models(landing: Landing) -> dict[str, str]:
    """Return each model of the load with the name of its trait."""
    found = [str(row[0]) for row in landing.engine.rows("SELECT DISTINCT _model FROM landing_labels ORDER BY 1")]
    if len(found) > MAX_MODELS:
        field = landing.field("model")
        raise SourceError(
            f"The column '{field.column if field else 'model'}' holds {len(found):,} different values; that is not "
            f"what told the labels (at most {MAX_MODELS}).",
            hint="Name the right column with --map model=COLUMN, or give all rows one with --map model==NAME.",
        )
    names: dict[str, str] = {}
    for model in found:
        name = slug(model)
        known = landing.catalog.traits.get(name)
        # A trait that another kind of rows brought is not written over.
        if known is not None and known.source not in (None, landing.incoming.load_kind):
            name = f"{name}_label"
        names[model] = name
    return names


def _land_best(landing: Landing, models: dict[str, str]) -> Landed:
    """Bring the best label of each text, with its score, into the traits named after the models."""
    engine = landing.engine
    columns: list[str] = []
    fields: list[IncomingField] = [IncomingField(name="customer_id", column="customer_id", type="text", canonical=True)]
    if landing.incoming.has("time"):
        fields.append(IncomingField(name="valid_from", column="time", type="datetime", canonical=True))
    kinds: tuple[tuple[str, str, ValueType], ...] = (("", "_label", "text"), ("_score", "_score", "number"))
    for model, name in models.items():
        for suffix, column, type_ in kinds:
            columns.append(f"CASE WHEN _model = {literal(model)} THEN {column} END AS {identifier(name + suffix)}")
            fields.append(
                IncomingField(
                    name=name + suffix, column=name + suffix, type=type_, canonical=False, kind="psychographic",
                    title=model if not suffix else f"{model}, score", personal_data="user",
                )
            )  # fmt: skip
    shown = "".join(f", {column}" for column in columns)
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_best AS
        SELECT _row_no, _source, _customer AS customer_id, _time AS valid_from{shown} FROM (
            SELECT * FROM landing_labels WHERE _best AND _customer IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY _model, _customer, _time ORDER BY _score DESC NULLS LAST, _label,
                _row_no) = 1)
        QUALIFY row_number() OVER (PARTITION BY _model, _customer ORDER BY _time DESC, _row_no DESC)
            <= {HISTORY if landing.incoming.has("time") else 1}"""
    )
    _one_row_a_moment(landing, tuple(item.name for item in fields if not item.canonical))
    incoming = replace(landing.incoming, table="landing_best", fields=tuple(fields), is_partial=True)
    landed = land_traits(replace(landing, incoming=incoming))
    engine.execute("DROP TABLE landing_best")
    return landed


def _one_row_a_moment(landing: Landing, names: tuple[str, ...]) -> None:
    """Bring what several models say of one customer at one moment into one row: a load takes one row of each moment."""
    if not names:
        return
    shown = ", ".join(f"max({identifier(name)}) AS {identifier(name)}" for name in names)
    landing.engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_best AS
        SELECT min(_row_no) AS _row_no, min(_source) AS _source, customer_id, valid_from, {shown}
        FROM landing_best GROUP BY customer_id, valid_from"""
    )


def _known_rows(landing: Landing) -> int:
    """Return how many rows bring no label that is new."""
    return landing.incoming_rows() - int(
        landing.engine.value(
            """SELECT count(*) FROM (SELECT DISTINCT _source, _row_no FROM landing_labels
            WHERE _id NOT IN (SELECT event_id FROM events))"""
        )
    )


def _catalog(fields: tuple[IncomingField, ...]) -> Catalog:
    properties = {
        "model": PropertyInfo(type="text", title="Model"),
        "label": PropertyInfo(type="text", title="Label"),
        "score": PropertyInfo(type="number", title="Score of the label"),
        "best": PropertyInfo(type="boolean", title="The best label of its text"),
        "text_id": PropertyInfo(type="text", title="Text"),
    }
    properties |= {item.name: catalogue.property_info(item) for item in fields}
    return Catalog(events={LABELLED: EventInfo(
        source="text-labels", description="One label that a model gave to a text.", properties=properties
    )})  # fmt: skip
