"""Regular expressions: the subset that RE2, Java and Python read alike, and the search by it.

Texts are searched by RE2 on every engine, so an answer never hangs on a dialect. A pattern outside of the common subset
is refused all the same: in another tool, or in the next engine, it would mean something else or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 1000

#: Escapes by a letter that mean the same everywhere.
_ESCAPES = frozenset("AbBdDsSwWafnrt")
_QUANTIFIER = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(-[a-zA-Z]*)?([:)])")
_SET_OPERATIONS = ("&&", "||", "~~", "--")

_NOT_COMMON = "not in the common subset"
_LOOK = f"look-ahead and look-behind are {_NOT_COMMON}"
_BACK = f"back-references are {_NOT_COMMON}"
_NAMED = f"names of groups are {_NOT_COMMON}; write the group without one: (...)"
_FLAG_PLACE = "flags such as (?i) stand at the beginning, or hold for a group: (?i:...)"
_NAMED_CLASS = f"named classes such as [:alpha:] are {_NOT_COMMON}; list the characters: [a-zA-Z]"
_GROUPS = {
    "(?=": _LOOK, "(?!": _LOOK, "(?<=": _LOOK, "(?<!": _LOOK,
    "(?P<": _NAMED, "(?<": _NAMED, "(?'": _NAMED,
    "(?P=": _BACK, "(?P>": _BACK, "(?R": _BACK, "(?&": _BACK, "(?(": f"conditions are {_NOT_COMMON}",
    "(?>": f"atomic groups are {_NOT_COMMON}; write (?:...)",
    "(?#": f"comments are {_NOT_COMMON}",
}  # fmt: skip
_LETTERS = {
    **dict.fromkeys("123456789kg", _BACK),
    "0": f"octal codes are {_NOT_COMMON}; write two hexadecimal digits: \\x0a",
    **dict.fromkeys("Zz", f"\\Z and \\z are {_NOT_COMMON}; the end of the text is $"),
    **dict.fromkeys("hHvVRX", f"\\h, \\v, \\R and \\X are {_NOT_COMMON}; list the characters: [ \\t]"),
    **dict.fromkeys("pP", f"classes by a Unicode property (\\p) are {_NOT_COMMON}; list the characters: [α-ω]"),
    **dict.fromkeys("QE", f"\\Q and \\E are {_NOT_COMMON}; put a backslash before each character"),
    **dict.fromkeys("uUN", f"\\u, \\U and \\N are {_NOT_COMMON}; write the character itself"),
    "x": "of codes only \\x with two hexadecimal digits are in the common subset, else write the character itself",
}


def search_all(texts: Iterable[str], pattern: str, ignore_case: bool) -> list[bool]:
    """Search many texts at once with one RE2 pattern: in linear time, so that no text and no pattern can stall it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.match_substring_regex(pa.array(list(texts), pa.string()), pattern, ignore_case=ignore_case)
    return [bool(item) for item in found.to_pylist()]


def glob_pattern(glob: str) -> str:
    """Translate `*` (any text) and `?` (one character) to a pattern over the whole text."""
    body = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob)
    return f"(?s)^{body}$"


def pattern_problem(pattern: str) -> str | None:
    """Say why a regular expression is not in the common subset, or None when it is."""
    import pyarrow as pa

    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST:,} characters"
    try:
        _Scan(pattern).run()
        search_all(("",), pattern, False)
        re.compile(pattern)
    except _NotCommon as error:
        return str(error)
    except pa.ArrowInvalid as error:
        said = str(error).rsplit(":", 1)[0].removeprefix("Invalid regular expression: ").strip().lower()
        return said or "it cannot be read"
    except (re.error, OverflowError) as error:
        return f"it is not read everywhere ({error})"
    return None


class _NotCommon(Exception):  # noqa: N818  never leaves this module
    """What is not in the common subset."""


@dataclass
class _Scan:
    """One walk over a pattern, stopping at the first thing that engines read differently."""

    pattern: str
    at: int = 0

    def run(self) -> None:
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            if char == "\\":
                self.escape()
            elif char == "[":
                self.set_of_characters()
            elif char == "(":
                self.group()
            elif char in "*+?{":
                self.quantifier()
            else:
                self.at += 1

    def escape(self) -> None:
        letter = self.pattern[self.at + 1 : self.at + 2]
        if re.match(r"\\x[0-9a-fA-F]{2}", self.pattern[self.at :]):
            self.at += 4
            return
        if letter.isalnum() and letter not in _ESCAPES:
            raise _NotCommon(_LETTERS.get(letter, f"\\{letter} is {_NOT_COMMON}"))
        self.at += 2

    def set_of_characters(self) -> None:
        self.at += 1
        for sign in ("^", "]"):
            # A bracket right at the beginning is a character.
            if self.pattern.startswith(sign, self.at):
                self.at += 1
        while self.at < len(self.pattern) and self.pattern[self.at] != "]":
            if self.pattern[self.at] == "\\":
                self.escape()
                continue
            if self.pattern[self.at] == "[":
                named = self.pattern[self.at + 1 : self.at + 2] in (":", ".", "=")
                raise _NotCommon(_NAMED_CLASS if named else "a bracket inside brackets means two things; write \\[")
            if self.pattern[self.at : self.at + 2] in _SET_OPERATIONS:
                raise _NotCommon(f"operations on classes ({' '.join(_SET_OPERATIONS)}) are {_NOT_COMMON}")
            self.at += 1
        self.at += 1

    def group(self) -> None:
        rest = self.pattern[self.at :]
        for start, reason in _GROUPS.items():
            if rest.startswith(start):
                raise _NotCommon(reason)
        if not rest.startswith("(?"):
            self.at += 1
            return
        flags = _FLAGS.match(rest)
        if flags is None or flags[0] in ("(?)", "(?-)", "(?-:"):
            raise _NotCommon(f"{rest[:3]} is {_NOT_COMMON}")
        unknown = sorted(set(flags[1] + (flags[2] or "-")[1:]) - set("ims"))
        if unknown:
            raise _NotCommon(f"the flag {unknown[0]} is {_NOT_COMMON}, only i, m and s are")
        if flags[3] == ")" and (self.at > 0 or flags[2]):
            raise _NotCommon(_FLAG_PLACE)
        self.at += len(flags[0])

    def quantifier(self) -> None:
        found = _QUANTIFIER.match(self.pattern, self.at)
        if found is None:
            raise _NotCommon("a brace that counts nothing means two things; write \\{")
        self.at = found.end()
        if self.pattern.startswith("+", self.at):
            raise _NotCommon(f"repetitions that never give back (*+, ++, ?+) are {_NOT_COMMON}")
        if self.pattern.startswith("?", self.at):
            self.at += 1
        if _QUANTIFIER.match(self.pattern, self.at):
            raise _NotCommon("one repetition follows another; put the first into a group: (?:a*)?")
