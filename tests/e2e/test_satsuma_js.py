"""The script for pages in a real browser: what is sent, and that nothing is before consent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import satsuma
from collecting_server import served
from real_browser import chromium, site
from satsuma import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.e2e

SCRIPT = (Path(satsuma.__file__).parent / "api" / "static" / "satsuma.js").read_text(encoding="utf-8")
PAGE = """<!doctype html><title>Shop</title><body style="margin:0"><main id="shop">
<button style="position:absolute;left:100px;top:50px;width:200px;height:40px">Buy for ada@example.com</button></main>
<script src="https://satsuma.test/satsuma.js" data-key="k" %s></script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


class Visit:
    """A page with the script, and all that it sent."""

    def __init__(self, browser: Browser, attributes: str = "", before: str = "") -> None:
        self.context = browser.new_context()
        self.sent: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.context.route("**/*", self._answer)
        if before:
            self.context.add_init_script(before)
        self.page: Page = self.context.new_page()
        self._attributes = attributes
        self.page.goto("https://shop.test/cart?email=ada@example.com&utm_source=news")

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if url.endswith("satsuma.js"):
            route.fulfill(body=SCRIPT, content_type="text/javascript")
        elif "satsuma.test" in url:
            self.asked.append(url)
            self.sent += json.loads(route.request.post_data or "{}")["batch"]
            route.fulfill(body='{"success": true}', headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.fulfill(body=PAGE % self._attributes, content_type="text/html")

    def do(self, script: str) -> None:
        self.page.evaluate(script)

    def settle(self) -> list[dict[str, Any]]:
        self.do("satsuma.flush()")
        self.page.wait_for_timeout(300)
        return self.sent

    def stored(self) -> list[str]:
        return list(self.page.evaluate("Object.keys(localStorage)"))


def test_nothing_is_sent_or_kept_before_consent(browser: Browser) -> None:
    visit = Visit(browser)
    visit.page.click("button")
    visit.do("satsuma.track('E'); satsuma.identify('u1', {plan: 'pro'}); history.pushState({}, '', '/other')")
    assert visit.settle() == []
    assert visit.asked == []
    assert visit.stored() == []
    assert visit.context.cookies() == []
    visit.do("satsuma.consent(false); satsuma.track('E')")
    assert visit.settle() == []
    assert visit.stored() == ["satsuma.consent"]
    visit.context.close()


@pytest.mark.parametrize(
    "signal",
    ["Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})",
     "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})"],
    ids=["gpc", "dnt"],
)  # fmt: skip
def test_a_browsers_no_is_a_no_until_its_person_says_yes(browser: Browser, signal: str) -> None:
    visit = Visit(browser, 'data-consent="given"', signal)
    visit.do("satsuma.track('E')")
    assert visit.settle() == []
    visit.do("satsuma.consent(true); satsuma.track('F')")
    assert [item.get("event") for item in visit.settle()] == [None, "F"]
    visit.context.close()


def test_after_consent_pages_and_clicks_are_sent_without_words_or_queries(browser: Browser) -> None:
    visit = Visit(browser)
    visit.do("satsuma.consent({analytics: true, advertising: false})")
    visit.page.mouse.click(150, 60)
    visit.do("satsuma.identify('u1', {plan: 'pro'})")
    sent = visit.settle()
    page, click, identify = sent
    assert (page["type"], page["context"]["page"]["path"]) == ("page", "/cart")
    assert page["context"]["campaign"] == {"source": "news"}
    assert page["context"]["consent"] == {"categoryPreferences": {"analytics": True, "advertising": False}}
    assert click["event"] == "Element Clicked"
    assert click["properties"] | {"selector": "main#shop > button:nth-of-type(1)", "x": 150, "y": 60,
                                  "element_x": 0.25, "element_y": 0.25} == click["properties"]  # fmt: skip
    assert (identify["userId"], identify["traits"]) == ("u1", {"plan": "pro"})
    assert len({item["anonymousId"] for item in sent}) == 1
    assert len({item["messageId"] for item in sent}) == 3
    assert "ada@example.com" not in json.dumps(sent)
    visit.do("history.pushState({}, '', '/thanks')")
    assert visit.settle()[-1]["context"]["page"]["path"] == "/thanks"
    visit.do("satsuma.consent(false)")
    assert visit.stored() == ["satsuma.consent"]
    visit.context.close()


def test_what_waits_is_sent_when_the_page_is_left(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path / "shop") as server:
        script = f'<script src="{server.url}/satsuma.js" data-key="{server.key}" data-consent="given"></script>'
        with site(f"<!doctype html><title>Shop</title><p>Shop{script}") as address:
            page = browser.new_page()
            page.goto(address)
            page.click("p")
            page.close(run_before_unload=True)
            server.landed(2)
    with Workspace.open(tmp_path / "shop") as workspace:
        names = workspace.engine.rows("SELECT name FROM events ORDER BY name")
        assert names == [("Element Clicked",), ("Page Viewed",)]
