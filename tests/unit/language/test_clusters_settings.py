"""`method: clusters`: what its settings mean, and what is said about mistakes in them."""

from __future__ import annotations

from typing import Any

import pytest

from satsuma.catalog import Catalog, TraitInfo
from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked
from satsuma.language.explain import explain
from satsuma.language.lineage import lineage
from satsuma.language.standard_methods.clusters import DEFAULT_SAMPLE, GROUPS, CarryOver
from satsuma.language.types import Segmentation
from small_world import checked

CATALOG = Catalog(
    traits={
        "orders": TraitInfo(type="integer"),
        "joined": TraitInfo(type="date"),
        "tags": TraitInfo(type="list"),
        "faith": TraitInfo(type="text", sensitive=True),
        "tithe": TraitInfo(type="money", sensitive=True),
    }
)


def definitions(text: str, **others: Any) -> Checked:
    return checked({"segmentations/s": f"segmentation: s\nmethod: clusters\n{text}", **others}, CATALOG)


def settings(text: str) -> Any:
    return definitions(text).of(Segmentation)["s"].settings


def test_what_is_not_said_has_a_default() -> None:
    found = settings("traits: [orders, joined]")
    assert found.traits == ("orders", "joined")
    assert found.ages == ("joined",)
    assert (found.groups, found.using, found.sample, found.seed) == (GROUPS, "auto", DEFAULT_SAMPLE, 1)
    assert found.at_least is found.carry_over is found.among is found.refit_every is None


def test_everything_that_can_be_said_is_kept() -> None:
    text = (
        "traits: [orders]\nusing: mixture\ngroups: {from: 3, to: 5}\nnames: {High orders: Regulars}\nat_least: 60%\n"
        "carry_over: {traits: [joined], at_least: 0.7}\nsample: 1000\nseed: 7\nrefit_every: 90d\nmissing: None\n"
        "unclear: In between\nothers: Rest\n"
    )
    found = settings(text)
    assert (found.using, found.groups, found.names) == ("mixture", (3, 5), (("High orders", "Regulars"),))
    assert (found.at_least, found.carry_over) == (0.6, CarryOver(traits=("joined",), at_least=0.7))
    assert found.refit_every == 90 * 86_400_000_000
    assert settings("traits: [orders]\ngroups: 4").groups == (4, 4)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("groups: 4", None, "needs 'traits:'"),
        ("traits: orders", 3, "a list of texts"),
        ("traits: [ordrs]", 3, "no trait 'ordrs'"),
        ("traits: [orders, orders]", 3, "more than once"),
        ("traits: [tags]", 3, "cannot be grouped by a list"),
        ("traits: [faith]", 3, "allow_sensitive: [faith]"),
        ("traits: [orders]\ngroups: 1", 4, "from 2 to 30"),
        ("traits: [orders]\ngroups: {from: 5, to: 3}", 4, "from 2 to 30"),
        ("traits: [orders]\ngroups: true", 4, "from 2 to 30"),
        ("traits: [orders]\nusing: kmean", 4, "kmeans"),
        ("traits: [orders]\nkmeans: 4", 4, "not a setting of the method 'clusters'"),
        ("traits: [orders]\namong: buyers", 4, "{segment: its_name}"),
        ("traits: [orders]\namong: {segment: buyers}", 4, "no segment 'buyers'"),
        ("traits: [orders]\nnames: [a, b]", 4, "'names'"),
        ("traits: [orders]\nnames: {a: x, b: x}", 4, "given more than once"),
        ("traits: [orders]\nat_least: 60", 4, "a share above 0 and up to 1"),
        ("traits: [orders]\ncarry_over: {at_least: 60%}", 4, "needs 'traits:'"),
        ("traits: [orders]\ncarry_over: {traits: [faith]}", 4, "allow_sensitive: [faith]"),
        ("traits: [orders]\ncarry_over: {trait: joined}", 4, "is not known in 'carry_over'"),
        ("traits: [orders]\nsample: 10", 4, "500"),
        ("traits: [orders]\nrefit_every: 1h", 4, "at least a day"),
        ("traits: [orders]\nmissing: Unclear", None, "more than once"),
    ],
)
def test_a_mistake_is_said_with_its_line(text: str, line: int | None, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        definitions(text)
    found = [problem for problem in caught.value.details if said in problem.message or said in problem.nearest]
    assert found, [problem.message for problem in caught.value.details]
    if line is not None:
        assert found[0].line == line


def test_what_comes_from_sensitive_data_must_be_allowed() -> None:
    trait = {"traits/gives": {"formula": "tithe / orders"}}
    with pytest.raises(DefinitionError, match=r"allow_sensitive: \[gives\]"):
        definitions("traits: [gives]", **trait)
    found = definitions("traits: [gives]\nallow_sensitive: [gives]", **trait)
    assert lineage(found, "segmentation", "s") == {("trait", "gives"), ("trait", "tithe"), ("trait", "orders")}


def test_it_explains_itself() -> None:
    found = definitions("traits: [orders]\ngroups: 3\ncarry_over: {traits: [joined]}\nat_least: 60%")
    said = explain(found.of(Segmentation)["s"], found)
    assert "3 groups" in said
    assert "below 60%" in said
    assert "joined foretell" in said
