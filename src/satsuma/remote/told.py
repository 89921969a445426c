"""What a server tells in JSON, with its parts by name, for commands that ask for little of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from satsuma.remote.asking import Connection, quoted

if TYPE_CHECKING:
    import pyarrow as pa

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Told(Mapping[str, Any]):
    """Something that a server told: its JSON, and its parts by name. Moments are UTC without a zone."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)

    def as_dict(self) -> dict[str, Any]:
        return dict(self.facts)

    as_record = as_dict

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.facts:
            raise AttributeError(name)
        return told(self.facts[name])

    def __getitem__(self, name: str) -> Any:
        return told(self.facts[name])

    def __iter__(self) -> Any:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)


def told(value: Any) -> Any:
    """Return a part of what was told."""
    if isinstance(value, dict):
        return Told(value)
    if isinstance(value, list):
        return [told(item) for item in value]
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    return value


class RemoteSettings:
    """What commands ask of the settings."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name, self.timezone, self.currency = (str(facts[key]) for key in ("name", "timezone", "currency"))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class RemoteSegment(Told):
    """One segment: its facts, its state, and its members, fetched page by page."""

    def __init__(self, facts: Mapping[str, Any], server: Connection) -> None:
        super().__init__({key: value for key, value in facts.items() if key not in ("state", "explanation")})
        self.state = Told(facts["state"])
        self.explanation = facts.get("explanation")
        self._server = server

    def ids(self) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while True:
            asked = {"limit": 10_000, **({} if after is None else {"after": after})}
            page = self._server.get(f"segments/{quoted(self.facts['name'])}/members", **asked)
            found += page["ids"]
            after = page["next_after"]
            if after is None:
                return found


class RemoteSegmentation(Told):
    """One segmentation: its facts, and the label of each customer."""

    def __init__(self, facts: Mapping[str, Any], server: Connection) -> None:
        super().__init__(facts)
        self._server = server

    def assignments(self) -> pa.Table:
        return self._server.table(f"segmentations/{quoted(self.facts['name'])}/assignments")


class RemoteTrait(Told):
    """One trait: its facts, and the value of each customer."""

    def __init__(self, facts: Mapping[str, Any], server: Connection) -> None:
        super().__init__(facts)
        self._server = server

    def values(self) -> pa.Table:
        return self._server.table(f"traits/{quoted(self.facts['name'])}/values")
