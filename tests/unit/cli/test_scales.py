"""`satsuma scale`: how well answers measure, factors, norms, and ready keys."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from satsuma import Workspace

Runner = Callable[..., Any]
LETTERS = [f"{letter}{number}" for letter in "ENACO" for number in range(1, 11)]
REVERSED = {"E": (2, 4, 6, 8, 10), "N": (2, 4), "A": (1, 3, 5, 7), "C": (2, 4, 6, 8), "O": (2, 4, 6)}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 invented respondents with five factors, the ready key, and a run."""
    folder = tmp_path_factory.mktemp("panel")
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((400, 5))
    with (folder / "people.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "country", *LETTERS])
        for number, person in enumerate(factors):
            answers = []
            for place, name in enumerate(LETTERS):
                sign = -1 if int(name[1:]) in REVERSED[name[0]] else 1
                raw = 3 + sign * (0.8 * person[place // 10] + 0.8 * rng.standard_normal())
                answers.append(int(np.clip(np.rint(raw), 1, 5)))
            rows.writerow([f"c{number}", "FR" if number % 2 else "BE", *answers])
    with Workspace.create(folder / "shop", timezone="UTC", currency="EUR") as shop:
        shop.load(folder / "people.csv", kind="customers")
        shop.write_scale_key("ipip-big-five")
        shop.run(as_of="2024-06-01")
        return shop.path


def test_scales_are_listed_with_their_reliability(satsuma: Runner, panel: Path) -> None:
    done = satsuma("scale", "list", "-w", panel)
    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if line.startswith("openness")]
    assert len(lines) == 1
    assert "400" in lines[0]
    assert "good" in lines[0]
    facts = satsuma("scale", "list", "--json", "-w", panel).json
    assert [item["name"] for item in facts] == [
        "agreeableness", "conscientiousness", "extraversion", "neuroticism", "openness",
    ]  # fmt: skip
    assert set(facts[0]["norms"]) == {"respondents", "mean", "sd", "percentiles"}
    assert f"{facts[4]['reliability']['alpha']:.3f}" in lines[0]


def test_a_scale_is_shown_with_items_and_norms(satsuma: Runner, panel: Path) -> None:
    done = satsuma("scale", "show", "neuroticism", "--by", "country", "-w", panel)
    assert done.code == 0, done.err
    assert "neuroticism (Neuroticism): good." in done.out
    assert "400 respondents, 400 answered every item" in done.out
    assert next(line for line in done.out.splitlines() if line.startswith("n2 ")).split()[1] == "reversed"
    assert "Norms by country" in done.out
    assert any(line.startswith("FR") and "200" in line for line in done.out.splitlines())
    facts = satsuma("scale", "show", "neuroticism", "--by", "country", "--json", "-w", panel).json
    assert set(facts["groups"]) == {"BE", "FR"}
    assert satsuma("model", "show", "neuroticism", "-w", panel).out.count("reversed") == 2


def test_factors_are_shown_with_a_verdict(satsuma: Runner, panel: Path) -> None:
    done = satsuma("scale", "factors", "-w", panel)
    assert done.code == 0, done.err
    assert "The items fall as the key says: 50 of 50" in done.out
    assert "Parallel analysis: 5 above chance" in done.out
    assert "congruence" in done.out
    two = satsuma("scale", "factors", "openness", "neuroticism", "--rotation", "varimax", "--json", "-w", panel).json
    assert two["scales"] == ["openness", "neuroticism"]
    assert two["rotation"] == "varimax"
    assert two["parallel"]["components"]["suggested"] == 2
    assert all(item["on_own"] for item in two["items"])


def test_a_wrong_name_or_rotation_gets_a_sentence(satsuma: Runner, panel: Path) -> None:
    done = satsuma("scale", "show", "opennes", "-w", panel)
    assert done.code == 1
    assert "There is no scale 'opennes'" in done.err
    assert "openness" in done.err
    wrong = satsuma("scale", "factors", "--rotation", "equamax", "-w", panel)
    assert wrong.code == 2
    assert "oblimin" in wrong.err
    missing = satsuma("scale", "show", "openness", "--by", "contry", "-w", panel)
    assert "There is no trait 'contry'" in missing.err


def test_a_key_is_never_written_over_what_is_there(satsuma: Runner, panel: Path) -> None:
    before = {path: path.read_text(encoding="utf-8") for path in (panel / "traits").iterdir()}
    done = satsuma("scale", "key", "ipip-big-five", "-w", panel)
    assert done.code == 2
    assert "nothing was written" in done.err
    assert {path: path.read_text(encoding="utf-8") for path in (panel / "traits").iterdir()} == before


def test_a_key_says_which_files_it_wrote(satsuma: Runner, panel: Path, tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as shop:
        with (tmp_path / "p.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["customer_id", *(f"bf_{name}" for name in LETTERS)],
                                        ["c1", *[3] * 50], ["c2", *[4] * 50]])  # fmt: skip
        shop.load(tmp_path / "p.csv", kind="customers")
        names = sorted(name for name in shop.definitions().trait_types if name.endswith("e10"))
        path = shop.path
    prefix = names[0].removesuffix("e10")
    done = satsuma("scale", "key", "ipip-big-five", "--prefix", prefix, "-w", path)
    assert done.code == 0, done.err
    assert "Wrote traits/openness.yaml." in done.out
    assert satsuma("check", "-w", path).code == 0


def test_a_workspace_without_scales_says_what_one_is(satsuma: Runner, tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as shop:
        (tmp_path / "p.csv").write_text("customer_id,age\nc1,3\n", encoding="utf-8")
        shop.load(tmp_path / "p.csv", kind="customers")
        shop.run(as_of="2024-06-01")
        path = shop.path
    assert "There is no scale" in satsuma("scale", "list", "-w", path).out
    assert satsuma("scale", "factors", "-w", path).code == 2
