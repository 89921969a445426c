"""Conditions: groups, and a leaf for each kind of question about a customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from satsuma.documents import Path_
from satsuma.errors import nearest
from satsuma.language.operators import OPERATORS
from satsuma.language.reading_habits import HABITS, habit_leaf
from satsuma.language.reading_history import HISTORY_WORDS, MOVES, changed_leaf, held_leaf, moved_leaf
from satsuma.language.reading_scalars import Raw
from satsuma.language.reading_sequences import sequence_leaf
from satsuma.language.reading_windows import WINDOW_KEYS, WindowReader
from satsuma.language.types import (
    ALL_TIME,
    PERIOD_AGGREGATES,
    AccountLeaf,
    Condition,
    ConsentLeaf,
    EventLeaf,
    Group,
    LabelLeaf,
    ListLeaf,
    Measure,
    Not,
    PercentileLeaf,
    PropertyTest,
    RandomLeaf,
    RankLeaf,
    SegmentLeaf,
    Test,
    TraitLeaf,
    TraitRef,
    Window,
)

LEAF_KEYS = (
    "trait", "did", "not_did", "segmentation", "in_segment", "not_in_segment", "rank", "list", "random", "account",
    "sequence", "consent", *MOVES,
)  # fmt: skip
GROUP_KEYS = ("all", "any", "none", "not")
AGGREGATES_OF = ("sum", "avg", "min", "max", "distinct", "first", "last", "mode")
AGGREGATES_TIME = ("first_time", "last_time")

CONSENT_STATUSES = ("granted", "denied", "unknown")

#: What numbers are compared by.
NUMBER_OPERATORS = ("eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "not_between")

MAX_CONDITION_DEPTH = 30


#: Stands for a test that could not be read, beside the mistake that was reported: the names around it are still
#: checked. A definition with a mistake is never run.
UNREADABLE = Test(operator="is_set", operand=True)


class ConditionReader(WindowReader):
    """Reads conditions over customers, and over the events inside them."""

    def condition(self, value: Any, path: Path_, *, of_event: bool = False) -> Condition | None:
        """Read a group or a leaf; inside an event's `where` the leaves are tests of properties."""
        given = self.mapping(value, path, "A condition")
        if given is None:
            return None
        if len(path) > 2 * MAX_CONDITION_DEPTH + 6:
            self.problem(
                path, f"Conditions nest deeper than {MAX_CONDITION_DEPTH} levels; make a segment of the inner part."
            )
            return None
        words = [key for key in GROUP_KEYS if key in given]
        if words:
            return self.group(given, words[0], path, of_event=of_event)
        if of_event:
            return self.property_leaf(given, path)
        readers: dict[str, Callable[[dict[str, Any], Path_], Condition | None]] = {
            "trait": self.trait_leaf,
            "did": self.event_leaf,
            "not_did": self.event_leaf,
            "segmentation": self.label_leaf,
            "in_segment": self.segment_leaf,
            "not_in_segment": self.segment_leaf,
            "rank": self.rank_leaf,
            "list": self.list_leaf,
            "random": self.random_leaf,
            "account": self.account_leaf,
            "consent": self.consent_leaf,
            "sequence": partial(sequence_leaf, self),
            **dict.fromkeys(MOVES, partial(moved_leaf, self)),
        }
        heads = [key for key in readers if key in given]
        if len(heads) == 1:
            return readers[heads[0]](given, path)
        if heads:
            self.problem(path, f"One condition holds one of {' and '.join(heads)}, not both; use 'all:' to join them.")
            return None
        first = next(iter(given), "")
        known = (*LEAF_KEYS, *GROUP_KEYS)
        message = f"A condition begins with one of {', '.join(known)}; this one has none of them."
        self.problem((*path, first) if first else path, message, nearest(first, known))
        return None

    def group(self, given: dict[str, Any], word: str, path: Path_, *, of_event: bool) -> Condition | None:
        if len(given) > 1:
            others = [key for key in given if key != word]
            message = (
                f"'{word}' stands alone in its condition; '{others[0]}' belongs inside it or in a condition of its own."
            )
            self.problem((*path, others[0]), message)
        inner = given[word]
        here = (*path, word)
        if word == "not":
            condition = self.condition(inner, here, of_event=of_event)
            return None if condition is None else Not(condition=condition, at=path)
        if not isinstance(inner, list) or not inner:
            self.problem(here, f"'{word}' needs a list of conditions, each beginning with '- '.")
            return None
        read = [self.condition(item, (*here, number), of_event=of_event) for number, item in enumerate(inner)]
        # What could be read goes on to the checker, so that its mistakes are reported together with these.
        kept = tuple(item for item in read if item is not None)
        if not kept:
            return None
        return Group(word=word, conditions=kept, at=path)  # type: ignore[arg-type]

    # -------------------------------------------------------------------------------------------------------- leaves

    def trait_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        trait = self.name(given, "trait", path)
        if "percentile" in given:
            return self.percentile_leaf(given, path, trait)
        if "has_been" in given:
            return held_leaf(self, given, path, "trait", trait)
        if "changed" in given:
            return changed_leaf(self, given, path, "trait", trait)
        beside = ("trait", "percentile", *HISTORY_WORDS)
        test = self.test(given, path, OPERATORS, beside, "a condition on a trait")
        if trait is None:
            return None
        return TraitLeaf(trait=trait, test=test or UNREADABLE, at=path)

    def property_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        if "prop" not in given:
            first = next(iter(given), "")
            message = "Inside an event's 'where' a condition begins with 'prop' (or all, any, none, not)."
            self.problem((*path, first) if first else path, message)
            return None
        name = self.name(given, "prop", path)
        test = self.test(given, path, OPERATORS, ("prop",), "a condition on a property")
        if test is not None and isinstance(test.operand, TraitRef):
            self.problem(test.at, "A property is compared with a value, not with a trait.")
            return None
        if name is None:
            return None
        return PropertyTest(property=name, test=test or UNREADABLE, at=path)

    def label_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        if "has_been" in given:
            return held_leaf(self, given, path, "segmentation", self.name(given, "segmentation", path))
        if "changed" in given:
            return changed_leaf(self, given, path, "segmentation", self.name(given, "segmentation", path))
        own = ("segmentation", "is", "in", "not_in", *HISTORY_WORDS)
        self.keys(given, own, path, "is not known in a condition on a segmentation")
        name = self.name(given, "segmentation", path)
        ways = [key for key in ("is", "in", "not_in") if key in given]
        if len(ways) != 1:
            self.problem(
                path,
                "A condition on a segmentation needs one of 'is: label', 'in: [labels]', 'not_in: [labels]', "
                "'has_been' or 'changed'.",
            )
            return None
        way = ways[0]
        here = (*path, way)
        values = [given[way]] if way == "is" else given[way]
        if not isinstance(values, list) or not values or any(isinstance(item, (dict, list)) for item in values):
            self.problem(here, f"'{way}' takes {'one label' if way == 'is' else 'a list of labels'}.")
            return None
        labels = tuple(
            self.document.text(here if way == "is" else (*here, number)) or "" for number in range(len(values))
        )
        if name is None:
            return None
        return LabelLeaf(segmentation=name, labels=labels, negated=way == "not_in", at=path)

    def segment_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        key = "in_segment" if "in_segment" in given else "not_in_segment"
        self.keys(given, (key,), path, "is not known in a condition on a segment")
        name = self.name(given, key, path)
        return None if name is None else SegmentLeaf(segment=name, negated=key == "not_in_segment", at=path)

    def list_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        self.keys(given, ("list",), path, "is not known in a condition on a list")
        name = self.name(given, "list", path)
        return None if name is None else ListLeaf(list=name, at=path)

    def random_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        self.keys(given, ("random",), path, "is not known in a random share")
        here = (*path, "random")
        inner = self.mapping(given["random"], here, "A random share")
        if inner is None:
            return None
        self.keys(inner, ("percent", "salt"), here, "is not known in a random share")
        percent = self.percent(inner.get("percent"), (*here, "percent"))
        salt = self.text(inner, "salt", here)
        if not salt:
            self.problem(here, "A random share needs 'salt:', a text that makes this draw its own.")
        return RandomLeaf(percent=percent, salt=salt, at=path) if percent is not None and salt else None

    def consent_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        self.keys(given, ("consent", "is"), path, "is not known in a condition on a consent")
        purpose = self.name(given, "consent", path)
        status = given.get("is")
        if status not in CONSENT_STATUSES:
            message = f"A condition on a consent needs 'is:', one of {', '.join(CONSENT_STATUSES)}."
            self.problem((*path, "is") if "is" in given else path, message, nearest(str(status), CONSENT_STATUSES))
            return None
        if purpose is None:
            return None
        return ConsentLeaf(purpose=purpose, status=status, at=path)

    def account_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        self.keys(given, ("account",), path, "is not known in a condition on accounts")
        here = (*path, "account")
        inner = given["account"]
        if not isinstance(inner, dict) or len(inner) != 1 or next(iter(inner)) not in ("any", "all", "none"):
            self.problem(
                here, "'account' takes one of any, all, none with a condition on accounts: "
                "{account: {any: {trait: industry, eq: software}}}.",
            )  # fmt: skip
            return None
        ((word, condition),) = inner.items()
        read = self.condition(condition, (*here, word))
        return None if read is None else AccountLeaf(quantifier=word, condition=read, at=path)

    def rank_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        self.keys(given, ("rank", "top", "bottom", "among", "ties"), path, "is not known in a rank")
        trait = self.name(given, "rank", path)
        ends = [key for key in ("top", "bottom") if key in given]
        if len(ends) != 1:
            self.problem(path, "A rank needs one of 'top: 20%', 'top: 100', 'bottom: 20%', 'bottom: 100'.")
            return None
        end = ends[0]
        here = (*path, end)
        count: int | None = None
        percent: Decimal | None = None
        value = given[end]
        if isinstance(value, str) and value.strip().endswith("%"):
            percent = self.percent(value, here)
        elif isinstance(value, int) and not isinstance(value, bool) and value > 0:
            count = value
        else:
            self.problem(here, f"'{end}' takes a whole number above 0 or a share such as 20%.")
        among = self.among(given, path)
        ties = self.choice(given, "ties", ("include", "exclude"), path)
        if trait is None or (count is None and percent is None):
            return None
        return RankLeaf(
            trait=trait,
            end=end,
            count=count,
            percent=percent,
            among=among,
            ties="exclude" if ties == "exclude" else "include",
            at=path,
        )

    def among(self, given: dict[str, Any], path: Path_) -> Condition | None:
        if "among" not in given:
            return None
        value = given["among"]
        if isinstance(value, dict) and set(value) == {"segment"} and isinstance(value["segment"], str):
            return SegmentLeaf(segment=value["segment"], at=(*path, "among", "segment"))
        self.problem((*path, "among"), "'among' is written {segment: its_name}.")
        return None

    def percentile_leaf(self, given: dict[str, Any], path: Path_, trait: str | None) -> Condition | None:
        self.keys(given, ("trait", "percentile", "among"), path, "is not known in a percentile")
        here = (*path, "percentile")
        inner = self.mapping(given["percentile"], here, "A percentile")
        if inner is None:
            return None
        test = self.test(inner, here, ("lt", "lte", "gt", "gte", "between"), (), "a percentile")
        if test is not None and isinstance(test.operand, TraitRef):
            self.problem(test.at, "A percentile is compared with a number, not with a trait.")
            return None
        if trait is None or test is None:
            return None
        return PercentileLeaf(trait=trait, test=test, among=self.among(given, path), at=path)

    # -------------------------------------------------------------------------------------------------------- events

    def event_leaf(self, given: dict[str, Any], path: Path_) -> Condition | None:
        negated = "not_did" in given
        head = "not_did" if negated else "did"
        habits = [key for key in HABITS if key in given]
        if habits and not negated:
            return habit_leaf(self, given, path, habits[0])
        read = self.measure(given, path, head, allow_aggregate=not negated)
        if read is None:
            event = given[head]
            known = isinstance(event, str) and event
            return EventLeaf(measure=Measure(event=event, at=path), test=UNREADABLE, at=path) if known else None
        measure, aggregate_key, window = read
        if negated:
            test = Test(operator="eq", operand=Raw(0, "0"), at=path)
            return EventLeaf(measure=measure, test=test, at=path)
        if aggregate_key is None:
            return EventLeaf(measure=measure, test=Test(operator="gte", operand=Raw(1, "1"), at=path), at=path)
        if aggregate_key in AGGREGATES_TIME:
            test = Test(operator="is_set", operand=True, at=(*path, aggregate_key))
            return EventLeaf(measure=measure, test=test, time_window=window, at=path)
        here = (*path, aggregate_key)
        compared = {key: value for key, value in given[aggregate_key].items() if key != "of"}
        allowed = tuple(OPERATORS) if aggregate_key in ("min", "max", "first", "last", "mode") else NUMBER_OPERATORS
        test_ = self.test(compared, here, allowed, (), f"'{aggregate_key}'")
        if test_ is not None and isinstance(test_.operand, TraitRef):
            self.problem(test_.at, "What events measure is compared with a value, not with a trait.")
            return None
        return EventLeaf(measure=measure, test=test_ or UNREADABLE, at=path)

    def trait_measure(self, value: Any) -> Measure | None:
        path: Path_ = ("from",)
        given = self.mapping(value, path, "'from'")
        if given is None:
            return None
        if "did" not in given:
            self.problem(path, "'from' begins with 'did: the event's name'.")
            return None
        read = self.measure(given, path, "did", allow_aggregate=True)
        if read is None:
            return None
        measure, key, window = read
        if key is not None and key not in AGGREGATES_TIME and isinstance(given[key], dict):
            extra = [word for word in given[key] if word != "of"]
            if extra:
                self.problem(
                    (*path, key, extra[0]),
                    "A trait measures; it compares with nothing. Leave the comparison to a segment.",
                )
        if key in AGGREGATES_TIME and window is not None:
            # A trait asks for the first or last moment inside its window; only a leaf asks the window of all history's.
            measure = replace(measure, window=window)
        return measure

    def measure(
        self, given: dict[str, Any], path: Path_, head: str, *, allow_aggregate: bool
    ) -> tuple[Measure, str | None, Window | None] | None:
        """Read the event, its aggregate, window and filter; return them with the aggregate's key as written."""
        counted = ("count", *PERIOD_AGGREGATES)
        aggregates = (*counted, *AGGREGATES_OF, *AGGREGATES_TIME)
        habits = HABITS if allow_aggregate and path != ("from",) else ()
        allowed = (head, *(aggregates if allow_aggregate else ()), *habits, *WINDOW_KEYS, "where")
        before = len(self.problems)
        self.keys(given, allowed, path, f"is not known in a condition with '{head}'")
        event = self.name(given, head, path)
        found = [key for key in aggregates if key in given] if allow_aggregate else []
        if len(found) > 1:
            self.problem(path, f"One condition has one of {' and '.join(found)}; use 'all:' to join two.")
        window = self.window(given, path)
        where = self.condition(given["where"], (*path, "where"), of_event=True) if "where" in given else None
        of: str | None = None
        key = found[0] if found else None
        if key in AGGREGATES_OF:
            inner = self.mapping(given[key], (*path, key), f"'{key}'")
            if inner is not None and "of" not in inner:
                self.problem((*path, key), f"'{key}' needs 'of:', the property.")
            elif inner is not None:
                of = self.name(inner, "of", (*path, key))
        elif key in counted and not isinstance(given[key], dict):
            if path == ("from",) and given[key] is True:
                pass
            else:
                self.problem((*path, key), f"'{key}' takes a comparison: {{gte: 3}}.")
        elif key in AGGREGATES_TIME and given[key] is not True:
            self.problem((*path, key), f"'{key}' is written '{key}: true'.")
        if event is None or window is None or len(self.problems) > before:
            return None
        aggregate: Any = key or "count"
        is_time = key in AGGREGATES_TIME
        measure = Measure(
            event=event, aggregate=aggregate, of=of, where=where, window=ALL_TIME if is_time else window, at=path
        )
        return measure, key, window if is_time else None
