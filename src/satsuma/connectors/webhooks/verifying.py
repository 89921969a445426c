"""Is a delivery what it says it is? Asked of the raw bytes, in constant time, before anything is read.

Pure: no clock, no network, no settings. What is refused says why for counting alone; a sender is never told.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from satsuma.connectors.webhooks.reading import UnreadableError, read_body, text_at
from satsuma.connectors.webhooks.schemes import TOLERANCE_SECONDS, Scheme, Signature, Stamp, Unit

Reason = Literal[
    "no_secret", "no_signature", "repeated_header", "no_time", "wrong_time", "no_id", "wrong_signature",
    "wrong_url_secret", "wrong_echo", "unsigned_rest", "unreadable",
]  # fmt: skip

#: More signatures than this in one header are nobody's.
MOST_SIGNATURES = 20
#: An event of a batch is at most 32 KB; nobody's signature is looked for behind a multiple of that.
MOST_FIRST = 256 * 1024


class RefusedError(Exception):
    """A delivery that is not proved. `reason` is for counting: it must not reach the sender."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request as it came.

    headers : names and values as bytes, in order, repeated ones too. urls : what the sender may have called, as far
    as a proxy in front leaves that to be known. url_secrets : what the URL itself says as its secret.
    """

    method: str
    urls: Sequence[str] = ()
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    url_secrets: Sequence[str] = ()

    def header(self, name: str) -> bytes | None:
        """Return the one value of a header; None when it is not there.

        Raises
        ------
        RefusedError
            When it is there twice: of two readers each might believe another.
        """
        wanted = name.lower().encode("ascii")
        found = [value for given, value in self.headers if given.lower() == wanted]
        if len(found) > 1:
            raise RefusedError("repeated_header")
        return found[0].strip() if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What the two sides share: the key of signatures (or the echoed token), and what stands in the URL.

    None is not asked for; an empty one is asked for and not known here, and then nothing is proved.
    """

    secret: str | None = field(default=None, repr=False)
    url_secret: str | None = field(default=None, repr=False)


def verify(delivery: Delivery, scheme: Scheme, secrets: Secrets, *, now: datetime) -> None:
    """Return when a delivery is proved.

    Parameters
    ----------
    secrets : without the one that the scheme needs, everything is refused.
    now : UTC without a zone.

    Raises
    ------
    RefusedError
        When it is not.
    """
    if not (secrets.url_secret if scheme.is_by_url else secrets.secret) or secrets.url_secret == "":
        raise RefusedError("no_secret")
    if secrets.url_secret is not None:
        _check_url(delivery, secrets.url_secret)
    if scheme.is_by_url:
        return
    if scheme.echo:
        _check_echo(delivery, scheme, secrets.secret or "")
        return
    for signature in scheme.signatures:
        if delivery.header(signature.header) is not None:
            _check_signature(delivery, signature, secrets, scheme.id_header, now)
            return
    raise RefusedError("no_signature")


def is_ping(delivery: Delivery, scheme: Scheme) -> bool:
    """Return whether a delivery is a vendor's question whether anybody answers; it holds nothing to keep."""
    if not scheme.ping or any(delivery.header(item.header) is not None for item in scheme.signatures):
        return False
    return re.fullmatch(scheme.ping.encode(), delivery.body) is not None


def signed(signature: Signature, secret: str, parts: dict[str, bytes]) -> bytes:
    """Return the signature that belongs to parts, as the header has it, without its prefix."""
    covered = b"".join(parts[text] if is_part else text.encode() for text, is_part in signature.pieces())
    if signature.is_keyed:
        digest = hmac.digest(_key(signature, secret), covered, signature.algorithm)
    else:
        digest = hashlib.new(signature.algorithm, secret.encode() + covered).digest()
    return base64.b64encode(digest) if signature.encoding == "base64" else digest.hex().encode()


def _key(signature: Signature, secret: str) -> bytes:
    if signature.key == "text":
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # A secret that is not base64 is no key, and an empty key would be everybody's.
    if not key:
        raise RefusedError("no_secret")
    return key


# ----------------------------------------------------------------------------------------------------------- signatures


def _check_signature(delivery: Delivery, signature: Signature, secrets: Secrets, id_header: str, now: datetime) -> None:
    secret = secrets.secret or ""
    for name, value in signature.needs.items():
        if delivery.header(name) != value.encode():
            raise RefusedError("no_signature")
    header = delivery.header(signature.header) or b""
    pairs = _pairs(header) if signature.several == "pairs" else {}
    given = _given(signature, header, pairs)
    time = None if signature.stamp is None else _time(delivery, signature.stamp, pairs, signature)
    body = delivery.body
    if signature.is_of_first:
        body, rest = first_element(body)
        if rest and not secrets.url_secret:
            # What is not covered could be anybody's; a secret in the URL covers it.
            raise RefusedError("unsigned_rest")
    parts = {"body": body, "method": delivery.method.encode()}
    if time is not None:
        parts["time"] = time
    if "{id}" in signature.covers:
        parts["id"] = _id(delivery, id_header)
    urls = _urls(delivery.urls) if "{url}" in signature.covers else [b""]
    right = [signed(signature, secret, {**parts, "url": url}) for url in urls]
    # All of them are compared, and each in constant time: how long it takes says nothing.
    is_right = [hmac.compare_digest(one, other) for one in given for other in right]
    if not any(is_right):
        raise RefusedError("wrong_signature")
    if signature.stamp is not None and time is not None:
        _check_time(time, signature.stamp.unit, now)


