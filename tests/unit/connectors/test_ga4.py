"""Google Analytics: figures of days and of nobody, from a fake that misbehaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, ConnectorTests
from fakes import ga4
from fakes.ga4 import Ga4
from satsuma.connectors.calls import Asking
from satsuma.connectors.vendors.ga4 import report_rows
from satsuma.errors import VendorError


@pytest.mark.connectors
class TestGa4(ConnectorTests):
    vendor = "ga4"
    environment: ClassVar = {
        "GA4_CLIENT_ID": ga4.CLIENT, "GA4_CLIENT_SECRET": ga4.SECRET, "GA4_REFRESH_TOKEN": ga4.REFRESH,
    }  # fmt: skip
    settings: ClassVar = {
        "property": f'"{ga4.PROPERTY}"', "start": "2026-11-21", "base_url": "{url}/v1beta", "token_url": "{url}/token",
    }  # fmt: skip
    streams = ("visits",)
    makes_rows = False
    changing = "visits"

    def fake(self) -> Any:
        return Ga4(today=NOW.date())

    def change(self, fake: Any) -> None:
        fake.hits[0]["sessions"] += 1

    def test_figures_are_of_days_and_make_no_customer(self, tmp_path: Path) -> None:
        fake = self.fake()
        with self.at(tmp_path, fake) as it:
            it.read()
            it.sync()
            assert it.rows(
                """SELECT date::VARCHAR, name, sum(value)::INT FROM source_figures
                WHERE name IN ('sessions', 'views') GROUP BY ALL ORDER BY 1 DESC, 2 LIMIT 2"""
            ) == [("2026-11-27", "sessions", 75), ("2026-11-27", "views", 45)]
            assert it.rows("SELECT count(*) FROM customers") == it.rows("SELECT count(*) FROM events") == [(0,)]
            # What is read again replaces what was there: figures of a day are not added up twice.
            fake.hits[0]["sessions"] += 25
            it.sync()
            assert it.rows(
                "SELECT sum(value)::INT FROM source_figures WHERE name = 'sessions' AND date = DATE '2026-11-27'"
            ) == [(100,)]

    def test_a_property_without_tokens_says_so(self, tmp_path: Path) -> None:
        with self.at(tmp_path, Ga4(today=NOW.date(), tokens=0)) as it, pytest.raises(VendorError) as caught:
            it.sync()
        assert caught.value.facts["again"] is True
        assert "takes no more requests" in str(caught.value)


def test_rows_get_the_names_of_their_head() -> None:
    cells = [{"value": "20261127"}, {"value": "(not set)"}]
    body = {
        "dimensionHeaders": [{"name": "date"}, {"name": "itemId"}], "metricHeaders": [{"name": "itemsViewed"}],
        "rows": [{"dimensionValues": cells, "metricValues": [{"value": "4"}]}],
    }  # fmt: skip
    asking = Asking(stream="products_viewed", values={})
    assert report_rows(body, asking) == [{"date": "2026-11-27", "itemId": None, "itemsViewed": "4"}]
    assert report_rows({"rowCount": 0}, asking) == []
