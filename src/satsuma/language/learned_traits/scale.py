"""`scale`: one score from several answers, with what is known of how well it measures.

scale: {items: [o1, o2, {reverse: o3}], of: [1, 5], min_answered: 2}
scale: {questions: [E1, {reverse: E2}], survey: big_five, of: [1, 5], norm: percentile}

The score of one customer depends on that customer's answers alone; only with `norm` it is a place among the
respondents on whom the norms were fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from satsuma.catalog import NUMERIC, Kind, ValueType
from satsuma.errors import nearest
from satsuma.language.formula import an
from satsuma.language.methods import Reads
from satsuma.language.reading_scalars import Raw
from satsuma.language.types import Condition, Group, Measure, PropertyTest, Test
from satsuma.language.words import listed, quoted
from satsuma.sources.names import slug

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.locality import Span
    from satsuma.language.reader import Reader

Norm = Literal["none", "t", "percentile"]
Score = Literal["mean", "sum"]
NORMS: tuple[Norm, ...] = ("none", "t", "percentile")
SCORES: tuple[Score, ...] = ("mean", "sum")
SETTINGS = ("items", "questions", "survey", "of", "min_answered", "score", "norm", "refit_every")
MOST_ITEMS = 200
#: The share of items that must be answered, unless a definition says how many.
ANSWERED = 0.8
#: What a load of surveys makes of answers.
EVENT, ITEM, SURVEY, NUMBER = "Survey Answered", "item", "survey", "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item: a trait, or a question of a survey whose last answer `measure` reads; reversed or not."""

    name: str
    reverse: bool = False
    measure: Measure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How answers become one score.

    low, high : the ends of an answer; what is outside is missing. min_answered : who answered fewer items has no score.
    score : the mean of the answers, or their sum, which is the mean times the number of items where some lack.
    norm : the score itself, a T score or a percentile among those on whom the norms were fitted. refit_every :
    microseconds after which the norms are fitted anew; None: only when asked.
    """

    items: tuple[Item, ...]
    low: float
    high: float
    min_answered: int
    score: Score = "mean"
    norm: Norm = "none"
    refit_every: int | None = None
    at: Path_ = field(default=(), compare=False)

    @property
    def of_questions(self) -> bool:
        """Whether the items are questions of a survey and not traits."""
        return any(item.measure is not None for item in self.items)


class ScaleWay:
    """Scores from answers."""

    name = "scale"
    kind: Kind = "psychographic"

    # ------------------------------------------------------------------------------------------------------- reading

    def read(self, reader: Reader, value: Any, path: Path_) -> Scale | None:
        given = reader.mapping(value, path, "'scale'")
        if given is None:
            return None
        for key in given:
            if key not in SETTINGS:
                message = f"'{key}' is not known in 'scale'; allowed: {', '.join(SETTINGS)}."
                reader.problem((*path, key), message, nearest(key, SETTINGS))
        heads = [key for key in ("items", "questions") if key in given]
        if len(heads) != 1:
            reader.problem(path, "'scale' needs exactly one of 'items:' (traits) and 'questions:' (of a survey).")
            return None
        items = self._items(reader, given, heads[0], path)
        ends = self._ends(reader, given, path)
        if "survey" in given and heads[0] == "items":
            reader.problem((*path, "survey"), "'survey' goes with 'questions'; leave it out, or ask questions.")
        norm: Norm = reader.choice(given, "norm", NORMS, path) or "none"
        refit = None
        if "refit_every" in given:
            refit = reader.duration(given["refit_every"], (*path, "refit_every"), "'refit_every'")
            if norm == "none":
                reader.problem((*path, "refit_every"), "'refit_every' is of norms; without 'norm' nothing is fitted.")
        score: Score = reader.choice(given, "score", SCORES, path) or "mean"
        if items is None or ends is None:
            return None
        most = len(items)
        fewest = reader.integer(
            given, "min_answered", path, low=1, high=most, default=max(1, math.ceil(ANSWERED * most - 1e-9))
        )
        return Scale(items=items, low=ends[0], high=ends[1], min_answered=fewest, score=score, norm=norm,
                     refit_every=refit, at=path)  # fmt: skip

    def _items(self, reader: Reader, given: dict[str, Any], head: str, path: Path_) -> tuple[Item, ...] | None:
        value, here = given[head], (*path, head)
        form = "a list: [o1, o2, {reverse: o3}]"
        if not isinstance(value, list) or not value:
            reader.problem(here, f"'{head}' is {form}.")
            return None
        if len(value) > MOST_ITEMS:
            reader.problem(here, f"A scale has at most {MOST_ITEMS} items.")
            return None
        survey = reader.name(given, "survey", path) if head == "questions" and "survey" in given else None
        found: dict[str, Item] = {}
        is_whole = True
        for place, item in enumerate(value):
            at = (*here, place)
            turned = isinstance(item, dict) and set(item) == {"reverse"}
            inner = item["reverse"] if turned else item
            if isinstance(inner, (dict, list, bool)) or inner is None or inner == "":
                reader.problem(at, f"An item is a name, or {{reverse: name}}; '{head}' is {form}.")
                is_whole = False
                continue
            # As it is written: a question may be called 01.
            name = reader.document.text((*at, "reverse") if turned else at) or str(inner)
            # Of a question it is the same in capitals or not, and as the name of a column.
            same = _spellings(name)[-1] if head == "questions" else name
            if same in found:
                reader.problem(at, f"'{name}' is an item already; each counts once.")
                is_whole = False
                continue
            measure = _answer(name, survey, at) if head == "questions" else None
            found[same] = Item(name=name, reverse=turned, measure=measure)
        return tuple(found.values()) if is_whole else None

    def _ends(self, reader: Reader, given: dict[str, Any], path: Path_) -> tuple[float, float] | None:
        value = given.get("of")
        is_pair = isinstance(value, list) and len(value) == 2
        if is_pair and all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in value or ()):
            low, high = (float(end) for end in value or ())
            if low < high and math.isfinite(low) and math.isfinite(high):
                return low, high
        reader.problem((*path, "of") if "of" in given else path,
                       "'scale' needs 'of:', the lowest and the highest answer: [1, 5].")  # fmt: skip
        return None

    # ------------------------------------------------------------------------------------------------------ checking

    def check(self, checker: Checker, settings: Scale) -> Scale:
        if checker.entity == "account":
            checker.problem(("scale",), "'scale' is of customers, who answer; accounts have no answers.")
            return settings
        if settings.of_questions:
            return replace(settings, items=tuple(self._question(checker, item) for item in settings.items))
        for item in settings.items:
            type_ = checker.trait_type(item.name)
            if type_ is not None and type_ not in NUMERIC:
                message = f"An item is a number; the trait '{item.name}' is {an(type_)}."
                checker.problem((*settings.at, "items"), message)
        return settings

    def _question(self, checker: Checker, item: Item) -> Item:
        assert item.measure is not None
        return replace(item, measure=checker.measure(item.measure))

    def type(self, settings: Scale) -> ValueType:  # noqa: ARG002  the same of all scales
        return "number"

    def reads(self, settings: Scale) -> Reads:
        measures = tuple(item.measure for item in settings.items if item.measure is not None)
        if measures:
            return Reads(measures=measures)
        return Reads(traits=tuple(item.name for item in settings.items), at=(*settings.at, "items"))

    def needs_everybody(self, settings: Scale, span: Span, *, is_kept: bool) -> bool:  # noqa: ARG002
        """Say whether values can change for customers whom nothing touched: only while norms are still to be made."""
        return settings.norm != "none" and not is_kept

    def explain(self, settings: Scale) -> Iterable[str]:
        names = [quoted(item.name) for item in settings.items if not item.reverse]
        turned = [quoted(item.name) for item in settings.items if item.reverse]
        what = "the last answers to" if settings.of_questions else "the answers"
        amount = "mean" if settings.score == "mean" else "sum"
        ends = f"each from {settings.low:g} to {settings.high:g}"
        yield f"The {amount} of {what} {listed([*names, *turned], 'and')}, {ends}."
        if turned:
            yield f"Turned round, {settings.low + settings.high:g} less the answer: {listed(turned, 'and')}."
        yield f"Who answered fewer than {settings.min_answered} of {len(settings.items)} has no value."
        if settings.score == "sum":
            yield "Where answers lack, it is the mean of the others times the number of items."
        if settings.norm == "t":
            yield "It is told as a T score: 50 is the mean of the respondents, 10 points their standard deviation."
        if settings.norm == "percentile":
            yield "It is told as a percentile among the respondents: those below, and half of those with the same."
        if settings.norm != "none":
            yield "The respondents are those when the norms were fitted; they stay until a refit."


def _answer(question: str, survey: str | None, at: Path_) -> Measure:
    """Return the last answer to a question, as a number.

    A table with a column per question has them under the names that columns get: `How are you?` is how_are_you there.
    In capitals or not, it is the same question.
    """
    tests: list[Condition] = [_is(ITEM, _spellings(question), at)]
    if survey is not None:
        tests.append(_is(SURVEY, (survey,), at))
    where = tests[0] if len(tests) == 1 else Group(word="all", conditions=tuple(tests), at=at)
    return Measure(event=EVENT, aggregate="last", of=NUMBER, where=where, at=at)


def _spellings(question: str) -> tuple[str, ...]:
    """Return how a question may stand in the data, the plainest last."""
    name = slug(question)
    # In another script nothing remains, and a column is found by nothing but its own name.
    return tuple(dict.fromkeys((question, name if name != slug("") else question.lower())))


def _is(name: str, values: Iterable[str], at: Path_) -> PropertyTest:
    operand = tuple(Raw(value, value) for value in values)
    return PropertyTest(property=name, test=Test(operator="in", operand=operand, ignore_case=True, at=at), at=at)
