"""Arrays and results as text: what a kept model is made of, without pickle."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plain = dict[str, Any]


def pack(array: NDArray[Any]) -> Plain:
    """Return an array as a dictionary of text: little-endian bytes in base64, their type and shape."""
    plain = np.ascontiguousarray(array)
    plain = plain.astype(plain.dtype.newbyteorder("<"))
    return {
        "dtype": plain.dtype.str,
        "shape": list(array.shape),
        "base64": base64.b64encode(plain.tobytes()).decode("ascii"),
    }


def unpack(plain: Mapping[str, Any]) -> NDArray[Any]:
    """Return the array that `pack` wrote.

    Raises
    ------
    ValueError
        When the type is not one of numbers or the bytes do not fill the shape.
    """
    dtype = np.dtype(plain["dtype"])
    if dtype.kind not in "biuf":
        raise ValueError(f"A kept array is of type {plain['dtype']}; it must be one of numbers.")
    found = np.frombuffer(base64.b64decode(plain["base64"]), dtype).reshape(plain["shape"])
    return found.astype(dtype.newbyteorder("="))


def told(value: Any) -> Any:
    """Return results as dictionaries, lists, numbers and text: NaN and infinity, which JSON does not know, as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: told(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: told(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | tuple | list):
        return [told(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
