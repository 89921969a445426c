"""A small workspace whose warehouse is filled by hand: exact, quick, and asked through the door."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from satsuma import Workspace
from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo, render_catalog
from satsuma.engines.duckdb import literal

CATALOG = Catalog(
    traits={"country": TraitInfo(type="text"), "points": TraitInfo(type="integer")},
    events={
        "Order Completed": EventInfo(
            properties={"revenue": PropertyInfo(type="money"), "channel": PropertyInfo(type="text"),
                        "due": PropertyInfo(type="date")}
        ),
        "Order Refunded": EventInfo(properties={"revenue": PropertyInfo(type="money")}),
        "Page Viewed": EventInfo(properties={"page": PropertyInfo(type="text")}),
    },
)  # fmt: skip

#: When runs of these tests take place.
NOW = datetime(2024, 7, 2)


class Shop:
    """A workspace in Paris with customers and events put in one by one; number i is the i-th customer."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR")
        self.path = self.workspace.path
        (self.path / "catalog.yaml").write_text(render_catalog(CATALOG, ""), encoding="utf-8")
        self.engine.execute("ALTER TABLE customers ADD COLUMN country VARCHAR")
        self.engine.execute("ALTER TABLE customers ADD COLUMN points BIGINT")
        self._events = 0
        self.load(1)

    def copied(self, folder: Path) -> Shop:
        """Return a copy of a shop that is closed."""
        other = object.__new__(Shop)
        shutil.copytree(self.path, folder / "shop")
        other.workspace = Workspace.open(folder / "shop")
        other.path, other._events = other.workspace.path, self._events
        return other

    @property
    def engine(self) -> Any:
        return self.workspace.engine

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):  # type: ignore[no-untyped-def]
        self.workspace.close()

    def load(self, number: int) -> None:
        """Note that a load took place."""
        self.engine.execute(
            f"INSERT INTO loads VALUES ({number}, '2024-07-02', 'orders', ['x'], '{{}}'::JSON, '{{}}'::JSON)"
        )

    def customers(self, *people: dict[str, Any]) -> None:
        """Add customers: `id`, and any column of the table."""
        for person in people:
            number = int(self.engine.value("SELECT count(*) FROM customers"))
            columns = {"customer_no": number, "customer_id": person["id"], **person}
            columns.pop("id")
            values = ", ".join("NULL" if value is None else literal(str(value)) for value in columns.values())
            self.engine.execute(f"INSERT INTO customers ({', '.join(columns)}) VALUES ({values})")

    def event(
        self, customer: int, name: str, time: str, revenue: float | None = None, *, received: str | None = None,
        superseded: str | None = None, load: int = 1, **properties: str,
    ) -> None:  # fmt: skip
        """Add an event; it is known at its own time unless said otherwise."""
        self._events += 1
        packed = ", ".join(f"{key} := {literal(value)}" for key, value in properties.items())
        variant = f"struct_pack({packed})::VARIANT" if properties else "NULL"
        self.engine.execute(
            "INSERT INTO events (event_id, customer_no, name, time, received_at, superseded_at, revenue, properties, "
            f"load_id) VALUES (md5('{self._events}')::UUID, {customer}, {literal(name)}, '{time}', "
            f"'{received or time}', {'NULL' if superseded is None else literal(superseded)}, "
            f"{'NULL' if revenue is None else revenue}, {variant}, {load})"
        )

    def order(self, customer: int, time: str, revenue: float = 10, **more: Any) -> None:
        self.event(customer, "Order Completed", time, revenue, **more)

    def write(self, name: str, text: str) -> None:
        """Write a definition: `segments/vip`, and its text without the first line that names it."""
        folder, stem = name.split("/")
        path = self.path / f"{name}.yaml"
        path.write_text(f"{folder.removesuffix('s')}: {stem}\n{text}\n", encoding="utf-8")

    def run(self, as_of: str = "2024-07-01", *, now: datetime = NOW, **options: Any) -> Any:
        return self.workspace.run(as_of=as_of, now=now, **options)
