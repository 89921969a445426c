"""`satsuma.yaml`: read with every mistake named by line, written so that it reads back."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.errors import DefinitionError, WrongUse
from satsuma.settings import (
    CURRENCIES,
    EngineSettings,
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
        (5, ("spark",)),
        (6, ()),
        (6, ("events",)),
        (7, ()),
        (8, ()),
        (8, ("consent",)),
        (8, ("legal_basis",)),
    ]
    assert not any("secret" in message for _, message, _ in found)


HEAD = "name: x\ntimezone: UTC\ncurrency: EUR\n"


def test_an_engine_is_a_name_or_says_more(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD).engine == EngineSettings()
    assert read(tmp_path, HEAD + "engine: duckdb\n").engine == EngineSettings()
    assert read(tmp_path, HEAD + "engine: spark\n").engine == EngineSettings(name="spark")
    text = (
        "engine:\n  name: spark\n  master: local[2]\n  tables: /mnt/tables\n"
        "  settings: {spark.driver.memory: 4g, spark.ui.enabled: true, spark.sql.shuffle.partitions: 8}\n"
    )
    assert read(tmp_path, HEAD + text).engine == EngineSettings(
        name="spark",
        master="local[2]",
        tables="/mnt/tables",
        settings={"spark.driver.memory": "4g", "spark.ui.enabled": "true", "spark.sql.shuffle.partitions": "8"},
    )
    assert (
        read(tmp_path, HEAD + "engine: {name: spark, remote: 'sc://host:15002'}\n").engine.remote == "sc://host:15002"
    )


@pytest.mark.parametrize(
    ("text", "line", "message", "near"),
    [
        ("engine: sparc", 4, "'sparc' is not an engine; allowed: duckdb, spark.", ("spark",)),
        ("engine: {nam: spark}", 4, "'nam' is not a setting of an engine", ("name",)),
        ("engine:\n  name: duckdb\n  master: local", 6, "'master' is said of the engine 'spark' alone.", ()),
        ("engine:\n  name: spark\n  master: yarn", 6, "spark://HOST:PORT", ()),
        ("engine:\n  name: spark\n  master: local[0]", 6, "local[n]", ()),
        ("engine:\n  name: spark\n  remote: http://token@host", 6, "sc://HOST:PORT", ()),
        ("engine: {name: spark, master: local, remote: 'sc://host'}", 4, "'master' or 'remote', not both", ()),
        ("engine:\n  name: spark\n  tables: [a]", 6, "'tables' must be a text.", ()),
        ("engine:\n  name: spark\n  settings: [a]", 6, "must hold 'spark...: value' lines.", ()),
        ("engine:\n  name: spark\n  settings: {memory: 4g}", 6, "their names begin with 'spark.'", ()),
        ("engine:\n  name: spark\n  settings: {spark.x: [1]}", 6, "'spark.x' must be a text, a number", ()),
    ],
)
def test_a_mistake_in_an_engine_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, message: str, near: tuple[str, ...]
) -> None:
    found = problems(tmp_path, HEAD + text + "\n")
    assert any(item[0] == line and message in item[1] and item[2][:1] == near for item in found), found
    assert not any("token" in item[1] for item in found), "an address may hold a secret"


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
