"""Records of the journal to stored rows: in one transaction with how far landing has come.

So a process that is killed at any point lands nothing twice and loses nothing: either the rows and the new place are
there, or neither. Rows pass the same stages as those of files; completed orders pass the one exploder, which knows
what a file brought already.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from satsuma.catalog import Catalog
from satsuma.collecting import linking
from satsuma.collecting.contract import KINDS, Message, Request, moment, parse_json, read_messages
from satsuma.collecting.errors import Malformed, TooLarge
from satsuma.collecting.journal import START, Position
from satsuma.collecting.rows import Decision, Row, Rows, rows_of
from satsuma.collecting.tables import MOST_EVENTS, SOURCE, event_tables, facts_table
from satsuma.collecting.thinning import thin_loads
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.errors import SourceError
from satsuma.identity import numbers
from satsuma.landing import records as beside
from satsuma.landing import store, values
from satsuma.landing.consents import PURPOSE
from satsuma.landing.orders import COMPLETED, REFUNDED
from satsuma.landing.outcome import LoadOutcome
from satsuma.landing.storing import storing
from satsuma.landing.writing import land_within
from satsuma.quality.devices import TRAITS
from satsuma.quality.incoming import Incoming
from satsuma.sources.temporary import free_name

#: What a row of facts about a visitor holds beside the facts.
_OF_FACTS = frozenset(("visitor_id", "valid_from"))
#: The entry of `warehouse_state` that says how far the journal is landed.
STATE_KEY = "collected_position"
#: Size of the engine's own log at which its content goes into the tables; after a crash so much is read again.
CHECKPOINT = "256MB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one landing did.

    messages : that were read; events : stored, by name; quarantined : records that do not fit what is stored.
    linked : events that gained a customer. catalog : what the catalogue gains. end : the place behind the last record.
    """

    messages: int = 0
    events: Mapping[str, int] = field(default_factory=dict)
    customers_new: int = 0
    customers_updated: int = 0
    rejected: Mapping[tuple[str, str], int] = field(default_factory=dict)
    linked: int = 0
    quarantined: int = 0
    catalog: Catalog = field(default_factory=Catalog)
    end: Position | None = None

    def plus(self, other: Collected) -> Collected:
        """Return what both did."""
        return Collected(
            messages=self.messages + other.messages,
            events=dict(Counter(self.events) + Counter(other.events)),
            customers_new=self.customers_new + other.customers_new,
            customers_updated=self.customers_updated + other.customers_updated,
            rejected=dict(Counter(self.rejected) + Counter(other.rejected)),
            linked=self.linked + other.linked,
            quarantined=self.quarantined + other.quarantined,
            catalog=self.catalog.merged(other.catalog),
            end=other.end or self.end,
        )


def record_of(request: Request, body: bytes) -> bytes:
    """Return what the journal keeps of a request: what is known beside the body, and the body as it came."""
    head: dict[str, Any] = {"id": request.number, "at": request.received_at.isoformat()}
    if request.kind is not None:
        head["kind"] = request.kind
    if request.opted_out:
        head["gpc"] = True
    if request.user_agent:
        head["agent"] = request.user_agent
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + body


def read_record(record: bytes) -> tuple[Request, bytes]:
    """Return the request and the body that `record_of` made a record of."""
    head, body = record.split(b"\n", 1)
    said = json.loads(head)
    received_at = moment(said["at"])
    if received_at is None:  # pragma: no cover - the head is written by `record_of`
        raise AssertionError("A record has no time.")
    kind = said.get("kind")
    return Request(
        number=said["id"],
        received_at=received_at,
        kind=kind if kind in KINDS else None,
        opted_out=said.get("gpc", False),
        user_agent=said.get("agent"),
    ), body


def landed_position(engine: DuckDB) -> Position:
    """Return how far the journal is landed."""
    text = store.state(engine, STATE_KEY)
    return START if text is None else Position.read(text)


