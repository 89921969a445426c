"""Keys and users of a server, as commands manage them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from satsuma.remote.asking import Connection, quoted
from satsuma.remote.told import Told


class RemoteKeys:
    """The keys; who makes one is known to the server."""

    def __init__(self, server: Connection) -> None:
        self._server = server

    def make(self, name: str, scopes: Collection[str], **_here: Any) -> tuple[Told, str]:
        made = self._server.post("keys", {"name": name, "scopes": list(scopes)})
        return Told({key: value for key, value in made.items() if key != "key"}), made["key"]

    def all(self) -> list[Told]:
        return [Told(item) for item in self._server.get("keys")]

    def revoke(self, key_id: int, **_here: Any) -> Told:
        return Told(self._server.ask("DELETE", f"keys/{key_id}"))


class RemoteUsers:
    """The users."""

    def __init__(self, server: Connection) -> None:
        self._server = server

    def add(self, name: str, role: str, **_here: Any) -> tuple[Told, str]:
        return _with_password(self._server.post("users", {"name": name, "role": role}))

    def all(self) -> list[Told]:
        return [Told(item) for item in self._server.get("users")]

    def change_role(self, name: str, role: str) -> Told:
        return Told(self._server.ask("PUT", f"users/{quoted(name)}/role", json={"role": role}))

    def enable(self, name: str) -> Told:
        return Told(self._server.post(f"users/{quoted(name)}/enable", {}))


class RemoteAccess:
    """Who may use the server."""

    def __init__(self, server: Connection) -> None:
        self._server = server
        self.keys, self.users = RemoteKeys(server), RemoteUsers(server)

    def disable(self, name: str, **_here: Any) -> Told:
        return Told(self._server.post(f"users/{quoted(name)}/disable", {}))

    def reset(self, name: str) -> tuple[Told, str]:
        return _with_password(self._server.post(f"users/{quoted(name)}/reset", {}))


def _with_password(facts: dict[str, Any]) -> tuple[Told, str]:
    return Told({key: value for key, value in facts.items() if key != "password"}), facts["password"]
