"""From a file to segments, report and export: every command once, on data small enough to count by hand."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from satsuma import Workspace
from satsuma.cli.running import run

Runner = Callable[..., Any]

ORDERS = """\
Order ID,Order Date,Customer ID,SKU,Quantity,Unit Price
1,2025-01-05,anna,A,2,10
1,2025-01-05,anna,B,1,5.50
2,2025-02-05,anna,A,1,10
3,2025-02-10,bruno,A,1,10
4,2025-02-20,bruno,A,-1,10
5,2025-02-21,,B,1,5.50
6,not a date,carla,B,1,5.50
7,2025-03-01,=cmd|x,B,4,5.50
"""

CUSTOMERS = """\
Customer ID,Email,Country
anna,Anna@Example.org,FR
bruno,bruno@example.org,Germany
dora,dora@example.org,
"""

SEGMENTS = {
    "buyers": "segment: buyers\ntitle: Buyers\nwhere: {did: Order Completed}\n",
    "repeat": "segment: repeat\ntitle: Repeat buyers\nwhere: {did: Order Completed, count: {gte: 2}}\n",
    "not_repeat": "segment: not_repeat\ntitle: All others\nwhere: {not: {in_segment: repeat}}\n",
}

SEGMENTATION = """\
segmentation: activity
title: Activity
method: rules
rules:
  - {label: Repeat, where: {did: Order Completed, count: {gte: 2}}}
  - {label: Once, where: {did: Order Completed}}
