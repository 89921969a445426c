"""Where each customer is drawn: a portable digest, the same on every engine and in every order of rows."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column


def draws(ids: Column, places: NDArray[np.int64], salt: str) -> NDArray[np.uint64]:
    """Return the first 8 bytes of md5("salt:customer_id") of some customers as whole numbers (rule S11a).

    Parameters
    ----------
    ids : the customer_id (or account_id) of everybody.
    places : whose; each has an id.
    """
    prefix = hashlib.md5(f"{salt}:".encode(), usedforsecurity=False)
    words = ids.words
    found = bytearray()
    for code in ids.values[places].tolist():
        digest = prefix.copy()
        digest.update(words[code].encode())
        found += digest.digest()[:8]
    return np.frombuffer(bytes(found), ">u8").astype(np.uint64)
