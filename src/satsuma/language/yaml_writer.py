"""The one spelling of a YAML tree: what fits on a line stands on it, all else on lines of its own; comments stay.

What is written depends on the tree alone, not on how it was written before: writing twice changes nothing.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from satsuma.documents import Loader, plain_value
from satsuma.language.yaml_tree import Collection, Entry, Node, Scalar, Tree

#: A leaf up to this length stands on one line.
LEAF_WIDTH = 100
#: A text up to this length does, too.
TEXT_WIDTH = 120
_INDENT = "  "
#: Texts here that are numbers to other readers of YAML 1.2, such as the editor that checks the file: codes like 007.
_ELSEWHERE = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)"
    r"|\.(nan|NaN|NAN)"
)


def written(tree: Tree) -> str:
    """Return the text of a tree."""
    lines = [*_trimmed(tree.header)]
    if isinstance(tree.root, Scalar):
        lines.append(scalar_text(tree.root, flow=False))
    else:
        lines += _collection(tree.root, "")
    return "\n".join(lines) + "\n"


def _trimmed(lines: list[str]) -> list[str]:
    """Return lines with no blank one before the first and no two in a row."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


# ------------------------------------------------------------------------------------------------------ collections


def _collection(node: Collection, indent: str) -> Iterator[str]:
    """Yield the lines of a collection that has lines of its own."""
    for place, entry in enumerate(node.entries):
        before = _trimmed(entry.before) if place == 0 else _collapsed(entry.before)
        lines = list(_entry(entry, indent) if node.is_mapping else _item(entry, indent))
        if entry.eol:
            if len(lines) == 1:
                lines[-1] += f"  {entry.eol}"
            elif node.is_mapping and isinstance(entry.value, Collection):
                lines[0] += f"  {entry.eol}"
            else:
                before = [*before, entry.eol]
        yield from (f"{indent}{line}" if line else "" for line in before)
        yield from lines
    yield from (f"{indent}{line}" if line else "" for line in _collapsed(node.after))


def _collapsed(lines: list[str]) -> list[str]:
    return ([""] if lines and not lines[0] else []) + _trimmed(lines)


def _entry(entry: Entry, indent: str) -> Iterator[str]:
    key = _key(entry.key or "")
    value = entry.value
    if isinstance(value, Scalar):
        yield from _text_lines(f"{indent}{key}:", value, indent + _INDENT)
        return
    line = one_line(value)
    if line is not None and len(indent) + len(key) + 2 + len(line) <= LEAF_WIDTH:
        yield f"{indent}{key}: {line}"
        return
    yield f"{indent}{key}:"
    yield from _collection(value, indent + _INDENT)


def _item(entry: Entry, indent: str) -> Iterator[str]:
    value = entry.value
    if isinstance(value, Scalar):
        yield from _text_lines(f"{indent}-", value, indent + _INDENT)
        return
    own: list[str] = []
    if value.entries:
        own, value.entries[0].before = value.entries[0].before, []
    line = one_line(value)
    if line is not None and len(indent) + 2 + len(line) <= LEAF_WIDTH:
        lines = [f"{indent}{_INDENT}{line}"]
    else:
        lines = list(_collection(value, indent + _INDENT))
    if value.entries:
        value.entries[0].before = own
    # The comments of what stands on the line of the dash go above it.
    yield from (f"{indent}{line}" for line in _trimmed(own) if line)
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]


def one_line(node: Node) -> str | None:
    """Return a node on one line, or None when it has comments or is never written so."""
    if isinstance(node, Scalar):
        return scalar_text(node, flow=True)
    if node.entries and (node.block or any(node.after)):
        return None
    parts = []
    for entry in node.entries:
        value = one_line(entry.value)
        if value is None or entry.eol or any(entry.before):
            return None
        parts.append(f"{_key(entry.key or '')}: {value}" if node.is_mapping else value)
    return f"{{{', '.join(parts)}}}" if node.is_mapping else f"[{', '.join(parts)}]"


# ------------------------------------------------------------------------------------------------------------ texts


def scalar_text(node: Scalar, *, flow: bool) -> str:
    """Return a scalar on one line: plain where that reads as the same, else in quotes."""
    text = node.text
    if not node.is_text:
        return text or "null"
    if _reads_plainly(text, flow) and isinstance(plain_value(text), str) and not _ELSEWHERE.fullmatch(text):
        return text
    if text.isprintable() and "\n" not in text:
        return "'" + text.replace("'", "''") + "'"
    # Everything that could be a line break, or that a terminal might obey, is written as an escape.
    return "".join(char if char.isprintable() else _escape(char) for char in json.dumps(text, ensure_ascii=False))


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65_536 else f"\\U{number:08x}"


def _key(key: str) -> str:
    return key if _reads_plainly(key, True) else scalar_text(Scalar(key, quoted=True), flow=True)


@lru_cache(maxsize=16_384)
def _reads_plainly(text: str, flow: bool) -> bool:
    """Say whether a text, written without quotes, is read as itself."""
    if not text or text != text.strip() or not text.isprintable() or text.startswith(("---", "...")):
        return False
    wrapped = f"[{text}, {{key: {text}}}]\n" if flow else f"key: {text}\n"
    # Readers differ in what they take without quotes; what all of them take needs none.
    if not all(_scalars(wrapped, loader) == _expected(text, flow) for loader in (Loader, yaml.SafeLoader)):
        return False
    # A dash or a question mark that is text in a list may begin an item or a key elsewhere.
    return not flow or _reads_plainly(text, False)


def _expected(text: str, flow: bool) -> list[str]:
    return [text, "key", text] if flow else ["key", text]


def _scalars(text: str, loader: Any) -> list[str] | None:
    """Return the plain scalars of a text in order; None when it cannot be read."""
    try:
        events = list(yaml.parse(text, Loader=loader))
    except yaml.YAMLError:
        return None
    scalars = [event for event in events if isinstance(event, yaml.ScalarEvent)]
    others = len(events) - len(scalars)
    # A list with a mapping in it has as many events around its scalars as it is expected to.
    is_whole = others == (8 if text.startswith("[") else 6)
    return [event.value for event in scalars] if is_whole and not any(event.style for event in scalars) else None


def _text_lines(start: str, node: Scalar, indent: str) -> Iterator[str]:
    """Yield `start` with a scalar: on its line, or as a block where it has lines or is long."""
    text = node.text
    if node.is_text and "\n" in text and _fits_block(text):
        yield f"{start} |{'' if text.endswith(chr(10)) else '-'}"
        yield from (f"{indent}{line}" if line else "" for line in text.removesuffix("\n").split("\n"))
        return
    line = f"{start} {scalar_text(node, flow=False)}"
    if len(line) > TEXT_WIDTH and node.is_text and _folds(text):
        yield f"{start} >-"
        width = max(TEXT_WIDTH - 20 - len(indent), 40)
        for part in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False):
            yield f"{indent}{part}"
        return
    yield line


def _fits_block(text: str) -> bool:
    """Say whether a text of several lines is kept by a block: no line that begins or ends with blanks or is strange."""
    lines = text.removesuffix("\n").split("\n")
    return bool(lines[0]) and bool(lines[-1]) and all(line == line.strip() and line.isprintable() for line in lines)


def _folds(text: str) -> bool:
    return text.isprintable() and " " in text and all(text.split(" "))
