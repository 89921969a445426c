"""Load on `satsuma serve`: batches of 100 messages at a rate, while membership follows.

Run from a checkout: `python benchmarks/bench_collect.py [--seconds 60] [--customers 1000000] [--segments 100]
[--rates 5000,7500,10000]`. Batches are sent when they are due, whether or not earlier ones were answered, and an answer's
time counts from when its batch was due. How far membership is behind is the age of the oldest message that was answered
with 200 and that no finished refresh knows of, as the server says it. One table says it all: a column for each rate, and
what broke first. Sending takes processor too: how much, and how much other programs took, stands in the table.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from served import Served, make_keys, start

from satsuma import Workspace

BATCH = 100
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1",
]
#: What is asked of the server: milliseconds of an answer, seconds of membership, failed batches.
BARS = {"ack_p99_ms": 100.0, "behind_max_s": 2.0, "failed": 0.0}


def prepare(folder: Path, customers: int, segments: int) -> dict[str, str]:
    """Make a workspace with customers, a year of orders and live segments, and run it once; returns its keys."""
    with Workspace.create(folder, timezone="UTC", currency="EUR") as workspace:
        orders, views, people = (folder.parent / f"{name}.parquet" for name in ("orders", "views", "people"))
        duckdb.execute(
            f"""COPY (SELECT 'u' || i AS customer_id, ['FR', 'DE', 'GB'][1 + i % 3] AS country, i % 80 AS score
            FROM range({customers}) t(i)) TO '{people}'"""
        )
        duckdb.execute(
            f"""COPY (SELECT 'o' || i AS order_id, 'u' || (i * 7 % {customers}) AS customer_id,
                (now() - INTERVAL (i % 365) DAY)::TIMESTAMP AS order_date, 5 + i % 90 AS revenue
            FROM range({customers}) t(i)) TO '{orders}'"""
        )
        duckdb.execute(
            f"""COPY (SELECT 'Product Viewed' AS event, 'u' || (i % {customers}) AS customer_id, 'p' || i % 500 AS product_id,
                (now() - INTERVAL (i % 60) DAY)::TIMESTAMP AS time FROM range({customers}) t(i)) TO '{views}'"""
        )
        workspace.load(people, kind="customers")
        workspace.load(orders, kind="orders")
        workspace.load(views, kind="events")
        for number in range(segments):
            where = [
                f"{{did: Product Viewed, count: {{gte: {1 + number % 7}}}, within: {1 + number % 29}d}}",
                f"{{did: Order Completed, count: {{gte: {1 + number % 3}}}, within: {30 + number}d}}",
                f"{{trait: score, gt: {number % 80}}}",
            ][number % 3]
            text = f"segment: s{number}\nwhere: {where}\n"
            (folder / "segments" / f"s{number}.yaml").write_text(text, encoding="utf-8")
        workspace.run()
        return make_keys(workspace)


def batches(first: int, count: int, customers: int) -> Iterator[bytes]:
    """Yield bodies of batches whose messages are all different."""
    draw = random.Random(first)
    for number in range(first, first + count):
        batch = []
        for item in range(BATCH):
            who = f"u{draw.randrange(customers)}"
            message = {"type": "track", "event": "Product Viewed", "messageId": f"b{number}-{item}", "userId": who,
                       "properties": {"product_id": f"p{draw.randrange(500)}", "price": 9.5},
                       "context": {"userAgent": AGENTS[item % 2], "page": {"url": "https://shop.example/p"}}}  # fmt: skip
            if item % 50 == 7:
                message |= {"event": "Order Completed", "properties": {
                    "order_id": f"new-{number}-{item}", "products": [{"product_id": "p1", "price": 5}]}}  # fmt: skip
            elif item % 20 == 3:
                message = {
                    "type": "identify",
                    "userId": who,
                    "traits": {"plan": "pro"},
                    "messageId": f"b{number}-{item}",
                }
            batch.append(message)
        yield json.dumps({"batch": batch}, separators=(",", ":")).encode()


def requests(bodies: Iterator[bytes], key: str, packed: bool) -> list[bytes]:
    """Return whole requests, so that sending one is a write."""
    head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: "
    made = []
    for body in bodies:
        sent = gzip.compress(body, 1) if packed else body
        made.append(f"{head}{len(sent)}\r\n\r\n".encode() + sent)
    return made


class Sender(asyncio.Protocol):
    """One connection, which sends one request after another."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[int] | None = None
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, split, rest = self._read.partition(b"\r\n\r\n")
        if not split:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) >= length and self.answered is not None:
            self._read = b""
            self.answered.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(exc or ConnectionResetError())


