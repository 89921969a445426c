"""Strategies: random customers with random histories, and random definitions over every operator and aggregate.

Values come from small pools, so that equal values, ties and borders hit exactly are common and not a matter of luck.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo, ValueType
from satsuma.language.durations import microseconds
from satsuma.language.moments import PERIODS, Moment
from satsuma.language.operators import OPERATORS
from satsuma.language.reference import Customer, Event

TRAITS: Mapping[str, ValueType] = {
    "country": "text", "city": "text", "age": "integer", "points": "integer", "score": "number", "spend": "money",
    "is_member": "boolean", "has_card": "boolean", "birthday": "date", "renewal": "date", "seen": "datetime",
    "joined": "datetime", "tags": "list",
}  # fmt: skip
PROPERTIES: Mapping[str, Mapping[str, ValueType]] = {
    "Order Completed": {
        "revenue": "money", "channel": "text", "n": "number", "items": "integer", "is_gift": "boolean", "due": "date",
        "shipped": "datetime",
    },
    "Page Viewed": {"page.name": "text", "n": "number"},
}  # fmt: skip

#: Traits measured from events, so that leaves on computed values are tried as well.
COMPUTED: Mapping[str, tuple[dict[str, Any], ValueType]] = {
    "orders": ({"did": "Order Completed"}, "integer"),
    "revenue": ({"did": "Order Completed", "sum": {"of": "revenue"}, "within": "7d"}, "money"),
    "mean_n": ({"did": "Order Completed", "avg": {"of": "n"}}, "number"),
    "favourite": ({"did": "Order Completed", "mode": {"of": "channel"}}, "text"),
    "last_page": ({"did": "Page Viewed", "last": {"of": "page.name"}}, "text"),
    "last_order": ({"did": "Order Completed", "last_time": True}, "datetime"),
    "earliest_due": ({"did": "Order Completed", "min": {"of": "due"}}, "date"),
    "days_with_orders": ({"did": "Order Completed", "days_active": True}, "integer"),
    "gift_first": ({"did": "Order Completed", "first": {"of": "is_gift"}}, "boolean"),
}

CATALOG = Catalog(
    traits={name: TraitInfo(type=type_) for name, type_ in TRAITS.items()},
    events={
        event: EventInfo(
            properties={name: PropertyInfo(type=type_) for name, type_ in types.items()},
            aliases={"umsatz": "revenue"} if "revenue" in types else {},
        )
        for event, types in PROPERTIES.items()
    },
)

#: As loaded: composed (NFC). Operands take the decomposed spellings, too.
TEXTS = [
    "", "FR", "fr", "é", "É", "cafe", "café", "a'b", "a\\b", "a\nb", "%_", "ß", "SS", "İ", "3.2.0", "v3.10", "3.2-beta",
    "+33612345678", "+14155550123", "x*y", "😀",
]  # fmt: skip
OPERAND_TEXTS = [*TEXTS, unicodedata.normalize("NFD", "é"), "f", "a", "R", "ca", "\u0301", "zzz"]
PATTERNS = ["^f", "a.b", "(?i)FR", "é$", r"[0-9]+", "", "^$", "ß|ss", "zzz", "."]
GLOBS = ["*", "F?", "a*b", "[x]", "ca?e", "x\\**", "?", ""]
VERSIONS = ["3.2", "3.2.0-beta", "v3.9", "1", "3.10.0"]
INTEGERS = [-5, 0, 1, 2, 3, 40, 2**40]
NUMBERS = [-1.5, 0.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 1.0, 2.0, 2.5, 1e11]
DECIMALS = [Decimal(text) for text in ("-3.5", "0", "0.1", "0.2", "0.3", "1", "2.5", "19.9999")]
OPERAND_NUMBERS = [-5, -1.5, 0, 0.1, 0.2, 0.3, 1, 2, 2.5, 2.50001, 3, 40, 1000000000000.5]
DURATIONS = ["1d", "2d", "7d", "1w", "36h", "1h", "24h", "1y"]
WHOLE_DAYS = ["1d", "2d", "7d", "1w", "24h", "1y"]
SPANS = [{"from": "7d", "to": "2d"}, {"from": "2d", "to": "1d"}, {"from": "1y", "to": "1w"}, {"from": "7d"}]
_MICRO = timedelta(microseconds=1)
SHIFTS = [timedelta(), _MICRO, -_MICRO] + [
    -timedelta(hours=hours) + extra
    for hours in (1, 12, 23, 24, 25, 36, 48, 168, 8760)
    for extra in (timedelta(), _MICRO, -_MICRO)
] + [timedelta(hours=hours) for hours in (1, 24, 25, 168)]  # fmt: skip
DAY_SHIFTS = [-365, -100, -31, -8, -7, -6, -2, -1, 0, 1, 2, 7, 8, 31]

#: Around changes of the clock (spring and autumn in Europe and America, a day that never was in Samoa), at local
#: midnights, ends of months and years, and on a leap day.
MOMENTS = [
    datetime(2024, 7, 1), datetime(2024, 3, 31, 0, 30), datetime(2024, 3, 31, 22), datetime(2024, 10, 27, 0, 30),
    datetime(2024, 11, 3, 5, 59, 59, 999999), datetime(2024, 2, 29, 23), datetime(2023, 12, 31, 23, 30),
    datetime(2011, 12, 31, 9, 59),
]  # fmt: skip
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]


@dataclass(frozen=True)
class Setting:
    """When and where: t in UTC, and the workspace's zone."""

    at: datetime
    zone: ZoneInfo

    @property
    def moment(self) -> Moment:
        return Moment(microseconds(self.at), self.zone)

    @property
    def today(self) -> date:
        return self.at.replace(tzinfo=UTC).astimezone(self.zone).date()


