"""Files to begin with for sources that are no vendor's: any other API, a database, any other sender."""

from __future__ import annotations

from importlib import resources

#: What they are for, in words.
KINDS = {
    "rest": "any other API that answers JSON",
    "sql": "a database: PostgreSQL, MySQL, MariaDB, SQLite",
    "webhook": "any other system that sends by itself",
}


def starter(kind: str, name: str) -> str:
    """Return the text of a source's file to be edited."""
    text = resources.files(__name__).joinpath(f"{kind}.yaml").read_text(encoding="utf-8")
    return text.replace("NAME", name.replace("-", "_").upper())
