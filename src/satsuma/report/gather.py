"""What the report shows, gathered from the last run and the warehouse: sums and counts, never a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlglot import exp

import satsuma
from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.errors import WrongUse
from satsuma.evaluation.roster import everybody
from satsuma.evaluation.run import ORDERS as ORDER_MEASURE
from satsuma.evaluation.scan import AsOf, Scanner, is_product
from satsuma.evidence.advice import Advice, advise
from satsuma.evidence.insights import HISTORY, Insights, insights
from satsuma.evidence.moments import MONTH, History
from satsuma.evidence.quick import QuickEvidence, quick_evidence
from satsuma.language.checker import Checked
from satsuma.language.durations import day_start, from_microseconds, microseconds
from satsuma.language.explain import explain
from satsuma.language.learned_traits import Estimate, Predict
from satsuma.language.standard_methods import TierSettings
from satsuma.language.types import Segment, Segmentation, Trait
from satsuma.personas.build import personas
from satsuma.personas.card import Persona
from satsuma.personas.phrases import Wording
from satsuma.quality.quarantine import list_quarantine
from satsuma.quality.report import quality_report
from satsuma.report import format as say
from satsuma.report.contents import (
    ColumnSummary,
    Concentration,
    CutPoint,
    Judged,
    LabelSummary,
    LoadClass,
    MonthPoint,
    Overlap,
    Quality,
    QuarantineCount,
    RankedItem,
    Ranking,
    ReportContents,
    RfmCell,
    RfmGrid,
    RunFacts,
    SegmentationSummary,
    SegmentSummary,
    SourceSummary,
    Timing,
)
from satsuma.report.foresight_gather import foresight
from satsuma.report.found_groups import groups_of_models
from satsuma.segments.frame import frame_of_run
from satsuma.segments.store import ORDERS, VALUE, StoredRun
from satsuma.statistics.concentration import gini, group_shares, lorenz, top_share

#: Segments in the overlap map, the largest first; more would not be read.
OVERLAP_AT_MOST = 16
RANKED_AT_MOST = 12
#: Properties of purchases that are ranked by revenue, with the word for one of them.
RANKED = (("category", "category"), ("department", "department"), ("product_name", "product"), ("brand", "brand"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """The parts that a report is gathered from; without a history nothing is told of what changed, or advised."""

    engine: DuckDB
    checked: Checked
    run: StoredRun
    workspace: str
    currency: str
    timezone: str
    history: History | None = None

    @property
    def catalog(self) -> Catalog:
        return self.checked.vocabulary.catalog

    def contents(self) -> ReportContents:
        """Return everything on the page."""
        run, facts = self.run, self.run.outcome
        scanner = self._scanner()
        base = self.run.traits([VALUE, ORDERS])
        values = pc.cast(base.column(VALUE), pa.float64()).to_numpy()
        span = self.engine.rows(
            "SELECT min(time), max(time) FROM events WHERE customer_no IS NOT NULL AND superseded_at IS NULL "
            f"AND time <= {_timestamp(run.as_of)}"
        )[0]
        return ReportContents(
            workspace=self.workspace,
            currency=self.currency,
            timezone=self.timezone,
            as_of=run.as_of,
            population=facts["population"],
            total_value=facts["value"],
            orders=facts["orders"],
            data_from=span[0],
            data_until=span[1],
            warnings=tuple(facts.get("warnings", ())),
            segments=self._segments(),
            segmentations=tuple(self._segmentation(row) for row in facts["segmentations"]),
            concentration=_concentration(values),
            rfm=self._rfm(values),
            overlap=self._overlap(),
            rankings=self._rankings(scanner),
            months=self._months(scanner, span),
            foresight=foresight(run.models, self.checked),
            changes=self._changes(),
            advice=self._advice(),
            judged=tuple(_judged(item) for item in quick_evidence(self.engine, self.checked, run)),
            groups=groups_of_models(run.models),
            personas=self._personas(),
            quality=_quality(self.engine),
            run=self._run_facts(),
        )

    def _scanner(self) -> Scanner:
        as_of = AsOf.at(self.run.as_of, self.run.known_at, self.checked.vocabulary.zone)
        return Scanner(self.engine, self.catalog, as_of, everybody(self.engine))

    def _changes(self) -> Insights | None:
        """Return what changed since a month before the run; None where the data do not reach back so far."""
        if self.history is None:
            return None
        try:
            return insights(self.history, most=self.history.kept_moments(MONTH, HISTORY))
        except WrongUse:
            return None

    def _advice(self) -> tuple[Advice, ...]:
        if self.history is None:
            return ()
        return tuple(advise(frame_of_run(self.engine, self.checked, self.run), self.checked, root=self.history.root))

    # ------------------------------------------------------------------------------------------------- from the run

    def _segments(self) -> tuple[SegmentSummary, ...]:
        definitions = self.checked.of(Segment)
        return tuple(
            SegmentSummary(
                name=row["name"],
                title=row["title"] + (" (accounts)" if row.get("entity") == "account" else ""),
                description=row["description"],
                size=row["size"],
                share=row["share"],
                value=row["value"],
                rule=explain(definitions[row["name"]], self.checked) if row["name"] in definitions else "",
                previous_size=row["previous_size"],
            )
            for row in self.run.outcome["segments"]
        )

    def _segmentation(self, row: dict[str, Any]) -> SegmentationSummary:
        definition = self.checked.of(Segmentation).get(row["name"])
        model = self.run.models.get(row["name"], {}).get("fit") or {}
        return SegmentationSummary(
            name=row["name"],
            title=row["title"],
            method=row["method"],
            kind=row["kind"],
            description=row["description"],
            explanation="" if definition is None else explain(definition, self.checked),
            labels=tuple(LabelSummary(**label) for label in row["labels"]),
            cut_points=_cut_points(model),
            **self._divided(definition),
        )

    def _divided(self, definition: Segmentation | None) -> dict[str, Any]:
        """Return what tiers or bands of the future divide, and what its means are."""
        settings = None if definition is None else definition.settings
        if not isinstance(settings, TierSettings):
            return {}
        traits = self.checked.of(Trait)
        title = traits[settings.trait].title if settings.trait in traits else ""
        # A gain is in the unit of the value that it is reckoned with.
        of = settings.trait if settings.gain is None else settings.gain.value or settings.trait
        type_ = self.checked.trait_types.get(of)
        is_share = settings.gain is None and _is_probability(traits.get(settings.trait))
        means_are = "money" if type_ == "money" else "share" if is_share else "number"
        return {"divides": title or settings.trait, "means_are": means_are}

    def _rfm(self, values: NDArray[np.float64]) -> RfmGrid | None:
        """Return the grid of the first segmentation that keeps recency and frequency scores."""
        columns = self.run.label_columns()
        name = next((item for item in self.run.segmentation_names() if f"{item}:recency" in columns), None)
        if name is None:
            return None
        table = self.run.labels([name, f"{name}:recency", f"{name}:frequency"])
        recency, frequency = table.column(1 + 1).to_numpy(), table.column(1 + 2).to_numpy()
        labels = table.column(1).combine_chunks()
        names = labels.dictionary.to_pylist()
        codes = labels.indices.to_numpy()
        cells = []
        for row in range(1, 6):
            for column in range(1, 6):
                inside = (recency == row) & (frequency == column)
                size = int(inside.sum())
                if size == 0:
                    continue
                common = int(np.bincount(codes[inside], minlength=len(names)).argmax())
                cells.append(
                    RfmCell(recency=row, frequency=column, size=size, value=float(values[inside].sum()),
                            segment=names[common])
                )  # fmt: skip
        cuts = _cuts(self.run.models.get(name, {}).get("fit") or {})
        return RfmGrid(
            segmentation=name,
            cells=tuple(cells),
            recency_meaning=_score_meanings(cuts.get("recency", []), "days", fewer_is_better=True) if cuts else (),
            frequency_meaning=_score_meanings(cuts.get("frequency", []), "orders", fewer_is_better=False)
            if cuts
            else (),
        )

    def _overlap(self) -> Overlap | None:
        # Customers and accounts have numbers of their own: their sets cannot be compared.
        people = [row for row in self.run.outcome["segments"] if row["size"] and row.get("entity") != "account"]
        rows = sorted(people, key=lambda row: -row["size"])
        shown = rows[:OVERLAP_AT_MOST]
        if len(shown) < 2:
            return None
        sets = [self.run.members(row["name"]) for row in shown]
        return Overlap(
            titles=tuple(row["title"] for row in shown),
            intersections=tuple(tuple(a.intersection_cardinality(b) for b in sets) for a in sets),
        )

    def _run_facts(self) -> RunFacts:
        facts = self.run.outcome
        return RunFacts(
            run_id=str(self.run.run_id),
            started_at=self.run.started_at,
            seconds=(self.run.finished_at - self.run.started_at).total_seconds(),
            version=satsuma.__version__,
            engine=facts.get("engine", "duckdb"),
            definitions=(
                ("traits", facts["traits"]),
                ("segmentations", len(facts["segmentations"])),
                ("segments", len(facts["segments"])),
            ),
            timings=tuple(Timing(stage=stage, seconds=seconds) for stage, seconds in facts["timings"].items()),
        )

    def _personas(self) -> tuple[Persona, ...]:
        frame = frame_of_run(self.engine, self.checked, self.run)
        wording = Wording(money=partial(say.money, currency=self.currency))
        return tuple(personas(frame, self.engine, self.checked, wording).of_segments())

    # -------------------------------------------------------------------------------------------- from the warehouse

    def _rankings(self, scanner: Scanner) -> tuple[Ranking, ...]:
        event = self.catalog.events.get("Product Purchased")
        if event is None:
            return ()
        found = []
        for name, noun in RANKED:
            info = event.property(name)
            if info is not None and info.type == "text":
                ranking = self._ranking(scanner, event.aliases.get(name, name), noun)
                if ranking is not None:
                    found.append(ranking)
        return tuple(found[:3])

    def _ranking(self, scanner: Scanner, name: str, noun: str) -> Ranking | None:
        value = exp.alias_(scanner.property("Product Purchased", name), "item")
        query = scanner.source(
            exp.select(value, "sum(e.revenue)::DOUBLE AS revenue", "count(DISTINCT e.customer_no) AS customers",
                       "count(DISTINCT e.order_id) AS orders", dialect="duckdb"),
            {name}, "Product Purchased",
        ).where(scanner.condition("Product Purchased")).where(is_product()).group_by("item")  # fmt: skip
        ordered = f"SELECT * FROM ({query.sql(dialect='duckdb')}) WHERE item IS NOT NULL ORDER BY revenue DESC, item"
        rows = self.engine.rows(ordered)
        total = sum(row[1] or 0.0 for row in rows)
        if not rows or total <= 0:
            return None
        return Ranking(
            title=f"Top {_plural(noun)}",
            noun=noun,
            total_items=len(rows),
            items=tuple(
                RankedItem(label=row[0], revenue=row[1] or 0.0, share=(row[1] or 0.0) / total, customers=row[2],
                           orders=row[3])
                for row in rows[:RANKED_AT_MOST]
            ),
        )  # fmt: skip

    def _months(self, scanner: Scanner, span: tuple[datetime | None, datetime | None]) -> tuple[MonthPoint, ...]:
        """Return revenue, orders and active customers by calendar month in the workspace's zone."""
        first, last = span
        if first is None or last is None or ORDER_MEASURE.event not in self.catalog.events:
            return ()
        zone = literal(self.timezone)
        query = scanner.source(
            exp.select(
                f"CAST(date_trunc('month', e.time AT TIME ZONE 'UTC' AT TIME ZONE {zone}) AS DATE) AS month",
                "sum(e.revenue)::DOUBLE AS revenue", "count(*) AS orders",
                "count(DISTINCT e.customer_no) AS customers", dialect="duckdb",
            ), set(), ORDER_MEASURE.event,
        ).where(scanner.condition(ORDER_MEASURE.event)).group_by("month").order_by("month")  # fmt: skip
        rows = self.engine.rows(query.sql(dialect="duckdb"))
        return tuple(
            MonthPoint(month=row[0], revenue=row[1] or 0.0, orders=row[2], active_customers=row[3],
                       is_complete=self._is_complete(row[0], first, last))
            for row in rows
        )  # fmt: skip

    def _is_complete(self, month: date, first: datetime, last: datetime) -> bool:
        """Say whether the data cover a month from its first day to its last."""
        zone = self.checked.vocabulary.zone
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        begins, ends = day_start(month, zone), day_start(after, zone)
        day = 86_400_000_000
        covers_start = microseconds(first) < begins + day or from_microseconds(begins) > first
        return covers_start and microseconds(min(last, self.run.as_of)) >= ends - day


