"""schema, fmt and lint, as a person or a script asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from satsuma import Workspace
from small_shop import Shop

Runner = Callable[..., Any]

UNTIDY = """\
# who to thank
where:   {within: 2w, did: 'Order Completed'} # lately
segment: recent
"""

TIDY = """\
# who to thank
segment: recent
where: {did: Order Completed, within: 14d}  # lately
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with two customers and an order of each, and nothing defined."""
    with Shop(tmp_path) as shop:
        shop.customers({"id": "ann", "country": "FR"}, {"id": "bob"})
        shop.order(0, "2024-06-20", 25)
        shop.order(1, "2024-01-20", 25)
    return shop.path


def write(shop: Path, text: str, name: str = "segments/recent") -> Path:
    path = shop / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------------------- schema


def test_the_schema_knows_the_names_of_the_workspace(satsuma: Runner, shop: Path) -> None:
    write(shop, TIDY)
    done = satsuma("schema", "--kind", "segment", "-w", shop)
    assert done.code == 0
    validator = jsonschema.Draft202012Validator(done.json)
    assert validator.is_valid({"segment": "x", "where": {"trait": "country", "eq": "FR"}})
    assert validator.is_valid({"segment": "x", "where": {"in_segment": "recent"}})
    assert not validator.is_valid({"segment": "x", "where": {"in_segment": "rcent"}})
    assert not validator.is_valid({"segment": "x", "where": {"trait": "nobody_has_this", "eq": "FR"}})
    assert not validator.is_valid({"segment": "x", "where": {"did": "Never Seen"}})
    assert not validator.is_valid({"trait": "x", "kind": "value", "from": {"did": "Order Completed", "count": {}}})


def test_without_a_workspace_the_schema_takes_any_name(
    satsuma: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = satsuma("schema")
    validator = jsonschema.Draft202012Validator(done.json)
    assert validator.is_valid({"segment": "x", "where": {"trait": "nobody_has_this", "eq": "FR"}})
    assert not validator.is_valid({"segment": "x", "where": {"trait": "nobody_has_this", "equals": "FR"}})


def test_the_schema_goes_to_a_file_with_the_line_that_names_it(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "satsuma.schema.json"
    done = satsuma("schema", "-o", file, "-w", shop)
    assert done.code == 0
    assert f"# yaml-language-server: $schema={file}" in done.out.replace("\n", "")
    assert file.read_text(encoding="utf-8") == satsuma("schema", "-w", shop).out
    assert satsuma("schema", "-o", file, "-w", shop, "--json").json == {"path": str(file)}


def test_a_kind_that_is_none_is_answered_with_the_nearest(satsuma: Runner, shop: Path) -> None:
    done = satsuma("schema", "--kind", "segmentations", "-w", shop, "--json")
    assert done.code == 2
    assert done.error["nearest"][0] == "segmentation"


# ---------------------------------------------------------------------------------------------------------------- fmt


def test_fmt_brings_every_definition_to_the_one_spelling(satsuma: Runner, shop: Path) -> None:
    path = write(shop, UNTIDY)
    done = satsuma("fmt", "-w", shop)
    assert done.code == 0
    assert "segments/recent.yaml was changed." in done.out
    assert "1 file changed, 0 in the one spelling already, 0 left alone." in done.out
    assert path.read_text(encoding="utf-8") == TIDY
    again = satsuma("fmt", "-w", shop)
    assert "0 files changed, 1 in the one spelling already" in again.out


def test_check_and_diff_change_nothing(satsuma: Runner, shop: Path) -> None:
    path = write(shop, UNTIDY)
    checked = satsuma("fmt", "--check", "-w", shop)
    assert checked.code == 1
    assert "segments/recent.yaml would change." in checked.out
    assert "1 file would change" in checked.out
    shown = satsuma("fmt", "--diff", "-w", shop)
    assert shown.code == 0
    assert "+where: {did: Order Completed, within: 14d}  # lately" in shown.out
    assert "-where:   {within: 2w" in shown.out
    assert path.read_text(encoding="utf-8") == UNTIDY
    write(shop, TIDY)
    assert satsuma("fmt", "--check", "-w", shop).code == 0
    assert satsuma("fmt", "--diff", "-w", shop).out == ""


def test_only_the_named_files_are_brought_into_order(satsuma: Runner, shop: Path) -> None:
    path, other = write(shop, UNTIDY), write(shop, UNTIDY.replace("recent", "other"), "segments/other")
    done = satsuma("fmt", other, "-w", shop, "--json")
    assert [(item["path"], item["changed"]) for item in done.json] == [("segments/other.yaml", True)]
    assert path.read_text(encoding="utf-8") == UNTIDY
    assert other.read_text(encoding="utf-8") == TIDY.replace("recent", "other")


def test_a_file_with_a_mistake_is_left_alone_and_named(satsuma: Runner, shop: Path) -> None:
    broken = UNTIDY.replace("within: 2w", "withn: 2w")
    path, right = write(shop, broken), write(shop, UNTIDY.replace("recent", "right"), "segments/right")
    done = satsuma("fmt", "-w", shop)
    assert done.code == 1
    assert "Left alone: segments/recent.yaml:2" in done.err.replace("\n", "")
    assert "1 file changed, 0 in the one spelling already, 1 left alone." in done.out
    assert path.read_text(encoding="utf-8") == broken
    assert right.read_text(encoding="utf-8") == TIDY.replace("recent", "right")


def test_fmt_of_nothing_says_what_to_do(satsuma: Runner, shop: Path) -> None:
    done = satsuma("fmt", "-w", shop)
    assert done.code == 0
    assert "satsuma suggest" in done.out


def test_formatting_makes_no_result_outdated(satsuma: Runner, shop: Path) -> None:
    write(shop, UNTIDY)
    assert satsuma("run", "--as-of", "2024-07-01", "-w", shop).code == 0
    assert satsuma("fmt", "-w", shop).code == 0
    with Workspace.open(shop) as workspace:
        assert list(workspace.outdated()) == []
    write(shop, TIDY.replace("14d", "15d"))
    with Workspace.open(shop) as workspace:
        assert list(workspace.outdated()) == ["recent"]


# --------------------------------------------------------------------------------------------------------------- lint


def test_lint_says_what_is_doubtful_where_and_what_to_do(satsuma: Runner, shop: Path) -> None:
    write(shop, "segment: recent\nwhere:\n  all:\n    - {trait: points, gt: 5}\n    - {trait: points, lt: 3}\n")
    done = satsuma("lint", "-w", shop)
    assert done.code == 0
    assert "segments/recent.yaml:5: warning:" in done.out.replace("\n", "")
    assert "[always-false]" in done.out.replace("\n", "")
    assert "1 warning, 0 remarks." in done.out
    assert satsuma("lint", "--check", "-w", shop).code == 1


def test_lint_in_json_has_each_finding_whole(satsuma: Runner, shop: Path) -> None:
    write(shop, "segment: recent\nwhere: {did: Order Completed, count: {gte: 0}}\n")
    [finding] = satsuma("lint", "--json", "-w", shop).json
    assert set(finding) == {"code", "level", "path", "line", "message", "hint"}
    assert (finding["code"], finding["path"], finding["line"]) == ("always-true", "segments/recent.yaml", 2)


def test_lint_with_nothing_to_say_says_so(satsuma: Runner, shop: Path) -> None:
    write(shop, TIDY)
    done = satsuma("lint", "--check", "-w", shop)
    assert done.code == 0
    assert done.out == "There is nothing to point out.\n"
    assert satsuma("lint", "--json", "-w", shop).json == []


def test_remarks_alone_do_not_fail_a_check(satsuma: Runner, shop: Path) -> None:
    write(shop, TIDY)
    (shop / "lists" / "friends.txt").write_text("ann\n", encoding="utf-8")
    done = satsuma("lint", "--check", "-w", shop)
    assert done.code == 0
    assert "[unused]" in done.out.replace("\n", "")
    assert "0 warnings, 1 remark." in done.out


def test_what_is_wrong_comes_before_what_is_doubtful(satsuma: Runner, shop: Path) -> None:
    write(shop, "segment: recent\nwhere: {trait: point, gt: 5}\n")
    done = satsuma("lint", "--json", "-w", shop)
    assert done.code == 1
    assert done.error["code"] == "definition"


def test_what_was_exported_is_not_unused(satsuma: Runner, shop: Path, tmp_path: Path) -> None:
    write(shop, TIDY)
    write(shop, "trait: purchases\nkind: value\nfrom: {did: Order Completed, count: {}}\n", "traits/purchases")
    assert [item["code"] for item in satsuma("lint", "--json", "-w", shop).json] == ["unused"]
    assert satsuma("run", "--as-of", "2024-07-01", "-w", shop).code == 0
    assert satsuma("export", "recent", "--to", tmp_path / "r.csv", "--traits", "purchases", "-w", shop).code == 0
    assert [item["code"] for item in satsuma("lint", "--json", "-w", shop).json] == ["too-small"]
