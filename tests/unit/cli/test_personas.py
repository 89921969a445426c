"""`satsuma persona`: what can be said of segments, on the terminal and in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persona_shop import persona_shop

Runner = Callable[..., Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with persona_shop(tmp_path_factory.mktemp("cli")) as workspace:
        return workspace.path


def test_segments_are_listed_with_a_sentence(satsuma: Runner, ran: Path) -> None:
    done = satsuma("persona", "list", "-w", ran)
    assert done.code == 0, done.err
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert "180" in lines["guests"]
    assert "Nothing that we know sets these customers apart." in lines["random_tenth"]
    labels = satsuma("persona", "list", "rings", "--json", "-w", ran).json
    assert [(card["name"], card["label"]) for card in labels] == [("rings", "Inner"), ("rings", "Outer")]


def test_a_persona_is_shown_and_its_numbers_on_demand(satsuma: Runner, ran: Path) -> None:
    done = satsuma("persona", "show", "guests", "-w", ran)
    assert done.code == 0, done.err
    assert "71 % live in France, against 38 % of everybody." in done.out
    assert "who is invented" in done.out
    assert "held out" not in done.out
    full = satsuma("persona", "show", "guests", "--numbers", "-w", ran)
    assert full.out.startswith(done.out.rstrip())
    assert "held out" in full.out
    assert "statements were tried" in full.out
    card = satsuma("persona", "show", "guests", "--json", "-w", ran).json
    assert card["sentences"] == [line for line in done.out.splitlines() if line in card["sentences"]]


def test_files_and_forms(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    page = tmp_path / "guests.html"
    done = satsuma("persona", "show", "guests", "-o", page, "-w", ran)
    assert done.code == 0, done.err
    assert str(page) in done.out
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    printed = satsuma("persona", "show", "rings", "--format", "markdown", "-w", ran)
    assert printed.out.count("\n# ") == 1
    assert printed.out.startswith("# Rings: Inner")
    as_json = satsuma("persona", "show", "guests", "--format", "json", "-w", ran)
    assert json.loads(as_json.out)[0]["name"] == "guests"


def test_mistakes_get_a_sentence(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    unknown = satsuma("persona", "show", "gests", "--json", "-w", ran)
    assert unknown.code != 0
    assert "guests" in unknown.error["message"]
    wrong = satsuma("persona", "show", "guests", "-o", tmp_path / "x.doc", "--json", "-w", ran)
    assert wrong.code != 0
    assert ".md, .html or .json" in wrong.error["hint"]
    unheard = satsuma("persona", "show", "guests", "--allow", "shoe_size", "--json", "-w", ran)
    assert unheard.code != 0
    assert "shoe_size" in unheard.error["message"]
    allowed = satsuma("persona", "show", "guests", "--allow", "diet", "--numbers", "-w", ran)
    assert "Diet: vegan" in allowed.out


def test_before_a_run_there_is_nothing_to_describe(satsuma: Runner, shop: Path) -> None:
    done = satsuma("persona", "list", "--json", "-w", shop)
    assert done.code != 0
    assert "satsuma run" in done.error["message"] + done.error["hint"]
