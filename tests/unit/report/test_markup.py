from __future__ import annotations

from xml.etree import ElementTree

from satsuma.report.markup import Markup, apart, clean, element, escape, join, said, shortened, width_of


def test_text_is_escaped_and_markup_is_not_escaped_twice() -> None:
    inner = element("b", "a < b & c")
    assert element("p", inner, " 'x'") == "<p><b>a &lt; b &amp; c</b> &#39;x&#39;</p>"


def test_no_text_leaves_its_element_or_attribute(nasty: str) -> None:
    made = ElementTree.fromstring(element("p", said(nasty), title=clean(nasty)))  # noqa: S314
    plain = clean(nasty).replace(" %", "\u00a0%")
    assert made.get("title") == plain
    assert made[0].text == plain
    assert len(made) == 1


def test_attributes_have_their_html_names_and_none_is_left_out() -> None:
    made = element("td", class_="x", aria_label="y", data_head=None, viewBox="0 0 1 1", width=12.5, rx=-0.001)
    assert made == '<td class="x" aria-label="y" viewBox="0 0 1 1" width="12.5" rx="0"></td>'


def test_empty_shapes_are_closed_and_empty_containers_are_not() -> None:
    assert element("rect", width=1) == '<rect width="1"/>'
    assert element("p") == "<p></p>"


def test_spaces_between_pieces_are_kept() -> None:
    assert join(("a", " b ", None, "", Markup("<i/>"))) == "a b <i/>"


def test_characters_that_reorder_or_break_text_are_removed() -> None:
    assert clean("\u202eevil\u202c \u2067x\u2069\x00\ud800\n\t y") == "evil x y"


def test_a_name_written_from_the_right_is_kept_apart_in_a_sentence() -> None:
    assert apart("שלום") == "\u2068שלום\u2069"
    assert apart("Loyal\u2069") == "Loyal"
    assert escape(f"{apart('שלום')}: 19.5 %") == "\u2068שלום\u2069: 19.5\u00a0%"


def test_a_long_text_is_cut_by_its_width() -> None:
    assert shortened("Potential loyalists", 10) == "Potential…"
    assert shortened("short", 10) == "short"
    assert width_of("长长") == 4
    assert width_of(shortened("长" * 50, 11)) <= 11
    assert width_of("e\u0301") == 1
