"""What a prediction looks at: counts, sums and times of events in several windows, and loaded traits.

Chosen from the catalogue alone, the same at every cut-off: nothing here has seen an outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from satsuma.catalog import Catalog, EventInfo, TraitInfo
from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.types import Measure, Window

#: Windows of counts and sums, in days.
WINDOWS = (30, 90, 365)
#: Events beside the predicted one; a catalogue of hundreds would cost more than it tells.
MOST_EVENTS = 12
#: Properties of text of which the variety tells something, as far as an event has them.
VARIETY = ("product_id", "category", "department", "product_category", "brand", "channel", "page")
MOST_VARIETIES = 2
MOST_AMOUNTS = 2
#: Types of loaded traits that a model can use.
USABLE = ("integer", "number", "money", "boolean", "date", "datetime", "text")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of what a model sees: a measure of events, or a trait.

    kind : `number`, `yes_no` or `category`; `age` is a time, seen as days before the moment.
    """

    name: str
    kind: str
    measure: Measure | None = None
    trait: str | None = None


def features_of(
    catalog: Catalog, event: str, traits: Collection[str] | None, without: Collection[str], types: dict[str, str]
) -> tuple[Feature, ...]:
    """Return the features of a prediction about one event.

    Parameters
    ----------
    traits : the traits to use, loaded or computed; None for all loaded ones that are fit for it.
    without : events and traits that are left out.
    types : the type of every known trait.
    """
    others = [name for name in sorted(catalog.events) if name != event and name not in without]
    found: list[Feature] = []
    for name in [event, *others[:MOST_EVENTS]]:
        if name in catalog.events and name not in without:
            found.extend(_of_event(name, catalog.events[name], is_target=name == event))
    chosen = sorted(name for name, info in catalog.traits.items() if _is_fit(info)) if traits is None else traits
    for name in chosen:
        if name not in without and types.get(name) in USABLE:
            kind = {"text": "category", "boolean": "yes_no", "date": "age", "datetime": "age"}.get(
                types[name], "number"
            )
            found.append(Feature(name, kind, trait=name))
    return tuple(found)


def _of_event(name: str, info: EventInfo, *, is_target: bool) -> Iterator[Feature]:
    for days in (*WINDOWS, None):
        span = _span(days)
        yield Feature(f"{name}, count{span}", "number", _measure(name, "count", days))
    yield Feature(f"{name}, days since the last", "age", _measure(name, "last_time"))
    if is_target:
        yield Feature(f"{name}, days since the first", "age", _measure(name, "first_time"))
        yield Feature(f"{name}, days with one", "number", _measure(name, "days_active"))
        yield Feature(f"{name}, months with one", "number", _measure(name, "months_active"))
    amounts = [prop for prop, about in info.properties.items() if about.type == "money" or prop == "revenue"]
    for prop in sorted(amounts)[:MOST_AMOUNTS]:
        for days in (90, 365):
            yield Feature(f"{name}, {prop}{_span(days)}", "number", _measure(name, "sum", days, prop))
        yield Feature(f"{name}, mean {prop}", "number", _measure(name, "avg", None, prop))
    varied = [prop for prop in VARIETY if prop in info.properties and info.properties[prop].type == "text"]
    for prop in varied[:MOST_VARIETIES]:
        yield Feature(f"{name}, different {prop} in 365 days", "number", _measure(name, "distinct", 365, prop))


def _span(days: int | None) -> str:
    return "" if days is None else f" in {days} days"


def _measure(event: str, aggregate: str, days: int | None = None, of: str | None = None) -> Measure:
    window = Window() if days is None else Window(oldest=days * MICROSECONDS_PER_DAY)
    return Measure(event=event, aggregate=aggregate, of=of, window=window)  # type: ignore[arg-type]


def _is_fit(info: TraitInfo) -> bool:
    """Say whether a loaded trait may be looked at unasked: nothing sensitive, and no name, address or the like."""
    return info.entity == "customer" and not info.sensitive and info.personal_data is None and info.format is None