def _given(signature: Signature, header: bytes, pairs: dict[str, list[bytes]]) -> list[bytes]:
    """Return the signatures that a header holds, without what stands before each."""
    if signature.several == "pairs":
        found = pairs.get(signature.pair, [])
    else:
        prefix = signature.prefix.encode()
        words = header.split() if signature.several == "spaces" else [header]
        found = [word[len(prefix) :] for word in words if word.startswith(prefix)]
    found = [item for item in found if item]
    if not found or len(found) > MOST_SIGNATURES:
        raise RefusedError("no_signature")
    return found


def _pairs(header: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for item in header.split(b","):
        name, _, value = item.strip().partition(b"=")
        found.setdefault(name.decode("latin-1"), []).append(value)
    return found


def _time(delivery: Delivery, stamp: Stamp, pairs: dict[str, list[bytes]], signature: Signature) -> bytes:
    """Return the time as it was written, which is what is signed."""
    if signature.several == "pairs":
        found = pairs.get(stamp.name, [])
        if len(found) > 1:
            raise RefusedError("repeated_header")
        value = found[0] if found else None
    else:
        value = delivery.header(stamp.name)
    if not value:
        raise RefusedError("no_time")
    return value


def _id(delivery: Delivery, name: str) -> bytes:
    value = delivery.header(name) if name else None
    if not value:
        raise RefusedError("no_id")
    return value


def _check_time(written: bytes, unit: Unit, now: datetime) -> None:
    moment = read_time(written.decode("latin-1"), unit)
    if moment is None or abs((now - moment).total_seconds()) > TOLERANCE_SECONDS:
        raise RefusedError("wrong_time")


def read_time(text: str, unit: Unit) -> datetime | None:
    """Return a time of a header as UTC without a zone; None for what is none.

    Examples
    --------
    >>> read_time("1492774577", "seconds")
    datetime.datetime(2017, 4, 21, 11, 36, 17)
    >>> read_time("Tue, 14 Apr 2026 03:50:12 GMT", "date")
    datetime.datetime(2026, 4, 14, 3, 50, 12)
    """
    try:
        if unit == "date":
            found = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        elif re.fullmatch(r"[0-9]{1,16}", text):
            found = datetime.fromtimestamp(int(text) / (1000 if unit == "milliseconds" else 1), UTC)
        else:
            return None
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo is not None else found
    except (ValueError, OverflowError, OSError, TypeError):
        return None


#: What HubSpot reads before it signs an address [v]; everything else stays as it was written.
_DECODED = {"3A": ":", "2F": "/", "3F": "?", "40": "@", "21": "!", "24": "$", "27": "'", "28": "(", "29": ")",
            "2A": "*", "2C": ",", "3B": ";"}  # fmt: skip
_ESCAPE = re.compile(f"%({'|'.join(_DECODED)})", re.IGNORECASE)


def _urls(urls: Sequence[str]) -> list[bytes]:
    """Return the addresses that may have been signed: as they came, and as HubSpot reads them."""
    read = [_ESCAPE.sub(lambda found: _DECODED[found.group(1).upper()], url) for url in urls]
    return [url.encode("utf-8", "surrogateescape") for url in dict.fromkeys([*urls, *read])]


#: A text that does not end reaches to the end: looking for its end again and again would take the square of its length.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)


def first_element(body: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of the first element of a JSON list, and those behind it; of what is no list, all and nothing.

    Looks at the bytes alone: what the signature covers has to be found before anything may be read.

    Raises
    ------
    RefusedError
        When the first element does not end where one event of a batch would.

    Examples
    --------
    >>> first_element(b'[{"a": [1, "]"]}, {"b": 2}]')
    (b'{"a": [1, "]"]}', b' {"b": 2}')
    """
    inner = body.strip()
    if not (inner.startswith(b"[") and inner.endswith(b"]")):
        return body, b""
    inner = inner[1:-1]
    for end in _ends(inner[:MOST_FIRST]):
        return inner[:end].strip(), inner[end + 1 :]
    if len(inner) > MOST_FIRST:
        raise RefusedError("unsigned_rest")
    return inner.strip(), b""


def _ends(inner: bytes) -> Iterator[int]:
    """Yield where the commas between elements stand."""
    depth = 0
    for token in _TOKEN.finditer(inner):
        mark = token.group()
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
        elif mark == b"," and depth == 0:
            yield token.start()


# -------------------------------------------------------------------------------------------------------------- secrets


def _check_url(delivery: Delivery, secret: str) -> None:
    # A secret that stands there twice is one that another reader may take for the other.
    if len(delivery.url_secrets) != 1 or not _same(delivery.url_secrets[0], secret):
        raise RefusedError("wrong_url_secret")


def _check_echo(delivery: Delivery, scheme: Scheme, secret: str) -> None:
    try:
        said = text_at(read_body(delivery.body, scheme.form), scheme.echo)
    except UnreadableError:
        raise RefusedError("unreadable") from None
    if not said or not _same(said, secret):
        raise RefusedError("wrong_echo")


def _same(one: str, other: str) -> bool:
    # Texts that are not ASCII cannot be compared in constant time; bytes can.
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
