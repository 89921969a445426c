"""Where the bands of flows stand."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from satsuma.report.changes import streams_of
from satsuma.report.sankey import Stream, sankey
from satsuma.statistics.migration import migration

SVG = "{http://www.w3.org/2000/svg}"
HEADS = ("1 May", "1 Jun")


def drawn(names: list[str], streams: list[Stream], height: int = 200) -> ElementTree.Element:
    return ElementTree.fromstring(sankey(names, names, streams, "T", heads=HEADS, height=height))  # noqa: S314


def bands(chart: ElementTree.Element) -> dict[str, tuple[list[float], str]]:
    """Return each band by its tooltip: the heights at its four corners, and its class."""
    found = {}
    for path in chart.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", path.get("d") or "")]
        # M0 y C50 y 50 e 100 e L100 e2 C50 e2 50 y2 0 y2 Z
        found[path.findtext(f"{SVG}title") or ""] = (
            [numbers[1], numbers[7], numbers[9], numbers[15]], path.get("class") or "",
        )  # fmt: skip
    return found


def test_bands_are_as_wide_as_they_are_many_and_fill_their_nodes() -> None:
    streams = [Stream(source=0, target=0, size=30), Stream(source=0, target=1, size=10),
               Stream(source=1, target=1, size=40)]  # fmt: skip
    chart = drawn(["a", "b"], streams)
    found = bands(chart)
    # 200 high, 22 above, one gap of 6: 172 pixels for 80 people.
    scale = 172 / 80
    widths = {tip: low - top for tip, ((top, _, _, low), _) in found.items()}
    assert widths == pytest.approx(
        {"a → a: 30": 30 * scale, "a → b: 10": 10 * scale, "b → b: 40": 40 * scale}, abs=0.02
    )
    assert found["a → b: 10"][0][0] == pytest.approx(22 + 30 * scale, abs=0.02)
    assert found["a → b: 10"][0][1] == pytest.approx(22 + 30 * scale + 6, abs=0.02)
    assert found["b → b: 40"][0][1] == pytest.approx(22 + 40 * scale + 6, abs=0.02)
    assert [kind for _, kind in found.values()] == ["flow-stay", "flow-stay", "flow-move"]
    nodes = [float(rect.get("height") or 0) for rect in chart.iter(f"{SVG}rect")]
    assert nodes == pytest.approx([40 * scale, 40 * scale, 30 * scale, 50 * scale], abs=0.02)


def test_names_stand_beside_nodes_that_have_room_and_nothing_leaves_the_drawing() -> None:
    streams = [Stream(source=0, target=0, size=1_000), Stream(source=1, target=1, size=1)]
    chart = drawn(["large", "small"], streams)
    words = [item.text for item in chart.iter(f"{SVG}text")]
    assert words == ["large 1,000", "1,000 large", "1 May", "1 Jun"]
    assert max(max(corners) for corners, _ in bands(chart).values()) <= 200.01
    assert chart.findtext(f"{SVG}desc") == "large to large: 1,000; small to small: 1."


@pytest.mark.parametrize("streams", [[], [Stream(source=0, target=0, size=0)],
                                     [Stream(source=0, target=0, size=float("nan"))]])  # fmt: skip
def test_nothing_to_draw_is_said(streams: list[Stream]) -> None:
    assert "Nobody had a label" in sankey(["a"], ["a"], streams, "T", heads=HEADS)


def test_hostile_names_stay_text() -> None:
    made = sankey(["<b>"], ["<b>"], [Stream(source=0, target=0, size=5)], "<i>", heads=HEADS)
    assert "<b>" not in made
    assert "<i>" not in made


def test_a_migration_becomes_streams_with_those_who_came_and_went() -> None:
    names, streams = streams_of(migration([0, 0, 1, -1, 1], [0, 1, 1, 0, -1], ["a", "b"]))
    assert names == ["a", "b", "Not there yet", "Not there any more"]
    assert {(names[item.source], names[item.target]): item.size for item in streams} == {
        ("a", "a"): 1, ("a", "b"): 1, ("b", "b"): 1, ("Not there yet", "a"): 1, ("b", "Not there any more"): 1,
    }  # fmt: skip


def test_many_labels_become_a_few_and_others_with_nobody_lost() -> None:
    rng = np.random.default_rng(4)
    before, after = rng.integers(0, 30, 5_000), rng.integers(0, 30, 5_000)
    names, streams = streams_of(migration(before, after, [f"label {number}" for number in range(30)]))
    assert len(names) == 12
    assert names[-1] == "Others"
    assert sum(item.size for item in streams) == 5_000
