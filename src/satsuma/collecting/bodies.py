"""Bodies of requests as they come in: read in pieces, never past their limit, unpacked whatever the label says."""

from __future__ import annotations

import asyncio
import base64
import binascii
import zlib
from collections.abc import AsyncIterator

from satsuma.collecting.errors import Malformed, TooLarge

_GZIP = b"\x1f\x8b"
#: Seconds that a client may take to send a body.
LONGEST_READ = 20.0


async def read_body(pieces: AsyncIterator[bytes], *, most: int, stated: str | None) -> bytes:
    """Read a body, and unpack it.

    Raises
    ------
    TooLarge
        When it is larger, packed or unpacked.
    Malformed
        When it is packed and damaged, or does not come.
    """
    return unpacked(await read_raw(pieces, most=most, stated=stated), most)


async def read_raw(pieces: AsyncIterator[bytes], *, most: int, stated: str | None) -> bytes:
    """Read a body as it comes; one that is or says to be larger than `most` bytes is refused before it is read.

    Raises
    ------
    TooLarge
        When it is larger.
    Malformed
        When it does not come.
    """
    if stated is not None and stated.isdigit() and int(stated) > most:
        raise _too_large(most)
    found, size = [], 0
    try:
        async with asyncio.timeout(LONGEST_READ):
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                found.append(piece)
    except TimeoutError:
        raise Malformed("The body did not come in time.", hint="Send it again.") from None
    return b"".join(found)


def unpacked(body: bytes, most: int) -> bytes:
    """Return a body that may be packed with gzip; SDKs do not always say so, and proxies unpack without saying so.

    Raises
    ------
    TooLarge
        When it unpacks to more than `most` bytes; no more than that is unpacked to find out.
    Malformed
        When it is damaged.
    """
    if not body.startswith(_GZIP):
        return body
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise Malformed("The body is damaged gzip.", hint="Send it again.") from None
    if len(plain) > most:
        raise _too_large(most)
    if not unpacker.eof:
        raise Malformed("The body is gzip that ends too early.", hint="Send it again.")
    return plain


def key_of(authorization: str | None) -> str | None:
    """Return the key in an `Authorization` header: Basic with or without the colon, or Bearer."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.partition(":")[0] or None


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most // 1024} KB.", hint="Send less at once.", most_bytes=most)
