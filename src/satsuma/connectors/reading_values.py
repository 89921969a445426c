"""Single values of vendor files and source files: texts, paths, places, conditions, with mistakes named by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from satsuma import documents
from satsuma.connectors import templates
from satsuma.connectors.paths import Path, read_path
from satsuma.connectors.vendor import OVERLAP, Condition
from satsuma.errors import nearest

Where = documents.Path_

_CONDITION_KEYS = ("path", "equals", "not", "exists")
_SPAN = re.compile(r"(\d{1,6})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class ValueReader(documents.DocumentReader):
    """Base of what reads the files of this folder.

    functions : the module that holds what a file cannot say.
    """

    functions: Any = None

    def condition(self, given: Any, at: Where) -> Condition | None:
        entry = self.mapping(given, at)
        if entry is None:
            return None
        path = self.path(entry.get("path"), (*at, "path"))
        tests = [key for key in ("equals", "not", "exists") if key in entry]
        if path is None or len(tests) != 1:
            if path is not None:
                self.problem(at, "One of 'equals', 'not' and 'exists' is needed.")
            return None
        if tests == ["exists"]:
            return Condition(path=path, exists=self.flag(entry, "exists", at))
        wanted = entry[tests[0]]
        words = tuple(word(item) for item in (wanted if isinstance(wanted, list) else [wanted]))
        return Condition(path=path, equals=words, negated=tests == ["not"])

    def mapping(self, given: Any, at: Where) -> dict[str, Any] | None:
        if isinstance(given, dict):
            return given
        if given is not None or not at:
            self.problem(at, "Names with their values are expected here.")
        elif at[-1] in ("request", "person", "each"):
            self.problem(at, f"'{at[-1]}' is needed here.")
        return None

    def items(self, given: Any, at: Where) -> list[Any]:
        if given is None:
            return []
        if isinstance(given, list):
            return given
        self.problem(at, "A list is expected here.")
        return []

    def text(self, given: Mapping[str, Any], key: str, at: Where, *, needed: bool = False) -> str | None:
        value = given.get(key)
        if value is None:
            if needed:
                self.problem(at, f"'{key}' is needed here.")
            return None
        if isinstance(value, dict | list):
            self.problem((*at, key), f"'{key}' is a text.")
            return None
        text = self.document.text((*at, key)) or str(value)
        self.places(text, (*at, key))
        return text

    def texts(self, given: Any, at: Where) -> dict[str, str]:
        found = self.mapping(given or {}, at) or {}
        self.places(found, at)
        return {key: self.document.text((*at, key)) or str(value) for key, value in found.items()}

    def numbers(self, given: Any, at: Where) -> list[int]:
        found = self.items(given, at)
        if any(not isinstance(item, int) or isinstance(item, bool) for item in found):
            self.problem(at, "Whole numbers are expected here.")
            return []
        return found

    def number(
        self, given: Mapping[str, Any], key: str, at: Where, lowest: float, default: float | None = None, *,
        needed: bool = True,
    ) -> float | None:  # fmt: skip
        value = given.get(key, default)
        if value is None and not needed:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or value < lowest:
            self.problem((*at, key), f"'{key}' is a number of at least {lowest:g}.")
            return None
        return value

    def span(self, given: Any, at: Where) -> timedelta:
        if given is None:
            return OVERLAP
        match = _SPAN.fullmatch(str(given))
        if match is None:
            self.problem(at, "A span is a number with s, m, h or d, such as 5m.")
            return OVERLAP
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])

    def path(self, given: Any, at: Where) -> Path | None:
        found = read_path(given) if isinstance(given, str) else None
        if found is None:
            self.problem(at, "A path is expected here, such as properties.email, lines[0].sku or answers[].text.")
        return found

    def path_or_none(self, given: Any, at: Where) -> Path | None:
        return None if given is None else self.path(given, at)

    def paths(self, given: Any, at: Where) -> tuple[Path, ...]:
        if given is None:
            return ()
        some = given if isinstance(given, list) else [given]
        return tuple(path for item in some if (path := self.path(item, at)) is not None)

    def function(self, given: Any, at: Where, also: tuple[str, ...] = ()) -> Callable[..., Any] | None:
        if given is None:
            return None
        found = getattr(self.functions, str(given), None) if self.functions is not None else None
        if found is None or not callable(found) or str(given).startswith("_"):
            known = tuple(getattr(self.functions, "__all__", ()))
            self.problem(at, f"'{given}' is not known here; allowed: {', '.join((*also, *known)) or 'none'}.",
                         nearest(str(given), (*also, *known)))  # fmt: skip
            return None
        return found  # type: ignore[no-any-return]

    def places(self, given: Any, at: Where) -> None:
        """Report texts whose places cannot be filled."""
        for path, text in texts_of(given, at):
            wrong = templates.mistake(text)
            if wrong is not None:
                line = self.document.line(path)
                if not any(item.line == line and item.message == wrong for item in self.problems):
                    self.problem(path, wrong)


def texts_of(value: Any, at: Where) -> list[tuple[Where, str]]:
    """Return every text in a tree, with where it stands."""
    if isinstance(value, str):
        return [(at, value)]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in texts_of(item, (*at, key))]
    if isinstance(value, list):
        return [found for number, item in enumerate(value) for found in texts_of(item, (*at, number))]
    return []


def word(value: Any) -> str:
    """Return a value as it is compared: `true`, `403`, a text."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
