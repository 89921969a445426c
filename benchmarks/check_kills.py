"""Kill the server with -9 at random moments of accepting, landing and refreshing; then look for every message.

Run from a checkout: `python benchmarks/check_kills.py [--kills 50] [--seed 1]`. The server (`satsuma serve`)
takes batches over HTTP from two senders, who send each batch again until it is acknowledged, as SDKs do. After the
last kill everything is landed, and each acknowledged message must be in the warehouse exactly once, each order once,
and the membership that was refreshed all along equal to a full run's.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from served import make_keys, start

from satsuma import Workspace

SEGMENT = "segment: buyers\nwhere: {did: Order Completed, count: {gte: 2}}\n"
FIRST_ORDER = "order_id,customer_id,order_date,revenue\nfirst,u0,2026-01-05,5.00\n"


class Senders:
    """Two threads that send numbered batches, and know which were acknowledged."""

    def __init__(self) -> None:
        self.port = 0
        self.key = ""
        self.acknowledged: set[str] = set()
        self.orders: set[str] = set()
        self.is_done = False
        self.resent = 0
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(2)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.is_done = True
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        number = 0
        while not self.is_done:
            number += 1
            ids = [f"{sender}-{number}-{item}" for item in range(20)]
            batch = [
                {"type": "track", "event": "Product Viewed", "messageId": name, "properties": {"product_id": "p"},
                 **({"anonymousId": f"a{number % 50}"} if item % 2 else {"userId": f"u{number % 40}"})}
                for item, name in enumerate(ids)
            ]  # fmt: skip
            order = f"{sender}-{number}"
            batch.append({"type": "track", "event": "Order Completed", "userId": f"u{number % 40}", "messageId": f"o-{order}",
                          "properties": {"order_id": order, "products": [{"product_id": "p", "price": 5}]}})  # fmt: skip
            batch.append({"type": "identify", "userId": f"u{number % 40}", "anonymousId": f"a{number % 50}",
                          "messageId": f"i-{order}", "traits": {"number": number}})  # fmt: skip
            body = json.dumps({"writeKey": self.key, "batch": batch}).encode()
            while not self._post(body):
                self.resent += 1
                if self.is_done:
                    return
                time.sleep(0.05)
            self.acknowledged.update(ids)
            self.orders.add(order)
            time.sleep(0.01)

    def _post(self, body: bytes) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/batch", body)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return bool(json.load(answer)["success"])
        except (OSError, ValueError, http.client.HTTPException):
            return False


def check(kills: int, seed: int) -> int:
    """Kill, then count; returns how many things are wrong."""
    moments = random.Random(seed)
    senders = Senders()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        with Workspace.create(folder, timezone="UTC", currency="EUR") as workspace:
            orders = Path(name) / "orders.csv"
            orders.write_text(FIRST_ORDER, encoding="utf-8")
            workspace.load(orders, kind="orders")
            (folder / "segments" / "buyers.yaml").write_text(SEGMENT, encoding="utf-8")
            workspace.run()
            keys = make_keys(workspace)
        senders.key = keys["write"]
        for kill in range(kills + 1):
            server = start(folder, keys)
            process, senders.port = server.process, server.port
            if kill == 0:
                senders.start()
            if kill == kills:
                break
            time.sleep(moments.uniform(0.02, 2.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
        senders.stop()
        process.send_signal(signal.SIGTERM)
        process.wait()
        return report(folder, senders, kills)


def members(workspace: Workspace) -> set[str]:
    """Return who is in the segment."""
    return {row["customer_id"] for row in workspace.segment("buyers").customers().to_pylist()}


def report(folder: Path, senders: Senders, kills: int) -> int:
    with Workspace.open(folder) as workspace:
        journal = workspace.open_journal()
        while workspace.collect(journal).messages:
            pass
        journal.close()
        engine = workspace.engine
        viewed = "name = 'Product Viewed' AND superseded_at IS NULL"
        stored, distinct = engine.row(f"SELECT count(*), count(DISTINCT event_id) FROM events WHERE {viewed}")
        completed = "name = 'Order Completed' AND superseded_at IS NULL AND order_id <> 'first'"
        orders = dict(engine.rows(f"SELECT order_id, count(*) FROM events WHERE {completed} GROUP BY 1"))
        workspace.refresh()
        refreshed = members(workspace)
        workspace.run()
        full = members(workspace)
    lost = max(0, len(senders.acknowledged) - distinct)
    facts = {
        "kills": kills, "acknowledged": len(senders.acknowledged), "sent_again": senders.resent, "stored": stored,
        "twice": stored - distinct, "lost": lost, "orders_lost": len(senders.orders - orders.keys()),
        "orders_twice": sum(count > 1 for count in orders.values()), "membership_differs": len(refreshed ^ full),
    }  # fmt: skip
    print(json.dumps(facts))
    return sum(facts[key] for key in ("twice", "lost", "orders_lost", "orders_twice", "membership_differs"))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    sys.exit(1 if check(given.kills, given.seed) else 0)
