"""Every kind of mistake is told with its path, line and the nearest known names, all together, and nothing else."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.errors import DefinitionError, Problem
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import ReadDefinitions, check_all, read_folder, read_text
from satsuma.language.places import Area
from satsuma.language.reading_places import ring_of

ZONE = ZoneInfo("Europe/Paris")
CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"), "age": TraitInfo(type="integer"), "vip": TraitInfo(type="boolean"),
        "birthday": TraitInfo(type="date"), "seen": TraitInfo(type="datetime"), "tags": TraitInfo(type="list"),
        "place": TraitInfo(type="location"), "spend": TraitInfo(type="money"),
        "industry": TraitInfo(type="text", entity="account"), "employees": TraitInfo(type="integer", entity="account"),
    },
    events={
        "Order Completed": EventInfo(
            properties={"channel": PropertyInfo(type="text"), "items": PropertyInfo(type="integer"),
                        "tags": PropertyInfo(type="list"), "due": PropertyInfo(type="date")},
        )
    },
)  # fmt: skip

PARIS = ring_of([(48.9, 2.2), (48.9, 2.5), (48.8, 2.5), (48.8, 2.2)])[0]
VOCABULARY = Vocabulary(
    catalog=CATALOG, zone=ZONE, lists=frozenset({"gala_guests"}), purposes=frozenset({"email_marketing"}),
    regions={"paris": Area.of([[PARIS]], "paris"), "broken": None},
)  # fmt: skip


def problems(*texts: str, kind: str = "segment") -> list[Problem]:
    """Return the mistakes in the definitions of some texts; the n-th is the file `segments/sN.yaml`."""
    parts = []
    for number, text in enumerate(texts):
        kind = "trait" if text.startswith("trait") else "segment"
        stem = text.split(":", 1)[1].split()[0]
        parts.append(read_text(text, kind, file=f"{kind}s/{stem or number}.yaml", stem=stem, zone=ZONE))  # type: ignore[arg-type]
    read = ReadDefinitions(
        definitions=tuple(item for part in parts for item in part.definitions),
        documents={name: document for part in parts for name, document in part.documents.items()},
        problems=tuple(problem for part in parts for problem in part.problems),
        broken=tuple(key for part in parts for key in part.broken),
    )
    try:
        check_all(read, VOCABULARY)
    except DefinitionError as error:
        return list(error.details)
    return []


def condition(where: str) -> list[Problem]:
    """Return the mistakes of one condition, which stands on line 3."""
    return problems(f"segment: s\n\nwhere: {where}\n")


def _steps(*later: str, more: str = "match: any") -> str:
    """Return a sequence whose first step is named `cart`."""
    return f"{{sequence: {{{more}, steps: [{{did: Order Completed, as: cart}}, {', '.join(later)}]}}}}"


def _referring(test: str) -> str:
    """Return a sequence in which the step `mine` tests its channel; `gone` is before it, `after` comes after it."""
    gone, after = "{not_did: Order Completed, within: 1h, as: gone}", "{did: Order Completed, as: after}"
    return _steps(gone, f"{{did: Order Completed, as: mine, where: {{prop: channel, {test}}}}}", after)


# (condition, what its message says, nearest names)
MISTAKES: list[tuple[str, str, tuple[str, ...]]] = [
    # names
    ("{trait: countri, eq: FR}", "There is no trait 'countri'; see satsuma trait list.", ("country",)),
    ("{trait: Country, eq: FR}", "There is no trait 'Country'", ("country",)),
    ("{did: Order Complete}", "There is no event 'Order Complete'; see catalog.yaml.", ("Order Completed",)),
    ("{in_segment: nowhere}", "There is no segment 'nowhere'", ()),
    ("{list: gala_guest}", "There is no list 'gala_guest'", ("gala_guests",)),
    ("{segmentation: rfm, is: Champions}", "There is no segmentation 'rfm'", ()),
    ("{rank: agee, top: 10}", "There is no trait 'agee'", ("age",)),
    ("{rank: age, top: 10, among: {segment: buyers}}", "There is no segment 'buyers'", ()),
    ("{trait: age, eq: {trait: agge}}", "There is no trait 'agge'", ("age",)),
    ("{did: Order Completed, where: {prop: shannel, eq: web}}", "has no property 'shannel'", ("channel",)),
    ("{did: Order Completed, sum: {of: revenu, gt: 1}}", "has no property 'revenu'", ("revenue",)),
    # operators and their operands
    ("{trait: country, equals: FR}", "'equals' is not known in a condition on a trait", ()),
    ("{trait: country, contain: FR}", "'contain' is not known", ("contains", "not_contains", "contains_any")),
    ("{trait: country}", "needs exactly one operator; this has none", ()),
    ("{trait: country, eq: FR, neq: BE}", "needs exactly one operator; this has eq and neq", ()),
    ("{trait: country, eq: [FR]}", "'eq' takes one value; for several values use 'in'", ()),
    ("{trait: country, eq: }", "'eq' takes one value. To ask for absence use 'not_set: true'.", ()),
    ("{trait: country, in: FR}", "'in' takes a list of values", ()),
    ("{trait: country, in: []}", "'in' takes a list of values", ()),
    ("{trait: country, in: [FR, [BE]]}", "one of them is empty or nested", ()),
    ("{trait: country, not_set: false}", "'not_set' is written 'not_set: true'", ()),
    ("{trait: country, eq: FR, case: both}", "'both' is not a case; one of ignore", ()),
    ("{trait: country, eq: FR, fold: 1}", "'fold' is true or false", ()),
    ("{trait: country, eq: FR, missing: matches}", "'matches' is not a missing; one of match", ("match",)),
    ("{trait: country, is_set: true, missing: match}", "looks at absence itself", ()),
    ("{trait: country, gt: FR}", "'gt' does not work on the trait 'country', which is a text", ()),
    ("{trait: place, eq: x}", "for a location there are is_set, not_set, within_km, in_polygon, in_region", ()),
    ("{trait: tags, eq: x}", "which is a list; for a list there are", ()),
    ("{trait: age, contains: 3}", "'contains' does not work on the trait 'age'", ()),
    ("{trait: age, gt: '5'}", "'5' is not a number", ()),
    ("{trait: age, gt: five}", "'five' is not a number", ()),
    ("{trait: age, gt: .nan}", "'.nan' is not a number", ()),
    ("{trait: age, gt: 1e999}", "is not a number", ()),
    ("{trait: age, eq: true}", "'true' is not a number", ()),
    ("{trait: age, eq: 30, case: ignore}", "'case' and 'fold' are for texts", ()),
    ("{trait: vip, eq: yes}", "write true or false, not 'yes'", ()),
    ("{trait: birthday, before: 1990-02-30}", "'1990-02-30' is not a date", ()),
    ("{trait: birthday, before: 1990-02-03T10:00:00}", "is not a date", ()),
    ("{trait: birthday, in_last: 36h}", "counted in whole days", ()),
    ("{trait: birthday, in_last: 3 months}", "needs a duration such as 24h, 90d, 2w or 1y", ()),
    ("{trait: birthday, in_last: {last_full: 2 months}}", "needs a duration such as 24h, 90d, 2w or 1y", ()),
    ("{trait: birthday, this: fortnight}", "takes one of day, week, month, quarter, year", ()),
    ("{trait: birthday, between_ago: 30d}", "is written {from: 365d, to: 60d}", ()),
    ("{trait: birthday, between_ago: {from: 7d, to: 30d}}", "'from' must be longer ago than 'to'", ()),
    ("{trait: seen, before: tomorrow}", "is not a date (2024-03-01) or a time", ()),
    ("{trait: age, between: [30, 20]}", "The first value of the range is above the second", ()),
    ("{trait: age, between: [30]}", "'between' needs two values", ()),
    ("{trait: age, between: 30}", "'between' needs two values", ()),
    ("{trait: age, eq: {trait: country}}", "is an integer and 'country' is a text: they cannot be compared", ()),
    ("{trait: country, matches: {trait: country}}", "'matches' takes a value, not another trait", ()),
    ("{trait: country, matches: '('}", "This regular expression cannot be used", ()),
    ("{trait: country, matches: '(?=a)'}", "look-ahead and look-behind are not in the common subset", ()),
    ("{trait: country, matches: '(a)\\1'}", "back-references are not in the common subset", ()),
    ("{trait: country, version_lt: new}", "'new' is not a version such as 3.2.0", ()),
    ("{trait: country, country_code_in: [FR]}", "A calling code is a number such as 33", ()),
    ("{trait: tags, size: many}", "'size' takes a whole number", ()),
    ("{trait: tags, size: {neq: 2}}", "'size' takes a whole number", ()),
    ("{trait: tags, size: true}", "'size' takes a whole number", ()),
    # anniversaries
    ("{trait: birthday, anniversary: 7d}", "'anniversary' takes exactly one of in_next, in_last, this, last", ()),
    ("{trait: birthday, anniversary: {}}", "'anniversary' takes exactly one of in_next, in_last, this, last", ()),
    ("{trait: birthday, anniversary: {in_next: 7d, this: month}}", "takes exactly one of in_next", ()),
    ("{trait: birthday, anniversary: {in_nex: 7d}}", "'in_nex' is not known of an anniversary", ("in_next", "next")),
    ("{trait: birthday, anniversary: {in_next: 36h}}", "counted in whole days", ()),
    ("{trait: birthday, anniversary: {on: {trait: seen}}}", "'on' of an anniversary takes a plain value", ()),
    ("{trait: birthday, anniversary: {on: 2024-02-30}}", "'2024-02-30' is not a date (2024-03-01)", ()),
    ("{trait: age, anniversary: {in_next: 7d}}", "'anniversary' does not work on the trait 'age'", ()),
    ("{did: Order Completed, where: {prop: due, anniversary: {in_next: 7d}}}", "is asked of a trait, not", ()),
    # places
    ("{trait: place, within_km: 25}", "needs the place it is counted from: 'of: {lat: 48.86, lon: 2.35}'", ()),
    ("{trait: place, within_km: 25, of: {lat: 48.86}}", "needs the place it is counted from", ()),
    ("{trait: place, within_km: 25, of: {lat: 98, lon: 2}}", "A place has a latitude from -90 to 90", ()),
    ("{trait: place, within_km: 25, of: {lat: 48, lon: '2'}}", "A place has a latitude from -90 to 90", ()),
    ("{trait: place, within_km: -1, of: {lat: 48, lon: 2}}", "'within_km' takes a number of kilometres: 25", ()),
    ("{trait: place, within_km: .nan, of: {lat: 48, lon: 2}}", "'within_km' takes a number of kilometres: 25", ()),
    ("{trait: age, within_km: 25, of: {lat: 48, lon: 2}}", "'within_km' does not work on the trait 'age'", ()),
    ("{trait: place, is_set: true, of: {lat: 48, lon: 2}}", "'of' is not known in a condition on a trait", ()),
    ("{trait: place, in_polygon: paris}", "A polygon is a list of corners", ()),
    ("{trait: place, in_polygon: [[48, 2], [49, 2], [48, 2]]}", "needs at least 3 different corners", ()),
    ("{trait: place, in_polygon: [[48, 2], [49, 2], [48, 200]]}", "a longitude from -180 to 180", ()),
    ("{trait: place, in_polygon: [[0, 170], [0, -170], [9, 170]]}", "spans more than 180 degrees of longitude", ()),
    ("{trait: place, in_region: pari}", "There is no region 'pari'; see the folder regions/.", ("paris",)),
    ("{trait: place, in_region: [paris]}", "needs the name of a file in the folder regions/", ()),
    ("{trait: country, in_region: paris}", "'in_region' does not work on the trait 'country'", ()),
    # the past
    ("{trait: country, has_been: FR}", "'has_been' needs 'for: {gte: 30d}', how long, compared by one of gte", ()),
    ("{trait: country, has_been: FR, for: 30d}", "'has_been' needs 'for: {gte: 30d}'", ()),
    ("{trait: country, has_been: FR, for: {about: 30d}}", "'has_been' needs 'for: {gte: 30d}'", ()),
    ("{trait: country, has_been: FR, for: {gte: 1d, lt: 3d}}", "'has_been' needs 'for: {gte: 30d}'", ()),
    ("{trait: country, has_been: FR, for: {gte: 30}}", "'gte' needs a duration such as 24h", ()),
    ("{trait: country, has_been: FR, for: {gt: 0d}}", "'gt' needs a length above 0", ()),
    ("{trait: country, has_been: [], for: {gte: 3d}}", "'has_been' takes one value, or a list of values", ()),
    ("{trait: country, has_been: {trait: age}, for: {gte: 3d}}", "'has_been' takes one value, or a list", ()),
    ("{trait: country, has_been: FR, eq: FR, for: {gte: 3d}}", "'eq' is not known in a condition with 'has_been'", ()),
    ("{trait: countri, has_been: FR, for: {gte: 3d}}", "There is no trait 'countri'", ("country",)),
    ("{trait: country, has_ben: FR}", "'has_ben' is not known in a condition on a trait", ("has_been",)),
    ("{trait: age, has_been: old, for: {gte: 3d}}", "'old' is not a number", ()),
    ("{trait: age, has_been: [3, old], for: {gte: 3d}}", "'old' is not a number", ()),
    ("{trait: tags, has_been: x, for: {gte: 3d}}", "does not work on the trait 'tags', which is a list", ()),
    ("{trait: age, has_been: 3, for: {gte: 3d}, case: ignore}", "'case' and 'fold' are for texts", ()),
    ("{trait: country, changed: 30d}", "'changed' is written {from: one value, to: another, within: 30d}", ()),
    ("{trait: country, changed: {from: [FR]}}", "'from' takes one value. 'changed' is written", ()),
    ("{trait: country, changed: {form: FR}}", "'form' is not known in 'changed'; allowed: from, to, within", ("from",)),
    ("{trait: country, changed: {}, within: 3d}", "'within' is not known in a condition with 'changed'", ()),
    ("{trait: country, changed: {within: 0d}}", "'within' needs a length above 0", ()),
    ("{trait: age, changed: {to: old}}", "'old' is not a number", ()),
    ("{trait: place, changed: {to: x}}", "does not work on the trait 'place', which is a location", ()),
    ("{trait: industry, changed: {within: 3d}}", "The trait 'industry' is of accounts", ()),
    ("{entered: buyers, within: 3d}", "There is no segment 'buyers'; see satsuma segment list.", ()),
    ("{entered: buyers}", "'entered' needs 'within', since when: {entered: its_name, within: 14d}", ()),
    ("{left: buyers, for: 3d, within: 3d}", "'for' is not known in a condition with 'left'", ()),
    ("{entered: buyers, left: buyers, within: 3d}", "One condition holds one of entered and left, not both", ()),
    ("{left: buyers, within: 36h}", "ask for whole days, such as 2d, not for 36h", ()),
    ("{left: buyers, within: 401d}", "looked at for at most 400 days: ask for no more than that", ()),
    ("{segmentation: rfm, has_been: Champions, for: {gte: 3d}}", "There is no segmentation 'rfm'", ()),
    ("{segmentation: rfm, has_been: A, for: {gte: 3d}, missing: match}", "'missing' is not known in a condition", ()),
    ("{segmentation: rfm, was: Champions}", "'was' is not known in a condition on a segmentation", ()),
    # events
    ("{did: Order Completed, count: 3}", "'count' takes a comparison: {gte: 3}", ()),
    ("{did: Order Completed, count: {gte: 3}, sum: {of: revenue, gt: 1}}", "has one of count and sum", ()),
    ("{did: Order Completed, sum: {gt: 1}}", "'sum' needs 'of:', the property", ()),
    ("{did: Order Completed, sum: {of: channel, gt: 1}}", "'sum' needs numbers; the property 'channel' is a text", ()),
    ("{did: Order Completed, max: {of: channel, eq: x}}", "'max' needs numbers or dates", ()),
    ("{did: Order Completed, mode: {of: tags, is_set: true}}", "'mode' does not work on a list", ()),
    ("{did: Order Completed, sum: {of: revenue}}", "needs exactly one operator; this has none", ()),
    ("{did: Order Completed, sum: {of: revenue, gt: {trait: spend}}}", "compared with a value, not with a trait", ()),
    ("{did: Order Completed, first_time: yes}", "is written 'first_time: true'", ()),
    ("{did: Order Completed, within: 0d}", "'within' needs a length above 0", ()),
    ("{did: Order Completed, within: soon}", "'within' needs a duration", ()),
    ("{did: Order Completed, within: 9d, between: {from: 9d}}", "has 'within' or 'between', not both", ()),
    ("{did: Order Completed, between: {from: 1d, to: 9d}}", "'from' must be longer ago than 'to'", ()),
    ("{did: Order Completed, between: {since: 1d}}", "is written {from: 365d, to: 60d}", ()),
    ("{did: Order Completed, since: 2024}", "'since' needs a date", ()),
    ("{did: Order Completed, since: 2024-02-01, until: 2024-01-31}", "'until' must come after 'since'", ()),
    ("{did: Order Completed, withen: 9d}", "'withen' is not known in a condition with 'did'", ("within",)),
    (
        "{not_did: Order Completed, count: {gte: 1}}",
        "'count' is not known in a condition with 'not_did'",
        (),
    ),
    ("{did: Order Completed, within: {last_full: 2 moons}}", "takes one of day, week, month, quarter, year", ()),
    ("{did: Order Completed, within: {last_full: 0 months}}", "or 1 to 1,000 of them: 2 months", ()),
    ("{did: Order Completed, within: {last_full: 2}}", "'last_full' takes one of day, week, month", ()),
    ("{did: Order Completed, within: {this: wek}}", "'this' takes one of day, week, month, quarter, year", ("week",)),
    ("{did: Order Completed, within: {on: 2024-02-30}}", "'on' needs a date (2024-03-01)", ()),
    ("{did: Order Completed, within: {}}", "or one of {last_full: 2 months}, {this: week} or {on: 2024-03-01}", ()),
    ("{did: Order Completed, within: {this: week, last_full: week}}", "takes a duration such as 24h", ()),
    ("{did: Order Completed, within: {that: week}}", "'that' is not known in 'within'; allowed: last_full, this", ()),
    ("{did: Order Completed, within: {on: 2024-03-01}, since: 2024-01-01}", "is one day; it takes no 'since'", ()),
    ("{did: Order Completed, within: {this: week}, between: {from: 9d}}", "has 'within' or 'between', not both", ()),
    ("{did: Order Completed, between: {last_full: week}}", "is written {from: 365d, to: 60d}", ()),
    ("{did: Order Completed, where: {channel: web}}", "a condition begins with 'prop'", ()),
    ("{did: Order Completed, where: {prop: channel, eq: {trait: country}}}", "with a value, not with a trait", ()),
    ("{did: Order Completed, where: {prop: tags, contains_any: [x]}}", "a list cannot be tested here", ()),
    # habits
    ("{did: Order Completed, regularly: 3}", "'regularly' must be written as 'key: value' lines", ()),
    ("{did: Order Completed, regularly: {in: 3}}", "'regularly' needs 'period:', one of day, week", ()),
    ("{did: Order Completed, regularly: {in: 3, period: week}}", "'of_last' must be a whole number from 1 to 1000", ()),
    ("{did: Order Completed, regularly: {in: 5, of_last: 4, period: week}}", "whole number from 1 to 4", ()),
    ("{did: Order Completed, regularly: {in: 0, of_last: 4, period: week}}", "whole number from 1 to 4", ()),
    ("{did: Order Completed, regularly: {in: 3, of_last: 4, period: wek}}", "'wek' is not a period", ("week",)),
    ("{did: Order Completed, regularly: {in: 3, of: 4, period: week}}", "'of' is not known in 'regularly'", ()),
    ("{did: Order Completed, regularly: {in: 1, of_last: 2, period: day}, within: 9d}", "'within' is not known", ()),
    ("{not_did: Order Completed, regularly: {in: 1, of_last: 2, period: day}}", "'regularly' is not known in a", ()),
    ("{did: Order Completed, stopped: {active: 60d}}", "'then_quiet' of 'stopped' needs a duration", ()),
    ("{did: Order Completed, stopped: {active: 0d, then_quiet: 30d}}", "'active' of 'stopped' needs a length", ()),
    ("{did: Order Completed, restarted: {active: 7d}}", "'active' is not known in 'restarted'; allowed: quiet", ()),
    ("{did: Order Completed, stopped: {active: 6d, then_quiet: 3d}, since: 2024-01-01}", "'since' is not known", ()),
    ("{did: Order Complete, stopped: {active: 6}}", "There is no event 'Order Complete'", ("Order Completed",)),
    (
        "{did: Order Completed, stopped: {active: 6d, then_quiet: 3d}, where: {prop: shannel, eq: x}}",
        "has no property 'shannel'",
        ("channel",),
    ),
    # groups and leaves
    ("{all: []}", "'all' needs a list of conditions", ()),
    ("{any: {trait: age, eq: 1}}", "'any' needs a list of conditions", ()),
    ("{not: [x]}", "A condition must be written as 'key: value' lines", ()),
    ("{all: [{trait: age, eq: 1}], any: [{trait: age, eq: 2}]}", "'all' stands alone in its condition", ()),
    ("{trait: age, did: Order Completed}", "One condition holds one of trait and did, not both", ()),
    ("{al: [{trait: age, eq: 1}]}", "this one has none of them", ("all",)),
    ("{}", "A condition begins with one of trait, did", ()),
    ("x", "A condition must be written as 'key: value' lines", ()),
    ("{sequence: {}}", "'sequence' is written {match: last, steps: [{did: Checkout Started}", ()),
    (
        "{consent: email_marketng, is: granted}",
        "There is no purpose 'email_marketng'; see 'purposes' in satsuma.yaml.",
        ("email_marketing",),
    ),
    ("{consent: email_marketing}", "needs 'is:', one of granted, denied, unknown", ()),
    ("{consent: email_marketing, is: given}", "A condition on a consent needs 'is:', one of granted", ()),
    ("{consent: email_marketing, is: denied, missing: match}", "'missing' is not known in a condition on", ()),
    # accounts
    ("{account: {trait: industry, eq: x}}", "'account' takes one of any, all, none with a condition on accounts", ()),
    ("{account: {any: {trait: age, gt: 1}}}", "The trait 'age' is of customers, and this is asked of accounts.", ()),
    ("{trait: industry, eq: x}", "The trait 'industry' is of accounts, and this is asked of customers: ask it of", ()),
    ("{account: {any: {rank: age, top: 5}}}", "The trait 'age' is of customers, and this is asked of accounts.", ()),
    ("{account: {any: {account: {any: {trait: industry, eq: x}}}}}", "here accounts are asked already", ()),
    ("{account: {any: {consent: email_marketing, is: granted}}}", "Consent is given by customers, and this is", ()),
    ("{account: {any: {trait: industri, eq: x}}}", "There is no trait 'industri'", ("industry",)),
    ("{account: {any: {trait: employees, gt: many}}}", "The trait 'employees' is an integer: 'many' is not", ()),
    ("{account: {any: {trait: industry, eq: {trait: country}}}}", "The trait 'country' is of customers", ()),
    ("{account: {any: {trait: customer_id, eq: x}}}", "The trait 'customer_id' is of customers", ()),
    ("{trait: account_id, eq: x}", "The trait 'account_id' is of accounts", ()),
    ("{rank: age}", "A rank needs one of 'top: 20%'", ()),
    ("{rank: age, top: 0}", "'top' takes a whole number above 0", ()),
    ("{rank: age, top: 120%}", "A percentage is a number above 0 and up to 100", ()),
    ("{rank: age, top: 5, ties: half}", "'half' is not a ties; one of include, exclude", ()),
    ("{rank: age, top: 5, among: buyers}", "'among' is written {segment: its_name}", ()),
    ("{rank: country, top: 5}", "Only numbers and dates can be ranked; the trait 'country' is a text", ()),
    ("{trait: age, percentile: 90}", "A percentile must be written as 'key: value' lines", ()),
    ("{trait: age, percentile: {gte: {trait: spend}}}", "compared with a number, not with a trait", ()),
    ("{trait: tags, percentile: {gte: 9}}", "Only numbers and dates can be ranked", ()),
    ("{random: 10}", "A random share must be written as 'key: value' lines", ()),
    ("{random: {percent: 10}}", "needs 'salt:'", ()),
    ("{random: {percent: 0, salt: x}}", "A percentage is a number above 0", ()),
    ("{segmentation: rfm}", "needs one of 'is: label'", ()),
    ("{segmentation: rfm, in: x}", "takes a list of labels", ()),
    # sequences
    ("{sequence: [{did: Order Completed}]}", "'sequence' is written {match: last, steps:", ()),
    ("{sequence: {steps: [{did: Order Completed}]}}", "A sequence has 2 to 20 steps; this one has 1.", ()),
    (f"{{sequence: {{steps: [{', '.join(['{did: Order Completed}'] * 21)}]}}}}", "this one has 21", ()),
    (_steps("{did: Order Completed}", more="match: lst"), "'lst' is not a match; one of any, first, last", ("last",)),
    (_steps("{did: Order Completed}", more="within: 7d"), "'within' is not known in a sequence", ()),
    (_steps("{did: Order Complete}"), "There is no event 'Order Complete'", ("Order Completed",)),
    (_steps("Order Completed"), "A step must be written as 'key: value' lines", ()),
    (_steps("{within: 7d}"), "A step needs one of 'did' and 'not_did', the event's name; this one has none", ()),
    (_steps("{did: Order Completed, not_did: Order Completed}"), "this one has both", ()),
    (_steps("{did: }"), "'did' needs a name", ()),
    (_steps("{did: Order Completed, since: 2024-01-01}"), "'since' is not known in a step after the first", ()),
    (_steps("{did: Order Completed, withn: 7d}"), "'withn' is not known in a step after the first", ("within",)),
    (_steps("{did: Order Completed, within: {this: week}}"), "after the first needs a duration such as 24h", ()),
    (_steps("{did: Order Completed, within: 0h}"), "'within' needs a length above 0", ()),
    (_steps("{did: Order Completed, count: {gte: 2}}"), "'count' is not known in a step after the first", ()),
    (_steps("{did: Order Completed, as: Cart}"), "'as' names a step: lower-case letters", ()),
    (_steps("{did: Order Completed, as: 7}"), "'as' names a step: lower-case letters", ()),
    (_steps("{did: Order Completed, as: cart}"), "Two steps are named 'cart'; give each its own name", ()),
    (
        "{sequence: {steps: [{not_did: Order Completed, within: 1d}, {did: Order Completed}]}}",
        "A sequence begins with a step that was done: 'did', not 'not_did'",
        (),
    ),
    ("{sequence: {steps: [{did: Order Completed, within: soon}, {did: Order Completed}]}}", "needs a duration", ()),
    (
        "{sequence: {steps: [{did: Order Completed, wihtin: 7d}, {did: Order Completed}]}}",
        "'wihtin' is not known in the first step of a sequence",
        ("within",),
    ),
    (
        _steps("{not_did: Order Completed}", "{did: Order Completed}"),
        "A 'not_did' step needs 'within', as the next",
        (),
    ),
    (
        _steps("{not_did: Order Completed, within: 24h}", "{did: Order Completed, within: 1d}"),
        "comes after the 1 day of 'not_did' before it",
        (),
    ),
    (
        _steps(
            "{not_did: Order Completed, within: 9d}",
            "{not_did: Order Completed, within: 1d}",
            "{did: Order Completed, within: 8d}",
        ),
        "Give it more than 9 days",
        (),
    ),
    (_steps("{did: Order Completed, where: {trait: age, eq: 1}}"), "a condition begins with 'prop'", ()),
    (_steps("{did: Order Completed, where: {prop: shannel, eq: web}}"), "has no property 'shannel'", ("channel",)),
    (_steps("{did: Order Completed, where: {prop: channel, eq: {trait: country}}}"), "not with a trait", ()),
    # references to earlier steps
    (_referring("eq: {ref: cart}"), "'ref' is written {ref: step.property}", ()),
    (_referring("eq: {ref: cart.}"), "'ref' is written {ref: step.property}", ()),
    (_referring("eq: {ref: [cart, channel]}"), "'ref' is written {ref: step.property}", ()),
    (
        _referring("eq: {ref: card.channel}"),
        "There is no step 'card' before this one; these can be referred to: cart.",
        ("cart",),
    ),
    (
        _referring("eq: {ref: mine.channel}"),
        "The step 'mine' cannot refer to itself; these can be referred to: cart",
        (),
    ),
    (
        _referring("eq: {ref: after.channel}"),
        "The step 'after' comes after this one; these can be referred to: cart",
        (),
    ),
    (_referring("eq: {ref: gone.channel}"), "The step 'gone' is one that did not come, so it has no properties", ()),
    (_referring("eq: {ref: cart.shannel}"), "The event 'Order Completed' has no property 'shannel'", ("channel",)),
    (_referring("eq: {ref: cart.items}"), "is a text and 'cart.items' is an integer: they cannot be compared", ()),
    (_referring("eq: {ref: cart.tags}"), "is a text and 'cart.tags' is a list: they cannot be compared", ()),
    (_referring("gt: {ref: cart.channel}"), "'gt' does not work on the property 'channel'", ()),
    (_referring("matches: {ref: cart.channel}"), "'matches' takes a value, not a property of an earlier step", ()),
    (_referring("in: [{ref: cart.channel}]"), "'in' takes a list of plain values", ()),
    (
        _steps("{did: Order Completed}").replace(
            "as: cart", "as: cart, where: {prop: channel, eq: {ref: cart.channel}}"
        ),
        "The step 'cart' cannot refer to itself; no step before this one has a name",
        (),
    ),
    (
        "{did: Order Completed, where: {prop: channel, eq: {ref: cart.channel}}}",
        "'ref' names a property of an earlier step, in the 'where' of a step of a 'sequence'",
        (),
    ),
    ("{trait: country, eq: {ref: cart.channel}}", "'ref' names a property of an earlier step", ()),
]


@pytest.mark.parametrize(("where", "message", "near"), MISTAKES, ids=[where for where, _, _ in MISTAKES])
def test_a_mistake_says_what_is_wrong_where_and_what_was_meant(where: str, message: str, near: tuple[str, ...]) -> None:
    found = condition(where)
    assert found, "the mistake was not noticed"
    matching = [problem for problem in found if message in problem.message]
    assert matching, [str(problem) for problem in found]
    assert (matching[0].path, matching[0].line) == ("segments/s.yaml", 3)
    if near:
        assert matching[0].nearest == near


def test_all_mistakes_of_all_files_come_together_in_their_order() -> None:
    found = problems(
        "segment: b\nwhere:\n  all:\n    - {trait: countri, eq: FR}\n    - {trait: age, gt: old}\n    - {did: Ordr}\n",
        "segment: a\nwhere: {trait: age, equals: 1}\n",
    )
    assert [(problem.path, problem.line) for problem in found] == [
        ("segments/a.yaml", 2), ("segments/b.yaml", 4), ("segments/b.yaml", 5), ("segments/b.yaml", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("segment: Big\nwhere: {trait: age, eq: 1}", "must be lower-case letters, digits and _"),
        ("segment: s\ntitel: x\nwhere: {trait: age, eq: 1}", "'titel' is not known in a segment"),
        ("segment: s", "A segment needs 'where:'"),
        ("segment: s\nentity: account\nwhere: {trait: age, eq: 1}", "The trait 'age' is of customers, and this is"),
        ("segment: s\nentity: account\nwhere: {account: {any: {trait: industry, eq: x}}}", "here accounts are asked"),
        ("segment: s\nentity: account\nwhere: {consent: email_marketing, is: granted}", "Consent is given by"),
        ("trait: s\nentity: account\nformula: employees * age", "The trait 'age' is of customers, and this is asked"),
        ("trait: s\nformula: employees * 2", "The trait 'employees' is of accounts, and this is asked of customers"),
        ("segment: s\nentity: person\nwhere: {trait: age, eq: 1}", "'person' is not a entity"),
        ("segment: s\nsegment: s\n", "The key 'segment' stands here twice"),
        ("segment: s\nwhere: [", "This is not valid YAML"),
        ("segment: s\n---\nsegment: t", "One document is expected here, not several"),
        ("trait: s", "A trait needs exactly one of 'from:'"),
        ("trait: s\nformula: age\nfrom: {did: Order Completed}", "A trait needs exactly one of 'from:'"),
        ("trait: s\nscale: {items: []}", "'items' is a list: [o1, o2, {reverse: o3}]."),
        ("trait: s\nfrom: {did: Order Completed, count: {gte: 3}}", "A trait measures; it compares with nothing"),
        ("trait: s\nfrom: {not_did: Order Completed}", "'from' begins with 'did: the event's name'"),
        ("trait: s\ntype: text\nfrom: {did: Order Completed}", "This measures an integer, not a text"),
        ("trait: s\nkind: odd\nformula: age", "'odd' is not a kind"),
        ("trait: s\nformula: ''", "The formula is empty"),
        ("trait: s\nformula: agge + 1", "There is no trait 'agge'"),
        ("trait: s\nformula: country + 1", "'+' works on numbers; one of its values is a text"),
        ("trait: s\ntype: date\nformula: age + 1", "The formula gives an integer, not a date"),
        ("trait: age\nformula: spend", "'age' is already a loaded trait of the catalogue"),
    ],
)  # fmt: skip
def test_a_definition_that_is_none_is_refused(text: str, message: str) -> None:
    found = problems(text)
    assert message in " ".join(problem.message for problem in found), [str(problem) for problem in found]


def test_a_name_unlike_the_files_is_refused() -> None:
    read = read_text(
        "segment: other\nwhere: {trait: age, eq: 1}", "segment", file="segments/s.yaml", stem="s", zone=ZONE
    )
    assert "unlike the file's ('s')" in read.problems[0].message


def test_a_trait_in_the_folder_of_segments_is_told_to_move() -> None:
    read = read_text("trait: s\nformula: age", "segment", file="segments/s.yaml", stem="s", zone=ZONE)
    assert "this is a trait, which belongs in another folder" in read.problems[0].message


def test_a_circle_is_printed_with_its_members() -> None:
    (found,) = problems(
        "segment: one\nwhere: {in_segment: two}",
        "segment: two\nwhere: {not: {in_segment: three}}",
        "segment: three\nwhere: {rank: age, top: 5, among: {segment: one}}",
    )
    assert "These definitions need each other in a circle: one -> two -> three -> one." in found.message


def test_a_circle_through_traits_is_found() -> None:
    (found,) = problems("trait: a\nformula: b + 1", "trait: b\nformula: a * 2")
    assert "a -> b -> a" in found.message


def test_a_segment_of_itself_is_a_circle() -> None:
    (found,) = problems("segment: me\nwhere: {not_in_segment: me}")
    assert "me -> me" in found.message


def test_who_uses_a_broken_definition_is_not_blamed() -> None:
    found = problems("segment: a\nwhere: {in_segment: b}", "segment: b\nwhere: [broken")
    assert [problem.path for problem in found] == ["segments/b.yaml"]


def test_conditions_nest_thirty_levels_and_no_deeper() -> None:
    def nested(levels: int) -> str:
        return "segment: s\nwhere: " + "{not: " * levels + "{trait: age, eq: 1}" + "}" * levels

    assert problems(nested(30)) == []
    assert any("nest" in problem.message for problem in problems(nested(90)))


def test_an_alias_of_a_property_is_resolved_to_its_own_name() -> None:
    catalog = Catalog(
        events={
            "Order Completed": EventInfo(
                properties={"channel": PropertyInfo(type="text")}, aliases={"Vertriebsweg": "channel"}
            )
        }
    )
    texts = [
        f"segment: {name}\nwhere: {{did: Order Completed, where: {{prop: {prop}, eq: web}}}}"
        for name, prop in (("a", "channel"), ("b", "Vertriebsweg"))
    ]
    parts = [read_text(text, "segment", file=f"{text[9]}", stem=text[9], zone=ZONE) for text in texts]
    read = ReadDefinitions(
        definitions=tuple(item for part in parts for item in part.definitions), documents={}, problems=()
    )
    first, second = check_all(read, Vocabulary(catalog=catalog)).ordered
    assert first.where == second.where  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", ["{trait: home, eq: France}", "{trait: home, not_in: [FR, Belgium]}"])
def test_a_country_that_is_written_out_is_not_silently_nobodys(where: str) -> None:
    catalog = Catalog(traits={"home": TraitInfo(type="text", format="country")})
    read = read_text(f"segment: s\nwhere: {where}\n", "segment", file="segments/s.yaml", stem="s", zone=ZONE)
    with pytest.raises(DefinitionError, match="by their two letters"):
        check_all(read, Vocabulary(catalog=catalog, zone=ZONE))


def test_hidden_files_are_no_definitions_and_one_name_has_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    folder.mkdir()
    for name in ("s.yaml", "s.yml", "._s.yaml", "notes.txt"):
        (folder / name).write_text("segment: s\nwhere: {did: Order Completed}\n", encoding="utf-8")
    (folder / "folder.yaml").mkdir()
    found = read_folder(tmp_path, ZONE)
    assert [problem.path for problem in found.problems] == ["segments/folder.yaml", "segments/s.yml"]
    assert "the same name" in found.problems[1].message
    assert "cannot be read" in found.problems[0].message
