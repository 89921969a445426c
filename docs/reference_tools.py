"""The reference pages of the tools around definitions: what imports take, and what `satsuma lint` points out."""

from __future__ import annotations

import json
from collections.abc import Iterable

from satsuma.documents import read_document
from satsuma.language.imports import IMPORTERS, Imported, Importer
from satsuma.language.imports.tables import Row, rows
from satsuma.language.lint import CODES
from satsuma.language.schema import ANY_NAMES
from satsuma.language.yaml_tree import tree_of
from satsuma.language.yaml_writer import one_line

_IMPORTS = """# Import from other tools

`satsuma import-definition --from TOOL FILE` reads what the other tool's API or export gives and writes our definition,
or refuses it with the path of every part that has no counterpart. Each difference of meaning is named. How to go about
it: [take over definitions](../how-to/import-definitions.md).

Every row below was imported to write this page. The numbers under *differs* lead to the sentences below each table.
"""

_LINT = """# What lint points out

`satsuma lint` names what is right and yet probably not meant, each with a code, a file and a line. Codes about sizes
and members come from the last run, for segments that did not change since. How to use it:
[keep definitions in order](../how-to/keep-in-order.md).

| code | says |
|---|---|
"""


def imports_page() -> str:
    """Return the page of what is taken from other tools and what is not."""
    return "\n".join([_IMPORTS, *(_tool(importer) for importer in IMPORTERS.values())])


def lint_page() -> str:
    """Return the page of the codes of findings."""
    return _LINT + "".join(f"| `{code}` | {says} |\n" for code, says in CODES.items())


def _tool(importer: type[Importer]) -> str:
    table = [(row, importer(ANY_NAMES).imported(importer.whole(row.example), "example")) for row in rows(importer.tool)]
    always = set(importer.always)
    sentences: dict[str, int] = {}
    for _, found in table:
        for note in found.differences:
            if note.message not in always:
                sentences.setdefault(note.message, len(sentences) + 1)
    parts = [
        f"## {importer.title}: `--from {importer.tool}`\n",
        *(f"{sentence}\n" for sentence in importer.always),
        "| taken | theirs | ours | differs |\n|---|---|---|---|",
        *(_taken(row, found, sentences) for row, found in table if row.becomes is not None),
        "",
        *(f"{number}. {sentence}" for sentence, number in sentences.items()),
        "",
        "| refused | theirs | why |\n|---|---|---|",
        *(_refused(row, found) for row, found in table if row.becomes is None),
        "",
    ]
    return "\n".join(parts)


def _taken(row: Row, found: Imported, sentences: dict[str, int]) -> str:
    value = read_document(found.text, "example.yaml").value
    ours = one_line(tree_of(value["where" if "where" in value else "from"]))
    numbers = ", ".join(str(sentences[note.message]) for note in found.differences if note.message in sentences)
    return _line([row.part, _code(_theirs(row)), _code(str(ours)), numbers])


def _refused(row: Row, found: Imported) -> str:
    return _line([row.part, _code(_theirs(row)), " ".join(dict.fromkeys(note.message for note in found.refused))])


def _theirs(row: Row) -> str:
    return row.example if isinstance(row.example, str) else json.dumps(row.example, ensure_ascii=False)


def _code(text: str) -> str:
    mark = "``" if "`" in text else "`"
    return f"{mark}{text}{mark}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
