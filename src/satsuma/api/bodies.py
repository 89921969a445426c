"""Bodies of requests: never larger, slower or deeper than allowed, and refused as early as that is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from satsuma.api.errors import error_answer, simple
from satsuma.errors import Busy, SatsumaError, TooLarge

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
#: Bytes of bodies that are held at once, of all requests under way: they are read before it is known who sends them.
MOST_HELD = 128 * MIB
#: Levels of arrays and objects in JSON; definitions allow as many.
DEEPEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimit:
    """What a body may be, of the paths that begin with `path`.

    seconds : for a body that is read whole: until it is there. For a stream: between two parts of it.
    is_stream : the route reads it part by part; else it is read, and looked at, before the route begins.
    """

    path: str
    most: int
    seconds: float = 20.0
    is_stream: bool = False


#: The first that fits counts.
LIMITS: tuple[BodyLimit, ...] = (
    BodyLimit(path="/api/v1/loads", most=4 * GIB, seconds=30.0, is_stream=True),
    # A list is text, however it begins, and is read when it is known who sends it.
    BodyLimit(path="/api/v1/lists/", most=64 * MIB, seconds=30.0, is_stream=True),
    # Tracking looks at its bodies itself: they may be packed, and are limited by what they hold.
    BodyLimit(path="/v1/", most=MIB, is_stream=True),
    BodyLimit(path="/api/v1/session", most=4 * KIB, seconds=10.0),
    BodyLimit(path="/", most=MIB),
)


class Bodies:
    """Guards what requests bring."""

    def __init__(
        self, app: ASGIApp, *, limits: Sequence[BodyLimit] = LIMITS, most_held: int = MOST_HELD
    ) -> None:  # fmt: skip
        self.app, self.limits = app, tuple(limits)
        self._most_held, self._held = most_held, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next(item for item in self.limits if scope["path"].startswith(item.path))
        number = scope.get("satsuma.request_id", "")
        try:
            _refuse_declared(Headers(scope=scope), limit)
            if not limit.is_stream:
                with self._holding() as hold:
                    body = await asyncio.wait_for(_whole(receive, limit, hold), limit.seconds)
                    _refuse_deep(body)
                    await self.app(scope, _replayed(body, receive), send)
                return
        except SatsumaError as error:
            await error_answer(error, number)(scope, receive, _closing(send))
            return
        except TimeoutError:
            await _late(number)(scope, receive, _closing(send))
            return
        except _GoneError:
            return
        await self._streamed(scope, receive, send, limit)

    @contextmanager
    def _holding(self) -> Iterator[Callable[[int], None]]:
        """Count the bytes that one request holds, while it is under way."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            self._held += size
            if self._held > self._most_held:
                raise Busy("The server holds too many bodies of requests.", hint="Try again soon.", retry_after=2)

        try:
            yield hold
        finally:
            self._held -= held

    async def _streamed(self, scope: Scope, receive: Receive, send: Send, limit: BodyLimit) -> None:
        """Let a route read by itself, until it is too much or takes too long: then that is the answer, not its own."""
        number = scope.get("satsuma.request_id", "")
        seen, refused, is_whole = 0, False, False

        async def counted() -> Message:
            nonlocal seen, refused, is_whole
            if refused:
                return {"type": "http.disconnect"}
            try:
                message = await asyncio.wait_for(receive(), None if is_whole else limit.seconds)
            except TimeoutError:
                refused = True
                await _late(number)(scope, receive, _closing(send))
                return {"type": "http.disconnect"}
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit.most:
                    refused = True
                    await error_answer(_too_large(limit), number)(scope, receive, _closing(send))
                    return {"type": "http.disconnect"}
                # What follows is waiting for the end of the connection, and may take its time.
                is_whole = not message.get("more_body")
            return message

        async def answered(message: Message) -> None:
            if not refused:
                await send(message)

        await self.app(scope, counted, answered)


class _GoneError(Exception):
    """The caller left before the body was there."""


async def _whole(receive: Receive, limit: BodyLimit, hold: Callable[[int], None]) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit.most:
            raise _too_large(limit)
        hold(len(parts[-1]))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _closing(send: Send) -> Send:
    """Answer, and let the connection end: the rest of the body is not wanted."""

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return closing


def _refuse_declared(headers: Headers, limit: BodyLimit) -> None:
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit.most:
        raise _too_large(limit)


def _too_large(limit: BodyLimit) -> TooLarge:
    for size, word in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if limit.most >= size:
            most = f"{limit.most / size:g} {word}"
            break
    else:
        most = f"{limit.most} bytes"
    return TooLarge("The body of the request is too large.", hint=f"Send at most {most}.", most_bytes=limit.most)


def _late(number: str) -> ASGIApp:
    return simple("malformed", "The body of the request did not come in time.", number, "Send it without pauses.")


#: Everything but what tells how deep it is.
_PLAIN = bytes(sorted(set(range(256)) - set(b'"[]{}')))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\x00\x00")


def _refuse_deep(body: bytes) -> None:
    """Refuse JSON that nests absurdly, whatever it is labelled, before any parser recurses into it.

    Nobody knows yet who sends it: an expression that matches texts would hold a hundred times as much as the body.
    """
    if body[:64].lstrip()[:1] not in (b"{", b"[") or body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    # Two quotes beside each other begin and end nothing.
    marks = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _PLAIN).replace(b'""', b"")
    steps = b"".join(marks.split(b'"')[::2]).translate(_STEPS)
    if max(accumulate(steps, lambda depth, step: depth + 1 if step else depth - 1, initial=0)) > DEEPEST:
        raise TooLarge("The body of the request nests too deeply.", hint=f"Use at most {DEEPEST} levels.")
