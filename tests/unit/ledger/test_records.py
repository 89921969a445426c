"""The ledger keeps every activity and every text of a definition."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from satsuma.errors import WorkspaceError
from satsuma.ledger import DefinitionText, Ledger

MORNING = datetime(2026, 3, 1, 8)
EVENING = datetime(2026, 3, 1, 20)


@pytest.fixture
def ledger(ledger_url: str):  # type: ignore[no-untyped-def]
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


def definition(text: str, name: str = "vip") -> DefinitionText:
    return DefinitionText(kind="segment", name=name, text=text)


def test_an_activity_is_kept_with_its_outcome(ledger: Ledger) -> None:
    load = ledger.start("load", MORNING)
    ledger.finish(load, EVENING, {"rows": 3})
    run = ledger.start("run", EVENING)
    ledger.fail(run, EVENING, "definition", "One mistake.")
    newest, oldest = ledger.activities()
    assert (newest.kind, newest.status, newest.error_code) == ("run", "failed", "definition")
    assert newest.error_message == "One mistake."
    assert oldest.as_dict() == {
        "activity_id": load,
        "kind": "load",
        "started_at": "2026-03-01T08:00:00Z",
        "finished_at": "2026-03-01T20:00:00Z",
        "status": "ok",
        "error_code": None,
        "error_message": None,
        "counts": {"rows": 3},
    }
    assert [item.kind for item in ledger.activities("load")] == ["load"]
    assert len(ledger.activities(most=1)) == 1


def test_only_what_never_ended_is_marked_interrupted(ledger: Ledger) -> None:
    ledger.finish(ledger.start("load", MORNING), MORNING, {})
    ledger.start("run", MORNING)
    assert ledger.settle_interrupted(EVENING) == 1
    assert ledger.settle_interrupted(EVENING) == 0
    assert [item.error_code for item in ledger.activities()] == ["interrupted", None]


def test_a_definitions_texts_are_kept_when_they_change(ledger: Ledger) -> None:
    assert len(ledger.record_definitions([definition("one"), definition("x", "other")], MORNING)) == 2
    assert ledger.record_definitions([definition("one"), definition("x", "other")], EVENING) == []
    [changed] = ledger.record_definitions([definition("two"), definition("x", "other")], EVENING)
    assert changed.text == "two"
    [removed] = ledger.record_definitions([definition("x", "other")], EVENING)
    assert (removed.name, removed.text) == ("vip", None)
    assert ledger.record_definitions([definition("x", "other")], EVENING) == []
    [back] = ledger.record_definitions([definition("two"), definition("x", "other")], EVENING)
    assert [item.text for item in ledger.definition_history("segment", "vip")] == ["one", "two", None, "two"]
    assert back.first_seen_at == EVENING


def test_a_ledger_opens_again_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "l'été #1?.db"
    first = Ledger.in_file(path)
    first.start("load", MORNING)
    first.close()
    second = Ledger.in_file(path)
    assert len(second.activities()) == 1
    second.close()
    assert path.exists()


def test_a_ledger_in_sqlite_lets_readers_in_while_it_writes(tmp_path: Path) -> None:
    ledger = Ledger.in_file(tmp_path / "ledger.db")
    with ledger._engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
    ledger.close()


def test_a_newer_ledger_is_refused(new_url: str) -> None:
    ledger = Ledger(new_url)
    with ledger._engine.begin() as connection:
        connection.execute(sa.text("UPDATE schema_version SET version = 99"))
    ledger.close()
    with pytest.raises(WorkspaceError, match="newer Satsuma"):
        Ledger(new_url)


def test_a_damaged_ledger_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(WorkspaceError, match="cannot be read or written"):
        Ledger.in_file(tmp_path / "ledger.db")


@pytest.mark.parametrize("url", ["nonsense", "mysql://x", "postgresql+nodriver://user:secret@db/x"])
def test_a_url_nobody_can_open_is_a_sentence_without_its_password(url: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        Ledger(url)
    assert "secret" not in str(caught.value.as_dict())
