"""From documents to definitions: the structure of what people wrote, every mistake collected with its line.

The reader knows the language and nothing of a workspace. Operands stay as written (`Raw`) until the checker, which
knows the catalogue, gives them their type: so `in: [01, 75]` is two texts for a text and two numbers for a number.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from satsuma.catalog import KINDS, NAME_PATTERN, VALUE_TYPES
from satsuma.language.learned import WAYS
from satsuma.language.reading_conditions import ConditionReader
from satsuma.language.types import Definition, Segment, Segmentation, Trait

Kind = Literal["trait", "segment", "segmentation"]


class Reader(ConditionReader):
    """Reads one document; `problems` holds what was wrong with it."""

    def definition(self, kind: Kind, stem: str | None, methods: dict[str, Any]) -> Definition | None:
        """Read the one definition of a document; None when it cannot even be taken for one.

        Parameters
        ----------
        stem : the file's stem, which the name must equal; None for a definition without a file (a preview).
        methods : the registered methods of segmentations by name.
        """
        given = self.mapping(self.document.value, (), f"A {kind}")
        if given is None:
            return None
        if kind not in given:
            others = [other for other in ("segment", "trait", "segmentation") if other in given]
            what = f"this is a {others[0]}, which belongs in another folder" if others else "the key is missing"
            self.problem((), f"A {kind} begins with '{kind}: its_name'; {what}.")
            return None
        name = self.name(given, kind, ())
        if name is None:
            return None
        if not re.fullmatch(NAME_PATTERN, name):
            self.problem(
                (kind,), f"The name '{name}' must be lower-case letters, digits and _, beginning with a letter."
            )
        elif stem is not None and name != stem:
            self.problem((kind,), f"The name '{name}' is unlike the file's ('{stem}'): they must be the same.")
        shared: dict[str, Any] = {
            "name": name,
            "title": self.text(given, "title", (), name.replace("_", " ").capitalize()),
            "description": self.text(given, "description", ()),
            "entity": self.choice(given, "entity", ("customer", "account"), ()) or "customer",
            "file": self.document.name,
        }
        if kind == "segment":
            return self.segment(given, shared)
        if kind == "trait":
            return self.trait(given, shared)
        return self.segmentation(given, shared, methods)

    def segment(self, given: dict[str, Any], shared: dict[str, Any]) -> Segment | None:
        allowed = ("segment", "title", "description", "entity", "owner", "tags", "where")
        self.keys(given, allowed, (), "is not known in a segment")
        if "where" not in given:
            self.problem((), "A segment needs 'where:', the condition its customers meet.")
            return None
        where = self.condition(given["where"], ("where",))
        return None if where is None else Segment(where=where, **shared)

    def trait(self, given: dict[str, Any], shared: dict[str, Any]) -> Trait | None:
        allowed = (
            "trait",
            "title",
            "description",
            "entity",
            "owner",
            "tags",
            "kind",
            "unit",
            "type",
            "from",
            "formula",
            *WAYS,
        )
        self.keys(given, allowed, (), "is not known in a trait")
        ways = [key for key in ("from", "formula", *WAYS) if key in given]
        if len(ways) != 1:
            self.problem(
                (),
                "A trait needs exactly one of 'from:' (events), 'formula:' (other traits), 'scale:' (answers), 'text:' "
                "(what a customer wrote), 'estimate:' (a model of purchases) and 'predict:' (a model of what comes).",
            )
            return None
        if ways[0] in WAYS:
            settings = WAYS[ways[0]].read(self, given[ways[0]], (ways[0],))
            if settings is None:
                return None
            return Trait(
                kind=self.choice(given, "kind", KINDS, ()) or WAYS[ways[0]].kind, way=ways[0], settings=settings,
                type=self.choice(given, "type", VALUE_TYPES, ()), unit=self.text(given, "unit", ()) or None, **shared,
            )  # fmt: skip
        measure = self.trait_measure(given["from"]) if ways == ["from"] else None
        formula = self.text(given, "formula", ()) if ways == ["formula"] else None
        if measure is None and not formula:
            if formula == "":
                self.problem(("formula",), "The formula is empty.")
            return None
        return Trait(
            kind=self.choice(given, "kind", KINDS, ()),
            type=self.choice(given, "type", VALUE_TYPES, ()),
            unit=self.text(given, "unit", ()) or None,
            measure=measure,
            formula=formula,
            **shared,
        )

    def segmentation(
        self, given: dict[str, Any], shared: dict[str, Any], methods: dict[str, Any]
    ) -> Segmentation | None:
        common = ("segmentation", "title", "description", "entity", "owner", "tags", "kind", "method")
        method = self.choice(given, "method", tuple(methods), ())
        if method is None:
            if "method" not in given:
                self.problem((), f"A segmentation needs 'method:', one of {', '.join(methods)}.")
            return None
        own = {key: value for key, value in given.items() if key not in common}
        settings = methods[method].read(self, own, ())
        kind = self.choice(given, "kind", KINDS, ())
        if settings is None:
            return None
        return Segmentation(method=method, settings=settings, kind=kind, **shared)