@dataclass
class Found:
    """What one rate brought."""

    rate: float
    batches: int = 0
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    samples: list[dict[str, float]] = field(default_factory=list)
    wall: float = 0.0
    sender_cpu: float = 0.0
    server_cpu: float = 0.0
    other_cpu: float = 0.0
    memory: float = 0.0
    unknown: float = 0.0
    drained: float = 0.0


async def load(server: Served, sent: list[bytes], rate: float, connections: int) -> Found:
    """Send requests at a rate of messages; returns when all are answered and membership knows of them."""
    found = Found(rate, batches=len(sent))
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    async def send() -> None:
        transport, protocol = None, None
        while (item := await due.get()) is not None:
            when, request = item
            try:
                if transport is None or transport.is_closing() or protocol is None:
                    transport, protocol = await loop.create_connection(Sender, "127.0.0.1", server.port)
                protocol.answered = loop.create_future()
                transport.write(request)
                found.failed += await protocol.answered != 200
            except OSError:
                found.failed += 1
                transport = None
            found.seconds.append(time.perf_counter() - when)
        if transport is not None:
            transport.close()

    async def watch() -> None:
        while True:
            found.samples.append(await asyncio.to_thread(server.metrics))
            await asyncio.sleep(0.2)

    before, machine, own = cpu_of(server.process.pid), busy(), time.process_time()
    watching = asyncio.create_task(watch())
    senders = [asyncio.create_task(send()) for _ in range(connections)]
    begun = time.perf_counter()
    for number, request in enumerate(sent):
        when = begun + number * BATCH / rate
        await asyncio.sleep(max(0.0, when - time.perf_counter()))
        due.put_nowait((when, request))
    for _ in senders:
        due.put_nowait(None)
    await asyncio.gather(*senders)
    found.wall = time.perf_counter() - begun
    found.sender_cpu = time.process_time() - own
    found.server_cpu = cpu_of(server.process.pid) - before
    found.other_cpu = busy() - machine - found.server_cpu - found.sender_cpu
    ended = time.perf_counter()
    while found.samples[-1]["membership_behind_seconds"] > 0 and time.perf_counter() < ended + 120:
        await asyncio.sleep(0.2)
    found.drained = time.perf_counter() - ended
    watching.cancel()
    last = found.samples[-1]
    found.unknown = last["accepted_messages"] - last["refreshed_messages"]
    found.memory = max(sample["process_resident_memory_bytes"] for sample in found.samples)
    return found