def _judged(item: QuickEvidence) -> Judged:
    strongest, verdict = item.separation.shown, item.verdict
    told = Judged(title=item.title, size=item.size, word=verdict.word, verdict=verdict.told,
                  why=" ".join(verdict.reasons), is_sure=bool(item.separation.sure))  # fmt: skip
    if strongest is None:
        return told
    trait = strongest.title if strongest.level is None else f"{strongest.title}: {strongest.level}"
    is_related = strongest.role != "unused"
    if is_related and verdict.word == "not judged":
        why = f"It differs most in {trait} ({strongest.effect:+.2f}), which comes from the same events."
        told = replace(told, why=why)
    return replace(told, trait=trait, effect=strongest.effect, control=strongest.control, is_related=is_related)


def _is_probability(trait: Trait | None) -> bool:
    if trait is None:
        return False
    settings = trait.settings
    return (isinstance(settings, Predict) and settings.wanted == "probability") or (
        isinstance(settings, Estimate) and settings.quantity in ("p_alive", "retention")
    )


def _timestamp(moment: datetime) -> str:
    return f"CAST({literal(str(moment))} AS TIMESTAMP)"


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"


def _concentration(values: NDArray[np.float64]) -> Concentration | None:
    """Return how unevenly value is spread over those who have any."""
    buyers = values[values > 0]
    if not len(buyers):
        return None
    customers, value = lorenz(buyers)
    # The curve runs from the least; the page reads it from the best.
    best_first, brought = 1.0 - customers[::-1], 1.0 - value[::-1]
    marks = sorted({0.0, 0.01, 0.05, *(step / 50 for step in range(51))})
    return Concentration(
        customers=len(buyers),
        points=tuple((mark, float(np.interp(mark, best_first, brought))) for mark in marks),
        top_20_share=top_share(buyers, 0.2),
        gini=gini(buyers),
        deciles=tuple(group_shares(buyers, 10).tolist()),
    )