def land_records(
    engine: DuckDB,
    records: Sequence[tuple[bytes, Position]],
    *,
    clock: Callable[[], datetime],
    catalog: Catalog,
    currency: str,
    region: str | None = None,
) -> Collected:
    """Land records of the journal, which follow what is landed.

    Parameters
    ----------
    records : each with the place behind it.
    clock : gives the moment at which rows become known, UTC without a zone.
    catalog : what is known so far; its types hold.
    currency, region : of the workspace.

    Returns
    -------
    Collected

    Raises
    ------
    WorkspaceError
        When the warehouse cannot be written; what is not landed then stays in the journal.
    """
    if not records:
        return Collected()
    try:
        return _land(engine, records, clock(), catalog, currency, region)
    except SourceError as error:
        if len(records) == 1:
            return _quarantine(engine, records[0], clock(), error)
    # One record does not fit, and must not hold up the others: look for it in halves.
    half = len(records) // 2
    first = land_records(engine, records[:half], clock=clock, catalog=catalog, currency=currency, region=region)
    catalog = catalog.merged(first.catalog)
    return first.plus(
        land_records(engine, records[half:], clock=clock, catalog=catalog, currency=currency, region=region)
    )


def _land(
    engine: DuckDB,
    records: Sequence[tuple[bytes, Position]],
    now: datetime,
    catalog: Catalog,
    currency: str,
    region: str | None,
) -> Collected:
    messages, rejected = _messages(records)
    made: list[Incoming] = []
    failed = "They stay in the journal and are tried again."
    hint = "Check that the disk is not full and that there is memory left."
    try:
        with storing("The messages", failed=failed, hint=hint):
            rows = rows_of(messages, currency=currency, region=region)
            rejected.update(rows.rejected)
            with engine.transaction():
                with _called(engine, rows):
                    collected = _Landing(engine, now, catalog, made).land(rows, rejected)
                store.set_state(engine, STATE_KEY, str(records[-1][1]))
    finally:
        for incoming in made:
            beside.drop(engine, incoming.table)
            beside.drop(engine, incoming.rejected)
    return Collected(
        messages=len(messages),
        events=collected.events,
        customers_new=collected.customers_new,
        customers_updated=collected.customers_updated,
        rejected=dict(rejected),
        linked=collected.linked,
        catalog=collected.gained,
        end=records[-1][1],
    )


def _messages(records: Sequence[tuple[bytes, Position]]) -> tuple[list[Message], Counter[tuple[str, str]]]:
    messages: list[Message] = []
    rejected: Counter[tuple[str, str]] = Counter()
    for record, _ in records:
        request, body = read_record(record)
        try:
            received = read_messages(parse_json(body), request, size=len(body))
        except (Malformed, TooLarge):  # what an older version accepted
            rejected["unknown", "not_an_object"] += 1
            continue
        messages += received.messages
        rejected.update(received.rejected)
    return messages, rejected


def _quarantine(engine: DuckDB, record: tuple[bytes, Position], now: datetime, error: SourceError) -> Collected:
    """Put aside one record that does not fit what is stored, and go on behind it."""
    content, end = record
    _, body = read_record(content)
    said = {name: value for name, value in parse_json(body).items() if name != "writeKey"}
    raw = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace").decode()
    if not engine.value("SELECT json_valid(?)", [raw]):
        raw = json.dumps(raw)
    with engine.transaction():
        load_id = _record_load(engine, now, str(error))
        number = store.next_number(engine, "quarantine", "quarantine_id")
        engine.execute(
            """INSERT INTO quarantine (quarantine_id, load_id, source, kind, row_no, column_name, reason, raw)
            VALUES (?, ?, ?, 'events', 1, NULL, 'cannot_be_stored', ?)""",
            [number, load_id, SOURCE, raw],
        )
        store.set_state(engine, STATE_KEY, str(end))
    return Collected(quarantined=1, end=end)


