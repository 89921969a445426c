"""`satsuma.yaml`: read with every mistake named by line, written so that it reads back."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.errors import DefinitionError, WrongUse
from satsuma.settings import (
    CURRENCIES,
    Settings,
    checked_settings,
    currency_mistake,
    read_settings,
    region_mistake,
    region_of,
    render_settings,
    timezone_mistake,
)

GOOD = """\
name: 'A shop: "the" best'
timezone: Europe/Paris
currency: EUR
default_region: NO
engine: duckdb
ledger: postgresql+psycopg://satsuma@db.example/ledger
retention: {events: 5y, logs: 90d}
purposes:
  email_marketing: {title: News, legal_basis: consent}
  fulfilment: {legal_basis: contract}
"""


def read(folder: Path, text: str) -> Settings:
    path = folder / "satsuma.yaml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def problems(folder: Path, text: str) -> list[tuple[int | None, str, tuple[str, ...]]]:
    with pytest.raises(DefinitionError) as caught:
        read(folder, text)
    return [(item.line, item.message, item.nearest) for item in caught.value.details]


def test_all_settings_are_read(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert (settings.name, settings.timezone, settings.currency) == ('A shop: "the" best', "Europe/Paris", "EUR")
    assert settings.default_region == "NO"  # Norway, not a boolean
    assert settings.ledger == "postgresql+psycopg://satsuma@db.example/ledger"
    assert dict(settings.retention) == {"events": 5 * 365 * 86_400_000_000, "logs": 90 * 86_400_000_000}
    assert settings.purposes["fulfilment"].legal_basis == "contract"
    assert settings.zone.key == "Europe/Paris"


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    text = (
        "name: x\ntimezone: Europe/Pari\ncurrency: euro\nengin: duckdb\nengine: sparc\n"
        "retention: {event: 5y, logs: soon}\nledger: mysql://root:secret@db\n"
        "purposes: {Mail: {legal_bases: x, legal_basis: consnt}}\n"
    )
    found = problems(tmp_path, text)
    assert sorted((line, near[:1]) for line, _, near in found) == [
        (2, ("Europe/Paris",)),
        (3, ("EUR",)),
        (4, ("engine",)),
        (5, ()),
        (6, ()),
        (6, ("events",)),
        (7, ()),
        (8, ()),
        (8, ("consent",)),
        (8, ("legal_basis",)),
    ]
    assert not any("secret" in message for _, message, _ in found)


@pytest.mark.parametrize("text", ["", "- a list\n", "just a text\n", "42\n"])
def test_a_file_that_is_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    assert "key: value" in problems(tmp_path, text)[0][1]


def test_missing_settings_are_named(tmp_path: Path) -> None:
    assert [message for _, message, _ in problems(tmp_path, "name: x\n")] == [
        "'timezone' is missing; every workspace says it.",
        "'currency' is missing; every workspace says it.",
    ]


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    [(line, message, _)] = problems(tmp_path, "name: x\ntimezone: [Europe/Paris\n")
    assert line == 3
    assert "not valid YAML" in message


@pytest.mark.parametrize("name", ["shop", "l'été: #1", "yes", "007", "{x}", "a\\b"])
def test_written_settings_read_back(tmp_path: Path, name: str) -> None:
    settings = checked_settings(name=name, timezone="America/New_York", currency="USD")
    assert read(tmp_path, render_settings(settings)) == settings
    without_region = checked_settings(name=name, timezone="UTC", currency="JPY")
    assert without_region.default_region is None
    assert read(tmp_path, render_settings(without_region)) == without_region


@pytest.mark.parametrize(
    ("name", "near"),
    [("Paris", "Europe/Paris"), ("europe/paris", "Europe/Paris"), ("new york", "America/New_York")],
)
def test_a_zone_is_found_by_its_city(name: str, near: str) -> None:
    mistake = timezone_mistake(name)
    assert mistake is not None
    assert mistake[1] == (near,)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "localtime", "Europe/Atlantis", None, 3])
def test_a_wrong_zone_is_never_taken(name: object) -> None:
    mistake = timezone_mistake(name)
    assert mistake is not None
    assert "localtime" not in mistake[1]


def test_nearest_currencies_and_countries_are_named() -> None:
    assert currency_mistake("eur") == (
        "'eur' is not a currency. Currencies are written as their three letters, for example EUR or USD.",
        ("EUR",),
    )
    assert all(currency_mistake(code) is None for code in CURRENCIES)
    assert region_mistake("UK") == (
        "'UK' is not a country. Countries are written as their two letters, for example FR or US.",
        ("GB",),
    )
    assert region_mistake("France")[1] == ("FR",)  # type: ignore[index]


def test_the_region_follows_the_time_zone() -> None:
    assert region_of("Asia/Tokyo") == "JP"
    assert region_of("UTC") is None


def test_a_wrong_value_for_a_new_workspace_is_wrong_use() -> None:
    with pytest.raises(WrongUse) as caught:
        checked_settings(name="x", timezone="Paris", currency="EUR")
    assert caught.value.exit_code == 2
    assert caught.value.hint == "Did you mean Europe/Paris?"
