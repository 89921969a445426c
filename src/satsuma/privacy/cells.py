"""Cells that no spreadsheet runs as a formula.

A cell that starts with `=`, `+`, `-`, `@`, a tab or a line break can be taken as a formula by a spreadsheet, and a
formula can call out. Such a text gets an apostrophe before it, the sign every spreadsheet reads as "text". A text that
is a plain number (a telephone number in E.164, a negative amount) is harmless and stays as it is, so that another
program can read it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: The full-width signs are read as their narrow twins by some spreadsheets. Leading blanks and quotes do not protect.
DANGEROUS = r"^[ \u00a0\"]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
PLAIN_NUMBER = r"^[+\-]?[0-9]+([.,][0-9]+)?$"

_DANGEROUS = re.compile(DANGEROUS)
_PLAIN_NUMBER = re.compile(PLAIN_NUMBER)


def safe_cell(text: str) -> str:
    """Return `text` in a form that no spreadsheet runs."""
    if _DANGEROUS.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def safe_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts with `safe_cell` asked of each; nulls stay nulls."""
    import pyarrow as pa

    # Few cells need the apostrophe: distinct texts are asked once, and columns of millions stay quick.
    encoded = column.dictionary_encode()
    chunks = []
    for chunk in encoded.chunks:
        texts = pa.array([None if text is None else safe_cell(text) for text in chunk.dictionary.to_pylist()], "string")
        chunks.append(texts.take(chunk.indices))
    return pa.chunked_array(chunks, type=pa.string())
