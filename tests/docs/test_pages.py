"""Everything is documented, every link leads somewhere, and what the pages show is what a reader gets."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = [
    "README.md",
    "docs/tutorials/quickstart.md",
    "docs/how-to/value.md",
    "docs/how-to/find-groups.md",
    "docs/how-to/rules-from-groups.md",
    "docs/how-to/survey-scales.md",
    "docs/how-to/what-changed.md",
    "docs/how-to/judge-a-segment.md",
    "docs/how-to/text.md",
    "docs/how-to/personas.md",
    "docs/how-to/connect.md",
]


def module(name: str) -> ModuleType:
    """Load a module of the documentation's own tools."""
    return importlib.import_module(name)


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if link.startswith("http"):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_reference_is_what_the_program_says() -> None:
    stale = [
        name
        for name, text in module("reference_pages").pages().items()
        if (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: make docs"


def test_every_command_has_help_with_an_example() -> None:
    for name, command in module("reference_pages").commands():
        assert command.help, name
        assert (command.epilog or "").startswith(f"Example: {name}") or "| satsuma" in (command.epilog or ""), name
        for item in command.params:
            assert item.param_type_name == "option" or item.help, f"{name}: {item.name}"
            if item.param_type_name == "option":
                assert item.help, f"{name}: {item.opts}"


def test_every_command_takes_a_workspace_and_json() -> None:
    for name, command in module("reference_pages").commands():
        options = {option for item in command.params for option in item.opts}
        assert "--json" in options, name
        assert name == "satsuma init" or {"-w", "--workspace"} <= options, name


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    queue = [ROOT / "docs" / "index.md"]
    while queue:
        page = queue.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        queue.extend((page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link)
    assert [page for page in sorted((ROOT / "docs").rglob("*.md")) if page not in reached] == []


@pytest.mark.pages
@pytest.mark.parametrize("name", RUN)
def test_what_a_page_shows_is_what_a_reader_gets(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert module("console_blocks").refreshed(page) == page, "run: make docs"


def test_the_read_me_lists_the_folders_in_the_order_of_the_flow() -> None:
    rows = re.findall(r"^\| \[?`([a-z_]+/)`", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    table = re.findall(
        r"^\| `([a-z_]+/)`", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == table


def test_no_page_talks_down() -> None:
    for page in PAGES:
        if page.name in ("CONTRIBUTING.md",):
            continue
        words = re.findall(r"\b(simply|just)\b", page.read_text(encoding="utf-8"))
        allowed = ["just"] if page.name == "quickstart.md" else []
        assert [word for word in words if word not in allowed] == [], page
