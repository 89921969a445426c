from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from satsuma.report import format as say


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0"), (12345, "12,345"), (-1234, "−1,234"), (None, "–"), (float("nan"), "–"), (-0.4, "0"), (Decimal(7), "7")],
)
def test_counts_mark_thousands_and_never_show_minus_zero(number: float | None, expected: str) -> None:
    assert say.count(number) == expected


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.017, "1.7 %"),
        (4 / 20_000, "< 0.1 %"),
        (1e-12, "< 0.1 %"),
        (0.99999, "> 99.9 %"),
        (-1e-6, "> −0.1 %"),
        (-0.25, "−25.0 %"),
        (12.5, "1,250.0 %"),
        (None, "–"),
        (float("inf"), "–"),
    ],
)
def test_a_share_is_never_nothing_when_something_is_there(fraction: float | None, expected: str) -> None:
    assert say.share(fraction) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (12.5, "EUR", "€12.50"),
        (99.994, "EUR", "€99.99"),
        (99.996, "EUR", "€100"),
        (100, "GBP", "£100"),
        (4_596_039.58, "USD", "$4,596,040"),
        (0, "USD", "$0"),
        (0.004, "USD", "< $0.01"),
        (-0.004, "USD", "> −$0.01"),
        (-1234.4, "USD", "−$1,234"),
        (1234, "CHF", "CHF 1,234"),
        (12.5, "JPY", "¥12"),
        (Decimal("19.99"), "EUR", "€19.99"),
        (None, "EUR", "–"),
    ],
)
def test_money_has_its_sign_and_no_cents_from_100_up(amount: float | None, currency: str, expected: str) -> None:
    assert say.money(amount, currency) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2469, "2,469"),
        (99_999, "99,999"),
        (99_999.7, "100.0k"),
        (155_848, "155.8k"),
        (999_950, "1.0M"),
        (2_000_000, "2.0M"),
        (-3.2e9, "−3.2B"),
        (1e18, "1.0e18"),
        (None, "–"),
    ],
)
def test_a_card_shows_large_numbers_shortly(number: float | None, expected: str) -> None:
    assert say.compact(number) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(12.5, "€12.50"), (9_999, "€9,999"), (10_400, "€10.4k"), (4.6e6, "€4.6M"), (-4.6e6, "−€4.6M"), (None, "–")],
)
def test_a_card_shows_large_money_shortly(amount: float | None, expected: str) -> None:
    assert say.compact_money(amount, "EUR") == expected


def test_a_change_always_has_a_sign() -> None:
    assert [say.change(value) for value in (0.075, -0.02, 0, 0.0001, None)] == ["+7.5 %", "−2.0 %", "±0 %", "±0 %", "–"]


def test_an_estimate_keeps_three_digits() -> None:
    assert [say.estimate(value) for value in (12_345, 0, 7, None)] == ["≈ 12,300", "≈ 0", "≈ 7", "–"]


def test_a_moment_is_told_in_the_workspaces_zone() -> None:
    when = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert say.day(when, "Europe/Paris") == "23 Nov 2026"
    assert say.moment(when, "Europe/Paris") == "23 Nov 2026, 00:30 (Europe/Paris)"
    assert say.moment(when.replace(tzinfo=None), "Europe/Paris") == "23 Nov 2026, 00:30 (Europe/Paris)"
    shifted = when.astimezone(timezone(timedelta(hours=-5)))
    assert say.day(shifted, "UTC") == "22 Nov 2026"
    assert say.day(date(2026, 3, 1)) == "1 Mar 2026"
    assert say.month(date(2026, 3, 1)) == "Mar 2026"
    assert say.day(None) == say.moment(None) == "–"


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../x"])
def test_an_unknown_zone_falls_back_to_utc(zone: str) -> None:
    assert say.day(datetime(2026, 1, 1, tzinfo=UTC), zone) == "1 Jan 2026"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.008, "8 ms"), (1.44, "1.4 s"), (59.97, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "–")],
)
def test_a_duration_is_told_in_the_units_of_its_size(seconds: float | None, expected: str) -> None:
    assert say.duration(seconds) == expected


def test_nouns_and_lists_read_as_sentences() -> None:
    assert say.counted(1, "order") == "1 order"
    assert say.counted(2500, "category", "categories") == "2,500 categories"
    assert say.listed(["a", "b", "c"]) == "a, b and c"
    assert say.listed(["a"]) == "a"
    assert say.listed([]) == ""
