"""Many bitmaps in one immutable file: a JSON index, then the portable Roaring forms one after the other.

Reading one bitmap costs one seek; a database row would cost forty milliseconds.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path

from pyroaring import BitMap

from satsuma.errors import WorkspaceError

_MAGIC = b"SATSUMA1"


def write_bitmaps(path: Path, blobs: Mapping[str, bytes]) -> None:
    """Write serialised bitmaps by name and make them durable."""
    index: dict[str, tuple[int, int]] = {}
    position = 0
    for name, blob in blobs.items():
        index[name] = (position, len(blob))
        position += len(blob)
    head = json.dumps(index).encode()
    with path.open("wb") as file:
        file.write(_MAGIC + struct.pack("<Q", len(head)) + head)
        for blob in blobs.values():
            file.write(blob)
        file.flush()
        os.fsync(file.fileno())


class UnreadableResultError(WorkspaceError):
    """A file of a run's results is gone or damaged; another run writes it anew."""


def unreadable_result(path: Path) -> UnreadableResultError:
    """Return the error for a file of a run's results that cannot be read."""
    what = "damaged" if path.exists() else "missing"
    return UnreadableResultError(
        f"The file {path.name} of a run is {what}.",
        hint="Run `satsuma run` again: results are computed anew from the warehouse.",
    )


class BitmapFile:
    """Bitmaps of one file, read when asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                start = file.read(16)
                if start[:8] != _MAGIC or len(start) < 16:
                    raise unreadable_result(path)
                (length,) = struct.unpack("<Q", start[8:])
                # The stated length of a damaged file may be any number.
                text = file.read(min(length, path.stat().st_size))
                self.index: dict[str, tuple[int, int]] = {
                    name: (place[0], place[1]) for name, place in json.loads(text).items()
                }
        except (OSError, ValueError):
            raise unreadable_result(path) from None
        self.start = 16 + length

    def names(self) -> list[str]:
        return list(self.index)

    def read(self, name: str) -> BitMap:
        """Return one bitmap; an empty one for a name that is not there."""
        if name not in self.index:
            return BitMap()
        offset, length = self.index[name]
        try:
            with self.path.open("rb") as file:
                file.seek(self.start + offset)
                return BitMap.deserialize(file.read(length))
        except (OSError, ValueError):
            raise unreadable_result(self.path) from None
