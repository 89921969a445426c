"""Groups become files that run, and those files take in exactly whom the arrays say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from satsuma.catalog import Catalog, TraitInfo, ValueType, render_catalog
from satsuma.discovery.rule_traits import RuleTrait, condition_of, leaf, rule_trait
from satsuma.discovery.rules import RuleSet, definition_name, rules_of
from satsuma.engines.duckdb import literal
from satsuma.errors import WrongUse
from satsuma.evaluation.columns import Column
from satsuma.language.durations import microseconds
from satsuma.language.format import formatted
from satsuma.language.moments import Moment
from satsuma.statistics.rules.conditions import TraitTest
from small_shop import Shop

CUSTOMERS = 300
TYPES: dict[str, ValueType] = {
    "points": "integer", "spent": "money", "score": "number", "member": "boolean", "country": "text",
    "joined": "date", "seen": "datetime", "renewal": "date",
}  # fmt: skip
SQL = {"integer": "BIGINT", "money": "DECIMAL(18,4)", "number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR",
       "date": "DATE", "datetime": "TIMESTAMP"}  # fmt: skip
AS_OF = datetime(2024, 7, 1)
#: Texts that are hard to write and to compare: quotes, commas, what looks like a number, two spellings of one.
WORDS = ["FR", "it's, well", "5", "yes", "caf\u00e9", "cafe\u0301", "# no", "L\u00fcbeck: old"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose customers have a loaded trait of each type, about a tenth of the values missing."""
    rng = np.random.default_rng(11)
    with Shop(tmp_path_factory.mktemp("rules")) as made:
        catalog = Catalog(traits={name: TraitInfo(type=type_) for name, type_ in TYPES.items()})
        (made.path / "catalog.yaml").write_text(render_catalog(catalog, ""), encoding="utf-8")
        for name, type_ in TYPES.items():
            if name not in ("country", "points"):
                made.engine.execute(f"ALTER TABLE customers ADD COLUMN {name} {SQL[type_]}")
        day = date(2024, 7, 1)
        draws: dict[str, Any] = {
            "points": lambda: int(rng.integers(-20, 60)),
            "spent": lambda: Decimal(int(rng.integers(0, 3000))) / 40,
            "score": lambda: float(rng.normal()) / 3,
            "member": lambda: bool(rng.random() < 0.4),
            "country": lambda: WORDS[int(rng.integers(0, len(WORDS)))],
            "joined": lambda: day - timedelta(days=int(rng.integers(0, 500))),
            "seen": lambda: datetime(2024, 6, 30, 22) - timedelta(seconds=int(rng.integers(0, 9_000_000))),
            "renewal": lambda: day + timedelta(days=int(rng.integers(-200, 200))),
        }
        rows = []
        for number in range(CUSTOMERS):
            values = [None if rng.random() < 0.1 else draw() for draw in draws.values()]
            cells = ["NULL" if value is None else literal(str(value)) for value in values]
            rows.append(f"({number}, 'c{number:03}', {', '.join(cells)})")
        columns = ", ".join(["customer_no", "customer_id", *draws])
        made.engine.execute(f"INSERT INTO customers ({columns}) VALUES {', '.join(rows)}")
        made.run(as_of="2024-07-01")
        yield made


def found(shop: Shop, codes: Any, **more: Any) -> RuleSet:
    frame = shop.workspace.frame()
    moment = Moment(microseconds(frame.as_of), shop.workspace.settings.zone)
    columns = {name: frame.column(name) for name in TYPES}
    names = ("First one", "Zweite Gruppe", "3rd")
    return rules_of(columns, codes, names, moment=moment, **more)


@pytest.mark.parametrize("seed", range(2))
def test_the_files_take_in_exactly_whom_the_arrays_say(shop: Shop, seed: int) -> None:
    # Groups by chance, and a tree as large as it gets: every type of trait is cut at many values.
    codes = np.random.default_rng(seed).integers(0, 3, CUSTOMERS)
    rules = found(shop, codes, leaves=16)
    texts = rules.segment_texts("styles", as_of="2024-07-01")
    assert list(texts) == ["first_one", "zweite_gruppe", "styles_3rd"]
    written = {f"segments/{name}.yaml": text for name, text in texts.items()}
    written["segmentations/styles_rules.yaml"] = rules.segmentation_text("styles")
    for path, text in written.items():
        zone = shop.workspace.settings.zone
        done = formatted(text, file=path, stem=path.split("/")[1].removesuffix(".yaml"), zone=zone)
        assert done.problem is None, text
        assert done.text == text
        (shop.path / path).write_text(text, encoding="utf-8")
    shop.run(as_of="2024-07-01")
    frame = shop.workspace.frame()
    for name, group in zip(texts, rules.groups, strict=True):
        assert np.array_equal(frame.members(name), group.members), texts[name]
    labels = frame.labels("styles_rules")
    given = np.array([rules.names.index(labels.names[code]) for code in labels.codes])
    assert np.array_equal(given, rules.rules.given)
    assert [item for item in shop.workspace.lint() if item.code != "unused"] == []


