"""The journal: what was acknowledged is there, whatever happened to the file behind it."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path

import pytest

from satsuma.collecting.errors import JournalUnavailable
from satsuma.collecting.journal import START, Journal, Position
from satsuma.errors import WorkspaceError

RECORDS = [b"a", b"bb" * 40, bytes(range(256)), b"\x00" * 17, b"last"]


def contents(journal: Journal, start: Position = START) -> list[bytes]:
    return [record for record, _ in journal.read(start, most_bytes=1 << 20)]


def fill(folder: Path, records: list[bytes] = RECORDS) -> list[Position]:
    journal = Journal(folder)
    ends = [journal.append(record).result() for record in records]
    journal.close()
    return ends


def test_records_come_back_in_order_from_any_place(tmp_path: Path) -> None:
    ends = fill(tmp_path)
    journal = Journal(tmp_path)
    assert contents(journal) == RECORDS
    for number, end in enumerate(ends):
        assert contents(journal, end) == RECORDS[number + 1 :]
        assert Position.read(str(end)) == end
    assert journal.end == ends[-1]
    journal.close()


def test_a_file_cut_at_any_byte_keeps_every_whole_record_and_takes_new_ones(tmp_path: Path) -> None:
    ends = fill(tmp_path / "whole")
    path = next((tmp_path / "whole").glob("*.log"))
    data = path.read_bytes()
    for length in range(len(data) + 1):
        folder = tmp_path / "cut"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / path.name).write_bytes(data[:length])
        journal = Journal(folder)
        whole = [record for record, end in zip(RECORDS, ends, strict=True) if end.offset <= length]
        assert contents(journal) == whole
        journal.append(b"new").result()
        assert contents(journal) == [*whole, b"new"]
        journal.close()


@pytest.mark.parametrize("tail", [b"\x00" * 64, b"\xff" * 64, b"\x05\x00\x00\x00"], ids=["zeros", "ones", "torn"])
def test_what_stands_behind_the_last_record_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    fill(tmp_path)
    path = next(tmp_path.glob("*.log"))
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + tail)
    journal = Journal(tmp_path)
    assert (journal.cut_bytes, path.stat().st_size) == (len(tail), size)
    assert contents(journal) == RECORDS
    journal.close()


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    ends = fill(tmp_path)
    path = next(tmp_path.glob("*.log"))
    data = bytearray(path.read_bytes())
    data[ends[2].offset - 1] ^= 1
    path.write_bytes(data)
    journal = Journal(tmp_path)
    assert contents(journal) == RECORDS[:2]
    journal.close()


def test_segments_are_closed_when_they_are_large_and_dropped_when_they_are_landed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=200)
    records = [bytes([number]) * 90 for number in range(10)]
    ends = [journal.append(record).result() for record in records]
    assert len(journal.segments()) > 3
    assert contents(journal) == records
    assert journal.drop_before(ends[5]) == ends[5].segment - 1
    assert contents(journal, ends[5]) == records[6:]
    assert len(journal.read(ends[5], most_bytes=100)) == 2
    journal.close()
    again = Journal(tmp_path, landed=ends[5])
    assert contents(again, ends[5]) == records[6:]
    again.close()


def test_damage_within_a_closed_segment_is_said_and_nothing_is_skipped(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=200)
    for number in range(10):
        journal.append(bytes([number]) * 90).result()
    path = journal.path(2)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WorkspaceError, match="damaged"):
        contents(journal)
    journal.close()


def test_new_records_never_stand_before_what_is_landed(tmp_path: Path) -> None:
    ends = fill(tmp_path)
    for file in tmp_path.glob("*.log"):
        file.unlink()
    journal = Journal(tmp_path, landed=ends[-1])
    journal.append(b"new").result()
    assert contents(journal, ends[-1]) == [b"new"]
    journal.close()


def test_many_records_share_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    syncs = []
    own = os.fdatasync

    def slow(file: int) -> None:
        syncs.append(file)
        own(file)

    monkeypatch.setattr(os, "fdatasync", slow)
    waiting = [journal.append(b"x" * 100) for _ in range(2000)]
    ends = [future.result() for future in waiting]
    assert ends == sorted(ends)
    assert len(syncs) < 1000
    assert len(contents(journal)) == 2000
    journal.close()


def test_a_full_disk_acknowledges_nothing_and_later_records_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append(b"before").result()
    own = os.fdatasync

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(JournalUnavailable):
        journal.append(b"lost").result()
    monkeypatch.setattr(os, "fdatasync", own)
    journal.append(b"after").result()
    assert contents(journal) == [b"before", b"after"]
    journal.close()
    again = Journal(tmp_path)
    assert contents(again) == [b"before", b"after"]
    again.close()


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(JournalUnavailable):
        journal.append(b"x")
    with pytest.raises(ValueError, match="one byte"):
        journal.append(b"")


def test_whoever_gave_up_waiting_does_not_end_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow(file: int) -> None:
        begun.set()
        goes_on.wait(5)
        os.fsync(file)

    monkeypatch.setattr(os, "fdatasync", slow)
    journal = Journal(tmp_path)
    first = journal.append(b"first")
    assert begun.wait(5)
    second, third = journal.append(b"second"), journal.append(b"third")
    assert not first.cancel()
    assert second.cancel()
    goes_on.set()
    assert first.result(5) < third.result(5)
    assert contents(journal) == [b"first", b"third"]
    journal.close()