settings_of_time = st.builds(Setting, st.sampled_from(MOMENTS), st.sampled_from(ZONES).map(ZoneInfo))


# ---------------------------------------------------------------------------------------------------------- values


def values(type_: ValueType, setting: Setting, *, exact: bool = False) -> st.SearchStrategy[Any]:
    """Return values of a type as they are stored; `exact` for numbers of events, which are decimals."""
    if type_ == "number":
        return st.sampled_from([Decimal(str(n)) for n in NUMBERS if n != 0.1 + 0.2] if exact else NUMBERS)
    return {
        "text": st.sampled_from(TEXTS),
        "integer": st.sampled_from(INTEGERS),
        "money": st.sampled_from(DECIMALS),
        "boolean": st.booleans(),
        "date": st.sampled_from(DAY_SHIFTS).map(lambda days: setting.today + timedelta(days=days)),
        "datetime": times(setting),
        "list": st.lists(st.sampled_from(TEXTS[:8]), max_size=3).map(tuple),
    }[type_]


def times(setting: Setting) -> st.SearchStrategy[datetime]:
    """Return moments on and beside the borders of windows, and local midnights."""
    midnight = datetime.combine(setting.today, datetime.min.time(), setting.zone).astimezone(UTC).replace(tzinfo=None)
    return st.one_of(
        st.sampled_from(SHIFTS).map(lambda shift: setting.at + shift),
        st.sampled_from([midnight, midnight - _MICRO, midnight - timedelta(days=1), midnight + timedelta(days=1)]),
    )


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


@st.composite
def events(draw: st.DrawFn, setting: Setting) -> Event:
    name = draw(st.sampled_from(list(PROPERTIES)))
    at = draw(times(setting))
    properties = {key: draw(maybe(values(type_, setting, exact=True))) for key, type_ in PROPERTIES[name].items()}
    received = draw(st.sampled_from([at, at + timedelta(days=1), setting.at, setting.at + _MICRO]))
    superseded = draw(st.sampled_from([None, None, None, None, setting.at, setting.at + _MICRO, received]))
    number = draw(st.integers(0, 2**128 - 1))
    return Event(
        name=name, time=at, event_id=UUID(int=number).hex, received_at=received, superseded_at=superseded,
        properties=properties,
    )  # fmt: skip


@st.composite
def customers(draw: st.DrawFn, setting: Setting, most: int = 12) -> list[Customer]:
    """Return customers with unique ids; one in a while was never seen, seen later, or erased."""
    count = draw(st.integers(0, most))
    everybody = []
    for number in range(count):
        traits = {name: draw(maybe(values(type_, setting))) for name, type_ in TRAITS.items()}
        history = draw(st.lists(events(setting), max_size=draw(st.sampled_from([0, 1, 6]))))
        unique = list({event.event_id: event for event in history}.values())
        seen = draw(st.sampled_from([None, datetime(2000, 1, 1), setting.at, setting.at, setting.at + _MICRO]))
        erased = draw(st.integers(0, 9)) == 0
        everybody.append(Customer(id=f"{number}é", traits=traits, events=unique, first_seen=seen, is_erased=erased))
    return everybody


# ---------------------------------------------------------------------------------------------------------- conditions


def _day_text(setting: Setting) -> st.SearchStrategy[str]:
    return st.sampled_from(DAY_SHIFTS).map(lambda days: (setting.today + timedelta(days=days)).isoformat())


def _moment_text(setting: Setting) -> st.SearchStrategy[str]:
    return st.one_of(_day_text(setting), times(setting).map(lambda at: at.isoformat() + "Z"))


def scalars(type_: ValueType, setting: Setting) -> st.SearchStrategy[Any]:
    """Return one operand as it is written in a file."""
    if type_ == "date":
        return _day_text(setting)
    if type_ == "datetime":
        return _moment_text(setting)
    if type_ == "boolean":
        return st.booleans()
    return st.sampled_from(OPERAND_TEXTS if type_ == "text" else OPERAND_NUMBERS)


