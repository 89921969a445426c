"""All definitions of a workspace: read from its folders, joined with the built-in traits, checked together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import satsuma.language.learned_traits  # registers the ways in which traits are learned
import satsuma.language.standard_methods  # noqa: F401  registers the methods of segmentations
from satsuma import documents
from satsuma.documents import Document
from satsuma.errors import Problem
from satsuma.language.checker import Checked, Vocabulary, check, kind_of
from satsuma.language.leaves import Reference, references
from satsuma.language.methods import METHODS
from satsuma.language.reader import Kind, Reader
from satsuma.language.reading_conditions import GROUP_KEYS, LEAF_KEYS
from satsuma.language.spelling import spelled
from satsuma.language.types import Definition, Segmentation

#: The name of a segment that is tried out without one.
PREVIEW_NAME = "preview_of_text"

FOLDERS: tuple[tuple[str, Kind], ...] = (
    ("traits", "trait"),
    ("segments", "segment"),
    ("segmentations", "segmentation"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDefinitions:
    """What reading found: definitions, their documents by file name, and mistakes."""

    definitions: tuple[Definition, ...]
    documents: dict[str, Document]
    problems: tuple[Problem, ...]
    #: (kind, name) of files that could not be taken for a definition: those who use them are not to blame.
    broken: tuple[tuple[str, str], ...] = ()

    def with_problems(self, problems: tuple[Problem, ...]) -> ReadDefinitions:
        """Return the same with mistakes found in other files that definitions name."""
        return replace(self, problems=(*self.problems, *problems))


def read_text(
    text: str, kind: Kind, *, file: str, stem: str | None, zone: ZoneInfo, root: Path | None = None
) -> ReadDefinitions:
    """Read the definitions of one file's text (a trait file may hold several documents only without a stem).

    Parameters
    ----------
    root : the workspace's folder, where settings may name further files.
    """
    try:
        document = documents.read_document(text, file)
    except documents.DocumentError as error:
        return ReadDefinitions(definitions=(), documents={}, problems=(error.problem,), broken=((kind, stem or ""),))
    reader = Reader(document, zone, root)
    definition = reader.definition(kind, stem, METHODS)
    kept = () if definition is None else (definition,)
    broken = () if kept else ((kind, stem or ""),)
    texts = {file: document, **reader.files}
    return ReadDefinitions(definitions=kept, documents=texts, problems=tuple(reader.problems), broken=broken)


def read_preview(text: str, *, file: str, zone: ZoneInfo) -> ReadDefinitions:
    """Read a segment to be tried out: a whole definition, one without its name, or a condition alone."""
    try:
        document = documents.read_document(text, file)
    except documents.DocumentError as error:
        return ReadDefinitions(definitions=(), documents={}, problems=(error.problem,))
    value, marks = document.value, document.marks
    if isinstance(value, dict) and "segment" not in value:
        if "where" not in value or value.keys() & {*LEAF_KEYS, *GROUP_KEYS} - {"segmentation"}:
            marks = {("where", *path): mark for path, mark in marks.items()} | {(): marks[()]}
            value = {"where": value}
        value = {"segment": PREVIEW_NAME, **value}
    document = Document(file, value, marks)
    reader = Reader(document, zone)
    definition = reader.definition("segment", None, METHODS)
    return ReadDefinitions(
        definitions=() if definition is None else (definition,),
        documents={file: document},
        problems=tuple(reader.problems),
    )


def read_folder(root: Path, zone: ZoneInfo) -> ReadDefinitions:
    """Read `traits/`, `segments/` and `segmentations/` below a workspace."""
    found: list[Definition] = []
    texts: dict[str, Document] = {}
    problems: list[Problem] = []
    broken: list[tuple[str, str]] = []
    for folder, kind in FOLDERS:
        stems: dict[str, str] = {}
        for path in documents.yaml_files(root / folder):
            file = f"{folder}/{path.name}"
            try:
                text = documents.read_text(path, file)
            except documents.DocumentError as error:
                problems.append(error.problem)
                broken.append((kind, path.stem))
                continue
            other = stems.setdefault(path.stem, path.name)
            if other != path.name:
                message = f"'{other}' beside it defines the same name; keep one of them."
                problems.append(Problem(path=file, line=None, message=message))
                continue
            read = read_text(text, kind, file=file, stem=path.stem, zone=zone, root=root)
            found.extend(read.definitions)
            texts.update(read.documents)
            problems.extend(read.problems)
            broken.extend(read.broken)
    return ReadDefinitions(definitions=tuple(found), documents=texts, problems=tuple(problems), broken=tuple(broken))


def read_again(
    read: ReadDefinitions, changed: Mapping[str, str], *, gone: str, zone: ZoneInfo, root: Path
) -> ReadDefinitions:
    """Return what was read with some files as they would be: changed, new under their name, and one gone."""
    kinds = dict(FOLDERS)
    parts = [
        read_text(text, kinds[file.split("/")[0]], file=file, stem=Path(file).stem, zone=zone, root=root)
        for file, text in changed.items()
    ]
    kept = [item for item in read.definitions if item.file not in changed and item.file != gone]
    texts = {file: document for file, document in read.documents.items() if file != gone}
    for part in parts:
        texts.update(part.documents)
    return ReadDefinitions(
        definitions=(*kept, *(item for part in parts for item in part.definitions)),
        documents=texts,
        problems=(*read.problems, *(problem for part in parts for problem in part.problems)),
        broken=(*read.broken, *(key for part in parts for key in part.broken)),
    )


def check_all(
    read: ReadDefinitions,
    vocabulary: Vocabulary,
    built_in: Iterable[Definition] = (),
    extra: ReadDefinitions | None = None,
) -> Checked:
    """Check what was read, with those built-in traits that nothing in the workspace replaces.

    Parameters
    ----------
    extra : definitions to be taken in place of those of the same name, as a preview does.
    """
    parts = [read] if extra is None else [read, extra]
    chosen: dict[tuple[str, str], Definition] = {}
    texts: dict[str, Any] = {}
    problems: list[Problem] = []
    own = {kind_of(item) + item.name for part in parts for item in part.definitions}
    for item in built_in:
        taken = item.name in vocabulary.catalog.traits or kind_of(item) + item.name in own
        if not taken:
            chosen[(kind_of(item), item.name)] = item
    for part in parts:
        chosen.update({(kind_of(item), item.name): item for item in part.definitions})
        texts.update(part.documents)
        problems.extend(part.problems)
    broken = [key for part in parts for key in part.broken if key not in chosen]
    checked = check(chosen.values(), texts, vocabulary, problems, broken)
    return replace(checked, digests=_digests(checked, texts))


def _digests(checked: Checked, texts: Mapping[str, Document]) -> dict[tuple[str, str], str]:
    """Return a digest of each definition's meaning: of what is written in it, not how, and of all that it reads."""
    digests: dict[tuple[str, str], str] = {}
    for definition in checked.ordered:
        document = texts.get(definition.file)
        written = spelled(document, kind_of(definition)) if document is not None else repr(definition)
        read = [_digest_of(item, digests, checked.vocabulary) for item in references(definition)]
        if isinstance(definition, Segmentation):
            files = METHODS[definition.method].reads(definition.settings).files
            read += [json.dumps(texts[file].value, sort_keys=True, default=str) for file in files]
        text = json.dumps([written, read], sort_keys=True, default=str)
        digests[(kind_of(definition), definition.name)] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digests


def _digest_of(reference: Reference, digests: Mapping[tuple[str, str], str], vocabulary: Vocabulary) -> str:
    """Return what tells that the meaning of a name changed: a digest where it has one, else the name."""
    if reference.kind == "region":
        area = vocabulary.regions.get(reference.name)
        return reference.name if area is None else area.digest
    return digests.get((reference.kind, reference.name), reference.name)
