"""`affinity`: what a customer prefers, beyond what everybody buys and beyond chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading
from satsuma.language.types import ALL_TIME, Measure, Window

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = ("event", "of", "by", "window", "at_least", "index", "most", "otherwise")
EVENT = "Product Purchased"
OTHERWISE = "No clear preference"
MOST = 20
MOST_ALLOWED = 200
#: The chance that a customer without any preference is given one.
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class AffinitySettings:
    """The event and its property, and how much evidence a preference needs.

    by : what an event counts: itself (`count`) or the money of a property such as `revenue`.
    at_least : events of the customer in the category. index : share over base share times 100, at least.
    most : categories that can be preferred, those with the largest share of all.
    """

    event: str = EVENT
    of: str
    by: str = "count"
    window: Window = ALL_TIME
    at_least: int = 3
    index: float = 120.0
    most: int = MOST
    otherwise: str = OTHERWISE

    @property
    def count(self) -> Measure:
        """How many such events each customer has."""
        return Measure(event=self.event, window=self.window, at=("event",))


class AffinityMethod:
    """Labels by the category that a customer prefers."""

    name = "affinity"
    settings = SETTINGS

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> AffinitySettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        if "of" not in given:
            reader.problem(
                path, "The method 'affinity' needs 'of:', the property whose values are preferred: category."
            )
            return None
        of = reader.name(given, "of", path)
        event = reading.name(reader, given, "event", path, EVENT)
        by = reading.name(reader, given, "by", path, "count")
        if of is None or event is None or by is None:
            return None
        return AffinitySettings(
            event=event,
            of=of,
            by=by,
            window=reading.window(reader, given, path),
            at_least=reader.integer(given, "at_least", path, low=1, high=1_000_000, default=3),
            index=reading.number(reader, given, "index", path, above=100, most=100_000, default=120.0),
            most=reader.integer(given, "most", path, low=2, high=MOST_ALLOWED, default=MOST),
            otherwise=reading.label(reader, given, "otherwise", path, OTHERWISE),
        )

    def check(self, checker: Checker, settings: AffinitySettings) -> AffinitySettings:
        of = checker.property(settings.event, settings.of, ("of",))
        if of is not None:
            if of[1].type != "text":
                checker.problem(("of",), f"A preference is among texts; the property '{of[0]}' is a {of[1].type}.")
            settings = replace(settings, of=of[0])
        if settings.by != "count":
            by = checker.property(settings.event, settings.by, ("by",))
            if by is not None:
                if by[1].type not in ("money", "number", "integer"):
                    message = f"'by' is count, or a property that is money or a number; '{by[0]}' is a {by[1].type}."
                    checker.problem(("by",), message)
                settings = replace(settings, by=by[0])
        return settings

    def reads(self, settings: AffinitySettings) -> Reads:
        return Reads(measures=(settings.count,), properties=((settings.event, settings.of),))

    def labels(self, settings: AffinitySettings) -> tuple[str, ...] | None:  # noqa: ARG002  only data tell
        return None

    def explain(self, settings: AffinitySettings) -> Iterable[str]:
        what = "events" if settings.by == "count" else settings.by
        span = reading.span_words(settings.window)
        yield (
            f"The favourite '{settings.of}' of '{settings.event}'{span}: the one whose share of the customer's {what} "
            "is most surely above its share in all."
        )
        yield (
            f"It takes at least {settings.at_least} events in it, a share of at least {settings.index / 100:g} times "
            f"that of all, and less than {LEVEL:.0%} chance that somebody without a preference gets one."
        )
        yield f"The {settings.most} largest are listed; whoever shows too little is '{settings.otherwise}'."
