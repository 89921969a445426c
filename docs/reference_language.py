"""The page of the segment language, from the tables that the reader, the checker and the library work with."""

from __future__ import annotations

import re

from satsuma.language.definitions import METHODS
from satsuma.language.formula import FUNCTIONS
from satsuma.language.learned_traits.estimate import MODELS, QUANTITIES, UNITS
from satsuma.language.learned_traits.estimate import SETTINGS as ESTIMATE_SETTINGS
from satsuma.language.learned_traits.predict import CUTOFFS, HEADS
from satsuma.language.learned_traits.predict import SETTINGS as PREDICT_SETTINGS
from satsuma.language.learned_traits.scale import ANSWERED
from satsuma.language.learned_traits.scale import SETTINGS as SCALE_SETTINGS
from satsuma.language.learned_traits.text import ASKED
from satsuma.language.learned_traits.text import SETTINGS as TEXT_SETTINGS
from satsuma.language.operators import OPERATORS
from satsuma.language.standard_methods import rfm
from satsuma.traits.library import entries

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
            "this", "last", "next", "anniversary",
        ),
    ),
    ("places", ("within_km", "in_polygon", "in_region")),
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
| `{did: Session Started, days_active: {gte: 5}, within: 14d}` | on how many calendar days; `weeks_active`, `months_active`, `quarters_active` and `years_active` likewise |
| `{did: Report Viewed, regularly: {in: 3, of_last: 4, period: week}}` | in at least 3 of the last 4 full weeks |
| `{did: Session Started, stopped: {active: 60d, then_quiet: 30d}}` | that it happened, and then no more |
| `{did: Session Started, restarted: {quiet: 30d, then_active: 7d}}` | that it happened, then not, and now again |
| `{did: Order Completed, first_time: true, within: 30d}` | when it first happened of all times; `last_time` likewise |
| `{not_did: Order Completed, within: 60d}` | that it did not happen |
| `{sequence: {match: last, steps: [{did: Checkout Started, within: 7d}, {not_did: Order Completed, within: 24h}]}}` | events in their order; `match` is `any`, `first` or `last` start |
| `{in_segment: buyers}`, `{not_in_segment: buyers}` | another segment |
| `{segmentation: rfm, is: Champions}` | a label; also `in: [..]`, `not_in: [..]` |
| `{trait: stage, has_been: loyal, for: {gte: 30d}}` | a value (or one of a list) that is there now and was without a break: `gte gt lte lt` |
| `{trait: plan, changed: {from: free, to: pro, within: 30d}}` | a value that became another; each key may be left out |
| `{segmentation: rfm, has_been: Champions, for: {gte: 30d}}` | the same of a label; also `changed` |
| `{entered: trialists, within: 14d}`, `{left: trialists, within: 14d}` | coming into a segment, or out of it |
| `{rank: revenue, top: 20%, among: {segment: buyers}}` | the first or last (`bottom`) n or n %, ties included |
| `{trait: revenue, percentile: {gte: 90}}` | the percentile among those with a value, or `among` a segment |
| `{trait: birthday, anniversary: {in_next: 7d}}` | the yearly return of a date, by `in_next in_last this last next on` |
| `{trait: location, within_km: 25, of: {lat: 48.86, lon: 2.35}}` | a place around another |
| `{trait: location, in_polygon: [[48, 2], [49, 2], [49, 3]]}` | a place in an area, latitude first |
| `{trait: location, in_region: ile_de_france}` | the same with the area in `regions/ile_de_france.geojson` (or `.yaml`) |
| `{consent: email_marketing, is: granted}` | the last decision about a purpose: `granted`, `denied` or `unknown` |
| `{account: {any: {trait: industry, eq: software}}}` | a condition on the accounts of a customer: `any`, `all` or `none` of them |
| `{list: gala_guests}` | an id in `lists/gala_guests.txt` (one a line) or `.csv` (column `customer_id`, or `account_id` for accounts) |
| `{random: {percent: 10, salt: spring_test}}` | a share drawn the same way everywhere, each time |

