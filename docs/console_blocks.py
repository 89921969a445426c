"""Runs the blocks of a page, so that what a page shows is what a reader gets.

Three kinds of fenced blocks take part; all others are left alone:

* any block with `title="NAME"` is a file: it is written to NAME;
* `console` blocks hold commands after `$ `, each followed by its output;
* `python` blocks are run as they are.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the file it is (if any), its text and where the text stands in the page."""

    language: str
    title: str | None
    body: str
    start: int
    end: int


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for found in _FENCE.finditer(page):
        title = _TITLE.search(found["info"])
        yield Block(found["info"].split()[0], title[1] if title else None, found["body"], *found.span("body"))


def refreshed(page: str) -> str:
    """Run a page in a folder of its own and return it with the output its commands have now.

    Raises
    ------
    RuntimeError
        When a command or a Python block of the page fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        texts: list[tuple[Block, str]] = []
        for block in blocks(page):
            if block.title is not None:
                target = Path(folder) / block.title
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.body, encoding="utf-8")
            elif block.language == "console":
                texts.append((block, "".join(_answered(command, folder) for command in _commands(block.body))))
            elif block.language == "python":
                _run([sys.executable, "-c", block.body], folder)
    for block, text in reversed(texts):
        page = page[: block.start] + text + page[block.end :]
    return page


def _commands(body: str) -> list[str]:
    """Return the commands of a console block; a line that ends with a backslash goes on."""
    joined = body.replace("\\\n", "\\\0")
    return [line[2:].replace("\\\0", "\\\n") for line in joined.splitlines() if line.startswith("$ ")]


def _answered(command: str, folder: str) -> str:
    output = _run(["bash", "-c", command], folder)
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in [f"$ {command}", *lines])


def _run(command: list[str], folder: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SATSUMA_")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{command[-1]}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