def _ordered(pair: list[Any]) -> list[Any]:
    """Put the two ends of a range in order; texts of moments are compared by their day."""
    return sorted(pair, key=lambda item: item if not isinstance(item, str) else item[:10])


def operands(shape: str, type_: ValueType, setting: Setting) -> st.SearchStrategy[Any]:
    """Return operands of a shape."""
    one = scalars(type_, setting)
    texts = st.sampled_from(OPERAND_TEXTS)
    spans = [span for span in SPANS if type_ == "datetime" or "36h" not in span.values()]
    return {
        "one": one,
        "day": one,
        "many": st.lists(one, min_size=1, max_size=4),
        "range": (_day_text(setting) if type_ == "datetime" else one).flatmap(
            lambda low: (_day_text(setting) if type_ == "datetime" else one).map(lambda high: _ordered([low, high]))
        ),
        "true": st.just(True),
        "text": texts,
        "texts": st.lists(texts, min_size=1, max_size=3),
        "pattern": st.sampled_from(PATTERNS),
        "glob": st.sampled_from(GLOBS),
        "version": st.sampled_from(VERSIONS),
        "codes": st.lists(st.sampled_from([1, 33, 49]), min_size=1, max_size=2),
        "size": st.one_of(
            st.integers(0, 3), st.builds(lambda word, n: {word: n}, st.sampled_from(["lt", "lte", "gt", "gte"]),
                                         st.integers(0, 3)),
        ),
        "duration": st.sampled_from(WHOLE_DAYS if type_ == "date" else DURATIONS),
        "span": st.sampled_from(spans),
        "period": st.sampled_from(PERIODS),
    }[shape]  # fmt: skip


@st.composite
def tests(
    draw: st.DrawFn, type_: ValueType, setting: Setting, others: tuple[str, ...] = (), only: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return an operator with operand and options, as the keys of a leaf; `others` are traits of the same family."""
    names = [name for name, operator in OPERATORS.items() if type_ in operator.types and (not only or name in only)]
    name = draw(st.sampled_from(names))
    shape = OPERATORS[name].shape
    test: dict[str, Any] = {}
    if others and shape in ("one", "day", "text") and draw(st.integers(0, 2)) == 0:
        test[name] = {"trait": draw(st.sampled_from(others))}
    else:
        test[name] = draw(operands(shape, type_, setting))
    if type_ in ("text", "list"):
        if draw(st.integers(0, 2)) == 0:
            test["case"] = "ignore"
        if draw(st.integers(0, 3)) == 0:
            test["fold"] = True
    if name not in ("is_set", "not_set", "is_empty", "not_empty") and draw(st.integers(0, 3)) == 0:
        test["missing"] = "match"
    return test


def groups(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return conditions of any nesting over leaves."""
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(
                lambda word, parts: {word: parts},
                st.sampled_from(["all", "any", "none"]),
                st.lists(inner, min_size=1, max_size=3),
            ),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=4,
    )


def windows(setting: Setting) -> st.SearchStrategy[dict[str, Any]]:
    """Return the keys of a window: none, rolling, fixed, or both."""
    rolling = st.one_of(
        st.just({}), st.sampled_from(DURATIONS).map(lambda length: {"within": length}),
        st.sampled_from(SPANS).map(lambda span: {"between": span}),
    )  # fmt: skip
    early = st.sampled_from(DAY_SHIFTS[:5]).map(lambda days: (setting.today + timedelta(days=days)).isoformat())
    late = st.sampled_from(DAY_SHIFTS[5:]).map(lambda days: (setting.today + timedelta(days=days)).isoformat())
    fixed = st.one_of(
        st.just({}), early.map(lambda day: {"since": day}), late.map(lambda day: {"until": day}),
        st.builds(lambda since, until: {"since": since, "until": until}, early, late),
        times(setting).map(lambda at: {"since": at.isoformat() + "Z"}),
        times(setting).map(lambda at: {"until": at.isoformat() + "Z"}),
    )  # fmt: skip
    return st.builds(lambda a, b: {**a, **b}, rolling, fixed)


def property_tests(event: str, setting: Setting) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(list(PROPERTIES[event].items())).flatmap(
        lambda item: tests(item[1], setting).map(lambda test: {"prop": item[0], **test})
    )


