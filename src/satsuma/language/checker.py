"""Definitions against the catalogue and each other: names, types, cycles; every mistake at once (rules S6, S7, S9).

The checker gives operands their type and puts definitions in the order in which they can be evaluated. Nothing is
dropped or guessed: a definition with a mistake is reported, and so are those that need it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.catalog import NUMERIC, Catalog, PropertyInfo, ValueType
from satsuma.documents import Document, Path_
from satsuma.errors import DefinitionError, Problem, nearest
from satsuma.language import formula
from satsuma.language.checking_history import checked_history
from satsuma.language.checking_operands import OperandChecker
from satsuma.language.checking_sequences import check_sequence, step_property
from satsuma.language.history import HistoryLeaf
from satsuma.language.learned import WAYS
from satsuma.language.leaves import Reference, expression, references
from satsuma.language.methods import METHODS
from satsuma.language.operators import NOT_IN_FILTERS, PRESENCE
from satsuma.language.places import Area
from satsuma.language.types import (
    COUNTING,
    AccountLeaf,
    Condition,
    ConsentLeaf,
    Definition,
    Entity,
    EventLeaf,
    EventRef,
    Group,
    LabelLeaf,
    Measure,
    Not,
    PercentileLeaf,
    PropertyTest,
    RankLeaf,
    Segment,
    Segmentation,
    SequenceLeaf,
    Step,
    Trait,
    TraitLeaf,
)

#: What every customer, and every account, has without anybody declaring it.
BUILT_IN_TRAITS: Mapping[Entity, Mapping[str, ValueType]] = {
    "customer": {"customer_id": "text", "first_seen": "datetime"},
    "account": {"account_id": "text", "first_seen": "datetime"},
}

#: The columns that every event has.
EVENT_COLUMNS: Mapping[str, PropertyInfo] = {
    "revenue": PropertyInfo(type="money"),
    "order_id": PropertyInfo(type="text"),
    "product_id": PropertyInfo(type="text"),
    "quantity": PropertyInfo(type="number"),
    #: False for postage, fees and adjustments, which landing tells from products.
    "is_product": PropertyInfo(type="boolean"),
}

#: What corrections replace are orders, and every order has an event of one of these names.
ORDER_EVENTS = ("Order Completed", "Order Refunded", "Product Received")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What names mean in a workspace."""

    catalog: Catalog = field(default_factory=Catalog)
    lists: frozenset[str] = frozenset()
    #: What a consent can be about: the purposes of satsuma.yaml and those of the loaded decisions.
    purposes: frozenset[str] = frozenset()
    #: The areas of the folder regions/ by name; None for a file whose own mistake is reported.
    regions: Mapping[str, Area | None] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Definitions that were checked, typed, and put in an order in which each comes after all that it reads."""

    ordered: tuple[Definition, ...]
    trait_types: Mapping[str, ValueType]
    vocabulary: Vocabulary
    #: Digest of each definition together with all that it reads, by kind and name: what tells that a meaning changed.
    digests: Mapping[Key, str] = field(default_factory=dict)
    #: The place of each definition in the order, by kind and name.
    places: Mapping[Key, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {(kind_of(item), item.name): place for place, item in enumerate(self.ordered)}
        object.__setattr__(self, "places", places)

    def of(self, kind: type[Definition]) -> dict[str, Any]:
        """Return the definitions of one kind by name."""
        return {item.name: item for item in self.ordered if isinstance(item, kind)}


def check(
    definitions: Iterable[Definition], documents: Mapping[str, Document], vocabulary: Vocabulary,
    problems: Iterable[Problem] = (), broken: Iterable[Key] = (),
) -> Checked:  # fmt: skip
    """Check definitions together.

    Parameters
    ----------
    documents : the documents they were read from, by file name, for the lines of problems.
    problems : mistakes that reading found already, to be reported with the checker's own.
    broken : kind and name of definitions that exist but could not be read: using them is not a mistake of its own.

    Raises
    ------
    DefinitionError
        With every mistake, in the order of files and lines.
    """
    checker = Checker(definitions, documents, vocabulary)
    checker.failed.update(broken)
    checked = checker.run()
    found = [*problems, *checker.problems]
    if found:
        unique = list(dict.fromkeys(found))
        raise DefinitionError.of(sorted(unique, key=lambda problem: (problem.path, problem.line or 0)))
    return checked


def kind_of(definition: Definition) -> str:
    """Return the word for the kind of a definition."""
    return {Segment: "segment", Trait: "trait", Segmentation: "segmentation"}[type(definition)]


class Checker(OperandChecker):
    """Checks a set of definitions; methods of segmentations use its public parts."""

    def __init__(
        self, definitions: Iterable[Definition], documents: Mapping[str, Document], vocabulary: Vocabulary
    ) -> None:
        super().__init__(vocabulary.zone)
        self.definitions: dict[Key, Definition] = {(kind_of(item), item.name): item for item in definitions}
        self.documents = documents
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self.current: Definition | None = None
        self.types: dict[str, ValueType] = {**BUILT_IN_TRAITS["account"], **BUILT_IN_TRAITS["customer"]}
        #: Whose a loaded trait is; a built-in one of both is in neither.
        self.entities: dict[str, Entity] = {"customer_id": "customer", "account_id": "account"}
        #: Of whom the condition under check is asked.
        self.entity: Entity = "customer"
        #: The steps of the sequence under check up to the one whose filter is checked, and those after it.
        self.steps: tuple[tuple[Step, ...], tuple[Step, ...]] = ((), ())
        #: Traits that hold countries, which landing brought to their two letters.
        self.countries: set[str] = set()
        for name, info in vocabulary.catalog.traits.items():
            self.types[name] = info.type
            self.entities[name] = info.entity
            if info.format == "country":
                self.countries.add(name)
        self.failed: set[Key] = set()

    def problem(self, at: Path_, message: str, near: Collection[str] = ()) -> None:
        """Report a mistake in the definition under check."""
        assert self.current is not None
        name = self.current.file or self.current.name
        document = self.documents.get(name)
        line = document.line(at) if document else None
        self.problems.append(Problem(path=name, line=line, message=message, nearest=tuple(near)))
        self.failed.add((kind_of(self.current), self.current.name))

    # ---------------------------------------------------------------------------------------------------------- order

    def run(self) -> Checked:
        """Check all; return the typed definitions in order (meaningful only when there is no problem)."""
        uses: dict[Key, list[Key]] = {}
        for key, definition in self.definitions.items():
            self.current = definition
            if isinstance(definition, Trait) and definition.formula is not None:
                try:
                    expression(definition.formula)
                except formula.FormulaError as error:
                    self.problem(("formula",), str(error))
                    uses[key] = []
                    continue
            if key[0] == "trait" and key[1] in self.types:
                self.problem(
                    ("trait",),
                    f"'{key[1]}' is already a loaded trait of the catalogue; give the computed one another name.",
                )
            uses[key] = [found for found in map(self._resolve, references(definition)) if found is not None]
        ordered = []
        for key in self._topological(uses):
            self.current = self.definitions[key]
            if key not in self.failed and not any(used in self.failed for used in uses[key]):
                typed = self._typed(self.current)
                # Those who read it see what it became: a segmentation's labels may depend on a trait's type.
                self.definitions[key] = typed
                ordered.append(typed)
            else:
                self.failed.add(key)
                self.entity = self.current.entity
                if isinstance(self.current, Segment):
                    # A name that nobody knows hides no other mistake of the same condition.
                    self.condition(self.current.where)
        return Checked(ordered=tuple(ordered), trait_types=dict(self.types), vocabulary=self.vocabulary)

    def _resolve(self, reference: Reference) -> Key | None:
        """Return the definition a reference names; report it when there is nothing of that name."""
        kind, name = reference.kind, reference.name
        if (kind, name) in self.definitions or (kind, name) in self.failed:
            found = self.definitions.get((kind, name))
            self._same_entity(reference, reference.entity if found is None else found.entity)
            return (kind, name)
        if kind == "trait" and name in self.types:
            known: Collection[str] = self.types
        elif kind == "trait":
            known = {*self.types, *(key[1] for key in self.definitions if key[0] == "trait")}
        elif kind == "event":
            known = self.vocabulary.catalog.events
        elif kind == "list":
            known = self.vocabulary.lists
        elif kind == "purpose":
            known = self.vocabulary.purposes
        elif kind == "region":
            known = self.vocabulary.regions
        else:
            known = [key[1] for key in self.definitions if key[0] == kind]
        if name not in known:
            homes = {"event": "catalog.yaml", "list": "the folder lists/", "region": "the folder regions/",
                     "purpose": "'purposes' in satsuma.yaml"}  # fmt: skip
            where = homes.get(kind, f"satsuma {kind} list")
            # A name of accounts is no help to who asks customers, and the other way round.
            fitting = [other for other in known if self._entity_of(kind, other, reference.entity) == reference.entity]
            self.problem(reference.at, f"There is no {kind} '{name}'; see {where}.", nearest(name, fitting))
        elif kind == "trait":
            self._same_entity(reference, self._entity_of(kind, name, reference.entity))
        return None

    def _entity_of(self, kind: str, name: str, asked: Entity) -> Entity:
        """Return whose a known name is; that of whom is asked where it is of both, or of neither."""
        definition = self.definitions.get((kind, name))
        if definition is not None:
            return definition.entity
        return self.entities.get(name, asked) if kind == "trait" else asked

    def _same_entity(self, reference: Reference, entity: Entity) -> None:
        """Report a name of customers that is asked of accounts, or the other way round."""
        if reference.entity == entity:
            return
        name = f"The {reference.kind} '{reference.name}'"
        if entity == "account":
            way = f"ask it of the accounts that somebody belongs to, with {{account: {{any: ...{reference.name}...}}}}"
            message = f"{name} is of accounts, and this is asked of customers: {way}."
        else:
            message = f"{name} is of customers, and this is asked of accounts."
        self.problem(reference.at, message)

    def _topological(self, uses: Mapping[Key, list[Key]]) -> list[Key]:
        """Return all keys, each after those it uses; a loop is reported with its members."""
        order: list[Key] = []
        state: dict[Key, int] = {}
        for root in uses:
            stack: list[tuple[Key, int]] = [(root, 0)]
            while stack:
                key, position = stack.pop()
                if position == 0:
                    if state.get(key):
                        continue
                    state[key] = 1
                if position < len(uses[key]):
                    stack.append((key, position + 1))
                    used = uses[key][position]
                    if used not in uses:
                        continue
                    if state.get(used) == 1:
                        self._loop([item for item, _ in stack], used)
                    elif used not in state:
                        stack.append((used, 0))
                else:
                    state[key] = 2
                    order.append(key)
        return order

    def _loop(self, path: list[Key], start: Key) -> None:
        loop = path[path.index(start) :]
        self.current = self.definitions[loop[-1]]
        words = " -> ".join(name for _, name in [*loop, start])
        self.problem((), f"These definitions need each other in a circle: {words}. Break it at one of them.")
        self.failed.update(loop)

    # ---------------------------------------------------------------------------------------------------------- types

    def _typed(self, definition: Definition) -> Definition:
        self.entity = definition.entity
        if isinstance(definition, Segment):
            return replace(definition, where=self.condition(definition.where))
        if isinstance(definition, Segmentation):
            return replace(definition, settings=METHODS[definition.method].check(self, definition.settings))
        assert isinstance(definition, Trait)
        typed = definition
        if definition.measure is not None:
            measure = self.measure(definition.measure)
            typed = replace(definition, measure=measure)
            type_ = self.measure_type(measure)
            if measure.aggregate in ("first", "last", "mode") and self._property_format(measure) == "country":
                self.countries.add(definition.name)
            if definition.type not in (None, type_):
                self.problem(("type",), f"This measures {formula.an(type_)}, not {formula.an(definition.type)}.")
        elif definition.way is not None:
            way = WAYS[definition.way]
            typed = replace(definition, settings=way.check(self, definition.settings))
            type_ = way.type(typed.settings)
            if definition.type not in (None, type_):
                self.problem(("type",), f"This estimates {formula.an(type_)}, not {formula.an(definition.type)}.")
        else:
            type_ = self._formula_type(definition)
        self.types[definition.name] = type_
        return replace(typed, type=type_)

    def _formula_type(self, definition: Trait) -> ValueType:
        assert definition.formula is not None
        try:
            type_ = formula.result_type(expression(definition.formula), self.types)
        except formula.FormulaError as error:
            self.problem(("formula",), str(error))
            return "number"
        wanted = definition.type
        if wanted is None or wanted == type_:
            return type_
        if wanted in NUMERIC and type_ in NUMERIC:
            return wanted
        self.problem(("type",), f"The formula gives {formula.an(type_)}, not {formula.an(wanted)}.")
        return type_

    def trait_type(self, name: str) -> ValueType | None:
        """Return the type of a trait that was resolved before; None when its own definition failed."""
        return self.types.get(name)

    def region(self, name: str) -> Area | None:
        """Return the area of a region; None when it is not known or its file has a mistake."""
        return self.vocabulary.regions.get(name)

    def step_property(self, reference: EventRef, at: Path_) -> tuple[EventRef, ValueType] | None:
        return step_property(self, reference, at)

    def condition(self, condition: Condition) -> Condition:
        """Return a condition over customers with typed operands."""
        if isinstance(condition, Group):
            return replace(condition, conditions=tuple(self.condition(item) for item in condition.conditions))
        if isinstance(condition, Not):
            return replace(condition, condition=self.condition(condition.condition))
        if isinstance(condition, TraitLeaf):
            type_ = self.trait_type(condition.trait)
            if type_ is None:
                return condition
            what = f"the trait '{condition.trait}'"
            test = self.test(condition.test, type_, what)
            if condition.trait in self.countries:
                self.country_codes(test, what)
            return replace(condition, test=test)
        if isinstance(condition, EventLeaf):
            return self._event_leaf(condition)
        if isinstance(condition, RankLeaf):
            self._orderable(condition.trait, condition.at)
            return condition
        if isinstance(condition, PercentileLeaf):
            self._orderable(condition.trait, condition.at)
            return replace(condition, test=self.test(condition.test, "number", "the percentile"))
        if isinstance(condition, LabelLeaf):
            self._labels(condition)
        if isinstance(condition, HistoryLeaf):
            return checked_history(condition, self)
        if isinstance(condition, ConsentLeaf) and self.entity == "account":
            message = "Consent is given by customers, and this is asked of accounts; ask it in a segment of customers."
            self.problem(condition.at, message)
        if isinstance(condition, AccountLeaf):
            return self._account_leaf(condition)
        if isinstance(condition, SequenceLeaf):
            return check_sequence(self, condition)
        return condition

    def _account_leaf(self, leaf: AccountLeaf) -> AccountLeaf:
        if self.entity == "account":
            self.problem(leaf.at, "'account' is asked of customers; here accounts are asked already.")
            return leaf
        self.entity = "account"
        try:
            return replace(leaf, condition=self.condition(leaf.condition))
        finally:
            self.entity = "customer"

    def _orderable(self, trait: str, at: Path_) -> None:
        type_ = self.trait_type(trait)
        if type_ is not None and type_ not in (*NUMERIC, "date", "datetime"):
            self.problem(at, f"Only numbers and dates can be ranked; the trait '{trait}' is {formula.an(type_)}.")

    def _labels(self, leaf: LabelLeaf) -> None:
        target = self.definitions.get(("segmentation", leaf.segmentation))
        if not isinstance(target, Segmentation) or ("segmentation", target.name) in self.failed:
            return
        known = METHODS[target.method].labels(target.settings)
        if known is None:
            return
        for label in leaf.labels:
            if label not in known:
                message = f"The segmentation '{leaf.segmentation}' has no label '{label}'; it has {', '.join(known)}."
                self.problem(leaf.at, message, nearest(label, known))

    def _event_leaf(self, leaf: EventLeaf) -> EventLeaf:
        measure = self.measure(leaf.measure)
        if leaf.time_window is not None:
            return replace(leaf, measure=measure)
        type_ = self.measure_type(measure)
        what = f"'{measure.aggregate}' of '{measure.of}'" if measure.of else f"'{measure.aggregate}'"
        return replace(leaf, measure=measure, test=self.test(leaf.test, type_, what))

    # --------------------------------------------------------------------------------------------------------- events

    def property(self, event: str, name: str, at: Path_) -> tuple[str, PropertyInfo] | None:
        """Return a property's own name (aliases resolved) and what is known of it; report it when unknown."""
        info = self.vocabulary.catalog.events.get(event)
        if info is None:
            return None
        own = info.aliases.get(name, name)
        found = info.property(own) or EVENT_COLUMNS.get(own)
        if found is None:
            known = {*info.properties, *info.aliases, *EVENT_COLUMNS}
            self.problem(
                at, f"The event '{event}' has no property '{name}'; it has {_some(known)}.", nearest(name, known)
            )
            return None
        return own, found

    def measure(self, measure: Measure) -> Measure:
        """Return a measure with its properties resolved and its filter typed."""
        of = measure.of
        if of is not None:
            resolved = self.property(measure.event, of, measure.at)
            if resolved is not None:
                of = resolved[0]
                type_ = resolved[1].type
                numeric = measure.aggregate in ("sum", "avg")
                ordered = measure.aggregate in ("min", "max")
                if (numeric and type_ not in NUMERIC) or (ordered and type_ not in (*NUMERIC, "date", "datetime")):
                    needs = "numbers" if numeric else "numbers or dates"
                    self.problem(
                        measure.at, f"'{measure.aggregate}' needs {needs}; the property '{of}' is {formula.an(type_)}."
                    )
                elif type_ in ("list", "location"):
                    self.problem(measure.at, f"'{measure.aggregate}' does not work on {formula.an(type_)} ('{of}').")
        where = None if measure.where is None else self.event_filter(measure.where, measure.event)
        return replace(measure, of=of, where=where)

    def measure_type(self, measure: Measure) -> ValueType:
        """Return the type of what a (resolved) measure gives."""
        if measure.aggregate in COUNTING:
            return "integer"
        if measure.aggregate in ("first_time", "last_time"):
            return "datetime"
        if measure.aggregate == "avg":
            return "number"
        info = self.vocabulary.catalog.events.get(measure.event)
        found = (info.property(measure.of or "") if info else None) or EVENT_COLUMNS.get(measure.of or "")
        return found.type if found else "number"

    def event_filter(self, condition: Condition, event: str) -> Condition:
        """Return a condition on the properties of one event with typed operands."""
        if isinstance(condition, Group):
            return replace(condition, conditions=tuple(self.event_filter(item, event) for item in condition.conditions))
        if isinstance(condition, Not):
            return replace(condition, condition=self.event_filter(condition.condition, event))
        assert isinstance(condition, PropertyTest)
        resolved = self.property(event, condition.property, condition.at)
        if resolved is None:
            return condition
        own, info = resolved
        if info.type in ("list", "location") and condition.test.operator not in PRESENCE:
            self.problem(condition.at, f"A property that is {formula.an(info.type)} cannot be tested here ('{own}').")
            return condition
        if condition.test.operator in NOT_IN_FILTERS:
            message = f"'{condition.test.operator}' is asked of a trait, not of events in 'where'."
            self.problem(condition.test.at, message)
            return condition
        what = f"the property '{condition.property}'"
        test = self.test(condition.test, info.type, what)
        if info.format == "country":
            self.country_codes(test, what)
        return replace(condition, property=own, test=test)

    def _property_format(self, measure: Measure) -> str | None:
        info = self.vocabulary.catalog.events.get(measure.event)
        found = info.property(measure.of or "") if info else None
        return found.format if found else None


def _some(names: Collection[str], most: int = 12) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more
