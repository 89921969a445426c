"""Definitions in one spelling: the order of keys, short leaves on one line, groups on several, comments kept.

A file is rewritten only when it means the same afterwards: it is read before and after, and the definitions compared.
One with a mistake is left alone and named.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.documents import DocumentError, Path_
from satsuma.documents import read_text as read_text_of
from satsuma.errors import Problem
from satsuma.language.definitions import read_text
from satsuma.language.methods import METHODS
from satsuma.language.operators import OPERATORS
from satsuma.language.reading_conditions import AGGREGATES_OF, AGGREGATES_TIME, GROUP_KEYS, LEAF_KEYS
from satsuma.language.reading_windows import WINDOW_KEYS
from satsuma.language.spelling import Role, kind_of_document, one_duration, roles, spelled
from satsuma.language.types import PERIOD_AGGREGATES
from satsuma.language.yaml_tree import Collection, Node, Scalar, Tree, read_tree, tree_of
from satsuma.language.yaml_writer import written

_SHARED = ("title", "description", "entity", "owner", "tags")
_OPTIONS = ("case", "fold", "missing")
_AGGREGATES = ("count", *PERIOD_AGGREGATES, *AGGREGATES_OF, *AGGREGATES_TIME)

#: The order of keys, by what a mapping is; keys that are not named keep their place among themselves, where None is.
_ORDERS: Mapping[str, tuple[str | None, ...]] = {
    "segment": ("segment", *_SHARED, None, "where"),
    "trait": ("trait", *_SHARED, "kind", "unit", "type", None),
    "segmentation": ("segmentation", *_SHARED, "kind", "method", None),
    "rule": ("label", None, "where"),
    "group": (*GROUP_KEYS, None),
    "leaf": (*LEAF_KEYS, "prop", *OPERATORS, None, "of", "for", "top", "bottom", "among", "ties", *_OPTIONS),
    "event": (*LEAF_KEYS, "as", *_AGGREGATES, None, *WINDOW_KEYS, "where"),
    "measured": ("of", *OPERATORS, None, *_OPTIONS),
    "sequence": ("match", None, "steps"),
}  # fmt: skip
#: The order inside small mappings, by the key they stand under.
_INNER: Mapping[str, tuple[str, ...]] = {
    "between": ("from", "to"),
    "between_ago": ("from", "to"),
    "changed": ("from", "to", "within"),
    "random": ("percent", "salt"),
    "regularly": ("in", "of_last", "period"),
    "stopped": ("active", "then_quiet"),
    "restarted": ("quiet", "then_active"),
    "of": ("lat", "lon"),
}
#: What always has lines of its own.
_BLOCKS = ("segment", "trait", "segmentation", "group", "conditions", "rules", "rule", "sequence", "steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """What became of one file's text; `problem` says why it was left alone."""

    text: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormattedFile:
    """What became of one file: its text before and after; `problem` says why it was left alone."""

    path: Path
    name: str
    before: str
    text: str
    problem: Problem | None = None

    @property
    def is_changed(self) -> bool:
        return self.text != self.before

    def difference(self) -> str:
        """Return the lines that change, as `diff -u` shows them."""
        before, after = self.before.splitlines(keepends=True), self.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, self.name, self.name, n=2))

    def as_dict(self) -> dict[str, Any]:
        problem = None if self.problem is None else self.problem.as_dict()
        return {"path": self.name, "changed": self.is_changed, "problem": problem}


def format_file(path: Path, *, zone: ZoneInfo, root: Path) -> FormattedFile:
    """Return what a definition's file would be in the one spelling; nothing is written.

    Parameters
    ----------
    root : the workspace's folder.
    """
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    try:
        text = read_text_of(path, name)
    except DocumentError as error:
        return FormattedFile(path=path, name=name, before="", text="", problem=error.problem)
    done = formatted(text, file=name, stem=path.stem, zone=zone, root=root)
    return FormattedFile(path=path, name=name, before=text, text=done.text, problem=done.problem)


