"""User agents in files: what they say of devices, as properties of events and as traits of customers."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.quality.devices import TRAITS, read_devices
from satsuma.quality.incoming import Incoming, IncomingField
from satsuma.sources.temporary import free_name

#: What an event says of the device behind it; the rest is said of the customer.
OF_EVENTS = ("browser", "os", "device_type", "is_bot")


def device_field(name: str, column: str) -> IncomingField:
    """Return the field of one fact about a device."""
    return IncomingField(
        name=name, column=column, type="boolean" if name == "is_bot" else "text", canonical=False,
        title=TRAITS.get(name), kind="technographic",
    )  # fmt: skip


def with_devices(engine: DuckDB, incoming: Incoming) -> tuple[Incoming, Incoming | None]:
    """Add what a column of user agents says to rows of customers or events.

    Returns
    -------
    The rows with columns for it, where they have none of that name; and, for events, what is said of their customers:
    the device of each one's last event. Without a user agent the rows stay as they are.
    """
    agent = next((item for item in incoming.fields if item.format == "user_agent" and not item.canonical), None)
    if agent is None or incoming.load_kind not in ("customers", "events"):
        return incoming, None
    devices = free_name("devices")
    _read(engine, incoming.table, agent, devices)
    wanted = OF_EVENTS if incoming.load_kind == "events" else tuple(TRAITS)
    present = engine.columns(incoming.table)
    added = [name for name in wanted if name not in present]
    facts = None
    if incoming.load_kind == "events" and incoming.has("customer_id") and "valid_from" not in present:
        facts = _facts(engine, incoming, agent, devices)
    table = free_name("incoming")
    columns = "".join(f", d.{name}" for name in added)
    engine.execute(
        f"""CREATE TEMP TABLE {table} AS SELECT i.*{columns} FROM {incoming.table} i
        LEFT JOIN {devices} d ON d.user_agent = i.{identifier(agent.name)}"""
    )
    engine.execute(f"DROP TABLE {incoming.table}")
    engine.execute(f"DROP TABLE {devices}")
    fields = (*incoming.fields, *(device_field(name, agent.column) for name in added))
    return replace(incoming, table=table, fields=fields), facts


def _read(engine: DuckDB, table: str, agent: IncomingField, devices: str) -> None:
    """Make a table of each distinct user agent with its device. A program describes nobody."""
    column = identifier(agent.name)
    texts = [row[0] for row in engine.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")]
    found = read_devices(texts)
    traits = {text: device.as_traits() for text, device in found.items()}
    given = free_name("agents")
    arrays = {
        "user_agent": pa.array(texts, pa.string()),
        **{name: pa.array([traits[text].get(name) for text in texts], pa.string()) for name in TRAITS},
        "is_bot": pa.array([found[text].is_bot for text in texts], pa.bool_()),
    }
    engine.register(given, pa.table(arrays))
    try:
        engine.execute(f"CREATE TEMP TABLE {devices} AS SELECT * FROM {given}")
    finally:
        engine.unregister(given)


def _facts(engine: DuckDB, incoming: Incoming, agent: IncomingField, devices: str) -> Incoming:
    """Make the table of facts about the customers of events, in the form of rows of customers."""
    table, rejected = free_name("incoming"), free_name("rejected")
    names = ", ".join(f"d.{name}" for name in TRAITS)
    engine.execute(
        f"""CREATE TEMP TABLE {table} AS
        SELECT row_number() OVER (ORDER BY i.source, i.row_no) AS row_no, i.source, i.customer_id,
            i.time AS valid_from, {names}
        FROM {incoming.table} i JOIN {devices} d ON d.user_agent = i.{identifier(agent.name)}
        WHERE i.customer_id IS NOT NULL AND i.time IS NOT NULL AND NOT d.is_bot
        QUALIFY row_number() OVER (PARTITION BY i.customer_id ORDER BY i.time DESC, i.source, i.row_no) = 1"""
    )
    engine.execute(f"CREATE TEMP TABLE {rejected} AS SELECT * FROM {incoming.rejected} LIMIT 0")
    own = (
        IncomingField(name="customer_id", column="customer_id", type="text", canonical=True),
        IncomingField(name="valid_from", column="time", type="datetime", canonical=True),
    )
    return replace(
        incoming, load_kind="customers", table=table, rejected=rejected, quality=(), notes=(), is_partial=True,
        fields=(*own, *(device_field(name, agent.column) for name in TRAITS)),
    )  # fmt: skip