def _cuts(model: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """Return the cut points of a fit by name; those of a single trait are named 'cuts'."""
    cuts = model.get("cuts")
    if isinstance(cuts, dict):
        return cuts
    return {"cuts": cuts} if isinstance(cuts, list) else {}


def _cut_points(model: Mapping[str, Any]) -> tuple[CutPoint, ...]:
    """Return the thresholds of a fit in words."""
    return tuple(
        CutPoint(name=name.capitalize(), meaning=", ".join(_number(item) for item in cuts if item is not None))
        for name, cuts in _cuts(model).items()
        if any(item is not None for item in cuts)
    )


def _score_meanings(cuts: list[float | None], unit: str, *, fewer_is_better: bool) -> tuple[str, ...]:
    """Return what each score from 1 means, from ascending cut points; each belongs to the group above it."""
    borders = [item for item in cuts if item is not None]
    words = []
    for step in range(len(cuts) + 1):
        low = cuts[step - 1] if step else None
        high = cuts[step] if step < len(cuts) else None
        if step > len(borders):
            words.append("nobody")
        elif high is None:
            words.append(f"{_number(low)} {unit} or more" if low is not None else "everybody")
        elif low is None:
            words.append(f"under {_number(high)} {unit}")
        elif low == high:
            words.append("nobody")
        elif high - low == 1:
            words.append(f"{_number(low)} {unit}")
        else:
            words.append(f"{_number(low)} to under {_number(high)} {unit}")
    return tuple(reversed(words)) if fewer_is_better else tuple(words)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


#: What became of rows of order data, by class.
CLASS_MEANINGS = {
    "purchased": "bought: part of an order",
    "returned": "given back: part of a refund",
    "free": "nothing to pay: a gift or a sample",
    "anonymous": "without a customer: kept, and part of nobody's figures",
}


def _quality(engine: DuckDB) -> Quality:
    report = quality_report(engine)
    classes: dict[str, int] = {}
    for (text,) in engine.rows("SELECT outcome FROM loads ORDER BY load_id"):
        outcome = json.loads(text)
        # A file loaded again adds nothing to what is in the warehouse, so its rows are not counted again.
        if outcome.get("loaded"):
            for name, rows in outcome.get("classes", {}).items():
                classes[name] = classes.get(name, 0) + rows
    return Quality(
        sources=tuple(
            SourceSummary(
                source=source.source,
                kind=source.kind,
                rows=source.rows,
                loaded_at=source.loaded_at,
                columns=tuple(
                    ColumnSummary(
                        column=column.column,
                        field=column.field,
                        rows=column.rows,
                        filled=column.filled,
                        valid=column.valid,
                        distinct_values=column.distinct_values,
                        standardised=column.standardised,
                        newest=None if column.newest is None else column.newest.isoformat(),
                        findings=tuple(f"{finding.count:,}: {finding.sentence}" for finding in column.findings),
                    )
                    for column in source.columns
                ),
            )
            for source in report.sources
        ),
        classes=tuple(
            LoadClass(name=name, rows=rows, meaning=CLASS_MEANINGS.get(name, "")) for name, rows in classes.items()
        ),
        quarantine=tuple(
            QuarantineCount(source=group.source, column=group.column, reason=group.sentence, rows=group.rows)
            for group in list_quarantine(engine)
        ),
    )