def formatted(text: str, *, file: str, stem: str | None, zone: ZoneInfo, root: Path | None = None) -> Formatted:
    """Return the text of a definition in one spelling, or as it is with the reason.

    Parameters
    ----------
    stem : the file's stem, which the definition's name must equal; None where there is no file.
    root : the workspace's folder, where settings may name further files.
    """
    try:
        tree, document = read_tree(text, file)
    except DocumentError as error:
        return Formatted(text=text, problem=error.problem)
    kind = kind_of_document(document.value)
    if kind is None:
        message = "This is no definition: a segment, trait or segmentation begins with 'segment: its_name' and so on."
        return Formatted(text=text, problem=Problem(path=file, line=1, message=message))
    before = read_text(text, kind, file=file, stem=stem, zone=zone, root=root)
    if before.problems or not before.definitions:
        first = next(iter(before.problems), None)
        return Formatted(text=text, problem=first or Problem(path=file, line=1, message="This cannot be read."))
    arrange(tree, document.value, kind)
    new = written(tree)
    after = read_text(new, kind, file=file, stem=stem, zone=zone, root=root)
    same = (
        not after.problems
        and after.definitions == before.definitions
        and spelled(after.documents[file], kind) == spelled(document, kind)
        and _comments(read_tree(new, file)[0]) == _comments(read_tree(text, file)[0])
    )
    if not same:
        message = "This cannot be brought to one spelling without changing what it says; it was left as it is."
        return Formatted(text=text, problem=Problem(path=file, line=None, message=message))
    return Formatted(text=new)


def definition_text(value: Mapping[str, Any], comments: Iterable[str] = ()) -> str:
    """Return the text of a definition that a program made, in the one spelling, under some lines of comment."""
    kind = kind_of_document(value)
    assert kind is not None
    tree = Tree(tree_of(value), [f"# {line}".rstrip() for line in comments])
    arrange(tree, value, kind)
    return written(tree)


def arrange(tree: Tree, value: Any, kind: str) -> None:
    """Bring a tree's keys into order, its durations to one spelling, and say what never stands on one line."""
    _arrange(tree.root, (), roles(value, kind), _settings(value))


def _settings(value: Any) -> tuple[str, ...]:
    """Return the order of a segmentation's own settings, which its method gives."""
    method = METHODS.get(str(value.get("method"))) if isinstance(value, dict) else None
    return () if method is None else method.settings


def _arrange(node: Node, path: Path_, found: Mapping[Path_, Role], settings: tuple[str, ...]) -> None:
    role = found.get(path)
    if isinstance(node, Scalar):
        if role == "duration":
            node.text = one_duration(node.text)
        return
    if node.is_mapping:
        is_event = role == "leaf" and any(entry.key in ("did", "not_did") for entry in node.entries)
        order = _ORDERS.get("event" if is_event else role or "") or _INNER.get(str(path[-1]) if path else "", ())
        if role == "segmentation":
            order = (*order, *settings)
        _sort(node, order)
    node.block = role in _BLOCKS
    for place, entry in enumerate(node.entries):
        _arrange(entry.value, (*path, entry.key if node.is_mapping else place), found, settings)  # type: ignore[arg-type]


def _sort(node: Collection, order: tuple[str | None, ...]) -> None:
    places: dict[str | None, int] = {}
    for place, key in enumerate(order):
        places.setdefault(key, place)
    rest = places.get(None, len(order))
    node.entries.sort(key=lambda entry: places.get(entry.key, rest))


def _comments(tree: Tree) -> Counter[str]:
    """Return every comment of a tree, to see that none was lost."""
    found: Counter[str] = Counter(line for line in tree.header if line)

    def walk(node: Node) -> None:
        if isinstance(node, Collection):
            found.update(line for line in node.after if line)
            for entry in node.entries:
                found.update(line for line in (*entry.before, entry.eol) if line)
                walk(entry.value)

    walk(tree.root)
    return found
