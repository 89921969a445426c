"""Formatting: whatever a definition says and however it is written, it says the same afterwards, and once is enough."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

import random_worlds as worlds
from satsuma.language.definitions import read_text
from satsuma.language.format import definition_text, formatted
from small_world import UTC_ZONE

OPTIONS: dict[str, Any] = {"zone": UTC_ZONE, "stem": "a", "file": "segments/a.yaml"}


def once(text: str) -> str:
    """Format a text that has no mistake."""
    done = formatted(text, **OPTIONS)
    assert done.problem is None, f"{done.problem}\n{text}"
    return done.text


def meaning(text: str) -> Any:
    """Return the definition of a text, which compares by meaning."""
    read = read_text(text, "segment", file="segments/a.yaml", stem="a", zone=UTC_ZONE)
    assert not read.problems
    return read.definitions


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Return the values of segments over everything that random worlds ask."""
    return worlds.settings_of_time.flatmap(worlds.definitions).map(
        lambda files: {"segment": "a", **next(body for path, body in files.items() if path.startswith("segments/"))}
    )


@st.composite
def commented(draw: st.DrawFn, body: dict[str, Any]) -> tuple[str, list[str]]:
    """Return a segment as somebody wrote it: keys in any order, any style, comments and blank lines anywhere."""
    keys = draw(st.permutations(list(body)))
    flow = draw(st.sampled_from([False, None]))
    text = yaml.safe_dump(
        {key: body[key] for key in keys}, default_flow_style=flow, sort_keys=draw(st.booleans()), allow_unicode=True,
        width=10_000, indent=draw(st.sampled_from([2, 4])),
    )  # fmt: skip
    lines, comments = [], []
    is_text = False
    for line in text.splitlines():
        # A text that goes over several lines has no place for comments; a line break in it is doubled.
        begins = bool(re.match(r"\s*(- )*[^\s'\"]", line)) and not is_text
        is_text = (line.count('"') + line.count("'")) % 2 == 1 if begins else is_text
        if begins and draw(st.integers(0, 3)) == 0:
            indent = draw(st.sampled_from(["", "  ", "        ", line[: len(line) - len(line.lstrip())]]))
            comments.append(f"# {len(comments)} ä: [x")
            lines += [*draw(st.sampled_from([[], [""], ["", ""]])), indent + comments[-1]]
        quiet = not re.search(r"['\"|>\\]", line)
        if begins and quiet and draw(st.integers(0, 4)) == 0:
            comments.append(f"# {len(comments)} end")
            line += "   " + comments[-1]
        lines.append(line)
    lines += draw(st.sampled_from([[], ["# last"], ["", "    # last"]]))
    comments += [line.strip() for line in lines[-1:] if line.endswith("# last")]
    return "\n".join(lines) + "\n", comments


@given(data=st.data())
def test_formatting_keeps_the_meaning_and_twice_is_once(data: st.DataObject) -> None:
    body = data.draw(bodies())
    text = json.dumps(body, ensure_ascii=False)
    new = once(text)
    assert meaning(new) == meaning(text)
    assert once(new) == new
    assert max(map(len, new.splitlines())) < 400


@given(data=st.data())
def test_however_it_is_written_the_spelling_is_one(data: st.DataObject) -> None:
    body = data.draw(bodies())
    plain = once(json.dumps(body, ensure_ascii=False))
    other = data.draw(st.sampled_from([{}, {"default_flow_style": True}, {"indent": 6, "width": 30}]))
    assert once(yaml.safe_dump(body, sort_keys=False, allow_unicode=data.draw(st.booleans()), **other)) == plain
    assert definition_text(body) == plain


@given(data=st.data())
def test_comments_are_kept_wherever_they_stand(data: st.DataObject) -> None:
    body = data.draw(bodies())
    text, comments = data.draw(commented(body))
    done = formatted(text, **OPTIONS)
    assert done.problem is None, f"{done.problem}\n{text}"
    for comment in comments:
        assert done.text.count(comment) == 1, f"{comment}\n{text}\n{done.text}"
    assert meaning(done.text) == meaning(json.dumps(body, ensure_ascii=False))
    assert once(done.text) == done.text


@given(text=st.text(st.sampled_from(list("ab: -[]{}#'\"|>,\n\t.~é")), max_size=60))
def test_any_text_is_formatted_or_left_as_it_is(text: str) -> None:
    done = formatted(text, **OPTIONS)
    assert done.problem is not None
    assert done.text == text


@given(value=st.text(max_size=40), other=st.text(max_size=200))
def test_every_text_is_written_so_that_it_is_read_again(value: str, other: str) -> None:
    body = {"segment": "a", "title": value, "description": other, "where": {"trait": "x", "in": [value, other, "y"]}}
    text = definition_text(body)
    _, title, described, where = (node for _, node in yaml.compose(text).value)
    assert (title.value, described.value) == (value, other)
    assert [node.value for node in where.value[1][1].value] == [value, other, "y"]
    assert once(text) == text
