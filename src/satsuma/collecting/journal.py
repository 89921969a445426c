"""The journal: what was accepted, durable before it is acknowledged, in files that are only appended to.

A record is its length and a checksum (both 32 bits, little-endian), then its bytes. One thread writes: it takes all
records that wait, writes them at once, syncs once, and only then says so to those who wait (group commit). A process
that is killed, or a machine that loses power, can leave a torn record behind the last sync; opening cuts it off.
Nothing that was acknowledged stands behind a torn record, as the sync that acknowledged it covered all before it.

Segments are files named by their number. A position is a segment and a byte in it. Where landing has come to is not
kept here but in the warehouse, in the transaction that landed it.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from satsuma.collecting.errors import JournalUnavailable
from satsuma.errors import WorkspaceError

_MAGIC = b"satsuma1"
_FRAME = struct.Struct("<II")
#: A record is at most a batch with what is known beside it.
MOST_RECORD_BYTES = 4 * 1024 * 1024
#: A segment is closed when it has grown past this; raw messages that are landed stand in the last one at most.
SEGMENT_BYTES = 16 * 1024 * 1024
#: At most so many bytes are written and synced together.
MOST_TOGETHER_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two records."""

    segment: int
    offset: int

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset}"

    @classmethod
    def read(cls, text: str) -> Position:
        segment, offset = text.split(":")
        return cls(int(segment), int(offset))


START = Position(1, len(_MAGIC))


