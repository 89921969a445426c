"""A workspace whose ledger is in PostgreSQL: a run, a server with its keys and a job, and no password anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from quick_passwords import quick_passwords
from real_databases import PASSWORD, Database, text_of
from satsuma import Workspace
from satsuma.cli import output
from satsuma.cli.running import run as command
from satsuma.errors import WorkspaceError
from small_server import fill, serving

__all__ = ["quick_passwords"]

VARIABLE = "SATSUMA_TEST_LEDGER"


@pytest.fixture(autouse=True)
def fresh_console() -> Iterator[None]:
    """Let commands write to what this test captures, and not what follows."""
    output.console.cache_clear()
    yield
    output.console.cache_clear()


@pytest.fixture
def shop(tmp_path: Path, postgresql: Database, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    filled = fill(tmp_path)
    filled.close()
    settings = filled.path / "satsuma.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "ledger: sqlite " in text
    settings.write_text(text.replace("ledger: sqlite ", f"ledger: ${{{VARIABLE}}} "), encoding="utf-8")
    (filled.path / "ledger.db").unlink(missing_ok=True)
    monkeypatch.setenv(VARIABLE, postgresql.empty_ledger())
    return Workspace.open(filled.path)


def test_a_run_a_server_and_a_job_work(shop: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert shop.run().run_id == 1
    assert [item.kind for item in shop.activity()] == ["run"]
    shop.close()
    for server in serving(Workspace.open(shop.path)):
        job = server.job("runs", {})
        assert job["status"] == "done"
        assert server.get("segments")
        assert server.ask("GET", "segments", key=None).status_code == 401
        assert [item["kind"] for item in server.get("activity")] == ["run", "run"]
    assert not (shop.path / "ledger.db").exists()
    assert command(["activity", "-w", str(shop.path), "--json"]) == 0
    written = [path.read_bytes() for path in shop.path.rglob("*") if path.is_file() and path.suffix != ".duckdb"]
    encoded = sa.URL.create("x", "u", PASSWORD, "h").render_as_string(hide_password=False)[6:-2]
    shown = capsys.readouterr()
    for secret in (PASSWORD, encoded):
        assert all(secret.encode() not in text for text in written)
        assert secret not in shown.out + shown.err


def test_a_server_that_is_away_is_a_sentence(shop: Workspace, postgresql: Database) -> None:
    postgresql.halt()
    try:
        with pytest.raises(WorkspaceError, match="does not answer") as caught:
            shop.run()
    finally:
        postgresql.begin()
        shop.close()
    assert PASSWORD not in str(caught.value.as_dict())
    assert text_of(postgresql.url) not in repr(shop.settings)


def test_a_variable_that_is_not_set_is_named(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(WorkspaceError, match=f"{VARIABLE}, which is not set"):
        _ = shop.records
