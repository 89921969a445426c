"""User agents seen in the wild, each parsed as the published tests of the rules expect."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import pytest

from satsuma.quality import devices

DATA = os.environ.get("SATSUMA_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA names no folder with test data")


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(Path(str(DATA)) / "technographic" / f"{name}.csv.gz", "rt", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "part", "count"),
    [("uap_test_ua", "user_agent", 1_601), ("uap_test_os", "os", 483), ("uap_test_device", "device", 16_129)],
)
def test_every_published_user_agent_is_parsed_as_expected(name: str, part: str, count: int) -> None:
    found = rows(name)
    assert len(found) == count
    wrong = []
    for row in found:
        parsed = getattr(devices.parse(row["user_agent_string"]), part)
        expected = {key: value for key, value in row.items() if key != "user_agent_string"}
        got = {key: (getattr(parsed, key) or "") if parsed else "" for key in expected}
        if parsed is None:
            got["family"] = "Other"
        if got != expected:
            wrong.append(row["user_agent_string"])
    assert wrong == []


def test_what_is_kept_is_what_was_parsed() -> None:
    for row in rows("uap_test_os"):
        device = devices.read_device(row["user_agent_string"])
        assert (device.os or "Other") == row["family"]
        assert (device.os_version or "") == row["major"]
