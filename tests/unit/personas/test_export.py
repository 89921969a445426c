"""Personas as Markdown, HTML and JSON: the same words everywhere, and nothing that a reader's program would run."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from satsuma import Workspace
from satsuma.errors import WrongUse
from satsuma.personas.card import Persona
from satsuma.personas.export import as_json, as_markdown
from satsuma.personas.phrases import Wording

WORDING = Wording(money=lambda amount: f"€{amount:,.0f}")


def test_markdown_has_the_sentences_and_on_demand_the_numbers(cards: dict[str, Persona]) -> None:
    plain = as_markdown([cards["guests"]], WORDING)
    assert plain.startswith("# Gala guests\n")
    assert "71 % live in France" in plain
    assert "| statement |" not in plain
    full = as_markdown([cards["guests"], cards["often"]], WORDING, numbers=True)
    assert full.count("\n# ") == 1
    assert re.search(r"^\| Country: France \| 71 % \| \d\d % \| 38 % \| 18\d \| 180 \|", full, re.MULTILINE)
    assert "statements were tried" in full
    assert "by definition" in full
    widths = {line.count("|") - line.count("\\|") for line in full.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_somebodys_text_is_no_markup(cards: dict[str, Persona]) -> None:
    nasty = "<script>alert(1)</script> | [x](javascript:y) *b*\n# head"
    card = dataclasses.replace(cards["guests"], title=nasty, sentences=(nasty,), notes=(nasty,))
    text = as_markdown([card], WORDING)
    assert "<script>" not in text.replace("\\<script", "")
    assert "[x](" not in text
    assert "\n# head" not in text


def test_the_page_is_whole_and_asks_for_nothing(shop: Workspace, cards: dict[str, Persona], tmp_path: Path) -> None:
    nasty = dataclasses.replace(cards["guests"], title="<script>alert(1)</script>")
    text = shop.persona_text([nasty, *cards.values()], "html", numbers=True)
    tree = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314
    assert not list(tree.iter("script"))
    policy = next(item for item in tree.iter("meta") if item.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy.get("content", "")
    words = " ".join("".join(tree.itertext()).replace("\u00a0", " ").split())
    assert "71 % live in France, against 38 % of everybody." in words
    assert "Nothing that we know sets these customers apart." in words
    assert len(list(tree.iter("article"))) == len(cards) + 1
    written = shop.export_personas([cards["guests"]], to=tmp_path / "guests.html")
    assert written.read_text(encoding="utf-8") == shop.persona_text([cards["guests"]], "html")


def test_files_have_the_form_that_their_ending_says(shop: Workspace, cards: dict[str, Persona], tmp_path: Path) -> None:
    found = json.loads(shop.export_personas([cards["guests"]], to=tmp_path / "g.json").read_text(encoding="utf-8"))
    assert found == [cards["guests"].as_dict()]
    text = shop.export_personas([cards["guests"]], to=tmp_path / "g.md").read_text(encoding="utf-8")
    assert text == shop.persona_text([cards["guests"]])
    plain = shop.export_personas([cards["guests"]], to=tmp_path / "g.txt", form="markdown")
    assert plain.read_text(encoding="utf-8") == text
    with pytest.raises(WrongUse, match=r"g\.doc"):
        shop.export_personas([cards["guests"]], to=tmp_path / "g.doc")
    with pytest.raises(WrongUse, match="'xml'"):
        shop.persona_text([cards["guests"]], "xml")
    assert not (tmp_path / "g.doc").exists()
    assert shop.activity()[0].kind == "export"


def test_what_one_half_cannot_say_is_nothing_in_json(cards: dict[str, Persona]) -> None:
    first = cards["guests"].statements[0]
    silent = dataclasses.replace(first, numbers=dataclasses.replace(first.numbers, held_out=float("nan")))
    card = dataclasses.replace(cards["guests"], statements=(silent,))
    assert json.loads(as_json([card]))[0]["statements"][0]["numbers"]["held_out"] is None
    assert "nan" not in as_markdown([card], WORDING, numbers=True)


def test_the_report_has_the_cards(shop: Workspace, tmp_path: Path) -> None:
    page = shop.report(tmp_path / "report.html").read_text(encoding="utf-8")
    tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314
    (section,) = [item for item in tree.iter("section") if item.get("id") == "personas"]
    words = " ".join("".join(section.itertext()).replace("\u00a0", " ").split())
    assert "Gala guests" in words
    assert "71 % live in France" in words
    assert "Nothing that we know sets these customers apart: Few, Often and Random tenth." in words
