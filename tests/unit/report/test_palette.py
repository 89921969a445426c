"""Every text can be read on what it stands on: contrast 4.5 for text, 3 for marks, by WCAG 2."""

from __future__ import annotations

import re

import pytest

from satsuma.report.render import palette


def colours(scheme: str) -> dict[str, str]:
    light, _, dark = palette().partition("@media")
    return dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6})[;\s]", light if scheme == "light" else dark))


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


FAMILIES = ("who", "do", "like", "worth", "will", "found", "hand")
TEXTS = (
    [("ink", ground) for ground in ("page", "card", "do-page", "warn-page", "more-1", "more-2", "less-1", "less-2")]
    + [("muted", ground) for ground in ("page", "card", "track")]
    + [(f"{name}-ink", f"{name}-pill") for name in FAMILIES]
    + [(f"on-{name}", name) for name in FAMILIES]
    + [("ramp-ink-low", f"ramp-{step}") for step in range(4)]
    + [("ramp-ink-4", "ramp-4"), ("ramp-ink-5", "ramp-5"), ("warn", "warn-page"), ("good", "good-page")]
    + [("brand", "card"), ("brand", "page"), ("worth-ink", "do-page")]
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    found = colours(scheme)
    assert contrast(found[f"--{text}"], found[f"--{ground}"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mark", FAMILIES)
def test_marks_can_be_seen_on_their_card(scheme: str, mark: str) -> None:
    found = colours(scheme)
    assert contrast(found[f"--{mark}"], found["--card"]) >= 3