@st.composite
def event_leaves(draw: st.DrawFn, setting: Setting) -> dict[str, Any]:
    """Return `did` and `not_did` with every aggregate, filter and window."""
    event = draw(st.sampled_from(list(PROPERTIES)))
    leaf: dict[str, Any] = draw(windows(setting))
    if draw(st.integers(0, 1)):
        leaf["where"] = draw(groups(property_tests(event, setting)))
    kind = draw(st.sampled_from(
        ["did", "not_did", "count", "sum", "avg", "min", "max", "distinct", "first", "last", "mode", "first_time",
         "last_time", "days_active", "months_active"]
    ))  # fmt: skip
    if kind == "not_did":
        return {"not_did": event, **leaf}
    leaf["did"] = event
    numbers = ("eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "not_between")
    if kind in ("count", "days_active", "months_active"):
        leaf[kind] = draw(tests("integer", setting, only=numbers))
    elif kind in ("first_time", "last_time"):
        leaf[kind] = True
    elif kind != "did":
        fitting = {
            "sum": ("integer", "number", "money"), "avg": ("integer", "number", "money"),
            "min": ("integer", "number", "money", "date", "datetime"),
            "max": ("integer", "number", "money", "date", "datetime"),
        }.get(kind)  # fmt: skip
        names = [name for name, type_ in PROPERTIES[event].items() if fitting is None or type_ in fitting]
        name = draw(st.sampled_from(names))
        type_: ValueType = {"distinct": "integer", "avg": "number"}.get(kind, PROPERTIES[event][name])  # type: ignore[assignment]
        only = () if kind in ("min", "max", "first", "last", "mode") else numbers
        written = "umsatz" if name == "revenue" and draw(st.booleans()) else name
        leaf[kind] = {"of": written, **draw(tests(type_, setting, only=only))}
    return leaf


ALL_TRAITS: Mapping[str, ValueType] = {**TRAITS, **{name: type_ for name, (_, type_) in COMPUTED.items()}}
RANKABLE = [name for name, type_ in ALL_TRAITS.items()
            if type_ in ("integer", "number", "money", "date", "datetime")]  # fmt: skip


def trait_leaves(setting: Setting) -> st.SearchStrategy[dict[str, Any]]:
    numeric = ("integer", "number", "money")

    def leaf(item: tuple[str, ValueType]) -> st.SearchStrategy[dict[str, Any]]:
        name, type_ = item
        others = tuple(
            other for other, kind in ALL_TRAITS.items()
            if other != name and (kind == type_ or (kind in numeric and type_ in numeric))
        )  # fmt: skip
        return tests(type_, setting, others).map(lambda test: {"trait": name, **test})

    return st.sampled_from(list(ALL_TRAITS.items())).flatmap(leaf)


@st.composite
def population_leaves(draw: st.DrawFn, earlier: tuple[str, ...]) -> dict[str, Any]:
    """Return ranks, percentiles, random shares, lists and segments."""
    kinds = ["rank", "percentile", "random", "list", *(["in_segment", "not_in_segment"] if earlier else [])]
    kind = draw(st.sampled_from(kinds))
    if kind == "random":
        percent = draw(st.sampled_from([1, 10, 50, 99.5, 100]))
        return {"random": {"percent": percent, "salt": draw(st.sampled_from(["spring", "été"]))}}
    if kind == "list":
        return {"list": "guests"}
    if kind in ("in_segment", "not_in_segment"):
        return {kind: draw(st.sampled_from(earlier))}
    among = {"among": {"segment": draw(st.sampled_from(earlier))}} if earlier and draw(st.booleans()) else {}
    trait = draw(st.sampled_from(RANKABLE))
    if kind == "rank":
        end = draw(st.sampled_from(["top", "bottom"]))
        size = draw(st.sampled_from([1, 2, 5, 100, "10%", "33.3%", "50%", "100%", "0.000001%"]))
        ties = draw(st.sampled_from([{}, {"ties": "include"}, {"ties": "exclude"}]))
        return {"rank": trait, end: size, **ties, **among}
    operator = draw(st.sampled_from(["lt", "lte", "gt", "gte", "between"]))
    border = st.sampled_from([0, 10, 12.5, 25, 50, 75, 90, 100])
    operand = draw(st.tuples(border, border).map(sorted) if operator == "between" else border)
    missing = draw(st.sampled_from([{}, {}, {"missing": "match"}]))
    return {"trait": trait, "percentile": {operator: operand, **missing}, **among}


@st.composite
def definitions(draw: st.DrawFn, setting: Setting, most: int = 6) -> dict[str, Any]:
    """Return the values of definition files: all computed traits, and segments that may use the ones before them."""
    files: dict[str, Any] = {f"traits/{name}": {"from": source} for name, (source, _) in COMPUTED.items()}
    names: list[str] = []
    for number in range(draw(st.integers(1, most))):
        leaf = st.one_of(trait_leaves(setting), event_leaves(setting), population_leaves(tuple(names)))
        files[f"segments/s{number}"] = {"where": draw(groups(leaf))}
        names.append(f"s{number}")
    return files