Windows of events are `within: 90d`, `between: {from: 365d, to: 60d}`, `since: 2024-01-01` and `until: 2024-03-31`, and in
whole periods of the calendar `within: {last_full: 2 months}`, `within: {this: week}` and `within: {on: 2024-03-01}`. A
filter on an event's properties is `where: {prop: channel, in: [web, app]}`, with the same groups and operators. Every
event also has `revenue`, `order_id`, `product_id`, `quantity` and `is_product` (false for postage, fees and adjustments).

A step of a sequence is `did` or `not_did` with a filter and, after the first, `within`, counted from the last step that
was done. `as: cart` names a step, so that a later one can ask `{prop: cart_id, eq: {ref: cart.cart_id}}`.

Options of a leaf on a text: `case: ignore`, `fold: true` (accents). `missing: match` makes a leaf true where the value is
missing.
"""


def language_page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, _operators(), _traits(), _learned(), _scales(), _segmentations(), _library()])


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


def _traits() -> str:
    rows = [f"| `{name}` | {meaning} |" for name, (_, _, meaning) in FUNCTIONS.items()]
    return (
        "## Computed traits\n\nA trait is measured `from:` events, or by a `formula:` over other traits with `+ - * / ( )`, "
        "comparisons, `and`, `or` and these functions. A missing value, a division by zero and what has no finite answer "
        "give a missing value.\n\n| function | gives |\n|---|---|\n" + "\n".join(rows) + "\n"
    )


#: What stands under `estimate`, `predict` and `text`, by the key that begins it or that a setting has.
_LEARNED = (
    ("estimate", "`{p_alive: Order Completed}`", "the probability that the customer will come back at all"),
    ("estimate", "`{expected_orders: Order Completed, horizon: 90d}`", "on how many days of the horizon to expect one"),
    ("estimate", "`{expected_spend: Order Completed, of: revenue}`", "what one day with it is expected to bring"),
    (
        "estimate",
        "`{clv: Order Completed, horizon: 1y, margin: 30%, discount: 10%}`",
        "what the horizon is expected to bring: orders x spend x margin, discounted by year",
    ),
    (
        "estimate",
        "`{retention: Subscription Renewed, contract: 30d}`",
        "the probability that the next contract is renewed",
    ),
    (
        "predict",
        "`{probability_of: {not_did: Order Completed, within: 90d}}`",
        "the probability that it does not happen (`did`: that it does; with `count: {gte: 2}`: so often)",
    ),
    (
        "predict",
        "`{amount_of: {did: Order Completed, sum: {of: revenue}}, horizon: 90d}`",
        "the sum to expect; without `sum` the count",
    ),
    ("text", "`{language: comment}`", "the two letters of the language that a text is in"),
    (
        "text",
        "`{sentiment: comment, rating: stars}`",
        "how it sounds, -1 to 1, learned from ratings; without, by a list of words",
    ),
    ("text", "`{topic: comment, topics: 12}`", "the name of its main topic, by which words come together in all texts"),
)
_LEARNED_SETTINGS = {
    "of": "the property that holds the money; `revenue` when not said",
    "where": "only events whose properties meet a condition count",
    "horizon": "how far ahead",
    "margin": "the share of the money that is kept, such as `30%`; all when not said",
    "discount": "what a year of waiting takes off, such as `10%`; nothing when not said",
    "model": "how purchases are modelled: " + ", ".join(f"`{name}`" for name in MODELS) + "; the first when not said",
    "unit": "the model's unit of time: " + ", ".join(f"`{name}`" for name in UNITS) + "; `week` when not said",
    "contract": "how long a contract runs, where leaving is seen",
    "refit_every": "after how long the kept model is fitted anew, such as `90d`; only when asked when not said",
    "for": "of whom: `{segment: buyers}`, asked at each past moment as well; everybody when not said",
    "traits": "traits to look at; when not said, all loaded ones that are neither sensitive nor personal data",
    "without": "events and traits to leave out",
    "cutoffs": f"past moments to learn from, at most; {CUTOFFS} when not said",
    "every": "time between them; 30 days or the horizon, whichever is shorter, when not said",
    "otherwise": "where no model is worth using: `nothing`, or what the best `rule` (of a text: a list of `words`) says; "
    "`nothing` when not said",
    "rating": "the numeric trait that sentiment is learned from",
    "scale": "the lowest and highest rating, such as `[1, 5]`; those that were given when not said",
    "words": "whose list of words: `own`, or `vader` (the package vaderSentiment, English only); `own` when not said",
    "topics": "how many; as many as samples of the texts agree on when not said",
    "names": "for a proposed name of a topic another one; two topics may have the same",
}


def _learned() -> str:
    shown = {name for _, form, _ in _LEARNED for name in (*QUANTITIES, *HEADS, *ASKED) if f"{{{name}:" in form}
    missing = {*QUANTITIES, *HEADS, *ASKED} - shown
    assert not missing, f"forms without a line on the page: {missing}"
    ways = (("estimate", ESTIMATE_SETTINGS), ("predict", PREDICT_SETTINGS), ("text", TEXT_SETTINGS))
    of = {name: [way for way, keys in ways if name in keys]
          for name in dict.fromkeys(name for _, keys in ways for name in keys)}  # fmt: skip
    rows = [f"| `{way}` | {form} | {meaning} |" for way, form, meaning in _LEARNED]
    settings = [
        f"| `{name}` | {', '.join(f'`{way}`' for way in users)} | {_LEARNED_SETTINGS[name]} |"
        for name, users in of.items()
    ]
    return (
        "## Learned traits\n\nA trait is learned from everybody by `estimate:` (a model of purchases, or of renewals) , "
        "by `predict:` (a model that learned at past moments what came after) or by `text:` (what a customer wrote). Models are kept until `satsuma run --refit`. "
        "What they assume stands in [what customers are worth](../topics/value.md) and [what customers write](../topics/text.md).\n\n"
        "| way | form | gives |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "| setting | of | meaning |\n|---|---|---|\n" + "\n".join(settings) + "\n"
    )


_SCALE_SETTINGS = {
    "items": "traits that hold the answers, loaded or computed, each a number: `[o1, o2, {reverse: o3}]`",
    "questions": "instead of `items`: questions of a loaded survey, of which the last answer counts; in capitals or not, and "
    "`How are you?` is also the column `how_are_you`",
    "survey": "the survey of the questions; any when not said",
    "of": "the lowest and the highest answer: `[1, 5]`; what is outside is missing, and counted",
    "min_answered": f"items that must be answered; {ANSWERED:.0%} of them when not said",
    "score": "`mean` of the answers, or `sum`, which is the mean times the number of items where answers lack; `mean` when "
    "not said",
    "norm": "`none`, `t` (50 is the mean of the respondents, 10 points their standard deviation) or `percentile` (of the "
    "respondents, those below and half of those with the same score); `none` when not said",
    "refit_every": "norms are fitted anew after so long; only when asked when not said",
}


def _scales() -> str:
    assert set(_SCALE_SETTINGS) == set(SCALE_SETTINGS), "settings of scales and lines on the page differ"
    rows = [f"| `{name}` | {_SCALE_SETTINGS[name]} |" for name in SCALE_SETTINGS]
    return (
        "## Scales\n\nA trait makes one score of several answers by `scale:`. It depends on a customer's own answers alone; "
        "with `norm` it is a place among the respondents, who stay the same until `satsuma run --refit`. A reversed item "
        "counts as lowest + highest - answer. What the numbers of `satsuma scale show` mean stands in "
        "[psychographics](../topics/psychographics.md).\n\n"
        "```yaml\ntrait: openness\nscale: {items: [o1, o2, {reverse: o3}], of: [1, 5], min_answered: 2}\n```\n\n"
        "| setting | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"
    )


def _segmentations() -> str:
    rows = []
    for name, method in METHODS.items():
        text = (type(method).__doc__ or "").strip().splitlines()[0]
        settings = ", ".join(f"`{item}`" for item in method.settings)
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
