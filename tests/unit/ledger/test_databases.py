"""What is wrong with a database is one sentence that names the place and no secret."""

from __future__ import annotations

import builtins
import importlib.util
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from real_databases import PASSWORD, Database, free_port, text_of
from satsuma.errors import WorkspaceError
from satsuma.ledger import Ledger, databases

NOW = datetime(2024, 5, 1, 6, 0)
SECRET = "hunter2"  # noqa: S105


def refused(url: str) -> tuple[str, str]:
    """Return the sentence and the hint of a ledger that cannot be opened, which hold no secret."""
    with pytest.raises(WorkspaceError) as caught:
        Ledger(url)
    shown = str(caught.value.as_dict())
    assert SECRET not in shown
    assert PASSWORD not in shown
    assert caught.value.__cause__ is None
    return caught.value.message, caught.value.hint


def test_each_way_to_fail_has_its_sentence(postgresql: Database) -> None:
    url = postgresql.url
    at = f"at 127.0.0.1:{url.port}"
    assert refused(text_of(url.set(password=SECRET))) == (
        (
            f"The ledger cannot be read or written. The server of the database 'postgres' {at} refuses the user or the "
            "password."
        ),
        "Check the user and the password, and that the server lets this user in from here.",
    )
    assert "the password (the URL has none)" in refused(text_of(url).replace(f":{_encoded()}@", "@"))[0]
    assert "refuses the user" in refused(text_of(url.set(username="nobody_at_all", password=SECRET)))[0]
    message, hint = refused(text_of(url.set(database="nowhere")))
    assert f"The server answers, but the database 'nowhere' {at} is not there." in message
    assert "create it" in hint
    closed = url.set(port=free_port(), password=SECRET)
    message, hint = refused(text_of(closed))
    assert f"The server of the database 'postgres' at 127.0.0.1:{closed.port} does not answer." in message
    assert "firewall" in hint


def _encoded() -> str:
    return sa.URL.create("x", "u", PASSWORD, "h").render_as_string(hide_password=False)[6:-2]


def test_a_ledger_whose_server_begins_anew_goes_on(postgresql: Database) -> None:
    url = postgresql.url.update_query_dict({"options": postgresql.fresh_schema().rpartition("options=")[2]})
    ledger = Ledger(text_of(url).replace("%25", "%"))
    ledger.start("load", NOW)
    postgresql.halt()
    with pytest.raises(WorkspaceError, match=r"does not answer|was lost"):
        ledger.start("load", NOW)
    postgresql.begin()
    ledger.start("load", NOW)
    assert len(ledger.activities()) == 2
    ledger.close()


def test_a_transaction_that_its_server_ends_is_a_sentence(postgresql: Database) -> None:
    ledger = Ledger(postgresql.empty_ledger())

    def end_the_own_connection() -> None:
        with ledger.transaction() as connection:
            own = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar()
            postgresql.run(f"SELECT pg_terminate_backend({own})")
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(WorkspaceError, match="was lost"):
        end_the_own_connection()
    ledger.close()


@pytest.mark.parametrize(
    ("dialect", "error", "kind"),
    [
        ("postgresql", Exception("failed to resolve host 'db.example': [Errno -2] Name or service not known"), "host"),
        ("postgresql", Exception("connection failed: FATAL: sorry, too many clients already"), "host"),
        ("postgresql", Exception("something that nobody has seen"), "other"),
        ("mysql", Exception(1045, "Access denied for user 'x'@'y' (using password: YES)"), "password"),
        ("mysql", Exception(1049, "Unknown database 'shop'"), "database"),
        ("mysql", Exception(2003, "Can't connect to MySQL server on 'x' ([Errno 111] Connection refused)"), "host"),
        ("mysql", Exception(2013, "Lost connection to MySQL server during query"), "lost"),
        ("sqlite", Exception("unable to open database file"), "host"),
        ("sqlite", Exception("file is not a database"), "other"),
    ],
)
def test_what_drivers_say_is_understood(dialect: str, error: Exception, kind: str) -> None:
    url = sa.URL.create(dialect, "ada", SECRET, "db.example", database="shop")
    found = databases.trouble(error, url)
    assert found.kind == kind
    assert "shop" in found.message
    assert "ada" not in found.message
    assert SECRET not in found.message + found.hint


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "This is not the URL of a database."),
        (f"postgresql://u:{SECRET}@db:99999/x", "This is not the URL of a database."),
        (f"postgresql://u:{SECRET}@db:port/x", "This is not the URL of a database."),
        (f"oracle://u:{SECRET}@db/x", "This kind of database is not one that Satsuma reads."),
        (f"postgresql+nodriver://u:{SECRET}@db/x", "is not the one that Satsuma uses for postgresql"),
    ],
)
def test_a_url_that_is_none_is_a_sentence(url: str, said: str) -> None:
    assert said in refused(url)[0]


def test_mysql_keeps_no_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    message, hint = refused(f"mysql://u:{SECRET}@127.0.0.1/x")
    assert message == "The ledger cannot be kept in mysql."
    assert "postgresql://" in hint


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    imported: list[str] = []
    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: (imported.append(name), original(name, *rest))[1])
    message, hint = refused(f"postgresql://u:{SECRET}@127.0.0.1/x")
    assert message == "The ledger cannot be opened. The driver for postgresql, psycopg, is not installed."
    assert hint == "Install it with: pip install 'satsuma[postgres]'"
    assert "psycopg" not in imported


def test_the_word_of_other_tools_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    assert databases.read_url(" postgres://u@h/x ").drivername == "postgresql+psycopg"
    assert databases.read_url("mysql://u@h/x").drivername == "mysql+pymysql"


def test_a_place_names_no_user(tmp_path: Path) -> None:
    places: dict[str, Any] = {
        "postgresql://u:p@h:1/x": "the database 'x' at h:1",
        "postgresql://u:p@h": "the database at h",
        "postgresql:///x?host=/run/pg": "the database 'x' at /run/pg",
        "postgresql:///x": "the database 'x' of this computer",
        f"sqlite:///{tmp_path}/x.db": f"the file '{tmp_path}/x.db'",
    }
    assert {text: databases.place(sa.make_url(text)) for text in places} == places
