"""A small world with every kind of column, to be published for another engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.layout import event_folder
from satsuma.language.reference import Customer, Event

CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"), "tags": TraitInfo(type="list"), "home": TraitInfo(type="location"),
        "spend": TraitInfo(type="money"),
    },
    events={
        "Order Completed": EventInfo(
            properties={
                "channel": PropertyInfo(type="text"), "n": PropertyInfo(type="number"),
                "time": PropertyInfo(type="integer"), "due": PropertyInfo(type="date"),
            }
        ),
        "Page / Viewed: 100%": EventInfo(properties={"page.name": PropertyInfo(type="text")}),
    },
)  # fmt: skip


def order(number: int, day: int, name: str = "Order Completed", **properties: Any) -> Event:
    return Event(name=name, time=datetime(2024, 6, day), event_id=UUID(int=number).hex, properties=properties)


CUSTOMERS = [
    Customer(
        id="ann", traits={"country": "FR", "tags": ("vip", "a'b\\c"), "home": (48.86, 2.35), "spend": Decimal("1.5")},
        events=[
            order(2, 2, channel="web", n=Decimal("0.1"), due=date(2024, 7, 1), time=5, revenue=Decimal("10")),
            order(1, 2, channel="a'b\\c", n=Decimal("2.5"), revenue=Decimal("20.5")),
            order(3, 1, "Page / Viewed: 100%", **{"page.name": "home"}),
        ],
    ),
    Customer(id="bob", traits={"country": None, "tags": ()}, events=[order(4, 3, n=Decimal("-1"))]),
    Customer(id="cid", traits={"country": "DE"}, events=[]),
]  # fmt: skip


def write_table(root: Path, folder: str, columns: Mapping[str, pa.Array]) -> None:
    (root / folder).mkdir(parents=True)
    pq.write_table(pa.table(dict(columns)), root / folder / "some-file.parquet")


def write_foreign(root: Path) -> None:
    """Write the small world as another program might: other types that say the same, optional columns left out."""
    tags = [list(person.traits["tags"]) if "tags" in person.traits else None for person in CUSTOMERS]
    homes = [person.traits.get("home") for person in CUSTOMERS]
    place = pa.struct([("lat", pa.float64()), ("lon", pa.float64())])
    write_table(root, "customers", {
        "customer_no": pa.array([0, 1, 2], pa.int32()),
        "customer_id": pa.array([person.id for person in CUSTOMERS]),
        "country": pa.array([person.traits.get("country") for person in CUSTOMERS]),
        "tags": pa.array(tags, pa.list_(pa.string())),
        "home": pa.array([home and {"lat": home[0], "lon": home[1]} for home in homes], place),
        "spend": pa.array([1.5, None, None], pa.float64()),
    })  # fmt: skip
    for name in CATALOG.events:
        rows = [(no, event) for no, person in enumerate(CUSTOMERS) for event in person.events if event.name == name]
        write_table(root, event_folder(name), {
            "customer_no": pa.array([no for no, _ in rows], pa.int64()),
            # A time with a zone, in the unit of another program.
            "time": pa.array([event.time.replace(tzinfo=UTC) for _, event in rows], pa.timestamp("ms", tz="UTC")),
            "event_id": pa.array([event.event_id for _, event in rows], pa.string()),
            "revenue": pa.array([float(event.properties.get("revenue", 0)) for _, event in rows], pa.float64()),
            "channel": pa.array([event.properties.get("channel") for _, event in rows], pa.string()),
            "n": pa.array([str(event.properties.get("n", "none")) for _, event in rows], pa.string()),
            "due": pa.array([event.properties.get("due") for _, event in rows], pa.date32()),
            "time_": pa.array([event.properties.get("time") for _, event in rows], pa.int16()),
        })  # fmt: skip
