"""Loads of consents: an append-only list of decisions, each once."""

from __future__ import annotations

from satsuma.engines.duckdb import literal
from satsuma.errors import SourceError
from satsuma.identity import numbers
from satsuma.landing import values, words
from satsuma.landing.outcome import Landed, Landing

#: How purposes are written in definitions: small letters and underscores.
PURPOSE = r"[^\p{L}\p{N}]+"


def land_consents(landing: Landing) -> Landed:
    """Store decisions that are not stored yet. A row whose status is neither a yes nor a no goes to quarantine.

    Raises
    ------
    SourceError
        When most statuses cannot be read: then the column is another one.
    """
    engine = landing.engine
    status = f"""CASE WHEN {words.any_of("status", words.GRANTED)} THEN 'granted'
        WHEN {words.any_of("status", words.DENIED)} THEN 'denied' END"""
    _reject_unreadable(landing, status)
    customer = values.text("customer_id")
    new = numbers.number_customers(engine, f"(SELECT {customer} AS customer_id FROM {landing.table})")
    time = f"coalesce(CAST({landing.column('time')} AS TIMESTAMP), {landing.now_sql})"
    known = f"least(_time, {landing.now_sql})" if landing.is_first else landing.now_sql
    # Without dates the last row says how things stand; with them each decision stands for itself.
    one = "customer_no, purpose, _time, status" if landing.incoming.has("time") else "customer_no, purpose"
    purpose = f"trim(regexp_replace(lower({values.text('purpose')}), {literal(PURPOSE)}, '_', 'g'), '_')"
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_consents AS
        SELECT *, {known} AS _known FROM (
            SELECT p.customer_no, p.profile_no, i.* FROM (
                SELECT _row_no, _source, {customer} AS _customer, {purpose} AS purpose,
                    {status} AS status, {time} AS _time,
                    CAST({landing.column("received_at")} AS TIMESTAMP) AS _received,
                    {landing.column("legal_basis")} AS legal_basis,
                    {landing.column("source")} AS origin, {landing.column("proof")} AS proof
                FROM {landing.table}) i
            JOIN profiles p ON p.kind = 'customer_id' AND p.profile_key = i._customer)
        QUALIFY row_number() OVER (PARTITION BY {one} ORDER BY _source DESC, _row_no DESC) = 1"""
    )
    # A list without dates says how things stand now: it is a new decision only where it differs from the last one.
    same = "c.time = l._time" if landing.incoming.has("time") else _is_last()
    engine.execute(
        f"""DELETE FROM landing_consents l WHERE EXISTS (SELECT 1 FROM consents c WHERE c.customer_no = l.customer_no
            AND c.purpose = l.purpose AND c.status = l.status AND {same})"""
    )
    loaded = int(engine.value("SELECT count(*) FROM landing_consents"))
    engine.execute(
        f"""INSERT INTO consents (customer_no, profile_no, purpose, status, legal_basis, time, received_at, source,
            proof, load_id)
        SELECT customer_no, profile_no, purpose, status, CAST(legal_basis AS VARCHAR), _time,
            coalesce(_received, _known), coalesce(CAST(origin AS VARCHAR), _source), CAST(proof AS VARCHAR),
            {landing.load_id}
        FROM landing_consents ORDER BY customer_no, purpose, _time"""
    )
    engine.execute("DROP TABLE landing_consents")
    rows = landing.incoming_rows()
    classes = {
        str(name): int(count)
        for name, count in engine.rows(f"SELECT {status}, count(*) FROM {landing.table} GROUP BY 1")
    }
    notes = (
        ()
        if landing.incoming.has("time")
        else ("No column holds the time of a decision: it counts from this load on.",)
    )
    return Landed(loaded=loaded, unchanged=rows - loaded, customers_new=new, classes=classes, notes=notes)


def _reject_unreadable(landing: Landing, status: str) -> None:
    engine, table = landing.engine, landing.table
    unreadable, rows = engine.row(f"SELECT count_if({status} IS NULL), count(*) FROM {table}")
    if not unreadable:
        return
    field = landing.field("status")
    column = field.column if field else "status"
    if unreadable * 2 > rows:
        raise SourceError(
            f"{unreadable:,} of {rows:,} values of the column '{column}' are neither a yes nor a no. "
            "Nothing was loaded.",
            hint="Write granted or denied (yes/no, true/false, opt-in/opt-out, subscribed/unsubscribed are "
            "understood), or name the right column with --map status=COLUMN.",
        )
    engine.execute(
        f"""INSERT INTO {landing.incoming.rejected} (source, row_no, column_name, reason, raw)
        SELECT _source, _row_no, {literal(column)}, 'not_a_decision', CAST(to_json(i) AS VARCHAR) FROM {table} i
        WHERE {status} IS NULL"""
    )
    engine.execute(f"DELETE FROM {table} WHERE {status} IS NULL")


def _is_last() -> str:
    return """NOT EXISTS (SELECT 1 FROM consents d WHERE d.customer_no = c.customer_no AND d.purpose = c.purpose
        AND d.time > c.time)"""
