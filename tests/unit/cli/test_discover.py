"""`satsuma discover`: traits chosen with reasons, groups found or refused, and a definition that finds them again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from satsuma.catalog import COLUMN_TYPES, Catalog, TraitInfo, render_catalog
from small_shop import Shop

Runner = Callable[..., Any]

TRAITS = {
    "visits": TraitInfo(type="number", kind="behavioural"),
    "basket": TraitInfo(type="number", kind="value"),
    "basket_twice": TraitInfo(type="number", kind="value"),
    "channel": TraitInfo(type="text", kind="preference"),
    "town": TraitInfo(type="text", kind="geographic"),
    "noise": TraitInfo(type="number", kind="demographic"),
    "illness": TraitInfo(type="number", kind="behavioural", sensitive=True),
    "nickname": TraitInfo(type="text", personal_data="user.name"),
    "born": TraitInfo(type="date", kind="behavioural"),
}
CUSTOMERS = 240


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three planted groups, and a run."""
    rng = np.random.default_rng(5)
    group = rng.permutation(np.repeat([0, 1, 2], [120, 70, 50]))
    visits = np.array([2.0, 10.0, 18.0])[group] + rng.normal(0, 1, CUSTOMERS)
    basket = np.array([80.0, 20.0, 50.0])[group] + rng.normal(0, 4, CUSTOMERS)
    columns: dict[str, Any] = {
        "customer_no": np.arange(CUSTOMERS, dtype=np.uint32),
        "customer_id": [f"c{number:03}" for number in range(CUSTOMERS)],
        "visits": visits, "basket": basket, "basket_twice": 2 * basket + 1,
        "channel": np.array(["shop", "web", "web"])[group].tolist(),
        "town": rng.choice(["A", "B"], CUSTOMERS).tolist(), "noise": rng.normal(size=CUSTOMERS),
        "illness": rng.normal(size=CUSTOMERS), "nickname": [f"n{number}" for number in range(CUSTOMERS)],
        "born": np.full(CUSTOMERS, "1990-01-01", "datetime64[D]"),
    }  # fmt: skip
    with Shop(tmp_path_factory.mktemp("discover")) as shop:
        (shop.path / "catalog.yaml").write_text(render_catalog(Catalog(traits=TRAITS), ""), encoding="utf-8")
        for name, info in TRAITS.items():
            shop.engine.execute(f"ALTER TABLE customers ADD COLUMN {name} {COLUMN_TYPES[info.type]}")
        shop.engine.register("made", pa.table(columns))
        shop.engine.execute(f"INSERT INTO customers ({', '.join(columns)}) SELECT * FROM made")
        shop.engine.unregister("made")
        shop.write("segments/web", "where: {trait: channel, eq: web}")
        shop.run()
        return shop.path


def found(satsuma: Runner, ran: Path, *options: str) -> Any:
    done = satsuma("discover", "--groups", "3", *options, "--json", "-w", ran)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_traits_are_chosen_with_a_reason_each(satsuma: Runner, ran: Path) -> None:
    answer = found(satsuma, ran)
    traits = {item["name"]: item for item in answer["traits"]}
    assert [name for name, item in traits.items() if item["taken"]] == ["visits", "basket", "channel"]
    for name, said in (
        ("basket_twice", "goes along with 'basket'"), ("town", "geographic: describes the groups"),
        ("noise", "demographic: describes the groups"), ("illness", "sensitive"), ("nickname", "personal data"),
        ("born", "a date"), ("customer_id", "who it is"),
    ):  # fmt: skip
        assert said in traits[name]["reason"], name
    assert answer["choice"]["verdict"] == "natural"
    assert sorted(group["size"] for group in answer["groups"]) == [50, 70, 120]
    assert answer["customers"] == CUSTOMERS
    assert answer["others"] == 0


def test_people_say_which_traits_kinds_and_customers(satsuma: Runner, ran: Path) -> None:
    assert {item["name"] for item in found(satsuma, ran, "--traits", "visits,noise")["traits"]} == {"visits", "noise"}
    kinds = found(satsuma, ran, "--kinds", "value,demographic")
    assert {item["name"] for item in kinds["traits"] if item["taken"]} == {"basket", "noise"}
    among = found(satsuma, ran, "--among", "web", "--without", "channel", "--groups", "2")
    assert among["customers"] == 120
    assert sorted(group["size"] for group in among["groups"]) == [50, 70]
    allowed = found(satsuma, ran, "--traits", "visits,illness", "--allow-sensitive", "illness")
    assert all(item["taken"] for item in allowed["traits"])


def test_it_is_shown_with_its_verdict_and_can_be_kept_and_found_again(satsuma: Runner, ran: Path) -> None:
    done = satsuma("discover", "--groups", "3", "--save", "styles", "-w", ran)
    assert done.code == 0, done.err
    assert "There are natural groups here." in done.out
    assert "differs in" in done.out
    assert "segmentations/styles.yaml" in done.out
    assert "using: kmeans\ngroups: 3\n" in (ran / "segmentations" / "styles.yaml").read_text(encoding="utf-8")
    assert satsuma("run", "--as-of", "2024-07-01", "-w", ran).code == 0
    told = json.loads(satsuma("segmentation", "show", "styles", "--json", "-w", ran).out)
    assert [item["size"] for item in told["labels"]] == [120, 70, 50, 0]
    model = satsuma("model", "show", "styles", "-w", ran)
    assert "There are natural groups here." in model.out
    kept = json.loads(satsuma("model", "show", "styles", "--json", "-w", ran).out)
    assert kept["state"] == "natural groups"
    assert "encoding" not in kept
    again = satsuma("discover", "--groups", "3", "--save", "styles", "-w", ran)
    assert again.code != 0
    assert "'styles' already" in again.err
    (ran / "segmentations" / "styles.yaml").unlink()


def test_where_there_are_no_groups_it_says_so_and_writes_nothing(satsuma: Runner, ran: Path) -> None:
    done = satsuma("discover", "--traits", "noise", "--groups", "2-3", "--save", "none", "-w", ran)
    assert done.code == 0, done.err
    assert "no natural groups here" in done.out
    assert "Everybody is one group." in done.out
    assert "Nothing was written" in done.out
    assert not (ran / "segmentations" / "none.yaml").exists()


def test_other_methods_are_compared(satsuma: Runner, ran: Path) -> None:
    answer = found(satsuma, ran, "--traits", "visits,basket", "--compare")
    trials = {item["method"]: item for item in answer["compared"]}
    assert set(trials) == {"mixture", "classes", "prototypes", "factors", "density"}
    assert trials["mixture"]["agreement"] == pytest.approx(1.0)
    assert trials["prototypes"]["agreement"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--traits", "visit"], "visits"),
        (["--traits", "illness"], "--allow-sensitive illness"),
        (["--using", "kmean"], "not a way of finding groups"),
        (["--groups", "1"], "not a number of groups"),
        (["--groups", "many"], "not a number of groups"),
        (["--kinds", "value,nice"], "not a kind of trait"),
        (["--among", "webb"], "web"),
        (["--without", "visits,basket,channel,basket_twice", "--kinds", "value,behavioural"], "no trait to group"),
        (["--using", "mixture"], "groups by numbers alone"),
        (["--save", "Not A Name"], "is not a name"),
    ],
)
def test_mistakes_are_sentences(satsuma: Runner, ran: Path, options: list[str], said: str) -> None:
    done = satsuma("discover", *options, "-w", ran)
    assert done.code != 0
    assert said in done.err
    assert "Traceback" not in done.err
