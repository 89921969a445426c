"""Every kind of mistake is told with its path, line and the nearest known names, all together, and nothing else."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.errors import DefinitionError, Problem
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import ReadDefinitions, check_all, read_folder, read_text

ZONE = ZoneInfo("Europe/Paris")
CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"), "age": TraitInfo(type="integer"), "vip": TraitInfo(type="boolean"),
        "birthday": TraitInfo(type="date"), "seen": TraitInfo(type="datetime"), "tags": TraitInfo(type="list"),
        "place": TraitInfo(type="location"), "spend": TraitInfo(type="money"),
    },
    events={
        "Order Completed": EventInfo(
            properties={"channel": PropertyInfo(type="text"), "items": PropertyInfo(type="integer"),
                        "tags": PropertyInfo(type="list")},
        )
    },
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
        check_all(read, Vocabulary(catalog=CATALOG, zone=ZONE, lists=frozenset({"gala_guests"})))
    except DefinitionError as error:
        return list(error.details)
    return []


def condition(where: str) -> list[Problem]:
    """Return the mistakes of one condition, which stands on line 3."""
    return problems(f"segment: s\n\nwhere: {where}\n")


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
    ("{trait: place, eq: x}", "which is a location; for a location there are is_set, not_set", ()),
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
    ("{trait: birthday, in_last: {last_full: 2 months}}", "calendar window is part of the language but", ()),
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
    ("{trait: birthday, anniversary: {in_next: 7d}}", "'anniversary' is part of the language but does not run yet", ()),
    ("{trait: country, has_been: FR}", "'has_been' is part of the language but does not run yet", ()),
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
    ("{did: Order Completed, where: {channel: web}}", "a condition begins with 'prop'", ()),
    ("{did: Order Completed, where: {prop: channel, eq: {trait: country}}}", "with a value, not with a trait", ()),
    ("{did: Order Completed, where: {prop: tags, contains_any: [x]}}", "a list cannot be tested here", ()),
    ("{did: Order Completed, regularly: {in: 3}}", "'regularly' is part of the language but does not run yet", ()),
    # groups and leaves
    ("{all: []}", "'all' needs a list of conditions", ()),
    ("{any: {trait: age, eq: 1}}", "'any' needs a list of conditions", ()),
    ("{not: [x]}", "A condition must be written as 'key: value' lines", ()),
    ("{all: [{trait: age, eq: 1}], any: [{trait: age, eq: 2}]}", "'all' stands alone in its condition", ()),
    ("{trait: age, did: Order Completed}", "One condition holds one of trait and did, not both", ()),
    ("{al: [{trait: age, eq: 1}]}", "this one has none of them", ("all",)),
    ("{}", "A condition begins with one of trait, did", ()),
    ("x", "A condition must be written as 'key: value' lines", ()),
    ("{sequence: {}}", "'sequence' is part of the language but does not run yet", ()),
    ("{consent: email, is: granted}", "'consent' is part of the language but does not run yet", ()),
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
        ("segment: s\nentity: account\nwhere: {trait: age, eq: 1}", "does not run yet"),
        ("segment: s\nentity: person\nwhere: {trait: age, eq: 1}", "'person' is not a entity"),
        ("segment: s\nsegment: s\n", "The key 'segment' stands here twice"),
        ("segment: s\nwhere: [", "This is not valid YAML"),
        ("segment: s\n---\nsegment: t", "One document is expected here, not several"),
        ("trait: s", "A trait needs exactly one of 'from:'"),
        ("trait: s\nformula: age\nfrom: {did: Order Completed}", "A trait needs exactly one of 'from:'"),
        ("trait: s\nscale: {items: []}", "'scale' is part of the language but does not run yet"),
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