class Journal:
    """The journal of one folder. One process has it open, as one process has the warehouse.

    Parameters
    ----------
    folder : made when it is missing.
    landed : where landing has come to; a journal that ends before it (its files were taken away) goes on in a new
        segment behind it, so that nothing new can be taken for landed.
    """

    def __init__(self, folder: Path, *, landed: Position = START, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._queue: SimpleQueue[tuple[bytes, Future[Position]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_closing = False
        self._file = -1
        self._end = START
        try:
            folder.mkdir(parents=True, exist_ok=True)
            segments = self.segments()
            number = max([landed.segment, *segments])
            #: Bytes of a torn record that opening cut off; never of one that was acknowledged.
            self.cut_bytes = 0
            if number in segments:
                self._open_last(number, landed)
            else:
                self._open_new(number if landed == START else number + 1)
        except OSError as error:
            raise JournalUnavailable(
                f"The journal in '{folder}' cannot be opened ({type(error).__name__}).",
                hint="Check that the folder can be written and that its disk is not full.",
            ) from None
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------------------------------------------- writing

    def append(self, record: bytes) -> Future[Position]:
        """Hand a record over; the future gives the position behind it once it is durable.

        Raises
        ------
        JournalUnavailable
            In the future when it could not be made durable, at once when the journal is closed.
        """
        if not 0 < len(record) <= MOST_RECORD_BYTES:
            raise ValueError("A record has from one byte to four megabytes.")
        future: Future[Position] = Future()
        with self._lock:
            if self._is_closing:
                raise JournalUnavailable("The server is stopping.", hint="Try again in a minute.", retry_after=30)
            self._queue.put((record, future))
        return future

    def close(self) -> None:
        """Make durable what waits, and end."""
        with self._lock:
            if self._is_closing:
                return
            self._is_closing = True
            self._queue.put(None)
        self._thread.join()
        os.close(self._file)

    def _work(self) -> None:
        is_last = False
        while not is_last:
            item = self._queue.get()
            waiting, size = [], 0
            while item is not None:
                # Whoever gave up waiting is not told, and an answer to nobody would end this thread.
                if item[1].set_running_or_notify_cancel():
                    waiting.append(item)
                    size += len(item[0])
                if size > MOST_TOGETHER_BYTES or self._queue.empty():
                    break
                item = self._queue.get()
            is_last = item is None
            if waiting:
                self._write(waiting)

    def _write(self, waiting: list[tuple[bytes, Future[Position]]]) -> None:
        parts, ends, offset = [], [], self._end.offset
        for record, _ in waiting:
            size = _FRAME.pack(len(record), zlib.crc32(record))
            parts += [size, record]
            offset += len(size) + len(record)
            ends.append(Position(self._end.segment, offset))
        try:
            _write_all(self._file, b"".join(parts))
            os.fdatasync(self._file)
        except OSError as error:
            self._give_up_segment()
            failure = JournalUnavailable(
                f"Messages cannot be stored now ({os.strerror(error.errno or 0)}).",
                hint="Send them again later; the disk may be full.",
                retry_after=10,
            )
            for _, future in waiting:
                future.set_exception(failure)
            return
        self._end = ends[-1]
        for (_, future), end in zip(waiting, ends, strict=True):
            future.set_result(end)
        if self._end.offset > self._segment_bytes:
            self._rotate()

    def _rotate(self) -> None:
        old = self._file
        try:
            self._open_new(self._end.segment + 1)
        except OSError:
            return  # the old segment grows on, and the next write tries again
        os.close(old)

    def _give_up_segment(self) -> None:
        """Take back what an unfinished write left; after a failed sync nobody knows what the disk holds behind it."""
        old, end = self._file, self._end
        try:
            os.ftruncate(old, end.offset)
            os.fsync(old)
            self._open_new(end.segment + 1)
        except OSError:
            # Nothing can be written: the same place is tried again with the next record.
            self._file, self._end = old, end
            _seek(old, end.offset)
            return
        os.close(old)

    # ------------------------------------------------------------------------------------------------------- opening

    def segments(self) -> list[int]:
        """Return the numbers of the segments, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("*.log") if path.stem.isdigit())

    def path(self, segment: int) -> Path:
        return self.folder / f"{segment:012d}.log"

    def _open_new(self, number: int) -> None:
        file = os.open(self.path(number), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write_all(file, _MAGIC)
            os.fsync(file)
            _sync_folder(self.folder)
        except OSError:
            os.close(file)
            raise
        self._file, self._end = file, Position(number, len(_MAGIC))

    def _open_last(self, number: int, landed: Position) -> None:
        path = self.path(number)
        size = path.stat().st_size
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                if size > len(_MAGIC):
                    raise WorkspaceError(
                        f"The file '{path}' is not a segment of a journal.",
                        hint="Move it elsewhere: what it holds cannot be landed.",
                    )
                # The machine stopped while the segment was made; nothing can have been acknowledged in it.
                self.cut_bytes = size
                self._open_new(number)
                return
            end = len(_MAGIC)
            for record in _records(file):
                end += _FRAME.size + len(record)
        if landed.segment == number and landed.offset > end:
            self._open_new(number + 1)
            return
        self.cut_bytes = size - end
        self._file = os.open(path, os.O_RDWR)
        if self.cut_bytes:
            os.ftruncate(self._file, end)
        # What was written but not synced before a kill is read from now on: it must not vanish later.
        os.fsync(self._file)
        _sync_folder(self.folder)
        _seek(self._file, end)
        self._end = Position(number, end)

    # ------------------------------------------------------------------------------------------------------- reading

    @property
    def end(self) -> Position:
        """The place behind the last durable record."""
        return self._end

    def read(self, start: Position, *, most_bytes: int) -> list[tuple[bytes, Position]]:
        """Return durable records from a place on, each with the place behind it.

        Parameters
        ----------
        most_bytes : reading stops behind the record that reaches it.

        Raises
        ------
        WorkspaceError
            When a segment is damaged before its end.
        """
        end = self._end
        found: list[tuple[bytes, Position]] = []
        size = 0
        for segment in [number for number in self.segments() if start.segment <= number <= end.segment]:
            offset = start.offset if segment == start.segment else len(_MAGIC)
            limit = end.offset if segment == end.segment else self.path(segment).stat().st_size
            with self.path(segment).open("rb") as file:
                file.seek(offset)
                for record in _records(file, limit - offset):
                    offset += _FRAME.size + len(record)
                    size += len(record)
                    found.append((record, Position(segment, offset)))
                    if size >= most_bytes:
                        return found
            if offset < limit:
                raise WorkspaceError(
                    f"The journal's file '{self.path(segment)}' is damaged behind byte {offset:,}.",
                    hint="What stands before is kept. Restore the file from a backup, or move it elsewhere to go on "
                    "without what stands behind.",
                )
        return found

    def bytes_after(self, place: Position) -> int:
        """Return how many durable bytes stand behind a place."""
        end = self._end
        if end.segment == place.segment:
            return max(0, end.offset - place.offset)
        between = end.offset
        for number in self.segments():
            if place.segment <= number < end.segment:
                with suppress(FileNotFoundError):
                    between += self.path(number).stat().st_size - (place.offset if number == place.segment else 0)
        return between

    def free_bytes(self) -> int:
        """Return how many bytes the disk has left for us."""
        disk = os.statvfs(self.folder)
        return disk.f_bavail * disk.f_frsize

    def drop_before(self, landed: Position) -> int:
        """Delete the segments that are landed whole: raw messages are not kept twice. Returns how many."""
        old = [number for number in self.segments() if number < min(landed.segment, self._end.segment)]
        for number in old:
            self.path(number).unlink(missing_ok=True)
        return len(old)


def _records(file: BinaryIO, most: int | None = None) -> Iterator[bytes]:
    """Yield whole records up to the first that is not, or up to `most` bytes."""
    read = file.read
    left = most
    while left is None or left > 0:
        head = read(_FRAME.size)
        if len(head) < _FRAME.size:
            return
        size, checksum = _FRAME.unpack(head)
        # A disk may fill a torn end with zeros, which would read as empty records with a right checksum.
        if not 0 < size <= MOST_RECORD_BYTES:
            return
        record = read(size)
        if len(record) < size or zlib.crc32(record) != checksum:
            return
        if left is not None:
            left -= _FRAME.size + size
        yield record


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _seek(file: int, offset: int) -> None:
    os.lseek(file, offset, os.SEEK_SET)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
