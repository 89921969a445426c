"""The one spelling of definitions: what it looks like, what it keeps, and what it leaves alone."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from satsuma.language.definitions import check_all, read_text
from satsuma.language.format import definition_text, format_file, formatted
from satsuma.language.spelling import one_duration
from small_world import UTC_ZONE

ROOT = Path(__file__).parents[3]


def once(text: str, kind: str = "segment", stem: str | None = "a") -> str:
    """Format a text and see that formatting it again changes nothing."""
    done = formatted(textwrap.dedent(text), file=f"{kind}s/a.yaml", stem=stem, zone=UTC_ZONE)
    assert done.problem is None, done.problem
    again = formatted(done.text, file=f"{kind}s/a.yaml", stem=stem, zone=UTC_ZONE)
    assert again.text == done.text
    return done.text


def problem(text: str) -> str:
    done = formatted(textwrap.dedent(text), file="segments/a.yaml", stem="a", zone=UTC_ZONE)
    assert done.problem is not None
    assert done.text == textwrap.dedent(text)
    return str(done.problem)


def test_keys_stand_in_one_order_and_short_leaves_on_one_line() -> None:
    text = """\
        where:
          all:
            - where: {eq: web, prop: channel}
              within: 48h
              count:
                gte: 3
              did: 'Order Completed'
            - {missing: match, neq: free, trait: plan}
        tags: [b,   a]
        owner: Ana
        description: "Who bought"
        title: 'Buyers'
        segment: a
        """
    assert once(text) == textwrap.dedent("""\
        segment: a
        title: Buyers
        description: Who bought
        owner: Ana
        tags: [b, a]
        where:
          all:
            - {did: Order Completed, count: {gte: 3}, within: 2d, where: {prop: channel, eq: web}}
            - {trait: plan, neq: free, missing: match}
        """)


def test_a_long_leaf_has_lines_of_its_own_and_groups_always_do() -> None:
    names = ", ".join(f"Country{number}" for number in range(12))
    found = once(f"segment: a\nwhere: {{any: [{{trait: country, in: [{names}]}}, {{not: {{in_segment: staff}}}}]}}\n")
    assert "    - trait: country\n      in:\n        - Country0\n        - Country1\n" in found
    assert "    - not: {in_segment: staff}\n" in found


def test_comments_stay_with_what_they_are_about() -> None:
    text = """\
        # yaml-language-server: $schema=../satsuma.schema.json
        title: Mine  # shown to people
        segment: a

        # Who is asked:
        where:  # all of it
          all:
            # the loyal
            - count: {gte: 3}   # three at least
              did: Order Completed
            - {trait: plan, eq: pro}  # paying
            # - {trait: plan, eq: switched_off}

          # below the group
        # the end
        """
    assert once(text) == textwrap.dedent("""\
        # yaml-language-server: $schema=../satsuma.schema.json
        segment: a
        title: Mine  # shown to people

        # Who is asked:
        where:  # all of it
          all:
            # the loyal
            - did: Order Completed
              count: {gte: 3}  # three at least
            - {trait: plan, eq: pro}  # paying
            # - {trait: plan, eq: switched_off}

          # below the group
        # the end
        """)


def test_a_comment_inside_brackets_opens_them() -> None:
    found = once("segment: a\nwhere: {trait: country, in: [FR,  # France\n  BE]}\n")
    assert found == "segment: a\nwhere:\n  trait: country\n  in:\n    - FR  # France\n    - BE\n"


@pytest.mark.parametrize(
    ("written", "spelled"),
    [("48h", "2d"), ("2w", "14d"), ("1y", "365d"), ("36h", "36h"), ("90 d", "90d"), ("0d", "0d"), ("soon", "soon")],
)
def test_a_duration_has_one_spelling_of_the_same_length(written: str, spelled: str) -> None:
    assert one_duration(written) == spelled


def test_durations_are_told_from_values_that_look_like_them() -> None:
    text = """\
        segment: a
        where:
          all:
            - {trait: plan, changed: {from: 7d, to: 14w, within: 2w}}
            - {trait: plan, in: [48h, 2w]}
            - {trait: plan, has_been: 48h, for: {gte: 48h}}
            - {trait: seen, between_ago: {from: 2w, to: 48h}}
            - {trait: birthday, anniversary: {in_next: 1w}}
            - {did: X, stopped: {active: 2w, then_quiet: 48h}}
            - {did: X, max: {of: seen, in_last: 1w}}
            - sequence:
                steps: [{did: X, within: 1w}, {did: Y, within: 48h}]
        """
    found = once(text)
    assert "changed: {from: 7d, to: 14w, within: 14d}" in found
    assert "in: [48h, 2w]" in found
    assert "has_been: 48h, for: {gte: 2d}" in found
    assert "between_ago: {from: 14d, to: 2d}" in found
    assert "anniversary: {in_next: 7d}" in found
    assert "stopped: {active: 14d, then_quiet: 2d}" in found
    assert "max: {of: seen, in_last: 7d}" in found
    assert "- {did: X, within: 7d}\n" in found
    assert "- {did: Y, within: 2d}\n" in found


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("'FR'", "FR"), ('"NO"', "NO"), ("'007'", "'007'"), ("007", "'007'"), ("3.10", "3.10"), ("'3.10'", "'3.10'"),
        ("'true'", "'true'"), ("true", "true"), ("'a, b'", "'a, b'"), ("'a: b'", "'a: b'"), ("\"it's\"", "it's"),
        ('"a\\tb"', '"a\\tb"'), ("''", "''"), ("2024-03-01", "2024-03-01"), ("'null'", "'null'"), ("'#x'", "'#x'"),
        ("'@x'", "'@x'"), ("'- a'", "'- a'"), ("'{a}'", "'{a}'"), ("~é", "~é"),
    ],
)  # fmt: skip
def test_quotes_stand_where_they_are_needed(written: str, spelled: str) -> None:
    assert once(f"segment: a\nwhere: {{trait: x, eq: {written}}}\n").endswith(f"where: {{trait: x, eq: {spelled}}}\n")


def test_long_texts_are_folded_and_texts_of_several_lines_keep_them() -> None:
    words = " ".join(["regular"] * 30)
    found = once(f"segment: a\ndescription: '{words}'\nwhere: {{trait: x, eq: 1}}\n")
    assert "description: >-\n  regular" in found
    assert max(map(len, found.splitlines())) <= 120
    several = once('segment: a\ndescription: "one\\ntwo\\n\\nthree\\n"\nwhere: {trait: x, eq: 1}\n')
    assert "description: |\n  one\n  two\n\n  three\n" in several


def test_segmentations_have_their_methods_order_and_rules_their_lines() -> None:
    text = """\
        method: rules
        otherwise: Rest
        rules: [{where: {did: X, within: 48h}, label: New}]
        segmentation: a
        """
    assert once(text, "segmentation") == textwrap.dedent("""\
        segmentation: a
        method: rules
        rules:
          - label: New
            where: {did: X, within: 2d}
        otherwise: Rest
        """)
    rfm = once("scores: 5\nwindow: 2y\nmethod: rfm\nsegmentation: a\n", "segmentation")
    assert rfm == "segmentation: a\nmethod: rfm\nwindow: 730d\nscores: 5\n"


def test_traits_are_formatted_and_formulas_are_left_alone() -> None:
    assert once("from: {sum: {of: revenue}, did: X, within: 48h}\ntrait: a\n", "trait") == (
        "trait: a\nfrom: {did: X, sum: {of: revenue}, within: 2d}\n"
    )
    assert once("trait: a\nformula: 'b  +  1'\n", "trait") == "trait: a\nformula: b  +  1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("segment: a\nwhere: {trait: x, eq: 1, gt: 2}\n", "exactly one operator"),
        ("segment: b\nwhere: {trait: x, eq: 1}\n", "unlike the file's"),
        ("segment: a\nwhere: [\n", "not valid YAML"),
        ("segment: a\nwhere: &x {trait: x, eq: 1}\n", "Anchors"),
        ("colour: red\n", "no definition"),
        ("", "no definition"),
    ],
)
def test_a_file_with_a_mistake_is_left_alone_and_named(text: str, said: str) -> None:
    assert said in problem(text)


def test_formatting_is_no_change_of_a_definition() -> None:
    """A run must not call a file changed, or fit a segmentation anew, because of its spelling."""
    from satsuma.catalog import Catalog, EventInfo
    from satsuma.language.checker import Vocabulary

    text = "method: rfm\nwindow: 2y  # two years\nevent: 'X'\nsegmentation: a\n"
    vocabulary = Vocabulary(catalog=Catalog(events={"X": EventInfo()}))

    def digest(body: str) -> Any:
        read = read_text(body, "segmentation", file="segmentations/a.yaml", stem="a", zone=UTC_ZONE)
        return check_all(read, vocabulary).digests

    assert digest(text) == digest(once(text, "segmentation"))
    assert digest(text) != digest(text.replace("2y", "3y"))


def test_a_version_that_reads_as_another_number_is_a_change() -> None:
    from satsuma.catalog import Catalog, TraitInfo
    from satsuma.language.checker import Vocabulary

    vocabulary = Vocabulary(catalog=Catalog(traits={"v": TraitInfo(type="text")}))

    def digest(version: str) -> Any:
        body = f"segment: a\nwhere: {{trait: v, eq: {version}}}\n"
        return check_all(read_text(body, "segment", file="a.yaml", stem="a", zone=UTC_ZONE), vocabulary).digests

    assert digest("3.10") != digest("3.1")


def test_the_examples_are_formatted_without_a_change_of_meaning(tmp_path: Path) -> None:
    files = sorted((ROOT / "examples").rglob("definitions/*/*.yaml"))
    assert files
    for path in files:
        done = format_file(path, zone=UTC_ZONE, root=ROOT)
        assert done.problem is None, done.problem
        copy = tmp_path / path.name
        copy.write_text(done.text, encoding="utf-8")
        assert not format_file(copy, zone=UTC_ZONE, root=tmp_path).is_changed


def test_the_difference_is_shown_by_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("where: {trait: x, eq: 1}\nsegment: a\n", encoding="utf-8")
    shown = format_file(path, zone=UTC_ZONE, root=tmp_path).difference()
    assert "+segment: a\n" in shown
    assert "-segment: a\n" in shown


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe")
    done = format_file(path, zone=UTC_ZONE, root=tmp_path)
    assert done.problem is not None
    assert "UTF-8" in done.problem.message
    assert not done.is_changed


def test_lines_of_another_system_become_ours() -> None:
    assert once("segment: a\r\nwhere: {trait: x, eq: 1}\r\n") == "segment: a\nwhere: {trait: x, eq: 1}\n"


def test_what_a_program_makes_is_in_the_one_spelling() -> None:
    text = definition_text({"where": {"trait": "x", "eq": "007"}, "segment": "a"}, ["made by hand"])
    assert text == "# made by hand\nsegment: a\nwhere: {trait: x, eq: '007'}\n"
    assert once(text) == text


def test_a_comment_inside_what_becomes_the_first_of_an_item_leaves_the_item_on_its_line() -> None:
    text = """\
        segment: a
        where:
          all:
            - in: ['2023-07-02']
              # Since then.
              trait: founded
            - {trait: x, eq: 1}
        """
    assert "    # Since then.\n    - {trait: founded, in: [2023-07-02]}\n" in once(text)
