"""The page of the segment language, from the tables that the reader, the checker and the library work with."""

from __future__ import annotations

import re

from satsuma.language.definitions import METHODS
from satsuma.language.formula import FUNCTIONS
from satsuma.language.operators import LATER, OPERATORS
from satsuma.language.reader import LATER_TRAIT_METHODS
from satsuma.language.reading_conditions import LATER_EVENT_WORDS, LATER_LEAVES
from satsuma.language.standard_methods import affinity, bands, cross, lifecycle, rfm, rules
from satsuma.traits.library import entries

#: The settings of each method.
_SETTINGS = {
    "bands": bands.SETTINGS,
    "rules": rules.SETTINGS,
    "rfm": rfm.SETTINGS,
    "lifecycle": lifecycle.SETTINGS,
    "affinity": affinity.SETTINGS,
    "cross": cross.SETTINGS,
}

_FAMILIES = (
    ("equality and order", ("eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "not_between")),
    ("presence", ("is_set", "not_set", "is_empty", "not_empty")),
    (
        "text",
        (
            "contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with", "matches",
            "not_matches", "glob",
        ),
    ),
    ("lists", ("contains_any", "contains_all", "contains_none", "size")),
    ("versions and phones", ("version_lt", "version_lte", "version_gt", "version_gte", "version_eq", "country_code_in")),
    (
        "dates",
        (
            "before", "after", "on", "not_on", "in_last", "in_next", "more_than_ago", "more_than_ahead", "between_ago",
            "this", "last", "next",
        ),
    ),
)  # fmt: skip

_HEAD = """# The segment language

A **trait** maps each customer to a value, a **segment** to yes or no, a **segmentation** to one label. Each is a file in
`traits/`, `segments/` or `segmentations/`, named like the definition. What the words mean exactly stands in
[what a definition means](../topics/meaning.md).

## Conditions

Groups are `all`, `any` and `none` with a list, and `not` with one condition; they nest. A leaf asks one question:

| leaf | asks |
|---|---|
| `{trait: age, between: [25, 44]}` | a trait, by one of the operators below |
| `{trait: billing_country, neq: {trait: shipping_country}}` | one trait against another of the same type |
| `{did: Order Completed, count: {gte: 3}, within: 90d}` | how often it happened; without an aggregate: at least once |
| `{did: Order Completed, sum: {of: revenue, gt: 500}}` | also `avg min max first last mode distinct`, each `of` a property |
| `{did: Session Started, days_active: {gte: 5}, within: 14d}` | on how many calendar days; `months_active` likewise |
| `{did: Order Completed, first_time: true, within: 30d}` | when it first happened of all times; `last_time` likewise |
| `{not_did: Order Completed, within: 60d}` | that it did not happen |
| `{in_segment: buyers}`, `{not_in_segment: buyers}` | another segment |
| `{segmentation: rfm, is: Champions}` | a label; also `in: [..]`, `not_in: [..]` |
| `{rank: revenue, top: 20%, among: {segment: buyers}}` | the first or last (`bottom`) n or n %, ties included |
| `{trait: revenue, percentile: {gte: 90}}` | the percentile among those with a value, or `among` a segment |
| `{list: gala_guests}` | an id in `lists/gala_guests.txt` (one a line) or `.csv` (column `customer_id`) |
| `{random: {percent: 10, salt: spring_test}}` | a share drawn the same way everywhere, each time |

Windows of events are `within: 90d`, `between: {from: 365d, to: 60d}`, `since: 2024-01-01` and `until: 2024-03-31`. A
filter on an event's properties is `where: {prop: channel, in: [web, app]}`, with the same groups and operators. Every
event also has `revenue`, `order_id`, `product_id`, `quantity` and `is_product` (false for postage, fees and adjustments).

Options of a leaf on a text: `case: ignore`, `fold: true` (accents). `missing: match` makes a leaf true where the value is
missing.
"""


def language_page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, _operators(), _later(), _traits(), _segmentations(), _library()])


def _operators() -> str:
    rows = []
    for family, names in _FAMILIES:
        for name in names:
            operator = OPERATORS[name]
            types = "all" if len(operator.types) > 8 else ", ".join(operator.types)
            rows.append(f"| {family} | `{name}` | {operator.words} | {types} |")
    missing = set(OPERATORS) - {name for _, names in _FAMILIES for name in names}
    assert not missing, f"operators without a family on the page: {missing}"
    return (
        "## Operators\n\n| family | operator | says that the value | types |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _later() -> str:
    words = [*LATER_LEAVES, *LATER_EVENT_WORDS, *LATER, *LATER_TRAIT_METHODS]
    named = ", ".join(f"`{word}`" for word in words if word != "ref")
    return (
        "## Part of the language, not run yet\n\n"
        f"These words are known and refused with a sentence until a later version runs them: {named}; calendar windows "
        "(`within: {last_full: 2 months}`) and `entity: account`.\n"
    )


def _traits() -> str:
    rows = [f"| `{name}` | {meaning} |" for name, (_, _, meaning) in FUNCTIONS.items()]
    return (
        "## Computed traits\n\nA trait is measured `from:` events, or by a `formula:` over other traits with `+ - * / ( )`, "
        "comparisons, `and`, `or` and these functions. A missing value, a division by zero and what has no finite answer "
        "give a missing value.\n\n| function | gives |\n|---|---|\n" + "\n".join(rows) + "\n"
    )


def _segmentations() -> str:
    rows = []
    for name, method in METHODS.items():
        text = (type(method).__doc__ or "").strip().splitlines()[0]
        settings = ", ".join(f"`{item}`" for item in _SETTINGS[name])
        rows.append(f"| `{name}` | {text} | {settings} |")
    maps = "".join(f"\n### Map `{preset}`\n\n{_map(preset)}\n" for preset in rfm.PRESETS)
    return (
        "## Segmentations\n\nEverybody has exactly one label. A method that fits something (cut points, shares) keeps its "
        "fit: labels move only with the customers, until `satsuma run --refit`.\n\n"
        "| method | labels | settings |\n|---|---|---|\n" + "\n".join(rows) + "\n" + maps
    )


def _map(preset: str) -> str:
    cells = rfm.preset_map(preset).cells()
    rows = [f"| {label} | {' '.join(found)} |" for label, found in cells.items()]
    return "| label | cells |\n|---|---|\n" + "\n".join(rows)


def _library() -> str:
    rows: dict[str, str] = {}
    for entry in entries():
        facts = dict(re.findall(r"^(trait|title|kind|unit|description): (.+)$", entry, re.MULTILINE))
        if facts:
            name = facts["trait"]
            rows.setdefault(
                name,
                f"| `{name}` | {facts.get('title', '')} | {facts.get('kind', '')} | {facts.get('unit', '')} | "
                f"{facts.get('description', '')} |",
            )
    return (
        "## Built-in traits\n\nOffered as far as the events can feed them; a file of the same name takes the place of one.\n\n"
        "| trait | title | kind | unit | |\n|---|---|---|---|---|\n" + "\n".join(rows.values()) + "\n"
    )
