"""A YAML file as a tree that keeps its comments: what formatting rewrites and what a program's own files are made of.

A comment belongs to what follows it, one at the end of a line to what ends there, and one that is indented deeper than
what follows to the end of the block before it: that is where people leave conditions they have switched off.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from satsuma.documents import Document, DocumentError, Loader, Path_, plain_value, read_document
from satsuma.errors import Problem


@dataclass(slots=True)
class Scalar:
    """A text as it was written; `quoted` when it is a text whatever it looks like."""

    text: str
    quoted: bool = False
    start: int = 0
    end: int = 0

    @property
    def is_text(self) -> bool:
        return self.quoted or isinstance(plain_value(self.text), str)


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item of a list (no key), with the comments that belong to it.

    before : own lines above it, without indentation; an empty one is a blank line. eol : at the end of its line.
    """

    value: Node
    key: str | None = None
    before: list[str] = field(default_factory=list)
    eol: str = ""
    start: int = 0
    end: int = 0
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Collection:
    """A mapping or a list. after : own lines of comments below its last entry. block : never on one line."""

    entries: list[Entry]
    is_mapping: bool
    after: list[str] = field(default_factory=list)
    block: bool = False
    #: Where its brackets stand; of one without them, where its first entry starts and its last one ends.
    start: int = 0
    end: int = 0
    is_flow: bool = False

    def get(self, key: str) -> Node | None:
        """Return the value of a key of a mapping."""
        return next((entry.value for entry in self.entries if self.is_mapping and entry.key == key), None)


Node = Scalar | Collection


@dataclass(slots=True)
class Tree:
    """A whole file. header : the comments above its first entry, which stay on top whatever comes first."""

    root: Node
    header: list[str] = field(default_factory=list)


def tree_of(value: Any) -> Node:
    """Return the tree of plain values, as a program makes them."""
    if isinstance(value, dict):
        return Collection([Entry(tree_of(inner), str(key)) for key, inner in value.items()], is_mapping=True)
    if isinstance(value, list | tuple):
        return Collection([Entry(tree_of(inner)) for inner in value], is_mapping=False)
    if value is None:
        return Scalar("null")
    if isinstance(value, bool):
        return Scalar("true" if value else "false")
    if isinstance(value, int | float | Decimal):
        return Scalar(format(value, "f") if isinstance(value, Decimal) else repr(value))
    return Scalar(str(value), quoted=True)


def at_path(node: Node, path: Path_) -> Node | None:
    """Return what stands at a path, or None."""
    for step in path:
        if not isinstance(node, Collection):
            return None
        if node.is_mapping:
            found = node.get(str(step))
        else:
            found = node.entries[step].value if isinstance(step, int) and step < len(node.entries) else None
        if found is None:
            return None
        node = found
    return node


# ----------------------------------------------------------------------------------------------------------- reading


def read_tree(text: str, name: str) -> tuple[Tree, Document]:
    """Return the tree of a text with the document that definitions are read from.

    Raises
    ------
    DocumentError
        When it is not one document that Satsuma reads, or has anchors or directives, which the tree has no place for.
    """
    document = read_document(text, name)
    tokens = list(yaml.scan(text, Loader=Loader))
    for token in tokens:
        if isinstance(token, (yaml.AnchorToken, yaml.AliasToken, yaml.DirectiveToken, yaml.TagToken)):
            message = "Anchors, aliases, tags and directives have no place in the one spelling; write them out."
            raise DocumentError(Problem(path=name, line=token.start_mark.line + 1, message=message))
    node = yaml.compose(text, Loader=Loader)
    if node is None:
        return Tree(Scalar("", quoted=False)), document
    reader = _TreeReader(text, tokens)
    root = reader.node(node, 0)
    tree = Tree(root)
    reader.attach(tree)
    return tree, document


@dataclass(slots=True)
class _Comment:
    """A comment (or a blank line) and where it stands."""

    text: str
    start: int
    line: int
    column: int
    own_line: bool


