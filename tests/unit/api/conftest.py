"""Servers for tests: one that a module shares, and one of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quick_passwords import quick_passwords
from small_server import Server, fill, serving

__all__ = ["quick_passwords"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, quick_passwords: None) -> Iterator[Server]:
    """A server of a shop that has been run; for tests that leave its results as they are."""
    workspace = fill(tmp_path_factory.mktemp("server"))
    workspace.run("2024-07-01")
    yield from serving(workspace)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server of a shop of its own, not run yet."""
    yield from serving(fill(tmp_path))
