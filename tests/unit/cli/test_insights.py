"""`satsuma insights`, `satsuma segmentation migration` and `satsuma advise`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from small_shop import Shop

Runner = Callable[..., Any]


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A workspace of four customers: two buy in May and June, one came back in June, and one never bought."""
    with Shop(tmp_path) as shop:
        shop.customers(*({"id": name, "country": "FR"} for name in ("ann", "bob", "cid", "dan")))
        for customer, time, revenue in ((2, "2024-01-15", 7), (0, "2024-05-10", 50), (1, "2024-05-20", 30),
                                        (0, "2024-06-05", 80), (2, "2024-06-12", 20)):  # fmt: skip
            shop.order(customer, time, revenue)
        shop.write("segments/recent", "title: Recent buyers\nwhere: {did: Order Completed, within: 31d}")
        shop.write("segments/nobody", "where: {trait: country, eq: XX}")
        active = "{label: Active, where: {did: Order Completed, within: 31d}}"
        shop.write("segmentations/activity", f"title: Activity\nmethod: rules\nrules:\n  - {active}\notherwise: Quiet")
        shop.run()
    return shop.path


def test_insights_are_sentences_and_then_tables(satsuma: Runner, ran: Path) -> None:
    done = satsuma("insights", "-w", ran)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("From 1 Jun 2024, 00:00 (Europe/Paris) to 1 Jul 2024, 00:00 (Europe/Paris).")
    assert lines[1].startswith("There are 4 customers (±0); revenue €100, +€20.00 (+25.0 %)")
    assert (
        "Recent buyers has 2 customers as before: 1 entered (1 from Quiet) and 1 left (1 to Quiet); revenue €100, "
        "+€20.00 (+25.0 %): +€20.00 by those who entered, −€30.00 by those who left and +€30.00 by those who stayed "
        "(which may be chance)."
    ) in lines
    assert "Activity: 50.0 % kept their label. Revenue changed by +€20.00: " in done.out
    assert "Whether a move is unusual cannot be said: 5 moments are known, and 8 are needed." in lines
    row = next(line for line in lines if line.startswith("Quiet"))
    assert row.split() == ["Quiet", "2", "2", "1", "1", "€0", "€0", "€0", "€0", "€0"]


def test_insights_for_programs(satsuma: Runner, ran: Path) -> None:
    facts = json.loads(satsuma("insights", "--since", "2024-06-01", "--history", "1", "--json", "-w", ran).out)
    assert facts["sentences"][0].startswith("From 1 Jun 2024")
    assert facts["since"] == "2024-05-31T22:00:00Z"
    recent = next(item for item in facts["changes"] if item["name"] == "recent")
    parts = recent["revenue"]
    assert (parts["entries"], parts["exits"], parts["behaviour"], parts["change"]) == (20, -30, 30, 20)
    assert facts["mixes"][0]["migration"]["counts"] == [[1, 1], [1, 1]]


def test_migration_is_a_matrix(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segmentation", "migration", "activity", "-w", ran)
    assert done.code == 0, done.err
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0][:6] == ["Activity:", "50.0", "%", "of", "those", "who"]
    assert ["Active", "1", "1", "2"] in lines
    assert ["now", "2", "2"] in lines
    shares = satsuma("segmentation", "migration", "activity", "--shares", "-w", ran).out
    assert ["Quiet", "50.0", "%", "50.0", "%", "2"] in [line.split() for line in shares.splitlines()]
    facts = json.loads(satsuma("segmentation", "migration", "activity", "--json", "-w", ran).out)
    first = facts["labels"][0]
    assert (first["label"], first["before"], first["stayed"], first["left"]) == ("Active", 2, 1, 1)
    assert first["to"][1]["share"] == 0.5
    assert first["to"][1]["share_low"] == pytest.approx(0.0945, abs=5e-4)


def test_an_unknown_segmentation_and_a_wrong_distance_are_answered(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segmentation", "migration", "actvity", "-w", ran)
    assert done.code == 1
    assert "activity" in done.err
    done = satsuma("insights", "--since", "soon", "-w", ran)
    assert done.code == 2
    assert "'soon' is not a distance between steps." in done.err
    assert "the data begin on 2024-01-15" in satsuma("insights", "--since", "2y", "-w", ran).err


def test_advice_says_what_to_do(satsuma: Runner, ran: Path) -> None:
    done = satsuma("advise", "-w", ran)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "Act: Nobody is in 'nobody'."
    assert lines[1] == "  See what it asks for, and mend or delete it: satsuma segment explain nobody"
    facts = json.loads(satsuma("advise", "--json", "-w", ran).out)
    assert facts[0]["numbers"] == {"customers": 0, "population": 4}


def test_nothing_was_run_yet(satsuma: Runner, tmp_path: Path) -> None:
    with Shop(tmp_path) as shop:
        path = shop.path
    for command in (("insights",), ("advise",), ("segmentation", "migration", "x")):
        done = satsuma(*command, "-w", path)
        assert done.code == 1
        assert "satsuma run" in done.err


def test_the_report_shows_what_changed(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert satsuma("report", "-o", page, "-w", ran).code == 0
    text = page.read_text(encoding="utf-8")
    assert "Activity: from label to label" in text
    assert "Nobody is in &#39;nobody&#39;." in text
