"""Refreshes that follow each other for long: what they keep equals a full run's, and the chain stays short."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from satsuma.segments import refresh
from satsuma.segments.store import RunStore
from small_shop import Shop


def fill(folder: Path) -> Shop:
    shop = Shop(folder)
    shop.customers(*({"id": f"c{number}", "country": "FR" if number % 2 else "DE"} for number in range(40)))
    definitions = {
        "segments/often.yaml": "segment: often\nwhere: {did: Order Completed, count: {gte: 2}}\n",
        "segments/big.yaml": "segment: big\nwhere: {trait: paid, gte: 50}\n",
        "traits/paid.yaml": "trait: paid\nfrom: {did: Order Completed, sum: {of: revenue}}\n",
        "segmentations/halves.yaml": "segmentation: halves\nmethod: bands\ntrait: paid\ncuts: [30]\n",
    }
    for file, text in definitions.items():
        (shop.path / file).write_text(text, encoding="utf-8")
    return shop


def order(shop: Shop, number: int, customer: int, amount: int) -> None:
    rows = f"order_id,customer_id,order_date,revenue\no{number},c{customer},2024-06-01,{amount}\n"
    path = shop.path / "orders.csv"
    path.write_text(rows, encoding="utf-8")
    shop.workspace.load(path, kind="orders")


def results(shop: Shop) -> dict[str, object]:
    workspace = shop.workspace
    run = RunStore(workspace.engine, workspace.state).required()
    return {
        **{name: sorted(run.members(name)) for name in run.segment_names()},
        "paid": run.traits(["paid"]).to_pylist(),
        "halves": [{**row, "halves": str(row["halves"])} for row in run.labels(["halves"]).to_pylist()],
        "sizes": {item["name"]: (item["size"], item["value"]) for item in run.outcome["segments"]},
    }


def test_a_long_chain_is_taken_along_and_equals_a_full_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "LONGEST_CHAIN", 3)
    draw = random.Random(4)  # noqa: S311  a test's own draws
    shop = fill(tmp_path)
    with shop.workspace as workspace:
        order(shop, 0, 0, 10)
        order(shop, 1, 1, 10)
        workspace.run("2024-07-01")
        lengths = []
        for number in range(2, 12):
            order(shop, number, draw.randrange(8), draw.randrange(5, 60))
            done = workspace.refresh("2024-07-01")
            assert "touched" in done.facts["refresh"], done.facts["refresh"]
            lengths.append(len(RunStore(workspace.engine, workspace.state).required().definitions["chain"]))
        assert set(lengths) == {1, 2}
        refreshed = results(shop)
        workspace.run("2024-07-01")
        assert results(shop) == refreshed


def test_what_is_computed_for_everybody_is_not_lost_with_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "LONGEST_CHAIN", 2)
    shop = fill(tmp_path)
    with shop.workspace as workspace:
        order(shop, 0, 0, 10)
        workspace.run("2024-07-01")
        for number in range(1, 9):
            if number in (3, 6):  # a new trait stands whole in the middle of the chain
                name = f"added{number}"
                text = f"trait: {name}\nfrom: {{did: Order Completed, max: {{of: revenue}}}}\n"
                (shop.path / "traits" / f"{name}.yaml").write_text(text, encoding="utf-8")
            order(shop, number, number % 5, 20 + number)
            assert "touched" in workspace.refresh("2024-07-01").facts["refresh"]
        run = RunStore(workspace.engine, workspace.state).required()
        before = run.traits(["added3", "added6", "paid"]).to_pylist()
        refreshed = results(shop)
        workspace.run("2024-07-01")
        run = RunStore(workspace.engine, workspace.state).required()
        assert run.traits(["added3", "added6", "paid"]).to_pylist() == before
        assert results(shop) == refreshed


def test_old_refreshes_keep_who_entered_and_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "LONGEST_CHAIN", 2)
    shop = fill(tmp_path)
    with shop.workspace as workspace:
        order(shop, 0, 0, 10)
        workspace.run("2024-07-01")
        for number in range(1, 6):
            order(shop, number, number, 60)
            workspace.refresh(f"2024-07-0{1 + number // 3} 1{number}:00")
        store = RunStore(workspace.engine, workspace.state)
        assert store.thin(newest=1) == 3
        # Kept: the full run, the last of the first day, and the latest; the chain holds the full run alone.
        assert [run.run_id for run in store.newest_first() if run.is_kept_whole] == [6, 3, 1]
        assert all((run.folder / "changes.bitmaps").exists() for run in store.newest_first())
        order(shop, 6, 3, 60)
        assert "touched" in workspace.refresh("2024-07-03 12:00").facts["refresh"]
        refreshed = results(shop)
        workspace.run("2024-07-03 12:00")
        assert results(shop) == refreshed
