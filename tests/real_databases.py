"""PostgreSQL and MariaDB of a test run's own: started once, by an unprivileged user, in a folder that is thrown away.

Tests that need one are skipped by name where its programs or its driver are not installed.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

USER, PASSWORD = "satsuma", "open sesame/@:"
_numbers = count(1)


@dataclass
class Database:
    """One running server of databases. begin, halt : start it again, stop it at once."""

    url: sa.URL
    begin: Callable[[], None]
    halt: Callable[[], None]
    engine: sa.Engine = field(init=False)
    ledger: str | None = None

    def __post_init__(self) -> None:
        # Each test's own connections are its own: whoever starts the server anew must meet none of before.
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    def run(self, *statements: str) -> None:
        with self.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def fresh_schema(self) -> str:
        """Return the URL of a schema that nobody has used, in the one database of PostgreSQL."""
        name = f"s{next(_numbers)}"
        self.run(f"CREATE SCHEMA {name}")
        return text_of(self.url.update_query_dict({"options": f"-csearch_path={name}"}))

    def empty_ledger(self) -> str:
        """Return the URL of a ledger with nothing in it; the one of the test before, emptied, as that is quicker."""
        from satsuma.ledger import Ledger
        from satsuma.ledger.schema import metadata

        if self.ledger is None:
            self.ledger = self.fresh_schema()
            Ledger(self.ledger).close()
        else:
            schema = sa.make_url(self.ledger).query["options"].partition("=")[2]  # type: ignore[union-attr]
            tables = ", ".join(f"{schema}.{name}" for name in metadata.tables if name != "schema_version")
            self.run(f"TRUNCATE {tables} RESTART IDENTITY")
        return self.ledger


def text_of(url: sa.URL) -> str:
    """Return a URL as a person writes it, its password included."""
    return url.render_as_string(hide_password=False)


def postgresql_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, where it is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return Path(found[-1]).parent if found else None


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _as_nobody(name: str) -> dict[str, Any]:
    """Return how a program is started by somebody without rights: servers of databases refuse to run as root."""
    if os.getuid() != 0:
        return {}
    for known in (name, "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(known)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    pytest.skip("there is no unprivileged user to start a database server as")


@contextmanager
def _folder(who: dict[str, Any]) -> Iterator[Path]:
    # Not pytest's own folder: nobody else may enter that one.
    folder = Path(tempfile.mkdtemp(prefix="satsuma-db-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgresql() -> Iterator[Database]:
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("the driver psycopg is not installed")
    who, port = _as_nobody("postgres"), free_port()
    with _folder(who) as folder:
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)

        def program(*arguments: str, check: bool = True) -> None:
            subprocess.run([programs / arguments[0], *arguments[1:]], check=check, cwd=folder, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)  # fmt: skip

        data, log = str(folder / "data"), str(folder / "log")
        program("initdb", "-D", data, "-U", USER, f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync",
                "--locale=C.UTF-8", "-E", "UTF8", "--no-instructions")  # fmt: skip
        # Messages in another language: nothing may depend on their words where there is a code.
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -k {folder} -c fsync=off -c max_connections=60"

        def begin() -> None:
            program("pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")

        def halt() -> None:
            program("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", check=False)

        begin()
        try:
            url = sa.URL.create("postgresql+psycopg", USER, PASSWORD, "127.0.0.1", port, "postgres")
            yield Database(url, begin, halt)
        finally:
            halt()


@contextmanager
def running_mariadb() -> Iterator[Database]:
    maker, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if maker is None or server is None:
        pytest.skip("MariaDB is not installed")
    if importlib.util.find_spec("pymysql") is None:
        pytest.skip("the driver pymysql is not installed")
    who, port = _as_nobody("mysql"), free_port()
    with _folder(who) as folder:
        data, reached = f"--datadir={folder}/data", folder / "socket"
        subprocess.run([maker, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db",
                        "--skip-name-resolve"], check=True, cwd=folder, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)  # fmt: skip
        # Read by the server as it starts, before anybody is let in.
        first = folder / "first.sql"
        secret = PASSWORD.replace("'", "''")
        first.write_text(
            f"CREATE DATABASE IF NOT EXISTS shop;\n"
            f"CREATE OR REPLACE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{secret}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'127.0.0.1';\n"
        )
        first.chmod(0o644)
        running: list[subprocess.Popen[bytes]] = []

        def begin() -> None:
            reached.unlink(missing_ok=True)
            with (folder / "log").open("ab") as log:
                process = subprocess.Popen(
                    [server, "--no-defaults", data, f"--socket={reached}", f"--pid-file={folder}/pid", f"--port={port}",
                     "--bind-address=127.0.0.1", "--skip-log-bin", "--skip-name-resolve", f"--init-file={first}",
                     "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"],
                    cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **who,
                )  # fmt: skip
            running.append(process)
            for _ in range(1_000):
                if process.poll() is not None:
                    raise AssertionError((folder / "log").read_text())
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    return
                time.sleep(0.02)
            raise AssertionError("MariaDB does not start")

        def halt() -> None:
            process = running.pop()
            process.kill()
            process.wait()

        begin()
        try:
            yield Database(sa.URL.create("mysql+pymysql", USER, PASSWORD, "127.0.0.1", port, "shop"), begin, halt)
        finally:
            if running:
                halt()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Database]:
    with running_postgresql() as database:
        yield database


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Database]:
    with running_mariadb() as database:
        yield database


def _sqlite(folder: Path) -> str:
    return sa.URL.create("sqlite", database=str(folder / "ledger.db")).render_as_string()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty ledger, on each kind of database that may keep one."""
    if request.param == "sqlite":
        return _sqlite(tmp_path)
    database: Database = request.getfixturevalue("postgresql")
    return database.empty_ledger()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a place where there is no ledger yet, on each kind of database."""
    if request.param == "sqlite":
        return _sqlite(tmp_path)
    database: Database = request.getfixturevalue("postgresql")
    return database.fresh_schema()
