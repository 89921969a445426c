"""The sources of a workspace, asked with every delivery: read again only when a file changed."""

from __future__ import annotations

import threading
from pathlib import Path

from satsuma.connectors.source_files import NAME, Source, read_source
from satsuma.errors import NotFound

_Mark = tuple[int, int]


class Endpoints:
    """The sources in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[_Mark, Source]] = {}
        self._lock = threading.Lock()

    def source(self, name: str) -> Source:
        """Return a source.

        Raises
        ------
        NotFound
            When there is none of this name.
        DefinitionError
            With every mistake in its file.
        """
        # What came in an address is a name before it is part of a path.
        if NAME.fullmatch(name) is None:
            raise NotFound(f"There is no source '{name[:50]}'.")
        path = next((path for end in ("yaml", "yml") if (path := self.folder / f"{name}.{end}").is_file()), None)
        if path is None:
            raise NotFound(f"There is no source '{name}'.", hint="See satsuma source list.")
        found = path.stat()
        mark = (found.st_mtime_ns, found.st_size)
        with self._lock:
            known = self._known.get(name)
        if known is None or known[0] != mark:
            known = (mark, read_source(self.folder, name))
            with self._lock:
                self._known[name] = known
        return known[1]
