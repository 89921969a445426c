"""The official SDKs, unchanged, against the tracking API on a real socket.

They are installed by nobody here: `SATSUMA_SDKS` names a folder with `python/` (a virtual environment with
segment-analytics-python and rudder-sdk-python) and `node/` (node_modules with @segment/analytics-node,
@rudderstack/rudder-sdk-node and @segment/analytics-next); docs/how-to/track.md says how it is made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collecting_server import served
from real_browser import chromium, site
from satsuma import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif("SATSUMA_SDKS" not in os.environ, reason="SATSUMA_SDKS names no folder with SDKs"),
]

SDKS = Path(os.environ.get("SATSUMA_SDKS", "."))

#: What each SDK is made to send: the same six messages.
CALLS = """
identify("u1", {"firstName": "Ada", "plan": "pro"})
track("u1", "Product Viewed", {"product_id": "p1", "price": 9.5})
track("u1", "Order Completed", {"order_id": "o1", "revenue": 19, "currency": "EUR",
      "products": [{"product_id": "p1", "price": 9.5, "quantity": 2}]})
page("u1", "Home", {"path": "/"})
group("u1", "g1", {"name": "Acme"})
alias("a0", "u1")
"""

SEGMENT_PYTHON = f"""
import sys
import segment.analytics as sdk
sdk.write_key, sdk.host, sdk.gzip = sys.argv[2], sys.argv[1], len(sys.argv) > 3
failed = []
sdk.on_error = lambda error, items: failed.append(error)
identify, track, alias = sdk.identify, sdk.track, sdk.alias
page = lambda user, name, properties: sdk.page(user, None, name, properties)
group = sdk.group
{CALLS}
sdk.flush()
sys.exit(str(failed[0]) if failed else 0)
"""

RUDDER_PYTHON = SEGMENT_PYTHON.replace("segment.analytics", "rudderstack.analytics").replace(
    "sdk.write_key, sdk.host,", "sdk.write_key, sdk.dataPlaneUrl,"
)

SEGMENT_NODE = """
const { Analytics } = require('@segment/analytics-node')
const sdk = new Analytics({ writeKey: process.argv[3], host: process.argv[2], path: '/v1/batch', maxRetries: 0 })
sdk.on('error', (error) => { console.error(error); process.exitCode = 1 })
sdk.identify({ userId: 'u1', traits: { firstName: 'Ada', plan: 'pro' } })
sdk.track({ userId: 'u1', event: 'Product Viewed', properties: { product_id: 'p1', price: 9.5 } })
sdk.track({ userId: 'u1', event: 'Order Completed', properties: { order_id: 'o1', revenue: 19, currency: 'EUR',
  products: [{ product_id: 'p1', price: 9.5, quantity: 2 }] } })
sdk.page({ userId: 'u1', name: 'Home', properties: { path: '/' } })
sdk.group({ userId: 'u1', groupId: 'g1', traits: { name: 'Acme' } })
sdk.alias({ userId: 'u1', previousId: 'a0' })
sdk.closeAndFlush({ timeout: 8000 })
"""

RUDDER_NODE = SEGMENT_NODE.replace(
    """const { Analytics } = require('@segment/analytics-node')
const sdk = new Analytics({ writeKey: process.argv[3], host: process.argv[2], path: '/v1/batch', maxRetries: 0 })
sdk.on('error', (error) => { console.error(error); process.exitCode = 1 })
""",
    """const Analytics = require('@rudderstack/rudder-sdk-node')
const sdk = new Analytics(process.argv[3], { dataPlaneUrl: process.argv[2], flushInterval: 100 })
""",
).replace("sdk.closeAndFlush({ timeout: 8000 })", "sdk.flush((error) => { process.exit(error ? 1 : 0) })")


def command(sdk: str, folder: Path) -> list[str]:
    """Return the command that runs a script of an SDK."""
    if sdk.endswith("python"):
        return [str(SDKS / "python" / "bin" / "python"), str(folder)]
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    return [node, str(folder)]


@pytest.mark.parametrize(
    ("sdk", "script", "more"),
    [
        ("segment-python", SEGMENT_PYTHON, []),
        ("segment-python", SEGMENT_PYTHON, ["gzip"]),
        ("rudder-python", RUDDER_PYTHON, ["gzip"]),
        ("segment-node", SEGMENT_NODE, []),
        ("rudder-node", RUDDER_NODE, []),
    ],
)
def test_an_sdk_of_a_server_is_taken(tmp_path: Path, sdk: str, script: str, more: list[str]) -> None:
    file = tmp_path / ("send.py" if sdk.endswith("python") else "send.cjs")
    file.write_text(script, encoding="utf-8")
    shop = tmp_path / "shop"
    with served(shop) as server:
        done = subprocess.run(
            [*command(sdk, file), server.url, server.key, *more],
            capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": os.environ["PATH"], "NODE_PATH": str(SDKS / "node" / "node_modules")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        server.landed(6)
        server.ask("POST", "/v1/batch", {"writeKey": server.key, "batch": []})
    check(shop)


def check(shop: Path) -> None:
    """Look for what the six messages say."""
    with Workspace.open(shop) as workspace:
        engine = workspace.engine
        assert engine.rows("SELECT customer_id, first_name, plan FROM customers") == [("u1", "Ada", "pro")]
        found = engine.rows("SELECT name, CAST(revenue AS DOUBLE), product_id FROM events ORDER BY ALL")
        assert found == [
            ("Order Completed", 19.0, None),
            ("Page Viewed", None, None),
            ("Product Purchased", 19.0, "p1"),
            ("Product Viewed", None, "p1"),
        ]
        assert engine.rows("SELECT account_id, account_name FROM accounts") == [("g1", "Acme")]
        assert engine.rows("SELECT value FROM identifiers WHERE value = 'a0'") == [("a0",)]
        assert engine.value("SELECT count(*) FROM rejected_messages") == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("way", ["one by one", "batching"])
def test_the_browser_sdk_is_taken(tmp_path: Path, browser: Browser, way: str) -> None:
    umd = SDKS / "node" / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd" / "standalone.js"
    shop = tmp_path / "shop"
    with served(shop) as server, site("<h1>Shop</h1>") as address:
        page = browser.new_page()
        page.goto(address)
        page.evaluate(
            """([url, key, batching]) => {
                window.analytics = []
                analytics._writeKey = key; analytics._cdn = url
                analytics.methods = ['identify', 'track', 'page', 'group']
                for (const name of analytics.methods)
                    analytics[name] = (...args) => analytics.push([name, ...args])
                analytics._loadOptions = { integrations: { 'Segment.io': batching
                    ? { deliveryStrategy: { strategy: 'batching', config: { size: 10, timeout: 300 } } } : {} } }
            }""",
            [server.url, server.key, way == "batching"],
        )
        page.add_script_tag(path=str(umd))
        page.evaluate(
            """() => {
                analytics.page('Home'); analytics.track('Product Viewed', { product_id: 'p1' })
                analytics.identify('u1', { plan: 'pro' }); analytics.group('g1', { name: 'Acme' })
            }"""
        )
        server.landed(4)
        page.close()
    with Workspace.open(shop) as workspace:
        events = "SELECT name, customer_no FROM events WHERE superseded_at IS NULL ORDER BY ALL"
        assert workspace.engine.rows(events) == [("Page Viewed", 0), ("Product Viewed", 0)]
        # A browser that is driven says so, and a program describes nobody: no trait comes of its user agent.
        assert workspace.engine.rows("SELECT customer_id, plan FROM customers") == [("u1", "pro")]
