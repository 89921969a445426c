"""Paths as people give them, to single table files: globs, folders, archives, compression, and limits."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from satsuma.errors import SourceError, did_you_mean, nearest

Form = Literal["text", "parquet", "json", "workbook"]

#: What each extension is read as.
EXTENSIONS: dict[str, Form] = {
    ".csv": "text",
    ".tsv": "text",
    ".tab": "text",
    ".psv": "text",
    ".txt": "text",
    ".dat": "text",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xlsb": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
}
COMPRESSIONS = (".gz", ".bz2", ".xz")
ALLOWED = "CSV, TSV and other delimited text (.csv .tsv .tab .psv .txt .dat), Parquet (.parquet), JSON and JSON lines \
(.json .jsonl .ndjson), workbooks (.xlsx .xlsm .xlsb .xls .ods), each also inside .gz, .bz2, .xz or .zip"

#: Unpacked data above this ratio and size is an attack or an accident, not a table (tables reach about 100 to 1).
MAX_RATIO = 250
FREE_RATIO_BYTES = 1 << 30
MAX_MEMBERS = 20_000
#: Left free on the disk that holds unpacked data.
SPARE_BYTES = 512 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TableFile:
    """One file with one table (or one workbook): the name for people, where it is now, and what it is.

    `group` is what it came out of when that held several files (an archive); `kept` says that `path` is the person's
    own file and will still be there later, so that a view on it is safe.
    """

    label: str
    path: Path
    form: Form
    group: str | None = None
    kept: bool = True


def find_files(paths: Sequence[str | Path]) -> tuple[list[Path], list[str]]:
    """Expand globs and folders to files, sorted within each; also say what a folder held that is no table.

    Raises
    ------
    SourceError
        When a path is not there or a glob or folder holds nothing to read.
    """
    found: list[Path] = []
    notes: list[str] = []
    for given in paths:
        if not str(given).strip():
            raise SourceError("A file without a name was given.", hint="Give a file, a folder or a pattern.")
        path = Path(given).expanduser()
        if path.is_dir():
            inside = sorted(item for item in path.rglob("*") if item.is_file() and not _hidden(item.relative_to(path)))
            tables = [item for item in inside if _known(item.name)]
            if not tables:
                raise SourceError(f"The folder {path} holds no file that can be read.", hint=f"Read are {ALLOWED}.")
            if len(tables) < len(inside):
                notes.append(f"{len(inside) - len(tables)} files of {path.name} are not tables and were left aside.")
            found += tables
        elif path.is_file():
            found.append(path)
        elif glob.has_magic(str(given)):
            matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
            files = [match for match in matches if match.is_file()]
            if not files:
                raise SourceError(f"No file matches {given}.", hint="Quote the pattern and check the folder's name.")
            found += files
        elif path.exists():
            raise SourceError(f"{path} is neither a file nor a folder.", hint="Give a file, a folder or a pattern.")
        else:
            raise _missing(path)
    # The same file named twice (by a glob and by itself) is read once.
    return list(dict.fromkeys(found)), notes


def _missing(path: Path) -> SourceError:
    near: tuple[str, ...] = ()
    if path.parent.is_dir():
        near = nearest(path.name, (item.name for item in path.parent.iterdir()))
    return SourceError(f"There is no file {path}.{did_you_mean(near)}", hint="Check the path, or quote a pattern.")


def _hidden(path: Path | PurePosixPath) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _known(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    if suffix in COMPRESSIONS:
        suffix = Path(Path(name).stem).suffix.lower()
        return suffix in EXTENSIONS or suffix == ""
    return suffix in EXTENSIONS or suffix == ".zip"


def open_files(paths: Iterable[Path], folder: Path) -> tuple[list[TableFile], list[str]]:
    """Turn files into single tables, unpacking what is packed into `folder`.

    Raises
    ------
    SourceError
        For a file of another kind, a damaged or locked archive, or one that unpacks beyond the limits.
    """
    tables: list[TableFile] = []
    notes: list[str] = []
    paths = list(paths)
    for number, path in enumerate(paths):
        label = _label(path, paths)
        try:
            tables += _open(path, label, folder / str(number), notes)
        except PermissionError:
            raise SourceError(f"{label} may not be read.", hint="Ask for the right to read the file.") from None
        except (zipfile.BadZipFile, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise SourceError(f"{label} cannot be read ({error.strerror}).") from None
            raise SourceError(
                f"{label} is packed, but damaged or cut: it cannot be unpacked to its end.",
                hint="Fetch or make the file again; nothing of it was loaded.",
            ) from None
    return tables, notes


def _label(path: Path, paths: list[Path]) -> str:
    if sum(other.name == path.name for other in paths) == 1:
        return path.name
    return f"{path.parent.name}/{path.name}"


def _open(path: Path, label: str, folder: Path, notes: list[str]) -> list[TableFile]:
    suffix = path.suffix.lower()
    magic = _magic(path)
    packed = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz"}.get(magic)
    if suffix in COMPRESSIONS or packed:
        if packed is None:
            if path.stat().st_size == 0:
                raise SourceError(f"{label} is empty: it holds no bytes at all.")
            raise SourceError(f"{label} is called {suffix} but is not packed that way.", hint="Check the file's name.")
        inner = path.stem if suffix in COMPRESSIONS else path.name
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / (Path(inner).name or "table")
        with _unpacker(path, packed) as source:
            _copy(source, target, path.stat().st_size, label)
        inner_magic = _magic(target)
        if inner_magic in ("gzip", "bzip2", "xz"):
            raise SourceError(f"{label} is packed twice.", hint="Unpack it once and try again.")
        return [replace(table, kept=False) for table in _open(target, label, folder / "inner", notes)]
    if magic == "zip" and not _is_workbook_zip(path):
        return _open_zip(path, label, folder, notes)
    by_magic: dict[str, Form] = {"parquet": "parquet", "zip": "workbook", "ole": "workbook"}
    form = by_magic.get(magic)
    if form is None:
        form = EXTENSIONS.get(suffix)
        if suffix == "" and magic == "text":
            form = "text"
        if magic in ("pdf", "html", "other"):
            what = {"pdf": "a PDF document", "html": "a web page", "other": "of a kind that is not read here"}[magic]
            raise SourceError(f"{label} is {what}, not a table.", hint=f"Export the data as one of: {ALLOWED}.")
        if form in ("parquet", "workbook") and path.stat().st_size:
            kind = "Parquet file" if form == "parquet" else "workbook"
            raise SourceError(f"{label} is not a {kind}, or is damaged.", hint="Export it again, or check its name.")
    if form is None:
        shown = f"'{suffix}'" if suffix else "no extension"
        raise SourceError(f"{label} has {shown}, which is not read here.", hint=f"Read are {ALLOWED}.")
    return [TableFile(label, path, form)]


def _magic(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    starts = (
        (b"\x1f\x8b", "gzip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"PAR1", "parquet"),
        (b"PARE", "parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"%PDF", "pdf"),
        (b"ORC", "other"),
        (b"Obj\x01", "other"),
        (b"ARROW1", "other"),
        (b"SQLite format 3", "other"),
        (b"\x89PNG", "other"),
        (b"\x28\xb5\x2f\xfd", "other"),
        (b"7z\xbc\xaf", "other"),
        (b"Rar!", "other"),
    )
    for start, name in starts:
        if head.startswith(start):
            return name
    beginning = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith((b"<!doctype", b"<html")):
        return "html"
    return "text"


def _is_workbook_zip(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        members = archive.infolist()
        workbook = "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names
        if workbook:
            _check_ratio(sum(item.file_size for item in members), path.stat().st_size, path.name)
    return workbook


def _open_zip(path: Path, label: str, folder: Path, notes: list[str]) -> list[TableFile]:
    tables: list[TableFile] = []
    skipped = 0
    with zipfile.ZipFile(path) as archive:
        members = [item for item in archive.infolist() if not item.is_dir() and not _hidden(_posix(item))]
        if len(members) > MAX_MEMBERS:
            message = f"{label} holds {len(members):,} files; at most {MAX_MEMBERS:,} are read from one archive."
            raise SourceError(message, hint="Split the archive.")
        for number, item in enumerate(sorted(members, key=lambda item: item.filename)):
            inside = _posix(item)
            if not _known(inside.name) or inside.suffix.lower() == ".zip":
                skipped += 1
                continue
            if item.flag_bits & 1:
                raise SourceError(f"{label} is locked with a password.", hint="Unpack it yourself and load the files.")
            target = folder / str(number) / inside.name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with archive.open(item) as source:
                    _copy(source, target, item.compress_size, f"{label}/{inside}")
            except NotImplementedError:
                raise SourceError(f"{label} is packed by a method that is not read here.") from None
            opened = _open(target, f"{label}/{inside}", target.parent / "inner", notes)
            tables += [replace(table, group=label, kept=False) for table in opened]
    if not tables:
        raise SourceError(f"{label} holds no table.", hint=f"Read are {ALLOWED}.")
    if skipped:
        notes.append(f"{skipped} files inside {label} are not tables and were left aside.")
    return tables


def _posix(item: zipfile.ZipInfo) -> PurePosixPath:
    # Only the last part ever names a file on this disk, so that no member can climb out of the folder.
    return PurePosixPath(item.filename.replace("\\", "/"))


def _unpacker(path: Path, suffix: str) -> Any:
    if suffix == ".gz":
        return gzip.open(path, "rb")
    return bz2.open(path, "rb") if suffix == ".bz2" else lzma.open(path, "rb")


def _copy(source: IO[bytes] | Any, target: Path, packed_size: int, label: str) -> None:
    written = 0
    free = shutil.disk_usage(target.parent).free - SPARE_BYTES
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            _check_ratio(written, packed_size, label)
            if written > free:
                raise SourceError(
                    f"{label} unpacks to more than the disk for temporary files holds.",
                    hint="Free some space, or set TMPDIR to a larger disk.",
                )
            out.write(chunk)


def _check_ratio(unpacked: int, packed: int, label: str) -> None:
    if unpacked > FREE_RATIO_BYTES and unpacked > packed * MAX_RATIO:
        raise SourceError(
            f"{label} unpacks to more than {MAX_RATIO} times its size, which no real table does.",
            hint="If the data are real, unpack the file yourself and load what is inside.",
        )
