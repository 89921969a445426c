"""A shop in which is known who differs: Germans buy ten times as often, the French collect points, luck is luck."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from small_shop import Shop

SIZE = 1_200

DEFINITIONS = {
    "segments/french": "where: {trait: country, eq: FR}",
    "segments/german": "where: {trait: country, eq: DE}",
    "segments/nearly_german": "where: {all: [{trait: country, eq: DE}, {random: {percent: 95, salt: z}}]}",
    "segments/lucky": "where: {random: {percent: 30, salt: x}}",
    "segments/buyers": "where: {did: Order Completed, within: 90d}",
    "segments/just_bought": "where: {did: Order Completed, within: 21d}",
    "segments/few": "where: {all: [{trait: country, eq: DE}, {random: {percent: 1, salt: y}}]}",
    "segments/champions": "where: {segmentation: rfm, is: Champions}",
    "segmentations/rfm": "method: rfm",
    "segmentations/land": "method: bands\ntrait: country\nvalues: all",
    "segmentations/fifths": "method: bands\ntrait: points\nquantiles: 3",
}


def fill(shop: Shop) -> None:
    """Put in customers and a year and a half of orders, and write the definitions."""
    rng = np.random.default_rng(1)
    country = np.array(["FR", "DE", "IT"])[rng.integers(0, 3, SIZE)]
    people = pa.table({
        "no": np.arange(SIZE), "country": country,
        "points": np.where(country == "FR", rng.poisson(8, SIZE), rng.poisson(3, SIZE)),
    })  # fmt: skip
    often = rng.poisson(18 * np.where(country == "DE", 0.5, 0.05))
    number = np.repeat(np.arange(SIZE), often)
    orders = pa.table({
        "no": number, "day": rng.integers(0, 540, len(number)), "i": np.arange(len(number)),
        "revenue": np.round(rng.lognormal(3, 1, len(number)), 2),
    })  # fmt: skip
    shop.engine.register("people", people)
    shop.engine.execute(
        "INSERT INTO customers (customer_no, customer_id, first_seen, country, points) "
        "SELECT no, 'c' || no, TIMESTAMP '2023-01-01', country, points FROM people"
    )
    shop.engine.unregister("people")
    shop.engine.register("orders_made", orders)
    shop.engine.execute(
        "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) "
        "SELECT md5(i::VARCHAR)::UUID, no, 'Order Completed', moment, moment, revenue, 1 FROM "
        "(SELECT *, TIMESTAMP '2023-01-05' + to_days(day::INTEGER) AS moment FROM orders_made)"
    )
    shop.engine.unregister("orders_made")
    for name, text in DEFINITIONS.items():
        shop.write(name, text)


def evidence_shop(folder: Path) -> Shop:
    """Return the shop, with a run as of 1 July 2024."""
    shop = Shop(folder)
    fill(shop)
    shop.run()
    return shop