def test_every_type_of_trait_is_asked_about(shop: Shop) -> None:
    rules = found(shop, np.random.default_rng(0).integers(0, 3, CUSTOMERS))
    assert {trait.name: trait.shape for trait in rules.traits} == {
        "points": "whole", "spent": "decimal", "score": "decimal", "member": "boolean", "country": "text",
        "joined": "age", "seen": "age", "renewal": "day",
    }  # fmt: skip
    (country,) = (trait for trait in rules.traits if trait.name == "country")
    # Two spellings of one text are one.
    assert sorted(country.words) == sorted({*WORDS} - {"cafe\u0301"})


def test_a_planted_rule_comes_back_in_the_language(shop: Shop) -> None:
    frame = shop.workspace.frame()
    spent, member = frame.column("spent"), frame.column("member")
    inside = spent.present & (spent.values >= 300_000) & ~(member.present & member.values)
    rules = found(shop, np.where(inside, 1, 0))
    text = rules.segment_texts("styles", as_of="2024-07-01")["zweite_gruppe"]
    assert text.splitlines()[-4:] == [
        "where:", "  all:", "    - {trait: member, eq: false, missing: match}", "    - {trait: spent, gte: 30}",
    ]  # fmt: skip
    assert text.startswith("# Made from 'Zweite Gruppe' of the segmentation styles as of 2024-07-01.\n")
    assert "# All rules together agree with the labels of 100.0 % of 90 customers held back" in text
    assert "precision 100.0 %, recall 100.0 %" in text
    assert rules.verdict == "The rules can stand in for the groups."
    # The third label has no customers, and no file.
    assert list(rules.segment_texts("styles")) == ["first_one", "zweite_gruppe"]
    facts = rules.as_dict()
    assert facts["agreement"]["share"] == 1.0
    assert [group["conditions"] for group in facts["groups"]] == [2, 2, 0]


def test_labels_by_chance_are_said_to_be_so(shop: Shop) -> None:
    codes = (np.random.default_rng(5).random(CUSTOMERS) < 0.3).astype(int)
    rules = found(shop, codes)
    assert rules.verdict.startswith("These traits do not tell the groups apart: calling everybody 'First one' is right")
    with pytest.raises(WrongUse, match="No condition tells one label from another"):
        rules.segmentation_text("styles")
    assert "do not act upon it" in next(iter(found(shop, codes, leaves=24).segment_texts("styles").values()))


def test_where_rules_are_an_approximation_the_files_say_so(shop: Shop) -> None:
    points = shop.workspace.frame().column("points")
    codes = np.where(points.present & (points.values > 20), 1, 0)
    codes = np.where(np.random.default_rng(1).random(CUSTOMERS) < 0.22, 1 - codes, codes)
    rules = found(shop, codes)
    assert "approximation" in rules.verdict
    assert "# The rules are an approximation." in rules.segment_texts("styles")["first_one"]


def test_who_is_in_no_group_takes_no_part(shop: Shop) -> None:
    codes = np.random.default_rng(5).integers(-1, 2, CUSTOMERS)
    population = np.arange(CUSTOMERS) < 200
    rules = found(shop, codes, population=population)
    assert rules.rules.train.rows + rules.rules.held_out.rows == int(((codes >= 0) & population).sum())
    with pytest.raises(WrongUse, match="only one group"):
        found(shop, np.zeros(CUSTOMERS, int))


def test_groups_of_numbers_alone_may_be_said_by_a_leaf_each() -> None:
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 3, 600)
    amounts = np.array([[10, 10], [80, 10], [10, 80]])[codes] + rng.integers(0, 20, (600, 2))
    columns = {name: column("integer", amounts[:, place].tolist()) for place, name in enumerate(("a", "b"))}
    rules = rules_of(columns, codes, ("low", "a", "b"))
    assert [point.leaves for point in rules.curve if point.form == "mistakes"] == [3]
    assert rules.rules.held_out.share == 1.0
    with_words = {**columns, "c": column("text", [0, 1] * 300, words=("x", "y"))}
    assert all(point.form != "mistakes" for point in rules_of(with_words, codes, ("low", "a", "b")).curve)


# ------------------------------------------------------------------------------------------------------------- traits


