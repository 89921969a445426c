"""What the methods share in reading their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satsuma.errors import nearest
from satsuma.language.durations import duration_words
from satsuma.language.types import ALL_TIME, Window
from satsuma.language.words import calendar_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.documents import Path_
    from satsuma.language.reader import Reader


def own_keys(reader: Reader, given: dict[str, Any], allowed: tuple[str, ...], path: Path_, method: str) -> None:
    """Report every key that the method does not take, with the nearest that it does."""
    for key in given:
        if key not in allowed:
            message = f"'{key}' is not a setting of the method '{method}'; its settings: {', '.join(allowed)}."
            reader.problem((*path, key), message, nearest(key, allowed))


def label(reader: Reader, given: dict[str, Any], key: str, path: Path_, default: str) -> str:
    """Read one label, with a default."""
    if key not in given:
        return default
    found = scalar_text(reader, given[key], (*path, key))
    if found is None:
        reader.problem((*path, key), f"'{key}' is the label of those left over: a text that is not empty.")
        return default
    return found


def scalar_text(reader: Reader, value: Any, path: Path_) -> str | None:
    """Return a scalar as it was written, without blanks around it; None when it is nothing, a list or a mapping."""
    raw = reader.raw(value, path)
    return (raw.text.strip() or None) if raw is not None else None


def texts(reader: Reader, value: Any, path: Path_, what: str) -> tuple[str, ...] | None:
    """Read a list of texts; None after reporting that it is not one."""
    found = [scalar_text(reader, item, (*path, number)) for number, item in enumerate(value)] if _is_list(value) else []
    if not found or None in found:
        reader.problem(path, f"{what} is a list of texts: [a, b].")
        return None
    return tuple(str(item) for item in found)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def name(reader: Reader, given: dict[str, Any], key: str, path: Path_, default: str) -> str | None:
    """Read the name of an event or property, with a default."""
    return reader.name(given, key, path) if key in given else default


def number(
    reader: Reader, given: dict[str, Any], key: str, path: Path_, *, above: float, most: float, default: float
) -> float:
    """Read a number within limits, the lower one excluded."""
    value = given.get(key, default)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and above < value <= most:
        return float(value)
    reader.problem((*path, key), f"'{key}' must be a number above {above:g} and up to {most:g}.")
    return default


def part(value: Any) -> float | None:
    """Return a number that is written plain or as a percentage (0.6, 60%); None when it is neither."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip()[:-1]) / 100
        except ValueError:
            return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def window(reader: Reader, given: dict[str, Any], path: Path_) -> Window:
    """Read `window: 2y` or `window: {last_full: 12 months}`, the span that counts; everything when there is none."""
    if given.get("window") is None:
        return ALL_TIME
    here = (*path, "window")
    span = reader.within(given["window"], here, "'window'")
    if span is not None and span.since is not None:
        reader.problem(here, "'window' is a span up to now, such as 2y or {last_full: 12 months}; 'on' is one day.")
    return span or ALL_TIME


def unique_labels(reader: Reader, labels: Sequence[str], path: Path_) -> None:
    """Report labels that stand there more than once: a label is one group."""
    repeated = [item for item in dict.fromkeys(labels) if labels.count(item) > 1]
    if repeated:
        listed = ", ".join(f"'{item}'" for item in repeated)
        what = "This label is" if len(repeated) == 1 else "These labels are"
        reader.problem(path, f"{what} given more than once: {listed}. Each label is one group.")


def span_words(span: Window) -> str:
    """Return a window in words: ` of the last 730 days`, ` of the last 12 full months`, or nothing."""
    if span.calendar is not None:
        return f" of {calendar_words(span.calendar)}"
    return f" of the last {duration_words(span.oldest)}" if span.oldest else ""
