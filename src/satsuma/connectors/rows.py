"""Records to rows of the kinds that landing knows, and those rows through the stages that a file's rows pass."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from satsuma.catalog import Catalog, ValueType
from satsuma.connectors.answers import holds
from satsuma.connectors.conversions import text_value
from satsuma.connectors.people import People, places_of
from satsuma.connectors.records import Record, text_of
from satsuma.connectors.vendor import FieldSpec, RowsSpec, Stream
from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.quality.incoming import Incoming
from satsuma.quality.standardise import standardise
from satsuma.sources.fields import LoadKind, fields_of
from satsuma.sources.forms import Form
from satsuma.sources.guess import Guess
from satsuma.sources.mapping import ColumnMapping
from satsuma.sources.mapping import Mapping as ColumnMappings
from satsuma.sources.meaning import meaning_of
from satsuma.sources.names import slug, words
from satsuma.sources.others import other_mapping
from satsuma.sources.raw import MAX_COLUMNS, RawTable
from satsuma.sources.temporary import append_rows, create_text_table

Cells = dict[str, str | None]

#: What names of fields that hold an e-mail address or a telephone number end in.
_ADDRESSES = frozenset("email emails mail address addresses phone phones number mobile telephone tel cell".split())

#: The kinds whose rows are money, and which need the workspace's currency.
_MONEY = ("orders", "order-lines")
#: The kinds that describe somebody, and for which being deleted is a trait.
_DESCRIBED = ("customers", "accounts")


@dataclass(slots=True, kw_only=True)
class Made:
    """The rows of one entry of `rows`. numbers : of each row; customers : by a record's key, whose it is."""

    spec: RowsSpec
    rows: list[Cells]
    numbers: list[int]
    types: dict[str, FieldSpec]


def make_rows(
    stream: Stream, spec: RowsSpec, records: Sequence[Record], people: People, *, source: str,
    returned: frozenset[str] = frozenset(), deleted_as: str = "",
) -> tuple[Made, dict[str, str]]:  # fmt: skip
    """Return the rows of records, and the customer of each record that has one.

    Parameters
    ----------
    returned : keys of records that were deleted and are there again. deleted_as : the trait that says so.
    """
    made = Made(spec=spec, rows=[], numbers=[], types=dict(spec.fields))
    whose: dict[str, str] = {}
    has_each = spec.each is not None or spec.each_function is not None
    is_described = spec.load in _DESCRIBED and not has_each and spec.deleted is None
    if spec.load == "accounts":
        # A trait's name belongs to people or to accounts.
        deleted_as = f"account_{deleted_as}" if deleted_as else ""
    for record in records:
        for place, places in enumerate(places_of(spec, record)):
            if not all(holds(condition, places) for condition in spec.when):
                continue
            customer = people.who(spec, record, places, stream.name)
            if customer is not None and record.key not in whose:
                whose[record.key] = customer
            if record.is_deleted:
                cells = _deleted_cells(spec, record, places, source, deleted_as if is_described else "")
            else:
                cells = _cells(spec, places, source, made.types)
                if cells is not None and is_described and record.key in returned:
                    cells[deleted_as] = "false"
            if cells is None or not _set_person(spec, cells, customer, places):
                continue
            if spec.load == "events":
                given = cells.get("event_id")
                cells["event_id"] = f"{source}:{given}" if given else f"{source}:{stream.name}:{record.key}:{place}"
            made.rows.append(cells)
            made.numbers.append(_number(spec.load, stream.name, record.key, place, len(made.rows)))
    if deleted_as and any(deleted_as in cells for cells in made.rows):
        made.types[deleted_as] = FieldSpec(type="boolean")
    return made, whose


def _cells(spec: RowsSpec, places: Mapping[str, Any], source: str, types: dict[str, FieldSpec]) -> Cells | None:
    cells: Cells = {}
    for name, field in spec.fields.items():
        value = text_value(field, places, source=source)
        if value is None and field.needed:
            return None
        cells[name] = value
    rest = spec.rest.find(places) if spec.rest is not None else None
    own = {item.name for item in fields_of(spec.load)} if isinstance(rest, dict) and spec.load != "figures" else set()
    for key, value in rest.items() if isinstance(rest, dict) else ():
        name = slug(key)
        if name in own:
            name = f"own_{name}"  # whatever a vendor calls so, it is not the field of ours
        if name not in spec.fields and len(types) < MAX_COLUMNS - 10:
            types.setdefault(name, FieldSpec(title=key))
            cells[name] = None if value in (None, "", [], {}) else text_of(value)
    return cells


def _deleted_cells(
    spec: RowsSpec, record: Record, places: Mapping[str, Any], source: str, deleted_as: str
) -> Cells | None:
    """Return the row of a record that is gone; None where that says nothing."""
    cells: Cells
    if spec.deleted is not None:
        cells = {name: text_value(field, places, source=source) for name, field in spec.deleted.items()}
        if spec.load == "deals" and cells and not cells.get("time") and record.updated_at is not None:
            # Where another stream says what is gone, when that was stands there.
            cells["time"] = f"{record.updated_at.isoformat()}Z"
        return cells or None
    if not deleted_as:
        return None
    cells = {deleted_as: "true"}
    if "account_id" in spec.fields:
        cells["account_id"] = text_value(spec.fields["account_id"], places, source=source)
    if "valid_from" in spec.fields and record.updated_at is not None:
        cells["valid_from"] = f"{record.updated_at.isoformat()}Z"
    return cells


