"""What the methods of segmentations say about mistakes, and what their settings mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.errors import DefinitionError, Problem
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all, read_folder
from satsuma.language.methods import METHODS
from satsuma.language.types import Segmentation
from small_world import checked

CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"),
        "age": TraitInfo(type="integer"),
        "spend": TraitInfo(type="money"),
        "score": TraitInfo(type="number"),
        "birthday": TraitInfo(type="date"),
        "is_member": TraitInfo(type="boolean"),
        "tags": TraitInfo(type="list"),
    },
    events={
        "Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")}, aliases={"umsatz": "revenue"}),
        "Product Purchased": EventInfo(
            properties={"category": PropertyInfo(type="text"), "weight": PropertyInfo(type="number")}
        ),
    },
)


def problems(text: str) -> tuple[Problem, ...]:
    """Return the mistakes of one segmentation named `s`."""
    with pytest.raises(DefinitionError) as caught:
        checked({"segmentations/s": f"segmentation: s\n{text}"}, CATALOG)
    return caught.value.details


def settings(text: str) -> Any:
    definitions: Checked = checked({"segmentations/s": f"segmentation: s\n{text}"}, CATALOG)
    return definitions.of(Segmentation)["s"].settings


def labels(text: str) -> tuple[str, ...] | None:
    definitions: Checked = checked({"segmentations/s": f"segmentation: s\n{text}"}, CATALOG)
    found = definitions.of(Segmentation)["s"]
    return METHODS[found.method].labels(found.settings)


MISTAKES = [
    # bands
    ("method: bnds\n", 2, "'bnds' is not a method", ("bands",)),
    ("method: bands\ncuts: [1]\n", None, "needs 'trait:'", ()),
    ("method: bands\ntrait: agee\ncuts: [1]\n", 3, "no trait 'agee'", ("age",)),
    ("method: bands\ntrait: age\n", None, "exactly one of", ()),
    ("method: bands\ntrait: age\ncuts: [1]\nquantiles: 4\n", None, "cuts and quantiles", ()),
    ("method: bands\ntrait: age\ncuts: 25\n", 4, "ascending order", ()),
    ("method: bands\ntrait: age\ncuts: [45, 25]\n", 4, "must ascend", ()),
    ("method: bands\ntrait: age\ncuts: [x, 25]\n", 4, "not a number", ()),
    ("method: bands\ntrait: country\ncuts: [1, 2]\n", 4, "which is a text", ()),
    ("method: bands\ntrait: country\nquantiles: 4\n", 4, "which is a text", ()),
    ("method: bands\ntrait: tags\nvalues: all\n", 4, "which is a list", ()),
    ("method: bands\ntrait: age\nquantiles: 1\n", 4, "from 2 to 100", ()),
    ("method: bands\ntrait: age\ncuts: [25]\nlabels: [Young]\n", 5, "2 bands and 1 labels", ()),
    ("method: bands\ntrait: age\ncuts: [25]\nlabels: [A, A]\n", 5, "more than once: 'A'", ()),
    ("method: bands\ntrait: age\ncuts: [25]\notherwise: Rest\n", 5, "no meaning together", ()),
    ("method: bands\ntrait: age\ncuts: [25]\nmising: X\n", 5, "not a setting", ("missing",)),
    ("method: bands\ntrait: country\nvalues: {A: [FR], B: [FR, BE]}\n", 4, "in 'A' and in 'B'", ()),
    ("method: bands\ntrait: country\nvalues: {A: []}\n", 4, "needs a list", ()),
    ("method: bands\ntrait: is_member\nvalues: {A: [yes]}\n", 4, "yes or no", ()),
    ("method: bands\ntrait: country\nvalues: [FR, Other]\n", 4, "more than once: 'Other'", ()),
    # rules
    ("method: rules\n", None, "needs 'rules:'", ()),
    ("method: rules\nrules:\n  - {label: A}\n", 4, "needs 'where:'", ()),
    ("method: rules\nrules:\n  - {where: {trait: age, gt: 3}}\n", 4, "needs 'label:'", ()),
    ("method: rules\nrules:\n  - {label: A, wher: {trait: age, gt: 3}}\n", 4, "'wher' is not known", ("where",)),
    ("method: rules\nrules:\n  - {label: A, where: {trait: aeg, gt: 3}}\n", 4, "no trait 'aeg'", ("age",)),
    ("method: rules\nrules:\n  - {label: A, where: {trait: age, gt: x}}\n", 4, "not a number", ()),
    ("method: rules\nrules:\n  - {label: Other, where: {trait: age, gt: 3}}\n", 3, "more than once", ()),
    # rfm
    ("method: rfm\nevent: Order Complete\n", 3, "no event 'Order Complete'", ("Order Completed",)),
    ("method: rfm\nvalue: revenu\n", 3, "no property 'revenu'", ("revenue",)),
    ("method: rfm\nvalue: order_id\n", 3, "needs numbers", ()),
    ("method: rfm\nwindow: 2 months\n", 3, "a duration such as", ()),
    ("method: rfm\nscores: 12\n", 3, "from 2 to 9", ()),
    ("method: rfm\nscores: 4\n", 3, "made for 5 scores", ()),
    ("method: rfm\nscoring: ranks\n", 3, "'ranks' is not a scoring", ("rank",)),
    ("method: rfm\nscoring: thresholds\n", None, "4 ascending numbers for each of", ()),
    (
        "method: rfm\nthresholds: {recency: [1, 2, 3, 4], frequency: [4, 3, 2, 1], monetary: [1, 2, 3, 4]}\n",
        3, "'frequency' does not", (),
    ),
    ("method: rfm\nscoring: rank\nthresholds: {recency: [1]}\n", 4, "'thresholds' are for", ()),
    ("method: rfm\nmap: rf11\n", 3, "'map' is one of", ("rfm11", "rf10")),
    ("method: rfm\nmap: [{label: Gone, recency: 1}]\n", 3, "'map' is one of", ()),
    ("method: rfm\nmap: rf10\nmap_file: own\n", 4, "not both", ()),
    ("method: rfm\nmap_file: own\n", 3, "only be read in a workspace", ()),
    ("method: rfm\nmap: {Stars: [R4-5 F4-6], Rest: [R1 F1]}\n", 3, "'R4-5 F4-6' is not a cell", ()),
    ("method: rfm\notherwise: Champions\n", 3, "more than once: 'Champions'", ()),
    # lifecycle
    ("method: lifecycle\nlapsed_after: 1\n", 3, "must be above 'slipping_after'", ()),
    ("method: lifecycle\nweight: 0\n", 3, "above 0", ()),
    ("method: lifecycle\nshortest: 7\n", 3, "a duration such as", ()),
    ("method: lifecycle\nslipping: 2\n", 3, "not a setting", ("slipping_after",)),
    # affinity
    ("method: affinity\n", None, "needs 'of:'", ()),
    ("method: affinity\nof: categry\n", 3, "no property 'categry'", ("category",)),
    ("method: affinity\nof: weight\n", 3, "is a number", ()),
    ("method: affinity\nof: category\nby: category\n", 4, "'by' is count, or", ()),
    ("method: affinity\nof: category\nindex: 90\n", 4, "above 100", ()),
    # cross
    ("method: cross\nof: [other]\n", 3, "two to four", ()),
    ("method: cross\nof: [oter, another]\n", 3, "no segmentation 'oter'", ()),
    ("method: cross\nof: both\n", 3, "list of texts", ()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message", "near"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_reported_with_its_line_and_the_nearest_name(
    text: str, line: int | None, message: str, near: tuple[str, ...]
) -> None:
    found = [problem for problem in problems(text) if message in problem.message]
    assert found, [str(problem) for problem in problems(text)]
    assert found[0].path == "segmentations/s.yaml"
    assert line is None or found[0].line == line
    assert set(near) <= set(found[0].nearest)


def test_all_mistakes_of_a_definition_are_reported_together() -> None:
    text = "method: rfm\nvalu: revenue\nscores: 1\nscoring: best\nwindow: soon\n"
    assert [problem.line for problem in problems(text)] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("trait: age\ncuts: [25, 45, 46]", ("Under 25", "25 to 44", "45", "46 and over", "Unknown")),
        ("trait: spend\ncuts: [25, 45]", ("Under 25", "25 to under 45", "45 and over", "Unknown")),
        ("trait: age\ncuts: [25.5]", ("Under 25.5", "25.5 and over", "Unknown")),
        ("trait: birthday\ncuts: [1990-01-01]", ("Before 1990-01-01", "1990-01-01 and later", "Unknown")),
        ("trait: age\ncuts: [40]\nlabels: [Young, Old]\nmissing: '?'", ("Young", "Old", "?")),
        ("trait: score\nquantiles: 3", ("1 of 3 (lowest)", "2 of 3", "3 of 3 (highest)", "Unknown")),
        ("trait: country\nvalues: [FR, BE]", ("FR", "BE", "Other", "Unknown")),
        ("trait: country\nvalues: {Home: FR, Near: [BE, DE]}\notherwise: Far", ("Home", "Near", "Far", "Unknown")),
        ("trait: country\nvalues: all", None),
    ],
)
def test_bands_know_their_labels(text: str, names: tuple[str, ...] | None) -> None:
    assert labels(f"method: bands\n{text}\n") == names


def test_a_segment_may_only_ask_for_labels_that_there_are() -> None:
    texts = {
        "segmentations/ages": "segmentation: ages\nmethod: bands\ntrait: age\ncuts: [25, 45]\n",
        "segments/a": "segment: a\nwhere: {segmentation: ages, is: 25 to 44}\n",
    }
    assert checked(texts, CATALOG)
    texts["segments/b"] = "segment: b\nwhere: {segmentation: ages, is: 25 to 45}\n"
    with pytest.raises(DefinitionError) as caught:
        checked(texts, CATALOG)
    assert "no label '25 to 45'" in caught.value.message
    assert caught.value.details[0].nearest[0] == "25 to 44"


def test_a_map_with_gaps_and_overlaps_names_every_cell() -> None:
    found = problems("method: rfm\nscores: 2\nmap:\n  A: [R2 F1-2]\n  B: ['22', '11']\n")
    assert [problem.message for problem in found] == [
        "The map leaves 1 cell without a name (RF): 12.",
        "The map gives 1 cell several names: 22 (A, B).",
    ]
    assert found[0].line == 4


def test_a_map_may_use_money_for_some_cells_only() -> None:
    text = "method: rfm\nscores: 2\nmap:\n  Top: [R2 F2 M2]\n  Rest: ['221', R1 F1-2, '21']\n"
    assert settings(text).map.cells() == {
        "Top": ("222",), "Rest": ("111", "112", "121", "122", "211", "212", "221"),
    }  # fmt: skip


def test_a_cell_without_quotes_is_a_cell() -> None:
    assert settings("method: rfm\nscores: 2\nmap: {A: [11, 12], B: [21, 22]}\n").map.grid == (0, 0, 1, 1)


def test_an_alias_of_a_property_becomes_the_property() -> None:
    assert settings("method: rfm\nvalue: umsatz\n").value == "revenue"


def test_thresholds_of_recency_may_be_durations() -> None:
    text = "method: rfm\nscores: 3\nmap: {A: [R1-3 F1-3]}\n"
    text += "thresholds: {recency: [30d, 1y], frequency: [2, 5], monetary: [10, 99.5]}\n"
    assert settings(text).thresholds == ((30.0, 365.0), (2.0, 5.0), (10.0, 99.5))
    assert settings(text).scoring == "thresholds"


def workspace_of(tmp_path: Path, map_text: str | None, name: str = "own") -> Any:
    (tmp_path / "segmentations" / "maps").mkdir(parents=True, exist_ok=True)
    (tmp_path / "segmentations" / "rfm.yaml").write_text(
        f"segmentation: rfm\nmethod: rfm\nscores: 2\nmap_file: {name}\n", encoding="utf-8"
    )
    if map_text is not None:
        (tmp_path / "segmentations" / "maps" / "own.yaml").write_text(map_text, encoding="utf-8")
    zone = ZoneInfo("UTC")
    return check_all(read_folder(tmp_path, zone), Vocabulary(catalog=CATALOG, zone=zone))


def test_a_map_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    found = workspace_of(tmp_path, "A: [R2 F1-2]\nB: [R1 F1-2]\n")
    assert found.of(Segmentation)["rfm"].settings.map.names == ("A", "B")


def test_a_changed_map_file_changes_the_meaning_of_the_segmentation(tmp_path: Path) -> None:
    key = ("segmentation", "rfm")
    first = workspace_of(tmp_path, "A: [R2 F1-2]\nB: [R1 F1-2]\n").digests[key]
    assert workspace_of(tmp_path, "# the same\nA: [R2 F1-2]\nB: [R1 F1-2]\n").digests[key] == first
    assert workspace_of(tmp_path, "A: [R2 F1-2, '12']\nB: ['11']\n").digests[key] != first


def test_mistakes_in_a_map_file_carry_the_files_name_and_line(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        workspace_of(tmp_path, "A: [R2 F1-2]\nB: [R1 F3]\n")
    (problem,) = caught.value.details
    assert (problem.path, problem.line) == ("segmentations/maps/own.yaml", 2)


def test_a_map_file_that_is_not_there_is_reported_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        workspace_of(tmp_path, "A: [R1-2 F1-2]\n", name="onw")
    (problem,) = caught.value.details
    assert (problem.line, problem.nearest) == (4, ("own",))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_explains_itself(method: str) -> None:
    own = {
        "bands": "trait: age\ncuts: [25]\n",
        "rules": "rules: [{label: A, where: {trait: age, gt: 3}}]\n",
        "rfm": "window: 2y\n",
        "lifecycle": "",
        "affinity": "of: category\n",
        "value": "trait: age\nshares: [20%, 50%]\n",
        "prediction": "trait: age\ngain: {value: age, effect: 10%, cost: 2}\n",
        "cross": "of: [a, b]\n",
        "clusters": "traits: [age]\n",
    }[method]
    texts = {
        "segmentations/s": f"segmentation: s\nmethod: {method}\n{own}",
        "segmentations/a": "segmentation: a\nmethod: lifecycle\n",
        "segmentations/b": "segmentation: b\nmethod: lifecycle\n",
    }
    found = checked(texts, CATALOG).of(Segmentation)["s"]
    sentences = list(METHODS[method].explain(found.settings))
    assert sentences
    assert all(sentence.endswith(".") for sentence in sentences)
    hash(found)
