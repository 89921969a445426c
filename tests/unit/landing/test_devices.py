"""User agents in files: devices of events and of their customers, and segments by device."""

from __future__ import annotations

from pathlib import Path

from satsuma import Workspace

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
CURL = "curl/8.5.0"


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_user_agents_of_events_are_devices_of_events_and_of_their_customers(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as workspace:
        path = written(
            tmp_path, "events.csv", "event,customer_id,time,user_agent",
            f'Product Viewed,c1,2026-01-01 10:00,"{WINDOWS}"', f'Product Viewed,c1,2026-01-02 10:00,"{IPHONE}"',
            f'Product Viewed,c1,2026-01-03 10:00,"{CURL}"',
            f'Product Viewed,c2,2026-01-01 10:00,"{WINDOWS}"', "Product Viewed,c3,2026-01-01 10:00,",
        )  # fmt: skip
        workspace.load(path, kind="events")
        engine = workspace.engine
        assert engine.rows("SELECT customer_id, browser, os, device_type FROM customers ORDER BY 1") == [
            ("c1", "Mobile Safari", "iOS", "mobile"), ("c2", "Firefox", "Windows", "desktop"), ("c3", None, None, None),
        ]  # fmt: skip
        assert workspace.catalog.traits["browser"].kind == "technographic"
        assert workspace.catalog.events["Product Viewed"].properties["is_bot"].type == "boolean"
        segments = workspace.path / "segments"
        written(segments, "phones.yaml", "segment: phones", "where: {trait: device_type, eq: mobile}")
        written(
            segments,
            "seen.yaml",
            "segment: seen",
            "where: {did: Product Viewed, where: {prop: device_type, eq: desktop}}",
        )
        workspace.run("2026-02-01")
        found = {
            name: workspace.segment(name).customers().column("customer_id").to_pylist() for name in ("phones", "seen")
        }
        assert found == {"phones": ["c1"], "seen": ["c1", "c2"]}
        changes = engine.value("SELECT count(*) FROM trait_changes")
        # The same file again says nothing new, and a later one of customers is still the first of its kind.
        assert workspace.load(path, kind="events").landed.loaded == 0
        assert engine.value("SELECT count(*) FROM loads WHERE kind = 'customers'") == 0
        assert engine.value("SELECT count(*) FROM trait_changes") == changes


def test_user_agents_of_customers_are_traits_unless_the_file_says_them_itself(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as workspace:
        path = written(
            tmp_path, "customers.csv", "customer_id,user_agent,browser", f'c1,"{IPHONE}",Own', f'c2,"{CURL}",', "c3,,"
        )
        workspace.load(path, kind="customers")
        found = workspace.engine.rows("SELECT customer_id, browser, os, device_brand FROM customers ORDER BY 1")
        assert found == [("c1", "Own", "iOS", "Apple"), ("c2", None, None, None), ("c3", None, None, None)]
