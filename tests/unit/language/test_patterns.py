"""Regular expressions: what RE2, Java and Python read alike is taken, everything else refused with its own sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.language.patterns import glob_pattern, pattern_problem, search_all


@pytest.mark.parametrize(
    "pattern",
    [
        "", "^fr", "é$", "a|b", "(a)(?:b)", "a*?b+?c??", "a{2}b{2,}c{2,3}?", "[a-z]", "[^a-z]", "[]a]", "[^]a]",
        "[a\\]b]", "\\d+\\s\\w", "\\D\\S\\W", "\\bword\\b", "\\B", "\\Aa", "\\.\\*\\[\\(\\{", "\\x41", "\\a\\n\\t",
        "\\f\\r", "(?i)fr", "(?ims)a.b", "a(?i:b)", "a(?i-s:b)", "a}", "a]", "\\-\\_\\#",
        "[\\w.-]+@example\\.(com|org)$",
    ],
)  # fmt: skip
def test_what_all_engines_read_alike_is_taken(pattern: str) -> None:
    assert pattern_problem(pattern) is None
    assert search_all(["a"], pattern, False) == [re.search(pattern, "a", re.ASCII) is not None]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "look-ahead and look-behind"),
        ("(?!a)", "look-ahead and look-behind"),
        ("(?<=a)", "look-ahead and look-behind"),
        ("(?<!a)b", "look-ahead and look-behind"),
        ("(a)\\1", "back-references"),
        ("(a)\\k<n>", "back-references"),
        ("(?P=n)", "back-references"),
        ("a*+", "repetitions that never give back"),
        ("a++", "repetitions that never give back"),
        ("a?+", "repetitions that never give back"),
        ("a{2}+", "repetitions that never give back"),
        ("(?>a)", "atomic groups"),
        ("a\\Z", "the end of the text is $"),
        ("a\\z", "the end of the text is $"),
        ("\\h", "list the characters: [ \\t]"),
        ("\\v", "list the characters: [ \\t]"),
        ("\\R", "list the characters: [ \\t]"),
        ("[\\h]", "list the characters: [ \\t]"),
        ("(?x)a b", "the flag x is not in the common subset"),
        ("(?u)a", "the flag u is not in the common subset"),
        ("a(?U:b)", "the flag U is not in the common subset"),
        ("a(?i)b", "flags such as (?i) stand at the beginning"),
        ("(?-i)a", "flags such as (?i) stand at the beginning"),
        ("(?i)(?s)a", "flags such as (?i) stand at the beginning"),
        ("(?)a", "(?) is not in the common subset"),
        ("(?P<n>a)", "names of groups"),
        ("(?<n>a)", "names of groups"),
        ("(?'n'a)", "names of groups"),
        ("(?#note)a", "comments"),
        ("(a)(?(1)b|c)", "conditions"),
        ("[[:alpha:]]", "named classes such as [:alpha:]"),
        ("[x[:digit:]]", "named classes such as [:alpha:]"),
        ("[[.a.]]", "named classes such as [:alpha:]"),
        ("[a[b]]", "a bracket inside brackets"),
        ("[^[]", "a bracket inside brackets"),
        ("[a&&b]", "operations on classes"),
        ("[a||b]", "operations on classes"),
        ("[a--b]", "operations on classes"),
        ("\\pL", "classes by a Unicode property"),
        ("\\P{Greek}", "classes by a Unicode property"),
        ("[\\p{L}]", "classes by a Unicode property"),
        ("\\Qa.b\\E", "put a backslash before each character"),
        ("\\012", "octal codes"),
        ("\\0", "octal codes"),
        ("\\x{41}", "two hexadecimal digits"),
        ("\\u0041", "write the character itself"),
        ("\\N{DIGIT ONE}", "write the character itself"),
        ("\\C", "\\C is not in the common subset"),
        ("\\é", "\\é is not in the common subset"),
        ("a{,3}", "a brace that counts nothing"),
        ("a{x}", "a brace that counts nothing"),
        ("{", "a brace that counts nothing"),
        ("a**", "one repetition follows another"),
        ("a{2}{3}", "one repetition follows another"),
        ("^*", "it is not read everywhere"),
        ("a{1001}", "invalid repetition size"),
        ("(a", "missing )"),
        ("a)", "unexpected )"),
        ("[a", "missing ]"),
        ("[z-a]", "invalid character class range"),
        ("a\\", "invalid regular expression"),
        ("a" * 1001, "longer than 1,000 characters"),
    ],
)
def test_what_engines_read_differently_is_refused_by_its_name(pattern: str, reason: str) -> None:
    assert reason in (pattern_problem(pattern) or "it was taken")


@pytest.mark.parametrize("pattern", ["\\\\Z", "\\(?=", "[(?=a)]", "\\[:alpha:]", "[\\[]", "a\\++", "\\\\1", "\\{,3\\}"])
def test_what_is_escaped_or_in_a_class_is_only_characters(pattern: str) -> None:
    assert pattern_problem(pattern) is None


@given(pattern=st.text(st.sampled_from(list("ab[](){}?*+|^$.\\-&:<>=!PidZ01,é")), max_size=12))
def test_whatever_is_taken_is_read_by_both_engines_at_hand(pattern: str) -> None:
    if pattern_problem(pattern) is None:
        re.compile(pattern)
        assert len(search_all(["ab", ""], pattern, True)) == 2


@given(text=st.text(max_size=8))
def test_a_glob_of_a_text_without_signs_is_that_text_alone(text: str) -> None:
    glob = "".join(char for char in text if char not in "*?")
    assert search_all([glob, glob + "x", "x" + glob], glob_pattern(glob), False) == [True, False, False]
