"""The query language of Segment: `event('Shoes Bought').where(property('price') >= 100).within(7 days).count() >= 1`.

A text becomes a tree of calls; what the calls mean stands in `segment`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from satsuma.language.imports.outcome import RefusedError

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|‘[^’]*’|“[^”]*”)
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>>=|<=|!=|==|=|>|<|\(|\)|\.|,|:|\{|\}|\[|\])
    )""",
    re.VERBOSE,
)
_SIGNS = {"=": "equals", "==": "equals", "!=": "differs", ">": "greater_than", ">=": "at_least", "<": "less_than",
          "<=": "at_most"}  # fmt: skip
_UNITS = ("hour", "hours", "day", "days")
_WORDS = {"true": True, "false": False}
_JUNCTIONS = ("AND", "OR", "NOT", "ANY", "ALL")
#: Deeper than anybody writes.
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Length:
    """`7 days`; `parent` when it is counted from the event outside."""

    count: int
    unit: str
    parent: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One function with its arguments, and what is chained to it. at : where it begins in the text, from 1."""

    name: str
    arguments: tuple[Argument, ...]
    at: int
    parent: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Calls joined by dots: an extractor, filters, a reducer, a comparison."""

    calls: tuple[Call, ...]

    @property
    def at(self) -> int:
        return self.calls[0].at


@dataclass(frozen=True, slots=True)
class Junction:
    """`AND`, `OR`, `NOT`, `ANY` or `ALL` of expressions."""

    word: str
    parts: tuple[Expression, ...]
    at: int


Expression = Chain | Junction
Argument = str | int | float | bool | Length | Chain | Junction


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass(slots=True)
class Parser:
    """Parses one query.

    Raises
    ------
    RefusedError
        At the first place that cannot be read.
    """

    text: str
    tokens: list[_Token] = field(default_factory=list)
    place: int = 0
    depth: int = 0

    def parse(self) -> Expression:
        position = 0
        while self.text[position:].strip():
            found = _TOKEN.match(self.text, position)
            if found is None or found.lastgroup is None:
                raise RefusedError(f"query:{position + 1}", "This cannot be read as a query of Segment.")
            self.tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1))
            position = found.end()
        if not self.tokens:
            raise RefusedError("query", "The query is empty.")
        expression = self.junction("OR")
        if self.place < len(self.tokens):
            raise self.wrong(f"'{self.tokens[self.place].text}' is not expected here.")
        return expression

    # ---------------------------------------------------------------------------------------------------------- helpers

    def wrong(self, message: str) -> RefusedError:
        at = self.tokens[self.place].at if self.place < len(self.tokens) else len(self.text) + 1
        return RefusedError(f"query:{at}", message)

    def next_is(self, *texts: str) -> bool:
        if self.place >= len(self.tokens) or self.tokens[self.place].kind == "text":
            return False
        return self.tokens[self.place].text in texts

    def take(self, *texts: str) -> bool:
        if self.next_is(*texts):
            self.place += 1
            return True
        return False

    def demand(self, text: str) -> None:
        if not self.take(text):
            raise self.wrong(f"'{text}' is expected here.")

    def _is_labelled(self) -> bool:
        """Say whether an argument comes with a word before it: `parent: 5 days`."""
        two = self.tokens[self.place : self.place + 2]
        return len(two) == 2 and two[0].kind == "word" and (two[1].kind, two[1].text) == ("sign", ":")

    # ---------------------------------------------------------------------------------------------------- expressions

    def junction(self, word: str) -> Expression:
        """Read parts joined by OR, each of them parts joined by AND."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong("This nests too deeply.")
        at = self.tokens[self.place].at if self.place < len(self.tokens) else 1
        parts = [self.junction("AND") if word == "OR" else self.single()]
        while self.take(word, word.lower()):
            parts.append(self.junction("AND") if word == "OR" else self.single())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Junction(word, tuple(parts), at)

    def single(self) -> Expression:
        for word in ("NOT", "ANY", "ALL"):
            if self.next_is(word, word.lower()):
                at = self.tokens[self.place].at
                self.place += 1
                self.depth += 1
                if self.depth > _DEEPEST:
                    raise self.wrong("This nests too deeply.")
                inner = self.single()
                self.depth -= 1
                return Junction(word, (inner,), at)
        if self.take("("):
            inner = self.junction("OR")
            self.demand(")")
            return inner
        return self.chain()

    def chain(self) -> Chain:
        calls = [self.call()]
        while self.take("."):
            calls.append(self.call())
        if self.place < len(self.tokens) and self.tokens[self.place].kind == "sign" and self.next_is(*_SIGNS):
            sign = self.tokens[self.place]
            self.place += 1
            calls.append(Call(_SIGNS[sign.text], (self.argument(),), sign.at))
        return Chain(tuple(calls))

    def call(self) -> Call:
        is_word = self.place < len(self.tokens) and self.tokens[self.place].kind == "word"
        if not is_word or self.tokens[self.place].text in _JUNCTIONS:
            raise self.wrong("A function such as event('...') or trait('...') is expected here.")
        name = self.tokens[self.place]
        self.place += 1
        self.demand("(")
        arguments: list[Argument] = []
        parent = False
        while not self.take(")"):
            if self._is_labelled():
                parent = parent or self.next_is("parent")
                self.place += 2
            # `where({...})` and `contains(['a', 'b'])` are written with brackets in some places.
            if self.take("{", "[", "]", "}"):
                continue
            arguments.append(self.argument())
            while self.take("}", "]"):
                pass
            if not self.take(",") and not self.next_is(")"):
                raise self.wrong("',' or ')' is expected here.")
        return Call(name.text.lower(), tuple(arguments), name.at, parent)

    def argument(self) -> Argument:
        if self.place >= len(self.tokens):
            raise self.wrong("A value is expected here.")
        token = self.tokens[self.place]
        if token.kind == "text":
            self.place += 1
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "number":
            self.place += 1
            number = float(token.text) if "." in token.text else int(token.text)
            if self.next_is(*_UNITS):
                unit = self.tokens[self.place].text.rstrip("s")
                self.place += 1
                return Length(int(number), unit)
            return number
        if token.kind == "word" and token.text.lower() in _WORDS:
            self.place += 1
            return _WORDS[token.text.lower()]
        found = self.junction("OR")
        if self.next_is("as"):
            # `as number`: what the property is, the catalogue knows.
            self.place += 2
        return found
