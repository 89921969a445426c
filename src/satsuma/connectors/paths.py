"""Dotted paths into JSON: `properties.email`, `addresses[0].city`, `answers[].text`, `fields[name=tier].value`.

a.b            the key b of the object a; a key with odd characters stands in double quotes: `"$os".name`
a[0]  a[-1]    an element of a list
a[]            every element: what follows is asked of each, and the values come as one list
a[name=tier]   the first element whose key says this
@              the value itself
^.a            asked of what encloses a row: the record around a line
$each.a        asked of the item that a stream is read for; $settings.a: a setting; $body.a: the whole answer
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What a path may begin with instead of a key.
ROOTS = ("@", "^", "$each", "$settings", "$body")

_STEP = re.compile(
    r"""(?P<key>[\w$-]+)|"(?P<quoted>[^"]+)"|\[(?P<index>-?\d{1,6})\]|(?P<every>\[\])
    |\[(?P<name>[\w$.-]+)=(?P<value>[^\]]*)\]""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Key:
    """The value of a key."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """An element of a list."""

    place: int


@dataclass(frozen=True, slots=True)
class Every:
    """All elements of a list."""


@dataclass(frozen=True, slots=True)
class Where:
    """The first element whose key says this."""

    name: str
    value: str


Step = Key | Index | Every | Where


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was read; `root` is one of `ROOTS`."""

    text: str
    root: str
    steps: tuple[Step, ...]

    def find(self, places: Mapping[str, Any]) -> Any:
        """Return what stands there, None when nothing does.

        Parameters
        ----------
        places : what each root is: at least `@`.
        """
        value = places.get(self.root)
        if len(self.steps) == 1 and isinstance(self.steps[0], Key):
            # Nearly all paths are one key, and a large table asks millions of times.
            return value.get(self.steps[0].name) if isinstance(value, dict) else None
        return _find(value, self.steps)

    def of(self, value: Any) -> Any:
        """Return what stands there in one value."""
        return _find(value, self.steps) if self.root == "@" else None


def read_path(text: str) -> Path | None:
    """Read a path; None when it is none."""
    root, rest = "@", text.strip()
    for name in sorted(ROOTS, key=len, reverse=True):
        if rest == name or rest.startswith((f"{name}.", f"{name}[")):
            root, rest = name, rest[len(name) :]
            break
    steps: list[Step] = []
    rest = rest.removeprefix(".")
    while rest:
        match = _STEP.match(rest)
        if match is None:
            return None
        key = match["key"] or match["quoted"]
        if key is not None:
            steps.append(Key(key))
        elif match["index"] is not None:
            steps.append(Index(int(match["index"])))
        elif match["every"] is not None:
            steps.append(Every())
        else:
            steps.append(Where(match["name"], match["value"].strip("'\"")))
        rest = rest[match.end() :]
        if rest.startswith("."):
            rest = rest[1:]
            if not rest:
                return None
        elif rest and not rest.startswith("["):
            return None
    if not steps and root == "@" and text.strip() != "@":
        return None
    return Path(text, root, tuple(steps))


def _find(value: Any, steps: tuple[Step, ...]) -> Any:
    for place, step in enumerate(steps):
        if value is None:
            return None
        match step:
            case Key(name):
                value = value.get(name) if isinstance(value, dict) else None
            case Index(number):
                there = isinstance(value, list) and -len(value) <= number < len(value)
                value = value[number] if there else None
            case Every():
                return _every(value, steps[place + 1 :])
            case Where(name, wanted):
                items = value if isinstance(value, list) else []
                value = next((item for item in items if isinstance(item, dict) and _says(item.get(name), wanted)), None)
    return value


def _every(value: Any, rest: tuple[Step, ...]) -> list[Any]:
    found = []
    for item in value if isinstance(value, list) else []:
        one = _find(item, rest)
        if isinstance(one, list):
            found += one
        elif one is not None:
            found.append(one)
    return found


def _says(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return ("true" if value else "false") == wanted
    return value is not None and str(value) == wanted
