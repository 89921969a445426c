"""Strategies: random customers with random histories, and random definitions over every operator and aggregate.

Values come from small pools, so that equal values, ties and borders hit exactly are common and not a matter of luck.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo, ValueType
from satsuma.language.anniversaries import returned
from satsuma.language.durations import microseconds
from satsuma.language.moments import PERIODS, Moment
from satsuma.language.operators import NOT_IN_FILTERS, OPERATORS
from satsuma.language.places import Area
from satsuma.language.reading_places import ring_of
from satsuma.language.reference import Account, Consent, Customer, Event
from satsuma.language.types import PERIOD_AGGREGATES

TRAITS: Mapping[str, ValueType] = {
    "country": "text", "city": "text", "age": "integer", "points": "integer", "score": "number", "spend": "money",
    "is_member": "boolean", "has_card": "boolean", "birthday": "date", "renewal": "date", "seen": "datetime",
    "joined": "datetime", "tags": "list", "home": "location", "work": "location",
}  # fmt: skip
ACCOUNT_TRAITS: Mapping[str, ValueType] = {
    "industry": "text", "employees": "integer", "founded": "date", "office": "location",
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

#: A trait that makes a score of others, loaded and measured.
SCALES: Mapping[str, dict[str, Any]] = {
    "mood": {"items": ["points", {"reverse": "age"}, "score", "mean_n"], "of": [0, 3], "min_answered": 2},
}

#: Traits measured from the events of accounts' members.
ACCOUNT_COMPUTED: Mapping[str, tuple[dict[str, Any], ValueType]] = {
    "account_orders": ({"did": "Order Completed"}, "integer"),
    "account_first": ({"did": "Order Completed", "first": {"of": "channel"}}, "text"),
    "account_weeks": ({"did": "Page Viewed", "weeks_active": True, "within": {"this": "month"}}, "integer"),
}

CATALOG = Catalog(
    traits={
        **{name: TraitInfo(type=type_) for name, type_ in TRAITS.items()},
        **{name: TraitInfo(type=type_, entity="account") for name, type_ in ACCOUNT_TRAITS.items()},
    },
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

#: Corners, edges and insides of the areas below, and the ends of the globe.
POINTS = [
    (0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 2.0), (0.5, 0.5), (1.5, 0.3),
    (0.1, 0.3), (0.2, 0.6), (0.3, 0.9), (-0.0000001, 1.0), (2.0000001, 1.0), (48.8566, 2.3522), (90.0, 0.0),
    (-90.0, 180.0), (0.0, 180.0), (0.0, -180.0), (1.0, -0.5), (0.75, 1.25),
]  # fmt: skip
KILOMETRES = [0, 0.5, 31.4, 111.195080, 157.2, 222.39016, 9000, 10007.557, 20015.2]
_SQUARE = [(0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0)]
_HOLE = [(0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (0.5, 1.5)]
_ISLE = [(1.0, 1.0), (1.25, 1.25), (0.75, 1.25)]
REGIONS = {
    "square": Area.of([[ring_of(_SQUARE)[0]]], "square"),
    "ring_and_isle": Area.of([[ring_of(_SQUARE)[0], ring_of(_HOLE)[0]], [ring_of(_ISLE)[0]]], "ring_and_isle"),
    "slope": Area.of([[ring_of([(0.0, 0.0), (0.3, 0.9), (0.3, -0.2)])[0]]], "slope"),
}
PURPOSES = ["email", "ads"]
#: The names that definitions may use beside those of the catalogue, as `small_world.checked` takes them.
NAMES: Mapping[str, Any] = {"lists": ["guests"], "regions": REGIONS, "purposes": PURPOSES}

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
        "date": days(setting),
        "location": st.sampled_from(POINTS),
        "datetime": times(setting),
        "list": st.lists(st.sampled_from(TEXTS[:8]), max_size=3).map(tuple),
    }[type_]


def days(setting: Setting) -> st.SearchStrategy[date]:
    """Return days around today, the same days of other years, and leap days."""
    near = st.sampled_from(DAY_SHIFTS).map(lambda days: setting.today + timedelta(days=days))
    ago = st.sampled_from([1, 2, 4, 33])
    years = st.builds(lambda day, years: returned(day.month, day.day, day.year - years), near, ago)
    return st.one_of(near, years, st.sampled_from([date(1996, 2, 29), date(2000, 2, 29), date(1999, 2, 28)]))


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
    from random_history import trait_changes  # it builds on this module

    count = draw(st.integers(0, most))
    everybody = []
    known: set[str] = set()
    for number in range(count):
        traits = {name: draw(maybe(values(type_, setting))) for name, type_ in TRAITS.items()}
        history = draw(st.lists(events(setting), max_size=draw(st.sampled_from([0, 1, 6]))))
        # An id is of one event, whoever did it: within an account it orders what several did at one time.
        unique = list({event.event_id: event for event in history if event.event_id not in known}.values())
        known.update(event.event_id for event in unique)
        seen = draw(st.one_of(
            st.sampled_from([None, datetime(2000, 1, 1), setting.at, setting.at, setting.at + _MICRO]), times(setting)
        ))  # fmt: skip
        erased = draw(st.integers(0, 9)) == 0
        arrived, described = (
            draw(st.sampled_from([None, None, None, setting.at - _MICRO, setting.at, setting.at + _MICRO]))
            for _ in range(2)
        )
        decisions = draw(st.lists(consents(setting), max_size=3))
        everybody.append(
            Customer(id=f"{number}é", traits=traits, events=unique, first_seen=seen, is_erased=erased,
                     arrived_at=arrived, described_at=described, consents=decisions,
                     trait_changes=draw(trait_changes(setting, TRAITS)))
        )  # fmt: skip
    return everybody


def consents(setting: Setting) -> st.SearchStrategy[Consent]:
    """Return decisions of which many fall on one moment, and some arrived later."""
    later = st.sampled_from([timedelta(), timedelta(), timedelta(days=1), timedelta(days=400)])
    return st.builds(
        lambda purpose, status, at, delay: Consent(purpose=purpose, status=status, time=at, received_at=at + delay),
        st.sampled_from(PURPOSES), st.sampled_from(["granted", "denied"]), times(setting), later,
    )  # fmt: skip


@st.composite
def accounts(draw: st.DrawFn, setting: Setting, people: Sequence[Customer], most: int = 4) -> list[Account]:
    """Return accounts with any members: several, none, the same person in two; one in a while is seen later."""
    from random_history import trait_changes  # it builds on this module

    found = []
    ids = [person.id for person in people]
    for number in range(draw(st.integers(0, most))):
        traits = {name: draw(maybe(values(type_, setting))) for name, type_ in ACCOUNT_TRAITS.items()}
        members = draw(st.frozensets(st.sampled_from(ids), max_size=4)) if ids else frozenset()
        seen = draw(st.sampled_from([None, datetime(2000, 1, 1), setting.at, setting.at + _MICRO]))
        changes = draw(trait_changes(setting, ACCOUNT_TRAITS))
        found.append(
            Account(id=f"A{number}", traits=traits, members=members, first_seen=seen, trait_changes=changes)
        )  # fmt: skip
    return found


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
        "anniversary": anniversaries(setting),
        "polygon": st.lists(st.sampled_from(POINTS[:14]).map(list), min_size=3, max_size=6, unique_by=tuple),
        "region": st.sampled_from(sorted(REGIONS)),
        "circle": st.sampled_from(KILOMETRES),
    }[shape]  # fmt: skip


def anniversaries(setting: Setting) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be asked of an anniversary."""
    lengths, periods = st.sampled_from([*WHOLE_DAYS, "366d", "2y"]), st.sampled_from(PERIODS)
    return st.one_of(
        *(lengths.map(lambda length, word=word: {word: length}) for word in ("in_next", "in_last")),
        *(periods.map(lambda period, word=word: {word: period}) for word in ("this", "last", "next")),
        _day_text(setting).map(lambda day: {"on": day}),
    )


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
    if shape == "circle":
        test["of"] = dict(zip(("lat", "lon"), draw(st.sampled_from(POINTS)), strict=True))
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
    periods = st.builds(lambda count, period: f"{count} {period}s", st.integers(1, 14), st.sampled_from(PERIODS))
    calendar = st.one_of(
        st.sampled_from(PERIODS).map(lambda period: {"this": period}),
        st.one_of(periods, st.sampled_from(PERIODS)).map(lambda text: {"last_full": text}),
    )
    rolling = st.one_of(
        st.just({}), st.sampled_from(DURATIONS).map(lambda length: {"within": length}),
        calendar.map(lambda within: {"within": within}),
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
    on = st.one_of(early, late).map(lambda day: {"within": {"on": day}})
    return st.one_of(st.builds(lambda a, b: {**a, **b}, rolling, fixed), on)


IN_FILTERS = tuple(name for name in OPERATORS if name not in NOT_IN_FILTERS)


def property_tests(event: str, setting: Setting) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(list(PROPERTIES[event].items())).flatmap(
        lambda item: tests(item[1], setting, only=IN_FILTERS).map(lambda test: {"prop": item[0], **test})
    )


def habits(word: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return the settings of `regularly`, `stopped` and `restarted`."""
    if word == "regularly":
        return st.sampled_from(PERIODS).flatmap(
            lambda period: st.integers(1, 4).flatmap(
                lambda last: st.integers(1, last).map(lambda least: {"in": least, "of_last": last, "period": period})
            )
        )
    first, second = ("active", "then_quiet") if word == "stopped" else ("quiet", "then_active")
    return st.builds(lambda a, b: {first: a, second: b}, st.sampled_from(DURATIONS), st.sampled_from(DURATIONS))


@st.composite
def event_leaves(draw: st.DrawFn, setting: Setting) -> dict[str, Any]:
    """Return `did` and `not_did` with every aggregate, filter and window."""
    event = draw(st.sampled_from(list(PROPERTIES)))
    leaf: dict[str, Any] = draw(windows(setting))
    if draw(st.integers(0, 1)):
        leaf["where"] = draw(groups(property_tests(event, setting)))
    kind = draw(st.sampled_from(
        ["did", "not_did", "count", "sum", "avg", "min", "max", "distinct", "first", "last", "mode", "first_time",
         "last_time", *PERIOD_AGGREGATES, "regularly", "stopped", "restarted"]
    ))  # fmt: skip
    if kind in ("regularly", "stopped", "restarted"):
        where = {"where": leaf["where"]} if "where" in leaf else {}
        return {"did": event, kind: draw(habits(kind)), **where}
    if kind == "not_did":
        return {"not_did": event, **leaf}
    leaf["did"] = event
    numbers = ("eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "not_between")
    if kind in ("count", *PERIOD_AGGREGATES):
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


def computed_traits() -> dict[str, Any]:
    """Return the files of the computed traits, of customers and of accounts."""
    files: dict[str, Any] = {f"traits/{name}": {"from": source} for name, (source, _) in COMPUTED.items()}
    files |= {f"traits/{name}": {"scale": scale} for name, scale in SCALES.items()}
    return files | {
        f"traits/{name}": {"entity": "account", "from": source} for name, (source, _) in ACCOUNT_COMPUTED.items()
    }


ALL_TRAITS: Mapping[str, ValueType] = {
    **TRAITS, **{name: type_ for name, (_, type_) in COMPUTED.items()}, **dict.fromkeys(SCALES, "number"),
}  # fmt: skip
ALL_ACCOUNT_TRAITS: Mapping[str, ValueType] = {
    "account_id": "text", **ACCOUNT_TRAITS, **{name: type_ for name, (_, type_) in ACCOUNT_COMPUTED.items()},
}  # fmt: skip


def types_of(computed: Mapping[str, tuple[dict[str, Any], ValueType]]) -> dict[str, ValueType]:
    """Return the type of each computed trait."""
    return {name: type_ for name, (_, type_) in computed.items()}


def rankable(traits: Mapping[str, ValueType]) -> list[str]:
    return [name for name, type_ in traits.items() if type_ in ("integer", "number", "money", "date", "datetime")]


def trait_leaves(setting: Setting, traits: Mapping[str, ValueType] = ALL_TRAITS) -> st.SearchStrategy[dict[str, Any]]:
    numeric = ("integer", "number", "money")

    def leaf(item: tuple[str, ValueType]) -> st.SearchStrategy[dict[str, Any]]:
        name, type_ = item
        others = tuple(
            other for other, kind in traits.items()
            if other != name and (kind == type_ or (kind in numeric and type_ in numeric))
        )  # fmt: skip
        return tests(type_, setting, others).map(lambda test: {"trait": name, **test})

    return st.sampled_from(list(traits.items())).flatmap(leaf)


@st.composite
def population_leaves(
    draw: st.DrawFn, earlier: tuple[str, ...], traits: Mapping[str, ValueType] = ALL_TRAITS
) -> dict[str, Any]:
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
    trait = draw(st.sampled_from(rankable(traits)))
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


def consent_leaves() -> st.SearchStrategy[dict[str, Any]]:
    statuses = st.sampled_from(["granted", "denied", "unknown"])
    return st.builds(lambda purpose, status: {"consent": purpose, "is": status}, st.sampled_from(PURPOSES), statuses)


def account_conditions(setting: Setting, earlier: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Return conditions on accounts; `earlier` are segments of accounts."""
    from random_history import history_leaves  # these build on this module
    from random_sequences import sequence_leaves

    leaf = st.one_of(
        trait_leaves(setting, ALL_ACCOUNT_TRAITS), event_leaves(setting), sequence_leaves(setting),
        population_leaves(earlier, ALL_ACCOUNT_TRAITS),
        history_leaves(setting, ACCOUNT_TRAITS, types_of(ACCOUNT_COMPUTED), earlier),
    )  # fmt: skip
    return groups(leaf)


def account_leaves(setting: Setting, earlier: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Return conditions on the accounts of customers."""
    words = st.sampled_from(["any", "all", "none"])
    return st.builds(lambda word, inner: {"account": {word: inner}}, words, account_conditions(setting, earlier))


@st.composite
def definitions(draw: st.DrawFn, setting: Setting, most: int = 6) -> dict[str, Any]:
    """Return the values of definition files: all computed traits, and segments that may use the ones before them."""
    from random_history import history_leaves  # these build on this module
    from random_sequences import sequence_leaves

    files = computed_traits()
    of_accounts: list[str] = []
    for number in range(draw(st.integers(0, 2))):
        where = draw(account_conditions(setting, tuple(of_accounts)))
        files[f"segments/a{number}"] = {"entity": "account", "where": where}
        of_accounts.append(f"a{number}")
    names: list[str] = []
    for number in range(draw(st.integers(1, most))):
        leaf = st.one_of(
            trait_leaves(setting), event_leaves(setting), population_leaves(tuple(names)), consent_leaves(),
            account_leaves(setting, tuple(of_accounts)), sequence_leaves(setting),
            # Each look back that builds on another costs a few evaluations more.
            history_leaves(setting, TRAITS, types_of(COMPUTED), tuple(names[:2])),
        )  # fmt: skip
        files[f"segments/s{number}"] = {"where": draw(groups(leaf))}
        names.append(f"s{number}")
    return files
