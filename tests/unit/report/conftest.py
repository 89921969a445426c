"""A sample of a grocery chain's figures: invented, but of the size and shape that real ones have."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from satsuma.evidence.advice import Advice
from satsuma.evidence.changes import Changed, Flow, Group, GroupKind
from satsuma.evidence.insights import Insights, Mix
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
from satsuma.report.foresight import (
    AliveGrid,
    Foresight,
    FrequencyRow,
    GroupFit,
    Need,
    Prediction,
    PurchaseModel,
    RenewalModel,
    RenewalStep,
    SpendModel,
    Tenth,
    Tracking,
)
from satsuma.statistics.decomposition import mix_change, value_change
from satsuma.statistics.migration import migration

POPULATION = 2469
TOTAL = 4_596_039.58

#: Names of the grid, recency 5 to 1 down, frequency 1 to 5 across.
NAMES = (
    ("New", "Potential loyalist", "Potential loyalist", "Champions", "Champions"),
    ("Promising", "Potential loyalist", "Potential loyalist", "Loyal", "Loyal"),
    ("About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"),
    ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose"),
    ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose"),
)
SIZES = (
    (21, 46, 88, 131, 238),
    (38, 79, 112, 142, 137),
    (74, 108, 117, 121, 81),
    (118, 134, 107, 72, 29),
    (241, 127, 66, 33, 9),
)
PER_HEAD = (420, 830, 1540, 2490, 4380)


def rfm_cells() -> tuple[RfmCell, ...]:
    return tuple(
        RfmCell(
            recency=5 - row,
            frequency=column + 1,
            size=SIZES[row][column],
            value=SIZES[row][column] * PER_HEAD[column] * (1.12 - 0.06 * row),
            segment=NAMES[row][column],
        )
        for row in range(5)
        for column in range(5)
    )


def label(text: str, size: int, value: float, explanation: str = "") -> LabelSummary:
    return LabelSummary(label=text, size=size, share=size / POPULATION, value=value, explanation=explanation)


def held(text: str, size: int, value: float, future: float, share: float) -> LabelSummary:
    """Return a tier that holds a share of future value, give or take three points."""
    return dataclasses.replace(
        label(text, size, value),
        mean=future / size,
        future_value=future,
        future_share=share,
        future_share_low=max(0.0, share - 0.03),
        future_share_high=share + 0.03,
    )


def segment(name: str, title: str, kind: str | None, size: int, value: float, **more: object) -> SegmentSummary:
    return SegmentSummary(
        name=name,
        title=title,
        kind=kind,
        size=size,
        share=size / POPULATION,
        value=value,
        **more,  # type: ignore[arg-type]
    )


def segments() -> tuple[SegmentSummary, ...]:
    rule = (
        "Customers who meet all of:\n  placed at least 12 orders within 180 days\n  any of:\n"
        "    favourite department is one of PRODUCE, MEAT\n    share of discounts is under 20 %"
    )
    return (
        segment(
            "big_baskets",
            "Big baskets",
            "value",
            512,
            1_812_400,
            rule=rule,
            previous_size=498,
            description="Average basket among the best fifth of buyers.",
        ),
        segment(
            "weekly_shoppers",
            "Weekly shoppers",
            "behavioural",
            741,
            2_204_812.4,
            rule=rule,
            previous_size=741,
            description="At least one order in each of the last eight weeks.",
        ),
        segment(
            "gone_quiet",
            "Regulars gone quiet",
            "lifecycle",
            183,
            402_118,
            rule=rule,
            previous_size=161,
            description="Twelve orders or more in the past year, none in the last 60 days.",
        ),
        segment("families", "Families with children", "demographic", 254, 611_209, rule=rule, previous_size=254),
        segment("fresh_first", "Fresh food first", "preference", 388, 803_554, rule=rule, previous_size=379),
        segment("fuel_only", "Come for fuel", "preference", 97, 141_020.5, rule=rule, previous_size=104),
        segment("coupon_hunters", "Coupon hunters", "behavioural", 410, 690_300, rule=rule),
        segment("new_quarter", "New this quarter", "lifecycle", 64, 21_340, rule=rule),
        segment("top_1_percent", "Top 1 % by revenue", "value", 25, 298_100, rule=rule, previous_size=25),
        segment("staff", "Staff (uploaded list)", None, 4, 9_870.2, previous_size=4),
    )


def segmentations() -> tuple[SegmentationSummary, ...]:
    groups: dict[str, list[float]] = {}
    for cell in rfm_cells():
        entry = groups.setdefault(cell.segment, [0, 0.0])
        entry[0] += cell.size
        entry[1] += cell.value
    cut_points = (
        CutPoint(name="Recency 5", meaning="last order at most 2 days ago"),
        CutPoint(name="Recency 1", meaning="last order more than 31 days ago"),
        CutPoint(name="Frequency 5", meaning="98 orders or more in two years"),
    )
    return (
        SegmentationSummary(
            name="rfm",
            title="RFM",
            method="rfm",
            kind="value",
            cut_points=cut_points,
            explanation="Scores by value thresholds at the quintiles of buyers; equal values always share a score.",
            labels=tuple(label(name, int(size), value) for name, (size, value) in groups.items()),
        ),
        SegmentationSummary(
            name="lifecycle",
            title="Stage of life",
            method="lifecycle",
            kind="lifecycle",
            explanation="Each customer's time since the last order against the own usual interval.",
            labels=(
                label("New", 148, 61_480, "first order within 60 days"),
                label("Active", 1504, 3_512_400, "within the usual interval"),
                label("Slipping", 402, 661_208, "over twice the usual interval"),
                label("Lapsed", 313, 280_951.58, "over four times the usual interval"),
                label("Returned", 79, 80_000, "ordered again after a lapse"),
                label("Prospect", 23, 0, "never bought"),
            ),
        ),
        SegmentationSummary(
            name="age_band",
            title="Age",
            method="bands",
            kind="demographic",
            labels=(
                label("19–24", 46, 88_410),
                label("25–34", 142, 341_220),
                label("35–44", 194, 561_030),
                label("45–54", 288, 803_010),
                label("55–64", 59, 122_800),
                label("65+", 72, 121_400),
                label("Unknown", 1668, 2_558_169.58),
            ),
        ),
        SegmentationSummary(
            name="income_band",
            title="Household income",
            method="bands",
            kind="demographic",
            labels=(
                label("Under 35K", 212, 593_231),
                label("35–74K", 364, 1_124_120),
                label("75–149K", 168, 624_072),
                label("150K and more", 57, 283_553),
                label("Unknown", 1668, 1_971_063.58),
            ),
        ),
        SegmentationSummary(
            name="favourite_department",
            title="Favourite department",
            method="affinity",
            kind="preference",
            labels=(
                label("Grocery", 1402, 2_410_000),
                label("Drug and general", 331, 702_400),
                label("Meat", 214, 480_310),
                label("Produce", 188, 404_218),
                label("Fuel", 160, 321_900),
                label("Deli", 61, 121_005),
                label("No favourite", 113, 156_206.58),
            ),
        ),
        SegmentationSummary(
            name="value_tier",
            title="Value tier",
            method="value",
            kind="value",
            divides="Value of the next year",
            means_are="money",
            labels=(
                held("Gold", 123, 995_900, 300_000, 0.3),
                held("Silver", 370, 1_518_000, 350_000, 0.35),
                held("Bronze", 740, 1_290_100, 250_000, 0.25),
                held("Basic", 1213, 792_039.58, 100_000, 0.1),
                held("None", 23, 0, 0, 0.0),
            ),
        ),
        SegmentationSummary(
            name="quiet_bands",
            title="Likely to stay away",
            method="prediction",
            divides="No order in 30 days",
            means_are="share",
            labels=(
                dataclasses.replace(label("Under 50 %", 2200, 4_000_000), mean=0.12),
                dataclasses.replace(label("50 % and over", 246, 596_039.58), mean=0.645),
                label("Unknown", 23, 0),
            ),
        ),
    )


def overlap() -> Overlap:
    found = segments()[:8]
    parts = (
        (512, 361, 42, 96, 118, 2, 71, 3),
        (361, 741, 0, 121, 177, 18, 149, 9),
        (42, 0, 183, 14, 22, 9, 31, 0),
        (96, 121, 14, 254, 51, 4, 88, 2),
        (118, 177, 22, 51, 388, 0, 60, 7),
        (2, 18, 9, 4, 0, 97, 6, 5),
        (71, 149, 31, 88, 60, 6, 410, 4),
        (3, 9, 0, 2, 7, 5, 4, 64),
    )
    return Overlap(titles=tuple(item.title for item in found), intersections=parts)


def rankings() -> tuple[Ranking, ...]:
    departments = (
        ("Grocery", 2316394.0, 2458, 121140, (104, 101, 97, 98)),
        ("Drug and general", 596827.0, 2404, 66601, (92, 99, 112, 131)),
        ("Fuel", 329594.0, 1136, 12994, (61, 140, 105, 88)),
        ("Produce", 322859.0, 2350, 50756, (128, 106, 84, 71)),
        ("Meat", 308575.0, 2175, 30072, (118, 103, 91, 80)),
        ("Packed meat", 232283.0, 2228, 32943, (101, 98, 100, 104)),
        ("Deli", 148344.0, 2019, 19999, (122, 111, 79, 66)),
        ("Pastry", 69117.0, 2053, 17107, (109, 112, 88, 90)),
        ("Nutrition", 57261.0, 1420, 9849, (163, 104, 72, 48)),
        ("Floral", 22303.0, 902, 2200, (121, 97, 88, None)),
    )
    categories = (
        ("Soft drinks", 182126.0, 2263, 39681),
        ("Beef", 176615.0, 2011, 20657),
        ("Fluid milk products", 116361.0, 2256, 39147),
        ("Cheese", 107012.0, 2174, 26621),
        ("Frozen meat and meat dinners", 93024.0, 1775, 12934),
        ("Bag snacks", 84944.0, 2149, 23897),
        ("Baked bread, buns, rolls", 82430.0, 2246, 34044),
        ("Beers and ales", 82039.0, 1298, 8584),
        ("Frozen pizza", 81175.0, 1766, 12907),
        ("Cold cereal", 63009.0, 1867, 14203),
    )
    return (
        Ranking(
            title="Departments",
            noun="department",
            total_items=31,
            segments=("Big baskets", "Weekly shoppers", "Regulars gone quiet", "Coupon hunters"),
            items=tuple(
                RankedItem(
                    label=name, revenue=revenue, share=revenue / TOTAL, customers=people, orders=orders, indexes=indexes
                )
                for name, revenue, people, orders, indexes in departments
            ),
        ),
        Ranking(
            title="Categories",
            noun="category",
            total_items=304,
            items=tuple(
                RankedItem(label=name, revenue=revenue, share=revenue / TOTAL, customers=people, orders=orders)
                for name, revenue, people, orders in categories
            ),
        ),
    )


def months() -> tuple[MonthPoint, ...]:
    figures = (
        (370887, 12721, 1982),
        (350071, 11787, 1946),
        (380301, 12981, 2025),
        (373646, 12728, 2008),
        (400771, 13663, 2075),
        (373513, 13015, 2027),
        (397367, 13754, 2078),
        (384747, 13419, 2033),
        (368006, 12636, 2028),
        (387403, 13252, 2052),
        (385552, 12716, 2061),
        (421882, 13090, 2057),
    )
    whole = [
        MonthPoint(month=date(2017, number + 1, 1), revenue=revenue, orders=orders, active_customers=active)
        for number, (revenue, orders, active) in enumerate(figures)
    ]
    cut = MonthPoint(month=date(2018, 1, 1), revenue=1893, orders=86, active_customers=77, is_complete=False)
    return (*whole, cut)


def quality() -> Quality:
    rows = 1_469_307
    columns = (
        ColumnSummary(
            column="household_id", field="customer_id", rows=rows, filled=rows, valid=rows, distinct_values=2469
        ),
        ColumnSummary(
            column="basket_id", field="order_id", rows=rows, filled=rows, valid=rows, distinct_values=155_848
        ),
        ColumnSummary(
            column="product_id", field="product_id", rows=rows, filled=rows, valid=rows, distinct_values=68_509
        ),
        ColumnSummary(
            column="quantity",
            field="quantity",
            rows=rows,
            filled=rows,
            valid=1_460_438,
            distinct_values=1_402,
            findings=("8,869 are zero", "1,120 lie far outside the usual range"),
        ),
        ColumnSummary(
            column="sales_value",
            field="revenue",
            rows=rows,
            filled=rows,
            valid=rows,
            distinct_values=6_410,
            findings=("11,226 are zero",),
        ),
        ColumnSummary(
            column="transaction_timestamp",
            field="time",
            rows=rows,
            filled=rows,
            valid=rows,
            distinct_values=155_101,
            newest="2018-01-01",
        ),
    )
    people = (
        ColumnSummary(column="household_id", field="customer_id", rows=801, filled=801, valid=801, distinct_values=801),
        ColumnSummary(column="age", field="age", rows=801, filled=801, valid=801, distinct_values=6),
        ColumnSummary(
            column="home_ownership", field="home_ownership", rows=801, filled=568, valid=568, distinct_values=4
        ),
        ColumnSummary(
            column="marital_status",
            field="marital_status",
            rows=801,
            filled=664,
            valid=664,
            distinct_values=2,
            standardised=12,
        ),
    )
    loaded = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    return Quality(
        sources=(
            SourceSummary(
                source="transactions.parquet", kind="order-lines", rows=rows, loaded_at=loaded, columns=columns
            ),
            SourceSummary(source="demographics.parquet", kind="customers", rows=801, loaded_at=loaded, columns=people),
        ),
        classes=(
            LoadClass(name="purchased", rows=1_449_212, meaning="one order per basket, one purchase per line"),
            LoadClass(name="free", rows=11_226, meaning="received without payment"),
            LoadClass(name="returned", rows=8_869, meaning="refunds"),
        ),
        quarantine=(
            QuarantineCount(source="transactions.parquet", column="quantity", reason="not a number", rows=14),
            QuarantineCount(source="transactions.parquet", column=None, reason="the line is cut off", rows=1),
        ),
    )


def concentration() -> Concentration:
    """Return a curve whose best 20 % bring 54.5 %, as the real one does: share of value = 1 - (1 - x) ** 3.53."""

    def share_of_best(part: float) -> float:
        return 1 - (1 - part) ** 3.53

    return Concentration(
        customers=2446,
        points=tuple((step / 100, share_of_best(step / 100)) for step in range(101)),
        top_20_share=share_of_best(0.2),
        gini=0.56,
        deciles=tuple(share_of_best((step + 1) / 10) - share_of_best(step / 10) for step in range(10)),
    )


def purchase_model() -> PurchaseModel:
    """Return a model that expected 5 % too many, and knows that a weekly buyer who is quiet for 60 days is gone."""
    return PurchaseModel(
        name="order_completed_mbg_nbd",
        event="Order Completed",
        model="MBG/NBD",
        customers=2446,
        unit="week",
        traits=("Still there", "Value of the next year"),
        parameters=(("r", 0.525), ("alpha", 6.183), ("a", 0.891), ("b", 1.614)),
        log_likelihood=-9582.1357,
        notes=("The likelihood is flat along b.",),
        grid=AliveGrid(
            age_days=120,
            often=(1, 2, 9),
            days_since=(0, 60, 120),
            alive=((None, None, 0.45), (0.99, 0.8, None), (0.999, 0.12, None)),
        ),
        tracking=Tracking(unit="week", periods=(1, 2, 3), actual=(10.0, 30.0, 60.0), expected=(8.0, 27.5, 61.0)),
        by_frequency=(
            FrequencyRow(repeats=0, customers=1400, actual=0.25, expected=0.5),
            FrequencyRow(repeats=1, customers=0, actual=None, expected=None),
            FrequencyRow(repeats=2, and_more=True, customers=1046, actual=4.0, expected=3.9),
        ),
        held_back_days=91,
        total_actual=4000.0,
        total_expected=4200.0,
        spend=SpendModel(mean=35.22, correlation=0.06),
    )


def tenths(factor: float = 1.0) -> tuple[Tenth, ...]:
    """Return ten tenths whose rates fall from 55 % to 10 %, each predicted within its interval."""
    rates = [0.55 - 0.05 * number for number in range(10)]
    total = sum(rates)
    return tuple(
        Tenth(
            size=200,
            rate=rate,
            predicted=rate * factor,
            low=max(0.0, rate - 0.08),
            high=rate + 0.08,
            lift=rate / 0.325,
            gain=sum(rates[: number + 1]) / total,
        )
        for number, rate in enumerate(rates)
    )


def prediction(**more: Any) -> Prediction:
    facts: dict[str, Any] = {
        "name": "quiet_30d",
        "title": "No order in 30 days",
        "about": "The probability of no 'Order Completed' in the 30 days that follow.",
        "horizon_days": 30.0,
        "moments": 3,
        "tested_at": datetime(2017, 12, 2, 5, 0, tzinfo=UTC),
        "customers": 2000,
        "base": 0.325,
        "is_offered": True,
        "verdict": "The model beats the best baseline, 'days since the last Order Completed': log loss -0.03.",
        "best_baseline": "days since the last Order Completed",
        "leads_in_best_tenth": True,
        "order": 0.885,
        "order_of_best": 0.847,
        "tenths": tenths(),
        "baseline_tenths": tenths(0.9),
        "needs": (
            Need(feature="Order Completed, days since the last", increase=0.0212, spread=0.001),
            Need(feature="home_ownership", increase=0.0123, spread=None),
            Need(feature="age", increase=-0.0001, spread=0.0002),
        ),
        "groups": (
            GroupFit(grouping="region", label="North", customers=900, rate=0.3, predicted=0.31, low=0.26, high=0.34,
                     fails=False),
            GroupFit(grouping="region", label="South", customers=1100, rate=0.35, predicted=0.22, low=0.31, high=0.39,
                     fails=True),
        ),
        "alarms": ("Predictions are too low on the whole: 30.0% said.",),
        "drift": "no feature has moved. The predictions are steady.",
    }  # fmt: skip
    return Prediction(**(facts | more))


def judged() -> tuple[Judged, ...]:
    return (
        Judged(title="Champions", size=330, word="keep", verdict="keep", why="It differs from all others in 2 traits.",
               trait="Age", effect=0.62, control=0.11, is_sure=True),
        Judged(title="Almost champions", size=320, word="merge", verdict="merge with champions",
               why="It and 'champions' have 96% of those in either in common.", trait="Age", effect=-0.31,
               control=0.11),
        Judged(title="A handful", size=9, word="too small", verdict="too small", why="It has 9 members."),
    )  # fmt: skip


def foresight() -> Foresight:
    return Foresight(
        purchases=(purchase_model(),),
        renewals=(
            RenewalModel(
                name="renewed_renewals",
                event="Subscription Renewed",
                contract_days=30.0,
                customers=100,
                steps=(
                    RenewalStep(renewal=1, asked=100, renewed=60, expected=0.62),
                    RenewalStep(renewal=2, asked=40, renewed=32, expected=0.78),
                ),
            ),
        ),
        predictions=(
            prediction(),
            prediction(name="spend", title="Spend in 30 days", is_amount=True, is_money=True, base=120.0),
            prediction(
                name="gift",
                title="A gift in 30 days",
                is_offered=False,
                says_rule=True,
                verdict="The model does not beat the best baseline, 'same for all': log loss +0.01.",
                best_baseline="same for all",
            ),
        ),
    )


def changed(kind: GroupKind, name: str, was: list[int], is_: list[int], **more: Any) -> Changed:
    """Return one group of six people, of whom the last was not there before; each number is who is in."""
    inside = np.array([[person in people for person in range(6)] for people in (was, is_)])
    revenue = value_change(inside[0], inside[1], [50, 20, 0, 10, 0, 0], [60, 0, 30, 10, 0, 5])
    return Changed(group=Group(kind, "customer", name, more.pop("segmentation", None)), title=name.capitalize(),
                   population=(5, 6), revenue=revenue, newcomers=int(5 in is_), **more)  # fmt: skip


def changes() -> Insights:
    names = ("Best", "Good", "Rest")
    moved = migration([0, 1, 2, 1, 2, -1], [0, 2, 1, 1, 2, 2], names)
    mix = mix_change(moved.before, moved.after, [50, 30, 0], [60, 40, 5])
    labels = (
        changed("label", "Best", [0], [0], segmentation="rfm"),
        changed("label", "Good", [1, 3], [2, 3], segmentation="rfm", came_from=(Flow(label="Rest", size=1),),
                went_to=(Flow(label="Rest", size=1),)),
        changed("label", "Rest", [2, 4], [1, 4, 5], segmentation="rfm"),
    )  # fmt: skip
    return Insights(
        since=datetime(2018, 5, 1), as_of=datetime(2018, 5, 31), days=(30.0, 30.0), is_covered=True, by="rfm",
        changes=(
            changed("everybody", "everybody", list(range(5)), list(range(6))),
            changed("segment", "buyers", [0, 1, 3], [0, 2, 3, 5], came_from=(Flow(label=None, size=1),)),
            changed("segment", "still", [2], [2]), *labels,
        ),
        mixes=(Mix(segmentation="rfm", title="RFM", entity="customer", moved=moved, change=mix),),
        points=2, rate=0.05, tested=0,
    )  # fmt: skip


def advice() -> tuple[Advice, ...]:
    return (
        Advice(code="empty", severity="act", about=("nobody",), sentence="Nobody is in 'nobody'.",
               do="See what it asks for: satsuma segment explain nobody", numbers={"customers": 0}),
        Advice(code="no-goals", severity="note", about=(), sentence="No goals are defined yet.", do="Write them down.",
               numbers={}),
    )  # fmt: skip


def sample() -> ReportContents:
    return ReportContents(
        workspace="Corner Street Markets",
        currency="USD",
        timezone="America/New_York",
        as_of=datetime(2018, 1, 1, 5, 0, tzinfo=UTC),
        population=POPULATION,
        total_value=TOTAL,
        orders=155_848,
        data_from=datetime(2017, 1, 1, 11, 53, tzinfo=UTC),
        data_until=datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC),
        warnings=("Age and income are known of 801 of 2,469 customers: bands on them describe a third.",),
        segments=segments(),
        segmentations=segmentations(),
        concentration=concentration(),
        rfm=RfmGrid(
            segmentation="rfm",
            cells=rfm_cells(),
            recency_meaning=("over 31 days", "12–31 days", "6–11 days", "3–5 days", "0–2 days"),
            frequency_meaning=("1–18 orders", "19–38", "39–61", "62–97", "98 or more"),
        ),
        overlap=overlap(),
        rankings=rankings(),
        months=months(),
        foresight=foresight(),
        changes=changes(),
        advice=advice(),
        judged=judged(),
        quality=quality(),
        run=RunFacts(
            run_id="r-0007",
            started_at=datetime(2026, 3, 2, 8, 31, 4, tzinfo=UTC),
            seconds=6.42,
            version="0.1.0",
            definitions=(("traits", 24), ("segmentations", 6), ("segments", 10)),
            timings=(
                Timing(stage="Traits", seconds=2.9),
                Timing(stage="Segmentations", seconds=1.1),
                Timing(stage="Segments", seconds=0.72),
                Timing(stage="Commit", seconds=0.08),
            ),
        ),
    )


SCRIPT = "<script>alert(1)</script>"
NASTY = (
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><svg onload=alert(1)>",
    '{{7*7}} ${7*7} O\'Brien & "Söns"',
    "\u202eevil\u202c turned \u2066round\u2069",
    "שלום עולם mixed مرحبا",
    "长" * 80,
    "w" * 300,
    "javascript:alert(1) https://example.com/x.js",
    "a\x00b\x07c\nd\te",
    "]]><!-- -->",
)


#: What names a thing for the program rather than for a reader.
KEPT = ("method", "timezone", "currency", "name", "segmentation", "by", "severity", "entity")


def worsened(contents: ReportContents) -> ReportContents:
    """Return the contents with each text replaced by a nasty one, and 60 segments of awkward sizes."""
    counter = 0

    def worse(value: Any, key: str = "") -> Any:
        nonlocal counter
        if isinstance(value, Group):
            return dataclasses.replace(value, name=worse(value.name))
        if isinstance(value, str) and key not in KEPT:
            counter += 1
            return NASTY[counter % len(NASTY)]
        if isinstance(value, tuple):
            return tuple(worse(item) for item in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            parts = {item.name: worse(getattr(value, item.name), item.name) for item in dataclasses.fields(value)}
            return dataclasses.replace(value, **parts)
        return value

    made: ReportContents = worse(contents)
    sizes = (0, 1, 5, 999_999_999_999, 2_469)
    values = (-1_234_567.89, 0.0, 1e18, 0.004, -0.5)
    many = tuple(
        SegmentSummary(
            name=f"segment_{number}",
            title=NASTY[number % len(NASTY)],
            description=NASTY[(number + 1) % len(NASTY)],
            kind=(None, "value", "<b>")[number % 3],
            size=sizes[number % 5],
            share=(0.0, 1e-9, 0.002, 1.0, 0.99999)[number % 5],
            value=values[number % 5],
            rule=f"{NASTY[number % len(NASTY)]}\n  {NASTY[(number + 5) % len(NASTY)]}",
            previous_size=(None, 0, 7)[number % 3],
        )
        for number in range(60)
    )
    matrix = tuple(tuple(sizes[row % 5] if row == column else row % 3 for column in range(25)) for row in range(25))
    return dataclasses.replace(
        made,
        segments=many,
        overlap=Overlap(titles=tuple(NASTY[number % len(NASTY)] for number in range(25)), intersections=matrix),
    )


@pytest.fixture
def contents() -> ReportContents:
    return sample()


@pytest.fixture
def hostile(contents: ReportContents) -> ReportContents:
    return worsened(contents)


@pytest.fixture(params=NASTY, ids=[f"text {number}" for number in range(len(NASTY))])
def nasty(request: pytest.FixtureRequest) -> str:
    """Each text that somebody might put into a name, for good or ill."""
    return str(request.param)
