"""Imports point one way, and what starts quickly stays quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import satsuma

ROOT = Path(satsuma.__file__).parent

#: The folders in the order of docs/architecture.md: each may import those before it.
FLOW = (
    "engines",
    "ledger",
    "statistics",
    "privacy",
    "access",
    "sources",
    "quality",
    "identity",
    "landing",
    "collecting",
    "connectors",
    "language",
    "evaluation",
    "traits",
    "segments",
    "discovery",
    "evidence",
    "personas",
    "report",
    "destinations",
)

#: Modules that everybody may import.
SHARED = frozenset({"errors", "documents", "catalog"})

#: The door and its faces may import all of it, and nobody else imports them. `satsuma` alone is the version.
DOOR = frozenset(
    {
        "workspace",
        "settings",
        "scaffold",
        "shapes",
        "sourcing",
        "hooking",
        "incidents",
        "working",
        "working_kinds",
        "parcels",
        "remote",
        "cli",
        "api",
        "__main__",
        "__init__",
    }
)

#: What takes long to load, and is loaded when it is needed.
HEAVY = (
    "duckdb", "pyarrow", "numpy", "sqlalchemy", "sqlglot", "scipy", "pandas", "polars", "pyroaring", "ruamel",
    "pyspark", "sklearn", "joblib", "fastapi", "starlette", "uvicorn", "httpx2", "ua_parser",
    "pydantic", "pwdlib", "prometheus_client",
)  # fmt: skip

MODULES = sorted(ROOT.rglob("*.py"))


def part_of(path: Path) -> str:
    """Return the folder (or top module) of Satsuma that a file belongs to."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported_parts(path: Path) -> set[str]:
    """Return the folders and top modules of Satsuma that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "satsuma" else [f"satsuma.{item.name}" for item in node.names]
        elif isinstance(node, ast.Import):
            names = [item.name for item in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("satsuma.")}
    return found - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_comes_before_it(path: Path) -> None:
    part = part_of(path)
    if part in DOOR:
        return
    allowed = set(SHARED)
    if part in SHARED:
        allowed = {"errors", "documents"} if part == "catalog" else {"errors"} if part == "documents" else set()
    elif part == "statistics":
        allowed = {"statistics"}
    else:
        assert part in FLOW, f"{part} has no place in docs/architecture.md and FLOW"
        allowed |= set(FLOW[: FLOW.index(part) + 1])
    assert imported_parts(path) <= allowed


def test_the_table_of_the_architecture_lists_every_folder() -> None:
    page = ROOT.parent.parent / "docs" / "architecture.md"
    if not page.exists():
        pytest.skip("the documentation is not beside the package")
    text = page.read_text(encoding="utf-8")
    folders = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [name for name in folders if f"`{name}/`" not in text] == []
    places = [text.index(f"`{name}/`") for name in FLOW]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "code",
    ["import satsuma", "from satsuma.cli.running import run; run(['--help'])", "import satsuma.cli.app"],
    ids=["import", "help", "command-tree"],
)
def test_starting_loads_nothing_heavy(code: str) -> None:
    report = f"import sys\n{code}\nprint('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
