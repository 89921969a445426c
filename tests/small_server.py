"""A server of a small shop, asked in this process as a program or a person would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from satsuma import Workspace
from satsuma.api.app import create_app
from satsuma.api.limits import Rate
from small_shop import Shop

#: A name that no answer and no log may repeat.
PERSON = "zoe.quimby@example.com"
PASSWORD = "four words that fit nowhere"  # noqa: S105


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass
class Server:
    """An app with keys of each scope, and what asks it."""

    workspace: Workspace
    client: TestClient
    keys: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, key: str | None = "admin", **sent: Any) -> Any:
        """Return the answer to a request of a program."""
        headers = {**sent.pop("headers", {}), **({"Authorization": f"Bearer {self.keys[key]}"} if key else {})}
        where = path if path.startswith("/") else f"/api/v1/{path}"
        return self.client.request(method, where, headers=headers, **sent)

    def get(self, path: str, **sent: Any) -> Any:
        """Return the data of a GET that succeeds."""
        answer = self.ask("GET", path, **sent)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def job(self, path: str, body: Any, **sent: Any) -> dict[str, Any]:
        """Begin a job and return it when it has ended."""
        answer = self.ask("POST", path, **({"json": body} if body is not None else {}), **sent)
        assert answer.status_code == 202, answer.text
        return self.ended(answer.json()["data"]["job_id"])

    def ended(self, job_id: int) -> dict[str, Any]:
        for _ in range(400):
            job: dict[str, Any] = self.get(f"jobs/{job_id}")
            if job["status"] not in ("queued", "running"):
                return job
            time.sleep(0.02)
        raise AssertionError(f"job {job_id} does not end")


def fill(folder: Path) -> Workspace:
    """Return a workspace with four customers, a few orders, a segment, a segmentation and a trait."""
    shop = Shop(folder)
    shop.customers(
        {"id": PERSON, "country": "FR", "points": 5},
        {"id": "b", "country": "DE", "points": 2},
        {"id": "c"},
        {"id": "d"},
    )
    for number, (customer, amount) in enumerate(((0, 100.0), (0, 50.0), (1, 20.0), (2, 10.0))):
        shop.event(customer, "Order Completed", f"2024-06-0{number + 1} 10:00:00", amount, channel="web")
    definitions = {
        "segments/buyers.yaml": "segment: buyers\nwhere: {did: Order Completed}\n",
        "segments/big.yaml": "segment: big\nwhere: {trait: paid, gte: 50}\n",
        "traits/paid.yaml": "trait: paid\nfrom: {did: Order Completed, sum: {of: revenue}}\n",
        "segmentations/halves.yaml": "segmentation: halves\nmethod: bands\ntrait: paid\nquantiles: 2\n",
    }
    for file, text in definitions.items():
        (shop.path / file).write_text(text, encoding="utf-8")
    (shop.path / "lists" / "guests.txt").write_text("b\nc\n", encoding="utf-8")
    return shop.workspace


def serving(workspace: Workspace, **settings: Any) -> Iterator[Server]:
    quick = Rate(per_second=10_000, at_once=10_000)
    app = create_app(workspace, **{"rate": quick, "strangers": quick, **settings})
    with TestClient(app) as client:
        keys = {
            scope: workspace.access.keys.make(scope, [scope], by="test", now=now())[1]
            for scope in ("write", "read", "admin")
        }
        yield Server(workspace, client, keys)
    workspace.close()
