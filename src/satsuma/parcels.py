"""Results as they travel between a server and the commands beside it: as what they are.

A command shows a result by its own classes, with their sentences and figures, whether it opened the folder itself or
asked a server. So what it gets from a server is not only JSON that looks like the result but the result, taken apart
into JSON and put together again: dataclasses of Satsuma, and the plain values in them. It is for one version of the
program; other programs take the JSON that every route answers.

What a class does not show of itself (`repr=False`: members, codes) stays behind: it is about single customers.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

#: Where the JSON says what a value is. No field and no key of a plain mapping is called so.
_KIND = "~"

_MICROSECOND = timedelta(microseconds=1)
_FROM_TEXT: Mapping[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "length": lambda count: count * _MICROSECOND,
    "number": float,
    "path": Path,
}


#: A moment is a day as well: it comes first.
_TO_TEXT: tuple[tuple[str, type, Callable[[Any], Any]], ...] = (
    ("decimal", Decimal, str), ("moment", datetime, datetime.isoformat), ("day", date, date.isoformat),
    ("length", timedelta, lambda length: length // _MICROSECOND), ("path", Path, Path.as_posix),
)  # fmt: skip


class UnreadableError(ValueError):
    """A parcel that this version of the program cannot put together."""


def packed(value: Any) -> Any:
    """Return a result taken apart into JSON.

    Raises
    ------
    TypeError
        For what is neither a plain value nor a dataclass of Satsuma.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {_KIND: "number", "of": repr(float(value))}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value) and _KIND not in value:
            return {key: packed(entry) for key, entry in value.items()}
        return {_KIND: "mapping", "of": [[packed(key), packed(entry)] for key, entry in value.items()]}
    if isinstance(value, list | tuple | set | frozenset):
        parts = [packed(entry) for entry in value]
        return parts if isinstance(value, list) else {_KIND: type(value).__name__, "of": parts}
    return _packed_special(value)


def _packed_special(value: Any) -> Any:
    for kind, type_, tell in _TO_TEXT:
        if isinstance(value, type_):
            return {_KIND: kind, "of": tell(value)}
    kind_of = type(value)
    if dataclasses.is_dataclass(value) and kind_of.__module__.startswith("satsuma."):
        shown = {field.name: packed(getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr}
        return {_KIND: f"{kind_of.__module__}:{kind_of.__qualname__}", "of": shown}
    if hasattr(value, "dtype"):
        return _packed_numbers(value)
    raise TypeError(f"{kind_of.__module__}.{kind_of.__qualname__} does not travel")


def _packed_numbers(value: Any) -> Any:
    """Take apart an array or a number of NumPy."""
    import numpy as np

    if isinstance(value, np.generic):
        return packed(value.item())
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufUO":
        raise TypeError(f"an array of {getattr(value, 'dtype', 'what?')} does not travel")
    return {_KIND: "array", "type": value.dtype.str, "shape": list(value.shape), "of": packed(value.ravel().tolist())}


def unpacked(parcel: Any) -> Any:
    """Return the result that a parcel holds.

    Raises
    ------
    UnreadableError
        When it holds what this version does not know.
    """
    if isinstance(parcel, list):
        return [unpacked(entry) for entry in parcel]
    if not isinstance(parcel, dict):
        return parcel
    kind = parcel.get(_KIND)
    if kind is None:
        return {key: unpacked(entry) for key, entry in parcel.items()}
    try:
        return _unpacked_special(str(kind), parcel)
    except (KeyError, TypeError, ValueError, AttributeError, ImportError, ArithmeticError) as error:
        raise UnreadableError(f"a part of the kind '{kind}' cannot be read") from error


def _unpacked_special(kind: str, parcel: Mapping[str, Any]) -> Any:
    of = parcel["of"]
    if kind in _FROM_TEXT:
        return _FROM_TEXT[kind](of)
    if kind in ("tuple", "set", "frozenset"):
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](unpacked(entry) for entry in of)
    if kind == "mapping":
        return {unpacked(key): unpacked(entry) for key, entry in of}
    if kind == "array":
        import numpy as np

        return np.array(unpacked(of), np.dtype(parcel["type"])).reshape(parcel["shape"])
    type_, names = _class_of(kind)
    if set(of) != names:
        raise UnreadableError(f"'{kind}' has other fields here")
    found: Any = object.__new__(type_)
    for name, entry in of.items():
        # Frozen, with slots, and not to be checked or computed anew: it is what it was.
        object.__setattr__(found, name, unpacked(entry))
    return found


@cache
def _class_of(kind: str) -> tuple[type, frozenset[str]]:
    """Return a dataclass of Satsuma and the names of what it shows."""
    module, _, name = kind.partition(":")
    # A program that begins to work when it is imported is none of what travels.
    if not module.startswith("satsuma.") or module.endswith("__main__") or not name.isidentifier():
        raise UnreadableError(f"'{kind}' is none of Satsuma's")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        raise UnreadableError(f"'{kind}' is no result")
    return found, frozenset(field.name for field in dataclasses.fields(found) if field.repr)
