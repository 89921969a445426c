"""YAML and JSON files as plain values that remember their lines.

The scalar rules are YAML 1.2's: only `true` and `false` are booleans, so that the country `NO` stays a text,
`12:30` is not a number and a date stays the text that was written until its use gives it a type. Duplicate keys,
anchors that explode and unknown tags are mistakes, not surprises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from satsuma.errors import DefinitionError, Problem, nearest

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

#: A value that names an environment variable in the place of what must not stand in a file: `${NAME}`.
ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

#: A file larger or deeper than this is not a definition a person wrote.
MAX_NODES = 200_000
MAX_DEPTH = 100
MAX_DIGITS = 300

Path_ = tuple[str | int, ...]
ReaderT = TypeVar("ReaderT", bound="DocumentReader")
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands, and the text that was written when it is a scalar."""

    line: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed document: its value, the file's name, and a mark for each path inside it."""

    name: str
    value: Any
    marks: dict[Path_, Mark] = field(repr=False)

    def line(self, path: Path_) -> int | None:
        """Return the line of the value at `path`, or of its nearest parent that has one."""
        while True:
            mark = self.marks.get(path)
            if mark is not None:
                return mark.line
            if not path:
                return None
            path = path[:-1]

    def text(self, path: Path_) -> str | None:
        """Return a scalar as it was written (`3.10`, not 3.1)."""
        mark = self.marks.get(path)
        return None if mark is None else mark.text


class DocumentError(Exception):
    """The text is not YAML that Satsuma reads; carries the one problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_documents(text: str, name: str) -> list[Document]:
    """Parse all documents of a YAML (or JSON) text.

    Raises
    ------
    DocumentError
        With the line, when the text is not well formed, repeats a key, or is absurdly large or deep.
    """
    documents = []
    try:
        nodes = list(_compose_all(text, name))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        what = error.problem or error.context or "not well formed"
        raise DocumentError(Problem(path=name, line=line, message=f"This is not valid YAML: {what}.")) from None
    except yaml.YAMLError:
        # A character that YAML does not allow; its own message repeats the surrounding text.
        message = "This is not valid YAML: it holds a character that YAML does not allow."
        raise DocumentError(Problem(path=name, line=None, message=message)) from None
    except RecursionError:
        raise DocumentError(Problem(path=name, line=None, message="This nests too deeply to be read.")) from None
    for node in nodes:
        builder = _Builder(name)
        value = builder.build(node, (), 0)
        documents.append(Document(name, value, builder.marks))
    return documents


def read_document(text: str, name: str) -> Document:
    """Parse a text that holds exactly one document (an empty one reads as None)."""
    documents = read_documents(text, name)
    if len(documents) > 1:
        line = documents[1].line(())
        raise DocumentError(Problem(path=name, line=line, message="One document is expected here, not several."))
    return documents[0] if documents else Document(name, None, {(): Mark(1)})


def read_file(path: Path, name: str | None = None) -> Document:
    """Read one document from a file, UTF-8 with or without a BOM."""
    return read_document(read_text(path, name or path.name), name or path.name)


class DocumentReader:
    """Base of what reads a document that people write: `problems` collects every mistake with its line."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def problem(self, path: Path_, message: str, near: Iterable[str] = ()) -> None:
        """Report a mistake at a path inside the document."""
        line = self.document.line(path)
        self.problems.append(Problem(path=self.document.name, line=line, message=message, nearest=tuple(near)))

    def keys(self, given: Iterable[str], allowed: Iterable[str], path: Path_, what: str = "is not known here") -> None:
        """Report every key that is not allowed here."""
        known = tuple(allowed)
        for key in given:
            if key not in known:
                self.problem((*path, key), f"'{key}' {what}; allowed: {', '.join(known)}.", nearest(key, known))

    def choice(self, given: dict[str, Any], key: str, allowed: tuple[str, ...], path: Path_) -> Any:
        """Return the value of a key that takes one of a closed set of words; None when it is not given or not one."""
        value = given.get(key)
        if value is None or value in allowed:
            return value
        message = f"'{value}' is not a {key}; one of {', '.join(allowed)}."
        self.problem((*path, key), message, nearest(str(value), allowed))
        return None

    def flag(self, given: dict[str, Any], key: str, path: Path_) -> bool:
        """Return the value of a key that is true or false; false when it is not given."""
        value = given.get(key, False)
        if isinstance(value, bool):
            return value
        self.problem((*path, key), f"'{key}' is true or false.")
        return False


