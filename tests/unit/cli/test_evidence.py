"""`satsuma evidence`: the table of all, the card of one, JSON, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence_shop import evidence_shop

Runner = Callable[..., Any]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with evidence_shop(tmp_path_factory.mktemp("evidence_cli")) as shop:
        return shop.path


def test_all_of_them_are_a_table_with_a_verdict_each(satsuma: Runner, path: Path) -> None:
    done = satsuma("evidence", "--no-past", "-w", path)
    assert done.code == 0, done.err
    rows = {line.split()[0]: line for line in done.out.splitlines() if line and line[0].isalpha()}
    assert "merge with nearly_german" in rows["german"]
    assert "not different" in rows["lucky"]
    assert "±0." in rows["french"]
    assert "ε²" not in rows["land"]
    assert "rfm" in rows
    assert "lucky: not different. A random group of its size differs as much" in done.out


def test_the_card_shows_every_number_beside_its_control(satsuma: Runner, path: Path) -> None:
    done = satsuma("evidence", "buyers", "-w", path)
    assert done.code == 0, done.err
    for text in (
        "Verdict: keep", "95 % interval", "Random groups of its size: €", "(random groups:", "looked at 7 days before",
        "of the same events", "What the", "bought", "shuffled", "as of", "PSI", "an event of the last 90 days",
        "Since 90 days ago",
    ):  # fmt: skip
        assert text in done.out, text


def test_the_card_of_a_segmentation_shows_its_labels(satsuma: Runner, path: Path) -> None:
    done = satsuma("evidence", "rfm", "--no-past", "-w", path)
    assert done.code == 0, done.err
    assert "adjusted Rand" in done.out
    assert "ε²" in done.out
    assert "Champions" in done.out
    land = satsuma("evidence", "land", "--no-past", "-w", path)
    assert "adjusted Rand" not in land.out


def test_few_members_are_told_nothing_of(satsuma: Runner, path: Path) -> None:
    done = satsuma("evidence", "few", "--no-past", "-w", path)
    assert "too small" in done.out
    assert "nothing more is told" in done.out
    assert "trait" not in done.out


def test_json_has_all_of_it(satsuma: Runner, path: Path) -> None:
    found = satsuma("evidence", "german", "--json", "--as-of-past", "2024-01-01", "--horizon", "60d", "-w", path).json
    (german,) = found["segments"]
    assert german["afterwards"]["since"].startswith("2023-12-31T23:00")
    assert [item["what"] for item in german["afterwards"]["outcomes"]] == ["bought", "orders", "revenue"]
    assert german["separation"]["effects"][0]["control"] > 0
    assert found["looked_back"]["known_then"] is True


def test_mistakes_are_said(satsuma: Runner, path: Path) -> None:
    unknown = satsuma("evidence", "germans", "--json", "-w", path)
    assert unknown.code != 0
    assert "german" in unknown.error["nearest"]
    late = satsuma("evidence", "german", "--as-of-past", "2024-06-20", "-w", path)
    assert late.code != 0
    assert "Name a day up to" in late.err


def test_without_a_run_it_says_to_run(satsuma: Runner, tmp_path: Path) -> None:
    satsuma("init", tmp_path / "new", "--timezone", "UTC", "--currency", "EUR")
    done = satsuma("evidence", "-w", tmp_path / "new")
    assert done.code != 0
    assert "satsuma run" in done.err