def cpu_of(process: int) -> float:
    """Return the seconds of processor that a process and its children took."""
    total = 0.0
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    for number in (process, *map(int, children)):
        fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def busy() -> float:
    """Return the seconds of processor that the whole machine took."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def summary(found: Found) -> dict[str, float]:
    """Return the figures of one rate."""
    seconds = sorted(found.seconds)

    def behind(stage: str) -> list[float]:
        return sorted(sample[f"{stage}_behind_seconds"] for sample in found.samples)

    landing, membership = behind("landing"), behind("membership")
    return {
        "sent_per_s": BATCH * found.batches / found.wall, "failed": found.failed,
        "ack_p50_ms": 1000 * seconds[len(seconds) // 2], "ack_p99_ms": 1000 * seconds[int(len(seconds) * 0.99)],
        "ack_max_ms": 1000 * seconds[-1],
        "landing_p50_s": landing[len(landing) // 2], "landing_max_s": landing[-1],
        "behind_p50_s": membership[len(membership) // 2], "behind_max_s": membership[-1],
        "drained_after_s": found.drained, "unknown": found.unknown,
        "server_cores": found.server_cpu / found.wall, "sender_cores": found.sender_cpu / found.wall,
        "other_cores": found.other_cpu / found.wall, "memory_mb": found.memory / 1e6,
    }  # fmt: skip


WORDS = {
    "sent_per_s": "messages sent a second", "failed": "batches refused or lost",
    "ack_p50_ms": "answer, half of them (ms)", "ack_p99_ms": "answer, 99 of 100 (ms)", "ack_max_ms": "answer, slowest (ms)",
    "landing_p50_s": "landing behind, half the time (s)", "landing_max_s": "landing behind, at most (s)",
    "behind_p50_s": "membership behind, half the time (s)", "behind_max_s": "membership behind, at most (s)",
    "drained_after_s": "all known so long after the last (s)", "unknown": "acknowledged and not landed",
    "server_cores": "cores of the server", "sender_cores": "cores of the sender", "other_cores": "cores of others",
    "memory_mb": "memory of the server (MB)",
}  # fmt: skip


def table(rows: list[dict[str, float]], rates: list[float], given: argparse.Namespace) -> str:
    """Return all figures as one table, with what broke first."""
    lines = [
        f"{given.segments} live segments, {given.customers:,} customers, {os.cpu_count()} cores, {given.seconds:g} s a rate",
        f"{'':38}{'bar':>8}" + "".join(f"{rate:>12,.0f}" for rate in rates),
    ]
    for name, words in WORDS.items():
        bar = f"{BARS[name]:g}" if name in BARS else ""
        cells = "".join(f"{row[name]:>11,.{0 if abs(row[name]) >= 100 else 2}f}{'!' if row[name] > BARS.get(name, 1e18) else ' '}"
                        for row in rows)  # fmt: skip
        lines.append(f"{words:38}{bar:>8}{cells}")
    broken = [
        (rate, WORDS[name]) for rate, row in zip(rates, rows, strict=True) for name in BARS if row[name] > BARS[name]
    ]
    lines.append(f"breaks first: {broken[0][1]}, at {broken[0][0]:,.0f} a second" if broken else "no bar broke")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rates", default="5000", help="messages a second, one after the other: 5000,7500,10000")
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--segments", type=int, default=100)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--gzip", action="store_true", help="pack the bodies, as some SDKs do")
    options.add_argument("--keep", type=Path, help="a folder to make the workspace in once, and to take it from again")
    options.add_argument("--log", action="store_true", help="show the server's log")
    options.add_argument("--json", action="store_true", help="print the figures as JSON too")
    given = options.parse_args()
    rates = [float(rate) for rate in given.rates.split(",")]
    folder = Path(tempfile.mkdtemp())
    made = folder if given.keep is None else given.keep
    try:
        if not (made / "keys.json").exists():
            made.mkdir(exist_ok=True)
            (made / "keys.json").write_text(json.dumps(prepare(made / "shop", given.customers, given.segments)))
        keys = json.loads((made / "keys.json").read_text())
        if made != folder:
            shutil.copytree(made / "shop", folder / "shop")
        rows = []
        server = start(folder / "shop", keys, None if given.log else -3)
        first = 0
        for rate in rates:
            count = int(given.seconds * rate / BATCH)
            sent = requests(batches(first, count, given.customers), keys["write"], given.gzip)
            first += count
            # The first messages bring new names, after which everything is computed once anew.
            if rate == rates[0]:
                asyncio.run(
                    load(server, requests(batches(-2, 1, given.customers), keys["write"], given.gzip), 5_000, 1)
                )
            rows.append(summary(asyncio.run(load(server, sent, rate, given.connections))))
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(rows, rates, given))
    if given.json:
        print(json.dumps([{"rate": rate, **row} for rate, row in zip(rates, rows, strict=True)]))
    sys.exit(any(rows[0][name] > BARS[name] for name in BARS))


if __name__ == "__main__":
    main()
