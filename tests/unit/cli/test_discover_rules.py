"""`satsuma discover rules`: labels as rules in words, with figures, and as files that are never written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from satsuma.catalog import Catalog, TraitInfo, render_catalog
from satsuma.engines.duckdb import literal
from small_shop import Shop

Runner = Callable[..., Any]

TRAITS = {
    "country": TraitInfo(type="text"),
    "points": TraitInfo(type="integer"),
    "shop_id": TraitInfo(type="integer"),
    "illness": TraitInfo(type="text", sensitive=True),
    "nickname": TraitInfo(type="text", personal_data="user.name"),
}


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A workspace with 300 customers and a segmentation that goes by country and points, and a run."""
    rng = np.random.default_rng(3)
    with Shop(tmp_path) as shop:
        (shop.path / "catalog.yaml").write_text(render_catalog(Catalog(traits=TRAITS), ""), encoding="utf-8")
        for name, type_ in (("shop_id", "BIGINT"), ("illness", "VARCHAR"), ("nickname", "VARCHAR")):
            shop.engine.execute(f"ALTER TABLE customers ADD COLUMN {name} {type_}")
        rows = []
        for number in range(300):
            country, points = ["FR", "DE", "IT"][int(rng.integers(0, 3))], int(rng.integers(0, 100))
            texts = ", ".join(map(literal, (f"c{number:03}", country, country, country)))
            rows.append(f"({number}, {texts}, {points}, {points})")
        shop.engine.execute(
            "INSERT INTO customers (customer_no, customer_id, country, illness, nickname, points, shop_id) "
            f"VALUES {', '.join(rows)}"
        )
        shop.write(
            "segmentations/tier",
            "title: Tier\nmethod: rules\nrules:\n"
            "  - {label: Best of France, where: {all: [{trait: country, eq: FR}, {trait: points, gte: 60}]}}\n"
            "  - {label: Good, where: {trait: points, gte: 40}}\n"
            "otherwise: Other",
        )
        shop.write("traits/double", "formula: points * 2")
        shop.run()
    return shop.path


def test_rules_are_shown_in_words_with_their_figures(satsuma: Runner, ran: Path) -> None:
    done = satsuma("discover", "rules", "tier", "--traits", "country,points", "-w", ran)
    assert done.code == 0, done.err
    lines = [line.strip() for line in done.out.splitlines()]
    start = lines.index("Best of France")
    assert lines[start + 1 : start + 4] == [
        "Everybody who meets all of these:", "- 'country' is 'FR'", "- 'points' is at least 60",
    ]  # fmt: skip
    assert any(line.startswith("Good") and "100.0 %" in line for line in lines)
    assert any(line.endswith("taken") for line in lines)
    assert "The rules can stand in for the groups." in lines
    assert "To write them as 4 files: satsuma discover rules tier --write" in lines
    assert not (ran / "segments" / "good.yaml").exists()


def test_what_is_personal_or_sensitive_or_an_id_is_not_asked_about(satsuma: Runner, ran: Path) -> None:
    facts = json.loads(satsuma("discover", "rules", "tier", "--json", "-w", ran).out)
    assert {"country", "points", "double"} <= set(facts["traits"]) | set(facts["left_out"])
    assert not {"illness", "nickname", "shop_id", "customer_id"} & {*facts["traits"], *facts["left_out"]}
    refused = satsuma("discover", "rules", "tier", "--traits", "illness", "-w", ran)
    assert refused.code == 2
    assert "'illness' is sensitive" in refused.err
    allowed = satsuma("discover", "rules", "tier", "--traits", "illness,points", "--allow-sensitive", "illness",
                      "--json", "-w", ran)  # fmt: skip
    assert json.loads(allowed.out)["traits"] == ["illness", "points"]


def test_files_are_written_run_and_never_written_over(satsuma: Runner, ran: Path) -> None:
    asked = ("discover", "rules", "tier", "--traits", "country,points", "--write", "-w", ran)
    done = satsuma(*asked)
    assert done.code == 0, done.err
    assert "Written: segments/best_of_france.yaml" in done.out
    assert satsuma("check", "-w", ran).code == 0
    assert satsuma("run", "--as-of", "2024-07-01", "-w", ran).code == 0
    members = json.loads(satsuma("segment", "members", "best_of_france", "--json", "-w", ran).out)
    tiers = {item["label"]: item["size"] for item in
             json.loads(satsuma("segmentation", "show", "tier", "--json", "-w", ran).out)["labels"]}  # fmt: skip
    ruled = {item["label"]: item["size"] for item in
             json.loads(satsuma("segmentation", "show", "tier_rules", "--json", "-w", ran).out)["labels"]}  # fmt: skip
    assert members["size"] == tiers["Best of France"]
    assert ruled == tiers
    before = {path: path.read_text() for path in ran.glob("seg*/*.yaml")}
    again = satsuma(*asked)
    assert again.code == 2
    assert "segments/best_of_france.yaml" in again.err
    assert "nothing was written" in again.err
    assert {path: path.read_text() for path in ran.glob("seg*/*.yaml")} == before
    activity = json.loads(satsuma("activity", "--json", "-w", ran).out)
    assert [item["kind"] for item in activity[:3]] == ["discover-rules", "run", "discover-rules"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("teir",), 1, "Did you mean 'tier'?"),
        (("tier", "--traits", "pints"), 1, "Did you mean 'points'?"),
        (("tier", "--prefix", "My tier"), 2, "cannot begin the name"),
        (("tier", "--leaves", "1"), 2, "leaves"),
    ],
)
def test_mistakes_are_told(satsuma: Runner, ran: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = satsuma("discover", "rules", *arguments, "-w", ran)
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err


def test_without_a_run_there_are_no_labels(satsuma: Runner, tmp_path: Path) -> None:
    with Shop(tmp_path) as shop:
        path = shop.path
    done = satsuma("discover", "rules", "tier", "-w", path)
    assert done.code == 1
    assert "Nothing has been computed yet." in done.err
