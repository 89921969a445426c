"""All that the report shows, as plain values: no engine, no workspace, no clock.

Every `share` is a fraction (0 to 1) of the population, every `value` net revenue in the workspace's currency, every
moment UTC (aware, or naive and taken as UTC) and shown in the workspace's time zone. Texts may hold anything a person
or a file wrote: the page escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

    from satsuma.evidence.advice import Advice
    from satsuma.evidence.insights import Insights
    from satsuma.personas.card import Persona
    from satsuma.report.foresight import Foresight
    from satsuma.report.found_groups import FoundGroups


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSummary:
    """A segment and its rule in words. `kind` is a kind of the catalogue (demographic, value, ...) or None.

    previous_size : customers at the run before; None when there was none.
    """

    name: str
    title: str
    description: str = ""
    kind: str | None = None
    size: int
    share: float
    value: float
    rule: str = ""
    previous_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSummary:
    """One label of a segmentation. `explanation` says in words who gets it.

    mean : of what the segmentation divides (a future value, a probability), among those who have any.
    future_value, future_share : what the label holds of all future value; low, high : the share's interval at 95 %.
    """

    label: str
    size: int
    share: float
    value: float
    explanation: str = ""
    mean: float | None = None
    future_value: float | None = None
    future_share: float | None = None
    future_share_low: float | None = None
    future_share_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutPoint:
    """A threshold in words: `('Recency 5', 'at most 12 days since the last order')`."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationSummary:
    """A segmentation with its labels in the order of the definition (ages from young to old, scores from best).

    divides : what is divided into tiers or bands of the future, by its title. means_are : what the means of labels are.
    """

    name: str
    title: str
    method: str
    kind: str | None = None
    description: str = ""
    explanation: str = ""
    labels: tuple[LabelSummary, ...] = ()
    cut_points: tuple[CutPoint, ...] = ()
    divides: str = ""
    means_are: Literal["money", "share", "number"] = "number"

    @property
    def is_ahead(self) -> bool:
        """Whether the labels are of what is to come: tiers of future value, bands of a prediction."""
        known = any(label.mean is not None or label.future_share is not None for label in self.labels)
        return self.method in ("value", "prediction") and known


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How unevenly value is spread over the customers who have any, best first.

    points : (share of customers, share of value), from (0, 0) to (1, 1), customers sorted from best to least.
        Refunds can lift the curve over 1.
    deciles : ten shares of value, the best tenth of customers first.
    gini : 0 all alike, 1 one customer has all.
    """

    customers: int
    points: tuple[tuple[float, float], ...]
    top_20_share: float
    gini: float
    deciles: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmCell:
    """One cell of the grid: scores 1 to 5 for recency and frequency, 5 the best."""

    recency: int
    frequency: int
    size: int
    value: float
    segment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmGrid:
    """The grid of recency by frequency of the segmentation named `segmentation`; cells left out are empty.

    recency_meaning, frequency_meaning : what the scores 1 to 5 mean, in that order (`over 180 days`); may be empty.
    """

    segmentation: str
    cells: tuple[RfmCell, ...]
    recency_meaning: tuple[str, ...] = ()
    frequency_meaning: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many customers each two segments share.

    intersections : customers in both, shape (n_segments, n_segments); the diagonal holds the sizes.
    """

    titles: tuple[str, ...]
    intersections: tuple[tuple[int, ...], ...]

    def size(self, row: int) -> int:
        return self.intersections[row][row]

    def jaccard(self, row: int, column: int) -> float:
        """Return the customers in both over the customers in either (0 to 1)."""
        both = self.intersections[row][column]
        either = self.size(row) + self.size(column) - both
        return both / either if either else 0.0

    def contained(self, row: int, column: int) -> float:
        """Return the fraction of the row's customers that are in the column's segment too."""
        return self.intersections[row][column] / self.size(row) if self.size(row) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedItem:
    """One category, product or brand. `indexes` has one number per segment of its ranking, 100 the average customer."""

    label: str
    revenue: float
    share: float
    customers: int | None = None
    orders: int | None = None
    indexes: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The best items of one kind by revenue.

    noun : the word for one of them (`category`).
    segments : the columns of the items' indexes.
    total_items : how many there are, when more than are given.
    """

    title: str
    noun: str
    items: tuple[RankedItem, ...]
    segments: tuple[str, ...] = ()
    total_items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPoint:
    """One calendar month in the workspace's zone. `is_complete` is False for a month the data cover in part."""

    month: date
    revenue: float
    orders: int
    active_customers: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSummary:
    """What was found in one column of a source; counts are rows."""

    column: str
    field: str | None = None
    rows: int
    filled: int
    valid: int
    distinct_values: int | None = None
    standardised: int = 0
    newest: str | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """One loaded file (or several that were loaded as one)."""

    source: str
    kind: str
    rows: int
    loaded_at: datetime | None = None
    columns: tuple[ColumnSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineCount:
    """Rows that could not be read, by source, column and reason in words."""

    source: str
    column: str | None
    reason: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadClass:
    """Rows of one class (purchased, returned, free, anonymous, ...) and what became of them, in words."""

    name: str
    rows: int
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The state of the data that came in."""

    sources: tuple[SourceSummary, ...] = ()
    classes: tuple[LoadClass, ...] = ()
    quarantine: tuple[QuarantineCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the last run tells of how good a segment is.

    word : the verdict; verdict : as people read it (`merge with b`). why : its reasons in sentences.
    trait, effect, control : the largest difference on a trait that it is not made of, in units of Cohen's d, and what
    95 % of random groups of its size stay below; where there is no such trait, on one of the same events.
    is_sure : whether any such difference matters and is not chance.
    is_related : the trait comes from the same events as the segment: it shows what the segment is, and proves nothing.
    """

    title: str
    size: int
    word: str
    verdict: str
    why: str
    trait: str = ""
    effect: float | None = None
    control: float | None = None
    is_sure: bool = False
    is_related: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    stage: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """How the figures were made. `definitions` counts them by word: `{'segments': 12}` as pairs."""

    run_id: str
    started_at: datetime
    seconds: float
    version: str
    engine: str = "duckdb"
    definitions: tuple[tuple[str, int], ...] = ()
    timings: tuple[Timing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContents:
    """Everything on the page. Parts that are empty or None are left out of it.

    population : customers known as of `as_of`.
    total_value : net revenue of all customers up to `as_of`.
    orders : orders of those customers.
    data_until : the newest event.
    segmentations : those with the methods `rfm` and `lifecycle` and those of the future have sections of their own,
        the others are bands.
    changes : since a month before `as_of`; None where the data do not reach back so far.
    advice : on the whole set of segments, what weighs most first.
    """

    workspace: str
    currency: str
    timezone: str
    as_of: datetime
    population: int
    total_value: float
    orders: int
    data_from: datetime | None = None
    data_until: datetime | None = None
    warnings: tuple[str, ...] = ()
    segments: tuple[SegmentSummary, ...] = ()
    segmentations: tuple[SegmentationSummary, ...] = ()
    concentration: Concentration | None = None
    rfm: RfmGrid | None = None
    overlap: Overlap | None = None
    rankings: tuple[Ranking, ...] = ()
    months: tuple[MonthPoint, ...] = ()
    foresight: Foresight | None = None
    changes: Insights | None = None
    advice: tuple[Advice, ...] = ()
    judged: tuple[Judged, ...] = ()
    groups: tuple[FoundGroups, ...] = ()
    personas: tuple[Persona, ...] = ()
    quality: Quality = field(default_factory=Quality)
    run: RunFacts | None = None

    def segmentation(self, name: str) -> SegmentationSummary | None:
        return next((item for item in self.segmentations if item.name == name), None)

    def by_method(self, method: str) -> tuple[SegmentationSummary, ...]:
        return tuple(item for item in self.segmentations if item.method == method)

    @property
    def bands(self) -> tuple[SegmentationSummary, ...]:
        """Segmentations without a section of their own."""
        own = ("rfm", "lifecycle", "clusters")
        return tuple(item for item in self.segmentations if item.method not in own and not item.is_ahead)
