"""The quality report and the quarantine, read from the warehouse."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from satsuma.errors import NotFound
from satsuma.quality.quarantine import list_quarantine, show_quarantine
from satsuma.quality.report import quality_report

LOADED = dt.datetime(2026, 1, 1, 12)


@pytest.fixture
def warehouse(engine):
    for load_id in (1, 2):
        engine.execute(
            "INSERT INTO loads VALUES (?, ?, 'customers', ['a.csv'], '{}', '{}')",
            [load_id, LOADED + dt.timedelta(load_id)],
        )
    facts = [
        (1, "a.csv", "customers", "age", "age", 10, 5, 5, 5, 0, None, "{}"),
        (2, "a.csv", "customers", "*", None, 20, 20, 19, 18, 0, None, '{"duplicate_row": 2}'),
        (2, "a.csv", "customers", "age", "age", 20, 16, 12, 6, 1, None, '{"integer_unreadable": 4, "newer_code": 1}'),
        (2, "a.csv", "customers", "joined", "first_seen", 20, 0, 0, 0, 0, LOADED, "{}"),
    ]
    for fact in facts:
        engine.execute("INSERT INTO quality VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", list(fact))
    rows = [
        (1, 1, "a.csv", "customers", 3, "id", "required_missing", '{"id": null, "age": "4"}', None),
        (2, 2, "a.csv", "customers", 5, None, "row_too_short", '["x", "y"]', None),
        (3, 2, "a.csv", "customers", 6, None, "row_too_short", '["z"]', None),
        (4, 2, "a.csv", "customers", 7, None, "row_too_short", '["done"]', LOADED),
    ]
    for row in rows:
        engine.execute("INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(row))
    return engine


def test_the_report_tells_of_the_newest_load_of_each_source(warehouse):
    (source,) = quality_report(warehouse).sources
    assert (source.load_id, source.rows, source.duplicate_rows, source.newest) == (2, 20, 2, LOADED)
    age, joined = source.columns
    assert (age.completeness, age.validity, age.uniqueness) == (0.8, 0.75, 0.5)
    assert (joined.completeness, joined.validity) == (0.0, None)
    assert [finding.code for finding in age.findings] == ["integer_unreadable", "newer_code"]
    assert age.findings[0].sentence == "The value is not a whole number."


def test_the_report_counts_what_waits_and_is_plain_for_json(warehouse):
    report = quality_report(warehouse)
    assert report.waiting == {"required_missing": 1, "row_too_short": 2}
    assert report.sources[0].quarantined == {"row_too_short": 2}
    plain = json.loads(json.dumps(report.as_dict()))
    assert plain["sources"][0]["loaded_at"] == "2026-01-03T12:00:00Z"
    assert plain["sources"][0]["columns"][0]["findings"][0]["count"] == 4


def test_an_empty_warehouse_has_an_empty_report(engine):
    assert quality_report(engine).as_dict() == {"sources": [], "waiting": {}}
    assert list_quarantine(engine) == ()


def test_the_quarantine_is_listed_by_load_and_reason(warehouse):
    groups = list_quarantine(warehouse)
    assert [(group.load_id, group.reason, group.rows, group.first_row) for group in groups] == [
        (2, "row_too_short", 2, 5),
        (1, "required_missing", 1, 3),
    ]
    assert json.dumps(groups[0].as_dict())


def test_rows_are_shown_with_what_could_be_told_apart(warehouse):
    first, second = show_quarantine(warehouse, load_id=2)
    assert (first.written, second.written) == ("x | y", "z")
    (only,) = show_quarantine(warehouse, quarantine_id=1)
    assert only.written == "age=4"
    assert only.as_dict()["raw"] == {"id": None, "age": "4"}
    assert len(show_quarantine(warehouse, most=2)) == 2


def test_a_load_without_rows_in_quarantine_is_said(warehouse):
    with pytest.raises(NotFound, match="no row of load 9"):
        show_quarantine(warehouse, load_id=9)
