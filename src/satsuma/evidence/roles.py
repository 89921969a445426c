"""What a trait is to a definition: read by it, made of the same events, or neither.

A group differs on the traits it was made of, whoever made it: a test there is circular. What is related is circular in
part: who ordered five times in 90 days has a high revenue, too. Only a trait that shares neither can test a group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from satsuma.evidence.separation import Role
from satsuma.language.checker import BUILT_IN_TRAITS, ORDER_EVENTS, Checked, Key
from satsuma.language.lineage import lineage

#: What everybody's first event gives; it is made of events whichever they are.
_OF_EVENTS = "first_seen"
#: Events that one row of order data makes: who has one of them has the others, or had.
_OF_ORDERS = frozenset({*ORDER_EVENTS, "Product Purchased", "Product Returned"})


def roles(checked: Checked, definition: Key, traits: Iterable[str]) -> dict[str, Role]:
    """Return what each trait is to a definition, through everything that both read."""
    behind = lineage(checked, *definition)
    return {name: _role(checked, behind, name) for name in traits}


def _role(checked: Checked, behind: frozenset[Key], trait: str) -> Role:
    own = lineage(checked, "trait", trait) | {("trait", trait)}
    shared = own & behind
    if any(kind != "event" for kind, _ in shared):
        return "used"
    read = {name for kind, name in behind if kind == "event"}
    counted = {name for kind, name in own if kind == "event"}
    of_one_row = bool(read & _OF_ORDERS) and bool(counted & _OF_ORDERS)
    is_of_events = trait == _OF_EVENTS and trait in BUILT_IN_TRAITS["customer"]
    return "related" if shared or of_one_row or (is_of_events and read) else "unused"


def every_role(checked: Checked, definitions: Iterable[Key], traits: Iterable[str]) -> Mapping[Key, Mapping[str, Role]]:
    """Return the roles of traits to several definitions, each once."""
    names = list(traits)
    return {key: roles(checked, key, names) for key in dict.fromkeys(definitions)}
