"""The character encoding of a text file, decided over the whole file and not over its first lines."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from satsuma.errors import SourceError

_CHUNK = 1 << 20
_CONTROLS = bytes({*range(32)} - {1, 9, 10, 11, 12, 13, 26, 31})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Code pages that European exports are written in, the likeliest first.
_WESTERN = ("cp1252", "cp1250", "cp850", "mac_roman")
#: What remains to be told apart where whole words are not ASCII.
_OTHERS = [
    *("cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2", "iso8859_5", "iso8859_7"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp1250", "cp1252", "cp866"),
]
_SAMPLE = 60_000
#: A UTF-8 file may hold a few damaged characters; beyond this share it is not UTF-8.
_MAX_DAMAGE = 0.02


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, and sentences on what was found."""

    name: str
    notes: tuple[str, ...] = ()
    damaged: bool = False


def detect_encoding(path: Path, label: str) -> Encoding:
    """Decide the encoding of a text file.

    Reads the whole file: a UTF-8 guess on the first lines breaks on the first accent of line 40,000.

    Raises
    ------
    SourceError
        When the file is empty or is not text.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise SourceError(f"{label} is empty: it holds no bytes at all.", hint="Check the export that made it.")
    for mark, name in _BOMS:
        if head.startswith(mark):
            shown = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}[name]
            if name == "utf-8-sig" and not _is_utf8(path):
                break
            return Encoding(name, (f"Encoding {shown}, with a byte order mark.",))
    wide = _utf16_without_mark(head)
    if wide:
        return Encoding(wide, ("Encoding UTF-16, without a byte order mark.",))
    # Control characters other than white space and the unit sign: a few slip into texts, many make no text.
    if len(head.translate(None, _CONTROLS)) < len(head) * 0.98 - 2:
        raise SourceError(f"{label} is not a text file.", hint="Check the file's name: its content is binary.")
    if _is_utf8(path):
        return Encoding("utf-8")
    good, bad, sample = _count_utf8(path)
    if good and bad <= max(1, int(good * _MAX_DAMAGE)):
        note = f"Encoding UTF-8; {bad} damaged characters were replaced by the mark \N{REPLACEMENT CHARACTER}."
        return Encoding("utf-8", (note,), damaged=True)
    name = guess_code_page(sample)
    return Encoding(name, (f"Encoding {shown_name(name)}, guessed from {len(sample):,} bytes that are not UTF-8.",))


def shown_name(codec: str) -> str:
    """Return the name of an encoding as people write it."""
    if codec.startswith("cp125"):
        return f"Windows-{codec[2:]}"
    return {"utf-8-sig": "UTF-8", "iso8859_7": "ISO-8859-7"}.get(codec, codec.upper().replace("_", "-"))


def to_utf8(path: Path, target: Path, encoding: Encoding, label: str) -> None:
    """Write a file again as UTF-8 without a byte order mark, in pieces.

    Raises
    ------
    SourceError
        When the file breaks its own encoding (a UTF-16 file cut in a character loses that character only).
    """
    errors = "strict" if encoding.name.startswith(("utf-16", "utf-32")) else "replace"
    decoder = codecs.getincrementaldecoder(encoding.name)(errors=errors)
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as out:
        try:
            while chunk := source.read(_CHUNK):
                out.write(decoder.decode(chunk))
            decoder.errors = "replace"
            out.write(decoder.decode(b"", final=True))
        except UnicodeError:
            raise SourceError(
                f"{label} begins as {shown_name(encoding.name)} but does not stay so.",
                hint="Save it as UTF-8 and try again.",
            ) from None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")


def _count_utf8(path: Path) -> tuple[int, int, bytes]:
    """Count well-formed and damaged multi-byte characters; collect the lines that are not ASCII."""
    good = bad = 0
    sample = bytearray()
    with path.open("rb") as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            block, _, rest = (rest + chunk).rpartition(b"\n") if b"\n" in chunk else (rest + chunk, b"", b"")
            good, bad = _count_block(block, good, bad, sample)
        good, bad = _count_block(rest, good, bad, sample)
    return good, bad, bytes(sample)


def _count_block(block: bytes, good: int, bad: int, sample: bytearray) -> tuple[int, int]:
    here = len(_MULTIBYTE.findall(block))
    damaged = len(re.findall(rb"[\x80-\xff]+", _MULTIBYTE.sub(b"", block)))
    if len(sample) < _SAMPLE:
        for match in _HIGH_LINE.finditer(block):
            sample += match.group() + b"\n"
            if len(sample) >= _SAMPLE:
                break
    return good + here, bad + damaged


def _utf16_without_mark(head: bytes) -> str | None:
    if len(head) < 8:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def guess_code_page(sample: bytes) -> str:
    """Guess the code page of a text that is not UTF-8.

    Accents that stand alone between ASCII letters are a Western or Central European code page, told apart by
    whether the result reads as letters. Whole words beyond ASCII go to charset-normalizer, which needs them: on a
    single accent its guesses are far off (a lone Windows-1252 `é` is called Shift-JIS).
    """
    runs = re.findall(rb"[\x80-\xff]+", sample)
    # In a multi-byte encoding the second byte may be ASCII, so short runs alone do not decide.
    alone = sum(len(run) <= 2 for run in runs)
    if alone >= len(runs) * 0.8:
        return min(_WESTERN, key=lambda name: (_oddness(sample, name), _WESTERN.index(name)))
    import charset_normalizer

    matches = list(charset_normalizer.from_bytes(sample, cp_isolation=_OTHERS))
    if not matches:
        return "cp1252"
    best = str(matches[0].encoding)
    # Greek and Cyrillic pages share most letter positions. The final sigma tells them apart: it ends words only.
    if best in ("cp1251", "cp1253", "iso8859_5", "iso8859_7", "koi8_r"):
        words = re.findall(rb"[\xb8-\xff]{2,}", sample)
        final = sum(word.endswith(b"\xf2") for word in words)
        inner = sum(b"\xf2" in word[:-1] for word in words)
        if final and not inner and final >= len(words) * 0.2:
            return "cp1253"
    return best


_LETTERS = set("àâäáãåæçéèêëíìîïñóòôöõøœúùûüýÿßšžÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝŠŽ")
_CENTRAL = set("ąćęłńóśźżčďěňřšťůžőűțșăşţľĺŕđĄĆĘŁŃÓŚŹŻČĎĚŇŘŠŤŮŽŐŰĂŞŢĽĹŔĐ") | set("áéíóúýäöüßÁÉÍÓÚÝÄÖÜ")
_SIGNS = set("€£°²³½«»–—’‘“”…§©®™·ºª´ \xa0")


def _oddness(sample: bytes, name: str) -> float:
    """Return how unlike a European text a decoding looks: 0 is perfect."""
    text = sample.decode(name, errors="replace")
    letters = _CENTRAL if name == "cp1250" else _LETTERS
    odd = 0.0
    counts: Counter[str] = Counter()
    for match in re.finditer(r"[^\x00-\x7f]", text):
        char = match.group()
        before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 1]
        between = before.isalpha() or after.isalpha()
        if char in letters:
            # A capital inside a word is what one code page's small letters look like in another.
            odd += 1.0 if char.isupper() and before.islower() else 0.0
        elif char in _SIGNS:
            odd += 0.7 if before.isalpha() and after.isalpha() and char not in "’‘·–" else 0.05
        else:
            odd += 2.0 if between else 1.0
        counts[char] += 1
    return round(odd / max(1, sum(counts.values())), 4)
