"""Which traits the rules of a segmentation may ask about unasked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from satsuma.discovery.rules_of_run import askable
from satsuma.language.methods import METHODS, Reads
from satsuma.segments.frame import TraitFacts
from small_shop import Shop

HOPE = TraitFacts(name="hope", title="Hope", type="number", kind="predictive", origin="computed")


def test_traits_that_come_from_the_labels_are_left_out(tmp_path: Path) -> None:
    with Shop(tmp_path) as shop:
        shop.customers({"id": "a", "country": "FR", "points": 3}, {"id": "b", "country": "DE", "points": 4})
        shop.write("segmentations/land", "method: bands\ntrait: country\nvalues: all")
        shop.write("segmentations/other", "method: bands\ntrait: points\ncuts: [3]")
        shop.run()
        shop.write("segments/french", "where: {segmentation: land, is: FR}")
        shop.write(
            "traits/hope",
            "predict: {probability_of: {not_did: Order Completed, within: 90d}, for: {segment: french}}",
        )
        checked, frame = shop.workspace.definitions(), shop.workspace.frame()
        frame = replace(frame, traits={**frame.traits, "hope": HOPE})
        assert "hope" not in askable(frame, checked, "land")
        assert {"hope", "country", "points", "first_seen"} <= set(askable(frame, checked, "other"))
        assert "customer_id" not in askable(frame, checked, "other")


@dataclass(frozen=True)
class _Clusters:
    """A method that reads two traits, one of them not fit for rules."""

    name: str = "clusters"

    def reads(self, _settings: object) -> Reads:
        return Reads(traits=("points", "customer_id"))


def test_clusters_are_told_by_the_traits_that_they_were_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Shop(tmp_path) as shop:
        shop.customers({"id": "a", "country": "FR", "points": 3}, {"id": "b", "country": "DE", "points": 4})
        shop.write("segmentations/land", "method: bands\ntrait: country\nvalues: all")
        shop.run()
        checked, frame = shop.workspace.definitions(), shop.workspace.frame()
        clusters = tuple(replace(item, method="clusters") if item.name == "land" else item for item in checked.ordered)
        monkeypatch.setitem(METHODS, "clusters", _Clusters())  # type: ignore[arg-type]
        assert askable(frame, replace(checked, ordered=clusters), "land") == ("points",)