def _set_person(spec: RowsSpec, cells: Cells, customer: str | None, places: Mapping[str, Any]) -> bool:
    """Put in whose a row is; false for a row that has to be somebody's and is nobody's."""
    if spec.person is None:
        return True
    cells["customer_id"] = customer
    if spec.person.anonymous is not None:
        visitor = spec.person.anonymous.find(places)
        cells["anonymous_id"] = text_of(visitor) if visitor not in (None, "") else None
    return customer is not None or spec.load not in ("customers", "consents")


def _number(load: str, stream: str, key: str, place: int, following: int) -> int:
    """Return the number of a row: its place in the batch.

    An answer without a respondent is known by where it stood, so that it needs a number of its own for ever.
    """
    if load != "surveys":
        return following
    text = f"{stream}\x1f{key}\x1f{place}"
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:6])


# -------------------------------------------------------------------------------------------------------- to landing


def incoming_rows(
    engine: DuckDB, made: Made, *, label: str, catalog: Catalog, timezone: str, region: str | None,
    currency: str, now: datetime, person_is_email: bool,
) -> tuple[Incoming, RawTable]:  # fmt: skip
    """Make the typed, clean rows of one kind, and put aside those that cannot be read."""
    load: LoadKind = made.spec.load  # type: ignore[assignment]  # figures do not come here
    names = list(dict.fromkeys(name for cells in made.rows for name in cells))
    table = create_text_table(engine, len(names))
    rows = [
        (number, [cells.get(name) for name in names]) for number, cells in zip(made.numbers, made.rows, strict=True)
    ]
    append_rows(engine, table, label, len(names), rows)
    raw = RawTable(name=label, table=table, columns=tuple(names), types=("VARCHAR",) * len(names), rows=len(rows),
                   sources=(label,), sure_names=True)  # fmt: skip
    columns = tuple(_mapping(load, name, made.types.get(name), catalog, person_is_email) for name in names)
    mapping = ColumnMappings(load_kind=load, columns=columns)
    incoming = standardise(engine, [raw], [mapping], load, timezone, region, now=now)
    if load in _MONEY and incoming.has("currency"):
        _put_aside_currencies(engine, incoming, raw, currency)
    return replace(incoming, is_partial=made.spec.partial and load in _DESCRIBED), raw


def _mapping(
    load: LoadKind, name: str, spec: FieldSpec | None, catalog: Catalog, person_is_email: bool
) -> ColumnMapping:
    own = next((item for item in fields_of(load) if item.name == name), None)
    if own is not None:
        personal = None
        if name in ("customer_id", "anonymous_id"):
            is_email = person_is_email and name == "customer_id"
            personal = "user.contact.email" if is_email else "user.unique_id.pseudonymous"
        return ColumnMapping(field=name, column=name, canonical=True, type=own.type, personal_data=personal)
    spec = spec or FieldSpec()
    meaning = meaning_of(name)
    field = _field_name(load, name, catalog)
    wanted = _known_type(load, field, catalog) or spec.type or "text"
    is_text = wanted == "text"
    last = next((word for word in reversed(words(name)) if not word.isdigit()), "")
    if meaning.format in ("email", "phone") and last not in _ADDRESSES:
        # By its name alone a value is an address only if that is what the name ends in: an email_subject is a subject.
        meaning = replace(meaning, format=None, personal_data=None)
    guess = Guess(type=wanted, form=Form(), format=meaning.format if is_text else None)
    found = other_mapping(load, meaning, field, name, guess, "the vendor's file")
    return replace(
        found,
        title=spec.title or found.title,
        personal_data=spec.personal_data or found.personal_data,
        sensitive=spec.sensitive or found.sensitive,
    )


def _field_name(load: LoadKind, name: str, catalog: Catalog) -> str:
    """Return what a field is stored as: another name where people and accounts would share one.

    A company's industry is not a contact's, and a trait's name belongs to one of them.
    """
    entity = {"customers": "customer", "accounts": "account"}.get(load)
    info = catalog.traits.get(name)
    return f"{entity}_{name}" if entity is not None and info is not None and info.entity != entity else name


def _known_type(load: LoadKind, name: str, catalog: Catalog) -> ValueType | None:
    """Return the type that a trait has already: it holds, as for a file."""
    info = catalog.traits.get(name) if load in _DESCRIBED else None
    return info.type if info is not None else None


def _put_aside_currencies(engine: DuckDB, incoming: Incoming, raw: RawTable, currency: str) -> None:
    """Put rows of another currency into quarantine: sums need one."""
    other = f"upper(trim(currency)) <> {literal(currency.upper())}"
    cells = ", ".join(f"{literal(name)}, r.{raw.physical(name)}" for name in raw.columns)
    engine.execute(
        f"""INSERT INTO {incoming.rejected} SELECT i.source, i.row_no, 'currency', 'other_currency',
            CAST(json_object({cells}) AS VARCHAR)
        FROM {identifier(incoming.table)} i JOIN {raw.table} r ON r.row_no = i.row_no AND r.source = i.source
        WHERE {other}"""
    )
    engine.execute(f"DELETE FROM {identifier(incoming.table)} WHERE {other}")
