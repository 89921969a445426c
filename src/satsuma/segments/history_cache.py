"""Results of past days, kept as files: what one run looked back for need not be evaluated again by the next.

A file holds what one definition gave at one point of the daily grid, as things are known now: members as a Roaring
bitmap, labels and values as arrays. It holds as long as the definition means the same, with the models, lists and
catalogue behind it, and as long as its grounds are the same. One that does not hold, or cannot be read, is as good as
none: the point is evaluated anew.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroaring import BitMap

import satsuma
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.bitmaps import bits_of, serialise
from satsuma.evaluation.columns import Column, pack, unpack
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.past import Key, OpenCache, fitted_models
from satsuma.evaluation.past_values import Value
from satsuma.evaluation.plan import closure
from satsuma.language.checker import kind_of
from satsuma.language.durations import MICROSECONDS_PER_DAY, microseconds
from satsuma.language.history import GRID_DAYS
from satsuma.language.types import Entity, Segmentation
from satsuma.segments.history_grounds import Grounds, Reads
from satsuma.segments.results import list_digests

_MAGIC = b"SATSUMAH"
#: Raised when the shape of the files changes.
_FORM = 1
_FOLDER = "history"
_SUFFIX, _DRAFT = ".past", ".draft"


class HistoryCache:
    """What was kept for the definitions of one evaluation.

    Parameters
    ----------
    warehouse : where loads are written.
    folder : of the files; it need not be there.
    whole : the evaluation of everybody that looks back, as far as it is.
    """

    def __init__(self, warehouse: DuckDB, folder: Path, whole: Evaluation) -> None:
        self.folder = folder
        self.whole = whole
        self.grounds = Grounds(warehouse, whole, min((load for _, _, load in _files(folder)), default=0))
        self._named: dict[Key, tuple[str, Reads]] = {}
        self._known: dict[str, dict[int, tuple[Path, int]]] = {}

    def find(self, key: Key, point: int) -> Callable[[], Value] | None:
        """Return what reads the result of a definition at a point, or None where there is none that still holds."""
        name, reads = self._name(key)
        if point not in self._points(name):
            return None
        path, load = self._points(name)[point]
        if not self.grounds.still_hold(reads, load, point):
            return None
        content = _read(path)
        if content is None or content[0]["grounds"] != self.grounds.at(reads, point):
            return None
        return partial(_decoded, *content, self.whole.of(self._entities[key]).size)

    def keep(self, key: Key, point: int, value: Value) -> None:
        """Keep a result; a disk that is full is no reason to fail, as all can be found again."""
        name, reads = self._name(key)
        before = self._points(name).pop(point, None)
        path = self.folder / name / f"{point}-{self.grounds.last_load}{_SUFFIX}"
        facts, parts = _encoded(value)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, {**facts, "grounds": self.grounds.at(reads, point)}, parts)
            self._points(name)[point] = (path, self.grounds.last_load)
            if before is not None and before[0] != path:
                before[0].unlink()

    def _points(self, name: str) -> dict[int, tuple[Path, int]]:
        if name not in self._known:
            self._known[name] = {point: (path, load) for path, point, load in _files(self.folder, name)}
        return self._known[name]

    def _name(self, key: Key) -> tuple[str, Reads]:
        """Return the digest of all that a definition means beside its data, and what it reads."""
        if key not in self._named:
            checked, catalog = self.whole.checked, self.whole.checked.vocabulary.catalog
            needed = closure(checked, [key])
            reads = self.grounds.reads(needed)
            fitted = [item.name for item in needed if isinstance(item, Segmentation)]
            meaning = {
                "form": _FORM,
                "version": satsuma.__version__,
                "definition": checked.digests.get(key),
                "zone": checked.vocabulary.zone.key,
                "models": {name: self._models.get(name) for name in fitted},
                "lists": {name: self._lists.get(name) for name in reads.names("list")},
                "events": {name: repr(catalog.events.get(name)) for name in reads.names("event")},
                "traits": {name: repr(catalog.traits.get(name)) for name in reads.names("trait")},
            }
            text = json.dumps(meaning, sort_keys=True, default=str)
            self._named[key] = (hashlib.sha256(text.encode()).hexdigest()[:32], reads)
        return self._named[key]

    @cached_property
    def _entities(self) -> Mapping[Key, Entity]:
        return {(kind_of(item), item.name): item.entity for item in self.whole.checked.ordered}

    @cached_property
    def _models(self) -> Mapping[str, Any]:
        return fitted_models(self.whole)

    @cached_property
    def _lists(self) -> Mapping[str, str]:
        return {} if self.whole.lists_folder is None else list_digests(self.whole.lists_folder)


def history_cache(warehouse: DuckDB, root: Path) -> OpenCache | None:
    """Return what opens the results of past days that a workspace keeps, for an evaluation.

    Nothing is kept of another program's tables: no load tells what changed in them.
    """
    return None if not warehouse.has_own_data else partial(HistoryCache, warehouse, root / "state" / _FOLDER)


def sweep_history(state: Path, as_of: datetime) -> None:
    """Remove results of days too long before a moment (UTC without a zone) to be asked about, and leftovers."""
    folder = state / _FOLDER
    oldest = microseconds(as_of) - (GRID_DAYS + 2) * MICROSECONDS_PER_DAY
    for path, point, _ in _files(folder):
        if point < oldest:
            path.unlink(missing_ok=True)
    for path in folder.glob(f"*/*{_DRAFT}"):
        path.unlink(missing_ok=True)
    for path in folder.glob("*"):
        # Only a folder that holds nothing can be removed.
        with suppress(OSError):
            path.rmdir()


def _files(folder: Path, name: str = "*") -> Iterator[tuple[Path, int, int]]:
    """Yield each file of results with its point and the load that it was made after."""
    for path in folder.glob(f"{name}/*{_SUFFIX}"):
        found = re.fullmatch(r"(-?[0-9]+)-([0-9]+)", path.name.removesuffix(_SUFFIX))
        if found is not None:
            yield path, int(found[1]), int(found[2])


# ------------------------------------------------------------------------------------------------------------- files


def _encoded(value: Value) -> tuple[dict[str, Any], list[bytes]]:
    """Return a result as facts and parts of bytes."""
    if isinstance(value, Labels):
        return {"kind": "labels", "names": list(value.names)}, [value.codes.tobytes()]
    if isinstance(value, Column):
        facts = {"kind": "column", "type": value.type, "scale": value.scale, "dtype": value.values.dtype.str}
        words = json.dumps(value.words).encode()
        return facts, [value.values.tobytes(), pack(value.present).tobytes(), words]
    return {"kind": "members"}, [serialise(value)]


def _decoded(facts: Mapping[str, Any], parts: list[bytes], size: int) -> Value:
    """Return a result over everybody there is by now: who came later was nowhere then."""
    if facts["kind"] == "members":
        return bits_of(BitMap.deserialize(parts[0]), size)
    if facts["kind"] == "labels":
        return Labels(tuple(facts["names"]), _over(np.frombuffer(parts[0], np.int16), size, -1))
    values = np.frombuffer(parts[0], np.dtype(facts["dtype"]))
    present = unpack(np.frombuffer(parts[1], np.uint8), len(values))
    return Column(
        facts["type"], _over(values, size, 0), _over(present, size, False), facts["scale"], tuple(json.loads(parts[2]))
    )  # fmt: skip


def _over(values: NDArray[Any], size: int, rest: Any) -> NDArray[Any]:
    whole = np.full(size, rest, values.dtype)
    whole[: len(values)] = values
    return whole


def _write(path: Path, facts: Mapping[str, Any], parts: list[bytes]) -> None:
    """Write a file at once: nobody ever reads half of one."""
    packed = [pa.compress(part, codec="zstd", asbytes=True) for part in parts]
    lengths = [[len(small), len(part)] for small, part in zip(packed, parts, strict=True)]
    body = b"".join(packed)
    head = json.dumps({**facts, "lengths": lengths}).encode()
    rest = struct.pack("<Q", len(head)) + head + body
    draft = path.with_suffix(_DRAFT)
    draft.write_bytes(_MAGIC + struct.pack("<Q", zlib.crc32(rest)) + rest)
    draft.replace(path)


def _read(path: Path) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the facts and parts of a file; None where it is gone or damaged."""
    try:
        content = path.read_bytes()
        check, length = struct.unpack("<QQ", content[8:24])
        if content[:8] != _MAGIC or check != zlib.crc32(content[16:]):
            return None
        facts, body = json.loads(content[24 : 24 + length]), content[24 + length :]
        parts = []
        for small, large in facts["lengths"]:
            parts.append(pa.decompress(body[:small], large, codec="zstd", asbytes=True))
            body = body[small:]
    except (OSError, struct.error):
        return None
    return facts, parts
