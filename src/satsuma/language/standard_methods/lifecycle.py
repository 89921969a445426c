"""`lifecycle`: where each customer stands in the customer's own rhythm of buying."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading
from satsuma.language.types import Measure

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = ("event", "slipping_after", "lapsed_after", "weight", "shortest", "typical")
EVENT = "Order Completed"
#: In the order of a customer's life; `statistics.lifecycle.STAGES` has the same.
STAGES = ("New", "Active", "Returned", "Slipping", "Lapsed", "Prospect")


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleSettings:
    """The event, and the parameters of the rules in `statistics.lifecycle`.

    slipping_after, lapsed_after : times the own rhythm. weight : intervals that the typical one counts for.
    shortest, typical : days; a typical interval of None is fitted on the population.
    """

    event: str = EVENT
    slipping_after: float = 2.0
    lapsed_after: float = 4.0
    weight: float = 2.0
    shortest: float = 7.0
    typical: float | None = None

    @property
    def count(self) -> Measure:
        """How often each customer did it: 0 makes a prospect."""
        return Measure(event=self.event, at=("event",))


class LifecycleMethod:
    """Labels by the time since the last order against the customer's own interval."""

    name = "lifecycle"
    settings = SETTINGS

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> LifecycleSettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        event = reading.name(reader, given, "event", path, EVENT)
        slipping = reading.number(reader, given, "slipping_after", path, above=0, most=100, default=2.0)
        lapsed = reading.number(reader, given, "lapsed_after", path, above=0, most=1000, default=4.0)
        if slipping >= lapsed:
            reader.problem(
                (*path, "lapsed_after"), f"'lapsed_after' ({lapsed:g}) must be above 'slipping_after' ({slipping:g})."
            )
        shortest = self._days(reader, given, "shortest", path)
        typical = self._days(reader, given, "typical", path)
        if typical == 0:
            reader.problem((*path, "typical"), "'typical' needs a length above 0.")
        if event is None:
            return None
        return LifecycleSettings(
            event=event,
            slipping_after=slipping,
            lapsed_after=lapsed,
            weight=reading.number(reader, given, "weight", path, above=0, most=1000, default=2.0),
            shortest=7.0 if shortest is None else shortest,
            typical=typical or None,
        )

    def _days(self, reader: Reader, given: dict[str, Any], key: str, path: Path_) -> float | None:
        if given.get(key) is None:
            return None
        length = reader.duration(given[key], (*path, key), f"'{key}'")
        return None if length is None else length / MICROSECONDS_PER_DAY

    def check(self, checker: Checker, settings: LifecycleSettings) -> LifecycleSettings:  # noqa: ARG002  no operands
        return settings

    def reads(self, settings: LifecycleSettings) -> Reads:
        return Reads(measures=(settings.count,))

    def labels(self, settings: LifecycleSettings) -> tuple[str, ...] | None:  # noqa: ARG002  always the same
        return STAGES

    def explain(self, settings: LifecycleSettings) -> Iterable[str]:
        typical = "the typical one" if settings.typical is None else f"{settings.typical:g} days"
        yield (
            f"A rhythm is the customer's mean interval between days with '{settings.event}', drawn towards {typical} "
            f"as though that had been seen {settings.weight:g} times more, and at least {settings.shortest:g} days."
        )
        yield "New: one such day so far, and not overdue. Active: several, and not overdue."
        yield f"Slipping: silent for over {settings.slipping_after:g} times the own rhythm."
        yield f"Lapsed: silent for over {settings.lapsed_after:g} times the own rhythm."
        yield f"Returned: came back with the last one after over {settings.lapsed_after:g} times the rhythm until then."
        yield f"Prospect: never did '{settings.event}'."
