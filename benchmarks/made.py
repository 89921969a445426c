"""Made-up workspaces of any size, the same for the same numbers: what the benchmarks run on."""

from __future__ import annotations

import random
from pathlib import Path
from zoneinfo import ZoneInfo

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import ReadDefinitions, check_all, read_text

FOLDER = Path(__file__).parent / "data"
ZONE = ZoneInfo("Europe/Paris")
AS_OF = "2025-12-01 00:00:00"

CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text", kind="geographic"),
        "plan": TraitInfo(type="text", kind="preference"),
        "age": TraitInfo(type="integer", kind="demographic"),
        "score": TraitInfo(type="number", kind="value"),
    },
    events={
        name: EventInfo(properties={"channel": PropertyInfo(type="text"), "category": PropertyInfo(type="text")})
        for name in ("Page Viewed", "Product Viewed", "Product Added", "Order Completed", "Session Started")
    },
)


def warehouse(events: int, customers: int) -> DuckDB:
    """Open the warehouse of so many events and customers, making it the first time (events sorted, as landing does)."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"made_{events}_{customers}.duckdb"
    is_new = not path.exists()
    engine = DuckDB(path)
    if not is_new:
        return engine
    engine.create_schema()
    for name, info in CATALOG.traits.items():
        sql = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE"}[info.type]
        engine.execute(f"ALTER TABLE customers ADD COLUMN {name} {sql}")
    engine.execute(f"""
        INSERT INTO customers (customer_no, customer_id, first_seen, country, plan, age, score)
        SELECT i, 'c' || lpad(i::VARCHAR, 8, '0'), TIMESTAMP '2023-01-01' + to_days((hash(i + 1) % 700)::INTEGER),
               ['FR', 'DE', 'BE', 'LU', 'ES', 'IT', 'NL', 'PT', 'AT', 'PL'][1 + (hash(i + 2) % 10)::INTEGER],
               CASE WHEN hash(i + 3) % 10 = 0 THEN NULL ELSE ['free', 'basic', 'pro', 'team'][1 + (hash(i + 3) % 4)::INTEGER] END,
               CASE WHEN hash(i + 4) % 8 = 0 THEN NULL ELSE 18 + (hash(i + 4) % 60)::INTEGER END,
               (hash(i + 5) % 1000000)::DOUBLE / 1000000
        FROM range({customers}) r(i)""")
    engine.execute(f"""
        INSERT INTO events (event_id, profile_no, customer_no, name, time, received_at, revenue, properties, load_id)
        SELECT md5_number(i::VARCHAR)::UUID, no, no, name, time, time,
               CASE WHEN name = 'Order Completed' THEN ((hash(i + 16) % 30000) / 100)::DECIMAL(18, 4) END,
               {{'channel': ['web', 'app', 'shop', 'phone'][1 + (hash(i + 17) % 4)::INTEGER],
                 'category': 'c' || (hash(i + 18) % 40)::VARCHAR}}::VARIANT, 1
        FROM (SELECT i, (hash(i + 11) % {customers})::UINTEGER AS no,
                     ['Page Viewed', 'Page Viewed', 'Page Viewed', 'Product Viewed', 'Product Viewed', 'Product Added',
                      'Order Completed', 'Session Started', 'Session Started', 'Page Viewed'][1 + (hash(i + 12) % 10)::INTEGER] AS name,
                     TIMESTAMP '2024-01-01' + to_microseconds((hash(i + 13) % (700::UBIGINT * 86400000000))::BIGINT) AS time
              FROM range({events}) r(i))
        ORDER BY name, no, time, md5_number(i::VARCHAR)::UUID""")
    engine.execute("INSERT INTO warehouse_state VALUES ('events_sorted', 'true')")
    engine.execute("CHECKPOINT")
    return engine


def random_segments(count: int, seed: int = 7) -> list[str]:
    """Return segments as YAML: 1 to 3 conditions on events and up to 3 on traits, as the design's trial had them."""
    rng = random.Random(seed)
    texts = []
    for number in range(count):
        parts = [_event_condition(rng) for _ in range(rng.randint(1, 3))]
        parts += [_trait_condition(rng) for _ in range(rng.randint(0, 3))]
        word = rng.choice(["all", "all", "any"])
        lines = "\n".join(f"    - {part}" for part in parts)
        texts.append(f"segment: s{number}\nwhere:\n  {word}:\n{lines}\n")
    return texts


def _event_condition(rng: random.Random) -> str:
    event = rng.choice(list(CATALOG.events))
    window = rng.choice(["within: 7d", "within: 30d", "within: 90d", "within: 365d", "between: {from: 180d, to: 60d}"])
    where = rng.choice(
        ["", "", ", where: {prop: channel, eq: web}", ", where: {prop: category, in: [c1, c2, c3, c7, c11]}"]
    )
    if event == "Order Completed" and rng.random() < 0.4:
        return f"{{did: {event}, sum: {{of: revenue, gte: {rng.randint(1, 40) * 25}}}, {window}{where}}}"
    if rng.random() < 0.2:
        return f"{{not_did: {event}, {window}{where}}}"
    return f"{{did: {event}, count: {{{rng.choice(['gte', 'gte', 'lte'])}: {rng.randint(1, 8)}}}, {window}{where}}}"


def _trait_condition(rng: random.Random) -> str:
    kind = rng.randint(0, 3)
    if kind == 0:
        return f"{{trait: country, in: [{', '.join(rng.sample(['FR', 'DE', 'BE', 'LU', 'ES', 'IT', 'NL'], 3))}]}}"
    if kind == 1:
        return f"{{trait: plan, neq: {rng.choice(['free', 'basic', 'pro'])}}}"
    if kind == 2:
        low = rng.randint(18, 60)
        return f"{{trait: age, between: [{low}, {low + rng.randint(3, 15)}]}}"
    return f"{{trait: score, gte: {rng.random():.3f}}}"


def checked_segments(texts: list[str]) -> Checked:
    """Read and check segments."""
    parts = [
        read_text(text, "segment", file=f"segments/s{number}.yaml", stem=f"s{number}", zone=ZONE)
        for number, text in enumerate(texts)
    ]
    read = ReadDefinitions(
        definitions=tuple(item for part in parts for item in part.definitions),
        documents={name: document for part in parts for name, document in part.documents.items()},
        problems=tuple(problem for part in parts for problem in part.problems),
    )
    return check_all(read, Vocabulary(catalog=CATALOG, zone=ZONE))
