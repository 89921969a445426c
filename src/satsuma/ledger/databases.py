"""Databases that others run: which driver reaches one, where it is, and what is wrong in a sentence.

Neither a URL nor a driver's own text is ever shown: the one holds a password, the other may repeat the values of a row.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

#: Of each dialect: the driver, the package that has it, and the extra of Satsuma that installs that.
DRIVERS: dict[str, tuple[str, str, str]] = {
    "postgresql": ("psycopg", "psycopg", "postgres"),
    "mysql": ("pymysql", "pymysql", "mysql"),
    "mariadb": ("pymysql", "pymysql", "mysql"),
    "sqlite": ("pysqlite", "sqlite3", ""),
}
#: Seconds to wait for a server to answer at all, where the URL does not say.
CONNECT_WITHIN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a database cannot be used. kind : `driver`, `host`, `password`, `database`, `lost`, or `other`."""

    kind: str
    message: str
    hint: str


class UnusableError(ValueError):
    """A URL that is none, names a database Satsuma does not know, or one whose driver is missing."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def read_url(text: str) -> sa.URL:
    """Return the URL of a database, with the driver that is used for it.

    Raises
    ------
    UnusableError
        With what to write or install; it does not repeat the URL.
    """
    # The word that other tools write.
    plain = re.sub(r"^postgres(?=[+:])", "postgresql", text.strip())
    try:
        url = sa.make_url(plain)
        dialect, driver = url.get_backend_name(), url.drivername.partition("+")[2]
        if url.port is not None and not 0 < url.port < 65_536:
            raise ValueError(url.port)
    except (sa.exc.ArgumentError, ValueError):
        raise UnusableError(
            "This is not the URL of a database.",
            "Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE; in a password write %40 for @, %2F for /.",
        ) from None
    if dialect not in DRIVERS:
        known = ", ".join(f"{name}://" for name in DRIVERS)
        raise UnusableError("This kind of database is not one that Satsuma reads.", f"A URL begins with {known}.")
    own, package, extra = DRIVERS[dialect]
    if driver and driver != own:
        raise UnusableError(
            f"The driver that the URL names is not the one that Satsuma uses for {dialect}.",
            f"Write {dialect}:// alone, or {dialect}+{own}://.",
        )
    if importlib.util.find_spec(package) is None:
        raise UnusableError(
            f"The driver for {dialect}, {package}, is not installed.",
            f"Install it with: pip install 'satsuma[{extra}]'",
        )
    return url.set(drivername=f"{dialect}+{own}")


def connect_arguments(url: sa.URL) -> dict[str, Any]:
    """Return what the driver is told besides the URL: a server that is not there is not waited for without end."""
    if url.get_backend_name() == "sqlite" or "connect_timeout" in url.query:
        return {}
    return {"connect_timeout": CONNECT_WITHIN}


def place(url: sa.URL) -> str:
    """Say which database it is, and where, without who asks for it."""
    if url.get_backend_name() == "sqlite":
        return f"the file '{url.database or ''}'"
    name = f"the database '{url.database}'" if url.database else "the database"
    host = url.host or url.query.get("host") or url.query.get("unix_socket")
    if not isinstance(host, str):
        return f"{name} of this computer"
    return f"{name} at {host}{'' if url.port is None else f':{url.port}'}"


#: What libpq says where there is no code yet, because nobody has been reached or let in.
_LIBPQ: tuple[tuple[str, str], ...] = (
    (("password authentication failed|no password supplied|role .* does not exist|no pg_hba.conf entry"
     "|authentication failed|peer authentication"), "password"),
    ("database .* does not exist", "database"),
    (("could not translate host name|Name or service not known|No address associated|name resolution|nodename nor"
     "|failed to resolve host"), "name"),
    (("Connection refused|No route to host|Network is unreachable|timeout expired|timed out|No such file or directory"
     "|connection is bad|could not connect|starting up|too many clients|connection failed"), "host"),
    (("server closed the connection|terminating connection|connection .*lost|SSL SYSCALL|consuming input failed"
     "|connection is closed"), "lost"),
)  # fmt: skip
#: By the numbers of MySQL: of its server (1...), and of its clients (2...).
_MYSQL = {1045: "password", 1698: "password", 1044: "password", 1049: "database", 2003: "host", 2002: "host",
          2005: "name", 1040: "host", 2006: "lost", 2013: "lost", 0: "lost", 1053: "lost", 1927: "lost"}  # fmt: skip


def trouble(error: BaseException, url: sa.URL) -> Trouble:
    """Say what is wrong with reaching a database, from what its driver raised."""
    kind, where = _kind(error, url), place(url)
    password = "password" if url.password is not None else "password (the URL has none)"
    words: Mapping[str, tuple[str, str]] = {
        "password": (f"The server of {where} refuses the user or the {password}.",
                     "Check the user and the password, and that the server lets this user in from here."),
        "database": (f"The server answers, but {where} is not there.", "Check its name, or create it."),
        "name": (f"The host of {where} is not known: there is no such name.", "Check how the host is written."),
        "host": (f"The server of {where} does not answer.",
                 "Check the host and the port, that the server runs, and that a firewall lets this computer through."),
        "lost": (f"The connection to {where} was lost.", "Try again; the server's log says who ended it."),
        "file": (f"Of {where} nothing can be read: it is not there, or not to be opened.", "Check the path."),
        "damaged": (f"It cannot be used: {where} is damaged, or no SQLite database.", "Check the path."),
        "other": (f"It cannot be used: {where}.", "Look into the server's log for what it minds."),
    }  # fmt: skip
    message, hint = words[kind]
    if kind == "other" and url.get_backend_name() == "sqlite":  # it has no server, so no log
        hint = "Try the query in sqlite3, and look whether another program changed the file."
    plain = {"name": "host", "file": "host", "damaged": "other"}.get(kind, kind)
    return Trouble(kind=plain, message=message, hint=hint)


def _kind(error: BaseException, url: sa.URL) -> str:
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    text, dialect = str(cause), url.get_backend_name()
    if dialect == "sqlite":
        return "file" if "unable to open" in text else "damaged" if "not a database" in text else "other"
    if dialect in ("mysql", "mariadb"):
        number = cause.args[0] if cause.args and isinstance(cause.args[0], int) else -1
        found = _MYSQL.get(number, "other")
        return "name" if found == "host" and re.search(_LIBPQ[2][0], text) else found
    code = getattr(cause, "sqlstate", None)
    if code is not None:
        by_code = {"28P01": "password", "28000": "password", "3D000": "database", "53300": "host", "57P03": "host"}
        return by_code.get(code, "lost" if code[:3] in ("57P", "080") else "other")
    return next((kind for pattern, kind in _LIBPQ if re.search(pattern, text)), "other")