def column(type_: ValueType, values: list[Any], **more: Any) -> Column:
    present = np.array([value is not None for value in values])
    return Column(type_, np.array([0 if value is None else value for value in values]), present, **more)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (column("integer", [None, None]), "nobody has a value"),
        (column("integer", [7, 7]), "everybody has the same value"),
        (column("boolean", [True, True]), "everybody has the same value"),
        (column("date", [100, 100]), "everybody has the same value"),
        (column("text", [0, 0], words=("FR",)), "everybody has the same value"),
        (column("text", [0, 1], words=("Ann", "Bob")), "it has 2 different texts, too many to name"),
        (column("integer", [1, 2**60]), "its numbers are too large to be compared exactly"),
        (column("datetime", [0, 2**52]), "its moments lie in the future for some, and rules compare whole days back"),
        (column("list", [0, 0]), "rules do not ask about a list"),
    ],
)
def test_what_rules_cannot_use_is_said_with_the_reason(given: Column, reason: str) -> None:
    moment = Moment(microseconds(AS_OF), ZoneInfo("UTC"))
    assert rule_trait("x", given, np.ones(2, np.bool_), moment) == reason


def test_rare_texts_are_never_named() -> None:
    words = tuple(f"w{number:02}" for number in range(30))
    values = [number for number in range(12) for _ in range(20 - number)] + list(range(12, 30))
    trait = rule_trait("x", column("text", values, words=words), np.ones(len(values), np.bool_), None)
    assert isinstance(trait, RuleTrait)
    assert trait.words == words[:12]
    assert trait.feature.has_rest
    assert trait.feature.words == 13
    few = rule_trait("x", column("text", [0] * 9 + [1] * 4, words=("a", "b")), np.ones(13, np.bool_), None)
    assert isinstance(few, RuleTrait)
    assert few.words == ("a",)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (TraitTest(0, "lt", 30.0), {"trait": "joined", "in_last": "30d"}),
        (TraitTest(0, "gte", 30.0, or_missing=True), {"trait": "joined", "more_than_ago": "30d", "missing": "match"}),
        (TraitTest(0, "between", (7.0, 29.0)), {"trait": "joined", "between_ago": {"from": "30d", "to": "7d"}}),
        (TraitTest(0, "eq", 7.0), {"trait": "joined", "between_ago": {"from": "8d", "to": "7d"}}),
        (TraitTest(0, "not_set"), {"trait": "joined", "not_set": True}),
        (TraitTest(1, "gte", 0.1), {"trait": "spent", "gte": Decimal("0.1")}),
        (TraitTest(1, "lt", 20.0), {"trait": "spent", "lt": 20}),
        (TraitTest(2, "in", (0, 2)), {"trait": "country", "in": ["a", "c"]}),
        (TraitTest(2, "neq", (1,)), {"trait": "country", "neq": "b"}),
        (TraitTest(3, "eq", (0,)), {"trait": "member", "eq": False}),
    ],
)
def test_a_test_is_written_as_people_write_it(test: TraitTest, expected: dict[str, Any]) -> None:
    assert leaf(test, _traits()) == expected


def _traits() -> list[RuleTrait]:
    ages = rule_trait("joined", column("date", [3, 9]), np.ones(2, np.bool_),
                      Moment(microseconds(AS_OF), ZoneInfo("UTC")))  # fmt: skip
    money = rule_trait("spent", column("money", [3, 9], scale=10_000), np.ones(2, np.bool_), None)
    texts = rule_trait("country", column("text", [0, 1, 2] * 6, words=("a", "b", "c")), np.ones(18, np.bool_), None)
    yes = rule_trait("member", column("boolean", [True, False]), np.ones(2, np.bool_), None)
    found = [ages, money, texts, yes]
    assert all(isinstance(trait, RuleTrait) for trait in found)
    return found  # type: ignore[return-value]


def test_what_all_parts_ask_for_is_said_once() -> None:
    low, high, yes = TraitTest(1, "lt", 5.0), TraitTest(1, "gte", 9.0), TraitTest(3, "eq", (1,))
    member = {"trait": "member", "eq": True}
    assert condition_of(((low, yes), (high, yes)), _traits()) == {
        "all": [member, {"any": [{"trait": "spent", "lt": 5}, {"trait": "spent", "gte": 9}]}]
    }
    assert condition_of(((yes,),), _traits()) == member
    assert condition_of(((),), _traits()) is None
    assert condition_of((), _traits()) is None


@pytest.mark.parametrize(
    ("label", "expected"),
    [("At risk", "at_risk"), ("Can't lose", "cant_lose"), ("2", "styles_2"), ("Größe L", "grosse_l"),
     ("日本", "styles"), ("High value, few orders", "high_value_few_orders")],
)  # fmt: skip
def test_labels_become_names(label: str, expected: str) -> None:
    assert definition_name(label, (), instead="styles") == expected
    assert definition_name(label, {expected}, instead="styles") == f"{expected}_2"


def test_a_prefix_stands_before_every_name() -> None:
    assert definition_name("At risk", (), prefix="rfm") == "rfm_at_risk"
    assert definition_name("2", (), prefix="rfm") == "rfm_2"
