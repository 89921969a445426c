"""`rfm`: scores for recency, frequency and money, and a name for each combination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from satsuma.errors import nearest
from satsuma.language.durations import MICROSECONDS_PER_DAY, parse_duration
from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading
from satsuma.language.standard_methods.rfm_maps import PRESETS, CellMap, preset_map, read_map
from satsuma.language.types import ALL_TIME, Measure, Window

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = ("event", "value", "window", "scores", "scoring", "thresholds", "map", "map_file", "otherwise")
EVENT = "Order Completed"
VALUE = "revenue"
OTHERWISE = "No orders"
DEFAULT_MAP = "rf10"
#: The folder of maps in a workspace.
MAPS = "segmentations/maps"

Scoring = Literal["values", "quantiles", "rank", "thresholds"]
SCORINGS: tuple[str, ...] = get_args(Scoring)
PARTS = ("recency", "frequency", "monetary")


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmSettings:
    """What is scored, how, and the names of the cells.

    scores : how many scores there are, 1 the least and the last the best.
    thresholds : per part, ascending, shape (scores - 1,); recency in days. Empty unless scoring is by thresholds.
    map_file : where the map stands when it has a file of its own.
    """

    event: str = EVENT
    value: str = VALUE
    window: Window = ALL_TIME
    scores: int = 5
    scoring: Scoring = "values"
    thresholds: tuple[tuple[float, ...], ...] = ()
    map: CellMap
    map_file: str | None = None
    otherwise: str = OTHERWISE

    @property
    def frequency(self) -> Measure:
        """Orders."""
        return Measure(event=self.event, window=self.window, at=("event",))

    @property
    def monetary(self) -> Measure:
        """Money of the orders."""
        return Measure(event=self.event, aggregate="sum", of=self.value, window=self.window, at=("value",))

    @property
    def last(self) -> Measure:
        """The time of the last order."""
        return Measure(event=self.event, aggregate="last_time", window=self.window, at=("event",))


class RfmMethod:
    """Labels by recency, frequency and money."""

    name = "rfm"
    settings = SETTINGS

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> RfmSettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        before = len(reader.problems)
        event = reading.name(reader, given, "event", path, EVENT)
        value = reading.name(reader, given, "value", path, VALUE)
        scores = reader.integer(given, "scores", path, low=2, high=9, default=5)
        scoring = self._scoring(reader, given, path)
        thresholds: tuple[tuple[float, ...], ...] = ()
        if scoring == "thresholds":
            thresholds = self._thresholds(reader, given.get("thresholds"), (*path, "thresholds"), scores)
        elif "thresholds" in given:
            message = f"'thresholds' are for 'scoring: thresholds', not for 'scoring: {scoring}'."
            reader.problem((*path, "thresholds"), message)
        file, cells = self._map(reader, given, path, scores)
        otherwise = reading.label(reader, given, "otherwise", path, OTHERWISE)
        span = reading.window(reader, given, path)
        if cells is not None:
            reading.unique_labels(reader, [*cells.names, otherwise], (*path, "otherwise"))
        if len(reader.problems) > before or event is None or value is None or cells is None:
            return None
        return RfmSettings(
            event=event,
            value=value,
            window=span,
            scores=scores,
            scoring=scoring,
            thresholds=thresholds,
            map=cells,
            map_file=file,
            otherwise=otherwise,
        )

    def _scoring(self, reader: Reader, given: dict[str, Any], path: Path_) -> Scoring:
        found: Scoring | None = reader.choice(given, "scoring", SCORINGS, path)
        if found is None:
            return "thresholds" if "thresholds" in given and "scoring" not in given else "values"
        return found

    def _thresholds(self, reader: Reader, value: Any, path: Path_, scores: int) -> tuple[tuple[float, ...], ...]:
        """Read `{recency: [30, 90], frequency: [2, 5], monetary: [50, 200]}`."""
        what = f"'thresholds' gives {scores - 1} ascending numbers for each of {', '.join(PARTS)}"
        if not isinstance(value, dict):
            reader.problem(path, f"{what}; recency in days.")
            return ()
        reader.keys(value, PARTS, path, "is not known in 'thresholds'")
        found = []
        for part in PARTS:
            items = value.get(part)
            numbers = [self._threshold(item, part) for item in items] if isinstance(items, list) else []
            known = [number for number in numbers if number is not None]
            ascending = all(low < high for low, high in pairwise(known))
            if len(known) != scores - 1 or len(known) != len(numbers) or not ascending:
                here = (*path, part) if part in value else path
                reader.problem(here, f"{what}; '{part}' does not.")
            found.append(tuple(known))
        return tuple(found)

    def _threshold(self, value: Any, part: str) -> float | None:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        length = parse_duration(value) if part == "recency" else None
        return None if length is None else length / MICROSECONDS_PER_DAY

    def _map(
        self, reader: Reader, given: dict[str, Any], path: Path_, scores: int
    ) -> tuple[str | None, CellMap | None]:
        if "map" in given and "map_file" in given:
            reader.problem((*path, "map_file"), "A segmentation has 'map' or 'map_file', not both.")
            return None, None
        if "map_file" in given:
            return self._map_from_file(reader, given, path, scores)
        value, here = given.get("map", DEFAULT_MAP), (*path, "map")
        if isinstance(value, dict):
            return None, read_map(reader, value, here, scores)
        if not isinstance(value, str) or value not in PRESETS:
            known = "; ".join(f"{name} ({preset.title})" for name, preset in PRESETS.items())
            message = f"'map' is one of {known}, or names with their cells; for a file there is 'map_file'."
            reader.problem(here, message, nearest(str(value), PRESETS))
            return None, None
        preset = PRESETS[value]
        if preset.scores != scores:
            at = here if "map" in given else (*path, "scores")
            message = f"The map '{value}' is made for {preset.scores} scores, not {scores}; give a map of your own."
            reader.problem(at, message)
            return None, None
        return None, preset_map(value)

    def _map_from_file(
        self, reader: Reader, given: dict[str, Any], path: Path_, scores: int
    ) -> tuple[str | None, CellMap | None]:
        name = reader.name(given, "map_file", path)
        if name is None:
            return None, None
        attached = reader.attached(MAPS, name, (*path, "map_file"), "map")
        if attached is None:
            return None, None
        before = len(attached.problems)
        cells = read_map(attached, attached.document.value, (), scores)
        reader.problems.extend(attached.problems[before:])
        return attached.document.name, cells

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: RfmSettings) -> RfmSettings:
        measure = checker.measure(settings.monetary)
        return replace(settings, value=measure.of or settings.value)

    def reads(self, settings: RfmSettings) -> Reads:
        files = () if settings.map_file is None else (settings.map_file,)
        return Reads(measures=(settings.last, settings.frequency, settings.monetary), files=files)

    def labels(self, settings: RfmSettings) -> tuple[str, ...] | None:
        return (*settings.map.names, settings.otherwise)

    def explain(self, settings: RfmSettings) -> Iterable[str]:
        span = reading.span_words(settings.window)
        yield (
            f"Recency is whole days since the last '{settings.event}'{span}, frequency how many there were, and money "
            f"their {settings.value}, each scored 1 to {settings.scores}, {settings.scores} the best."
        )
        yield {
            "values": "Scores are by value: 1 + floor(n p) with p the share of customers below, equal ones counted "
            "half. Equal values share a score, so that with many equal customers some scores are given to nobody.",
            "quantiles": "Scores are by quantiles (type 7, plus one, half-open), the convention of R's package rfm.",
            "rank": "Scores are groups of equal size by rank; equal values are told apart by customer_id.",
            "thresholds": "Scores are by fixed thresholds; a threshold belongs to the group above it.",
        }[settings.scoring]
        for name, cells in settings.map.cells().items():
            yield f"{name}: {'RFM'[: settings.map.dimensions]} {' '.join(cells)}."
        yield f"Who has none{span} is '{settings.otherwise}'."
