"""`rules`: an ordered list of labels with conditions; the first that fits wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading
from satsuma.language.types import Condition

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = ("rules", "otherwise")
OTHERWISE = "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One label and who gets it."""

    label: str
    where: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesSettings:
    """Rules in order, and the label of those whom none fits."""

    rules: tuple[Rule, ...]
    otherwise: str = OTHERWISE


class RulesMethod:
    """Labels by an ordered list of conditions."""

    name = "rules"
    settings = SETTINGS

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> RulesSettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        value, here = given.get("rules"), (*path, "rules")
        if not isinstance(value, list) or not value:
            reader.problem(here, "The method 'rules' needs 'rules:', a list of '- {label: ..., where: ...}'.")
            return None
        read = [self._rule(reader, item, (*here, place)) for place, item in enumerate(value)]
        rules = tuple(rule for rule in read if rule is not None)
        otherwise = reading.label(reader, given, "otherwise", path, OTHERWISE)
        if len(rules) < len(read):
            return None
        reading.unique_labels(reader, [*(rule.label for rule in rules), otherwise], here)
        return RulesSettings(rules=rules, otherwise=otherwise)

    def _rule(self, reader: Reader, value: Any, path: Path_) -> Rule | None:
        given = reader.mapping(value, path, "A rule")
        if given is None:
            return None
        reader.keys(given, ("label", "where"), path, "is not known in a rule")
        label = reading.scalar_text(reader, given.get("label"), (*path, "label"))
        if label is None:
            reader.problem(path, "A rule needs 'label:', a text.")
        if "where" not in given:
            reader.problem(path, "A rule needs 'where:', the condition for its label.")
            return None
        where = reader.condition(given["where"], (*path, "where"))
        return None if where is None or label is None else Rule(label=label, where=where)

    def check(self, checker: Checker, settings: RulesSettings) -> RulesSettings:
        typed = tuple(replace(rule, where=checker.condition(rule.where)) for rule in settings.rules)
        return replace(settings, rules=typed)

    def reads(self, settings: RulesSettings) -> Reads:
        return Reads(conditions=tuple(rule.where for rule in settings.rules))

    def labels(self, settings: RulesSettings) -> tuple[str, ...] | None:
        return (*(rule.label for rule in settings.rules), settings.otherwise)

    def explain(self, settings: RulesSettings) -> Iterable[str]:
        listed = ", ".join(rule.label for rule in settings.rules)
        yield f"The first rule that fits gives the label, in this order: {listed}."
        yield f"Whom no rule fits is '{settings.otherwise}'."
