"""The folder of a workspace: what it holds, how it comes to be, and how its files change: whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from satsuma.errors import WorkspaceError
from satsuma.settings import FILE_NAME, Settings, render_settings

#: Folders of definitions: text that people write and keep in version control.
DEFINITION_FOLDERS = {
    "traits": "one value per customer, computed",
    "segments": "who is in: yes or no for each customer",
    "segmentations": "one label for each customer",
    "lists": "manual lists of customers",
    "regions": "areas on a map",
    "sources": "where data come from, and saved mappings",
    "identity": "how records of one person are recognised",
    "goals": "what is to be reached",
    "campaigns": "what is done for whom",
    "templates": "texts of messages",
    "slots": "places a message can appear",
    "destinations": "where audiences go",
}

STATE = "state"
WAREHOUSE = "warehouse.duckdb"
LEDGER = "ledger.db"
CATALOG = "catalog.yaml"

_IGNORED = f"""\
# Data stay out of version control; definitions are made to live in it.
/{STATE}/
/{WAREHOUSE}*
/{LEDGER}*
/*.html
"""

_README = """\
# {name}

A Satsuma workspace: customer segments, defined in files.

| here | what |
|---|---|
| `satsuma.yaml` | name, time zone, currency |
| `catalog.yaml` | what is known about each trait and event; `satsuma load` adds to it, people may correct it |
{folders}
| `state/` | results, exports and logs; made again by `satsuma run` |
| `warehouse.duckdb`, `ledger.db` | the data, and the record of every load and run |

    satsuma load orders.csv --as order-lines    # bring data in
    satsuma suggest                             # write ready-made definitions for what the data hold
    satsuma run                                 # compute traits, segmentations and segments
    satsuma report -o report.html               # one page that shows it all
"""


def create_folder(path: Path, settings: Settings) -> None:
    """Make the workspace folder `path`; it may exist already if it is empty.

    Raises
    ------
    WorkspaceError
        When something is in the way. Nothing is left behind.
    """
    if (path / FILE_NAME).exists():
        raise WorkspaceError(
            f"'{path}' is a workspace already.",
            hint="Use it as it is (-w), edit its satsuma.yaml, or choose another folder.",
            path=str(path),
        )
    if path.exists() and not path.is_dir():
        raise WorkspaceError(f"'{path}' is a file.", hint="A workspace is a folder: choose another name.")
    if path.is_dir() and any(path.iterdir()):
        raise WorkspaceError(
            f"The folder '{path}' is not empty.",
            hint="A workspace starts in a new or empty folder: choose another name, for example a folder inside it.",
            path=str(path),
        )
    try:
        _build(path, settings)
    except OSError as error:
        raise WorkspaceError(
            f"The folder '{path}' cannot be created ({error.strerror or 'the system refused'}).",
            hint="Choose a place where you may write.",
            path=str(path),
        ) from None


def _build(path: Path, settings: Settings) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Built beside its place and moved there: an interrupted init leaves no half of a workspace.
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        draft.chmod(0o755)
        for folder in DEFINITION_FOLDERS:
            (draft / folder).mkdir()
            # Version control keeps no empty folders.
            (draft / folder / ".gitkeep").touch()
        (draft / STATE).mkdir()
        rows = "\n".join(f"| `{folder}/` | {meaning} |" for folder, meaning in DEFINITION_FOLDERS.items())
        (draft / "README.md").write_text(_README.format(name=settings.name, folders=rows), encoding="utf-8")
        (draft / ".gitignore").write_text(_IGNORED, encoding="utf-8")
        (draft / CATALOG).write_text("traits: {}\nevents: {}\n", encoding="utf-8")
        (draft / FILE_NAME).write_text(render_settings(settings), encoding="utf-8")
        if path.is_dir():
            # An empty folder that is there may be a mount or a current folder: fill it, do not replace it. The
            # settings come last, since they are what makes it a workspace.
            for entry in sorted(draft.iterdir(), key=lambda entry: entry.name == FILE_NAME):
                shutil.move(str(entry), path / entry.name)
        else:
            os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all: beside its place, then moved there."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise WorkspaceError(
            f"'{path}' cannot be written ({error.strerror or 'the system refused'}).",
            hint="Check that you may write there and that the disk is not full, then try again.",
            path=str(path),
        ) from None


def replace_texts(texts: Mapping[Path, str], gone: Sequence[Path] = ()) -> None:
    """Write several text files and remove others, all or nothing."""
    before = {path: path.read_bytes() if path.exists() else None for path in (*texts, *gone)}
    try:
        for path, text in texts.items():
            replace_text(path, text)
        for path in gone:
            path.unlink()
    except (OSError, WorkspaceError) as error:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
        if isinstance(error, WorkspaceError):
            raise
        raise WorkspaceError(
            f"The files cannot be changed ({error.strerror or 'the system refused'}).",
            hint="Nothing was changed. Check that you may write in the workspace and that its disk is not full.",
        ) from None


def set_aside(root: Path, path: Path, now: datetime) -> Path:
    """Move a file of a workspace to `state/deleted/`, under its folder and the time; return where it is now."""
    folder = root / STATE / "deleted" / path.parent.relative_to(root)
    target = folder / f"{path.stem}.{now:%Y%m%dT%H%M%SZ}{path.suffix}"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}.{now:%Y%m%dT%H%M%SZ}-{number}{path.suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    except OSError as error:
        raise WorkspaceError(
            f"'{path}' cannot be moved to {STATE}/deleted ({error.strerror or 'the system refused'}).",
            hint="Nothing was changed. Check that you may write in the workspace.",
            path=str(path),
        ) from None
    return target


FilesMark = tuple[tuple[str, int, int], ...]

#: With more files than this they are read rather than looked at.
_MOST_MARKED = 5_000
#: A file may change twice within a tick of the clock: one that changed so lately (seconds) is read again.
_TOO_NEW = 0.2


def files_mark(root: Path) -> FilesMark | None:
    """Return what changes when a file of the workspace's definitions changes: names, times and sizes.

    None when that cannot be told: a file is too new, or there are too many.
    """
    found: list[tuple[str, int, int]] = []
    newest = 0
    for folder, folders, files in os.walk(root):
        if folder == str(root):
            # Of the files beside the folders, definitions may name texts; the warehouse changes all the time.
            folders[:] = [name for name in folders if name != "state" and not name.startswith(".")]
            files = [name for name in files if name.endswith((".yaml", ".yml", ".txt", ".csv", ".json"))]
        for name in files:
            path = os.path.join(folder, name)
            try:
                seen = os.stat(path)
            except OSError:
                return None
            found.append((path, seen.st_mtime_ns, seen.st_size))
            newest = max(newest, seen.st_mtime_ns)
            if len(found) > _MOST_MARKED:
                return None
    return None if time.time_ns() - newest < _TOO_NEW * 1e9 else tuple(sorted(found))
