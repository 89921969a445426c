"""Two segments, or one at two moments, side by side; and what many have in common."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from satsuma.errors import NotFound, WorkspaceError, WrongUse
from satsuma.segments.difference import Difference
from small_shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        made.customers(
            {"id": "ann", "first_seen": "2024-01-10", "country": "FR"},
            {"id": "bob", "first_seen": "2024-02-20", "country": "BE"},
            {"id": "cid", "first_seen": "2024-03-05", "country": "FR"},
            {"id": "dan", "country": None},
        )  # fmt: skip
        made.order(0, "2024-01-10", 50)
        made.order(1, "2024-02-20", 20.5)
        made.order(2, "2024-03-05", 30)
        made.order(2, "2024-06-25", 4)
        made.write("segments/buyers", "where: {did: Order Completed}")
        made.write("segments/french", "where: {trait: country, eq: FR}")
        made.write("segments/nobody", "where: {trait: country, eq: XX}")
        yield made


def parts(found: Difference) -> dict[str, tuple[int, float]]:
    return {part.name: (part.size, part.value) for part in found.parts}


def test_stored_segments_answer_from_the_run_without_reading_definitions_or_events(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    monkeypatch.setattr("satsuma.segments.standing.evaluate", None)
    (shop.path / "segments" / "buyers.yaml").write_text("no definition", encoding="utf-8")
    found = shop.workspace.compare("buyers", "french")
    assert parts(found) == {"both": (2, 84.0), "only_first": (1, 20.5), "only_second": (0, 0.0)}
    assert (found.first.size, found.first.value, found.first.share) == (3, 104.5, 0.75)
    assert (found.second.size, found.second.value) == (2, 84.0)
    assert found.jaccard == pytest.approx(2 / 3)
    assert found.part("only_first").mean_value == 20.5
    assert found.part("only_second").mean_value is None


def test_a_stored_segment_and_a_text_are_compared_at_the_moment_of_the_run(shop: Shop) -> None:
    shop.run("2024-04-01")
    found = shop.workspace.compare("buyers", "where: {did: Order Completed, within: 60d}")
    assert parts(found) == {"both": (2, 50.5), "only_first": (1, 50.0), "only_second": (0, 0.0)}
    assert found.second.as_of == found.first.as_of == datetime(2024, 3, 31, 22)


def test_the_same_by_evaluation_as_from_the_store(shop: Shop) -> None:
    shop.run()
    stored = shop.workspace.compare("buyers", "french")
    evaluated = shop.workspace.compare("buyers", "french", at="2024-07-01")
    assert parts(stored) == parts(evaluated)
    assert stored.as_dict()["parts"] == evaluated.as_dict()["parts"]


def test_one_segment_at_two_moments_tells_who_stayed_left_and_entered_and_who_was_not_there_yet(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed, within: 60d}")
    found = shop.workspace.compare_moments("recent", "2024-03-01", "2024-07-01")
    # Ann and Bob left; Cid entered, first seen between the two. Values are those of the second moment.
    assert parts(found) == {"both": (0, 0.0), "only_first": (2, 70.5), "only_second": (1, 34.0)}
    assert found.newcomers == 1
    assert (found.first.population, found.second.population) == (3, 4)
    assert found.first.value == 70.5


def test_a_moment_can_be_asked_as_it_was_known_then(shop: Shop) -> None:
    shop.order(3, "2024-02-25", 100, received="2024-06-01", load=2)
    now = shop.workspace.compare("buyers", "french", at="2024-03-01")
    then = shop.workspace.compare("buyers", "french", at="2024-03-01", known_then=True)
    assert (now.first.size, then.first.size) == (3, 2)
    assert then.first.known_at == then.first.as_of


def test_nobody_has_nothing_in_common_with_nobody(shop: Shop) -> None:
    shop.run()
    found = shop.workspace.compare("nobody", "where: {trait: country, eq: YY}")
    assert parts(found) == {"both": (0, 0.0), "only_first": (0, 0.0), "only_second": (0, 0.0)}
    assert found.jaccard is None


def test_ids_leave_only_by_an_export_that_the_ledger_knows(shop: Shop, tmp_path: Path) -> None:
    shop.run()
    found = shop.workspace.compare("buyers", "french")
    assert "ann" not in repr(found) + str(found.as_dict())
    released = shop.workspace.export_difference(found, to=tmp_path / "parts.csv")
    lines = (tmp_path / "parts.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ['"customer_id","part"', '"ann","both"', '"cid","both"', '"bob","only_first"']
    assert released.customers == 3
    activity = shop.workspace.activity(most=1)[0]
    assert (activity.kind, activity.counts["segment"]) == ("export", "buyers, french")


def test_who_was_erased_since_does_not_leave(shop: Shop, tmp_path: Path) -> None:
    shop.run()
    found = shop.workspace.compare("buyers", "french")
    shop.engine.execute("UPDATE customers SET erased_at = '2024-07-02' WHERE customer_id = 'ann'")
    shop.workspace.export_difference(found, to=tmp_path / "parts.csv")
    assert "ann" not in (tmp_path / "parts.csv").read_text(encoding="utf-8")


def test_before_any_run_segments_are_evaluated(shop: Shop) -> None:
    assert shop.workspace.compare("buyers", "french").first.size == 3


def test_an_unknown_segment_is_answered_with_the_nearest(shop: Shop) -> None:
    shop.run()
    with pytest.raises(NotFound, match="Did you mean 'french'"):
        shop.workspace.compare("buyers", "frnch")


def test_segments_of_accounts_are_worth_what_their_people_are_and_not_compared_with_customers(shop: Shop) -> None:
    shop.engine.execute("INSERT INTO accounts (account_no, account_id) VALUES (0, 'acme'), (1, 'bolt'), (2, 'empty')")
    shop.engine.execute("INSERT INTO account_members (account_no, customer_no) VALUES (0, 0), (0, 1), (1, 1)")
    shop.write("segments/busy", "entity: account\nwhere: {did: Order Completed}")
    shop.write("segments/large", "entity: account\nwhere: {did: Order Completed, count: {gte: 2}}")
    shop.run()
    found = shop.workspace.compare("busy", "large")
    assert parts(found) == {"both": (1, 70.5), "only_first": (1, 20.5), "only_second": (0, 0.0)}
    assert parts(shop.workspace.compare("busy", "large", at="2024-07-01")) == parts(found)
    assert found.ids(shop.engine).to_pydict() == {"account_id": ["acme", "bolt"], "part": ["both", "only_first"]}
    with pytest.raises(WrongUse, match="accounts"):
        shop.workspace.compare("busy", "buyers")
    with pytest.raises(WrongUse, match="accounts"):
        shop.workspace.overlap("busy", "buyers")


# ----------------------------------------------------------------------------------------------------------- overlap


def test_an_overlap_counts_each_pair_all_and_any(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed, within: 30d}")
    shop.run()
    found = shop.workspace.overlap("buyers", "french", "recent")
    assert found.sizes == {"buyers": 3, "french": 2, "recent": 1}
    assert [(pair.first, pair.second, pair.both) for pair in found.pairs] == [
        ("buyers", "french", 2), ("buyers", "recent", 1), ("french", "recent", 1),
    ]  # fmt: skip
    assert found.pairs[0].jaccard == pytest.approx(2 / 3)
    assert found.pairs[0].contained == (pytest.approx(2 / 3), 1.0)
    assert (found.in_all, found.in_any, found.population) == (1, 3, 4)


def test_an_overlap_with_nobody_has_no_share(shop: Shop) -> None:
    shop.write("segments/none", "where: {trait: country, eq: YY}")
    shop.run()
    [pair] = shop.workspace.overlap("nobody", "none").pairs
    assert (pair.both, pair.jaccard, pair.contained) == (0, None, (None, None))


def test_without_names_every_segment_of_the_run_is_compared(shop: Shop) -> None:
    shop.run()
    assert sorted(shop.workspace.overlap().sizes) == ["buyers", "french", "nobody"]


def test_what_has_no_overlap_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(WorkspaceError, match="Nothing has been computed"):
        shop.workspace.overlap("buyers", "french")
    shop.run()
    with pytest.raises(WrongUse, match="two different"):
        shop.workspace.overlap("buyers", "buyers")
    with pytest.raises(NotFound, match="Did you mean 'buyers'"):
        shop.workspace.overlap("buyer", "french")
