"""Backtest, diff, overlap, why, plan and state, as a person or a script asks for them."""

from __future__ import annotations

import csv
import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from satsuma import Workspace
from satsuma.cli.segment_backtest import sparkline
from small_shop import Shop

Runner = Callable[..., Any]


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A workspace with three customers, two segments and a run as of 1 July 2024."""
    with Shop(tmp_path) as shop:
        shop.customers(
            {"id": "ann", "first_seen": "2024-01-10", "country": "FR"},
            {"id": "bob", "first_seen": "2024-02-20", "country": "BE"},
            {"id": "cid", "first_seen": "2024-03-05"},
        )  # fmt: skip
        shop.order(0, "2024-01-10", 50, channel="web")
        shop.order(0, "2024-06-20", 25, channel="app")
        shop.order(1, "2024-02-20", 20)
        shop.write("segments/buyers", "where: {did: Order Completed}")
        shop.write("segments/recent", "title: Bought lately\nwhere: {did: Order Completed, within: 30d}")
        shop.run()
    return shop.path


def change(ran: Path) -> None:
    (ran / "segments" / "recent.yaml").write_text(
        "segment: recent\ntitle: Bought lately\nwhere: {did: Order Completed, within: 200d}\n", encoding="utf-8"
    )


# ----------------------------------------------------------------------------------------------------------- backtest


def test_a_backtest_draws_a_picture_and_a_table_of_days(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "backtest", "recent", "--from", "2024-01-01", "--to", "2024-03-31", "-w", ran)
    assert done.code == 0, done.err
    assert "Bought lately: ██   0 to 1 customer" in done.out
    assert "as of the end of" in done.out
    assert "29 Feb 2024" in done.out
    assert "€20.00" in done.out


def test_a_backtest_of_a_file_writes_json_or_csv(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    file = tmp_path / "try.yaml"
    file.write_text("where: {did: Order Completed}", encoding="utf-8")
    options = ("--from", "2024-01-31", "--to", "2024-02-29", "--every", "1 month", "-w", ran)
    done = satsuma("segment", "backtest", file, *options, "-o", tmp_path / "steps.csv", "--json")
    assert [step["size"] for step in done.json["steps"]] == [1, 2]
    assert done.json["steps"][0]["as_of"] == "2024-01-31T22:59:59.999999Z"
    with (tmp_path / "steps.csv").open(encoding="utf-8") as stream:
        assert [row["size"] for row in csv.DictReader(stream)] == ["1", "2"]
    assert satsuma("segment", "backtest", file, *options, "-o", tmp_path / "steps.doc").code == 2


def test_fixed_steps_show_moments(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "backtest", "recent", "--from", "2024-01-15T08:00", "--to", "2024-01-25", "--every", "7d",
                   "--with-all-data", "-w", ran)  # fmt: skip
    assert "22 Jan 2024, 08:00 (Europe/Paris)" in done.out
    assert "as of the end of" not in done.out


@pytest.mark.parametrize("every", ["fortnight", "0d"])
def test_a_step_that_is_none_is_wrong_use(satsuma: Runner, ran: Path, every: str) -> None:
    done = satsuma("segment", "backtest", "recent", "--from", "2024-01-01", "--every", every, "-w", ran, "--json")
    assert (done.code, done.error["code"]) == (2, "wrong_use")


def test_bars_rise_from_nothing_and_what_is_there_is_never_nothing() -> None:
    assert sparkline([0, 1, 500, 1000]) == " ▁▄█"
    assert sparkline([0, 0]) == "  "
    assert sparkline([]) == ""


# --------------------------------------------------------------------------------------------------------------- diff


def test_a_diff_of_two_segments_counts_and_never_shows_ids(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "diff", "buyers", "recent", "-w", ran)
    assert "only in buyers" in done.out
    assert "bob" not in done.out
    shape = satsuma("segment", "diff", "buyers", "recent", "-w", ran, "--json").json
    assert {part["part"]: part["size"] for part in shape["parts"]} == {"both": 1, "only_first": 1, "only_second": 0}


def test_a_diff_at_two_moments_tells_who_stays_leaves_and_enters(satsuma: Runner, ran: Path) -> None:
    arguments = ["segment", "diff", "buyers", "--at", "2024-02-01", "--at", "2024-06-01", "-w", ran]
    done = satsuma(*arguments)
    assert "1 of the 1 who entered were not there yet before." in done.out
    assert satsuma(*arguments, "--json").json["newcomers"] == 1


def test_two_segments_at_two_moments_are_two_answers(satsuma: Runner, ran: Path) -> None:
    shapes = satsuma("segment", "diff", "buyers", "recent", "--at", "2024-02-01", "--at", "2024-06-01", "-w", ran,
                     "--known-at-each", "--json").json  # fmt: skip
    assert [shape["first"]["size"] for shape in shapes] == [1, 2]
    assert shapes[0]["first"]["known_at"] == shapes[0]["first"]["as_of"]


def test_a_diff_of_a_changed_file_shows_lines_and_effect(satsuma: Runner, ran: Path) -> None:
    change(ran)
    done = satsuma("segment", "diff", "recent", "-w", ran)
    assert "- where: {did: Order Completed, within: 30d}" in done.out
    assert "+ where: {did: Order Completed, within: 200d}" in done.out
    assert "enter" in done.out
    shape = satsuma("segment", "diff", "recent", "-w", ran, "--json").json
    assert [(edit["name"], len(edit["lines"])) for edit in shape["edits"]] == [("recent", 2)]
    assert {part["part"]: part["size"] for part in shape["parts"]} == {"both": 1, "only_first": 0, "only_second": 1}


def test_ids_go_to_a_file_and_nowhere_else(satsuma: Runner, ran: Path, tmp_path: Path) -> None:
    done = satsuma("segment", "diff", "buyers", "recent", "--ids", "-o", tmp_path / "parts.csv", "-w", ran)
    assert "bob" not in done.out
    assert '"bob","only_first"' in (tmp_path / "parts.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["buyers", "--at", "2024-01-01"],
        ["buyers", "--at", "2024-01-01", "--at", "2024-02-01", "--at", "2024-03-01"],
        ["buyers", "recent", "--ids"],
        ["buyers", "recent", "-o", "x.csv"],
        ["buyers", "recent", "--at", "2024-01-01", "--at", "2024-02-01", "--ids", "-o", "x.csv"],
    ],
)
def test_a_diff_that_makes_no_sense_is_wrong_use(satsuma: Runner, ran: Path, arguments: list[str]) -> None:
    done = satsuma("segment", "diff", *arguments, "-w", ran, "--json")
    assert done.code == 2
    assert done.error["hint"]


def test_an_overlap_shows_pairs_and_those_in_all(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "overlap", "buyers", "recent", "-w", ran)
    assert "50.0 %" in done.out
    shape = satsuma("segment", "overlap", "-w", ran, "--json").json
    assert (shape["sizes"], shape["in_all"], shape["in_any"]) == ({"buyers": 2, "recent": 1}, 1, 2)


# ---------------------------------------------------------------------------------------------------------------- why


def test_why_shows_the_tree_with_the_customers_own_data(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "why", "recent", "--customer", "ann", "-w", ran)
    lines = done.out.splitlines()
    assert lines[0] == "ann is in 'recent' as of 1 Jul 2024, 00:00 (Europe/Paris)."
    assert lines[1] == "yes did 'Order Completed' at least once in the 30 days up to the moment"
    assert lines[2] == "    count = 1"
    assert lines[3] == "    20 Jun 2024, 02:00 (Europe/Paris) Order Completed"
    assert lines[4].startswith("Last change: entered at run 1")


def test_why_not_names_what_would_have_to_be_otherwise(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "why", "recent", "--customer", "bob", "-w", ran)
    assert "is not in" in done.out
    assert "To be in, this would have to be otherwise:" in done.out
    change(ran)
    assert (
        "The last run has the customer not in it"
        in satsuma("segment", "why", "recent", "--customer", "bob", "-w", ran).out
    )
    assert (
        "not in the population"
        in satsuma("segment", "why", "recent", "--customer", "bob", "--at", "2024-01-01", "-w", ran).out
    )


def test_why_in_json_and_its_record_of_access(satsuma: Runner, ran: Path) -> None:
    shape = satsuma("segment", "why", "recent", "--customer", "ann", "-w", ran, "--json").json
    assert (shape["is_member"], shape["tree"]["facts"], shape["last_change"]["cause"]) == (
        True, {"count": 1}, "definition",
    )  # fmt: skip
    shown = satsuma("activity", "-w", ran).out
    assert f"segment recent, customer_no 0, user {getpass.getuser()}" in shown


def test_an_id_with_control_characters_commands_no_terminal(satsuma: Runner, ran: Path) -> None:
    with Workspace.open(ran) as workspace:
        workspace.engine.execute("UPDATE customers SET customer_id = chr(27) || '[2J' WHERE customer_no = 0")
    done = satsuma("segment", "why", "recent", "--customer", "\x1b[2J", "-w", ran)
    assert done.code == 0
    assert "\x1b" not in done.out


def test_an_unknown_customer_is_a_sentence_without_the_id(satsuma: Runner, ran: Path) -> None:
    done = satsuma("segment", "why", "recent", "--customer", "secret-4711", "-w", ran, "--json")
    assert (done.code, done.error["code"]) == (1, "not_found")
    assert "4711" not in done.err


# ------------------------------------------------------------------------------------------------------ plan and state


def test_a_plan_shows_what_changed_definitions_would_do_and_a_dry_run_is_the_same(satsuma: Runner, ran: Path) -> None:
    assert "No definition is new" in satsuma("plan", "-w", ran).out
    change(ran)
    done = satsuma("plan", "-w", ran)
    assert "changed" in done.out
    assert "+ where: {did: Order Completed, within: 200d}" in done.out
    assert satsuma("run", "--dry-run", "-w", ran, "--json").json == satsuma("plan", "-w", ran, "--json").json
    assert len(satsuma("run", "list", "-w", ran, "--json").json) == 1


def test_a_dry_run_takes_no_moment_of_its_own(satsuma: Runner, ran: Path) -> None:
    assert satsuma("run", "--dry-run", "--as-of", "2024-01-01", "-w", ran).code == 2
    assert satsuma("run", "--dry-run", "list", "-w", ran).code == 2


def test_a_plan_shows_labels_and_traits(satsuma: Runner, ran: Path) -> None:
    (ran / "traits" / "spent.yaml").write_text("trait: spent\nfrom: {did: Order Completed}\n", encoding="utf-8")
    (ran / "segmentations" / "kind.yaml").write_text(
        "segmentation: kind\nmethod: rules\nrules:\n  - {label: many, where: {trait: spent, gte: 2}}\notherwise: few\n",
        encoding="utf-8",
    )
    done = satsuma("plan", "-w", ran)
    assert "segmentation kind: new, through spent" in done.out
    assert "trait spent: new" in done.out


def test_a_segment_shows_how_things_stand(satsuma: Runner, ran: Path) -> None:
    out = satsuma("segment", "show", "recent", "-w", ran).out
    for sentence in ("Fresh as of 1 Jul 2024, 00:00", "Last run: number 1", "1 entered, 0 left (definition 1)",
                     "Next due: not scheduled."):  # fmt: skip
        assert sentence in out
    change(ran)
    assert "was changed since the last run" in satsuma("segment", "show", "recent", "-w", ran).out
    state = satsuma("segment", "show", "recent", "-w", ran, "--json").json["state"]
    assert (state["definition"], state["is_current"], state["next_due"]) == ("changed", False, None)
    assert satsuma("segment", "list", "-w", ran, "--json").json[0]["state"]["last_run"]["run_id"] == 1


def test_a_failed_run_is_told_in_the_list_and_at_the_segment(satsuma: Runner, ran: Path) -> None:
    (ran / "segments" / "recent.yaml").write_text("segment: recent\nwhere: {did: Order Complete}\n", encoding="utf-8")
    assert satsuma("run", "-w", ran).code == 1
    listed = satsuma("segment", "list", "-w", ran)
    assert listed.code == 0
    assert "The last run failed" in listed.err
    assert "The definitions have mistakes" in listed.err
    assert "recent" in listed.out
    shown = satsuma("segment", "show", "recent", "-w", ran)
    assert shown.code == 0
    assert "(definition)" in shown.out
    assert "satsuma check" in shown.out


def test_a_segment_whose_file_is_gone_still_shows_its_last_state(satsuma: Runner, ran: Path) -> None:
    (ran / "segments" / "recent.yaml").unlink()
    shown = satsuma("segment", "show", "recent", "-w", ran)
    assert shown.code == 0
    assert "is gone since the last run" in shown.out
