"""Writes what the pages say about the program from the program itself.

python docs/write_reference.py            write docs/reference/*.md and the output shown in the pages
python docs/write_reference.py --check    say which pages are out of date, and change nothing
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import console_blocks
import reference_pages

ROOT = Path(__file__).parent.parent

#: Pages whose console blocks are run; each runs in a folder of its own, from top to bottom.
PAGES_WITH_OUTPUT = ("README.md", "docs/tutorials/quickstart.md", "docs/how-to/value.md", "docs/how-to/personas.md")


def written() -> dict[Path, str]:
    """Return every page that is written from the program, as it should be now."""
    pages = {ROOT / "docs" / "reference" / name: text for name, text in reference_pages.pages().items()}
    for name in PAGES_WITH_OUTPUT:
        page = ROOT / name
        pages[page] = console_blocks.refreshed(page.read_text(encoding="utf-8"))
    return pages


def main() -> int:
    """Write or check the pages; return the exit code."""
    only_check = "--check" in sys.argv[1:]
    stale = 0
    for page, text in written().items():
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{page.relative_to(ROOT)} {'is out of date: run make docs' if only_check else 'was written'}")
        if not only_check:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
