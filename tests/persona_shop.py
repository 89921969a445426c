"""A shop whose guests differ from others in known ways: in country, age, what they buy and when, in nothing else."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from satsuma import Workspace

CUSTOMERS, GUESTS = 700, 180
AS_OF = "2024-12-31"

CATALOG_EDIT = ("  diet:\n    type: text\n", "  diet:\n    type: text\n    sensitive: true\n")

DEFINITIONS = {
    "segments/guests.yaml": "segment: guests\ntitle: Gala guests\nwhere: {list: gala}\n",
    "segments/random_tenth.yaml": "segment: random_tenth\nwhere: {random: {percent: 10, salt: x}}\n",
    "segments/french.yaml": "segment: french\nwhere: {trait: country, eq: FR}\n",
    "segments/few.yaml": "segment: few\nwhere: {list: few}\n",
    "segments/often.yaml": "segment: often\nwhere: {did: Order Completed, count: {gte: 6}}\n",
    "segmentations/plans.yaml": "segmentation: plans\ntitle: Plans\nmethod: bands\ntrait: plan\nvalues: all\n",
    "segmentations/rings.yaml": "segmentation: rings\ntitle: Rings\nmethod: rules\nkind: value\nrules:\n"
    "  - {label: Inner, where: {in_segment: guests}}\notherwise: Outer\n",
    "traits/last_category.yaml": "trait: last_category\nfrom: {did: Product Purchased, last: {of: category}}\n",
}


def persona_shop(folder: Path) -> Workspace:
    """Return the workspace, loaded and run."""
    rng = np.random.default_rng(21)
    is_guest = np.arange(CUSTOMERS) < GUESTS
    country = np.where(is_guest, rng.choice(["FR", "DE", "GB"], CUSTOMERS, p=[0.7, 0.2, 0.1]),
                       rng.choice(["FR", "DE", "GB"], CUSTOMERS, p=[0.3, 0.35, 0.35]))  # fmt: skip
    age = np.where(is_guest, rng.normal(58, 9, CUSTOMERS), rng.normal(42, 9, CUSTOMERS)).round().clip(18, 90)
    diet = np.where(is_guest & (rng.random(CUSTOMERS) < 0.7), "vegan", rng.choice(["vegan", "any"], CUSTOMERS))
    _write(
        folder / "customers.csv", ["customer_id", "email", "first_name", "country", "age", "plan", "diet"],
        [
            [f"c{number}", f"p{number}@shop.example", f"Name{number}", country[number], int(age[number]),
             rng.choice(["free", "plus"]), diet[number]]
            for number in range(CUSTOMERS)
        ],
    )  # fmt: skip
    lines = []
    for number in range(CUSTOMERS):
        for order in range(1 + int(rng.poisson(3))):
            day = datetime(2024, 1, 2) + timedelta(days=int(rng.integers(0, 360)))
            hour = int(
                rng.integers(18, 22) if rng.random() < (0.7 if is_guest[number] else 0.25) else rng.integers(6, 18)
            )
            wine = rng.random() < (0.6 if is_guest[number] else 0.2)
            category = "Wine" if wine else rng.choice(["Bread", "Cheese", "Fruit"])
            lines.append([f"o{number}-{order}", f"c{number}", day.replace(hour=hour, minute=int(rng.integers(0, 60))),
                          f"sku-{category}", category, 1, f"{rng.lognormal(3, 0.5):.2f}"])  # fmt: skip
    _write(
        folder / "lines.csv",
        ["order_id", "customer_id", "order_date", "product_id", "category", "quantity", "unit_price"], lines,
    )  # fmt: skip
    agreed = [[f"c{number}", "newsletter", "granted", "2024-02-01"] for number in range(CUSTOMERS)
              if rng.random() < (0.8 if is_guest[number] else 0.4)]  # fmt: skip
    _write(folder / "consents.csv", ["customer_id", "purpose", "status", "time"], agreed)
    workspace = Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR")
    workspace.load(folder / "customers.csv", kind="customers")
    workspace.load(folder / "lines.csv", kind="order-lines")
    workspace.load(folder / "consents.csv", kind="consents")
    catalog = workspace.path / "catalog.yaml"
    text = catalog.read_text(encoding="utf-8")
    assert CATALOG_EDIT[0] in text
    catalog.write_text(text.replace(*CATALOG_EDIT), encoding="utf-8")
    for name, definition in DEFINITIONS.items():
        (workspace.path / name).write_text(definition, encoding="utf-8")
    lists = workspace.path / "lists"
    lists.mkdir(exist_ok=True)
    (lists / "gala.txt").write_text("\n".join(f"c{number}" for number in range(GUESTS)), encoding="utf-8")
    (lists / "few.txt").write_text("c1\nc2\nc3\n", encoding="utf-8")
    workspace.run(as_of=AS_OF, now=datetime(2025, 1, 2))
    return workspace


def _write(path: Path, heads: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(rows)