def read_checked(path: Path, reader: type[ReaderT], read: Callable[[ReaderT], ValueT | None]) -> ValueT:
    """Read a file with a reader, whole or not at all.

    Raises
    ------
    DefinitionError
        With every mistake in the file.
    """
    try:
        document = read_file(path)
    except DocumentError as error:
        raise DefinitionError.of([error.problem]) from None
    at_work = reader(document)
    value = read(at_work)
    if at_work.problems or value is None:
        raise DefinitionError.of(at_work.problems)
    return value


def yaml_files(folder: Path) -> list[Path]:
    """Return what a folder holds as YAML, by name; a hidden file is an editor's or a system's, not a person's."""
    return sorted(
        path for path in folder.glob("*") if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")
    )


def read_text(path: Path, name: str) -> str:
    """Return the text of a file, UTF-8 with or without a BOM.

    Raises
    ------
    DocumentError
        When it cannot be read, with the reason.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        message = "This file is not UTF-8 text. Save it as UTF-8."
        raise DocumentError(Problem(path=name, line=None, message=message)) from None
    except OSError as error:
        message = f"This file cannot be read ({error.strerror})."
        raise DocumentError(Problem(path=name, line=None, message=message)) from None


def _compose_all(text: str, name: str) -> Iterator[Any]:
    _check_depth(text, name)
    loader = Loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


#: No level of a document begins without one of these.
_OPENING = "[{-:?"


def _check_depth(text: str, name: str) -> None:
    """Refuse absurd nesting while it is still a flat stream of events: composing it would overflow the C stack."""
    if sum(map(text.count, _OPENING)) <= MAX_DEPTH:
        # Nearly every file: parsing it twice would take a third of all reading.
        return
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"This nests deeper than {MAX_DEPTH} levels."
                line = event.start_mark.line + 1 if event.start_mark else None
                raise DocumentError(Problem(path=name, line=line, message=message))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1


class _Builder:
    """Turns a node tree into plain values, keeping the marks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Path_, Mark] = {}

    def fail(self, node: Any, message: str) -> DocumentError:
        return DocumentError(Problem(path=self.name, line=node.start_mark.line + 1, message=message))

    def build(self, node: Any, path: Path_, depth: int) -> Any:
        # An alias repeats a node: the count stops an expanding bomb, the depth a self-containing one.
        if len(self.marks) > MAX_NODES:
            raise self.fail(node, f"This holds more than {MAX_NODES:,} values.")
        if depth > MAX_DEPTH:
            raise self.fail(node, f"This nests deeper than {MAX_DEPTH} levels.")
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            if not node.tag.startswith("tag:yaml.org,2002:"):
                raise self.fail(node, f"The tag '{node.tag}' is not used here.")
            self.marks[path] = Mark(line, node.value)
            return self.scalar(node)
        self.marks[path] = Mark(line)
        if node.tag not in ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"):
            raise self.fail(node, f"The tag '{node.tag}' is not used here.")
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, number), depth + 1) for number, child in enumerate(node.value)]
        mapping: dict[str, Any] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.fail(key_node, "A key must be a plain text.")
            key = key_node.value
            if key in mapping:
                raise self.fail(key_node, f"The key '{key}' stands here twice.")
            mapping[key] = self.build(child, (*path, key), depth + 1)
            # A key's own line reads better in a message than its value's, which may start below it.
            mark = self.marks[(*path, key)]
            self.marks[(*path, key)] = Mark(key_node.start_mark.line + 1, mark.text)
        return mapping

    def scalar(self, node: Any) -> Any:
        return node.value if node.style in ("'", '"', "|", ">") else plain_value(node.value)


def plain_value(text: str) -> Any:
    """Return what an unquoted scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        # 007 and 0123 are codes, not numbers.
        digits = text.lstrip("+-")
        # Nor is a run of digits longer than any number that is counted with.
        is_code = (len(digits) > 1 and digits[0] == "0") or len(digits) > MAX_DIGITS
        return text if is_code else int(text)
    if _NUMBER.fullmatch(text) and not text.startswith("00"):
        return float(text)
    return text
