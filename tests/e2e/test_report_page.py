"""The report in a real browser: a workspace made from a file, its page opened offline, as a person would."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from satsuma import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.e2e

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian's package is called chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    lines = ["Order ID,Order Date,Customer ID,SKU,Category,Quantity,Unit Price"]
    for number in range(400):
        day = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
        category = HOSTILE if number % 7 == 0 else f"Shelf {number % 5}"
        lines.append(f'{1000 + number},{day},c{number * number % 60},SKU-{number % 9},"{category}",1,{5 + number % 40}')
    orders = folder / "orders.csv"
    orders.write_text("\n".join(lines), encoding="utf-8")
    with Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR") as shop:
        shop.load(orders, kind="order-lines")
        shop.suggest()
        shop.run(as_of=datetime(2025, 12, 31))
        return shop.report(folder / "report.html")


def opened(browser: Browser, report: Path, *, width: int, dark: bool = False) -> tuple[Page, list[str]]:
    """Open the report in a fresh context; return the page and everything that should not have happened."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", lambda request: None if request.url == report.as_uri() else wrong.append(f"asked {request.url}"))
    page.goto(report.as_uri())
    return page, wrong


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390], ids=["desk", "phone"])
def test_the_report_opens_offline_without_a_complaint_and_fits_the_screen(
    browser: Browser, report: Path, width: int, dark: bool
) -> None:
    page, wrong = opened(browser, report, width=width, dark=dark)
    assert page.get_by_role("heading", name="Overview").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    page.context.close()


def test_a_hostile_category_is_shown_as_text_and_does_nothing(browser: Browser, report: Path) -> None:
    page, wrong = opened(browser, report, width=1360)
    assert "taken" not in page.title()
    assert page.get_by_text("document.title=").count() > 0
    assert wrong == []
    page.context.close()


def test_every_chart_has_its_table(browser: Browser, report: Path) -> None:
    page, _ = opened(browser, report, width=1360)
    twin = page.get_by_text("Show as table").first
    twin.click()
    assert page.locator("details[open] table").first.is_visible()
    page.context.close()
