"""Who uses a name and where, and the same files with another name."""

from __future__ import annotations

from typing import Any

import pytest

import random_worlds as worlds
from satsuma.errors import InUse, WrongUse
from satsuma.language.checker import Checked
from satsuma.language.renaming import refuse_if_used, refuse_name, renamed, uses
from satsuma.language.yaml_tree import scalar_spans
from small_world import checked, read

TEXTS = {
    "traits/spent": "trait: spent  # money\nfrom: {did: Order Completed, sum: {of: revenue}}\n",
    "traits/doubled": "trait: doubled\nformula: spent + max(spent, 2)  # spent\n",
    "segments/rich": "segment: rich\nwhere: {rank: 'spent', top: 10%, among: {segment: \"staff\"}}\n",
    "segments/staff": "segment: staff\nwhere: {trait: age, lt: {trait: spent}}\n",
    "segments/both": """\
segment: both
where:
  any:
    - in_segment: staff   # the staff
    - not: {not_in_segment: rich}
    - {entered: staff, within: 14d}
    - {trait: country, in: [staff, spent]}
""",
    "segmentations/stage": """\
segmentation: stage
method: rules
rules:
  - {label: staff, where: {in_segment: staff}}
  - {label: old, where: {trait: spent, gt: 3}}
""",
    "segmentations/bands": "segmentation: bands\nmethod: bands\ntrait: spent\nquantiles: 4\n",
    "segmentations/crossed": "segmentation: crossed\nmethod: cross\nof: [stage, bands]\n",
    "segments/first": "segment: first\nwhere: {segmentation: stage, is: staff}\n",
    "segments/guests": "segment: guests\nwhere: {list: guests}\n",
}


@pytest.fixture
def world() -> Checked:
    return checked(TEXTS, worlds.CATALOG, **worlds.NAMES)


def rename(world: Checked, kind: Any, old: str, new: str) -> dict[str, str]:
    """Return what changes, by file, and see that nothing uses the old name afterwards."""
    texts = {f"{path}.yaml": text for path, text in TEXTS.items()}
    changed = renamed(world, texts, kind, old, new)
    after: dict[str, Any] = {}
    for file, text in (texts | changed).items():
        path = file.removesuffix(".yaml")
        after[f"{kind}s/{new}" if path == f"{kind}s/{old}" else path] = text
    again = checked(after, worlds.CATALOG, **worlds.NAMES)
    assert uses(again, {}, kind, old) == []
    assert len(uses(again, {}, kind, new)) == len(uses(world, {}, kind, old))
    return changed


def test_a_trait_is_renamed_in_leaves_formulas_ranks_and_methods(world: Checked) -> None:
    changed = rename(world, "trait", "spent", "money")
    assert changed == {
        "traits/spent.yaml": TEXTS["traits/spent"].replace("trait: spent", "trait: money"),
        "traits/doubled.yaml": "trait: doubled\nformula: money + max(money, 2)  # spent\n",
        "segments/rich.yaml": TEXTS["segments/rich"].replace("'spent'", "money"),
        "segments/staff.yaml": "segment: staff\nwhere: {trait: age, lt: {trait: money}}\n",
        "segmentations/stage.yaml": TEXTS["segmentations/stage"].replace("spent", "money"),
        "segmentations/bands.yaml": TEXTS["segmentations/bands"].replace("spent", "money"),
    }


def test_a_segment_is_renamed_and_values_that_look_like_it_are_not(world: Checked) -> None:
    changed = rename(world, "segment", "staff", "team")
    assert set(changed) == {
        "segments/staff.yaml", "segments/rich.yaml", "segments/both.yaml", "segmentations/stage.yaml"
    }  # fmt: skip
    both = changed["segments/both.yaml"]
    assert "- in_segment: team   # the staff\n" in both
    assert "{entered: team, within: 14d}" in both
    assert "in: [staff, spent]" in both
    assert "{label: staff, where: {in_segment: team}}" in changed["segmentations/stage.yaml"]
    assert "among: {segment: team}" in changed["segments/rich.yaml"]


def test_a_segmentation_is_renamed_in_conditions_and_crosses(world: Checked) -> None:
    changed = rename(world, "segmentation", "stage", "phase")
    assert changed["segments/first.yaml"] == "segment: first\nwhere: {segmentation: phase, is: staff}\n"
    assert changed["segmentations/crossed.yaml"].endswith("of: [phase, bands]\n")


def test_a_name_that_yaml_takes_for_something_else_is_quoted(world: Checked) -> None:
    assert "segment: 'true'" in rename(world, "segment", "both", "true")["segments/both.yaml"]


def test_users_are_named_with_file_and_line(world: Checked) -> None:
    found = uses(world, read(TEXTS).documents, "segment", "staff")
    assert [(use.kind, use.name, use.path, use.line) for use in found] == [
        ("segmentation", "stage", "segmentations/stage.yaml", 4),
        ("segment", "both", "segments/both.yaml", 4),
        ("segment", "rich", "segments/rich.yaml", 2),
    ]


def test_what_is_used_is_not_let_go_of(world: Checked) -> None:
    with pytest.raises(InUse, match=r"segment 'guests' \(segments/guests.yaml:2\)") as caught:
        refuse_if_used(world, read(TEXTS).documents, "list", "guests")
    assert caught.value.as_dict()["error"]["users"][0]["name"] == "guests"
    refuse_if_used(world, {}, "segment", "both")


@pytest.mark.parametrize("name", ["Rich", "1st", "a-b", ""])
def test_a_new_name_must_be_one(world: Checked, name: str) -> None:
    with pytest.raises(WrongUse, match="is not a name"):
        refuse_name(world, "segment", name)


def test_a_new_name_must_be_free(world: Checked) -> None:
    with pytest.raises(WrongUse, match="There is a segment 'rich' already"):
        refuse_name(world, "segment", "rich")
    with pytest.raises(WrongUse, match="There is a trait 'country' already"):
        refuse_name(world, "trait", "country")
    refuse_name(world, "trait", "rich")


def test_spans_are_of_the_text_as_it_stands() -> None:
    text = "a: {b: 'x y', c: [é, \"d\"]}\n"
    spans = scalar_spans(text)
    assert {path: text[span.start : span.end] for path, span in spans.items()} == {
        ("a", "b"): "'x y'", ("a", "c", 0): "é", ("a", "c", 1): '"d"'
    }  # fmt: skip
