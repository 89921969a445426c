"""Numbers, money and dates as people read them; the report and the command line say them alike.

Counts `12,345`; shares with one decimal, `1.7 %`, and never `0.0 %` for something that is there; money with its sign
and no cents from 100 up; a missing number is `–`, a zero is `0`.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeGuard
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Number = int | float | Decimal

MISSING = "–"
MINUS = "−"

#: Signs that stand before the amount. Any other currency is written by its code: `CHF 1,234`.
CURRENCY_SIGNS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "C$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NGN": "₦",
    "NZD": "NZ$",
    "PHP": "₱",
    "SGD": "S$",
    "THB": "฿",
    "TRY": "₺",
    "TWD": "NT$",
    "UAH": "₴",
    "USD": "$",
    "VND": "₫",
}

#: Currencies in daily use without a smaller unit.
WITHOUT_CENTS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})

_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def count(number: Number | None) -> str:
    """Return a whole number with thousands marked: `12,345`."""
    if not _is_there(number):
        return MISSING
    return _signed(f"{round(number):,}")


def compact(number: Number | None) -> str:
    """Return a number short enough for a card: exact under 100,000, else `155.8k`, `2.0M`.

    The exact number belongs beside it, in a tooltip or a table.
    """
    if not _is_there(number):
        return MISSING
    return _signed(_compact(float(number), exact_under=1e5))


def decimal(number: Number | None, digits: int = 1) -> str:
    """Return a number with a fixed number of decimals: `2.4`."""
    if not _is_there(number):
        return MISSING
    return _signed(f"{float(number):,.{digits}f}")


def share(fraction: Number | None) -> str:
    """Return a fraction (0 to 1, or beyond) in per cent: `1.7 %`.

    What is there is never written as nothing, and what is not all never as all: `< 0.1 %`, `> 99.9 %`.
    """
    if not _is_there(fraction):
        return MISSING
    value = float(fraction)
    percent = value * 100
    if not math.isfinite(percent):
        return MISSING
    if value in (0.0, 1.0):
        return "100 %" if value else "0 %"
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if -0.1 < percent < 0:
        return f"> {MINUS}0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return _signed(f"{percent:,.1f} %")


def change(fraction: Number | None) -> str:
    """Return a relative change with its sign: `+7.5 %`. The period it covers must be named beside it."""
    if not _is_there(fraction):
        return MISSING
    if abs(float(fraction)) < 0.0005:
        return "±0 %"
    text = share(fraction)
    return f"+{text}" if float(fraction) > 0 and not text.startswith(("<", ">")) else text


def money(amount: Number | None, currency: str) -> str:
    """Return an amount with its currency: `€12.50`, `€1,234`, `CHF 1,234`; no cents from 100 up."""
    if not _is_there(amount):
        return MISSING
    value = float(amount)
    # 99.996 would round to 100.00: the rounded amount decides, so that one size has one form.
    digits = 0 if abs(round(value, 2)) >= 100 or value == 0 or currency.upper() in WITHOUT_CENTS else 2
    if digits and 0 < abs(value) < 0.005:
        cent = _with_currency("0.01", currency, negative=value < 0)
        return f"{'>' if value < 0 else '<'} {cent}"
    text = f"{abs(value):,.{digits}f}"
    return _with_currency(text, currency, negative=value < 0 and float(text.replace(",", "")) != 0)


def compact_money(amount: Number | None, currency: str) -> str:
    """Return an amount for a card or an axis: exact under 10,000, else `€4.6M`."""
    if not _is_there(amount):
        return MISSING
    value = float(amount)
    if abs(value) < 10_000:
        return money(amount, currency)
    return _with_currency(_compact(abs(value), exact_under=1e4), currency, negative=value < 0)


def estimate(number: Number | None) -> str:
    """Return a number that is not exact: `≈ 12,300`, three digits."""
    if not _is_there(number):
        return MISSING
    value = float(number)
    rounded = float(f"{value:.3g}")
    return f"≈ {count(rounded if math.isfinite(rounded) else value)}"


def day(moment: date | datetime | None, timezone: str = "UTC") -> str:
    """Return a day: `22 Nov 2026`. A moment is read in the workspace's zone; without a zone it is UTC."""
    if moment is None:
        return MISSING
    local = _local(moment, timezone) if isinstance(moment, datetime) else moment
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def moment(when: datetime | None, timezone: str = "UTC") -> str:
    """Return a moment with its zone: `22 Nov 2026, 14:05 (Europe/Paris)`."""
    if when is None:
        return MISSING
    local = _local(when, timezone)
    return f"{day(local, timezone)}, {local:%H:%M} ({timezone})"


def month(first_day: date) -> str:
    """Return a month: `Nov 2026`."""
    return f"{_MONTHS[first_day.month - 1]} {first_day.year}"


def duration(seconds: Number | None) -> str:
    """Return how long something took: `8 ms`, `1.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if not _is_there(seconds):
        return MISSING
    value = float(seconds)
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 order`, `12,345 orders`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listed(words: list[str] | tuple[str, ...], *, last: str = "and") -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_there(number: Number | None) -> TypeGuard[Number]:
    return number is not None and math.isfinite(number)


def _signed(text: str) -> str:
    # The true minus is as wide as a digit, so that columns of numbers line up.
    if not text.startswith("-"):
        return text
    rounded_to_zero = not text.strip("-0.,% ")
    return text[1:] if rounded_to_zero else MINUS + text[1:]


def _compact(value: float, *, exact_under: float) -> str:
    size = abs(value)
    if size < exact_under and round(size) < exact_under:
        return f"{round(value):,}"
    if size >= 1e15:
        return f"{value:.1e}".replace("e+", "e")
    for number, (step, letter) in enumerate(_STEPS):
        if size >= step or number == len(_STEPS) - 1:
            # 999,950 is 1.0M, not 1000.0k.
            if number and round(size / step, 1) >= 1000:
                step, letter = _STEPS[number - 1]
            return f"{value / step:,.1f}{letter}"
    raise AssertionError(value)


def _with_currency(text: str, currency: str, *, negative: bool) -> str:
    sign = CURRENCY_SIGNS.get(currency.upper())
    written = f"{sign}{text}" if sign else f"{currency} {text}".strip()
    return f"{MINUS}{written}" if negative else written


def _local(when: datetime, timezone: str) -> datetime:
    try:
        zone: ZoneInfo | None = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return aware.astimezone(zone) if zone else aware.astimezone(UTC)
