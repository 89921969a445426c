"""Which column is which field: by name, by content, and by what the person said."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace

from satsuma.catalog import ValueType
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import WrongUse, did_you_mean, nearest
from satsuma.sources.amounts import is_amount_of_order
from satsuma.sources.fields import EMAIL_NAMES, Field, LoadKind, alias_ranks, fields_of
from satsuma.sources.guess import guess_type, settle_on_whole
from satsuma.sources.mapping import ColumnMapping, Mapping, columns_hint
from satsuma.sources.meaning import Meaning, meaning_of
from satsuma.sources.names import fold, free_slug, words
from satsuma.sources.others import other_mapping, place_mapping
from satsuma.sources.profile import Profile, profile_column, take_sample
from satsuma.sources.raw import RawTable

#: Below this confidence a guess by name is not made.
_BY_PARTS = 0.6
_ONLY_DATES = 0.5
#: Fields whose column may be found by what it holds when no name tells.
_TIME_BY_CONTENT = frozenset({"events", "orders", "order-lines", "deals"})
#: What an own field may not hold, by words of the field.
_DIGITS = re.compile(r"\d")
#: A name with one of these says an amount of the order, not of the line.
_OF_ORDERS = frozenset({"order", "invoice", "basket", "cart", "checkout"})


@dataclass(slots=True)
class _Work:
    """All that is known while one table is recognised."""

    raw: RawTable
    load_kind: LoadKind
    profiles: dict[str, Profile]
    meanings: dict[str, Meaning]
    taken: dict[str, ColumnMapping] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    of_orders: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def guess_mapping(
    engine: DuckDB,
    raw: RawTable,
    load_kind: LoadKind,
    *,
    overrides: Map[str, str] | None = None,
    received_at: str | None = None,
    valid_from: str | None = None,
    given: Mapping | None = None,
) -> Mapping:
    """Guess which column is which field, and how each column is written.

    Parameters
    ----------
    overrides : FIELD to COLUMN as a person said; a column may be `=TEXT`, a constant for all rows. A field that is
        not the load kind's own names a trait or property.
    received_at, valid_from : columns that say when a fact was known, and since when it holds.
    given : a mapping file's content; the columns that it does not name are guessed.

    Returns
    -------
    Mapping
        It may lack a required field: `sources.mapping.check_mapping` says so, after the guess was shown.

    Raises
    ------
    WrongUse
        For a field or column that is not there, naming the nearest.
    """
    said = dict(overrides or {})
    extra = {"received_at": received_at, "valid_from": valid_from}
    said |= {name: column for name, column in extra.items() if column is not None}
    fields_of(load_kind)
    if given is not None and given.load_kind != load_kind:
        raise WrongUse(
            f"The mapping file is for {given.load_kind}, not for {load_kind}.",
            hint=f"Load as {given.load_kind}, or use another mapping.",
        )
    meanings = {column: meaning_of(column) for column in raw.columns}
    sample = take_sample(engine, raw)
    profiles = {
        column: profile_column(engine, raw, sample, column, country=meanings[column].format == "country")
        for column in raw.columns
    }
    engine.execute(f"DROP TABLE {sample}")
    work = _Work(raw, load_kind, profiles, meanings)
    if given is not None:
        _take_given(work, given)
    _take_said(work, said)
    decided = set(work.taken)
    _take_by_name(work)
    if load_kind == "order-lines" and "revenue" not in decided:
        _leave_amounts_of_orders(engine, work)
    if load_kind == "order-lines" and "discount" not in decided:
        _leave_discounts_of_orders(engine, work)
    _take_by_content(work)
    _fall_back(work)
    ignored = set(given.ignored if given is not None else ())
    others = _others(engine, work, ignored)
    columns = (*work.taken.values(), *others)
    notes = [*work.notes]
    return Mapping(
        load_kind=load_kind,
        columns=columns,
        ignored=tuple(name for name in raw.columns if name in ignored),
        notes=tuple(dict.fromkeys(notes)),
    )


# ------------------------------------------------------------------------------------------------------ what was said


def _take_given(work: _Work, given: Mapping) -> None:
    for item in given:
        if all(column in work.raw.columns for column in item.columns):
            work.taken[item.field] = item
            work.used.update(item.columns)
        else:
            absent = [column for column in item.columns if column not in work.raw.columns]
            work.notes.append(f"The mapping file's column '{absent[0]}' is not in {work.raw.name}.")


def _take_said(work: _Work, said: Map[str, str]) -> None:
    own = {item.name: item for item in fields_of(work.load_kind)}
    for name, column in said.items():
        if name not in own and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            near = did_you_mean(nearest(name, own))
            raise WrongUse(
                f"'{name}' is not a field of {work.load_kind}.{near}",
                hint=f"Fields are {', '.join(own)}; any other name (small letters, digits and _) makes a trait.",
            )
        close = nearest(name, own) if name not in own else ()
        if column.startswith("=") and column not in work.raw.columns:
            usual: ValueType = own[name].type if name in own else "text"
            work.taken[name] = ColumnMapping(
                field=name, column="", value=column[1:], canonical=name in own, type=usual, reason="said so"
            )
            continue
        found = _column(work.raw, column)
        if name not in own and close and fold(close[0]) != fold(name):
            # `customr_id` would make a trait nobody wants: a slip is likelier than such a name.
            raise WrongUse(
                f"'{name}' is not a field of {work.load_kind}.{did_you_mean(close)}",
                hint=f"Fields are {', '.join(own)}. To make a trait of that name, use a mapping file.",
            )
        if name in own:
            work.taken[name] = _canonical(work, own[name], found, 1.0, "said so")
        else:
            guess = guess_type(work.profiles[found], work.meanings[found])
            work.taken[name] = other_mapping(work.load_kind, work.meanings[found], name, found, guess, "said so")
        work.used.add(found)


def _column(raw: RawTable, given: str) -> str:
    if given in raw.columns:
        return given
    folded = [column for column in raw.columns if fold(column) == fold(given) and fold(given)]
    if len(folded) == 1:
        return folded[0]
    near = did_you_mean(nearest(given, raw.shown_names))
    raise WrongUse(f"{raw.name} has no column '{given}'.{near}", hint=columns_hint(raw))


# ------------------------------------------------------------------------------------------------------------ by name


def _take_by_name(work: _Work) -> None:
    ranks = alias_ranks(work.load_kind)
    offers: list[tuple[float, int, str, Field, str]] = []
    for order, item in enumerate(fields_of(work.load_kind)):
        if item.name in work.taken:
            continue
        for column in work.raw.columns:
            confidence, reason = _name_fit(fold(column), column, item, ranks[item.name])
            if confidence and column not in work.used and _content_fits(work, item, column):
                offers.append((-confidence, order, column, item, reason))
    several: dict[str, list[str]] = {}
    for negative, _, column, item, reason in sorted(offers, key=lambda offer: offer[:3]):
        if column in work.used:
            continue
        if item.name in work.taken:
            if item.several and -negative > _BY_PARTS:
                several.setdefault(item.name, []).append(column)
                work.used.add(column)
            continue
        work.taken[item.name] = _canonical(work, item, column, -negative, reason)
        work.used.add(column)
    for name, more in several.items():
        work.taken[name] = replace(work.taken[name], also=tuple(more), reason="the names, added together")


def _name_fit(folded: str, column: str, item: Field, ranks: Map[str, int]) -> tuple[float, str]:
    rank = ranks.get(folded)
    if rank is not None:
        own = folded == fold(item.name)
        confidence = 1.0 if own else round(0.98 - 0.2 * rank / max(1, len(item.aliases)), 3)
        return confidence, "the name" if own else "a usual name for it"
    parts = set(words(column))
    for alias in item.aliases:
        named = alias.split("_")
        # A long name that contains the whole of a usual one: `Order Purchase Date`, `Kunden-Nr. (intern)`.
        if len(named) >= 2 and set(named) <= parts and len(parts) <= len(named) + 2:
            return _BY_PARTS, "part of the name"
    return 0.0, ""


_NEEDS_DIGITS = frozenset(
    {"name", "order", "invoice", "receipt", "ticket", "customer", "client", "user", "member", "key"}
)


def _content_fits(work: _Work, item: Field, column: str) -> bool:
    """Return whether what a column holds can be the field at all."""
    profile, folded = work.profiles[column], fold(column)
    of_order = column in work.of_orders or bool(_OF_ORDERS & set(words(column)))
    if of_order and item.name == "revenue" and work.load_kind == "order-lines":
        return False
    if not profile.values:
        # Nothing to judge by (a day without any customer): the name decides.
        return True
    if item.type in ("datetime", "date"):
        meaning = replace(work.meanings[column], is_date=True)
        return guess_type(profile, meaning).type in ("date", "datetime")
    if item.type in ("money", "number"):
        found = guess_type(profile, replace(work.meanings[column], is_identifier=False))
        return found.type in ("integer", "number", "money")
    if item.name.endswith("_id") and folded in _NEEDS_DIGITS and work.load_kind != "accounts":
        return profile.share(_DIGITS.search) >= 0.9 and profile.distinct > 1
    if item.name == "name" and work.load_kind == "events":
        # Names of events are few and say something.
        return profile.distinct <= 500 and profile.share(lambda value: bool(re.search(r"[^\W\d]", value))) >= 0.9
    if item.name == "status" and work.load_kind in ("orders", "order-lines"):
        return profile.distinct <= 50
    if item.name == "currency":
        return profile.share(lambda value: len(value) <= 12) == 1
    return True


def _leave_amounts_of_orders(engine: DuckDB, work: _Work) -> None:
    """Leave out what holds an order's amount and not the line's: it would count once for each line."""
    both = [work.taken[name].column for name in ("quantity", "unit_price") if name in work.taken]
    parts = tuple(both) if len(both) == 2 and all(both) else ()
    order = work.taken["order_id"].column if "order_id" in work.taken else ""
    left: list[str] = []
    while order and "revenue" in work.taken:
        column = work.taken["revenue"].column
        if not is_amount_of_order(engine, work.raw, amount=column, order=order, parts=parts):
            break
        left.append(column)
        del work.taken["revenue"]
        work.used.discard(column)
        work.of_orders.add(column)
        _take_by_name(work)
    if left:
        instead = "quantity by unit price is the line's" if parts else "no column holds the line's"
        noun, verb = ("amount", "is") if len(left) == 1 else ("amounts", "are")
        work.notes.append(
            f"The {noun} in {' and '.join(repr(name) for name in left)} {verb} the whole order's, not the line's; "
            f"{instead}."
        )


def _leave_discounts_of_orders(engine: DuckDB, work: _Work) -> None:
    """Leave out the discounts that are given to an order and repeated on its lines."""
    item, order = work.taken.get("discount"), work.taken.get("order_id")
    parts = [work.taken[name].column for name in ("product_id", "quantity", "unit_price") if name in work.taken]
    if item is None or order is None or not all(parts) or not parts:
        return
    left = [
        column
        for column in (item.column, *item.also)
        if is_amount_of_order(
            engine, work.raw, amount=column, order=order.column, parts=tuple(parts), on_some_lines=True
        )
    ]
    if not left:
        return
    kept = [column for column in (item.column, *item.also) if column not in left]
    work.used.difference_update(left)
    work.of_orders.update(left)
    if kept:
        work.taken["discount"] = replace(item, column=kept[0], also=tuple(kept[1:]))
    else:
        del work.taken["discount"]
    names = " and ".join(repr(name) for name in left)
    work.notes.append(f"The discount in {names} is the whole order's, not the line's; it is kept as a property.")


# --------------------------------------------------------------------------------------------------------- by content


def _take_by_content(work: _Work) -> None:
    own = {item.name: item for item in fields_of(work.load_kind)}
    if work.load_kind in _TIME_BY_CONTENT and "time" not in work.taken:
        dated = []
        for column in work.raw.columns:
            if column not in work.used:
                guess = guess_type(work.profiles[column], work.meanings[column])
                if guess.type in ("date", "datetime"):
                    dated.append(column)
        if len(dated) == 1:
            work.taken["time"] = _canonical(work, own["time"], dated[0], _ONLY_DATES, "the only column of dates")
            work.used.add(dated[0])


def _fall_back(work: _Work) -> None:
    """Without an id, an e-mail address identifies a customer."""
    item = next((item for item in fields_of(work.load_kind) if item.name == "customer_id"), None)
    if item is None:
        return
    taken = work.taken.get("customer_id")
    if taken is not None and fold(taken.column) in EMAIL_NAMES:
        # The column stays an e-mail trait as well.
        work.used.discard(taken.column)
    if taken is None:
        addresses = [
            column
            for column in work.raw.columns
            if guess_type(work.profiles[column], work.meanings[column]).format == "email"
        ]
        if len(addresses) == 1:
            work.taken["customer_id"] = _canonical(
                work, item, addresses[0], 0.7, "no id: the e-mail address identifies the customer"
            )
            taken = work.taken["customer_id"]
    if taken is not None and taken.column and _is_email(work, taken.column):
        work.taken["customer_id"] = replace(taken, format="email", personal_data="user.contact.email")


def _is_email(work: _Work, column: str) -> bool:
    return guess_type(work.profiles[column], work.meanings[column]).format == "email"


def _canonical(work: _Work, item: Field, column: str, confidence: float, reason: str) -> ColumnMapping:
    profile, meaning = work.profiles[column], work.meanings[column]
    guess = guess_type(profile, meaning, wanted=item.type)
    work.notes += guess.notes
    personal = None
    if item.name in ("customer_id", "anonymous_id"):
        personal = "user.unique_id.pseudonymous"
    return ColumnMapping(
        field=item.name,
        column=column,
        canonical=True,
        type=item.type,
        form=guess.form,
        title=None,
        personal_data=personal,
        confidence=confidence,
        reason=reason,
    )


# ------------------------------------------------------------------------------- everything else: traits, properties


def _others(engine: DuckDB, work: _Work, ignored: set[str]) -> list[ColumnMapping]:
    added = {column for item in work.taken.values() for column in item.columns if item.also and item.canonical}
    rest = [
        column
        for column in work.raw.columns
        # The parts of a sum are worth keeping each.
        if (column not in work.used or column in added) and column not in ignored
    ]
    guesses = {column: guess_type(work.profiles[column], work.meanings[column]) for column in rest}
    guesses = settle_on_whole(engine, work.raw, guesses, work.profiles)
    own = {item.name for item in fields_of(work.load_kind)}
    taken = own | set(work.taken) | {"row_no", "source", "rowid"}
    found: list[ColumnMapping] = []
    for column in rest:
        guess = guesses[column]
        # A field that came out of a trait of the same name (an e-mail that also identifies) keeps its own name.
        name = free_slug(column, taken)
        taken.add(name)
        work.notes += guess.notes
        found.append(
            other_mapping(work.load_kind, work.meanings[column], name, column, guess, guess.reason or "the values")
        )
    location = place_mapping(found, taken)
    return found if location is None else [*found, location]