otherwise: Never
"""

TRAIT = "trait: spend\ntitle: Spend\nkind: value\nfrom: {did: Order Completed, sum: {of: revenue}}\n"


def succeed(*arguments: str | Path) -> None:
    assert run([str(item) for item in arguments]) == 0, arguments


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two workspaces that tests take copies of: `loaded`, and `ran`, which has definitions and a run as well."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (folder / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    loaded, ran = folder / "loaded", folder / "ran"
    Workspace.create(loaded, timezone="Europe/Paris", currency="EUR").close()
    succeed("load", folder / "orders.csv", "--as", "order-lines", "-w", loaded)
    succeed("load", folder / "customers.csv", "--as", "customers", "-w", loaded)
    shutil.copytree(loaded, ran)
    for name, text in SEGMENTS.items():
        (ran / "segments" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (ran / "segmentations" / "activity.yaml").write_text(SEGMENTATION, encoding="utf-8")
    (ran / "traits" / "spend.yaml").write_text(TRAIT, encoding="utf-8")
    succeed("run", "--as-of", "2025-03-10", "-w", ran)
    return folder


@pytest.fixture
def loaded(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared / "loaded", tmp_path / "loaded"))


@pytest.fixture
def ran(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared / "ran", tmp_path / "ran"))


def test_a_load_answers_with_the_counts_of_its_contract(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    done = satsuma("load", tmp_path / "orders.csv", "--as", "order-lines", "-w", shop, "--json")
    assert done.code == 0, done.err
    answer = done.json
    counts = ("rows", "loaded", "unchanged", "updated", "quarantined", "anonymous")
    assert {key: answer[key] for key in counts} == {
        "rows": 8, "loaded": 7, "unchanged": 0, "updated": 0, "quarantined": 1, "anonymous": 1,
    }  # fmt: skip
    assert answer["classes"] == {"purchased": 5, "returned": 1, "free": 0, "anonymous": 1}
    assert answer["mapping"]["time"] == "Order Date"
    again = satsuma("load", tmp_path / "orders.csv", "--as", "order-lines", "-w", shop, "--json").json
    assert (again["loaded"], again["unchanged"], again["quarantined"]) == (0, 7, 1)


def test_a_dry_run_changes_nothing_and_saves_the_mapping(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    saved = tmp_path / "mapping.yaml"
    arguments = ["load", tmp_path / "orders.csv", "--as", "order-lines", "-w", shop]
    done = satsuma(*arguments, "--dry-run", "--save-mapping", saved)
    assert done.code == 0, done.err
    assert "nothing was changed" in done.out
    with Workspace.open(shop) as workspace:
        assert workspace.data_until() is None
        assert workspace.catalog.events == {}
        assert workspace.activity() == []
    used = satsuma(*arguments, "--mapping", saved, "--json")
    assert used.json["loaded"] == 7


def test_a_load_that_fails_names_the_columns_and_no_value(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Name,Note\nanna.lastname,secret-note\n", encoding="utf-8")
    done = satsuma("load", tmp_path / "x.csv", "--as", "order-lines", "-w", shop, "--json")
    assert done.code in (1, 2)
    assert "Note" in done.err
    assert "lastname" not in done.err
    assert "secret-note" not in done.err


def test_segments_are_listed_with_the_keys_of_the_contract(satsuma: Runner, ran: Path) -> None:
    rows = {item["name"]: item for item in satsuma("segment", "list", "-w", ran, "--json").json}
    assert set(rows) == {"buyers", "repeat", "not_repeat"}
    assert {"name", "title", "size", "share", "value", "as_of"} <= set(rows["repeat"])
    # The population: anna, bruno, the one with the odd name, and dora, who only has a record.
    assert (rows["repeat"]["size"], rows["repeat"]["share"], rows["repeat"]["value"]) == (1, 0.25, 35.5)
    assert (rows["buyers"]["size"], rows["buyers"]["value"]) == (3, 57.5)
    assert rows["repeat"]["size"] + rows["not_repeat"]["size"] == 4
    assert "Repeat buyers" in satsuma("segment", "list", "-w", ran).out


def test_members_are_ids_by_code_point(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "members", "buyers", "--ids", "-w", ran)
    assert done.out == "=cmd|x\nanna\nbruno\n"
    assert satsuma("segment", "members", "buyers", "--json", "-w", ran).json["size"] == 3
    short = satsuma("segment", "members", "buyers", "--limit", "1", "-w", ran)
    assert short.out == "=cmd|x\n"
    assert "2 more" in short.err


def test_an_unknown_name_is_answered_with_the_nearest(satsuma: Runner, ran: Path) -> None:
    for arguments in (["segment", "members", "buyer"], ["segmentation", "show", "activty"], ["trait", "show", "spnd"]):
        done = satsuma(*arguments, "-w", ran, "--json")
        assert done.code == 1
        assert done.error["code"] == "not_found"
        assert done.error["nearest"]


def test_a_preview_keeps_nothing(satsuma: Runner, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "french.yaml"
    file.write_text("segment: french\nwhere: {trait: country, eq: FR}\n", encoding="utf-8")
    done = satsuma("segment", "preview", file, "-w", ran, "--json")
    assert done.code == 0, done.err
    assert {key: done.json[key] for key in ("size", "share", "value")} == {"size": 1, "share": 0.25, "value": 35.5}
    assert len(satsuma("segment", "list", "-w", ran, "--json").json) == 3
    stream = io.TextIOWrapper(io.BytesIO(b"where: {did: Order Completed, count: {gte: 2}}"))
    monkeypatch.setattr("sys.stdin", stream)
    assert satsuma("segment", "preview", "-", "-w", ran, "--json").json["size"] == 1


def test_every_mistake_of_a_preview_is_named_with_its_line(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "segment: wrong\nwhere:\n  all:\n    - {trait: cuntry, eq: FR}\n    - {did: Order Complete}\n", encoding="utf-8"
    )
    done = satsuma("segment", "preview", file, "-w", ran, "--json")
    assert done.code == 1
    assert [(item["line"], item["nearest"][0]) for item in done.error["details"]] == [
        (4, "country"),
        (5, "Order Completed"),
    ]


def test_a_segment_is_explained_in_words(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "explain", "repeat", "-w", ran)
    assert done.code == 0, done.err
    assert "Order Completed" in done.out
    assert satsuma("segment", "show", "repeat", "-w", ran, "--json").json["size"] == 1
    assert "Repeat buyers" in satsuma("segment", "show", "repeat", "-w", ran).out


def test_a_segmentation_gives_everybody_one_label(satsuma: Runner, ran: Path) -> None:
    shown = satsuma("segmentation", "show", "activity", "-w", ran, "--json").json
    assert (shown["name"], shown["method"]) == ("activity", "rules")
    labels = {item["label"]: (item["size"], item["share"], item["value"]) for item in shown["labels"]}
    assert labels == {"Repeat": (1, 0.25, 35.5), "Once": (2, 0.5, 22.0), "Never": (1, 0.25, 0.0)}
    done = satsuma("segmentation", "show", "activity", "--assignments", "-w", ran)
    assert done.out == "customer_id,label\n=cmd|x,Once\nanna,Repeat\nbruno,Once\ndora,Never\n"
    assert [item["name"] for item in satsuma("segmentation", "list", "-w", ran, "--json").json] == ["activity"]
    assert "Once" in satsuma("segmentation", "show", "activity", "-w", ran).out


def test_a_trait_gives_everybody_one_value(satsuma: Runner, ran: Path) -> None:
    done = satsuma("trait", "show", "spend", "--values", "-w", ran)
    assert done.out == "customer_id,value\n=cmd|x,22\nanna,35.5\nbruno,10\ndora,0\n"
    names = {item["name"] for item in satsuma("trait", "list", "-w", ran, "--json").json}
    assert {"spend", "country", "email"} <= names
    assert satsuma("trait", "show", "country", "-w", ran).code == 0


def test_runs_are_listed_and_the_group_runs_by_itself(satsuma: Runner, ran: Path) -> None:
    [listed] = satsuma("run", "list", "-w", ran, "--json").json
    assert listed["as_of"] == "2025-03-09T23:00:00Z"
    assert listed["population"] == 4
    kinds = [item["kind"] for item in satsuma("activity", "-w", ran, "--json").json]
    assert kinds == ["run", "load", "load"]


def test_a_run_long_after_the_data_warns(satsuma: Runner, ran: Path) -> None:
    done = satsuma("run", "--as-of", "2025-06-01", "-w", ran, "--json")
    assert done.code == 0
    assert "days older than this run" in done.err
    assert "satsuma run --as-of 2025-03-01T00:00:00" in done.json["warnings"][0]
    assert "days older" not in satsuma("run", "--as-of", "2025-03-20", "-w", ran).err


def test_a_broken_definition_stops_the_run_and_keeps_the_last_one(satsuma: Runner, ran: Path) -> None:
    (ran / "segments" / "bad.yaml").write_text("segment: bad\nwhere: {did: Ordr Completed}\n", encoding="utf-8")
    for command in (["run"], ["check"]):
        done = satsuma(*command, "-w", ran, "--json")
        assert done.code == 1
        assert done.error["code"] == "definition"
        assert done.error["details"][0]["path"] == "segments/bad.yaml"
        assert done.error["details"][0]["line"] == 2
    assert len(satsuma("run", "list", "-w", ran, "--json").json) == 1
    assert len(satsuma("segment", "list", "-w", ran, "--json").json) == 3


def test_a_change_of_a_definition_is_in_the_ledger(satsuma: Runner, ran: Path) -> None:
    file = ran / "segments" / "repeat.yaml"
    file.write_text(SEGMENTS["repeat"].replace("gte: 2", "gte: 3"), encoding="utf-8")
    assert satsuma("run", "--as-of", "2025-03-10", "-w", ran).code == 0
    with Workspace.open(ran) as workspace:
        history = workspace.ledger.definition_history("segment", "repeat")
    assert [("gte: 2" in (item.text or "")) for item in history] == [True, False]


def test_an_export_is_safe_and_typed(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    done = satsuma("export", "buyers", "--to", tmp_path / "out.csv", "--traits", "email,spend", "-w", ran)
    assert done.code == 0, done.err
    assert "Personal data" in done.err
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["customer_id", "email", "spend"]
    assert [row[0] for row in rows[1:]] == ["'=cmd|x", "anna", "bruno"]
    assert rows[2][1] == "anna@example.org"
    assert satsuma("export", "buyers", "--to", tmp_path / "out.parquet", "-w", ran, "--json").json["customers"] == 3
    assert parquet.read_table(tmp_path / "out.parquet").column("customer_id").to_pylist() == ["=cmd|x", "anna", "bruno"]
    assert satsuma("export", "buyers", "--to", tmp_path / "out.xlsx", "-w", ran).code == 2
    assert satsuma("export", "buyers", "--to", tmp_path / "y.csv", "--traits", "emial", "-w", ran).code == 1
    assert not (tmp_path / "y.csv").exists()


def test_a_report_is_one_file(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    done = satsuma("report", "-o", tmp_path / "report.html", "-w", ran)
    assert done.code == 0, done.err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Repeat buyers" in page
    assert "anna@example.org" not in page


def test_what_is_suggested_can_be_run(satsuma: Runner, loaded: Path) -> None:
    dry = satsuma("suggest", "--dry-run", "-w", loaded, "--json").json
    assert dry
    assert not (loaded / dry[0]["path"]).exists()
    written = satsuma("suggest", "-w", loaded, "--json").json
    assert [item["path"] for item in written] == [item["path"] for item in dry]
    assert all((loaded / item["path"]).exists() for item in written)
    assert satsuma("suggest", "-w", loaded, "--json").json == []
    assert satsuma("check", "-w", loaded).code == 0
    done = satsuma("run", "--as-of", "2025-03-10", "-w", loaded, "--json")
    assert done.code == 0, done.err


def test_quality_and_quarantine_are_shown(satsuma: Runner, loaded: Path) -> None:
    assert satsuma("quality", "-w", loaded, "--json").json["sources"]
    assert "Unit Price" in satsuma("quality", "-w", loaded).out
    [group] = satsuma("quarantine", "list", "-w", loaded, "--json").json
    assert (group["load_id"], group["rows"]) == (1, 1)
    [row] = satsuma("quarantine", "show", "1", "-w", loaded, "--json").json
    assert row["row_no"] == 7
    assert row["raw"]["Order Date"] == "not a date"
    assert satsuma("quarantine", "show", "1", "-w", loaded).code == 0
    # The hint is a command that runs once its word in capitals is filled in.
    assert "'satsuma quarantine retry LOAD'" in satsuma("quarantine", "list", "-w", loaded).out
    again = satsuma("quarantine", "retry", "1", "-w", loaded, "--json")
    assert again.code == 0, again.err
    assert again.json["quarantined"] == 1
    assert satsuma("quarantine", "show", "99", "-w", loaded).code == 1


def test_a_run_of_nothing_says_how_to_get_something(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS, encoding="utf-8")
    assert satsuma("load", file, "--as", "order-lines", "-w", shop).code == 0
    assert "Next: satsuma suggest" in satsuma("run", "--as-of", "2025-03-02", "-w", shop).out
    assert satsuma("suggest", "-w", shop).code == 0
    assert "Next: satsuma report" in satsuma("run", "--as-of", "2025-03-02", "-w", shop).out


def test_bargain_hunters_had_a_discount(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    header = "Order ID,Order Date,Customer ID,SKU,Quantity,Unit Price,Discount\n"
    lines = [f"{who}{n},2025-01-0{n},{who},A,1,10,{1 if who == 'a' else 0}" for who in "abcdefghij" for n in (1, 2)]
    file = tmp_path / "orders.csv"
    file.write_text(header + "\n".join(lines), encoding="utf-8")
    assert satsuma("load", file, "--as", "order-lines", "-w", shop).code == 0
    assert satsuma("suggest", "-w", shop).code == 0
    assert satsuma("run", "--as-of", "2025-03-02", "-w", shop).code == 0
    # All who never had a discount are tied at the border of the best fifth.
    assert satsuma("segment", "members", "bargain_hunters", "--ids", "-w", shop).out.split() == ["a"]


def test_a_segment_in_python_reads_as_its_facts(satsuma: Runner, shop: Path, loaded: Path) -> None:
    with Workspace.open(loaded) as workspace:
        workspace.run(as_of="2025-03-02")
        assert "engine" not in repr([*workspace.segments(), *workspace.segmentations()])
