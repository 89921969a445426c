"""A workspace whose sources get deliveries that were proved."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from satsuma import Workspace
from satsuma.collecting.journal import Journal
from satsuma.connectors.webhooks.records import Hook, record_of

NOW = datetime(2026, 11, 28, 14)


class HookedShop:
    """A workspace whose sources get deliveries."""

    def __init__(self, folder: Path, sources: dict[str, str]) -> None:
        self.workspace = Workspace.create(folder, timezone="UTC", currency="EUR")
        (folder / "sources").mkdir(exist_ok=True)
        for name, text in sources.items():
            (folder / "sources" / f"{name}.yaml").write_text(text, encoding="utf-8")
        self.journal: Journal = self.workspace.hooks.open_journal()
        self.count = 0

    def deliver(self, source: str, content: Any, *, topic: str = "") -> Any:
        """Let a delivery that was proved land, and return what came of it."""
        self.count += 1
        webhook = self.workspace.hooks.webhook(source)
        assert webhook is not None
        body = json.dumps(content).encode()
        hook = Hook.of(source, webhook.scheme, body, id=f"d{self.count}", topic=topic, received_at=NOW)
        self.journal.append(record_of(hook)).result()
        return self.workspace.hooks.land(self.journal)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.workspace.engine.rows(statement)

    def close(self) -> None:
        self.journal.close()
        self.workspace.close()