class _TreeReader:
    def __init__(self, text: str, tokens: list[Any]) -> None:
        self.text = text
        self.tokens = tokens
        self.dashes: list[Any] = [token.start_mark for token in tokens if isinstance(token, yaml.BlockEntryToken)]
        self.colons: list[int] = [token.end_mark.index for token in tokens if isinstance(token, yaml.ValueToken)]
        #: Every entry with its depth, and every collection, in the order of the text.
        self.entries: list[tuple[int, Entry]] = []
        self.collections: list[Collection] = []

    # ------------------------------------------------------------------------------------------------------ the tree

    def node(self, node: Any, depth: int) -> Node:
        if isinstance(node, yaml.ScalarNode):
            end = node.end_mark.index
            if node.style in ("|", ">"):
                # The mark of a block stands after the line breaks below it.
                end = len(self.text[:end].rstrip())
            return Scalar(node.value, node.style in ("'", '"', "|", ">"), node.start_mark.index, end)
        found = Collection([], isinstance(node, yaml.MappingNode), is_flow=bool(node.flow_style))
        found.start = node.start_mark.index
        self.collections.append(found)
        for item in node.value:
            if found.is_mapping:
                key, child = item
                mark = key.start_mark
                entry = Entry(Scalar(""), key.value)
            else:
                child = item
                mark = child.start_mark if found.is_flow else self._dash(child)
                entry = Entry(Scalar(""))
            entry.start, entry.line, entry.column = mark.index, mark.line, mark.column
            self.entries.append((depth, entry))
            entry.value = self.node(child, depth + 1)
            entry.end = max(entry.value.end, self._colon(item[0]) if found.is_mapping else 0)
            found.entries.append(entry)
        found.end = node.end_mark.index if found.is_flow else max((item.end for item in found.entries), default=0)
        return found

    def _dash(self, node: Any) -> Any:
        """Return where the dash of an item of a list stands: the last one before the item itself."""
        return self.dashes[bisect_left(self.dashes, node.start_mark.index, key=lambda mark: mark.index) - 1]

    def _colon(self, key: Any) -> int:
        return self.colons[bisect_right(self.colons, key.end_mark.index)]

    # ------------------------------------------------------------------------------------------------------ comments

    def comments(self) -> Iterator[_Comment]:
        """Yield comments and blank lines: what stands between the tokens."""
        position = 0
        for token in [*self.tokens, None]:
            start = len(self.text) if token is None else token.start_mark.index
            yield from self._between(position, start)
            end = start if token is None else token.end_mark.index
            if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
                # The scanner counts to a block of text what ends the line that opens it, and the lines below it.
                opening = self.text[start:end].partition("\n")[0]
                if "#" in opening:
                    at = start + opening.index("#")
                    yield _Comment(self.text[at : start + len(opening)].rstrip(), at, token.start_mark.line, 0, False)
                end = len(self.text[:end].rstrip())
            position = max(position, end)

    def _between(self, start: int, end: int) -> Iterator[_Comment]:
        if "\n" not in self.text[start:end] and "#" not in self.text[start:end]:
            return
        at = start
        for line in self.text[start:end].splitlines(keepends=True):
            before = self.text.rfind("\n", 0, at) + 1
            begins_line = self.text[before:at].strip() == ""
            body = line.strip()
            number = self.text.count("\n", 0, at)
            if body.startswith("#"):
                where = at + line.index("#")
                yield _Comment(body, where, number, where - before, begins_line)
            elif not body and begins_line and line.endswith("\n") and at == before:
                yield _Comment("", at, number, 0, True)
            at += len(line)

    def attach(self, tree: Tree) -> None:
        """Give each comment to the entry, or to the end of the collection, that it belongs to."""
        blank = False
        for comment in self.comments():
            if not comment.text:
                blank = True
                continue
            if not comment.own_line and self._at_end_of_line(comment):
                continue
            target = self._lines_for(comment, tree)
            if blank and (target or target is not tree.header):
                target.append("")
            target.append(comment.text)
            blank = False
        self._blank_lines()
        first = tree.root.entries[0] if isinstance(tree.root, Collection) and tree.root.entries else None
        if first is not None:
            tree.header += first.before
            first.before = []

    def _at_end_of_line(self, comment: _Comment) -> bool:
        same_line = [
            (depth, entry)
            for depth, entry in self.entries
            if entry.line == comment.line and entry.start < comment.start
        ]
        ended = [(depth, entry) for depth, entry in same_line if entry.end <= comment.start]
        last = max((entry.end for _, entry in ended), default=-1)
        # What ended last on this line and is not a part of anything else that ended with it; else what it opened.
        outermost = [(depth, entry) for depth, entry in ended if entry.end == last]
        opened = [(depth, entry) for depth, entry in same_line if entry.end > comment.start and entry.start > last]
        chosen = max(opened, default=None, key=lambda pair: pair[0]) if opened else None
        chosen = chosen or min(outermost, default=None, key=lambda pair: pair[0])
        if chosen is None or chosen[1].eol:
            return False
        chosen[1].eol = comment.text
        return True

    def _lines_for(self, comment: _Comment, tree: Tree) -> list[str]:
        following = min(
            ((entry.start, depth, entry) for depth, entry in self.entries if entry.start > comment.start),
            default=None,
            key=lambda item: item[:2],
        )
        next_entry = None if following is None else following[2]
        inside = [item for item in self.collections if item.is_flow and item.start < comment.start < item.end]
        if inside:
            innermost = inside[-1]
            is_in = next_entry is not None and next_entry.start < innermost.end
            return next_entry.before if next_entry is not None and is_in else innermost.after
        if next_entry is not None and next_entry.column >= comment.column:
            return next_entry.before
        closed = [
            item
            for item in self.collections
            if not item.is_flow
            and item.entries
            and item.entries[-1].start < comment.start
            and item.entries[0].column <= comment.column
            and (next_entry is None or item.entries[0].column > next_entry.column)
        ]
        if closed:
            return max(closed, key=lambda item: (item.entries[-1].start, item.entries[0].column)).after
        return tree.header if next_entry is None else next_entry.before

    def _blank_lines(self) -> None:
        """Remember a blank line right above an entry, or above its comments."""
        lines = self.text.splitlines()
        taken: set[int] = set()
        for _, entry in self.entries:
            if entry.line in taken or lines[entry.line][: entry.column].strip():
                continue
            taken.add(entry.line)
            above = entry.line - 1
            if above >= 0 and not lines[above].strip():
                # Between a comment and the entry below it, the blank line belongs above the entry, too.
                entry.before.append("")


def scalar_spans(text: str) -> dict[Path_, Scalar]:
    """Return every scalar of a text by its path, with where it starts and ends, quotes included."""
    found: dict[Path_, Scalar] = {}

    def walk(node: Any, path: Path_) -> None:
        if isinstance(node, yaml.ScalarNode):
            found[path] = Scalar(node.value, bool(node.style), node.start_mark.index, node.end_mark.index)
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                walk(value, (*path, number))

    walk(yaml.compose(text, Loader=Loader), ())
    return found
