"""What nobody foresaw: a log that names places in the program, and no data."""

from __future__ import annotations

import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path


def write_places(error: BaseException, workspace: Path | None) -> Path | None:
    """Write the chain of places, without messages or values: either may hold a customer's data.

    Parameters
    ----------
    workspace : the folder whose `state/logs` is meant; a temporary place when there is none, or it cannot be written.
    """
    now = datetime.now(UTC)
    lines = [f"time: {now.isoformat(timespec='seconds')}", f"python: {sys.version.split()[0]}"]
    seen: BaseException | None = error
    while seen is not None:
        lines.append(f"error: {type(seen).__module__}.{type(seen).__qualname__}")
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or seen.__context__
    name = f"error-{now:%Y%m%dT%H%M%S%f}.log"
    places = [Path(tempfile.gettempdir())]
    if workspace is not None:
        places.insert(0, workspace / "state" / "logs")
    for folder in places:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return None
