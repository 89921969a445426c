"""Commands that need no data: init, checks of options, help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from satsuma.cli.data import field_map
from satsuma.errors import WrongUse

Runner = Callable[..., Any]


def test_init_creates_and_says_what_comes_next(satsuma: Runner, tmp_path: Path) -> None:
    done = satsuma("init", tmp_path / "shop", "--timezone", "Europe/Paris", "--currency", "EUR")
    assert done.code == 0
    assert "Created the workspace 'shop'" in done.out
    assert "satsuma load" in done.out


def test_init_answers_in_json(satsuma: Runner, tmp_path: Path) -> None:
    done = satsuma("init", tmp_path / "shop", "--timezone", "UTC", "--currency", "USD", "--region", "US", "--json")
    assert done.json == {
        "path": str(tmp_path / "shop"),
        "name": "shop",
        "timezone": "UTC",
        "currency": "USD",
        "default_region": "US",
    }


def test_init_names_the_nearest_zone(satsuma: Runner, tmp_path: Path) -> None:
    done = satsuma("init", tmp_path / "shop", "--timezone", "Paris", "--currency", "EUR", "--json")
    assert done.code == 2
    assert done.error["nearest"] == ["Europe/Paris"]
    assert not (tmp_path / "shop").exists()


def test_init_twice_is_refused(satsuma: Runner, shop: Path) -> None:
    done = satsuma("init", shop, "--timezone", "UTC", "--currency", "EUR", "--json")
    assert done.code == 1
    assert done.error["code"] == "workspace"


def test_fields_are_mapped_by_the_last_word_before_equals() -> None:
    assert field_map(["customer_id=Client", "time = Order=Date"]) == {"customer_id": "Client", "time": "Order=Date"}
    assert field_map(None) == {}


@pytest.mark.parametrize("pairs", [["customer_id"], ["=x"], ["time="], ["a=x", "a=y"]])
def test_a_map_that_is_none_is_wrong_use(pairs: list[str]) -> None:
    with pytest.raises(WrongUse):
        field_map(pairs)


def test_an_empty_workspace_answers_everything_with_a_sentence(satsuma: Runner, shop: Path) -> None:
    for command in (["segment", "list"], ["segmentation", "list"], ["run", "list"], ["activity"], ["quality"]):
        done = satsuma(*command, "-w", shop)
        assert (done.code, done.err) == (0, ""), command
        assert "satsuma" in done.out
    assert "empty" in satsuma("quarantine", "list", "-w", shop).out


def test_a_preview_of_a_file_that_is_not_there_is_a_sentence(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    done = satsuma("segment", "preview", tmp_path / "x.yaml", "-w", shop, "--json")
    assert done.code == 1
    assert done.error["code"] == "source"
    assert "standard input" in done.error["hint"]


def test_two_forms_of_answer_at_once_are_wrong_use(satsuma: Runner, shop: Path) -> None:
    assert satsuma("segmentation", "show", "rfm", "--assignments", "--json", "-w", shop).code == 2
    assert satsuma("trait", "show", "orders", "--values", "--json", "-w", shop).code == 2


def test_options_may_stand_before_run_list(satsuma: Runner, shop: Path) -> None:
    assert satsuma("run", "-w", shop, "--json", "list").json == []
    assert satsuma("run", "--as-of", "2025-01-01", "list", "-w", shop).code == 2
