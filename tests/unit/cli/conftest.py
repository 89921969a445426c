"""Running the program as a person or a script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from satsuma import Workspace
from satsuma.cli.running import run


@dataclass(frozen=True)
class Done:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found


Runner = Callable[..., Done]


@pytest.fixture
def satsuma(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run a command line in this process."""
    from satsuma.cli import output

    monkeypatch.delenv("SATSUMA_WORKSPACE", raising=False)

    def runner(*arguments: str | Path) -> Done:
        # The console holds the streams of the test before.
        output.console.cache_clear()
        capsys.readouterr()
        code = run([str(item) for item in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return runner


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line as a process of its own."""

    def runner(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **options.pop("env", {})}
        command = [sys.executable, "-m", "satsuma", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **options)

    return runner


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """An empty workspace."""
    Workspace.create(tmp_path / "shop", timezone="Europe/Paris", currency="EUR").close()
    return tmp_path / "shop"
