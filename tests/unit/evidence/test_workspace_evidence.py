"""Evidence of a whole workspace: verdicts on what is known, past moments, roles, reach, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import mannwhitneyu

from evidence_shop import SIZE, evidence_shop
from satsuma.cli.output import json_text
from satsuma.errors import NotFound, WrongUse
from satsuma.evidence.card import Evidence, EvidenceCard
from satsuma.evidence.quick import quick_evidence, sampled
from satsuma.evidence.refits import fitted_of
from satsuma.evidence.roles import roles
from satsuma.language.types import Segmentation
from satsuma.segments.frame import CustomerFrame
from satsuma.segments.store import RunStore
from small_shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with evidence_shop(tmp_path_factory.mktemp("evidence")) as made:
        yield made


@pytest.fixture(scope="module")
def found(shop: Shop) -> Evidence:
    return shop.workspace.evidence()


@pytest.fixture(scope="module")
def frame(shop: Shop) -> CustomerFrame:
    return shop.workspace.frame()


def card(found: Evidence, name: str) -> EvidenceCard:
    made = found.card(name)
    assert isinstance(made, EvidenceCard)
    return made


def test_every_segment_gets_the_verdict_that_it_was_made_for(found: Evidence) -> None:
    told = {item.name: item.verdict.told for item in found.segments}
    assert told == {
        "french": "keep", "german": "merge with nearly_german", "nearly_german": "merge with german",
        "lucky": "not different", "buyers": "keep", "just_bought": "unstable", "few": "too small",
        "champions": "keep",
    }  # fmt: skip


def test_every_segmentation_has_a_verdict_and_its_labels(found: Evidence) -> None:
    by_name = {item.name: item for item in found.segmentations}
    assert set(by_name) == {"rfm", "land", "fifths"}
    assert by_name["land"].verdict.word == "keep"
    assert by_name["land"].label("DE").size == card(found, "german").size
    assert by_name["land"].rand is None
    rand = by_name["fifths"].rand
    assert rand is not None
    # Cut points of whole points seldom move.
    assert rand > 0.8
    assert by_name["fifths"].kept_rand == 1
    with pytest.raises(NotFound, match="DE"):
        by_name["land"].label("De")


def test_sizes_and_worth_are_those_of_the_run(shop: Shop, found: Evidence, frame: CustomerFrame) -> None:
    for view in shop.workspace.segments():
        told = card(found, view.name)
        assert (told.size, told.share) == (view.size, view.share)
        assert 0 < told.share_low < told.share < told.share_high
        if told.worth is not None:
            assert told.worth.total == pytest.approx(view.value)
            inside = frame.value[frame.members(view.name)]
            assert told.worth.low < inside.mean() < told.worth.high
    lucky, german = card(found, "lucky").worth, card(found, "german").worth
    assert lucky is not None
    assert german is not None
    assert not lucky.is_beyond_chance
    assert german.percentile == 1


def test_effects_are_those_of_a_second_implementation(found: Evidence, frame: CustomerFrame) -> None:
    points, mask = frame.column("points").floats(), frame.members("german")
    effect = next(item for item in card(found, "german").separation.effects if item.trait == "points")
    test = mannwhitneyu(points[mask], points[~mask], method="asymptotic")
    assert effect.p == pytest.approx(test.pvalue, rel=1e-6)
    assert effect.inside == pytest.approx(points[mask].mean())


def test_traits_of_the_definition_and_of_its_events_are_no_test(shop: Shop, found: Evidence) -> None:
    told = {item.trait: item.role for item in card(found, "buyers").separation.effects}
    assert told["orders"] == told["revenue_90d"] == told["days_since_last_order"] == "related"
    assert told["country"] == told["points"] == "unused"
    land = {item.trait: item.role for item in card(found, "german").separation.effects}
    assert (land["country"], land["orders"]) == ("used", "unused")
    checked = shop.workspace.definitions()
    # A segment of a label is made of what the label is made of; the first visit comes from events.
    behind = roles(checked, ("segment", "champions"), ["orders", "country", "first_seen", "points"])
    assert behind == {"orders": "related", "country": "unused", "first_seen": "related", "points": "unused"}
    assert roles(checked, ("segment", "german"), ["first_seen"]) == {"first_seen": "unused"}
    assert all((item.p is None) == (item.role != "unused") for each in found.groups()
               for item in each.separation.effects)  # fmt: skip


def test_what_followed_is_counted_from_the_orders_themselves(shop: Shop, found: Evidence) -> None:
    told = card(found, "buyers").afterwards
    assert told is not None
    assert (told.since, told.until) == (datetime(2024, 4, 1, 22), datetime(2024, 6, 30, 22))
    rows = shop.engine.rows(
        "SELECT c.customer_no, count(*) FILTER (WHERE e.time > '2024-01-02 22:00' AND e.time <= '2024-04-01 22:00'), "
        "count(*) FILTER (WHERE e.time > '2024-04-01 22:00' AND e.time <= '2024-06-30 22:00'), "
        "coalesce(sum(e.revenue) FILTER (WHERE e.time > '2024-04-01 22:00' AND e.time <= '2024-06-30 22:00'), 0) "
        "FROM customers c LEFT JOIN events e ON e.customer_no = c.customer_no GROUP BY 1"
    )
    before, after, revenue = (np.array([float(row[place]) for row in rows]) for place in (1, 2, 3))
    mask = before > 0
    assert told.size == mask.sum()
    bought, orders, money = told.outcomes
    assert (bought.inside, bought.outside) == pytest.approx(((after > 0)[mask].mean(), (after > 0)[~mask].mean()))
    assert orders.inside == pytest.approx(after[mask].mean())
    assert (money.inside, money.outside) == pytest.approx((revenue[mask].mean(), revenue[~mask].mean()))
    assert bought.is_sure
    lucky = card(found, "lucky").afterwards
    assert lucky is not None
    assert lucky.sure == ()


def test_earlier_moments_are_those_of_a_backtest(shop: Shop, found: Evidence) -> None:
    told = card(found, "buyers")
    assert [round(item.days) for item in told.earlier] == [7, 30, 60, 90]
    step = shop.workspace.compare_moments("buyers", "2024-06-24", "2024-07-01", known_then=True)
    assert told.earlier[0].jaccard == pytest.approx(step.jaccard)
    assert told.earlier[0].stayed == step.part("both").size
    assert told.drift is not None
    assert [item.size for item in told.drift.sizes][-2:] == [step.first.size, step.second.size]
    assert told.stability is not None
    assert (told.stability.how, told.stability.jaccard) == ("earlier", told.earlier[0].jaccard)
    fitted = card(found, "champions").stability
    assert fitted is not None
    assert fitted.how == "refitted"


def test_a_rule_of_a_few_days_is_an_occasion(found: Evidence) -> None:
    told = card(found, "just_bought")
    assert told.stability is not None
    assert told.stability.jaccard < 0.6
    assert "occasion" in told.verdict.reasons[0]


def test_refits_with_everybody_once_are_the_labels_of_the_run(shop: Shop, frame: CustomerFrame) -> None:
    checked = shop.workspace.definitions()
    run = RunStore(shop.engine, shop.path / "state").required()
    for name in ("rfm", "fifths"):
        fitted = fitted_of(checked.of(Segmentation)[name], frame, run, checked)
        assert fitted is not None
        assert np.array_equal(fitted.refit(np.ones(SIZE)), frame.labels(name).codes)
    assert fitted_of(checked.of(Segmentation)["land"], frame, run, checked) is None


def test_every_scoring_of_rfm_is_refitted(shop: Shop) -> None:
    limits = "thresholds: {recency: [9, 30, 90, 99], frequency: [2, 3, 4, 5], monetary: [9, 20, 50, 99]}"
    more = {"quantiles": "", "rank": "", "thresholds": limits}
    for scoring, text in more.items():
        shop.write(f"segmentations/by_{scoring}", f"method: rfm\nscoring: {scoring}\n{text}")
    try:
        shop.run()
        checked, run = shop.workspace.definitions(), RunStore(shop.engine, shop.path / "state").required()
        frame = shop.workspace.frame()
        for scoring in more:
            name = f"by_{scoring}"
            fitted = fitted_of(checked.of(Segmentation)[name], frame, run, checked)
            assert (fitted is None) == (scoring == "thresholds")
            if fitted is not None:
                assert np.array_equal(fitted.refit(np.ones(SIZE)), frame.labels(name).codes), scoring
                again = fitted.refit(np.random.default_rng(1).poisson(1.0, SIZE).astype(float))
                assert 0.7 < np.mean(again == frame.labels(name).codes) < 1
    finally:
        for scoring in more:
            (shop.path / "segmentations" / f"by_{scoring}.yaml").unlink()
        shop.run()


def test_clusters_are_fitted_again_on_a_sample(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with Shop(tmp_path) as made:
        people = pa.table({"no": np.arange(300), "points": np.where(np.arange(300) % 2, 10, 60) + rng.poisson(5, 300),
                           "paid": rng.integers(0, 90, 300)})  # fmt: skip
        made.engine.register("people", people)
        made.engine.execute("ALTER TABLE customers ADD COLUMN paid BIGINT")
        path = made.path / "catalog.yaml"
        path.write_text(path.read_text().replace("traits:", "traits:\n  paid:\n    type: integer", 1))
        made.engine.execute(
            "INSERT INTO customers (customer_no, customer_id, first_seen, points, paid) "
            "SELECT no, 'c' || no, TIMESTAMP '2023-01-01', points, paid FROM people"
        )
        made.write("segmentations/kinds", "method: clusters\ntraits: [points]\ngroups: 2")
        made.write("segmentations/cuts", "method: clusters\ntraits: [paid]\ngroups: 4")
        made.run()
        told = made.workspace.evidence(looks_back=False)
    kinds, cuts = (next(item for item in told.segmentations if item.name == name) for name in ("kinds", "cuts"))
    assert (kinds.rand, kinds.kept_rand) == (1, 1)
    assert cuts.rand is not None
    assert cuts.rand < 0.99
    stable = [label.stability for label in kinds.labels if label.size]
    assert [item.jaccard if item else None for item in stable] == [1, 1]


def test_without_the_past_nothing_is_said_of_it(shop: Shop) -> None:
    told = shop.workspace.evidence("buyers", "lucky", looks_back=False)
    assert told.looked_back is None
    for name in ("buyers", "lucky"):
        one = card(told, name)
        assert (one.afterwards, one.drift, one.earlier, one.stability) == (None, None, (), None)
    assert [item.name for item in told.segments] == ["buyers", "lucky"]
    assert told.segmentations == ()


def test_a_named_one_is_told_as_among_all(shop: Shop, found: Evidence) -> None:
    alone = card(shop.workspace.evidence("french"), "french")
    together = card(found, "french")
    assert alone.separation == together.separation
    assert alone.afterwards == together.afterwards
    assert alone.nearest == together.nearest


def test_another_day_and_another_horizon(shop: Shop) -> None:
    told = card(shop.workspace.evidence("german", past="2024-01-01", horizon="30d"), "german").afterwards
    assert told is not None
    assert (told.since, told.until) == (datetime(2023, 12, 31, 23), datetime(2024, 1, 30, 23))
    with pytest.raises(WrongUse, match="not over"):
        shop.workspace.evidence("german", past="2024-06-01")
    for wrong in ("soon", "0d"):
        with pytest.raises(WrongUse, match="not a length of time"):
            shop.workspace.evidence(horizon=wrong)
    early = shop.workspace.evidence("german", past="2020-01-01")
    assert any("nobody yet" in text for text in early.warnings)
    assert card(early, "german").afterwards is None


def test_unknown_names_are_said_with_the_nearest(shop: Shop, found: Evidence) -> None:
    for ask in (shop.workspace.evidence, found.card):
        with pytest.raises(NotFound, match="german"):
            ask("germans")
    with pytest.raises(NotFound, match="points"):
        shop.workspace.evidence(allow=["pointz"])


def test_few_members_are_told_nothing_of(found: Evidence) -> None:
    few = card(found, "few")
    assert few.size < 10
    assert not few.is_told
    assert few.separation.effects == ()
    assert (few.worth, few.reach, few.afterwards, few.drift) == (None, None, None, None)


def test_reach_is_of_contacts_consents_and_freshness(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Shop(tmp_path_factory.mktemp("reach")) as made:
        made.engine.execute("ALTER TABLE customers ADD COLUMN email VARCHAR")
        path = made.path / "catalog.yaml"
        text = path.read_text(encoding="utf-8")
        mail = "traits:\n  email:\n    type: text\n    format: email\n    personal_data: user.contact.email\n"
        path.write_text(text.replace("traits:\n", mail, 1), encoding="utf-8")
        made.engine.execute(
            "INSERT INTO customers (customer_no, customer_id, first_seen, country, email) SELECT range, 'c' || range, "
            "TIMESTAMP '2023-01-01', CASE WHEN range < 40 THEN 'FR' ELSE 'DE' END, "
            "CASE WHEN range < 30 OR range = 50 THEN 'x@y.z' END FROM range(80)"
        )
        made.engine.execute(
            "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) SELECT "
            "md5(range::VARCHAR)::UUID, CASE WHEN range < 20 THEN range ELSE range + 40 END, 'Order Completed', "
            "moment, moment, 5, 1 FROM (SELECT range, CASE WHEN range < 20 THEN TIMESTAMP '2024-06-21' "
            "ELSE TIMESTAMP '2024-01-01' END AS moment FROM range(40))"
        )
        made.engine.execute(
            "INSERT INTO consents (customer_no, profile_no, purpose, status, time, received_at, load_id) SELECT range, "
            "range, 'newsletter', CASE WHEN range < 10 THEN 'granted' ELSE 'denied' END, TIMESTAMP '2024-01-01', "
            "TIMESTAMP '2024-01-01', 1 FROM range(20)"
        )
        made.write("segments/french", "where: {trait: country, eq: FR}")
        made.run()
        told = card(made.workspace.evidence("french"), "french")
    reach = told.reach
    assert reach is not None
    assert [(item.what, item.share, item.others) for item in reach.contacts] == [("e-mail", 0.75, 0.025)]
    assert [(item.what, item.share, item.others) for item in reach.consents] == [("newsletter", 0.25, 0)]
    assert reach.fresh is not None
    assert (reach.fresh.share, reach.fresh.others) == (0.5, 0)
    assert reach.contacts[0].is_beyond_chance
    assert reach.median_days == pytest.approx(10, abs=0.1)
    assert "email" not in [item.trait for item in told.separation.effects]


def test_a_changed_definition_and_old_data_are_stale(shop: Shop) -> None:
    path = shop.path / "segments" / "french.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("FR", "IT"), encoding="utf-8")
    try:
        told = card(shop.workspace.evidence("french", looks_back=False), "french")
        quick = {item.name: item for item in _quick(shop)}
    finally:
        path.write_text(before, encoding="utf-8")
    assert told.verdict.word == quick["french"].verdict.word == "stale"
    assert quick["lucky"].verdict.word == "not different"


def _quick(shop: Shop) -> list[object]:
    run = RunStore(shop.engine, shop.path / "state").required()
    return list(quick_evidence(shop.engine, shop.workspace.definitions(), run))


def test_the_report_has_what_the_run_alone_tells(shop: Shop, found: Evidence, tmp_path_factory: object) -> None:
    quick = {item.name: item for item in _quick(shop)}
    assert set(quick) == {item.name for item in found.segments}
    for name in ("lucky", "german", "few"):
        assert quick[name].verdict.told == card(found, name).verdict.told
        for here, there in zip(quick[name].separation.effects, card(found, name).separation.effects, strict=True):
            assert (here.trait, here.role) == (there.trait, there.role)
            assert here.effect == pytest.approx(there.effect)
    page = shop.workspace.report(shop.path / "report.html").read_text(encoding="utf-8")
    assert "How good segments are" in page


def test_a_sample_is_the_same_each_time_and_keeps_places_together(frame: CustomerFrame) -> None:
    first, second = sampled(frame, 300), sampled(frame, 300)
    assert first.size == 300
    assert np.array_equal(first.numbers, second.numbers)
    places = np.searchsorted(frame.numbers, first.numbers)
    assert np.array_equal(first.members("german"), frame.members("german")[places])
    assert np.array_equal(first.column("points").values, frame.column("points").values[places])
    assert np.array_equal(first.value, frame.value[places])
    assert sampled(frame, SIZE) is frame


def test_all_of_it_is_plain_json(found: Evidence) -> None:
    plain = json.loads(json_text(found.as_dict()))
    assert plain["population"] == SIZE
    assert plain["looked_back"]["known_then"] is True
    german = next(item for item in plain["segments"] if item["name"] == "german")
    assert german["verdict"]["told"] == "merge with nearly_german"
    assert german["nearest"]["other"] == "nearly_german"
    assert {item["name"] for item in plain["segmentations"]} == {"rfm", "land", "fifths"}


def test_data_that_came_later_are_counted_with_a_warning(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Shop(tmp_path_factory.mktemp("late")) as made:
        made.engine.execute(
            "INSERT INTO customers (customer_no, customer_id, first_seen) SELECT range, 'c' || range, "
            "TIMESTAMP '2023-01-01' FROM range(40)"
        )
        made.engine.execute(
            "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) SELECT "
            "md5(range::VARCHAR)::UUID, range % 20, 'Order Completed', "
            "CASE WHEN range < 20 THEN TIMESTAMP '2024-03-01' ELSE TIMESTAMP '2024-06-01' END, "
            "TIMESTAMP '2024-06-30', 5, 1 FROM range(40)"
        )
        made.write("segments/buyers", "where: {did: Order Completed, within: 60d}")
        made.run()
        told = made.workspace.evidence("buyers")
        again = made.workspace.evidence("buyers")
    assert any("loaded later" in text for text in told.warnings)
    assert told.looked_back is not None
    assert told.looked_back.known_then is False
    after = card(told, "buyers").afterwards
    assert after is not None
    assert (after.size, after.outcomes[0].inside, after.outcomes[0].outside) == (20, 1, 0)
    # The same seed gives the same numbers.
    assert told == again
