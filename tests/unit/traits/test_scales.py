"""`scale` through the door: answers of traits and of surveys, what is kept, norms that stay, refresh."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from satsuma import Workspace
from satsuma.errors import DefinitionError, EvaluationError, NotFound, WrongUse

DAY = "2024-06-01"


def rows_of(count: int = 60, seed: int = 1) -> list[list[Any]]:
    """Answers to four items of one factor, the third reversed; with gaps, and one that is not on the scale."""
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((count, 1))
    given = np.clip(np.rint(3 + factor + 0.7 * rng.standard_normal((count, 4))), 1, 5).astype(int)
    given[:, 2] = 6 - given[:, 2]
    rows: list[list[Any]] = [[f"c{number}", *row] for number, row in enumerate(given.tolist())]
    rows[0][1], rows[1][2:] = "", ["", "", ""]
    rows[2][4] = 9
    return rows


def write(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def define(shop: Workspace, name: str, body: str) -> None:
    (shop.path / "traits" / f"{name}.yaml").write_text(f"trait: {name}\n{body}\n", encoding="utf-8")


def values(shop: Workspace, name: str) -> dict[str, Any]:
    table = shop.trait(name).values()
    return dict(zip(table["customer_id"].to_pylist(), table["value"].to_pylist(), strict=True))


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """Sixty customers with four answers each as traits, and a scale of them."""
    made = Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR")
    file = write(tmp_path / "people.csv", ["customer_id", "q1", "q2", "q3", "q4"], rows_of())
    made.load(file, kind="customers")
    define(made, "warmth", "scale: {items: [q1, q2, {reverse: q3}, q4], of: [1, 5], min_answered: 2}")
    return made


def expected(row: Sequence[Any], least: int = 2) -> float | None:
    answers = [6 - value if place == 2 else value for place, value in enumerate(row[1:])
               if value != "" and 1 <= value <= 5]  # fmt: skip
    return sum(answers) / len(answers) if len(answers) >= least else None


def test_values_are_the_means_of_who_answered_enough(shop: Workspace) -> None:
    shop.run(as_of=DAY)
    found = values(shop, "warmth")
    for row in rows_of():
        assert found[row[0]] == pytest.approx(expected(row)), row[0]
    assert found["c1"] is None


def test_what_is_known_is_kept_as_a_model_and_outside_answers_are_counted(shop: Workspace) -> None:
    shop.run(as_of=DAY)
    view = shop.scale("warmth")
    assert view.fit is not None
    assert view.word in ("acceptable", "good")
    assert view.fit["response"]["outside"] == 1
    assert view.fit["response"]["too_few"] == 1
    assert view.fit["customers"] == 60
    assert shop.model("warmth").state == view.word
    plain = shop.model("warmth").as_dict()
    assert "points" not in plain["norms"]
    assert [item["reverse"] for item in plain["reliability"]["items"]] == [False, False, True, False]


def test_a_survey_is_read_by_its_questions(shop: Workspace, tmp_path: Path) -> None:
    head = ["customer_id", "answered at", "Q1", "Q2", "Q3", "How are you?"]
    rows = [[row[0], "2024-05-01", *row[1:]] for row in rows_of()]
    shop.load(write(tmp_path / "pulse.csv", head, rows), kind="surveys")
    define(
        shop,
        "asked",
        "scale: {questions: [Q1, q2, {reverse: Q3}, How are you?], survey: pulse, of: [1, 5], min_answered: 2}",
    )
    define(shop, "q1_asked", "from: {did: Survey Answered, last: {of: score}, where: {prop: item, eq: q1}}")
    define(shop, "two", "scale: {items: [q1_asked, q2], of: [1, 5]}")
    shop.run(as_of=DAY)
    assert values(shop, "asked") == values(shop, "warmth")
    first, second = values(shop, "q1_asked"), values(shop, "q2")
    found = values(shop, "two")
    assert found["c5"] == (first["c5"] + second["c5"]) / 2
    assert found["c0"] is None


def test_a_later_answer_counts_and_a_refresh_gives_what_a_full_run_gives(shop: Workspace, tmp_path: Path) -> None:
    head = ["customer_id", "answered at", "Q1", "Q2"]
    shop.load(write(tmp_path / "pulse.csv", head, [["c1", "2024-05-01", 2, 4], ["c2", "2024-05-01", 5, 5]]),
              kind="surveys")  # fmt: skip
    define(shop, "asked", "scale: {questions: [Q1, {reverse: Q2}], of: [1, 5]}")
    shop.run(as_of=DAY)
    assert values(shop, "asked")["c1"] == 2.0
    model = shop.scale("warmth").fit
    shop.load(write(tmp_path / "pulse_2.csv", head, [["c1", "2024-05-02", 3, 2]]), kind="surveys")
    shop.refresh(as_of=DAY)
    refreshed = values(shop, "asked")
    assert refreshed["c1"] == (3 + 4) / 2
    kept = shop.scale("warmth").fit
    assert kept == model
    shop.run(as_of=DAY)
    assert values(shop, "asked") == refreshed


def test_norms_stay_until_a_refit(shop: Workspace, tmp_path: Path) -> None:
    define(shop, "t", "scale: {items: [q1, q2, {reverse: q3}, q4], of: [1, 5], norm: t}")
    define(shop, "place", "scale: {items: [q1, q2, {reverse: q3}, q4], of: [1, 5], norm: percentile}")
    shop.run(as_of=DAY)
    before, places = values(shop, "t"), values(shop, "place")
    known = [value for value in before.values() if value is not None]
    assert np.mean(known) == pytest.approx(50)
    assert np.std(known, ddof=1) == pytest.approx(10)
    assert np.mean([place for place in places.values() if place is not None]) == pytest.approx(50)
    file = write(tmp_path / "more.csv", ["customer_id", "q1", "q2", "q3", "q4"],
                 [[f"n{number}", 5, 5, 1, 5] for number in range(40)])  # fmt: skip
    shop.load(file, kind="customers")
    shop.run(as_of=DAY)
    assert {who: value for who, value in values(shop, "t").items() if who in before} == before
    shop.refit_model("t")
    after = values(shop, "t")
    assert after["c5"] < before["c5"]
    assert values(shop, "place")["c5"] == places["c5"]


def test_with_too_few_respondents_a_norm_gives_nothing_and_says_why(tmp_path: Path) -> None:
    shop = Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR")
    shop.load(write(tmp_path / "people.csv", ["customer_id", "q1", "q2", "q3", "q4"], rows_of(8)), kind="customers")
    define(shop, "t", "scale: {items: [q1, q2], of: [1, 5], norm: t}")
    outcome = shop.run(as_of=DAY)
    assert set(values(shop, "t").values()) == {None}
    assert any("norms need at least 10" in warning for warning in outcome.warnings)


def test_a_question_that_nobody_answered_is_said(shop: Workspace, tmp_path: Path) -> None:
    shop.load(write(tmp_path / "pulse.csv", ["customer_id", "Q1"], [["c1", 3]]), kind="surveys")
    define(shop, "asked", "scale: {questions: [Q1, Q9], of: [1, 5]}")
    outcome = shop.run()
    assert any("nobody has answered the question 'Q9'" in warning for warning in outcome.warnings)
    fit = shop.scale("asked").fit
    assert fit is not None
    assert fit["reliability"] is None
    assert fit["cannot"]


def test_why_shows_the_answers(shop: Workspace) -> None:
    (shop.path / "segments" / "warm.yaml").write_text(
        "segment: warm\nwhere: {trait: warmth, gte: 1}\n", encoding="utf-8"
    )
    shop.run(as_of=DAY)
    told = str(shop.why("warm", "c5").as_dict())
    assert "q1" in told
    assert "q3" in told


def test_factors_need_scales_that_share_no_item(shop: Workspace) -> None:
    define(shop, "other", "scale: {items: [q1, q2], of: [1, 5]}")
    shop.run(as_of=DAY)
    with pytest.raises(WrongUse, match="'q1' is of 'other' and of 'warmth'"):
        shop.scale_factors()
    assert shop.scale_factors(["warmth"]).found.on_own.all()
    with pytest.raises(EvaluationError, match="too few for 1 factors"):
        shop.scale_factors(["other"])
    with pytest.raises(NotFound, match="no scale 'warmt'"):
        shop.scale("warmt")


def test_norms_by_a_trait_are_those_of_its_groups(shop: Workspace) -> None:
    shop.run(as_of=DAY)
    found = shop.scale_norms("warmth", "q1")
    scores, groups = values(shop, "warmth"), values(shop, "q1")
    for label, known in found.items():
        own = [scores[who] for who, group in groups.items() if str(group) == label and scores[who] is not None]
        assert known["respondents"] == len(own)
        assert known["mean"] == pytest.approx(np.mean(own))
    assert found
    with pytest.raises(WrongUse, match="'warmth' has no groups"):
        shop.scale_norms("warmth", "warmth")


def test_a_ready_key_is_written_once_and_only_where_its_items_are(shop: Workspace, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="50 items of the key are no traits yet"):
        shop.write_scale_key("ipip-big-five")
    with pytest.raises(WrongUse, match="No survey was loaded"):
        shop.write_scale_key("ipip-big-five", survey="pulse")
    with pytest.raises(NotFound, match="ipip-big-fiv"):
        shop.write_scale_key("ipip-big-fiv")
    letters = [f"{letter}{number}" for letter in "ENACO" for number in range(1, 11)]
    rng = np.random.default_rng(1)
    rows = [[f"c{number}", *rng.integers(1, 6, 50).tolist()] for number in range(30)]
    shop.load(write(tmp_path / "pulse.csv", ["customer_id", *letters], rows), kind="surveys")
    written = shop.write_scale_key("ipip-big-five", survey="pulse")
    assert [path.stem for path in written] == [
        "extraversion", "neuroticism", "agreeableness", "conscientiousness", "openness",
    ]  # fmt: skip
    shop.run()
    row = dict(zip(letters, rows[3][1:], strict=True))
    own = [6 - row[f"N{number}"] if number in (2, 4) else row[f"N{number}"] for number in range(1, 11)]
    assert values(shop, "neuroticism")["c3"] == pytest.approx(sum(own) / 10)
    with pytest.raises(WrongUse, match="'extraversion' already"):
        shop.write_scale_key("ipip-big-five", survey="pulse")


def test_an_item_that_is_deleted_or_renamed_keeps_its_scale_right(shop: Workspace) -> None:
    define(shop, "q9", "formula: q1 * 1")
    define(shop, "nine", "scale: {items: [{reverse: q9}, q2], of: [1, 5]}")
    shop.rename_definition("trait", "q9", "q10")
    assert "{reverse: q10}" in (shop.path / "traits" / "nine.yaml").read_text(encoding="utf-8")
    define(shop, "ten", "scale: {items: [q1, q22], of: [1, 5]}")
    with pytest.raises(DefinitionError) as caught:
        shop.run(as_of=DAY)
    assert "There is no trait 'q22'" in str(caught.value.details[0])