def _record_load(engine: DuckDB, now: datetime, note: str) -> int:
    load_id = store.next_number(engine, "loads", "load_id")
    outcome = LoadOutcome.nothing(load_id, "events", (SOURCE,), quarantined=1, note=note)
    engine.execute(
        "INSERT INTO loads (load_id, loaded_at, kind, sources, mapping, outcome) VALUES (?, ?, 'events', ?, '{}', ?)",
        [load_id, now, [SOURCE], json.dumps(outcome.as_dict())],
    )
    return load_id


@dataclass(slots=True)
class _Landing:
    """One landing under way, within its transaction."""

    engine: DuckDB
    now: datetime
    catalog: Catalog
    made: list[Incoming]
    gained: Catalog = field(default_factory=Catalog)
    events: Counter[str] = field(default_factory=Counter)
    customers_new: int = 0
    customers_updated: int = 0
    linked: int = 0
    load_id: int = 0
    linked_any: bool = False

    def land(self, rows: Rows, rejected: Counter[tuple[str, str]]) -> _Landing:
        self.linked_any = bool(rows.links or rows.earlier_ids)
        self._add_devices(rows)
        self._drop_new_names(rows, rejected)
        if rows.customers:
            self._store(facts_table(self.engine, rows.customers, "customers", self._known()))
        if rows.accounts:
            self._store(facts_table(self.engine, rows.accounts, "accounts", self._known()))
        for part in (rows.lines, rows.events):
            if part is rows.events:
                self._state_refunds(part)
            for incoming in event_tables(self.engine, part, self._known()):
                self._store(incoming)
        if self.load_id:
            self.linked = linking.link(self.engine, rows.links, load_id=self.load_id, now=self.now)
            self._keep_earlier_ids(rows)
            self._keep_decisions(rows.decisions)
        self._keep_visitor_facts(rows.visitor_facts)
        thin_loads(self.engine)
        self._count_rejected(rejected)
        return self

    def _known(self) -> Catalog:
        return self.catalog.merged(self.gained)

    def _store(self, incoming: Incoming) -> None:
        self.made.append(incoming)
        outcome = land_within(self.engine, incoming, now=self.now, catalog=self._known())
        self.gained = self.gained.merged(outcome.catalog)
        self.events.update(outcome.landed.events)
        self.customers_new += outcome.landed.customers_new
        if incoming.load_kind == "customers":
            self.customers_updated += outcome.landed.updated
        self.load_id = outcome.load_id

    def _add_devices(self, rows: Rows) -> None:
        """Add what is new about customers' devices to the facts about them."""
        if not rows.devices:
            return
        ids = list(rows.devices)
        present = self.engine.columns("customers")
        columns = [name if name in present else f"NULL AS {name}" for name in TRAITS]
        with _relation(self.engine, {"id": ids}) as given:
            found = self.engine.rows(
                f"""SELECT g.id, {", ".join(columns)} FROM {given} g
                JOIN {self.engine.profiles} p ON p.kind = 'customer_id' AND p.profile_key = {values.text("g.id")}
                JOIN customers c ON c.customer_no = p.own_no"""
            )
        standing = {row[0]: row[1:] for row in found}
        said = {(row["customer_id"], row["valid_from"]): row for row in rows.customers}
        for number, (time, device) in rows.devices.items():
            traits = device.as_traits()
            stands = dict(zip(TRAITS, standing.get(number, [None] * len(TRAITS)), strict=True))
            new = {name: value for name, value in traits.items() if stands[name] != value}
            if not new:
                continue
            row = said.get((number, time))
            if row is None:
                rows.customers.append({"customer_id": number, "valid_from": time, **new})
            else:
                row.update({name: value for name, value in new.items() if name not in row})

    def _drop_new_names(self, rows: Rows, rejected: Counter[tuple[str, str]]) -> None:
        """Reject events of new names where there are too many names already."""
        names = dict.fromkeys(row["name"] for row in rows.events if row["name"] not in self.catalog.events)
        allowed = set(list(names)[: max(0, MOST_EVENTS - len(self.catalog.events))])
        if len(allowed) == len(names):
            return
        kept = [row for row in rows.events if row["name"] in allowed or row["name"] not in names]
        rejected["track", "too_many_names"] += len(rows.events) - len(kept)
        rows.events = kept

    def _state_refunds(self, events: list[Row]) -> None:
        """Give a refund that names only its order what the order earned: all of it went back."""
        open_ = {row["order_id"]: row for row in events
                 if row["name"] == REFUNDED and row.get("revenue") is None and row.get("order_id")}  # fmt: skip
        if not open_:
            return
        earned = {row["order_id"]: row.get("revenue") for row in events if row["name"] == COMPLETED}
        with _relation(self.engine, {"id": list(open_)}) as given:
            earned |= dict(
                self.engine.rows(
                    f"""SELECT order_id, CAST(sum(revenue) AS DOUBLE) FROM events SEMI JOIN {given} g
                    ON g.id = order_id WHERE name = '{COMPLETED}' AND superseded_at IS NULL GROUP BY 1"""
                )
            )
        for order, row in open_.items():
            row["revenue"] = earned.get(order)

    def _keep_earlier_ids(self, rows: Rows) -> None:
        """Keep what an `alias` says: an anonymous id is linked; two ids of customers are kept for whoever merges."""
        if not rows.earlier_ids:
            return
        with _relation(self.engine, {"id": [one for one, _ in rows.earlier_ids]}) as given:
            known = self.engine.rows(f"SELECT customer_id FROM customers c SEMI JOIN {given} g ON g.id = c.customer_id")
        customers = {row[0] for row in known}
        visitors = {pair: None for pair in rows.earlier_ids if pair[0] not in customers}
        self.linked += linking.link(self.engine, visitors, load_id=self.load_id, now=self.now)
        for earlier, later in rows.earlier_ids:
            if earlier in customers:
                self.engine.execute(
                    f"""INSERT INTO identifiers (kind, value, profile_no, source, load_id)
                    SELECT 'customer_id', {literal(earlier)}, profile_no, '{SOURCE}', {self.load_id}
                    FROM {self.engine.profiles} p
                    WHERE kind = 'customer_id' AND profile_key = {literal(later)} AND NOT EXISTS (
                        SELECT 1 FROM identifiers i WHERE i.kind = 'customer_id' AND i.value = {literal(earlier)}
                        AND i.profile_no = p.profile_no)"""
                )

    def _keep_visitor_facts(self, facts: Sequence[Row]) -> None:
        """Keep what was said of people who are not known, and let it be said of those of them who are known by now."""
        engine = self.engine
        if facts:
            said = {
                "visitor": [row["visitor_id"] for row in facts],
                "time": [row["valid_from"] for row in facts],
                "facts": [
                    json.dumps({key: value for key, value in row.items() if key not in _OF_FACTS}) for row in facts
                ],
            }
            with _relation(engine, said) as given:
                engine.execute(
                    f"INSERT INTO visitor_facts SELECT {values.text('visitor')}, time, CAST(facts AS JSON) FROM {given}"
                )
        if not facts and not self.linked_any:
            return
        known = f"""FROM visitor_facts v JOIN {engine.profiles} p ON p.kind = 'anonymous_id'
            AND p.profile_key = v.anonymous_id AND p.customer_no IS NOT NULL"""
        found = engine.rows(
            f"""SELECT c.customer_id, v.valid_from, CAST(v.facts AS VARCHAR) {known}
            JOIN customers c ON c.customer_no = p.customer_no ORDER BY v.valid_from"""
        )
        if found:
            rows = [{**json.loads(text), "customer_id": who, "valid_from": time} for who, time, text in found]
            self._store(facts_table(engine, rows, "customers", self._known()))
            engine.execute(f"DELETE FROM visitor_facts WHERE anonymous_id IN (SELECT v.anonymous_id {known})")

    def _keep_decisions(self, decisions: Sequence[Decision]) -> None:
        """Store decisions that differ from the one before about the same person and purpose."""
        last: dict[tuple[str | None, str | None, str], bool] = {}
        kept = []
        for item in decisions:
            key = (item.customer_id, None if item.customer_id else item.anonymous_id, item.purpose)
            if last.get(key) is not item.is_granted:
                last[key] = item.is_granted
                kept.append((*key, "granted" if item.is_granted else "denied", item.time, item.source))
        if not kept:
            return
        names = ("customer", "visitor", "purpose", "status", "time", "source")
        purpose = f"trim(regexp_replace(lower(g.purpose), {literal(PURPOSE)}, '_', 'g'), '_')"
        now = f"TIMESTAMP '{self.now:%Y-%m-%d %H:%M:%S.%f}'"
        with _relation(self.engine, dict(zip(names, map(list, zip(*kept, strict=True)), strict=True))) as given:
            numbers.number_customers(self.engine, f"(SELECT {values.text('customer')} AS customer_id FROM {given})")
            numbers.number_profiles(
                self.engine, f"(SELECT {values.text('visitor')} AS profile_key FROM {given} WHERE customer IS NULL)"
            )
            self.engine.insert(
                "consents",
                f"""SELECT p.customer_no, p.profile_no, {purpose} AS purpose, g.status, CAST(NULL AS VARCHAR) AS basis,
                    g.time, {now} AS received_at, g.source, CAST(NULL AS VARCHAR) AS proof, {self.load_id} AS load_id
                FROM {given} g JOIN {self.engine.profiles} p
                    ON p.kind = CASE WHEN g.customer IS NULL THEN 'anonymous_id' ELSE 'customer_id' END
                    AND p.profile_key = coalesce({values.text("g.customer")}, {values.text("g.visitor")})
                WHERE g.status IS DISTINCT FROM (
                    SELECT last(c.status ORDER BY c.time, c.received_at) FROM consents c
                    WHERE c.profile_no = p.profile_no AND c.purpose = {purpose} AND c.time <= g.time)""",
                "profile_no, purpose, time",
            )

    def _count_rejected(self, rejected: Mapping[tuple[str, str], int]) -> None:
        day = f"DATE '{self.now:%Y-%m-%d}'"
        for (kind, reason), count in sorted(rejected.items()):
            which = f"day = {day} AND kind = {literal(kind)} AND reason = {literal(reason)}"
            before = self.engine.value(f"SELECT coalesce(sum(messages), 0) FROM rejected_messages WHERE {which}")
            self.engine.execute(f"DELETE FROM rejected_messages WHERE {which}")
            self.engine.execute(
                f"INSERT INTO rejected_messages VALUES ({day}, {literal(kind)}, {literal(reason)}, {before + count})"
            )


@contextmanager
def _called(engine: DuckDB, rows: Rows) -> Iterator[None]:
    """Look everybody up whom the rows tell of."""
    kinds = ["customer_id"] * len(rows.users) + ["anonymous_id"] * len(rows.visitors)
    called = {"kind": kinds, "key": [*rows.users, *rows.visitors]}
    ids = f"SELECT kind, {values.text('key')} AS profile_key FROM"
    with _relation(engine, called) as given, numbers.roll_call(engine, f"{ids} {given}"):
        yield


@contextmanager
def _relation(engine: DuckDB, columns: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Make values readable as a relation for as long as the block lasts."""
    arrays = {
        name: pa.array(given, pa.timestamp("us") if name == "time" else pa.string()) for name, given in columns.items()
    }
    name = free_name("collected")
    engine.register(name, pa.table(arrays))
    try:
        yield name
    finally:
        engine.unregister(name)
